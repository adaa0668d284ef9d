"""How well predicted cuts, fades and dissolves meet the known ones (cuts.json beside the real footage)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

TOLERANCE = 2
"""Frames between a cut and its prediction."""


@dataclass(frozen=True)
class Score:
    """Counts over one or more files; Scores add up."""

    hits: int = 0
    misses: int = 0
    false: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(self.hits + other.hits, self.misses + other.misses, self.false + other.false)

    @property
    def precision(self) -> float:
        return self.hits / max(1, self.hits + self.false)

    @property
    def recall(self) -> float:
        return self.hits / max(1, self.hits + self.misses)

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(1, 2 * self.hits + self.misses + self.false)


def score(predicted: Iterable[int], checked: Mapping[str, Any], tolerance: int = TOLERANCE) -> Score:
    """Score one file's predicted cuts (frame indexes) against its entry in cuts.json: see
    `score_transitions`."""
    return score_transitions([(frame, frame) for frame in predicted], checked, tolerance)


def score_transitions(
    found: Iterable[tuple[int, int]], checked: Mapping[str, Any], tolerance: int = TOLERANCE
) -> Score:
    """Score what a detector found in one file, [first, end), against its entry in cuts.json.

    Each hard cut is met by at most one transition, the shortest that is near enough. What is left over is
    false, unless it touches a gradual change or frames where either answer is right (their ends are known
    within the tolerance), or the file was not checked whole.
    """
    left = sorted(found)
    hits = 0
    for cut in sorted(checked["hard_cuts"]):
        near = [(first, end) for first, end in left if first - tolerance <= cut <= end + tolerance]
        if near:
            left.remove(min(near, key=lambda pair: (pair[1] - pair[0], abs(pair[0] - cut))))
            hits += 1
    ranges = [
        (r, r) if isinstance(r, int) else (r[0], r[1]) for r in checked["gradual"] + checked["tolerate"]
    ]
    false = [
        pair
        for pair in left
        if not any(a - tolerance <= pair[1] and pair[0] <= b + tolerance for a, b in ranges)
    ]
    return Score(hits, len(checked["hard_cuts"]) - hits, len(false) if checked["exhaustive"] else 0)


def gradual_recall(found: Iterable[tuple[int, int]], checked: Mapping[str, Any]) -> tuple[int, int]:
    """How many of the gradual changes lie at least by half in what was found, and how many there are."""
    pairs = list(found)
    covered = [
        sum(max(0, min(b + 1, end) - max(a, first)) for first, end in pairs) >= (b + 1 - a) / 2
        for a, b in checked["gradual"]
    ]
    return sum(covered), len(covered)
