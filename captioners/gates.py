"""What an answer has to pass before it is a caption: pure functions, each with its own reason."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from captioners.dialogue.schema import Fields
from captioners.dialogue.types import Answer, Evidence

VERSION = 1


class GateOptions(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    min_words: int = 20


@dataclass(frozen=True)
class Judged:
    fields: Fields | None
    reason: str | None
    fault: str


def clean(text: str) -> str:
    return text


def judge(answer: Answer, evidence: Evidence, options: GateOptions) -> Judged:
    import json

    try:
        fields = Fields(**json.loads(answer.raw or ""))
    except (ValueError, TypeError):
        return Judged(None, "parse", "no JSON")
    if len(fields.dense.split()) < options.min_words:
        return Judged(fields, "words", "too few words")
    return Judged(fields, None, "")
