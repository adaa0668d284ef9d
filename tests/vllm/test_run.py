"""Whole runs whose captions vLLM writes: in its engine, in an actor of Ray, and in its server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from captioners.dialogue.schema import FIELDS
from captioners.gates import REASONS
from tests.captioners import tiny_vlm
from tests.runs.captioned import answers, captions
from tests.runs.helpers import Film, Project, Row, copied, shot, write_film
from tests.vllm.conftest import Server

# vLLM, torch and transformers warn of their own code.
pytestmark = [pytest.mark.vllm, pytest.mark.ray, pytest.mark.filterwarnings("ignore")]

FRAMES = 4
CLIPS = 3
ASKED: dict[str, Any] = {"frames": FRAMES, "attempts": 1, "max_tokens": 500, "temperature": 1}


@pytest.fixture(autouse=True, scope="module")
def _cpu() -> Iterator[None]:
    """What the engine wants to know on a CPU; actors of a Ray that is started here have it from here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vlm.build(tmp_path_factory.mktemp("model"), "qwen3_vl", terse=True)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films") / "input"
    folder.mkdir()
    write_film(folder / "one.mp4", Film(12, (shot("pan", "1"), shot("pan", "2")), seed=50))
    write_film(folder / "two.mp4", Film(12, (shot("pan", "1"),), seed=60))
    return folder


def project_of(root: Path, inputs: Path, captioner: Row, workers: int) -> Project:
    project = Project(root)
    project.pipeline |= {
        "input": str(inputs),
        "scan": {"frames_per_second": 6},
        "cuts": {"use": "adaptive", "min_seconds": 0.5, "max_seconds": 20},
        "filters": [],
        "workers": workers,
        "captioner": {**ASKED, **captioner},
    }
    return project


def engine(checkpoint: Path) -> Row:
    return {
        "use": "vllm", "model": str(checkpoint), "dtype": "float32", "max_model_len": tiny_vlm.LONGEST,
        "max_num_seqs": 4, "enforce_eager": True, "concurrency": 1,
    }  # fmt: skip


def check_answers(project: Project) -> None:
    """Each clip was asked about once, and its answer is a structured caption."""
    clips = {row["clip_id"]: row for row in project.sql("SELECT * FROM clips")}
    rows = answers(project)
    assert len(clips) == CLIPS
    assert [row["clip_id"] for row in rows] == sorted(clips)
    for row in rows:
        assert row["finish_reason"] == "stop", row["error"]
        assert list(json.loads(row["raw"])) == list(FIELDS)
        assert row["tokens_in"] > 100
        assert len(FIELDS) < row["tokens_out"] <= ASKED["max_tokens"]
        clip, seen = clips[row["clip_id"]], row["frames_seen"]
        assert len(seen) == FRAMES
        assert seen == sorted(set(seen))
        assert all(clip["start_pts"] <= pts < clip["end_pts"] for pts in seen)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path, inputs: Path) -> Project:
    """A run with the engine in an actor. Not to be changed: copy it."""
    project = project_of(tmp_path_factory.mktemp("engine"), inputs, engine(checkpoint), workers=2)
    project.run()
    return project


def test_engine_in_an_actor_answers(finished: Project) -> None:
    check_answers(finished)
    rows = captions(finished)
    assert len(rows) == CLIPS
    for row in rows:
        # What random weights write is no caption.
        assert row["outcome"] in REASONS
        assert row["captioner"] == "vllm"
        assert row["model"] == finished.pipeline["captioner"]["model"]
        assert len(row["prompt_hash"]) == 32


def test_same_again_asks_nothing_and_loads_nothing(finished: Project, tmp_path: Path) -> None:
    project = copied(finished, tmp_path)
    project.pipeline = dict(finished.pipeline)
    before = answers(project), captions(project)
    project.write()
    # The engine lives in an actor, and there is no Ray to be had.
    found = project.command("run", "pipelines.yaml", without_ray=True)
    assert found.returncode == 0, found.stderr
    assert (answers(project), captions(project)) == before


def test_frames_come_prepared_and_one_cpu_is_enough(checkpoint: Path, inputs: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    captioner = engine(checkpoint) | {"use": "tests.vllm.watched:Watched", "notes": str(notes)}
    project = project_of(tmp_path, inputs, captioner, workers=1)
    project.run()
    check_answers(project)
    done: dict[str, list[tuple[str, int]]] = {}
    for line in notes.read_text().splitlines():
        what, process, frames = line.split()
        done.setdefault(what, []).append((process, int(frames)))
    assert set(done) == {"open", "prepare", "show"}  # and nothing was asked that had JPEGs
    assert len(done["open"]) == 1
    assert [frames for _, frames in done["prepare"]] == [FRAMES] * CLIPS
    assert [frames for _, frames in done["show"]] == [FRAMES] * CLIPS
    preparing, showing = ({process for process, _ in done[what]} for what in ("prepare", "show"))
    assert len(showing) == 1
    assert not preparing & showing


@pytest.mark.parametrize("video", [False, True], ids=["images", "video"])
def test_server_answers(server: Server, inputs: Path, tmp_path: Path, video: bool) -> None:
    captioner = {"use": "openai", "base_url": server.url, "model": server.model, "video": video}
    project = project_of(tmp_path, inputs, captioner, workers=2)
    project.run()
    check_answers(project)
    assert {row["outcome"] for row in captions(project)} <= set(REASONS)
    assert {row["model"] for row in answers(project)} == {server.model}
    before = answers(project)
    project.run()
    assert answers(project) == before
