"""Train the video autoencoder on the shards of a run.

    python -m training.train_vae --manifest MANIFEST --preset smoke --out runs/vae
    torchrun --nproc-per-node 8 -m training.train_vae …

A preset is an autoencoder and how it is trained; every option has a flag. The same command goes on where a
stopped training ended.

OUT gets config.json and model.safetensors (averaged weights, `curate encode`), metrics.jsonl, TensorBoard,
checkpoints, and what the autoencoder makes of clips that it never saw: reconstructions.png and .mp4, and
report.json with their PSNR beside that of resizing."""

import argparse
import dataclasses
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training import checkpoint
from training.called import called
from training.data import BAD, Loader, Reader, read_pixels
from training.engine import Trainer
from training.geometry import Grid
from training.manifest import TRAIN, VALIDATION, Manifest
from training.options import Options, add_flags, with_flags
from training.pictures import to_pixels
from training.plan import Schedule
from training.presets import SMOKE
from training.ranks import Ranks
from training.vae import PRESETS, VAEConfig, VideoVAE
from training.vae_folder import load_vae
from training.vae_loss import VAELoss
from training.vae_report import judge, write_report
from training.vae_start import linear_start
from training.vae_task import VAETask
from training.windows import Sizes


@dataclass(frozen=True)
class Crops:
    """What is trained on, and how it is put together."""

    batch: int = 8
    """Crops that a rank computes at once; stills count by their share of a crop's latents."""
    packs_per_step: int = 1
    """Such packs of a global step, over all ranks and accumulation."""
    frames: int = 17
    """Frames of a crop, 4k + 1."""
    size: int = 256
    """Pixels along each side of a crop."""
    zoom: float = 1.5
    """A crop is cut from a picture whose short side is `size` to `zoom` times that, so that crops show things
    and not only textures."""
    stills: float = 0.2
    """Share of the crops that are one frame: images, and the first latent frame of every clip."""
    perceptual: str = "pyramid"
    """The loss beside L1: none, pyramid or lpips."""
    threads: int = 4
    """That read clips."""

    @property
    def shown(self) -> int:
        """Side of the pictures that are judged: the largest that a crop was cut from."""
        return round(self.size * self.zoom)


HELD_OUT, LONGEST = 8, 17
"""Clips that are judged, and frames of each."""
STATISTICS = 64
"""Training clips by which the linear start is made and latents are normalised, at most."""


def recipe(preset: str) -> tuple[VAEConfig, Options, Crops]:
    """How the autoencoder of a preset is trained, on the devices that are there."""
    if preset not in PRESETS:
        raise ValueError(f"the preset {preset!r} is not known: choose one of {', '.join(PRESETS)}")
    on_gpu = torch.cuda.is_available()
    options = Options(
        schedule="cosine", weight_decay=1e-4, betas=(0.9, 0.95),
        precision="bf16" if on_gpu else "fp32", compile=on_gpu, recompute="none",
    )  # fmt: skip
    if preset == SMOKE:
        options = dataclasses.replace(
            options, steps=300, learning_rate=3e-4, warmup_steps=20, ema_decay=0.99, save_every=0,
            validate_every=0,
        )  # fmt: skip
        return PRESETS[preset], options, Crops(batch=2, frames=9, size=64, threads=2)
    # Crops of 256 pixels and 17 frames are what Wan and Hunyuan begin with. Eight packs a step: a machine of
    # eight GPUs has one for each, fewer add up their gradients.
    options = dataclasses.replace(options, steps=200_000, learning_rate=1e-4, warmup_steps=2000)
    return PRESETS[preset], options, Crops(packs_per_step=8)


def run(given: argparse.Namespace, ranks: Ranks) -> None:
    """Train as asked, and judge. ValueError, in one sentence, for what cannot be."""
    name = given.preset or SMOKE
    config, options, crops = recipe(name)
    options, crops = with_flags(options, given), with_flags(crops, given)
    out = Path(given.out)
    manifest = Manifest.read(given.manifest, given.root)
    manifest.check_shards()
    grid = Grid(config.temporal, config.spatial, patch=1)
    crop = (crops.frames, crops.size, crops.size)
    schedule = Schedule(
        manifest, options.seed, pack_tokens=crops.batch * grid.tokens(*crop),
        packs_per_step=crops.packs_per_step, sizes=Sizes(grid, stills=crops.stills, fixed=crop),
    )  # fmt: skip
    loss = VAELoss(crops.perceptual)

    def middles_of(split: str, most: int) -> list[tuple[str, Tensor]]:
        return list(middles(manifest, split, grid, crops.shown, most))

    def normalised_by() -> list[Tensor]:
        return [clip for _, clip in middles_of(TRAIN, STATISTICS)]

    judged_on = VALIDATION if len(manifest.rows_of(VALIDATION)) else TRAIN
    held_out = middles_of(judged_on, HELD_OUT)
    torch.manual_seed(options.seed)
    vae = VideoVAE(config)
    if not ranks.agree(checkpoint.begun(out)):
        if given.init:
            vae.load_state_dict(_initial(given.init, config).state_dict())
        else:
            linear_start(vae, normalised_by(), options.seed)
    task = VAETask(
        vae, crop=crop, stills=crops.stills > 0, loss=loss, ranks=ranks,
        held_out=lambda: [clip for _, clip in held_out], normalised_by=normalised_by,
    )  # fmt: skip
    identity = {
        "model": vae.facts, "manifest": manifest.digest, "seed": options.seed,
        "init": given.init and os.path.abspath(given.init),
        "data": {name: value for name, value in asdict(crops).items() if name != "threads"},
    }  # fmt: skip
    trainer = Trainer(task, out, options, ranks, identity)
    ranks.tell_idle(crops.packs_per_step)
    reader = Reader(manifest, grid, zoom=crops.zoom)
    steps = schedule.steps(trainer.step, ranks.rank, ranks.world)
    with Loader(reader, steps, threads=crops.threads) as batches:
        trainer.run(batches)
    if ranks.first:
        _judge(out, held_out, judged_on, preset=name, steps=trainer.step)
    ranks.barrier()


def _judge(out: Path, clips: list[tuple[str, Tensor]], split: str, **facts: Any) -> None:
    """Write what the trained autoencoder makes of clips to `out`, and say how good that is."""
    vae = load_vae(out)
    report = write_report(
        out, judge(vae, clips, out), held_out=split == VALIDATION, identity=vae.identity, **facts
    )
    kind = "held-out" if report["held_out"] else "training (there are no held-out)"
    print(
        f"PSNR of {kind} clips: {report['psnr']} dB; resized down and up by {vae.spatial}: "
        f"{report['psnr_resized']} dB. See {out / 'reconstructions.png'}"
    )


def middles(manifest: Manifest, split: str, grid: Grid, side: int, most: int) -> Iterator[tuple[str, Tensor]]:
    """(key, middle square of its first frames [3, T, side, side]) of clips that are spread over a split;
    what cannot be read is left out."""
    side = max(grid.spatial, side // grid.spatial * grid.spatial)
    rows = manifest.rows_of(split).tolist()
    taken = 0
    for row in rows[:: max(1, len(rows) // most)]:
        sample = manifest.sample(row)
        frames = grid.length(min(LONGEST, sample.frames))
        try:
            film = read_pixels(manifest, sample, start=0, frames=frames, stride=1, height=side, width=side)
        except BAD:  # it will be named when it is drawn
            continue
        yield sample.key, to_pixels(film)
        taken += 1
        if taken == most:
            return


def _initial(folder: str, config: VAEConfig) -> VideoVAE:
    vae = load_vae(folder)
    if not isinstance(vae, VideoVAE):
        raise ValueError(f"{folder} is a published autoencoder: only our own are trained")
    if vae.config != config:
        raise ValueError(f"{folder} is an autoencoder of another preset: start from one of this preset")
    return vae


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m training.train_vae", description=__doc__.split("\n\n")[0])
    made.add_argument("--manifest", required=True, help="what `curate train` wrote: the clips")
    made.add_argument("--root", help="the run's folder, where it was moved")
    made.add_argument("--out", required=True, help="where the model goes; a training that is there goes on")
    made.add_argument("--preset", help=f"{', '.join(PRESETS)}; {SMOKE} without it")
    made.add_argument("--init", help="folder of an autoencoder of the same preset to start from")
    made.add_argument("--device", choices=["cpu", "cuda"], help="by default a GPU where there is one")
    add_flags(made, Options)
    add_flags(made, Crops)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    return called(run, parser().parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
