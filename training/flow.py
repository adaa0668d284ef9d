"""Rectified flow: straight lines from noise to data, in the symbols of SD3 (arXiv:2403.03206).

    z_t = (1 - t) x_0 + t ε,   ε ~ N(0, I)          t = 0 is data, t = 1 is noise
    v   = dz_t/dt = ε - x_0                         what the model learns
    dz  = v(z, t) dt from t = 1 to t = 0            what a sampler solves

Nothing here knows of models or packs: tensors in, tensors out.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]
"""v(z, t), with t shaped so that it multiplies z."""


def interpolate(x_0: Tensor, eps: Tensor, t: float | Tensor) -> Tensor:
    """z_t = (1 - t) x_0 + t ε"""
    return (1 - t) * x_0 + t * eps


def velocity(x_0: Tensor, eps: Tensor) -> Tensor:
    """v = ε - x_0"""
    return eps - x_0


def logit_normal(n: Tensor, m: float = 0.0, s: float = 1.0) -> Tensor:
    """t = 1 / (1 + e^-(m + s n)) for n ~ N(0, 1): most are near sigmoid(m), where v is hardest to tell."""
    return torch.sigmoid(m + s * n)


def shift(t: Tensor, alpha: float | Tensor) -> Tensor:
    """t ← α t / (1 + (α - 1) t): α > 1 moves times towards noise (SD3, eq. 23, with α = √(m/n)).

    The more tokens show one thing, the more noise it takes to hide it; at the old times a large video would
    be plain to see, and the model would hardly learn to begin one."""
    return alpha * t / (1 + (alpha - 1) * t)


def alpha_for(tokens: float, frames: float) -> float:
    """α for latents of `frames` latent frames with `tokens` tokens each: from 1 at 256 tokens to 3 at 4096,
    on a line, times √frames (Open-Sora 2.0, arXiv:2503.09642). Below 256 tokens the line goes on."""
    return (1 + 2 * (tokens - 256) / (4096 - 256)) * math.sqrt(frames)


def squared_error(v: Tensor, target: Tensor, sample: Tensor, samples: int) -> Tensor:
    """[samples]: per sample the sum over its tokens of the mean over columns of (v - target)².

    v, target: [N, columns]; sample: [N]. The loss is the sum of these over a step / the tokens of the step.
    """
    per_token = (v.float() - target.float()).square().mean(1)
    return per_token.new_zeros(samples).index_add_(0, sample, per_token)


def guided(none: Tensor, image: Tensor, text: Tensor, image_scale: float, text_scale: float) -> Tensor:
    """v(∅, ∅) + s_i (v(∅, i) - v(∅, ∅)) + s_t (v(c, i) - v(∅, i)), InstructPix2Pix (arXiv:2211.09800), eq. 3.

    Velocities without text and image, with the image, with both. A scale of 1 guides nothing."""
    return none + image_scale * (image - none) + text_scale * (text - image)


def times(steps: int, alpha: float = 1.0) -> Tensor:
    """[steps + 1] from 1 to 0: even, then shifted as in training."""
    return shift(torch.linspace(1, 0, steps + 1), alpha)


def euler(v: Velocity, z: Tensor, t: Tensor) -> Tensor:
    """z ← z + h v(z, t), h = t' - t: order 1. `t` [steps + 1, …], each t[k] shaped to multiply z."""
    for now, then in pairwise(t):
        z = z + (then - now) * v(z, now)
    return z


def adams_bashforth(v: Velocity, z: Tensor, t: Tensor) -> Tensor:
    """Two-step Adams–Bashforth with steps of varying length: order 2, one evaluation a step, as Euler.

        z ← z + h ((1 + r/2) v_k - r/2 v_{k-1}),   r = h / (the step before)

    the integral over the step of the line through the last two velocities. The first step is Euler's.
    """
    before: tuple[Tensor, Tensor] | None = None
    for now, then in pairwise(t):
        h, v_now = then - now, v(z, now)
        slope = v_now
        if before is not None:
            h_before, v_before = before
            r = h / h_before
            slope = (1 + r / 2) * v_now - r / 2 * v_before
        z = z + h * slope
        before = h, v_now
    return z


SOLVERS: dict[str, Callable[[Velocity, Tensor, Tensor], Tensor]] = {
    "euler": euler,
    "adams_bashforth": adams_bashforth,
}
