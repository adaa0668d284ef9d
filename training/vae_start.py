"""Where the training of an autoencoder begins: at the best linear one.

Of all linear maps from blocks of pixels to C numbers and back, principal component analysis loses least
(Baldi and Hornik, Neural Networks 2, 1989). It takes seconds where gradient descent takes an hour to get
there, since the eigenvalues of the covariance of pixels span many orders of magnitude.

The components are then turned so that every channel has the same variance. Latents are normalised channel by
channel, and would otherwise give the finest component the weight of the mean colour: a model of them would
spend itself on texture. So turned, distances between latents are distances between pictures."""

from collections.abc import Sequence

import torch
from torch import Tensor

from training.vae import VideoVAE
from training.vae_layers import filled_in_front, space_to_channel

BLOCKS = 16384
"""Blocks of 4×8×8 pixels that are looked at, at most; a deep configuration's are larger, and fewer do."""
VALUES = 1 << 27
"""Numbers in them, at most."""


def linear_start(vae: VideoVAE, clips: Sequence[Tensor], seed: int = 0) -> None:
    """Set the linear maps of `vae` to the principal components of clips [3, T, H, W], scaled so that the
    latents' mean square is 1. The same clips and seed give the same weights."""
    stride = vae.encoder.block
    size = vae.encoder.linear.in_channels
    # All clips have a share, whatever their size.
    each = -(-min(BLOCKS, VALUES // size) // max(1, len(clips)))
    chance = torch.Generator().manual_seed(seed)
    found, kept = [], 0
    for clip in clips:
        blocks = space_to_channel(filled_in_front(clip[None], stride, None), stride)[0].flatten(1).T
        taken = blocks[torch.randperm(len(blocks), generator=chance)[:each]]
        found.append(taken)
        kept += len(taken)
    if kept <= vae.latent_channels:
        return
    x = torch.cat(found)
    mean = x.mean(0)
    x = x - mean
    # Randomised (Halko et al., arXiv:0909.4061): twice as many directions as are wanted, and two iterations.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        _, _, directions = torch.svd_lowrank(x, q=min(2 * vae.latent_channels, *x.shape), niter=2)
    basis = directions.T[: vae.latent_channels]
    basis = even(len(basis)) @ basis
    z = x @ basis.T
    vae.set_linear(basis / z.square().mean().sqrt().clamp_min(1e-4), mean)


def even(count: int) -> Tensor:
    """A rotation [count, count] whose entries are ±1/√count where that is a power of two (Hadamard's matrix,
    by Sylvester), so that each of its rows has an even share of every direction; else cosines of the DCT."""
    if count & (count - 1) == 0:
        h = torch.ones(1, 1)
        while len(h) < count:
            h = torch.cat([torch.cat([h, h], 1), torch.cat([h, -h], 1)])
        return h / count**0.5
    k, n = torch.arange(count)[:, None], torch.arange(count)[None]
    cosines = torch.cos(torch.pi * (2 * n + 1) * k / (2 * count)) * (2 / count) ** 0.5
    cosines[0] /= 2**0.5
    return cosines.T
