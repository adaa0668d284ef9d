"""What is read of a run to judge its captions: the captioned clips, and the answers that they came of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from heapq import nsmallest
from types import TracebackType
from typing import Any

import duckdb
import pyarrow as pa
from pydantic import ValidationError

from captioners.dialogue.schema import STRUCTURED
from captioners.gates import GateOptions
from curate import clips
from curate.plugins import explain
from curate.query import QueryError, Views, connect
from curate.signals.frames import NAME as FRAMES
from curate.storage import Folder
from curate.tables import Tables, quoted, rows_of

_REACHED = """
CREATE TABLE _reached AS
SELECT k.clip_id, k.outcome, c.video_id
FROM captions k JOIN clips c USING (clip_id) JOIN verdicts v USING (clip_id)
WHERE coalesce(v.dropped_by, 'captioner') = 'captioner'
"""
"""Captions of clips that a filter drops since then are no part of the output."""

_CLIPS = """
SELECT k.clip_id, c.video_id, v.uri, c.start_pts, c.end_pts, c.time_base, c.start_seconds, c.end_seconds,
       k.outcome, k.captioner, k.model, k.short, k.dense, k.frames_seen, {structured}
FROM captions k JOIN clips c USING (clip_id) JOIN videos v ON v.video_id = c.video_id
WHERE k.clip_id IN (SELECT clip_id FROM _wanted)
"""

_PARTS = """
SELECT s.video_id, min(g.part) AS part
FROM (SELECT video_id, unnest(groups) AS g FROM {scans}) s
WHERE g."group" = {group} AND g.key = {key} AND g.part IS NOT NULL
  AND s.video_id IN (SELECT video_id FROM clips WHERE clip_id IN (SELECT clip_id FROM _wanted))
GROUP BY ALL
"""


@dataclass(frozen=True, slots=True)
class Clip:
    """A captioned clip."""

    clip_id: bytes
    video_id: bytes
    uri: str
    start_pts: int
    end_pts: int
    time_base: str
    start_seconds: float
    end_seconds: float
    outcome: str
    """One of curate.clips.CAPTIONED."""
    captioner: str
    model: str | None
    short: str
    dense: str
    fields: Mapping[str, str]
    """What a model said in the structured fields, in their order; none of `measured`."""
    frames_seen: tuple[int, ...]
    """pts of the frames that the model saw; none where none was asked."""

    @property
    def seconds(self) -> float:
        return self.end_seconds - self.start_seconds

    def after(self, pts: int) -> float:
        """Seconds after the clip's start."""
        return float((pts - self.start_pts) * Fraction(self.time_base))


class Source:
    """The last run of an output. Use as a context manager."""

    def __init__(self, folder: Folder) -> None:
        views = Views(folder)
        self.folder = folder
        self.tables: Tables = views.tables
        self.keys = views.keys
        self.name: str = views.last["name"]
        self.captioner: dict[str, Any] = _mapping(json.loads(views.last["pipeline"]).get("captioner"))
        """What the pipeline says of it."""
        try:
            self.connection = connect(folder)
        except duckdb.Error as error:
            raise QueryError(
                f"the tables of {folder.root} cannot be read ({' '.join(str(error).split())}): use another "
                "output"
            ) from error
        try:
            self.connection.execute(_REACHED)
        except BaseException:
            self.connection.close()
            raise

    def __enter__(self) -> "Source":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a SELECT; ids are `uuid.UUID`."""
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(sql)
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @property
    def outcomes(self) -> dict[str, int]:
        """Outcome -> clips, the most frequent first."""
        rows = self.rows("SELECT outcome, count(*) AS n FROM _reached GROUP BY ALL ORDER BY n DESC, outcome")
        return {str(row["outcome"]): row["n"] for row in rows}

    @property
    def captioned(self) -> int:
        """Clips with a caption."""
        return sum(count for outcome, count in self.outcomes.items() if outcome in clips.CAPTIONED)

    def reached(self, count: int, salt: str, *, with_caption: bool) -> list[bytes]:
        """At most `count` clips that reached the captioner (`with_caption`: of those that have a caption), by
        a hash of their ids: no order of files and no number of workers changes the choice, and of a larger
        `count` the first ones are the same."""
        rows = self.rows(
            f"SELECT clip_id FROM _reached WHERE {has_caption('outcome') if with_caption else 'true'}"
        )
        hashed = ((clips.share(row["clip_id"].bytes, salt), row["clip_id"].bytes) for row in rows)
        return [clip for _, clip in nsmallest(count, hashed)]

    def clips(self, wanted: Sequence[bytes]) -> list[Clip]:
        """The clips with these ids, in their order; those that have no caption are left out."""
        self._want(wanted)
        structured = ", ".join(f"k.{name}" for name in STRUCTURED)
        rows = self.rows(f"{_CLIPS.format(structured=structured)} AND {has_caption('k.outcome')}")
        found = {row["clip_id"].bytes: _clip(row) for row in rows}
        return [found[clip] for clip in wanted if clip in found]

    def frame_parts(self, wanted: Iterable[Clip]) -> dict[bytes, str]:
        """Video -> full path of its sampled frames, of the videos of these clips; only what a committed scan
        names."""
        key = self.keys["groups"].get(FRAMES)
        if key is None:
            return {}
        self._want([clip.clip_id for clip in wanted])
        scans = self.tables.relation("scans")
        rows = self.rows(_PARTS.format(scans=scans, group=quoted(FRAMES), key=quoted(key)))
        return {row["video_id"].bytes: self.folder.path(row["part"]) for row in rows}

    def samples(self, wanted: Iterable[Clip]) -> dict[bytes, dict[str, Any]]:
        """Rows of `samples` (where the mp4 is) of these clips, by id; not every clip is in a shard."""
        self._want([clip.clip_id for clip in wanted])
        rows = self.rows(
            "SELECT clip_id, shard, mp4_offset, mp4_bytes, digest FROM samples "
            "WHERE clip_id IN (SELECT clip_id FROM _wanted)"
        )
        return {row["clip_id"].bytes: row for row in rows}

    # -- answers of a model --------------------------------------------------------------------------------

    @property
    def answers(self) -> str | None:
        """SQL for the answers under the captioner's options; None where no model was asked."""
        key = self.keys.get("answers")
        return self.tables.relation("answers", key) if key and self.tables.files("answers", key) else None

    def answers_of(self, wanted: Sequence[bytes]) -> dict[bytes, list[dict[str, Any]]]:
        """Rows of `answers` of the clips with these ids, by id."""
        found: dict[bytes, list[dict[str, Any]]] = {}
        if self.answers is None:
            return found
        table = self.tables.sql(
            'SELECT clip_id, "window", attempt, raw, finish_reason, tokens_in, tokens_out, evidence, error '
            f"FROM {self.answers} WHERE clip_id IN (SELECT clip_id FROM wanted)",
            wanted=_ids(wanted),
        )
        for row in rows_of(table):
            found.setdefault(row["clip_id"], []).append(row)
        return found

    @property
    def gates(self) -> GateOptions:
        """The gates of the pipeline. ValueError where they are those of another version."""
        try:
            return GateOptions(**_mapping(self.captioner.get("gates")))
        except ValidationError as error:
            raise ValueError(explain(error, "the run's gates", list(GateOptions.model_fields))) from error

    def _want(self, wanted: Sequence[bytes]) -> None:
        """Make `wanted` the rows of `_wanted`."""
        self.connection.register("_given", _ids(wanted))
        self.connection.execute("CREATE OR REPLACE TABLE _wanted AS SELECT clip_id FROM _given")
        self.connection.unregister("_given")


def has_caption(column: str) -> str:
    """SQL: whether an outcome is one with a caption."""
    return f"{column} IN ({', '.join(map(quoted, clips.CAPTIONED))})"


def _ids(wanted: Sequence[bytes]) -> pa.Table:
    return pa.table({"clip_id": clips.ids_array(list(wanted))})


def _clip(row: Mapping[str, Any]) -> Clip:
    return Clip(
        clip_id=row["clip_id"].bytes,
        video_id=row["video_id"].bytes,
        uri=row["uri"] or "",
        start_pts=row["start_pts"],
        end_pts=row["end_pts"],
        time_base=row["time_base"],
        start_seconds=row["start_seconds"],
        end_seconds=row["end_seconds"],
        outcome=row["outcome"],
        captioner=row["captioner"] or "",
        model=row["model"],
        short=row["short"] or "",
        dense=row["dense"] or "",
        fields={name: row[name] for name in STRUCTURED if row[name]},
        frames_seen=tuple(row["frames_seen"] or ()),
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
