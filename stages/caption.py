"""Step `caption`: words for the clips that every filter kept. Writes `captions`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from curate.cluster import batches
from curate.context import Context
from curate.plugins import Captioner, ClipView
from curate.state import Video
from stages.measure import outcome, views

BATCH = 2000
"""Clips whose captions are committed together."""


def caption(captioner: Captioner, name: str, view: ClipView) -> dict[str, Any]:
    """A row of `captions`."""
    found = captioner.caption(view)
    short, dense = " ".join(found.short.split()), found.dense.strip()
    if not short or not dense:
        raise ValueError("the caption is empty")
    return {
        "short": short,
        "dense": dense,
        "fields": json.dumps(found.fields, sort_keys=True, ensure_ascii=False),
        "captioner": name,
        "model": captioner.MODEL,
        "outcome": "ok",
    }


def run(context: Context, clips: Sequence[dict[str, Any]], videos: Mapping[bytes, Video]) -> None:
    """Caption `clips` (rows of `clips` that have no caption) and commit."""
    captioner, name = context.plan.captioner, context.plan.captioner_name
    with context.step("caption", len(clips), "clips") as count:
        for batch in batches(sorted(clips, key=lambda clip: (clip["video_id"], clip["start_pts"])), BATCH):
            rows = []
            for clip, view in views(context.folder, captioner, batch, videos):
                row = outcome(lambda v: caption(captioner, name, v), clip, view)
                rows.append(row if row["error"] is None else {**row, "captioner": name, "outcome": "failed"})
                context.reporter.advance()
            context.tables.append("captions", rows, key=context.keys.captioner)
            count.done += len(rows)
            count.failed += sum(row["error"] is not None for row in rows)
