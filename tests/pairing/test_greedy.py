"""The greedy rule on whole arrays against the plain way, from the best clip on."""

import numpy as np
import pytest

from curate.pairing.greedy import stays


def plainly(count: int, better: list[int], worse: list[int]) -> list[bool]:
    """Clips are numbered from the best on."""
    staying = [True] * count
    for clip in range(count):
        staying[clip] = not any(staying[b] for b, w in zip(better, worse, strict=True) if w == clip)
    return staying


@pytest.mark.parametrize("seed", range(6))
def test_it_says_what_the_plain_way_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, pairs = 60, 20 * (seed + 1)
    ends = np.sort(rng.integers(0, count, (pairs, 2)), axis=1)
    ends = ends[ends[:, 0] < ends[:, 1]]
    names = rng.permutation(count)  # the order is in the pairs alone
    found = stays(count, names[ends[:, 0]], names[ends[:, 1]])
    assert found[names].tolist() == plainly(count, ends[:, 0].tolist(), ends[:, 1].tolist())
    assert 0 < found.sum() < count


def test_there_are_no_chains_through_a_third_clip() -> None:
    # 0 is the copy of 1, 1 of 2, 2 of 3, but 0 and 2 have nothing in common.
    assert stays(5, np.array([0, 1, 2]), np.array([1, 2, 3])).tolist() == [True, False, True, False, True]


def test_nothing_to_decide() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert stays(3, none, none).tolist() == [True] * 3


def test_pairs_that_go_round_are_a_fault() -> None:
    with pytest.raises(AssertionError, match="no order"):
        stays(2, np.array([0, 1]), np.array([1, 0]))
