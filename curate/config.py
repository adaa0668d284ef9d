"""A pipeline with everything built and checked: what the steps work from."""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from curate import clips
from curate.cutting import CutOptions, cut_options
from curate.options import LatentOptions, Pipeline, Resources, ScanOptions, ShardOptions
from curate.pipelines import ConfigError, extended, override, parse_yaml, read_file
from curate.plugins import Captioner, ClipFilter, FrameFilter, build, did_you_mean, explain
from curate.plugins import load as load_class

__all__ = [
    "ConfigError", "FilterStep", "LatentOptions", "Pipeline", "Plan", "Resources", "Rule", "ScanOptions",
    "ShardOptions", "load", "override", "read_file", "resolve",
]  # fmt: skip

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

USUAL = Resources()

TAKEN = frozenset({*clips.CLIPS.names, "cuts", "captioner", "shards", "filters"})
"""Columns of the view `clips` and names in `dropped_by` that no filter may have."""


@dataclass(frozen=True)
class Rule:
    """A bound on a column of a filter: `keep: {min, max}`."""

    filter: str
    column: str
    low: float
    high: float

    @property
    def name(self) -> str:
        """What `dropped_by` and `funnel` say: `motion`, or `media.fps`."""
        return self.filter if self.column == "score" else f"{self.filter}.{self.column}"


@dataclass(frozen=True)
class FilterStep:
    """A filter at its place in the list, with its rules."""

    name: str
    plugin: ClipFilter
    rules: tuple[Rule, ...]
    resources: Resources = USUAL
    """Of its actors, where it has any."""


@dataclass(frozen=True)
class Plan:
    """A pipeline with its plugins built and checked: what the steps work from."""

    name: str
    pipeline: Pipeline
    cuts: CutOptions
    filters: tuple[FilterStep, ...]
    captioner_name: str
    captioner: Captioner
    cut_resources: Resources = USUAL
    """Of the actors of a learned detector."""
    caption_resources: Resources = USUAL
    """Of the actors that ask a model for captions."""

    @property
    def groups(self) -> set[str]:
        """Signal groups that something in it reads."""
        plugins = [self.captioner, *(step.plugin for step in self.filters)]
        return {*self.cuts.READS, *(group for plugin in plugins for group in plugin.reads())}

    @property
    def words_filter(self) -> FilterStep | None:
        """The filter that reads the words in a picture, if there is one."""
        return next((step for step in self.filters if _is(step.plugin, "text")), None)

    @property
    def crop_filter(self) -> FilterStep | None:
        """The filter whose box the clips are cropped to; None where `crop_borders` is off."""
        if not self.pipeline.shards.crop_borders:
            return None
        return next(step for step in self.filters if _is(step.plugin, "borders"))

    @property
    def needs(self) -> dict[str, Resources]:
        """What a task or actor of each step that works in Ray takes."""
        own: dict[str, ScanOptions | ShardOptions] = {
            "scan": self.pipeline.scan,
            "shards": self.pipeline.shards,
        }
        found = {
            step: Resources(num_cpus=options.num_cpus, concurrency=options.concurrency)
            for step, options in own.items()
        }
        if self.cuts.HEAVY:
            found["cuts"] = self.cut_resources
        if self.pipeline.latents is not None:
            found["latents"] = self.pipeline.latents.resources
        if self.captioner.ACTORS:
            found["captioner"] = self.caption_resources
        if (similarity := getattr(self.captioner, "similarity", None)) is not None:
            found["the gate similarity"] = Resources(num_gpus=similarity.num_gpus)
        frames = [step for step in self.filters if isinstance(step.plugin, FrameFilter)]
        return found | {f"the filter {step.name}": step.resources for step in frames}


def load(path: str, name: str | None = None, settings: Sequence[str] = ()) -> Plan:
    """Read the pipeline `name` (the first by default) of a file, apply `--set`s, build and check
    everything."""
    pipelines = read_file(path)
    name = name or next(iter(pipelines))
    body = extended(pipelines, name, path)
    # A copy of its own, so that overriding changes nothing else.
    body = parse_yaml(yaml.safe_dump(body), path)
    for setting in settings:
        override(body, setting)
    try:
        return resolve(name, body)
    except ValueError as error:
        raise ConfigError(f"{path}: pipeline {name!r}: {error}") from error


def resolve(name: str, body: dict[str, Any]) -> Plan:
    """A pipeline's mapping as a plan; `ValueError` for what cannot run."""
    body = dict(body)
    if isinstance(body.get("input"), str):
        body["input"] = [body["input"]]
    for option in ("input", "output"):
        if not body.get(option) or body[option] == [""]:
            raise ValueError(f"no {option} is given: write `{option}:` or pass --set {option}=PATH")
    if body.get("captioner") is None:
        body.pop("captioner", None)
    for option in ("scan", "cuts", "shards", "filters"):
        if option in body and body[option] is None:
            del body[option]
    for option in ("cuts", "captioner"):
        if isinstance(use := body.get(option), str):
            raise ValueError(f"{option} is {use!r}: write `{option}: {{use: {use}}}`")
    for number, entry in enumerate(body["filters"] if isinstance(body.get("filters"), list) else []):
        if isinstance(entry, str):
            raise ValueError(f"filters.{number} is {entry!r}: write `{{use: {entry}}}`")
    try:
        pipeline = Pipeline(**body)
    except ValidationError as error:
        raise ValueError(explain(error, "pipeline", _known_options(error))) from error
    cut_body, cut_resources = _resources(pipeline.cuts, "cuts")
    cuts = cut_options(cut_body)
    if cut_resources and not cuts.HEAVY:
        raise ValueError(
            f"cuts: {cuts.use} works on stored numbers, in the driver: it takes no {min(cut_resources)}"
        )
    steps = _filters(pipeline, cuts)
    if pipeline.shards.crop_borders and not any(_is(step.plugin, "borders") for step in steps):
        raise ValueError(
            "shards: crop_borders cuts off what the filter `borders` finds, and the pipeline has none: add "
            "`{use: borders}` to its filters"
        )
    use, options = _use(pipeline.captioner, "captioner")
    kind = load_class("captioners", use, Captioner)  # type: ignore[type-abstract]
    own = {name: value for name, value in options.items() if name in kind.model_fields}
    options, resources = _resources({n: v for n, v in options.items() if n not in own}, "captioner")
    captioner = build("captioners", use, own | options, Captioner)  # type: ignore[type-abstract]
    if resources and not captioner.ACTORS:
        raise ValueError(f"captioner: {use} works in the driver: it takes no {min(resources)}")
    if "batch_size" in resources:
        raise ValueError(f"captioner: {use} takes no batch_size")
    captioner.read_files()
    takes = Resources(**resources)
    captioner.check_gpus(takes.num_gpus)
    plan = Plan(name, pipeline, cuts, steps, use, captioner, Resources(**cut_resources), takes)
    if "words" in getattr(captioner, "facts", ()) and plan.words_filter is None:
        raise ValueError(
            "captioner: the fact `words` is what the filter `text` read, and the pipeline has none: add "
            "`{use: text}` to its filters"
        )
    return plan


def _is(plugin: ClipFilter, name: str) -> bool:
    # By its module: configuration is below the filters and cannot import one.
    return type(plugin).__module__ == f"filters.{name}"


def _resources(body: Mapping[str, Any], where: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options of a step without its resources, and its resources, checked."""
    given = {name: value for name, value in body.items() if name in Resources.model_fields}
    try:
        Resources(**given)
    except ValidationError as error:
        raise ValueError(explain(error, where, list(Resources.model_fields))) from error
    return {name: value for name, value in body.items() if name not in given}, given


def _known_options(error: ValidationError) -> list[str]:
    place = error.errors()[0]["loc"]
    inner: dict[str, type[BaseModel]] = {
        "scan": ScanOptions, "shards": ShardOptions, "latents": LatentOptions
    }  # fmt: skip
    model = inner.get(str(place[0]), Pipeline) if len(place) > 1 else Pipeline
    return list(model.model_fields)


def _use(body: Mapping[str, Any], what: str) -> tuple[str, dict[str, Any]]:
    options = dict(body)
    use = options.pop("use", None)
    if not isinstance(use, str) or not use:
        raise ValueError(f"a {what} needs `use: NAME`, and has {dict(body)!r}")
    return use, options


def _filters(pipeline: Pipeline, cuts: CutOptions) -> tuple[FilterStep, ...]:
    steps: list[FilterStep] = []
    columns: dict[str, str] = {}
    for body in pipeline.filters:
        use, options = _use(body, "filter")
        keep = options.pop("keep", None)
        name = options.pop("name", use.rpartition(":")[2].lower() if ":" in use else use)
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise ValueError(f"the filter name {name!r} must be lowercase letters, digits and _")
        options, resources = _resources(options, f"filter {name}")
        plugin = build("filters", use, options, ClipFilter)
        if resources and not isinstance(plugin, FrameFilter):
            raise ValueError(
                f"filter {name} works on stored numbers, in the driver: it takes no {min(resources)}"
            )
        for column in [name, *(f"{name}_{column}" for column in plugin.COLUMNS)]:
            if column in TAKEN:
                raise ValueError(
                    f"the filter {name!r} has the name of something else: give it another `name:`"
                )
            if column in columns:
                raise ValueError(f"the filters {columns[column]!r} and {name!r} collide: give one a `name:`")
            columns[column] = name
        rules = _rules(name, plugin, keep, plugin.bounds(cuts.max_seconds))
        steps.append(FilterStep(name, plugin, rules, Resources(**resources)))
    return tuple(steps)


def _rules(
    name: str, plugin: ClipFilter, keep: Any, bounds: Mapping[str, tuple[float, float]]
) -> tuple[Rule, ...]:
    if keep is None:
        return ()
    if not isinstance(keep, dict):
        raise ValueError(f"filter {name}: keep is {keep!r}: write `keep: {{min: …, max: …}}`")
    own = {end: keep[end] for end in ("min", "max") if end in keep}
    if own and "score" in keep:
        raise ValueError(f"filter {name}: keep has {min(own)} and score: write one of them")
    wanted = {"score": own} if own else {}
    wanted |= {column: body for column, body in keep.items() if column not in own}
    rules = []
    for column, body in wanted.items():
        where = f"filter {name}: keep" + ("" if column == "score" else f": {column}")
        if body is None:
            continue
        if column != "score" and column not in plugin.COLUMNS:
            known = ["min", "max", *(c for c, kind in plugin.COLUMNS.items() if kind is not str)]
            raise ValueError(f"{where}: there is no such column{did_you_mean(column, known)}")
        if plugin.COLUMNS.get(column) is str:
            raise ValueError(f"{where} is text: rules are for numbers")
        if not isinstance(body, dict) or not set(body) <= {"min", "max"}:
            raise ValueError(f"{where} is {body!r}: write `{{min: …, max: …}}`")
        ends = {end: _number(value) for end, value in body.items() if value is not None}
        for end, value in ends.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ValueError(f"{where}: {end} is {value!r}, not a number")
        if not ends:
            continue
        low, high = float(ends.get("min", -math.inf)), float(ends.get("max", math.inf))
        if low > high:
            raise ValueError(f"{where}: min {low:g} is above max {high:g}: this can never hold")
        least, most = bounds.get(column, (-math.inf, math.inf))
        if low > most or high < least:
            raise ValueError(f"{where}: the value lies between {least:g} and {most:g}: this can never hold")
        rules.append(Rule(name, column, low, high))
    return tuple(rules)


def _number(value: Any) -> Any:
    """A number that YAML takes for text, such as 1e-3, as the number that it is; all else as it is."""
    if isinstance(value, str):
        with suppress(ValueError):
            return float(value)
    return value
