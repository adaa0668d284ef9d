"""Which questions about a clip are still to be asked, and what came of it: a pure function of its answers.

The worker that asks, the driver that writes captions and `curate plan` all go by this one function, so that a
dialogue goes on wherever it was left, and another gate is another reading of the same answers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from captioners.dialogue import similarity
from captioners.dialogue.schema import Fields
from captioners.dialogue.similarity import Fit
from captioners.dialogue.types import MERGE, Answer, Evidence, Sampling
from captioners.gates import GateOptions, Judged, judge

UNANSWERED, REJECTED, FAILED = "unanswered", "rejected", "failed"
"""Outcomes, and `finish_reason`s of answers that never came: nothing after all tries, which the next run asks
again; a request that the server does not take; and a clip of which no frame can be had."""
LOST = frozenset({UNANSWERED, REJECTED, FAILED})
UNREAD = frozenset({UNANSWERED, FAILED})
"""Of a clip that could not be read, for the moment or for good: it is not asked about in this run."""
OK, MEASURED = "ok", "measured"
"""Outcomes with a caption: the model's, and that of `measured` in its place."""

LIVELIER = 0.7
"""Temperature of second tries, at least: at 0.2 the same fault comes back. Holtzman et al. 2020 (section 5)
see loops go between 0.5 and 0.9."""
PER_ATTEMPT = 0.15
"""Added to it for each further try."""
HOTTEST = 2.0
"""Temperature beyond which servers refuse a request."""
PENALTY = 1.1
"""Repetition penalty after a loop; Keskar et al. 2019 found 1.2 good for free text, and JSON repeats its own
signs."""
LONGER = 1.5
"""Factor to the longest answer after one that was cut."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question to ask now."""

    window: int
    attempt: int
    sampling: Sampling
    reason: str | None = None
    """Gate that the last answer failed."""
    fault: str | None = None
    """What the repair prompt says of it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a clip."""

    outcome: str
    """OK, the gate that the last answer failed, UNANSWERED, REJECTED or FAILED."""
    fields: Fields | None
    error: str | None
    attempts: int
    """Answers that came, of all windows."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a dialogue stands: questions that can be asked at once, or its outcome."""

    turns: tuple[Turn, ...]
    outcome: Outcome | None
    parts: tuple[Fields, ...] = ()
    """Captions of the windows, once all are there: what the merging call is about."""
    unmeasured: Fields | None = None
    """The caption whose similarity has to be known before it goes on: there are no turns then, and no
    outcome."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The options that a dialogue goes by."""

    attempts: int
    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    gates: GateOptions

    def sampling(self, attempt: int, faults: Collection[str] = ()) -> Sampling:
        """Never the same twice: the same sampling repeats the fault. `faults`: gates that the last answer
        failed."""
        if attempt == 0:
            return Sampling(self.temperature, self.top_p, self.max_tokens, self.seed)
        return Sampling(
            temperature=round(min(HOTTEST, max(self.temperature, LIVELIER) + PER_ATTEMPT * (attempt - 1)), 4),
            top_p=max(self.top_p, 0.95),
            max_tokens=int(self.max_tokens * LONGER) if "truncation" in faults else self.max_tokens,
            seed=self.seed + attempt,
            repetition_penalty=PENALTY if "repetition" in faults else 1.0,
        )


@dataclass(frozen=True, slots=True)
class _Side:
    """One window, or the merging, by its answers."""

    turn: Turn | None = None
    fields: Fields | None = None
    failed: tuple[str, str] | None = None
    """(outcome, error)"""
    unmeasured: Fields | None = None


def windows_in(seconds: float, window_seconds: float) -> int:
    """In how many windows of equal length, none longer than `window_seconds`, a clip is captioned."""
    whole = int(seconds / window_seconds)
    return max(1, whole + (seconds > whole * window_seconds * (1 + 1e-9)))


def settled(answers: Iterable[Answer]) -> list[Answer]:
    """The answers that a new run goes on from: what stayed unanswered is asked once more."""
    return [answer for answer in answers if answer.came or answer.finish_reason != UNANSWERED]


def state_of(
    windows: int,
    answers: Sequence[Answer],
    evidence: Mapping[int, Evidence],
    rules: Rules,
    fit: Fit | None = None,
) -> State:
    """Where the dialogue about a clip of so many windows stands. `evidence`: by window, MERGE for the whole
    clip. `fit`: what the clip's caption is held against last, where the gate `similarity` is on; of a long
    clip that is the merged one, for which is then asked again."""
    came = len({(answer.window, answer.attempt) for answer in answers if answer.came})
    last = fit if windows == 1 else None
    sides = [_side(window, answers, evidence, rules, last) for window in range(windows)]
    # What is settled for good goes before what the next run asks again.
    failures = sorted((side.failed for side in sides if side.failed), key=lambda one: one[0] == UNANSWERED)
    if failures:
        return State((), Outcome(failures[0][0], None, failures[0][1], came))
    # A clip that could not be read has one row that says so, whatever of it was still to be asked.
    unread = next(
        (
            Outcome(answer.finish_reason, None, answer.error or "its frames cannot be read", came)
            for answer in _ordered(answers)
            if answer.finish_reason in UNREAD and not answer.came
        ),
        None,
    )
    if turns := tuple(side.turn for side in sides if side.turn):
        return State((), unread) if unread else State(turns, None)
    if sides[0].unmeasured:
        return State((), None, unmeasured=sides[0].unmeasured)
    parts = tuple(side.fields for side in sides if side.fields)
    assert len(parts) == windows
    if windows == 1:
        return State((), Outcome(OK, parts[0], None, came), parts)
    merged = _side(MERGE, answers, evidence, rules, fit)
    if merged.failed:
        return State((), Outcome(merged.failed[0], None, merged.failed[1], came), parts)
    if merged.turn:
        return State((), unread, parts) if unread else State((merged.turn,), None, parts)
    if merged.unmeasured:
        return State((), None, parts, merged.unmeasured)
    return State((), Outcome(OK, merged.fields, None, came), parts)


def _ordered(answers: Iterable[Answer]) -> list[Answer]:
    """By attempt, and within one in an order that does not depend on how they were stored."""
    return sorted(
        answers, key=lambda one: (one.attempt, one.window, one.finish_reason, one.raw or "", one.error or "")
    )


def _side(
    window: int,
    answers: Sequence[Answer],
    evidence: Mapping[int, Evidence],
    rules: Rules,
    fit: Fit | None,
) -> _Side:
    mine = _ordered(answer for answer in answers if answer.window == window)
    judged: Judged | None = None
    # An attempt has one answer, whatever a journal that was read twice says.
    came = list({answer.attempt: answer for answer in reversed(mine) if answer.came}.values())[::-1]
    for answer in came:
        judged = _judged(answer, evidence.get(window, Evidence()), rules.gates)
        if judged.reason is not None:
            continue
        assert judged.fields is not None
        if fit is not None and not fit.knows(judged.fields):
            return _Side(unmeasured=judged.fields)
        fault = fit.fault(judged.fields) if fit is not None else None
        if fault is None:
            return _Side(fields=judged.fields)
        judged = replace(judged, reason=similarity.NAME, fault=fault, faults=((similarity.NAME, fault),))
    # A line that a disk lost leaves a gap, and its number is not given again.
    attempt = came[-1].attempt + 1 if came else 0
    lost = [answer for answer in mine if not answer.came and answer.attempt == attempt]
    for answer in lost:
        if answer.finish_reason != UNANSWERED:
            return _Side(failed=(answer.finish_reason, answer.error or "the server did not take the request"))
    reason, fault = (judged.reason, judged.fault) if judged else (None, None)
    if attempt >= rules.attempts:
        assert reason is not None
        return _Side(failed=(reason, fault or reason))
    if lost:
        return _Side(failed=(UNANSWERED, lost[0].error or "no answer came"))
    faults = {name for name, _ in judged.faults} if judged else ()
    return _Side(turn=Turn(window, attempt, rules.sampling(attempt, faults), reason, fault))


def _judged(answer: Answer, evidence: Evidence, gates: GateOptions) -> Judged:
    """What the gates say. An answer on which one of them breaks is no caption, and ends nothing."""
    try:
        return judge(answer, evidence, gates)
    except Exception as error:  # gates read hostile text, and may have faults of their own
        said = f"the check itself failed at it ({type(error).__name__})"
        return Judged(None, "parse", said, (("parse", said),))
