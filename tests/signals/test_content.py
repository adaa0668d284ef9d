"""The content group against scenedetect's own detector, bit for bit."""

import cv2
import numpy as np
import pytest
from scenedetect import FrameTimecode
from scenedetect.detectors import ContentDetector
from scenedetect.detectors.content_detector import _estimated_kernel_size
from scenedetect.stats_manager import StatsManager

from curate.signals.content import Content, kernel_size, median_of
from curate.signals.view import FrameView


def frames(height: int, width: int, count: int) -> list[np.ndarray]:
    """Coloured shapes that move, fade and cut, so that every component differs."""
    random = np.random.default_rng(3)
    textures = [
        cv2.GaussianBlur(random.integers(0, 255, (height, width, 3), np.uint8), (0, 0), 3) for _ in range(2)
    ]
    made = []
    for index in range(count):
        picture = np.roll(textures[index // (count // 2) % 2], 3 * index, axis=1)
        cv2.circle(picture, (5 * index % width, height // 2), height // 5, (20, 200, 10 * index % 255), -1)
        made.append(cv2.convertScaleAbs(picture, alpha=0.2 + index / count))
    return made


def view_each(pictures: list[np.ndarray]) -> list[FrameView]:
    views: list[FrameView] = []
    for pts, picture in enumerate(pictures):
        views.append(FrameView(pts, picture, lambda: picture[..., 1], views[-1] if views else None))  # noqa: B023
    return views


@pytest.mark.parametrize(("height", "width"), [(144, 256), (455, 256), (37, 51)])
def test_components_are_scenedetects_to_the_last_bit(height: int, width: int) -> None:
    pictures = frames(height, width, 24)
    stats = StatsManager()
    detector = ContentDetector()
    detector.stats_manager = stats
    measure = Content()
    for index, view in enumerate(view_each(pictures)):
        detector.process_frame(FrameTimecode(index, 25.0), pictures[index])
        row = measure.update(view)
        if index == 0:
            assert row == (0.0, 0.0, 0.0, 0.0)
            continue
        keys = ["delta_hue", "delta_sat", "delta_lum", "delta_edges", "content_val"]
        theirs = stats.get_metrics(FrameTimecode(index, 25.0), keys)
        assert [*row, view.change.score] == [float(value) for value in theirs]
        assert all(isinstance(value, float) for value in row)


def test_kernel_size_is_scenedetects() -> None:
    for height, width in [(144, 256), (455, 256), (1080, 1920), (50, 50), (1, 1)]:
        assert kernel_size(height, width) == _estimated_kernel_size(width, height)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (3, 5), (4, 6), (144, 256)])
def test_median_is_numpys(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(shape[0])
    for high in (2, 40, 256):
        plane = random.integers(0, high, shape).astype(np.uint8)
        assert median_of(plane) == float(np.median(plane))
