"""Tables that commit: Parquet parts and a Delta log (deltalake) that says which of them count.

Writers write parts, the driver alone commits them, readers read the log and never a listing; so a part that
was not committed is never seen, and a killed run leaves nothing half-written. A table that is partitioned by
`key` (the cache key of the step that wrote the rows) keeps the rows of earlier options beside the current
ones."""

import json
import os
import re
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from curate import clips
from curate.storage import Folder

SORT_FROM = 10_000
"""Rows from which a part is written in the order of its clip ids."""

COMPACT_ABOVE = 48
"""Live parts of one (table, key) above which they are rewritten as one: a query opens every part."""

Row = Mapping[str, Any]


def to_table(schema: pa.Schema, rows: Iterable[Row]) -> pa.Table:
    """Rows (ids as 16 bytes) as a table of exactly `schema`; columns that a row lacks are NULL."""
    rows = list(rows)
    columns = []
    for field in schema:
        values = [row.get(field.name) for row in rows]
        columns.append(clips.ids_array(values) if field.type == clips.ID else pa.array(values, field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """The rows of a table as dictionaries, ids as 16 bytes."""
    plain = [_storage(column) for column in table.columns]
    return pa.Table.from_arrays(plain, names=table.column_names).to_pylist()  # type: ignore[no-any-return]


def _storage(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The bytes below a UUID column (PyArrow would make `uuid.UUID` objects of them)."""
    if column.type != clips.ID:
        return column
    return pa.chunked_array([chunk.storage for chunk in column.chunks], pa.binary(clips.ID_BYTES))


def id_bytes(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A UUID column as one array of 16-byte binaries, for hashing and joining."""
    chunked = column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])
    combined = _storage(chunked).combine_chunks()
    return combined.cast(pa.binary(clips.ID_BYTES))


def halves(ids: pa.Array) -> npt.NDArray[np.uint64]:
    """(len(ids), 2) the two 8-byte halves of 16-byte binaries without NULLs: numbers that sort fast."""
    raw = np.frombuffer(ids.buffers()[1], dtype=np.uint64)
    first = 2 * ids.offset
    return raw[first : first + 2 * len(ids)].reshape(-1, 2)


def _in_order(data: pa.Table) -> pa.Table:
    """Many clips in the order of their ids, in which tables are joined fastest."""
    if data.num_rows < SORT_FROM or data.column_names[0] != "clip_id":
        return data
    return data.take(pa.array(np.argsort(halves(id_bytes(data["clip_id"]))[:, 0], kind="stable")))


class Tables:
    """The tables of one run, by name: `videos`, `clips`, `scores/motion`, …"""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self._delta: dict[str, DeltaTable] = {}
        self._lock = threading.RLock()

    # -- what is there ------------------------------------------------------------------------------------

    def _open(self, name: str) -> DeltaTable | None:
        """The Delta table at its newest version, or None while nothing was ever written to it."""
        with self._lock:
            table = self._delta.get(name)
            if table is not None:
                table.update_incremental()
                return table
            try:
                table = DeltaTable(self.folder.path(f"tables/{name}"))
            except TableNotFoundError:
                return None
            self._delta[name] = table
            return table

    def names(self, under: str = "") -> list[str]:
        """Names of the tables that exist below `under` (`scores`)."""
        found = set()
        for path in self.folder.names(f"tables/{under}".rstrip("/")):
            table, marker, _ = path.partition("/_delta_log/")
            if marker:
                found.add(table.removeprefix("tables/"))
        return sorted(found)

    def files(self, name: str, key: str | None = None) -> list[str]:
        """Full paths of the committed parts of a table; of the partition `key` alone if given."""
        table = self._open(name)
        if table is None:
            return []
        chosen = [("key", "=", key)] if key is not None else None
        # Delta percent-encodes the folder's own name; below it are only names of ours.
        inside = f"/tables/{name}/"
        uris = table.file_uris(file_pruning_predicate=chosen)
        return sorted(self.folder.path(f"tables/{name}/{uri.rpartition(inside)[2]}") for uri in uris)

    def version(self, name: str) -> int:
        """Number of the last commit, -1 for a table that does not exist."""
        table = self._open(name)
        return -1 if table is None else int(table.version())

    def schema(self, name: str, key: str | None = None) -> pa.Schema | None:
        """Arrow schema of the rows of a table (None for a score table that does not exist yet).

        Score tables have other columns under other keys (an older version, another filter of that name): of
        the rows under `key` where there are any.
        """
        if name in clips.TABLES:
            return clips.TABLES[name]
        files = (self.files(name, key) if key is not None else []) or self.files(name)
        return pq.read_schema(files[-1]) if files else None

    def read(self, name: str, key: str | None = None, columns: Sequence[str] | None = None) -> pa.Table:
        """All committed rows (of one key) as a table; a table that does not exist is empty."""
        files = self.files(name, key)
        if not files:
            schema = self.schema(name)
            empty = (schema if schema is not None else pa.schema([])).empty_table()
            return empty.select(columns) if columns is not None and schema is not None else empty
        parts = [pq.ParquetFile(path).read(columns=columns) for path in files]
        return pa.concat_tables(parts, promote_options="default")

    def rows(self, name: str, key: str | None = None) -> list[dict[str, Any]]:
        """All committed rows as dictionaries, ids as 16 bytes."""
        return rows_of(self.read(name, key))

    def relation(self, name: str, key: str | None = None) -> str:
        """SQL for the committed rows of a table (of one key), usable after FROM in DuckDB."""
        files = self.files(name, key)
        if files:
            listed = ", ".join(quoted(path) for path in files)
            return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
        schema = self.schema(name)
        assert schema is not None, f"no table {name}"
        columns = ", ".join(f"NULL::{_sql_type(field.type)} AS {identifier(field.name)}" for field in schema)
        return f"(SELECT {columns} WHERE false)"

    # -- writing ------------------------------------------------------------------------------------------

    def append(self, name: str, data: pa.Table | Iterable[Row], key: str | None = None) -> None:
        """Write one part and commit it."""
        table = self._as_table(name, data)
        if table.num_rows:
            self._commit(name, table, key, remove=[])

    def replace(self, name: str, data: pa.Table | Iterable[Row], key: str | None = None) -> None:
        """Replace all rows (of `key`) by `data` in one commit: readers see all old rows or all new ones."""
        self._commit(name, self._as_table(name, data), key, remove=self._live(name, key))

    def compact(self, name: str, key: str | None = None) -> None:
        """Rewrite many small parts as one; the rows stay as they are."""
        live = self._live(name, key)
        if len(live) > COMPACT_ABOVE:
            self._commit(name, self.read(name, key), key, remove=live, change=False)

    def sweep(self) -> None:
        """Delete the parts that no commit names: replaced by earlier runs, or written by one that was killed.

        Called when a run begins, and so under its lock: whoever read a replaced part has long ended.
        """
        for name in self.names():
            live = {os.path.basename(path) for path in self.files(name)}
            for path in self.folder.names(f"tables/{name}"):
                base = os.path.basename(path)
                if base.startswith("part-") and base not in live and "/_delta_log/" not in path:
                    self.folder.remove(path)

    def _as_table(self, name: str, data: pa.Table | Iterable[Row]) -> pa.Table:
        if isinstance(data, pa.Table):
            return data
        schema = self.schema(name)
        assert schema is not None, f"rows for {name} need a schema: give a table"
        return to_table(schema, data)

    def _live(self, name: str, key: str | None) -> list[tuple[str, int]]:
        """(path relative to the table, bytes) of the committed parts."""
        table = self._open(name)
        if table is None:
            return []
        actions = pa.table(table.get_add_actions(flatten=True))
        paths = actions.column("path").to_pylist()
        sizes = actions.column("size_bytes").to_pylist()
        inside = "" if key is None else f"key={key}/"
        return [(path, size) for path, size in zip(paths, sizes, strict=True) if path.startswith(inside)]

    def _commit(
        self, name: str, data: pa.Table, key: str | None, remove: list[tuple[str, int]], change: bool = True
    ) -> None:
        if "/" not in name:
            assert (name in clips.KEYED) == (key is not None), f"table {name}: key {key}"
        part = f"part-{uuid.uuid4().hex}.parquet"
        path = f"key={key}/{part}" if key is not None else part
        values: dict[str, str | None] = {"key": key} if key is not None else {}
        with self._lock, _writing(self.folder.path(f"tables/{name}")):
            table = self._ensure(name, data.schema, keyed=key is not None)
            size = self._write_part(f"tables/{name}/{path}", _in_order(data))
            now = int(time.time() * 1000)
            actions: list[AddAction | RemoveAction] = [
                AddAction(path, size, values, now, change, json.dumps({"numRecords": data.num_rows}))
            ]
            for old, old_size in remove:
                actions.append(RemoveAction(old, change, now, old_size, values))
            table.create_write_transaction(actions, "append", table.schema(), ["key"] if values else None)
            table.update_incremental()

    def _ensure(self, name: str, schema: pa.Schema, keyed: bool) -> DeltaTable:
        """The Delta table, made or widened so that it has the columns of `schema`."""
        declared = _delta_schema(schema, keyed)
        table = self._open(name)
        if table is None:
            folder = self.folder.path(f"tables/{name}")
            os.makedirs(folder, exist_ok=True)
            table = DeltaTable.create(
                folder,
                schema=declared,
                partition_by=["key"] if keyed else None,
                configuration={"delta.appendOnly": "false"},
                description=f"curate schema {clips.SCHEMA_VERSION}",
            )
            self._delta[name] = table
            return table
        known = {field.name: field for field in table.schema().fields}
        wanted = Schema.from_arrow(declared).fields
        for field in wanted:
            if field.name in known and known[field.name].type != field.type:
                raise ValueError(
                    f"table {name} has the column {field.name} as {known[field.name].type} and a new version "
                    f"writes {field.type}: give the filter another `name:`"
                )
        new = [field for field in wanted if field.name not in known]
        if new:
            table.alter.add_columns(new)
            table.update_incremental()
        return table

    def _write_part(self, name: str, data: pa.Table) -> int:
        target = self.folder.path(name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        write_parquet(data, target)
        return os.path.getsize(target)

    # -- SQL ----------------------------------------------------------------------------------------------

    def sql(self, query: str, **tables: pa.Table) -> pa.Table:
        """Run `query`; `tables` can be named in it. Committed tables enter it through `relation()`."""
        with duckdb.connect() as connection:
            for name, table in tables.items():
                connection.register(name, table)
            # UUIDs come back as UUIDs, not as text.
            connection.execute("SET arrow_lossless_conversion = true")
            return connection.sql(query).to_arrow_table()


@contextmanager
def _writing(path: str) -> Iterator[None]:
    """Errors of the disk as OSError with number and file, whoever raises them: Arrow leaves out the file,
    Delta leaves the number in a coloured text of several lines."""
    try:
        yield
    except (OSError, DeltaError) as error:
        found = re.search(r"\(os error (\d+)\)", str(error))
        number = getattr(error, "errno", None) or (int(found[1]) if found else None)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), getattr(error, "filename", None) or path) from error


def write_parquet(data: pa.Table, path: str) -> None:
    """Write a part; a failed write (a full disk) leaves no file."""
    ids = [field.name for field in data.schema if field.type == clips.ID]
    dictionary = [field.name for field in data.schema if field.name not in ids]
    try:
        with _writing(path):
            pq.write_table(data, path, compression="zstd", use_dictionary=dictionary)
    except BaseException:
        if os.path.exists(path):
            os.unlink(path)
        raise


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _delta_schema(schema: pa.Schema, keyed: bool) -> pa.Schema:
    """The same columns in types that Delta has: a UUID is binary there (the Parquet parts keep the UUID
    type)."""
    fields = [pa.field(f.name, pa.binary() if f.type == clips.ID else f.type) for f in schema]
    return pa.schema([*fields, pa.field("key", pa.string())] if keyed else fields)


_SQL_TYPES = {
    clips.ID: "UUID", pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
}  # fmt: skip


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"{_sql_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        members = ", ".join(f"{identifier(field.name)} {_sql_type(field.type)}" for field in kind)
        return f"STRUCT({members})"
    return _SQL_TYPES[kind]
