"""Moving one threshold over a million clips and seven filters, beside the plain way to do it.

    python bench/rules.py [--clips 1000000] [--videos 50000] [--rounds 3]

Writes a synthetic run through the same tables as a real one, then times
  decide   the step: read the scores, walk the rules, write and commit verdicts and funnel
  duckdb   the same question as one SQL join over the same Parquet parts, written to Parquet (the baseline)
  plan     everything that `curate run` does around it when nothing else is to do: state, waves, planning
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate import clips, state
from curate.cluster import Cluster
from curate.config import Plan, resolve
from curate.context import Context, Keys, Step
from curate.run import Scores
from curate.storage import Folder, claim
from curate.tables import Tables
from curate.verdicts import rules_key
from stages import decide

FILTERS = 7


class Silent:
    """Shows nothing."""

    def begin(self, step: str, total: int, unit: str) -> None: ...
    def advance(self, amount: int = 1) -> None: ...
    def end(self, step: Step) -> None: ...
    def note(self, text: str) -> None: ...


def plan_of(output: str, threshold: float) -> Plan:
    """A pipeline of seven filters with a rule each; `threshold` is that of the fourth."""
    filters = [
        {"use": "motion", "name": f"motion{n}", "keep": {"min": threshold if n == 3 else 0.05}}
        for n in range(FILTERS)
    ]
    return resolve("bench", {"input": "unused", "output": output, "filters": filters})


def ids(count: int, rng: np.random.Generator) -> pa.Array:
    data = pa.py_buffer(rng.bytes(16 * count))
    return pa.ExtensionArray.from_storage(clips.ID, pa.Array.from_buffers(pa.binary(16), count, [None, data]))


def write_run(tables: Tables, plan: Plan, keys: Keys, count: int, videos: int) -> list[state.Listed]:
    """The tables of a run in which everything was measured."""
    from stages.inputs import Entry

    rng = np.random.default_rng(0)
    video_ids = ids(videos, rng)
    listed = [Entry(f"/videos/{n:08d}.mp4", f"/videos/{n:08d}.mp4", n, "1", {}) for n in range(videos)]
    uris = pa.array([entry.uri for entry in listed])
    numbers = pa.array(range(videos), pa.int64())

    def fill(schema: pa.Schema, length: int, **columns: pa.Array) -> pa.Table:
        arrays = [columns.get(f.name) for f in schema]
        made = [a if a is not None else pa.nulls(length, f.type) for a, f in zip(arrays, schema, strict=True)]
        return pa.Table.from_arrays(made, schema=schema)

    modified = pa.repeat("1", videos)
    tables.append(
        "files", fill(clips.FILES, videos, uri=uris, bytes=numbers, modified=modified, video_id=video_ids)
    )
    tables.append(
        "inputs",
        fill(
            clips.INPUTS, videos, uri=uris, bytes=numbers, modified=modified, carried=pa.repeat("{}", videos)
        ),
    )
    tables.append(
        "videos",
        fill(
            clips.VIDEOS, videos, video_id=video_ids, bytes=numbers, key=pa.repeat(keys.videos, videos),
            seconds=pa.array(np.full(videos, 60.0)), fps=pa.array(np.full(videos, 30.0)),
        ),
    )  # fmt: skip
    groups = [
        {"group": group, "key": key, "part": f"signals/{group}/x.parquet", "rows": 1, "bytes": 1}
        for group, key in keys.groups.items()
    ]
    kind = clips.SCANS.field("groups").type
    tables.append(
        "scans", fill(clips.SCANS, videos, video_id=video_ids, groups=pa.array([groups] * videos, kind))
    )
    clip_ids = ids(count, rng)
    owners = pa.array(rng.integers(0, videos, count))
    starts = pa.array(np.arange(count))
    tables.append(
        "clips",
        fill(
            clips.CLIPS, count, clip_id=clip_ids, start_pts=starts, frames=starts,
            video_id=pa.ExtensionArray.from_storage(clips.ID, video_ids.storage.take(owners)),
            audited=pa.array(rng.random(count) < 0.01),
        ),
        key=keys.cuts,
    )  # fmt: skip
    for name, key in keys.filters.items():
        schema = clips.score_schema(plan.filters[0].plugin.COLUMNS)
        order = pa.array(rng.permutation(count))
        shuffled = pa.ExtensionArray.from_storage(clips.ID, clip_ids.storage.take(order))
        tables.append(
            f"scores/{name}",
            fill(schema, count, clip_id=shuffled, score=pa.array(rng.random(count))),
            key=key,
        )
    texts = pa.repeat("a clip", count)
    tables.append(
        "captions",
        fill(
            clips.CAPTIONS, count, clip_id=clip_ids, short=texts, dense=texts, outcome=pa.repeat("ok", count)
        ),
        key=keys.captioner,
    )
    return list(listed)


def baseline(tables: Tables, plan: Plan, keys: Keys, target: str) -> None:
    """The first failing rule of every clip by one SQL join."""
    joins, cases = [], []
    for step in plan.filters:
        relation = tables.relation(f"scores/{step.name}", keys.filters[step.name])
        joins.append(f"LEFT JOIN {relation} {step.name} ON {step.name}.clip_id = c.clip_id")
        cases.append(f"WHEN {step.name}.score < {step.rules[0].low} THEN '{step.name}'")
    clip = tables.relation("clips", keys.cuts)
    select = f"SELECT c.clip_id, CASE {' '.join(cases)} END AS dropped_by FROM {clip} c {' '.join(joins)}"
    tables.sql(f"COPY ({select}) TO '{target}' (FORMAT parquet)")


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--videos", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        output = os.path.join(scratch, "run")
        folder = Folder(output)
        claim(folder)
        tables = Tables(folder)
        plan = plan_of(output, 0.05)
        keys = Keys.of(plan)
        listed = write_run(tables, plan, keys, options.clips, options.videos)
        figures: dict[str, list[float]] = {"decide": [], "duckdb": [], "plan": []}
        for number in range(options.rounds):
            plan = plan_of(output, 0.06 + 0.01 * number)
            context = Context(folder, Tables(folder), plan, keys, Silent())

            def around(context: Context = context) -> None:
                videos = state.videos(listed, context.tables, keys)
                table = state.current_clips(context.tables, keys, videos)
                assert not Scores(context, Cluster(1)).lacking(table, set())

            figures["plan"].append(timed(around))
            videos = state.videos(listed, context.tables, keys)

            def step(context: Context = context, videos: object = videos) -> None:
                table = state.current_clips(context.tables, keys, videos)  # type: ignore[arg-type]
                verdicts = decide.decide(context, table, tried=True)
                decide.run(context, table, verdicts, rules_key(context.plan, keys), None)

            figures["decide"].append(timed(step))
            target = str(Path(scratch) / "baseline.parquet")
            figures["duckdb"].append(
                timed(lambda plan=plan, target=target: baseline(tables, plan, keys, target))
            )
        for name, seconds in figures.items():
            print(f"{name:>8}: best {min(seconds):.2f} s of {', '.join(f'{s:.2f}' for s in seconds)}")
        print(f"decide / duckdb: {min(figures['decide']) / min(figures['duckdb']):.2f}")


if __name__ == "__main__":
    main()
