"""Pictures of clips: three stored frames side by side, as one small JPEG in a data URI."""

import base64
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import cv2
import numpy as np
import numpy.typing as npt

from curate.frames_of import jpegs_of, picture
from curate.report.source import Source
from curate.signals.frames import NAME as FRAMES
from curate.tables import quoted

FRAMES_OF_A_CLIP = 3
"""Two show that something moves, three also how; more would be too small on a phone."""
HEIGHT, WIDTH = 108, 192
"""Pixels into which each frame fits, at 16:9 exactly."""
QUALITY = 70
"""JPEG quality: a strip takes about 10 KB."""
GAP = 2

PARTS = """
SELECT s.video_id, min(g.part) AS part
FROM (SELECT video_id, unnest(groups) AS g FROM {scans}) s
WHERE g."group" = {group} AND g.key = {key} AND g.part IS NOT NULL GROUP BY ALL
"""
"""Of each video the part that a committed scan names; like `scans`, a row for each."""


@dataclass(frozen=True)
class Strip:
    """A picture of a clip."""

    uri: str
    """`data:image/jpeg;base64,…`"""
    width: int
    height: int


class Strips:
    """Pictures of any clips by id, made once each. A clip whose frames are gone has none."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._made: dict[UUID, Strip | None] = {}

    def of(self, wanted: Iterable[UUID]) -> Mapping[UUID, Strip]:
        """The strips of those of the clips that have one."""
        wanted = list(dict.fromkeys(wanted))
        new = [clip for clip in wanted if clip not in self._made]
        if new:
            listed = ", ".join(f"'{clip}'" for clip in new)
            spans = self._source.rows(
                f"SELECT clip_id, video_id, start_pts, end_pts FROM _report WHERE clip_id IN ({listed})"
            )
            for span in spans:
                self._made[span["clip_id"]] = self._strip(span)
        return {clip: strip for clip in wanted if (strip := self._made.get(clip)) is not None}

    @cached_property
    def _parts(self) -> Mapping[UUID, str]:
        """Video -> path of its part of sampled frames, relative to the run."""
        key = self._source.keys["groups"].get(FRAMES)
        if key is None:
            return {}
        scans = self._source.tables.relation("scans")
        rows = self._source.rows(PARTS.format(scans=scans, group=quoted(FRAMES), key=quoted(key)))
        return {row["video_id"]: row["part"] for row in rows}

    def _strip(self, span: Mapping[str, Any]) -> Strip | None:
        part = self._parts.get(span["video_id"])
        if part is None:
            return None
        path = self._source.tables.folder.path(part)
        # A missing or damaged part is no reason to show nothing else.
        with suppress(OSError, ValueError):
            stored = jpegs_of(path, span["start_pts"], span["end_pts"], FRAMES_OF_A_CLIP)
            if stored:
                return strip_of([picture(jpeg.data) for jpeg in stored])
        return None


def strip_of(frames: list[npt.NDArray[np.uint8]]) -> Strip:
    """RGB frames (h, w, 3) side by side; each takes the size of the first, scaled into WIDTH x HEIGHT."""
    height, width = frames[0].shape[:2]
    scale = min(HEIGHT / height, WIDTH / width, 1.0)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    gap = np.full((size[1], GAP, 3), 128, np.uint8)
    row = []
    for frame in frames:
        row += [cv2.resize(frame, size, interpolation=cv2.INTER_AREA), gap]
    image = cv2.cvtColor(np.hstack(row[:-1]), cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ValueError(f"a strip of {image.shape[1]}x{image.shape[0]} pixels could not be encoded")
    uri = f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"
    return Strip(uri, image.shape[1], image.shape[0])
