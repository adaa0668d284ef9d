"""The bytes of a picture: all that is seen, and nothing beside."""

import numpy as np
import pytest
from av.video.frame import VideoFrame

from curate.media.pixels import pixels

SHAPES = {
    "yuv420p": [(30, 50), (15, 25), (15, 25)],
    "yuv422p10le": [(30, 100), (30, 50), (30, 50)],
    "nv12": [(30, 50), (15, 50)],
    "p010le": [(30, 100), (15, 100)],
    "gray": [(30, 50)],
    "gray16le": [(30, 100)],
    "rgb24": [(30, 150)],
    "rgb0": [(30, 200)],
    "yuyv422": [(30, 100)],
    "gbrp": [(30, 50)] * 3,
}


@pytest.mark.parametrize("layout", SHAPES)
def test_every_visible_byte_counts_and_no_other(layout: str) -> None:
    frame = VideoFrame(50, 30, layout)
    for plane in frame.planes:
        np.frombuffer(plane, np.uint8)[:] = 7
    found = pixels(frame)
    assert found is not None
    assert [plane.shape for plane in found] == SHAPES[layout]
    before = [plane.copy() for plane in found]
    for plane, (_, wide) in zip(frame.planes, SHAPES[layout], strict=True):
        lines = np.frombuffer(plane, np.uint8)[: plane.height * plane.line_size]
        lines.reshape(plane.height, plane.line_size)[:, wide:] = 200
    assert all(np.array_equal(a, b) for a, b in zip(before, pixels(frame) or [], strict=True))


def test_a_palette_has_no_lines() -> None:
    assert pixels(VideoFrame(50, 30, "pal8")) is None
