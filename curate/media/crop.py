"""The part of a picture that goes into a clip: all of it, or what lies between its bars."""

from fractions import Fraction
from typing import cast

import numpy as np
from av.video.frame import VideoFrame

from curate.media.clip_writer import sides
from curate.media.picture import Viewer

Crop = tuple[int, int, int, int]
"""x, y, width, height in pixels of the picture as shown; all even."""

LEAST = 16
"""Pixels of a side below which nothing is cropped: the smallest picture that the encoder codes well, one
macroblock of H.264."""


def even_crop(x: int, y: int, width: int, height: int, shown: tuple[int, int]) -> Crop | None:
    """The box (x, y, width, height) of a picture of size `shown` (width, height), rounded inwards to even
    pixels; None where that leaves the picture as it is (its sides made even) or less than LEAST."""
    whole = sides(*shown, None)
    left, top = x + x % 2, y + y % 2
    right, bottom = (end - end % 2 for end in (min(x + width, whole[0]), min(y + height, whole[1])))
    crop = left, top, right - left, bottom - top
    if min(crop[2:]) < LEAST or crop[2:] == whole:
        return None
    return crop


class Framing:
    """Makes the pictures of one clip for the encoder."""

    def __init__(self, viewer: Viewer, shown: tuple[int, int], crop: Crop | None) -> None:
        """`viewer` and `shown`: of the source; the crop must lie in `shown`, else ValueError."""
        self._viewer = viewer
        self._whole = sides(*shown, None)
        self._crop = crop
        if crop is not None:
            x, y, width, height = crop
            inside = x >= 0 and y >= 0 and x + width <= shown[0] and y + height <= shown[1]
            if not inside or any(number % 2 for number in crop) or min(width, height) < 2:
                raise ValueError(
                    f"the crop {crop} must be even and lie in a picture of {shown[0]}x{shown[1]}"
                )
            self._part = Viewer(0, Fraction(1), (width, height))
        self.size = shown if crop is None else crop[2:]
        """(width, height) of what is seen, before any scaling."""

    def yuv(self, image: VideoFrame, size: tuple[int, int]) -> VideoFrame:
        """The picture as `Viewer.yuv` makes it, of the crop alone; unscaled pixels are those of the whole."""
        if self._crop is None:
            return self._viewer.yuv(image, size)
        return self._part.yuv(cropped(self._viewer.yuv(image, self._whole), self._crop), size)


def cropped(frame: VideoFrame, crop: Crop) -> VideoFrame:
    """A part of a yuv420p frame, copied, with its time and colours."""
    x, y, width, height = crop
    part = VideoFrame(width, height, "yuv420p")
    for index, (source, target) in enumerate(zip(frame.planes, part.planes, strict=True)):
        half = 1 if index else 0
        lines = np.frombuffer(cast("memoryview[int]", source), np.uint8).reshape(-1, source.line_size)
        copy = np.frombuffer(cast("memoryview[int]", target), np.uint8).reshape(-1, target.line_size)
        rows, columns = height >> half, width >> half
        top, left = y >> half, x >> half
        copy[:rows, :columns] = lines[top : top + rows, left : left + columns]
        copy[:rows, columns:] = 0
    part.pts = frame.pts
    if frame.time_base is not None:
        part.time_base = frame.time_base
    for fact in ("colorspace", "color_primaries", "color_trc", "color_range"):
        setattr(part, fact, getattr(frame, fact))
    return part
