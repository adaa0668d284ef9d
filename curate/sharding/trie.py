"""A bucket cut into shards: the leaves of a binary trie over the bits of a hash of the clip's id.

A leaf splits while its clips take more than the limit. Where a clip goes depends on the clips that are there
and on nothing else: no order, no history. Adding a clip rewrites one leaf (or splits it), removing it gives
back what was before, and since the bits are those of a hash, every shard is a random draw from its bucket.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

PLACE_BYTES = 16
_BITS = 8 * PLACE_BYTES

T = TypeVar("T")


def place(clip_id: bytes) -> bytes:
    """Where a clip stands among others: 16 bytes, the BLAKE2b of its id. (The id itself is a hash; hashing it
    again keeps a training order from being tied to the ids that seeded choices are made of.)"""
    return hashlib.blake2b(clip_id, digest_size=PLACE_BYTES, person=b"curate.place").digest()


@dataclass(frozen=True)
class Leaf(Generic[T]):
    """A shard to be: the clips whose place starts with `bits`, in the order of their places."""

    bits: str
    """"" for a bucket that fits into one shard, "0110" for what lies below that path."""
    items: tuple[T, ...]

    @property
    def name(self) -> str:
        return self.bits or "all"


def leaves(
    items: Sequence[T], *, key: Callable[[T], bytes], size: Callable[[T], int], limit: int
) -> Iterator[Leaf[T]]:
    """The leaves that are not empty, from left to right.

    `key`: the clip's id; `size`: bytes that it takes; a leaf of several items takes at most `limit` bytes
    (one that is larger by itself has a leaf of its own). Ids must differ.
    """
    found = [int.from_bytes(place(key(item)), "big") for item in items]
    order = sorted(range(len(items)), key=found.__getitem__)
    places, ordered = [found[k] for k in order], [items[k] for k in order]
    assert all(a < b for a, b in pairwise(places)), "an id twice"
    before = [0]
    for item in ordered:
        before.append(before[-1] + size(item))
    # (first item, item after the last, the bits so far), rightmost last: a stack keeps long paths off
    # Python's own.
    pending = [(0, len(ordered), "")]
    while pending:
        low, high, bits = pending.pop()
        if low == high:
            continue
        if high - low == 1 or before[high] - before[low] <= limit:
            yield Leaf(bits, tuple(ordered[low:high]))
            continue
        right = (int(bits or "0", 2) * 2 + 1) << (_BITS - len(bits) - 1)
        middle = bisect_left(places, right, low, high)
        pending.append((middle, high, bits + "1"))
        pending.append((low, middle, bits + "0"))
