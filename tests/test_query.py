"""Asking a run: the views with known answers, and what a query must not do."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from curate import clips
from curate.query import VIEWS, QueryError, query
from curate.storage import Folder, claim
from curate.tables import identifier, to_table
from tests.written import BROKEN, GONE, GOOD, IDS, KEPT, ONE, SHORT, SLOW, TWO, Written, written


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(tmp_path_factory.mktemp("query") / "it's a run")


def rows(run: Written, sql: str) -> list[dict[str, Any]]:
    return query(run.folder, sql).to_pylist()


def column(run: Written, sql: str) -> list[Any]:
    return query(run.folder, sql).column(0).to_pylist()


# -- views ----------------------------------------------------------------------------------------------


def test_the_views_and_the_columns_that_scripts_use(run: Written) -> None:
    needed = {
        "videos": "video_id uri uris error",
        "clips": "clip_id video_id start_seconds end_seconds start_pts end_pts media_fps motion motion_peak",
        "scores": "clip_id filter score error",
        "verdicts": "clip_id kept dropped_by error pending",
        "captions": "clip_id short dense captioner camera_motion frames_seen outcome",
        "answers": "clip_id window attempt request_hash sampling raw finish_reason tokens_in seconds",
        "similarities": "clip_id digest similarity error",
        "samples": "clip_id shard key",
        "pairs": "clip_a clip_b kind similarity",
        "steps": "run step done reused failed frames_decoded clips_encoded seconds",
        "funnel": "position rule entered dropped failed pending",
        "runs": "run name",
        "latents": "clip_id vae window start_frame frames height width file offset bytes",
        "texts": "clip_id encoder variant file offset bytes tokens",
        "losses": "clip_id model loss loss_null",
    }
    assert set(needed) == set(VIEWS)
    for name, columns in needed.items():
        wanted = columns.split()
        sql = f"SELECT {', '.join(map(identifier, wanted))} FROM {name}"
        assert query(run.folder, sql).column_names == wanted


def test_videos_are_contents_and_files_that_are_none(run: Written) -> None:
    found = rows(run, "SELECT video_id, uri, uris, error, width, salvaged FROM videos ORDER BY uri")
    gone = "cannot be opened: No such file or directory"
    assert [tuple(row.values()) for row in found] == [
        (ONE.hex(), "/in/a.mp4", ["/in/a.mp4", "/in/copy.mp4"], None, 640, False),
        (TWO.hex(), "/in/b.mp4", ["/in/b.mp4"], None, 640, True),
        (None, "/in/gone.mp4", ["/in/gone.mp4"], gone, None, None),
    ]


def test_clips_of_the_input_under_the_current_cuts_with_a_column_per_filter(run: Written) -> None:
    found = {row["clip_id"]: row for row in rows(run, "SELECT * FROM clips")}
    assert set(found) == {identity.hex() for identity in IDS.values()}
    assert found[SHORT.hex()]["frames"] == 5
    assert {(i, row["media_fps"], row["motion"]) for i, row in found.items()} == {
        (SHORT.hex(), None, None),
        (SLOW.hex(), 5.0, None),
        (BROKEN.hex(), 10.0, None),
        *((identity.hex(), 10.0, 2.0) for identity in KEPT),
    }
    assert column(run, f"SELECT count(*) FROM clips WHERE video_id = '{GONE.hex()}'") == [0]


def test_verdicts_and_funnel(run: Written) -> None:
    found = {row.pop("clip_id"): tuple(row.values()) for row in rows(run, "SELECT * FROM verdicts")}
    assert found == {
        SHORT.hex(): (False, "cuts.min_seconds", None, False),
        SLOW.hex(): (False, "media.fps", None, False),
        BROKEN.hex(): (False, None, "no flow", False),
        **{identity.hex(): (True, None, None, False) for identity in KEPT},
    }
    assert [tuple(row.values()) for row in rows(run, "SELECT * EXCLUDE position FROM funnel")] == [
        ("cuts.transition", 6, 0, 0, 0),
        ("cuts.min_seconds", 6, 1, 0, 0),
        ("cuts.trim_seconds", 5, 0, 0, 0),
        ("media.fps", 5, 1, 0, 0),
        ("motion", 4, 0, 1, 0),
        ("captioner", 3, 0, 0, 0),
        ("shards", 3, 0, 0, 0),
    ]


def test_a_clip_without_a_verdict_is_pending(tmp_path: Path) -> None:
    run = written(tmp_path)
    new = clips.clip_id(TWO, 60, 90)
    run.tables.append("clips", [{"clip_id": new, "video_id": TWO}], key=run.keys.cuts)
    sql = f"SELECT kept, dropped_by, error, pending FROM verdicts WHERE clip_id = '{new.hex()}'"
    assert rows(run, sql) == [{"kept": False, "dropped_by": None, "error": None, "pending": True}]


def test_a_filter_that_never_ran_is_a_column_of_nulls(tmp_path: Path) -> None:
    run = written(tmp_path)
    (last,) = run.tables.rows("runs")
    keys = last["keys"].replace('"filters": {', '"filters": {"blur": "00", ')
    run.tables.append("runs", [{**last, "run": 2, "keys": keys}])
    assert column(run, "SELECT DISTINCT blur FROM clips") == [None]
    assert column(run, "SELECT count(*) FROM scores WHERE filter = 'blur'") == [0]


# -- values ---------------------------------------------------------------------------------------------


def test_ids_are_hex_going_in_and_out(run: Written) -> None:
    assert rows(run, f"SELECT clip_id, video_id FROM clips WHERE clip_id = '{GOOD.hex()}'") == [
        {"clip_id": GOOD.hex(), "video_id": ONE.hex()}
    ]
    nested = rows(
        run,
        f"SELECT list(clip_id ORDER BY start_pts) AS l, {{'a': [video_id], 'n': 1}} AS s, "
        f"MAP([video_id], [clip_id]) AS m, [NULL, video_id] AS n FROM clips "
        f"WHERE clip_id = '{GOOD.hex()}' GROUP BY ALL",
    )
    one, good = ONE.hex(), GOOD.hex()
    assert nested == [{"l": [good], "s": {"a": [one], "n": 1}, "m": [(one, good)], "n": [None, one]}]


def test_sums_are_numbers_and_booleans_booleans(run: Written) -> None:
    found = query(run.folder, "SELECT sum(frames) AS n, bool_or(audited) AS a FROM clips")
    assert found.schema.types == [pa.int64(), pa.bool_()]
    assert found.to_pylist() == [{"n": 180, "a": False}]
    assert column(run, "SELECT 170141183460469231731687303715884105727") == [Decimal(2**127 - 1)]


def test_columns_with_one_name_stay_apart(run: Written) -> None:
    assert rows(run, "SELECT 1 AS a, 2 AS a, 3 AS a_1") == [{"a": 1, "a_1": 2, "a_1_1": 3}]


# -- safety ---------------------------------------------------------------------------------------------

NOT_A_SELECT = [
    "COPY (SELECT 1) TO '{out}'",
    "COPY clips TO '{part}'",
    "EXPORT DATABASE '{out}'",
    "IMPORT DATABASE '{out}'",
    "ATTACH '{out}' AS x",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET enable_external_access = true",
    "SET GLOBAL allowed_paths = ['/']",
    "RESET lock_configuration",
    "CREATE TABLE t AS SELECT 1",
    "CREATE OR REPLACE VIEW clips AS SELECT 1",
    "CREATE SECRET (TYPE s3)",
    "DROP VIEW clips",
    "INSERT INTO clips SELECT * FROM clips",
    "DELETE FROM clips",
    "UPDATE clips SET frames = 1",
    "CALL enable_logging(storage_path = '{out}')",
    "PREPARE a AS SELECT 1",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{out}'",
    "VACUUM",
    "CHECKPOINT",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY (SELECT 1) TO '{out}'",
    "",
    "-- nothing",
]

NO_FILES = [
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_parquet('{stray}')",
    "SELECT * FROM '{stray}'",
    "SELECT * FROM parquet_metadata('{stray}')",
    "SELECT * FROM read_parquet(['{part}', '{stray}'])",
    "SELECT * FROM read_parquet('{folder}/*.parquet')",
    "SELECT * FROM read_csv('https://example.com/x.csv')",
    "SELECT * FROM query('SELECT * FROM read_text(''{secret}'')')",
    "SELECT getenv('HOME')",
    "SELECT * FROM duckdb_secrets()",
    # Python objects that duckdb would find by their name.
    "SELECT * FROM local",
    "SELECT * FROM run",
]


@pytest.fixture
def names(run: Written, tmp_path: Path) -> dict[str, str]:
    part = run.tables.files("clips", run.keys.cuts)[0]
    secret = tmp_path / "secret.csv"
    secret.write_text("word\nsesame\n")
    stray = Path(part).with_name("part-stray.parquet")
    stray.write_bytes(Path(part).read_bytes())
    named = {"part": part, "folder": str(stray.parent), "stray": str(stray), "secret": str(secret)}
    return {name: path.replace("'", "''") for name, path in named.items()} | {"out": str(tmp_path / "out")}


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("sql", NOT_A_SELECT)
def test_what_is_not_one_select_is_not_run(
    run: Written, names: dict[str, str], tmp_path: Path, sql: str
) -> None:
    before = tree(tmp_path), tree(Path(run.folder.root))
    with pytest.raises(QueryError, match=r"only one SELECT can be asked|not SQL"):
        query(run.folder, sql.format(**names))
    assert (tree(tmp_path), tree(Path(run.folder.root))) == before


@pytest.mark.parametrize("sql", NO_FILES)
def test_no_file_is_read_but_committed_parts(run: Written, names: dict[str, str], sql: str) -> None:
    local = to_table(clips.FILES, [])
    assert local.num_rows == 0
    with pytest.raises(
        QueryError, match=r"the query failed: (Permission|Catalog|Missing|IO|Invalid)"
    ) as caught:
        query(run.folder, sql.format(**names))
    assert "sesame" not in str(caught.value)


def test_reading_is_what_selects_may_do(run: Written, names: dict[str, str]) -> None:
    part = names["part"]
    assert column(run, f"SELECT count(*) FROM read_parquet('{part}')") == [7]
    for sql in ("FROM clips", "WITH a AS (SELECT * FROM clips) SELECT * FROM a;", "(SELECT * FROM clips)"):
        assert query(run.folder, sql).num_rows == 6


def test_settings_cannot_be_changed_by_a_function(run: Written) -> None:
    assert column(run, "SELECT current_setting('enable_external_access')") == [False]
    assert column(run, "SELECT current_setting('lock_configuration')") == [True]


def test_wrong_sql_is_told(run: Written) -> None:
    with pytest.raises(QueryError, match="the query is not SQL: Parser Error"):
        query(run.folder, "SELEC 1")
    with pytest.raises(
        QueryError, match=r"(?s)Table with name clip does not exist.*the views are videos, clips"
    ):
        query(run.folder, "SELECT * FROM clip")
    with pytest.raises(QueryError, match="the query is not SQL"):
        query(run.folder, "SELECT '\udcff'")
    with pytest.raises(QueryError, match="Could not convert string 'zz' to UUID"):
        query(run.folder, "SELECT * FROM clips WHERE clip_id = 'zz'")


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=f"{tmp_path} is not the output of a run"):
        query(Folder(str(tmp_path)), "SELECT 1")
    assert os.listdir(tmp_path) == []
    claim(Folder(str(tmp_path)))
    with pytest.raises(QueryError, match="no run has begun"):
        query(Folder(str(tmp_path)), "SELECT 1")


@pytest.mark.parametrize("key", ["0" * 16, "f" * 16])
def test_rows_of_another_version_do_not_change_the_columns(tmp_path: Path, key: str) -> None:
    run = written(tmp_path / "run")
    older = to_table(clips.score_schema({"gone": float}), [{"clip_id": GOOD, "score": 9.0, "gone": 1.0}])
    run.tables.append("scores/motion", older, key=key)
    names = query(run.folder, "SELECT * FROM clips").column_names
    assert ("motion_peak" in names, "motion_gone" in names) == (True, False)
    assert column(run, f"SELECT motion FROM clips WHERE clip_id = '{GOOD.hex()}'") == [2.0]


def test_a_part_that_was_deleted_is_one_message(tmp_path: Path) -> None:
    run = written(tmp_path / "run")
    for path in run.tables.files("captions"):
        os.unlink(path)
    with pytest.raises(QueryError, match=r"cannot be read.*use another output"):
        query(run.folder, "SELECT * FROM clips")
