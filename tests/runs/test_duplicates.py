"""Copies across files, from the videos to the shards."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from curate.media.decode import decode
from tests.runs.helpers import FILMS, Project, fresh, idle, write_film

pytestmark = pytest.mark.ray

TWIN: dict[str, Any] = {"use": "duplicate", "keep": {"max": 0.8}}


def copied_badly(source: Path, target: Path, scale: float, skip: int, fps: int = 24) -> Path:
    """`source` in another size at CRF 34, without its first `skip` frames."""
    frames = [frame.image for frame in decode(str(source))][skip:]
    with av.open(str(target), "w") as container:
        stream: Any = container.add_stream("libx264", rate=fps, options={"crf": "34", "preset": "ultrafast"})
        size = frames[0].width, frames[0].height
        stream.width, stream.height = (round(side * scale / 2) * 2 for side in size)
        stream.pix_fmt, stream.codec_context.time_base = "yuv420p", Fraction(1, fps)
        for k, image in enumerate(frames):
            frame = image.reformat(stream.width, stream.height, "yuv420p")
            frame.pts, frame.time_base, frame.pict_type = k, Fraction(1, fps), 0
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory, ray_started: None) -> Project:
    """A film, a smaller copy of it that starts a fifth of a second later, and another film; finished."""
    root = tmp_path_factory.mktemp("twins")
    project = fresh(root, "input", audit=1)
    project.pipeline["filters"] = [*project.pipeline["filters"], TWIN]
    project.pipeline["filters"][0] = {"use": "media", "keep": {"fps": {"min": 10}, "short_side": {"min": 40}}}
    project.pipeline["shards"] |= {"validation": 1.0}
    project.input.mkdir()
    first = write_film(project.input / "first.mp4", FILMS["first.mp4"])
    copied_badly(first, project.input / "small.mp4", 0.75, 5)
    write_film(project.input / "second.mp4", FILMS["second.mp4"])
    project.run()
    return project


def test_the_larger_copy_of_each_shot_is_kept(twins: Project) -> None:
    fates = twins.sql(
        "SELECT uri, c.start_seconds, kept, dropped_by, duplicate, duplicate_with FROM clips c "
        "JOIN verdicts USING (clip_id) JOIN videos USING (video_id) ORDER BY uri, c.start_seconds"
    )
    by_file = {
        name: [row["dropped_by"] for row in fates if row["uri"].endswith(name)]
        for name in ("first.mp4", "small.mp4", "second.mp4")
    }
    # Pan, still, pan, too short, pan; see FILMS.
    assert by_file["first.mp4"] == [None, "motion", None, "cuts.min_seconds", None]
    assert by_file["small.mp4"] == ["duplicate", "motion", "duplicate", "cuts.min_seconds", "duplicate"]
    assert by_file["second.mp4"] == [None, "exposure", None]
    # What was dropped before is measured for being watched, and compared with nobody.
    assert {row["duplicate"] for row in fates if row["dropped_by"] in ("motion", "exposure")} == {None}
    copies = [row for row in fates if row["dropped_by"] == "duplicate"]
    assert all(row["duplicate"] > 0.8 and len(row["duplicate_with"]) == 32 for row in copies)


def test_pairs_are_seen_and_their_videos_are_not_held_out(twins: Project) -> None:
    pairs = twins.sql(
        "SELECT p.kind, p.similarity, p.covered, v.uri FROM pairs p "
        "JOIN clips c ON c.clip_id = p.better JOIN videos v USING (video_id)"
    )
    assert len(pairs) == 3
    assert all(row["uri"].endswith("first.mp4") and row["kind"] == "near" for row in pairs)
    splits = twins.sql(
        "SELECT DISTINCT uri, split FROM samples JOIN clips USING (clip_id) JOIN videos USING (video_id)"
    )
    assert {row["uri"].rpartition("/")[2]: row["split"] for row in splits} == {
        "first.mp4": "train",
        "second.mp4": "validation",
    }


def test_again_there_is_nothing_to_do(twins: Project, forbid_ray: Callable[[], None]) -> None:
    forbid_ray()
    twins.run()
    idle(twins.steps(), *twins.steps())
    assert twins.steps()["score:duplicate"]["reused"] == twins.steps(1)["score:duplicate"]["done"] == 8


def test_another_order_and_small_waves_and_one_worker(twins: Project, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("".join(f"{path}\n" for path in sorted(twins.input.iterdir(), reverse=True)))
    other = fresh(tmp_path / "other", str(listed), wave_hours=0.01 / 3600, workers=1)
    other.pipeline |= {name: twins.pipeline[name] for name in ("filters", "audit", "shards")}
    other.run()
    assert other.result() == twins.result()
    for view in (
        "pairs ORDER BY clip_a, clip_b",
        "verdicts ORDER BY clip_id",
        "scores ORDER BY filter, clip_id",
    ):
        assert other.sql(f"SELECT * FROM {view}") == twins.sql(f"SELECT * FROM {view}")


@pytest.mark.real
def test_copies_of_real_footage_go_and_nothing_else(
    real_videos: Path, tmp_path: Path, ray_started: None
) -> None:
    """Two sizes of one film, as published; a smaller copy of another one without its first two seconds; and
    two films that nothing is a copy of."""
    copy = copied_badly(real_videos / "aa__yoga.mp4", tmp_path / "copy.mp4", 0.6, skip=60, fps=30)
    names = ("ft__hiker.mp4", "ft__hiker_tiny.mp4", "aa__yoga.mp4", "osp__10s.mp4", "aa__making_cake.mp4")
    project = fresh(tmp_path, [*(str(real_videos / name) for name in names), str(copy)])
    project.pipeline["filters"] = [TWIN]
    project.pipeline["cuts"] = {"min_seconds": 1, "max_seconds": 60}
    project.pipeline["shards"] = {"preset": "ultrafast", "max_short_side": 64}
    project.run()
    fates: dict[str, set[str | None]] = {}
    for row in project.sql(
        "SELECT uri, dropped_by FROM clips JOIN verdicts USING (clip_id) JOIN videos USING (video_id)"
    ):
        fates.setdefault(row["uri"].rpartition("/")[2], set()).add(row["dropped_by"])
    gone = {"ft__hiker_tiny.mp4", "copy.mp4"}
    assert {name for name, fate in fates.items() if "duplicate" in fate} == gone
    assert all(fates[name] == {"duplicate"} for name in gone)
    # Of the others, parts may have been too short.
    assert {name for name, fate in fates.items() if None in fate} == {*names} - gone
    pairs = project.sql(
        "SELECT b.uri AS better, o.uri AS other FROM pairs "
        "JOIN clips cb ON cb.clip_id = better JOIN videos b ON b.video_id = cb.video_id "
        "JOIN clips co ON co.clip_id IN (clip_a, clip_b) AND co.clip_id <> better "
        "JOIN videos o ON o.video_id = co.video_id"
    )
    found = {tuple(row[side].rpartition("/")[2] for side in ("better", "other")) for row in pairs}
    assert found == {("ft__hiker.mp4", "ft__hiker_tiny.mp4"), ("aa__yoga.mp4", "copy.mp4")}
