"""Step `cuts`: shots from stored signals, clips from shots. No pixel is decoded. Writes `clips`.

Detectors that read numbers work in the driver; a learned one (HEAVY) works in actors, where Ray places them.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from curate import clips
from curate.cluster import Cluster, batches
from curate.context import Context, RunError
from curate.cutting import CutOptions, cut_options, spans_of
from curate.cutting.detectors import COMPONENTS
from curate.state import Video
from stages.signals import read_part

Row = dict[str, Any]

BATCH = 256
"""Videos whose clips are committed together."""
AUDIT = "audit"
"""Salt of the seeded choice of clips that are measured whatever their verdict."""
COLUMNS = {"content": COMPONENTS, "thumbs": ("thumb",), "transnet": ("rgb",)}
"""What detectors read of each group, beside `pts`."""


def transitions_of(
    parts: Mapping[str, str], time_base: str, options: CutOptions, model: Any = None
) -> npt.NDArray[np.int64]:
    """Where the shots of one video change (see CutOptions.transitions); `parts`: group -> path."""
    signals = {group: read_part(parts[group], ["pts", *COLUMNS[group]]) for group in options.READS}
    return options.transitions(signals, Fraction(time_base), model)


def cut_video(
    parts: Mapping[str, str],
    video_id: bytes,
    scan: Mapping[str, Any],
    options: CutOptions,
    audit: float,
    transitions: npt.ArrayLike | None = None,
) -> list[Row]:
    """Rows of `clips` for one scanned video: contiguous, in order, covering [start_pts, end_pts) of the
    scan. `transitions`: where they were found before."""
    base = Fraction(scan["time_base"])
    if transitions is None:
        transitions = transitions_of(parts, scan["time_base"], options)
    pts = read_part(parts[options.READS[0]], ["pts"])["pts"]
    rows = []
    for span in spans_of(transitions, pts, scan["end_pts"], base, options):
        identity = clips.clip_id(video_id, span.start_pts, span.end_pts)
        rows.append(
            {
                "clip_id": identity,
                "video_id": video_id,
                "start_pts": span.start_pts,
                "end_pts": span.end_pts,
                "time_base": scan["time_base"],
                "start_seconds": float(span.start_pts * base),
                "end_seconds": float(span.end_pts * base),
                "frames": span.frames,
                "audited": clips.share(identity, AUDIT) < audit,
                "dropped_by": span.dropped_by,
            }
        )
    return rows


def check(options: CutOptions) -> None:
    """Before anything is scanned: what the detector needs is installed."""
    try:
        options.check()
    except ValueError as error:
        raise RunError(str(error)) from None


def run(context: Context, cluster: Cluster, videos: Sequence[Video], cut: set[bytes]) -> None:
    """Cut the scanned videos that are not in `cut` (ids of videos with clips under the current key)."""
    todo = [video for video in videos if video.scanned and video.identity not in cut]
    options, audit = context.plan.cuts, context.plan.pipeline.audit
    find = _in_actors if options.HEAVY else _here
    with context.step("cuts", len(todo), "videos") as step:
        for batch in batches(todo, BATCH):
            rows: list[Row] = []
            for video, transitions in find(context, cluster, batch):
                rows += cut_video(
                    _parts(context, video), video.identity, video.scan, options, audit, transitions
                )
                context.reporter.advance()
            context.tables.append("clips", rows, key=context.keys.cuts)
            step.done += len(batch)
            cut.update(video.identity for video in batch)


def _parts(context: Context, video: Video) -> dict[str, str]:
    return {group: context.folder.path(video.parts[group]) for group in context.plan.cuts.READS}


def _here(
    context: Context, cluster: Cluster, videos: Sequence[Video]
) -> Iterator[tuple[Video, npt.ArrayLike | None]]:
    for video in videos:
        yield video, None


def _in_actors(
    context: Context, cluster: Cluster, videos: Sequence[Video]
) -> Iterator[tuple[Video, npt.ArrayLike | None]]:
    plan = context.plan
    found = {video.identity.hex(): video for video in videos}
    items = [
        {"video": name, "parts": _parts(context, video), "time_base": video.scan["time_base"]}
        for name, video in found.items()
    ]
    make = partial(finder, json.dumps(plan.cuts.model_dump(mode="json")))
    size = plan.cut_resources.batch_size or 1
    for result in cluster.pool(make, items, batch_size=size, resources=plan.cut_resources):
        yield found[result["video"]], np.array(result["transitions"], dtype=np.int64).reshape(-1, 2)


def finder(options: str) -> Callable[[list[Row]], list[Row]]:
    """What an actor does with its videos, the model loaded. `options`: of the detector, as JSON."""
    detector = cut_options(json.loads(options))
    return partial(find, detector, detector.load())


def find(detector: CutOptions, model: Any, items: list[Row]) -> list[Row]:
    """{"video", "transitions"} for each item."""
    return [
        {
            "video": item["video"],
            "transitions": transitions_of(item["parts"], item["time_base"], detector, model).tolist(),
        }
        for item in items
    ]
