"""Deciding from committed tables: one set of verdicts for each set of rules."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from curate import clips, state
from curate.context import Context, Keys
from curate.run import last_run, settle
from curate.tables import rows_of, to_table
from curate.verdicts import rules_key
from stages import decide
from tests.packing import Quiet
from tests.written import BROKEN, GOOD, KEPT, PIPELINE, Written, written


@pytest.fixture
def run(tmp_path: Path) -> Written:
    return written(tmp_path / "run")


def prepared(run: Written, **changes: Any) -> tuple[Context, pa.Table, str]:
    plan = run.resolved(**changes)
    keys = Keys.of(plan)
    ctx = Context(run.folder, run.tables, plan, keys, Quiet(), run=2)
    found = state.videos(run.listed, ctx.tables, keys)
    return ctx, state.current_clips(ctx.tables, keys, found), rules_key(plan, keys)


def kept(ctx: Context, table: pa.Table, tried: bool = True) -> set[bytes]:
    return {row["clip_id"] for row in rows_of(decide.decide(ctx, table, tried=tried).table) if row["kept"]}


def test_each_set_of_rules_has_its_own_verdicts(run: Written) -> None:
    strict = [PIPELINE["filters"][0], {"use": "motion", "keep": {"min": 5}}]
    ctx, table, rules = prepared(run, filters=strict)
    first = prepared(run)[2]
    decide.run(ctx, table, decide.decide(ctx, table, tried=True), rules, None)
    assert rules != first
    assert {row["clip_id"] for row in ctx.tables.rows("verdicts", first) if row["kept"]} == KEPT
    assert [row["kept"] for row in ctx.tables.rows("verdicts", rules)] == [False] * 6
    assert [row["dropped"] for row in ctx.tables.rows("funnel", rules)] == [0, 1, 0, 1, 3, 0, 0]
    assert (ctx.count("decide").done, ctx.count("decide").reused) == (6, 0)


def test_the_same_verdicts_are_not_written_again(run: Written) -> None:
    ctx, table, rules = prepared(run)
    digest = run.tables.rows("runs")[0]["verdicts"]
    before = ctx.tables.version("verdicts")
    assert decide.run(ctx, table, decide.decide(ctx, table, tried=True), rules, digest) == digest
    assert ctx.tables.version("verdicts") == before
    assert (ctx.count("decide").done, ctx.count("decide").reused) == (0, 6)


def test_other_verdicts_under_the_same_rules_replace_the_old(run: Written) -> None:
    ctx, table, rules = prepared(run)
    digest = run.tables.rows("runs")[0]["verdicts"]
    rows = ctx.tables.rows("encodes", ctx.keys.encode)
    changed = [{**row, "error": "broken"} if row["clip_id"] == GOOD else row for row in rows]
    ctx.tables.replace("encodes", changed, key=ctx.keys.encode)
    assert decide.run(ctx, table, decide.decide(ctx, table, tried=True), rules, digest) != digest
    found = {row["clip_id"]: row for row in ctx.tables.rows("verdicts", rules)}
    assert (len(found), found[GOOD]["error"], found[GOOD]["kept"]) == (6, "broken", False)


def test_a_failure_of_the_moment_counts_once_it_was_tried(run: Written) -> None:
    ctx, table, _ = prepared(run)
    rows = ctx.tables.rows("encodes", ctx.keys.encode)
    changed = [
        {**row, "error": "moved", "transient": True} if row["clip_id"] == GOOD else row for row in rows
    ]
    ctx.tables.replace("encodes", changed, key=ctx.keys.encode)
    assert kept(ctx, table, tried=True) == KEPT - {GOOD}
    assert kept(ctx, table, tried=False) == KEPT


def test_a_filter_that_never_ran_leaves_its_clips_pending(run: Written) -> None:
    ctx, table, _ = prepared(run, filters=[{"use": "exposure", "keep": {"max": 0.5}}, *PIPELINE["filters"]])
    verdicts = decide.decide(ctx, table, tried=True)
    assert sum(row["pending"] for row in rows_of(verdicts.table)) == 5
    assert rows_of(verdicts.funnel)[3] == {
        "position": 3, "rule": "exposure", "entered": 5, "dropped": 0, "failed": 0, "pending": 5,
    }  # fmt: skip


def test_an_error_fails_a_clip_of_a_filter_without_rules(run: Written) -> None:
    ctx, table, _ = prepared(run, filters=[{"use": "motion"}])
    rows = {row["clip_id"]: row for row in rows_of(decide.decide(ctx, table, tried=True).table)}
    assert (rows[BROKEN]["error"], rows[BROKEN]["kept"]) == ("no flow", False)


@pytest.mark.parametrize("key", ["0" * 16, "f" * 16])
def test_a_rule_on_a_column_that_an_older_version_lacks(run: Written, key: str) -> None:
    filters = [PIPELINE["filters"][0], {"use": "motion", "name": "speed", "keep": {"peak": {"min": 1}}}]
    ctx, table, _ = prepared(run, filters=filters)
    older = to_table(clips.score_schema({}), [{"clip_id": GOOD, "score": 9.0}])
    run.tables.append("scores/speed", older, key=key)
    columns = decide.rule_columns(ctx, ctx.plan.filters[1])
    assert (columns.column_names, columns.num_rows) == (["clip_id", "peak", "error"], 0)
    pending = [
        row["clip_id"] for row in rows_of(decide.decide(ctx, table, tried=True).table) if row["pending"]
    ]
    assert GOOD in pending


def test_a_kill_between_verdicts_and_funnel_does_not_leave_the_old_digest(
    run: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, table, rules = prepared(run)
    before = last_run(ctx.tables)
    assert before is not None
    fewer = table.slice(1)
    replace = ctx.tables.replace

    def killed(name: str, data: pa.Table, key: str | None = None) -> None:
        if name == "funnel":
            raise KeyboardInterrupt
        replace(name, data, key)

    monkeypatch.setattr(ctx.tables, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        settle(ctx, fewer, decide.decide(ctx, fewer, tried=True), rules, before["verdicts"], 0)
    monkeypatch.undo()
    last = last_run(ctx.tables)
    assert last is not None
    assert (last["rules"], last["verdicts"]) == (rules, None)
    digest = settle(ctx, table, decide.decide(ctx, table, tried=True), rules, last["verdicts"], 0)
    assert digest == before["verdicts"]
    assert ctx.tables.read("verdicts", rules).num_rows == table.num_rows
