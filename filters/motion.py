"""How much moves in a clip, from the optical flow that the scan stored."""

from math import inf
from typing import ClassVar

import numpy as np

from curate.flow_rows import flow_weights, weighted_mean
from curate.picture_rows import signals_inside
from curate.plugins import Bounds, ClipView, Score, SignalFilter

MEANS = ("pan_x", "pan_y", "zoom", "roll", "residual")


class Motion(SignalFilter):
    """Score: mean speed over the clip, in percent of the picture's diagonal per second.

    The unit depends on neither the resolution nor the frame rate. Each flow row weighs as long as the time
    that it spans, and rows that look back over the clip's start are left out. About 0 is a still picture; a
    pan at the cinematographers' limit (an object takes seven seconds to cross the picture) is 12.5 at 16:9.

    Columns, all means over the clip in the units of the flow group: `pan_x`, `pan_y`, `zoom` and `roll` keep
    their signs, so that a camera that shakes ends near 0; `residual` is the speed that is left when the
    motion of the whole picture is taken out, i.e. what moves within the picture. `peak` is the speed of the
    fastest row."""

    VERSION: ClassVar[int] = 2
    READS: ClassVar[tuple[str, ...]] = ("flow", "picture")
    COLUMNS: ClassVar[dict[str, type]] = {**dict.fromkeys(MEANS, float), "peak": float}
    UNITS: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("score", "residual", "peak"), "% of the diagonal per second"),
        "pan_x": "% of the width per second, to the right",
        "pan_y": "% of the height per second, down",
        "zoom": "growth rate per second; ln 2 doubles the size",
        "roll": "degrees per second",
    }
    PUBLISHED: ClassVar[tuple[str, ...]] = (
        "MUG-V: RAFT flow 1 to 20 (pixels per frame of its own size: another unit)",
        "UltraVideo: RAFT flow 0.1 to 100 (the same)",
        "Movie Gen: mean motion vector 0.5 to 7, VMAF motion above 2 (other units)",
        "Cinematographers' limit: an object crosses the picture in seven seconds, 12.5 at 16:9",
    )
    COST: ClassVar[str] = (
        "1,300 clips of 5 s at 24 fps a second, on a core of a busy server; the flow is part of the scan"
    )

    def measure(self, clip: ClipView) -> Score:
        flow = signals_inside(clip.signals, clip.video)["flow"]
        frames = len(flow["pts"])
        if frames < 2:
            raise ValueError("a clip of one frame has no motion: drop such clips by their seconds")
        weights = flow_weights(flow, int(clip.clip["start_pts"]))
        if not weights.any():
            raise ValueError(
                f"no motion was measured in this clip of {frames} frames and {clip.seconds:.3f} s: it is "
                "shorter than the flow's spacing; drop such clips by their seconds"
            )
        speed = np.asarray(flow["speed"], np.float64)
        return {
            "score": weighted_mean(speed, weights),
            **{name: weighted_mean(flow[name], weights) for name in MEANS},
            "peak": float(speed[weights > 0].max()),
        }

    def bounds(self, longest_clip: float) -> Bounds:
        return {"score": (0, inf), "residual": (0, inf), "peak": (0, inf)}
