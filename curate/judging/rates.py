"""From ticks to rates: what share of the claims is right, how much is omitted, and whether two auditors
agree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from captioners.dialogue.schema import STRUCTURED
from curate.intervals import wilson
from curate.judging.claims import DENSE
from curate.judging.ticks import RIGHT, UNCLEAR, VERDICTS, WRONG, Sheet, Ticked

ORDER = (*STRUCTURED, DENSE)


@dataclass(frozen=True)
class Rate:
    """How the claims of one kind were ticked."""

    kind: str
    """A structured field, DENSE for the sentences of the dense caption, or `all`."""
    right: int
    wrong: int
    unclear: int
    unticked: int
    share: float | None
    """Right ones among the right and the wrong ones."""
    interval: tuple[float, float]
    """Wilson's, 95 %, of `share`. It takes claims as independent, which those of one clip are not quite."""


@dataclass(frozen=True)
class Omitted:
    """What captions leave out."""

    clips: int
    """Clips that the auditor looked at."""
    things: int
    per_clip: float | None
    complete: int
    """Clips of which nothing is missing."""


@dataclass(frozen=True)
class Rates:
    """What came of one auditor's ticks."""

    auditor: str
    file: str
    clips: int
    faultless: int
    """Clips that were looked at and have no wrong claim."""
    fields: tuple[Rate, ...]
    outcomes: tuple[Rate, ...]
    """All claims, by what came of the clip: `ok` for the model's captions, `measured`."""
    omitted: Omitted


@dataclass(frozen=True)
class Agreement:
    """Two auditors about the claims that both ticked."""

    first: str
    second: str
    claims: int
    agreed: int
    share: float | None
    interval: tuple[float, float]
    """Wilson's, 95 %."""
    kappa: float | None
    """Cohen's (1960): agreement beyond what chance makes of how often each says what. 1 is full agreement, 0
    that of chance; None where chance alone agrees fully."""


def rates(sheet: Sheet) -> Rates:
    """Of one auditor."""
    claims = [
        (claim.field, one.clip.outcome, verdict)
        for one in sheet.clips
        for claim, verdict in zip(one.claims, one.verdicts, strict=True)
    ]
    kinds = sorted({field for field, _, _ in claims}, key=ORDER.index)
    outcomes = sorted({outcome for _, outcome, _ in claims})
    looked = [one for one in sheet.clips if one.looked_at]
    return Rates(
        sheet.auditor,
        sheet.file,
        len(looked),
        sum(WRONG not in one.verdicts for one in looked),
        (
            *(_rate(kind, (v for field, _, v in claims if field == kind)) for kind in kinds),
            _rate("all", (v for _, _, v in claims)),
        ),
        tuple(_rate(outcome, (v for _, of, v in claims if of == outcome)) for outcome in outcomes),
        _omitted(looked),
    )


def _rate(kind: str, verdicts: Iterable[str | None]) -> Rate:
    found = list(verdicts)
    right, wrong, unclear, unticked = (found.count(one) for one in (RIGHT, WRONG, UNCLEAR, None))
    decided = right + wrong
    share = right / decided if decided else None
    return Rate(kind, right, wrong, unclear, unticked, share, wilson(right, decided))


def _omitted(looked: Sequence[Ticked]) -> Omitted:
    things = sum(len(one.missing) for one in looked)
    per_clip = things / len(looked) if looked else None
    return Omitted(len(looked), things, per_clip, sum(not one.missing for one in looked))


def agreements(sheets: Sequence[Sheet]) -> list[Agreement]:
    """Of every two auditors."""
    return [agreement(first, second) for first, second in combinations(sheets, 2)]


def agreement(first: Sheet, second: Sheet) -> Agreement:
    """On the claims that both ticked."""
    theirs = {one.clip.clip_id: one.verdicts for one in second.clips}
    both = [
        (a, b)
        for one in first.clips
        if one.clip.clip_id in theirs
        for a, b in zip(one.verdicts, theirs[one.clip.clip_id], strict=True)
        if a is not None and b is not None
    ]
    agreed = sum(a == b for a, b in both)
    return Agreement(
        first.auditor,
        second.auditor,
        len(both),
        agreed,
        agreed / len(both) if both else None,
        wilson(agreed, len(both)),
        kappa(both),
    )


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """(observed - expected) / (1 - expected), where `expected` is the agreement of two who draw by chance."""
    if not pairs:
        return None
    n = len(pairs)
    expected = sum(sum(a == one for a, _ in pairs) * sum(b == one for _, b in pairs) for one in VERDICTS) / (
        n * n
    )
    if expected == 1:
        return None
    return (sum(a == b for a, b in pairs) / n - expected) / (1 - expected)
