"""The samples of a decoded picture as bytes, for comparing pictures to the last bit."""

from typing import cast

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

Bytes = npt.NDArray[np.uint8]


def pixels(image: VideoFrame) -> list[Bytes] | None:
    """The visible bytes of every plane, uint8 (lines, bytes of a line); None for a layout without such lines.

    What lies between the lines' ends and the next ones' starts is anything, and is left out.
    """
    facts = image.format
    planes = image.planes
    found = []
    for number, plane in enumerate(planes):
        if plane.line_size <= 0:
            return None
        if len(planes) == 1:
            wide = -(-plane.width * facts.padded_bits_per_pixel // 8)
        else:
            bits = [component.bits for component in facts.components if component.plane == number]
            wide = plane.width * len(bits) * -(-max(bits, default=8) // 8)
        lines = np.frombuffer(cast("memoryview[int]", plane), np.uint8)
        height = min(plane.height, len(lines) // plane.line_size)
        whole = lines[: height * plane.line_size].reshape(height, plane.line_size)
        found.append(whole[:, : min(wide, plane.line_size)])
    return found or None
