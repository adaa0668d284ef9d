"""Shares of frames that show nothing, from picture rows made by hand."""

from typing import Any

import numpy as np
import pytest

from curate.plugins import ClipView, SignalFilter, build, load
from filters.exposure import Exposure


def view(*frames: tuple[float, float, float]) -> ClipView:
    """A clip of frames (share of black pixels, share of white pixels, contrast)."""
    black, white, contrast = np.array(frames, np.float64).T
    pts = np.arange(len(frames))
    return ClipView({}, {}, {"picture": {"pts": pts, "black": black, "white": white, "contrast": contrast}})


GOOD, BLACK, WHITE, GREY = (0.1, 0.1, 50.0), (1.0, 0.0, 6.0), (0.0, 0.6, 40.0), (0.0, 0.0, 1.0)


def test_is_found_by_its_file_name() -> None:
    assert load("filters", "exposure", SignalFilter) is Exposure


@pytest.mark.parametrize(
    ("bad", "column"), [(BLACK, "black"), (WHITE, "white"), (GREY, "flat")], ids=["black", "white", "flat"]
)
def test_each_kind_is_counted_in_its_column_and_in_the_score(
    bad: tuple[float, float, float], column: str
) -> None:
    score = Exposure().measure(view(GOOD, GOOD, GOOD, bad))
    assert score == {"score": 0.25, "black": 0.0, "white": 0.0, "flat": 0.0, column: 0.25}


def test_a_frame_that_is_black_and_flat_counts_once() -> None:
    score = Exposure().measure(view(GOOD, (1.0, 0.0, 0.0)))
    assert score == {"score": 0.5, "black": 0.5, "white": 0.0, "flat": 0.5}


def test_a_good_clip_scores_zero() -> None:
    assert Exposure().measure(view(GOOD, GOOD))["score"] == 0.0


@pytest.mark.parametrize(
    ("options", "frame", "column"),
    [
        ({"black_share": 0.7}, (0.7, 0.0, 50.0), "black"),
        ({"white_share": 0.2}, (0.0, 0.2, 50.0), "white"),
        ({"flat_contrast": 10.0}, (0.0, 0.0, 10.0), "flat"),
    ],
)
def test_options_move_the_line(
    options: dict[str, float], frame: tuple[float, float, float], column: str
) -> None:
    assert Exposure().measure(view(frame))[column] == 0.0
    assert Exposure(**options).measure(view(frame))[column] == 1.0


def test_frames_without_signals_are_not_counted_as_good() -> None:
    nothing = (np.nan, np.nan, np.nan)
    assert Exposure().measure(view(nothing, BLACK))["score"] == 1.0
    with pytest.raises(ValueError, match="scan its video again"):
        Exposure().measure(view(nothing))


@pytest.mark.parametrize("options", [{"black_share": 0}, {"white_share": 1.5}, {"flat_contrast": -1}])
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        build("filters", "exposure", options, SignalFilter)


def test_options_are_documented_and_enter_the_cache_key() -> None:
    assert all(field.description for field in Exposure.model_fields.values())
    groups = {"picture": "p", "videos": "v"}
    assert Exposure().key(groups) != Exposure(white_share=0.6).key(groups)


def test_bounds_are_those_of_a_share() -> None:
    assert Exposure().bounds(20) == dict.fromkeys(("score", "black", "white", "flat"), (0, 1))
