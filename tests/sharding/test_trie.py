"""Leaves: where items go depends on the items alone."""

import random

import pytest

from curate import clips
from curate.sharding.trie import Leaf, leaves, place

Item = tuple[bytes, int]


def items(count: int, seed: int = 0) -> list[Item]:
    rng = random.Random(seed)
    return [(clips.digest(bytes([seed]), str(k).encode()), rng.randrange(1, 2000)) for k in range(count)]


def cut(these: list[Item], limit: int = 5000) -> list[Leaf[Item]]:
    return list(leaves(these, key=lambda item: item[0], size=lambda item: item[1], limit=limit))


def bits_of(item: Item) -> str:
    return f"{int.from_bytes(place(item[0]), 'big'):0128b}"


def test_every_item_is_in_the_one_leaf_whose_bits_it_has() -> None:
    these = items(500)
    found = cut(these)
    assert sorted(item for leaf in found for item in leaf.items) == sorted(these)
    for leaf in found:
        assert all(bits_of(item).startswith(leaf.bits) for item in leaf.items)
        assert [bits_of(item) for item in leaf.items] == sorted(bits_of(item) for item in leaf.items)


def test_a_leaf_is_within_the_limit_and_its_parent_is_not() -> None:
    these = items(500)
    found = cut(these)
    assert len(found) > 50
    for leaf in found:
        assert sum(size for _, size in leaf.items) <= 5000
        parent = [item for item in these if bits_of(item).startswith(leaf.bits[:-1])]
        assert sum(size for _, size in parent) > 5000


def test_all_that_fits_is_one_leaf() -> None:
    these = items(5)
    (leaf,) = cut(these, limit=sum(size for _, size in these))
    assert leaf.name == "all"
    assert len(cut(these, limit=sum(size for _, size in these) - 1)) > 1


def test_nothing_gives_no_leaf() -> None:
    assert cut([]) == []


def test_an_item_larger_than_the_limit_is_alone() -> None:
    these = [*items(50), (clips.digest(b"large"), 1_000_000)]
    alone = [leaf for leaf in cut(these) if any(size == 1_000_000 for _, size in leaf.items)]
    assert [len(leaf.items) for leaf in alone] == [1]


def test_two_large_items_part_where_their_bits_do() -> None:
    these = [(clips.digest(bytes([k])), 10) for k in range(2)]
    left, right = cut(these, limit=1)
    assert left.bits[:-1] == right.bits[:-1]
    assert (left.bits[-1], right.bits[-1]) == ("0", "1")


@pytest.mark.parametrize("seed", range(5))
def test_order_does_not_matter(seed: int) -> None:
    these = items(300)
    shuffled = these.copy()
    random.Random(seed).shuffle(shuffled)
    assert cut(shuffled) == cut(these)


def test_one_more_item_changes_one_leaf_and_taking_it_away_restores_it() -> None:
    these, more = items(300), (clips.digest(b"more"), 100)
    before, after = cut(these), cut([*these, more])
    changed = [leaf for leaf in before if leaf not in after]
    assert len(changed) == 1
    assert bits_of(more).startswith(changed[0].bits)
    assert cut([item for item in [*these, more] if item != more]) == before
