"""The detector shots on made footage: what is there is found, and nothing else is."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from curate.cutting import Shots, cut_options
from curate.cutting.shots import frame_rate
from tests.cutting.made import CHANGES, Clip, Drawn, cuts, dissolves, encoded, fades, measured
from tests.cutting.made_without import STEADY

RATE = Fraction(1, 25)
ENDS = 4
"""Frames by which an end of a dissolve may be off: its first and last frames are nearly pure."""


def seeded(name: str) -> np.random.Generator:
    return np.random.default_rng([0, *name.encode()])


def found(clip: Clip, **options: Any) -> list[tuple[int, int]]:
    transitions = Shots(**options).transitions(measured(clip.frames), RATE)
    assert transitions.dtype == np.int64
    return [(first, end) for first, end in transitions.tolist()]


@pytest.mark.parametrize("kind", CHANGES)
def test_what_is_there_is_found_and_nothing_else(kind: str) -> None:
    clip = CHANGES[kind](seeded(kind), Drawn())
    assert clip.cuts or clip.gradual
    transitions = found(clip)
    assert [first for first, end in transitions if first == end] == clip.cuts
    gradual = [pair for pair in transitions if pair[0] < pair[1]]
    assert len(gradual) == len(clip.gradual), (gradual, clip.gradual)
    for ours, known in zip(gradual, clip.gradual, strict=True):
        assert max(abs(ours[0] - known[0]), abs(ours[1] - known[1])) <= ENDS, (gradual, clip.gradual)


@pytest.mark.parametrize("kind", STEADY)
def test_nothing_is_found_in_one_shot(kind: str) -> None:
    assert found(STEADY[kind](seeded(kind), Drawn())) == []


def test_bars_change_no_cut() -> None:
    clip = cuts(seeded("bars"), Drawn(), (30, 30, 30))
    boxed = clip.frames.copy()
    boxed[:, : boxed.shape[1] // 7] = boxed[:, -(boxed.shape[1] // 7) :] = 16
    assert found(Clip(boxed)) == found(clip) == [(cut, cut) for cut in clip.cuts]


def test_a_blended_frame_at_a_cut_belongs_to_neither_shot() -> None:
    """As rate conversion leaves them."""
    clip = cuts(seeded("blended"), Drawn(), (30, 30))
    frames = clip.frames.copy()
    frames[29] = (frames[29].astype(int) + frames[30]) // 2
    assert found(Clip(frames)) == [(29, 30)]


def test_options_say_what_to_look_for() -> None:
    clip = dissolves(seeded("longest"), Drawn())
    assert len(found(clip)) == 2
    assert found(clip, longest_seconds=0) == []
    shots = cuts(seeded("short"), Drawn(), (30, 4, 30))
    assert found(shots, flash_seconds=0) == [(30, 30), (34, 34)]
    assert found(shots, shortest_seconds=0.3) == [(30, 34)]


def test_an_interruption_is_a_flash_or_a_shot_by_its_length() -> None:
    a, b = (Drawn().shot(seeded(name), (256, 144), 60) for name in "ab")
    for length, expected in ((3, []), (8, [(30, 30), (38, 38)])):
        clip = Clip(np.concatenate([a[:30], b[:length], a[30:]]))
        assert found(clip) == expected


def test_a_hold_of_black_belongs_to_the_fade_up_to_two_seconds() -> None:
    frames = fades(np.random.default_rng(3), Drawn()).frames
    black = np.flatnonzero(frames.max(axis=(1, 2, 3)) == 0)
    assert len(black) > 0
    longer = np.insert(frames, black[0], np.zeros((120, *frames.shape[1:]), np.uint8), axis=0)
    whole, parted = found(Clip(frames)), found(Clip(longer))
    assert len(whole) == 1
    assert len(parted) == 2
    assert parted[0][1] < parted[1][0]


def test_pops_are_no_cuts_where_there_are_cuts_too() -> None:
    clip = cuts(seeded("pops"), Drawn(), (50, 50))
    assert found(Clip(encoded(clip.frames, 42, 12))) == [(50, 50)]


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
def test_videos_of_a_few_frames(frames: int) -> None:
    signals = measured(np.zeros((3, 144, 256, 3), np.uint8))
    few = {group: {name: values[:frames] for name, values in of.items()} for group, of in signals.items()}
    assert Shots().transitions(few, RATE).shape == (0, 2)


def test_thumbs_of_another_size_are_refused() -> None:
    signals = {
        "content": {"delta_edges": np.zeros(5)},
        "thumbs": {"pts": np.arange(5), "thumb": np.zeros((5, 9))},
    }
    with pytest.raises(ValueError, match=r"thumbs must be \(frames, 420\), not \(5, 9\)"):
        Shots().transitions(signals, RATE)


def test_the_rate_is_the_median_spacing() -> None:
    assert frame_rate(np.array([0, 3, 6, 9, 100]), Fraction(1, 90)) == pytest.approx(30)
    assert frame_rate(np.array([7]), Fraction(1, 90)) == 25


def test_options_survive_a_round_trip() -> None:
    options = cut_options({"threshold": 0.1, "flash_seconds": 0.3, "min_seconds": 1})
    assert options == Shots(threshold=0.1, flash_seconds=0.3, min_seconds=1)
    assert cut_options(options.model_dump(mode="json")) == options
