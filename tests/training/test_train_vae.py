"""Training the autoencoder from a manifest: what it writes, what it learns, what it refuses."""

import itertools
import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

from curate import clips
from tests.training import ranks_run
from tests.training.vae_run import drawn, made_run
from training import metrics, vae_start
from training.data import Item, Reader
from training.geometry import Grid
from training.manifest import Manifest
from training.pictures import sheet, to_frames, to_pixels, write_mp4
from training.plan import Schedule
from training.ranks import Ranks
from training.train_vae import main, recipe
from training.vae import PRESETS, VideoVAE
from training.vae_folder import load_vae, save_vae
from training.vae_loss import VAELoss
from training.vae_report import latent_statistics
from training.vae_task import VAETask
from training.windows import Sizes

SHORT = ["--steps", "3", "--warmup-steps", "1", "--size", "32", "--device", "cpu"]
CROP = (9, 64, 64)


def train(manifest: Path, out: Path, *more: str) -> int:
    return main(["--manifest", str(manifest), "--out", str(out), *SHORT, *more])


def rows(out: Path) -> list[dict]:
    return [row for row in metrics.read(out) if "step" in row]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_run(tmp_path_factory.mktemp("run"))


def test_a_training_leaves_a_model_its_numbers_and_pictures(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "vae"
    assert train(manifest, out) == 0
    assert {path.name for path in out.iterdir()} == {
        "checkpoints", "config.json", "loss.png", "metrics.jsonl", "model.safetensors", "pictures",
        "reconstructions.mp4", "reconstructions.png", "report.json", "run.json", "tensorboard",
    }  # fmt: skip
    report = json.loads((out / "report.json").read_text())
    held_out = Manifest.read(manifest).rows_of("validation")
    assert report["held_out"]
    assert report["preset"] == "smoke"
    assert {clip["name"] for clip in report["clips"]} == {
        Manifest.read(manifest).key(int(row)) for row in held_out
    }
    for name in ("psnr", "psnr_resized"):
        assert report[name] == pytest.approx(np.mean([clip[name] for clip in report["clips"]]), abs=1e-3)
    said = capsys.readouterr()
    assert f"PSNR of held-out clips: {report['psnr']} dB; resized down and up by 8" in said.out
    assert f"{report['psnr_resized']} dB" in said.out
    # What was measured while training, through the module that trains, is what the report says.
    (seen,) = [row["validation"] for row in metrics.read(out) if "validation" in row]
    assert seen["psnr"] == pytest.approx(report["psnr"], abs=0.02)
    assert seen["psnr resized"] == pytest.approx(report["psnr_resized"], abs=0.02)
    assert [row["step"] for row in rows(out)] == [0, 1, 2]
    assert {"loss", "l1", "perceptual", "kl", "gradient_norm", "mfu", "wait_share"} <= set(rows(out)[0])
    # Two clips; original, reconstruction and resized of the first and the last frame; 2 pixels between.
    assert cv2.imread(str(out / "reconstructions.png")).shape == (2 * 48 + 2, 6 * 48 + 5 * 2, 3)
    with av.open(str(out / "reconstructions.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 17
    vae = load_vae(out)
    assert vae.identity == report["identity"]
    with torch.no_grad():
        z = torch.cat([vae.to_latent(to_pixels(drawn(seed)[:17])[None]).flatten(2) for seed in range(4)], 2)
    assert z.std() == pytest.approx(1, abs=0.5)


def test_the_same_training_gives_the_same_weights(manifest: Path, tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert train(manifest, tmp_path / name, "--seed", seed) == 0
    a, b, c = (load_vae(tmp_path / name).identity for name in "abc")
    assert a == b != c


def test_a_training_goes_on_where_it_ended(manifest: Path, tmp_path: Path) -> None:
    assert train(manifest, tmp_path / "whole", "--schedule", "constant") == 0
    assert train(manifest, tmp_path / "parts", "--schedule", "constant", "--steps", "2") == 0
    assert train(manifest, tmp_path / "parts", "--schedule", "constant") == 0
    assert load_vae(tmp_path / "parts").identity == load_vae(tmp_path / "whole").identity


def test_two_processes_train_as_one_does(manifest: Path, tmp_path: Path) -> None:
    """Ranks whose packs differ in their kinds of crop wait for each other in vain, if they do not all make
    the same passes."""
    arguments = [
        "--manifest", str(manifest), *SHORT, "--packs-per-step", "2", "--batch", "1", "--stills", "0.5",
    ]  # fmt: skip
    for world in (1, 2):
        ranks_run.trained(
            tmp_path / str(world), *arguments, "--steps", "3", world=world, module="training.train_vae"
        )
    one, two = rows(tmp_path / "1"), rows(tmp_path / "2")
    assert len({tuple(sorted(row["loss_by_bucket"])) for row in one}) > 1
    for a, b in zip(one, two, strict=True):
        assert a["tokens"] == b["tokens"]
        assert a["loss"] == pytest.approx(b["loss"], abs=1e-5)
        assert a["kl"] == pytest.approx(b["kl"], rel=1e-4)


def test_training_begins_above_resizing_and_learns_from_anywhere(manifest: Path, tmp_path: Path) -> None:
    assert train(manifest, tmp_path / "linear", "--steps", "1", "--learning-rate", "1e-12") == 0
    report = json.loads((tmp_path / "linear" / "report.json").read_text())
    assert report["psnr"] > report["psnr_resized"] + 1  # of clips that the components were not taken from
    save_vae(VideoVAE(PRESETS["smoke"]), tmp_path / "random")
    more = ["--steps", "40", "--warmup-steps", "5", "--learning-rate", "2e-3"]
    assert train(manifest, tmp_path / "vae", *more, "--init", str(tmp_path / "random")) == 0
    losses = [row["l1"] for row in rows(tmp_path / "vae")]
    assert np.mean(losses[-8:]) < 0.7 * np.mean(losses[:8])


def test_a_bad_clip_is_left_out_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = made_run(tmp_path / "run", bytes={1: b"no video at all"})
    assert train(manifest, tmp_path / "vae", "--steps", "6") == 0
    bad = clips.digest(b"clip 1").hex()
    assert f"skipped {bad} in shard.tar" in capsys.readouterr().err
    assert any(bad in one for row in rows(tmp_path / "vae") for one in row["skipped"])


def test_where_no_clip_can_be_used_training_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = made_run(tmp_path / "run", count=3, validation=1, bytes={0: b"bad", 1: b"worse"})
    assert train(manifest, tmp_path / "vae") == 2
    assert "look at the run's shards" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "vae" / "model.safetensors").exists()


def test_without_held_out_clips_training_clips_are_shown_and_called_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = made_run(tmp_path / "run", count=2, validation=0)
    assert train(manifest, tmp_path / "vae") == 0
    assert "PSNR of training (there are no held-out) clips" in capsys.readouterr().out


def test_nothing_is_overwritten(manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "vae"
    save_vae(VideoVAE(PRESETS["smoke"]), out)
    before = (out / "model.safetensors").read_bytes()
    assert train(manifest, out) == 2
    assert "give another --out" in capsys.readouterr().err
    assert (out / "model.safetensors").read_bytes() == before


def test_training_goes_on_from_an_autoencoder_of_the_same_preset(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = tmp_path / "start"
    save_vae(VideoVAE(PRESETS["smoke"]), start)
    assert train(manifest, tmp_path / "vae", "--init", str(start), "--learning-rate", "1e-9") == 0
    for a, b in zip(load_vae(start).parameters(), load_vae(tmp_path / "vae").parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)
    save_vae(VideoVAE(PRESETS["base"]), start)
    assert train(manifest, tmp_path / "other", "--init", str(start)) == 2
    assert "of another preset" in capsys.readouterr().err
    assert train(manifest, tmp_path / "other", "--preset", "huge") == 2
    assert "choose one of smoke, base, deep" in capsys.readouterr().err


# -- the task ---------------------------------------------------------------------------------------------


def items_of(manifest: Manifest, stills: float, steps: int, seed: int = 0) -> list[list[Item]]:
    """The items of each pack of the first steps."""
    grid = Grid(4, 8, patch=1)
    sizes = Sizes(grid, stills=stills, fixed=CROP)
    schedule = Schedule(manifest, seed, pack_tokens=2 * grid.tokens(*CROP), sizes=sizes)
    reader = Reader(manifest, grid, zoom=1.5)
    return [
        [reader.read(draw) for draw in pack]
        for _, packs in itertools.islice(schedule.steps(0, 0, 1), steps)
        for pack in packs
    ]


def task_of(vae: VideoVAE, loss: VAELoss) -> VAETask:
    return VAETask(
        vae, crop=CROP, stills=True, loss=loss, ranks=Ranks("cpu"), held_out=list, normalised_by=list
    )


def test_real_presets_have_a_pack_for_each_of_eight_devices() -> None:
    for name in ("base", "deep"):
        assert recipe(name)[2].packs_per_step == 8
    assert recipe("smoke")[2].packs_per_step == 1


def test_processes_without_work_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    with Ranks("cpu") as ranks:
        ranks.world = 8
        ranks.tell_idle(8)
        assert capsys.readouterr().err == ""
        ranks.tell_idle(3)
        assert "5 have nothing to do: give --packs-per-step 8" in capsys.readouterr().err


def test_the_linear_start_looks_at_every_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vae_start, "BLOCKS", 60)
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(VideoVAE, "set_linear", lambda self, basis, mean: seen.append(mean))
    levels = (-0.5, 0.0, 0.5, 0.8)
    clips = [0.01 * torch.randn(3, 1, 64, 64) + level for level in levels]
    vae_start.linear_start(VideoVAE(PRESETS["smoke"]), clips)
    assert seen[-1].mean() == pytest.approx(sum(levels) / len(levels), abs=0.01)


def test_a_step_is_so_many_crops_of_one_size_and_some_stills(manifest: Path) -> None:
    packs = items_of(Manifest.read(manifest), 0.5, 12)
    assert all(sum(item.draw.tokens for item in pack) <= 2 * 3 * 8 * 8 for pack in packs)
    shapes = [tuple(item.pixels.shape) for pack in packs for item in pack if item.pixels is not None]
    assert set(shapes) == {(9, 64, 64, 3), (1, 64, 64, 3)}
    assert 0.25 < sum(shape[0] == 1 for shape in shapes) / len(shapes) < 0.75


def test_the_loss_of_a_pack_is_the_sum_over_its_latent_positions(manifest: Path) -> None:
    """Stills and videos are taken apart; together they count as each alone would."""
    torch.manual_seed(0)
    vae = VideoVAE(PRESETS["smoke"])
    with torch.no_grad():  # so that the order of the items shows
        vae.encoder.head.weight.normal_(std=0.01)
    task = task_of(vae, VAELoss("none", kl_weight=0.0))
    items = [item for pack in items_of(Manifest.read(manifest), 0.5, 6) for item in pack]
    still = next(item for item in items if item.draw.frames == 1)
    video = next(item for item in items if item.draw.frames == 9)
    together = task.loss([video, still, video])
    apart = [task.loss([item]) for item in (video, still)]
    assert task.tokens([video, still]) == 3 * 64 + 64
    torch.testing.assert_close(
        together.losses, torch.cat([apart[0].losses, apart[1].losses, apart[0].losses]), rtol=1e-4, atol=1e-6
    )
    torch.testing.assert_close(together.total, 2 * apart[0].total + apart[1].total, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(apart[0].total.detach(), apart[0].losses[0] * 3 * 64, rtol=1e-4, atol=1e-4)
    x = to_pixels(still.pixels.numpy())[None]  # type: ignore[union-attr]
    noise = torch.randn(1, 16, 1, 8, 8, generator=still.draw.key.torch("noise"))
    plain = (vae(x, noise)[0] - x).abs().mean()
    torch.testing.assert_close(apart[1].losses[0], plain.detach(), rtol=1e-4, atol=1e-6)


def test_an_empty_pack_has_a_gradient_of_zero() -> None:
    vae = VideoVAE(PRESETS["smoke"])
    found = task_of(vae, VAELoss()).loss([])
    found.total.backward()
    assert found.total == 0
    assert all(p.grad is not None and not p.grad.any() for p in vae.parameters())


def test_operations_are_three_times_those_of_the_convolutions(manifest: Path) -> None:
    task = task_of(VideoVAE(PRESETS["smoke"]), VAELoss())
    items = [item for pack in items_of(Manifest.read(manifest), 0.5, 6) for item in pack]
    still = next(item for item in items if item.draw.frames == 1)
    # Of each layer: 2 · outputs · inputs · taps at each position that it computes.
    pixels = 8 * 8 * 3
    ends = 2 * (pixels * 64 * 27 + pixels * 4 * 16 + 2 * 16 * 64 * 27 + 16 * 64 * 27 + 64 * pixels * 27) / 2
    assert task.flops([still]) > 3 * 2 * 64 * ends / 2
    assert task.flops([still, still]) == 2 * task.flops([still])


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
