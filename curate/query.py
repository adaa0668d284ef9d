"""DuckDB over the tables of a run: the views that people and scripts read, and a way to ask that can do no
harm.

The views show the current input under the rules of the last run. Ids are UUIDs inside (`WHERE clip_id = '<32
hex digits>'` works) and 32 hex digits in what is printed."""

import json
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from curate import clips
from curate.storage import Folder, is_run
from curate.tables import Tables, identifier, quoted

VIEWS = (
    "videos", "clips", "scores", "verdicts", "captions", "answers", "similarities", "samples", "pairs",
    "latents", "texts", "losses", "steps", "funnel", "runs",
)  # fmt: skip


class QueryError(ValueError):
    """A query that was not run, and why."""


class Views:
    """The SQL of each view for the last run of an output."""

    def __init__(self, folder: Folder) -> None:
        if not is_run(folder):
            raise QueryError(
                f"{folder.root} is not the output of a run: give the folder that `output:` names"
            )
        self.tables = Tables(folder)
        rows = self.tables.rows("runs")
        if not rows:
            raise QueryError(f"no run has begun in {folder.root}: start one with `curate run`")
        self.last = max(rows, key=lambda row: (row["run"], row["ended"]))
        self.keys: dict[str, Any] = json.loads(self.last["keys"])
        self.filters: dict[str, str] = self.keys["filters"]
        self.paths: set[str] = set()
        """Parts that the views read."""

    def all(self) -> dict[str, str]:
        """Name -> SELECT; a view may use those before it."""
        return {
            "_listed": self._listed(),
            "videos": self._videos(),
            "_clips": self._clips(),
            "clips": self._wide(),
            "scores": self._scores(),
            "verdicts": self._verdicts(),
            "captions": self._captions(),
            "answers": self._answers(),
            "similarities": self._similarities(),
            "samples": f"SELECT * FROM {self._table('samples')}",
            "pairs": self._pairs(),
            "latents": f"SELECT l.* FROM {self._table('latents')} l JOIN samples s USING (clip_id, digest)",
            "texts": f"SELECT * FROM {self._table('texts')} WHERE clip_id IN (SELECT clip_id FROM samples)",
            "losses": "SELECT clip_id, model, loss, loss_null "
            f"FROM {self._table('losses')} WHERE clip_id IN (SELECT clip_id FROM samples)",
            "steps": f"SELECT * FROM {self._table('steps')} ORDER BY run",
            "runs": f"SELECT run, name, max(ended) AS ended, any_value(pipeline) AS pipeline, "
            f"any_value(versions) AS versions FROM {self._table('runs')} GROUP BY run, name ORDER BY run",
            "funnel": f"SELECT * FROM {self._table('funnel', self.last['rules'])} ORDER BY position",
        }

    def _table(self, name: str, key: str | None = None) -> str:
        self.paths.update(self.tables.files(name, key))
        return self.tables.relation(name, key)

    def _listed(self) -> str:
        return (
            "SELECT i.uri, i.carried, f.video_id, coalesce(i.missing, f.error) AS error "
            f"FROM {self._table('inputs')} i LEFT JOIN "
            f"(SELECT DISTINCT ON (uri, bytes, modified) * FROM {self._table('files')}"
            " ORDER BY uri, bytes, modified, video_id NULLS LAST) f USING (uri, bytes, modified)"
        )

    def _videos(self) -> str:
        facts = [
            field.name for field in clips.VIDEOS if field.name not in ("video_id", "error", "key", "entries")
        ]
        columns = ", ".join(f"any_value(v.{identifier(name)}) AS {identifier(name)}" for name in facts)
        nulls = ", ".join(f"NULL AS {identifier(name)}" for name in facts)
        # A group that failed in one scan and not in another did not fail.
        per_group = (
            'SELECT video_id, g."group" AS scanned, '
            "CASE WHEN NOT bool_or(error IS NULL) THEN max(error) END AS error, "
            "bool_or(salvaged) AS salvaged, max(errors) AS errors, max(first_error) AS first_error, "
            f"max(frames_decoded) AS frames_decoded FROM ({self._scans()}) GROUP BY ALL"
        )
        scans = (
            "SELECT video_id, max(error) AS error, bool_or(salvaged) AS salvaged, max(errors) AS errors, "
            "max(first_error) AS first_error, max(frames_decoded) AS frames_decoded "
            f"FROM ({per_group}) GROUP BY video_id"
        )
        return f"""
            SELECT l.video_id, min(l.uri) AS uri, list(l.uri ORDER BY l.uri) AS uris,
                   coalesce(any_value(v.error), any_value(s.error)) AS error, {columns},
                   any_value(s.frames_decoded) AS frames_decoded, any_value(s.salvaged) AS salvaged,
                   any_value(s.errors) AS decode_errors, any_value(s.first_error) AS first_decode_error,
                   list(l.carried ORDER BY l.uri) AS carried
            FROM _listed l
            JOIN {self._table("videos")} v
              ON v.video_id = l.video_id AND v.key = {quoted(self.keys["videos"])}
            LEFT JOIN ({scans}) s ON s.video_id = l.video_id
            WHERE l.error IS NULL GROUP BY l.video_id
            UNION ALL BY NAME
            SELECT NULL AS video_id, uri, [uri] AS uris, coalesce(error, 'not read yet') AS error, {nulls},
                   [carried] AS carried
            FROM _listed WHERE video_id IS NULL OR error IS NOT NULL
        """

    def _scans(self) -> str:
        """Scans under the current keys of their groups."""
        current = " OR ".join(
            f'(g."group" = {quoted(group)} AND g.key = {quoted(key)})'
            for group, key in self.keys["groups"].items()
        )
        return (
            "SELECT * FROM (SELECT s.video_id, s.error, s.salvaged, s.errors, s.first_error, "
            f"s.frames_decoded, unnest(s.groups) AS g FROM {self._table('scans')} s) WHERE {current}"
        )

    def _clips(self) -> str:
        return (
            f"SELECT c.* FROM {self._table('clips', self.keys['cuts'])} c WHERE c.video_id IN "
            "(SELECT video_id FROM videos WHERE error IS NULL)"
        )

    def _wide(self) -> str:
        """`clips` with the columns of every filter: `motion`, `media_fps`."""
        columns, joins = ["c.* EXCLUDE (dropped_by)"], []
        for name, key in self.filters.items():
            alias = identifier(f"score of {name}")
            columns.append(f"{alias}.score AS {identifier(name)}")
            relation = self._score_table(name, key)
            for column in self._columns(name):
                columns.append(f"{alias}.{identifier(column)} AS {identifier(f'{name}_{column}')}")
            joins.append(f"LEFT JOIN {relation} {alias} ON {alias}.clip_id = c.clip_id")
        return f"SELECT {', '.join(columns)} FROM _clips c {' '.join(joins)}"

    def _columns(self, name: str) -> dict[str, str]:
        """Columns of a filter beside `score`, with their SQL types, whether anything was measured or not."""
        kinds = {"float": "DOUBLE", "int": "BIGINT", "bool": "BOOLEAN", "str": "VARCHAR"}
        return {column: kinds[kind] for column, kind in self.keys["columns"].get(name, {}).items()}

    def _score_table(self, name: str, key: str) -> str:
        table = f"scores/{name}"
        if self.tables.files(table, key):
            return self._table(table, key)
        types = {"clip_id": "UUID", "score": "DOUBLE", **self._columns(name), "error": "VARCHAR"}
        nulls = ", ".join(f"NULL::{kind} AS {identifier(column)}" for column, kind in types.items())
        return f"(SELECT {nulls} WHERE false)"

    def _scores(self) -> str:
        """One row per clip and filter."""
        selects = [
            f"SELECT s.clip_id, {quoted(name)} AS filter, s.score, s.error "
            f"FROM {self._score_table(name, key)} s WHERE s.clip_id IN (SELECT clip_id FROM _clips)"
            for name, key in self.filters.items()
        ]
        empty = (
            "SELECT NULL::UUID AS clip_id, NULL AS filter, NULL::DOUBLE AS score, NULL AS error WHERE false"
        )
        return " UNION ALL ".join(selects) or empty

    def _pairs(self) -> str:
        """Pairs that the filters of the last run found among the clips of the current input."""
        keys = [clips.pairs_key(name, key) for name, key in self.filters.items()]
        selects = [
            f"SELECT p.* FROM {self._table('pairs', key)} p "
            "WHERE clip_a IN (SELECT clip_id FROM _clips) AND clip_b IN (SELECT clip_id FROM _clips)"
            for key in keys
            if self.tables.files("pairs", key)
        ]
        return " UNION ALL ".join(selects) or f"SELECT * FROM {self.tables.relation('pairs', 'none')}"

    def _verdicts(self) -> str:
        return f"""
            SELECT c.clip_id, coalesce(v.kept, false) AS kept, v.dropped_by, v.error,
                   coalesce(v.pending, true) AS pending
            FROM _clips c LEFT JOIN {self._table("verdicts", self.last["rules"])} v ON v.clip_id = c.clip_id
        """

    def _captions(self) -> str:
        return (
            f"SELECT k.* FROM {self._table('captions', self.keys['captioner'])} k "
            "WHERE k.clip_id IN (SELECT clip_id FROM _clips)"
        )

    def _answers(self) -> str:
        """Of the last run's captioner and prompt; none where no model was asked."""
        key = self.keys.get("answers") or "none"
        return (
            f"SELECT a.* FROM {self._table('answers', key)} a WHERE a.clip_id IN (SELECT clip_id FROM _clips)"
        )

    def _similarities(self) -> str:
        """Of the last run's model; none where none was measured."""
        relation = self._table("similarities", self.keys.get("similarity") or "none")
        return f"SELECT s.* FROM {relation} s WHERE s.clip_id IN (SELECT clip_id FROM _clips)"


def connect(folder: Folder) -> duckdb.DuckDBPyConnection:
    """A connection with the views, which can read the committed parts and nothing else."""
    views = Views(folder)
    statements = views.all()
    connection = duckdb.connect(config={"python_enable_replacements": "false"})
    allowed = ", ".join(quoted(path) for path in sorted(views.paths))
    for name, select in statements.items():
        connection.execute(f"CREATE VIEW {identifier(name)} AS {select}")
    connection.execute(f"SET allowed_paths = [{allowed}]")
    for setting in (
        # What does not fit in memory is an error, and not a folder `.tmp` wherever the user stands.
        "temp_directory = ''",
        "enable_external_access = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")
    return connection


def query(folder: Folder, sql: str) -> pa.Table:
    """Rows of one SELECT; `QueryError` for anything else. Ids come back as 32 hex digits, and of two columns
    with the same name the second is called NAME_1."""
    with duckdb.connect() as empty:
        try:
            sql.encode()
            statements = empty.extract_statements(sql)
        except (duckdb.Error, UnicodeEncodeError) as error:
            raise QueryError(f"the query is not SQL: {error}") from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise QueryError("only one SELECT can be asked: `curate query` never writes")
    try:
        connection = connect(folder)
    except duckdb.Error as error:
        raise QueryError(
            f"the tables of {folder.root} cannot be read ({' '.join(str(error).split())}): use another output"
        ) from error
    with connection:
        try:
            found = connection.sql(sql)
            kinds = found.types
            return plain(found.to_arrow_table(), kinds)
        except duckdb.CatalogException as error:
            raise QueryError(f"the query failed: {error}; the views are {', '.join(VIEWS)}") from error
        except duckdb.Error as error:
            raise QueryError(f"the query failed: {error}") from error


def plain(table: pa.Table, kinds: Sequence[Any]) -> pa.Table:
    """The table in types that every reader knows. `kinds`: DuckDB's type of each column.

    DuckDB hands out a UUID as text with dashes, also inside lists, and a sum of whole numbers as a decimal.
    """
    columns: list[pa.ChunkedArray] = []
    names: list[str] = []
    for number, (name, kind) in enumerate(zip(table.column_names, kinds, strict=True)):
        column = table.column(number)
        if kind.id == "uuid":
            column = pc.replace_substring(column, "-", "")
        elif _holds_ids(kind):
            column = pa.chunked_array([pa.array([_hexed(v, kind) for v in column.to_pylist()], column.type)])
        elif kind.id in ("hugeint", "uhugeint"):
            with suppress(pa.ArrowInvalid):  # it stays a decimal where it does not fit
                column = column.cast(pa.int64())
        columns.append(column)
        names.append(_unlike(name, names))
    return pa.Table.from_arrays(columns, names=names)


def _unlike(name: str, names: Sequence[str]) -> str:
    """`name`, or NAME_1, NAME_2, … where `names` hold it."""
    tried = (f"{name}_{number}" if number else name for number in count())
    return next(one for one in tried if one not in names)


def _holds_ids(kind: Any) -> bool:
    """Whether a nested type has a UUID in it."""
    if kind.id not in ("list", "array", "struct", "map"):
        return False
    inner = [child for _, child in kind.children if not isinstance(child, int)]
    return any(child.id == "uuid" or _holds_ids(child) for child in inner)


def _hexed(value: Any, kind: Any) -> Any:
    """A value of the type `kind` with its UUIDs as 32 hex digits."""
    if value is None:
        return None
    if kind.id == "uuid":
        return value.replace("-", "")
    if kind.id in ("list", "array"):
        return [_hexed(item, kind.children[0][1]) for item in value]
    if kind.id == "struct":
        return {name: _hexed(value[name], child) for name, child in kind.children}
    if kind.id == "map":
        (_, key), (_, item) = kind.children
        return [(_hexed(k, key), _hexed(v, item)) for k, v in value]
    return value
