"""A disk that is full, or becomes full at any place: one message, nothing half-written, and the same command
goes on."""

import ctypes
import errno
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

import stages.encode
import stages.index
import stages.scan_work
from curate import cli
from curate.cluster import Cluster
from curate.cluster.room import Needs
from curate.sharding import tar
from curate.signals import parts
from curate.storage import Folder
from tests.crash.command import curate, finish, leftovers, shards, start, wait_for
from tests.making import write

PIPELINE = """
pipelines:
  p:
    input: in
    output: out
    cuts: {use: adaptive, min_seconds: 0.2, max_seconds: 1}
    filters: [{use: motion}]
    shards: {max_bytes: 50KB, crf: 30, preset: ultrafast}
"""
VIDEOS = {"a.mp4": ((160, 120), 60), "b.mp4": ((120, 160), 50), "c.mp4": ((96, 64), 30)}
CLIPS = 7
FULL = "the disk is full while writing "
NEXT = ": free some space and run the same command again, which goes on from here"

Run = Callable[[], tuple[int, str]]


def make_input(project: Path) -> None:
    (project / "in").mkdir()
    for name, (size, frames) in VIDEOS.items():
        write(project / "in" / name, size=size, frames=frames)
    (project / "p.yaml").write_text(PIPELINE)


def inline(
    self: Cluster, function: Callable[[Any], Any], items: Sequence[Any], needs: Needs | None = None
) -> Iterator[Any]:
    """Stands in for `Cluster.each`: one item after the other, here."""
    for item in items:
        yield json.loads(json.dumps(function(json.loads(json.dumps(item)))))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`curate run -q` without Ray: exit code and stderr. Videos are decoded in the killable children."""
    monkeypatch.setattr(Cluster, "start", lambda self: None)
    monkeypatch.setattr(Cluster, "each", inline)
    monkeypatch.setattr("sys.path", list(sys.path))
    monkeypatch.setattr("sys.argv", ["curate", "run", "p.yaml", "-q"])
    monkeypatch.chdir(tmp_path)

    def call() -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), capsys.readouterr().err

    return call


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The shards of a run whose disk has room."""
    project = tmp_path_factory.mktemp("undisturbed")
    make_input(project)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Cluster, "start", lambda self: None)
        patch.setattr(Cluster, "each", inline)
        patch.setattr("sys.argv", ["curate", "run", "p.yaml", "-q"])
        patch.setattr("sys.path", list(sys.path))
        patch.chdir(project)
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert ended.value.code in (0, None)
    found = shards(project / "out")
    assert len(found) >= 3
    return found


def arrow(target: Any, *_: Any, **__: Any) -> None:
    """What Arrow raises: a number and no file."""
    raise OSError(errno.ENOSPC, "Error writing bytes to file. Detail: [errno 28] No space left on device")


def delta(*_: Any, **__: Any) -> None:
    """What Delta raises: neither, in colour."""
    raise OSError(
        "Generic LocalFileSystem error\n  \x1b[31m↳\x1b[0m Unable to copy data to file\n"
        "   \x1b[31m↳\x1b[0m No space left on device (os error 28)\n"
    )


def at_call(number: int, fail: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
    """`real`, but for call `number` and all later ones."""
    calls = 0

    def call(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        return fail(*arguments, **options) if calls >= number else real(*arguments, **options)

    return call


def in_child(number: int) -> Callable[..., Any]:
    """What the killable child passes on; `number` is the error."""

    def fail(function: str, arguments: dict[str, Any], **_: Any) -> Any:
        path = arguments.get("target") or f"{arguments.get('out_dir', '')}/signals/content/x.parquet"
        raise OSError(number, os.strerror(number), path)

    return fail


Patch = tuple[Any, str, Callable[[Callable[..., Any]], Callable[..., Any]]]
PLACES: dict[str, tuple[Patch, str]] = {
    "the first part": ((pq, "write_table", lambda real: at_call(1, arrow, real)), "out/tables/runs/part-"),
    "a later part": ((pq, "write_table", lambda real: at_call(9, arrow, real)), "out/tables/"),
    "a table's log": (
        (DeltaTable, "create_write_transaction", lambda real: at_call(9, delta, real)), "out/tables/",
    ),
    "a new table": ((DeltaTable, "create", lambda real: at_call(4, delta, real)), "out/tables/"),
    "a scan": (
        (stages.scan_work, "decode_call", lambda real: at_call(2, in_child(errno.ENOSPC), real)),
        "out/signals/content/x.parquet",
    ),
    "an encode": (
        (stages.encode, "decode_call", lambda real: at_call(3, in_child(errno.EDQUOT), real)), "out/staging/",
    ),
    "a tar": ((tar.os, "fsync", lambda real: at_call(2, lambda fd: arrow(fd), real)), "out/shards/"),
}  # fmt: skip
"""Where the disk is full -> (what fails, the path that the message names)."""


@pytest.mark.parametrize("place", PLACES)
def test_full_in_the_middle(
    run: Run, expected: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    make_input(tmp_path)
    (owner, name, broken), path = PLACES[place]
    with monkeypatch.context() as patch:
        if owner is DeltaTable and name == "create":
            patch.setattr(owner, name, staticmethod(broken(getattr(owner, name))))
        else:
            patch.setattr(owner, name, broken(getattr(owner, name)))
        code, said = run()
    assert code == 1
    assert said.startswith(f"curate: {FULL}{tmp_path}/{path}"), said
    assert said.endswith(f"{NEXT}\n")
    assert said.count("\n") == 1
    out = tmp_path / "out"
    assert [name for name in leftovers(out) if not name.endswith(".mp4")] == []
    assert [path for path in out.rglob("shards/*/*") if str(path.relative_to(out)) not in expected] == []
    code, said = run()
    assert (code, said) == (0, "")
    assert shards(out) == expected
    assert leftovers(out) == []


@pytest.mark.parametrize("free", [150_000_000, 0])
def test_too_little_room_is_told_before_the_scan(
    run: Run, expected: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int
) -> None:
    make_input(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "free_bytes", lambda self: free)
        code, said = run()
    assert code == 1
    assert said == (
        f"curate: the disk of {tmp_path}/out has {free // 1_000_000} MB left and a scan wants at least "
        "200 MB: free some space and run the same command again\n"
    )
    assert not (tmp_path / "out" / "signals").exists()
    assert run() == (0, "")
    assert shards(tmp_path / "out") == expected


def test_a_part_that_does_not_fit_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pq.ParquetWriter, "write_table", arrow)
    schema = pa.schema([("value", pa.float64())])
    target = tmp_path / "signals" / "x.parquet"
    with pytest.raises(OSError, match="No space left on device") as raised:  # noqa: SIM117
        with parts.PartWriter(target, schema, bytes(16)) as writer:
            writer.add(0, (1.0,))
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(target))
    assert list(target.parent.iterdir()) == []


# -- a real small disk ---------------------------------------------------------------------------------------

LIBC = ctypes.CDLL(None, use_errno=True)


def _mounted(folder: Path, megabytes: int) -> bool:
    return LIBC.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, f"size={megabytes}m".encode()) == 0


def _may_mount() -> bool:
    """Whether this user, on this machine, may mount (root outside of a container, mostly)."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as folder:
        return _mounted(Path(folder), 1) and bool(LIBC.umount2(os.fsencode(folder), 2) == 0)


def fill(path: Path) -> None:
    """Write to `path` until nothing more fits."""
    number = 0
    with open(path, "wb", buffering=0) as file:
        while not number:
            try:
                file.write(bytes(1 << 12))
            except OSError as error:
                number = error.errno or 0
    assert number == errno.ENOSPC


@pytest.mark.ray
@pytest.mark.skipif(not _may_mount(), reason="a small file system cannot be mounted here")
def test_full_for_real(expected: dict[str, str], tmp_path: Path) -> None:
    make_input(tmp_path)
    small, out = tmp_path / "small", tmp_path / "small" / "out"
    small.mkdir()
    assert _mounted(small, 230)
    command = ("run", "p.yaml", "--set", "output=small/out")
    try:
        process = start(tmp_path, *command)
        wait_for(process, lambda: any(out.glob("signals/*/*.unfinished")))
        fill(small / "ballast")
        code, _, said = finish(process)
        assert code == 1
        message = said.splitlines()[-1]
        assert "Traceback" not in said
        assert message.startswith(f"curate: {FULL}{out}/") or " MB left and " in message, said
        assert "run the same command again" in message
        # A neighbour that was ended while it wrote may leave its draft, which goes first next time.
        assert [name for name in leftovers(out) if not name.endswith((".unfinished", ".part"))] == []
        (small / "ballast").unlink()
        code, _, said = curate(tmp_path, *command)
        assert code == 0, said
        assert shards(out) == expected
        assert leftovers(out) == []
    finally:
        assert LIBC.umount2(os.fsencode(small), 2) == 0
