"""The journal of a captioner's answers: a worker appends a line for each as it arrives, the driver folds the
lines into the table `answers` at the next commit.

It is the one thing that is read without having been committed: an answer may have cost money, and a killed
run loses no more of them than were in flight. A line is whole or it is none: a process that dies while it
writes leaves a last line without its end, which is passed over."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from curate.storage import Folder

FOLDER = "journal"

Row = dict[str, Any]


class Journal:
    """One file, of one worker and one portion of clips."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None

    def write(self, row: Mapping[str, Any]) -> None:
        """Append a line in one system call. OSError as the disk has it; nothing of the line is left then."""
        if self._file is None:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        line = json.dumps(row, separators=(",", ":")).encode() + b"\n"
        end = os.fstat(self._file).st_size
        try:
            while line:  # a signal or a nearly full disk may cut a write short
                line = line[os.write(self._file, line) :]
        except OSError:
            # The next line would be joined to half of this one, and be lost with it.
            os.ftruncate(self._file, end)
            raise

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def lines(path: str) -> Iterator[Row]:
    """The whole lines of a journal; a damaged one is passed over."""
    with open(path, "rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                yield row


def journals(folder: Folder, key: str, portion: str = "") -> list[str]:
    """Names, relative to the run, of the journals under the key `key` (of one portion)."""
    start = f"{FOLDER}/{key}/{portion}"
    return [
        name for name in folder.names(f"{FOLDER}/{key}") if name.startswith(start) and name.endswith(".jsonl")
    ]


def keys(folder: Folder) -> list[str]:
    """Keys of answers under which there is a journal."""
    return sorted({Path(name).parts[1] for name in folder.names(FOLDER) if len(Path(name).parts) == 3})
