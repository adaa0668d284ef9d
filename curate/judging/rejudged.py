"""Every answer judged again by the gates as they are now: how many failed which, at which try."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from captioners.dialogue.types import Answer, Evidence
from captioners.gates import GateOptions, Judged, judge
from stages.answers import answer_of, evidence_in

PASSED = "passed"


@dataclass(frozen=True)
class Gate:
    """What one gate made of the answers; PASSED: what no gate did."""

    gate: str
    first: int
    """Answers that it was the first gate to refuse: what came of the answer. Of PASSED, all that passed."""
    failed: int
    """Answers that fail it, whatever else they fail."""
    share: float
    """`failed` of the answers that came."""
    by_attempt: tuple[int, ...]
    """`failed` of the first answers, the second ones, …"""


@dataclass(frozen=True)
class Rejudged:
    """The answers of some clips."""

    clips: int
    answers: int
    by_attempt: tuple[int, ...]
    """Answers that came: first ones, second ones, …"""
    lost: dict[str, int]
    """Why none came -> requests."""
    gates: tuple[Gate, ...]
    """The most frequent first."""


@dataclass(frozen=True)
class Again:
    """An answer with what was measured of its window, and what the gates say of it."""

    answer: Answer
    evidence: Evidence
    judged: Judged


def again(rows: Sequence[dict[str, Any]], options: GateOptions) -> list[Again]:
    """Every answer that came about a clip, by its rows of `answers`."""
    evidence = evidence_in(rows)
    found = []
    for answer in map(answer_of, rows):
        if answer.came:
            measured = evidence.get(answer.window, Evidence())
            found.append(Again(answer, measured, judge(answer, measured, options)))
    return found


def counted(clips: int, answers: Iterable[Again], lost: Iterable[str]) -> Rejudged:
    """Answers about so many clips. `lost`: why others never came."""
    failed: dict[str, Counter[int]] = {}
    first: Counter[str] = Counter()
    came: Counter[int] = Counter()
    for one in answers:
        attempt = one.answer.attempt
        came[attempt] += 1
        names = [name for name, _ in one.judged.faults] or [PASSED]
        first[names[0]] += 1
        for name in names:
            failed.setdefault(name, Counter())[attempt] += 1
    tries = range(max(came, default=-1) + 1)
    ordered = sorted(failed.items(), key=lambda one: (one[0] != PASSED, -one[1].total(), one[0]))
    gates = tuple(
        Gate(name, first[name], of.total(), of.total() / came.total(), tuple(of[k] for k in tries))
        for name, of in ordered
    )
    by_attempt = tuple(came[k] for k in tries)
    return Rejudged(clips, came.total(), by_attempt, dict(sorted(Counter(lost).items())), gates)
