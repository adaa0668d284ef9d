"""`curate plan` says what `curate run` then does: no less, and exactly what follows from the tables."""

import pytest

from curate.config import load
from curate.plan import plan_run
from stages.inputs import listing
from tests.runs.helpers import Project, extra_film

pytestmark = pytest.mark.ray


def planned(project: Project, *settings: str) -> tuple[dict[str, tuple[int, int]], list[str], dict[str, str]]:
    """(done, to do) of each step, the warnings, and the reasons of the steps that have something to do."""
    plan = load(str(project.write()), None, settings)
    found = listing(plan.pipeline.input, plan.pipeline.output)
    result = plan_run(plan, found.entries, found.passed_over)
    return (
        {step.step: (step.done, step.todo) for step in result.steps},
        result.warnings,
        {step.step: step.why for step in result.steps if step.todo},
    )


def test_nothing_is_planned_after_a_run(base: Project) -> None:
    counts, warnings, _ = planned(base)
    done = {name: row["done"] for name, row in base.steps(1).items()}
    assert counts == {name: (done[name], 0) for name in counts}
    assert set(counts) == set(done)
    assert warnings == []


@pytest.mark.parametrize(
    ("setting", "step", "todo", "why"),
    [
        ("filters.motion.keep.min=0", "score:exposure", 1, "new"),
        ("cuts.max_seconds=2", "cuts", 3, "options of cuts changed: max_seconds 20 → 2"),
        ("shards.crf=30", "shards", 5, "options of shards changed: crf 18.0 → 30.0"),
        (
            "filters.exposure.white_share=0.9", "score:exposure", 6,
            "options of exposure changed: white_share default → 0.9",
        ),
        ("scan.frames_per_second=1", "scan", 3, "options of scan changed: frames_per_second 2.0 → 1.0"),
        ("filters.media.keep.fps.min=1", "score:motion", 1, "new"),
    ],
)  # fmt: skip
def test_what_is_planned_is_done(project: Project, setting: str, step: str, todo: int, why: str) -> None:
    counts, _, reasons = planned(project, setting)
    assert (counts[step][1], reasons[step]) == (todo, why)
    project.run(setting)
    done = {name: row["done"] for name, row in project.steps().items()}
    assert done[step] == todo
    for name, (_, at_least) in counts.items():
        assert done[name] >= at_least, name
    assert all(later == 0 for _, later in planned(project, setting)[0].values())


def test_a_new_video_is_planned(project: Project, base: Project) -> None:
    folder = project.root / "more"
    folder.mkdir()
    extra_film(folder / "extra.mp4")
    project.pipeline["input"] = [str(base.input), str(folder)]
    counts, _, reasons = planned(project)
    assert counts["index"] == (3, 1)
    assert reasons["index"] == "new"
