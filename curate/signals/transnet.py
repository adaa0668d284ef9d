"""The picture that the network TransNet V2 sees of each frame; scanned only where a pipeline uses it."""

import cv2
import numpy as np
import pyarrow as pa

from curate.signals.view import FrameView, Picture

NAME = "transnet"
VERSION = 1
WIDTH, HEIGHT = 48, 27
"""The network's input (Souček and Lokoč, arXiv:2008.04838), whatever the video's shape."""
BYTES = WIDTH * HEIGHT * 3
"""3888: 420 MB per hour at 30 frames/s before compression."""
SCHEMA = pa.schema([pa.field("rgb", pa.binary(BYTES), nullable=False)])
"""RGB, uint8 (HEIGHT, WIDTH, 3), BT.709, full range."""


class TransNetPicture:
    """The measure; it holds nothing of earlier frames."""

    def update(self, view: FrameView) -> tuple[bytes]:
        """The row of `view`, in the order of SCHEMA."""
        return (shrunk(view.small),)


def shrunk(bgr: Picture) -> bytes:
    """A picture, uint8 BGR (h, w, 3), as the network wants it."""
    large = bgr.shape[0] >= HEIGHT and bgr.shape[1] >= WIDTH
    small = cv2.resize(bgr, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA if large else cv2.INTER_LINEAR)
    return np.ascontiguousarray(small[..., ::-1]).tobytes()
