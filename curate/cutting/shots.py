"""The detector `shots`: hard cuts, fades and dissolves from a tiny picture of each frame."""

from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from curate.cutting.gradual import gradual
from curate.cutting.hard import changes, hard_cuts
from curate.cutting.options import CutOptions, Signals, Transitions
from curate.cutting.pictures import Pictures

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Shots(CutOptions):
    """A cut is a change to another picture that motion, light and a moment's interruption do not explain; a
    fade or dissolve is a straight way from one picture to another.

    The libraries compare each frame with the one before, as it is. So what moves fast changes as much as what
    is cut, and thresholds weigh one error against another. Here each thing that is no cut is explained away
    by what it physically is, on pictures of 20x14 cells:

    - *Motion* moves cells: a cell costs only what lies outside the range of the 3x3 around its place in the
      other picture (Birchfield and Tomasi, PAMI 1998). What is left must be `threshold` of the contrast, so
      that dark and pale footage are measured by their own scale, must still be there after the best shift of
      the whole picture (a jerk of the camera is a shift), and must be `ratio` times as much as around it
      (adaptive thresholds: Yusoff et al., BMVC 2000): a whip pan has many such changes, a cut has one.
    - *Light* keeps the structure: what vanishes when brightness and contrast are made equal is no cut.
    - *Flashes* come back: no picture within `flash_seconds` after a cut may be like the one before it.
    - *Black and white* footage has no hue and saturation that a mean could be diluted by: distances add up.
    - *Repeated frames* (animation, telecine) are left out of what counts as around.
    - *Slides* stand still, change in a few places by much, and stand still again. *Keyframe pops* change a
      little everywhere.
    - *Fades and dissolves* mix two pictures: each in between lies between them, cell by cell, at a share that
      only grows (linear transitions: Grana and Cucchiara, CSVT 2007; twin comparison of frames further apart:
      Zhang et al. 1993). Half a dissolve is half another picture, half a pan is a shift; an object that
      passes leaves part of the picture as it was; exposure leaves the structure. Plain frames beside a fade
      (black or white, up to 2 s) belong to it. Wipes are found where both shots are calm.

    The numbers and what they were seen to separate stand beside them in `hard`, `gradual` and `pictures`.
    They were chosen on footage made for it, with known answers (tests/cutting/made.py).
    """

    VERSION: ClassVar[int] = 1
    READS: ClassVar[tuple[str, ...]] = ("content", "thumbs")

    use: Literal["shots"] = "shots"
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.09
    """Least change of a hard cut, as a share of the contrast. Cuts between two takes of the same view have
    0.12, all others 0.2 to 2; a title that comes up has 0.06."""
    ratio: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 3.0
    """How many times the change around it: that of Adaptive. Cuts have 5 to 100, whip pans up to 2."""
    flash_seconds: Seconds = 0.2
    """An interruption of up to this, at least three frames, after which the picture is as before, is no cut:
    a flash of a camera lasts one or two frames, lightning up to five. A shot this short would be of no
    use."""
    longest_seconds: Seconds = 4.0
    """The longest fade or dissolve to look for; 0 looks for none. In film and television few take more than
    two."""
    shortest_seconds: Seconds = 0.1
    """What lies between two changes closer together than this, or than two frames, belongs to neither shot:
    the two become one transition."""

    def transitions(self, signals: Signals, time_base: Fraction, model: Any = None) -> Transitions:
        pictures = Pictures(signals["thumbs"]["thumb"])
        rate = frame_rate(signals["thumbs"]["pts"], time_base)
        change = changes(pictures)
        cuts = hard_cuts(
            pictures,
            change,
            signals["content"]["delta_edges"],
            threshold=self.threshold,
            ratio=self.ratio,
            flash=max(3, round(self.flash_seconds * rate)),
        )
        found = [(frame, frame) for frame in cuts.tolist()]
        found += gradual(pictures, cuts, change, self.ratio, rate, self.longest_seconds)
        joined = _joined(sorted(found), max(2, round(self.shortest_seconds * rate)))
        return np.array(joined, dtype=np.int64).reshape(-1, 2)


def frame_rate(pts: Any, time_base: Fraction) -> float:
    """Frames per second, by the median of their spacing; 25 where there are not two."""
    if len(pts) < 2:
        return 25.0
    return 1.0 / float(Fraction(int(np.median(np.diff(pts))) or 1) * time_base)


def _joined(found: list[tuple[int, int]], least: int) -> list[tuple[int, int]]:
    """Transitions that follow each other by less than `least` frames as one."""
    joined: list[tuple[int, int]] = []
    for first, end in found:
        if joined and first - joined[-1][1] < least:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((first, end))
    return joined
