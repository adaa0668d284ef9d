"""Distributions against plain numpy over the same values."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curate.query import query
from curate.report.scores import BINS, FINE, SHARES, Axis, axis_of, spread, values
from curate.report.source import Column, Source, keep_of
from tests.report.making import WORDS, Made, make


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("scores") / "run")


@pytest.fixture(scope="module")
def source(run: Made) -> Iterator[Source]:
    with Source(run.folder) as source:
        yield source


def column(source: Source, rule: str) -> Column:
    return next(column for column in source.columns if column.rule == rule)


def entered(run: Made) -> np.ndarray:
    """Motion scores of the clips that came as far as the rule on motion."""
    rows = query(
        run.folder,
        "SELECT motion FROM clips JOIN verdicts USING (clip_id) WHERE motion IS NOT NULL AND "
        "(dropped_by IS NULL OR dropped_by NOT IN ('cuts.min_seconds', 'media.fps'))",
    )
    return np.sort(rows["motion"].to_numpy())


def test_the_columns_with_their_rules(source: Source) -> None:
    found = {c.rule: (c.sql, c.low, c.high) for c in source.columns}
    inf = math.inf
    assert {rule: found[rule] for rule in ("media.fps", "motion", "exposure", "exposure.black", "words")} == {
        "media.fps": ("media_fps", 10.0, inf), "motion": ("motion", 0.3, 20.0),
        "exposure": ("exposure", -inf, inf), "exposure.black": ("exposure_black", -inf, inf),
        "words": ("words", 0.5, inf),
    }  # fmt: skip
    assert [c.ruled for c in source.columns if c.rule in ("motion", "motion.peak")] == [True, False]


def test_counts_are_those_of_the_funnel_and_the_bounds_are_inside(source: Source, run: Made) -> None:
    found = spread(source, column(source, "motion"))
    assert found is not None
    values_ = entered(run)
    (row,) = query(run.folder, "SELECT * FROM funnel WHERE rule = 'motion'").to_pylist()
    assert (found.measured, found.entered) == (len(run.motion), len(values_))
    # One of the clips that came this far failed: it has no score.
    assert row["entered"] == found.entered + 1
    assert found.entered - found.passing == row["dropped"] == found.below + found.above
    assert found.below == (values_ < 0.3).sum()
    assert found.passing == ((values_ >= 0.3) & (values_ <= 20)).sum()
    assert {0.3, 20.0} <= set(values_)


def test_every_clip_is_in_one_bar_and_the_bound_is_between_two(source: Source, run: Made) -> None:
    found = spread(source, column(source, "motion"))
    assert found is not None
    assert found.axis.log
    edges = found.axis.edges[::FINE]
    assert len(edges) == BINS + 1
    assert (found.passed + found.dropped).sum() == found.entered
    assert found.others.sum() == found.measured - found.entered
    everything = np.array(list(run.motion.values()))
    expected, _ = np.histogram(np.clip(everything, edges[0], np.nextafter(edges[-1], 0)), edges)
    np.testing.assert_array_equal(found.passed + found.dropped + found.others, expected)
    first = int(np.flatnonzero(np.isclose(edges, 0.3))[0])
    assert found.dropped[:first].sum() == found.below
    assert found.passed[:first].sum() == 0


def test_the_retention_curve_says_what_each_bound_would_keep(source: Source, run: Made) -> None:
    found = spread(source, column(source, "motion"))
    assert found is not None
    values_, edges = entered(run), found.axis.edges
    least = [((values_ >= edge) & (values_ <= 20)).mean() for edge in edges[1:-1]]
    most = [((values_ <= edge) & (values_ >= 0.3)).mean() for edge in edges[1:-1]]
    np.testing.assert_allclose(found.at_least[1:-1], least)
    np.testing.assert_allclose(found.at_most[1:-1], most)
    at = int(np.flatnonzero(np.isclose(edges, 0.3))[0])
    assert found.at_least[at] == pytest.approx(found.share)


def test_thresholds_keep_at_least_their_share(source: Source, run: Made) -> None:
    found = spread(source, column(source, "motion"))
    assert found is not None
    values_ = entered(run)
    assert [row["share"] for row in found.thresholds] == list(SHARES)
    for row in found.thresholds:
        wanted = row["share"] * len(values_)
        assert (values_ >= row["min"]).sum() == pytest.approx(wanted, abs=1)
        assert (values_ <= row["max"]).sum() == pytest.approx(wanted, abs=1)


def test_the_audited_clips_show_all_footage(source: Source, run: Made) -> None:
    found = spread(source, column(source, "media.fps"))
    assert found is not None
    assert found.audit is not None
    rows = query(run.folder, "SELECT media_fps AS v FROM clips WHERE audited AND media_fps IS NOT NULL")
    assert found.audited == rows.num_rows
    assert found.audited_passing == (rows["v"].to_numpy() >= 10).sum()
    assert found.audit.sum() == pytest.approx(1.0)


def test_a_column_without_values_and_one_with_one_value(source: Source) -> None:
    assert spread(source, column(source, "motion.pan_x")) is None
    dark = spread(source, column(source, "exposure"))
    assert dark is not None
    assert (dark.least, dark.median, dark.most, dark.audit is None) == (0, 0, 0, dark.audited < 50)
    assert dark.passed.max() == dark.entered == dark.passing
    assert dark.axis.edges[0] < 0 < dark.axis.edges[-1]


def test_texts_and_truth_values_are_counted(source: Source, run: Made) -> None:
    words = values(source, column(source, "words.words"))
    (row,) = words["rows"]
    asked = query(run.folder, "SELECT count(words_words) AS n FROM clips").to_pylist()[0]["n"]
    assert (row["value"], row["clips"], words["measured"], words["different"]) == (WORDS, asked, asked, 1)
    loud = values(source, column(source, "words.loud"))
    assert {row["value"] for row in loud["rows"]} == {"true", "false"}


def axis(low: float, high: float, *middle: float) -> Axis:
    rule = Column("x", "score", "x", "DOUBLE", 0, low, high)
    return axis_of(rule, middle[0], middle[-1], list(middle))


def test_one_odd_value_does_not_stretch_the_axis_and_far_bounds_do_not_either() -> None:
    inf = math.inf
    found = axis_of(Column("x", "score", "x", "DOUBLE", 0, 0.2, inf), 0.0, 1e9, [0, 0.1, 0.5, 0.9, 1.0])
    assert not found.log
    assert found.edges[0] <= 0
    assert 1.0 <= found.edges[-1] < 1.1
    assert axis(-inf, 1e6, 0, 0.1, 0.5, 0.9, 1).edges[-1] < 1.1
    assert axis(-inf, 2.5, 0, 0.1, 0.5, 0.9, 1).edges[-1] >= 2.5
    assert axis(0.01, inf, 1, 2, 50, 900, 1000).log
    assert not axis(0, inf, 1, 2, 50, 900, 1000).log


@pytest.mark.parametrize(
    ("keep", "found"),
    [
        (None, {}),
        ({"min": 1}, {"score": (1, math.inf)}),
        ({"fps": {"min": "1e1"}, "seconds": {"max": 3}}, {"fps": (10, math.inf), "seconds": (-math.inf, 3)}),
        ({"score": {"max": None, "min": 2}}, {"score": (2, math.inf)}),
    ],
)
def test_rules_of_a_step(keep: Any, found: dict[str, Any]) -> None:
    rules = {name: ends for name, ends in keep_of({"use": "x", "keep": keep}).items()
             if any(map(math.isfinite, ends))}  # fmt: skip
    assert rules == found


def test_pipelines_without_filters(tmp_path: Path) -> None:
    run = make(tmp_path / "run", filters=[])
    with Source(run.folder) as source:
        assert source.columns == []
