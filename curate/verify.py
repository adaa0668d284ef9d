"""`curate verify`: every shard against `samples`, and `samples` against the other tables.

Reads each tar once, shard after shard; memory holds the rows of one shard, and the ids that are not in both
of `samples` and the verdicts. A damaged tar or table row is a problem that is told, never an exception.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any

import duckdb
import pyarrow as pa

from curate import clips
from curate.sharding.document import load
from curate.sharding.tar import DamagedTar, Found, digest_of, members_of
from curate.storage import Folder
from curate.tables import Tables, rows_of

ROWS = 10_000
"""Rows of the joined tables that are held at once."""
TOLD = 20
"""Clips of one kind that are named; of the others only the number is told."""

Report = Callable[[str], None]
Row = Mapping[str, Any]

SAMPLES = """
SELECT s.*, c.video_id, c.start_pts, c.end_pts, t.dense, t.short, t.clip_id IS NOT NULL AS captioned
FROM {samples} s
LEFT JOIN (SELECT clip_id, any_value(video_id) AS video_id, any_value(start_pts) AS start_pts,
                  any_value(end_pts) AS end_pts FROM {clips} GROUP BY clip_id) c USING (clip_id)
LEFT JOIN (SELECT clip_id, max(dense) AS dense, max(short) AS short
           FROM {captions} WHERE dense IS NOT NULL GROUP BY clip_id) t USING (clip_id)
ORDER BY s.shard, s.mp4_offset
"""

UNPACKED = """
SELECT v.clip_id, NULL AS shard FROM {verdicts} v ANTI JOIN {samples} s USING (clip_id) WHERE v.kept
UNION ALL
SELECT s.clip_id, s.shard FROM {samples} s
ANTI JOIN (SELECT clip_id FROM {verdicts} WHERE kept) v USING (clip_id)
ORDER BY ALL
"""

TWICE = "SELECT clip_id, count(*) AS times FROM {samples} GROUP BY clip_id HAVING times > 1 ORDER BY clip_id"


def verify(folder: Folder, tables: Tables, report: Report) -> int:
    """Tell `report` every difference, one sentence each, naming the shard and the key; the number of
    problems."""
    problems = 0

    def tell(text: str) -> None:
        nonlocal problems
        problems += 1
        report(text)

    keys, rules = _current(tables)
    views = {
        "samples": tables.relation("samples"),
        "clips": tables.relation("clips", keys.get("cuts", "")),
        "captions": tables.relation("captions", keys.get("captioner", "")),
    }
    named = set()
    query = SAMPLES.format(**views)
    for shard, rows in groupby(_stream(query), key=lambda row: row["shard"]):
        named.add(shard)
        _shard(folder, shard, list(rows), bool(keys), tell)
    for name in folder.names("shards"):
        if name not in named:
            tell(f"{name}: no row of samples names this file; the next run removes it")
    for row in _stream(TWICE.format(**views)):
        tell(f"key {row['clip_id'].hex()}: {row['times']} rows of samples speak of this clip")
    if rules is not None:
        query = UNPACKED.format(samples=views["samples"], verdicts=tables.relation("verdicts", rules))
        _verdicts(_stream(query), tell)
    return problems


def _current(tables: Tables) -> tuple[dict[str, Any], str | None]:
    """Cache keys of the last run, and the key of its verdicts (None while there are none)."""
    last = max(tables.rows("runs"), key=lambda row: (row["run"], row["ended"] or ""), default=None)
    if last is None:
        return {}, None
    keys: dict[str, Any] = json.loads(last["keys"])
    return keys, last["rules"] if last["verdicts"] is not None else None


def _stream(query: str) -> Iterator[dict[str, Any]]:
    """Rows of a query, some thousands at a time; DuckDB sorts and joins on disk what does not fit into
    memory."""
    with duckdb.connect() as connection:
        connection.execute("SET arrow_lossless_conversion = true")
        batches: pa.RecordBatchReader = connection.sql(query).to_arrow_reader(ROWS)
        for batch in batches:
            yield from rows_of(pa.Table.from_batches([batch]))


def _verdicts(rows: Iterator[dict[str, Any]], tell: Report) -> None:
    counts = {"kept": 0, "stray": 0}
    for row in rows:
        kind = "kept" if row["shard"] is None else "stray"
        counts[kind] += 1
        if counts[kind] > TOLD:
            continue
        key = row["clip_id"].hex()
        if kind == "kept":
            tell(f"key {key}: this clip is kept and in no shard; run the pipeline again")
        else:
            tell(f"{row['shard']}: key {key}: not kept by the present rules; run the pipeline again")
    for kind, text in (
        ("kept", "more clips are kept and in no shard"),
        ("stray", "more samples are not kept"),
    ):
        if counts[kind] > TOLD:
            tell(f"{counts[kind] - TOLD} {text}")


# -- one shard -----------------------------------------------------------------------------------------------


def _shard(folder: Folder, shard: str, rows: list[Row], joined: bool, tell: Report) -> None:
    """Check one tar against its rows of `samples` (`joined`: with their clips and captions)."""
    try:
        path = folder.path(shard)
    except ValueError as error:
        tell(f"{shard}: {error}")
        return
    if not os.path.isfile(path):
        tell(
            f"{shard}: samples names this shard for {len(rows)} clips and it is gone; run the pipeline again"
        )
        return
    found: dict[str, Found] = {}
    try:
        for member in members_of(path):
            if member.name in found:
                tell(f"{shard}: the member {member.name!r} is there twice")
            found[member.name] = member
            if not member.plain:
                tell(f"{shard}: the header of {member.name!r} is not one that curate writes")
    except (DamagedTar, OSError) as error:
        tell(f"{shard}: the tar is damaged: {error}; delete it and run the pipeline again")
    for row in rows:
        for problem in _sample(path, row, found, joined):
            tell(f"{shard}: key {row['key']}: {problem}")
    known = {f"{row['key']}.{extension}" for row in rows for extension in clips.MEMBERS.values()}
    for name in found:
        if name not in known:
            tell(f"{shard}: key {name.partition('.')[0]}: no row of samples names the member {name!r}")


def _sample(path: str, row: Row, found: Mapping[str, Found], joined: bool) -> Iterator[str]:
    """What is wrong with one sample."""
    if row["key"] != row["clip_id"].hex():
        yield f"the row of samples is that of the clip {row['clip_id'].hex()}"
    whole = True
    for column, extension in clips.MEMBERS.items():
        name = f"{row['key']}.{extension}"
        place = (row[f"{column}_offset"], row[f"{column}_bytes"])
        member = found.get(name)
        if member is None:
            whole = False
            yield f"the member {name!r} is missing"
        elif (member.offset, member.size) != place:
            whole = False
            yield (
                f"samples says that {name!r} has {place[1]} bytes from {place[0]} and the tar has "
                f"{member.size} from {member.offset}"
            )
    if not whole:
        return
    try:
        yield from _contents(path, row, joined)
    except (DamagedTar, OSError) as error:
        yield f"it cannot be read: {error}"


def _contents(path: str, row: Row, joined: bool) -> Iterator[str]:
    digest = digest_of(path, row["mp4_offset"], row["mp4_bytes"])
    if digest != row["digest"]:
        yield f"the digest of the mp4 is {digest} and samples says {row['digest']}"
    texts = {}
    with open(path, "rb") as file:
        for column in ("json", "txt", "short_txt"):
            file.seek(row[f"{column}_offset"])
            texts[column] = file.read(row[f"{column}_bytes"])
    try:
        yield from _facts(load(texts["json"]), row, joined)
    except ValueError as error:
        yield f"KEY.json is damaged: {error}"
    if joined and not row["captioned"]:
        yield "the clip has no caption in captions"
    elif joined:
        for column, caption in (("txt", "dense"), ("short_txt", "short")):
            if texts[column] != row[caption].encode("utf-8", "replace"):
                yield f"KEY.{clips.MEMBERS[column]} is not the {caption} caption in captions"


def _facts(document: Mapping[str, Any], row: Row, joined: bool) -> Iterator[str]:
    """Where KEY.json differs from the tables."""
    expected = {
        "key": row["key"],
        "clip_id": row["clip_id"].hex(),
        "bucket": row["bucket"],
        "split": row["split"],
    }
    for name in clips.ENCODED:
        if name in row:  # a table of an older version has fewer
            expected[f"encoded.{name}"] = row[name]
    if joined and row["video_id"] is None:
        yield "the clip is in no row of clips"
    elif joined:
        expected["video_id"] = row["video_id"].hex()
        expected |= {f"clip.{name}": row[name] for name in ("start_pts", "end_pts") if "clip" in document}
    for name, value in expected.items():
        outer, _, inner = name.partition(".")
        stated = document.get(outer)
        if inner:
            stated = stated.get(inner) if isinstance(stated, dict) else None
        if stated != value:
            yield f"KEY.json says {name} is {stated!r} and the tables say {value!r}"
