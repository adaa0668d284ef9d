"""How alike made-up clips are, where it is known how alike they are."""

import numpy as np
import pytest

from curate.pairing.sequences import sequence, vectors
from curate.pairing.similarity import NOTHING, closeness, compare
from tests.pairing.scenes import LENGTH, noisy, stored, walk

SCENE = walk(1, 48, energy=0.5)


def of(path: np.ndarray) -> np.ndarray:
    return vectors(stored(path))


def test_a_copy_is_a_copy_whatever_its_noise() -> None:
    # The changes have an energy of 0.5: noise of a length of 0.15 adds a twentieth to it.
    for noise, least in ((0.0, 0.999), (0.05, 0.98), (0.15, 0.92)):
        found = compare(of(SCENE), of(noisy(SCENE, 2, noise)))
        assert (found.first, found.second) == (1.0, 1.0)
        assert found.closeness > least, noise


def test_a_trimmed_copy_is_all_in_the_whole_one() -> None:
    found = compare(of(SCENE), of(noisy(SCENE[10:30], 3, 0.05)))
    assert (found.first, found.second) == (20 / 48, 1.0)
    assert found.similarity == found.closeness > 0.97
    turned = compare(of(noisy(SCENE[10:30], 3, 0.05)), of(SCENE))
    assert (turned.first, turned.second) == (1.0, 20 / 48)


def test_what_overlaps_counts_by_its_share() -> None:
    found = compare(of(SCENE[:32]), of(noisy(SCENE[16:], 4, 0.05)))
    assert (found.first, found.second) == (0.5, 0.5)
    assert found.similarity == pytest.approx(0.5, abs=0.02)


def test_half_a_step_of_shift_is_found() -> None:
    fine = walk(5, 97, energy=0.3)  # as if at 16 steps a second
    found = compare(of(fine[::2]), of(fine[1::2]))
    assert found.similarity > 0.9


def test_other_clips_are_nothing() -> None:
    scores = [compare(of(walk(seed, 40)), of(walk(seed + 100, 40))).similarity for seed in range(20)]
    assert max(scores) < 0.3


def test_another_moment_before_a_still_camera_is_no_copy_and_a_still_picture_is() -> None:
    still = walk(6, 1)[0]
    moments = [(still + np.sqrt(0.02) * (walk(seed, 40) - walk(seed, 40).mean(0)) * 3) for seed in (7, 8)]
    moments = [m / np.linalg.norm(m, axis=1, keepdims=True) for m in moments]
    pictures = float((moments[0] * moments[1]).sum(1).mean())
    assert pictures > 0.9  # what stands still is alike
    assert compare(of(moments[0]), of(moments[1])).similarity < 0.5
    slide = np.repeat(still[None], 40, axis=0)
    assert compare(of(noisy(slide, 1, 0.02)), of(noisy(slide, 2, 0.02))).similarity > 0.82


def test_pictures_without_identity_are_no_part_of_a_clip() -> None:
    black = np.zeros((8, LENGTH))
    faded = np.concatenate([black, SCENE[:24], black])
    found = compare(of(SCENE[:24]), of(faded))
    assert (found.first, found.second) == (1.0, 1.0)
    assert found.similarity > 0.99
    assert compare(of(black), of(black)) == compare(of(SCENE), of(black)) == NOTHING


def test_a_short_stretch_in_common_is_not_enough() -> None:
    found = compare(
        of(np.concatenate([SCENE[:6], walk(20, 20)])), of(np.concatenate([walk(21, 20), SCENE[:6]]))
    )
    assert found.similarity < 0.2
    # … unless it is all there is of a clip.
    assert compare(of(SCENE), of(SCENE[20:23])).similarity > 0.98


def test_what_cannot_reach_the_least_is_told_at_once() -> None:
    a, b = of(SCENE[:32]), of(SCENE[16:])
    assert compare(a, b, least=0.9) is NOTHING
    assert compare(a, b, least=0.45).similarity > 0.45


def test_closeness_of_itself_is_one() -> None:
    assert closeness(of(SCENE), of(SCENE)) == pytest.approx(1.0, abs=1e-6)
    assert closeness(of(SCENE), -of(SCENE)) == 0.0


def test_a_sequence_has_the_nearest_print_of_each_step() -> None:
    prints = np.arange(6, dtype=np.int8)[:, None]
    times = np.array([10.0, 10.13, 10.25, 10.37, 10.5, 10.62])
    assert sequence(times, prints, 10.0, 10.75, 8)[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    # Two frames a second: each stands for its time.
    assert sequence(times[[0, 4]], prints[[0, 4]], 10.0, 10.75, 8)[:, 0].tolist() == [0, 0, 0, 4, 4, 4]
    # A clip shorter than a step has one print; one without any has none.
    assert sequence(times[:1], prints[:1], 10.0, 10.04, 8)[:, 0].tolist() == [0]
    assert sequence(times[:0], prints[:0], 10.0, 12.0, 8).shape == (0, 1)
