"""pipelines.yaml as plain values: read, extended, overridden with `--set`.

The file is hostile until parsed: plain YAML only, no aliases, bounded in size, and no key twice.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from curate.plugins import did_you_mean

MAX_BYTES = 1_000_000
MAX_DEPTH = 30


class ConfigError(ValueError):
    """A pipeline that cannot run: what is wrong, where, and what is known."""


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


def extended(
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
    return _merge(extended(pipelines, str(parent), path, (*seen, name)), body)


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
