"""Parquet parts, written while a file is scanned: memory holds one row group, a part appears whole or not at
all."""

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROWS = 8192
"""Rows per row group of signals: 4.5 minutes at 30 frames/s, under 1 MB in memory."""
BYTES = 8 << 20
"""Bytes of binary columns per row group, about 200 JPEGs: a reader that wants one frame reads this much."""

UNFINISHED = ".unfinished"


def part_schema(columns: pa.Schema) -> pa.Schema:
    """`columns` beside video_id (UUID) and pts (int64)."""
    head = [pa.field("video_id", pa.uuid(), nullable=False), pa.field("pts", pa.int64(), nullable=False)]
    return pa.schema([*head, *columns])


class PartWriter:
    """Collects rows of one video and writes them to `path`, whose folder is made. Use as a context manager.

    Rows come one by one (`add`) or as tables (`extend`), and the file has the same bytes either way. They go
    to a file with a name of its own beside it (`….unfinished`), which is renamed at the end of the block, or
    removed if the block raised. A process that was killed leaves it to `remove_unfinished`.
    Raises OSError with the path where the disk refuses (full, gone).
    """

    def __init__(self, path: Path, columns: pa.Schema, video_id: bytes) -> None:
        self.path = path
        self.rows = 0
        self._schema = part_schema(columns)
        self._video_id = video_id
        # A name of its own: the process of a run that was killed may write on for a moment, beside the next.
        self._temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}{UNFINISHED}")
        self._values: list[list[Any]] = [[] for _ in range(len(columns) + 1)]
        self._tables: list[pa.Table] = []
        self._count = self._bytes = 0
        """Rows, and bytes in columns of binary, that are held."""
        names = self._schema.names
        kinds = {name: self._schema.field(name).type for name in names[2:]}
        self._binary = [
            name
            for name, kind in kinds.items()
            if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind)
        ]
        self._sized = [names.index(name) - 1 for name in self._binary]
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._writing():
            self._file = pq.ParquetWriter(
                self._temporary, self._schema, compression="zstd", use_dictionary=["video_id"], version="2.6"
            )

    def add(self, pts: int, row: Sequence[Any]) -> None:
        """Add a row: values in the order of the schema."""
        for column, value in zip(self._values, (pts, *row), strict=True):
            column.append(value)
        self._count += 1
        self.rows += 1
        self._bytes += sum(len(self._values[at][-1] or b"") for at in self._sized)
        self._flush_if_full()

    def extend(self, rows: pa.Table) -> None:
        """Add rows of another part of the same columns."""
        self._take_values()
        while rows.num_rows:
            sizes = np.zeros(rows.num_rows, np.int64)
            for name in self._binary:
                lengths = pc.fill_null(pc.binary_length(rows[name]), 0)
                sizes += lengths.to_numpy().astype(np.int64)
            full = int(np.searchsorted(self._bytes + np.cumsum(sizes), BYTES)) + 1
            taken = min(rows.num_rows, ROWS - self._count, full)
            self._tables.append(rows.slice(0, taken))
            self._count += taken
            self.rows += taken
            self._bytes += int(sizes[:taken].sum())
            self._flush_if_full()
            rows = rows.slice(taken)

    def _take_values(self) -> None:
        """Rows that came one by one become a table."""
        if self._values[0]:
            ids = pa.repeat(pa.scalar(self._video_id, pa.binary(16)), len(self._values[0]))
            columns = [pa.ExtensionArray.from_storage(pa.uuid(), ids)]
            for field, values in zip(list(self._schema)[1:], self._values, strict=True):
                columns.append(pa.array(values, field.type))
                values.clear()
            self._tables.append(pa.Table.from_arrays(columns, schema=self._schema))

    def _flush_if_full(self) -> None:
        if self._count >= ROWS or self._bytes >= BYTES:
            self._flush()

    def _flush(self) -> None:
        self._take_values()
        if self._count:
            table = pa.concat_tables(self._tables).combine_chunks()
            self._tables.clear()
            self._count = self._bytes = 0
            with self._writing():
                self._file.write_table(table)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Arrow's errors know their number and not their file."""
        try:
            yield
        except OSError as error:
            number = error.errno or errno.EIO
            raise OSError(number, os.strerror(number), str(self.path)) from error

    def __enter__(self) -> "PartWriter":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
                with self._writing():
                    self._file.close()
                os.replace(self._temporary, self.path)
        finally:
            with contextlib.suppress(OSError):  # what went wrong before is what matters
                self._file.close()
            self._temporary.unlink(missing_ok=True)


def remove_unfinished(folder: str) -> None:
    """Remove what killed processes left in `folder` and below; parts that were finished stay."""
    for base, _, names in os.walk(folder):
        for name in names:
            if name.endswith(UNFINISHED):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(base, name))
