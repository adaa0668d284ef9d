"""What the trainer knows of an autoencoder of videos, ours or a published one."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from curate.clips import new_hash


@dataclass(frozen=True)
class Posterior:
    """q(z | x) = N(mean, exp(logvar)), each [B, C, t, h, w]."""

    mean: Tensor
    logvar: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """z = mean + σ ε"""
        return self.mean + torch.exp(0.5 * self.logvar) * noise


class Autoencoder(nn.Module, ABC):
    """Videos to a grid of latents, and back.

    Diffusion wants latents of about unit variance, so `to_latent` and `from_latent` speak of
    (z - latent_mean) / latent_std, per channel; `encode` and `decode` of z itself.
    """

    latent_channels: int
    spatial: int
    temporal: int
    chunk_frames: int = 32
    """How many frames `to_latent` and `from_latent` hold at a time; no part of what comes out."""
    loaded: str | None = None
    """The identity of the files that the weights came from."""

    latent_mean: Tensor
    latent_std: Tensor

    @abstractmethod
    def encode(self, x: Tensor, chunk_frames: int | None = None) -> Posterior:
        """[B, 3, T, H, W] in [-1, 1] -> Posterior [B, C, t, h, w], `chunk_frames` frames at a time."""

    @abstractmethod
    def decode(self, z: Tensor, chunk_frames: int | None = None) -> Tensor:
        """[B, C, t, h, w] -> [B, 3, T, H, W]"""

    @torch.no_grad()
    def to_latent(self, x: Tensor) -> Tensor:
        """Pixels [B, 3, T, H, W] in [-1, 1] -> normalised latents [B, C, t, h, w]."""
        return (self.encode(x, self.chunk_frames).mean - self._mean()) / self._std()

    @torch.no_grad()
    def from_latent(self, z: Tensor) -> Tensor:
        """Normalised latents [B, C, t, h, w] -> pixels [B, 3, T, H, W] in [-1, 1]."""
        z = z.to(self.latent_mean)
        return self.decode(z * self._std() + self._mean(), self.chunk_frames).clamp(-1, 1)

    def _mean(self) -> Tensor:
        return self.latent_mean.view(1, -1, 1, 1, 1)

    def _std(self) -> Tensor:
        return self.latent_std.view(1, -1, 1, 1, 1)

    @property
    @abstractmethod
    def facts(self) -> dict[str, object]:
        """The configuration, as JSON."""

    @property
    def identity(self) -> str:
        """Hex digest of configuration and weights: latents with another one are of another autoencoder.

        A frozen module that was loaded keeps its files' identity, in whatever precision it computes.
        """
        if self.loaded and not any(parameter.requires_grad for parameter in self.parameters()):
            return self.loaded
        h = new_hash()
        h.update(json.dumps(self.facts, sort_keys=True).encode())
        for name, value in sorted(self.state_dict().items()):
            h.update(f"{name} {list(value.shape)}".encode())
            h.update(value.detach().float().cpu().contiguous().numpy().tobytes())
        return h.hexdigest()

    def frozen(self) -> Self:
        """This module for use, not for training."""
        self.loaded = self.identity
        return self.eval().requires_grad_(False)


def check_pixels(x: Tensor, spatial: int, temporal: int) -> None:
    """Raise ValueError if [B, 3, T, H, W] has no place on the grid of latents."""
    _, channels, frames, height, width = x.shape
    if channels != 3:
        raise ValueError(f"the video has {channels} channels, but must be RGB: [B, 3, T, H, W].")
    if (frames - 1) % temporal:
        below = frames - (frames - 1) % temporal
        raise ValueError(
            f"{frames} frames are not {temporal}k + 1: take {below} or {below + temporal} of them."
        )
    if height % spatial or width % spatial:
        nearest = f"{_nearest(width, spatial)}x{_nearest(height, spatial)}"
        raise ValueError(
            f"{width}x{height} does not divide into squares of {spatial} pixels: the nearest size that does "
            f"is {nearest}."
        )


def _nearest(side: int, spatial: int) -> int:
    return max(1, round(side / spatial)) * spatial
