"""Filters with a model in a whole run: in actors, whatever the size of their batches."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runs.helpers import Project, copied, extra_film
from tests.tiny_clip import write_clip, write_head

pytestmark = pytest.mark.ray


def test_scores_from_actors_do_not_depend_on_the_batch(base: Project, tmp_path: Path) -> None:
    project = copied(base, tmp_path / "project")
    options = {
        "use": "aesthetic", "device": "cpu",
        "model": str(write_clip(tmp_path / "clip")), "head": str(write_head(tmp_path / "head.safetensors")),
    }  # fmt: skip
    project.pipeline["filters"] += [
        {**options, "name": "one", "batch_size": 1},
        # The same weights under another path: measured again.
        {**options, "name": "many", "batch_size": 4, "head": str(write_head(tmp_path / "copy.safetensors"))},
        {"use": "text", "keep": {"max": 0.02}},
    ]
    project.run()
    steps = project.steps()
    assert [steps[f"score:{name}"]["failed"] for name in ("one", "many", "text")] == [0, 0, 0]
    assert steps["scan"]["done"] == 0  # from the stored frames
    rows = project.sql(
        "SELECT one, many, one_minimum, one_frames, text, text_words FROM clips WHERE one IS NOT NULL"
    )
    assert len(rows) == 5
    assert len({row["one"] for row in rows}) > 1
    for row in rows:
        assert row["one"] == pytest.approx(row["many"], abs=1e-4)
        assert row["one_minimum"] <= row["one"]
        assert row["one_frames"] == 3
        assert (row["text"], row["text_words"]) == (0.0, "")
    assert len(project.kept()) == 5


def test_weights_that_are_missing_are_told_before_anything_is_read(
    base: Project, tmp_path: Path, forbid_ray: Callable[[], None]
) -> None:
    project = copied(base, tmp_path / "project")
    project.pipeline["input"] = [str(base.input), str(extra_film(tmp_path / "new.mp4"))]
    model, head = write_clip(tmp_path / "clip"), tmp_path / "gone.safetensors"
    project.pipeline["filters"].append({"use": "aesthetic", "model": str(model), "head": str(head)})
    forbid_ray()
    before = project.sql("SELECT * FROM runs"), project.sql("SELECT * FROM videos ORDER BY uri")
    with pytest.raises(ValueError, match="head: there is no file or folder"):
        project.run()
    assert (project.sql("SELECT * FROM runs"), project.sql("SELECT * FROM videos ORDER BY uri")) == before
