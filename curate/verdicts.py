"""From scores to verdicts: each clip walks down the list of rules until one settles its fate.

A clip is in exactly one state: kept, dropped (by the first rule that it fails), failed (at the first filter
that could not measure it, or whose rule finds no value) or pending (not measured yet). Nothing is measured
here and nothing is decoded, so a rule can be moved as often as one likes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate import clips
from curate.config import FilterStep, Plan, Rule
from curate.context import Keys
from curate.pairing.greedy import stays
from curate.state import Lookup
from curate.tables import id_bytes

CUT_RULES = ("cuts.transition", "cuts.min_seconds", "cuts.trim_seconds")
CAPTIONER = "captioner"
SHARDS = "shards"

Mask = npt.NDArray[np.bool_]

KEPT, DROPPED, FAILED, PENDING = 0, 1, 2, 3


def rules_key(plan: Plan, keys: Keys) -> str:
    """Key of a set of verdicts: everything that can change one, the order of filters included."""
    rules = [
        [
            step.name,
            keys.filters[step.name],
            [[rule.column, str(rule.low), str(rule.high)] for rule in step.rules],
        ]
        for step in plan.filters
    ]
    return clips.cache_key("verdicts", rules, keys.cuts, keys.captioner, keys.encode)


@dataclass
class Verdicts:
    """The result of a walk."""

    table: pa.Table
    """Rows of `verdicts`, in the order of the clips."""
    funnel: pa.Table
    """Rows of `funnel`, one per rule, in order."""
    kept: Mask
    """(clips,)"""
    awaiting_caption: Mask
    """(clips,) Clips that every filter kept and that have no caption yet."""
    captionable: Mask
    """(clips,) Clips that every filter kept."""


class Walk:
    """Clips on their way through the rules, in the order in which `filter`, `captions` and `encodes` are
    called."""

    def __init__(self, table: pa.Table) -> None:
        """`table`: rows of `clips`."""
        self._lookup = Lookup(id_bytes(table["clip_id"]))
        self.ids = self._lookup.ids
        count = table.num_rows
        self.open: Mask = np.ones(count, dtype=bool)
        """Clips that nothing has settled so far."""
        self._captionable = self.open
        self._state = np.zeros(count, dtype=np.int8)
        self._position = np.full(count, -1, dtype=np.int64)
        self._errors: list[tuple[npt.NDArray[np.int64], pa.Array]] = []
        self._funnel: list[dict[str, int | str]] = []
        dropped_by = table["dropped_by"]
        for rule in CUT_RULES:
            self._rule(rule)
            self._settle(_mask(pc.equal(dropped_by, rule)), DROPPED)

    def missing(self, scores: pa.Table) -> Mask:
        """(clips,) Clips without a row in `scores`."""
        return self._lookup.rows(scores) < 0

    def filter(self, step: FilterStep, scores: pa.Table, pairs: pa.Table | None = None) -> None:
        """Let the filter's rows and rules settle what they settle. `scores`: its rows under the current
        key. `pairs`: rows of `pairs` of a filter that finds some; its rule on the score drops a clip only for
        a better one that is kept."""
        at = self._lookup.rows(scores)
        self._rule(step.rules[0].name if step.rules else step.name)
        self._settle(at < 0, PENDING)
        rows = pa.array(at, mask=at < 0)
        errors = (
            scores["error"].take(rows)
            if scores.num_rows
            else pa.chunked_array([pa.nulls(len(at), pa.string())])
        )
        self._fail(_mask(pc.is_valid(errors)), errors)
        for number, rule in enumerate(step.rules):
            if number:
                self._rule(rule.name)
            spared = None
            if pairs is not None and rule.column == "score":
                spared = self._stays(pairs, rule.high)
            self._apply(rule, scores, rows, spared)

    def _stays(self, pairs: pa.Table, high: float) -> Mask:
        """(clips,) Open clips that are no copy, above `high`, of a better one that stays."""
        chosen = pairs.filter(pc.greater(pairs["covered"], high))
        if not chosen.num_rows:
            return self.open.copy()
        places = self._lookup.numbers
        a, b, better = (places(chosen, column) for column in ("clip_a", "clip_b", "better"))
        known = (a >= 0) & (b >= 0)
        known[known] = self.open[a[known]] & self.open[b[known]]
        a, b, better = a[known], b[known], better[known]
        return stays(len(self.open), better, np.where(better == a, b, a))

    def _apply(self, rule: Rule, scores: pa.Table, rows: pa.Array, spared: Mask | None) -> None:
        """`spared`: clips that the rule's upper end does not drop, whatever their value."""
        if not scores.num_rows:
            return
        values = scores[rule.column].take(rows).cast(pa.float64())
        absent = _mask(pc.is_null(values))
        reason = f"{rule.filter}: no value of {rule.column} for the rule {rule.name}"
        self._fail(absent, pa.chunked_array([pa.repeat(reason, len(absent))]))
        numbers = pc.fill_null(values, 0.0).to_numpy()
        above = numbers > rule.high
        self._settle((numbers < rule.low) | (above if spared is None else above & ~spared), DROPPED)

    def captions(self, captions: pa.Table) -> None:
        """A clip waits for its caption (pending), and is dropped by `captioner` if it gets none."""
        at = self._lookup.rows(captions)
        self._captionable = self.open.copy()
        self._rule(CAPTIONER)
        self._settle(at < 0, PENDING)
        if captions.num_rows:
            outcomes = captions["outcome"].take(pa.array(at, mask=at < 0))
            has_one = pc.is_in(outcomes, value_set=pa.array(clips.CAPTIONED))
            self._settle(~_mask(has_one), DROPPED)

    def encodes(self, encodes: pa.Table) -> None:
        """A clip that could not be encoded has failed."""
        self._rule(SHARDS)
        if encodes.num_rows:
            at = self._lookup.rows(encodes)
            errors = encodes["error"].take(pa.array(at, mask=at < 0))
            self._fail(_mask(pc.is_valid(errors)), errors)

    def result(self) -> Verdicts:
        """The verdicts so far; open clips are kept."""
        count = len(self._state)
        names = pa.array([str(row["rule"]) for row in self._funnel], pa.string())
        position = pa.array(self._position, mask=self._position < 0)
        dropped = self._state == DROPPED
        errors = np.full(count, None, dtype=object)
        for where, texts in self._errors:
            errors[where] = texts.to_pylist()
        table = pa.table(
            {
                "clip_id": pa.ExtensionArray.from_storage(clips.ID, self.ids),
                "kept": pa.array(self._state == KEPT),
                "dropped_by": names.take(pa.array(self._position, mask=~dropped)),
                "error": pa.array(errors, pa.string()) if self._errors else pa.nulls(count, pa.string()),
                "pending": pa.array(self._state == PENDING),
                "position": position,
            },
            schema=clips.VERDICTS,
        )
        rows = []
        entered = count
        for row in self._funnel:
            rows.append({**row, "entered": entered})
            entered -= int(row["dropped"]) + int(row["failed"]) + int(row["pending"])
        funnel = pa.Table.from_pylist(rows, schema=clips.FUNNEL)
        at = next((int(row["position"]) for row in self._funnel if row["rule"] == CAPTIONER), -1)
        awaiting = (self._state == PENDING) & (self._position == at)
        return Verdicts(table, funnel, self._state == KEPT, awaiting, self._captionable)

    def _rule(self, name: str) -> None:
        """Begin the next row of the funnel."""
        self._funnel.append(
            {"position": len(self._funnel), "rule": name, "dropped": 0, "failed": 0, "pending": 0}
        )

    def _settle(self, mask: Mask, state: int) -> Mask:
        """Settle the open clips of `mask` at the current rule; returns those."""
        settled = self.open & mask
        self._state[settled] = state
        self._position[settled] = len(self._funnel) - 1
        self.open &= ~settled
        name = {DROPPED: "dropped", FAILED: "failed", PENDING: "pending"}[state]
        self._funnel[-1][name] = int(self._funnel[-1][name]) + int(settled.sum())
        return settled

    def _fail(self, mask: Mask, errors: pa.ChunkedArray) -> None:
        settled = np.flatnonzero(self._settle(mask, FAILED))
        if len(settled):
            self._errors.append((settled, errors.take(pa.array(settled))))


def _mask(values: pa.Array | pa.ChunkedArray) -> Mask:
    """Booleans as a mask; NULL is False."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=bool)
