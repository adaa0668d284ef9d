"""What is counted of captions and answers, on tables made by hand."""

import json
import math
from typing import Any

import pytest

from captioners.dialogue.types import Evidence
from captioners.gates import GateOptions
from curate.judging import cameras, words
from curate.judging.rejudged import Rejudged, again, counted
from tests.captioners.scripted import caption, good
from tests.judging.making import answer


def test_lengths_are_those_of_captions() -> None:
    found = words.lengths(["one", "one two", "one two three", "one two three, four-five 'six'!"])
    assert found.mean == (1 + 2 + 3 + 5) / 4
    assert found.quantiles == {"0": 1, "0.05": 1, "0.25": 1, "0.5": 2, "0.75": 3, "0.95": 5, "1": 5}


def test_the_segmental_ratio_does_not_depend_on_the_number_of_captions() -> None:
    tens = [" ".join(f"w{k}" for k in range(10))] * 100
    found = words.vocabulary(tens)
    assert (found.words, found.distinct, found.segments, found.segment_ratio) == (1000, 10, 1, 0.01)
    more = words.vocabulary(tens * 5)
    assert (more.words, more.distinct, more.segments, more.segment_ratio) == (5000, 10, 5, 0.01)
    assert words.vocabulary(["a b c"]).segment_ratio is None
    half = [" ".join(f"w{k}" for k in range(1000)), " ".join(["w"] * 1000)]
    assert words.vocabulary(half).segment_ratio == (1 + 0.001) / 2


def test_openings_are_counted_without_case_and_marks() -> None:
    texts = ["A man walks.", "a man, walks off", "A MAN WALKS on", "A dog runs.", "A dog runs away", "Snow"]
    found = words.openings(texts)
    assert [(one.words, one.clips, one.share) for one in found] == [
        ("a man walks", 3, 0.5),
        ("a dog runs", 2, 1 / 3),
    ]


def rejudged(by_clip: list[list[dict[str, Any]]], options: GateOptions) -> Rejudged:
    lost = [row["finish_reason"] for rows in by_clip for row in rows if row["raw"] is None]
    return counted(len(by_clip), [one for rows in by_clip for one in again(rows, options)], lost)


def test_answers_are_judged_again_and_counted_by_gate_and_try() -> None:
    short = json.dumps(caption(1) | {"dense": "Too short."})
    rows = [
        [answer(b"a" * 16, "no JSON", 0), answer(b"a" * 16, good(0), 1)],
        [answer(b"b" * 16, short, 0), answer(b"b" * 16, short, 1), answer(b"b" * 16, good(1), 2)],
        [answer(b"c" * 16, good(2), 0), answer(b"c" * 16, None, 1, finish_reason="unanswered", error="x")],
    ]
    found = rejudged(rows, GateOptions())
    assert (found.clips, found.answers, found.by_attempt, found.lost) == (3, 6, (3, 2, 1), {"unanswered": 1})
    by_name = {gate.gate: gate for gate in found.gates}
    assert list(by_name) == ["passed", "words", "parse"]
    assert by_name["passed"].by_attempt == (1, 1, 1)
    assert (by_name["words"].failed, by_name["words"].by_attempt) == (2, (1, 1, 0))
    assert (by_name["parse"].first, by_name["parse"].share) == (1, 1 / 6)
    # Other gates, other counts, of the same answers.
    loose = {gate.gate: gate.failed for gate in rejudged(rows, GateOptions(min_words=1)).gates}
    assert loose == {"passed": 5, "parse": 1}
    assert rejudged([], GateOptions()).gates == ()


def test_an_answer_counts_for_every_gate_that_it_fails_and_first_for_one() -> None:
    dense = "The dog runs. " * 5 + "The camera pans left over the wide green field and stays."
    raw = json.dumps(caption(1) | {"dense": dense, "camera_motion": "static"})
    (found,) = [rejudged([[answer(b"a" * 16, raw, 0)]], GateOptions())]
    failed = {gate.gate: (gate.first, gate.failed) for gate in found.gates}
    assert set(failed) >= {"repetition", "camera"}
    assert sum(first for first, _ in failed.values()) == 1
    assert all(count == 1 for _, count in failed.values())


@pytest.mark.parametrize(
    ("measured", "said", "agrees"),
    [
        ("pan left", "pan left", True), ("pan left", "truck left", True), ("pan left", "truck right", False),
        ("tilt up", "pedestal up", True), ("tilt up", "pedestal down", False), ("tilt up", "pan left", False),
        ("zoom in", "dolly in", True), ("zoom out", "zoom in", False), ("static", "static", True),
        ("static", "pan left", False), ("pan left", "static", False), ("static", "tracking", False),
        ("pan left", "tracking", True), ("zoom in", "orbit", True), ("handheld", "handheld", True),
        ("pan left", "unclear", None), ("static", "several", None),
    ],
)  # fmt: skip
def test_what_cannot_be_told_apart_agrees(measured: str, said: str, agrees: bool | None) -> None:
    assert cameras.agrees(measured, said) is agrees


def test_cameras_by_confidence_with_a_table_of_both() -> None:
    pairs = [
        (Evidence(camera="pan left", camera_confidence=0.9), "truck left"),
        (Evidence(camera="pan left", camera_confidence=1.0), "pan left"),
        (Evidence(camera="pan left", camera_confidence=0.75), "static"),
        (Evidence(camera="static", camera_confidence=0.1), "zoom in"),
        (Evidence(camera="static", camera_confidence=0.1), "unclear"),
        (Evidence(camera="static", camera_confidence=0.25), None),
        (Evidence(camera=None), "static"),
    ]  # fmt: skip
    found = cameras.compare(pairs)
    assert (found.agree, found.compared, found.share) == (2, 4, 0.5)
    assert (found.abstained, found.unmeasured) == (2, 1)
    assert found.interval == pytest.approx((0.15, 0.85), abs=0.01)
    assert [(one.agree, one.compared) for one in found.bins] == [(0, 1), (0, 0), (0, 0), (2, 3)]
    assert [one.share for one in found.bins] == [0.0, None, None, 2 / 3]
    assert found.table[0] == cameras.Cell("static", "unclear", 2, None)
    assert {(cell.measured, cell.said): cell.agrees for cell in found.table}["static", "zoom in"] is False
    assert math.isclose(sum(cell.clips for cell in found.table), 6)
    assert cameras.compare([]).share is None
