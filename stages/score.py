"""Step `score:<filter>`: a filter over the clips that are still in, and over the audited ones. Writes
`scores/…`."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from curate.clips import score_schema
from curate.cluster import Cluster
from curate.config import FilterStep
from curate.context import Context
from curate.plugins import FrameFilter, SignalFilter
from curate.state import Video
from curate.tables import to_table
from stages import score_frames
from stages.measure import checked, outcome, views

BATCH = 2000
"""Clips whose scores are committed together, at most."""
COMMIT_SECONDS = 30.0
"""Scores that took longer than this to make are committed without waiting for more."""

Row = dict[str, Any]


def run(
    context: Context,
    cluster: Cluster,
    step: FilterStep,
    clips: Sequence[Row],
    videos: Mapping[bytes, Video],
) -> list[Row]:
    """Measure `clips` (rows of `clips` that lack a score) and commit; returns the new rows."""
    made: list[Row] = []
    with context.step(f"score:{step.name}", len(clips), "clips") as count:
        found = (
            score_frames.rows(context, cluster, step, clips, videos)
            if isinstance(step.plugin, FrameFilter)
            else _from_signals(context, step, clips, videos)
        )
        for rows in _portions(found, context.reporter.advance):
            table = to_table(score_schema(step.plugin.COLUMNS), rows)
            context.tables.append(f"scores/{step.name}", table, key=context.keys.filters[step.name])
            count.done += len(rows)
            count.failed += sum(row["error"] is not None for row in rows)
            made += rows
    return made


def _from_signals(
    context: Context, step: FilterStep, clips: Sequence[Row], videos: Mapping[bytes, Video]
) -> Iterator[Row]:
    plugin = step.plugin
    assert isinstance(plugin, SignalFilter)
    for clip, view in views(context.folder, plugin, clips, videos):
        yield outcome(lambda v: checked(plugin, plugin.measure(v)), clip, view)


def _portions(rows: Iterator[Row], advance: Callable[[], None]) -> Iterator[list[Row]]:
    """Rows in lists to be committed: of BATCH rows, or of what came within COMMIT_SECONDS."""
    held: list[Row] = []
    began = time.monotonic()
    for row in rows:
        held.append(row)
        advance()
        if len(held) >= BATCH or time.monotonic() - began > COMMIT_SECONDS:
            yield held
            held, began = [], time.monotonic()
    if held:
        yield held
