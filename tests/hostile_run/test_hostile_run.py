"""One run over everything that is not clean, and one over real footage: it ends, and every file is accounted
for."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from curate.storage import Folder
from curate.tables import Tables
from tests import hostile
from tests.crash.command import ask, curate, last_steps, leftovers
from tests.hostile_run.watching import SCAN, Watched, watched, watched_run
from tests.making import write

pytestmark = pytest.mark.ray

PIPELINE = """
pipelines:
  p:
    input: {input}
    output: out
    scan: {scan}
    cuts: {{use: adaptive, min_seconds: 0, max_seconds: 20}}
    filters: [{{use: media}}, {{use: motion}}, {{use: exposure}}]
    shards: {{crf: 35, preset: ultrafast}}
"""

ESCAPE = "\x1b[31mred\x1b[0m.mp4"
"""Coloured, to a terminal that believes it."""
NOT_UTF8 = os.fsdecode(b"caf\xe9.mp4")
NOT_UTF8_URI = "caf%E9.mp4"
SECRETS = ("ffconcat/secret.dat", "playlist/segment.m4s")
"""Files that only a careless reader of another file opens; they have no video extension."""


class Hostile(NamedTuple):
    project: Path
    outcomes: dict[str, str]
    """uri -> "ok", "salvaged", "error"."""
    passed_over: int
    watched: Watched


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    project = tmp_path_factory.mktemp("hostile")
    outcomes: dict[str, str] = {}
    for name, make in hostile.ALL.items():
        folder = project / "in" / name
        folder.mkdir(parents=True)
        outcomes[str(make(folder))] = hostile.OUTCOMES[name]
    # The file of which one byte was flipped lies beside it: a copy, the other uri of a content.
    outcomes[str(project / "in" / "one_byte_flipped" / "uncompressed.mkv")] = "ok"
    for name, make in hostile.NOT_FILES.items():
        (project / "in" / name).mkdir()
        path = make(project / "in" / name)
        if name != "directory":
            outcomes[str(path)] = "error"
    outcomes[str(write(project / "in" / ESCAPE, frames=30))] = "ok"
    odd = write(project / "in" / "plain.mp4", frames=31).rename(project / "in" / NOT_UTF8)
    outcomes[f"file://{odd.parent}/{NOT_UTF8_URI}"] = "ok"
    (project / "p.yaml").write_text(PIPELINE.format(input="in", scan=SCAN))
    listed = {path for path in (project / "in").rglob("*") if not path.is_dir()}
    done = watched_run(project, files=len(outcomes), secrets=[project / "in" / name for name in SECRETS])
    return Hostile(project, outcomes, len(listed) - len(outcomes), done)


def test_every_file_is_accounted_for(run: Hostile) -> None:
    rows = ask(run.project / "out", "SELECT uris, error, salvaged FROM videos")
    found = {
        uri: "error" if row["error"] is not None else "salvaged" if row["salvaged"] else "ok"
        for row in rows
        for uri in row["uris"]
    }
    assert len(found) == sum(len(row["uris"]) for row in rows)
    assert found == run.outcomes


def test_a_script_and_a_playlist_open_nothing(run: Hostile) -> None:
    assert run.watched.opened == []
    (row,) = Tables(Folder(str(run.project / "out"))).rows("runs")[-1:]
    assert row["passed_over"] == run.passed_over == len(SECRETS)


def test_time_and_memory_are_bounded(run: Hostile) -> None:
    run.watched.assert_bounded(len(run.outcomes))


def test_the_watch_sees_who_opens(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_text("text")
    with watched(paths) as opened:
        paths[1].read_text()
    assert opened == ["b"]


def test_errors_can_be_read(run: Hostile) -> None:
    rows = ask(run.project / "out", "SELECT uri, error FROM videos WHERE error IS NOT NULL")
    for row in rows:
        error = row["error"]
        assert 15 < len(error) < 400, row
        assert error.isprintable(), row
        for word in ("Traceback", "Exception", "Errno", "None", "<av.", "0x"):
            assert word not in error, row


def test_every_second_lies_in_one_clip(run: Hostile) -> None:
    assert_conserved(run.project / "out")


def test_every_clip_has_one_state_and_the_shards_agree(run: Hostile) -> None:
    out = run.project / "out"
    (row,) = ask(
        out,
        "SELECT count(*) AS clips, count(*) FILTER (kept) AS kept, count(*) FILTER (pending) AS pending, "
        "count(*) FILTER (kept::INT + pending::INT + (dropped_by IS NOT NULL AND NOT pending)::INT + "
        "(error IS NOT NULL)::INT <> 1) AS strange FROM verdicts",
    )
    assert row["strange"] == 0
    assert row["pending"] == 0
    assert row["kept"] > 30
    # A picture that stands alone, or a tenth of a second, does not move: the one thing that fails here.
    failed = {r["error"] for r in ask(out, "SELECT error FROM verdicts WHERE error IS NOT NULL")}
    assert failed
    assert [error for error in failed if not error.endswith("; drop such clips by their seconds")] == [
        "a clip of one frame has no motion: drop such clips by their seconds"
    ]
    assert [r["n"] for r in ask(out, "SELECT count(*) AS n FROM samples")] == [row["kept"]]
    assert leftovers(out) == []
    code, _, err = curate(run.project, "verify", "out")
    assert (code, err) == (0, "")


def test_strict_ends_with_one_and_does_nothing_again(run: Hostile) -> None:
    code, _, said = curate(run.project, "run", "p.yaml", "--strict")
    assert code == 1
    steps = last_steps(run.project / "out")
    assert {name: row["done"] for name, row in steps.items() if row["done"]} == {}
    message = said.splitlines()[-1]
    failed = sum(outcome == "error" for outcome in run.outcomes.values())
    assert message.startswith(f"curate: --strict: {failed} of {len(run.outcomes) - 1} videos failed; ")
    assert "SELECT uri, error FROM videos" in message


def test_names_come_through_a_query_as_they_are(run: Hostile) -> None:
    sql = "SELECT unnest(uris) AS name FROM videos"
    code, said, err = curate(run.project, "query", "out", sql, "--format", "json")
    assert (code, err) == (0, "")
    assert {row["name"] for row in json.loads(said)} == set(run.outcomes)
    code, said, err = curate(run.project, "query", "out", sql, "--format", "csv")
    assert (code, err) == (0, "")
    assert {row["name"] for row in csv.DictReader(io.StringIO(said, newline=""))} == set(run.outcomes)
    code, said, err = curate(run.project, "query", "out", "SELECT uri FROM videos WHERE uri LIKE '%red%'")
    assert (code, err) == (0, "")
    assert "<b>bold</b> & [red]rich[/red].mp4" in said.replace("\n", "")
    assert "\x1b" not in said  # A name is no command to the terminal.
    assert "\\x1b[31mred\\x1b[0m.mp4" in said


def assert_conserved(out: Path) -> None:
    """The clips of each scanned video follow each other from its start to its end."""
    spans: dict[bytes, list[Any]] = {}
    for row in Tables(Folder(str(out))).rows("clips"):
        spans.setdefault(row["video_id"], []).append((row["start_pts"], row["end_pts"]))
    scans = [row for row in Tables(Folder(str(out))).rows("scans") if row["error"] is None]
    assert {row["video_id"] for row in scans} == set(spans)
    for row in scans:
        found = sorted(spans[row["video_id"]])
        assert (found[0][0], found[-1][1]) == (row["start_pts"], row["end_pts"])
        assert [end for _, end in found[:-1]] == [start for start, _ in found[1:]]


@pytest.mark.real
def test_real_footage_is_accounted_for(real_videos: Path, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(PIPELINE.format(input=json.dumps(str(real_videos)), scan=SCAN))
    # Few survivors, and small: clips have tests of their own.
    settings = ("--set", "filters.media.keep={seconds: {min: 10}}", "--set", "shards.max_short_side=144")
    code, _, said = curate(tmp_path, "run", "p.yaml", *settings)
    assert code == 0, said
    rows = ask(tmp_path / "out", "SELECT uris, error FROM videos")
    known = {str(path) for path in real_videos.iterdir() if path.suffix not in (".md", ".json")}
    assert {uri for row in rows for uri in row["uris"]} == known
    assert_conserved(tmp_path / "out")
    (row,) = ask(
        tmp_path / "out",
        "SELECT count(*) FILTER (error IS NOT NULL) AS failed, count(*) FILTER (pending) AS pending, "
        "count(*) FILTER (kept) AS kept FROM verdicts",
    )
    assert (row["failed"], row["pending"]) == (0, 0)
    assert [r["n"] for r in ask(tmp_path / "out", "SELECT count(*) AS n FROM samples")] == [row["kept"]]
    code, _, err = curate(tmp_path, "verify", "out")
    assert (code, err) == (0, "")
