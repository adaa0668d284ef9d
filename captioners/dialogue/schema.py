"""The fields of a structured caption, their order, and the JSON schema that answers are decoded by."""

import json
from dataclasses import dataclass
from typing import Any

CAMERA_MOTIONS = (
    "static", "pan left", "pan right", "tilt up", "tilt down", "zoom in", "zoom out", "dolly in", "dolly out",
    "truck left", "truck right", "pedestal up", "pedestal down", "roll", "orbit", "tracking", "handheld",
    "several", "unclear",
)  # fmt: skip
"""HunyuanVideo's 14 movements (arXiv 2412.03603, section 3.2: pan, tilt, zoom, around, static, handheld) in
the terms of a camera crew: to pan and tilt is to turn, to truck, dolly and pedestal is to travel."""
SHOT_TYPES = (
    "extreme close-up", "close-up", "medium close-up", "medium shot", "medium wide shot", "wide shot",
    "extreme wide shot", "aerial shot", "point of view", "over the shoulder", "screen recording", "several",
    "unclear",
)  # fmt: skip

TEXT_FIELDS: dict[str, int] = {
    "subject": 300, "action": 400, "background": 400, "lighting": 200, "atmosphere": 200, "style": 200,
    "text_visible": 400, "dense": 1600, "short": 240,
}  # fmt: skip
"""Free text -> most characters. Observation comes first and what rests on it after it: a model that decodes
`dense` last has its own observations to go by. 150 words of English are about 900 characters."""
FIELDS = (
    "subject", "action", "background", "camera_motion", "shot_type", "lighting", "atmosphere", "style",
    "text_visible", "dense", "short",
)  # fmt: skip
"""In the order in which they are asked for and written."""
ENUMERATIONS = {"camera_motion": CAMERA_MOTIONS, "shot_type": SHOT_TYPES}
STRUCTURED = tuple(name for name in FIELDS if name not in ("dense", "short"))
"""Columns of `captions` beside the two texts."""
MAY_BE_EMPTY = frozenset({"action", "background", "lighting", "atmosphere", "style", "text_visible"})


@dataclass(frozen=True)
class Fields:
    """A structured caption."""

    subject: str
    action: str
    background: str
    camera_motion: str
    shot_type: str
    lighting: str
    atmosphere: str
    style: str
    text_visible: str
    """The words that can be read in the picture, as they stand there; empty where there are none."""
    dense: str
    short: str


def json_schema() -> dict[str, Any]:
    """Every field required, in order, with bounded lengths: also what is decoded from random weights ends."""
    properties: dict[str, Any] = {}
    for name in FIELDS:
        if name in ENUMERATIONS:
            properties[name] = {"type": "string", "enum": list(ENUMERATIONS[name])}
        else:
            least = 0 if name in MAY_BE_EMPTY else 1
            properties[name] = {"type": "string", "minLength": least, "maxLength": TEXT_FIELDS[name]}
    return {
        "type": "object",
        "properties": properties,
        "required": list(FIELDS),
        "additionalProperties": False,
    }


def canonical(value: Any) -> str:
    """JSON by which equal values have equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
