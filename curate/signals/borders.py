"""Black bars, and bars of other flat colours, along the sides of a picture: found on the small picture, then
placed to the line at native resolution.

A bar is a band along a side that has one level and ends on a straight line. Where a side is flat but nothing
ends it on such a line (a dark scene, a sky), a picture cannot tell, and says so: None is not 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Shares = tuple[float | None, float | None, float | None, float | None]
"""Of the width or height: left, top, right, bottom."""
Box = tuple[int, int, int, int]
"""First and last lines of a part of a picture: left, top, right, bottom."""

LEFT, TOP, RIGHT, BOTTOM = range(4)

UNEVEN = 10.0
"""Standard deviation (of 255) of the outermost line from which it is picture and no bar. Noise in the bars of
analog transfers stays below 5."""
TOLERANCE = 6.0
"""Levels by which a pixel of a bar may be off the bar's level, at least; four times the deviation of the
bar's own outermost lines where that is more: coded bars are not one value."""
STRAIGHT = 0.5
"""Share of a line's pixels that are off the bar's level where the picture begins. It begins everywhere at
once behind a bar, and with a few pixels behind the curve of a head before a dark wall."""
CLEAN, MARKED = 0.15, 0.25
"""Shares of pixels off the level: in the line before the picture, and in all of a bar, in which a logo or a
subtitle may stand."""
LINES_INSIDE = 4
"""Lines behind the edge that must be picture as well: a ruled line on a slide is no edge."""
LEAST = 16
"""Pixels of a side that must be left between two bars."""
DEEPEST = 0.45
"""Share of the picture that one bar covers at most."""
BLACK = 24
"""Level up to which a bar may stand alone: FFmpeg's cropdetect takes up to 24 for black. Bars of another
colour come in pairs, so that a white sky over a straight horizon is none."""
ALONE = 0.85
"""Share of the line behind a bar that must be off its level where the opposite side has no such bar: half a
straight line is what a dark room with furniture has."""
NARROW = 16
"""Lines at each side that are looked at in native resolution even where the small picture shows no bar: bars
of a few pixels come from rounded sizes and old tapes."""
ALONG = 400
"""Pixels of a native line that are looked at, at most about twice as many."""
FULL_LINE = 0.6
"""Difference from the bar's level, as share of that behind the edge, from which a line is picture: a line
that was blended when the picture was scaled counts as bar where most of it is."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one side shows: how many lines the bar has (0: none; None: cannot be told) and its level."""

    lines: float | None
    level: float = 0.0
    marked: float = 1.0
    """Share of the first lines of picture that is off the bar's level."""


def find(gray: Picture) -> tuple[Side, Side, Side, Side]:
    """The bars of a picture, uint8 (h, w): left, top, right, bottom; lines to a fraction of one."""
    sides = [_side(_inwards(gray, at)) for at in range(4)]
    return _in_pairs(sides, BLACK)


def level(sides: Sequence[Side]) -> float | None:
    """Mean level of the bars that were found, by their lines; None without any."""
    weights = [side.lines or 0.0 for side in sides]
    total = sum(weights)
    return (
        sum(side.level * lines for side, lines in zip(sides, weights, strict=True)) / total if total else None
    )


def refine(luma: Picture, rough: Sequence[Side], small: Sequence[int], rotation: int = 0) -> Shares:
    """Shares of the shown width and height that bars take, to the line of the native picture.

    luma: native resolution as coded, uint8 (H, W). rough: what `find` said of the small picture of size
    `small` (height, width), which is shown turned clockwise by `rotation` degrees against the coded one.
    """
    sides: list[Side] = []
    extents: list[int] = []
    for at in range(4):
        inwards = _inwards(luma, (at - rotation // 90) % 4)
        extent = inwards.shape[0]
        scale = extent / small[0 if at in (TOP, BOTTOM) else 1]
        sides.append(_refined(inwards, rough[at], scale))
        extents.append(extent)
    # Stored luma may be limited (black is 16): 24 of full range is 37 there.
    found = _in_pairs(sides, BLACK + 13)
    left, top, right, bottom = (
        None if side.lines is None else side.lines / extent
        for side, extent in zip(found, extents, strict=True)
    )
    return left, top, right, bottom


def turned(shares: Shares, rotation: int) -> Shares:
    """The same shares after the picture was turned clockwise by `rotation` degrees."""
    left, top, right, bottom = (shares[(at - rotation // 90) % 4] for at in range(4))
    return left, top, right, bottom


def inner(plane: Picture, shares: Shares) -> Picture:
    """The plane without its bars and without the line beside each, in which bar and picture may be mixed (a
    view); all of it where too little would be left."""
    height, width = plane.shape[:2]
    left, top, right, bottom = (
        math.ceil(share * (width, height)[at % 2] - 0.01) + 1 if share else 0
        for at, share in enumerate(shares)
    )
    if width - left - right < LEAST or height - top - bottom < LEAST:
        return plane
    return plane[top : height - bottom, left : width - right]


def common(before: Sequence[Side], after: Sequence[Side], size: tuple[int, int]) -> Box:
    """What is left of a picture of `size` (height, width) without the bars that two frames of it both show;
    of a side that one frame cannot tell, the other one does."""
    height, width = size
    lines = []
    for one, other in zip(before, after, strict=True):
        told = [side.lines for side in (one, other) if side.lines is not None]
        lines.append(math.ceil(min(told) - 0.05) if told else 0)
    left, top, right, bottom = lines
    if width - left - right < LEAST or height - top - bottom < LEAST:
        return 0, 0, width, height
    return left, top, width - right, height - bottom


def _inwards(plane: Picture, at: int) -> Picture:
    """The plane with its lines in order from the side `at` to the opposite one (a view)."""
    lines = plane.T if at in (LEFT, RIGHT) else plane
    return lines[::-1] if at in (RIGHT, BOTTOM) else lines


def _side(inwards: Picture) -> Side:
    depth = int(inwards.shape[0] * DEEPEST)
    bar = _outermost(inwards)
    if bar is None or depth < 3:
        return Side(0.0)
    lines = np.ascontiguousarray(inwards[: depth + LINES_INSIDE])
    found, marked = _edge(lines, *bar, blended=True)
    return Side(found, bar[0], marked)


def _refined(inwards: Picture, rough: Side, scale: float) -> Side:
    step = max(1, inwards.shape[1] // ALONG)
    if rough.lines:
        reach = 2 * scale + 2
        first = max(0, int(rough.lines * scale - reach))
        window = inwards[first : int(rough.lines * scale + reach) + LINES_INSIDE, ::step]
    else:
        first = 0
        window = inwards[: min(NARROW, int(inwards.shape[0] * DEEPEST)) + LINES_INSIDE, ::step]
    bar = _outermost(inwards[:2, ::step])
    if bar is None:
        return Side(rough.lines * scale if rough.lines else rough.lines, rough.level, rough.marked)
    found, marked = _edge(np.ascontiguousarray(window), *bar, blended=False)
    if found is not None:
        return Side(first + found, bar[0], marked)
    # A bar that the small picture shows is there, even where its line is hard to see from near.
    return Side(rough.lines * scale if rough.lines else rough.lines, bar[0], rough.marked)


def _outermost(inwards: Picture) -> tuple[float, float] | None:
    """Level and tolerance of a bar at this side, or None where the outermost line is picture."""
    outermost = np.ascontiguousarray(inwards[:1])
    if inwards.shape[0] < 2 or cv2.meanStdDev(outermost)[1][0, 0] > UNEVEN:
        return None
    middle = float(np.median(outermost))
    off = float(np.abs(outermost - middle).mean())
    return middle, min(TOLERANCE * 4, max(TOLERANCE, 5 * off))


def _edge(lines: Picture, level: float, tolerance: float, *, blended: bool) -> tuple[float | None, float]:
    """How many of `lines` (from the side inwards) are bar, None where no straight line ends it; and how much
    of the line behind it is off the bar's level.

    blended: to a fraction of a line, which only a reduced picture has.
    """
    apart = cv2.absdiff(lines, (level, 0, 0, 0))
    off = _means(cv2.threshold(apart, tolerance, 1, cv2.THRESH_BINARY)[1])
    begins = int(np.argmax(off >= STRAIGHT))
    if off[begins] < STRAIGHT or begins + 2 >= len(off):
        return None, 0.0
    before = max(0, begins - 1)
    if before and (off[before - 1] > CLEAN or off[:before].mean() > MARKED):
        return None, 0.0
    marked = float(off[begins : begins + LINES_INSIDE].mean())
    if marked < STRAIGHT:
        return None, 0.0
    strength = _means(apart[max(0, begins - 2) : begins + LINES_INSIDE])
    share = strength / strength[-LINES_INSIDE + 1 :].mean()
    if blended:
        start = max(0, begins - 2)
        return start + float((1 - np.clip(share[: begins - start + 2], 0, 1)).sum()), marked
    return max(0, begins - 2) + int(np.argmax(share >= FULL_LINE)), marked


def _means(lines: Picture) -> NDArray[np.float32]:
    means: NDArray[np.float32] = cv2.reduce(lines, 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F)[:, 0]
    return means


def _in_pairs(sides: list[Side], black: float) -> tuple[Side, Side, Side, Side]:
    """What a side shows, told by the opposite one: see BLACK and ALONE."""
    checked = []
    for at, side in enumerate(sides):
        other = sides[(at + 2) % 4]
        if side.lines and not (other.lines and abs(other.level - side.level) <= 2 * TOLERANCE):
            if side.level > black:
                side = Side(None if other.lines is None else 0.0, side.level)
            elif side.marked < ALONE:
                side = Side(None, side.level)
        checked.append(side)
    left, top, right, bottom = checked
    return left, top, right, bottom
