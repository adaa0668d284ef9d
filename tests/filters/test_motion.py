"""Mean speed of a clip, from flow rows made by hand."""

from typing import Any

import numpy as np
import pytest

from curate.plugins import ClipView, SignalFilter, load
from filters.motion import Motion

NAN = np.nan


def view(start_pts: int = 0, **columns: Any) -> ClipView:
    pts = np.asarray(columns.pop("pts"), np.int64)
    still: dict[str, Any] = {
        name: np.zeros(len(pts)) for name in ("pan_x", "pan_y", "zoom", "roll", "residual")
    }
    flow = {"pts": pts, **still, **{name: np.asarray(column) for name, column in columns.items()}}
    clip = {"start_pts": start_pts, "start_seconds": 0.0, "end_seconds": 0.1, "time_base": "1/1000"}
    return ClipView(clip, {}, {"flow": flow})


def test_is_found_by_its_file_name() -> None:
    assert load("filters", "motion", SignalFilter) is Motion


def test_rows_weigh_as_long_as_they_span() -> None:
    clip = view(pts=[0, 100, 400], ref_pts=[NAN, 0, 100], speed=[NAN, 8.0, 4.0], pan_x=[NAN, -8.0, 0.0])
    score = Motion().measure(clip)
    assert score["score"] == pytest.approx((8 * 100 + 4 * 300) / 400)
    assert score["pan_x"] == pytest.approx(-2.0)
    assert score["peak"] == 8.0


def test_frames_between_grid_points_do_not_dilute_the_mean() -> None:
    clip = view(pts=[0, 40, 80, 120], ref_pts=[NAN, NAN, NAN, 0], speed=[NAN, NAN, NAN, 6.0])
    assert Motion().measure(clip)["score"] == 6.0


def test_a_row_that_looks_back_over_the_cut_is_left_out() -> None:
    clip = view(start_pts=1000, pts=[1000, 1040, 1165], ref_pts=[915, NAN, 1040], speed=[900.0, NAN, 3.0])
    score = Motion().measure(clip)
    assert score["score"] == 3.0
    assert score["peak"] == 3.0


def test_a_still_clip_scores_zero_which_is_a_score() -> None:
    assert Motion().measure(view(pts=[0, 125], ref_pts=[NAN, 0], speed=[NAN, 0.0]))["score"] == 0.0


def test_a_model_that_could_not_be_fitted_leaves_its_columns_null() -> None:
    clip = view(pts=[0, 125], ref_pts=[NAN, 0], speed=[NAN, 2.0], roll=[NAN, NAN])
    score = Motion().measure(clip)
    assert score["roll"] is None
    assert score["score"] == 2.0


def test_a_clip_of_one_frame_says_why_it_has_no_score() -> None:
    with pytest.raises(ValueError, match="one frame has no motion"):
        Motion().measure(view(pts=[0], ref_pts=[NAN], speed=[NAN]))


@pytest.mark.parametrize("reference", [-100, NAN])
def test_a_clip_between_two_grid_points_says_why_it_has_no_score(reference: float) -> None:
    with pytest.raises(ValueError, match=r"2 frames and 0\.100 s"):
        Motion().measure(view(pts=[0, 40], ref_pts=[reference, NAN], speed=[5.0, NAN]))


def test_columns_are_as_promised_and_bounds_name_some_of_them() -> None:
    score = Motion().measure(view(pts=[0, 125], ref_pts=[NAN, 0], speed=[NAN, 2.0]))
    assert set(score) == {"score", *Motion.COLUMNS}
    assert {name: type(score[name]) for name in Motion.COLUMNS} == Motion.COLUMNS
    assert Motion().bounds(20)["score"][0] == 0
    assert "pan_x" not in Motion().bounds(20)
