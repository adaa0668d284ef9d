"""The commands of the trainer on a real run, in the order in which a user gives them: train vae, encode,
train dit, losses, generate; and what they refuse."""

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from curate.cli import app
from curate.sample.motion import make_motion
from tests.runs.helpers import Project, digests

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.ray

COUNT = 24
CAPTIONS = ["--captions", "0", "0", "0", "1"]
SMALL = ["--tier", "64px", "--max-frames", "17"]


def ask(*arguments: object) -> Result:
    """A command in this process, where Ray runs already."""
    return CliRunner().invoke(app, [str(word) for word in arguments])


def done(*arguments: object) -> str:
    result = ask(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def refused(*arguments: object) -> str:
    """What is said of a command that is refused."""
    result = ask(*arguments)
    assert result.exit_code
    said = str(result.exception) if isinstance(result.exception, ValueError | RuntimeError) else result.output
    assert said.strip()
    return said


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, ray_started: None) -> Project:
    """The motion sample, curated, with an autoencoder of a few steps, its latents, and a model of a few
    steps."""
    project = Project(tmp_path_factory.mktemp("trainer"))
    make_motion(project.root / "clips", COUNT)
    project.pipeline = {
        "input": str(project.root / "clips/train.csv"), "output": str(project.root / "run"),
        "cuts": {"min_seconds": 1}, "filters": [{"use": "motion"}], "shards": {"crf": 12, "validation": 0.2},
    }  # fmt: skip
    project.run()
    done("train", "vae", project.out, "--out", project.root / "vae", "--steps", 2)
    done("encode", project.out, "--vae", project.root / "vae", *SMALL)
    done("train", "dit", project.out, "--out", project.root / "dit", "--steps", 3, *CAPTIONS)
    return project


def test_latents_lie_beside_the_clips_and_are_what_is_trained_on(run: Project) -> None:
    from training.manifest import Manifest
    from training.model_folder import load_model, load_vae_of

    rows = run.sql("SELECT * FROM latents ORDER BY clip_id")
    assert {row["clip_id"] for row in rows} == {row["clip_id"] for row in run.samples()}
    model, facts = load_model(run.root / "dit")
    assert {row["vae"] for row in rows} == {load_vae_of(run.root / "dit", facts).identity}
    manifest = Manifest.read(run.root / "dit/manifest.parquet")
    sample = manifest.sample(0)
    (latent,) = sample.latents
    data = (run.out / latent.file).read_bytes()[latent.offset : latent.offset + latent.bytes]
    assert len(data) == 2 * model.config.latent_channels * 5 * 8 * 8
    assert np.isfinite(np.frombuffer(data, "<f2")).all()


def test_what_is_encoded_is_not_encoded_again(run: Project) -> None:
    before = digests(run.out / "latents")
    said = done("encode", run.out, "--vae", run.root / "vae", *SMALL)
    assert f"0 clips encoded, {len(run.samples())} were there" in said
    after = digests(run.out / "latents")
    assert {k: v for k, v in after.items() if k.endswith(".tar")} == {
        k: v for k, v in before.items() if k.endswith(".tar")
    }


def test_the_same_command_goes_on(run: Project, tmp_path: Path) -> None:
    out = tmp_path / "dit"
    done("train", "dit", run.out, "--out", out, "--steps", 2, *CAPTIONS)
    done("train", "dit", run.out, "--out", out, "--steps", 4, *CAPTIONS)
    steps = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in steps if "step" in row] == [0, 1, 2, 3]
    assert (out / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_where_chooses_what_is_trained_on(run: Project, tmp_path: Path) -> None:
    from training.manifest import Manifest

    (first,) = run.sql("SELECT clip_id FROM samples WHERE split = 'train' ORDER BY key LIMIT 1")
    where = f"clip_id = '{first['clip_id']}'"
    done("train", "dit", run.out, "--out", tmp_path / "dit", "--steps", 1, "--where", where, *CAPTIONS)
    assert len(Manifest.read(tmp_path / "dit/manifest.parquet")) == 1
    # A training that has begun keeps its clips.
    said = refused("train", "dit", run.out, "--out", tmp_path / "dit", "--steps", 2, *CAPTIONS)
    assert "clips more, 0 fewer" in said
    said = refused("train", "dit", run.out, "--out", tmp_path / "no", "--where", "motion > 1 FROM clips")
    assert "--where" in said


def test_losses_are_a_table_of_the_run(run: Project) -> None:
    from training.model_folder import identity

    said = done("losses", run.out, "--model", run.root / "dit")
    count = len(run.samples())
    assert f"{count} clips asked about, 0 were known, 0 failed" in said
    rows = run.sql("SELECT * FROM losses")
    assert set(rows[0]) == {"clip_id", "model", "loss", "loss_null"}
    assert {row["model"] for row in rows} == {identity(run.root / "dit")}
    assert {row["clip_id"] for row in rows} == {row["clip_id"] for row in run.samples()}
    assert all(0 < row["loss"] < 10 for row in rows)
    assert any(row["loss"] != row["loss_null"] for row in rows)
    assert f"0 clips asked about, {count} were known" in done("losses", run.out, "--model", run.root / "dit")
    assert len(run.sql("SELECT * FROM losses")) == count
    joined = run.sql("SELECT motion, loss_null - loss AS gain FROM clips JOIN losses USING (clip_id)")
    assert len(joined) == count


def test_a_clip_is_made_of_a_prompt(run: Project, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    prompt = "a red ball moves to the left"
    done("generate", run.root / "dit", prompt, "--frames", 9, "--size", "64x48", "--out", out, "--steps", 2)
    with av.open(str(out)) as film:
        frames = [frame for frame in film.decode(video=0)]
    assert len(frames) == 9
    assert (frames[0].width, frames[0].height) == (64, 48)
    said = refused(
        "generate", run.root / "dit", prompt, "--frames", 10, "--size", "64x48", "--out", tmp_path / "b.mp4"
    )
    assert "9" in said
    assert "13" in said
    said = refused(
        "generate", run.root / "dit", prompt, "--size", "70x48", "--out", tmp_path / "c.mp4", "--frames", 9
    )
    assert "64x48" in said
    said = refused(
        "generate", run.root / "dit", prompt, "--out", tmp_path / "d.mp4", "--upsample", "measured"
    )
    assert "no language model" in said


def test_latents_of_another_autoencoder_are_refused(run: Project, tmp_path: Path) -> None:
    done("train", "vae", run.out, "--out", tmp_path / "other", "--steps", 1, "--seed", 1)
    said = refused(
        "train", "dit", run.out, "--out", tmp_path / "dit", "--vae", tmp_path / "other", "--steps", 1
    )
    assert "another autoencoder" in said
    assert "curate encode" in said


def test_nothing_foreign_is_overwritten(run: Project, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("three years")
    said = refused("train", "vae", run.out, "--out", tmp_path / "mine", "--steps", 1)
    assert "thesis.txt" in said
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def steps_of(out: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [row for row in rows if "step" in row]


def test_two_workers_train_as_one(run: Project, tmp_path: Path) -> None:
    every = ["--steps", 3, *CAPTIONS, "--pack-tokens", 320, "--packs-per-step", 2]
    for workers in (1, 2):
        out = tmp_path / str(workers)
        done("train", "dit", run.out, "--out", out, *every, "--workers", workers)
    one, two = (steps_of(tmp_path / str(workers)) for workers in (1, 2))
    assert [row["packs"] for row in two] == [2, 2, 2]  # each has something to do
    assert [row["loss"] for row in two] == pytest.approx([row["loss"] for row in one], abs=1e-5)
    # Where it was trained does not matter for going on.
    done("train", "dit", run.out, "--out", tmp_path / "2", "--steps", 4, *every[2:])
    assert len(steps_of(tmp_path / "2")) == 4
    said = refused(
        "train", "dit", run.out, "--out", tmp_path / "many", "--steps", 1, "--workers", 64, *CAPTIONS
    )
    assert "fewer --workers" in said


def test_workers_that_are_told_to_end_save_first(run: Project, tmp_path: Path) -> None:
    out = tmp_path / "dit"

    def end() -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if (out / "metrics.jsonl").is_file() and len(steps_of_whole_lines(out)) >= 2:
                os.kill(os.getpid(), signal.SIGTERM)
                return
            time.sleep(0.05)

    thread = threading.Thread(target=end)
    thread.start()
    every = ["--steps", 5000, *CAPTIONS, "--save-every", 0, "--validate-every", 0, "--workers", 2]
    said = refused("train", "dit", run.out, "--out", out, *every)
    thread.join()
    assert "run the same command to go on" in said
    (saved,) = (out / "checkpoints").iterdir()
    assert saved.name == f"step-{len(steps_of(out)):08}"
    assert not (out / "stop").exists()


def steps_of_whole_lines(out: Path) -> list[str]:
    return (out / "metrics.jsonl").read_text().splitlines()


def test_two_tiers_are_stored_side_by_side(run: Project, tmp_path: Path) -> None:
    from training.geometry import Grid
    from training.manifest import Manifest
    from training.vae_folder import load_vae
    from training.windows import Sizes, Windows

    vae = load_vae(run.root / "vae")
    done("encode", run.out, "--vae", run.root / "vae", "--tier", "48px", "--max-frames", 9)
    done(
        "train", "dit", run.out, "--out", tmp_path / "dit", "--tier", "48px", "--max-frames", 9, "--steps", 1
    )
    found = Manifest.read(tmp_path / "dit/manifest.parquet")
    heights = {}
    for tier in ("48px", "64px"):
        grid = Grid(vae.temporal, vae.spatial, 2)
        windows = Windows.of(found, Sizes(grid, tier, 17), vae=vae.identity)
        assert (windows.latent >= 0).all()
        heights[tier] = set(windows.height.tolist())
    assert heights == {"48px": {48}, "64px": {64}}


def test_wrong_input_is_told_in_one_sentence(run: Project, tmp_path: Path) -> None:
    for arguments, why in (
        (("train", "vae", tmp_path / "nothing", "--out", tmp_path / "a"), "is not the output of a run"),
        (("train", "dit", run.out, "--out", tmp_path / "b", "--preset", "enormous"), "choose one of"),
        (("encode", run.out, "--vae", tmp_path / "nothing"), "nothing"),
        (("losses", run.out, "--model", tmp_path / "nothing"), "has no model"),
        (("generate", tmp_path / "nothing", "x", "--out", tmp_path / "c.mp4"), "has no model"),
    ):
        ended = run.command(*(str(word) for word in arguments))
        assert ended.returncode in (1, 2), ended.stderr
        lines = [line for line in ended.stderr.splitlines() if line.strip()]
        assert why in lines[-1]
        assert "Traceback" not in ended.stderr
