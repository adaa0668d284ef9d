"""A child that hangs, swells, crashes, raises or loses its parent hurts nobody else."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

import curate
from curate.media import MediaError, probe
from curate.media.child import Stalled, Worker, WorkerDied, WorkerFailed
from curate.media.child_main import FUNCTIONS
from tests.making import write

DEEDS = """
import ctypes, os, signal, sys, time
from curate.media.errors import MediaError

def add(a, b): return {"sum": a + b}
def sleep(seconds, path="x.mp4"): time.sleep(seconds)
def beat(times, progress):
    for index in range(times):
        time.sleep(0.3)
        progress(index)
    return times
def spin(progress):
    while True:
        progress(1)
def swell(path): return len(bytearray(8 << 30))
def creep(path):
    held = []
    while True:
        held.append(bytearray(64 << 20))
def crash(path): os.kill(os.getpid(), signal.SIGSEGV)
def null(path): ctypes.string_at(0)
def leave(path): os._exit(7)
def media(): raise MediaError("a.mp4 is damaged.")
def odd(path): raise ZeroDivisionError("by\\nnothing")
def full(): raise OSError(28, "No space left on device", "/out/x.parquet")
def chatter():
    print("{\\"result\\": 1}", flush=True)
    os.write(1, b"{}\\n")
    sys.stderr.write("noise\\n")
    sys.stdin.read()
    return "quiet"
def pid(): return os.getpid()
def where(): return [sys.modules["curate"].__file__, sys.flags.safe_path]
"""


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Names of the deeds above, in a module that only these tests know."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "deeds.py").write_text(DEEDS)
    monkeypatch.syspath_prepend(folder)
    names = [
        line.split("(")[0].removeprefix("def ") for line in DEEDS.splitlines() if line.startswith("def ")
    ]
    return {name: f"deeds:{name}" for name in names}


@pytest.fixture
def worker(table: dict[str, str]) -> Iterator[Worker]:
    with Worker(functions=table, memory_bytes=1 << 30, stall_seconds=20) as worker:
        yield worker


def gone(pid: int) -> bool:
    """Whether the process has ended (or waits to be reaped by somebody else) within five seconds."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        # The leader waits for its threads, which a busy machine ends one by one.
        if state == "Z" and len(os.listdir(f"/proc/{pid}/task")) == 1:
            return True
        time.sleep(0.05)
    return False


def test_one_child_answers_many_calls(worker: Worker) -> None:
    assert worker.pid is None
    assert worker.call("add", {"a": 1, "b": 2}) == {"sum": 3}
    first = worker.pid
    assert worker.call("add", {"a": "é\udc80", "b": "\n"}) == {"sum": "é\udc80\n"}
    assert worker.call("pid", {}) == first == worker.pid
    worker.close()
    assert worker.pid is None
    assert first is not None
    assert gone(first)
    # Its main thread may be dead some moments before its last thread, and only then can it be reaped.
    assert any(worker.pid is None or time.sleep(0.05) for _ in range(100))
    assert worker.call("pid", {}) != first


def test_unknown_functions_are_refused_with_the_known_ones(worker: Worker) -> None:
    with pytest.raises(ValueError, match="unknown function 'os:system'; known are add, beat"):
        worker.call("os:system", {"command": "true"})
    assert worker.pid is None
    assert set(FUNCTIONS) == {"probe", "scan", "sound", "encode", "frames"}


def test_a_hang_is_ended(worker: Worker) -> None:
    worker.call("add", {"a": 1, "b": 2})
    child = worker.pid
    began = time.monotonic()
    with pytest.raises(Stalled, match=r"^x\.mp4: sleep made no progress for 0\.5 s and was stopped$"):
        worker.call("sleep", {"seconds": 60, "path": "x.mp4"}, stall_seconds=0.5)
    assert time.monotonic() - began < 10
    assert child is not None
    assert gone(child)
    assert worker.call("add", {"a": 1, "b": 2}) == {"sum": 3}


def test_progress_keeps_a_call_alive_up_to_the_total(worker: Worker) -> None:
    seen: list[float] = []
    assert worker.call("beat", {"times": 12}, stall_seconds=2.5, progress=seen.append) == 12
    assert seen == sorted(seen)
    assert len(seen) >= 3
    with pytest.raises(Stalled, match=r"spin took more than 1\.5 s and was stopped"):
        worker.call("spin", {}, stall_seconds=30, total_seconds=1.5)


@pytest.mark.parametrize("deed", ["swell", "creep"])
def test_memory_is_limited(worker: Worker, deed: str) -> None:
    with pytest.raises(MediaError, match=rf"^big\.mp4: {deed} needed more memory than its limit of 1 GiB$"):
        worker.call(deed, {"path": "big.mp4"})
    assert worker.call("add", {"a": 1, "b": 2}) == {"sum": 3}


@pytest.mark.parametrize("deed", ["crash", "null"])
def test_a_crash_names_its_signal(worker: Worker, deed: str) -> None:
    with pytest.raises(WorkerDied, match=rf"^bad\.mp4: {deed} was killed by SIGSEGV$") as raised:
        worker.call(deed, {"path": "bad.mp4"})
    assert raised.value.signal == signal.SIGSEGV
    assert worker.call("add", {"a": 1, "b": 2}) == {"sum": 3}


def test_an_exit_is_no_answer(worker: Worker) -> None:
    with pytest.raises(WorkerDied, match=r"^bad\.mp4: leave ended the process with exit code 7$"):
        worker.call("leave", {"path": "bad.mp4"})


def test_a_child_that_was_killed_between_calls_is_replaced(worker: Worker) -> None:
    first = worker.call("pid", {})
    os.kill(first, signal.SIGKILL)
    assert gone(first)
    assert worker.call("pid", {}) != first


def test_exceptions_arrive_as_what_they_mean(worker: Worker) -> None:
    with pytest.raises(MediaError, match=r"^a\.mp4 is damaged\.$"):
        worker.call("media", {})
    with pytest.raises(
        WorkerFailed, match=r"^a\.mp4: odd failed unexpectedly: ZeroDivisionError: by nothing$"
    ) as odd:
        worker.call("odd", {"path": "a.mp4"})
    assert "deeds.py" in odd.value.traceback
    with pytest.raises(OSError, match="No space left") as full:
        worker.call("full", {})
    assert (full.value.errno, full.value.filename) == (28, "/out/x.parquet")
    assert not isinstance(full.value, MediaError)


def test_prints_do_not_reach_the_parent(worker: Worker) -> None:
    assert worker.call("chatter", {}) == "quiet"
    assert worker.call("add", {"a": 1, "b": 2}) == {"sum": 3}


def test_ctrl_c_is_the_parents_business(worker: Worker) -> None:
    pid = worker.call("pid", {})
    os.kill(pid, signal.SIGINT)
    time.sleep(0.2)
    assert worker.call("pid", {}) == pid


def test_a_dropped_worker_leaves_no_process(table: dict[str, str]) -> None:
    worker = Worker(functions=table)
    pid = worker.call("pid", {})
    del worker
    assert not Path(f"/proc/{pid}").exists()


def test_files_in_the_current_folder_shadow_nothing(
    table: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    (trap / "curate").mkdir(parents=True)
    for name in ("curate/__init__.py", "json.py", "deeds.py", "av.py"):
        (trap / name).write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(trap)
    monkeypatch.setattr(sys, "path", ["", str(trap), *sys.path])
    with Worker(functions=table) as worker:
        assert worker.call("where", {}) == [curate.__file__, True]


PARENT = """
import json, sys, time
sys.path[:0] = json.loads(sys.argv[1])
from curate.media.child import Worker
worker = Worker(functions=json.loads(sys.argv[2]))
print(worker.call("pid", {}), flush=True)
if sys.argv[3] == "busy":
    worker.call("sleep", {"seconds": 100})
time.sleep(100)
"""


@pytest.mark.parametrize("mode", ["idle", "busy"])
def test_a_killed_parent_takes_the_child_along(table: dict[str, str], mode: str) -> None:
    command = [sys.executable, "-c", PARENT, json.dumps(sys.path), json.dumps(table), mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.3)
        parent.kill()
        parent.wait()
        assert gone(child)


def test_the_real_table(tmp_path: Path) -> None:
    video = write(tmp_path / "a b'c\n.mp4", frames=30, size=(320, 240))
    with Worker() as worker:
        assert worker.call("probe", {"path": str(video)}) == asdict(probe(str(video)))
        scan = {"path": str(video), "out_dir": str(tmp_path / "out"), "video_id": "00" * 16, "name": "p"}
        result = worker.call("scan", {**scan, "groups": ["content"], "frames": {}})
        assert result["parts"]["content"]["rows"] == 30
        assert (tmp_path / "out" / result["parts"]["frames"]["path"]).exists()
        clip = {"source": str(video), "target": str(tmp_path / "clip.mp4"), "start_pts": 0, "options": {}}
        encoded = worker.call("encode", {**clip, "end_pts": result["end_pts"] // 2})
        assert (encoded["frames"], encoded["bytes"]) == (15, (tmp_path / "clip.mp4").stat().st_size)
        with pytest.raises(MediaError, match="gone"):
            worker.call("probe", {"path": str(tmp_path / "gone.mp4")})
