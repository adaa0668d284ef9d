"""`KEY.json`: one JSON object in one spelling, which carries a digest of itself.

A tar has no checksums for its members. `digest` is what lets `curate verify` name the sample when a byte of
it changed.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from curate import clips

DIGEST = "digest"


def dump(document: Mapping[str, Any]) -> bytes:
    """The file: `document` (plain JSON values) with `digest`, keys sorted. NaN and the infinities become
    null."""
    assert DIGEST not in document
    return _text({**document, DIGEST: _digest(document)})


def load(data: bytes) -> dict[str, Any]:
    """The document, without its digest. ValueError unless `data` is exactly what `dump` writes."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON ({error})") from None
    if not isinstance(document, dict) or DIGEST not in document:
        raise ValueError("it is not an object with a digest of itself")
    stated = document.pop(DIGEST)
    if stated != _digest(document) or data != _text({**document, DIGEST: stated}):
        raise ValueError("it is not what its digest says")
    return document


def _digest(document: Mapping[str, Any]) -> str:
    return clips.digest(_text(document)).hex()


def _text(document: Mapping[str, Any]) -> bytes:
    try:
        text = _json(document)
    except ValueError:
        text = _json(_finite(document))
    # A lone surrogate, which some list of inputs may hold, becomes the escape that JSON has for it.
    return text.encode("utf-8", "backslashreplace")


def _json(document: Any) -> str:
    # On one line: with an indent Python's json does without its C encoder and takes ten times as long.
    return json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
