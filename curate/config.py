"""pipelines.yaml as types: read, extended, overridden with `--set`, and checked before anything runs.

The file is hostile until parsed: plain YAML only, no aliases, bounded in size, and no key twice.
"""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from curate import clips
from curate.cutting import CutOptions, cut_options
from curate.plugins import Captioner, SignalFilter, build, did_you_mean, explain
from curate.signals.frames import FramesOptions

MAX_BYTES = 1_000_000
MAX_DEPTH = 30
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

TAKEN = frozenset({*clips.CLIPS.names, "cuts", "captioner", "shards", "filters"})
"""Columns of the view `clips` and names in `dropped_by` that no filter may have."""


class ConfigError(ValueError):
    """A pipeline that cannot run: what is wrong, where, and what is known."""


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _bytes(value: Any) -> Any:
    """`500MB`, `2GiB` or a plain number of bytes."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", value, re.IGNORECASE)
    if not match:
        raise ValueError("give a size such as 500MB or 2GiB")
    number, unit, binary = match.groups()
    return int(float(number) * (1024 if binary else 1000) ** " KMGT".index(unit.upper() or " "))


Size = Annotated[int, BeforeValidator(_bytes)]


class ScanOptions(FramesOptions):
    """The one full decode. The sampled frames' options are here; the other fields only guard the decoder."""

    stall_seconds: float = Field(60.0, gt=0)
    """A decoder that delivers no frame for this long is ended, and the video fails."""
    max_memory: Size = Field(4_000_000_000, ge=500_000_000)
    """Memory that a decoding process may take; a file that wants more fails."""

    def frames(self) -> FramesOptions:
        """The options that change what is written (and so belong in the cache key)."""
        return FramesOptions(**{name: getattr(self, name) for name in FramesOptions.model_fields})


class ShardOptions(_Options):
    """What survivors are encoded to, and how they are packed."""

    max_bytes: Size = Field(500_000_000, ge=10_000)
    """A shard of a bucket is split in two when its clips take more than this."""
    encode: Literal["h264"] = "h264"
    """Codec of the clips; h264 is libx264."""
    crf: float = Field(18, ge=0, le=51)
    """Constant rate factor of libx264; 18 is about visually lossless, 23 the encoder's default."""
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower"] = (
        "medium"
    )
    """Preset of libx264: slower is smaller."""
    fps: float | None = Field(None, ge=0.01, le=240)
    """Constant frame rate of the clips; the source's own timing if it is not given."""
    max_short_side: int | None = Field(None, ge=16)
    """Larger clips are scaled down to this short side; none is scaled up."""
    audio: bool = True
    """Keep the sound."""
    validation: float = Field(0.01, ge=0, le=1)
    """Share of the videos whose clips are `split: validation` (chosen by a hash of the video)."""


class Pipeline(_Options):
    """One pipeline, resolved."""

    input: list[str]
    """Folders, globs, files, and lists (.txt, .csv, .jsonl, .parquet with a `uri` column)."""
    output: str
    """The run: one folder for tables, frames, shards."""
    scan: ScanOptions = ScanOptions()
    """The one full decode: which frames are stored, and what a decoder may take."""
    cuts: dict[str, Any] = {}
    """How shots are found and become clips: see curate.cutting."""
    filters: list[dict[str, Any]] = []
    """Measures with their rules, in order: a dropped clip goes no further."""
    captioner: dict[str, Any] = {"use": "measured"}
    """Who writes the captions, with its options."""
    shards: ShardOptions = ShardOptions()
    """What survivors are encoded to, and how they are packed."""
    audit: float = Field(0.01, ge=0, le=1)
    """Share of the dropped clips that is measured with every filter all the same (chosen by a hash)."""
    wave_hours: float = Field(10.0, gt=0)
    """Hours of footage that go through scan, cuts and filters together."""
    workers: int | None = Field(None, ge=1)
    """Decoding and encoding tasks at once; one per CPU if it is not given."""


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
    plugin: SignalFilter
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Plan:
    """A pipeline with its plugins built and checked: what the steps work from."""

    name: str
    pipeline: Pipeline
    cuts: CutOptions
    filters: tuple[FilterStep, ...]
    captioner_name: str
    captioner: Captioner


# -- reading -----------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """Safe YAML without aliases (they blow up) and without a key that is given twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise ConfigError(f"aliases (*name) are not read, line {mark.line + 1}: use `extends:`")
        self.depth = getattr(self, "depth", 0) + 1
        if self.depth > MAX_DEPTH:
            raise ConfigError(f"nested deeper than {MAX_DEPTH} levels")
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if not isinstance(key, str):
                raise ConfigError(f"{key!r} is not a name, line {node.start_mark.line + 1}: quote it")
            if keys.count(key) > 1:
                raise ConfigError(f"{key!r} is given twice, line {node.start_mark.line + 1}")
        return super().construct_mapping(node, deep)


def parse_yaml(text: str, where: str) -> Any:
    """YAML as plain Python values; `ConfigError` that names `where`."""
    try:
        return yaml.load(text, _Loader)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{where} is not YAML: {' '.join(str(error).split())}") from error


def read_file(path: str) -> dict[str, dict[str, Any]]:
    """The pipelines of a file by name, in its order."""
    try:
        data = Path(path).read_bytes()[: MAX_BYTES + 1]
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror}: give the path of a pipelines file"
        ) from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path} is larger than {MAX_BYTES} bytes: it is not a pipelines file")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text: give a pipelines file") from error
    top = parse_yaml(text, path)
    if not isinstance(top, dict) or not isinstance(top.get("pipelines"), dict) or not top["pipelines"]:
        raise ConfigError(
            f"{path} holds no pipelines: write `pipelines:` and below it `NAME:` with input and output"
        )
    for key in top:
        if key != "pipelines":
            raise ConfigError(f"{path} has {key!r} beside `pipelines`{did_you_mean(key, ['pipelines'])}")
    for name, body in top["pipelines"].items():
        if not isinstance(body, dict):
            raise ConfigError(f"{path}: the pipeline {name!r} is not a mapping of options")
    pipelines: dict[str, dict[str, Any]] = top["pipelines"]
    return pipelines


def _extended(
    pipelines: Mapping[str, dict[str, Any]], name: str, path: str, seen: tuple[str, ...] = ()
) -> Any:
    """A pipeline laid over what it extends: mappings merge, all else (lists too) is replaced."""
    if name in seen:
        raise ConfigError(f"{path}: {' extends '.join([*seen, name])}: a circle")
    if name not in pipelines:
        raise ConfigError(f"{path} has no pipeline {name!r}{did_you_mean(name, list(pipelines))}")
    body = dict(pipelines[name])
    parent = body.pop("extends", None)
    if parent is None:
        return body
    return _merge(_extended(pipelines, str(parent), path, (*seen, name)), body)


def _merge(base: Any, over: Any) -> Any:
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{key: _merge(base.get(key), value) for key, value in over.items()}}
    return over


def override(body: dict[str, Any], setting: str) -> None:
    """Apply one `--set a.b.c=VALUE` (VALUE is YAML); filters are addressed by their name."""
    path, equals, text = setting.partition("=")
    if not equals or not path.strip():
        raise ConfigError(f"--set {setting!r}: write it as a.b.c=VALUE, such as filters.motion.keep.min=0.5")
    # A path or glob is text, whatever YAML would make of its signs; [a, b] are several.
    several = text.startswith("[") and text.endswith("]")
    value = text if path in {"input", "output"} and not several else parse_yaml(text, f"--set {path}")
    here: Any = body
    parts = path.split(".")
    for depth, part in enumerate(parts):
        last = depth == len(parts) - 1
        if isinstance(here, list):
            names = [str(item.get("name", item.get("use"))) for item in here if isinstance(item, dict)]
            if part not in names:
                raise ConfigError(
                    f"--set {path}: the pipeline has no filter {part!r}{did_you_mean(part, names)}"
                )
            if last:
                raise ConfigError(f"--set {path}: name an option of the filter, such as {path}.keep.min=0.5")
            here = here[names.index(part)]
        elif isinstance(here, dict):
            if last and value is None and depth and part in here:
                del here[part]
            elif last:
                here[part] = value
            else:
                if part == "filters" and not here.get(part):
                    raise ConfigError(f"--set {path}: the pipeline has no filters")
                if not isinstance(here.get(part), dict | list):
                    here[part] = {}
                here = here[part]


def load(path: str, name: str | None = None, settings: Sequence[str] = ()) -> Plan:
    """Read the pipeline `name` (the first by default) of a file, apply `--set`s, build and check
    everything."""
    pipelines = read_file(path)
    name = name or next(iter(pipelines))
    body = _extended(pipelines, name, path)
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
    cuts = cut_options(pipeline.cuts)
    steps = _filters(pipeline, cuts)
    use, options = _use(pipeline.captioner, "captioner")
    captioner = build("captioners", use, options, Captioner)  # type: ignore[type-abstract]
    return Plan(name, pipeline, cuts, steps, use, captioner)


def _known_options(error: ValidationError) -> list[str]:
    place = error.errors()[0]["loc"]
    inner: dict[str, type[BaseModel]] = {"scan": ScanOptions, "shards": ShardOptions}
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
        plugin = build("filters", use, options, SignalFilter)  # type: ignore[type-abstract]
        for column in [name, *(f"{name}_{column}" for column in plugin.COLUMNS)]:
            if column in TAKEN:
                raise ValueError(
                    f"the filter {name!r} has the name of something else: give it another `name:`"
                )
            if column in columns:
                raise ValueError(f"the filters {columns[column]!r} and {name!r} collide: give one a `name:`")
            columns[column] = name
        rules = _rules(name, plugin, keep, plugin.bounds(cuts.max_seconds))
        steps.append(FilterStep(name, plugin, rules))
    return tuple(steps)


def _rules(
    name: str, plugin: SignalFilter, keep: Any, bounds: Mapping[str, tuple[float, float]]
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
