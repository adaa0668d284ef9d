"""Bars change the filter `borders` and no other score; a pan is a pan at any size and rate, with bars or
without."""

from pathlib import Path

import av
import numpy as np
import pytest

from captioners.measured import Measured
from curate.plugins import ClipView
from filters.borders import Borders
from filters.exposure import Exposure
from filters.frozen import Frozen
from filters.motion import Motion
from filters.sharpness import Sharpness
from tests.filters.footage import Picture, scanned, textured, with_bars, write_pictures

Bars = tuple[int, int, int, int]
TOLERANCES = {
    "motion": (0.05, 0.15),
    "motion.pan_x": (0.05, 0.2),
    "motion.pan_y": (0.05, 0.2),
    "motion.zoom": (0.1, 0.01),
    "motion.roll": (0.1, 0.1),
    "motion.residual": (0.1, 0.15),
    "motion.peak": (0.1, 0.3),
    "sharpness": (0.05, 1.7),
    "sharpness.lowest": (0.05, 1.7),
    "sharpness.detail": (0.05, 0),
}
"""(relative, absolute), the docstrings' figures; 1.7 is the variance that rounding to 8 bits makes. The
others are shares: 0.02."""


def scores(clip: ClipView) -> dict[str, float]:
    found = {}
    for filter_ in (Motion(), Exposure(), Sharpness(), Frozen()):
        name = type(filter_).__name__.lower()
        for column, value in filter_.measure(clip).items():
            found[name if column == "score" else f"{name}.{column}"] = value
    return found


def same(barred: dict[str, float], alone: dict[str, float]) -> None:
    for name, value in alone.items():
        relative, absolute = TOLERANCES.get(name, (0, 0.02))
        if value is not None:
            assert barred[name] == pytest.approx(value, rel=relative, abs=absolute), name


def pan(size: tuple[int, int], fps: float, seconds: float = 1.25, share: float = 0.1) -> list[Picture]:
    """A pan of `share` of the width per second to the left."""
    return [textured(k, size, step=share * size[0] / fps) for k in range(round(seconds * fps))]


@pytest.mark.parametrize(
    ("size", "fps", "bars"),
    [
        ((160, 90), 24, (0, 0, 0, 0)),
        ((160, 90), 12, (20, 0, 20, 0)),
        ((320, 180), 8, (0, 24, 0, 24)),
        ((320, 180), 60, (60, 0, 60, 0)),
        ((640, 360), 25, (40, 30, 80, 60)),
        ((1280, 720), 30, (0, 120, 0, 120)),
        ((180, 320), 30, (40, 0, 40, 0)),
    ],
)
def test_a_pan_is_a_pan_at_any_size_and_rate(
    tmp_path: Path, size: tuple[int, int], fps: int, bars: Bars
) -> None:
    pictures = [with_bars(picture, bars) for picture in pan(size, fps)]
    clip = scanned(write_pictures(tmp_path / "pan.mp4", pictures, fps=fps))
    motion = Motion().measure(clip)
    assert motion["pan_x"] == pytest.approx(-10, rel=0.05)
    assert motion["pan_y"] == pytest.approx(0, abs=0.2)
    assert motion["score"] == pytest.approx(10 * size[0] / np.hypot(*size), rel=0.05)
    assert motion["residual"] < 0.5
    box = Borders().measure(clip)
    whole = size[0] + bars[0] + bars[2], size[1] + bars[1] + bars[3]
    assert (box["x"], box["y"], box["width"], box["height"]) == (bars[0], bars[1], *size)
    assert box["score"] == pytest.approx(1 - size[0] * size[1] / (whole[0] * whole[1]), abs=1e-6)
    said = Measured().caption(clip).fields["pan"]
    assert said["text"] == "pans to the right"


def test_a_pan_of_uneven_frames_and_one_that_was_turned(tmp_path: Path) -> None:
    times = [0, 10, 50, 60, 120, 200, 210, 300, 340, 410, 500, 520, 600, 690, 700, 800, 850, 930, 1000, 1100]
    uneven = [
        with_bars(textured(0, (320, 180), step=0.032 * time).copy(), (0, 30, 0, 30)) if time == 0
        else with_bars(textured(1, (320, 180), step=0.032 * time), (0, 30, 0, 30))
        for time in times
    ]  # fmt: skip
    motion = Motion().measure(scanned(write_pictures(tmp_path / "a.mp4", uneven, milliseconds=times)))
    assert motion["pan_x"] == pytest.approx(-10, rel=0.07)
    turned = [with_bars(picture, (40, 0, 40, 0)) for picture in pan((320, 180), 25)]
    clip = scanned(write_pictures(tmp_path / "b.mp4", turned, rotation=90))
    motion, box = Motion().measure(clip), Borders().measure(clip)
    assert motion["pan_y"] == pytest.approx(-10, rel=0.05)
    assert abs(motion["pan_x"]) < 0.2
    assert (box["kind"], box["y"], box["width"], box["height"]) == ("letterbox", 40, 180, 320)


@pytest.mark.parametrize(
    ("bars", "level"),
    [
        ((0, 36, 0, 36), 16),
        ((54, 0, 54, 0), 16),
        ((32, 18, 64, 30), 20),
        ((40, 0, 40, 0), 235),
        ((2, 4, 0, 6), 16),
    ],
)
def test_bars_change_no_other_score(tmp_path: Path, bars: Bars, level: int) -> None:
    pictures = pan((320, 180), 24, 1.0, share=0.15)
    pictures += [pictures[-1]] * 12
    alone = scores(scanned(write_pictures(tmp_path / "alone.mp4", pictures, crf=10)))
    assert alone["motion"] > 5
    assert alone["frozen"] == pytest.approx(13 / 36, abs=0.03)
    barred = [with_bars(picture, bars, level) for picture in pictures]
    same(scores(scanned(write_pictures(tmp_path / "barred.mp4", barred, crf=10))), alone)


@pytest.mark.parametrize(("bars", "level"), [((0, 36, 0, 36), 16), ((54, 0, 54, 0), 235)])
def test_bars_change_nothing_of_light(tmp_path: Path, bars: Bars, level: int) -> None:
    light = pan((320, 180), 24, 1.0)
    burnt = [np.clip(picture.astype(float) + 105, 16, 235) for picture in light[:12]]
    fading = [16 + (picture.astype(float) - 16) * (1 - k / 10) for k, picture in enumerate(light[:11])]
    pictures = [*light, *burnt, *fading, *[fading[-1]] * 13]
    alone = Exposure().measure(scanned(write_pictures(tmp_path / "alone.mp4", pictures, crf=10)))
    assert alone["black"] == pytest.approx(14 / 60, abs=0.02)
    assert alone["white"] == pytest.approx(12 / 60, abs=0.02)
    barred = [with_bars(picture, bars, level) for picture in pictures]
    found = Exposure().measure(scanned(write_pictures(tmp_path / "barred.mp4", barred, crf=10)))
    # A frame of sixty may lie on a threshold; two at the end of a fade beside bars that are white.
    assert found == pytest.approx(alone, abs=0.017 if level == 16 else 0.034)


@pytest.mark.real
@pytest.mark.parametrize("name", ["aa__yoga.mp4", "ft__hiker.mp4"])
def test_bars_around_real_footage_change_no_other_score(tmp_path: Path, real_videos: Path, name: str) -> None:
    with av.open(str(real_videos / name)) as container:
        rate = round(container.streams.video[0].average_rate or 25)
        pictures = [
            frame.reformat(width=320, height=180, format="yuv420p").to_ndarray()[:180]
            for frame, _ in zip(container.decode(video=0), range(60), strict=False)
        ]
    alone = scores(scanned(write_pictures(tmp_path / "alone.mp4", pictures, fps=rate, crf=8)))
    for bars in ((0, 30, 0, 30), (54, 0, 54, 0)):
        around = [with_bars(picture, bars) for picture in pictures]
        clip = scanned(write_pictures(tmp_path / "barred.mp4", around, fps=rate, crf=8))
        same(scores(clip), alone)
        box = Borders().measure(clip)
        assert (box["x"], box["y"], box["width"], box["height"]) == (bars[0], bars[1], 320, 180)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("mpy__chaplin.mp4", (73, 0, 495, 360)),
        ("mma__test1.mp4", (0, 56, 640, 364)),
        ("tc__nasa_13013.mp4", (0, 0, 320, 180)),
    ],
)
def test_boxes_of_real_footage(real_videos: Path, name: str, box: tuple[int, ...]) -> None:
    found = Borders().measure(scanned(real_videos / name, ["picture"]))
    assert [found[side] for side in ("x", "y", "width", "height")] == pytest.approx(box, abs=1)
