"""Near-identical texts: what counts, across videos alone, in groups, and at scale."""

import random

import pytest

from curate.clips import digest
from curate.near_text import ALIKE, near_identical, words_of

WORDS = [f"word{n}" for n in range(3000)]


def clip(number: int) -> bytes:
    return digest(b"clip", str(number).encode())


def text(seed: int, words: int = 100) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def changed(of: str, count: int, seed: int = 0) -> str:
    """The text with `count` words replaced, far from each other."""
    words = of.split()
    for number in range(count):
        words[number * len(words) // count + 2] = f"new{seed}{number}"
    return " ".join(words)


def jaccard(a: str, b: str) -> float:
    """The plain way."""
    one, other = ({tuple(w[k : k + 4]) for k in range(len(w) - 3)} for w in (a.split(), b.split()))
    return len(one & other) / len(one | other)


@pytest.mark.parametrize(("words", "near"), [(0, True), (1, True), (3, True), (5, False), (20, False)])
def test_a_pair_counts_from_a_similarity_of_its_runs_on(words: int, near: bool) -> None:
    a = text(1)
    b = changed(a, words) if words else a.upper() + "."
    assert (jaccard(a, b.lower().rstrip(".")) >= ALIKE) == near
    found = near_identical({clip(0): (b"v", a), clip(1): (b"w", b), clip(2): (b"x", text(2))})
    assert (found.near, found.compared, found.share) == ((2, 3, 2 / 3) if near else (0, 3, 0.0))
    assert [group.clips for group in found.groups] == ([tuple(sorted((clip(0), clip(1))))] if near else [])


def test_clips_of_one_video_may_be_alike() -> None:
    """A shot that was split shows the same thing twice."""
    same = text(1)
    texts = {clip(n): (b"v", same) for n in range(5)} | {clip(9): (b"w", text(2))}
    assert near_identical(texts).near == 0
    found = near_identical(texts | {clip(7): (b"u", changed(same, 2))})
    assert (found.near, found.groups[0].videos, len(found.groups[0].clips)) == (6, 2, 6)


def test_groups_are_linked_and_the_largest_comes_first() -> None:
    a, b = text(1), text(2)
    texts = {clip(n): (b"%d" % n, changed(a, 1, n)) for n in range(6)}
    texts |= {clip(10 + n): (b"%d" % (10 + n), b) for n in range(3)}
    found = near_identical(texts)
    assert [(len(group.clips), group.videos) for group in found.groups] == [(6, 6), (3, 3)]
    assert found.groups[1].example == b
    assert found.near == 9


def test_short_and_empty_texts_and_other_scripts() -> None:
    texts = {
        clip(0): (b"a", "A dog."), clip(1): (b"b", "a dog"), clip(2): (b"c", "dog a"),
        clip(3): (b"d", "…"), clip(4): (b"e", ""),
        clip(5): (b"f", "一只黑色的狗在雪地里奔跑然后停下来看着远处的树木"),
        clip(6): (b"g", "一只黑色的狗在雪地里奔跑然后停下来看着远处的房子"),
    }  # fmt: skip
    found = near_identical(texts)
    assert (found.near, found.compared) == (4, 5)
    assert words_of("L’été—don't 一只 STOP") == ["l’été", "don't", "一", "只", "stop"]
    assert near_identical({}).share == 0.0


def test_no_pair_among_many_is_missed_and_none_is_made_up() -> None:
    texts = {clip(n): (b"%d" % n, text(n)) for n in range(3000)}
    pairs = {n: changed(text(n), 3) for n in range(0, 3000, 30)}
    texts |= {clip(10_000 + n): (b"other %d" % n, near) for n, near in pairs.items()}
    found = near_identical(texts)
    assert (found.near, len(found.groups)) == (200, 100)
    # From one mould, most of it the same: pairs share bands by the thousand, and none is near enough.
    mould = text(5, 60)
    assert near_identical({clip(n): (b"%d" % n, f"{mould} {text(n, 60)}") for n in range(2000)}).near == 0
    # And these are, all of them.
    assert near_identical({clip(n): (b"%d" % n, f"{mould} {text(n, 6)}") for n in range(2000)}).near == 2000


def test_of_too_many_a_sample_is_compared() -> None:
    texts = {clip(n): (b"%d" % n, text(n % 50)) for n in range(400)}
    found = near_identical(texts, most=100)
    assert found.compared == 100
    backwards = dict(reversed(texts.items()))
    assert near_identical(backwards, most=100) == found
