"""Repeated and still pictures, by the time that they are shown."""

from pathlib import Path

import numpy as np
import pytest

from curate.plugins import ClipView, SignalFilter, load
from filters.frozen import Frozen
from tests.filters.footage import scanned, textured, write_pictures

NEW, SAME, NOISY, KEY = (False, 0.5, 3.0), (True, 0.0, 0.0), (True, 0.3, 0.5), (True, 0.6, 0.9)


def view(pts: list[int], rows: list[tuple[bool, float, float]], end: int) -> ClipView:
    """Frames (alike, share of changed pixels, mean difference) at milliseconds `pts`."""
    repeated, changed, difference = (np.array(column) for column in zip(*rows, strict=True))
    picture = {"pts": np.array(pts), "repeated": repeated, "changed": changed, "difference": difference}
    clip = {
        "start_pts": pts[0], "end_pts": end, "start_seconds": pts[0] / 1000, "end_seconds": end / 1000
    }  # fmt: skip
    return ClipView(clip, {}, {"picture": picture})


def even(rows: list[tuple[bool, float, float]]) -> ClipView:
    return view([40 * k for k in range(len(rows))], rows, 40 * len(rows))


def test_is_found_by_its_file_name() -> None:
    assert load("filters", "frozen", SignalFilter) is Frozen


def test_pictures_that_are_all_new_are_not_frozen() -> None:
    score = Frozen().measure(even([NEW] * 25))
    assert score == {"score": 0, "repeated": 0, "still": 0, "longest": pytest.approx(0.04)}


def test_every_second_frame_repeated() -> None:
    score = Frozen().measure(even([NEW, SAME] * 12))
    assert score["score"] == score["repeated"] == pytest.approx(0.5)
    assert score["still"] == 0
    assert score["longest"] == pytest.approx(0.08)


def test_doubled_frames_whose_coding_differs_are_found_by_their_neighbours() -> None:
    copy = (False, 0.3, 0.8)
    assert Frozen().measure(even([NEW, copy] * 12))["repeated"] == pytest.approx(0.5)
    assert Frozen(relative=0.2).measure(even([NEW, copy] * 12))["repeated"] == 0
    # One change in the midst of a quiet scene says nothing of the others.
    quiet = (False, 0.3, 0.8)
    assert Frozen().measure(even([quiet] * 9 + [NEW] + [quiet] * 9))["repeated"] == 0


def test_a_freeze_counts_with_its_first_frame_and_a_keyframe_does_not_end_it() -> None:
    rows = [NEW] * 10 + [SAME] * 10 + [KEY] + [SAME] * 4 + [NEW] * 10
    score = Frozen().measure(even(rows))
    assert score["still"] == pytest.approx(16 / 35)
    assert score["repeated"] == pytest.approx(15 / 35)
    assert score["longest"] == pytest.approx(16 * 0.04)
    assert Frozen(still_seconds=1).measure(even(rows))["still"] == 0


def test_noise_that_was_coded_is_life() -> None:
    assert Frozen().measure(even([NOISY] * 50))["score"] == 0


def test_a_frame_that_is_shown_for_three_seconds_is_a_still() -> None:
    score = Frozen().measure(view([0, 40, 80, 3080, 3120], [NEW] * 5, 3160))
    assert score["score"] == score["still"] == pytest.approx(3000 / 3160)
    assert score["repeated"] == 0
    assert score["longest"] == pytest.approx(3.0)


def test_the_first_frame_repeats_nothing_of_the_clip() -> None:
    assert Frozen().measure(even([SAME, NEW, NEW, NEW]))["repeated"] == 0
    assert Frozen().measure(view([0], [SAME], 40))["score"] == 0


def test_encoded_pictures_whose_answer_is_known(tmp_path: Path) -> None:
    moving = [textured(k) for k in range(24)]
    doubled = [picture for picture in moving for _ in range(2)]
    slides = [textured(8 * k) for k in range(2) for _ in range(24)]
    for crf in (18, 26):
        shown = {
            name: Frozen().measure(scanned(write_pictures(tmp_path / f"{name}{crf}.mp4", pictures, crf=crf)))
            for name, pictures in {"moving": moving, "doubled": doubled, "slides": slides}.items()
        }
        assert shown["moving"]["score"] == 0
        assert shown["doubled"]["repeated"] == pytest.approx(0.5, abs=0.05)
        assert shown["doubled"]["still"] == 0
        assert shown["slides"]["score"] == pytest.approx(1.0)
        assert shown["slides"]["longest"] == pytest.approx(24 / 25)
    noise = np.random.default_rng(0)
    tripod = [np.clip(textured(0) + noise.normal(0, 3, (*textured(0).shape,)), 0, 255) for _ in range(24)]
    assert Frozen().measure(scanned(write_pictures(tmp_path / "tripod.mp4", tripod, crf=18)))["score"] < 0.1
