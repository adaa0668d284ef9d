"""Tokens per second and MFU of training the transformer, beside the model alone.

    python bench/train.py [--preset smoke] [--tier 256px] [--frames 33] [--steps 220] [--pack-tokens 32768]
                          [--clips 256] [--recompute selective] [--device cuda]

Writes latents of noise for clips of many sizes and lengths, within the tier and the frames, and trains on
them as `python -m training.train_dit` does: loader, optimiser, averages, gradient clipping and logging
included. Told of all steps but the first 20: tokens/s, MFU (training/metrics.py says what is counted), the
share of time that was spent waiting for data. Then the baseline, in the same process: forward, backward and
AdamW on some of the same packs, which lie on the device already, and nothing else. Their ratio is what the
rest of the trainer costs."""

import argparse
import itertools
import random
import statistics
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from curate import clips
from training.autoencoder import Autoencoder
from training.data import Loader, Reader
from training.dit_task import DiTTask, Noise, Ready
from training.geometry import Grid, fit, usual_patch
from training.manifest import Manifest
from training.metrics import peak_tflops, read
from training.model import DiT
from training.options import Options
from training.plan import Schedule
from training.presets import preset
from training.ranks import Ranks
from training.sharding import prepare
from training.text import text_encoder
from training.train_dit import main as train
from training.vae import PRESETS, VideoVAE
from training.vae_folder import load_vae, save_vae
from training.windows import Sizes

SHAPES = ((1920, 1080), (1080, 1920), (1440, 1080), (1080, 1080), (1280, 544))
WARM_UP = 20
"""Steps that are not told of: compilation, caches."""
WORDS = "A person in a red coat walks along a wet street at night while the camera follows slowly. "


def write_data(root: Path, vae: Autoencoder, grid: Grid, given: argparse.Namespace) -> Manifest:
    """Latents of noise and their manifest; the tars of clips are empty files that nobody reads."""
    rng, chance = np.random.default_rng(0), random.Random(0)
    (root / "shards").mkdir()
    (root / "shards/a.tar").touch()
    rows: list[dict[str, Any]] = []
    with (root / "latents.bin").open("wb") as latents:
        for number in range(given.clips):
            width, height = SHAPES[number % len(SHAPES)]
            frames = chance.randint(1, 3 * given.frames)
            shape = fit(width, height, frames, 24.0, given.tier, grid, max_frames=given.frames)
            size = grid.latent(shape.frames, shape.height, shape.width)
            stored = rng.standard_normal((vae.latent_channels, *size), np.float32).astype("<f2").tobytes()
            identity = clips.digest(str(number).encode())
            window = {
                "vae": vae.identity, "window": 0, "start_frame": 0, "frames": shape.frames,
                "height": shape.height, "width": shape.width, "fps": 24.0, "file": "latents.bin",
                "offset": latents.tell(), "bytes": len(stored), "crc": zlib.crc32(stored),
            }  # fmt: skip
            latents.write(stored)
            rows.append({
                "clip_id": identity, "video_id": identity, "key": identity.hex(), "shard": "shards/a.tar",
                "mp4_offset": 0, "mp4_bytes": 0, "digest": "", "width": width, "height": height,
                "frames": frames, "fps": 24.0, "seconds": frames / 24, "has_audio": False, "weight": 1.0,
                "motion": 2.0,
                "captions": [("dense", WORDS * chance.randint(3, 8)), ("short", WORDS)], "split": "train",
                "latents": [window], "texts": [],
            })  # fmt: skip
    columns = []
    for field in clips.MANIFEST:
        values = [row.get(field.name) for row in rows]
        columns.append(clips.ids_array(values) if field.type == clips.ID else pa.array(values, field.type))
    manifest = Manifest(pa.Table.from_arrays(columns, schema=clips.MANIFEST), str(root))
    manifest.write(root / "manifest.parquet")
    return manifest


def whole(root: Path, given: argparse.Namespace) -> dict[str, float]:
    """The trainer as it is."""
    arguments = {
        "manifest": root / "manifest.parquet", "vae": root / "vae", "out": root / "dit",
        "preset": given.preset, "tier": given.tier, "max-frames": given.frames, "steps": given.steps,
        "pack-tokens": given.pack_tokens, "save-every": 0, "validate-every": 0, "device": given.device,
        "recompute": given.recompute, "packs-per-step": 1,
    }  # fmt: skip
    code = train([word for name, value in arguments.items() for word in (f"--{name}", str(value))])
    assert code == 0
    rows = [row for row in read(root / "dit") if "step" in row][WARM_UP:]
    seconds = sum(row["seconds"] for row in rows)
    told = {
        "tokens/s": sum(row["tokens"] for row in rows) / seconds,
        "TFLOP/s": sum(row["tflops"] * row["seconds"] for row in rows) / seconds,
        "waiting": sum(row["wait_share"] * row["seconds"] for row in rows) / seconds,
        "buckets": len({name for row in rows for name in row["loss_by_bucket"]}),
    }
    return told


def bare(manifest: Manifest, vae: Autoencoder, grid: Grid, given: argparse.Namespace) -> dict[str, float]:
    """Forward, backward, AdamW."""
    device = torch.device(given.device)
    on_gpu = device.type == "cuda"
    config = preset(given.preset, latent_channels=vae.latent_channels, patch=grid.patch)
    model = DiT(config).to(device)
    task = DiTTask(model, vae=vae, encoder=text_encoder("bytes"), noise=Noise(), device=device)
    options = Options(
        precision="bf16" if on_gpu else "fp32", compile=on_gpu,
        recompute=given.recompute,
    )  # fmt: skip
    with Ranks(given.device) as ranks:
        prepare(model, task.blocks, options, ranks)
    sizes = Sizes(grid, given.tier, given.frames)
    schedule = Schedule(manifest, 0, pack_tokens=given.pack_tokens, sizes=sizes, vae=vae.identity)
    with Loader(Reader(manifest, grid), schedule.steps(0, 0, 1)) as loader:
        ready = [one for batch in itertools.islice(loader, 8) for one in task.prepare(batch).packs]
    packs = [
        Ready(one.items, one.packed.to(device), one.target.to(device), one.times)
        for one in ready if isinstance(one, Ready)
    ]  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    times, tokens, flops = [], 0, 0.0
    for number in range(WARM_UP + 3 * len(packs)):
        pack = packs[number % len(packs)]
        began = time.perf_counter()
        with options.autocast(device):
            total = task.errors(pack).sum() / task.tokens(pack)
        total.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if on_gpu:
            torch.cuda.synchronize()
        if number >= WARM_UP:
            times.append(time.perf_counter() - began)
            tokens += task.tokens(pack)
            flops += task.flops(pack)
    return {
        "tokens/s": tokens / sum(times),
        "TFLOP/s": flops / sum(times) / 1e12,
        "median s": statistics.median(times),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="smoke")
    parser.add_argument("--tier", default="256px")
    parser.add_argument("--frames", type=int, default=33)
    parser.add_argument("--steps", type=int, default=220)
    parser.add_argument("--pack-tokens", type=int, default=32768)
    parser.add_argument("--clips", type=int, default=256)
    parser.add_argument("--recompute", choices=["none", "selective", "full"], default="selective")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-train-") as folder:
        root = Path(folder)
        torch.manual_seed(0)
        save_vae(VideoVAE(PRESETS["base"]), root / "vae")
        vae = load_vae(root / "vae")
        grid = Grid(vae.temporal, vae.spatial, usual_patch(vae.spatial))
        manifest = write_data(root, vae, grid, given)
        found = {"whole": whole(root, given), "bare": bare(manifest, vae, grid, given)}
    device = torch.device(given.device)
    peak = peak_tflops(device, Options())
    name = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"CPU, {torch.get_num_threads()} threads"
    )
    print(
        f"{given.preset}, {given.tier} x {given.frames} frames, {given.pack_tokens} tokens a step, on {name}"
    )
    for what, row in found.items():
        mfu = f", MFU {row['TFLOP/s'] / peak:.1%} of {peak:g} TFLOP/s" if peak else ""
        print(f"{what:<6} {row['tokens/s']:>12,.0f} tokens/s {row['TFLOP/s']:>9.3f} TFLOP/s{mfu}")
    print(
        f"whole/bare {found['whole']['tokens/s'] / found['bare']['tokens/s']:.3f}; waiting for data "
        f"{found['whole']['waiting']:.2%}; {found['whole']['buckets']:.0f} buckets of sizes"
    )


if __name__ == "__main__":
    main()
