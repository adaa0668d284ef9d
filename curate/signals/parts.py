"""Parquet parts, written while a file is scanned: memory holds one row group, a part appears whole or not at
all."""

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 8192
"""Rows per row group of signals: 4.5 minutes at 30 frames/s, under 1 MB in memory."""
BYTES = 8 << 20
"""Bytes of JPEG per row group of frames, about 200 of them: a reader that wants one frame reads this much."""

UNFINISHED = ".unfinished"


def part_schema(columns: pa.Schema) -> pa.Schema:
    """`columns` beside video_id (UUID) and pts (int64)."""
    head = [pa.field("video_id", pa.uuid(), nullable=False), pa.field("pts", pa.int64(), nullable=False)]
    return pa.schema([*head, *columns])


class PartWriter:
    """Collects rows of one video and writes them to `path`, whose folder is made. Use as a context manager.

    Rows go to a file with a name of its own beside it (`….unfinished`), which is renamed at the end of the
    block, or removed if the block raised. A process that was killed leaves it to `remove_unfinished`.
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
        self._held = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._writing():
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
        with self._writing():
            self._file.write_table(pa.Table.from_arrays(columns, schema=self._schema))

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
