"""The words of captions: how many, how varied, and how they begin."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from captioners._gates.prose import word_count
from curate.near_text import words_of

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
SEGMENT = 1000
"""Words of a segment: some ten dense captions."""
OPENING = 3
"""Words of an opening."""
SHOWN = 10
"""Openings that are listed."""


@dataclass(frozen=True)
class Lengths:
    """Words of the captions of one kind."""

    mean: float
    quantiles: dict[str, int]
    """`0.5` -> words; a length that a caption has."""


@dataclass(frozen=True)
class Vocabulary:
    """How many different words there are."""

    words: int
    distinct: int
    segments: int
    segment_ratio: float | None
    """Mean share of distinct words in the segments of SEGMENT words: the mean segmental type-token ratio
    (Johnson 1944). The plain ratio of a text falls with its length (Herdan 1960), this one does not, so that
    runs of different size compare. None for fewer words than a segment."""


@dataclass(frozen=True)
class Opening:
    """The first words of captions."""

    words: str
    clips: int
    share: float


def lengths(texts: Sequence[str]) -> Lengths:
    """Of texts, at least one."""
    counts = np.array([word_count(text) for text in texts])
    found = np.quantile(counts, QUANTILES, method="inverted_cdf")
    return Lengths(
        float(counts.mean()), {f"{q:g}": int(n) for q, n in zip(QUANTILES, found.tolist(), strict=True)}
    )


def vocabulary(texts: Sequence[str]) -> Vocabulary:
    """Of texts, one after the other: their order should say nothing."""
    words = [word for text in texts for word in words_of(text)]
    segments = [words[at : at + SEGMENT] for at in range(0, len(words) - SEGMENT + 1, SEGMENT)]
    shares = [len(set(segment)) / SEGMENT for segment in segments]
    ratio = sum(shares) / len(shares) if shares else None
    return Vocabulary(len(words), len(set(words)), len(segments), ratio)


def openings(texts: Sequence[str]) -> list[Opening]:
    """The most frequent ones that more than one text has, the most frequent first."""
    counted = Counter(" ".join(words_of(text[:1000])[:OPENING]) for text in texts)
    ordered = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    return [Opening(words, n, n / len(texts)) for words, n in ordered if words and n > 1][:SHOWN]
