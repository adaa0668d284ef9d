"""Answers as a model gives them, for tests of dialogues."""

import json
from typing import Any

from captioners.dialogue.turns import Rules
from captioners.dialogue.types import Answer
from captioners.gates import GateOptions
from tests.captioners.scripted import caption, good

RULES = Rules(attempts=3, temperature=0.2, top_p=0.9, max_tokens=100, seed=7, gates=GateOptions())
SHORT = json.dumps(caption(0) | {"dense": "A cook stirs a pot in a kitchen."})
"""Parses, and has too few words."""
LOOP = json.dumps(caption(0) | {"dense": "A cook stirs the pot and the cook stirs the pot again. " * 8})


def came(window: int, attempt: int, raw: str | None = None, **facts: Any) -> Answer:
    """A good answer unless `raw` is another."""
    return Answer(
        window, attempt, good(0) if raw is None else raw, facts.pop("finish_reason", "stop"), **facts
    )


def lost(window: int, attempt: int, reason: str, error: str | None = "it was lost") -> Answer:
    return Answer(window, attempt, None, reason, error)
