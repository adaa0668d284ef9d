"""Absolute grids in a file's own clock: which frames stand on a grid follows from their pts alone.

A grid of `rate` per second has its points at k / rate seconds of pts × time_base, so a chunk of a file finds
the same frames as the whole, and neither the frame rate nor where decoding began enters.
"""

from fractions import Fraction


class Grid:
    """Marks the first frame at or after every grid point."""

    def __init__(self, rate: Fraction | float, time_base: Fraction) -> None:
        self._ticks = time_base * Fraction(str(rate))
        self._last: int | None = None

    def point(self, pts: int) -> int:
        """Number of the last grid point at or before `pts`."""
        return pts * self._ticks.numerator // self._ticks.denominator

    def arrives(self, pts: int) -> bool:
        """True if a grid point lies in (pts of the frame before, `pts`]; always for the first frame."""
        point = self.point(pts)
        arrived = self._last is None or point > self._last
        self._last = point
        return arrived


class SampleGrid:
    """The sampled frames: a grid of `rate` per second, and a finer one after a spike until the next coarse
    point.

    The finer one gives frames to shots that are shorter than the coarse spacing. It looks at the change score
    alone, not at any option of the cut detector, so that moving a cut threshold samples nothing anew.
    """

    EXTRA_RATE = 8
    """Frames per second after a spike; at 8 Hz a shot of an eighth of a second has a frame."""
    SPIKE_SCORE = 15.0
    """Change score from which frames are taken as after a cut: scenedetect's AdaptiveDetector reports no cut
    below `min_content_val`, 15 by default (its ContentDetector none below 27)."""

    def __init__(self, rate: float, time_base: Fraction) -> None:
        self._coarse = Grid(rate, time_base)
        self._fine = Grid(self.EXTRA_RATE, time_base)
        self._spiked = False

    def takes(self, pts: int, score: float) -> bool:
        """Whether the frame at `pts`, whose change score against the frame before is `score`, is sampled."""
        coarse, fine = self._coarse.arrives(pts), self._fine.arrives(pts)
        spiked = (self._spiked and not coarse) or score >= self.SPIKE_SCORE
        self._spiked = spiked
        return coarse or (spiked and fine)
