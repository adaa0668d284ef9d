"""How tokens are drawn: the shares, the narrowing, the penalty, each row by its own rules."""

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch

from captioners import _sampler
from captioners._sampler import LIKELY, Row, Sampler
from captioners.dialogue.types import Sampling


class Anything:
    """A schema that all tokens obey."""

    def consume_token(self, token: int) -> bool:
        return True

    def is_error(self) -> bool:
        return False

    def is_stopped(self) -> bool:
        return False


class NoMasks:
    def __init__(self, grammars: Any, matchers: Any) -> None:
        self.rows = len(matchers)

    def prepare(self, rows: Any) -> None:
        pass

    def barred(self, vocabulary: int) -> Any:
        return np.zeros((self.rows, vocabulary), dtype=np.bool_)


@pytest.fixture(autouse=True)
def _unmasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sampler, "Masks", NoMasks)


def row(
    temperature: float, top_p: float = 1.0, penalty: float = 1.0, most: int = 10**6, seed: int = 0
) -> Row:
    sampling = Sampling(temperature, top_p, most, seed, penalty)
    return Row(sampling, Anything(), most, random.Random(seed))


def sampler(*rows: Row) -> Sampler:
    return Sampler(rows, None, lambda: False)  # type: ignore[arg-type]


def drawn(one: Sampler, scores: torch.Tensor) -> list[int]:
    """One step: the token of each row."""
    found = one(None, scores.repeat(len(one.rows), 1) if len(scores) == 1 else scores)
    assert (found == 0).sum(1).tolist() == [1] * len(one.rows)
    return [int(token) for token in found.argmax(1)]


def test_shares_are_those_of_temperature_and_top_p() -> None:
    logs = torch.tensor([[0.05, 0.5, 0.15, 0.3]]).log()
    one = sampler(row(1.0), row(1.0, 0.9), row(2.0), row(0.0))
    counts = [Counter[int]() for _ in one.rows]
    for _ in range(1000):
        for count, token in zip(counts, drawn(one, logs), strict=True):
            count[token] += 1
    square_roots = np.sqrt([0.05, 0.5, 0.15, 0.3])
    expected = [
        np.array([0.05, 0.5, 0.15, 0.3]),
        np.array([0, 0.5, 0.15, 0.3]) / 0.95,
        square_roots / square_roots.sum(),
        np.array([0, 1, 0, 0]),
    ]
    for count, shares in zip(counts, expected, strict=True):
        found = np.array([count[token] / 1000 for token in range(4)])
        assert np.abs(found - shares).max() < 0.05  # three standard deviations


def test_where_many_tokens_are_likely_all_are_drawn_from() -> None:
    flat = torch.zeros(1, 8 * LIKELY)
    one = sampler(row(1.0), row(1.0, 0.05, seed=1))
    tokens = [drawn(one, flat) for _ in range(300)]
    assert len({token for token, _ in tokens}) > 250
    # A twentieth of 4096 tokens is 205 of them.
    assert 100 < len({token for _, token in tokens}) <= 205


def test_a_row_draws_the_same_whatever_the_others_are() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(50, 1, 4 * LIKELY, generator=generator)
    alone, among = sampler(row(0.8, 0.9, 1.2)), sampler(row(0.0), row(0.8, 0.9, 1.2), row(1.0, most=3))
    steps = [(drawn(alone, step)[0], drawn(among, step)[1]) for step in scores]
    assert all(one == other for one, other in steps)
    assert among.over(torch.zeros(3, 1), None).tolist() == [False, False, True]


def test_what_was_written_becomes_less_likely() -> None:
    scores = torch.tensor([[2.0, 1.9, -1.0]])
    one = sampler(row(0.0), row(0.0, penalty=1.5))
    assert [drawn(one, scores) for _ in range(3)] == [[0, 0], [0, 1], [0, 0]]


def test_nobody_waiting_ends_all_rows() -> None:
    one = Sampler([row(0.0), row(0.0)], None, lambda: True)  # type: ignore[arg-type]
    assert one.over(torch.zeros(2, 1), None).tolist() == [True, True]
