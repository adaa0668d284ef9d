"""The same shards, byte for byte, by whatever way one comes to them.

One worker against two is in test_end_to_end, kills have their own tests."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from curate.storage import Folder
from curate.tables import Tables
from tests.runs.helpers import Project, copied, digests, extra_film, fresh, idle

pytestmark = pytest.mark.ray


def test_other_paths_and_names(base: Project, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    for number, path in enumerate(sorted(base.input.iterdir(), reverse=True)):
        target = folder / f"deep {number}" / f"{number}{path.suffix.upper()}"
        target.parent.mkdir(parents=True)
        shutil.copyfile(path, target)
    project = fresh(tmp_path / "project", str(folder))
    project.run()
    assert project.result() == base.result()


def test_another_order_of_a_list_and_small_waves(base: Project, tmp_path: Path) -> None:
    paths = sorted(base.input.iterdir(), reverse=True)
    listed = tmp_path / "list.txt"
    listed.write_text("".join(f"{path}\n" for path in [paths[1], *paths]))
    # A hundredth of a second of footage to a wave: each video is one.
    project = fresh(tmp_path / "project", str(listed), wave_hours=0.01 / 3600)
    project.run()
    assert project.result() == base.result()
    assert {name: row["done"] for name, row in project.steps().items()} == {
        name: row["done"] for name, row in base.steps(1).items()
    }


def test_a_video_added_and_removed(project: Project, base: Project, forbid_ray: Callable[[], None]) -> None:
    folder = project.root / "more"
    folder.mkdir()
    extra_film(folder / "extra.mp4")
    project.pipeline["input"] = [str(base.input), str(folder)]
    project.run()
    more = project.result()
    assert len(more[1]) == 7
    forbid_ray()
    project.pipeline["input"] = str(base.input)
    project.run()
    assert project.result() == base.result()
    idle(project.steps(), *(name for name in project.steps() if name != "decide"))

    # Once more: its rows are still there, its encoded bytes are not.
    straight = copied(project, project.root / "straight")
    straight.pipeline["input"] = [str(base.input), str(folder)]
    with pytest.raises(AssertionError, match="Ray was started"):
        straight.run()
    idle(straight.steps(), "index", "scan", "cuts", "caption")


def test_a_rule_loosened_and_restored(
    project: Project, base: Project, forbid_ray: Callable[[], None], tmp_path: Path
) -> None:
    loose = "filters.motion.keep.min=0"
    project.run(loose)
    straight = fresh(tmp_path / "straight", str(base.input))
    straight.run(loose)
    assert project.result() == straight.result() != base.result()
    forbid_ray()
    project.run()
    assert project.result() == base.result()
    idle(project.steps(), *(name for name in project.steps() if name != "decide"))


def test_a_rule_tightened_and_restored(project: Project, base: Project) -> None:
    project.run("filters.motion.keep.min=6.25")
    assert 0 < len(project.kept()) < 5
    project.run()
    assert project.result() == base.result()
    steps = project.steps()
    idle(steps, "index", "scan", "cuts", "score:media", "score:motion", "score:exposure", "caption")
    # The clips that had left went with their tar; the others are copied.
    assert steps["shards"]["clips_encoded"] + steps["shards"]["reused"] == 5
    assert steps["shards"]["reused"] >= 1


def test_cuts_moved_and_restored(project: Project, base: Project) -> None:
    project.run("cuts.max_seconds=1.5")
    assert project.result() != base.result()
    project.run()
    assert project.result() == base.result()
    idle(project.steps(), "index", "scan", "cuts", "score:media", "score:motion", "score:exposure", "caption")


def test_verdicts_funnel_and_views_are_those_of_a_fresh_run(project: Project, base: Project) -> None:
    """After a detour over other cuts, rules and input, the views show what they show after a first run."""
    project.run("cuts.max_seconds=1.5", "filters.motion.keep.min=6.25")
    project.pipeline["input"] = str(base.input / "first.mp4")
    project.run("filters.media.keep=null")
    project.pipeline["input"] = str(base.input)
    project.run()
    for view, order in (
        ("clips", "clip_id"), ("verdicts", "clip_id"), ("funnel", "position"), ("captions", "clip_id"),
        ("videos", "video_id"), ("samples", "key"),
    ):  # fmt: skip
        text = f"SELECT * FROM {view} ORDER BY {order}"
        now, then = project.sql(text), base.sql(text)
        if view == "clips":
            # What was measured on the detour is known: more scores, never other ones.
            for row, old in zip(now, then, strict=True):
                assert {name: row[name] for name, value in old.items() if value is not None} == {
                    name: value for name, value in old.items() if value is not None
                }
        else:
            assert now == then, view


def test_a_shard_that_was_deleted_is_made_again(project: Project, base: Project) -> None:
    gone = project.samples()[0]["shard"]
    lost = [row["key"] for row in project.samples() if row["shard"] == gone]
    (project.out / gone).unlink()
    project.run()
    assert project.result() == base.result()
    steps = project.steps()
    assert (steps["shards"]["clips_encoded"], steps["shards"]["reused"]) == (len(lost), 5 - len(lost))
    idle(steps, *(name for name in steps if name != "shards"))


def test_chunks_of_long_videos(base: Project, tmp_path: Path) -> None:
    project = fresh(tmp_path / "project", str(base.input))
    project.run("scan.chunk_seconds=2")
    assert project.result() == base.result()
    videos = project.sql("SELECT video_id FROM videos ORDER BY video_id")
    assert [row["video_id"] for row in videos] == [
        row["video_id"] for row in base.sql("SELECT video_id FROM videos ORDER BY video_id")
    ]
    chunks = Tables(Folder(str(project.out))).rows("scans")
    assert sorted(row["chunks"] for row in chunks) == [1, 3, 4]
    assert [row["chunk_error"] for row in chunks] == [None] * 3
    for top in ("signals", "frames"):
        assert sorted(digests(project.out / top).values()) == sorted(digests(base.out / top).values())
