"""The command line: what each command prints, and what it answers to wrong use."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import typer
import yaml

from curate import cli
from curate.console import WIDTH
from curate.query import VIEWS
from tests.commands import commands
from tests.written import GOOD, IDS, PIPELINE, Written, written

COMMANDS = {
    "run", "plan", "submit", "query", "report", "captions", "verify", "sample", "doctor", "filters",
    "train vae", "train dit", "encode", "generate", "losses",
}  # fmt: skip

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(tmp_path_factory.mktemp("cli") / "run")


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """`curate` in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("COLUMNS", "200")

    def made(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["curate", *arguments])
        code: Any = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code or 0
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return made


def test_help_lists_every_command(call: Call) -> None:
    code, out, err = call("--help")
    assert (code, err) == (0, "")
    assert set(commands(typer.main.get_command(cli.app))) == COMMANDS
    for name in COMMANDS:
        assert f" {name.split()[0]} " in out
        code, text, _ = call(*name.split(), "--help")
        assert (code, f"curate {name}" in text) == (0, True)
    assert [view for view in VIEWS if view not in call("query", "--help")[1]] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--nope"], "No such option"),
        (["nope"], "No such command"),
        (["run"], "Missing argument"),
        (["run", "p.yaml", "--nope"], "No such option"),
        (["run", "a", "b"], "unexpected extra argument"),
        (["run", "p.yaml", "--set"], "requires an argument"),
        (["query", "run"], "Missing argument"),
        (["verify"], "Missing argument"),
    ],
)
def test_wrong_use_is_2_with_a_message(call: Call, arguments: list[str], said: str) -> None:
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "none.yaml"], "cannot read none.yaml"),
        (["plan", "none.yaml"], "cannot read none.yaml"),
        (
            ["query", "none", "SELECT 1"],
            "none is not the output of a run: give the folder that `output:` names",
        ),
        (["verify", "none"], "none is not the output of a run"),
        (["query", "s3://a/b", "SELECT 1"], "not on a local disk"),
        (
            ["query", "none", "SELECT 1", "--format", "xml"],
            "--format 'xml' is not known: give table, csv, json, parquet",
        ),
        (["plan", "none.yaml", "--format", "csv"], "--format 'csv' is not known: give table, json"),
    ],
)
def test_wrong_input_is_2_with_one_line(call: Call, arguments: list[str], said: str) -> None:
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("curate: ")
    assert err.count("\n") == 1
    assert said in err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 1, "curate: stopped; run the same command again to go on\n"),
        (RuntimeError("it broke"), 1, "curate: it broke\n"),
        (ValueError("wrong"), 2, "curate: wrong\n"),
        (
            PermissionError(13, "Permission denied", "/a/b"),
            1,
            "curate: Permission denied (/a/b): ",
        ),
        (
            OSError(28, "No space left", "/a/b"),
            1,
            "curate: the disk is full while writing /a/b: free some space",
        ),
    ],
)
def test_what_goes_wrong_has_its_code(
    call: Call, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("curate.query.query", broken)
    found, out, err = call("query", "run", "SELECT 1")
    assert (found, out) == (code, "")
    assert err.startswith(said)


ASKED = (
    "SELECT clip_id, frames AS n, NULL AS nothing, true AS yes, ['a', 'é\"'] AS words, 'x,\n[red]y' AS text, "
    f"'nan'::DOUBLE AS nan, 1.5::DECIMAL(4, 2) AS d FROM clips WHERE clip_id = '{GOOD.hex()}'"
)


def test_report_prints_where_it_is(call: Call, run: Written, tmp_path: Path) -> None:
    assert call("report", run.folder.root) == (0, f"{run.folder.root}/report.html\n", "")
    assert Path(run.folder.root, "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    code, out, err = call("report", str(tmp_path))
    assert (code, out) == (2, "")
    assert err == (f"curate: {tmp_path} is not the output of a run: give the folder that `output:` names\n")


def test_query_as_json(call: Call, run: Written) -> None:
    code, out, err = call("query", run.folder.root, ASKED, "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out, parse_constant=pytest.fail) == [
        {
            "clip_id": GOOD.hex(), "n": 40, "nothing": None, "yes": True, "words": ["a", 'é"'],
            "text": "x,\n[red]y", "nan": None, "d": 1.5,
        }
    ]  # fmt: skip
    assert json.loads(call("query", run.folder.root, "FROM clips LIMIT 0", "--format", "json")[1]) == []


def test_query_as_csv(call: Call, run: Written) -> None:
    code, out, _ = call("query", run.folder.root, ASKED, "--format", "csv")
    assert code == 0
    names, row = csv.reader(io.StringIO(out, newline=""))
    assert names == ["clip_id", "n", "nothing", "yes", "words", "text", "nan", "d"]
    assert row == [GOOD.hex(), "40", "", "true", '["a", "é\\""]', "x,\n[red]y", "nan", "1.50"]
    out = call("query", run.folder.root, "SELECT 1 AS a, 2 AS a", "--format", "csv")[1]
    assert out == "a,a_1\n1,2\n"


def test_query_as_a_table(call: Call, run: Written) -> None:
    code, out, _ = call(
        "query", run.folder.root, "SELECT 'x [red]y' AS a, NULL AS b, sum(frames) AS n FROM clips"
    )
    lines = [line.split() for line in out.splitlines() if line.strip()]
    assert code == 0
    assert (lines[0], lines[-1]) == (["a", "b", "n"], ["x", "[red]y", "NULL", "180"])


def test_query_as_parquet(run: Written) -> None:
    program = "import sys; from curate.cli import main; sys.argv[0] = 'curate'; main()"
    sql = "SELECT clip_id, media_fps, kept FROM clips JOIN verdicts USING (clip_id)"
    done = subprocess.run(
        [sys.executable, "-c", program, "query", run.folder.root, sql, "--format", "parquet"],
        capture_output=True, check=True,
    )  # fmt: skip
    found = pq.read_table(io.BytesIO(done.stdout)).to_pylist()
    assert {row["clip_id"] for row in found} == {identity.hex() for identity in IDS.values()}
    assert sum(row["kept"] for row in found) == 3


def pipelines(folder: Path, run: Written) -> str:
    """A file whose first pipeline is that of the finished run, but for its input."""
    (folder / "in").mkdir()
    for name in ("a.mp4", "B.MP4", "notes.txt"):
        (folder / "in" / name).write_bytes(b"x")
    path = folder / "p.yaml"
    body = {"input": "in", "output": run.folder.root, **PIPELINE}
    both = {"test": body, "new": {"extends": "test", "output": "new"}}
    path.write_text(yaml.safe_dump({"pipelines": both}, sort_keys=False))
    return str(path)


def test_plan_as_table_and_json(call: Call, run: Written, tmp_path: Path) -> None:
    file = pipelines(tmp_path, run)
    code, out, err = call("plan", file, "--format", "json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["steps"][0] == {"step": "index", "done": 0, "todo": 2, "unit": "files", "why": "new"}
    assert found["warnings"] == ["1 files of the input have no video extension and are passed over"]
    code, out, err = call("plan", file, "-p", "new", "--set", "input=in/a.mp4")
    lines = [line.split() for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert ["index", "0", "1", "files", "never", "run"] in lines
    assert ["scan", "0", "0", "videos", "waits", "for", "index"] in lines
    assert not (tmp_path / "new").exists()
    code, out, err = call("plan", file)
    assert (code, err) == (0, "note: 1 files of the input have no video extension and are passed over\n")


def test_an_unknown_pipeline_is_answered_with_the_known(call: Call, run: Written, tmp_path: Path) -> None:
    code, _, err = call("plan", pipelines(tmp_path, run), "-p", "tset")
    assert (code, "'tset': did you mean 'test'? known are new, test" in err) == (2, True)


def test_verify_tells_and_is_1(call: Call, tmp_path: Path) -> None:
    run = written(tmp_path / "run")
    code, out, err = call("verify", run.folder.root)
    assert (code, out) == (1, "")
    assert "shards/x.tar" in err
    assert err.splitlines()[-1].startswith("curate: ")
    assert "problems in 1 shards" in err.splitlines()[-1]


def test_a_users_folder_comes_after_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), "/lib/python"])
    cli._install_path()
    assert (sys.path[0], sys.path[-1], "" in sys.path) == ("/lib/python", str(tmp_path), False)


def test_what_the_terminal_cannot_show_is_escaped(run: Written) -> None:
    program = "import sys; from curate.cli import main; sys.argv[0] = 'curate'; main()"
    done = subprocess.run(
        [
            sys.executable, "-c", program,
            "query", run.folder.root, "SELECT chr(20013) AS a", "--format", "csv",
        ],
        capture_output=True, check=True, env={"PYTHONIOENCODING": "latin-1"},
    )  # fmt: skip
    assert done.stdout == b"a\n\\u4e2d\n"


def test_a_table_is_as_wide_as_columns_says(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file; each is filled, since what is said of a filter is longer."""
    for given, width in (("90", 90), ("160", 160), (None, WIDTH), ("", WIDTH), ("0", WIDTH), ("wide", WIDTH)):
        if given is None:
            monkeypatch.delenv("COLUMNS")
        else:
            monkeypatch.setenv("COLUMNS", given)
        code, out, _ = call("filters")
        assert (code, max(len(line) for line in out.splitlines())) == (0, width), given
