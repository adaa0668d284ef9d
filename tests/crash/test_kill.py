"""SIGKILL of the whole process group, then the same command: the bytes of an undisturbed run, and nothing
that was committed is done again."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from curate.storage import Folder
from curate.tables import Tables
from tests.crash.command import (
    ask,
    curate,
    finish,
    kill,
    last_steps,
    leftovers,
    shards,
    start,
    wait_for,
    wait_until_gone,
)
from tests.making import write

PIPELINE = """
pipelines:
  p:
    input: in
    output: out
    cuts: {use: adaptive, min_seconds: 0.2, max_seconds: 1}
    filters:
      - {use: media, keep: {fps: {min: 10}}}
      - {use: motion}
    shards: {max_bytes: 50KB, crf: 30, preset: veryfast}
"""
VIDEOS = {
    "a.mp4": ((160, 120), 60),
    "b.mp4": ((120, 160), 75),
    "c.mp4": ((176, 96), 50),
    "d.mp4": ((64, 64), 100),
}
"""Name -> (size, frames): 12 clips of up to a second at 25 frames a second."""
CLIPS = 12

LIFE = 120.0
"""Seconds that a process may outlive its run. Ray's workers, which have process groups of their own, notice
the end of their raylet after about 2 s; one that was just starting, and so has no work, may look for it for
longer."""

pytestmark = pytest.mark.ray


class Undisturbed(NamedTuple):
    project: Path
    seconds: float
    shards: dict[str, str]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    project = tmp_path_factory.mktemp("undisturbed")
    (project / "in").mkdir()
    for name, (size, frames) in VIDEOS.items():
        write(project / "in" / name, size=size, frames=frames)
    (project / "p.yaml").write_text(PIPELINE)
    began = time.monotonic()
    code, _, err = curate(project, "run", "p.yaml")
    assert code == 0, err
    seconds = time.monotonic() - began
    found = shards(project / "out")
    assert len(found) >= 3
    assert [row["n"] for row in ask(project / "out", "SELECT count(*) AS n FROM samples")] == [CLIPS]
    return Undisturbed(project, seconds, found)


def committed(out: Path) -> dict[str, int]:
    """Rows that a killed run has committed."""
    tables = Tables(Folder(str(out)))
    # With the key of whichever options wrote them: there is one set of options here.
    return {
        name: len(tables.rows(name)) for name in ("files", "videos", "scans", "clips", "encodes", "samples")
    }


def assert_nothing_is_done_twice(out: Path, before: dict[str, int]) -> None:
    """The last run did what was missing at the kill, and no more."""
    steps = last_steps(out)
    assert steps["index"]["done"] == len(VIDEOS) - before["files"]
    assert steps["scan"]["done"] == len(VIDEOS) - before["scans"]
    assert steps["shards"]["done"] == CLIPS - before["encodes"]
    assert steps["shards"]["clips_encoded"] == CLIPS - before["encodes"]
    after = committed(out)
    assert after == {
        "files": len(VIDEOS), "videos": len(VIDEOS), "scans": len(VIDEOS), "clips": CLIPS, "encodes": CLIPS,
        "samples": CLIPS,
    }  # fmt: skip


def assert_as_undisturbed(out: Path, expected: dict[str, str]) -> None:
    assert shards(out) == expected
    assert leftovers(out) == []
    code, said, err = curate(out.parent, "verify", out.name)
    assert (code, err) == (0, "")
    assert said == f"{CLIPS} samples in {len(expected)} shards agree with the tables\n"


def first_row(out: Path, table: str) -> bool:
    """Whether rows of a table were committed: the first commit makes the table."""
    return (out / "tables" / table / "_delta_log" / f"{1:020}.json").exists()


def any_file(out: Path, pattern: str) -> bool:
    return next(iter(out.glob(pattern)), None) is not None


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "a part is being written": lambda out: any_file(out, "signals/*/*.unfinished"),
    "the first row of scans": lambda out: first_row(out, "scans"),
    "the first row of encodes": lambda out: first_row(out, "encodes"),
    "a clip is staged": lambda out: any_file(out, "staging/*.mp4"),
    "a tar appears": lambda out: any_file(out, "shards/*/*.tar"),
}
"""Each comes after the one before, in the run that goes on where the last one was killed."""


def test_killed_at_every_turn(undisturbed: Undisturbed, tmp_path: Path) -> None:
    (tmp_path / "in").symlink_to(undisturbed.project / "in")
    (tmp_path / "p.yaml").write_text(PIPELINE)
    out = tmp_path / "out"
    sessions = []
    before: dict[str, Any] = dict.fromkeys(("files", "videos", "scans", "clips", "encodes", "samples"), 0)
    for moment, holds in MOMENTS.items():
        # At once: processes of the run before may still be at work.
        process = start(tmp_path, "run", "p.yaml")
        sessions.append(process.pid)
        wait_for(process, lambda holds=holds: holds(out))  # type: ignore[misc]
        kill(process)
        assert process.returncode == -9, moment
        now = committed(out)
        assert all(now[table] >= count for table, count in before.items()), (moment, before, now)
        before = now
    code, _, err = curate(tmp_path, "run", "p.yaml")
    assert code == 0, err
    assert_nothing_is_done_twice(out, before)
    assert_as_undisturbed(out, undisturbed.shards)
    for session in sessions:
        wait_until_gone(session, LIFE)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random(undisturbed: Undisturbed, tmp_path: Path, seed: int) -> None:
    (tmp_path / "in").symlink_to(undisturbed.project / "in")
    (tmp_path / "p.yaml").write_text(PIPELINE)
    out = tmp_path / "out"
    process = start(tmp_path, "run", "p.yaml")
    time.sleep(undisturbed.seconds * random.Random(seed).uniform(0.1, 0.95))
    if process.poll() is None:  # it may be quicker than the undisturbed one was
        kill(process)
    else:
        assert finish(process)[0] == 0
    before = committed(out) if out.exists() else None
    code, _, err = curate(tmp_path, "run", "p.yaml")
    assert code == 0, err
    if before is not None:
        assert_nothing_is_done_twice(out, before)
    assert_as_undisturbed(out, undisturbed.shards)
    wait_until_gone(process.pid, LIFE)
