"""What is asked, and what is not, when a run with captions of a model is given again: changed, or killed."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from curate.config import load
from curate.plan import StepPlan, plan_run
from curate.run import RunError
from stages.inputs import listing
from tests.captioners.scripted import Asked, Reply, Scripted
from tests.crash.command import finish, kill, start, wait_for
from tests.runs.captioned import (
    always_good,
    answers,
    captioned_by,
    captions,
    good_for,
    many_clips,
    number_of,
)
from tests.runs.helpers import Project

pytestmark = pytest.mark.ray

CLIPS = 52
LONGER = (
    "A person in a wool jacket stands beside a lamp and coils a rope around one arm, looping it from elbow "
    "to palm. Further back a second door is open and a faint glow comes out of it onto the stone floor, "
    "where two baskets rest against a wall. A bird crosses from the right toward the far end of the room, "
    "lands on a beam and folds its wings, and the person glances up before the last loop is tied."
)
"""More words than the server's usual captions have."""
CONCURRENCY = 8


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return many_clips(tmp_path_factory.mktemp("again") / "input", films=2)


@pytest.fixture(scope="module")
def server() -> Iterator[Scripted]:
    with Scripted(always_good) as server:
        yield server


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, inputs: Path, server: Scripted, ray_started: None
) -> Project:
    """A run with its captions. Not to be changed: copy it."""
    server.script = always_good
    project = captioned_by(server, tmp_path_factory.mktemp("finished"), inputs)
    project.run()
    return project


@pytest.fixture
def project(finished: Project, server: Scripted, tmp_path: Path) -> Project:
    server.script = always_good
    server.asked.clear()
    shutil.copytree(finished.out, tmp_path / "run")
    copy = Project(tmp_path)
    copy.pipeline = dict(finished.pipeline)
    return copy


def planned(project: Project, *settings: str) -> StepPlan:
    plan = load(str(project.write()), None, settings)
    found = listing(plan.pipeline.input, plan.pipeline.output)
    steps = plan_run(plan, found.entries, found.passed_over).steps
    return next(step for step in steps if step.step == "caption")


def test_the_same_again_asks_nothing(project: Project, server: Scripted) -> None:
    before = captions(project)
    assert (len(before), {row["outcome"] for row in before}) == (CLIPS, {"ok"})
    assert (planned(project).todo, planned(project).details) == (0, {})
    project.run()
    assert server.asked == []
    assert captions(project) == before


def test_a_loosened_gate_asks_nothing(project: Project, server: Scripted) -> None:
    before = [row["dense"] for row in captions(project)]
    setting = "captioner.gates={max_words: 200}"
    step = planned(project, setting)
    assert (step.todo, step.details["requests"]) == (CLIPS, 0)
    project.run(setting)
    assert server.asked == []
    assert [row["dense"] for row in captions(project)] == before


def test_a_tightened_gate_asks_about_those_that_now_fail_and_have_attempts_left(
    project: Project, server: Scripted
) -> None:
    lengths = Counter(len(row["dense"].split()) for row in captions(project))
    limit = sorted(lengths)[len(lengths) // 2]
    short = sum(count for length, count in lengths.items() if length < limit)
    assert 0 < short < CLIPS
    setting = f"captioner.gates={{min_words: {limit}}}"
    assert planned(project, setting).details == {"requests": short, "frames_to_decode": 0}
    server.script = lambda asked, before: Reply(good_for(asked, dense=LONGER))
    project.run(setting)
    assert len(server.asked) == short
    assert {asked.body["seed"] for asked in server.asked} == {1}
    rows = captions(project)
    assert Counter((row["outcome"], row["attempts"]) for row in rows) == {
        ("ok", 1): CLIPS - short, ("ok", 2): short
    }  # fmt: skip


def test_clips_without_attempts_left_are_not_asked_about(project: Project, server: Scripted) -> None:
    settings = ["captioner.gates={min_words: 149}", "captioner.attempts=1"]
    assert planned(project, *settings).details == {"requests": 0, "frames_to_decode": 0}
    project.run(*settings)
    assert server.asked == []
    assert {(row["outcome"], row["dense"]) for row in captions(project)} == {("words", None)}


def test_an_edited_prompt_asks_about_every_clip(project: Project, server: Scripted, tmp_path: Path) -> None:
    hashes = {row["prompt_hash"] for row in captions(project)}
    prompt = tmp_path / "mine.txt"
    prompt.write_text("[user]\nDescribe these $frames moments as JSON with $fields.\n")
    setting = f"captioner.prompt={prompt}"
    step = planned(project, setting)
    assert (step.todo, step.details["requests"]) == (CLIPS, CLIPS)
    project.run(setting)
    assert len(server.asked) == CLIPS
    assert all(asked.text.endswith("text_visible, dense, short.") for asked in server.asked)
    new = {row["prompt_hash"] for row in captions(project)}
    assert (len(new), new & hashes) == (1, set())
    prompt.write_text("[user]\nDescribe these $frames moments as JSON with the fields $fields.\n")
    project.run(setting)
    assert len(server.asked) == 2 * CLIPS


def test_another_model_asks_about_every_clip_and_another_address_about_none(
    project: Project, server: Scripted
) -> None:
    project.run(f"captioner.base_url={server.url.replace('127.0.0.1', 'localhost')}")
    assert server.asked == []
    project.run("captioner.model=other")
    assert len(server.asked) == CLIPS


def test_a_loosened_filter_asks_about_newcomers_alone(project: Project, server: Scripted) -> None:
    speeds = sorted(row["motion"] for row in project.sql("SELECT motion FROM clips WHERE motion IS NOT NULL"))
    tight = f"filters.motion.keep.max={speeds[len(speeds) // 2]:.6f}"
    project.pipeline["captioner"] = {**project.pipeline["captioner"], "seed": 11}
    project.run(tight)
    few = len(captions(project))
    assert 0 < few < CLIPS
    assert len(server.asked) == few
    asked_then = {asked.key for asked in server.asked}
    server.asked.clear()
    assert planned(project).details["requests"] == CLIPS - few
    project.run()
    assert len(server.asked) == CLIPS - few
    assert asked_then & {asked.key for asked in server.asked} == set()


def test_shards_follow_from_the_answers(project: Project, server: Scripted) -> None:
    whole = project.shards()
    shutil.rmtree(project.out / "shards")
    project.run()
    assert server.asked == []
    assert project.shards() == whole


def test_the_measured_caption_stands_in_where_the_rule_says_so(project: Project, server: Scripted) -> None:
    project.run("captioner.gates={min_words: 149}", "captioner.attempts=1", "captioner.otherwise=measured")
    assert server.asked == []
    rows = captions(project)
    assert {(row["outcome"], row["captioner"], row["model"]) for row in rows} == {
        ("measured", "measured", None)
    }
    assert all(row["error"].startswith("words: ") for row in rows)
    assert all(row["dense"].startswith("The clip is in ") for row in rows)
    assert len(project.samples()) == CLIPS
    # They have a caption, and did not fail.
    step = project.steps()["caption"]
    assert (step["done"], step["reused"], step["failed"]) == (CLIPS, 0, 0)
    assert project.command("verify", str(project.out)).returncode == 0


def test_what_stayed_unanswered_is_asked_again_in_the_next_run(project: Project, server: Scripted) -> None:
    def script(asked: Asked, before: int) -> Reply:
        return Reply("no", status=503) if number_of(asked) % 4 == 0 else Reply(good_for(asked))

    server.script = script
    settings = ["captioner.seed=7", "captioner.tries=2"]
    project.run(*settings)
    lost = [row for row in captions(project) if row["outcome"] == "unanswered"]
    assert 0 < len(lost) < CLIPS
    assert all(row["error"] == "HTTP 503: no (2 tries)" for row in lost)
    server.script = always_good
    server.asked.clear()
    assert planned(project, *settings).details["requests"] == len(lost)
    project.run(*settings)
    assert len(server.asked) == len(lost)
    assert Counter(row["outcome"] for row in captions(project)) == {"ok": CLIPS}
    assert len({row["clip_id"] for row in captions(project)}) == CLIPS


def test_a_budget_leaves_clips_waiting_until_it_is_raised(project: Project, server: Scripted) -> None:
    settings = ["captioner.seed=9", "captioner.max_tokens=50"]
    # An answer takes 150 tokens, and the next one is not begun before it is known to fit.
    project.run(*settings, "captioner.budget_tokens=3000")
    some = len(captions(project))
    assert 10 <= some <= 20
    spent = sum(row["tokens_in"] + row["tokens_out"] for row in answers(project))
    assert spent == 150 * some <= 3000
    assert project.sql("SELECT pending FROM funnel WHERE rule = 'captioner'") == [{"pending": CLIPS - some}]
    project.run(*settings, "captioner.budget_tokens=1000000")
    assert len(captions(project)) == CLIPS
    assert len(server.asked) == CLIPS


def test_a_collapsed_model_raises_an_alarm_and_changes_no_outcome(project: Project, server: Scripted) -> None:
    words: list[str] = []

    def the_same(asked: Asked, before: int) -> Reply:
        words.append(words[0] if words else good_for(asked))
        return Reply(words[0])

    server.script = the_same
    alarm = project.run("captioner.seed=5").alarm
    assert alarm is not None
    assert alarm.startswith("100% of the captions are near-identical")
    assert Counter(row["outcome"] for row in captions(project)) == {"ok": CLIPS}
    assert "100% of the captions" in (project.out / "report.html").read_text()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "does not know the key: check api_key_env or api_key_file"),
        (404, "does not know that address or model: check base_url and `model`"),
    ],
)
def test_a_wrong_key_or_model_ends_the_run_in_one_sentence(
    project: Project, server: Scripted, status: int, said: str
) -> None:
    server.script = lambda asked, before: Reply("no", status=status)
    with pytest.raises(RunError, match=said) as told:
        project.run(f"captioner.seed={status}")
    assert "\n" not in str(told.value)
    assert len(server.asked) <= 2 * 16


def test_a_kill_loses_no_more_answers_than_were_in_flight(
    project: Project, server: Scripted, inputs: Path
) -> None:
    def slowly(asked: Asked, before: int) -> Reply:
        return Reply(good_for(asked), seconds=0.4)

    server.script = slowly
    project.pipeline["captioner"] = {**project.pipeline["captioner"], "concurrency": CONCURRENCY}
    undisturbed = project.shards()
    # Other answers: all are to be asked for, and say the same.
    project.pipeline["captioner"]["seed"] = 12
    project.write()
    process = start(project.root, "run", "pipelines.yaml", "--quiet")
    wait_for(process, lambda: len(server.asked) >= 20)
    kill(process)
    asked_then = len(server.asked)
    assert asked_then < CLIPS
    code, _, err = finish(start(project.root, "run", "pipelines.yaml", "--quiet"))
    assert code == 0, err
    twice = Counter(asked.key for asked in server.asked)
    assert len(twice) == CLIPS
    assert sum(count - 1 for count in twice.values()) <= CONCURRENCY
    assert server.most <= 16
    assert project.shards() == undisturbed
    assert len(answers(project)) == CLIPS
