"""The distribution of one measured column: histogram, rule, and what other thresholds would keep."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.report.source import Column, Source, literal
from curate.tables import identifier

BINS = 36
FINE = 6
"""Points of the retention curve per bin of the histogram."""
AUDITED = 50
"""Audited clips from which their distribution is shown: with fewer it would say nothing."""
SHARES = (0.99, 0.95, 0.9, 0.75, 0.5, 0.25, 0.1)
"""Shares of the clips for which the threshold that keeps them is listed."""
WORDS = 10
"""Values of a text column that are listed."""

Counts = npt.NDArray[np.int64]
Edges = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """Equal steps of the value, or of its logarithm, one edge of which is the rule's bound."""

    log: bool
    edges: Edges
    """(BINS * FINE + 1,) in the value's own unit, ascending."""
    anchor: float
    """The bound (or any value) that is an edge."""
    step: float
    first: int
    """Number of the first fine bin; that which begins at the anchor is 0."""

    def sql(self, column: str) -> str:
        """Twice the number of the fine bin, and 1 more for a value that is not exactly its lower edge; what
        lies outside the axis goes into the outermost bins."""
        scale = f"log10(greatest({column}, 1e-300))" if self.log else column
        anchor = math.log10(self.anchor) if self.log else self.anchor
        place = f"(({scale} - {literal(anchor)}) / {literal(self.step)})"
        last = self.first + len(self.edges) - 2
        number = f"least(greatest(floor({place}), {self.first}), {last})"
        return f"CAST(2 * ({number} - {self.first}) + CAST({place} <> {number} AS INTEGER) AS INTEGER)"


@dataclass(frozen=True)
class Spread:
    """What is known of a numeric column's values. Counts are of clips."""

    column: Column
    clips: int
    """All clips of the run."""
    measured: int
    entered: int
    """Measured clips that came as far as this rule."""
    passing: int
    """Of these, not dropped by the rule."""
    below: int
    """Dropped by `min`."""
    above: int
    """Dropped by `max`."""
    least: float
    median: float
    most: float
    axis: Axis
    passed: Counts
    """(BINS,) entered clips that the rule does not drop."""
    dropped: Counts
    """(BINS,) entered clips that the rule drops."""
    others: Counts
    """(BINS,) clips that were measured although an earlier rule had dropped them."""
    audit: Edges | None
    """(BINS,) share of the audited clips in each bin."""
    audited: int
    """Audited clips with a value: a seeded share of all clips, whatever became of them."""
    audited_passing: int
    """Of these, within the bounds."""
    at_least: Edges
    """(edges,) share of the entered clips that `min` at this edge would keep, the other bound as it is."""
    at_most: Edges
    """(edges,) the same of `max`."""
    thresholds: list[dict[str, Any]]
    """`share` -> `min` and `max` that would keep that share of the entered clips, each alone."""
    outside: tuple[int, int]
    """Measured clips left and right of the axis."""

    @property
    def share(self) -> float | None:
        """Share of the entered clips that the rule does not drop."""
        return self.passing / self.entered if self.entered else None


def spread(source: Source, column: Column) -> Spread | None:
    """The distribution of a numeric column; None while nothing was measured."""
    name = identifier(column.sql)
    shares = [0.001, 0.05, 0.5, 0.95, 0.999]
    facts = source.one(
        f"SELECT count(*) AS clips, count({name}) AS measured, min({name})::DOUBLE AS least, "
        f"max({name})::DOUBLE AS most, quantile_cont({name}::DOUBLE, {shares}) AS middle, "
        f"count({name}) FILTER ({column.entered}) AS entered, "
        f"count({name}) FILTER ({column.entered} AND NOT {column.dropped}) AS passing, "
        f"count({name}) FILTER ({column.dropped} AND {name} < {literal(column.low)}) AS below, "
        f"count({name}) FILTER ({column.dropped} AND {name} > {literal(column.high)}) AS above, "
        f"count({name}) FILTER (audited) AS audited, "
        f"count({name}) FILTER (audited AND {column.within}) AS audited_passing FROM _report"
    )
    if not facts["measured"]:
        return None
    middle = facts.pop("middle")
    axis = axis_of(column, facts["least"], facts["most"], middle)
    bins = _bins(source, column, axis)
    low, high = axis.edges[0], axis.edges[-1]
    outside = source.one(
        f"SELECT count(*) FILTER ({name} < {literal(low)}) AS l, "
        f"count(*) FILTER ({name} > {literal(high)}) AS r FROM _report"
    )
    enough = facts["audited"] >= AUDITED
    return Spread(
        column=column,
        median=middle[2],
        axis=axis,
        passed=_coarse(bins["inside"]),
        dropped=_coarse(bins["entered"] - bins["inside"]),
        others=_coarse(bins["all"] - bins["entered"]),
        audit=_coarse(bins["audited"]) / facts["audited"] if enough else None,
        at_least=_share_from(bins["capped"], facts["entered"]),
        at_most=_share_from(bins["floored"][::-1], facts["entered"])[::-1],
        thresholds=_thresholds(source, column),
        outside=(outside["l"], outside["r"]),
        **facts,
    )


def axis_of(column: Column, least: float, most: float, middle: list[float]) -> Axis:
    """The axis for values between `least` and `most`; `middle`: their quantiles at 0.001, 0.05, 0.5, 0.95 and
    0.999. It ends at the outer two, which one odd clip cannot stretch, or at the extremes where they are
    near, and reaches the bounds of the rule where those are near. Values that span decades are shown in
    decades."""
    bounds = [bound for bound in (column.low, column.high) if math.isfinite(bound)]
    low, fifth, _, most_of, high = middle
    log = fifth > 0 and most_of / fifth >= 30 and all(bound > 0 for bound in bounds)
    if log:
        low = max(low, fifth / 100)
        start, end = math.log10(low), math.log10(max(high, low))
        marks = [math.log10(bound) for bound in bounds]
        extremes = [math.log10(max(least, 1e-300)), math.log10(most)]
        near, reach = 0.5, 2.0
    else:
        start, end, marks = low, high, bounds
        extremes = [least, most]
        near, reach = 0.5 * (end - start), 3 * (end - start) if end > start else math.inf
    if start - extremes[0] <= near:
        start = extremes[0]
    if extremes[1] - end <= near:
        end = extremes[1]
    for mark in marks:
        if start - reach <= mark <= end + reach:
            start, end = min(start, mark), max(end, mark)
    if end - start <= 1e-9 * max(1.0, abs(start)):
        pad = 0.5 if log else max(abs(start) * 0.05, 0.5)
        start, end = start - pad, end + pad
    anchor = next((mark for mark in marks if start <= mark <= end), start)
    # One coarse bin is left over, so that edges can be laid on the anchor and still reach both ends.
    step = (end - start) / ((BINS - 1) * FINE)
    first = -math.ceil((anchor - start) / step / FINE - 1e-9) * FINE
    places = anchor + step * np.arange(first, first + BINS * FINE + 1)
    edges = np.asarray(10.0**places if log else places, np.float64)
    # The bound as it was given, not as it comes back from its logarithm.
    value = next((bound for bound, mark in zip(bounds, marks, strict=True) if mark == anchor), edges[-first])
    edges[-first] = value
    return Axis(log, edges, float(value), step, first)


def _bins(source: Source, column: Column, axis: Axis) -> dict[str, Counts]:
    """(2 * BINS * FINE,) counts at each edge (even places) and between two (odd places)."""
    name = identifier(column.sql)
    rows = source.rows(
        f"SELECT {axis.sql(name)} AS bin, count(*) AS all_, "
        f"count(*) FILTER ({column.entered}) AS entered, "
        f"count(*) FILTER ({column.entered} AND NOT {column.dropped}) AS inside, "
        f"count(*) FILTER ({column.entered} AND {name} <= {literal(column.high)}) AS capped, "
        f"count(*) FILTER ({column.entered} AND {name} >= {literal(column.low)}) AS floored, "
        f"count(*) FILTER (audited) AS audited FROM _report WHERE {name} IS NOT NULL GROUP BY bin"
    )
    found = {kind: np.zeros(2 * BINS * FINE + 1, np.int64) for kind in
             ("all", "entered", "inside", "capped", "floored", "audited")}  # fmt: skip
    for row in rows:
        place = row.pop("bin")
        for kind, count in row.items():
            found[kind.rstrip("_")][place] = count
    return found


def _coarse(counts: Counts) -> Counts:
    """(BINS,) sums of fine counts."""
    return np.asarray(counts[:-1].reshape(BINS, 2 * FINE).sum(axis=1), np.int64)


def _share_from(counts: Counts, total: int) -> Edges:
    """(BINS * FINE + 1,) share of the counts at each edge or beyond it."""
    beyond = counts[::-1].cumsum()[::-1][::2]
    return np.asarray(beyond / max(total, 1), np.float64)


def _thresholds(source: Source, column: Column) -> list[dict[str, Any]]:
    """The thresholds that would keep the SHARES of the entered clips, were they the only ones."""
    name = identifier(column.sql)
    wanted = [*(1 - share for share in SHARES), *SHARES]
    found = source.one(
        f"SELECT quantile_disc({name}::DOUBLE, {wanted}) AS q FROM _report "
        f"WHERE {name} IS NOT NULL AND {column.entered}"
    )["q"] or [None] * len(wanted)
    ends = zip(SHARES, found[: len(SHARES)], found[len(SHARES) :], strict=True)
    return [{"share": share, "min": low, "max": high} for share, low, high in ends]


def values(source: Source, column: Column) -> dict[str, Any]:
    """A column of truth values or texts: how many clips have which, the most frequent first."""
    name = identifier(column.sql)
    total = source.one(f"SELECT count({name}) AS measured, count(DISTINCT {name}) AS different FROM _report")
    rows = source.rows(
        f"SELECT left({name}::VARCHAR, 300) AS value, count(*) AS clips FROM _report "
        f"WHERE {name} IS NOT NULL GROUP BY {name} ORDER BY clips DESC, value LIMIT {WORDS}"
    )
    return {"column": column, **total, "rows": rows}
