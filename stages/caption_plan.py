"""What the step `caption` would ask a model, from tables alone: for `curate plan`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from captioners.dialogue.model import ModelCaptioner
from captioners.dialogue.types import MERGE
from curate.signals.frames import NAME as FRAMES
from curate.state import Video
from curate.storage import Folder
from curate.tables import Tables
from stages.answers import Answers, state, window_spans
from stages.caption_model import stored_side, windows_of

Row = Mapping[str, Any]

LOOKED_AT = 2000
"""Videos whose stored frames are counted: some seconds of work. Beyond them the count is a lower bound."""


@dataclass(frozen=True)
class ToAsk:
    """What is to come for clips that lack a caption."""

    requests: int
    """At least: an answer that fails a gate is asked for again."""
    judged: int
    """Clips whose stored answers say all, so that nothing is asked."""
    decoded: int
    """Frames that the scan did not store."""

    @property
    def told(self) -> str:
        parts = [f"{self.requests} requests at least"]
        parts += [f"{self.judged} from stored answers"] if self.judged else []
        parts += [f"{self.decoded} frames to decode"] if self.decoded else []
        return ", ".join(parts)


def to_ask(
    folder: Folder,
    tables: Tables,
    key: str,
    captioner: ModelCaptioner,
    clips: Iterable[Row],
    videos: Mapping[bytes, Video],
    scan_side: int,
) -> ToAsk:
    """Of `clips` (rows of `clips` that lack a caption). `scan_side`: short side of stored frames."""
    stored = Answers(tables, key)
    requests = judged = 0
    spans: dict[bytes, list[tuple[Row, int, int, int]]] = defaultdict(list)
    for clip in clips:
        windows = windows_of(captioner, clip)
        found = state(captioner, windows, stored.of(clip["clip_id"]), again=True)
        if found.outcome is not None:
            judged += 1
            continue
        asked = {turn.window for turn in found.turns}
        # All windows, then the call that merges them.
        requests += len(asked) + (windows > 1 and MERGE not in asked)
        for window, (start, end) in enumerate(window_spans(clip, windows)):
            if window in asked:
                spans[clip["video_id"]].append((clip, windows, start, end))
    decoded = 0
    for identity in sorted(spans)[:LOOKED_AT]:
        video = videos[identity]
        pts = _stored(folder.path(video.parts[FRAMES]))
        large = captioner.short_side is None or captioner.short_side <= stored_side(video, scan_side)
        for clip, windows, start, end in spans[identity]:
            wanted = min(captioner.frames, max(1, (clip["frames"] or captioner.frames) // windows))
            there = int(np.searchsorted(pts, end) - np.searchsorted(pts, start)) if large else 0
            decoded += wanted if there < wanted else 0
    return ToAsk(requests, judged, decoded)


def _stored(part: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """pts of the stored frames; none where the part cannot be read, of which the run will tell."""
    try:
        with pq.ParquetFile(part) as file:
            return np.sort(np.asarray(file.read(columns=["pts"])["pts"].to_numpy(), dtype=np.int64))
    except (OSError, ValueError):
        return np.empty(0, dtype=np.int64)
