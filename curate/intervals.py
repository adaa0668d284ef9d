"""How far a share that was counted on some may lie from that of all."""

import math

NORMAL_95 = 1.959964
"""95 % of a normal distribution lie within so many standard deviations of its mean."""


def wilson(right: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of the share `right` of `count`: of nothing, all of 0 to 1.

    Unlike the mean ± two standard errors it stays inside 0 to 1, and has a width where all or none are
    right."""
    if not 0 <= right <= count:
        raise ValueError(f"{right} of {count} is no share")
    if not count:
        return 0.0, 1.0
    share, squared = right / count, NORMAL_95**2
    middle = (share + squared / (2 * count)) / (1 + squared / count)
    half = (
        NORMAL_95
        / (1 + squared / count)
        * math.sqrt(share * (1 - share) / count + squared / (4 * count * count))
    )
    # Rounding must not push an end past a bound that it equals.
    low = middle - half if right else 0.0
    high = middle + half if right < count else 1.0
    return low, high
