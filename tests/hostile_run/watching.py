"""Who opens a file, how long a run takes and how much memory its processes take, seen from outside; and the
bounds of both."""

import ctypes
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.crash.command import PATIENCE, kill, start

STALL_SECONDS = 20
MOST_MEMORY = 1_000_000_000
"""Given to a decoder as `max_memory`; it counts what is written to, and code and libraries come on top."""
LIBRARIES = 300_000_000
DRIVER = 1_500_000_000
SECONDS = 6.0
"""Per file, on average: several times what it takes on two busy cores."""
SCAN = f"{{stall_seconds: {STALL_SECONDS}, max_memory: {MOST_MEMORY}}}"
"""The option `scan` of a pipeline under these bounds."""


@contextmanager
def watched(paths: list[Path]) -> Iterator[list[str]]:
    """Names of those `paths` that anybody opens meanwhile (inotify); complete at the end of the block."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_NONBLOCK)
    assert fd >= 0
    opened: list[str] = []
    try:
        watches = {
            libc.inotify_add_watch(fd, os.fsencode(path), 0x20): path.name for path in paths
        }  # IN_OPEN
        assert min(watches, default=1) > 0
        yield opened
        try:
            events = os.read(fd, 1 << 16)
        except BlockingIOError:
            return
        # struct inotify_event {int wd; uint32_t mask, cookie, len}; len is 0 for a watched file.
        opened += sorted({watches[wd] for wd in memoryview(events).cast("i")[::4]})
    finally:
        os.close(fd)


class Peaks:
    """The most memory that any process of a session took, in bytes."""

    def __init__(self) -> None:
        self.decoding = 0
        """Of a process that decodes or encodes."""
        self.driving = 0
        """Of the process that leads the session."""


@contextmanager
def measured(session: int, every: float = 0.2) -> Iterator[Peaks]:
    """Looks at the processes of the session until the block ends."""
    peaks, ended = Peaks(), threading.Event()

    def look() -> None:
        while not ended.wait(every):
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    facts = (folder / "stat").read_text().rpartition(")")[2].split()
                    if int(facts[3]) != session:
                        continue
                    command = (folder / "cmdline").read_bytes()
                    rows = (folder / "status").read_text().splitlines()
                except OSError:
                    continue  # it ended
                peak = next((int(row.split()[1]) * 1024 for row in rows if row.startswith("VmHWM")), 0)
                if b"child_main" in command:
                    peaks.decoding = max(peaks.decoding, peak)
                elif folder.name == str(session):
                    peaks.driving = max(peaks.driving, peak)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()


class Watched(NamedTuple):
    """What a run did."""

    seconds: float
    peaks: Peaks
    opened: list[str]
    """Secrets that somebody opened."""

    def assert_bounded(self, files: int) -> None:
        """Time and memory are those that a run over so many files may take."""
        assert self.seconds < 120 + SECONDS * files
        # No less than this: it was seen.
        assert 50_000_000 < self.peaks.decoding < MOST_MEMORY + LIBRARIES
        assert 50_000_000 < self.peaks.driving < DRIVER


def watched_run(project: Path, *options: str, files: int, secrets: list[Path]) -> Watched:
    """`curate run p.yaml` in a folder with so many files to read, which ends well."""
    began = time.monotonic()
    with watched(secrets) as opened:
        process = start(project, "run", "p.yaml", *options)
        with measured(process.pid) as peaks:
            try:
                _, said = process.communicate(timeout=PATIENCE + SECONDS * files)
            finally:
                if process.poll() is None:
                    kill(process)
    assert process.returncode == 0, said
    return Watched(time.monotonic() - began, peaks, opened)
