"""Fades and dissolves between tiny pictures: spans in which one picture turns into another one in a straight
line."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from curate.cutting.hard import NOISE, level_around
from curate.cutting.pictures import BLOCK, LUMA, Frames, Levels, Pictures

Mask = npt.NDArray[np.bool_]

LENGTHS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
"""Steps from the last frame of the old shot to the first of the new one that are tried; the ends are then
measured (`_ends`)."""
STRIDES = 8
"""Spans of a length start this many to the length, and each is looked at in as many equal steps: noise and
small movements count eight times, however long it is."""
CHANGE = 0.45
"""Least distance of the ends, as a share of their contrast. Unrelated pictures have 0.5 and more; a zoom, a
title that comes up or a person who walks by up to 0.4."""
LEVEL = 6.0
"""Least distance of the ends in levels: the dark has little contrast and much noise."""
STRAIGHT = 0.55
"""Least share that the way straight has in the way gone, summed over the cells. (Dissolves of still shots 0.9
and more, of shots in full motion 0.57 and more; pans 0.1 to 0.6.)"""
BESIDE, DRIFT, FURTHEST = 0.035, 0.06, 0.1
"""Most that a picture in between lies beside the mixture of the two ends, motion aside, as a share of their
distance; how much more it may per second that the span lasts, since both shots move on meanwhile; and never
more than this. (Dissolves 0 to 0.1, pans and whips 0.1 to 0.4.)"""
WIPED = 0.85
"""Straightness from which the picture need not be a mixture: in a wipe each cell goes straight, but one after
the other."""
JUMP = 0.4
"""Most that one step may have of the way: more is a cut, or a whip pan, within a longer span."""
JUMPS = {2: 0.75, 3: 0.6}
"""The same for spans of so few steps."""
WIPE_JUMP = 0.3
"""The same for wipes."""
SHORT = 4
"""Up to so many steps a span must stand out from what is before and after it, as a cut must."""
RELIT = 0.28
"""Share of the contrast that must be left when the light of both ends is made equal. (Dissolves leave 0.4 and
more, a change of exposure into what is blown out up to 0.24.)"""
COVERED = 0.62
"""Least share of the cells that change: in dissolves 0.7 to 1, in pictures that someone walks through up to
0.55."""
HALF = 0.15
"""Least share of the distance that either half of the way has after the best shift. Half a dissolve has 0.25
to 0.5 of it; half a pan is a shift, and has nothing."""
QUARTERS = 0.5
"""Least sum of the distances of the four quarters of the way, as a share of that of the whole, from eight
steps on. The distances of a mixture nearly add up (0.55 to 1); of a slow pan or zoom each quarter is small
enough to be explained by itself, and the sum is up to 0.47."""
FLAT = 5.0
"""Contrast (levels) up to which a picture is plain, black or white: a fade needs no other picture to lead
to, and plain frames that follow or precede it belong to it."""
HOLD = 2.0
"""Seconds of plain picture beside a fade that count as part of it. What is longer is a shot of its own, that
shows nothing."""


@dataclass(frozen=True)
class _Span:
    first: int
    last: int
    score: float


def gradual(
    pictures: Pictures, cuts: Frames, change: Levels, ratio: float, rate: float, longest: float
) -> list[tuple[int, int]]:
    """Spans [first, end) of frames that belong to neither shot, ascending, apart from each other.

    cuts: hard cuts, which no span contains. change: of each frame against the one before (`hard.changes`).
    ratio: how many times the level of motion a short span must change. rate: frames per second. longest:
    seconds of the longest transition.
    """
    found: list[_Span] = []
    for length in LENGTHS:
        if length < len(pictures) and length <= max(longest * rate, LENGTHS[0]):
            starts = np.arange(0, len(pictures) - length, max(1, length // STRIDES))
            # No cut within: as many cuts up to the end as up to the start.
            inside = np.searchsorted(cuts, starts + length, "right") - np.searchsorted(cuts, starts, "right")
            found += _spans(pictures, starts[inside == 0], length, change, ratio, rate)
    taken: list[tuple[int, int]] = []
    for span in sorted(found, key=lambda span: (-span.score, span.first)):
        first, end = _ends(pictures, cuts, span)
        if all(end <= a or b <= first for a, b in taken):
            taken.append((first, end))
    # The hold between a fade out and the fade in after it belongs to neither shot: the two become one.
    held = round(HOLD * rate)
    whole: list[tuple[int, int]] = []
    for first, end in (_with_plain(pictures, cuts, first, end, held) for first, end in sorted(taken)):
        if whole and first <= whole[-1][1]:
            whole[-1] = whole[-1][0], max(end, whole[-1][1])
        else:
            whole.append((first, end))
    return whole


def _spans(
    pictures: Pictures, starts: Frames, length: int, change: Levels, ratio: float, rate: float
) -> list[_Span]:
    """Spans of `length` steps from `starts` that look like a transition."""
    distance = pictures.distance(starts, starts + length)
    far = np.flatnonzero(distance >= LEVEL)
    far = far[distance[far] >= CHANGE * pictures.between(starts[far], starts[far] + length)]
    if length <= SHORT:
        level = np.array(
            [level_around(change, start + 1, start + length + 1) for start in starts[far].tolist()]
        )
        far = far[distance[far] >= ratio * (level + NOISE)] if len(far) else far
    spans = []
    for k in range(0, len(far), BLOCK):
        some = far[k : k + BLOCK]
        good, score = _straight(pictures, starts[some], length, distance[some], rate)
        some, score = some[good], score[good]
        good = _another(pictures, starts[some], starts[some] + length, distance[some])
        for start, value in zip(starts[some[good]].tolist(), score[good].tolist(), strict=True):
            spans.append(_Span(start, start + length, value))
    return spans


def _straight(
    pictures: Pictures, starts: Frames, length: int, distance: Levels, rate: float
) -> tuple[Mask, Levels]:
    """Whether each span is a straight way, and how good a transition it is."""
    points = min(STRIDES, length)
    at = [starts + round(length * k / points) for k in range(points + 1)]
    here = pictures.cells[at[0]].astype(np.int16)
    way = pictures.cells[at[-1]].astype(np.int16) - here
    gone, most, before = np.zeros(len(starts)), np.zeros(len(starts)), here
    for frames in at[1:]:
        now = pictures.cells[frames].astype(np.int16)
        step = np.abs(now - before).mean(axis=1)
        gone, most, before = gone + step, np.maximum(most, step), now
    gone = np.maximum(gone, 1e-6)
    straight = np.abs(way).mean(axis=1) / gone
    good = (straight >= STRAIGHT) & (most <= JUMPS.get(length, JUMP) * gone)
    wipe = good & (straight >= WIPED) & (most <= WIPE_JUMP * gone) & (length > SHORT)
    beside = np.ones(len(starts))
    beside[good] = _beside(pictures, [frames[good] for frames in at]) / distance[good]
    good = wipe | (good & (beside <= min(FURTHEST, BESIDE + DRIFT * length / rate)))
    return good, distance * straight * (1 - np.minimum(beside, 0.5))


def _beside(pictures: Pictures, at: list[Frames]) -> Levels:
    """Levels that the pictures between lie beside the mixture of the first and the last, at most: the mean of
    what is outside of the range that the cells around have in the mixture."""
    low, high = pictures.ranges
    here, there = at[0], at[-1]
    start = pictures.cells[here].astype(np.float32)
    way = pictures.cells[there] - start
    length = np.maximum((way * way).sum(axis=1), 1e-6)
    lows, highs = (part[here].astype(np.float32) for part in (low, high))
    low_way, high_way = low[there] - lows, high[there] - highs
    most = np.zeros(len(here))
    for frames in at[1:-1]:
        now = pictures.cells[frames].astype(np.float32)
        share = np.clip(((now - start) * way).sum(axis=1) / length, 0, 1)[:, None]
        outside = np.maximum(lows + share * low_way - now, now - highs - share * high_way)
        outside = np.maximum(outside, 0)
        most = np.maximum(most, outside[:, :LUMA].mean(axis=1) + outside[:, LUMA:].mean(axis=1))
    return most


def _another(pictures: Pictures, starts: Frames, ends: Frames, distance: Levels) -> Mask:
    """Whether the end is another picture: not the same one in other light, with something in front, or
    moved."""
    plain = np.minimum(pictures.contrast[starts], pictures.contrast[ends]) <= FLAT
    good: Mask = (plain | (pictures.relit(starts, ends) >= RELIT)) & (
        pictures.covered(starts, ends) >= COVERED
    )
    at = [starts + (ends - starts) * k // 4 for k in range(5)]
    long = ends - starts >= 2 * SHORT
    added = np.sum([pictures.distance(one, other) for one, other in pairwise(at)], axis=0)
    good &= ~long | (added >= QUARTERS * distance)
    for one, other in ((at[0], at[2]), (at[2], at[4])):
        good[good] = pictures.shifted(one[good], other[good]) >= HALF * distance[good]
    return good


def _ends(pictures: Pictures, cuts: Frames, span: _Span) -> tuple[int, int]:
    """Frames [first, end) that are a mixture: where the straight line through what lies between a quarter and
    three quarters of the way meets the levels of the old and the new picture.

    The span may be only the middle of a longer transition: then the frames beside it lie beyond its ends on
    the same line, and the levels are theirs.
    """
    a, b = span.first, span.last
    before = int(np.searchsorted(cuts, a, "right"))
    after = int(np.searchsorted(cuts, b, "right"))
    lowest = int(cuts[before - 1]) if before else 0
    highest = int(cuts[after]) if after < len(cuts) else len(pictures)
    if b - a <= SHORT:
        return a + 1, b
    margin = (b - a) // 2
    start, stop = max(lowest, a - margin), min(highest, b + margin + 1)
    cells = pictures.cells[start:stop].astype(np.float32)
    here = cells[a - start]
    way = cells[b - start] - here
    share = (cells - here) @ way / max(float(way @ way), 1e-6)
    low = min(0.0, float(np.median(share[: max(1, (a - start) // 2)])))
    high = max(1.0, float(np.median(share[-max(1, (stop - 1 - b) // 2) :])))
    share = (share - low) / (high - low)
    middle = a - start + int(np.argmax(share[a - start : b - start + 1] >= 0.5))
    quarter = (
        int(np.flatnonzero(share[: middle + 1] <= 0.25)[-1:].sum()) if (share[:middle] <= 0.25).any() else 0
    )
    above = np.flatnonzero(share[middle:] >= 0.75)
    rest = middle + int(above[0]) if len(above) else len(share) - 1
    if rest <= quarter or share[rest] <= share[quarter]:
        return a + 1, b
    slope = float(share[rest] - share[quarter]) / (rest - quarter)
    first = start + int(np.floor(quarter - share[quarter] / slope)) + 1
    end = start + int(np.ceil(rest + (1 - share[rest]) / slope))
    first = max(start + (start > lowest), min(first, a + margin))
    return first, min(stop, max(end, b - margin, first + 1))


def _with_plain(pictures: Pictures, cuts: Frames, first: int, end: int, most: int) -> tuple[int, int]:
    """The span with the plain frames beside it, at most `most` on each side, up to the next cut."""
    before, after = (int(np.searchsorted(cuts, frame, "right")) for frame in (first, end - 1))
    lowest = max(int(cuts[before - 1]) if before else 0, first - most)
    highest = min(int(cuts[after]) if after < len(cuts) else len(pictures), end + most)
    while first > lowest and pictures.contrast[first - 1] <= FLAT:
        first -= 1
    while end < highest and pictures.contrast[end] <= FLAT:
        end += 1
    return first, end
