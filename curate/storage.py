"""The output folder of a run: its files by relative path, its marker and its lock."""

import fcntl
import json
import os
import re
import shutil
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO
from urllib.parse import unquote_to_bytes

MARKER = "curate.json"
MARKER_CONTENT = {"made_by": "curate", "format": 1}

_UNUSABLE = re.compile(r"%[0-9A-Fa-f]{2}|[\\\x00-\x1f\x7f\ud800-\udfff]")
"""What deltalake does not pass on as it is: it decodes percent signs and takes backslashes for slashes."""


class OutputError(ValueError):
    """The output folder cannot be used: it belongs to something else, is in use, or its disk is full."""


def local_path(uri: str) -> str:
    """The path behind a `file://` URL, percent-decoded to the file name's bytes; any other text is its own
    path."""
    if not uri.startswith("file://"):
        return uri
    return os.fsdecode(unquote_to_bytes(uri[len("file://") :]))


class Folder:
    """A folder addressed by relative POSIX paths."""

    def __init__(self, root: str) -> None:
        if "://" in root and not root.startswith("file://"):
            raise OutputError(f"the output {root} is not on a local disk: give the path of a folder")
        self.root = os.path.abspath(local_path(root))
        if bad := _UNUSABLE.search(self.root):
            raise OutputError(
                f"the output {self.root!r} has {bad.group()!r} in its path, under which tables cannot be "
                "kept: choose another folder"
            )

    def path(self, name: str) -> str:
        """Full path of `name`; a name that would leave the folder is refused."""
        if name.startswith("/") or ".." in PurePosixPath(name).parts:
            raise ValueError(f"{name!r} leaves the folder {self.root}")
        return f"{self.root}/{name}"

    def exists(self, name: str) -> bool:
        return os.path.exists(self.path(name))

    def names(self, name: str = "") -> list[str]:
        """All files below `name`, sorted, relative to the folder."""
        top = self.path(name) if name else self.root
        return sorted(
            os.path.relpath(os.path.join(base, file), self.root)
            for base, _, files in os.walk(top)
            for file in files
        )

    def write(self, name: str, data: bytes) -> None:
        """Write a whole file so that readers see the old one or the new one, never half of it."""
        target = self.path(name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        draft = f"{target}.draft{os.getpid()}"
        try:
            with open(draft, "wb") as file:
                file.write(data)
            os.replace(draft, target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise

    def remove(self, name: str) -> None:
        """Remove the file `name` if it is there."""
        Path(self.path(name)).unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """Free space of the disk below the folder (which need not exist yet)."""
        path = self.root
        while not os.path.exists(path):
            path = os.path.dirname(path)
        return shutil.disk_usage(path).free


def claim(folder: Folder) -> None:
    """Make `folder` an output of ours, or check that it is one. A folder with other things in it is left
    alone."""
    root = folder.root
    if is_run(folder):
        return
    if os.path.exists(root) and not os.path.isdir(root):
        raise OutputError(f"the output {root} is a file: choose a folder")
    found = os.listdir(root) if os.path.isdir(root) else []
    others = sorted(name for name in found if not name.startswith(f"{MARKER}.draft"))
    if others:
        raise OutputError(
            f"the output folder {root} holds other things ({others[0]!r} …) and no run of curate: choose a "
            "new or empty folder"
        )
    folder.write(MARKER, json.dumps(MARKER_CONTENT).encode())


def is_run(folder: Folder) -> bool:
    """Whether `folder` is an output of ours. A marker of another program or format is an `OutputError`."""
    if not folder.exists(MARKER):
        return False
    try:
        marker = json.loads(Path(folder.path(MARKER)).read_bytes()[:4096])
    except ValueError:
        marker = None
    if not isinstance(marker, dict) or marker.get("made_by") != "curate":
        raise OutputError(f"{folder.path(MARKER)} is not a marker of curate: choose another output folder")
    if marker.get("format") != MARKER_CONTENT["format"]:
        raise OutputError(
            f"{folder.root} was written in format {marker.get('format')!r} and this version knows "
            f"{MARKER_CONTENT['format']}: use the version of curate that wrote it, or another output"
        )
    return True


class Lock:
    """One writer per output. The kernel lets go of it when the process ends, however it ends."""

    NAME = ".lock"

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    def __enter__(self) -> "Lock":
        root = self._folder.root
        try:
            # Claimed before the lock is made: a folder that is refused keeps no file of ours.
            claim(self._folder)
            self._file = open(self._folder.path(self.NAME), "a+")
        except OSError as error:
            raise OutputError(
                f"the output folder {root} cannot be written ({error.strerror}): choose another output"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            holder = self._file.read(32).strip()
            self._file.close()
            raise OutputError(
                f"another run (process {holder or 'unknown'}) is writing to {root}: wait for it to end, or "
                "choose another output"
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        self._file.close()
