"""What is there is not done again: a second run, moved rules, other cuts, other orders, other filters."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runs.helpers import Project, digests, extra_film, idle, times

pytestmark = pytest.mark.ray

SCORES = ("score:media", "score:motion", "score:exposure")


def filters(project: Project) -> dict[str, dict[str, object]]:
    return {body["use"]: body for body in project.pipeline["filters"]}


def clip_at(project: Project, name: str, seconds: float) -> str:
    rows = project.sql(
        "SELECT c.clip_id FROM clips c JOIN videos v USING (video_id) "
        f"WHERE v.uri LIKE '%/{name}' AND c.start_seconds = {seconds}"
    )
    assert len(rows) == 1
    return str(rows[0]["clip_id"])


def test_a_second_run_does_nothing(project: Project, forbid_ray: Callable[[], None]) -> None:
    result, first = project.result(), project.steps(1)
    tars, parts = times(project.out / "shards"), times(project.out / "signals")
    forbid_ray()
    project.run()
    steps = project.steps(2)
    assert set(steps) == set(first)
    idle(steps, *steps)
    for name, row in steps.items():
        assert (row["reused"], row["failed"]) == (first[name]["done"], 0), name
    assert project.steps(1) == first
    assert project.result() == result
    assert (times(project.out / "shards"), times(project.out / "signals")) == (tars, parts)


def test_a_tightened_rule_measures_nothing(project: Project, forbid_ray: Callable[[], None]) -> None:
    members = project.members()
    forbid_ray()
    # 6.33 %/s and 6.31 %/s lie below, the three others above.
    rows = project.sql(
        "SELECT clip_id, motion FROM clips JOIN verdicts USING (clip_id) WHERE kept ORDER BY motion"
    )
    between = (rows[1]["motion"] + rows[2]["motion"]) / 2
    project.run(f"filters.motion.keep.min={between}")
    idle(project.steps(), "index", "scan", "cuts", *SCORES, "caption", "shards")
    assert project.kept() == {row["clip_id"] for row in rows[2:]}
    dropped = project.sql("SELECT clip_id, dropped_by FROM verdicts WHERE dropped_by = 'motion'")
    assert {row["clip_id"] for row in dropped} >= {row["clip_id"] for row in rows[:2]}
    left = project.members()
    assert {name.split(".")[0] for name in left} == project.kept()
    assert left.items() <= members.items()


def test_a_loosened_rule_measures_and_encodes_only_what_comes_back(project: Project) -> None:
    still = clip_at(project, "first.mp4", 2.0)
    project.run("filters.motion.keep.min=0")
    steps = project.steps()
    idle(steps, "index", "scan", "cuts", "score:media", "score:motion")
    # The still clip had been dropped by motion before exposure saw it.
    assert (steps["score:exposure"]["done"], steps["score:exposure"]["reused"]) == (1, 6)
    assert (steps["caption"]["done"], steps["caption"]["reused"]) == (1, 5)
    assert (steps["shards"]["clips_encoded"], steps["shards"]["reused"]) == (1, 5)
    assert still in project.kept()
    assert len(project.kept()) == 6


def test_lower_min_seconds_keeps_scores_and_captions(project: Project) -> None:
    short = clip_at(project, "first.mp4", 7.0)
    captions = project.sql("SELECT * FROM captions ORDER BY clip_id")
    project.run("cuts.min_seconds=0.7")
    steps = project.steps()
    idle(steps, "index", "scan")
    # Cuts are made again, from stored signals; one clip is new, the same span in another state.
    assert (steps["cuts"]["done"], steps["cuts"]["frames_decoded"]) == (3, 0)
    for name, reused in (
        ("score:media", 8),
        ("score:motion", 7),
        ("score:exposure", 6),
        ("caption", 5),
        ("shards", 5),
    ):
        assert (steps[name]["done"], steps[name]["reused"]) == (1, reused), name
    assert steps["shards"]["clips_encoded"] == 1
    assert project.kept() >= {short}
    later = project.sql("SELECT * FROM captions ORDER BY clip_id")
    assert [row for row in later if row["clip_id"] != short] == captions


def test_bare_shots_do_not_decode(project: Project, forbid_ray: Callable[[], None]) -> None:
    """`min_seconds=0 trim_seconds=0` and a huge `max_seconds`, with what is new dropped by a rule."""
    forbid_ray()
    project.run(
        "cuts.min_seconds=0",
        "cuts.trim_seconds=0",
        "cuts.max_seconds=100000",
        "filters.media.keep.seconds.min=1",
    )
    steps = project.steps()
    idle(steps, "index", "scan", "caption", "shards")
    assert (steps["score:media"]["done"], steps["score:media"]["reused"]) == (1, 8)
    assert project.sql("SELECT count(*) AS n FROM verdicts WHERE dropped_by = 'media.seconds'") == [{"n": 1}]


def test_split_shots_are_new_clips_and_the_others_are_not(project: Project) -> None:
    """`max_seconds: 2` splits the one shot of three seconds, which is two new clips."""
    project.run("cuts.max_seconds=2")
    steps = project.steps()
    idle(steps, "index", "scan")
    assert (steps["score:media"]["done"], steps["score:media"]["reused"]) == (2, 7)
    assert (steps["caption"]["done"], steps["caption"]["reused"]) == (2, 4)
    assert (steps["shards"]["clips_encoded"], steps["shards"]["reused"]) == (2, 4)
    assert project.sql(
        "SELECT c.start_seconds, c.end_seconds FROM clips c JOIN videos v USING (video_id) "
        "WHERE v.uri LIKE '%/first.mp4' AND c.start_seconds BETWEEN 4 AND 6.9 ORDER BY 1"
    ) == [{"start_seconds": 4.0, "end_seconds": 5.5}, {"start_seconds": 5.5, "end_seconds": 7.0}]


def test_another_order_of_filters_does_only_what_it_lacks(
    project: Project, forbid_ray: Callable[[], None]
) -> None:
    result, kept = project.result(), project.kept()
    forbid_ray()
    project.pipeline["filters"].reverse()
    project.run()
    steps = project.steps()
    idle(steps, "index", "scan", "cuts", "caption", "shards")
    # Exposure now comes first and sees two more: what motion and media dropped. It drops the still of no one.
    assert (steps["score:exposure"]["done"], steps["score:exposure"]["reused"]) == (2, 6)
    # Motion sees what media had dropped.
    assert (steps["score:motion"]["done"], steps["score:motion"]["reused"]) == (1, 6)
    assert (steps["score:media"]["done"], steps["score:media"]["reused"]) == (0, 6)
    assert project.kept() == kept
    # KEY.json lists the scores by name: the order of the filters is not in it.
    assert project.result() == result
    assert [row["rule"] for row in project.sql("SELECT rule FROM funnel ORDER BY position")][3:7] == [
        "exposure", "motion", "media.fps", "media.short_side",
    ]  # fmt: skip


def test_an_added_filter_measures_only_itself(project: Project, forbid_ray: Callable[[], None]) -> None:
    mp4s = {name: data for name, data in project.members().items() if name.endswith((".mp4", ".txt"))}
    forbid_ray()
    project.pipeline["filters"].append({"use": "exposure", "name": "dark", "flat_contrast": 10.0})
    project.run()
    steps = project.steps()
    idle(steps, "index", "scan", "cuts", *SCORES, "caption", "shards")
    assert (steps["score:dark"]["done"], steps["score:dark"]["reused"]) == (5, 0)
    assert {name: data for name, data in project.members().items() if name.endswith((".mp4", ".txt"))} == mp4s
    assert all("dark" in document["scores"] for document in project.documents())
    assert project.sql("SELECT count(dark) AS n FROM clips") == [{"n": 5}]


def test_a_rule_taken_away(project: Project, forbid_ray: Callable[[], None]) -> None:
    forbid_ray()
    slow = clip_at(project, "slow.mkv", 0.0)
    # The last rule: what it dropped was measured by every filter, and is encoded now, but not here.
    project.run("filters.media.keep=null", "filters.media.keep.short_side.min=200")
    assert project.kept() == set()
    assert project.shards() == {}
    rows = project.sql("SELECT DISTINCT dropped_by FROM verdicts ORDER BY 1")
    assert [row["dropped_by"] for row in rows] == ["cuts.min_seconds", "media.short_side"]
    verdict = project.sql(f"SELECT dropped_by FROM verdicts WHERE clip_id = '{slow}'")
    assert verdict == [{"dropped_by": "media.short_side"}]


def test_a_rule_taken_away_lets_its_clips_in(project: Project) -> None:
    blown = clip_at(project, "second.mp4", 2.0)
    project.run("filters.exposure.keep=null")
    steps = project.steps()
    idle(steps, "index", "scan", "cuts", *SCORES)
    assert (steps["caption"]["done"], steps["shards"]["clips_encoded"], steps["shards"]["reused"]) == (
        1,
        1,
        5,
    )
    assert blown in project.kept()
    assert len(project.kept()) == 6
    # The filter still measures and has its place in the funnel.
    funnel = {row["rule"]: row["dropped"] for row in project.sql("SELECT rule, dropped FROM funnel")}
    assert funnel["exposure"] == 0


def test_an_added_video_is_all_that_is_done(project: Project, base: Project) -> None:
    folder = project.root / "more"
    folder.mkdir()
    extra_film(folder / "extra.mp4")
    before = project.members()
    project.pipeline["input"] = [str(base.input), str(folder)]
    project.run()
    steps = project.steps()
    expected = {"index": (1, 3), "scan": (1, 3), "cuts": (1, 3), "caption": (2, 5), "shards": (2, 5)}
    for name, counts in expected.items():
        assert (steps[name]["done"], steps[name]["reused"]) == counts, name
    assert (steps["scan"]["frames_decoded"], steps["shards"]["clips_encoded"]) == (100, 2)
    assert before.items() <= project.members().items()
    assert len(project.kept()) == 7


def test_other_frames_are_one_more_decode_and_touch_nothing_else(project: Project) -> None:
    """Sampled frames are a group of their own: no signal is computed again, so nothing that reads one is."""
    before, tars = times(project.out / "signals"), times(project.out / "shards")
    project.run("scan.frames_per_second=1")
    steps = project.steps()
    assert steps["scan"]["done"] == 3
    idle(steps, *(name for name in steps if name != "scan"))
    assert (times(project.out / "signals"), times(project.out / "shards")) == (before, tars)
    project.run()
    idle(project.steps(), *project.steps())


def test_audited_clips_are_measured_with_every_filter(
    project: Project, forbid_ray: Callable[[], None]
) -> None:
    result = project.result()
    verdicts = project.sql("SELECT * FROM verdicts ORDER BY clip_id")
    forbid_ray()
    project.run("audit=1")
    steps = project.steps()
    assert [(steps[name]["done"], steps[name]["reused"]) for name in SCORES] == [(1, 8), (2, 7), (3, 6)]
    idle(steps, "index", "scan", "caption", "shards")
    assert project.sql("SELECT count(media) AS a, count(motion) AS b, count(exposure) AS c FROM clips") == [
        {"a": 9, "b": 9, "c": 9}
    ]
    assert project.sql("SELECT * FROM verdicts ORDER BY clip_id") == verdicts
    assert project.result() == result


def test_options_of_the_encoder_encode_and_nothing_else(project: Project) -> None:
    project.run("shards.crf=30")
    steps = project.steps()
    idle(steps, "index", "scan", "cuts", *SCORES, "caption")
    assert (steps["shards"]["clips_encoded"], steps["shards"]["reused"]) == (5, 0)


def test_the_size_of_shards_packs_anew_without_encoding(
    project: Project, forbid_ray: Callable[[], None]
) -> None:
    members = project.members()
    forbid_ray()
    project.run("shards.max_bytes=50MB")
    idle(project.steps(), "scan", "caption", "shards")
    assert project.members() == members
    assert len(project.shards()) == len({row["bucket"] for row in project.samples()})


def test_a_run_folder_may_be_moved(project: Project, forbid_ray: Callable[[], None], tmp_path: Path) -> None:
    """Also into a folder whose name has spaces, quotes and signs of URLs."""
    forbid_ray()
    before = digests(project.out / "shards")
    moved = Project(tmp_path / "it's a #1 % ü folder", project.pipeline)
    moved.root.mkdir()
    shutil.move(project.out, moved.out)
    moved.run()
    idle(moved.steps(), *moved.steps())
    assert moved.shards() == before
    assert len(moved.kept()) == 5
