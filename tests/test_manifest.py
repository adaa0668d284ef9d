"""The manifest of a run: what is in it, and what a `--where` may say."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from curate import clips
from curate.manifest import WhereError, captions_of, check, hold_out_some, resolve
from curate.query import QueryError
from curate.storage import Folder
from tests.written import GOOD, IDS, KEPT, ONE, TWO, Written, written

SECOND, THIRD = (IDS[TWO, start] for start in (0, 30))


def sample(identity: bytes, **facts: Any) -> dict[str, Any]:
    return {
        "clip_id": identity, "shard": "shards/x.tar", "key": identity.hex(), "mp4_offset": 512,
        "mp4_bytes": 9, "width": 640, "height": 360, "frames": 30, "fps": 10.0, "seconds": 3.0,
        "has_audio": True,
        "audio_start": 0.0, "audio_rate": 48000, "digest": "0" * 32, "weight": 1.0, "split": "train",
        "bucket": "b",
    } | facts  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Written:
    made = written(tmp_path / "it's a run")
    made.tables.replace("samples", [sample(i, weight=0.5 if i == GOOD else 1.0) for i in sorted(KEPT)])
    return made


def rows(path: Path) -> dict[bytes, dict[str, Any]]:
    found = pq.read_table(path)
    assert found.schema.remove_metadata().equals(clips.MANIFEST)
    return {row["clip_id"].bytes: row for row in found.to_pylist()}


def test_all_samples_with_what_the_tables_know_of_them(run: Written, tmp_path: Path) -> None:
    done = resolve(run.folder, tmp_path / "m.parquet", tier="256px")
    assert (done.train, done.validation, done.left_out, done.duplicates) == (3, 0, 0, 0)
    found = rows(tmp_path / "m.parquet")
    assert set(found) == KEPT
    one = found[GOOD]
    assert one["video_id"].bytes == ONE
    assert {name: one[name] for name in sample(GOOD) if name in one and name != "clip_id"} == {
        name: value for name, value in sample(GOOD, weight=0.5).items() if name not in ("clip_id", "bucket")
    }
    assert dict(one["captions"]) == {"dense": "b", "short": "a"}
    assert (one["motion"], one["aesthetic"]) == (2.0, None)
    assert one["latents"] == one["texts"] == []
    metadata = pq.read_schema(tmp_path / "m.parquet").metadata
    assert metadata[b"root"].decode() == run.folder.root
    assert metadata[b"tier"] == b"256px"


def test_the_trainer_reads_it(run: Written, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from training.manifest import Manifest

    resolve(run.folder, tmp_path / "m.parquet")
    found = Manifest.read(tmp_path / "m.parquet")
    assert (len(found), found.root) == (3, run.folder.root)
    assert {found.clip_id(k) for k in range(3)} == KEPT


def test_captions_of_the_source_and_fields(run: Written) -> None:
    row = {
        "dense": "D", "short": " ", "carried": ['{"caption": "b dog"}', '{"caption": "a dog"}', None, "{}"],
        "fields": json.dumps({"subject": "dog", "colours": ["red", "blue", 3], "pan": {"text": "pans left"},
                              "count": 2, "nothing": None}),
    }  # fmt: skip
    assert captions_of(row) == {
        "dense": "D", "original": "a dog", "fields.subject": "dog", "fields.colours": "red, blue",
        "fields.pan": "pans left",
    }  # fmt: skip
    assert captions_of({"dense": None, "short": None, "fields": None, "carried": None}) == {}


@pytest.mark.parametrize(
    ("where", "chosen"),
    [
        ("true", KEPT),
        ("motion > 1", KEPT),
        ("media_fps = 10 AND start_seconds >= 3 AND motion BETWEEN 1 AND 20", {GOOD, THIRD}),
        ("start_seconds < 1 OR frames = 40", {GOOD, SECOND}),
        (f"clip_id = '{GOOD.hex()}'", {GOOD}),
        ("coalesce(motion, 0) > 1 AND (frames IN (30, 40))", KEPT),
        ("'a;b--' <> time_base AND \"frames\" = [40][1]", {GOOD}),
        ("(motion < 1) IS NOT TRUE", KEPT),
        ("NULL OR frames = 40", {GOOD}),
        ("frames = 40\n", {GOOD}),
        ("CASE WHEN frames = 40 THEN true END", {GOOD}),
    ],
)
def test_where(run: Written, tmp_path: Path, where: str, chosen: set[bytes]) -> None:
    done = resolve(run.folder, tmp_path / "m.parquet", where=where)
    assert set(rows(tmp_path / "m.parquet")) == chosen
    assert done.left_out == 3 - len(chosen)


HOSTILE = (
    "", "   ", "motion >", "motion", "frames + 1", "'text'", "NULL", "motion > 1, frames > 1",
    "true; DROP VIEW clips", "true;", "; true", "1=1) FROM clips; COPY clips TO 'out.csv'; SELECT (1=1",
    "COPY clips TO 'out.csv'", "SELECT true", "(SELECT true)",
    "motion > (SELECT 1)", "clip_id IN (SELECT clip_id FROM read_parquet('x.parquet'))",
    "EXISTS (SELECT * FROM read_text('/etc/passwd'))", "(SELECT content FROM read_text('/x')) <> ''",
    "EXISTS (FROM '/etc/passwd')", "motion > ALL (SELECT 1)", "[x FOR x IN (SELECT 1)] IS NULL",
    "true) UNION SELECT (true", "true) FROM clips WHERE (true", "true) OR (true", "(true", "true)", "(true]",
    "true) FROM read_csv('x.csv') --", "true -- all of them", "true /* all */", "true /*", "'open", '"open',
    "true ORDER BY 1", "true LIMIT 1", "true FROM clips", "true) AS x, (SELECT 1", "true AS x", "*",
    "COLUMNS(*) > 1",
    "nothing_of_that_name > 1", "max(motion) > 1", "row_number() OVER () = 1", "unnest([true, false])",
    "frames::UUID IS NULL AND true", "$1", "?", "$who", "ATTACH 'x.db'", "PRAGMA database_list", "\udcff = 1",
    "random() < 0.5", "now() > TIMESTAMP '2020-01-01'", "current_date > DATE '2020-01-01'",
    "CASE WHEN true THEN uuid() IS NULL END",
    "read_text('/etc/passwd') IS NULL", "getenv('HOME') = 'x'", "error('boom')", "true\x00", "no_such(1)",
)  # fmt: skip


@pytest.mark.parametrize("where", HOSTILE)
def test_what_is_no_boolean_expression_is_refused_in_one_sentence(
    run: Written, tmp_path: Path, where: str
) -> None:
    with pytest.raises(WhereError) as caught:
        resolve(run.folder, tmp_path / "m.parquet", where=where)
    text = str(caught.value)
    assert "\n" not in text
    assert "give one expression over the columns of the view clips" in text
    assert not (tmp_path / "m.parquet").exists()
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    "where", ["a > 1", "a LIKE '%;%'", "a > 1 AND (b OR NOT c)", "a IN (1, 2)", "a['x'] = 1"]
)
def test_expressions_pass(where: str) -> None:
    check(where)


def test_nothing_chosen(run: Written, tmp_path: Path) -> None:
    with pytest.raises(WhereError, match=r"chooses none of the 3 samples: loosen it"):
        resolve(run.folder, tmp_path / "m.parquet", where="motion > 100")


def test_validation_and_its_duplicates(run: Written, tmp_path: Path) -> None:
    run.tables.replace("samples", [
        sample(GOOD), sample(SECOND, split="validation"), sample(THIRD, split="validation"),
    ])  # fmt: skip
    done = resolve(run.folder, tmp_path / "m.parquet")
    assert (done.train, done.validation, done.duplicates) == (1, 2, 0)
    key = clips.pairs_key("motion", run.keys.filters["motion"])
    run.tables.append("pairs", [{"clip_a": min(GOOD, THIRD), "clip_b": max(GOOD, THIRD)}], key=key)
    done = resolve(run.folder, tmp_path / "m.parquet")
    assert (done.train, done.validation, done.duplicates) == (0, 2, 1)
    assert set(rows(tmp_path / "m.parquet")) == {SECOND, THIRD}
    # Whoever does not train wants them all.
    done = resolve(run.folder, tmp_path / "all.parquet", copies=True)
    assert (done.train, done.validation, done.duplicates) == (1, 2, 0)


def test_the_same_videos_are_held_out_whatever_is_chosen(
    run: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second stage with another --where must not train on what the first was judged by."""
    monkeypatch.setattr("curate.manifest.LEAST", 2)
    resolve(run.folder, tmp_path / "all.parquet")
    split = {clip: row["split"] for clip, row in rows(tmp_path / "all.parquet").items()}
    assert set(split.values()) == {"train", "validation"}
    for clip, expected in split.items():
        resolve(run.folder, tmp_path / "one.parquet", where=f"clip_id = '{clip.hex()}'")
        assert {one: row["split"] for one, row in rows(tmp_path / "one.parquet").items()} == {clip: expected}


def test_a_pair_with_another_clip_of_a_validation_video_counts_too(run: Written, tmp_path: Path) -> None:
    """The training sample's own clip is in no pair: another clip of its video is, with one that is no
    sample."""
    run.tables.replace("samples", [sample(GOOD), sample(SECOND, split="validation")])
    other = IDS[ONE, 5]
    key = clips.pairs_key("motion", run.keys.filters["motion"])
    run.tables.append("pairs", [{"clip_a": other, "clip_b": THIRD}], key=key)
    done = resolve(run.folder, tmp_path / "m.parquet")
    assert set(rows(tmp_path / "m.parquet")) == {SECOND}
    assert done.duplicates == 1


def test_runs_without_shards_or_captions(run: Written, tmp_path: Path) -> None:
    run.tables.replace("captions", [{"clip_id": GOOD, "outcome": "failed"}], key=run.keys.captioner)
    with pytest.raises(QueryError, match="have no captions: give the pipeline a captioner"):
        resolve(run.folder, tmp_path / "m.parquet")
    run.tables.replace("samples", [])
    with pytest.raises(QueryError, match="has no shards: run its pipeline to the end"):
        resolve(run.folder, tmp_path / "m.parquet")
    with pytest.raises(QueryError, match="is not the output of a run"):
        resolve(Folder(str(tmp_path)), tmp_path / "m.parquet")
    assert not (tmp_path / "m.parquet").exists()


def test_samples_of_clips_that_left_the_input_are_left_out(run: Written, tmp_path: Path) -> None:
    run.tables.append("samples", [sample(clips.digest(b"gone"))])
    resolve(run.folder, tmp_path / "m.parquet")
    assert set(rows(tmp_path / "m.parquet")) == KEPT


def test_the_file_appears_whole_or_not_at_all(run: Written, tmp_path: Path) -> None:
    (tmp_path / "m.parquet").mkdir()
    with pytest.raises(OSError, match=r"m\.parquet"):
        resolve(run.folder, tmp_path / "m.parquet")
    assert not (tmp_path / "m.parquet.part").exists()


def test_a_run_without_held_out_videos_holds_some_out() -> None:
    def rows(videos: int, **splits: str) -> list[dict[str, Any]]:
        return [
            {"video_id": bytes([number]), "split": splits.get(f"v{number}", "train")}
            for number in range(videos)
            for _ in range(2)
        ]

    def held_out(found: list[dict[str, Any]]) -> list[int]:
        hold_out_some(found)
        return sorted(row["video_id"][0] for row in found if row["split"] == "validation")

    assert held_out(rows(9)) == []
    assert held_out(rows(25)) == [0, 0, 1, 1]
    assert held_out(rows(25)[::-1]) == [0, 0, 1, 1]
    assert held_out(rows(25, v7="validation")) == [7, 7]
