"""Training the autoencoder from a manifest: what it writes, what it learns, what it refuses."""

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

import training.train_vae as train_vae
from tests.training.vae_run import drawn, made_run
from training.data import Reader
from training.manifest import Manifest
from training.pictures import sheet, to_frames, to_pixels, write_mp4
from training.train_vae import gradients, learning_rate, main, schedule
from training.vae import PRESETS, VideoVAE, load_vae, save_vae
from training.vae_loss import VAELoss
from training.vae_report import latent_statistics

SMALL = replace(train_vae.RECIPES["smoke"], steps=3, batch=2, warmup=1)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(train_vae.RECIPES, "smoke", SMALL)


@pytest.mark.usefixtures("small")
def test_a_training_leaves_a_model_its_numbers_and_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest, out = made_run(tmp_path / "run"), tmp_path / "vae"
    assert main(["--manifest", str(manifest), "--preset", "smoke", "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "config.json", "metrics.jsonl", "model.safetensors", "reconstructions.mp4", "reconstructions.png",
        "report.json",
    ]  # fmt: skip
    report = json.loads((out / "report.json").read_text())
    held_out = Manifest.read(manifest).rows_of("validation")
    assert report["held_out"]
    assert {clip["name"] for clip in report["clips"]} == {
        Manifest.read(manifest).key(int(r)) for r in held_out
    }
    assert report["psnr_resized"] == pytest.approx(
        np.mean([c["psnr_resized"] for c in report["clips"]]), abs=1e-3
    )
    assert re.search(
        rf"PSNR of held-out clips: {report['psnr']} dB; .* {report['psnr_resized']} dB",
        capsys.readouterr().out,
    )
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [0, 2]
    assert set(lines[0]) == {
        "step", "loss", "l1", "perceptual", "kl", "gradient_norm", "seconds", "data_wait_seconds"
    }  # fmt: skip
    # Two clips; original, reconstruction and resized of the first and the last frame; 2 pixels between.
    assert cv2.imread(str(out / "reconstructions.png")).shape == (2 * 96 + 2, 6 * 96 + 5 * 2, 3)
    with av.open(str(out / "reconstructions.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 17
    vae = load_vae(out)
    assert vae.identity == report["identity"]
    assert vae.latent_std.min() > 0
    assert not torch.equal(vae.latent_mean, torch.zeros(16))


@pytest.mark.usefixtures("small")
def test_the_same_training_gives_the_same_weights(tmp_path: Path) -> None:
    manifest = made_run(tmp_path / "run")
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert main(["--manifest", str(manifest), "--out", str(tmp_path / name), "--seed", seed]) == 0
    a, b, c = (load_vae(tmp_path / name).identity for name in "abc")
    assert a == b != c


def test_a_short_training_already_shows_the_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty steps on made clips, judged on clips that were not trained on."""
    monkeypatch.setitem(
        train_vae.RECIPES, "smoke", replace(train_vae.RECIPES["smoke"], steps=60, batch=2, warmup=10)
    )
    manifest, out = made_run(tmp_path / "run", count=10), tmp_path / "vae"
    assert main(["--manifest", str(manifest), "--out", str(out)]) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["psnr"] > 22
    losses = [json.loads(line)["l1"] for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert losses[-1] < losses[0] / 3


@pytest.mark.usefixtures("small")
def test_a_bad_clip_is_left_out_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    manifest = made_run(tmp_path / "run", bytes={1: b"no video at all"})
    assert main(["--manifest", str(manifest), "--out", str(tmp_path / "vae"), "--steps", "6"]) == 0
    report = json.loads((tmp_path / "vae" / "report.json").read_text())
    bad = next(key for key in report["skipped"])
    assert len(report["skipped"]) == 1
    assert sum(bad in record.getMessage() for record in caplog.records) == 1


@pytest.mark.usefixtures("small")
def test_where_no_clip_can_be_used_training_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = made_run(tmp_path / "run", count=3, validation=1, bytes={0: b"bad", 1: b"worse"})
    assert main(["--manifest", str(manifest), "--out", str(tmp_path / "vae")]) == 2
    assert "no training clip can be read" in capsys.readouterr().err
    assert not (tmp_path / "vae" / "model.safetensors").exists()


@pytest.mark.usefixtures("small")
def test_without_held_out_clips_training_clips_are_shown_and_called_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = made_run(tmp_path / "run", count=2, validation=0)
    assert main(["--manifest", str(manifest), "--out", str(tmp_path / "vae")]) == 0
    assert "PSNR of training (there are no held-out) clips" in capsys.readouterr().out


@pytest.mark.usefixtures("small")
def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest, out = made_run(tmp_path / "run", count=2, validation=0), tmp_path / "vae"
    save_vae(VideoVAE(PRESETS["smoke"]), out)
    before = (out / "model.safetensors").read_bytes()
    assert main(["--manifest", str(manifest), "--out", str(out)]) == 2
    assert "already holds a trained autoencoder" in capsys.readouterr().err
    assert (out / "model.safetensors").read_bytes() == before


@pytest.mark.usefixtures("small")
def test_training_goes_on_from_an_autoencoder_of_the_same_preset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = made_run(tmp_path / "run", count=3, validation=1)
    arguments = ["--manifest", str(manifest), "--steps", "1", "--init", str(tmp_path / "start")]
    save_vae(VideoVAE(PRESETS["smoke"]), tmp_path / "start")
    assert main([*arguments, "--out", str(tmp_path / "vae")]) == 0
    other = replace(PRESETS["smoke"], encoder_blocks=2)
    save_vae(VideoVAE(other), tmp_path / "start")
    assert main([*arguments, "--out", str(tmp_path / "other")]) == 2
    assert "not of the preset smoke" in capsys.readouterr().err


def test_a_step_is_so_many_crops_of_one_size_and_some_stills(tmp_path: Path) -> None:
    manifest = Manifest.read(made_run(tmp_path, count=5, validation=1))
    recipe = replace(train_vae.RECIPES["smoke"], image_share=0.5)
    plan, reader = schedule(manifest, recipe, VideoVAE(PRESETS["smoke"]), seed=0), Reader(manifest, zoom=1.5)
    shapes = []
    for _, packs in itertools.islice(plan.steps(0, 0, 1), 12):
        assert sum(draw.tokens for pack in packs for draw in pack) <= recipe.batch * 3 * 8 * 8
        shapes += [tuple(reader.read(draw).pixels.shape) for pack in packs for draw in pack]  # type: ignore[union-attr]
    assert set(shapes) == {(9, 64, 64, 3), (1, 64, 64, 3)}
    assert 0.25 < sum(shape[0] == 1 for shape in shapes) / len(shapes) < 0.75


def test_the_gradient_of_a_step_is_that_of_the_mean_over_its_pixels(tmp_path: Path) -> None:
    """Stills and videos are taken apart; together they count as one mean over all pixels would."""
    torch.manual_seed(0)
    manifest, vae = Manifest.read(made_run(tmp_path, count=4, validation=0)), VideoVAE(PRESETS["smoke"])
    recipe = replace(train_vae.RECIPES["smoke"], image_share=0.5)
    reader = Reader(manifest)
    draws = [
        draw
        for _, packs in itertools.islice(schedule(manifest, recipe, vae, seed=1).steps(0, 0, 1), 3)
        for pack in packs
        for draw in pack
    ]
    still = next(reader.read(draw) for draw in draws if draw.frames == 1)
    video = next(reader.read(draw) for draw in draws if draw.frames == 9)
    loss = VAELoss("none", kl_weight=0.0)
    found = gradients(vae, loss, [still, video])
    together = [p.grad.clone() for p in vae.parameters() if p.grad is not None]
    vae.zero_grad()
    apart = [gradients(vae, loss, [item])["l1"] for item in (still, video)]
    assert found["l1"] == pytest.approx((apart[0] + 9 * apart[1]) / 10, rel=1e-5)
    vae.zero_grad()
    total = torch.zeros(())
    for item, weight in ((still, 0.1), (video, 0.9)):
        x = to_pixels(item.pixels.numpy())[None]  # type: ignore[union-attr]
        posterior = vae.encode(x)
        noise = torch.randn(posterior.mean.shape[1:], generator=item.draw.key.torch("noise"))
        z = posterior.mean + (0.5 * posterior.logvar).exp() * noise
        total = total + weight * (vae.decode(z) - x).abs().mean()
    total.backward()
    for a, p in zip(together, vae.parameters(), strict=True):
        assert p.grad is not None
        torch.testing.assert_close(a, p.grad, rtol=1e-3, atol=1e-6)


def test_the_learning_rate_rises_and_falls() -> None:
    recipe = replace(SMALL, steps=100, warmup=10, learning_rate=1.0)
    rates = [learning_rate(step, recipe) for step in range(100)]
    assert rates[0] == pytest.approx(0.1, rel=0.01)
    assert max(rates) == rates[9] > 0.95
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[99] < 0.001


def test_the_statistics_are_those_of_all_latents_together() -> None:
    torch.manual_seed(0)
    vae = VideoVAE(PRESETS["smoke"])
    clips = [torch.rand(3, frames, 32, 32) * 2 - 1 for frames in (1, 9, 5)]
    mean, std = latent_statistics(vae, clips)
    z = torch.cat([vae.encode(clip[None]).mean[0].flatten(1) for clip in clips], 1).detach()
    torch.testing.assert_close(mean, z.mean(1), rtol=0, atol=1e-4)
    torch.testing.assert_close(std, z.std(1, correction=0), rtol=1e-3, atol=1e-4)


def test_pixels_and_frames_are_each_others_inverse(tmp_path: Path) -> None:
    film = drawn(0, frames=5)
    pixels = to_pixels(film)
    assert pixels.shape == (3, 5, 96, 128)
    assert pixels[0, 2, 3, 4] == pytest.approx(film[2, 3, 4, 0] / 127.5 - 1)
    assert np.array_equal(to_frames(pixels), film)


def test_a_written_film_shows_its_colours(tmp_path: Path) -> None:
    film = np.zeros((4, 32, 49, 3), np.uint8)
    film[:, :, :24] = (220, 40, 40)
    film[:, :, 24:] = (40, 60, 200)
    write_mp4(tmp_path / "film.mp4", film, 29.97)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert float(container.streams.video[0].average_rate or 0) == pytest.approx(29.97, abs=0.01)
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert np.stack(frames).shape == (4, 32, 48, 3)
    # PyAV's own conversion assumes BT.601 where it is not told: hence the wide tolerance.
    assert np.abs(frames[0][16, 8].astype(int) - (220, 40, 40)).max() < 25
    assert np.abs(frames[0][16, 40].astype(int) - (40, 60, 200)).max() < 25


def test_a_sheet_sets_pictures_in_rows() -> None:
    black = np.zeros((4, 6, 3), np.uint8)
    page = sheet([[black, black], [black]])
    assert page.shape == (10, 14, 3)
    assert (page[:4, :6] == 0).all()
    assert (page[6:, 8:] == 255).all()
