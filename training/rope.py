"""Rotary positions in three dimensions, time in seconds.

A query at position p and a key at position q meet as if rotated against each other by the angle between
them, so attention sees where tokens lie from each other (RoFormer, arXiv:2104.09864). A head's dimensions are
shared out over the axes (time, y, x), as in FLUX and Open-Sora 2.0.

Time is counted in seconds and not in frames: the same movement has the same positions at 12 and at 24 frames
per second, and a stream of sound falls into place beside the pictures. Everything is computed in float32.
"""

import torch
from torch import Tensor

TICKS_PER_SECOND = 6.0
"""What counts as one step in time: a latent frame (4 frames) at 24 frames per second, so that neighbours in
time are about as far apart as neighbours in space."""
THETA = 100.0
"""The slowest pair of dimensions turns once in 2π·THETA steps. A clip has tens of steps along an axis and not
the thousands of a text, for which RoFormer chose 10 000: most pairs would hardly turn, and neighbours would
look alike, before from after among them (RoPE-ViT, arXiv:2403.13298, chose 100 for pictures too)."""


def rotations(position: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """cos and sin of p_a θ^(-2i/d_a), i < d_a/2, for each axis a: float32, each [T, D/2].

    `position` [T, 3]: seconds, y, x (patches). `axes`: d_a, the head's dimensions that belong to each axis.
    """
    parts = []
    for axis, dimensions in enumerate(axes):
        steps = position[:, axis].float() * (TICKS_PER_SECOND if axis == 0 else 1.0)
        i = torch.arange(0, dimensions, 2, device=position.device, dtype=torch.float32)
        parts.append(steps[:, None] * THETA ** (-i / dimensions))
    angle = torch.cat(parts, 1)
    return angle.cos(), angle.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair (x_i, x_{i+D/2}) by its angle: x [T, H, D] -> float32 [T, H, D]."""
    a, b = x.float().chunk(2, -1)
    cos, sin = cos[:, None], sin[:, None]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)
