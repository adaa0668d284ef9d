"""The same training at one, two and three processes: the same samples, captions, times and noise in every
step, and losses that agree; with a sample that cannot be read, and a rank that has nothing to do."""

import hashlib
import json
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.training.ranks_run import finished, started, trained
from tests.training.vae_run import made_run
from training import checkpoint, metrics
from training.data import Loader, Reader
from training.dit_task import DiTTask, Noise
from training.exported import WEIGHTS
from training.geometry import Grid
from training.manifest import Manifest
from training.model import DiT, DiTConfig
from training.plan import Schedule
from training.text import text_encoder
from training.vae import VAEConfig, VideoVAE
from training.vae_folder import save_vae
from training.windows import Sizes

STEPS = 20
VAE = VAEConfig(
    latent_channels=4, patch=4, widths=(8, 8, 8), strides=((2, 2), (2, 1)), encoder_blocks=1, decoder_blocks=1
)
TINY = ["--preset", "smoke", "--tier", "48px", "--max-frames", "9", "--pack-tokens", "48"]
QUICK = [
    *TINY,
    "--packs-per-step",
    "2",
    "--device",
    "cpu",
    "--captions",
    "1",
    "0",
    "0",
    "0",
    "--save-every",
    "0",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen clips, one of them no video at all, and a small autoencoder."""
    root = tmp_path_factory.mktemp("data")
    made_run(root, count=14, validation=1, bytes={2: b"no video at all"})
    torch.manual_seed(0)
    save_vae(VideoVAE(VAE), root / "vae")
    return root


def arguments(data: Path, *more: str) -> list[str]:
    return ["--manifest", str(data / "manifest.parquet"), "--vae", str(data / "vae"), *QUICK, *more]


def rows(out: Path) -> list[dict[str, Any]]:
    return [row for row in metrics.read(out) if "step" in row]


@pytest.fixture(scope="module")
def alone(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("one") / "dit"
    trained(out, *arguments(data, "--steps", str(STEPS)))
    return out


@pytest.mark.parametrize("world", [3])
def test_losses_agree_at_any_number_of_processes(world: int, data: Path, alone: Path, tmp_path: Path) -> None:
    trained(tmp_path / "dit", *arguments(data, "--steps", str(STEPS)), world=world)
    one, several = rows(alone), rows(tmp_path / "dit")
    assert len(one) == len(several) == STEPS
    skipped = 0
    for a, b in zip(one, several, strict=True):
        for name in ("step", "tokens", "samples", "packs", "skipped"):
            assert a[name] == b[name]
        assert b["loss"] == pytest.approx(a["loss"], abs=1e-5)
        assert b["loss_by_time"] == pytest.approx(a["loss_by_time"], abs=1e-5)
        skipped += len(a["skipped"])
    assert skipped >= 2  # it comes up again in every epoch
    # It learned something, so that equal losses are not those of a model that never moved.
    assert one[-1]["loss"] < one[0]["loss"] - 0.01
    validation = [metrics.read(out)[-1]["validation"]["loss"] for out in (alone, tmp_path / "dit")]
    assert validation[0] == pytest.approx(validation[1], abs=1e-5)


def test_samples_captions_times_and_noise_are_the_same_at_any_number_of_processes(data: Path) -> None:
    manifest, grid = Manifest.read(data / "manifest.parquet"), Grid(4, 8, 2)
    schedule = Schedule(
        manifest, 0, pack_tokens=48, packs_per_step=3, sizes=Sizes(grid, "48px", max_frames=9)
    )
    config = DiTConfig(latent_channels=4, width=48, heads=2, dual=1, single=1, axes=(8, 8, 8), byte_width=32)
    task = DiTTask(
        DiT(config), vae=VideoVAE(VAE).frozen(), encoder=text_encoder("bytes"), noise=Noise(None, 0.5),
        device=torch.device("cpu"),
    )  # fmt: skip

    def told(world: int) -> list[list[tuple[object, ...]]]:
        """Of each global step all that is random, in the order of the clips."""
        found: list[list[tuple[object, ...]]] = [[] for _ in range(STEPS)]
        for rank in range(world):
            with Loader(Reader(manifest, grid), schedule.steps(0, rank, world)) as loader:
                for batch, _ in zip(loader, range(STEPS), strict=False):
                    for items in batch.packs:
                        for draft in task.drafts(items):
                            noise = hashlib.sha256(draft.eps.numpy().tobytes()).hexdigest()
                            item, chance = draft.item, (draft.t, draft.given, str(draft.motion), noise)
                            assert item.pixels is not None
                            pixels = hashlib.sha256(item.pixels.numpy().tobytes()).hexdigest()
                            found[batch.step].append(
                                (item.draw.key, item.variant, item.text, pixels, *chance)
                            )
        return [sorted(step, key=lambda one: repr(one[0])) for step in found]

    one = told(1)
    assert sum(map(len, one)) > 2 * STEPS
    assert one == told(2) == told(3)


def test_accumulation_over_processes_changes_nothing(data: Path, tmp_path: Path) -> None:
    """Five packs a step, of which two processes have three and two, with gradients added up in between."""
    every = arguments(data, "--steps", "4", "--packs-per-step", "5", "--recompute", "selective")
    for world in (1, 2):
        trained(tmp_path / str(world), *every, world=world)
    one, two = (rows(tmp_path / str(world)) for world in (1, 2))
    assert all(row["packs"] > 2 for row in one[:2])
    for a, b in zip(one, two, strict=True):
        assert (a["samples"], a["packs"]) == (b["samples"], b["packs"])
        assert b["loss"] == pytest.approx(a["loss"], abs=1e-5)
        assert b["gradient_norm"] == pytest.approx(a["gradient_norm"], rel=1e-4)


def test_a_training_goes_on_with_fewer_processes(data: Path, alone: Path, tmp_path: Path) -> None:
    trained(tmp_path / "dit", *arguments(data, "--steps", "4"), world=2)
    (said,) = trained(tmp_path / "dit", *arguments(data, "--steps", "8"), world=1)
    assert "step 8 of 8" in said
    for a, b in zip(rows(alone)[:8], rows(tmp_path / "dit"), strict=True):
        assert (a["step"], a["samples"], a["skipped"]) == (b["step"], b["samples"], b["skipped"])
        assert b["loss"] == pytest.approx(a["loss"], abs=1e-5)


def test_a_killed_training_goes_on_to_the_bit_with_two_processes(data: Path, tmp_path: Path) -> None:
    every = arguments(data, "--steps", "12", "--save-every", "2")
    trained(tmp_path / "whole", *every, world=2)
    processes = started("training.train_dit", ["--out", str(tmp_path / "cut"), *every], 2)
    killed_in, deadline = random.randrange(2, 11), time.monotonic() + 120
    lines = tmp_path / "cut" / metrics.FILE
    while time.monotonic() < deadline:
        if lines.is_file() and lines.read_bytes().count(b"\n") >= killed_in:
            break
        time.sleep(0.005)
    for process in processes:
        process.send_signal(signal.SIGKILL)
    assert [code for code, _ in finished(processes)] == [-signal.SIGKILL] * 2, f"killed in {killed_in}"
    assert checkpoint.steps(tmp_path / "cut")[-1:] < [12], f"killed in {killed_in}"
    trained(tmp_path / "cut", *every, world=2)
    whole, cut = (
        [{k: v for k, v in row.items() if k in ("step", "loss", "gradient_norm", "loss_by_time")}
         for row in rows(tmp_path / name)]
        for name in ("whole", "cut")
    )  # fmt: skip
    assert json.dumps(whole) == json.dumps(cut)
    a, b = (load_file(tmp_path / name / WEIGHTS) for name in ("whole", "cut"))
    assert all(torch.equal(a[name], b[name]) for name in a)
    # Weights, averages and moments, as each process wrote them down.
    parts = [
        {path.name: path.read_bytes() for path in _last(tmp_path / name).glob("*.distcp")}
        for name in ("whole", "cut")
    ]
    assert len(parts[0]) == 2
    assert parts[0] == parts[1], f"killed in {killed_in}"


def _last(out: Path) -> Path:
    return out / checkpoint.FOLDER / f"step-{checkpoint.steps(out)[-1]:08}"


def test_another_manifest_does_not_go_on_with_a_training(data: Path, alone: Path, tmp_path: Path) -> None:
    made_run(tmp_path / "other", count=5, validation=1)
    other = arguments(data, "--steps", "30")
    other[1] = str(tmp_path / "other" / "manifest.parquet")
    ((code, said),) = finished(started("training.train_dit", ["--out", str(alone), *other]))
    assert code == 2
    assert "holds a training of other options (manifest)" in said
