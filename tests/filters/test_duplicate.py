"""Which clips are copies of which, from their prints: the better one, the score, the pairs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curate import clips as ids
from curate.plugins import ClipView, Compared, Pair
from filters.duplicate import Duplicate
from tests.pairing.scenes import LENGTH, noisy, stored, walk

BASE = 1000
"""Ticks per second."""


def clip(name: str, path: np.ndarray, *, start: float = 0.0, **video: Any) -> ClipView:
    """A clip at 24 frames per second whose prints, eight a second, are `path`."""
    seconds = len(path) / 8
    times = start + np.arange(round(seconds * 24)) / 24
    prints = np.zeros((len(times), LENGTH), np.uint8)
    prints[::3] = stored(path).view(np.uint8)
    inner = np.where(np.arange(len(times)) % 3 == 0, video.pop("inner", 1.0), np.nan)
    row = {
        "clip_id": ids.digest(name.encode()), "start_seconds": start, "end_seconds": start + seconds,
        "start_pts": round(start * BASE), "end_pts": round((start + seconds) * BASE), "frames": len(times),
    }  # fmt: skip
    facts = {"width": 640, "height": 360, "fps": 24.0, "bits_per_pixel": 0.1, **video}
    signals = {"pts": np.rint(times * BASE).astype(np.int64), "print": prints, "inner": inner}
    return ClipView(row, facts, {"prints": signals})


def measured(folder: Path, views: list[ClipView], **options: Any) -> Compared:
    found = Duplicate(**options).measure(iter(views), str(folder))
    assert len(found.scores) == len(views)
    return found


def name_of(views: list[ClipView], names: str) -> dict[bytes, str]:
    return {view.clip["clip_id"]: name for view, name in zip(views, names, strict=True)}


def directed(found: Compared, names: dict[bytes, str]) -> set[str]:
    return {names[pair.better] + names[pair.worse] for pair in found.pairs}


SCENE = walk(1, 40)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"width": 1280, "height": 720}, {"bits_per_pixel": 0.4}),  # resolution before quality
        (
            {"width": 640, "height": 364, "bits_per_pixel": 0.3},
            {"width": 648, "height": 370},
        ),  # about as large
        ({"bits_per_pixel": 0.2}, {}),
        ({"fps": 24.0}, {"fps": 6.0, "bits_per_pixel": 0.3}),  # bits per second
        ({}, {"bits_per_pixel": None}),
        ({}, {"height": 480, "inner": 0.5}),  # bars are no resolution
    ],
)
def test_the_better_copy(tmp_path: Path, better: dict[str, Any], worse: dict[str, Any]) -> None:
    for first, second in (("a", "b"), ("b", "a")):  # whatever the ids
        views = [clip(first, SCENE, **better), clip(second, noisy(SCENE, 1, 0.05), **worse)]
        (pair,) = measured(tmp_path, views).pairs
        assert (pair.better, pair.worse) == (views[0].clip["clip_id"], views[1].clip["clip_id"])
        assert pair.kind == "near"


def test_of_a_trimmed_copy_the_whole_one_is_better(tmp_path: Path) -> None:
    part = clip("part", noisy(SCENE[6:30], 2, 0.03), start=7.01, bits_per_pixel=0.5)
    whole = clip("whole", SCENE)
    found = measured(tmp_path, [part, whole])
    (pair,) = found.pairs
    assert (pair.better, pair.worse) == (whole.clip["clip_id"], part.clip["clip_id"])
    assert found.scores[0] == {"score": pair.covered, "with": whole.clip["clip_id"].hex()}
    assert found.scores[1] == {"score": 0.0, "with": None}
    assert pair.similarity == pair.covered > 0.95


def test_a_long_clip_is_not_covered_by_a_short_one_of_better_quality(tmp_path: Path) -> None:
    short = clip("short", noisy(SCENE[6:22], 2, 0.03), width=1920, height=1080)
    found = measured(tmp_path, [short, clip("long", SCENE)])
    (pair,) = found.pairs
    assert pair.better == short.clip["clip_id"]
    assert pair.similarity > 0.95
    assert pair.covered == pytest.approx(pair.similarity * 16 / 40, abs=1e-6)
    assert found.scores[1]["score"] == pair.covered  # type: ignore[index]


def test_exact_copies_are_paired_with_the_best_of_them_alone(tmp_path: Path) -> None:
    names = "abcde"
    views = [clip(n, SCENE, bits_per_pixel=0.1 + 0.01 * k) for k, n in enumerate("abc")]
    views += [clip("d", noisy(SCENE, 5, 0.1), width=320, height=180), clip("e", walk(9, 40))]
    found = measured(tmp_path, views)
    assert directed(found, name_of(views, names)) == {"cb", "ca", "cd"}
    assert {pair.kind for pair in found.pairs if pair.similarity == 1.0 == pair.covered} == {"exact"}
    assert sorted(pair.kind for pair in found.pairs) == ["exact", "exact", "near"]


def test_clips_without_anything_to_know_them_by_have_no_pairs(tmp_path: Path) -> None:
    black = np.zeros((16, LENGTH))
    nothing = clip("c", SCENE)
    nothing.signals["prints"]["inner"][:] = np.nan
    found = measured(tmp_path, [clip("a", black), clip("b", black), nothing])
    assert found.pairs == []
    assert list(found.scores) == [{"score": 0.0, "with": None}] * 3


def test_no_clips_at_all(tmp_path: Path) -> None:
    assert measured(tmp_path, []).pairs == []


def test_the_order_of_clips_changes_nothing(tmp_path: Path) -> None:
    views = [clip(f"o{n}", walk(n, 24 + n)) for n in range(20)]
    views += [clip(f"c{n}", noisy(walk(n, 24 + n), n, 0.1), width=320 + 100 * (n % 3)) for n in range(12)]
    views += [clip(f"t{n}", noisy(walk(n, 24 + n), 50 + n, 0.1)[4:20]) for n in range(6)]
    views += [clip("x", walk(3, 27))]
    straight = measured(tmp_path, views)
    mixed = np.random.default_rng(0).permutation(len(views))
    other = measured(tmp_path, [views[n] for n in mixed])
    assert list(other.pairs) == list(straight.pairs)
    assert list(other.scores) == [straight.scores[n] for n in mixed]
    assert len({frozenset((p.better, p.worse)) for p in straight.pairs}) == len(straight.pairs) == 12 + 12 + 1


def test_the_floor_and_the_nearest(tmp_path: Path) -> None:
    half = [clip("a", SCENE[:28]), clip("b", noisy(SCENE[12:], 1, 0.03))]  # 16 of 28 steps in common
    assert measured(tmp_path, half).pairs[0].similarity == pytest.approx(16 / 28, abs=0.04)
    assert measured(tmp_path, half, floor=0.7).pairs == []
    crowd = [clip(f"c{n}", noisy(SCENE, n, 0.05), bits_per_pixel=0.1 + n / 100) for n in range(8)]
    pairs = measured(tmp_path, crowd, nearest=1).pairs
    assert 4 <= len(pairs) < 28
    assert {end for pair in pairs for end in (pair.better, pair.worse)} == {v.clip["clip_id"] for v in crowd}
    assert all(isinstance(pair, Pair) for pair in pairs)
