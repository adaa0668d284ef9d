"""Clips from stored signals: detectors find where shots begin, spans turn shots into clips. No pixels, no
files."""

import difflib
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from curate.cutting.detectors import DETECTORS, Adaptive, Content, CutOptions, Weights
from curate.cutting.spans import MIN_SECONDS, TRIM_SECONDS, Span, SpanOptions, spans_of

__all__ = [
    "DETECTORS",
    "MIN_SECONDS",
    "TRIM_SECONDS",
    "Adaptive",
    "Content",
    "CutOptions",
    "Span",
    "SpanOptions",
    "Weights",
    "clips_of",
    "cut_options",
    "spans_of",
]


def clips_of(
    components: npt.NDArray[np.float64],
    pts: npt.ArrayLike,
    end_pts: int,
    time_base: Fraction,
    options: CutOptions,
) -> list[Span]:
    """The clips of one video, and the spans that are none, from what the scan stored of its frames.

    components: float64 (n, 4), see CutOptions.detect. pts: int64 (n,), strictly ascending. end_pts: when
    the last frame ends. ValueError where they do not fit together.
    """
    if len(components) != len(np.asarray(pts)):
        raise ValueError(f"{len(components)} rows of components for {len(np.asarray(pts))} frames")
    return spans_of(options.detect(components), pts, end_pts, time_base, options)


def cut_options(mapping: Mapping[str, Any]) -> CutOptions:
    """The options under `cuts:` in pipelines.yaml; `use` names the detector, `adaptive` unless given.

    ValueError, in one sentence, for an unknown detector or option (with the known ones) and for a wrong
    value.
    """
    if not isinstance(mapping, Mapping):
        raise ValueError(f"cuts: must be options such as {{use: adaptive, min_seconds: 2}}, not {mapping!r}")
    use = mapping.get("use", "adaptive")
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
