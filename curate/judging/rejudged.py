"""Every answer judged again by the gates as they are now: how many failed which, at which try."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from captioners.dialogue.types import Evidence
from captioners.gates import GateOptions, judge
from stages.answers import answer_of, evidence_in

PASSED = "passed"


@dataclass(frozen=True)
class Gate:
    """What one gate made of the answers; PASSED: what no gate did."""

    gate: str
    answers: int
    share: float
    """Of the answers that came."""
    by_attempt: tuple[int, ...]
    """Of the first answers, the second ones, …"""


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


def rejudged(by_clip: Iterable[Sequence[dict[str, Any]]], options: GateOptions) -> Rejudged:
    """`by_clip`: rows of `answers`, those of a clip together. A clip's answers are judged with what was
    measured of it when it was asked about."""
    counted: dict[str, dict[int, int]] = {}
    lost: dict[str, int] = {}
    clips = 0
    for rows in by_clip:
        clips += 1
        evidence = evidence_in(rows)
        for answer in map(answer_of, rows):
            if not answer.came:
                lost[answer.finish_reason] = lost.get(answer.finish_reason, 0) + 1
                continue
            reason = judge(answer, evidence.get(answer.window, Evidence()), options).reason or PASSED
            of_gate = counted.setdefault(reason, {})
            of_gate[answer.attempt] = of_gate.get(answer.attempt, 0) + 1
    tries = max((attempt for of_gate in counted.values() for attempt in of_gate), default=-1) + 1
    table = {name: tuple(of_gate.get(k, 0) for k in range(tries)) for name, of_gate in counted.items()}
    answers = sum(map(sum, table.values()))
    ordered = sorted(table.items(), key=lambda one: (one[0] != PASSED, -sum(one[1]), one[0]))
    gates = tuple(Gate(name, sum(row), sum(row) / answers, row) for name, row in ordered)
    by_attempt = tuple(sum(column) for column in zip(*table.values(), strict=True))
    return Rejudged(clips, answers, by_attempt, dict(sorted(lost.items())), gates)
