"""How the rows of a batch draw their tokens: each by its own rules, whatever else is in the batch.

`generate` of transformers takes the likeliest token of each row here, and a row's scores say one token alone:
the one that this module drew. So one batch holds rows of different temperatures, seeds and lengths.
"""

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from captioners._constrained import Grammars, Masks
from captioners.dialogue.schema import canonical
from captioners.dialogue.types import Request, Sampling

LIKELY = 512
"""Tokens that are put in order for a draw; all of them only where these do not hold `top_p`."""


@dataclass
class Row:
    """An answer as it is written."""

    sampling: Sampling
    matcher: Any
    """Of the schema, at the end of what is written."""
    most: int
    """Tokens of the answer."""
    draws: random.Random
    tokens: list[int] = field(default_factory=list)
    finish_reason: str = ""
    """`stop` or `length`; empty while it is written."""
    error: str = ""
    """Why the schema cannot be followed any further."""
    ended: float = 0.0
    """By time.monotonic."""

    def take(self, token: int) -> None:
        """Go on by one token."""
        self.tokens.append(token)
        self.matcher.consume_token(token)
        if self.matcher.is_error():
            self.error = " ".join(self.matcher.get_error().split())[:300] or "no token may follow"
        elif self.matcher.is_stopped():
            self.finish_reason = "stop"
        elif len(self.tokens) >= self.most:
            self.finish_reason = "length"
        if self.over:
            self.ended = time.monotonic()

    @property
    def over(self) -> bool:
        return bool(self.finish_reason or self.error)


def row_of(request: Request, matcher: Any, most: int) -> Row:
    """An answer that is not yet begun. What it draws hangs on its request alone."""
    named = [request.sampling.seed, request.clip_id, request.window, request.attempt]
    seed = int.from_bytes(hashlib.sha256(canonical(named).encode()).digest()[:8], "big")
    return Row(request.sampling, matcher, most, random.Random(seed))


class Sampler:
    """Logits processor and stopping criterion of one batch."""

    def __init__(self, rows: Sequence[Row], grammars: Grammars, stopped: Callable[[], bool]) -> None:
        """`stopped` tells that nobody waits for the answers any more."""
        self.rows = rows
        self._masks = Masks(grammars, [row.matcher for row in rows])
        self._stopped = stopped
        self._seen: Any = None

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """`scores` (rows, vocabulary) of the next token, float32 -> the same, of one token per row."""
        barred = torch.from_numpy(self._masks.barred(scores.shape[1])).to(scores.device)
        scores = self._penalised(scores).masked_fill_(barred, -torch.inf)
        chosen = self._drawn(scores)
        tokens = chosen.tolist()
        for row, token in zip(self.rows, tokens, strict=True):
            if not row.over:
                row.take(token)
        going = [number for number, row in enumerate(self.rows) if not row.over]
        if going:
            self._masks.prepare(going)
        self._remember(chosen, scores.shape[1])
        return torch.full_like(scores, -torch.inf).scatter_(1, chosen[:, None], 0.0)

    def over(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        """Which rows have ended."""
        if self._stopped():
            return torch.ones(len(self.rows), dtype=torch.bool, device=input_ids.device)
        return torch.tensor([row.over for row in self.rows], device=input_ids.device)

    def _drawn(self, scores: Any) -> Any:
        """A token for each row: the likeliest, or one by chance out of the likeliest that hold `top_p` of the
        probability together."""
        chosen = scores.argmax(1)
        rows = [i for i, row in enumerate(self.rows) if row.sampling.temperature > 0 and not row.over]
        if not rows:
            return chosen

        def column(values: list[float]) -> Any:
            return torch.tensor(values, dtype=torch.float64, device=scores.device)[:, None]

        samplings = [self.rows[row].sampling for row in rows]
        heat = column([sampling.temperature for sampling in samplings]).float()
        shares = (scores[rows] / heat).softmax(1)
        top_p = column([sampling.top_p for sampling in samplings])
        luck = column([self.rows[row].draws.random() for row in rows])
        likely, order = shares.topk(min(LIKELY, shares.shape[1]), dim=1)
        found = order.gather(1, _places(likely, top_p, luck))[:, 0]
        # Which rows need all tokens in their order is a matter of each row alone.
        flat = (likely.double().sum(1, keepdim=True) < top_p)[:, 0]
        if flat.any():
            every, order = shares[flat].sort(dim=1, descending=True, stable=True)
            found[flat] = order.gather(1, _places(every, top_p[flat], luck[flat]))[:, 0]
        chosen[rows] = found
        return chosen

    def _penalised(self, scores: Any) -> Any:
        """Keskar et al. 2019, equation 2: tokens of the answer so far are made less likely."""
        if self._seen is None:
            return scores
        penalty = torch.tensor([row.sampling.repetition_penalty for row in self.rows], device=scores.device)
        penalty = penalty[:, None].to(scores.dtype)
        return torch.where(self._seen, torch.where(scores > 0, scores / penalty, scores * penalty), scores)

    def _remember(self, chosen: Any, vocabulary: int) -> None:
        if all(row.sampling.repetition_penalty == 1 for row in self.rows):
            return
        if self._seen is None:
            self._seen = torch.zeros(len(self.rows), vocabulary, dtype=torch.bool, device=chosen.device)
        self._seen.scatter_(1, chosen[:, None], True)


def _places(shares: Any, top_p: Any, luck: Any) -> Any:
    """Where in descending `shares` (rows, tokens) the draw `luck` of 0 to 1 falls, among those that hold
    `top_p` together."""
    # In double precision: up to 150,000 shares are added up.
    shares = shares.double()
    summed = shares.cumsum(1)
    # A token is in as long as those before it hold less than top_p.
    kept = summed - shares < top_p
    aim = luck * (shares * kept).sum(1, keepdim=True)
    place = torch.minimum((summed <= aim).sum(1, keepdim=True), kept.sum(1, keepdim=True) - 1)
    return place.clamp(min=0)
