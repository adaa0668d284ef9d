"""Train the diffusion transformer on the shards of a run.

    python -m training.train_dit --manifest MANIFEST --vae runs/vae --preset smoke --out runs/dit
    torchrun --nproc-per-node 8 -m training.train_dit …

A preset is a model and how it is trained: a stage of a recipe (recipes.yaml). `--stage` takes another stage,
`--init` starts from the model of an earlier one, and every option has a flag. The same command goes on where
a stopped training ended.

OUT gets config.json and model.safetensors (averaged weights, `curate generate`), metrics.jsonl, TensorBoard,
pictures of held-out captions, loss.png, and checkpoints."""

import argparse
import dataclasses
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training import checkpoint
from training.ahead import Ahead
from training.autoencoder import Autoencoder
from training.called import called
from training.data import Loader, Reader
from training.dit_look import Look
from training.dit_task import DiTTask, Noise
from training.engine import Trainer
from training.geometry import Grid, usual_patch
from training.manifest import Manifest, ManifestError
from training.memory import check_memory
from training.model import DiT, DiTConfig
from training.model_folder import Facts, load_model, save_model
from training.options import Options, add_flags, with_flags
from training.plan import Schedule
from training.presets import SMOKE, Stage, preset, stage_of
from training.prompts import Policy
from training.ranks import Ranks
from training.text import LateTextEncoder
from training.vae_folder import load_vae
from training.windows import Sizes, remarks

VAE = "vae"
"""Folder of the autoencoder, beside the model."""


@dataclass(frozen=True)
class Data:
    """What is trained on, and how it is put together."""

    tier: str = "256px"
    max_frames: int = 129
    max_fps: float | None = None
    pack_tokens: int = 32768
    """Tokens that a rank computes at once."""
    packs_per_step: int = 1
    """Packs of a global step, over all ranks and accumulation."""
    stills: float = 0.0
    """Share of the draws that are one frame."""
    given: float = 0.0
    """Share of the videos whose beginning is given: image to video, and going on from a clip."""
    shift: float | None = None
    """α of the times; by tokens where it is not set."""
    captions: tuple[float, float, float, float] = (0.60, 0.20, 0.15, 0.05)
    """Shares of the caption kinds: dense, short with a field, shuffled fields, original."""
    drop_captions: float = 0.1
    """Share of draws without a caption, for guidance."""
    threads: int = 4
    """That read clips."""


class DiTTraining(DiTTask):
    """The task, and what of it is looked at and passed on."""

    def __init__(self, *, look: Look, facts: Facts, **of_task: Any) -> None:
        super().__init__(**of_task)
        self._look, self.facts = look, facts

    def validate(self) -> dict[str, float]:
        return self._look.losses(self)

    def show(self, folder: Path, step: int) -> None:
        self._look.pictures(self, folder, step)

    def export(self, out: Path, weights: dict[str, Tensor]) -> None:
        with torch.device("meta"):
            model = DiT(self.model_config)
        model.load_state_dict(weights, assign=True)
        save_model(out, model, self.facts)


def run(given: argparse.Namespace, ranks: Ranks) -> None:
    """Train as asked. ValueError, in one sentence, for what cannot be."""
    stage = stage_of(given.stage, given.preset)
    options = with_flags(_options(stage), given)
    data = with_flags(_data(stage), given)
    out = Path(given.out)
    manifest = Manifest.read(given.manifest, given.root)
    manifest.check_shards()
    manifest.check_captions()
    place = _place_of_vae(given)
    vae = load_vae(place).frozen().to(ranks.device)
    manifest.check_vae(vae.identity)
    stored = None if given.text == "bytes" else manifest.encoder_stored(given.text)
    encoder = LateTextEncoder(given.text, ranks.device)
    config = _config(stage, vae, manifest, stored, encoder)
    check_memory(config, data.pack_tokens, options, ranks)

    sizes = Sizes(
        Grid(vae.temporal, vae.spatial, config.patch), data.tier, data.max_frames, data.max_fps, data.stills
    )
    schedule = Schedule(
        manifest, options.seed, pack_tokens=data.pack_tokens, packs_per_step=data.packs_per_step,
        sizes=sizes, vae=vae.identity,
    )  # fmt: skip
    ranks.tell_idle(data.packs_per_step)
    for remark in remarks(schedule.windows, manifest, sizes, vae.identity):
        ranks.say(remark)
    policy = Policy(*data.captions, dropout=data.drop_captions)
    reader = Reader(manifest, sizes.grid, encoder=stored, policy=policy)
    facts = Facts(
        vae=VAE if Path(place).is_dir() else place,
        vae_identity=vae.identity,
        text=given.text,
        fps=float(np.median(schedule.windows.fps)),
        shift=data.shift,
        tier=data.tier,
        max_frames=data.max_frames,
        max_fps=data.max_fps,
        captions=data.captions,
    )
    torch.manual_seed(options.seed)
    model = DiT(config)
    if given.init and not ranks.agree(checkpoint.begun(out)):
        model.load_state_dict(_initial(given.init, config, facts).state_dict())
    task = DiTTraining(
        look=Look(manifest, reader, sizes, ranks, facts, data.pack_tokens),
        facts=facts, model=model, vae=vae, encoder=encoder,
        noise=Noise(data.shift, data.given), device=ranks.device,
    )  # fmt: skip
    free = {"threads"}
    identity = {
        "model": asdict(config), "manifest": manifest.digest, "vae": vae.identity, "text": given.text,
        "seed": options.seed, "init": given.init and os.path.abspath(given.init),
        "data": {name: value for name, value in asdict(data).items() if name not in free},
    }  # fmt: skip
    trainer = Trainer(task, out, options, ranks, identity)
    if ranks.first:
        _keep_beside(out, given.manifest, place)
    ranks.barrier()
    steps = schedule.steps(trainer.step, ranks.rank, ranks.world)
    with Loader(reader, steps, threads=data.threads) as loader, Ahead(task.prepare, loader) as batches:
        trainer.run(batches)


def _options(stage: Stage) -> Options:
    smoke = stage.preset == SMOKE
    on_gpu = torch.cuda.is_available()
    return Options(
        steps=stage.steps, learning_rate=stage.learning_rate, warmup_steps=stage.warmup,
        weight_decay=stage.weight_decay,
        precision="bf16" if on_gpu else "fp32", compile=on_gpu,
        recompute="none" if smoke else "selective",
        ema_decay=0.99 if smoke else 0.9999,
        save_every=500 if smoke else 1000, validate_every=500 if smoke else 1000,
    )  # fmt: skip


def _data(stage: Stage) -> Data:
    names = {field.name for field in dataclasses.fields(Data)} & {f.name for f in dataclasses.fields(Stage)}
    data = Data(**{name: getattr(stage, name) for name in names})
    return dataclasses.replace(data, threads=2) if stage.preset == SMOKE else data


def _config(
    stage: Stage, vae: Autoencoder, manifest: Manifest, stored: str | None, encoder: LateTextEncoder
) -> DiTConfig:
    width = pooled = None
    if stored is not None:
        width, pooled = manifest.widths_of(stored)
    elif encoder.spec != "bytes":
        text = encoder.encode(["a"])[0]
        width, pooled = text.tokens.shape[1], len(text.pooled)
    return preset(
        stage.preset,
        latent_channels=vae.latent_channels,
        patch=usual_patch(vae.spatial),
        text_width=width,
        pooled_width=pooled or 0,
    )


def _place_of_vae(given: argparse.Namespace) -> str:
    """The autoencoder that is named, or that of the folder that is gone on with."""
    beside = Path(given.out) / VAE
    if given.vae:
        return str(given.vae)
    if beside.is_dir():
        return str(beside)
    raise ManifestError(
        "no autoencoder is named: give `--vae` the folder that `curate train vae` wrote, or a published one"
    )


def _initial(folder: str, config: DiTConfig, facts: Facts) -> DiT:
    model, own = load_model(folder)
    if own.vae_identity != facts.vae_identity:
        raise ValueError(
            f"{folder} makes latents of another autoencoder ({own.vae_identity}, not {facts.vae_identity}): "
            "give its own as --vae, and encode the run with it"
        )
    if own.text != facts.text:
        raise ValueError(
            f"{folder} reads captions by {own.text} and not by {facts.text}: give --text {own.text}"
        )
    if model.config != config:
        differ = [name for name, value in asdict(config).items() if asdict(model.config)[name] != value]
        raise ValueError(
            f"{folder} is a model of another configuration ({', '.join(differ)}): choose the preset that it "
            "was trained with"
        )
    return model


def _keep_beside(out: Path, manifest: str, vae: str) -> None:
    """The manifest and the autoencoder go with the model."""
    if Path(manifest).resolve() != (out / "manifest.parquet").resolve():
        shutil.copyfile(manifest, out / "manifest.parquet")
    if Path(vae).is_dir() and Path(vae).resolve() != (out / VAE).resolve():
        (out / VAE).mkdir(exist_ok=True)
        for name in ("config.json", "model.safetensors"):
            shutil.copyfile(Path(vae) / name, out / VAE / name)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m training.train_dit", description=__doc__.split("\n\n")[0])
    made.add_argument("--manifest", required=True, help="what `curate train` wrote: the clips")
    made.add_argument("--root", help="the run's folder, where it was moved")
    made.add_argument("--out", required=True, help="where the model goes; a training that is there goes on")
    made.add_argument("--vae", help="folder of the autoencoder, or a published one's name")
    made.add_argument("--text", default="bytes", help="text encoder: bytes, a folder, or NAME@REVISION")
    made.add_argument("--preset", help="smoke (without it), 50m, 200m or 1b; with --stage, the stage's")
    made.add_argument("--stage", help="a stage of recipes.yaml instead of the preset's first")
    made.add_argument("--init", help="folder of the model to start from")
    made.add_argument("--device", choices=["cpu", "cuda"], help="by default a GPU where there is one")
    add_flags(made, Options)
    add_flags(made, Data)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    return called(run, parser().parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
