"""What was measured of a clip, from its stored signals: the facts for the prompt and for the gates."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from captioners._camera import camera
from captioners._clauses import column, mean
from captioners.dialogue.types import Evidence
from curate.picture_rows import signals_inside
from curate.plugins import ClipView

GROUPS = ("picture", "flow")
SOUND = "audio"
"""Group that is read where it was scanned."""


def evidence_of(clip: ClipView, words: Sequence[str] | None) -> Evidence:
    """Of a clip, or of a window of it. `words`: lines that the filter `text` read, None without it."""
    inside = replace(clip, signals={**clip.signals, **signals_inside(clip.signals, clip.video)})
    motion, sure = camera(inside)
    return Evidence(
        seconds=round(clip.seconds, 3),
        camera=motion,
        camera_confidence=sure,
        words=None if words is None else tuple(words),
        sound=_sound(clip),
        luma=_rounded(mean(column(inside, "picture", "luma"))),
        saturation=_rounded(mean(column(inside, "picture", "saturation"))),
    )


def _rounded(value: float | None) -> float | None:
    """To a tenth of a level: what lies beyond differs between processors, and prompts should not."""
    return None if value is None else round(value, 1)


def _sound(clip: ClipView) -> str | None:
    rows = clip.signals.get(SOUND)
    if rows is None or not clip.video.get("has_audio"):
        return None
    silent = np.asarray(rows["silent"], dtype=bool)
    if not len(silent):
        return None  # the track ends before this window
    return "silence" if silent.all() else "sound"
