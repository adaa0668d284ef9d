"""Bars of known place, colour and noise; and pictures that have none."""

import cv2
import numpy as np
import pytest

from curate.signals.borders import Side, common, find, inner, level, refine, turned

RANDOM = np.random.default_rng(3)


def scene(width: int, height: int, low: int = 30, high: int = 225) -> np.ndarray:
    """A textured grey picture with light and shade up to its sides."""
    texture = sum(
        cv2.GaussianBlur(RANDOM.standard_normal((height, width)).astype(np.float32), (0, 0), scale) * scale
        for scale in (2, 8, 24)
    )
    return cv2.normalize(texture, None, low, high, cv2.NORM_MINMAX).astype(np.uint8)


def barred(picture: np.ndarray, bars: tuple[int, int, int, int], colour: int = 16, noise: float = 0):
    """`picture` with its outermost (left, top, right, bottom) lines covered."""
    left, top, right, bottom = bars
    height, width = picture.shape
    whole = np.full((height, width), float(colour))
    if noise:
        whole += RANDOM.normal(0, noise, whole.shape)
    whole[top : height - bottom, left : width - right] = picture[top : height - bottom, left : width - right]
    return np.clip(np.rint(whole), 0, 255).astype(np.uint8)


def small_of(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape
    size = (min(256, width), max(1, round(min(256, width) * height / width)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def lines(picture: np.ndarray) -> list[float | None]:
    """Bars in pixels of `picture`: left, top, right, bottom."""
    small = small_of(picture)
    shares = refine(picture, find(small), small.shape)
    sides = (picture.shape[1], picture.shape[0]) * 2
    return [None if share is None else share * side for share, side in zip(shares, sides, strict=True)]


@pytest.mark.parametrize("size", [(160, 90), (640, 360), (1280, 720), (720, 1280)])
@pytest.mark.parametrize(
    "shares", [(0, 0.13, 0, 0.13), (0.125, 0, 0.125, 0), (0.1, 0.06, 0.2, 0.17), (0, 0, 0, 0)]
)
def test_bars_are_found_to_the_pixel(size: tuple[int, int], shares: tuple[float, ...]) -> None:
    bars = tuple(round(share * size[at % 2]) for at, share in enumerate(shares))
    assert lines(barred(scene(*size), bars)) == pytest.approx(bars, abs=1.01)


@pytest.mark.parametrize(("colour", "noise"), [(0, 0), (16, 1), (20, 3), (120, 1), (235, 2)])
def test_bars_of_any_flat_colour_and_with_noise(colour: int, noise: float) -> None:
    picture = barred(scene(640, 480), (0, 60, 0, 61), colour, noise)
    assert lines(picture) == pytest.approx([0, 60, 0, 61], abs=1.01)
    assert level(find(small_of(picture))) == pytest.approx(colour, abs=2)


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8])
def test_bars_of_a_few_pixels_are_found_though_the_small_picture_does_not_show_them(width: int) -> None:
    picture = barred(scene(1920, 1080), (width, 0, width, 0))
    assert lines(picture) == pytest.approx([width, 0, width, 0])


def test_a_logo_and_a_subtitle_in_a_bar_do_not_hide_it() -> None:
    picture = barred(scene(640, 480), (0, 70, 0, 70))
    picture[20:50, 560:620] = 200
    cv2.putText(picture, "and what they say", (180, 450), cv2.FONT_HERSHEY_SIMPLEX, 1, 230, 2)
    assert lines(picture) == pytest.approx([0, 70, 0, 70], abs=1)


def test_ringing_at_the_edge_is_bar() -> None:
    picture = barred(scene(640, 480, 120, 225), (0, 60, 0, 60)).astype(float)
    picture[54:60] += np.array([2, 4, 6, 9, 12, 16])[:, None] * np.sin(np.arange(640))
    assert lines(np.clip(picture, 0, 255).astype(np.uint8)) == pytest.approx([0, 60, 0, 60])


def test_what_is_dark_says_nothing_and_is_no_bar() -> None:
    assert [side.lines for side in find(np.full((144, 256), 3, np.uint8))] == [None] * 4
    # A lit face before a dark room: nothing ends the dark on a straight line.
    room = np.full((360, 640), 18, np.uint8)
    cv2.ellipse(room, (320, 200), (90, 130), 0, 0, 360, 170, -1)
    assert lines(room) == [None] * 4


def test_sides_filled_with_a_blurred_copy_are_no_bars() -> None:
    picture = scene(640, 360)
    filled = cv2.GaussianBlur(picture, (0, 0), 15)
    filled[:, 160:480] = picture[:, 160:480]
    assert lines(filled)[0] == 0
    assert lines(filled)[2] == 0


def test_a_white_sky_over_a_straight_horizon_is_no_bar_and_neither_is_a_headline() -> None:
    picture = scene(640, 360, 20, 200)
    picture[:120] = 250
    assert lines(picture) == [0, 0, 0, 0]
    picture[-60:] = 40  # another colour below: no pair
    assert lines(picture)[1] == 0


def test_a_black_bar_may_stand_alone_where_its_line_is_plain() -> None:
    assert lines(barred(scene(640, 360), (0, 0, 0, 40))) == pytest.approx([0, 0, 0, 40])
    # Half of the line is dark: a cupboard in a dark room, perhaps.
    picture = barred(scene(640, 360), (0, 0, 0, 40))
    picture[:, :250] = 16
    assert lines(picture)[3] is None


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_shares_are_of_the_shown_picture_however_it_was_coded(rotation: int) -> None:
    shown = barred(scene(480, 360), (24, 0, 48, 36))
    code = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
    coded = cv2.rotate(shown, code[rotation]) if rotation else shown
    small = small_of(shown)
    shares = refine(np.ascontiguousarray(coded), find(small), small.shape, rotation)
    assert shares == pytest.approx((0.05, 0, 0.1, 0.1))
    cut = inner(np.ascontiguousarray(coded), turned(shares, -rotation))
    # One line beside each bar goes with it.
    within = shown[: 360 - 37, 25 : 480 - 49]
    assert np.array_equal(cut, cv2.rotate(within, code[rotation]) if rotation else within)


def test_two_pictures_have_in_common_what_both_show() -> None:
    letterbox = [Side(0.0), Side(12.0), Side(0.0), Side(12.2)]
    dark = [Side(None)] * 4
    full = [Side(0.0)] * 4
    assert common(letterbox, letterbox, (144, 256)) == (0, 12, 256, 131)
    assert common(dark, letterbox, (144, 256)) == (0, 12, 256, 131)
    assert common(letterbox, full, (144, 256)) == (0, 0, 256, 144)
    assert common(dark, dark, (144, 256)) == (0, 0, 256, 144)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 2), (3, 300), (16, 16)])
def test_tiny_pictures_are_looked_at(height: int, width: int) -> None:
    picture = np.zeros((height, width), np.uint8)
    assert all(not side.lines for side in find(picture))
    assert all(not share for share in refine(picture, find(picture), picture.shape))
