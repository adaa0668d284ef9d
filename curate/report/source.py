"""What the page reads: the views of `curate query`, and the filters with their rules."""

import json
import math
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from curate.query import Views, connect
from curate.storage import Folder
from curate.tables import identifier, quoted

CLIPS = """
CREATE TABLE _report AS
SELECT c.*, v.kept AS _kept, v.dropped_by AS _dropped_by, v.error AS _error, v.pending AS _pending,
       f.position AS _at
FROM clips c JOIN verdicts v USING (clip_id) LEFT JOIN funnel f ON f.rule = v.dropped_by
"""
"""The view `clips` with verdicts, joined once for all charts; filters' columns never begin with `_`. `_at`:
place in the funnel of the rule that dropped the clip."""

VIDEOS = """
CREATE TABLE _videos AS
SELECT video_id, uri, error, bytes, seconds, width, height, fps, salvaged, decode_errors, first_decode_error
FROM videos
"""


@dataclass(frozen=True)
class Column:
    """A column that a filter measured, with its rule if it has one."""

    filter: str
    name: str
    """`score`, or the name of a further column."""
    sql: str
    """The column of the view `clips`: `motion`, `motion_peak`."""
    kind: str
    """DuckDB's type."""
    position: int
    """Place in the funnel of its rule, or of its filter if it has none."""
    low: float = -math.inf
    high: float = math.inf

    @property
    def rule(self) -> str:
        """What `dropped_by` and `funnel` call it: `motion`, `motion.peak`."""
        return self.filter if self.name == "score" else f"{self.filter}.{self.name}"

    @property
    def bounds(self) -> dict[str, float]:
        """The bounds of its rule: `min`, `max`, both or neither."""
        ends = {"min": self.low, "max": self.high}
        return {name: end for name, end in ends.items() if math.isfinite(end)}

    @property
    def ruled(self) -> bool:
        return bool(self.bounds)

    @property
    def numeric(self) -> bool:
        return self.kind in ("DOUBLE", "BIGINT", "FLOAT", "INTEGER")

    @property
    def entered(self) -> str:
        """SQL: whether a row of `_report` came as far as this rule. A failed or pending clip counts where
        it was measured."""
        return f"(_dropped_by IS NULL OR _at >= {self.position})"

    @property
    def dropped(self) -> str:
        """SQL: whether this rule dropped a row. That is what a rule on pairs says, too, which drops a clip
        beyond its bound only for a better one that is kept."""
        return f"(coalesce(_dropped_by, '') = {quoted(self.rule)})"

    @property
    def within(self) -> str:
        """SQL: whether a measured row is within the bounds."""
        column = identifier(self.sql)
        return f"({column} >= {literal(self.low)} AND {column} <= {literal(self.high)})"


class Source:
    """The last run of an output, to be asked in SQL. Use as a context manager."""

    def __init__(self, folder: Folder) -> None:
        views = Views(folder)
        self.tables = views.tables
        self.keys = views.keys
        self.run: int = views.last["run"]
        self.name: str = views.last["name"]
        self.ended: str = views.last["ended"]
        self.passed_over: int = views.last["passed_over"] or 0
        self.pipeline: dict[str, Any] = json.loads(views.last["pipeline"])
        self.connection = connect(folder)
        try:
            self.connection.execute(VIDEOS)
            self.connection.execute(CLIPS)
            self.funnel = self.rows("SELECT * FROM funnel ORDER BY position")
            self.columns = self._columns()
        except BaseException:
            self.connection.close()
            raise

    def __enter__(self) -> "Source":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def rows(self, sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        """The rows of a SELECT; ids are `uuid.UUID`."""
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(sql, parameters)
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def one(self, sql: str, parameters: list[Any] | None = None) -> dict[str, Any]:
        """The only row of a SELECT."""
        (row,) = self.rows(sql, parameters)
        return row

    def _columns(self) -> list[Column]:
        """Every filter's columns in the order of the pipeline: the score first, then as it declares them."""
        kinds = {row["column_name"]: row["column_type"] for row in self.rows("DESCRIBE clips")}
        places = {row["rule"]: row["position"] for row in self.funnel}
        ruled = {step_name(step): keep_of(step) for step in self.pipeline.get("filters", [])}
        found = []
        for name in self.keys["filters"]:
            keep = ruled.get(name, {})
            own = [place for rule, place in places.items() if rule.partition(".")[0] == name]
            for column in ("score", *self.keys["columns"].get(name, {})):
                sql = name if column == "score" else f"{name}_{column}"
                rule = name if column == "score" else f"{name}.{column}"
                low, high = keep.get(column, (-math.inf, math.inf))
                position = places.get(rule, min(own, default=0))
                if sql in kinds:
                    found.append(Column(name, column, sql, kinds[sql], position, low, high))
        return found


def literal(value: float) -> str:
    """A number in SQL, exactly (DuckDB reads 0.3 as a decimal), infinities too."""
    return f"'{float(value)!r}'::DOUBLE"


def step_name(step: Mapping[str, Any]) -> str:
    """The name of an entry of `filters:`."""
    use = str(step.get("use", ""))
    return str(step.get("name") or (use.rpartition(":")[2].lower() if ":" in use else use))


def keep_of(step: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Column -> (low, high) of an entry of `filters:`, whose rules were checked when it ran."""
    keep = step.get("keep") or {}
    own = {end: keep[end] for end in ("min", "max") if end in keep}
    wanted = {"score": own} | {name: body for name, body in keep.items() if name not in own}
    found = {}
    for name, body in wanted.items():
        ends = {"min": -math.inf, "max": math.inf}
        for end, value in (body or {}).items():
            with suppress(TypeError, ValueError):
                ends[end] = float(value)
        found[name] = (ends["min"], ends["max"])
    return found
