"""What a frame looks like by itself: light, colour, flatness, sharpness; and whether it repeats the one
before."""

import zlib
from fractions import Fraction

import cv2
import numpy as np
import pyarrow as pa

from curate.signals.grid import SampleGrid
from curate.signals.view import FrameView, Picture, histogram

NAME = "picture"
VERSION = 1
SCHEMA = pa.schema(
    [
        pa.field("luma", pa.float32(), nullable=False),
        pa.field("contrast", pa.float32(), nullable=False),
        pa.field("black", pa.float32(), nullable=False),
        pa.field("white", pa.float32(), nullable=False),
        pa.field("flat", pa.float32(), nullable=False),
        pa.field("saturation", pa.float32(), nullable=False),
        pa.field("sharpness", pa.float32()),
        pa.field("repeated", pa.bool_(), nullable=False),
        pa.field("fingerprint", pa.uint32(), nullable=False),
    ]
)
"""On the small full-range picture: `luma` and `contrast` are mean and standard deviation (0..255); `black`,
`white` and `flat` are shares of its pixels (see BLACK, WHITE, FLAT_STEP); `saturation` is the mean of HSV
saturation (0..255). `sharpness` is the variance of the Laplacian of the 8-bit luma at native resolution, on
sampled frames only, else NULL. `repeated`: the same picture as the frame before, up to coding noise.
`fingerprint`: CRC-32 of the small BGR bytes."""

BLACK = 16
"""Luma up to which a pixel counts as black: as far above full-range 0 as ITU-R BT.709's 8-bit video black,
which many files carry through as picture content."""
WHITE = 235
"""Luma from which a pixel counts as white: BT.709's 8-bit nominal peak."""
FLAT_STEP = 1
"""A pixel is flat if it differs from its right-hand neighbour by at most this: 8-bit rounding alone makes
steps of 1."""
REPEAT_CELL = 16
"""Side in pixels of the cells in which two frames are compared: a small moving thing must not drown in the
mean."""
REPEAT_LEVELS = 1.5
"""Largest mean absolute luma difference in a cell of a repeated frame. Every second frame of four real clips
doubled and encoded at 640x360: copies differ by up to 1.6 in nine of ten cases at CRF 28 (1.2 at CRF 18),
neighbours in the slowest of the clips by 3.4 and more. At CRF 35 the two begin to overlap (2.3, 2.4)."""
SAMPLE_RATE = 2.0
"""Frames per second on which `sharpness` is measured (and 8 after a spike). Fixed, whatever frames are
stored: an option of the JPEGs must not change signals."""


class PictureLook:
    """State of one file: the sample grid and the luma of the frame before."""

    def __init__(self, time_base: Fraction) -> None:
        self._samples = SampleGrid(SAMPLE_RATE, time_base)
        self._gray: Picture | None = None

    def update(self, view: FrameView) -> tuple[float | bool | int | None, ...]:
        """The row of `view`, in the order of SCHEMA."""
        gray = view.gray
        counts = histogram(gray) / gray.size
        mean = float(counts @ _VALUES)
        sampled = self._samples.takes(view.pts, view.change.score)
        row = (
            mean,
            float(np.sqrt(max(0.0, float(counts @ _SQUARES) - mean * mean))),
            float(counts[: BLACK + 1].sum()),
            float(counts[WHITE:].sum()),
            flat_share(gray),
            cv2.mean(view.sat)[0],
            sharpness(view.native_luma()) if sampled else None,
            self._gray is not None and repeats(self._gray, gray),
            zlib.crc32(np.ascontiguousarray(view.small).data),
        )
        self._gray = gray
        return row


_VALUES = np.arange(256, dtype=np.float64)
_SQUARES = _VALUES**2


def flat_share(gray: Picture) -> float:
    """Share of pixels that look like their right-hand neighbour; 1 for a picture of one column."""
    if gray.shape[1] < 2:
        return 1.0
    steps = cv2.absdiff(gray[:, 1:], gray[:, :-1])
    flat = int(cv2.countNonZero(cv2.inRange(steps, 0, FLAT_STEP)))
    return float(flat / steps.size)


def sharpness(luma: Picture) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) of an 8-bit plane at its own resolution."""
    laplacian = cv2.Laplacian(luma, cv2.CV_16S)
    # Two exact integer sums; cv2.meanStdDev of 16 bits takes ten times as long.
    mean = cv2.sumElems(laplacian)[0] / luma.size
    return float(cv2.norm(laplacian, cv2.NORM_L2SQR) / luma.size - mean * mean)


def repeats(before: Picture, gray: Picture) -> bool:
    """Whether no cell of `gray` differs from `before` by more than REPEAT_LEVELS in the mean."""
    height, width = gray.shape
    cells = (max(1, width // REPEAT_CELL), max(1, height // REPEAT_CELL))
    difference = cv2.resize(cv2.absdiff(before, gray).astype(np.float32), cells, interpolation=cv2.INTER_AREA)
    return float(difference.max()) <= REPEAT_LEVELS
