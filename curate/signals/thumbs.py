"""A tiny picture of every frame, so that any two frames near each other can be compared without decoding.

The change between neighbours (group `content`) cannot tell a cut from a flash, a dissolve from a pan or an
animation with repeated frames from a slide show: for that, frames further apart must be compared, and the
detector `shots` does. The cells are as wide as high in a picture of 10:7, between 4:3 and 16:9; whatever the
shape, they cover the whole picture. Each row is a function of its frame alone.
"""

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.signals.view import FrameView, Picture

NAME = "thumbs"
VERSION = 1
COLUMNS, ROWS = 20, 14
"""Cells of the luma plane. The two chroma planes have half of each."""
CHROMA_COLUMNS, CHROMA_ROWS = COLUMNS // 2, ROWS // 2
BYTES = COLUMNS * ROWS + 2 * CHROMA_COLUMNS * CHROMA_ROWS
"""420: 45 MB per hour at 30 frames/s before compression, a half to a tenth of it after."""

SCHEMA = pa.schema([pa.field("thumb", pa.binary(BYTES), nullable=False)])
"""Means over equal cells of the small picture, row by row: luma (ROWS x COLUMNS), then Cb, then Cr
(CHROMA_ROWS x CHROMA_COLUMNS), uint8, BT.709, full range, chroma around 128."""

_TO_YCBCR = np.array(
    [[0.0722, 0.7152, 0.2126], [0.5, -0.3854, -0.1146], [-0.0458, -0.4542, 0.5]], dtype=np.float32
)
"""Rows Y, Cb, Cr of columns B, G, R (ITU-R BT.709)."""


class Thumbs:
    """The measure; it holds nothing of earlier frames."""

    def update(self, view: FrameView) -> tuple[bytes]:
        """The row of `view`, in the order of SCHEMA."""
        return (thumb(view.small),)


def thumb(bgr: Picture) -> bytes:
    """The tiny picture of a picture, uint8 BGR (h, w, 3)."""
    cells: NDArray[np.float32] = cv2.resize(
        bgr, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA if min(bgr.shape[:2]) >= ROWS else cv2.INTER_LINEAR
    )
    planes = cv2.transform(cells.astype(np.float32), _TO_YCBCR)
    chroma = cv2.resize(planes[..., 1:], (CHROMA_COLUMNS, CHROMA_ROWS), interpolation=cv2.INTER_AREA) + 128
    stored = [planes[..., 0], *np.moveaxis(chroma, -1, 0)]
    return b"".join(np.clip(np.rint(plane), 0, 255).astype(np.uint8).tobytes() for plane in stored)
