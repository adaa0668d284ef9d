"""Facts of a clip that need no look at its pictures: length, rate, size, shape and bits spent."""

from math import inf
from typing import ClassVar

from curate.plugins import Bounds, ClipView, Score, SignalFilter


class Media(SignalFilter):
    """Score: the shorter side of the picture as shown, in pixels.

    Columns: `seconds` of the clip; `fps`, frames per second of the clip itself (frames / seconds, which is
    the mean where frames are not evenly spaced); `short_side`, the score as a whole number; `aspect`, width /
    height as shown (above 1: landscape); `bits_per_pixel` of the whole video, NULL where it is not known.
    """

    VERSION: ClassVar[int] = 1
    COLUMNS: ClassVar[dict[str, type]] = {
        "seconds": float,
        "fps": float,
        "short_side": int,
        "aspect": float,
        "bits_per_pixel": float,
    }
    UNITS: ClassVar[dict[str, str]] = {
        "score": "pixels",
        "seconds": "seconds",
        "fps": "frames per second",
        "short_side": "pixels",
        "aspect": "width / height",
        "bits_per_pixel": "bits per pixel and frame",
    }
    PUBLISHED: ClassVar[tuple[str, ...]] = (
        "Open-Sora 2.0: seconds >= 2, fps >= 16, aspect 1/3 to 3, bits_per_pixel >= 0.02",
        "Movie Gen: seconds 4 to 120, short_side >= 768, aspect > 1",
    )
    COST: ClassVar[str] = "228,000 clips a second, on one core"

    def measure(self, clip: ClipView) -> Score:
        width, height = int(clip.video["width"]), int(clip.video["height"])
        seconds = clip.seconds
        if seconds <= 0 or min(width, height) <= 0:
            raise ValueError(f"a clip of {seconds:g} s and {width} x {height} pixels has no rate or shape")
        bits = clip.video.get("bits_per_pixel")
        return {
            "score": float(min(width, height)),
            "seconds": seconds,
            "fps": int(clip.clip["frames"]) / seconds,
            "short_side": min(width, height),
            "aspect": width / height,
            "bits_per_pixel": None if bits is None else float(bits),
        }

    def bounds(self, longest_clip: float) -> Bounds:
        """`seconds` ends at the longest clip: a single frame may be shown for longer, but nobody asks for
        that."""
        return {
            "score": (1, inf),
            "seconds": (0, longest_clip),
            "fps": (0, inf),
            "short_side": (1, inf),
            "aspect": (0, inf),
            "bits_per_pixel": (0, inf),
        }
