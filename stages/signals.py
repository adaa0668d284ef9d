"""Reading stored signals: the frames of a video, or of one clip."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Columns = Mapping[str, npt.NDArray[Any]]
"""Column -> (frames,) values; `pts` is int64 and ascending."""


def read_part(path: str, columns: Iterable[str] | None = None) -> dict[str, npt.NDArray[Any]]:
    """The columns of one video's part (all but video_id); NULL is NaN in numbers, False in booleans. Bytes of
    a fixed size are uint8 (frames, size)."""
    with pq.ParquetFile(path) as file:
        names = [name for name in file.schema_arrow.names if name != "video_id"]
        table = file.read(columns=list(columns) if columns is not None else names)
    return {name: _values(table[name]) for name in table.column_names}


def _values(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    if pa.types.is_fixed_size_binary(column.type):
        return _bytes(column)
    if column.null_count and pa.types.is_boolean(column.type):
        column = column.fill_null(False)
    elif column.null_count and pa.types.is_integer(column.type):
        column = column.cast(pa.float64(), safe=False)  # timestamps from 2^53 on are rounded
    return np.asarray(column.to_numpy())


def _bytes(column: pa.ChunkedArray) -> npt.NDArray[np.uint8]:
    """A column of fixed-size binary without NULL."""
    width = column.type.byte_width
    parts = [
        np.frombuffer(chunk.buffers()[1], np.uint8, len(chunk) * width, chunk.offset * width)
        for chunk in column.chunks
        if len(chunk)
    ]
    return np.concatenate([np.empty(0, np.uint8), *parts]).reshape(-1, width)


def span(columns: Columns, start_pts: int, end_pts: int) -> dict[str, npt.NDArray[Any]]:
    """The frames with start_pts <= pts < end_pts."""
    first, end = np.searchsorted(columns["pts"], [start_pts, end_pts])
    return {name: values[first:end] for name, values in columns.items()}
