"""Step `score:<filter>`: a filter over the clips that are still in, and over the audited ones. Writes
`scores/…`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from curate.clips import score_schema
from curate.cluster import batches
from curate.config import FilterStep
from curate.context import Context
from curate.plugins import ClipView, SignalFilter
from curate.state import Video
from curate.tables import to_table
from stages.measure import outcome, views

BATCH = 2000
"""Clips whose scores are committed together."""


def measure(plugin: SignalFilter, view: ClipView) -> dict[str, Any]:
    """The filter's row for one clip: its columns in their types; NaN and infinity are no scores."""
    found = plugin.measure(view)
    kinds: dict[str, type] = {"score": float, **plugin.COLUMNS}
    unknown = set(found) - set(kinds)
    if unknown:
        raise ValueError(f"the filter returned the column {min(unknown)!r}, which is not in its COLUMNS")
    row: dict[str, Any] = {}
    for name, kind in kinds.items():
        value = found.get(name)
        if value is not None:
            value = kind(value)
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name} is {value}")
        row[name] = value
    return row


def run(
    context: Context, step: FilterStep, clips: Sequence[dict[str, Any]], videos: Mapping[bytes, Video]
) -> list[dict[str, Any]]:
    """Measure `clips` (rows of `clips` that lack a score) and commit; returns the new rows."""
    name = f"score:{step.name}"
    made: list[dict[str, Any]] = []
    with context.step(name, len(clips), "clips") as count:
        for batch in batches(sorted(clips, key=lambda clip: (clip["video_id"], clip["start_pts"])), BATCH):
            rows = []
            for clip, view in views(context.folder, step.plugin, batch, videos):
                rows.append(outcome(lambda v: measure(step.plugin, v), clip, view))
                context.reporter.advance()
            table = to_table(score_schema(step.plugin.COLUMNS), rows)
            context.tables.append(f"scores/{step.name}", table, key=context.keys.filters[step.name])
            count.done += len(rows)
            count.failed += sum(row["error"] is not None for row in rows)
            made += rows
    return made
