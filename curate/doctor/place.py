"""What a run relies on in a file system, tried in a folder: network and FUSE file systems lack some of it."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from curate.storage import Folder
from curate.tables import Tables


def flaws(folder: Path) -> list[str]:
    """What does not work in `folder`, which is left with some files; nothing where all is well.

    Raises OSError if no file can be written at all.
    """
    (folder / "first").write_bytes(b"first")
    trials: dict[str, Callable[[Path], None]] = {
        "files cannot be locked": _locks,
        "a file cannot be renamed over another": _renames,
        "files cannot be linked, which the tables' log needs": _links,
        "nothing can be flushed to the disk": _flushes,
        "names that are not ASCII do not come back": _names,
        "a table cannot be written and read": _table,
    }
    found = []
    for flaw, attempt in trials.items():
        try:
            attempt(folder)
        except Exception as error:  # deltalake and DuckDB have errors of their own
            found.append(f"{flaw} ({' '.join(str(error).split())})")
    return found


def _locks(folder: Path) -> None:
    """The lock of a run, held once and refused a second time."""
    with open(folder / "lock", "a+") as one, open(folder / "lock", "a+") as two:
        fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(two, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        raise OSError("a second lock was given")


def _renames(folder: Path) -> None:
    (folder / "second").write_bytes(b"second")
    os.replace(folder / "second", folder / "first")
    if (folder / "first").read_bytes() != b"second":
        raise OSError("the old content is still there")


def _links(folder: Path) -> None:
    os.link(folder / "first", folder / "linked")
    if (folder / "linked").read_bytes() != (folder / "first").read_bytes():
        raise OSError("the link has other content")


def _flushes(folder: Path) -> None:
    with open(folder / "flushed", "wb") as file:
        file.write(b"flushed")
        file.flush()
        os.fsync(file.fileno())
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _names(folder: Path) -> None:
    name = "é视频.mp4"
    (folder / name).write_bytes(b"")
    if name not in os.listdir(folder):
        raise OSError("the name is written differently")


def _table(folder: Path) -> None:
    """One commit of a real table, twice, and its rows."""
    tables = Tables(Folder(str(folder / "run")))
    row = {"uri": "a.mp4", "bytes": 1, "modified": "0", "video_id": None, "error": None}
    tables.append("files", [row])
    tables.append("files", [{**row, "uri": "b.mp4"}])
    if sorted(found["uri"] for found in tables.rows("files")) != ["a.mp4", "b.mp4"]:
        raise OSError("its rows do not come back")
