"""How good an autoencoder is: PSNR of clips that it never saw, and pictures of them."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.autoencoder import Autoencoder
from training.pictures import U8, sheet, to_frames, write_mp4, write_png
from training.vae_loss import psnr, resized

FPS = 12
"""Frames per second of reconstructions.mp4: slow enough to compare."""


@dataclass(frozen=True)
class Judged:
    """A clip and what came back of it."""

    name: str
    psnr: float
    """dB."""
    psnr_resized: float
    """dB of the same clip made smaller by the autoencoder's spatial factor and larger again."""


def judge(vae: Autoencoder, clips: Iterable[tuple[str, Tensor]], out: Path) -> list[Judged]:
    """Reconstruct named clips [3, T, H, W], all of one size; write `out`/reconstructions.png and .mp4.

    From left to right: the original, the reconstruction, the resized one; in the PNG of the first and of the
    last frame.
    """
    device = vae.latent_mean.device
    found, films = [], []
    for name, clip in clips:
        original = clip[None].to(device)
        seen = [original, vae.from_latent(vae.to_latent(original)), resized(original, vae.spatial)]
        scores = [psnr(x, original).item() for x in seen[1:]]
        found.append(Judged(name, *scores))
        films.append([to_frames(x[0]) for x in seen])
    if films:
        rows = [[film[frame] for frame in (0, -1) for film in clip] for clip in films]
        write_png(out / "reconstructions.png", sheet(rows))
        length = min(len(film) for clip in films for film in clip)
        write_mp4(out / "reconstructions.mp4", np.stack([_page(films, t) for t in range(length)]), FPS)
    return found


def _page(films: list[list[U8]], t: int) -> U8:
    return sheet([[film[t] for film in clip] for clip in films])


def write_report(out: Path, judged: list[Judged], **facts: object) -> dict[str, object]:
    """Write `out`/report.json: the mean PSNR, that of resizing, each clip's, and `facts`. Returns it."""
    report: dict[str, object] = {
        "psnr": _mean([one.psnr for one in judged]),
        "psnr_resized": _mean([one.psnr_resized for one in judged]),
        **facts,
        "clips": [asdict(one) for one in judged],
    }
    part = out / "report.json.part"
    part.write_text(json.dumps(report, indent=2) + "\n")
    os.replace(part, out / "report.json")
    return report


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None


@torch.no_grad()
def latent_statistics(vae: Autoencoder, clips: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean and deviation, each [C], of the latents of clips [3, T, H, W], over time, space and clips."""
    count, total, squares = 0, torch.zeros(()), torch.zeros(())
    for clip in clips:
        z = vae.encode(clip[None], vae.chunk_frames).mean[0].flatten(1).double().cpu()
        count, total, squares = count + z.shape[1], total + z.sum(1), squares + z.square().sum(1)
    if not count:
        raise ValueError("no clip could be read to normalise the latents by: look at the shards.")
    mean = total / count
    # A channel that says nothing would be blown up to noise.
    return mean.float(), (squares / count - mean.square()).clamp_min(1e-8).sqrt().float()
