"""Rows of `answers`, and the rows of `captions` that follow from them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from captioners.dialogue.model import ModelCaptioner
from captioners.dialogue.schema import STRUCTURED, Fields
from captioners.dialogue.similarity import Fit
from captioners.dialogue.turns import LOST, OK, Outcome, State, settled, state_of
from captioners.dialogue.types import Answer, Evidence
from curate import clips
from curate.storage import Folder
from curate.tables import Tables, id_bytes, rows_of
from stages import journal

Row = dict[str, Any]


def window_spans(clip: Mapping[str, Any], windows: int) -> list[tuple[int, int]]:
    """[start, end) of each window in the clip's time base: equal parts. Where a clip has fewer ticks than
    windows some are empty, never the first."""
    start, length = clip["start_pts"], clip["end_pts"] - clip["start_pts"]
    ends = [start - -length * number // windows for number in range(windows + 1)]
    return list(pairwise(ends))


def answer_of(row: Mapping[str, Any]) -> Answer:
    """A row of `answers`, or a line of a journal."""
    return Answer(
        window=int(row["window"]),
        attempt=int(row["attempt"]),
        raw=row["raw"],
        finish_reason=str(row["finish_reason"]),
        error=row["error"],
        tokens_in=row["tokens_in"],
        tokens_out=row["tokens_out"],
    )


def fold(folder: Folder, tables: Tables, *, remove: bool) -> None:
    """Commit what the journals of earlier runs hold; `remove` them then, once nobody can be writing to them.

    A kill between the two leaves journals whose rows are in the table: what is there is not added again."""
    for key in journal.keys(folder):
        names = journal.journals(folder, key)
        if fresh := _not_in(tables, key, _read(folder, names)):
            tables.append("answers", fresh, key=key)
        if remove:
            _remove(folder, names)


def fold_portions(folder: Folder, tables: Tables, key: str, portions: Sequence[str]) -> list[Row]:
    """Commit and remove the journals of portions that are done; the new rows of `answers`."""
    names = [name for portion in portions for name in journal.journals(folder, key, f"{portion}-")]
    rows = _distinct(_read(folder, names))
    if rows:
        tables.append("answers", rows, key=key)
    _remove(folder, names)
    return rows


def _read(folder: Folder, names: Iterable[str]) -> list[Row]:
    return [row for name in names for line in journal.lines(folder.path(name)) if (row := form_of(line))]


def _remove(folder: Folder, names: Iterable[str]) -> None:
    for name in names:
        folder.remove(name)


_KINDS: dict[str, type | tuple[type, ...]] = {
    "clip_id": str, "window": int, "attempt": int, "tokens_in": int, "tokens_out": int,
    "seconds": (int, float), "answered": (int, float), "frames_seen": list,
}  # fmt: skip
_REQUIRED = ("clip_id", "window", "attempt", "finish_reason")


def form_of(line: Mapping[str, Any]) -> Row | None:
    """A line as a row; None if it is of another form (a damaged disk, another version), which the table could
    not hold."""
    try:
        row = {name: line[name] for name in clips.ANSWERS.names}
        if any(row[name] is None for name in _REQUIRED):
            return None
        for name, value in row.items():
            if value is not None and not _is(value, _KINDS.get(name, str)):
                return None
        if row["evidence"] and not isinstance(json.loads(row["evidence"]), dict):
            return None
        identity = bytes.fromhex(row["clip_id"])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
    return {**row, "clip_id": identity} if len(identity) == clips.ID_BYTES else None


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    if isinstance(value, str):
        value.encode()  # ValueError where UTF-8 cannot hold it
    if isinstance(value, list):
        return kind is list and all(_is(one, int) for one in value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return False
    return isinstance(value, kind) and not isinstance(value, bool)


def _identity(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """An attempt has one answer, and may have failed in several ways before."""
    lost = row["finish_reason"] if row["finish_reason"] in LOST else None  # no answer ends with such a word
    return row["clip_id"], row["window"], row["attempt"], lost


def _distinct(rows: Iterable[Row]) -> list[Row]:
    """The first answer of each attempt, and the first failure of each kind."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        found.setdefault(_identity(row), row)
    return list(found.values())


def _not_in(tables: Tables, key: str, rows: Iterable[Row]) -> list[Row]:
    """Of `rows` those that the table lacks."""
    fresh = {_identity(row): row for row in _distinct(rows)}
    ids = pa.array({row["clip_id"] for row in fresh.values()}, pa.binary(clips.ID_BYTES))
    table = tables.read("answers", key, ["clip_id", "window", "attempt", "finish_reason"])
    there = table.filter(pc.is_in(id_bytes(table["clip_id"]), value_set=ids))
    for row in rows_of(there):
        fresh.pop(_identity(row), None)
    return list(fresh.values())


class Answers:
    """The stored answers under one key, by clip."""

    def __init__(self, tables: Tables, key: str) -> None:
        self._table = tables.read("answers", key).combine_chunks()
        self._rows: dict[bytes, list[int]] = {}
        for number, identity in enumerate(id_bytes(self._table["clip_id"]).to_pylist()):
            self._rows.setdefault(identity, []).append(number)

    def of(self, clip_id: bytes) -> list[Row]:
        """The rows of a clip, in no particular order."""
        numbers = self._rows.get(clip_id)
        return rows_of(self._table.take(pa.array(numbers))) if numbers else []

    @property
    def tokens(self) -> int:
        """In and out, of all answers."""
        return sum(int(pc.sum(self._table[name]).as_py() or 0) for name in ("tokens_in", "tokens_out"))


def state(
    captioner: ModelCaptioner, windows: int, rows: Sequence[Row], *, again: bool, fit: Fit | None = None
) -> State:
    """Where the dialogue about a clip stands by its rows of `answers`. `again`: what stayed unanswered is
    asked once more."""
    answers = [answer_of(row) for row in rows]
    if again:
        answers = settled(answers)
    return state_of(windows, answers, evidence_in(rows), captioner.rules, fit)


def evidence_in(rows: Iterable[Row]) -> dict[int, Evidence]:
    """What was measured of each window when it was last asked about."""
    found = {}
    for row in sorted(rows, key=lambda row: (row["attempt"], row["evidence"] or "")):
        if row["evidence"]:
            found[int(row["window"])] = Evidence.from_json(json.loads(row["evidence"]))
    return found


def caption_row(
    captioner: ModelCaptioner, name: str, prompt_hash: str, found: Outcome, rows: Sequence[Row]
) -> Row:
    """The columns of `captions` that follow from a clip's answers."""
    told = sorted(
        (row for row in rows if row["raw"] is not None),
        key=lambda row: (row["attempt"], row["window"], row["model"] or ""),
    )
    seen = {pts for row in told for pts in row["frames_seen"] or ()}
    model = next((row["model"] for row in reversed(told) if row["model"]), None)
    row: Row = {
        "captioner": name,
        "model": model or captioner.model,
        "revision": captioner.revision,
        "prompt_hash": prompt_hash,
        "frames_seen": sorted(seen),
        "attempts": found.attempts,
        "outcome": found.outcome,
        "error": found.error,
    }
    return row | (_columns(found.fields) if found.outcome == OK and found.fields else {})


def _columns(fields: Fields) -> Row:
    columns = {name: value or None for name, value in asdict(fields).items()}
    structured = {name: columns[name] for name in STRUCTURED if columns[name]}
    return columns | {"fields": json.dumps(structured, sort_keys=True, ensure_ascii=False)}
