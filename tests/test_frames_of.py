"""Stored frames: which of them are taken for a clip, and as what pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from curate.frames_of import jpegs_of, picture, spread
from curate.signals import parts
from curate.signals.frames import SCHEMA, encode_jpeg
from curate.signals.parts import PartWriter


def grey(level: int, width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def part(path: Path, stored: list[int]) -> str:
    """A part that holds a grey frame for each pts, as bright as its place in the list."""
    with PartWriter(path, SCHEMA, bytes(16)) as writer:
        for number, pts in enumerate(stored):
            jpeg = encode_jpeg(grey(number), 95)
            writer.add(pts, (jpeg,))
    return str(path)


@pytest.mark.parametrize(
    ("count", "chosen"),
    [
        (1, [5]),
        (2, [2, 7]),
        (3, [1, 4, 8]),
        (5, [0, 2, 4, 6, 8]),
        (10, list(range(10))),
        (99, list(range(10))),
    ],
)
def test_frames_are_spread_over_the_clip(count: int, chosen: list[int]) -> None:
    found = spread(list(range(0, 100, 10)), 0, 100, count)
    assert len(found) == len(set(found)) == min(count, 10)
    middles = [100 * (part + 0.5) / min(count, 10) for part in range(min(count, 10))]
    for index, middle in zip(found, middles, strict=True):
        assert abs(10 * index - middle) <= 5
    assert found == sorted(found)
    if count in (1, 10, 99):
        assert found == chosen


def test_a_burst_of_frames_does_not_crowd_out_the_rest() -> None:
    stored = [0, 1, 2, 3, 4, 5, 6, 7, 50, 99]
    assert [stored[i] for i in spread(stored, 0, 100, 3)] == [7, 50, 99]


def test_only_frames_of_the_span_across_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROWS", 4)
    path = part(tmp_path / "a.parquet", list(range(0, 200, 10)))
    found = jpegs_of(path, 30, 120, 99)
    assert [jpeg.pts for jpeg in found] == list(range(30, 120, 10))
    # A frame's own bytes, not its neighbour's.
    assert [round(float(picture(jpeg.data).mean())) for jpeg in found] == list(range(3, 12))
    assert jpegs_of(path, 31, 39, 5) == []
    assert jpegs_of(path, 190, 191, 5)[0].pts == 190


def test_pictures_are_rgb_and_scaled_down_never_up() -> None:
    red = np.zeros((48, 96, 3), np.uint8)
    red[..., 0] = 200
    data = encode_jpeg(red, 95)
    small = picture(data, 24)
    assert small.shape == (24, 48, 3)
    assert small[..., 0].mean() > 190
    assert small[..., 2].mean() < 10
    assert picture(data, 480).shape == picture(data).shape == (48, 96, 3)
    tall = cv2.rotate(red, cv2.ROTATE_90_CLOCKWISE)
    assert picture(encode_jpeg(tall, 95), 24).shape == (48, 24, 3)


def test_what_is_no_jpeg_says_so() -> None:
    with pytest.raises(ValueError, match="not a JPEG: scan its video again"):
        picture(b"nothing of the kind")
