"""Who opens a file, and how much memory the processes of a run take, seen from outside."""

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
