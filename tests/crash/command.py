"""`curate run` as a person starts it, in a session of its own that can be killed; and what it left behind."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curate.query import query
from curate.storage import Folder

PATIENCE = 900.0
"""Seconds after which a run hangs: the longest, over the real footage, takes two minutes on two idle
cores."""


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """`curate …` in `folder`, as the leader of a session and of a process group."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "curate.cli", *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Exit code, stdout and stderr; a run that hangs is killed and fails the test."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        kill(process)
        raise
    return process.returncode, out, err


def curate(folder: Path, *arguments: str) -> tuple[int, str, str]:
    return finish(start(folder, *arguments))


def kill(process: "subprocess.Popen[str]") -> None:
    """SIGKILL of the whole process group."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def wait_for(process: "subprocess.Popen[str]", moment: Callable[[], bool]) -> None:
    """Return as soon as `moment` holds; the process must not end before."""
    deadline = time.monotonic() + PATIENCE
    while not moment():
        assert process.poll() is None, f"it ended too early: {process.communicate()}"
        assert time.monotonic() < deadline, "the moment did not come"
        time.sleep(0.002)


def alive(session: int) -> list[str]:
    """Commands of the processes of a session that are not dead."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            tail = (folder / "stat").read_text().rpartition(")")[2]
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended
        state, _, _, its_session = tail.split()[:4]
        if int(its_session) == session and state not in "ZX":
            found.append(command[:300])
    return found


def wait_until_gone(session: int, seconds: float) -> float:
    """Seconds until no process of the session lives."""
    began = time.monotonic()
    while left := alive(session):
        assert time.monotonic() - began < seconds, f"still there: {left}"
        time.sleep(0.05)
    return time.monotonic() - began


def ask(run: Path, sql: str) -> list[dict[str, Any]]:
    return query(Folder(str(run)), sql).to_pylist()


def last_steps(run: Path) -> dict[str, dict[str, Any]]:
    """The rows of `steps` of the last run, by step."""
    rows = ask(run, "SELECT * FROM steps WHERE run = (SELECT max(run) FROM steps)")
    return {row["step"]: row for row in rows}


def shards(run: Path) -> dict[str, str]:
    """Every file below RUN/shards with the digest of its bytes."""
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((run / "shards").rglob("*"))
        if path.is_file()
    }


def leftovers(run: Path) -> list[str]:
    """Halves of files, and files that wait for a tar, which a run that ended well has none of."""
    unfinished = [path for path in run.rglob("*") if path.suffix in (".unfinished", ".part")]
    return sorted(str(path.relative_to(run)) for path in [*unfinished, *run.glob("staging/*")])
