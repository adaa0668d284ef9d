"""Statistics, recall and rates as tables for a terminal."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from captioners._facts import Recall
from curate.judging.audit import Audit
from curate.judging.cameras import Cameras
from curate.judging.cost import Cost
from curate.judging.judge import Judged
from curate.judging.rates import Agreement, Rate, Rates
from curate.judging.rejudged import Rejudged
from curate.judging.statistics import Camera, Statistics
from curate.judging.words import SEGMENT, Lengths
from curate.near_text import ALIKE, Near
from curate.report.numbers import number, percent

GROUPS = 5
"""Groups of near-identical captions that are shown."""
CELLS = 12
"""Pairs of measured and said motions that are shown."""
LONGEST = 100
"""Characters of a text."""


@dataclass(frozen=True)
class Block:
    """A table with what is said above it; without columns, that alone."""

    said: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    left: tuple[int, ...] = (0,)
    """Columns of texts; the others are of numbers, flush right."""


def statistics(found: Statistics) -> list[Block]:
    """What `curate captions RUN` shows."""
    whole = found.captioned
    sampled = (
        "" if found.sampled == whole else f"; below, {number(found.sampled)} of them, chosen by their ids"
    )
    blocks = [
        Block(
            f"{number(whole)} clips of {found.name} have a caption{sampled}",
            ("outcome", "clips", "share"),
            tuple(
                (name, number(n), percent(n / sum(found.outcomes.values())))
                for name, n in found.outcomes.items()
            ),
        )
    ]
    if found.dense is None or found.short is None:
        return blocks
    blocks.append(_lengths({"dense": found.dense, "short": found.short}))
    words, ratio = found.vocabulary, found.vocabulary.segment_ratio
    mean = f"{SEGMENT} in a row would tell more"
    if ratio is not None:
        mean = f"{percent(ratio)} of {SEGMENT} in a row are distinct (mean of {number(words.segments)})"
    blocks.append(
        Block(f"vocabulary of dense: {number(words.words)} words, {number(words.distinct)} distinct; {mean}")
    )
    if found.openings:
        rows = tuple((one.words, number(one.clips), percent(one.share)) for one in found.openings)
        blocks.append(Block("most frequent openings of dense", ("opening", "clips", "share"), rows))
    blocks.append(_near(found.near))
    blocks += [] if found.gates is None else [_gates(found.gates)]
    blocks += [] if found.camera is None else _camera(found.camera)
    blocks += [] if found.cost is None else [_cost(found.cost)]
    return blocks


def _lengths(kinds: dict[str, Lengths]) -> Block:
    names = {"0": "least", "0.5": "median", "1": "most"}
    quantiles = next(iter(kinds.values())).quantiles
    columns = tuple(names.get(q, f"{float(q):.0%}") for q in quantiles)
    rows = tuple(
        (kind, f"{of.mean:.1f}", *(number(n) for n in of.quantiles.values())) for kind, of in kinds.items()
    )
    return Block("words of a caption", ("of", "mean", *columns), rows)


def _near(near: Near) -> Block:
    said = (
        f"near-identical captions: {number(near.near)} of {number(near.compared)} clips "
        f"({percent(near.share)}) have the words of a clip of another video (Jaccard ≥ {ALIKE:g})"
    )
    rows = tuple(
        (number(len(group.clips)), number(group.videos), _short(group.example))
        for group in near.groups[:GROUPS]
    )
    return Block(said, ("clips", "videos", "example") if rows else (), rows, (2,))


def _gates(found: Rejudged) -> Block:
    tries = [f"try {k + 1}" for k in range(len(found.by_attempt))]
    rows = tuple(
        (
            gate.gate,
            *map(number, (gate.first, gate.failed)),
            percent(gate.share),
            *map(number, gate.by_attempt),
        )
        for gate in found.gates
    )
    lost = ", ".join(f"{number(n)} {name}" for name, n in found.lost.items())
    said = f"{number(found.answers)} answers about {number(found.clips)} clips, by the gates of today"
    return Block(
        said + (f"; no answer: {lost}" if lost else ""),
        ("gate", "failed first", "failed", "share", *tries),
        rows,
    )


def _camera(found: Camera) -> list[Block]:
    first = found.first_answers
    said = (
        f"camera: {_agreeing(first)} first answers that name a motion agree with the measured one, and "
        f"{_agreeing(found.captions)} captions, which passed a gate on that; {number(first.abstained)} first "
        "answers name none"
    )
    bins = tuple(
        (
            f"{one.low:g} to {one.high:g}",
            *map(number, (one.compared, one.agree)),
            _share(one.share, one.interval),
        )
        for one in first.bins
    )
    blocks = [Block(said, ("confidence", "compared", "agree", "share (95 %)"), bins)]
    if first.table:
        signs = {True: "yes", False: "no", None: ""}
        rows = tuple(
            (one.measured, one.said, number(one.clips), signs[one.agrees]) for one in first.table[:CELLS]
        )
        more = f", the {CELLS} most frequent of {len(first.table)}" if len(first.table) > CELLS else ""
        blocks.append(
            Block(
                f"measured, and said at first{more}",
                ("measured", "said", "answers", "agrees"),
                rows,
                (0, 1, 3),
            )
        )
    return blocks


def _agreeing(found: Cameras) -> str:
    return f"{number(found.agree)} of {number(found.compared)}"


def _cost(found: Cost) -> Block:
    each = (
        ("answers", number(found.answers), _number(found.answers_per_clip)),
        ("tokens in", number(found.tokens_in), _per(found.tokens_in, found.clips)),
        ("tokens out", number(found.tokens_out), _per(found.tokens_out, found.clips)),
        ("tokens", number(found.tokens_in + found.tokens_out), _number(found.tokens_per_clip)),
        ("seconds of waiting", number(round(found.seconds, 1)), _per(found.seconds, found.clips)),
    )
    return Block(f"cost of {number(found.clips)} clips, in all runs", ("of", "total", "per clip"), each)


# -- facts and audits --------------------------------------------------------------------------------------


def recall(found: Recall) -> list[Block]:
    """What `--facts` shows."""
    rows = tuple(
        (
            one.clip.video,
            f"{one.clip.start_seconds:g}–{one.clip.end_seconds:g} s",
            f"{one.stated} of {one.count}",
            _share(one.share, one.interval),
            "\n".join(fact.fact for fact in one.omitted),
        )
        for one in found.clips
    )
    blocks = [
        Block(
            "facts that the captions state",
            ("video", "at", "stated", "share (95 %)", "omitted"),
            rows,
            (0, 4),
        )
    ]
    if found.uncaptioned:
        names = sorted({clip.video for clip in found.uncaptioned})
        blocks.append(Block(f"{len(found.uncaptioned)} clips have no caption: {', '.join(names)}"))
    share = None if math.isnan(found.share) else found.share
    blocks.append(Block(f"{found.stated} of {found.count} facts: {_share(share, found.interval)}"))
    return blocks


def audit(found: Audit) -> list[Block]:
    """What `--audit` shows."""
    return [
        Block(
            f"{number(found.clips)} clips, {number(found.videos)} with their video, and "
            f"{number(found.claims)} claims: open {found.path} in a browser, tick, save, and "
            "read the file with --ticks"
        )
    ]


def rates(found: Rates) -> list[Block]:
    """What `--ticks` and `--judge` show of one auditor."""
    name = found.auditor or found.file
    blocks = [_rates(f"{name}: claims about {number(found.clips)} clips", found.fields)]
    if len(found.outcomes) > 1:
        blocks.append(_rates("by outcome of the clip", found.outcomes))
    omitted = found.omitted
    blocks.append(
        Block(
            f"no wrong claim in {number(found.faultless)} of {number(found.clips)} clips; missing: "
            f"{number(omitted.things)} things, {_number(omitted.per_clip)} a clip, nothing in "
            f"{number(omitted.complete)} clips"
        )
    )
    return blocks


def _rates(said: str, found: Iterable[Rate]) -> Block:
    rows = tuple(
        (
            one.kind.replace("_", " "),
            *map(number, (one.right, one.wrong, one.unclear, one.unticked)),
            _share(one.share, one.interval),
        )
        for one in found
    )
    return Block(said, ("claims", "right", "wrong", "can’t tell", "no tick", "right of both (95 %)"), rows)


def agreements(found: Sequence[Agreement]) -> list[Block]:
    """How far auditors agree."""
    rows = tuple(
        (
            f"{one.first or 'nameless'} and {one.second or 'nameless'}",
            number(one.claims),
            _share(one.share, one.interval),
            "–" if one.kappa is None else f"{one.kappa:.2f}",
        )
        for one in found
    )
    return [Block("agreement", ("auditors", "both ticked", "the same (95 %)", "kappa"), rows)] if rows else []


def judged(found: Judged) -> list[Block]:
    """What became of the questions."""
    blocks = [
        Block(
            f"{found.auditor}: {number(found.clips - len(found.unjudged))} of {number(found.clips)} clips "
            f"judged, {number(found.tokens_in)} tokens in, {number(found.tokens_out)} out; {found.path}"
        )
    ]
    if found.unjudged:
        rows = tuple((clip, _short(why)) for clip, why in list(found.unjudged.items())[:GROUPS])
        blocks.append(Block(f"{number(len(found.unjudged))} clips unjudged", ("clip", "why"), rows, (0, 1)))
    return blocks


# -- numbers -----------------------------------------------------------------------------------------------


def _share(share: float | None, interval: tuple[float, float]) -> str:
    if share is None:
        return "–"
    low, high = (f"{end * 100:.0f}" for end in interval)
    return f"{percent(share)} ({low} to {high})"


def _per(total: float, clips: int) -> str:
    return number(total / clips) if clips else "–"


def _number(value: float | None) -> str:
    return number(value)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"
