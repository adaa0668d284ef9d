"""How numbers become vectors that a transformer takes in: a sample's, and those of a token's place."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SINUSOIDS = 256
"""Sines and cosines that a number is spread over."""
PLACE = 36
"""Of a token's place: six octaves of sine and cosine for each of time, y and x."""


class MLP(nn.Module):
    """in -> W -> W"""

    def __init__(self, columns: int, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(columns, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.silu(self.first(x.to(self.first.weight.dtype))))


class Number(nn.Module):
    """A number per sample [S] -> [S, W]; NaN -> a learned vector.

    cos and sin of scale · x at frequencies from 1 down to 1/10000; `scale` brings the usual range of x to
    some hundreds, as DiT's does for t.
    """

    def __init__(self, width: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.mlp = MLP(SINUSOIDS, width)
        self.unknown = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor) -> Tensor:
        half = SINUSOIDS // 2
        frequency = 10_000.0 ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
        angle = self.scale * x.float().nan_to_num()[:, None] * frequency
        known = self.mlp(torch.cat([angle.cos(), angle.sin()], 1))
        return torch.where(x.isnan()[:, None], self.unknown.to(known.dtype), known)


class Place(nn.Module):
    """Where a token lies in its clip [n, 3] -> [n, W]: sines and cosines of seconds and of shares of the
    picture.

    Rotary positions say how tokens lie to each other. What lies on the left at first, or above, follows from
    them only by way of the caption's tokens, which lie at 0: a small model takes long to find that. Shares of
    the picture mean the same at any size.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(PLACE, width, bias=False)

    def forward(self, place: Tensor) -> Tensor:
        octaves = 2.0 ** torch.arange(PLACE // 6, device=place.device)
        # The slowest: half a turn in 16 seconds, and half a turn from one side of the picture to the other.
        half_turns = place.float() * place.new_tensor([1 / 16, 1, 1])
        angle = (torch.pi * half_turns[..., None] * octaves).flatten(1)
        return self.linear(torch.cat([angle.sin(), angle.cos()], 1).to(self.linear.weight.dtype))
