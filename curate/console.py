"""What commands print: tables, values and errors, with nothing in them that a terminal would obey."""

import json
import math
import os
import sys
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import pyarrow as pa


WIDTH = 120
"""Columns of a table that goes to a file or a pipe, unless the variable COLUMNS says otherwise …"""
WIDE = 200
"""… and of one of values, such as paths, which are better not folded."""


def print_table(names: list[str], rows: list[list[str]], right: set[int], width: int = WIDTH) -> None:
    """Text in columns; those numbered in `right` are flush right. `width` is for no terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        # Text, not markup: a file may be called [red].
        table.add_row(*(Text(visible(cell)) for cell in row))
    given = os.environ.get("COLUMNS", "")
    fitting = int(given) if given.isdecimal() and int(given) else None if sys.stdout.isatty() else width
    Console(file=sys.stdout, width=fitting, highlight=False).print(table)


def print_rows(table: "pa.Table", format: str) -> None:
    """Rows as table, csv, json or parquet, on stdout."""
    if format == "parquet":
        import pyarrow.parquet as pq

        if sys.stdout.isatty():
            fail(2, "Parquet is not for a terminal: write it to a file, … --format parquet > rows.parquet")
        pq.write_table(table, sys.stdout.buffer)
    elif format == "json":
        print(json.dumps(_finite(table.to_pylist()), default=_json, ensure_ascii=False, indent=1))
    elif format == "csv":
        import csv

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(table.column_names)
        for row in table.to_pylist():
            writer.writerow([_cell(value, "") for value in row.values()])
    else:
        rows = [[_cell(value, "NULL") for value in row.values()] for row in table.to_pylist()]
        print_table(table.column_names, rows, right=set(), width=WIDE)


def _finite(value: Any) -> Any:
    """The value with NULL where a number is none: JSON has no NaN and no infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return {key: _finite(item) for key, item in value.items()} if isinstance(value, dict) else value


def _json(value: Any) -> Any:
    """A value that JSON does not know: numbers as numbers, all else as text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


def _cell(value: Any, null: str) -> str:
    if value is None:
        return null
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(_finite(value), default=_json, ensure_ascii=False)
    return str(value)


def one_of(value: str, *known: str, option: str = "--format") -> None:
    """Raise ValueError where an option's value is none of those `known`."""
    if value not in known:
        raise ValueError(f"{option} {value!r} is not known: give {', '.join(known)}")


def visible(text: str, keep: str = "\n") -> str:
    """Control characters written out but those to keep: a file's name is no command to the terminal."""
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c) == "Cc" and c not in keep else c
        for c in text
    )


def fail(code: int, message: str) -> NoReturn:
    """End the program with a message on stderr."""
    print(f"curate: {visible(message, keep='')}", file=sys.stderr)
    raise SystemExit(code)
