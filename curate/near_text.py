"""Texts that are near-identical: captions that fit any clip say little about theirs.

Each text is its set of runs of four words. MinHash (Broder 1997) estimates how much two sets have in common,
banding (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, section 3.4) finds the pairs worth a look
without comparing all with all, and every pair that counts is verified on the sets themselves."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate import clips

Hashes = npt.NDArray[np.uint64]

ALIKE = 0.7
"""Least Jaccard similarity of near-identical texts. One changed word of a hundred changes four of 97 runs
(0.92); a tenth of the words, changed one by one, leaves about 0.5; the same opening sentence alone, 0.1 to
0.2."""
RUN = 4
"""Words of a run."""
SAMPLE = 50_000
"""Texts that are compared at most, chosen by their ids."""

BANDS, ROWS = 32, 4
"""A pair with similarity s shares a band with a probability of 1 - (1 - s^4)^32: 0.9998 at 0.7, 0.23 at
0.3."""
WIDE = 8
"""Neighbours in a band that each text is paired with: captions from one mould share bands by the thousand,
and all pairs of a thousand are half a million."""
PROMISING = 0.5
"""Estimated similarity below which a pair is not verified: five standard deviations below ALIKE."""
AT_ONCE = 65_536
"""Pairs whose estimates are computed together."""

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f]")
"""Characters of scripts that put no spaces between words: each counts as a word."""


@dataclass(frozen=True)
class Group:
    """Texts that are linked by pairs of near-identical ones, of at least two videos."""

    clips: tuple[bytes, ...]
    videos: int
    """Videos that they are of."""
    example: str


@dataclass(frozen=True)
class Near:
    """What was found."""

    near: int
    """Clips whose text is near-identical to that of a clip of another video."""
    compared: int
    """Clips that were looked at: those with words, at most SAMPLE. In a sample a clip has fewer others to be
    like, so the share is a lower bound of that of all."""
    groups: tuple[Group, ...]
    """The largest first."""

    @property
    def share(self) -> float:
        return self.near / self.compared if self.compared else 0.0


def words_of(text: str) -> list[str]:
    """The words of a text, in one case."""
    if not text.isascii():
        text = _UNSPACED.sub(r" \g<0> ", text)
    return _WORD.findall(text.casefold())


def near_identical(texts: Mapping[bytes, tuple[bytes, str]], most: int = SAMPLE) -> Near:
    """Clips whose texts are near-identical across videos. `texts`: clip -> (video, text)."""
    chosen = sorted(texts, key=lambda clip: (clips.share(clip, "near"), clip))[:most]
    nodes, sets = _distinct(chosen, texts)
    if not nodes:
        return Near(0, 0, ())
    videos = [sorted({texts[clip][0] for clip in node}) for node in nodes]
    # Two videos of each near-identical text are enough to tell whether one is another.
    seen = [set(some[:2]) for some in videos]
    parents = list(range(len(nodes)))
    for a, b in _pairs(sets):
        known = len(seen[a]) > 1 and len(seen[b]) > 1 and _root(parents, a) == _root(parents, b)
        if not known and _similarity(sets[a], sets[b]) >= ALIKE:
            parents[_root(parents, a)] = _root(parents, b)
            seen[a].update(videos[b][:2])
            seen[b].update(videos[a][:2])
    near = sum(len(node) for node, some in zip(nodes, seen, strict=True) if len(some) > 1)
    return Near(near, sum(map(len, nodes)), _groups(nodes, parents, texts))


def _distinct(
    chosen: Sequence[bytes], texts: Mapping[bytes, tuple[bytes, str]]
) -> tuple[list[list[bytes]], list[Hashes]]:
    """Clips by the set of runs of their text, and those sets: what is equal is compared once."""
    known: dict[str, int] = {}
    by_set: dict[bytes, int] = {}
    nodes: list[list[bytes]] = []
    sets: list[Hashes] = []
    for clip in chosen:
        runs = _runs(texts[clip][1], known)
        if not len(runs):
            continue
        number = by_set.setdefault(runs.tobytes(), len(nodes))
        if number == len(nodes):
            nodes.append([])
            sets.append(runs)
        nodes[number].append(clip)
    return nodes, sets


def _runs(text: str, known: dict[str, int]) -> Hashes:
    """Hashes of the runs of words, ascending, each once; of a shorter text the one run that it is."""
    words = words_of(text)
    for word in words:
        if word not in known:
            known[word] = int.from_bytes(
                hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "big"
            )
    hashed = np.array([known[word] for word in words], np.uint64)
    count = max(len(words) - RUN + 1, min(len(words), 1))
    found = np.zeros(count, np.uint64)
    for at in range(min(RUN, len(words))):
        # By powers of an odd number: the same words in another order are another run.
        found = found * np.uint64(0x9E3779B97F4A7C15) + hashed[at : at + count]
    found = np.sort(_mixed(found))
    # np.unique takes three times as long on sets this small.
    return found[np.append(found[1:] != found[:-1], True)] if count else found


def _mixed(values: Hashes) -> Hashes:
    """SplitMix64's finisher: every bit of the value changes half of the result's."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _signatures(sets: Sequence[Hashes]) -> npt.NDArray[np.uint32]:
    """(texts, BANDS * ROWS) the least hash of each set under each of as many hash functions."""
    starts = np.cumsum([0, *(len(one) for one in sets[:-1])])
    values = np.concatenate(sets)
    seeds = np.random.default_rng(0).integers(0, 2**63, (BANDS * ROWS, 2), np.uint64)
    found = np.empty((len(sets), BANDS * ROWS), np.uint32)
    for number, (factor, term) in enumerate(seeds):
        mapped = (values * (factor | np.uint64(1)) + term) >> np.uint64(32)
        found[:, number] = np.minimum.reduceat(mapped, starts).astype(np.uint32)
    return found


def _pairs(sets: Sequence[Hashes]) -> Iterator[tuple[int, int]]:
    """Pairs of texts that are worth verifying, the most alike first."""
    signatures = _signatures(sets)
    bands = np.zeros((BANDS, len(sets)), np.uint64)
    for row in range(ROWS):
        bands = _mixed(bands + signatures[:, row::ROWS].T.astype(np.uint64))
    found: list[npt.NDArray[np.int64]] = []
    for number in range(BANDS):
        # By the next band within a band: what is alike beyond the one band stands close together.
        order = np.lexsort((bands[(number + 1) % BANDS], bands[number]))
        keys = bands[number][order]
        for step in range(1, min(WIDE, len(order) - 1) + 1):
            same = np.flatnonzero(keys[step:] == keys[:-step])
            pair = np.sort(np.stack([order[same], order[same + step]]), axis=0)
            found.append(pair[0] * len(sets) + pair[1])
    unique = np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)
    estimates, kept = [], []
    for start in range(0, len(unique), AT_ONCE):
        some = unique[start : start + AT_ONCE]
        equal = (signatures[some // len(sets)] == signatures[some % len(sets)]).mean(axis=1)
        kept.append(some[equal >= PROMISING])
        estimates.append(equal[equal >= PROMISING])
    if kept:
        ordered = np.concatenate(kept)[np.argsort(-np.concatenate(estimates), kind="stable")]
        for pair in ordered.tolist():
            yield pair // len(sets), pair % len(sets)


def _similarity(a: Hashes, b: Hashes) -> float:
    """Jaccard's: the share that two sets have in common of all that they hold."""
    common = len(np.intersect1d(a, b, assume_unique=True))
    return common / (len(a) + len(b) - common)


def _root(parents: list[int], number: int) -> int:
    while parents[number] != number:
        parents[number] = parents[parents[number]]
        number = parents[number]
    return number


def _groups(
    nodes: Sequence[Sequence[bytes]], parents: list[int], texts: Mapping[bytes, tuple[bytes, str]]
) -> tuple[Group, ...]:
    linked: dict[int, list[bytes]] = {}
    for number, node in enumerate(nodes):
        linked.setdefault(_root(parents, number), []).extend(node)
    found = []
    for members in linked.values():
        videos = len({texts[clip][0] for clip in members})
        if videos > 1:
            ordered = sorted(members)
            found.append(Group(tuple(ordered), videos, texts[ordered[0]][1]))
    return tuple(sorted(found, key=lambda group: (-len(group.clips), group.clips[0])))
