"""The picture group on pictures whose light, colour and sharpness are known."""

import zlib
from fractions import Fraction

import cv2
import numpy as np
import pytest

from curate.signals.picture import SCHEMA, PictureLook, compare, flat_share, sharpness
from curate.signals.view import FrameView

BASE = Fraction(1, 24)


def rows(pictures: list[np.ndarray], base: Fraction = BASE) -> list[dict[str, float]]:
    """Rows of BGR pictures at pts 0, 1, 2 …"""
    look, view, made = PictureLook(base), None, []
    for pts, picture in enumerate(pictures):
        view = FrameView(pts, picture, lambda: picture[..., 1], view)  # noqa: B023
        made.append(dict(zip(SCHEMA.names, look.update(view), strict=True)))
    return made


def solid(blue: int, green: int, red: int) -> np.ndarray:
    return np.full((144, 256, 3), (blue, green, red), np.uint8)


def test_solid_pictures() -> None:
    for level, black, white in [
        (0, 1, 0),
        (16, 1, 0),
        (17, 0, 0),
        (128, 0, 0),
        (234, 0, 0),
        (235, 0, 1),
        (255, 0, 1),
    ]:
        (row,) = rows([solid(level, level, level)])
        assert row["luma"] == level
        assert (row["contrast"], row["flat"], row["saturation"]) == (0, 1, 0)
        assert (row["black"], row["white"]) == (black, white)
        assert row["sharpness"] == 0
    (red,) = rows([solid(0, 0, 255)])
    assert red["saturation"] == 255
    assert red["luma"] == 76  # 0.299 * 255


def test_shares_and_contrast_of_halves() -> None:
    picture = solid(0, 0, 0)
    picture[:36] = 255
    (row,) = rows([picture])
    assert (row["black"], row["white"]) == (0.75, 0.25)
    assert row["luma"] == pytest.approx(63.75)
    assert row["contrast"] == pytest.approx(float(picture.std()))


def test_flat_share_counts_pixels_like_their_neighbour() -> None:
    plane = np.zeros((10, 21), np.uint8)
    plane[:, 11:] = np.arange(10) * 20 + 20  # ten flat steps, then ten of 20 levels
    assert flat_share(plane) == 0.5
    assert flat_share(np.tile(np.arange(50, dtype=np.uint8), (4, 1))) == 1  # a ramp of single levels
    assert flat_share(np.zeros((3, 1), np.uint8)) == 1


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    plane = np.random.default_rng(0).integers(0, 255, (300, 400), np.uint8)
    assert sharpness(plane) == pytest.approx(float(cv2.Laplacian(plane, cv2.CV_64F).var()), rel=1e-9)
    assert sharpness(cv2.GaussianBlur(plane, (0, 0), 2)) < 0.01 * sharpness(plane)


def test_sharpness_stands_on_two_frames_a_second_and_eight_after_a_spike() -> None:
    calm = rows([solid(90, 90, 90)] * 48)
    assert [i for i, row in enumerate(calm) if row["sharpness"] is not None] == [0, 12, 24, 36]
    cut = rows([solid(90, 90, 90)] * 14 + [solid(200, 90, 20)] * 34)
    assert [i for i, row in enumerate(cut) if row["sharpness"] is not None] == [0, 12, 15, 18, 21, 24, 36]


def test_repeats_bear_coding_noise_but_no_small_movement() -> None:
    random = np.random.default_rng(0)
    scene = cv2.GaussianBlur(random.integers(0, 255, (144, 256, 3), np.uint8), (0, 0), 3)
    scene = cv2.normalize(scene, None, 20, 235, cv2.NORM_MINMAX)
    noise = scene.copy()
    noise[::3, ::3] += 1
    moved = scene.copy()
    moved[60:68, 100:108] = scene[60:68, 104:112]
    panned = np.roll(scene, 1, axis=1)
    assert [row["repeated"] for row in rows([scene, scene, noise, scene, moved, panned])] == [
        False, True, True, True, False, False,
    ]  # fmt: skip
    assert compare(np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.uint8)) == (True, 0.0, 0.0)


def test_fingerprint_is_the_crc_of_the_small_picture() -> None:
    scene = np.random.default_rng(0).integers(0, 255, (144, 256, 3), np.uint8)
    other = scene.copy()
    other[0, 0, 0] ^= 1
    first, second, third = rows([scene, other, scene])
    assert first["fingerprint"] == zlib.crc32(scene.tobytes()) == third["fingerprint"]
    assert first["fingerprint"] != second["fingerprint"]
