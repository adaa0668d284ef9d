"""Whether what captions say of the camera agrees with what was measured of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from captioners.dialogue.types import Evidence
from curate.intervals import wilson

TURNS = {"truck": "pan", "pedestal": "tilt", "dolly": "zoom"}
"""Travels as the turns that they are measured as: flow cannot tell the two apart."""
ABSTAINS = frozenset({"unclear", "several"})
"""What neither agrees nor contradicts."""
ALONG = frozenset({"tracking", "orbit"})
"""Ways to travel whose direction in the picture is not said: they agree with any move, not with none."""
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
    """Whether a caption's `camera_motion` fits the measured one; None where it says nothing."""
    if said in ABSTAINS:
        return None
    if said in ALONG:
        return measured != "static"
    move, _, direction = said.partition(" ")
    return " ".join([TURNS.get(move, move), direction]).strip() == measured


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
    agree, compared = (sum(one[k] for one in bins) for k in (0, 1))
    ordered = sorted(cells.items(), key=lambda one: (-one[1], one[0]))
    return Cameras(
        agree,
        compared,
        _share(agree, compared),
        wilson(agree, compared),
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
