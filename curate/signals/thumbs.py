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
"""420: 45 MB per hour at 30 frames/s. Compressed, real files took 3 (slides) to 245 bytes per frame."""

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
    # Halving is a fifth of the cost of averaging over cells of uneven size, which is left for the last step.
    while bgr.shape[0] >= 4 * ROWS and bgr.shape[1] >= 4 * COLUMNS:
        height, width = bgr.shape[0] // 2, bgr.shape[1] // 2
        bgr = cv2.resize(bgr[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    whole = bgr.shape[0] >= ROWS and bgr.shape[1] >= COLUMNS
    cells: NDArray[np.float32] = cv2.resize(
        bgr, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA if whole else cv2.INTER_LINEAR
    ).astype(np.float32)
    planes = cv2.transform(cells, _TO_YCBCR)
    chroma = cv2.resize(planes[..., 1:], (CHROMA_COLUMNS, CHROMA_ROWS), interpolation=cv2.INTER_AREA) + 128
    # cv2 rounds and saturates.
    stored = [planes[..., 0], *cv2.split(chroma)]
    return b"".join(cv2.convertScaleAbs(cv2.max(plane, 0)).tobytes() for plane in stored)
