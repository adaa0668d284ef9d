"""Candidates against all pairs: planted copies are found, few others are, and no order matters."""

from pathlib import Path

import numpy as np

from curate.pairing import candidates as module
from curate.pairing.candidates import candidates
from curate.pairing.nearest import nearest
from curate.pairing.sequences import Prints, Store
from tests.pairing.scenes import LENGTH, noisy, stored, walk


def store_of(folder: Path, clips: list[Prints]) -> Store:
    folder.mkdir(exist_ok=True)
    store = Store(str(folder), LENGTH)
    for clip in clips:
        store.add(clip)
    store.close()
    return store


def pairs_of(folder: Path, clips: list[Prints], ranks: np.ndarray | None = None) -> set[tuple[int, int]]:
    ranks = np.arange(len(clips)) if ranks is None else ranks
    found = candidates(store_of(folder, clips), np.arange(len(clips)), ranks).tolist()
    assert found == sorted(set(found))
    return {(pair >> 32, pair & 0xFFFFFFFF) for pair in found}


def test_planted_copies_are_found_and_hardly_anything_else(tmp_path: Path) -> None:
    originals = [walk(seed, 24 + seed % 17) for seed in range(300)]
    clips = [stored(path) for path in originals]
    planted = set()
    for number in range(60):
        # At an angle with a cosine of about 0.98, and every third one trimmed.
        copy = noisy(originals[number], 1000 + number, 0.2)
        planted.add((number, len(clips)))
        clips.append(stored(copy[6:16] if number % 3 == 0 else copy))
    found = pairs_of(tmp_path, clips)
    assert planted <= found
    assert len(found - planted) < 10


def test_the_order_of_clips_changes_nothing(tmp_path: Path) -> None:
    clips = [stored(walk(seed, 20)) for seed in range(50)]
    clips += [stored(noisy(walk(seed, 20), seed, 0.15)) for seed in range(25)]
    mixed = np.random.default_rng(3).permutation(len(clips))
    straight = pairs_of(tmp_path / "a", clips)
    other = pairs_of(tmp_path / "b", [clips[n] for n in mixed], ranks=mixed)
    assert {tuple(sorted((int(mixed[a]), int(mixed[b])))) for a, b in other} == straight
    assert len(straight) >= 25


def test_only_the_clips_that_are_asked_for(tmp_path: Path) -> None:
    clips = [stored(walk(1, 20))] * 3 + [np.zeros((5, LENGTH), np.int8)] * 2
    store = store_of(tmp_path, clips)
    assert candidates(store, np.array([0, 2]), np.arange(5)).tolist() == [2]
    assert pairs_of(tmp_path, clips) == {(0, 1), (0, 2), (1, 2)}  # what has no identity has no keys
    assert pairs_of(tmp_path, []) == set()


def test_a_crowd_is_compared_with_its_best_and_not_all_with_all(tmp_path: Path) -> None:
    count = 5 * module.CROWD
    ranks = np.random.default_rng(0).permutation(count)
    found = pairs_of(tmp_path, [stored(walk(1, 16))] * count, ranks)
    best = int(np.argmin(ranks))
    assert {(min(best, n), max(best, n)) for n in range(count) if n != best} <= found
    assert len(found) <= count * (module.NEXT + module.HUBS)


def test_the_nearest_pairs_of_each_clip() -> None:
    # Clip 0 is near to all others, these are near to their neighbours.
    ranks = np.arange(6)
    star = [(0.9 - n / 100, 0, n, 0.9) for n in range(1, 6)]
    chain = [(0.6 + n / 100, n, n + 1, 0.6) for n in range(1, 5)]
    kept = nearest([*chain, *star], ranks, 1)
    # Of each the nearest alone: all of the star.
    assert kept == star
    assert nearest([*star, *chain], ranks, 50) == sorted([*star, *chain], key=lambda p: p[1:3])
