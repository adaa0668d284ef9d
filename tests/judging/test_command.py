"""`curate captions`: tables and JSON, its parts together, and wrong use."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from curate.cli import app
from curate.judging import ticks
from curate.judging.claims import claims_of
from curate.judging.source import Source
from tests.captioners.scripted import Reply, Scripted, caption, good
from tests.conftest import REPOSITORY
from tests.judging.making import Captioned, answer, captioned, row_of
from tests.judging.test_judge import verdicts
from tests.report.making import make
from tests.runs.helpers import Project


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Captioned:
    """62 clips: 58 with the model's caption, one with that of `measured` in its place, three without; two
    answers each for every fourth. Two pairs of near-identical captions, one of them within a video."""
    made = captioned(tmp_path_factory.mktemp("command") / "run", hostile=True)
    rows = made.made.tables.rows("captions", made.keys.captioner)
    by_id = {row["clip_id"]: row for row in rows}
    kept = made.kept
    for number, outcome in ((1, "words"), (2, "words"), (3, "unanswered"), (4, "measured")):
        by_id[kept[number]] = row_of(
            kept[number], {"short": "S.", "dense": f"Only measured {number}."}, [], outcome
        )
        if outcome != "measured":
            by_id[kept[number]] |= {"short": None, "dense": None}
    alike = next(clip for clip in kept[20:30] if made.videos[clip] != made.videos[kept[10]])
    inside = next(clip for clip in kept[30:] if made.videos[clip] == made.videos[kept[11]])
    by_id[alike]["dense"] = by_id[kept[10]]["dense"].replace("wool", "leather")
    by_id[inside]["dense"] = by_id[kept[11]]["dense"]
    made.made.tables.replace("captions", list(by_id.values()), key=made.keys.captioner)
    said = {5: "pan left", 6: "pan left", 7: "static"}
    raw = [json.dumps(caption(n) | {"camera_motion": said.get(n, "unclear")}) for n in range(len(kept))]
    answers = [answer(clip, raw[n], camera="static", sure=0.8) for n, clip in enumerate(kept)]
    answers += [
        answer(clip, good(n), 1, camera="static", sure=0.8) for n, clip in enumerate(kept) if n % 4 == 0
    ]
    made.made.tables.append("answers", answers, key=made.keys.answers)
    return made


def call(run: Captioned, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["captions", run.root, *arguments], env={"COLUMNS": "160"})


def told(run: Captioned, *arguments: str) -> dict[str, Any]:
    done = call(run, *arguments, "--format", "json")
    assert done.exit_code == 0, done.exception
    found: dict[str, Any] = json.loads(done.stdout, parse_constant=pytest.fail)
    return found


def test_statistics_as_json(run: Captioned) -> None:
    found = told(run)
    assert (found["captioned"], found["sampled"]) == (59, 59)
    assert found["outcomes"] == {"ok": 58, "words": 2, "measured": 1, "unanswered": 1}
    assert found["dense"]["quantiles"]["0"] == 3
    assert found["near"]["near"] == 2
    assert [(group["clips"], group["videos"]) for group in found["near"]["groups"]] == [(2, 2)]
    assert found["gates"]["answers"] == 62 + 16
    assert found["gates"]["by_attempt"] == [62, 16]
    assert found["gates"]["gates"][0]["gate"] == "passed"
    # The hostile one says static, all others unclear; `measured` says nothing.
    kept, first = (found["camera"][name] for name in ("captions", "first_answers"))
    assert (kept["agree"], kept["compared"], kept["abstained"]) == (1, 1, 57)
    # Answers are all of the scripted ones, two of which say that the camera pans.
    assert (first["agree"], first["compared"], first["abstained"]) == (1, 3, 59)
    cost = found["cost"]
    assert (cost["clips"], cost["requests"], cost["answers"], cost["tokens_in"], cost["tokens_out"]) == (
        62, 78, 78, 7800, 3900,
    )  # fmt: skip
    assert (cost["seconds"], cost["answers_per_clip"]) == (156.0, 78 / 62)


def test_statistics_as_tables(run: Captioned) -> None:
    done = call(run)
    assert done.exit_code == 0
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "59 clips of test have a caption" in lines
    assert any(line.startswith("passed ") for line in lines)
    near = "near-identical captions: 2 of 59 clips (3.4 %) have the words of a clip of another video"
    assert f"{near} (Jaccard ≥ 0.7)" in lines
    assert "static unclear 59" in lines
    assert "static pan left 2 no" in lines
    assert "answers 78 1.26" in lines
    assert "\x1b" not in done.stdout


def test_a_run_of_measured_captions_has_no_answers(tmp_path: Path) -> None:
    made = make(tmp_path / "run")
    done = CliRunner().invoke(app, ["captions", made.folder.root, "--format", "json"])
    found = json.loads(done.stdout)
    assert (found["gates"], found["camera"], found["cost"]) == (None, None, None)
    # One caption for all.
    assert (found["near"]["share"], found["near"]["groups"][0]["clips"]) == (1.0, found["captioned"])
    assert CliRunner().invoke(app, ["captions", made.folder.root]).exit_code == 0


def test_no_captions_is_a_table_too(tmp_path: Path) -> None:
    made = captioned(tmp_path / "run")
    made.made.tables.replace("captions", [], key=made.keys.captioner)
    assert told(made)["captioned"] == 0
    done = call(made)
    assert (done.exit_code, "0 clips of test have a caption" in done.stdout) == (0, True)
    done = call(made, "--audit", "3")
    assert "has no captions" in str(done.exception)


def test_facts_are_recalled_with_what_is_omitted(run: Captioned, tmp_path: Path) -> None:
    with Source(run.folder) as source:
        clip = next(clip for clip in source.clips(run.kept[10:]) if clip.uri.startswith("/in/1"))
    facts = [
        {"fact": "Somebody wears a jacket.", "words": [["jacket"]]},
        {"fact": "A dragon flies.", "words": [["dragon"], ["fly"]]},
    ]
    span = {
        "video": Path(clip.uri).name,
        "start_seconds": clip.start_seconds,
        "end_seconds": clip.end_seconds,
    }
    other = {"video": "other.mp4", "start_seconds": 0, "end_seconds": 5}
    file = tmp_path / "facts.json"
    file.write_text(json.dumps({"clips": [{**span, "facts": facts}, {**other, "facts": facts}]}))
    found = told(run, "--facts", str(file))
    assert set(found) == {"facts"}
    (one,) = found["facts"]["clips"]
    assert (found["facts"]["stated"], found["facts"]["facts"], one["omitted"]) == (1, 2, ["A dragon flies."])
    assert found["facts"]["uncaptioned"] == [other]
    done = call(run, "--facts", str(file))
    assert "1 of 2 facts: 50.0 % (9 to 91)" in done.stdout.replace("\u202f", " ")
    assert "1 clips have no caption: other.mp4" in done.stdout
    assert "cannot be read" in str(call(run, "--facts", str(tmp_path / "none")).exception)
    none = told(run, "--facts", str(REPOSITORY / "tests/captioners/facts.json"))["facts"]
    assert (none["share"], none["facts"]) == (None, 0)


def ticked(run: Captioned, path: Path, name: str, verdict: str, count: int = 4) -> str:
    """A sheet that says the same of every claim of `count` clips but `right` of the subject."""
    with Source(run.folder) as source:
        told = []
        for clip in source.clips(run.kept[10 : 10 + count]):
            claims = claims_of(clip)
            said = tuple("right" if claim.field == "subject" else verdict for claim in claims)
            told.append(ticks.Ticked(clip, claims, said, ("a dog",)))
    path.write_bytes(ticks.written(name, told))
    return str(path)


def test_ticks_of_two_people_and_a_judge(run: Captioned, tmp_path: Path) -> None:
    one = ticked(run, tmp_path / "a.json", "anne", "right")
    two = ticked(run, tmp_path / "b.json", "bob [red]\x1b[31m", "wrong")
    with Scripted(lambda asked, before: Reply(verdicts(asked))) as server:
        judge = f"{{use: openai, model: vlm, base_url: '{server.url}'}}"
        found = told(run, "--ticks", one, "--ticks", two, "--judge", judge)
        # Without an audit, the clips that people ticked.
        assert len(server.asked) == 4
        done = call(run, "--ticks", one, "--ticks", two, "--judge", judge)
    assert [sheet["auditor"] for sheet in found["ticks"]] == ["anne", "bob [red]\x1b[31m", "judge: vlm"]
    assert found["judge"]["unjudged"] == {}
    rates = [{rate["kind"]: rate["share"] for rate in sheet["fields"]} for sheet in found["ticks"]]
    assert [(rate["subject"], rate["action"], rate["dense"]) for rate in rates] == [
        (1.0, 1.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, None),
    ]  # fmt: skip
    assert [sheet["omitted"]["per_clip"] for sheet in found["ticks"]] == [1.0, 1.0, 1.0]
    assert len(found["agreement"]) == 3
    assert found["agreement"][0]["share"] == 0.1
    assert "\x1b" not in done.stdout
    assert "bob [red]\\x1b[31m" in done.stdout
    assert "kappa" in done.stdout
    # The judge's sheet is a file like any other.
    again = told(run, "--ticks", found["judge"]["path"], "--ticks", one)
    assert again["agreement"][0]["claims"] == found["agreement"][1]["claims"]


def test_an_audit_and_a_judge_are_about_the_same_clips(run: Captioned) -> None:
    with Scripted(lambda asked, before: Reply(verdicts(asked))) as server:
        judge = f"{{use: openai, model: vlm, base_url: '{server.url}'}}"
        found = told(run, "--audit", "5", "--seed", "2", "--judge", judge)
        assert (len(server.asked), found["audit"]["clips"], found["ticks"][0]["clips"]) == (5, 5, 5)
        page = Path(found["audit"]["path"]).read_text("utf-8")
        sheet = json.loads(Path(found["judge"]["path"]).read_bytes())
        assert {clip["clip_id"] in page for clip in sheet["clips"]} == {True}
        assert len(told(run, "--judge", judge)["ticks"]) == 1
    assert len(server.asked) == 5 + 59


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--format xml", "--format 'xml' is not known"), ("--audit 0", "from 1 to 1000"),
        ("--audit 3 --seed -1", "--seed -1"), ("--ticks none.json", "cannot be read"),
        ("--judge openai", "--judge wants a captioner"),
    ],
)  # fmt: skip
def test_wrong_use_is_told(run: Captioned, arguments: str, said: str) -> None:
    done = call(run, *shlex.split(arguments))
    assert isinstance(done.exception, ValueError)
    assert said in str(done.exception)


def test_captions_of_another_text_are_no_longer_those_of_the_ticks(run: Captioned, tmp_path: Path) -> None:
    path = ticked(run, tmp_path / "a.json", "anne", "right", 1)
    body = json.loads(Path(path).read_bytes())
    body["clips"][0]["digest"] = "0" * 32
    Path(path).write_text(json.dumps(body))
    assert "another caption" in str(call(run, "--ticks", path).exception)


def test_nothing_of_the_run_is_changed_by_looking(run: Captioned) -> None:
    before = {path: path.stat().st_mtime_ns for path in Path(run.root, "tables").rglob("*")}
    told(run)
    told(run, "--audit", "2")
    assert {path: path.stat().st_mtime_ns for path in Path(run.root, "tables").rglob("*")} == before


def test_ray_is_not_needed(run: Captioned, tmp_path: Path) -> None:
    done = Project(tmp_path).command("captions", run.root, "--audit", "1", without_ray=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"open {run.root}/audit/index.html" in " ".join(done.stdout.split())


def test_a_dropped_clips_caption_is_no_part(run: Captioned) -> None:
    """A rule that was tightened since leaves its captions in the table."""
    dropped = next(
        row["clip_id"]
        for row in run.made.tables.rows("clips", run.keys.cuts)
        if row["clip_id"] not in run.kept
    )
    run.made.tables.append("captions", [row_of(dropped, caption(1), [])], key=run.keys.captioner)
    assert told(run)["captioned"] == 59
