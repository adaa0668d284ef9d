"""Captions to judge: a good one, and ones that differ from it in what a test is about."""

import json
from typing import Any

from captioners.dialogue.schema import FIELDS, Fields
from captioners.dialogue.types import Answer, Evidence
from captioners.gates import GateOptions, Judged, judge

GOOD = {
    "subject": "a woman in a red coat", "action": "walks a small brown dog along a path",
    "background": "a park with bare trees and two benches", "camera_motion": "tracking",
    "shot_type": "wide shot", "lighting": "soft overcast daylight", "atmosphere": "calm",
    "style": "live action", "text_visible": "",
    "dense": "A woman in a red coat walks a small brown dog along a gravel path in a park. Bare trees stand "
    "on both sides, and two empty benches face the path. The camera follows her from behind as the dog stops "
    "to sniff at a fallen branch, and the soft overcast light leaves hardly any shadows.",
    "short": "A woman in a red coat walks a dog in a park.",
}  # fmt: skip
WALK = (
    "A woman walks a dog along a gravel path in a park. Bare trees stand on both sides, and two empty "
    "benches face the path near a gate."
)
"""Says nothing of camera, time of day, colour, number of a subject or text."""
PLAIN = {**dict.fromkeys(FIELDS, ""), "subject": "a scene", "short": "A scene.", "dense": WALK,
         "camera_motion": "unclear", "shot_type": "unclear"}  # fmt: skip
Case = dict[str, str]
SURE = {"camera_confidence": 0.9}


def judged(
    said: Case, evidence: dict[str, Any] | None = None, finish: str = "stop", **options: Any
) -> Judged:
    answer = Answer(0, 0, json.dumps({**PLAIN, **said}), finish)
    return judge(answer, Evidence(**(evidence or {})), GateOptions(**options))


def raw(text: str, finish: str = "stop") -> Judged:
    return judge(Answer(0, 0, text, finish), Evidence(), GateOptions())


def then(sentence: str, **fields: str) -> Case:
    return {"dense": f"{WALK} {sentence}", **fields}


def of(dense: str, **fields: str) -> Case:
    """A caption that is long enough whatever it says: the rest is about nothing that gates look at."""
    rest = "The wind moves through tall grass near a fence, and somebody whistles on a bench in the shade."
    return {"dense": f"{dense} {rest}", **fields}


def check(result: Judged, reason: str | None, *fault: str) -> None:
    assert (result.reason, result.faults) == (reason, result.faults), result.faults
    assert (result.reason is None) == (result.fault == "")
    for words in fault:
        assert words in result.fault


def fields(dense: str, **others: str) -> Fields:
    return Fields(**{**dict.fromkeys(FIELDS, ""), "dense": dense, **others})
