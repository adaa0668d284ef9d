"""Sizes and lengths: what divides, what fits, and never larger than the clip."""

import math
import random

import pytest

from training.geometry import Grid, area_of, cover, fit, fit_size, nearest, stride_of

GRID = Grid()


@pytest.mark.parametrize(
    ("size", "tier", "expected"),
    [
        ((1920, 1080), "256px", (336, 192)),
        ((1080, 1920), "256px", (192, 336)),
        ((512, 512), "256px", (256, 256)),
        ((256, 256), "256px", (256, 256)),
        ((200, 120), "256px", (192, 112)),  # a clip that is smaller keeps its size
        ((1920, 1080), "768px", (1024, 576)),
        ((10, 10), "256px", (16, 16)),  # the smallest there is
        ((64, 64), "64px", (64, 64)),
    ],
)
def test_known_sizes(size: tuple[int, int], tier: str, expected: tuple[int, int]) -> None:
    assert fit_size(*size, area_of(tier), 16) == expected


def test_sizes_divide_fit_and_are_not_enlarged() -> None:
    rng = random.Random(1)
    lost = []
    for _ in range(4000):
        width, height = (int(2 ** rng.uniform(1, 13)) for _ in range(2))
        multiple, side = rng.choice([8, 16, 32]), rng.choice([32, 64, 256, 768])
        w, h = fit_size(width, height, side**2, multiple)
        assert w % multiple == 0
        assert h % multiple == 0
        assert multiple <= min(w, h)
        assert w * h <= side**2
        assert w <= max(width, multiple)
        assert h <= max(height, multiple)
        if min(width, height) >= 4 * multiple and max(width, height) < 3 * min(width, height) and side >= 256:
            shown = cover(width, height, w, h)
            lost.append(1 - w * h / (shown[0] * shown[1]))
            assert lost[-1] < 0.2  # sides of 4 steps and more
            assert w * h > 0.6 * min(side**2, width * height)
    assert sum(lost) / len(lost) < 0.03


def test_lengths_are_4k_plus_1_and_no_longer_than_the_clip() -> None:
    for frames in range(1, 200):
        for cap in (1, 2, 9, 33, None):
            found = fit(64, 64, frames, 24, "256px", GRID, max_frames=cap)
            assert found.frames % 4 == 1
            assert found.frames <= frames
            assert cap is None or found.frames <= cap
            assert min(frames, cap or frames) - found.frames < 4


@pytest.mark.parametrize(
    ("fps", "cap", "stride"),
    [(24, None, 1), (24, 24, 1), (23.976, 24, 1), (30, 29.97, 1), (30, 24, 2), (60, 24, 3), (59.94, 30, 2)],
)
def test_fast_clips_are_thinned(fps: float, cap: float | None, stride: int) -> None:
    assert stride_of(fps, cap) == stride
    found = fit(64, 64, 100, fps, "256px", GRID, max_fps=cap)
    assert (found.stride, found.fps) == (stride, fps / stride)
    assert (found.frames - 1) * stride < 100


def test_tokens() -> None:
    assert GRID.tokens(17, 64, 64) == 80
    assert GRID.latent(33, 192, 336) == (9, 24, 42)
    assert Grid(spatial=32, patch=1).tokens(1, 256, 256) == 64


def test_messages_name_the_nearest_that_do() -> None:
    GRID.check(33, 160, 256)
    with pytest.raises(ValueError, match=r"250x160 .* multiples of 16: give 256x160 or 240x160"):
        GRID.check(33, 160, 250)
    with pytest.raises(ValueError, match=r"32 frames .* 4k \+ 1: give 29 or 33"):
        GRID.check(32, 160, 256)
    with pytest.raises(ValueError, match="0 frames"):
        GRID.check(0, 160, 256)
    with pytest.raises(ValueError, match="the tier 'big' is not known"):
        area_of("big")
    with pytest.raises(ValueError, match="below the smallest picture, 16x16"):
        fit_size(64, 64, 100, 16)
    assert nearest(5, 100, 16) == [(16, 96), (16, 112)]


def test_cover_covers() -> None:
    rng = random.Random(2)
    for _ in range(500):
        width, height, w, h = (rng.randint(1, 2000) for _ in range(4))
        shown = cover(width, height, w, h)
        assert shown[0] >= w
        assert shown[1] >= h
        assert shown[0] == w or shown[1] == h
        assert math.isclose(shown[0] / width, shown[1] / height, rel_tol=1 / min(shown))
