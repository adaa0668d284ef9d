"""Step `cuts`: shots from stored change components, clips from shots. No pixel is decoded. Writes `clips`."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from curate import clips
from curate.cluster import batches
from curate.context import Context
from curate.cutting import CutOptions, clips_of
from curate.state import Video
from stages.signals import read_part

BATCH = 256
"""Videos whose clips are committed together."""

COMPONENTS = ("delta_hue", "delta_sat", "delta_lum", "delta_edges")
AUDIT = "audit"
"""Salt of the seeded choice of clips that are measured whatever their verdict."""


def cut_video(
    path: str, video_id: bytes, scan: dict[str, Any], options: CutOptions, audit: float
) -> list[Any]:
    """Rows of `clips` for one scanned video: contiguous, in order, covering [start_pts, end_pts) of the
    scan."""
    columns = read_part(path, ["pts", *COMPONENTS])
    components = np.stack([columns[name] for name in COMPONENTS], axis=1)
    base = Fraction(scan["time_base"])
    rows = []
    for span in clips_of(components, columns["pts"], scan["end_pts"], base, options):
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


def run(context: Context, videos: Sequence[Video], cut: set[bytes]) -> None:
    """Cut the scanned videos that are not in `cut` (ids of videos with clips under the current key)."""
    todo = [video for video in videos if video.scanned and video.identity not in cut]
    with context.step("cuts", len(todo), "videos") as step:
        for batch in batches(todo, BATCH):
            rows: list[dict[str, Any]] = []
            for video in batch:
                path = context.folder.path(video.parts["content"])
                rows += cut_video(
                    path, video.identity, video.scan, context.plan.cuts, context.plan.pipeline.audit
                )
                context.reporter.advance()
            context.tables.append("clips", rows, key=context.keys.cuts)
            step.done += len(batch)
            cut.update(video.identity for video in batch)
