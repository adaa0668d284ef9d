"""What a frame looks like by itself: light, colour, flatness, bars, sharpness; and whether it repeats the one
before."""

import zlib
from fractions import Fraction

import cv2
import numpy as np
import pyarrow as pa

from curate.signals import borders
from curate.signals.grid import SampleGrid
from curate.signals.view import FrameView, Picture, histogram

NAME = "picture"
VERSION = 2
SCHEMA = pa.schema(
    [
        pa.field("luma", pa.float32(), nullable=False),
        pa.field("contrast", pa.float32(), nullable=False),
        pa.field("black", pa.float32(), nullable=False),
        pa.field("white", pa.float32(), nullable=False),
        pa.field("flat", pa.float32(), nullable=False),
        pa.field("saturation", pa.float32(), nullable=False),
        pa.field("border_left", pa.float32()),
        pa.field("border_top", pa.float32()),
        pa.field("border_right", pa.float32()),
        pa.field("border_bottom", pa.float32()),
        pa.field("border_luma", pa.float32()),
        pa.field("sharpness", pa.float32()),
        pa.field("detail", pa.float32()),
        pa.field("repeated", pa.bool_(), nullable=False),
        pa.field("changed", pa.float32(), nullable=False),
        pa.field("difference", pa.float32(), nullable=False),
        pa.field("fingerprint", pa.uint32(), nullable=False),
    ]
)
"""On the small full-range picture, bars and all: `luma` and `contrast` are mean and standard deviation
(0..255); `black`, `white` and `flat` are shares of its pixels (see BLACK, WHITE, FLAT_STEP); `saturation` is
the mean of HSV saturation (0..255). `repeated`: the same picture as the frame before, up to coding noise;
`changed`: share of pixels whose luma is not exactly that of the frame before, `difference`: mean absolute
difference of luma to it (0..255); 1 and 255 on the first.
`fingerprint`: CRC-32 of the small BGR bytes.

On sampled frames only, else NULL: `border_left`, `border_right` and `border_top`, `border_bottom` are the
shares of the shown width and height that bars of a flat colour take, to the native pixel; 0 where the picture
reaches the side, NULL where one frame cannot tell (see `curate.signals.borders`). `border_luma`: mean
full-range luma of those bars, NULL without any. Inside of them and at native resolution, `sharpness` is the
variance of the Laplacian of the 8-bit luma, and `detail` is that variance over the one at half the
resolution (see `detail`)."""

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
"""Frames per second that are sampled here (and 8 after a spike). Fixed, whatever frames are stored: an option
of the JPEGs must not change signals."""
ROUNDING = 20 / 12
"""Variance of the Laplacian that rounding to 8 bits makes in any picture: 1/12 of a pixel, times the squares
of the kernel."""
STRUCTURE = 3 * ROUNDING
"""Variance of the Laplacian at half resolution below which `detail` says nothing."""


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
        against_last = FIRST if self._gray is None else compare(self._gray, gray)
        row = (
            mean,
            float(np.sqrt(max(0.0, float(counts @ _SQUARES) - mean * mean))),
            float(counts[: BLACK + 1].sum()),
            float(counts[WHITE:].sum()),
            flat_share(gray),
            cv2.mean(view.sat)[0],
            *(_looked_into(view) if sampled else (None,) * 7),
            *against_last,
            zlib.crc32(np.ascontiguousarray(view.small).data),
        )
        self._gray = gray
        return row


def _looked_into(view: FrameView) -> tuple[float | None, ...]:
    """From border_left to detail, for a sampled frame."""
    luma = view.native_luma()
    shares = borders.refine(luma, view.borders, view.gray.shape, view.rotation)
    inner = borders.inner(luma, borders.turned(shares, -view.rotation))
    sharp = sharpness(inner)
    return (*shares, borders.level(view.borders), sharp, detail(inner, sharp))


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


def detail(luma: Picture, sharp: float) -> float | None:
    """Variance of the Laplacian (`sharp`), less what rounding makes, over that of the plane at half its width
    and height; None for less than 16 pixels or for a plane without any structure.

    At most about 1 in a noiseless picture, since the power of natural scenes falls so that each octave holds
    the same (Field, JOSA A 1987: amplitude 1/f), and lower as the finest octave is emptier; up to 4 in noise.
    Contrast cancels out. Frames of five real clips had 0.44 to 0.61 as they are, 0.63 to 0.91 halved; the
    halves then scaled up by 1.5 had 0.25 to 0.30, by 2 0.13 to 0.16, by 3 0.11 to 0.14.
    """
    height, width = luma.shape
    if min(height, width) < 16:
        return None
    # Halving by cv2's bilinear at a factor of two is the mean of 2x2 pixels.
    even = luma[: height // 2 * 2, : width // 2 * 2]
    half = sharpness(cv2.resize(even, (width // 2, height // 2), interpolation=cv2.INTER_LINEAR))
    return max(0.0, sharp - ROUNDING) / half if half >= STRUCTURE else None


FIRST = (False, 1.0, 255.0)
"""What `compare` would say of a frame that has none before it."""


def compare(before: Picture, gray: Picture) -> tuple[bool, float, float]:
    """Whether `gray` repeats `before` (no cell differs by more than REPEAT_LEVELS in the mean), the share of
    pixels that differ at all, and the mean absolute difference."""
    height, width = gray.shape
    cells = (max(1, width // REPEAT_CELL), max(1, height // REPEAT_CELL))
    difference = cv2.absdiff(before, gray)
    means = cv2.resize(difference.astype(np.float32), cells, interpolation=cv2.INTER_AREA)
    changed = float(cv2.countNonZero(difference)) / gray.size
    return float(means.max()) <= REPEAT_LEVELS, changed, cv2.norm(difference, cv2.NORM_L1) / gray.size
