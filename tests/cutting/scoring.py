"""How well predicted cuts meet those that were checked by eye (cuts.json beside the real footage)."""

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
    """Score one file's predicted cuts (frame indexes) against its entry in cuts.json.

    Each hard cut is met by at most one prediction. What is left over is false, unless it lies in a gradual
    change or where either answer is right (their ends are known within the tolerance), or the file was not
    checked whole.
    """
    left = sorted(predicted)
    hits = 0
    for cut in sorted(checked["hard_cuts"]):
        near = min(left, key=lambda frame: (abs(frame - cut), frame), default=None)
        if near is not None and abs(near - cut) <= tolerance:
            left.remove(near)
            hits += 1
    ranges = [
        (r, r) if isinstance(r, int) else (r[0], r[1]) for r in checked["gradual"] + checked["tolerate"]
    ]
    false = [f for f in left if not any(a - tolerance <= f <= b + tolerance for a, b in ranges)]
    return Score(hits, len(checked["hard_cuts"]) - hits, len(false) if checked["exhaustive"] else 0)
