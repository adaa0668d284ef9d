"""The pairs of clips that are worth comparing, among millions: those that share a key.

A key is the side of 32 random planes through the origin on which a print lies (Charikar, STOC 2002). Two
prints at the angle t agree in one bit with probability 1 - t / pi, so copies share keys now and then, and
others about never: 2^32 keys are many. The bits that lie nearest to their plane are the ones that a copy may
have otherwise, so each print has keys with these flipped as well (Lv et al., VLDB 2007), and there is more
than one set of planes. A clip has dozens of prints, and one shared key suffices.

Which keys of a clip are used follows from their values (those that are low after a fixed shuffle), so that a
copy, however trimmed, uses the same ones. Of the order of clips, only their ranks matter.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from curate.pairing.sequences import Store

TABLES = 3
BITS = 32
FLIPS = 3
"""Of the nearest planes: eight keys to a print in each table."""
ONE_IN = 8
"""Keys in use …"""
AT_LEAST = 16
"""… and so many of each clip and table where there are fewer: a still clip has few."""
CROWD = 64
"""Clips that share a key are all compared with each other up to so many. Above, a clip is compared with the
NEXT ones in the order of ranks and with the HUBS, the best of all: that is enough for all but the best to go,
whatever their number."""
NEXT = 16
HUBS = 4
CLIPS_AT_ONCE = 4_000
PARTS = 16
"""Parts of the space of keys that are joined one after the other, so that memory holds the keys of a table
and the sorted ones of a part."""

Pairs = NDArray[np.uint64]
"""(pairs,) number of the lower clip << 32 | number of the higher one, ascending."""


def candidates(store: Store, clips: NDArray[np.int64], ranks: NDArray[np.int64]) -> Pairs:
    """Pairs among `clips` (numbers in the store) that share a key. `ranks`: of every clip in the store, all
    different, 0 for the best."""
    rng = np.random.default_rng(20020519)
    found: list[Pairs] = [np.zeros(0, np.uint64)]
    for _ in range(TABLES):
        # Whole numbers, as prints are: their sums are exact, whatever the machine adds first.
        planes = np.clip(np.rint(40 * rng.standard_normal((BITS, store.length))), -127, 127)
        keys, owners = _table(store, clips, planes.astype(np.float32))
        for part in range(PARTS):
            mine = (keys >> np.uint32(BITS - 4)) == part
            found.append(np.unique(_join(keys[mine], ranks[owners[mine]])))
    by_rank = np.unique(np.concatenate(found))
    clip_of = np.empty(len(ranks), dtype=np.uint64)
    clip_of[ranks] = np.arange(len(ranks), dtype=np.uint64)
    a, b = clip_of[by_rank >> np.uint64(32)], clip_of[by_rank & np.uint64(0xFFFFFFFF)]
    return np.sort(np.minimum(a, b) << np.uint64(32) | np.maximum(a, b))


def _table(
    store: Store, clips: NDArray[np.int64], planes: NDArray[np.float32]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The keys in use in one table, and the clip of each."""
    keys, owners = [np.zeros(0, np.uint32)], [np.zeros(0, np.int64)]
    chosen = np.zeros(len(store), dtype=bool)
    chosen[clips] = True
    for first in range(0, len(store), CLIPS_AT_ONCE):
        end = min(len(store), first + CLIPS_AT_ONCE)
        block = store.block(first, end)
        clip = np.repeat(np.arange(first, end), np.diff(store.offsets[first : end + 1]))
        use = chosen[clip] & block.any(axis=1)
        for some_keys, some_owners in _keys(block[use], clip[use], planes):
            keys.append(some_keys)
            owners.append(some_owners)
    return np.concatenate(keys), np.concatenate(owners)


def _keys(
    prints: NDArray[np.int8], clip: NDArray[np.int64], planes: NDArray[np.float32]
) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.int64]]]:
    """Keys in use, each once per clip. prints: (n, length) of the clips `clip`, ascending."""
    if not len(prints):
        return
    sides = prints.astype(np.float32) @ planes.T
    bits = np.uint32(1) << np.arange(BITS, dtype=np.uint32)
    key = ((sides > 0) * bits).sum(axis=1, dtype=np.uint32)
    nearest = np.argpartition(np.abs(sides), FLIPS, axis=1)[:, :FLIPS]
    all_keys = key[:, None]
    for flip in range(FLIPS):
        all_keys = np.concatenate([all_keys, all_keys ^ bits[nearest[:, flip]][:, None]], axis=1)
    shuffled = _shuffle(all_keys.ravel()).astype(np.uint64)
    owner = np.repeat(clip, all_keys.shape[1]).astype(np.uint64)
    both = np.unique(owner << np.uint64(32) | shuffled)
    owner = both >> np.uint64(32)
    shuffled_keys = (both & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    starts = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
    place = np.arange(len(owner)) - np.repeat(starts, np.diff(np.concatenate([starts, [len(owner)]])))
    use = (shuffled_keys < np.uint32(2**32 // ONE_IN)) | (place < AT_LEAST)
    # Shuffled again, which spreads the low ones over all parts.
    yield _shuffle(shuffled_keys[use] ^ np.uint32(0x9E3779B9)), owner[use].astype(np.int64)


def _shuffle(keys: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A fixed one-to-one mixing of 32-bit numbers (the finaliser of MurmurHash3)."""
    x = keys.copy()
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return x


def _join(keys: NDArray[np.uint32], ranks: NDArray[np.int64]) -> Pairs:
    """Pairs of ranks (lower << 32 | higher) that share a key."""
    both = np.sort(keys.astype(np.uint64) << np.uint64(32) | ranks.astype(np.uint64))
    key, rank = both >> np.uint64(32), both & np.uint64(0xFFFFFFFF)
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, int)
    sizes = np.diff(np.concatenate([starts, [len(key)]]))
    size, start = np.repeat(sizes, sizes), np.repeat(starts, sizes)
    place = np.arange(len(key)) - start
    found = [np.zeros(0, np.uint64)]

    def pair(of: NDArray[np.int64], others: NDArray[np.int64]) -> None:
        found.append(rank[others] << np.uint64(32) | rank[of])

    late = np.arange(len(key))
    for step in range(1, CROWD):
        late = late[place[late] >= step]
        if not len(late):
            break
        near = late[(size[late] <= CROWD) | (step <= NEXT)]
        pair(near, near - step)
    crowded = np.flatnonzero(size > CROWD)
    for hub in range(HUBS):
        late = crowded[place[crowded] > hub]
        pair(late, start[late] + hub)
    return np.concatenate(found)
