"""Requests as the step `caption` makes them, small enough for a tiny model."""

from typing import Any

import cv2
import numpy as np

from captioners.dialogue.schema import json_schema
from captioners.dialogue.types import Image, Request, Sampling

WIDTH, HEIGHT = 160, 120
SECONDS = 0.5
"""Between two frames."""


def short_schema(longest: int = 12) -> dict[str, Any]:
    """The schema of structured captions with texts that a tiny model ends soon."""
    schema = json_schema()
    for entry in schema["properties"].values():
        if "maxLength" in entry:
            entry["maxLength"] = longest
    return schema


def image(k: int) -> Image:
    """A texture that drifts."""
    coarse = np.random.default_rng(7).integers(0, 256, (12, 16, 3), np.uint8)
    wide = np.roll(cv2.resize(coarse, (WIDTH, HEIGHT)), 8 * k, axis=1)
    return Image(k, k * SECONDS, cv2.imencode(".jpg", wide)[1].tobytes())


def request(frames: int = 4, **changed: Any) -> Request:
    given: dict[str, Any] = {
        "clip_id": "0123456789abcdef" * 2,
        "window": 0,
        "attempt": 0,
        "system": "You describe clips.",
        "text": "Describe the video in detail.",
        "schema": short_schema(),
        "sampling": Sampling(temperature=0.7, top_p=0.9, max_tokens=600, seed=0),
        "images": tuple(image(k) for k in range(frames)),
        "seconds": frames * SECONDS,
    }
    return Request(**given | changed)
