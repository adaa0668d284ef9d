"""Rows of `answers`: what is committed of the journals, once each, and the captions that follow from them."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from captioners.dialogue.turns import Outcome
from captioners.dialogue.types import Evidence
from curate import clips
from curate.storage import Folder
from curate.tables import Tables
from stages import answers
from stages.answers import (
    Answers,
    answer_of,
    caption_row,
    evidence_in,
    fold,
    fold_portions,
    form_of,
    state,
    window_spans,
)
from stages.journal import Journal, journals
from tests.captioners.dialogues import SHORT
from tests.captioners.scripted import good
from tests.stages.asked import Fake

CLIP = "00000000000000000000000000000001"


def line(**facts: Any) -> dict[str, Any]:
    return {
        "clip_id": CLIP, "window": 0, "attempt": 0, "request_hash": "h", "sampling": "{}", "raw": good(0),
        "finish_reason": "stop", "tokens_in": 100, "tokens_out": 50, "seconds": 1.5, "answered": 9.0,
        "model": "m-1",
        "frames_seen": [1, 2], "evidence": json.dumps(Evidence(seconds=3.0).as_json()), "error": None,
        **facts,
    }  # fmt: skip


def lost(**facts: Any) -> dict[str, Any]:
    nothing = {
        "raw": None,
        "finish_reason": "unanswered",
        "tokens_in": None,
        "tokens_out": None,
        "model": None,
    }
    return line(**{**nothing, "error": "it was lost", **facts})


class Run:
    def __init__(self, root: Path) -> None:
        self.folder = Folder(str(root))
        self.tables = Tables(self.folder)

    def write(self, *lines: dict[str, Any], name: str = "1.0-aa", key: str = "k") -> None:
        out = Journal(self.folder.path(f"journal/{key}/{name}.jsonl"))
        for one in lines:
            out.write(one)
        out.close()

    def stored(self, key: str = "k") -> list[tuple[int, int, str, str | None]]:
        return sorted(
            (row["window"], row["attempt"], row["finish_reason"], row["raw"])
            for row in self.tables.rows("answers", key)
        )

    def versions(self) -> int:
        return self.tables.version("answers")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


@pytest.mark.parametrize(
    ("start", "end", "windows", "spans"),
    [
        (10, 40, 3, [(10, 20), (20, 30), (30, 40)]),
        (0, 10, 3, [(0, 4), (4, 7), (7, 10)]),
        (5, 7, 4, [(5, 6), (6, 6), (6, 7), (7, 7)]),
        (-10, 0, 2, [(-10, -5), (-5, 0)]),
        (0, 3 * 10**17, 3, [(0, 10**17), (10**17, 2 * 10**17), (2 * 10**17, 3 * 10**17)]),
    ],
)
def test_windows_cover_the_clip(start: int, end: int, windows: int, spans: list[tuple[int, int]]) -> None:
    assert window_spans({"start_pts": start, "end_pts": end}, windows) == spans


def test_journals_are_committed_once_and_removed(run: Run) -> None:
    run.write(line(), line(attempt=1))
    run.write(line(window=1), name="1.1-bb")
    run.write(line(), key="other")
    fold(run.folder, run.tables, remove=True)
    assert [one[:2] for one in run.stored()] == [(0, 0), (0, 1), (1, 0)]
    assert [one[:2] for one in run.stored("other")] == [(0, 0)]
    assert journals(run.folder, "k") == []
    version = run.versions()
    fold(run.folder, run.tables, remove=True)
    assert run.versions() == version


def test_a_kill_between_commit_and_removal_adds_nothing_twice(run: Run) -> None:
    run.write(line(), lost(attempt=1), line(attempt=1))
    fold(run.folder, run.tables, remove=False)
    assert len(journals(run.folder, "k")) == 1
    before, version = run.stored(), run.versions()
    run.write(line(window=1), name="1.0-bb")
    fold(run.folder, run.tables, remove=True)
    assert run.stored() == sorted([*before, (1, 0, "stop", good(0))])
    assert run.versions() == version + 1
    assert journals(run.folder, "k") == []


def test_an_attempt_has_one_answer_and_may_have_failed_before(run: Run) -> None:
    run.write(lost(), lost(), lost(finish_reason="rejected"), line(), line(raw="another"))
    fold(run.folder, run.tables, remove=True)
    assert run.stored() == [
        (0, 0, "rejected", None), (0, 0, "stop", good(0)), (0, 0, "unanswered", None),
    ]  # fmt: skip


def test_portions_that_are_done(run: Run) -> None:
    run.write(line(), name="1.1-aa")
    run.write(line(), line(attempt=1), name="1.1-bb")
    run.write(line(window=1), name="1.10-aa")
    found = fold_portions(run.folder, run.tables, "k", ["1.1", "1.2"])
    assert [(row["window"], row["attempt"]) for row in found] == [(0, 0), (0, 1)]
    assert {row["clip_id"] for row in found} == {bytes.fromhex(CLIP)}
    assert [one[:2] for one in run.stored()] == [(0, 0), (0, 1)]
    assert journals(run.folder, "k") == ["journal/k/1.10-aa.jsonl"]


WRONG: list[dict[str, Any]] = [
    {"window": None}, {"window": "0"}, {"window": True}, {"attempt": 1.5}, {"attempt": 2**63},
    {"clip_id": "xyz"}, {"clip_id": "00"}, {"clip_id": None}, {"clip_id": 7}, {"finish_reason": None},
    {"raw": 5}, {"raw": {"dense": "x"}}, {"raw": "half a sign \ud83d"}, {"error": "\udcff"},
    {"tokens_in": "many"},
    {"tokens_out": 10**30}, {"seconds": "long"}, {"frames_seen": "1, 2"}, {"frames_seen": [1, None]},
    {"frames_seen": [2**70]}, {"evidence": "{"}, {"evidence": "[]"},
    {"evidence": {"seconds": 1}}, {"model": ["m"]},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_a_line_of_another_form_is_passed_over(run: Run, wrong: dict[str, Any]) -> None:
    """One that the table cannot hold would end this run, and every one after it."""
    assert form_of(line(**wrong)) is None
    short = line()
    del short[next(iter(wrong))]
    assert form_of(short) is None


def test_lines_of_other_forms_do_not_keep_the_others_out(run: Run) -> None:
    run.write(*(line(**wrong) for wrong in WRONG), line(attempt=2), {}, {"clip_id": CLIP})
    fold(run.folder, run.tables, remove=True)
    assert run.stored() == [(0, 2, "stop", good(0))]


def test_a_whole_line_comes_back_from_the_table(run: Run) -> None:
    run.write(line(), lost(window=1, frames_seen=None, evidence=None, seconds=2, model=None))
    fold(run.folder, run.tables, remove=True)
    found = sorted(Answers(run.tables, "k").of(bytes.fromhex(CLIP)), key=lambda row: row["window"])
    assert [{**row, "clip_id": row["clip_id"].hex()} for row in found] == [
        line(), lost(window=1, frames_seen=None, evidence=None, seconds=2.0, model=None),
    ]  # fmt: skip


def test_stored_answers_by_clip(run: Run) -> None:
    other = "00000000000000000000000000000002"
    run.write(line(), line(attempt=1), line(clip_id=other, tokens_in=7), lost(clip_id=other, window=1))
    fold(run.folder, run.tables, remove=True)
    found = Answers(run.tables, "k")
    assert sorted(row["attempt"] for row in found.of(bytes.fromhex(CLIP))) == [0, 1]
    assert len(found.of(bytes.fromhex(other))) == 2
    assert found.of(bytes(16)) == []
    assert found.tokens == 100 + 50 + 100 + 50 + 7 + 50
    assert Answers(run.tables, "none").tokens == 0
    assert Answers(run.tables, "none").of(bytes(16)) == []


def test_what_stayed_unanswered_is_open_in_the_next_run_alone() -> None:
    rows = [line(raw=SHORT), lost(attempt=1)]
    now = state(Fake(), 1, rows, again=False)
    assert now.outcome is not None
    assert now.outcome.outcome == "unanswered"
    assert [(turn.window, turn.attempt) for turn in state(Fake(), 1, rows, again=True).turns] == [(0, 1)]


def test_evidence_is_that_of_the_last_question() -> None:
    def measured(seconds: float) -> str:
        return json.dumps(Evidence(seconds=seconds, words=("A",)).as_json())

    rows = [
        line(evidence=measured(1.0)), line(attempt=2, evidence=measured(3.0)),
        line(attempt=1, evidence=measured(2.0)), line(window=1, evidence=measured(9.0)),
        lost(window=2, evidence=None),
    ]  # fmt: skip
    for order in itertools.permutations(rows):
        found = evidence_in(order)
        assert {window: one.seconds for window, one in found.items()} == {0: 3.0, 1: 9.0}
        assert found[0].words == ("A",)


def test_evidence_of_another_version() -> None:
    assert evidence_in([line(evidence='{"camera": "static", "smell": "of rain"}')]) == {
        0: Evidence(camera="static")
    }


def test_a_caption_follows_from_its_answers_in_any_order() -> None:
    rows = [
        line(raw=SHORT, model="m-0", frames_seen=[5, 1]), line(attempt=1, model="m-1", frames_seen=[9, 1]),
        lost(attempt=2, frames_seen=[77]), line(window=1, attempt=1, model=None, frames_seen=None),
    ]  # fmt: skip
    outcome = state(Fake(), 1, rows, again=False).outcome
    assert outcome is not None
    made = [
        caption_row(Fake(revision="r"), "mine", "p", outcome, list(order))
        for order in itertools.permutations(rows)
    ]
    assert all(one == made[0] for one in made)
    row = made[0]
    said = json.loads(good(0))
    assert {name: row[name] for name in ("dense", "short", "subject", "text_visible")} == {
        "dense": said["dense"], "short": said["short"], "subject": said["subject"], "text_visible": None,
    }  # fmt: skip
    assert (row["captioner"], row["model"], row["revision"], row["prompt_hash"]) == ("mine", "m-1", "r", "p")
    assert (row["frames_seen"], row["attempts"], row["outcome"], row["error"]) == ([1, 5, 9], 3, "ok", None)
    assert json.loads(row["fields"])["camera_motion"] == "unclear"
    assert "text_visible" not in json.loads(row["fields"])
    assert set(row) <= set(clips.CAPTIONS.names)


def test_a_caption_that_is_none_has_no_text() -> None:
    row = caption_row(Fake(), "mine", "p", Outcome("words", None, "too few", 3), [line(model=None)])
    assert (row["outcome"], row["error"], row["attempts"], row["model"]) == ("words", "too few", 3, "fake")
    assert not {"dense", "short", "fields"} & set(row)


def test_a_row_as_an_answer() -> None:
    found = answer_of(line(attempt=1))
    assert (found.window, found.attempt, found.came, found.tokens_in) == (0, 1, True, 100)
    assert answers.settled([answer_of(lost())]) == []
