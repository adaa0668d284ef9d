"""Tiny pictures of a video (signal group `thumbs`) and how far apart any two of them are, motion aside.

The distance is that of Birchfield and Tomasi (PAMI 1998) on a grid of cells: a cell of one picture costs only
what lies outside the range of the 3x3 cells around the same place in the other one, and the dearer of the two
directions counts. What moves by up to a cell (a twentieth of the width from one frame to the next: one and a
half widths per second at 30 frames/s) stays within that range, so pans, zooms and people who walk cost next
to nothing, while another picture costs tens of levels.
"""

from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from curate.signals.thumbs import BYTES, CHROMA_COLUMNS, CHROMA_ROWS, COLUMNS, ROWS

Frames = npt.NDArray[np.int64]
Levels = npt.NDArray[np.float64]
Cells = npt.NDArray[np.uint8]

LUMA = ROWS * COLUMNS
BLOCK = 2048
"""Pairs that are compared at a time."""
SHIFTS = [(dy, dx) for dy in range(-3, 4) for dx in range(-4, 5)]
"""Moves of the whole picture that `shifted` tries, in cells: a fifth of it each way."""
SOFT = 4.0
"""Levels added to a contrast before something is divided by it: what is darker than that is coding noise."""


class Pictures:
    """The tiny pictures of one video, uint8 (n, BYTES); pairs are given as arrays of frame indexes."""

    def __init__(self, thumbs: Cells) -> None:
        if thumbs.ndim != 2 or thumbs.shape[1] != BYTES:
            raise ValueError(f"thumbs must be (frames, {BYTES}), not {thumbs.shape}")
        self.cells = np.ascontiguousarray(thumbs)

    def __len__(self) -> int:
        return len(self.cells)

    @cached_property
    def ranges(self) -> tuple[Cells, Cells]:
        """Least and greatest value of the 3x3 cells around each, within its plane."""
        low, high = np.empty_like(self.cells), np.empty_like(self.cells)
        for start, rows, columns in PLANES:
            part = slice(start, start + rows * columns)
            plane = self.cells[:, part].reshape(-1, rows, columns)
            low[:, part] = _around(plane, np.minimum).reshape(len(self), rows * columns)
            high[:, part] = _around(plane, np.maximum).reshape(len(self), rows * columns)
        return low, high

    @cached_property
    def shown(self) -> npt.NDArray[np.bool_]:
        """The luma cells (n, LUMA) that are neither black bars nor lost in the dark: something near them is
        brighter than BAR."""
        return self.ranges[1][:, :LUMA] > BAR

    @cached_property
    def contrast(self) -> Levels:
        """Standard deviation of the luma cells that are shown: bars around the picture count for nothing."""
        luma = self.cells[:, :LUMA].astype(np.float32)
        seen = self.shown.astype(np.float32)
        count = np.maximum(seen.sum(axis=1), 1)
        mean = (luma * seen).sum(axis=1) / count
        square = (luma * luma * seen).sum(axis=1) / count
        contrast: Levels = np.sqrt(np.maximum(square - mean * mean, 0)).astype(np.float64)
        return contrast

    def between(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Levels:
        """What distances of these pairs are measured by: the mean of their contrasts plus SOFT, times the
        share of the cells that either shows, since a distance is a mean over all cells."""
        left, right = np.atleast_1d(np.asarray(a)), np.atleast_1d(np.asarray(b))
        share = (self.shown[left] | self.shown[right]).mean(axis=1)
        scale: Levels = ((self.contrast[left] + self.contrast[right]) / 2 + SOFT) * np.maximum(share, SHOWN)
        return scale

    def distance(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Levels:
        """Mean distance in levels of frames `a` and `b` (both (m,)): luma plus the mean of the chroma planes.

        A sum, not a mean over planes: the missing colour of black-and-white footage takes nothing away."""
        left, right = np.atleast_1d(np.asarray(a)), np.atleast_1d(np.asarray(b))
        low, high = self.ranges
        found = np.empty(len(left), dtype=np.float64)
        for start in range(0, len(left), BLOCK):
            i, j = left[start : start + BLOCK], right[start : start + BLOCK]
            here, there = self.cells[i], self.cells[j]
            outside = cv2.max(cv2.subtract(low[j], here), cv2.subtract(here, high[j]))
            outside = cv2.max(outside, cv2.subtract(low[i], there))
            outside = cv2.max(outside, cv2.subtract(there, high[i]))
            luma = outside[:, :LUMA].mean(axis=1, dtype=np.float64)
            found[start : start + BLOCK] = luma + outside[:, LUMA:].mean(axis=1, dtype=np.float64)
        return found

    def shifted(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Levels:
        """The distance after the best of SHIFTS: what a camera that pans or jerks leaves of it."""
        left, right = np.atleast_1d(np.asarray(a)), np.atleast_1d(np.asarray(b))
        found = np.empty(len(left), dtype=np.float64)
        for start in range(0, len(left), BLOCK // 4):
            part = slice(start, start + BLOCK // 4)
            found[part] = self._shifted(left[part], right[part])
        return found

    def _shifted(self, a: Frames, b: Frames) -> Levels:
        best = np.full(len(a), np.inf)
        views = [
            [cells[frames].reshape(len(a), -1) for cells in (self.cells, *self.ranges)] for frames in (a, b)
        ]
        for dy, dx in SHIFTS:
            total = np.zeros(len(a))
            for start, rows, columns in PLANES:
                # Chroma cells are twice as large, so they move by half as many.
                y, x = (dy, dx) if start == 0 else (round(dy / 2), round(dx / 2))
                (here, low, high), (there, others_low, others_high) = (
                    [
                        cells[:, start : start + rows * columns].reshape(-1, rows, columns)[
                            (slice(None), *_moved(rows, columns, *by))
                        ]
                        for cells in side
                    ]
                    for side, by in zip(views, ((y, x), (-y, -x)), strict=True)
                )
                total += _outside(here, low, high, there, others_low, others_high) * (
                    1.0 if start == 0 else 0.5
                )
            best = np.minimum(best, total)
        return best

    def relit(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Levels:
        """The distance of the lumas after light and contrast of `a` were made those of `b`, as a share of the
        contrast: near 0 where only the light changed."""
        left, right = np.atleast_1d(np.asarray(a)), np.atleast_1d(np.asarray(b))
        here, low, high = (part[left, :LUMA].astype(np.float32) for part in (self.cells, *self.ranges))
        there, others_low, others_high = (
            part[right, :LUMA].astype(np.float32) for part in (self.cells, *self.ranges)
        )
        contrast = there.std(axis=1)
        gain = np.clip((contrast + 1) / (here.std(axis=1) + 1), 0.25, 4.0)
        offset = (there.mean(axis=1) - gain * here.mean(axis=1))[:, None]
        gain = gain[:, None]
        here, low, high = gain * here + offset, gain * low + offset, gain * high + offset
        outside = np.maximum(
            np.maximum(others_low - here, here - others_high), np.maximum(low - there, there - high)
        )
        left_over: Levels = (np.maximum(outside, 0).mean(axis=1) / (contrast + SOFT)).astype(np.float64)
        return left_over

    def covered(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Levels:
        """Share of the luma cells that change by more than a part (COVER) of the contrast, of those that
        either frame shows."""
        left, right = np.atleast_1d(np.asarray(a)), np.atleast_1d(np.asarray(b))
        change = np.abs(self.cells[left, :LUMA].astype(np.int16) - self.cells[right, :LUMA])
        least = COVER * (self.contrast[left] + self.contrast[right]) / 2 + COVER_NOISE
        seen = self.shown[left] | self.shown[right]
        changed = (change > least[:, None]) & seen
        share: Levels = changed.sum(axis=1) / np.maximum(seen.sum(axis=1), SHOWN * LUMA)
        return share


COVER, COVER_NOISE = 0.15, 3.0
"""A cell has changed if it did by this share of the contrast plus this many levels."""
BAR = 24
"""Luma up to which a cell whose neighbours are as dark is a black bar or nothing to see."""
SHOWN = 0.25
"""Least share of cells that is taken for shown: a picture in near darkness is not all there is to see."""
PLANES = (
    (0, ROWS, COLUMNS),
    (LUMA, CHROMA_ROWS, CHROMA_COLUMNS),
    (LUMA + CHROMA_ROWS * CHROMA_COLUMNS, CHROMA_ROWS, CHROMA_COLUMNS),
)
"""Start, rows and columns of each plane in a row of the group."""


def _around(plane: Cells, pick: np.ufunc) -> Cells:
    """`pick` (minimum or maximum) over the 3x3 cells around each cell of (n, rows, columns)."""
    across = plane.copy()
    pick(across[:, :, 1:], plane[:, :, :-1], out=across[:, :, 1:])
    pick(across[:, :, :-1], plane[:, :, 1:], out=across[:, :, :-1])
    found = across.copy()
    pick(found[:, 1:], across[:, :-1], out=found[:, 1:])
    pick(found[:, :-1], across[:, 1:], out=found[:, :-1])
    return found


def _outside(
    here: Cells, low: Cells, high: Cells, there: Cells, others_low: Cells, others_high: Cells
) -> Levels:
    """Mean of what lies outside the other's range, in the dearer direction, for (m, rows, columns) each."""
    here, low, high, there, others_low, others_high = (
        np.ascontiguousarray(cells).reshape(len(here), -1)
        for cells in (here, low, high, there, others_low, others_high)
    )
    outside = cv2.max(cv2.subtract(others_low, here), cv2.subtract(here, others_high))
    outside = cv2.max(outside, cv2.subtract(low, there))
    outside = cv2.max(outside, cv2.subtract(there, high))
    mean: Levels = np.asarray(outside).reshape(len(here), -1).mean(axis=1, dtype=np.float64)
    return mean


def _moved(rows: int, columns: int, dy: int, dx: int) -> tuple[slice, slice]:
    """The part of a plane that is still there when it is moved."""
    return (
        slice(max(0, dy), rows + min(0, dy)),
        slice(max(0, dx), columns + min(0, dx)),
    )
