"""A turn of a dialogue as the request that is sent."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from captioners.dialogue.prompts import Prompt, measured_note, quoted_data, read_prompt
from captioners.dialogue.schema import CAMERA_MOTIONS, FIELDS, SHOT_TYPES, Fields, canonical, json_schema
from captioners.dialogue.turns import Turn
from captioners.dialogue.types import MERGE, Evidence, Image, Request, Sampling

FILLED = frozenset({"frames", "seconds", "measured", "camera_motions", "shot_types", "fields"})
"""What a prompt of one's own may name."""
SURE = 0.5
"""Confidence from which on the camera's motion is offered at all."""
MOST_LINES, LONGEST_LINE = 20, 200
"""Lines of text that are offered, and characters of each."""


@dataclass(frozen=True)
class Prompts:
    """The texts of a captioner."""

    dense: Prompt
    merge: Prompt
    repair: Prompt

    @classmethod
    def read(cls, name: str) -> "Prompts":
        """ValueError, in one sentence, for a prompt that cannot be used."""
        return cls(
            read_prompt(name, knows=FILLED),
            read_prompt("merge", frozenset({"parts"}), FILLED | {"windows"}),
            read_prompt("repair", frozenset({"fault"})),
        )

    def as_json(self) -> dict[str, dict[str, str]]:
        """For a worker on another machine, which need not have the files."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Mapping[str, str]]) -> "Prompts":
        return cls(**{name: Prompt(**prompt) for name, prompt in found.items()})

    @property
    def hash(self) -> str:
        """32 hex digits that stand for all that a model is told, the schema of its answers included."""
        said = [self.dense.hash, self.merge.hash, self.repair.hash, json.dumps(json_schema())]
        return hashlib.blake2b("\n".join(said).encode(), digest_size=16).hexdigest()


def offered(evidence: Evidence, facts: Sequence[str]) -> dict[str, Any]:
    """Of what was measured, what the option `facts` offers and there is."""
    found: dict[str, Any] = {}
    if "camera" in facts and evidence.camera is not None and evidence.camera_confidence >= SURE:
        found["camera_motion"] = {
            "measured": evidence.camera,
            "confidence": round(evidence.camera_confidence, 2),
        }
    if "words" in facts and evidence.words:
        found["text_read"] = [line[:LONGEST_LINE] for line in evidence.words[:MOST_LINES]]
    if "sound" in facts and evidence.sound is not None:
        found["sound"] = evidence.sound
    return found


def request_of(
    turn: Turn,
    clip_id: str,
    prompts: Prompts,
    *,
    facts: Sequence[str],
    evidence: Evidence,
    seconds: float,
    images: tuple[Image, ...] = (),
    parts: Sequence[tuple[float, float, Fields]] = (),
) -> Request:
    """The request of a turn. `images`: of its window. `parts`: (start, end, caption) of the windows, in
    seconds after the clip's start, for the merging."""
    words = {
        "frames": str(len(images)),
        "seconds": f"{seconds:.1f}",
        "measured": measured_note(offered(evidence, facts)),
        "camera_motions": ", ".join(CAMERA_MOTIONS),
        "shot_types": ", ".join(SHOT_TYPES),
        "fields": ", ".join(FIELDS),
    }
    if turn.window == MERGE:
        described = [
            {"seconds": f"{start:.1f} to {end:.1f}", **_told(fields)} for start, end, fields in parts
        ]
        words |= {"parts": quoted_data(described), "windows": str(len(parts))}
        prompt, images = prompts.merge, ()
    else:
        prompt = prompts.dense
    text = prompt.filled(**words)
    if turn.fault is not None:
        text += "\n\n" + prompts.repair.filled(fault=quoted_data(turn.fault))
    return Request(
        clip_id, turn.window, turn.attempt, prompt.system, text, json_schema(), turn.sampling, images, seconds
    )


def _told(fields: Fields) -> dict[str, str]:
    return {name: value for name, value in asdict(fields).items() if value}


def text_request(template: Prompt, schema: dict[str, Any], sampling: Sampling, **words: str) -> Request:
    """A request that is about no clip (a prompt to expand)."""
    return Request("", 0, 0, template.system, template.filled(**words), schema, sampling)


def request_hash(request: Request) -> str:
    """32 hex digits of all that is sent: equal requests, equal hash, on every machine and backend."""
    facts = {
        "system": request.system,
        "text": request.text,
        "schema": request.schema,
        "sampling": request.sampling.as_json(),
        "images": [
            [image.pts, round(image.seconds, 6), hashlib.blake2b(image.jpeg, digest_size=16).hexdigest()]
            for image in request.images
        ],
    }
    return hashlib.blake2b(canonical(facts).encode("utf-8", "replace"), digest_size=16).hexdigest()
