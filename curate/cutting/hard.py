"""Hard cuts between tiny pictures: a change that motion does not explain, that stands out, and that stays."""

import numpy as np
import numpy.typing as npt

from curate.cutting.pictures import LUMA, Frames, Levels, Pictures
from curate.signals.thumbs import COLUMNS, ROWS

Mask = npt.NDArray[np.bool_]

REACH = 8
"""Frames on each side among which a cut has to stand out: at 30 frames/s a quarter of a second, which holds
the better part of a whip pan, and two new pictures of an animation drawn at 8 per second."""
QUANTILE = 0.7
"""The level of motion is this quantile of the changes within REACH: one or two more cuts nearby do not raise
it, a whip pan does."""
REPEATED = 0.1
"""Levels up to which a frame repeats the one before. Those are left out of the quantile where at least
three others are in reach: among the doubled frames of an animation, each new one would stand out."""
NOISE = 0.5
"""Levels by which coding and grain change the cells, added to the level of motion."""
MOVED = 0.35
"""A change of which a shift of the whole picture leaves less than this is a jerk of the camera. (Of cuts,
half and more is left; of a shaken camera, up to a fifth.)"""
RELIT = 0.05
"""Share of the contrast that must be left when light and contrast are made equal: less is a lamp, a cloud or
the camera's exposure. (Such steps leave 0.01, cuts between two takes of the same view 0.07, others 0.2 to
1.)"""
COVERED = 0.25
"""Least share of the cells that change. A title takes up to 0.22 of the picture, a cut nearly all of it, and
one half where the other half is a still."""
FLAT = 4.0
"""Contrast (levels) up to which a picture is plain, black or white: then nothing can be said of light."""
BACK = 0.5
"""A picture that comes back to within this share of the change was interrupted and not left: a flash."""

STILL = 0.1
"""Levels up to which most changes within REACH are where a picture stands still on both sides, as slides do.
Then a small change is a cut too, if it is like that of a slide:"""
DETAIL, DETAIL_RATIO = 5.0, 3.0
"""the edges (content.delta_edges, 0..255) change by so much, and by so many times what else they do within
REACH;"""
STRONGEST, STRONG = 0.1, 6.0
"""the tenth of the luma cells that change most do so by so many levels in the mean;"""
SPARSE = 8.0
"""by so many times the median of all cells plus one level: new lines of text leave the paper as it is, a
keyframe pop moves every cell by a few levels (pops have a ratio of 2 to 6, slide changes of 9 to 25);"""
SPREAD, SPREAD_LEVELS = 0.25, 4
"""and the box around all cells that change by so many levels takes this share of the picture. Titles and
lower thirds that come up in front of a still have 0.2 and less, slides 0.3 and more."""


def changes(pictures: Pictures) -> Levels:
    """Distance of each frame to the one before, float64 (n,), 0 for the first."""
    frames = np.arange(1, len(pictures))
    return np.concatenate([np.zeros(min(1, len(pictures))), pictures.distance(frames - 1, frames)])


def hard_cuts(
    pictures: Pictures, change: Levels, edges: Levels, *, threshold: float, ratio: float, flash: int
) -> Frames:
    """First frames of new shots, int64 (k,), ascending.

    change: see `changes`. edges: change of the edges of each frame (content.delta_edges). threshold: least
    distance after the best shift, as a share of the contrast. ratio: least distance in levels of motion.
    flash: frames that an interruption lasts at most.
    """
    frames = np.flatnonzero(change >= ratio * NOISE)
    frames = np.union1d(frames, np.flatnonzero((change >= NOISE) & (edges >= DETAIL)))
    level = np.array([level_around(change, frame, frame + 1) for frame in frames.tolist()])
    least = threshold * pictures.between(frames - 1, frames)
    # A shift takes nothing away from a slide show's quiet, and only ever lowers a distance.
    cut = (change[frames] >= ratio * (level + NOISE)) & (change[frames] >= least)
    cut[cut] = _another(pictures, frames[cut], change[frames[cut]], least[cut])
    for k in np.flatnonzero(~cut).tolist():
        cut[k] = _is_slide(pictures, change, edges, int(frames[k]))
    frames = frames[cut]
    stays = [_stays(pictures, float(change[frame]), frame, flash) for frame in frames.tolist()]
    kept: Frames = frames[np.array(stays, dtype=bool)]
    return kept


def level_around(change: Levels, first: int, end: int) -> float:
    """How much moves around the changes [first, end)."""
    before, after = change[max(1, first - REACH) : first], change[end : end + REACH]
    around = np.sort(np.concatenate([before, after]))
    if not len(around):
        return 0.0
    moving = around[around > REPEATED]
    ranked = moving if len(moving) >= 3 else around
    quantile = float(ranked[int(QUANTILE * (len(ranked) - 1))])
    return max(quantile, float(before[-1:].max(initial=0)), float(after[:1].max(initial=0)))


def _another(pictures: Pictures, frames: Frames, change: Levels, least: Levels) -> Mask:
    """Whether each frame shows another picture than the one before, and not the same one moved or relit."""
    left = pictures.shifted(frames - 1, frames)
    flat = np.minimum(pictures.contrast[frames - 1], pictures.contrast[frames]) <= FLAT
    relit = pictures.relit(frames - 1, frames)
    another: Mask = (left >= np.maximum(least, MOVED * change)) & (flat | (relit >= RELIT))
    return another & (pictures.covered(frames - 1, frames) >= COVERED)


def _is_slide(pictures: Pictures, change: Levels, edges: Levels, frame: int) -> bool:
    # Of all the frames around, not the nearest: encoders go on to sharpen a new picture for a few frames.
    quiet = np.sort(
        np.concatenate([change[max(1, frame - REACH) : frame], change[frame + 1 : frame + 1 + REACH]])
    )
    if len(quiet) and quiet[int(QUANTILE * (len(quiet) - 1))] > STILL:
        return False
    around = np.concatenate([edges[max(1, frame - REACH) : frame], edges[frame + 1 : frame + 1 + REACH]])
    if edges[frame] < max(DETAIL, DETAIL_RATIO * float(around.max(initial=0))):
        return False
    luma = pictures.cells[frame - 1 : frame + 1, :LUMA].astype(np.int16)
    difference = np.abs(luma[1] - luma[0])
    if box_share(difference.reshape(ROWS, COLUMNS) >= SPREAD_LEVELS) < SPREAD:
        return False
    change = np.sort(difference)
    strongest = float(change[-round(STRONGEST * LUMA) :].mean())
    return strongest >= max(STRONG, SPARSE * (float(np.median(change)) + 1))


def box_share(cells: Mask) -> float:
    """Share of the plane (rows, columns) that the box around the marked cells takes."""
    rows, columns = (np.flatnonzero(cells.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return 0.0
    return float((rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1) / cells.size)


def _stays(pictures: Pictures, change: float, frame: int, flash: int) -> bool:
    """Whether no picture shortly after the cut is like the last one before it, or the other way round."""
    after = np.arange(frame + 1, min(frame + flash + 1, len(pictures)))
    before = np.arange(max(0, frame - 1 - flash), frame - 1)
    later = pictures.distance(np.full(len(after), frame - 1), after)
    earlier = pictures.distance(before, np.full(len(before), frame))
    return bool(min(later.min(initial=np.inf), earlier.min(initial=np.inf)) >= BACK * change)
