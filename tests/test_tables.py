"""Tables that commit: what readers see, and what they never see."""

import shutil
import threading
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from curate import clips
from curate import tables as module
from curate.storage import Folder
from curate.tables import Tables, halves, id_bytes, identifier, quoted, rows_of, to_table, write_parquet

A, B, C = (clips.digest(name) for name in (b"a", b"b", b"c"))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(str(tmp_path / "it's a run"))


@pytest.fixture
def tables(folder: Folder) -> Tables:
    return Tables(folder)


def score(identity: bytes, value: float | None, **more: Any) -> pa.Table:
    kinds = {name: type(v) for name, v in more.items()}
    return to_table(clips.score_schema(kinds), [{"clip_id": identity, "score": value, **more}])


def sizes(tables: Tables, name: str) -> list[int]:
    return sorted(row["bytes"] for row in tables.rows(name))


def test_a_table_that_was_never_written_is_empty(tables: Tables) -> None:
    assert (tables.files("videos"), tables.version("videos"), tables.names()) == ([], -1, [])
    assert tables.read("videos").schema.names == clips.VIDEOS.names
    assert tables.read("clips", "k", ["clip_id"]).column_names == ["clip_id"]
    assert tables.rows("clips", "k") == []
    for name in clips.TABLES:
        key = "k" if name in clips.KEYED else None
        assert tables.sql(f"SELECT * FROM {tables.relation(name, key)}").num_rows == 0


def test_another_reader_sees_each_commit(tables: Tables, folder: Folder) -> None:
    reader = Tables(folder)
    for number in range(3):
        tables.append("files", [{"uri": str(number), "bytes": number}])
        assert sizes(reader, "files") == list(range(number + 1))
        assert sizes(Tables(folder), "files") == list(range(number + 1))


def test_a_part_that_was_not_committed_is_never_read(tables: Tables, folder: Folder) -> None:
    tables.append("files", [{"uri": "a", "bytes": 1}])
    (part,) = tables.files("files")
    shutil.copy(part, Path(part).with_name("part-stray.parquet"))
    (Path(part).parent / "part-half.parquet").write_bytes(b"PAR1")
    for reader in (tables, Tables(folder)):
        assert reader.files("files") == [part]
        assert sizes(reader, "files") == [1]
        assert reader.sql(f"SELECT count(*) AS n FROM {reader.relation('files')}")["n"].to_pylist() == [1]


def test_a_kill_between_part_and_commit_loses_the_part_alone(
    tables: Tables, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.append("files", [{"uri": "a", "bytes": 1}])

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(DeltaTable, "create_write_transaction", killed)
        with pytest.raises(KeyboardInterrupt):
            tables.replace("files", [{"uri": "b", "bytes": 2}])
    parts = list(Path(folder.path("tables/files")).glob("*.parquet"))
    assert (len(parts), sizes(tables, "files")) == (2, [1])
    tables.append("files", [{"uri": "c", "bytes": 3}])
    assert sizes(Tables(folder), "files") == [1, 3]


def test_replace_is_one_commit(tables: Tables) -> None:
    for number in range(3):
        tables.append("files", [{"uri": str(number), "bytes": number}])
    before = tables.version("files")
    tables.replace("files", [{"uri": "x", "bytes": 7}, {"uri": "y", "bytes": 8}])
    assert (tables.version("files"), sizes(tables, "files"), len(tables.files("files"))) == (
        before + 1,
        [7, 8],
        1,
    )
    tables.replace("files", [])
    assert sizes(tables, "files") == []


def test_a_reader_in_the_middle_of_replaces_sees_old_or_new(tables: Tables, folder: Folder) -> None:
    tables.replace("files", [{"uri": "0", "bytes": 0}] * 10)
    seen: list[list[int]] = []
    stop = threading.Event()

    def read() -> None:
        reader = Tables(folder)
        while not stop.is_set():
            seen.append(sizes(reader, "files"))

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(1, 12):
        tables.replace("files", [{"uri": str(number), "bytes": number}] * 10)
    stop.set()
    thread.join()
    assert len(seen) > 1
    assert all(len(one) == 10 and len(set(one)) == 1 for one in seen)


def test_keys_keep_their_rows_apart(tables: Tables) -> None:
    for key, identity in (("k1", A), ("k2", B), ("k1", C)):
        tables.append("clips", [{"clip_id": identity, "frames": 1}], key=key)

    def ids(key: str | None) -> set[bytes]:
        return {row["clip_id"] for row in tables.rows("clips", key)}

    assert (ids("k1"), ids("k2"), ids("none"), ids(None)) == ({A, C}, {B}, set(), {A, B, C})
    tables.replace("clips", [{"clip_id": B}], key="k1")
    assert (ids("k1"), ids("k2")) == ({B}, {B})
    # A key that begins like another one.
    tables.append("clips", [{"clip_id": A}], key="k")
    tables.replace("clips", [], key="k")
    assert (ids("k"), ids("k1")) == (set(), {B})


def test_nothing_to_append_is_no_commit(tables: Tables) -> None:
    tables.append("files", [])
    assert tables.version("files") == -1


def test_compaction_keeps_every_row(tables: Tables, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMPACT_ABOVE", 4)
    for number in range(6):
        tables.append("clips", [{"clip_id": clips.digest(bytes([number])), "frames": number}], key="k")
    tables.append("clips", [{"clip_id": A, "frames": 99}], key="other")
    before = rows_of(tables.read("clips", "k"))
    old = tables.files("clips", "k")
    tables.compact("clips", "k")
    assert sorted(tables.rows("clips", "k"), key=str) == sorted(before, key=str)
    assert (len(tables.files("clips", "k")), len(tables.files("clips", "other"))) == (1, 1)
    # A reader that has the old list still finds the old parts.
    assert len(pa.concat_tables([pq.ParquetFile(path).read() for path in old])) == 6
    version = tables.version("clips")
    tables.compact("clips", "k")
    assert tables.version("clips") == version
    assert len(Tables(folder).rows("clips", "k")) == 6


def test_a_score_table_grows_columns_and_old_rows_have_null(tables: Tables) -> None:
    tables.append("scores/blur", score(A, 0.5), key="v1")
    tables.append("scores/blur", score(B, 0.25, peak=1.5, label="x"), key="v2")
    assert tables.names("scores") == ["scores/blur"]
    together = {row["clip_id"]: row for row in tables.rows("scores/blur")}
    assert together[A] == {"clip_id": A, "score": 0.5, "error": None, "peak": None, "label": None}
    assert (together[B]["peak"], together[B]["label"]) == (1.5, "x")
    found = tables.sql(f"SELECT * FROM {tables.relation('scores/blur')} ORDER BY score")
    assert found["peak"].to_pylist() == [1.5, None]
    names = {field.name for field in DeltaTable(tables.folder.path("tables/scores/blur")).schema().fields}
    assert names == {"clip_id", "score", "error", "peak", "label", "key"}


def test_a_column_may_not_change_its_type(tables: Tables) -> None:
    tables.append("scores/blur", score(A, 0.5, peak=1.5), key="v1")
    with pytest.raises(
        ValueError, match=r"scores/blur has the column peak as .*double.*give the filter another `name:`"
    ):
        tables.append("scores/blur", score(A, 0.5, peak="high"), key="v2")
    assert tables.rows("scores/blur", "v2") == []


def test_a_column_without_any_value_keeps_its_type(tables: Tables) -> None:
    tables.append("scores/blur", score(A, None), key="k")
    (path,) = tables.files("scores/blur", "k")
    assert pq.read_schema(path).field("error").type == pa.string()
    assert pq.read_schema(path).field("score").type == pa.float64()


def test_ids_are_16_bytes_and_can_be_asked_for_in_hex(tables: Tables) -> None:
    tables.append("clips", [{"clip_id": A, "video_id": B}, {"clip_id": C, "video_id": None}], key="k")
    (path,) = tables.files("clips", "k")
    parquet = pq.ParquetFile(path)
    assert "length=16" in str(parquet.schema.column(0)) or parquet.schema.column(0).length == 16
    where = f"SELECT clip_id, video_id FROM {tables.relation('clips', 'k')} WHERE clip_id = '{A.hex()}'"
    assert rows_of(tables.sql(where)) == [{"clip_id": A, "video_id": B}]
    # And what others read is Delta's own idea of the table.
    assert DeltaTable(tables.folder.path("tables/clips")).schema().fields[0].type.type == "binary"
    parquet.close()


def test_given_tables_take_part_in_sql(tables: Tables) -> None:
    tables.append("clips", [{"clip_id": A, "frames": 1}, {"clip_id": B, "frames": 2}], key="k")
    wanted = to_table(pa.schema([("clip_id", clips.ID)]), [{"clip_id": B}])
    sql = f"SELECT c.frames FROM {tables.relation('clips', 'k')} c JOIN wanted w ON w.clip_id = c.clip_id"
    assert tables.sql(sql, wanted=wanted)["frames"].to_pylist() == [2]


def test_many_clips_are_written_in_the_order_of_their_ids(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SORT_FROM", 10)
    ids = [clips.digest(bytes([n])) for n in range(50)]
    tables.append("clips", [{"clip_id": i, "frames": n} for n, i in enumerate(ids)], key="k")
    rows = tables.rows("clips", "k")
    assert {row["clip_id"]: row["frames"] for row in rows} == {i: n for n, i in enumerate(ids)}
    first = halves(id_bytes(tables.read("clips", "k")["clip_id"]))[:, 0]
    assert (np.diff(first.astype(object)) > 0).all()


def test_halves_of_a_slice_are_those_of_its_rows() -> None:
    ids = [clips.digest(bytes([n])) for n in range(9)]
    array = pa.array(ids, pa.binary(16))
    for start, length in ((0, 9), (3, 4), (8, 1), (9, 0)):
        found = halves(array.slice(start, length))
        assert found.tobytes() == b"".join(ids[start : start + length])


def test_a_failed_write_leaves_no_file_and_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "part.parquet")

    def full(table: pa.Table, where: str, **_: object) -> None:
        Path(where).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(OSError, match="No space") as caught:
        write_parquet(pa.table({"a": [1]}), path)
    assert (caught.value.errno, caught.value.filename, list(tmp_path.iterdir())) == (28, path, [])


def test_text_in_sql() -> None:
    odd = 'it\'s; DROP "x" --'
    with duckdb.connect() as connection:
        row = connection.execute(f"SELECT {quoted(odd)} AS {identifier(odd)}")
        assert (row.description[0][0], row.fetchone()) == (odd, (odd,))


def test_a_sweep_deletes_what_no_commit_names_and_nothing_else(tables: Tables, folder: Folder) -> None:
    tables.append("scores/blur", score(A, 1.0), key="one")
    (old,) = tables.files("scores/blur", "one")
    tables.append("scores/blur", score(C, 3.0), key="two")
    tables.replace("scores/blur", score(B, 2.0), key="one")
    stray = Path(old).with_name("part-of-a-run-that-was-killed.parquet")
    shutil.copy(old, stray)
    live = tables.files("scores/blur")
    tables.sweep()
    assert (Path(old).exists(), stray.exists()) == (False, False)
    assert [Path(path).exists() for path in live] == [True, True]
    again = Tables(folder)
    assert sorted(row["score"] for row in again.rows("scores/blur")) == [2.0, 3.0]
