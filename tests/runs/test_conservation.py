"""Nothing vanishes: every second of scanned video lies in one clip, and every clip is in one state."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from curate.storage import Folder
from curate.tables import Tables
from tests.making import write
from tests.runs.helpers import Project, fresh

pytestmark = pytest.mark.ray


def scans(project: Project) -> dict[str, dict[str, object]]:
    return {row["video_id"].hex(): row for row in Tables(Folder(str(project.out))).rows("scans")}


def check_time(project: Project) -> int:
    """Clips of each video are contiguous from its first frame to its end; the number of videos."""
    scanned = scans(project)
    usable = [row["video_id"] for row in project.sql("SELECT video_id FROM videos WHERE error IS NULL")]
    for identity in usable:
        rows = project.sql(f"SELECT * FROM clips WHERE video_id = '{identity}' ORDER BY start_pts")
        scan = scanned[identity]
        base = Fraction(str(scan["time_base"]))
        assert (rows[0]["start_pts"], rows[-1]["end_pts"]) == (scan["start_pts"], scan["end_pts"])
        assert all(one["end_pts"] == two["start_pts"] for one, two in pairwise(rows)), identity
        assert all(row["start_pts"] < row["end_pts"] for row in rows), identity
        assert sum(row["frames"] for row in rows) == scan["frames_decoded"]
        for row in rows:
            assert row["time_base"] == scan["time_base"]
            assert row["start_seconds"] == float(row["start_pts"] * base)
            assert row["end_seconds"] == float(row["end_pts"] * base)
        seconds = sum(row["end_seconds"] - row["start_seconds"] for row in rows)
        assert seconds == pytest.approx(float((scan["end_pts"] - scan["start_pts"]) * base), abs=1e-6)  # type: ignore[operator]
    return len(usable)


def check_states(project: Project) -> dict[str, int]:
    """Each clip is kept, dropped, failed or pending, never two of them; the funnel and the shards agree."""
    states = {"kept": 0, "dropped": 0, "failed": 0, "pending": 0}
    rows = project.sql("SELECT * FROM verdicts")
    for row in rows:
        found = {
            "kept": row["kept"], "dropped": row["dropped_by"] is not None, "failed": row["error"] is not None,
            "pending": row["pending"],
        }  # fmt: skip
        assert sum(found.values()) == 1, row
        states[next(name for name, holds in found.items() if holds)] += 1
    clips = [row["clip_id"] for row in project.sql("SELECT clip_id FROM clips")]
    assert sorted(clips) == sorted(row["clip_id"] for row in rows)
    assert len(set(clips)) == len(clips)

    funnel = project.sql("SELECT * FROM funnel ORDER BY position")
    assert funnel[0]["entered"] == len(rows)
    left = [row["entered"] - row["dropped"] - row["failed"] - row["pending"] for row in funnel]
    assert [row["entered"] for row in funnel[1:]] == left[:-1]
    assert left[-1] == states["kept"] == len(project.samples())
    for name in ("dropped", "failed", "pending"):
        assert sum(row[name] for row in funnel) == states[name], name
    by_rule = {row["dropped_by"]: row["n"] for row in project.sql(
        "SELECT dropped_by, count(*) AS n FROM verdicts WHERE dropped_by IS NOT NULL GROUP BY ALL"
    )}  # fmt: skip
    assert by_rule == {row["rule"]: row["dropped"] for row in funnel if row["dropped"]}
    assert {row["key"] for row in project.samples()} == project.kept()
    return states


def test_a_finished_run(base: Project) -> None:
    assert check_time(base) == 3
    assert check_states(base) == {"kept": 5, "dropped": 4, "failed": 0, "pending": 0}


@pytest.mark.parametrize(
    "settings",
    [
        ["cuts.min_seconds=0.3", "cuts.max_seconds=0.7", "cuts.trim_seconds=0.11"],
        ["cuts.min_seconds=0", "cuts.trim_seconds=0.5"],
        ["filters.motion.keep.min=19"],
        ["filters.media.keep.fps.min=100"],
    ],
)
def test_other_cuts_and_rules(project: Project, settings: Sequence[str]) -> None:
    project.run(*settings)
    assert check_time(project) == 3
    assert sum(check_states(project).values()) == project.sql("SELECT count(*) AS n FROM clips")[0]["n"]


def test_odd_videos(tmp_path: Path) -> None:
    """A rate that varies, a start that is not zero, one frame, a rotation, a gif: no second is lost."""
    folder = tmp_path / "odd"
    folder.mkdir()
    small = {"size": (64, 48)}
    write(folder / "vfr.mp4", frames=40, milliseconds=[k * 33 + (k % 7) * 4 for k in range(40)], **small)  # type: ignore[arg-type]
    write(folder / "late.mkv", frames=30, first=25 * 100, **small)  # type: ignore[arg-type]
    write(folder / "one.mp4", frames=1, **small)  # type: ignore[arg-type]
    write(folder / "turned.mp4", frames=30, rotation=90, **small)  # type: ignore[arg-type]
    write(folder / "small.gif", frames=20, fps=10, codec="gif", pixel_format="rgb8", **small)  # type: ignore[arg-type]
    (folder / "broken.mp4").write_bytes(b"nothing")
    project = fresh(
        tmp_path / "project",
        str(folder),
        cuts={"use": "content", "min_seconds": 0.5, "max_seconds": 1},
        filters=[{"use": "media", "keep": {"fps": {"min": 5}}}, {"use": "motion"}, {"use": "exposure"}],
    )
    project.run()
    assert check_time(project) == 5
    states = check_states(project)
    # The single frame is too short for a clip; 1.3 s, 1.2 s, 1.2 s and 2 s in parts of up to 1 s: two each.
    assert states == {"kept": 8, "dropped": 1, "failed": 0, "pending": 0}
    assert len(project.sql("SELECT * FROM videos WHERE error IS NOT NULL")) == 1
    late = project.sql(
        "SELECT min(c.start_seconds) AS start FROM clips c JOIN videos v USING (video_id) "
        "WHERE v.uri LIKE '%late.mkv'"
    )
    assert late == [{"start": 100.0}]


def test_a_clip_whose_filter_fails_is_failed_and_not_dropped(project: Project) -> None:
    """Single frames have no motion: an error, which is no low score."""
    project.run("cuts.min_seconds=0", "cuts.max_seconds=0.05", "filters.media.keep=null")
    states = check_states(project)
    frames = project.sql("SELECT count(*) AS n FROM clips WHERE frames = 1")[0]["n"]
    assert states == {"kept": 0, "dropped": 0, "failed": frames, "pending": 0}
    errors = project.sql("SELECT DISTINCT error FROM verdicts")
    assert len(errors) == 1
    assert errors[0]["error"].startswith("motion: ") or "motion" in errors[0]["error"]
    assert project.sql("SELECT count(motion) AS n FROM clips") == [{"n": 0}]


REAL = (
    "decord__corrupted.mp4", "decord__unordered.mov", "decord__video_90.mov", "dj__video1-00841.mp4",
    "ffn__out.mp4", "mpy__clip1024.flv", "skv__carphone_distorted.mp4", "tc__nasa_13013_vfr.mp4",
    "tc__nasa_13013_rotated-749a1.mp4",
)  # fmt: skip
"""Small, and each odd in its own way: damaged, unordered, turned, a variable rate, not a video."""


@pytest.mark.real
def test_real_footage(real_videos: Path, tmp_path: Path, ray_started: None) -> None:
    project = fresh(tmp_path / "project", [str(real_videos / name) for name in REAL])
    project.pipeline["cuts"] |= {"min_seconds": 0.5, "max_seconds": 4}
    result = project.run("filters.media.keep.short_side.min=16", "filters.motion.keep.max=200")
    rows = project.sql("SELECT uri, error FROM videos")
    assert len(rows) == result.videos == len(REAL)
    usable = check_time(project)
    assert usable == len(REAL) - result.failed_videos
    assert usable >= 7
    states = check_states(project)
    assert states["kept"] >= 5
    assert states["pending"] == 0
