"""What `curate filters` shows: every filter with its options, columns, units, published values and cost.

All of it is read from the filter's own class: there is no second list that could say something else.
"""

import inspect
import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curate.plugins import ClipFilter, FrameFilter, SignalFilter, known, load

KINDS = {SignalFilter: "signals", FrameFilter: "frames"}
"""What a filter of that class looks at; all others look at the whole table of clips."""


@dataclass(frozen=True)
class Option:
    """A field of the class."""

    name: str
    type: str
    """As in YAML, with its limits: "number, 0 to 1"."""
    default: Any
    """As JSON has it; None too where the option must be given."""
    required: bool
    unit: str | None
    text: str


@dataclass(frozen=True)
class Column:
    """A column of the filter's table, on which rules can stand."""

    name: str
    type: str
    unit: str | None


@dataclass(frozen=True)
class Entry:
    """A filter."""

    use: str
    """What stands behind `use:` in a pipeline."""
    kind: str
    """`signals` (no pixels), `frames` (sampled frames) or `table` (all clips at once)."""
    summary: str
    """One sentence."""
    text: str
    version: int
    reads: tuple[str, ...]
    """Signal groups."""
    columns: tuple[Column, ...]
    options: tuple[Option, ...]
    published: tuple[str, ...]
    cost: str
    example: str
    """A line for the list `filters:` of a pipeline, without rules."""


def describe(use: str) -> Entry:
    """The filter that `use` names, a user's own (MODULE:CLASS) too; ValueError if there is none."""
    return entry_of(use, load("filters", use, ClipFilter))


def entry_of(use: str, cls: type[ClipFilter]) -> Entry:
    """What a filter's class says of it."""
    text = inspect.cleandoc(cls.__doc__ or "")
    return Entry(
        use=use,
        kind=next((kind for base, kind in KINDS.items() if issubclass(cls, base)), "table"),
        summary=_sentence(text),
        text=text,
        version=cls.VERSION,
        reads=cls.READS,
        columns=tuple(
            Column(name, _NAMES.get(kind, kind.__name__), cls.UNITS.get(name))
            for name, kind in {"score": float, **cls.COLUMNS}.items()
        ),
        options=_options(cls),
        published=cls.PUBLISHED,
        cost=cls.COST,
        example=_example(use, cls),
    )


def catalogue() -> list[Entry]:
    """Every filter in the folder, by name."""
    return [describe(name) for name in known("filters")]


_NAMES = {float: "number", int: "whole number", bool: "true or false", str: "text"}


def _sentence(text: str) -> str:
    """The first sentence, up to a colon, without the word that says which column it is of."""
    first = " ".join(text.split("\n\n")[0].split()).removeprefix("Score: ")
    said = re.split(r"\.(?= [A-Z0-9`])|: ", first, maxsplit=1)[0].removesuffix(".")
    return said[:1].upper() + said[1:]


def _options(cls: type[ClipFilter]) -> tuple[Option, ...]:
    schema = cls.model_json_schema()
    properties: Mapping[str, Any] = schema.get("properties", {})
    found = []
    for name, field in cls.model_fields.items():
        required = field.is_required()
        default = None if required else json.loads(json.dumps(field.get_default(call_default_factory=True)))
        found.append(
            Option(
                name=name,
                type=_type(properties[field.alias or name], schema.get("$defs", {})),
                default=default,
                required=required,
                unit=cls.UNITS.get(name),
                text=" ".join((field.description or "").split()),
            )
        )
    return tuple(found)


_TYPES = {"number": "number", "integer": "whole number", "boolean": "true or false", "string": "text",
          "array": "list", "object": "mapping", "null": "null"}  # fmt: skip


def _type(schema: Mapping[str, Any], named: Mapping[str, Any]) -> str:
    """A JSON schema in words."""
    if "$ref" in schema:
        return _type(named[schema["$ref"].rpartition("/")[2]], named)
    if "anyOf" in schema:
        return " or ".join(_type(part, named) for part in schema["anyOf"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return ", ".join(str(value) for value in schema["enum"])
    said = _TYPES.get(schema.get("type", ""), "any value")
    if said == "list" and "items" in schema:
        said = f"list of {_type(schema['items'], named)}"
    limits = [
        f"{sign} {_plain(schema[word])}"
        for word, sign in (
            ("exclusiveMinimum", "above"), ("minimum", "at least"),
            ("exclusiveMaximum", "below"), ("maximum", "at most"),
        )
        if word in schema
    ]  # fmt: skip
    return ", ".join([said, " and ".join(limits)]) if limits else said


def _plain(number: float) -> str:
    """4000000 and not 4e+06; 0.5 and not 0.50."""
    return str(int(number)) if float(number).is_integer() else f"{number:g}"


def _example(use: str, cls: type[ClipFilter]) -> str:
    """The filter as YAML, with every option at its default."""
    options = {
        name: json.loads(json.dumps(field.get_default(call_default_factory=True)))
        for name, field in cls.model_fields.items()
        if not field.is_required()
    }
    given = [f"use: {json.dumps(use) if ':' in use else use}"]
    given += [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in options.items()]
    return f"- {{{', '.join(given)}}}"


def shown(entry: Entry, width: int = 100) -> str:
    """All of one filter, for a terminal."""
    rows = [f"{entry.use} (version {entry.version}), looks at {_looks_at(entry)}", ""]
    for paragraph in entry.text.split("\n\n"):
        rows += [*textwrap.wrap(" ".join(paragraph.split()), width), ""]
    rows.append("Columns (`keep: {min: …, max: …}` is on the score, `keep: {COLUMN: {min: …}}` on another)")
    for column in entry.columns:
        rows.append(f"  {column.name:<18}{', '.join(part for part in (column.type, column.unit) if part)}")
    rows += ["", "Options" if entry.options else "No options"]
    for option in entry.options:
        default = "must be given" if option.required else f"default {json.dumps(option.default)}"
        unit = f", in {option.unit}" if option.unit else ""
        rows.append(f"  {option.name} ({option.type}{unit}; {default})")
        rows += textwrap.wrap(option.text, width, initial_indent="      ", subsequent_indent="      ")
    if entry.published:
        rows += ["", "Published values"]
        for line in entry.published:
            rows += textwrap.wrap(line, width, initial_indent="  ", subsequent_indent="      ")
    rows += ["", *textwrap.wrap(f"Cost: {entry.cost or 'not stated'}", width)]
    rows += ["", "In a pipeline, below `filters:`", f"  {entry.example}"]
    return "\n".join(rows)


def _looks_at(entry: Entry) -> str:
    if entry.kind == "signals":
        return f"the signals {', '.join(entry.reads)}" if entry.reads else "facts of the video"
    return "sampled frames" if entry.kind == "frames" else "all clips at once"
