"""Parquet parts, written while a file is scanned: memory holds one row group, a part appears whole or not at
all."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 8192
"""Rows per row group of signals: 4.5 minutes at 30 frames/s, under 1 MB in memory."""
BYTES = 8 << 20
"""Bytes of JPEG per row group of frames, about 200 of them: a reader that wants one frame reads this much."""


def part_schema(columns: pa.Schema) -> pa.Schema:
    """`columns` beside video_id (UUID) and pts (int64)."""
    head = [pa.field("video_id", pa.uuid(), nullable=False), pa.field("pts", pa.int64(), nullable=False)]
    return pa.schema([*head, *columns])


class PartWriter:
    """Collects rows of one video and writes them to `path`, whose folder is made. Use as a context manager.

    Rows go to a file with a temporary name beside it, which is renamed at the end of the block, or removed if
    the block raised. A process that was killed leaves it; the next attempt writes over it.
    """

    def __init__(self, path: Path, columns: pa.Schema, video_id: bytes) -> None:
        self.path = path
        self.rows = 0
        self._schema = part_schema(columns)
        self._video_id = video_id
        self._temporary = path.with_name(path.name + ".unfinished")
        self._values: list[list[Any]] = [[] for _ in range(len(columns) + 1)]
        self._held = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = pq.ParquetWriter(
            self._temporary, self._schema, compression="zstd", use_dictionary=["video_id"], version="2.6"
        )

    def add(self, pts: int, row: Sequence[Any], size: int = 0) -> None:
        """Add a row: values in the order of the schema; `size` counts towards BYTES."""
        for column, value in zip(self._values, (pts, *row), strict=True):
            column.append(value)
        self.rows += 1
        self._held += size
        if len(self._values[0]) >= ROWS or self._held >= BYTES:
            self._flush()

    def _flush(self) -> None:
        count = len(self._values[0])
        if count == 0:
            return
        ids = pa.repeat(pa.scalar(self._video_id, pa.binary(16)), count)
        columns = [pa.ExtensionArray.from_storage(pa.uuid(), ids)]
        for field, values in zip(list(self._schema)[1:], self._values, strict=True):
            columns.append(pa.array(values, field.type))
            values.clear()
        self._held = 0
        self._file.write_table(pa.Table.from_arrays(columns, schema=self._schema))

    def __enter__(self) -> "PartWriter":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
            self._file.close()
            if kind is None:
                os.replace(self._temporary, self.path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                self._temporary.unlink()
