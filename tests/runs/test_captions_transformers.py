"""A run whose captions a model of transformers writes: random weights, in an actor of Ray."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from captioners.dialogue.schema import FIELDS
from captioners.gates import REASONS
from tests.captioners import tiny_vlm
from tests.runs.captioned import answers, captions
from tests.runs.helpers import Film, Project, Row, copied, shot, write_film

pytestmark = pytest.mark.ray

MODEL = "model"
FRAMES = 4
LONGEST = 500


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, ray_started: None) -> Project:
    """Three clips that a model of noise was asked about. Not to be changed: copy it."""
    root = tmp_path_factory.mktemp("transformers")
    project = Project(root)
    project.input.mkdir()
    film = Film(12, (shot("pan", "1"), shot("pan", "2")), seed=50)
    write_film(project.input / "one.mp4", film)
    write_film(project.input / "two.mp4", Film(12, (shot("pan", "1"),), seed=60))
    project.pipeline |= {
        "scan": {"frames_per_second": 6},
        "cuts": {"use": "adaptive", "min_seconds": 0.5, "max_seconds": 20},
        "filters": [],
        "captioner": {
            "use": "transformers", "model": str(tiny_vlm.build(root / MODEL, "qwen3_vl", terse=True)),
            "frames": FRAMES, "batch_size": 2, "attempts": 1, "max_tokens": LONGEST, "temperature": 1,
            "concurrency": 1,
        },
    }  # fmt: skip
    project.run()
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    copy = copied(finished, tmp_path)
    copy.pipeline = {**finished.pipeline, "input": str(finished.input)}
    return copy


def clips(project: Project) -> dict[str, Row]:
    return {row["clip_id"]: row for row in project.sql("SELECT * FROM clips")}


def test_every_clip_has_an_outcome_which_a_gate_says(finished: Project) -> None:
    rows = captions(finished)
    assert [row["clip_id"] for row in rows] == sorted(clips(finished))
    assert len(rows) == 3
    for row in rows:
        assert row["outcome"] in REASONS
        assert row["error"]
        assert (row["attempts"], row["dense"], row["short"]) == (1, None, None)
        assert row["captioner"] == "transformers"
        assert row["model"] == finished.pipeline["captioner"]["model"]
        assert len(row["prompt_hash"]) == 32
    assert finished.samples() == []


def test_every_answer_is_in_the_table_and_was_decoded_by_the_schema(finished: Project) -> None:
    by_id = clips(finished)
    told = {row["clip_id"]: row["frames_seen"] for row in captions(finished)}
    rows = answers(finished)
    assert [row["clip_id"] for row in rows] == sorted(by_id)
    for row in rows:
        assert row["finish_reason"] == "stop"
        assert list(json.loads(row["raw"])) == list(FIELDS)
        assert 0 < row["tokens_out"] <= LONGEST
        assert row["tokens_in"] > 100
        assert row["seconds"] > 0
        assert row["frames_seen"] == told[row["clip_id"]]
        clip = by_id[row["clip_id"]]
        assert len(set(row["frames_seen"])) == FRAMES
        assert row["frames_seen"] == sorted(row["frames_seen"])
        assert all(clip["start_pts"] <= pts < clip["end_pts"] for pts in row["frames_seen"])
    assert len({row["request_hash"] for row in rows}) == len(rows)


def test_the_same_again_asks_nothing(project: Project, forbid_ray: Callable[[], None]) -> None:
    before = answers(project), captions(project)
    forbid_ray()
    project.run()
    assert (answers(project), captions(project)) == before


def test_measured_captions_in_their_place_give_shards_without_a_question(
    project: Project,
) -> None:
    before = answers(project)
    project.run("captioner.otherwise=measured")
    assert answers(project) == before
    rows = captions(project)
    assert {(row["outcome"], row["captioner"], row["model"]) for row in rows} == {
        ("measured", "measured", None)
    }
    assert all(row["error"].partition(":")[0] in REASONS for row in rows)
    assert len(project.samples()) == 3
    assert {document["caption"]["dense"] for document in project.documents()} == {
        row["dense"] for row in rows
    }
