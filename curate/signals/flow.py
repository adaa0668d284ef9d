"""Motion: dense optical flow between frames about an eighth of a second apart, and the camera move that
explains it.

Flow is measured on small pictures and given per second of the file's clock, relative to the picture's size:
the same scene has the same numbers at any resolution and frame rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.signals.borders import Box, Side, common
from curate.signals.grid import Grid
from curate.signals.view import FrameView, Picture

NAME = "flow"
VERSION = 2
SCHEMA = pa.schema(
    [
        ("speed", pa.float32()),
        ("pan_x", pa.float32()),
        ("pan_y", pa.float32()),
        ("zoom", pa.float32()),
        ("roll", pa.float32()),
        ("residual", pa.float32()),
        ("ref_pts", pa.int64()),
    ]
)
"""Motion from the frame at `ref_pts` to this one; NULL on frames off the grid, on the first, and across a
cut.

`speed`: mean length of the flow vectors, percent of the picture's diagonal per second. The camera model is
(u, v) = pan + zoom * (x, y) + roll * (-y, x) around the picture's middle: `pan_x`, `pan_y` in percent of its
width and height per second (the picture's content moves right, down where positive), `zoom` as growth rate
per second (ln 2: twice as large after a second), `roll` in degrees per second (content turns clockwise where
positive). `residual`: mean length of what the model leaves, in the unit of `speed`. Displacements beyond
about a tenth of the picture (80 % of its width per second) are underestimated.

All of this is of the whole picture, in which bars stand still. What bars both pictures show is left out of
the matching, so that their edges hold nothing back, and comes in again as that share of stillness:
`curate.picture_rows.flow_inside` has the rows of the picture between them."""

RATE = 8
"""Grid points per second. Motion below 0.1 pixels between two pictures drowns in noise, motion of many pixels
is lost: at 1/8 s the span of 0.3 to 50 % of the diagonal per second lies in between. Videos slower than that
are measured from frame to frame."""
LONG_SIDE = 256
"""Pixels of the longer side of the pictures that flow is measured on. Smaller ones are scaled up: the matcher
works in patches of some pixels, at a quarter of the size, so that what it sees of a move depends on the size
of the picture; of a slow zoom, a third was lost where bars at the sides left 171 pixels."""
SHORTEST = 64
"""Smaller sides are padded to this: DIS needs a few of its 8-pixel patches at a quarter of the size."""
CUT_SCORE = 27.0
"""Change score from which a frame that stands alone is a cut (scenedetect's ContentDetector's default
threshold)."""
CUT_RATIO = 2.0
"""… if its score is this many times the next highest between the two pictures: in a whip pan all of them are
high."""
CELL = 16
"""Side of the cells over which flow is averaged, in pixels."""
EXPLAINED = (0.5, 0.8)
"""A cell's flow counts in full where warping by it leaves up to 0.5 of the change between the pictures, and
not at all from 0.8: noise stays, whatever the flow that was fitted to it. On flat grey with noise of 4
levels, flow as it comes is 18 % per second, and 0.2 so."""
GREAT_CHANGE = 100.0
"""Change (variance, levels²) that no noise makes: from here to twice this, flow counts even if it explains
little."""
QUIET = 0.1
"""Variance in levels² that rounding to 8 bits leaves, added below the fraction line."""


@dataclass(frozen=True, slots=True)
class Motion:
    """Flow between two pictures in pixels of those pictures, not yet per second."""

    length: float
    pan: tuple[float, float]
    zoom: float
    roll: float
    residual: float


@dataclass(slots=True)
class _Seen:
    """A small picture on the grid, and what is matched of it (cut to `box`)."""

    pts: int
    gray: Picture
    sides: Sequence[Side]
    box: Box | None = None
    working: Picture | None = None

    def within(self, box: Box) -> Picture:
        if self.working is None or self.box != box:
            left, top, right, bottom = box
            self.box, self.working = box, working_picture(self.gray[top:bottom, left:right])
        return self.working


class Flow:
    """State of one file: the last picture on the grid, and the change scores since."""

    def __init__(self, time_base: Fraction) -> None:
        self._grid = Grid(RATE, time_base)
        self._time_base = time_base
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._reference: _Seen | None = None
        self._scores: list[float] = []

    def update(self, view: FrameView) -> tuple[float | int | None, ...]:
        """The row of `view`, in the order of SCHEMA."""
        self._scores.append(view.change.score)
        if not self._grid.arrives(view.pts):
            return (None,) * len(SCHEMA)
        seen = _Seen(view.pts, view.gray, view.borders)
        reference, self._reference = self._reference, seen
        scores, self._scores = self._scores, []
        if reference is None or holds_cut(scores):
            return (None,) * len(SCHEMA)
        height, width = view.gray.shape
        box = common(reference.sides, seen.sides, (height, width))
        size = working_size(box[3] - box[1], box[2] - box[0])
        matched = measure(self._dis, reference.within(box), seen.within(box), size)
        motion = of_whole(matched, box, (height, width), size)
        seconds = float((view.pts - reference.pts) * self._time_base)
        diagonal = float(np.hypot(width, height))
        return (
            100 * motion.length / diagonal / seconds,
            100 * motion.pan[0] / width / seconds,
            100 * motion.pan[1] / height / seconds,
            float(np.log(max(1e-3, np.hypot(1 + motion.zoom, motion.roll)))) / seconds,
            float(np.degrees(np.arctan2(motion.roll, 1 + motion.zoom))) / seconds,
            100 * motion.residual / diagonal / seconds,
            reference.pts,
        )


def of_whole(motion: Motion, box: Box, size: tuple[int, int], working: tuple[int, int]) -> Motion:
    """Motion that was matched inside `box` (its working picture is of size `working`), as motion of the whole
    small picture of `size` (height, width), in its pixels and around its middle. What is outside stands."""
    height, width = size
    left, top, right, bottom = box
    scale = (right - left) / working[1]
    share = (right - left) * (bottom - top) / (width * height)
    # The model (u, v) = pan + zoom (x, y) + roll (-y, x), told from another middle.
    x, y = (left + right - width) / 2, (top + bottom - height) / 2
    pan_x = motion.pan[0] * scale - motion.zoom * x + motion.roll * y
    pan_y = motion.pan[1] * scale - motion.zoom * y - motion.roll * x
    amount = share * scale
    return Motion(motion.length * amount, (pan_x, pan_y), motion.zoom, motion.roll, motion.residual * amount)


def holds_cut(scores: list[float]) -> bool:
    """Whether one of the change scores between two pictures stands out as a cut (CUT_SCORE, CUT_RATIO)."""
    ordered = sorted(scores)
    runner_up = ordered[-2] if len(ordered) > 1 else 0.0
    return ordered[-1] >= max(CUT_SCORE, CUT_RATIO * runner_up)


def working_size(height: int, width: int) -> tuple[int, int]:
    """(height, width) in which a small picture of this size is measured."""
    scale = LONG_SIDE / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def working_picture(gray: Picture) -> Picture:
    """`gray` in working size, smoothed against noise, padded where it is tiny."""
    height, width = working_size(*gray.shape)
    if (height, width) != gray.shape:
        smaller = width < gray.shape[1]
        gray = cv2.resize(
            gray, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        )
    gray = cv2.GaussianBlur(gray, (5, 5), 1.0)
    below, right = max(0, SHORTEST - height), max(0, SHORTEST - width)
    if below or right:
        gray = cv2.copyMakeBorder(gray, 0, below, 0, right, cv2.BORDER_REPLICATE)
    return gray


def measure(dis: cv2.DISOpticalFlow, before: Picture, after: Picture, size: tuple[int, int]) -> Motion:
    """Motion between two working pictures, of which the upper left `size` (height, width) is picture."""
    height, width = size
    flow = dis.calc(before, after, None)
    where = cv2.add(flow, _positions(before.shape))
    warped = cv2.remap(after, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    before, flow = before[:height, :width], flow[:height, :width]
    change, left = variance(after[:height, :width], before), variance(warped[:height, :width], before)
    full, none = EXPLAINED
    trust = np.clip((none - left / (change + QUIET)) / (none - full), 0, 1)
    trust = np.maximum(trust, np.clip(change / GREAT_CHANGE - 1, 0, 1))
    vectors = in_cells(flow) * trust[..., None]
    return camera_model(vectors.astype(np.float64), size)


@lru_cache(maxsize=4)
def _positions(shape: tuple[int, int]) -> NDArray[np.float32]:
    """(x, y) of every pixel."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    return np.stack([x, y], axis=-1).astype(np.float32)


def in_cells(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means over cells of about CELL x CELL."""
    height, width = values.shape[:2]
    cells = (max(1, round(width / CELL)), max(1, round(height / CELL)))
    means: NDArray[np.float32] = cv2.resize(values, cells, interpolation=cv2.INTER_AREA)
    return means


def variance(a: Picture, b: Picture) -> NDArray[np.float32]:
    """Variance of a - b around each cell (so that light that changes as a whole is no change), over 3x3
    cells."""
    difference = cv2.subtract(a, b, dtype=cv2.CV_32F)
    mean = in_cells(difference)
    smooth: NDArray[np.float32] = cv2.blur(in_cells(difference * difference) - mean * mean, (3, 3))
    return smooth


def camera_model(vectors: NDArray[np.float64], size: tuple[int, int], rounds: int = 6) -> Motion:
    """Fit pan, zoom and roll to a grid of flow vectors (rows, columns, 2), against outliers by reweighting.

    Weights are 1 / (1 + (r / s)²) of a vector's residual r (Cauchy), s the median residual, at least 0.05
    pixels.
    """
    x, y = _cell_centres(vectors.shape[:2], size)
    u, v = vectors[..., 0].ravel(), vectors[..., 1].ravel()
    # All sums of a round are one product with the weights: numpy's overhead is most of the cost here.
    terms = np.stack([np.ones_like(u), x, y, u, v, x * x + y * y, x * u + y * v, x * v - y * u], axis=-1)
    weights = np.ones_like(u)
    middle = (len(u) - 1) // 2, len(u) // 2
    pan_x = pan_y = zoom = roll = 0.0
    rest = np.hypot(u, v)
    for _ in range(rounds):
        total, *sums = (weights @ terms).tolist()
        mx, my, mu, mv, square, along, across = (value / total for value in sums)
        spread = max(square - mx * mx - my * my, 1e-9)
        zoom = (along - mx * mu - my * mv) / spread
        roll = (across - mx * mv + my * mu) / spread
        pan_x, pan_y = mu - zoom * mx + roll * my, mv - zoom * my - roll * mx
        rest = np.hypot(u - pan_x - zoom * x + roll * y, v - pan_y - zoom * y - roll * x)
        ordered = np.partition(rest, middle)
        median = float(ordered[middle[0]] + ordered[middle[1]]) / 2
        weights = 1 / (1 + (rest / max(0.05, median)) ** 2)
    return Motion(float(np.hypot(u, v).mean()), (pan_x, pan_y), zoom, roll, float(rest.mean()))


@lru_cache(maxsize=4)
def _cell_centres(
    cells: tuple[int, int], size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(x, y) of each cell's middle from the picture's middle, in pixels, row by row."""
    (rows, columns), (height, width) = cells, size
    x = ((np.arange(columns) + 0.5) / columns - 0.5) * width
    y = ((np.arange(rows) + 0.5) / rows - 0.5) * height
    grid_x, grid_y = np.meshgrid(x, y)
    return grid_x.ravel(), grid_y.ravel()
