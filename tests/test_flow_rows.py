"""Which flow rows count for a clip, and for how long."""

import numpy as np
import pytest

from curate.flow_rows import flow_weights, weighted_mean

NAN = np.nan


def test_weights_are_the_ticks_between_the_two_frames_of_a_row() -> None:
    flow = {
        "pts": np.array([100, 110, 125, 160]),
        "ref_pts": np.array([90, NAN, 100, 125]),
        "speed": np.array([9.0, NAN, 1.0, 2.0], np.float32),
    }
    assert flow_weights(flow, 100).tolist() == [0, 0, 25, 35]
    # The same rows in a clip that began earlier: the first one speaks of it too.
    assert flow_weights(flow, 90).tolist() == [10, 0, 25, 35]


def test_a_row_whose_speed_is_missing_weighs_nothing() -> None:
    flow = {"pts": np.array([125]), "ref_pts": np.array([0]), "speed": np.array([NAN])}
    assert flow_weights(flow, 0).tolist() == [0]


def test_the_mean_is_over_numbers_with_weight() -> None:
    assert weighted_mean([1.0, NAN, 5.0, 100.0], np.array([3.0, 1.0, 1.0, 0.0])) == pytest.approx(2.0)


@pytest.mark.parametrize(("values", "weights"), [([NAN], [1.0]), ([1.0], [0.0]), ([], [])])
def test_no_number_is_none_and_not_zero(values: list[float], weights: list[float]) -> None:
    assert weighted_mean(values, np.array(weights)) is None
