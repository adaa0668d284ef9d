"""How much of a clip shows nothing: black, blown-out or flat frames."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from curate.picture_rows import signals_inside
from curate.plugins import Bounds, ClipView, Score, SignalFilter

Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class Exposure(SignalFilter):
    """Score: share (0 to 1) of the clip's frames that are black, blown out or flat.

    Columns: `black`, `white` (blown out) and `flat`, the share of the frames that are each of these. A frame
    can be more than one (a fade ends black and flat) and counts once in the score.

    All of it is of the picture between black bars, or bars of another colour: with and without them, a
    frame's shares differ by less than 0.01 and its contrast by less than 1 level; beside white bars, the
    contrast of dark frames by some more, so that `flat` may differ by a frame or two of a fade."""

    VERSION: ClassVar[int] = 2
    READS: ClassVar[tuple[str, ...]] = ("picture",)
    COLUMNS: ClassVar[dict[str, type]] = {"black": float, "white": float, "flat": float}
    UNITS: ClassVar[dict[str, str]] = dict.fromkeys(("score", *COLUMNS), "share of the clip's frames, 0 to 1")
    PUBLISHED: ClassVar[tuple[str, ...]] = (
        "UltraVideo: exposure of more than 12 % is bad; a clip with more than 5 % bad frames is dropped",
        "FFmpeg blackdetect: a frame is black from 98 % black pixels on (black_share)",
        "scikit-image is_low_contrast: a range below 5 % (flat_contrast)",
    )
    COST: ClassVar[str] = (
        "2,200 clips of 5 s at 24 fps a second, on a core of a busy server; the measures are part of the scan"
    )

    black_share: Share = 0.98
    """A frame is black when at least this share of its pixels is. 0.98 is the default of FFmpeg's
    blackdetect: a channel's logo may stay on."""
    white_share: Share = 0.5
    """A frame is blown out when at least this share of its pixels is white. From 0.5 on, most of the picture
    has no detail; things filmed before a white background can get there too: raise it for such footage."""
    flat_contrast: Annotated[float, Field(ge=0, le=127.5)] = 3.7
    """A frame is flat when the standard deviation of its luma (of 255) is at most this. 3.7 is that of values
    spread evenly over 5 % of the range (0.05 * 255 / sqrt(12)), and 5 % is where scikit-image's
    `is_low_contrast` draws its line."""

    def measure(self, clip: ClipView) -> Score:
        picture = signals_inside(clip.signals, clip.video)["picture"]
        black, white, contrast = (
            np.asarray(picture[name], np.float64) for name in ("black", "white", "contrast")
        )
        measured = np.isfinite(black) & np.isfinite(white) & np.isfinite(contrast)
        if not measured.any():
            raise ValueError("no frame of this clip has picture signals: scan its video again")
        is_black = black[measured] >= self.black_share
        is_white = white[measured] >= self.white_share
        is_flat = contrast[measured] <= self.flat_contrast
        return {
            "score": float((is_black | is_white | is_flat).mean()),
            "black": float(is_black.mean()),
            "white": float(is_white.mean()),
            "flat": float(is_flat.mean()),
        }

    def bounds(self, longest_clip: float) -> Bounds:
        return dict.fromkeys(("score", *self.COLUMNS), (0.0, 1.0))
