"""What the autoencoder learns from a pack of crops: to give them back.

Crops of one length go through together, so a pack is two passes: videos and stills. Noise follows from the
draw's key alone, as in the training of the transformer."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import nan
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from training.data import Item
from training.engine import PackLoss, Part
from training.pictures import sheet, to_frames, to_pixels, write_png
from training.ranks import Ranks
from training.vae import VideoVAE
from training.vae_folder import save_vae
from training.vae_loss import VAELoss, psnr, resized
from training.vae_report import latent_statistics

Clips = Callable[[], Sequence[Tensor]]
"""Gives clips [3, T, H, W] in [-1, 1], from the disk."""


class VAETask:
    """The task of training a `VideoVAE` (training.engine.Task)."""

    def __init__(
        self,
        vae: VideoVAE,
        *,
        crop: tuple[int, int, int],
        stills: bool,
        loss: VAELoss,
        ranks: Ranks,
        held_out: Clips,
        normalised_by: Clips,
    ) -> None:
        """`crop`: (frames, height, width) of the videos. `held_out` are judged while training; the latents of
        `normalised_by` get mean 0 and deviation 1."""
        self.module: nn.Module = vae
        self.blocks: Sequence[nn.Module] = [*vae.encoder.layers, *vae.decoder.layers]
        self._config, self._crop, self._loss, self._ranks = vae.config, crop, loss, ranks
        self._lengths = sorted({crop[0], 1} if stills else {crop[0]})
        self._grid = (vae.latent_channels, vae.temporal, vae.spatial)
        self._held_out, self._normalised_by = lru_cache(held_out), normalised_by

    def tokens(self, pack: list[Item]) -> int:
        """Latent positions."""
        return sum(item.draw.tokens for item in pack)

    def loss(self, pack: list[Item]) -> PackLoss:
        total, losses = torch.zeros((), device=self._ranks.device), torch.zeros(len(pack))
        parts, logs = [_part(item) for item in pack], dict[str, Tensor]()
        for length in self._lengths:
            places = [place for place, item in enumerate(pack) if item.draw.frames == length]
            if not places and self._ranks.world == 1:
                continue
            # Ranks gather the weights together, so each makes every pass: of nothing, where it has no crop.
            x, noise = self._batch([pack[place] for place in places], length)
            reconstruction, posterior = self.module(x, noise)
            found, named = self._loss(reconstruction, x, posterior)
            counts = torch.tensor([float(pack[place].draw.tokens) for place in places] or [0.0]).to(found)
            total = total + (found * counts).sum()
            losses[places] = found.detach().float().cpu()[: len(places)]
            for name, values in named.items():
                logs[name] = logs.get(name, 0.0) + (values * counts).sum()
        if not total.requires_grad:
            total = sum((parameter.sum() for parameter in self.module.parameters()), total) * 0
        return PackLoss(total, losses, parts, logs)

    def _batch(self, items: list[Item], length: int) -> tuple[Tensor, Tensor]:
        """Pixels [B, 3, T, H, W] in [-1, 1] and noise [B, C, t, h, w]; black where there are no items."""
        channels, temporal, spatial = self._grid
        _, height, width = self._crop
        shape = (channels, 1 + (length - 1) // temporal, height // spatial, width // spatial)
        films = [to_pixels(item.pixels.numpy()) for item in items if item.pixels is not None]
        noise = [torch.randn(shape, generator=item.draw.key.torch("noise")) for item in items]
        if not items:
            films, noise = [torch.full((3, length, height, width), -1.0)], [torch.zeros(shape)]
        return torch.stack(films).to(self._ranks.device), torch.stack(noise).to(self._ranks.device)

    def flops(self, pack: list[Item]) -> float:
        """Three times the operations of the convolutions' forward pass."""
        return 3 * sum(self._forward_flops(item.draw.frames) for item in pack)

    @lru_cache  # noqa: B019 - a task lives as long as its training
    def _forward_flops(self, frames: int) -> float:
        channels, temporal, spatial = self._grid
        _, height, width = self._crop
        with torch.device("meta"):
            vae, x = VideoVAE(self._config), torch.empty(1, 3, frames, height, width)
            noise = torch.empty(
                1, channels, 1 + (frames - 1) // temporal, height // spatial, width // spatial
            )
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            vae(x, noise)
        return float(counter.get_total_flops())

    def validate(self) -> dict[str, float]:
        """PSNR of held-out clips in dB, and of the same resized down and up by the spatial factor."""
        clips = self._held_out()
        if not clips:
            return {}
        pairs = [
            (psnr(reconstruction, x).item(), psnr(resized(x, self._grid[2]), x).item())
            for x, reconstruction in self._reconstructed()
        ]
        ours, theirs = zip(*pairs, strict=True)
        return {"psnr": sum(ours) / len(ours), "psnr resized": sum(theirs) / len(theirs)}

    def show(self, folder: Path, step: int) -> None:
        """FOLDER/step-….png: held-out clips, first and last frame, each beside its reconstruction."""
        rows = [
            [to_frames(film[0])[frame] for frame in (0, -1) for film in pair]
            for pair in self._reconstructed()
        ]
        if rows and self._ranks.first:
            folder.mkdir(parents=True, exist_ok=True)
            write_png(folder / f"step-{step:08}.png", sheet(rows))

    def _reconstructed(self) -> list[tuple[Tensor, Tensor]]:
        """(original, reconstruction), each [1, 3, T, H, W], of the held-out clips; called by every rank."""
        found = []
        for clip in self._held_out():
            x = clip[None].to(self._ranks.device)
            _, temporal, spatial = self._grid
            shape = (1, self._grid[0], 1 + (x.shape[2] - 1) // temporal)
            noise = torch.zeros(*shape, x.shape[3] // spatial, x.shape[4] // spatial, device=x.device)
            found.append((x, self.module(x, noise)[0].float()))
        return found

    def export(self, out: Path, weights: dict[str, Tensor]) -> None:
        vae = VideoVAE(self._config)
        vae.load_state_dict(weights)
        vae.to(self._ranks.device).requires_grad_(False)
        mean, std = latent_statistics(vae, self._normalised_by())
        vae.latent_mean.copy_(mean)
        vae.latent_std.copy_(std)
        save_vae(vae, out)


def _part(item: Item) -> Part:
    draw = item.draw
    return Part(draw.key.clip_id.hex(), nan, draw.tokens, bucket=f"{draw.frames}x{draw.height}x{draw.width}")
