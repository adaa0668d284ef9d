"""Tiny pictures: means over equal cells, whatever the size, and those of the frame alone."""

import cv2
import numpy as np
import pytest

from curate.signals import transnet
from curate.signals.thumbs import BYTES, COLUMNS, ROWS, SCHEMA, Thumbs, thumb
from curate.signals.view import FrameView

LUMA = ROWS * COLUMNS


def stored(bgr: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Luma (ROWS, COLUMNS), and Cb and Cr of half of each."""
    cells = np.frombuffer(thumb(bgr), np.uint8)
    assert len(cells) == BYTES == SCHEMA.field("thumb").type.byte_width
    blue, red = cells[LUMA:].reshape(2, ROWS // 2, COLUMNS // 2)
    return cells[:LUMA].reshape(ROWS, COLUMNS), blue, red


@pytest.mark.parametrize("size", [(140, 200), (144, 256), (455, 256), (37, 51), (14, 20), (3, 5), (1, 1)])
@pytest.mark.parametrize(
    ("bgr", "ycbcr"),
    [
        ((0, 0, 0), (0, 128, 128)),
        ((255, 255, 255), (255, 128, 128)),
        ((255, 0, 0), (18, 255, 116)),
        ((0, 0, 255), (54, 99, 255)),
        ((40, 90, 200), (110, 91, 186)),
    ],
)
def test_a_plain_picture_has_its_bt709_colour_in_every_cell(
    size: tuple[int, int], bgr: tuple[int, int, int], ycbcr: tuple[int, int, int]
) -> None:
    picture = np.full((*size, 3), bgr, np.uint8)
    for plane, value in zip(stored(picture), ycbcr, strict=True):
        assert np.abs(plane.astype(int) - value).max() <= 1


def test_cells_are_means_of_their_part_of_the_picture() -> None:
    """Also where halving was in between: against means over exact cells of 16 x 16."""
    smooth = cv2.resize(np.random.default_rng(1).integers(0, 256, (9, 12, 3), np.uint8), (320, 224))
    exact = cv2.cvtColor(smooth, cv2.COLOR_BGR2RGB).reshape(ROWS, 16, COLUMNS, 16, 3).mean(axis=(1, 3))
    luma, _, _ = stored(smooth)
    assert np.abs(luma - exact @ [0.2126, 0.7152, 0.0722]).max() < 2


def test_a_row_is_that_of_its_frame_alone() -> None:
    pictures = np.random.default_rng(2).integers(0, 256, (3, 144, 256, 3), np.uint8)
    measure = Thumbs()
    views = [FrameView(k, picture, lambda: picture[..., 0]) for k, picture in enumerate(pictures)]  # noqa: B023
    assert [measure.update(view) for view in views] == [(thumb(picture),) for picture in pictures]


@pytest.mark.parametrize("size", [(144, 256), (455, 256), (20, 30)])
def test_the_networks_picture_is_rgb(size: tuple[int, int]) -> None:
    picture = np.full((*size, 3), (10, 20, 30), np.uint8)
    picture[:, : size[1] // 2] = (0, 0, 255)
    seen = np.frombuffer(transnet.shrunk(picture), np.uint8).reshape(transnet.HEIGHT, transnet.WIDTH, 3)
    assert seen[5, 5].tolist() == [255, 0, 0]
    assert seen[-1, -1].tolist() == [30, 20, 10]
