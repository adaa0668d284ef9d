"""What the input names: copies, lists with further columns, files that are missing, change or move."""

import csv
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.runs.helpers import FILMS, Project, flipped, fresh, idle, write_film

pytestmark = pytest.mark.ray

Rows = list[dict[str, Any]]


def write_list(path: Path, rows: Rows) -> Path:
    """A list in the format that its extension says."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    else:
        pq.write_table(pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in names])), path)
    return path


def own_input(project: Project) -> Path:
    """Give the project files of its own (the same times, so that nothing counts as changed but the path)."""
    source = Path(project.pipeline["input"])
    shutil.copytree(source, project.input)
    project.pipeline["input"] = "input"
    return project.input


def carried(project: Project) -> dict[str, Any]:
    """The carried columns in KEY.json, by video."""
    found: dict[str, Any] = {}
    for document in project.documents():
        assert found.setdefault(document["video_id"], document["carried"]) == document["carried"]
    return found


def video_ids(project: Project) -> dict[str, str]:
    return {
        Path(uri).name: row["video_id"]
        for row in project.sql("SELECT video_id, uris FROM videos")
        for uri in row["uris"]
    }


def test_copies_are_one_video_and_a_flipped_byte_makes_another(base: Project, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    (folder / "below").mkdir(parents=True)
    first = base.input / "first.mp4"
    shutil.copyfile(first, folder / "a.mp4")
    shutil.copyfile(first, folder / "below" / "b.MP4")
    flipped(first, folder / "c.mp4")
    project = fresh(tmp_path / "project", str(folder))
    project.run()
    rows = project.sql("SELECT video_id, uri, uris, error FROM videos ORDER BY uri")
    assert [row["uris"] for row in rows] == [
        [str(folder / "a.mp4"), str(folder / "below" / "b.MP4")],
        [str(folder / "c.mp4")],
    ]
    assert [row["uri"] for row in rows] == [str(folder / "a.mp4"), str(folder / "c.mp4")]
    assert rows[0]["video_id"] == video_ids(base)["first.mp4"] != rows[1]["video_id"]
    steps = project.steps()
    assert (steps["index"]["done"], steps["scan"]["done"]) == (3, 2)
    # One of the copies is enough: with the other gone nothing changes.
    result = project.result()
    (folder / "a.mp4").unlink()
    project.run()
    assert project.result() == result
    idle(project.steps(), "index", "scan", "cuts", "caption", "shards")


@pytest.mark.parametrize("extension", ["csv", "jsonl", "parquet"])
def test_columns_of_a_list_land_in_the_samples(
    project: Project, base: Project, forbid_ray: Callable[[], None], extension: str
) -> None:
    mp4s = {name: data for name, data in project.members().items() if name.endswith(".mp4")}
    rows = [
        {"uri": str(base.input / "first.mp4"), "caption": "Überschrift, “quoted”", "licence": "CC-BY"},
        {"uri": os.path.relpath(base.input / "second.mp4", project.root), "caption": None, "licence": "CC0"},
        {"uri": f"file://{base.input}/slow.mkv", "caption": "slow", "licence": None},
    ]
    project.pipeline["input"] = str(write_list(project.root / f"list.{extension}", rows))
    forbid_ray()
    project.run()
    ids = video_ids(base)
    assert carried(project) == {
        ids["first.mp4"]: {"caption": "Überschrift, “quoted”", "licence": "CC-BY"},
        ids["second.mp4"]: {"caption": None, "licence": "CC0"},
    }
    # Only KEY.json is new: no clip is encoded for a column.
    idle(project.steps(), *(name for name in project.steps() if name != "decide"))
    assert {name: data for name, data in project.members().items() if name.endswith(".mp4")} == mp4s
    assert project.sql("SELECT carried FROM videos WHERE uri LIKE '%slow.mkv'") == [
        {"carried": ['{"caption": "slow", "licence": null}']}
    ]


def test_where_copies_carry_different_columns_the_smallest_is_taken(
    project: Project, base: Project, forbid_ray: Callable[[], None]
) -> None:
    folder = own_input(project)
    names = ["one.mp4", "two.mp4", "three.mp4"]
    for name in names:
        shutil.copyfile(folder / "first.mp4", folder / name)
    values = [("b", None, 10), ("a", "CC0", 9), (None, "MIT", None)]

    def run(order: list[int]) -> tuple[Any, Any]:
        rows = [
            {"uri": names[k], **dict(zip(("caption", "licence", "rank"), values[k], strict=True))}
            for k in order
        ]
        path = project.root / "input" / "list.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        project.pipeline["input"] = str(path)
        project.run()
        return carried(project), project.result()

    found, result = run([0, 1, 2])
    assert list(found.values()) == [{"caption": "a", "licence": "CC0", "rank": 9}]
    forbid_ray()
    assert run([2, 1, 0]) == (found, result)


def test_a_listed_file_that_is_missing(
    project: Project, base: Project, forbid_ray: Callable[[], None]
) -> None:
    gone = project.root / "gone.mp4"
    listed = project.root / "list.txt"
    listed.write_text("".join(f"{path}\n" for path in [gone, *sorted(base.input.iterdir())]))
    project.pipeline["input"] = str(listed)
    forbid_ray()
    result = project.run()
    assert (result.videos, result.failed_videos) == (4, 1)
    rows = project.sql("SELECT video_id, uri, uris, error FROM videos WHERE error IS NOT NULL")
    assert rows == [
        {
            "video_id": None, "uri": str(gone), "uris": [str(gone)],
            "error": "cannot be opened: No such file or directory",
        }
    ]  # fmt: skip
    assert project.steps()["index"]["failed"] == 1
    assert project.result() == base.result()


def test_files_that_are_no_videos_fail_alone(base: Project, project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "text.mp4").write_text("not a video\n" * 100)
    (folder / "empty.mov").touch()
    whole = (base.input / "first.mp4").read_bytes()
    (folder / "half.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "notes.txt").write_text("passed over")
    project.pipeline["input"] = [str(base.input), str(folder)]
    result = project.run()
    assert (result.videos, result.failed_videos, result.passed_over) == (6, 3, 1)
    rows = project.sql("SELECT uri, video_id, error FROM videos WHERE error IS NOT NULL ORDER BY uri")
    assert [Path(row["uri"]).name for row in rows] == ["empty.mov", "half.mp4", "text.mp4"]
    assert all(row["video_id"] and row["error"] for row in rows)
    assert project.steps()["index"]["failed"] + project.steps()["scan"]["failed"] == 3
    assert project.result() == base.result()
    # What failed is not tried again.
    project.run()
    idle(project.steps(), "index", "scan")
    assert project.run().failed_videos == 3


def test_a_renamed_and_a_touched_file_are_hashed_and_nothing_else(project: Project, base: Project) -> None:
    folder = own_input(project)
    project.run()
    assert project.steps()["index"]["done"] == 3
    (folder / "first.mp4").rename(folder / "renamed.mp4")
    os.utime(folder / "second.mp4", ns=(1, 1))
    project.run()
    steps = project.steps()
    assert (steps["index"]["done"], steps["index"]["reused"]) == (2, 1)
    idle(steps, *(name for name in steps if name != "index"))
    assert project.result() == base.result()
    assert "renamed.mp4" in video_ids(project)
    assert "first.mp4" not in video_ids(project)


def test_a_file_with_other_content_under_the_old_name(project: Project, base: Project) -> None:
    folder = own_input(project)
    project.run()
    write_film(folder / "second.mp4", FILMS["slow.mkv"])
    project.run("filters.media.keep.fps.min=1")
    names = video_ids(project)
    assert names["second.mp4"] not in video_ids(base).values()
    assert len(project.sql("SELECT * FROM videos")) == 3
    keys = {document["video_id"] for document in project.documents()}
    assert keys == {names["first.mp4"], names["second.mp4"], names["slow.mkv"]}
    assert video_ids(base)["second.mp4"] not in keys


def test_a_file_that_goes_and_comes_back(
    project: Project, base: Project, forbid_ray: Callable[[], None]
) -> None:
    project.pipeline["input"] = str(base.input / "first.mp4")
    forbid_ray()
    project.run()
    assert set(video_ids(project)) == {"first.mp4"}
    assert len(project.kept()) == 3
    assert {document["video_id"] for document in project.documents()} == {video_ids(base)["first.mp4"]}
    assert project.sql("SELECT count(*) AS n FROM clips") == [{"n": 5}]
    assert project.sql("SELECT entered FROM funnel WHERE position = 0") == [{"entered": 5}]
    # Back again: its scan, scores and captions are there; its clips' bytes went with the tars.
    project.pipeline["input"] = str(base.input)
    with pytest.raises(AssertionError, match="Ray was started"):
        project.run()
    idle(project.steps(), "index", "scan", "cuts", "caption")


def test_an_output_inside_the_input_is_not_read(project: Project, forbid_ray: Callable[[], None]) -> None:
    own_input(project)
    project.run()
    project.pipeline["input"] = "."
    forbid_ray()
    for _ in range(2):
        result = project.run()
        # pipelines.yaml alone.
        assert (result.videos, result.failed_videos, result.passed_over) == (3, 0, 1)
        idle(project.steps(), *project.steps())


def test_a_file_that_several_inputs_name_is_one_entry(
    project: Project, base: Project, forbid_ray: Callable[[], None]
) -> None:
    project.pipeline["input"] = [
        str(base.input), str(base.input / "*.mp4"), str(base.input / "first.mp4"),
        f"{base.input}/../input/slow.mkv",
    ]  # fmt: skip
    forbid_ray()
    result = project.run()
    assert (result.videos, result.failed_videos) == (3, 0)
    assert project.result() == base.result()
    assert [len(row["uris"]) for row in project.sql("SELECT uris FROM videos")] == [1, 1, 1]
