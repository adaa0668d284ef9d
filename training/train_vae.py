"""Train the video autoencoder on the shards of a run.

    python -m training.train_vae --manifest MANIFEST --preset smoke --out DIR

DIR gets config.json and model.safetensors (`load_vae`), metrics.jsonl, and what the autoencoder makes of
clips that it never saw: reconstructions.png and .mp4, and report.json with their PSNR beside that of
resizing.
"""

import argparse
import json
import logging
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from training.data import BAD, Item, Loader, Reader, Skipped, read_pixels
from training.geometry import Grid
from training.manifest import TRAIN, VALIDATION, Manifest
from training.pictures import to_pixels
from training.plan import Schedule
from training.vae import PRESETS, WEIGHTS, VideoVAE, load_vae, save_vae
from training.vae_loss import PERCEPTUAL, VAELoss
from training.vae_report import judge, latent_statistics, write_report
from training.windows import Sizes

log = logging.getLogger("training.vae")


@dataclass(frozen=True)
class Recipe:
    """How long, on what, and how fast an autoencoder is trained."""

    steps: int
    batch: int
    """Crops per step; one-frame crops count by their share of a crop's latents."""
    frames: int
    """Frames of a crop, 4k + 1."""
    size: int
    """Pixels along each side of a crop."""
    zoom: float
    """A crop is cut from a picture whose short side is `size` to `zoom` times that, so that crops show things
    and not only textures."""
    learning_rate: float
    image_share: float = 0.2
    """Share of the crops that are one frame: images, and the first latent frame of every clip."""
    warmup: int = 50
    """Steps in which the learning rate rises from 0; it then falls to 0 along a cosine."""
    clip_norm: float = 1.0
    weight_decay: float = 1e-4
    perceptual: str = "pyramid"

    @property
    def shown(self) -> int:
        """Side of the pictures that are judged at the end: the largest that a crop was cut from."""
        return round(self.size * self.zoom)


RECIPES: dict[str, Recipe] = {
    "smoke": Recipe(steps=300, batch=4, frames=9, size=64, zoom=1.5, learning_rate=3e-3, warmup=20),
    # Crops of 256 pixels and 17 frames are what Wan and Hunyuan begin with.
    "base": Recipe(steps=200_000, batch=8, frames=17, size=256, zoom=1.5, learning_rate=1e-4, warmup=2000),
    "deep": Recipe(steps=200_000, batch=8, frames=17, size=256, zoom=1.5, learning_rate=1e-4, warmup=2000),
}

HELD_OUT, HELD_OUT_FRAMES = 8, 17
"""Clips that are reconstructed at the end, and frames of each."""
STATISTICS = 512
"""Training clips over which the latents' mean and deviation are taken, at most."""


def schedule(manifest: Manifest, recipe: Recipe, vae: VideoVAE, seed: int) -> Schedule:
    """Which crops each step trains on: a pure function of its arguments."""
    grid = Grid(vae.temporal, vae.spatial, patch=1)
    crop = (recipe.frames, recipe.size, recipe.size)
    sizes = Sizes(grid, stills=recipe.image_share, fixed=crop)
    return Schedule(manifest, seed, pack_tokens=recipe.batch * grid.tokens(*crop), sizes=sizes)


def learning_rate(step: int, recipe: Recipe) -> float:
    """Of step 0, 1, …: a linear rise, then half a cosine down to 0."""
    rise = min(1.0, (step + 1) / recipe.warmup)
    return recipe.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * step / recipe.steps))


def gradients(vae: VideoVAE, loss: VAELoss, items: Sequence[Item]) -> dict[str, float]:
    """Add the gradient of the items' loss to the parameters; the loss and its parts.

    Crops of one length go through together. Each counts by its number of frames, as if all pixels of the
    step were in one mean.
    """
    device = vae.latent_mean.device
    pixels = [(item, to_pixels(item.pixels.numpy())) for item in items if item.pixels is not None]
    frames = sum(x.shape[1] for _, x in pixels)
    found: dict[str, float] = {}
    for length in sorted({x.shape[1] for _, x in pixels}):
        group = [(item, x) for item, x in pixels if x.shape[1] == length]
        x = torch.stack([x for _, x in group]).to(device)
        with torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext():
            posterior = vae.encode(x)
            shape, keys = posterior.mean.shape[1:], [item.draw.key for item, _ in group]
            noise = torch.stack([torch.randn(shape, generator=key.torch("noise")) for key in keys])
            z = posterior.mean + (0.5 * posterior.logvar).exp() * noise.to(posterior.mean)
            total, parts = loss(vae.decode(z).float(), x, posterior)
        share = length * len(group) / frames
        (total * share).backward()
        for name, part in {"loss": total.detach(), **parts}.items():
            found[name] = found.get(name, 0.0) + share * float(part)
    return found


def train(
    vae: VideoVAE, manifest: Manifest, recipe: Recipe, seed: int, metrics: Path, threads: int = 2
) -> dict[str, Skipped]:
    """Train `vae` in place; a line of `metrics` (JSON) for each tenth step. What was left out, by key."""
    loss = VAELoss(recipe.perceptual)
    optimiser = torch.optim.AdamW(
        vae.parameters(), lr=0, betas=(0.9, 0.95), weight_decay=recipe.weight_decay, fused=True
    )
    plan = schedule(manifest, recipe, vae, seed)
    usable = len(set(plan.windows.row.tolist()))
    reader = Reader(manifest, zoom=recipe.zoom)
    started = time.monotonic()
    vae.train()
    with (
        metrics.open("a") as lines,
        Loader(reader, plan.steps(0, rank=0, world=1), threads=threads) as batches,
    ):
        # The loader has no end: the range comes first, so that no batch is waited for in vain.
        for step, batch in zip(range(recipe.steps), batches, strict=False):
            for one in batch.skipped:
                log.warning("left out: %s", one)
            items = [item for pack in batch.packs for item in pack]
            if not items:
                if len(batches.stats.skipped) == usable:
                    raise ValueError(f"no training clip can be read; the last one is {batch.skipped[-1]}")
                continue
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(step, recipe)
            found = gradients(vae, loss, items)
            norm = float(torch.nn.utils.clip_grad_norm_(vae.parameters(), recipe.clip_norm))
            if not math.isfinite(norm):
                names = ", ".join(manifest.key(item.draw.row) for item in items)
                raise FloatingPointError(f"the gradient of step {step} is not finite; its clips: {names}")
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            if step % 10 == 0 or step == recipe.steps - 1:
                seconds = time.monotonic() - started
                line = {"step": step, **found, "gradient_norm": norm, "seconds": round(seconds, 2)}
                line["data_wait_seconds"] = round(batches.stats.wait_seconds, 2)
                lines.write(json.dumps(line) + "\n")
                lines.flush()
                log.info("step %d of %d: loss %.4f, %.0f s", step + 1, recipe.steps, found["loss"], seconds)
        vae.eval()
        return batches.stats.skipped


def middles(
    manifest: Manifest, split: str, vae: VideoVAE, side: int, most: int
) -> Iterator[tuple[str, Tensor]]:
    """(key, middle square of its first frames [3, T, side, side]) of clips that are spread over a split."""
    side = max(vae.spatial, side // vae.spatial * vae.spatial)
    rows = manifest.rows_of(split).tolist()
    taken = 0
    for row in rows[:: max(1, len(rows) // most)]:
        sample = manifest.sample(row)
        frames = Grid(vae.temporal, vae.spatial).length(min(HELD_OUT_FRAMES, sample.frames))
        try:
            film = read_pixels(manifest, sample, start=0, frames=frames, stride=1, height=side, width=side)
        except BAD as error:
            log.warning("left out: %s: %s", sample.key, error)
            continue
        yield sample.key, to_pixels(film)
        taken += 1
        if taken == most:
            return


def _start(options: argparse.Namespace) -> VideoVAE:
    if options.init is None:
        torch.manual_seed(options.seed)
        return VideoVAE(PRESETS[options.preset])
    vae = load_vae(options.init)
    if not isinstance(vae, VideoVAE):
        raise ValueError(f"{options.init} is a published autoencoder: only our own are trained.")
    if vae.config != PRESETS[options.preset]:
        raise ValueError(f"{options.init} is not of the preset {options.preset}: start from one that is.")
    return vae.requires_grad_(True)


def run(options: argparse.Namespace) -> dict[str, object]:
    """Train, save, judge; the report."""
    out = Path(options.out)
    if (out / WEIGHTS).exists():
        raise ValueError(f"{out} already holds a trained autoencoder: name another --out.")
    recipe = RECIPES[options.preset]
    recipe = replace(
        recipe, steps=options.steps or recipe.steps, perceptual=options.perceptual or recipe.perceptual
    )
    manifest = Manifest.read(options.manifest, options.root)
    manifest.check_shards()
    vae = _start(options).to("cuda" if torch.cuda.is_available() else "cpu")
    out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    skipped = train(vae, manifest, recipe, options.seed, out / "metrics.jsonl", options.threads)
    seconds = time.monotonic() - started
    clips = (clip for _, clip in middles(manifest, TRAIN, vae, recipe.shown, STATISTICS))
    mean, std = latent_statistics(vae, clips)
    vae.latent_mean.copy_(mean)
    vae.latent_std.copy_(std)
    save_vae(vae, out)
    held_out = len(manifest.rows_of(VALIDATION)) > 0
    shown = middles(manifest, VALIDATION if held_out else TRAIN, vae, recipe.shown, HELD_OUT)
    return write_report(
        out,
        judge(vae, shown, out),
        held_out=held_out,
        preset=options.preset,
        steps=recipe.steps,
        training_seconds=round(seconds, 1),
        identity=vae.identity,
        skipped={key: one.reason for key, one in skipped.items()},
    )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.train_vae", description=__doc__)
    parser.add_argument("--manifest", required=True, help="what `curate train` wrote: the clips")
    parser.add_argument("--root", help="the run's folder, where it was moved")
    parser.add_argument("--preset", choices=list(RECIPES), default="smoke")
    parser.add_argument("--out", required=True, help="a new folder")
    parser.add_argument("--steps", type=int, help="instead of the preset's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2, help="that read clips")
    parser.add_argument("--perceptual", choices=list(PERCEPTUAL), help="instead of the preset's")
    parser.add_argument("--init", help="an autoencoder of the same preset to start from")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        report = run(options)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    kind = "held-out" if report["held_out"] else "training (there are no held-out)"
    spatial = PRESETS[options.preset].spatial
    sys.stdout.write(
        f"PSNR of {kind} clips: {report['psnr']} dB; resized down and up by {spatial}: "
        f"{report['psnr_resized']} dB. See {os.path.join(options.out, '')}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
