"""Whether what captions say of the camera agrees with what was measured of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from captioners._gates.camera import agree
from captioners.dialogue.types import Evidence
from curate.intervals import wilson

ABSTAINS = frozenset({"unclear", "several"})
"""What names no motion. To the gate on the camera `several` agrees with any move; here it would count as
having seen it."""
EDGES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the bins of confidence."""


@dataclass(frozen=True)
class Cell:
    """Clips by what was measured and what was said."""

    measured: str
    said: str
    clips: int
    agrees: bool | None
    """None: the caption commits itself to nothing."""


@dataclass(frozen=True)
class Bin:
    """Clips by the confidence of the measurement."""

    low: float
    high: float
    agree: int
    compared: int
    share: float | None
    interval: tuple[float, float]
    """Wilson's, 95 %."""


@dataclass(frozen=True)
class Cameras:
    """Captions and measurements of the same clips."""

    agree: int
    compared: int
    """Clips with a measured motion whose caption names one."""
    share: float | None
    interval: tuple[float, float]
    abstained: int
    """Clips with a measured motion whose caption names none, or no single one."""
    unmeasured: int
    bins: tuple[Bin, ...]
    table: tuple[Cell, ...]
    """The most frequent first."""


def agrees(measured: str, said: str) -> bool | None:
    """Whether a caption's `camera_motion` fits the measured one, by the rule of the gate (to pan and to truck
    look the same, a tracking shot holds any move); None where it names none."""
    return None if said in ABSTAINS else agree(said, measured)


def compare(pairs: Iterable[tuple[Evidence, str | None]]) -> Cameras:
    """`pairs`: what was measured of a clip, and its `camera_motion`."""
    cells: Counter[tuple[str, str]] = Counter()
    bins = [[0, 0] for _ in EDGES[1:]]
    unmeasured = 0
    for evidence, said in pairs:
        if evidence.camera is None:
            unmeasured += 1
            continue
        said = said or "unclear"
        cells[evidence.camera, said] += 1
        found = agrees(evidence.camera, said)
        if found is not None:
            at = next(n for n, edge in enumerate(EDGES[1:]) if evidence.camera_confidence < edge or edge == 1)
            bins[at][0] += found
            bins[at][1] += 1
    right, compared = (sum(one[k] for one in bins) for k in (0, 1))
    ordered = sorted(cells.items(), key=lambda one: (-one[1], one[0]))
    return Cameras(
        right,
        compared,
        _share(right, compared),
        wilson(right, compared),
        cells.total() - compared,
        unmeasured,
        tuple(
            Bin(EDGES[n], EDGES[n + 1], a, all_, _share(a, all_), wilson(a, all_))
            for n, (a, all_) in enumerate(bins)
        ),
        tuple(Cell(*names, n, agrees(*names)) for names, n in ordered),
    )


def _share(some: int, all_: int) -> float | None:
    return some / all_ if all_ else None
