"""Which of several near-identical clips stay: the greedy rule, on whole arrays."""

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


def stays(count: int, better: Indices, worse: Indices) -> NDArray[np.bool_]:
    """(count,) Which of `count` clips stay, when clip better[i] is a better copy of clip worse[i].

    In one total order, from the best on, a clip goes if a better one that stays is its copy. A clip that has
    gone takes nobody with it: there are no chains through a third one. `better` and `worse` must come from
    such an order (no clip is better than itself by any way round).

    Each round settles all clips whose better copies are settled, so there are as many rounds as the longest
    row of copies of copies: a few, in practice.
    """
    staying = np.ones(count, dtype=bool)
    paired, numbers = np.unique(np.concatenate([better, worse]), return_inverse=True)
    staying[paired] = _stays(len(paired), numbers[: len(better)], numbers[len(better) :])
    return staying


def _stays(count: int, better: Indices, worse: Indices) -> NDArray[np.bool_]:
    settled = np.zeros(count, dtype=bool)
    staying = np.ones(count, dtype=bool)
    while len(better):
        waits = np.zeros(count, dtype=bool)
        waits[worse] = True
        ready = ~waits & ~settled
        assert ready[better].any(), "pairs that are no order"
        settled |= ready
        # Whoever is ready stays, and what it is a better copy of goes.
        gone = worse[ready[better]]
        staying[gone] = False
        settled[gone] = True
        left = ~(settled[better] | settled[worse])
        better, worse = better[left], worse[left]
    return staying
