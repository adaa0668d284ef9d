"""From rendered frames through the signal groups to filters and caption: moves of known speed, light of known
level."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from captioners.measured import Measured
from curate.plugins import ClipView
from curate.signals import GROUPS
from curate.signals.view import FrameView
from filters.exposure import Exposure
from filters.motion import Motion

Picture = npt.NDArray[np.uint8]
BASE = Fraction(1, 600)
"""Seconds per tick: whole ticks per frame at 12, 24, 25 and 30 frames per second."""


def canvas(width: int, height: int) -> Picture:
    """A coloured texture, twice the size of the picture that looks at its middle; features grow with the
    picture."""
    coarse = np.random.default_rng(7).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    wide: Picture = cv2.resize(coarse, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)
    return wide


def filmed(
    move: Callable[[float], tuple[float, float, float, float]],
    size: tuple[int, int],
    fps: int,
    seconds: float = 2.0,
) -> Iterable[tuple[int, Picture]]:
    """Frames of a camera over the canvas. `move(t)`: shift of the content right and down (of the picture's
    width and height), its growth (factor) and its clockwise turn (degrees) at t seconds."""
    width, height = size
    wide = canvas(width, height)
    for index in range(round(seconds * fps)):
        right, down, growth, turn = move(index / fps)
        # cv2 turns anticlockwise for positive angles.
        matrix = cv2.getRotationMatrix2D((width, height), -turn, growth)
        matrix[:, 2] += (right * width - width / 2, down * height - height / 2)
        yield index * 600 // fps, cv2.warpAffine(wide, matrix, (width, height), flags=cv2.INTER_LINEAR)


def plain(levels: Iterable[int]) -> Iterable[tuple[int, Picture]]:
    """Frames of one grey level each, at 25 frames per second."""
    for index, level in enumerate(levels):
        yield index * 24, np.full((144, 256, 3), level, np.uint8)


def view(frames: Iterable[tuple[int, Picture]], start: int = 0) -> ClipView:
    """The clip of the frames from index `start` on, with signals as a scan stores and reads them."""
    groups = {name: group for name, group in GROUPS.items() if group.start is not None}
    measures = {name: group.start(BASE) for name, group in groups.items()}
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in groups}
    pts: list[int] = []
    before: FrameView | None = None
    for at, picture in frames:
        # Only sharpness looks at the native picture, and nothing is asked of it here.
        small = cv2.resize(
            picture, (256, round(256 * picture.shape[0] / picture.shape[1])), interpolation=cv2.INTER_AREA
        )
        frame = FrameView(at, small, lambda small=small: cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), before)
        for name, measure in measures.items():
            rows[name].append(tuple(measure.update(frame)))
        before = frame
        pts.append(at)
    signals: dict[str, dict[str, Any]] = {}
    for name, group in groups.items():
        columns = zip(group.schema, zip(*rows[name][start:], strict=True), strict=True)
        signals[name] = {
            field.name: pa.array(values, field.type).to_numpy(zero_copy_only=False)
            for field, values in columns
        }
        signals[name]["pts"] = np.array(pts[start:])
    end = 2 * pts[-1] - pts[-2]
    clip = {
        "start_pts": pts[start],
        "start_seconds": float(pts[start] * BASE),
        "end_seconds": float(end * BASE),
        "time_base": "1/600",
        "frames": len(pts) - start,
    }
    return ClipView(clip, {"width": 1280, "height": 720}, signals)


def pan(right: float = 0.0, down: float = 0.0) -> Callable[[float], tuple[float, float, float, float]]:
    return lambda t: (right * t, down * t, 1.0, 0.0)


@pytest.mark.parametrize(("size", "fps"), [((256, 144), 25), ((256, 144), 12), ((1024, 576), 30)])
def test_a_pan_has_the_same_speed_at_any_size_and_rate(size: tuple[int, int], fps: int) -> None:
    score = Motion().measure(view(filmed(pan(right=-0.1), size, fps)))
    # A tenth of the width per second, in percent of the diagonal of 16:9.
    assert score["score"] == pytest.approx(10 * 16 / np.hypot(16, 9), rel=0.1)
    assert score["pan_x"] == pytest.approx(-10, rel=0.1)
    assert score["pan_y"] == pytest.approx(0, abs=0.3)
    assert score["residual"] == pytest.approx(0, abs=1.0)


def test_a_picture_that_stands_scores_zero() -> None:
    assert Motion().measure(view(filmed(pan(), (256, 144), 25)))["score"] == 0.0


def test_a_cut_before_the_clip_adds_no_motion() -> None:
    still = list(filmed(pan(), (256, 144), 25))
    other = [(at, 255 - picture[::-1]) for at, picture in still[:13]]
    joined = other + [(at, picture) for at, picture in still[13:]]
    assert Motion().measure(view(joined, start=13))["peak"] == 0.0


@pytest.mark.parametrize(
    ("move", "clause", "text"),
    [
        (pan(right=-0.1), "pan", "pans to the right"),
        (pan(right=0.1), "pan", "pans to the left"),
        (pan(right=-0.25), "pan", "pans quickly to the right"),
        (pan(down=0.1), "tilt", "tilts up"),
        (pan(down=-0.1), "tilt", "tilts down"),
        (lambda t: (0.0, 0.0, 1.15**t, 0.0), "zoom", "closes in"),
        (lambda t: (0.0, 0.0, 1.6 * 0.85**t, 0.0), "zoom", "widens"),
        (lambda t: (0.0, 0.0, 1.3, 8 * t), "roll", "rolls anticlockwise"),
        (lambda t: (0.0, 0.0, 1.3, -8 * t), "roll", "rolls clockwise"),
        (pan(), "steadiness", "holds still"),
        (lambda t: (0.02 * np.sin(9 * t), 0.0, 1.0, 0.0), "steadiness", "moves to and fro"),
    ],
)
def test_the_caption_names_the_move_and_no_other(move: Any, clause: str, text: str) -> None:
    fields = Measured().caption(view(filmed(move, (256, 144), 25))).fields
    assert {
        name: fields[name]["text"] for name in ("pan", "tilt", "zoom", "roll", "steadiness") if name in fields
    } == {clause: text}


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([0] * 10 + [120] * 10, {"score": 1.0, "black": 0.5, "white": 0.0, "flat": 1.0}),
        ([255] * 15 + [8] * 5, {"score": 1.0, "black": 0.25, "white": 0.75, "flat": 1.0}),
    ],
)
def test_plain_frames_are_black_blown_out_or_flat(levels: list[int], expected: dict[str, float]) -> None:
    assert Exposure().measure(view(plain(levels))) == pytest.approx(expected)


def test_a_picture_with_light_and_shade_is_well_exposed() -> None:
    assert Exposure().measure(view(filmed(pan(), (256, 144), 25, 0.4)))["score"] == 0.0


def test_a_grey_fade_is_captioned_as_such() -> None:
    fields = Measured().caption(view(plain(range(0, 250, 5)))).fields
    assert fields["light"]["text"] == "grows brighter"
    assert fields["colour"]["text"] == "black and white"
    assert fields["contrast"]["text"] == "low in contrast"
    assert fields["changes"]["value"] == 0
