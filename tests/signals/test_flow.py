"""Flow and the camera model against moves of known speed."""

import math
from fractions import Fraction

import cv2
import numpy as np
import pytest

from curate.signals.flow import SCHEMA, Flow, holds_cut
from curate.signals.view import FrameView

COLUMNS = SCHEMA.names


def world() -> np.ndarray:
    """A large texture with detail at every scale, grey levels 20 to 235."""
    random = np.random.default_rng(1)
    height, width = 900, 1600
    texture = sum(
        cv2.GaussianBlur(random.standard_normal((height, width)).astype(np.float32), (0, 0), scale) * scale
        for scale in (4, 12, 32, 80)
    )
    return cv2.normalize(texture, None, 20, 235, cv2.NORM_MINMAX)


WORLD = world()


def look(
    width: int, height: int, x: float = 0, y: float = 0, scale: float = 1, degrees: float = 0
) -> np.ndarray:
    """The world's middle, 640 units wide; its content moved by (x, y) units, grew and turned clockwise."""
    matrix = cv2.getRotationMatrix2D((800, 450), -degrees, scale)
    matrix[:, 2] += (x - 800 + 320, y - 450 + 180)
    matrix *= width / 640
    picture = cv2.warpAffine(WORLD, matrix, (width, height), flags=cv2.INTER_AREA)
    return picture


def measured(pictures: list[np.ndarray], fps: float = 24) -> list[dict[str, float]]:
    """Rows that hold a motion, of grey pictures shown at `fps`."""
    base = Fraction(1, 90000)
    flow = Flow(base)
    rows, view = [], None
    for index, picture in enumerate(pictures):
        grey = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
        small = cv2.merge([grey] * 3)
        if small.shape[1] > 256:
            height = round(256 * small.shape[0] / small.shape[1])
            small = cv2.resize(small, (256, height), interpolation=cv2.INTER_AREA)
        view = FrameView(round(index * 90000 / fps), small, lambda: grey, view)  # noqa: B023
        row = dict(zip(COLUMNS, flow.update(view), strict=True))
        assert (row["ref_pts"] is None) == (row["speed"] is None)
        if row["speed"] is not None:
            rows.append(row)
    return rows


def mean(rows: list[dict[str, float]], column: str) -> float:
    assert rows
    return float(np.mean([row[column] for row in rows]))


def pan(fps: float, width: int = 640, units: float = 40, seconds: float = 1.5) -> list[dict[str, float]]:
    height = width * 9 // 16
    return measured([look(width, height, x=units * i / fps) for i in range(round(seconds * fps))], fps)


def test_a_pan_has_its_known_speed() -> None:
    rows = pan(24, units=40)  # of 640x360 units: 6.25 % of the width, 5.45 % of the diagonal per second
    assert mean(rows, "speed") == pytest.approx(100 * 40 / math.hypot(640, 360), rel=0.05)
    assert mean(rows, "pan_x") == pytest.approx(6.25, rel=0.05)
    assert abs(mean(rows, "pan_y")) < 0.1
    assert abs(mean(rows, "zoom")) < 0.005
    assert abs(mean(rows, "roll")) < 0.3
    assert mean(rows, "residual") < 0.3


def test_speed_does_not_depend_on_frame_rate_or_resolution() -> None:
    speeds = [mean(pan(fps), "speed") for fps in (6, 12, 24, 29.97, 48)]
    speeds += [mean(pan(24, width), "speed") for width in (160, 320, 1280)]
    assert max(speeds) / min(speeds) < 1.1, speeds


def test_flow_stands_on_an_eight_hertz_grid_or_on_every_slower_frame() -> None:
    assert len(pan(48, seconds=1.0)) == 7
    assert len(pan(24, seconds=1.0)) == 7
    assert len(pan(5, seconds=2.0)) == 9
    assert [row["ref_pts"] for row in pan(24, seconds=0.5)] == [0, 11250, 22500]


def test_rows_do_not_depend_on_what_came_before() -> None:
    pictures = [look(256, 144, x=2 * index + index**1.5) for index in range(30)]
    whole = measured(pictures)
    late = measured([pictures[0]] * 12 + pictures[12:])
    assert whole[-4:] == late[-4:]


def test_zoom_and_roll_are_recovered() -> None:
    zooming = measured([look(256, 144, scale=1.2 ** (index / 24)) for index in range(36)])
    assert mean(zooming, "zoom") == pytest.approx(math.log(1.2), rel=0.08)
    assert mean(zooming, "residual") < 0.25 * mean(zooming, "speed")
    turning = measured([look(256, 144, degrees=10 * index / 24) for index in range(36)])
    assert mean(turning, "roll") == pytest.approx(10, rel=0.08)
    assert abs(mean(turning, "pan_x")) < 0.3
    tilting = measured([look(256, 144, y=-30 * index / 24) for index in range(36)])
    assert mean(tilting, "pan_y") == pytest.approx(-100 * 30 / 360, rel=0.08)


def test_a_moving_thing_is_residual_and_no_camera_move() -> None:
    pictures = []
    for index in range(36):
        picture = look(256, 144).copy()
        left = 20 + 2 * index
        picture[40:100, left : left + 60] = look(256, 144, x=300)[40:100, :60]
        pictures.append(picture)
    rows = measured(pictures)
    assert mean(rows, "speed") > 1
    assert abs(mean(rows, "pan_x")) < 0.5
    assert mean(rows, "residual") > 0.8 * mean(rows, "speed")


def noisy(picture: np.ndarray, sigma: float, seed: int) -> np.ndarray:
    return picture + np.random.default_rng(seed).standard_normal(picture.shape) * sigma


def test_what_stands_still_has_no_speed_whatever_the_noise_and_flicker() -> None:
    still = look(256, 144)
    grey = np.full((144, 256), 128.0)
    assert mean(measured([still] * 24), "speed") == 0
    for sigma in (2, 4, 8):
        assert mean(measured([noisy(still, sigma, seed) for seed in range(24)]), "speed") < 0.1
        assert mean(measured([noisy(grey, sigma, seed) for seed in range(24)]), "speed") < 0.3
    flicker = [still * (1 + 0.1 * math.sin(index)) for index in range(24)]
    assert mean(measured(flicker), "speed") < 0.1


def test_a_slow_pan_in_noise_is_still_seen() -> None:
    rows = measured([noisy(look(256, 144, x=20 * i / 24), 3, i) for i in range(36)])
    assert mean(rows, "speed") == pytest.approx(100 * 20 / math.hypot(640, 360), rel=0.15)


def test_no_flow_across_a_cut_but_in_a_whip_pan() -> None:
    dark = look(256, 144) * 0.3
    rows = measured([dark] * 10 + [dark + 160] * 14)  # the cut lies between the grid's frames 9 and 12
    assert [row["ref_pts"] for row in rows] == [0, 11250, 22500, 45000, 56250, 67500]
    assert holds_cut([2.0, 40.0, 3.0])
    assert holds_cut([60.0])
    assert not holds_cut([40.0, 45.0, 38.0])
    assert not holds_cut([2.0, 20.0, 3.0])


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 200), (8, 8), (50, 50), (455, 256), (256, 4)])
def test_odd_sizes_are_measured(height: int, width: int) -> None:
    picture = np.tile(np.linspace(0, 255, width), (height, 1))
    rows = measured([picture] * 12)
    assert [row["speed"] for row in rows] == [0.0] * len(rows)
    assert len(rows) == 3
