"""What stops a run before it begins: one message on stderr that names the path, the cause and what is known;
nothing is touched."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from curate import cli
from curate.cluster import Cluster
from curate.storage import Folder, Lock

PIPELINE = "pipelines:\n  p:\n    input: in\n    output: out\n"

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`curate` in a folder with an input of one file; returns the exit code and the message on stderr.

    Every case ends before there is work: starting Ray fails the test.
    """
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp4").write_bytes(b"one")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def started(self: Cluster) -> None:
        raise AssertionError("Ray was started")

    monkeypatch.setattr(Cluster, "start", started)

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["curate", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        assert said.out == ""
        assert "Traceback" not in said.err
        return int(str(ended.value.code)), said.err

    return call


def one_line(said: str) -> str:
    """The message, which is one line."""
    assert said.startswith("curate: ")
    assert said.count("\n") == 1
    return said.rstrip("\n")


WRONG: dict[str, tuple[str, tuple[str, ...]]] = {
    "filter": ("filters: [{use: motoin}]", ("'motoin'", "'motion'", "media, motion, sharpness")),
    "stage": ("scna: {frames_per_second: 2}", ("'scna'", "'scan'", "captioner, cuts, filters, input")),
    "stage option": (
        "scan: {frame_per_second: 2}",
        ("frame_per_second", "'frames_per_second'"),
    ),
    "filter option": ("filters: [{use: motion, speed: 2}]", ("motion", "'speed'", "no options")),
    "captioner": ("captioner: {use: nobody}", ("'nobody'", "known are measured")),
    "detector": ("cuts: {use: adaptve}", ("'adaptve'", "'adaptive'", "content")),
    "cuts option": ("cuts: {use: adaptive, min_second: 1}", ("'min_second'", "'min_seconds'", "window")),
    "column": ("filters: [{use: media, keep: {fpss: {min: 1}}}]", ("fpss", "'fps'", "short_side")),
    "number for text": ("cuts: {min_seconds: two}", ("cuts.min_seconds", "'two'")),
    "number for mapping": ("scan: 3", ("scan", "3")),
    "text for list": ("filters: motion", ("filters", "'motion'")),
    "text for filter": ("filters: [motion]", ("filters.0", "'motion'")),
    "text for number": ("workers: many", ("workers", "'many'")),
    "text for bound": ("filters: [{use: motion, keep: {min: fast}}]", ("motion", "min", "'fast'")),
    "list for rule": (
        "filters: [{use: motion, keep: [1, 2]}]",
        ("motion", "[1, 2]", "{min: …, max: …}"),
    ),
    "size": ("shards: {max_bytes: lots}", ("max_bytes", "'lots'", "500MB")),
    "range": ("shards: {crf: 99}", ("crf", "51", "99")),
    "min above max": ("filters: [{use: motion, keep: {min: 3, max: 1}}]", ("motion", "3", "1", "never hold")),
    "share above one": ("filters: [{use: exposure, keep: {min: 2}}]", ("exposure", "0 and 1", "never hold")),
    "longer than clips": (
        "cuts: {max_seconds: 20}\n    filters: [{use: media, keep: {seconds: {min: 30}}}]",
        ("media", "seconds", "0 and 20", "never hold"),
    ),
    "shorter than nothing": ("filters: [{use: motion, keep: {max: -1}}]", ("motion", "never hold")),
    "clips": ("cuts: {min_seconds: 30, max_seconds: 20}", ("min_seconds 30", "max_seconds 20")),
    "not a number": ("filters: [{use: motion, keep: {min: .nan}}]", ("motion", "nan")),
    "key twice": ("output: other", ("'output'", "twice")),
    "filter twice": ("filters: [{use: motion}, {use: motion}]", ("'motion'", "name:")),
    "not a plugin": ('filters: [{use: "os:path"}]', ("os:path", "SignalFilter or FrameFilter")),
    "no module": ('filters: [{use: "nowhere.blur:Blur"}]', ("nowhere.blur:Blur", "MODULE:CLASS")),
    "deep": ("scan: " + "[" * 100 + "]" * 100, ("nested deeper than 30",)),
    "very deep": ("scan: " + "[" * 20_000 + "]" * 20_000, ("nested deeper than 30",)),
    "parent": ("extends: nobody", ("'nobody'", "known are p")),
    "own parent": ("extends: p", ("p extends p",)),
}
"""Name -> (lines of the pipeline, what the message holds)."""


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_pipeline_is_told_in_one_line(run: Run, tmp_path: Path, name: str) -> None:
    lines, parts = WRONG[name]
    (tmp_path / "p.yaml").write_text(f"{PIPELINE}    {lines}\n")
    code, said = run("run", "p.yaml")
    message = one_line(said)
    assert code == 2
    assert message.startswith("curate: p.yaml")
    assert [part for part in parts if part not in message] == [], message
    assert not (tmp_path / "out").exists()


FILES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "alias": (b"pipelines:\n  p: &a {input: in, output: out}\n  q: *a\n", ("aliases", "line 3", "extends")),
    "not YAML": (b"pipelines: {a: [b\n", ("p.yaml is not YAML", "line")),
    "tab": (b"pipelines:\n\tp: 1\n", ("p.yaml is not YAML", "line 2")),
    "code": (
        b'pipelines: !!python/object/apply:os.system ["false"]\n',
        ("p.yaml is not YAML",),
    ),
    "not UTF-8": (b'pipelines:\n  p: "\xff\xfe"\n', ("p.yaml is not UTF-8",)),
    "zero byte": (b'pipelines:\n  p: "\0"\n', ("p.yaml is not YAML", "#x0000")),
    "empty": (b"", ("p.yaml holds no pipelines", "`pipelines:`")),
    "a list": (b"- a\n- b\n", ("p.yaml holds no pipelines",)),
    "beside": (PIPELINE.encode() + b"defaults: {}\n", ("'defaults'", "beside `pipelines`")),
    "no body": (b"pipelines:\n  p:\n", ("'p'", "mapping")),
    "no input": (b"pipelines:\n  p: {output: out}\n", ("no input", "`input:`")),
    "no output": (b"pipelines:\n  p: {input: in}\n", ("no output", "`output:`")),
    "too large": (b"#" * 1_000_001, ("p.yaml is larger than 1000000 bytes",)),
}
"""Name -> (the whole file, what the message holds)."""


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_holds_no_pipelines_is_told_in_one_line(run: Run, tmp_path: Path, name: str) -> None:
    content, parts = FILES[name]
    (tmp_path / "p.yaml").write_bytes(content)
    code, said = run("run", "p.yaml")
    message = one_line(said)
    assert code == 2
    assert "p.yaml" in message
    assert [part for part in parts if part not in message] == [], message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["nowhere.yaml"], ("nowhere.yaml", "No such file")),
        (["in"], ("cannot read in", "directory")),
        (["p.yaml", "-p", "q"], ("p.yaml", "'q'", "known are p")),
        (["p.yaml", "--set", "nonsense"], ("'nonsense'", "a.b.c=VALUE")),
        (["p.yaml", "--set", "filters.motion.keep.min=1"], ("filters.motion.keep.min", "no filters")),
        (["p.yaml", "--set", "cuts.min_seconds=["], ("cuts.min_seconds", "not YAML")),
        (["p.yaml", "--set", "input=nowhere"], ("nowhere", "does not exist")),
        (["p.yaml", "--set", "input=no*.mp4"], ("no*.mp4", "matches nothing")),
        (["p.yaml", "--set", "input=empty"], ("no video in empty", "give a folder")),
        (["p.yaml", "--set", "input=s3://bucket/videos"], ("s3://bucket/videos", "local disk")),
        (["p.yaml", "--set", "input=list.csv"], ("list.csv", "`uri`")),
        (["p.yaml", "--set", "input=list.parquet"], ("list.parquet", "cannot be read")),
        (["p.yaml", "--set", "output=s3://bucket/run"], ("s3://bucket/run", "local disk")),
        (["p.yaml", "--set", "output=in"], ("in", "output folder too")),
        (["p.yaml", "--set", "output=list.csv"], ("list.csv is a file", "choose a folder")),
        (["p.yaml", "--set", "output=list.csv/below"], ("list.csv/below", "Not a directory")),
        (["p.yaml", "--set", "output=foreign"], ("foreign holds other things", "'theirs'", "choose a new")),
        (["p.yaml", "--set", "output=marked"], ("marked/curate.json", "not a marker of curate")),
        (["p.yaml", "--set", "output=newer"], ("newer", "format 99", "version of curate that wrote it")),
    ],
    ids=lambda value: "_".join(value[-1:]) if isinstance(value, list) else "",
)
def test_what_cannot_be_run_leaves_every_file_as_it_was(
    run: Run, tmp_path: Path, arguments: list[str], parts: tuple[str, ...]
) -> None:
    (tmp_path / "p.yaml").write_text(PIPELINE)
    (tmp_path / "list.csv").write_text("path,licence\na.mp4,cc0\n")
    (tmp_path / "list.parquet").write_text("not Parquet")
    for name, file, text in (
        ("empty", "notes.txt", "no video"),
        ("foreign", "theirs/letter.txt", "Dear"),
        ("marked", "curate.json", '{"made_by": "another"}'),
        ("newer", "curate.json", '{"made_by": "curate", "format": 99}'),
    ):
        (tmp_path / name / file).parent.mkdir(parents=True)
        (tmp_path / name / file).write_text(text)
    before = tree(tmp_path)
    code, said = run("run", *arguments)
    message = one_line(said)
    assert code == 2
    assert [part for part in parts if part not in message] == [], message
    assert tree(tmp_path) == before


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every file with its bytes, every folder with None."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def test_a_second_run_on_an_output_names_the_first(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(PIPELINE)
    with Lock(Folder(str(tmp_path / "out"))):
        before = tree(tmp_path)
        code, said = run("run", "p.yaml")
        assert code == 2
        message = one_line(said)
        assert f"process {os.getpid()})" in message
        assert str(tmp_path / "out") in message
        assert tree(tmp_path) == before


def test_the_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path / "out"))
    code = (
        "import os, sys; from curate.storage import Folder, Lock; "
        "Lock(Folder(sys.argv[1])).__enter__(); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, folder.root], check=False).returncode == 9
    with Lock(folder):
        assert Path(folder.path(Lock.NAME)).read_text() == str(os.getpid())


def _without_override() -> None:
    """Let file modes count for root as well: what is executed gets neither CAP_DAC_OVERRIDE nor
    CAP_DAC_READ_SEARCH."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP; refused, and not needed, for other users


def test_an_output_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(PIPELINE)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp4").write_bytes(b"one")
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "curate.cli", "run", "p.yaml", "--set", "output=locked/run"],
        cwd=tmp_path, capture_output=True, text=True, preexec_fn=_without_override, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    message = one_line(done.stderr)
    assert f"{locked / 'run'} cannot be written" in message
    assert "Permission denied" in message
    assert list(locked.iterdir()) == []
