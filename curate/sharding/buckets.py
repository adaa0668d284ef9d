"""Buckets: clips of like size, shape and length, so that a batch can be made of one of them without much
padding.

Every clip has a place: the classes have no gaps and are open at both ends. The name says it:
`720p_16x9_4-8s`.
"""

from fractions import Fraction
from itertools import pairwise

SHORT_SIDES = (144, 240, 360, 480, 720, 1080, 1440, 2160, 4320)
"""Lower bounds of the size classes in pixels of the encoded short side (the usual broadcast and web sizes): a
clip of `720p` can be scaled down to 720 and is never scaled up. Smaller ones are in `0p`."""

ASPECTS = ((9, 16), (3, 4), (1, 1), (4, 3), (16, 9), (21, 9))
"""Width : height of the shape classes, from tall to wide: phone, portrait, square, television, wide,
cinema."""

SECONDS = (2, 4, 8, 16, 32, 64)
"""Bounds of the length classes: octaves, since memory and time of a training step grow with the length."""


def size_class(width: int, height: int) -> str:
    """`720p`: the largest of SHORT_SIDES that the clip's short side reaches."""
    reached = [side for side in SHORT_SIDES if side <= min(width, height)]
    return f"{reached[-1] if reached else 0}p"


def aspect_class(width: int, height: int) -> str:
    """`16x9`: the nearest of ASPECTS by the ratio of the ratios (distance of logarithms)."""
    shape = Fraction(width, height)
    chosen = ASPECTS[0]
    for narrow, wide in pairwise(ASPECTS):
        # Beyond the geometric mean of two neighbours the wider is nearer; squared, so that nothing is
        # rounded. A tie is not possible: no two neighbours have a rational geometric mean.
        if shape**2 > Fraction(*narrow) * Fraction(*wide):
            chosen = wide
    return f"{chosen[0]}x{chosen[1]}"


def length_class(seconds: float) -> str:
    """`4-8s`: from 4 s to less than 8 s; `64s-up` is open."""
    for low, high in zip((0, *SECONDS), SECONDS, strict=False):
        if seconds < high:
            return f"{low}-{high}s"
    return f"{SECONDS[-1]}s-up"


def bucket(width: int, height: int, seconds: float) -> str:
    """The bucket of a clip of `width` x `height` pixels as encoded, `seconds` long."""
    return f"{size_class(width, height)}_{aspect_class(width, height)}_{length_class(seconds)}"
