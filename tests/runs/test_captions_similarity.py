"""The gate `similarity` in a whole run: actors with a CLIP of random weights, a server, and shards."""

from collections import Counter
from pathlib import Path

import pytest

from curate.config import load
from curate.plan import StepPlan, plan_run
from curate.run import check
from stages.inputs import listing
from tests.captioners.scripted import Asked, Reply, Scripted
from tests.runs.captioned import always_good, captioned_by, captions, good_for, many_clips
from tests.runs.helpers import Project, Row
from tests.tiny_clip import write_clip

pytestmark = pytest.mark.ray

CLIPS, TAIL = 26, 3


def similarities(project: Project) -> dict[str, list[float]]:
    """The values of each clip, in no order."""
    found: dict[str, list[float]] = {}
    for row in project.sql("SELECT * FROM similarities"):
        assert row["error"] is None
        found.setdefault(row["clip_id"], []).append(row["similarity"])
    return found


def planned(project: Project, *settings: str) -> tuple[list[StepPlan], list[str]]:
    plan = load(str(project.write()), None, settings)
    found = listing(plan.pipeline.input, plan.pipeline.output)
    made = plan_run(plan, found.entries, found.passed_over)
    return [step for step in made.steps if step.step in ("caption", "similarity")], made.warnings


def of_text(rows: list[Row]) -> list[Row]:
    return [{name: row[name] for name in ("clip_id", "dense", "outcome")} for row in rows]


def test_the_tail_of_a_run_is_asked_about_again_and_a_second_run_does_nothing(tmp_path: Path) -> None:
    model = write_clip(tmp_path / "clip", vocabulary=49408)
    gate = f"captioner.similarity={{model: {model}, tail: {(TAIL + 0.5) / CLIPS}, least: 2}}"

    def script(asked: Asked, before: int) -> Reply:
        # The second answer differs, but not in the words that are compared.
        changed = {"subject": "somebody else"} if "does not fit the pictures" in asked.text else {}
        return Reply(good_for(asked, **changed))

    with Scripted(always_good) as server:
        inputs = many_clips(tmp_path / "input", films=1)
        project = captioned_by(server, tmp_path / "project", inputs, attempts=2, otherwise="measured")
        project.run()
        assert "similarity" not in project.steps()
        plain = captions(project)
        assert (len(plain), len(server.asked)) == (CLIPS, CLIPS)
        (caption, step), warnings = planned(project, gate)
        assert (caption.todo, step.todo, step.done, step.why) == (0, CLIPS, 0, "similarity is new")
        assert warnings == []
        server.asked.clear()
        server.script = script

        project.run(gate)
        assert len(server.asked) == TAIL
        found = similarities(project)
        assert len(found) == CLIPS
        steps = project.steps()
        assert (steps["caption"]["done"], steps["similarity"]["failed"]) == (0, TAIL)
        lowest = sorted(found, key=lambda clip: found[clip])[:TAIL]
        judged = captions(project)
        assert Counter(row["outcome"] for row in judged) == {"ok": CLIPS - TAIL, "measured": TAIL}
        assert {row["clip_id"] for row in judged if row["outcome"] == "measured"} == set(lowest)
        assert all(
            row["error"].startswith("similarity: the caption does not fit the pictures")
            for row in judged
            if row["outcome"] == "measured"
        )
        assert len(project.samples()) == CLIPS
        assert project.command("verify", str(project.out)).returncode == 0
        assert [step.todo for step in planned(project, gate)[0]] == [0, 0]

        server.asked.clear()
        project.run(gate)
        assert (server.asked, project.steps()["similarity"]["done"]) == ([], 0)
        assert captions(project) == judged
        # A share of nothing is decided from the table, without the model.
        project.run(gate.replace(f"tail: {(TAIL + 0.5) / CLIPS}", "tail: 0"))
        assert server.asked == []
        assert of_text(captions(project)) == of_text(plain)

        lost = "captioner.similarity={model: nowhere}"
        with pytest.raises(ValueError, match="there is no file or folder nowhere"):
            check(load(str(project.write()), None, [lost]))
        assert "there is no file or folder nowhere" in planned(project, lost)[1][0]
