"""Cuts of real footage, against those checked by eye and against scenedetect on the files themselves."""

from itertools import pairwise
from pathlib import Path

import pytest

from curate.cutting import Adaptive, CutOptions, Shots, clips_of
from tests.cutting.footage import Footage, checked_cuts, footage
from tests.cutting.scoring import Score, gradual_recall, score, score_transitions

pytestmark = pytest.mark.real


def test_hard_cuts_are_found_at_least_as_well_as_by_scenedetect(real_videos: Path) -> None:
    files, checked = footage(real_videos), checked_cuts(real_videos)
    assert set(checked) <= set(files)
    ours = sum((score(files[name].ours, entry) for name, entry in checked.items()), Score())
    theirs = sum((score(files[name].theirs, entry) for name, entry in checked.items()), Score())
    print(f"ours {ours} F1 {ours.f1:.4f}, scenedetect {theirs} F1 {theirs.f1:.4f}")
    assert ours.hits + ours.misses == sum(len(entry["hard_cuts"]) for entry in checked.values())
    assert ours.f1 >= theirs.f1
    # About .95 by the README of the footage; below .9 the comparison itself would be in doubt.
    assert theirs.f1 > 0.9


def test_shots_finds_cuts_and_dissolves_better_than_the_libraries(real_videos: Path) -> None:
    files, checked = footage(real_videos), checked_cuts(real_videos)
    total = sum((score_transitions(files[name].shots, entry) for name, entry in checked.items()), Score())
    gradual = [gradual_recall(files[name].shots, entry) for name, entry in checked.items()]
    print(f"shots {total} F1 {total.f1:.4f}, gradual {gradual}")
    assert total.hits + total.misses == sum(len(entry["hard_cuts"]) for entry in checked.values())
    assert total.f1 >= 0.97
    assert sum(found for found, _ in gradual) >= 0.8 * sum(there for _, there in gradual)


def test_cuts_are_those_of_scenedetect_on_the_file(real_videos: Path) -> None:
    files = [f for f in footage(real_videos).values() if f.constant_rate and f.rotation == 0]
    assert len(files) >= 35
    unequal = {f.name: (f.ours, f.theirs) for f in files if f.ours != f.theirs}
    print(f"{len(unequal)} of {len(files)} differ: {unequal}")
    assert len(unequal) <= 0.05 * len(files), unequal


@pytest.mark.parametrize(
    "options",
    [Adaptive(), Shots(min_seconds=0.5, max_seconds=3, trim_seconds=0.2), Shots(min_seconds=0)],
    ids=["defaults", "trimmed and split", "bare shots"],
)
def test_every_second_of_a_file_lies_in_exactly_one_span(real_videos: Path, options: CutOptions) -> None:
    def spans(file: Footage) -> None:
        found = clips_of(file.signals, file.end_pts, file.time_base, options)
        assert (found[0].start_pts, found[-1].end_pts) == (file.pts[0], file.end_pts)
        assert all(a.end_pts == b.start_pts for a, b in pairwise(found))
        assert sum(span.frames for span in found) == len(file.pts)
        for span in found:
            if span.dropped_by is None:
                seconds = float((span.end_pts - span.start_pts) * file.time_base)
                assert options.min_seconds <= seconds <= options.max_seconds

    for file in footage(real_videos).values():
        spans(file)
