"""The present state of a run: the rows that belong to the current input and the current keys.

Tables also hold rows of videos that left the input and of earlier options; nobody sees them but through here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate import clips
from curate.context import Keys
from curate.storage import local_path
from curate.tables import Tables, id_bytes


@dataclass
class Video:
    """A content of the current input."""

    row: dict[str, Any]
    """Its row of `videos`."""
    uris: list[str]
    carried: list[dict[str, Any]]
    """The carried columns of each uri."""
    parts: dict[str, str] = field(default_factory=dict)
    """Signal group -> path of its part, relative to the run; only what a committed scan names."""
    scan: dict[str, Any] | None = None
    """Its newest scan, if that was under the current keys."""

    @property
    def identity(self) -> bytes:
        return bytes(self.row["video_id"])

    @property
    def path(self) -> str:
        """The file to decode: the first of its uris."""
        return local_path(self.uris[0])

    @property
    def usable(self) -> bool:
        """Whether it can be scanned at all."""
        return self.row["error"] is None

    def lacks(self, keys: Keys) -> list[str]:
        """Signal groups that were not scanned under the current keys (a failed scan lacks nothing)."""
        have = {item["group"] for item in self.scan["groups"]} if self.scan else set()
        return [group for group in keys.groups if group not in have]

    @property
    def scanned(self) -> bool:
        """Whether all its signals are there."""
        return self.scan is not None and self.scan["error"] is None


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
    read = {(row["uri"], row["bytes"], row["modified"]): row["video_id"] for row in tables.rows("files")}
    probed = {row["video_id"] for row in tables.rows("videos") if row["key"] == keys.videos}
    return [
        file
        for file in listed
        if file.missing is None and read.get((file.uri, file.bytes, file.modified)) not in probed
    ]


def videos(listed: Sequence[Listed], tables: Tables, keys: Keys) -> dict[bytes, Video]:
    """The videos of the input by id, in the order of their ids, with their scans."""
    files = {(row["uri"], row["bytes"], row["modified"]): row["video_id"] for row in tables.rows("files")}
    probed = {row["video_id"]: row for row in tables.rows("videos") if row["key"] == keys.videos}
    found: dict[bytes, Video] = {}
    for file in sorted(listed, key=lambda file: file.uri):
        identity = files.get((file.uri, file.bytes, file.modified)) if file.missing is None else None
        if identity is not None and identity in probed:
            video = found.setdefault(identity, Video(probed[identity], [], []))
            video.uris.append(file.uri)
            video.carried.append(file.carried)
    add_scans(found, tables, keys)
    return dict(sorted(found.items()))


def add_scans(found: dict[bytes, Video], tables: Tables, keys: Keys) -> None:
    """Join the newest row of `scans` per group; older keys do not count."""
    for row in tables.rows("scans"):
        video = found.get(row["video_id"])
        current = [item for item in row["groups"] if keys.groups.get(item["group"]) == item["key"]]
        if video is None or not current:
            continue
        old = video.scan["groups"] if video.scan else []
        replaced = {item["group"] for item in current}
        groups = [item for item in old if item["group"] not in replaced] + current
        video.scan = {**row, "groups": groups, "error": row["error"] or (video.scan or {}).get("error")}
        video.parts.update({item["group"]: item["part"] for item in current if item["part"]})


def current_clips(tables: Tables, keys: Keys, found: Mapping[bytes, Video]) -> pa.Table:
    """Clips of the current input under the current cuts, in no particular order."""
    table = tables.read("clips", keys.cuts)
    mine = pa.array([i for i, video in found.items() if video.scanned], pa.binary(clips.ID_BYTES))
    chosen = pc.is_in(id_bytes(table["video_id"]), value_set=mine)
    return table if pc.all(chosen).as_py() else table.filter(chosen)


def positions(ids: pa.Array, table: pa.Table, column: str = "clip_id") -> npt.NDArray[np.int64]:
    """(len(ids),) row of `table` that holds each id in `column`, -1 where none does."""
    found = pc.index_in(ids, value_set=id_bytes(table[column])) if table.num_rows else pa.nulls(len(ids), pa.int32())
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
