"""Of all pairs the ones that are kept: each clip's nearest."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Found = tuple[float, int, int, float]
"""(similarity, better, worse, covered); the clips by number."""


def nearest(found: Sequence[Found], ranks: NDArray[np.int64], count: int) -> list[Found]:
    """The pairs that are among the `count` nearest of either clip, in the order of the clips' ranks.

    Of pairs that are equally near, those with better clips come first, so that the best of a crowd of copies
    is in everybody's pairs. `ranks`: 0 for the best, all different.
    """

    def by_nearness(pair: Found) -> tuple[float, int, int]:
        return -pair[0], int(ranks[pair[1]]), int(ranks[pair[2]])

    taken: Counter[int] = Counter()
    kept = []
    for pair in sorted(found, key=by_nearness):
        _, better, worse, _ = pair
        if taken[better] < count or taken[worse] < count:
            kept.append(pair)
        taken[better] += 1
        taken[worse] += 1
    return sorted(kept, key=lambda pair: (int(ranks[pair[1]]), int(ranks[pair[2]])))
