"""How much of a clip shows a picture again: doubled frames, freezes, slides, stills."""

from collections.abc import Mapping
from math import inf
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from curate.picture_rows import signals_inside
from curate.plugins import Bounds, ClipView, Score, SignalFilter

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

AROUND = 3
"""Frames on each side that a frame's difference is held against: pictures shown three times still have two
new ones among them."""


class Frozen(SignalFilter):
    """Score: share (0 to 1) of the clip's time in which the picture is a repeated or still one.

    Columns: `repeated`, the share of time of frames that repeat the one before (half of it where 12 pictures
    a second are shown at 24); `still`, the share of time of pictures that stay for `still_seconds` or longer,
    by repetition or because a frame of a variable rate lasts that long; `longest`, seconds of the longest
    time that one picture stays.

    A tripod's view with noise that coding left in is a new picture in each frame, and not frozen; `motion`
    tells of it. What counts is what was coded: where noise was coded away, the picture does stand still.
    Doubled frames are found from the differences around them: of three real clips doubled, tripled or with
    every fifth frame repeated, nine in ten up to CRF 23, most of them at CRF 28 and the fewer the less moves,
    hardly any at CRF 35. Black bars change none of this."""

    VERSION: ClassVar[int] = 1
    READS: ClassVar[tuple[str, ...]] = ("picture",)
    COLUMNS: ClassVar[dict[str, type]] = {"repeated": float, "still": float, "longest": float}
    UNITS: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("score", "repeated", "still"), "share of the clip's time, 0 to 1"),
        "longest": "seconds",
    }
    PUBLISHED: ClassVar[tuple[str, ...]] = (
        "FFmpeg freezedetect: mean difference below -60 dB (0.26 of 255) for 2 s (still_seconds)",
        "3:2 pulldown: one frame in five repeats, 0.2",
    )
    COST: ClassVar[str] = (
        "1,900 clips of 5 s at 24 fps a second, on a core of a busy server; the measures are part of the scan"
    )

    still_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.5
    """A picture that stays for so long is still. Half a second is seen as a stop; drawings held for four
    frames of film stay for a sixth. FFmpeg's freezedetect takes 2."""
    changed_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    """A frame repeats the one before when at most this share of its pixels (256 wide) has another luma. Noise
    of one level at CRF 18 changes 0.02 of them, of two levels 0.15 to 0.32; in a still it is 0 outside
    keyframes."""
    relative: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """It also does when it differs from the one before by at most this part of what frames around it differ
    by (mean absolute difference). Copies at CRF 23: up to 0.2 in nine cases of ten; neighbours in steady
    motion: 0.39 and more."""

    def measure(self, clip: ClipView) -> Score:
        picture = signals_inside(clip.signals, clip.video)["picture"]
        pts = np.asarray(picture["pts"], np.float64)
        total = float(clip.clip["end_pts"]) - pts[0] if len(pts) else 0.0
        if total <= 0:
            raise ValueError("no frame of this clip has picture signals: scan its video again")
        shown = np.diff(pts, append=float(clip.clip["end_pts"]))
        repeated = self._repeated(picture)
        # A picture stays from a frame that is new until the next that is.
        stays = np.bincount(np.cumsum(~repeated) - 1, weights=shown)
        tick = clip.seconds / (float(clip.clip["end_pts"]) - float(clip.clip["start_pts"]))
        still = (stays * tick >= self.still_seconds)[np.cumsum(~repeated) - 1]
        return {
            "score": float(shown[repeated | still].sum() / total),
            "repeated": float(shown[repeated].sum() / total),
            "still": float(shown[still].sum() / total),
            "longest": float(stays.max() * tick),
        }

    def _repeated(self, picture: Mapping[str, npt.NDArray[Any]]) -> Flags:
        """Which frames show the picture of the one before; never the first, which has none in the clip."""
        alike = np.asarray(picture["repeated"], np.bool_)
        difference = np.asarray(picture["difference"], np.float64)
        same = alike & (np.asarray(picture["changed"], np.float64) <= self.changed_share)
        # A keyframe in the middle of a still codes the same picture anew.
        same[1:-1] |= alike[1:-1] & same[:-2] & same[2:]
        if len(same) > 2:
            same |= difference <= self.relative * _around(difference)
        same[0] = False
        return same

    def bounds(self, longest_clip: float) -> Bounds:
        return {**dict.fromkeys(("score", "repeated", "still"), (0.0, 1.0)), "longest": (0.0, inf)}


def _around(difference: Floats) -> Floats:
    """For each frame, the second largest difference among the AROUND frames before and after it: one alone
    may be a keyframe that codes the same picture anew. -1 where there are fewer than two."""
    # The first frame's is to a frame outside the clip.
    padded = np.pad(np.concatenate(([-1.0], difference[1:])), AROUND, constant_values=-1.0)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1).copy()
    windows[:, AROUND] = -1.0
    second: Floats = np.partition(windows, -2, axis=1)[:, -2]
    return second
