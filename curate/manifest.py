"""What a training run reads, resolved from the tables of a run: a Parquet file of `curate.clips.MANIFEST`.

`--where` chooses among the samples by one boolean expression over the view `clips` (`aesthetic > 5 AND motion
BETWEEN 1 AND 20`). It is a person's text that becomes SQL, so it is parsed on its own first, and what is run
is a SELECT whose tree is that of a harmless one but for the expression."""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from curate import clips
from curate.query import QueryError, connect
from curate.storage import Folder
from curate.tables import Tables, identifier, to_table

TRAIN, VALIDATION = "train", "validation"

FIELD = "fields."
"""Prefix of a caption's structured fields among the captions."""

LEAST = 10
"""Of so many videos one is held out, where the shards' own split held out none."""

CONDITIONS = ("motion", "aesthetic")
"""Filters whose score is a condition of the model, where the pipeline has them."""


class WhereError(ValueError):
    """A `--where` that is not one boolean expression, or chooses nothing."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A manifest that was written."""

    path: str
    train: int
    validation: int
    """Samples of each split."""
    left_out: int
    """Samples that `--where` does not choose."""
    duplicates: int
    """Training samples left out since their video has a near-identical clip in a validation video."""


def resolve(
    folder: Folder,
    path: str | os.PathLike[str],
    *,
    where: str | None = None,
    tier: str | None = None,
    copies: bool = False,
) -> Resolved:
    """Write the manifest of the run in `folder` to `path`, whole or not at all.

    `tier` goes into the file as what it is to be trained at. `copies`: with the training clips that are
    nearly identical to a held-out one, for other ends than training. Raises WhereError or QueryError where
    there is nothing to train on, with what to do.
    """
    if where is not None:
        check(where)
    try:
        connection = connect(folder)
    except duckdb.Error as error:
        raise QueryError(f"the tables of {folder.root} cannot be read ({_line(error)})") from error
    with connection:
        chosen = None if where is None else _chosen(connection, where)
        rows = _rows(connection)
        hold_out_some(rows)  # before anything is chosen: another --where must hold out the same videos
        kept = [row for row in rows if chosen is None or row["clip_id"] in chosen]
        held_out = {row["video_id"] for row in rows if row["split"] == VALIDATION}
        seen = set() if copies else _copies_of(connection, held_out)
    if not rows:
        raise QueryError(
            f"{folder.root} has no shards: run its pipeline to the end with `curate run`, then train"
        )
    if not any(row["captions"] for row in rows):
        raise QueryError(
            f"the samples of {folder.root} have no captions: give the pipeline a captioner and run it again"
        )
    _add_stored(rows, Tables(folder))
    if not kept:
        raise WhereError(
            f"--where {where!r} chooses none of the {len(rows)} samples: loosen it (`curate query RUN "
            "'SELECT * FROM clips'` shows what there is)"
        )
    clean = [row for row in kept if row["split"] != TRAIN or row["video_id"] not in seen]
    _write(to_table(clips.MANIFEST, clean), path, folder.root, tier)
    train = sum(row["split"] == TRAIN for row in clean)
    return Resolved(os.fspath(path), train, len(clean) - train, len(rows) - len(kept), len(kept) - len(clean))


def hold_out_some(rows: list[dict[str, Any]]) -> None:
    """Where the split of the shards left no video out (one in a hundred is, and a small run has fewer), leave
    out one in LEAST of those with the smallest ids: a training without a held-out clip cannot be judged."""
    if any(row["split"] == VALIDATION for row in rows):
        return
    videos = sorted({row["video_id"] for row in rows})
    held_out = set(videos[: len(videos) // LEAST])
    for row in rows:
        if row["video_id"] in held_out:
            row["split"] = VALIDATION


# -- the expression ------------------------------------------------------------------------------------------


def check(where: str) -> None:
    """WhereError unless `where` is a single expression, without comments, statements or subqueries."""
    if not where.strip():
        raise _refused(where, "it is empty")
    if problem := _scan(where):
        raise _refused(where, problem)
    try:
        tree, harmless = _tree(_select(where)), _tree(_select("TRUE"))
    except (duckdb.Error, UnicodeEncodeError, ValueError) as error:
        raise _refused(where, _line(error)) from None
    expressions, _ = tree.pop("select_list"), harmless.pop("select_list")
    if tree != harmless or len(expressions) != 1:
        raise _refused(where, "it is more than an expression")
    if "SUBQUERY" in set(_values(expressions, "class")):
        raise _refused(where, "it holds a SELECT of its own")
    called = {*_values(expressions, "function_name"), *_without_brackets(expressions)}
    if changing := sorted(called & _changing()):
        raise _refused(where, f"{changing[0]} gives another value each time")


def _select(where: str) -> str:
    return f"SELECT ({where}\n) FROM clips"


def _tree(sql: str) -> dict[str, Any]:
    """The parsed SELECT, without places in the text. ValueError where it is no single SELECT."""
    with duckdb.connect() as connection:
        row = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    assert row is not None
    parsed = json.loads(row[0])
    if parsed.get("error"):
        raise ValueError(str(parsed.get("error_message", "it cannot be parsed")))
    if len(parsed["statements"]) != 1:
        raise ValueError("it is more than one statement")
    tree: dict[str, Any] = _unplaced(parsed["statements"][0]["node"])
    return tree


def _unplaced(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _unplaced(value) for name, value in node.items() if name != "query_location"}
    return [_unplaced(item) for item in node] if isinstance(node, list) else node


def _values(node: Any, name: str) -> Iterable[str]:
    """All that is called `name` in a tree: `class` of the expressions, `function_name` of the functions."""
    if isinstance(node, dict):
        yield str(node.get(name, ""))
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _values(item, name)


@cache
def _changing() -> set[str]:
    """Functions that are not of their arguments alone (random, now): what they choose could not be chosen
    again."""
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() "
            "WHERE stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')"
        ).fetchall()
    return {name for (name,) in found} | {"current_timestamp", "current_time", "localtime", "localtimestamp"}


def _without_brackets(expressions: Any) -> Iterable[str]:
    """Functions that look like columns: `current_date`."""
    for names in _values(expressions, "column_names"):
        if names.startswith(("['current_", "['local")):
            yield names.strip("[']")


def _scan(where: str) -> str | None:
    """What a parser would let pass, since it looks at the text as a whole: `TRUE) OR (TRUE`, comments."""
    quote, depth = "", 0
    for at, sign in enumerate(where):
        if quote:
            quote = "" if sign == quote else quote  # '' within a text closes and opens it
        elif sign in "'\"":
            quote = sign
        elif sign == ";":
            return "it holds a semicolon"
        elif where[at : at + 2] in ("--", "/*"):
            return "it holds a comment"
        elif sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
            if depth < 0:
                return "its brackets do not match"
    if quote:
        return "a text in it has no end"
    return "its brackets do not match" if depth else None


def _chosen(connection: duckdb.DuckDBPyConnection, where: str) -> set[bytes]:
    """Ids of the clips for which `where` is true."""
    try:
        kinds = connection.sql(_select(where)).types
        if len(kinds) != 1 or kinds[0].id != "boolean":
            raise _refused(where, f"it is of the type {kinds[0]} and not true or false")
        found = connection.sql(f"SELECT clip_id::VARCHAR FROM clips WHERE ({where}\n)").fetchall()
    except duckdb.Error as error:
        raise _refused(where, _line(error)) from None
    return {_id(text) for (text,) in found}


def _refused(where: str, why: str) -> WhereError:
    return WhereError(
        f"--where {where!r} cannot be used ({why}): give one expression over the columns of the view clips "
        'that is true or false, as in "aesthetic > 5 AND motion BETWEEN 1 AND 20"'
    )


def _line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip().rstrip(":.")


# -- the rows ------------------------------------------------------------------------------------------------


def _rows(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Rows of the manifest for all samples of the current input, in the order of their ids."""
    columns = {row[0] for row in connection.sql("DESCRIBE clips").fetchall()}
    conditions = ", ".join(
        f"c.{identifier(name)}::DOUBLE AS {name}" if name in columns else f"NULL::DOUBLE AS {name}"
        for name in CONDITIONS
    )
    found = connection.sql(
        f"""
        SELECT s.* EXCLUDE (clip_id), s.clip_id::VARCHAR AS clip_id, c.video_id::VARCHAR AS video_id,
               {conditions}, k.dense, k.short, k.fields, v.carried
        FROM samples s
        JOIN clips c ON c.clip_id = s.clip_id
        LEFT JOIN (SELECT clip_id, max(dense) AS dense, max(short) AS short, max(fields) AS fields
                   FROM captions WHERE dense IS NOT NULL GROUP BY clip_id) k ON k.clip_id = s.clip_id
        LEFT JOIN videos v ON v.video_id = c.video_id AND v.error IS NULL
        ORDER BY s.clip_id
        """
    ).to_arrow_table()
    return [_row(row) for row in found.to_pylist()]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    numbers = {name: _number(row[name]) for name in CONDITIONS}
    return {
        **row, **numbers,
        "clip_id": _id(row["clip_id"]), "video_id": _id(row["video_id"]),
        "captions": sorted(captions_of(row).items()), "latents": [], "texts": [],
    }  # fmt: skip


def _add_stored(rows: list[dict[str, Any]], tables: Tables) -> None:
    """What `curate encode` stored of the clips and captions as they are now: every set of latents (the
    trainer takes that of its tier), and the embeddings."""
    latents: dict[tuple[bytes, str], list[dict[str, Any]]] = {}
    for one in sorted(tables.rows("latents"), key=lambda one: (one["vae"], one["made_with"], one["window"])):
        latents.setdefault((one["clip_id"], one["digest"]), []).append(one)
    texts: dict[tuple[bytes, str], list[dict[str, Any]]] = {}
    for one in sorted(tables.rows("texts"), key=lambda one: (one["encoder"], one["variant"])):
        texts.setdefault((one["clip_id"], one["digest"]), []).append(one)
    for row in rows:
        row["latents"] = latents.get((row["clip_id"], row["digest"]), [])
        row["texts"] = texts.get((row["clip_id"], clips.captions_digest(row["captions"])), [])


def newest_autoencoder(tables: Tables) -> str | None:
    """Name of the autoencoder that `curate encode` used last; None where there are no latents."""
    rows = tables.read("latents", columns=["made", "vae_name"]).to_pylist()
    return max(rows, key=lambda row: row["made"])["vae_name"] if rows else None


def captions_of(row: Mapping[str, Any]) -> dict[str, str]:
    """`dense`, `short`, `original` (the column `caption` of the source's list) and `fields.NAME`, where there
    are any. `row`: dense, short, fields (JSON), carried (a list of JSON objects)."""
    fields = json.loads(row["fields"] or "{}")
    found = {"dense": row["dense"], "short": row["short"], "original": _original(row["carried"] or ())}
    if isinstance(fields, dict):
        found |= {f"{FIELD}{name}": _text_of(value) for name, value in fields.items()}
    return {name: text.strip() for name, text in found.items() if text and text.strip()}


def _original(carried: Iterable[str | None]) -> str | None:
    """Of several copies' captions the smallest, as KEY.json has it."""
    given = [json.loads(one).get("caption") for one in carried if one]
    return min((text for text in given if isinstance(text, str)), default=None)


def _text_of(value: Any) -> str:
    """A field in words: a text, a list of texts, or an object that has a `text`."""
    if isinstance(value, dict):
        value = value.get("text")
    if isinstance(value, list):
        value = ", ".join(item for item in value if isinstance(item, str))
    return value if isinstance(value, str) else ""


def _copies_of(connection: duckdb.DuckDBPyConnection, videos: set[bytes]) -> set[bytes]:
    """Videos of which a clip is nearly identical to a clip of one of `videos`."""
    pairs = connection.sql(
        """
        SELECT DISTINCT a.video_id::VARCHAR, b.video_id::VARCHAR FROM pairs p
        JOIN clips a ON a.clip_id = p.clip_a JOIN clips b ON b.clip_id = p.clip_b
        WHERE a.video_id <> b.video_id
        """
    ).fetchall()
    both = [(_id(first), _id(second)) for first, second in pairs]
    return {b for a, b in both if a in videos} | {a for a, b in both if b in videos}


def _number(value: float | None) -> float | None:
    return value if value is not None and value == value else None


def _id(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))


def _write(table: pa.Table, path: str | os.PathLike[str], root: str, tier: str | None) -> None:
    facts = {clips.MANIFEST_ROOT: root.encode()} | ({b"tier": tier.encode()} if tier else {})
    draft = f"{os.fspath(path)}.part"
    try:
        pq.write_table(table.replace_schema_metadata(facts), draft, compression="zstd")
        os.replace(draft, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(draft)
        raise
