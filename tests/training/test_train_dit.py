"""What training the transformer refuses, in one sentence, and what it leaves in its folder."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.training.test_distributed import VAE, arguments
from tests.training.vae_run import made_run
from training import presets
from training.dit_task import DiTTask
from training.exported import WEIGHTS, write_model
from training.memory import check_memory
from training.model_folder import load_model, load_vae_of
from training.options import Options
from training.presets import FULL, PRESETS, recipe, stage_of
from training.ranks import Ranks
from training.train_dit import main
from training.vae import VideoVAE
from training.vae_folder import save_vae


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    made_run(root, count=5, validation=1)
    torch.manual_seed(0)
    save_vae(VideoVAE(VAE), root / "vae")
    return root


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "dit"
    assert main(["--out", str(out), *arguments(data, "--steps", "2")]) == 0
    return out


def refused(capsys: pytest.CaptureFixture[str], out: Path, data: Path, *more: str) -> str:
    """The sentence; nothing was made."""
    before = sorted(path.name for path in out.iterdir()) if out.exists() else None
    assert main(["--out", str(out), *arguments(data, *more)]) == 2
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1
    after = sorted(path.name for path in out.iterdir()) if out.exists() else None
    assert after == before
    return said


def test_the_folder_of_a_training_is_whole_by_itself(trained: Path) -> None:
    assert {path.name for path in trained.iterdir()} == {
        "checkpoints", "config.json", "loss.png", "manifest.parquet", "metrics.jsonl", "model.safetensors",
        "pictures", "run.json", "tensorboard", "vae",
    }  # fmt: skip
    model, facts = load_model(trained)
    assert (facts.tier, facts.max_frames, facts.fps) == ("48px", 9, 24.0)
    assert load_vae_of(trained, facts).latent_channels == model.config.latent_channels
    (picture,) = (trained / "pictures").iterdir()
    assert picture.name == "step-00000002.png"
    assert list((trained / "tensorboard").iterdir())


def test_what_is_not_known_is_named(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "choose one of" in refused(capsys, tmp_path / "a", data, "--preset", "huge")
    assert "256px_t2v" in refused(capsys, tmp_path / "a", data, "--stage", "2px")
    assert "as in 256px" in refused(capsys, tmp_path / "a", data, "--tier", "large")
    assert "tokens" in refused(capsys, tmp_path / "a", data, "--pack-tokens", "4")
    assert "no model" in refused(capsys, tmp_path / "a", data, "--init", str(tmp_path / "nowhere"))
    without = [word for word in arguments(data) if word not in ("--vae", str(data / "vae"))]
    assert main(["--out", str(tmp_path / "a"), *without]) == 2
    assert "no autoencoder is named" in capsys.readouterr().err


def test_a_stage_and_a_preset_choose_each_other() -> None:
    first, second, third = recipe(FULL)
    assert stage_of(None, None).name == "smoke"
    assert stage_of(None, "1b") == first
    # What has no recipe of its own begins as training for real does: small pictures first.
    for name in ("50m", "200m"):
        assert stage_of(None, name) == replace(first, name=name, preset=name)
    assert stage_of(third.name, None) == third
    assert stage_of(second.name, "50m") == replace(second, preset="50m")


def test_a_stage_names_the_model(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(presets.PRESETS["smoke"], width=48, heads=2, axes=(8, 8, 8))
    monkeypatch.setitem(presets.PRESETS, "1b", small)
    without = [
        word for word in arguments(data, "--steps", "1", "--stage", "256px_ti2v") if word != "--preset"
    ]
    without.remove("smoke")
    assert main(["--out", str(tmp_path / "a"), *without]) == 0
    model, _ = load_model(tmp_path / "a")
    assert model.config.width == 48


def test_no_memory_is_one_sentence(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: DiTTask, pack: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has …")

    monkeypatch.setattr(DiTTask, "loss", full)
    assert main(["--out", str(tmp_path / "a"), *arguments(data, "--steps", "1")]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("the device has no memory left (CUDA out of memory): give a smaller --pack-tokens")
    assert len(said.splitlines()) == 1


def test_a_model_of_another_autoencoder_or_encoder_is_no_start(
    trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(1)
    save_vae(VideoVAE(VAE), tmp_path / "vae")
    other = ["--vae", str(tmp_path / "vae"), "--init", str(trained)]
    assert "latents of another autoencoder" in refused(capsys, tmp_path / "a", data, *other)
    config = json.loads((trained / "config.json").read_text())
    write_model(tmp_path / "t5", load_file(trained / WEIGHTS), {**config, "text": "google/t5@1"})
    said = refused(capsys, tmp_path / "a", data, "--init", str(tmp_path / "t5"))
    assert said.endswith("give --text google/t5@1")


def test_a_start_is_made_even_if_a_first_try_left_its_options(
    trained: Path, data: Path, tmp_path: Path
) -> None:
    """A crash before the first checkpoint: the model that was asked for is still what is begun with."""
    every = arguments(data, "--steps", "1", "--init", str(trained), "--learning-rate", "1e-12")
    assert main(["--out", str(tmp_path / "a"), *every]) == 0
    shutil.rmtree(tmp_path / "a" / "checkpoints")
    assert main(["--out", str(tmp_path / "a"), *every]) == 0
    begun, end = (load_file(folder / WEIGHTS) for folder in (trained, tmp_path / "a"))
    for name, value in begun.items():
        assert (value - end[name]).abs().max() < 1e-6, name


def test_a_model_of_another_configuration_is_no_start(
    trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = json.loads((trained / "config.json").read_text())
    (tmp_path / "other").mkdir()
    weights = load_file(trained / WEIGHTS)
    config["dit"]["mlp"] = 2
    write_model(tmp_path / "other", weights, config)
    assert "no whole model" in refused(capsys, tmp_path / "a", data, "--init", str(tmp_path / "other"))
    said = refused(capsys, tmp_path / "a", data, "--init", str(trained), "--preset", "50m")
    assert "another configuration" in said
    # One that fits is a start: its first loss is not that of a new model.
    assert main(["--out", str(tmp_path / "b"), *arguments(data, "--steps", "1", "--init", str(trained))]) == 0


def test_a_model_that_does_not_fit_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.sysconf
    monkeypatch.setattr(os, "sysconf", lambda name: 1000 if name == "SC_PHYS_PAGES" else real(name))
    said = refused(capsys, tmp_path / "a", data)
    assert "take a smaller preset or more devices" in said


def test_activations_count() -> None:
    """Measured on a GPU, 1b with packs of 32,768 tokens and selective recomputation took 43 GB without the
    average, of which 16 GB are states."""
    options = Options(precision="bf16", recompute="selective")

    def fits(pages: float, tokens: int, options: Options) -> bool:
        with pytest.MonkeyPatch.context() as patch, Ranks("cpu") as ranks:
            patch.setattr(os, "sysconf", lambda name: pages * 1e9 if name == "SC_PHYS_PAGES" else 1)
            try:
                check_memory(PRESETS["1b"], tokens, options, ranks)
            except ValueError:
                return False
            return True

    assert fits(20 + 27, 32768, options)
    assert not fits(20 + 22, 32768, options)
    assert fits(20 + 22, 32768, replace(options, recompute="full"))
    assert fits(20 + 22, 16384, options)
    assert not fits(20 + 27, 32768, replace(options, precision="fp32"))


def test_a_training_of_other_options_is_not_gone_on_with(
    trained: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, trained, data, "--steps", "4", "--seed", "7")
    assert "other options (seed)" in said
    said = refused(capsys, trained, data, "--steps", "4", "--stills", "0.5")
    assert "(data)" in said
