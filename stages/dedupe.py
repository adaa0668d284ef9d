"""Filters that see all clips at once: the barrier. Writes `scores/<filter>` and `pairs`.

What such a filter says of a clip depends on which other clips are in, so its rows are good for one set of
clips: those that have a row. When the set is another one, all are measured again.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from curate.clips import PAIRS, pairs_key, score_schema
from curate.config import FilterStep
from curate.context import Context
from curate.plugins import ClipView, Pair, TableFilter
from curate.state import Video
from curate.tables import halves, id_bytes, rows_of, to_table
from curate.verdicts import Walk
from stages.decide import rule_columns
from stages.measure import checked, failure, views

SCRATCH = "scratch"
"""Folder of the run for what a filter does not hold in memory; gone when the step ends."""
AT_ONCE = 20_000
"""Clips whose rows are dictionaries at the same time."""

Row = dict[str, Any]


def at_the_barrier(steps: Sequence[FilterStep]) -> tuple[Sequence[FilterStep], Sequence[FilterStep]]:
    """The filters that go wave by wave, and those that wait for the last wave: from the first TableFilter
    on."""
    first = next((n for n, step in enumerate(steps) if isinstance(step.plugin, TableFilter)), len(steps))
    return steps[:first], steps[first:]


def stale(walk: Walk, scores: pa.Table) -> bool:
    """Whether the rows are of another set of clips than those that the walk has still in."""
    return scores.num_rows != int(walk.open.sum()) or bool((walk.open & walk.missing(scores)).any())


def up_to_date(
    context: Context,
    step: FilterStep,
    known: pa.Table,
    clips: pa.Table,
    walk: Walk,
    videos: Mapping[bytes, Video],
) -> pa.Table:
    """`known` (the filter's rows) if it is of the clips that the walk has still in, and what is measured anew
    if not. `clips`: rows of `clips`, in the walk's order."""
    if not stale(walk, known):
        context.count(f"score:{step.name}").reused += known.num_rows
        return known
    step.plugin.check()
    run(context, step, clips.filter(pa.array(walk.open)), videos)
    return rule_columns(context, step)


def run(context: Context, step: FilterStep, clips: pa.Table, videos: Mapping[bytes, Video]) -> None:
    """Measure `clips` (rows of `clips`: all that are in) and commit, in place of what was there.

    Counts in the step: all as done, since each was compared with all.
    """
    plugin = step.plugin
    assert isinstance(plugin, TableFilter)
    name, key = f"scores/{step.name}", context.keys.filters[step.name]
    schema = score_schema(plugin.COLUMNS)
    scratch = context.folder.path(SCRATCH)
    shutil.rmtree(scratch, ignore_errors=True)  # of a run that was killed
    with context.step(f"score:{step.name}", clips.num_rows, "clips") as count:
        os.makedirs(scratch)
        try:
            rows, pairs = _measured(context, plugin, clips, videos, scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        # In this order: rows say that the pairs are of the same clips. A kill in between leaves none.
        context.tables.replace(name, schema.empty_table(), key=key)
        if plugin.PAIRS:
            context.tables.replace("pairs", to_table(PAIRS, pairs), key=pairs_key(step.name, key))
        context.tables.replace(name, to_table(schema, rows), key=key)
        count.done += len(rows)
        count.failed += sum(row["error"] is not None for row in rows)


def _measured(
    context: Context, plugin: TableFilter, clips: pa.Table, videos: Mapping[bytes, Video], scratch: str
) -> tuple[list[Row], list[Row]]:
    """Rows of scores and of pairs."""
    broken: list[Row] = []
    seen: list[bytes] = []

    def readable() -> Iterator[ClipView]:
        for clip, view in _views(context, plugin, clips, videos):
            context.reporter.advance()
            if isinstance(view, Exception):
                broken.append({"clip_id": clip["clip_id"], **failure(view)})
            else:
                seen.append(clip["clip_id"])
                yield view

    found = plugin.measure(readable(), scratch)
    if len(found.scores) != len(seen):
        raise ValueError(f"the filter gave {len(found.scores)} scores for {len(seen)} clips")
    rows = [*broken]
    for identity, score in zip(seen, found.scores, strict=True):
        try:
            if isinstance(score, Exception):
                raise score
            rows.append({"clip_id": identity, "error": None, **checked(plugin, score)})
        except Exception as error:  # a plugin may say anything
            rows.append({"clip_id": identity, **failure(error)})
    return rows, [_pair(pair) for pair in found.pairs]


def _views(
    context: Context, plugin: TableFilter, clips: pa.Table, videos: Mapping[bytes, Video]
) -> Iterator[tuple[Row, ClipView | Exception]]:
    """Every clip with what the filter reads of it, ordered by video and start whatever the order of
    `clips`."""
    ids = halves(id_bytes(clips["video_id"]))
    # By the halves as numbers: another order than that of the bytes, and as fixed.
    places = np.lexsort((clips["start_pts"].to_numpy(), ids[:, 1], ids[:, 0]))
    for first in range(0, len(places), AT_ONCE):
        rows = rows_of(clips.take(pa.array(places[first : first + AT_ONCE])))
        yield from views(context.folder, plugin, rows, videos)


def _pair(pair: Pair) -> Row:
    a, b = sorted((pair.better, pair.worse))
    return {
        "clip_a": a, "clip_b": b, "kind": pair.kind, "similarity": pair.similarity,
        "better": pair.better, "covered": pair.covered,
    }  # fmt: skip
