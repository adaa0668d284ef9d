"""Verdicts against the plain way: one clip after the other, one rule after the other."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest

from curate import clips
from curate.config import FilterStep, Rule, resolve
from curate.context import Keys
from curate.plugins import ClipView, Compared, Score, SignalFilter, TableFilter
from curate.tables import rows_of, to_table
from curate.verdicts import Verdicts, Walk, rules_key

Row = dict[str, Any]


class Some(SignalFilter):
    VERSION = 1
    COLUMNS: ClassVar[dict[str, type]] = {"other": float, "whole": int}

    def measure(self, clip: ClipView) -> Score:
        raise AssertionError("nothing is measured here")


def step(name: str, *rules: tuple[str, float, float]) -> FilterStep:
    return FilterStep(name, Some(), tuple(Rule(name, *rule) for rule in rules))


INF = math.inf
STEPS = [
    step("a", ("score", 0.2, INF), ("other", -INF, 0.9)),
    step("b"),  # no rule: only an error settles anything
    step("c", ("whole", 1, 8)),
]


def ident(number: int) -> bytes:
    return clips.digest(str(number).encode())


def data(count: int, seed: int) -> tuple[list[Row], dict[str, list[Row]], list[Row], list[Row]]:
    """Random clips, scores, captions and encodes with everything in them: no row, error, NULL, both ends."""
    rng = np.random.default_rng(seed)

    def some() -> bool:
        return bool(rng.random() > 0.1)

    rules = [*[None] * 4, "cuts.transition", "cuts.min_seconds", "cuts.trim_seconds"]
    rows = [{"clip_id": ident(n), "dropped_by": rules[rng.integers(7)]} for n in range(count)]
    scores: dict[str, list[Row]] = {}
    for name in "abc":
        made = []
        for n in rng.permutation(count):
            row: Row = {"clip_id": ident(n), "score": None, "other": None, "whole": None, "error": None}
            if some():
                row["score"] = float(rng.choice([0.0, 0.2, 0.5, rng.random()]))
                row["other"] = float(rng.choice([0.9, rng.random()])) if some() else None
                row["whole"] = int(rng.integers(0, 10)) if some() else None
            else:
                row["error"] = f"{name} failed on {n}"
            if some():
                made.append(row)
        scores[name] = made
    captions = [
        {"clip_id": ident(n), "outcome": "ok" if some() else "failed"} for n in range(count) if some()
    ]
    encodes = [{"clip_id": ident(n), "error": None if some() else f"encode {n}"} for n in range(0, count, 2)]
    return rows, scores, captions, encodes


def walked(
    steps: list[FilterStep], rows: list[Row], scores: dict[str, list[Row]], *rest: list[Row]
) -> Verdicts:
    walk = Walk(to_table(clips.CLIPS, rows))
    for one in steps:
        walk.filter(one, to_table(clips.score_schema(Some.COLUMNS), scores.get(one.name, [])))
    captions, encodes = rest
    walk.captions(to_table(clips.CAPTIONS, captions))
    walk.encodes(to_table(clips.ENCODES, encodes))
    return walk.result()


def plainly(
    steps: list[FilterStep],
    rows: list[Row],
    scores: dict[str, list[Row]],
    captions: list[Row],
    encodes: list[Row],
) -> tuple[list[Row], list[Row]]:
    """The same, row by row: (verdicts, funnel)."""
    rules = ["cuts.transition", "cuts.min_seconds", "cuts.trim_seconds"]
    for one in steps:
        rules += [rule.name for rule in one.rules] or [one.name]
    rules += ["captioner", "shards"]
    funnel = [
        {"position": n, "rule": r, "entered": 0, "dropped": 0, "failed": 0, "pending": 0}
        for n, r in enumerate(rules)
    ]
    by_id = {name: {row["clip_id"]: row for row in of} for name, of in scores.items()}
    captioned = {row["clip_id"]: row["outcome"] for row in captions}
    encoded = {row["clip_id"]: row["error"] for row in encodes}

    def fate(row: Row) -> tuple[int, str, str] | None:
        """(position, state, why) of what settles a clip."""
        if row["dropped_by"] is not None:
            return rules.index(row["dropped_by"]), "dropped", row["dropped_by"]
        at = 3
        for one in steps:
            found = by_id.get(one.name, {}).get(row["clip_id"])
            if found is None:
                return at, "pending", ""
            if found["error"] is not None:
                return at, "failed", found["error"]
            for rule in one.rules:
                value = found[rule.column]
                if value is None:
                    return at, "failed", f"{one.name}: no value of {rule.column} for the rule {rule.name}"
                if not rule.low <= value <= rule.high:
                    return at, "dropped", rule.name
                at += 1
            at += not one.rules
        if row["clip_id"] not in captioned:
            return at, "pending", ""
        if captioned[row["clip_id"]] != "ok":
            return at, "dropped", "captioner"
        if encoded.get(row["clip_id"]) is not None:
            return at + 1, "failed", encoded[row["clip_id"]]
        return None

    verdicts = []
    for row in rows:
        settled = fate(row)
        position, state, why = settled or (None, "kept", "")
        for line in funnel[: len(funnel) if position is None else position + 1]:
            line["entered"] += 1
        if position is not None:
            funnel[position][state] += 1
        verdicts.append(
            {
                "clip_id": row["clip_id"],
                "kept": state == "kept",
                "dropped_by": why if state == "dropped" else None,
                "error": why if state == "failed" else None,
                "pending": state == "pending",
                "position": position,
            }
        )
    return verdicts, funnel


@pytest.mark.parametrize("seed", range(4))
def test_the_walk_says_what_the_plain_way_says(seed: int) -> None:
    rows, scores, captions, encodes = data(400, seed)
    found = walked(STEPS, rows, scores, captions, encodes)
    verdicts, funnel = plainly(STEPS, rows, scores, captions, encodes)
    assert rows_of(found.table) == verdicts
    assert rows_of(found.funnel) == funnel
    assert found.kept.tolist() == [row["kept"] for row in verdicts]
    caption = next(row["position"] for row in funnel if row["rule"] == "captioner")
    waiting = [row["pending"] and row["position"] == caption for row in verdicts]
    assert found.awaiting_caption.tolist() == waiting
    # Each of these was in the data.
    states = {(bool(r["dropped_by"]), bool(r["error"]), r["pending"], r["kept"]) for r in verdicts}
    assert states == {(*(n == at for n in range(4)),) for at in range(4)}
    assert {row["position"] for row in verdicts} == {None, *range(len(funnel))}


@pytest.mark.parametrize("order", [[2, 1, 0], [1, 0, 2], [0], []])
def test_another_order_of_filters(order: list[int]) -> None:
    rows, scores, captions, encodes = data(200, 9)
    steps = [STEPS[number] for number in order]
    found = walked(steps, rows, scores, captions, encodes)
    assert (rows_of(found.table), rows_of(found.funnel)) == plainly(steps, rows, scores, captions, encodes)


def test_the_funnel_adds_up() -> None:
    found = walked(STEPS, *data(500, 5))
    lines = rows_of(found.funnel)
    left = 500
    for line in lines:
        assert line["entered"] == left
        left -= line["dropped"] + line["failed"] + line["pending"]
    assert left == int(found.kept.sum()) > 0


def test_an_error_fails_a_clip_without_any_rule() -> None:
    rows = [{"clip_id": ident(1), "dropped_by": None}]
    scores = {"b": [{"clip_id": ident(1), "score": 1.0, "error": "broken"}]}
    (verdict,) = rows_of(walked([step("b")], rows, scores, [], []).table)
    assert (verdict["error"], verdict["dropped_by"], verdict["pending"], verdict["position"]) == (
        "broken",
        None,
        False,
        3,
    )


def test_no_value_under_a_rule_fails_and_is_not_dropped() -> None:
    rows = [{"clip_id": ident(n), "dropped_by": None} for n in range(2)]
    scores = {"a": [{"clip_id": ident(n), "score": 1.0 if n else None, "error": None} for n in range(2)]}
    ruled, free = (
        rows_of(walked([one], rows, scores, [], []).table)[0]
        for one in (step("a", ("score", 0, INF)), step("a"))
    )
    assert (ruled["error"], ruled["dropped_by"]) == ("a: no value of score for the rule a", None)
    # Without the rule, no value is no fault.
    assert (free["error"], free["pending"]) == (None, True)


def test_the_ends_of_a_rule_are_in() -> None:
    rows = [{"clip_id": ident(n), "dropped_by": None} for n in range(4)]
    values = [0.5, 0.75, np.nextafter(0.5, 0), np.nextafter(0.75, 1)]
    scores = {"a": [{"clip_id": ident(n), "score": float(v), "error": None} for n, v in enumerate(values)]}
    found = walked([step("a", ("score", 0.5, 0.75))], rows, scores, [], [])
    assert found.table["dropped_by"].to_pylist() == [None, None, "a", "a"]


def test_nothing_at_all() -> None:
    found = walked(STEPS, [], {}, [], [])
    assert (found.table.num_rows, found.table.schema) == (0, clips.VERDICTS)
    assert {
        (row["entered"], row["dropped"], row["failed"], row["pending"]) for row in rows_of(found.funnel)
    } == {(0,) * 4}


def test_a_table_in_several_pieces() -> None:
    rows, scores, captions, encodes = data(300, 3)
    schema = clips.score_schema(Some.COLUMNS)
    pieces = {
        n: pa.concat_tables([to_table(schema, s[:99]), to_table(schema, s[99:])]) for n, s in scores.items()
    }
    whole = to_table(clips.CLIPS, rows)
    walk = Walk(pa.concat_tables([whole.slice(0, 100), whole.slice(100)]))
    for one in STEPS:
        walk.filter(one, pieces[one.name])
    walk.captions(to_table(clips.CAPTIONS, captions))
    walk.encodes(to_table(clips.ENCODES, encodes))
    assert walk.result().table.equals(walked(STEPS, rows, scores, captions, encodes).table)


def test_the_key_of_verdicts_changes_with_rules_order_and_options_and_nothing_else() -> None:
    filters = [{"use": "media", "keep": {"fps": {"min": 10}}}, {"use": "motion", "keep": {"min": 1}}]

    def key(**changes: Any) -> str:
        plan = resolve("p", {"input": "in", "output": "out", "filters": filters, **changes})
        return rules_key(plan, Keys.of(plan))

    base = key()
    looser = [filters[0], {"use": "motion", "keep": {"min": 0.9}}]
    others = [
        key(filters=looser),
        key(filters=filters[::-1]),
        key(filters=filters[:1]),
        key(filters=[filters[0], {"use": "motion"}]),
        key(cuts={"min_seconds": 1}),
        key(shards={"crf": 20}),
        key(audit=0.5),
    ]
    assert len({base, *others}) == 1 + len(others)
    assert (
        key(wave_hours=1, workers=1, output="elsewhere", input="other", shards={"max_bytes": "1MB"}) == base
    )


def test_a_verdict_is_of_rules_that_are_frozen() -> None:
    with pytest.raises(AttributeError, match="cannot assign"):
        STEPS[0].rules[0].low = 3  # type: ignore[misc]
    assert replace(STEPS[0].rules[0], low=3.0).name == "a"
    assert STEPS[0].rules[1].name == "a.other"


# -- pairs ------------------------------------------------------------------------------------------------


class Paired(TableFilter):
    VERSION = 1
    PAIRS = True

    def measure(self, clips: Iterable[ClipView], scratch: str) -> Compared:
        raise AssertionError("nothing is measured here")


def greedy(
    pairs: list[tuple[int, int, float]], high: float, fates: dict[int, str | None], count: int = 6
) -> list[str | None]:
    """`dropped_by` of clips 0, 1, …, of which the lower number is the better copy; `fates`: what the cuts
    said, or an error of the filter."""
    rows = [{"clip_id": ident(n), "dropped_by": fates.get(n) if n in fates else None} for n in range(count)]
    cut = [row if str(row["dropped_by"]).startswith("cuts") else {**row, "dropped_by": None} for row in rows]
    walk = Walk(to_table(clips.CLIPS, cut))
    highest = {n: max([s for b, w, s in pairs if w == n], default=0.0) for n in range(count)}
    scores = [
        {"clip_id": ident(n), "score": highest[n], "error": fates.get(n)}
        for n in range(count)
        if not str(fates.get(n)).startswith("cuts")
    ]
    table = [
        {
            "clip_a": min(ident(b), ident(w)), "clip_b": max(ident(b), ident(w)), "kind": "near",
            "similarity": 1.0, "better": ident(b), "covered": s,
        }
        for b, w, s in pairs
    ]  # fmt: skip
    one = FilterStep("twin", Paired(), (Rule("twin", "score", -INF, high),))
    walk.filter(one, to_table(clips.score_schema({}), scores), to_table(clips.PAIRS, table))
    found: list[str | None] = walk.result().table["dropped_by"].to_pylist()
    return found


def test_a_copy_is_dropped_for_a_better_one_that_is_kept_and_for_no_other() -> None:
    chain = [(0, 1, 0.9), (1, 2, 0.9), (2, 3, 0.9)]
    assert greedy(chain, 0.8, {}) == [None, "twin", None, "twin", None, None]
    # At the threshold is not above it.
    assert greedy(chain, 0.9, {}) == [None] * 6
    assert greedy([(0, 1, 0.9), (1, 2, 0.7), (0, 3, 0.95)], 0.8, {}) == [
        None, "twin", None, "twin", None, None,
    ]  # fmt: skip


def test_a_better_copy_that_is_not_in_drops_nobody() -> None:
    chain = [(0, 1, 0.9), (1, 2, 0.9), (2, 3, 0.9)]
    gone: dict[int, str | None] = {0: "cuts.min_seconds"}
    assert greedy(chain, 0.8, gone) == ["cuts.min_seconds", None, "twin", None, None, None]
    failed: dict[int, str | None] = {1: "no prints"}
    assert greedy(chain, 0.8, failed) == [None, None, None, "twin", None, None]


def test_other_rules_of_a_filter_with_pairs_are_plain() -> None:
    rows = [{"clip_id": ident(n), "dropped_by": None} for n in range(3)]
    scores = [{"clip_id": ident(n), "score": n / 2, "error": None} for n in range(3)]
    one = FilterStep("twin", Paired(), (Rule("twin", "score", 0.4, INF),))
    walk = Walk(to_table(clips.CLIPS, rows))
    walk.filter(one, to_table(clips.score_schema({}), scores), clips.PAIRS.empty_table())
    assert walk.result().table["dropped_by"].to_pylist() == ["twin", None, None]
