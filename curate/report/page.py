"""The page: what was read, laid into `page.html.j2`."""

import inspect
from importlib.resources import files
from typing import Any
from uuid import UUID

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from curate import collapse
from curate.plugins import Plugin, known, load
from curate.report import numbers, overview
from curate.report.charts import Charts
from curate.report.scores import spread, values
from curate.report.source import Column, Source, step_name
from curate.report.strips import Strips
from curate.storage import Folder


def render(folder: Folder, state: str = "") -> str:
    """The page of the last run in `folder`; `state` is written into it (see `update`)."""
    with Source(folder) as source:
        strips, charts = Strips(source), Charts()
        samples, pairs = overview.samples(source), overview.pairs(source)
        sides = [row[f"{side}_clip"] for row in pairs["rows"] for side in "ab"]
        page = _template().render(
            state=state,
            name=source.name,
            run=source.run,
            ended=source.ended,
            passed_over=source.passed_over,
            alarm=_alarm(source),
            totals=overview.totals(source),
            funnel=source.funnel,
            filters=_filters(source, charts, strips),
            changes=overview.changes(source),
            samples=samples,
            pairs=pairs,
            failures=overview.failures(source),
            steps=overview.steps(source),
            strips=strips.of([*(row["clip_id"] for row in samples), *sides]),
            pipeline=_yaml(source),
            versions=source.one("SELECT versions FROM runs WHERE run = ? LIMIT 1", [source.run])["versions"],
            css=Markup(files("curate.report").joinpath("page.css").read_text("utf-8")),
        )
    return page.lstrip()  # the macros before it leave empty lines


def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("curate", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": numbers.number, "percent": numbers.percent, "seconds": numbers.seconds,
        "clock": numbers.clock, "size": numbers.size, "moment": numbers.moment, "visible": numbers.visible,
        "name": numbers.name, "hexed": _hexed,
    }  # fmt: skip
    return environment.get_template("page.html.j2")


def _hexed(identity: UUID) -> str:
    return identity.hex


def _alarm(source: Source) -> str | None:
    """Of captions that a model wrote."""
    if not source.keys.get("answers"):
        return None
    rows = source.rows(
        "SELECT k.clip_id, c.video_id, k.dense FROM captions k JOIN _report c USING (clip_id) "
        "WHERE k.outcome = 'ok'"
    )
    return collapse.alarm({row["clip_id"].bytes: (row["video_id"].bytes, row["dense"]) for row in rows})


def _yaml(source: Source) -> str:
    """The resolved pipeline as a file that `curate run` takes."""
    # Sorted by name as they are stored, a filter's rules would come before what it is.
    steps = [
        {
            name: step[name]
            for name in sorted(step, key=lambda name: (name != "use", name != "name", name == "keep"))
        }
        for step in source.pipeline.get("filters", [])
    ]
    body = {"pipelines": {source.name: {**source.pipeline, "filters": steps}}}
    return yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=90)


# -- filters -----------------------------------------------------------------------------------------------


def _filters(source: Source, charts: Charts, strips: Strips) -> list[dict[str, Any]]:
    """Each filter with its columns: those with a rule and the score first, each with its chart; then the
    others."""
    uses = {step_name(step): str(step.get("use", "")) for step in source.pipeline.get("filters", [])}
    found = []
    for name in source.keys["filters"]:
        plugin = _plugin(uses.get(name, ""))
        units = dict(plugin.UNITS) if plugin else {}
        shown: dict[str, list[dict[str, Any]]] = {"main": [], "further": []}
        own = [column for column in source.columns if column.filter == name]
        for column in sorted(own, key=lambda column: not column.ruled):
            main = column.ruled or column.name == "score"
            entry = _column(source, charts, strips, column, units.get(column.name, ""), main)
            shown["main" if main else "further"].append(entry)
        found.append({"name": name, "about": _about(plugin), **shown})
    return found


def _column(
    source: Source, charts: Charts, strips: Strips, column: Column, unit: str, main: bool
) -> dict[str, Any]:
    entry: dict[str, Any] = {"column": column, "unit": unit, "spread": None, "listed": None, "edges": []}
    if not column.numeric:
        entry["listed"] = values(source, column)
        return entry
    found = spread(source, column)
    entry["spread"] = found
    if found is not None:
        draw = charts.full if main else charts.small
        entry["chart"] = Markup(draw(found, unit))  # numbers, and names that pipelines.yaml restricts
    for bound, limit in column.bounds.items():
        sides = overview.edge(source, column, bound)
        clips = [row["clip_id"] for rows in sides.values() for row in rows]
        entry["edges"].append({"bound": bound, "limit": limit, **sides, "strips": strips.of(clips)})
    return entry


def _plugin(use: str) -> type[Plugin] | None:
    """The class of one of our own filters; what a run names beside them is not imported to be described."""
    return load("filters", use, Plugin) if use in known("filters") else None


def _about(plugin: type[Plugin] | None) -> str:
    """The first paragraph of the filter's documentation, which says what its score is."""
    return " ".join((inspect.getdoc(plugin) or "").partition("\n\n")[0].split()) if plugin else ""
