"""Clips from stored signals: detectors find where shots begin, spans turn shots into clips. No pixels, no
files."""

import difflib
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from pydantic import ValidationError

from curate.cutting.detectors import COMPONENTS, Adaptive, ByChange, Content, Weights
from curate.cutting.options import CutOptions, Signals, Transitions, as_transitions
from curate.cutting.shots import Shots
from curate.cutting.spans import MIN_SECONDS, TRANSITION, TRIM_SECONDS, Span, SpanOptions, spans_of
from curate.cutting.spans import VERSION as SPANS_VERSION
from curate.cutting.transnet import TransNet

__all__ = [
    "COMPONENTS", "DETECTORS", "MIN_SECONDS", "SPANS_VERSION", "TRANSITION", "TRIM_SECONDS", "Adaptive",
    "ByChange", "Content", "CutOptions", "Shots", "Signals", "Span", "SpanOptions", "TransNet",
    "Transitions", "Weights", "as_transitions", "clips_of", "cut_options", "spans_of",
]  # fmt: skip

DETECTORS: dict[str, type[CutOptions]] = {
    "shots": Shots,
    "adaptive": Adaptive,
    "content": Content,
    "transnet": TransNet,
}
"""By what `cuts.use` calls them."""
DEFAULT = "shots"


def clips_of(
    signals: Signals, end_pts: int, time_base: Fraction, options: CutOptions, model: Any = None
) -> list[Span]:
    """The clips of one video, and the spans that are none, from what the scan stored of its frames.

    signals: the groups of options.READS, each with `pts`. end_pts: when the last frame ends. ValueError where
    they do not fit together.
    """
    pts = np.asarray(signals[options.READS[0]]["pts"])
    if any(len(columns["pts"]) != len(pts) for columns in signals.values()):
        lengths = ", ".join(f"{group} {len(columns['pts'])}" for group, columns in signals.items())
        raise ValueError(f"signal groups have different numbers of frames: {lengths}")
    return spans_of(options.transitions(signals, time_base, model), pts, end_pts, time_base, options)


def cut_options(mapping: Mapping[str, Any]) -> CutOptions:
    """The options under `cuts:` in pipelines.yaml; `use` names the detector, `shots` unless given.

    ValueError, in one sentence, for an unknown detector or option (with the known ones) and for a wrong
    value.
    """
    if not isinstance(mapping, Mapping):
        raise ValueError(f"cuts: must be options such as {{use: shots, min_seconds: 2}}, not {mapping!r}")
    use = mapping.get("use", DEFAULT)
    kind = DETECTORS.get(use) if isinstance(use, str) else None
    if kind is None:
        raise ValueError(f"cuts.use: no detector is named {use!r}{_known(str(use), DETECTORS)}")
    for name in mapping:
        if name not in kind.model_fields:
            raise ValueError(f"cuts: {use} has no option {name!r}{_known(str(name), kind.model_fields)}")
    try:
        return kind.model_validate(dict(mapping))
    except ValidationError as error:
        raise ValueError("; ".join(_sentence(detail) for detail in error.errors())) from None


def _known(name: str, names: Iterable[str]) -> str:
    names = list(names)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"{hint} Known: {', '.join(names)}"


def _sentence(detail: Any) -> str:
    where = ".".join(["cuts", *(str(part) for part in detail["loc"])])
    message = detail["msg"].removeprefix("Value error, ")
    given = f" (given: {detail['input']!r})" if detail["loc"] else ""
    return f"{where}: {message}{given}"
