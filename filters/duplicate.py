"""How much of a clip is there a second time, in a better copy."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from curate.pairing.candidates import candidates
from curate.pairing.nearest import nearest
from curate.pairing.sequences import Store, sequence, vectors
from curate.pairing.similarity import compare
from curate.plugins import Bounds, ClipView, Compared, Pair, Score, TableFilter
from curate.signals.prints import LENGTH, RATE

DIGITS = 6
"""Of what is written down: what lies beyond differs between processors."""
STEP = math.log(1.25)
"""Sizes and lengths that differ by less than a quarter are about the same: then what comes next decides."""


@dataclass(frozen=True, slots=True)
class _Clip:
    identity: bytes
    better: tuple[Any, ...]
    """Sorts clips from the best to the worst."""
    content: bytes
    """Digest of its prints; empty where no picture has an identity."""


class Duplicate(TableFilter):
    """Score: how much of the clip a better copy of it shows too, 0 to 1: the share of its pictures that the
    other clip has at the same times (after one shift in time), times how alike these stretches are. 0 where
    there is no better copy, or nothing to know a copy by (black, plain pictures).

    Column: `with`, that better copy's id, as 32 hex digits.

    Found are copies that were re-encoded, rescaled, squeezed, given bars or taken them, made brighter, darker
    or grey, marked with a logo or subtitle, cropped by a few percent, trimmed, or given another frame rate.
    Mirrored, turned, and played at another speed they are other data. Two moments in front of one still
    camera are no copies as far as something moves in them.

    `keep: {max: 0.8}` drops a clip of which more than that is in a better one that is kept. Better is, in
    this order: more pixels within the bars (in steps of a quarter), longer (in steps of a quarter), more bits
    per second and pixel of its video, longer at all, the smaller id. So of a trimmed copy the whole one is
    kept, and a long clip does not go for a few seconds of it in better quality.

    The table `pairs` has each clip's nearest ones: `similarity` is about the shorter clip of the two, and
    `covered`, what the rule is about, is about the worse one."""

    VERSION: ClassVar[int] = 1
    READS: ClassVar[tuple[str, ...]] = ("prints",)
    COLUMNS: ClassVar[dict[str, type]] = {"with": str}
    UNITS: ClassVar[dict[str, str]] = {"score": "share of the clip, 0 to 1"}
    PUBLISHED: ClassVar[tuple[str, ...]] = (
        "Movie Gen: drops a clip with a cosine of 0.99 and more to another (copy-detection embeddings)",
    )
    COST: ClassVar[str] = (
        "2,000 clips of 5 s a second, on a core of a busy server (16,000 in 7.8 s, reading not counted); the "
        "prints are taken in the scan"
    )
    PAIRS: ClassVar[bool] = True

    floor: float = Field(0.5, gt=0, le=1)
    """Pairs of a lower similarity are not written down. A rule below it finds nothing more. Videos with a
    pair are never held out for validation."""
    nearest: int = Field(50, ge=1, le=1000)
    """Pairs of each clip, the nearest ones first."""

    def measure(self, clips: Iterable[ClipView], scratch: str) -> Compared:
        store = Store(scratch, LENGTH)
        known = [_take(clip, store) for clip in clips]
        store.close()
        order = sorted(range(len(known)), key=lambda number: known[number].better)
        ranks = np.empty(len(known), dtype=np.int64)
        ranks[order] = np.arange(len(known))
        pairs, alone = _exact(known, order)
        pairs += self._near(known, store, np.array(alone, dtype=np.int64), ranks)
        return Compared(_scores(known, pairs), pairs)

    def _near(self, known: Sequence[_Clip], store: Store, clips: Any, ranks: Any) -> list[Pair]:
        found: list[tuple[float, int, int, float]] = []
        for both in candidates(store, clips, ranks).tolist():
            # From the better to the worse one, whatever order they came in.
            better, worse = sorted((both >> 32, both & 0xFFFFFFFF), key=lambda number: ranks[number])
            likeness = compare(vectors(store[better]), vectors(store[worse]), self.floor)
            covered = round(likeness.second * likeness.closeness, DIGITS)
            if likeness.similarity >= self.floor:
                found.append((round(likeness.similarity, DIGITS), better, worse, covered))
        return [
            Pair(known[better].identity, known[worse].identity, "near", similarity, covered)
            for similarity, better, worse, covered in nearest(found, ranks, self.nearest)
        ]

    def bounds(self, longest_clip: float) -> Bounds:
        return {"score": (0.0, 1.0)}


def _take(clip: ClipView, store: Store) -> _Clip:
    """Put the clip's prints into the store."""
    signals, row, video = clip.signals["prints"], clip.clip, clip.video
    there = np.isfinite(signals["inner"])
    prints = np.ascontiguousarray(signals["print"][there]).view(np.int8)
    start = float(row["start_seconds"])
    times = start + (signals["pts"][there] - row["start_pts"]) * (
        clip.seconds / (row["end_pts"] - row["start_pts"])
    )
    store.add(sequence(times, prints, start, float(row["end_seconds"]), RATE))
    inner = float(np.median(signals["inner"][there])) if there.any() else 1.0
    pixels = video["width"] * video["height"] * inner
    rate = (video.get("bits_per_pixel") or 0.0) * (video.get("fps") or 0.0)
    seconds = clip.seconds
    better = (-_class(pixels), -_class(seconds), -rate, -seconds, row["clip_id"])
    shown = hashlib.blake2b(np.round(times - start, 3).tobytes(), digest_size=16)
    shown.update(repr((row["frames"], round(seconds, 3))).encode() + prints.tobytes())
    return _Clip(row["clip_id"], better, shown.digest() if prints.any() else b"")


def _class(value: float) -> int:
    return math.floor(math.log(max(value, 1e-9)) / STEP)


def _exact(known: Sequence[_Clip], order: Sequence[int]) -> tuple[list[Pair], list[int]]:
    """Pairs of clips with the same prints at the same times, each with the best of them; and those that are
    left to be compared: one of each kind, and none without identity."""
    best: dict[bytes, int] = {}
    pairs = []
    for number in order:
        clip = known[number]
        if not clip.content:
            continue
        first = best.setdefault(clip.content, number)
        if first != number:
            pairs.append(Pair(known[first].identity, clip.identity, "exact", 1.0, 1.0))
    return pairs, sorted(best.values())


def _scores(known: Sequence[_Clip], pairs: Iterable[Pair]) -> list[Score | Exception]:
    highest: dict[bytes, tuple[float, bytes]] = {}
    for pair in pairs:
        covered, other = highest.get(pair.worse, (0.0, b""))
        if pair.covered > covered or (pair.covered == covered and pair.better < other):
            highest[pair.worse] = (pair.covered, pair.better)
    scores: list[Score | Exception] = []
    for clip in known:
        covered, other = highest.get(clip.identity, (0.0, b""))
        scores.append({"score": covered, "with": other.hex() or None})
    return scores
