"""A clip's inner box from its rows, and signals told of what lies inside, against measuring that alone."""

import math
from fractions import Fraction

import cv2
import numpy as np
import pytest

from curate.picture_rows import Box, flow_inside, inner_box, picture_inside, signals_inside
from curate.signals.picture import SCHEMA, PictureLook
from curate.signals.view import FrameView
from tests.signals.test_borders import barred, scene

NAN = np.nan


def said(**sides: list[float]) -> dict[str, np.ndarray]:
    """Border columns of a few frames; what is not given is 0 throughout."""
    count = len(next(iter(sides.values())))
    columns = {
        f"border_{side}": np.array(sides.get(side, [0.0] * count))
        for side in ("left", "top", "right", "bottom")
    }
    return {**columns, "border_luma": np.array(sides.get("luma", [NAN] * count))}


def test_a_bar_is_where_the_frames_that_can_tell_agree_on_it() -> None:
    box = inner_box(said(top=[0.125, NAN, 0.125, 0.126, NAN], bottom=[0.1] * 5, luma=[2, NAN, 3, 2, NAN]))
    assert box == Box(top=0.125, bottom=0.1, luma=2)
    assert (box.width, box.height) == (1, 0.775)
    assert box.bars == pytest.approx(0.225)


def test_what_comes_and_goes_is_no_bar() -> None:
    assert inner_box(said(left=[0.1] * 8 + [0.0] * 2)).left == 0
    assert inner_box(said(left=[0.05, 0.08, 0.11, 0.14, 0.17])).left == 0
    assert inner_box(said(left=[NAN] * 4)).left == 0
    # But for the last frame of the shot before.
    assert inner_box(said(left=[0.0] + [0.1] * 11)).left == pytest.approx(0.1)


def test_columns_that_a_clip_lacks_are_no_bars() -> None:
    assert inner_box({}) == Box()
    signals = {"picture": {"luma": np.array([9.0])}}
    assert signals_inside(signals, {}) == signals


def test_pixels_are_rounded_inwards() -> None:
    assert Box(top=60 / 480, bottom=np.float32(61 / 480)).pixels(640, 480) == (0, 60, 640, 359)
    assert Box(left=0.1004).pixels(640, 480) == (65, 0, 575, 480)
    assert Box().pixels(641, 481) == (0, 0, 641, 481)


def row_of(picture: np.ndarray) -> dict[str, np.ndarray]:
    small = cv2.merge([picture] * 3)
    row = PictureLook(Fraction(1, 25)).update(FrameView(0, small, lambda: picture))
    return {name: np.array([value], np.float64) for name, value in zip(SCHEMA.names, row, strict=True)}


@pytest.mark.parametrize("colour", [0, 235])
def test_light_inside_the_bars_is_that_of_the_picture_alone(colour: int) -> None:
    for low, high in ((0, 255), (0, 30), (5, 12), (180, 255)):
        picture = scene(256, 144, low, high)
        alone = row_of(picture[20:124])
        whole = row_of(barred(picture, (0, 20, 0, 20), colour))
        inside = picture_inside(whole, Box(top=20 / 144, bottom=20 / 144, luma=colour))
        for name, tolerance in {"luma": 0.01, "contrast": 0.02, "black": 1e-6, "white": 1e-6}.items():
            assert inside[name] == pytest.approx(alone[name], abs=tolerance), (name, low)
        assert inside["flat"] == pytest.approx(alone["flat"], abs=0.01)
        assert inside["sharpness"] == pytest.approx(alone["sharpness"], rel=0.05)


def test_sharpness_goes_from_a_frames_own_bars_to_those_of_the_clip() -> None:
    # One frame took a dark floor for a bar as well: what it left out has no detail.
    columns = {**said(top=[0.1, 0.1], bottom=[0.1, 0.5]), "sharpness": np.array([100.0, 200.0])}
    others = ("luma", "contrast", "black", "white", "flat", "saturation", "changed", "difference")
    light = dict.fromkeys(others, np.full(2, 0.4))
    inside = picture_inside({**columns, **light}, Box(top=0.1, bottom=0.1))
    assert inside["sharpness"] == pytest.approx([100, 100])
    assert inside["changed"] == pytest.approx([0.5, 0.5])
    assert inside["difference"] == pytest.approx([0.5, 0.5])


def test_motion_inside_the_bars_is_told_of_that_picture() -> None:
    # 100 x 50 pixels of 100 x 100, in its upper part: left 0, top 0.1, bottom 0.4.
    box = Box(top=0.1, bottom=0.4)
    flow = {
        "pts": np.array([7]),
        "speed": np.array([3.0]), "residual": np.array([1.0]),
        "pan_x": np.array([4.0]), "pan_y": np.array([2.0]),
        "zoom": np.array([0.1]), "roll": np.array([0.0]),
    }  # fmt: skip
    inside = flow_inside(flow, box, 100, 100)
    # Twice the speed where half of the area stands still, in percent of a shorter diagonal.
    ratio = 2 * math.hypot(100, 100) / math.hypot(100, 50)
    assert inside["speed"] == pytest.approx(3 * ratio)
    assert inside["residual"] == pytest.approx(ratio)
    assert inside["pan_x"] == pytest.approx(4.0)
    # 2 pixels a second around the whole's middle; 15 above it the growth of 0.1 takes 1.5 of them.
    assert inside["pan_y"] == pytest.approx(100 * (2 - 1.5) / 50)
    assert inside["zoom"] == flow["zoom"]
    turned = flow_inside({**flow, "zoom": np.array([0.0]), "roll": np.degrees([0.1])}, box, 100, 100)
    assert turned["pan_x"] == pytest.approx(100 * (4 + 1.5) / 100)
    assert turned["pan_y"] == pytest.approx(4.0)
