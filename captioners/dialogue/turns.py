"""Which questions about a clip are still to be asked, and what came of it: a pure function of its answers.

The worker that asks, the driver that writes captions and `curate plan` all go by this one function, so that a
dialogue goes on wherever it was left, and another gate is another reading of the same answers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from captioners.dialogue.schema import Fields
from captioners.dialogue.types import MERGE, Answer, Evidence, Sampling
from captioners.gates import GateOptions, Judged, judge

UNANSWERED, REJECTED, FAILED = "unanswered", "rejected", "failed"
"""Outcomes, and `finish_reason`s of answers that never came: nothing after all tries, which the next run asks
again; a request that the server does not take; and a clip of which no frame can be had."""
LOST = frozenset({UNANSWERED, REJECTED, FAILED})
OK, MEASURED = "ok", "measured"
"""Outcomes with a caption: the model's, and that of `measured` in its place."""

LIVELIER = 0.7
"""Temperature of second tries, at least: at 0.2 the same fault comes back. Holtzman et al. 2020 (section 5)
see loops go between 0.5 and 0.9."""
PER_ATTEMPT = 0.15
"""Added to it for each further try."""
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
            temperature=round(max(self.temperature, LIVELIER) + PER_ATTEMPT * (attempt - 1), 4),
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


def windows_in(seconds: float, window_seconds: float) -> int:
    """In how many windows of equal length, none longer than `window_seconds`, a clip is captioned."""
    whole = int(seconds / window_seconds)
    return max(1, whole + (seconds > whole * window_seconds * (1 + 1e-9)))


def settled(answers: Iterable[Answer]) -> list[Answer]:
    """The answers that a new run goes on from: what stayed unanswered is asked once more."""
    return [answer for answer in answers if answer.came or answer.finish_reason != UNANSWERED]


def state_of(
    windows: int, answers: Sequence[Answer], evidence: Mapping[int, Evidence], rules: Rules
) -> State:
    """Where the dialogue about a clip of so many windows stands. `evidence`: by window, MERGE for the whole
    clip."""
    came = sum(answer.came for answer in answers)
    sides = [_side(window, answers, evidence, rules) for window in range(windows)]
    if failed := next((side.failed for side in sides if side.failed), None):
        return State((), Outcome(failed[0], None, failed[1], came))
    if turns := tuple(side.turn for side in sides if side.turn):
        return State(turns, None)
    parts = tuple(side.fields for side in sides if side.fields)
    assert len(parts) == windows
    if windows == 1:
        return State((), Outcome(OK, parts[0], None, came), parts)
    merged = _side(MERGE, answers, evidence, rules)
    if merged.failed:
        return State((), Outcome(merged.failed[0], None, merged.failed[1], came), parts)
    if merged.turn:
        return State((merged.turn,), None, parts)
    return State((), Outcome(OK, merged.fields, None, came), parts)


def _side(window: int, answers: Sequence[Answer], evidence: Mapping[int, Evidence], rules: Rules) -> _Side:
    mine = sorted((answer for answer in answers if answer.window == window), key=lambda one: one.attempt)
    judged: Judged | None = None
    came = [answer for answer in mine if answer.came]
    for answer in came:
        judged = judge(answer, evidence.get(window, Evidence()), rules.gates)
        if judged.reason is None:
            assert judged.fields is not None
            return _Side(fields=judged.fields)
    lost = [answer for answer in mine if not answer.came and answer.attempt == len(came)]
    for answer in lost:
        if answer.finish_reason != UNANSWERED:
            return _Side(failed=(answer.finish_reason, answer.error or "the server did not take the request"))
    reason, fault = (judged.reason, judged.fault) if judged else (None, None)
    if len(came) >= rules.attempts:
        assert reason is not None
        return _Side(failed=(reason, fault or reason))
    if lost:
        return _Side(failed=(UNANSWERED, lost[-1].error or "no answer came"))
    faults = {name for name, _ in judged.faults} if judged else ()
    return _Side(turn=Turn(window, len(came), rules.sampling(len(came), faults), reason, fault))
