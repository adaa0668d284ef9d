"""Step `caption`: words for the clips that every filter kept. Writes `captions`, and `answers` of a model."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pyarrow as pa

from captioners.dialogue.model import ModelCaptioner
from captioners.measured import Measured
from curate.cluster import Cluster, batches
from curate.context import Context
from curate.plugins import Captioner, ClipView
from curate.state import Video
from curate.tables import rows_of
from curate.verdicts import Verdicts
from stages import caption_model, decide, similarity
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


def bring_up_to_date(
    context: Context, cluster: Cluster, table: pa.Table, videos: Mapping[bytes, Video]
) -> Verdicts:
    """Caption what every filter kept of `table` (rows of `clips`); the verdicts then."""
    verdicts = decide.decide(context, table, asked=False, tried=False)
    waiting, judged = verdicts.awaiting_caption, context.keys.similarity is not None
    run(context, cluster, rows_of(table.filter(pa.array(waiting))), videos)
    if judged:
        of = table.filter(pa.array(verdicts.captionable))
        similarity.run(context, cluster, of, videos, partial(instead, context, videos))
    if waiting.any() or judged:
        verdicts = decide.decide(context, table, asked=True, tried=False)
    count = context.count("caption")
    lost = context.count("similarity").failed if judged else 0
    count.reused = max(0, int(verdicts.kept.sum()) + lost - (count.done - count.failed))
    return verdicts


def run(
    context: Context, cluster: Cluster, clips: Sequence[dict[str, Any]], videos: Mapping[bytes, Video]
) -> None:
    """Caption `clips` (rows of `clips` that have no caption, or may have one now) and commit."""
    captioner = context.plan.captioner
    ordered = sorted(clips, key=lambda clip: (clip["video_id"], clip["start_pts"]))
    with context.step("caption", len(ordered), "clips") as count:
        if isinstance(captioner, ModelCaptioner):
            asked = partial(instead, context, videos)
            caption_model.run(context, cluster, captioner, ordered, videos, count, asked)
            return
        name = context.plan.captioner_name
        for batch in batches(ordered, BATCH):
            rows = _rows(context, captioner, name, batch, videos)
            context.tables.append("captions", rows, key=context.keys.drafts)
            context.reporter.advance(len(rows))
            count.done += len(rows)
            count.failed += sum(row["error"] is not None for row in rows)


def instead(
    context: Context, videos: Mapping[bytes, Video], clips: Sequence[dict[str, Any]]
) -> dict[bytes, dict[str, Any]]:
    """The captions of `measured`, by clip, for clips of which a model gave none; only those that it has."""
    rows = _rows(context, Measured(), "measured", clips, videos)
    return {row["clip_id"]: row for row in rows if row["error"] is None}


def _rows(
    context: Context,
    captioner: Captioner,
    name: str,
    clips: Sequence[dict[str, Any]],
    videos: Mapping[bytes, Video],
) -> list[dict[str, Any]]:
    rows = []
    for clip, view in views(context.folder, captioner, clips, videos):
        row = outcome(lambda v: caption(captioner, name, v), clip, view)
        row["original"] = videos[clip["video_id"]].original
        rows.append(row if row["error"] is None else {**row, "captioner": name, "outcome": "failed"})
    return rows
