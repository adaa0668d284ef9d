"""What the input of a run names: folders, globs, files and lists, as one listing of files with carried
columns."""

import csv
import glob
import json
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes

import pyarrow.parquet as pq

from curate.storage import local_path

VIDEO_EXTENSIONS = frozenset({
    "3g2", "3gp", "asf", "avi", "divx", "dv", "f4v", "flv", "gif", "ivf", "m2t", "m2ts", "m2v", "m4v",
    "mjpeg", "mjpg", "mkv", "mov", "mp4", "mpe", "mpeg", "mpg", "mts", "mxf", "nut", "obu", "ogm",
    "ogv", "qt", "rm", "rmvb", "ts", "vob", "webm", "wmv", "y4m", "h264", "h265", "hevc", "264", "265",
})  # fmt: skip
LIST_EXTENSIONS = frozenset({"txt", "csv", "jsonl", "parquet"})


class InputError(ValueError):
    """An input that names nothing, or a list that cannot be read."""


@dataclass(frozen=True)
class Entry:
    """A file of the input."""

    uri: str
    path: str
    bytes: int
    modified: str
    """Modification time in nanoseconds."""
    carried: dict[str, Any]
    missing: str | None = None
    """Why a listed file is not there."""


@dataclass
class Listing:
    """Everything the input names, one entry per file, sorted by uri."""

    entries: list[Entry] = field(default_factory=list)
    passed_over: int = 0
    """Files in folders and globs that have no video extension."""


def uri_of(path: str) -> str:
    """The path itself; a name that is not UTF-8 becomes a percent-encoded `file://` URL, so that tables hold
    text."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        try:
            name = os.fsencode(path)
        except UnicodeEncodeError:  # a list may hold half a character, which no file's name has
            name = path.encode("utf-8", "surrogatepass")
        return "file://" + quote_from_bytes(name)
    return path


def listing(inputs: Sequence[str], output: str) -> Listing:
    """List the inputs. `output` (the run's folder) is left out where it lies inside a folder of the input."""
    found = Listing()
    rows: dict[str, tuple[str, dict[str, Any]]] = {}
    closed: list[Entry] = []

    def add(path: str, carried: dict[str, Any]) -> None:
        path = os.path.abspath(path)
        old = rows.get(path)
        rows[path] = (path, _smaller(old[1], carried) if old else carried)

    output = os.path.abspath(output)
    for text in inputs:
        path = local_path(text)
        if "://" in path:
            raise InputError(f"the input {text} is not on a local disk: give folders, globs, files or lists")
        if os.path.isdir(path):
            if os.path.abspath(path) == output:
                raise InputError(f"the input {text} is the output folder too: choose another output")
            for file in _walk(path, output, found, closed):
                add(file, {})
        elif _extension(path) in LIST_EXTENSIONS and os.path.isfile(path):
            for listed, carried in _read_list(path):
                add(listed, carried)
        elif os.path.lexists(path):
            add(path, {})
        elif glob.has_magic(path):
            matches = sorted(glob.glob(path, recursive=True, include_hidden=True))
            if not matches:
                raise InputError(
                    f"the input {text} matches nothing: check the pattern and the current folder"
                )
            for match in matches:
                if os.path.isdir(match) or os.path.abspath(match).startswith(f"{output}/"):
                    continue
                if _extension(match) in VIDEO_EXTENSIONS:
                    add(match, {})
                else:
                    found.passed_over += 1
        else:
            raise InputError(f"the input {text} does not exist: give a folder, a glob, a file or a list")
    entries = [_entry(path, carried) for path, carried in rows.values()]
    entries += {entry.uri: entry for entry in closed}.values()
    found.entries = sorted(entries, key=lambda e: e.uri)
    if not rows:
        raise InputError(
            f"no video in {', '.join(inputs)} ({found.passed_over} other files passed over"
            f"{''.join(f', {entry.uri} {entry.missing}' for entry in closed[:1])}): give a folder, glob or "
            "list that names videos"
        )
    return found


def _extension(path: str) -> str:
    return os.path.splitext(path)[1][1:].lower()


def _walk(folder: str, output: str, found: Listing, closed: list[Entry]) -> Iterator[str]:
    """Files with a video extension; folders that are links are entered, each folder once. A folder that
    cannot be listed is an entry of `closed`: its videos must not leave the run without a word."""

    def note(error: OSError) -> None:
        path = os.path.abspath(os.fsdecode(error.filename))
        closed.append(Entry(uri_of(path), path, 0, "", {}, f"cannot be listed: {error.strerror}"))

    seen = {os.path.realpath(output)}
    for base, folders, files in os.walk(folder, onerror=note, followlinks=True):
        real = os.path.realpath(base)
        if real in seen:
            folders[:] = []
            continue
        seen.add(real)
        folders.sort()
        for name in sorted(files):
            if _extension(name) in VIDEO_EXTENSIONS:
                yield os.path.join(base, name)
            else:
                found.passed_over += 1


def _entry(path: str, carried: dict[str, Any]) -> Entry:
    uri = uri_of(path)
    try:
        facts = os.stat(path)
    except OSError as error:
        return Entry(uri, path, 0, "", carried, f"cannot be opened: {error.strerror}")
    except ValueError as error:
        return Entry(uri, path, 0, "", carried, f"is no file name: {error}")
    if not stat.S_ISREG(facts.st_mode):
        # A pipe or a device would hang whoever opens it.
        return Entry(uri, path, 0, "", carried, "is not a regular file")
    return Entry(uri, path, facts.st_size, str(facts.st_mtime_ns), carried)


def _smaller(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    """Where rows for one file (or copies of one content) differ, the smallest value that is not NULL."""
    merged = dict(one)
    for name, value in two.items():
        values = [v for v in (merged.get(name), value) if v is not None]
        merged[name] = min(values, key=_order, default=None)
    return merged


def _order(value: Any) -> tuple[bool, float, str]:
    """Sorts numbers by size (9 before 10) and before all else, which is sorted by its JSON text."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return not number, value if number else 0.0, json.dumps(value, sort_keys=True)


def merge_carried(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Carried columns of several copies as one, in whatever order they come."""
    merged: dict[str, Any] = {}
    for row in rows:
        merged = _smaller(merged, row)
    return {name: merged[name] for name in sorted(merged)}


# -- lists -------------------------------------------------------------------------------------------------


def _read_list(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file, carried columns) of each row; relative names are looked up from the list's folder."""
    base = os.path.dirname(os.path.abspath(path))
    try:
        rows = list(_READERS[_extension(path)](path))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"the list {path} cannot be read: {error}") from error
    for number, row in enumerate(rows, 1):
        uri = row.pop("uri", None)
        if not isinstance(uri, str) or not uri.strip():
            raise InputError(f"the list {path} has no `uri` in row {number}: name the file's path there")
        yield (
            os.path.join(base, local_path(uri)),
            {name: _plain(value) for name, value in row.items() if name},
        )


def _plain(value: Any) -> Any:
    """A value as JSON can hold it; an empty text is none."""
    if value == "" or (isinstance(value, float) and value != value):
        return None
    return json.loads(json.dumps(value, default=str))


def _text(path: str) -> str:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return file.read()


def _txt(path: str) -> Iterator[dict[str, Any]]:
    # Names may hold anything but a line break: bytes that are not UTF-8, a leading #, odd spaces.
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        for line in file.read().removeprefix("\ufeff").split("\n"):
            if name := line.rstrip("\r"):
                yield {"uri": name}


def _csv(path: str) -> Iterator[dict[str, Any]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if "uri" not in (reader.fieldnames or []):
            raise ValueError(f"it has no column `uri` but {', '.join(reader.fieldnames or []) or 'nothing'}")
        for row in reader:
            yield {name: value for name, value in row.items() if isinstance(name, str)}


def _jsonl(path: str) -> Iterator[dict[str, Any]]:
    # Not splitlines(): JSON text may hold U+2028 and its like unescaped.
    for number, line in enumerate(_text(path).split("\n"), 1):
        if line.strip():
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError(f"line {number} is not a JSON object")
            yield row


def _parquet(path: str) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        if "uri" not in file.schema_arrow.names:
            raise ValueError(f"it has no column `uri` but {', '.join(file.schema_arrow.names)}")
        for batch in file.iter_batches():
            yield from batch.to_pylist()


_READERS = {"txt": _txt, "csv": _csv, "jsonl": _jsonl, "parquet": _parquet}
