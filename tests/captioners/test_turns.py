"""The state of a dialogue: what is asked next, and what came of it, as a function of its answers."""

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest

from captioners.dialogue import turns
from captioners.dialogue.schema import Fields
from captioners.dialogue.turns import Outcome, State, Turn, settled, state_of, windows_in
from captioners.dialogue.types import MERGE, Answer, Evidence, Sampling
from captioners.gates import GateOptions
from tests.captioners.dialogues import LOOP, RULES, SHORT, came, lost
from tests.captioners.scripted import caption, good


def state(windows: int, *answers: Answer, **options: Any) -> State:
    return state_of(windows, answers, {}, replace(RULES, **options))


def outcome(windows: int, *answers: Answer, **options: Any) -> tuple[str, str | None, int] | None:
    found = state(windows, *answers, **options).outcome
    return None if found is None else (found.outcome, found.error, found.attempts)


def asked(windows: int, *answers: Answer, **options: Any) -> list[tuple[int, int]]:
    """(window, attempt) of the turns."""
    return [(turn.window, turn.attempt) for turn in state(windows, *answers, **options).turns]


@pytest.mark.parametrize(
    ("seconds", "window", "windows"),
    [
        (0.0, 30.0, 1),
        (29.999, 30.0, 1),
        (30.0, 30.0, 1),
        (30.001, 30.0, 2),
        (60.0, 30.0, 2),
        (60.04, 30.0, 3),
        (0.3, 0.1, 3),
        (0.1 + 0.2, 0.1, 3),
        (0.7, 0.1, 7),
        # 1001 / 30000 s to a frame: a sum that lies a hair above ten seconds is ten seconds.
        (10.000000000000002, 10.0, 1),
        (5.0, float("inf"), 1),
    ],
)
def test_windows_are_equal_and_none_is_longer_than_it_may_be(
    seconds: float, window: float, windows: int
) -> None:
    assert windows_in(seconds, window) == windows


def test_a_first_question() -> None:
    first = Sampling(temperature=0.2, top_p=0.9, max_tokens=100, seed=7)
    assert state(1) == State((Turn(0, 0, first),), None)


def test_a_good_answer_is_the_outcome() -> None:
    fields = Fields(**caption(3))
    assert state(1, came(0, 0, good(3))) == State((), Outcome("ok", fields, None, 1), (fields,))


def test_a_bad_answer_is_asked_again_with_its_fault_and_livelier() -> None:
    (turn,) = state(1, came(0, 0, SHORT)).turns
    assert (turn.window, turn.attempt, turn.reason) == (0, 1, "words")
    assert turn.fault is not None
    assert "8 words" in turn.fault
    assert turn.sampling == Sampling(temperature=0.7, top_p=0.95, max_tokens=100, seed=8)


def test_every_attempt_has_another_sampling() -> None:
    drawn = [
        state(1, *(came(0, n, SHORT) for n in range(number)), attempts=10).turns[0].sampling
        for number in range(10)
    ]
    assert len(set(drawn)) == 10
    assert [one.seed for one in drawn] == list(range(7, 17))
    assert [one.temperature for one in drawn] == [0.2, 0.7, 0.85, 1.0, 1.15, 1.3, 1.45, 1.6, 1.75, 1.9]


def test_no_attempt_is_hotter_than_servers_take() -> None:
    drawn = [replace(RULES, temperature=1.9).sampling(attempt).temperature for attempt in range(10)]
    assert drawn == [1.9, 1.9, *[2.0] * 8]


def test_after_a_loop_repetition_costs_and_after_a_cut_there_is_more_room() -> None:
    (after_loop,) = state(1, came(0, 0, LOOP, finish_reason="stop")).turns
    assert after_loop.reason == "repetition"
    assert (after_loop.sampling.repetition_penalty, after_loop.sampling.max_tokens) == (1.1, 100)
    (after_cut,) = state(1, came(0, 0, good(0)[:200], finish_reason="length")).turns
    assert after_cut.reason == "truncation"
    assert (after_cut.sampling.repetition_penalty, after_cut.sampling.max_tokens) == (1.0, 150)


def test_the_earliest_answer_that_passes_wins() -> None:
    answers = [came(0, 0, SHORT), came(0, 1, good(1)), came(0, 2, good(2))]
    for order in itertools.permutations(answers):
        found = state(1, *order).outcome
        assert found is not None
        assert found.fields == Fields(**caption(1))
        assert found.attempts == 3


def test_attempts_run_out_with_the_last_fault() -> None:
    bad = [came(0, 0, LOOP), came(0, 1, "I see a cook."), came(0, 2, SHORT)]
    found = state(1, *bad).outcome
    assert found is not None
    assert (found.outcome, found.fields, found.attempts) == ("words", None, 3)
    assert found.error is not None
    assert "8 words" in found.error


def test_more_attempts_go_on_from_there_and_fewer_end_it() -> None:
    bad = [came(0, 0, SHORT), came(0, 1, SHORT)]
    assert asked(1, *bad) == [(0, 2)]
    assert asked(1, *bad, attempts=5) == [(0, 2)]
    assert [one and one[0] for one in [outcome(1, *bad, attempts=2), outcome(1, *bad, attempts=1)]] == [
        "words"
    ] * 2
    # What was answered beyond fewer attempts still counts.
    assert outcome(1, *bad, came(0, 2, good(1)), attempts=1) == ("ok", None, 3)


def test_other_gates_judge_the_same_answers_again() -> None:
    bad = [came(0, n, SHORT) for n in range(3)]
    assert outcome(1, *bad)[0] == "words"  # type: ignore[index]
    assert outcome(1, *bad, gates=GateOptions(min_words=5)) == ("ok", None, 3)
    assert outcome(1, came(0, 0)) == ("ok", None, 1)
    assert asked(1, came(0, 0), gates=GateOptions(max_words=20)) == [(0, 1)]


def test_what_never_came_says_why_and_which_kind() -> None:
    assert outcome(1, lost(0, 0, "unanswered", "no answer within 5 s")) == (
        "unanswered", "no answer within 5 s", 0,
    )  # fmt: skip
    assert outcome(1, lost(0, 0, "rejected", "HTTP 400: too long")) == ("rejected", "HTTP 400: too long", 0)
    assert outcome(1, lost(0, 0, "failed", "no frame")) == ("failed", "no frame", 0)
    assert outcome(1, lost(0, 0, "unanswered", None)) == ("unanswered", "no answer came", 0)


def test_a_new_run_asks_again_only_what_stayed_unanswered() -> None:
    answers = [came(0, 0, SHORT), lost(0, 1, "unanswered"), lost(1, 0, "rejected"), lost(2, 0, "failed")]
    assert settled(answers) == [answers[0], *answers[2:]]
    again = settled([came(0, 0, SHORT), lost(0, 1, "unanswered")])
    assert asked(1, *again) == [(0, 1)]


def test_an_answer_after_one_that_was_lost_counts() -> None:
    assert outcome(1, lost(0, 0, "unanswered"), came(0, 0)) == ("ok", None, 1)
    # The server's restart took away what it had not taken before.
    assert outcome(1, lost(0, 0, "rejected"), came(0, 0)) == ("ok", None, 1)


def test_windows_are_asked_about_at_once_and_merged_after_that() -> None:
    assert asked(3) == [(0, 0), (1, 0), (2, 0)]
    assert asked(3, came(1, 0)) == [(0, 0), (2, 0)]
    parts = [came(number, 0, good(number)) for number in range(3)]
    found = state(3, *parts)
    assert [(turn.window, turn.attempt) for turn in found.turns] == [(MERGE, 0)]
    assert found.parts == tuple(Fields(**caption(number)) for number in range(3))
    assert found.outcome is None
    merged = state(3, *parts, came(MERGE, 0, good(9))).outcome
    assert merged == Outcome("ok", Fields(**caption(9)), None, 4)


def test_a_merging_that_fails_is_asked_for_again_and_its_parts_are_not() -> None:
    parts = [came(0, 0, SHORT), came(0, 1), came(1, 0)]
    (turn,) = state(2, *parts, came(MERGE, 0, SHORT)).turns
    assert (turn.window, turn.attempt, turn.reason) == (MERGE, 1, "words")
    bad = [came(MERGE, n, SHORT) for n in range(3)]
    assert outcome(2, *parts, *bad)[::2] == ("words", 6)  # type: ignore[index]
    assert outcome(2, *parts, lost(MERGE, 0, "unanswered")) == ("unanswered", "it was lost", 3)


def test_a_window_that_fails_fails_the_clip_without_the_others() -> None:
    assert outcome(3, came(0, 0), lost(1, 0, "rejected", "HTTP 413: too large")) == (
        "rejected", "HTTP 413: too large", 1,
    )  # fmt: skip


def test_what_is_settled_for_good_goes_before_what_is_asked_again() -> None:
    """Else the clip is unanswered for ever: its rejected window keeps it from being asked about again."""
    answers = [lost(0, 0, "unanswered"), lost(1, 0, "rejected", "HTTP 400: no")]
    assert outcome(2, *answers) == outcome(2, *settled(answers)) == ("rejected", "HTTP 400: no", 0)


@pytest.mark.parametrize("reason", ["failed", "unanswered"])
@pytest.mark.parametrize(
    "earlier", [[came(0, 0, SHORT)], [came(0, 0)], [came(0, 0), came(1, 0, SHORT)], [came(0, 0), came(1, 0)]]
)
def test_a_clip_that_cannot_be_read_says_so_wherever_its_dialogue_stood(
    reason: str, earlier: list[Answer]
) -> None:
    """The reader knows of no window: its row has number 0, of which there may be an answer."""
    found = outcome(2, *earlier, lost(0, 0, reason, "no frame"))
    assert found == (reason, "no frame", len(earlier))


def test_a_line_that_a_disk_lost_does_not_let_an_attempt_be_asked_twice() -> None:
    """A second answer under the same number would be dropped as a duplicate, and paid for in every run."""
    assert asked(1, came(0, 1, SHORT)) == [(0, 2)]
    assert outcome(1, came(0, 2, SHORT))[::2] == ("words", 1)  # type: ignore[index]


def test_answers_that_were_read_twice_count_once() -> None:
    bad = came(0, 0, SHORT)
    assert asked(1, bad, bad, bad) == [(0, 1)]
    assert outcome(1, bad, bad, came(0, 1)) == ("ok", None, 2)


def test_the_state_does_not_depend_on_the_order_of_answers() -> None:
    answers = [
        came(0, 0, SHORT), came(0, 1), came(1, 0, LOOP), lost(1, 1, "unanswered", "b"),
        lost(1, 1, "unanswered", "a"), came(1, 0, SHORT),
    ]  # fmt: skip
    # Every order would be 720 of them.
    orders = list(itertools.permutations(answers))[::17]
    assert len({repr(state(2, *order)) for order in orders}) == 1
    assert outcome(2, *answers) == ("unanswered", "a", 3)


def test_each_window_is_judged_by_what_was_measured_of_it() -> None:
    moving = json.dumps(caption(0) | {"camera_motion": "pan left"})
    still = Evidence(seconds=5.0, camera="static", camera_confidence=0.99)
    answers = [came(0, 0, moving), came(1, 0, moving)]
    found = state_of(2, answers, {1: still}, RULES)
    assert [(turn.window, turn.attempt, turn.reason) for turn in found.turns] == [(1, 1, "camera")]


def test_a_gate_that_breaks_fails_its_answer_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr(turns, "judge", broken)
    state = turns.state_of(1, [Answer(0, 0, "{}", "stop")], {}, RULES)
    assert [(turn.attempt, turn.reason, turn.fault) for turn in state.turns] == [
        (1, "parse", "the check itself failed at it (IndexError)")
    ]
