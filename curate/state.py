"""The present state of a run: the rows that belong to the current input and the current keys.

Tables also hold rows of videos that left the input and of earlier options; nobody sees them but through here.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate import clips
from curate.context import Keys
from curate.storage import local_path
from curate.tables import Tables, halves, id_bytes, rows_of

MAX_ATTEMPTS = 3
"""Runs in which a scan may fail for what may be the moment's reasons (no progress, a killed process, memory)
before the video is given up; every run tries twice. A file's own fault is final at once."""


class Rows:
    """A table whose rows become dictionaries one at a time, when they are wanted."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table.combine_chunks()

    def __getitem__(self, number: int) -> dict[str, Any]:
        return rows_of(self._table.slice(number, 1))[0]


class Video:
    """A content of the current input."""

    def __init__(self, identity: bytes, usable: bool, seconds: float, rows: Rows, number: int) -> None:
        self.identity = identity
        self.usable = usable
        """Whether it can be scanned at all."""
        self.seconds = seconds
        """Length, 0 if unknown."""
        self.uris: list[str] = []
        self.carried: list[dict[str, Any]] = []
        """The carried columns of each uri."""
        self.parts: dict[str, str] = {}
        """Signal group -> path of its part, relative to the run; only what a committed scan names."""
        self.stamp: tuple[int, str] = (0, "")
        """(bytes, modified) of `path` when it was indexed."""
        self._failed: dict[str, tuple[str, int]] = {}
        """Signal group -> (error, attempts) of scans under the current keys. With a part it has succeeded."""
        self._rows, self._number = rows, number
        self._scans: list[tuple[Rows, int]] = []

    @cached_property
    def row(self) -> dict[str, Any]:
        """Its row of `videos`."""
        return self._rows[self._number]

    @cached_property
    def scan(self) -> dict[str, Any]:
        """A row of `scans` under the current keys; where groups were scanned apart, any of them."""
        rows, number = self._scans[-1]
        return rows[number]

    @property
    def path(self) -> str:
        """The file to decode: the first of its uris."""
        return local_path(self.uris[0])

    @property
    def original(self) -> str | None:
        """The source's own caption: the column `caption` of the list that named it, of several copies' the
        smallest."""
        given = [row.get("caption") for row in self.carried]
        return min((text for text in given if isinstance(text, str)), default=None)

    @property
    def source(self) -> str:
        """Where it comes from: the column `source` of the list that named it, of several copies' the
        smallest; without one the folder of its file."""
        given = [row.get("source") for row in self.carried]
        return min((text for text in given if isinstance(text, str)), default=os.path.dirname(self.path))

    def lacks(self, keys: Keys) -> list[str]:
        """Signal groups that are to be scanned: neither done nor given up."""
        given_up = {group for group, (_, attempts) in self._failed.items() if attempts >= MAX_ATTEMPTS}
        return [group for group in keys.groups if group not in self.parts and group not in given_up]

    @property
    def scan_error(self) -> str | None:
        """Why a group has no part under the current keys."""
        return next((error for group, (error, _) in self._failed.items() if group not in self.parts), None)

    @property
    def scanned(self) -> bool:
        """Whether it has been scanned, and well."""
        return bool(self._scans) and self.scan_error is None

    @property
    def seekable(self) -> bool:
        """Whether timestamps are sound enough to seek by: neither packets nor frames were out of order."""
        return not (self.row["irregular"] or self.scan["reordered"] or self.scan["filled"])

    def add_scan(
        self,
        keys: Keys,
        groups: Iterable[tuple[str, str, str | None]],
        error: str | None,
        transient: bool,
        rows: Rows,
        number: int,
    ) -> None:
        """Take note of a row of `scans`, if it is under the current keys. `groups`: (group, key, part)."""
        current = [(group, part) for group, key, part in groups if keys.groups.get(group) == key]
        if not current:
            return
        if error is not None:
            for group, _ in current:
                attempts = self._failed.get(group, ("", 0))[1]
                self._failed[group] = (error, attempts + (1 if transient else MAX_ATTEMPTS))
            return
        self.parts.update({group: part for group, part in current if part is not None})
        self._scans.append((rows, number))
        self.__dict__.pop("scan", None)


class Listed(Protocol):
    """A file of the input as it is now."""

    @property
    def uri(self) -> str: ...
    @property
    def bytes(self) -> int: ...
    @property
    def modified(self) -> str: ...
    @property
    def carried(self) -> dict[str, Any]: ...
    @property
    def missing(self) -> str | None: ...


def unread(listed: Sequence[Listed], tables: Tables, keys: Keys) -> list[Listed]:
    """Files that were never read as they are now, or whose video was probed by an older version."""
    read = _files(tables)
    probed = set(id_bytes(_probed(tables, keys)["video_id"]).to_pylist())
    return [
        file
        for file in listed
        if file.missing is None and read.get((file.uri, file.bytes, file.modified)) not in probed
    ]


def videos(listed: Sequence[Listed], tables: Tables, keys: Keys) -> dict[bytes, Video]:
    """The videos of the input by id, in the order of their ids, with their scans."""
    files = _files(tables)
    table = _probed(tables, keys)
    rows = Rows(table)
    probed = {
        identity: Video(identity, error is None, seconds or 0.0, rows, number)
        for number, (identity, error, seconds) in enumerate(
            zip(
                id_bytes(table["video_id"]).to_pylist(),
                table["error"].to_pylist(),
                table["seconds"].to_pylist(),
                strict=True,
            )
        )
    }
    found: dict[bytes, Video] = {}
    for file in sorted(listed, key=lambda file: file.uri):
        identity = files.get((file.uri, file.bytes, file.modified)) if file.missing is None else None
        video = probed.get(identity) if identity is not None else None
        if video is not None:
            found[video.identity] = video
            if not video.uris:
                video.stamp = (file.bytes, file.modified)
            video.uris.append(file.uri)
            video.carried.append(file.carried)
    add_scans(found, tables.read("scans"), keys)
    return dict(sorted(found.items()))


def _files(tables: Tables) -> dict[tuple[str, int, str], bytes | None]:
    """(uri, bytes, modified) -> id of what was read then; None where it never could be."""
    table = tables.read("files")
    identities = id_bytes(table["video_id"]).to_pylist()
    facts = zip(*(table[name].to_pylist() for name in ("uri", "bytes", "modified")), strict=True)
    found: dict[tuple[str, int, str], bytes | None] = {}
    for fact, identity in zip(facts, identities, strict=True):
        # A file may be unreadable at first and have its row later; the order of rows says nothing.
        found[fact] = identity if identity is not None else found.get(fact)
    return found


def _probed(tables: Tables, keys: Keys) -> pa.Table:
    """Rows of `videos` under the current key."""
    table = tables.read("videos")
    return table.filter(pc.equal(table["key"], keys.videos))


def add_scans(found: Mapping[bytes, Video], scans: pa.Table, keys: Keys) -> None:
    """Join rows of `scans` to their videos; older keys do not count."""
    scans = scans.combine_chunks()
    rows = Rows(scans)
    groups = scans["groups"].combine_chunks() if scans.num_rows else pa.array([], scans["groups"].type)
    if isinstance(groups, pa.ChunkedArray):
        groups = groups.chunk(0) if groups.num_chunks else pa.array([], groups.type)
    flat = groups.flatten()
    triples = list(zip(*(flat.field(name).to_pylist() for name in ("group", "key", "part")), strict=True))
    ends = np.cumsum(pc.list_value_length(groups).to_numpy(zero_copy_only=False)).tolist()
    identities = id_bytes(scans["video_id"]).to_pylist()
    first = 0
    errors, moments = scans["error"].to_pylist(), scans["transient"].to_pylist()
    for number, (identity, error, moment, end) in enumerate(
        zip(identities, errors, moments, ends, strict=True)
    ):
        video = found.get(identity)
        if video is not None:
            video.add_scan(keys, triples[first:end], error, bool(moment), rows, number)
        first = end


def current_clips(tables: Tables, keys: Keys, found: Mapping[bytes, Video]) -> pa.Table:
    """Clips of the current input under the current cuts, in no particular order."""
    table = tables.read("clips", keys.cuts)
    mine = pa.array([i for i, video in found.items() if video.scanned], pa.binary(clips.ID_BYTES))
    chosen = pc.is_in(id_bytes(table["video_id"]), value_set=mine)
    return table if pc.all(chosen).as_py() else table.filter(chosen)


class Lookup:
    """Ids, sorted once, to be found in one table after another: a merge of sorted ids, where a hash table of
    a million random ids would miss the processor's caches at every step."""

    def __init__(self, ids: pa.Array) -> None:
        """`ids`: 16-byte binaries."""
        self.ids = ids
        self._halves = halves(ids)
        self._order = np.argsort(self._halves[:, 0], kind="stable")
        self._sorted = self._halves[self._order, 0]

    def rows(self, table: pa.Table, column: str = "clip_id") -> npt.NDArray[np.int64]:
        """(len(ids),) the row of `table` that holds each id in `column`, -1 where none does."""
        at = np.full(len(self.ids), -1, dtype=np.int64)
        if not table.num_rows or not len(self.ids):
            return at
        others = id_bytes(table[column])
        theirs = halves(others)
        # Timsort: ids that a table stores in order (see tables.py) cost one pass.
        order = np.argsort(theirs[:, 0], kind="stable")
        known = theirs[order, 0]
        place = np.minimum(np.searchsorted(known, self._sorted), len(known) - 1)
        row = order[place]
        first = known[place] == self._sorted
        both = first & (theirs[row, 1] == self._halves[self._order, 1])
        if (first != both).any():
            # Two ids with equal first halves: one in 10^7 at ten million ids.
            found = pc.fill_null(pc.index_in(self.ids, value_set=others), -1)
            return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)
        at[self._order[both]] = row[both]
        return at

    def numbers(self, table: pa.Table, column: str) -> npt.NDArray[np.int64]:
        """(table's rows,) the number among `ids` of each id in `column`, -1 where it is none of them."""
        theirs = id_bytes(table[column])
        wanted = halves(theirs)
        if not len(self.ids) or not len(wanted):
            return np.full(len(wanted), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self._sorted, wanted[:, 0]), len(self._sorted) - 1)
        found = self._order[place]
        first = self._sorted[place] == wanted[:, 0]
        both = first & (self._halves[found, 1] == wanted[:, 1])
        if (first != both).any():  # as above
            slow = pc.fill_null(pc.index_in(theirs, value_set=self.ids), -1)
            return np.asarray(slow.to_numpy(zero_copy_only=False), dtype=np.int64)
        return np.where(both, found, -1)


def positions(ids: pa.Array, table: pa.Table) -> npt.NDArray[np.int64]:
    """(len(ids),) row of `table` that holds each clip id, -1 where none does."""
    return Lookup(ids).rows(table)
