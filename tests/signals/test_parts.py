"""Parts are the same bytes, whether rows come one by one or as tables."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.signals import parts
from curate.signals.parts import PartWriter

ID = bytes(range(16))
SCHEMA = pa.schema([("value", pa.float32()), ("data", pa.binary()), ("fixed", pa.binary(4))])


def rows(count: int) -> Iterator[tuple[int, tuple[float | None, bytes | None, bytes]]]:
    for k in range(count):
        yield 10 * k, (None if k % 7 == 3 else k / 3, None if k % 5 == 4 else bytes(k % 50), b"four")


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROWS", 40)
    monkeypatch.setattr(parts, "BYTES", 1000)


@pytest.mark.parametrize("cuts", [(0, 500), (0, 1, 2, 3, 130, 131, 300, 300, 500), (0, 40, 80, 500)])
def test_rows_in_tables_give_the_bytes_of_rows_one_by_one(
    tmp_path: Path, small_groups: None, cuts: tuple[int, ...]
) -> None:
    every = list(rows(500))
    with PartWriter(tmp_path / "one.parquet", SCHEMA, ID) as one:
        for pts, row in every:
            one.add(pts, row)
    tables = []
    for number, (first, end) in enumerate(pairwise(cuts)):
        with PartWriter(tmp_path / f"{number}.parquet", SCHEMA, ID) as piece:
            for pts, row in every[first:end]:
                piece.add(pts, row)
        tables.append(pq.read_table(tmp_path / f"{number}.parquet"))
    with PartWriter(tmp_path / "all.parquet", SCHEMA, ID) as merged:
        for table in tables:
            merged.extend(table)
    assert (one.rows, merged.rows) == (500, 500)
    assert (tmp_path / "all.parquet").read_bytes() == (tmp_path / "one.parquet").read_bytes()
    file = pq.ParquetFile(tmp_path / "one.parquet")
    sizes = [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)]
    file.close()
    assert max(sizes) == 40
    assert min(sizes[:-1]) < 40  # where the bytes were enough


def test_rows_and_tables_may_take_turns(tmp_path: Path, small_groups: None) -> None:
    every = list(rows(90))
    for name, turns in (("plain", False), ("mixed", True)):
        with PartWriter(tmp_path / f"{name}.parquet", SCHEMA, ID) as writer:
            for pts, row in every[:30]:
                writer.add(pts, row)
            if turns:
                with PartWriter(tmp_path / "middle.parquet", SCHEMA, ID) as middle:
                    for pts, row in every[30:60]:
                        middle.add(pts, row)
                writer.extend(pq.read_table(tmp_path / "middle.parquet"))
            for pts, row in every[60:] if turns else every[30:]:
                writer.add(pts, row)
    assert (tmp_path / "plain.parquet").read_bytes() == (tmp_path / "mixed.parquet").read_bytes()
