"""What an answer has to pass before it is a caption: pure functions, each with its own reason."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from captioners._gates.answer import LARGEST, Unparsed, enumeration, normal, parsed
from captioners._gates.camera import camera
from captioners._gates.clean import clean, mended
from captioners._gates.colours import colour
from captioners._gates.counts import count
from captioners._gates.daytime import daytime
from captioners._gates.language import KNOWN, language
from captioners._gates.padding import padding
from captioners._gates.phrases import refusal, refused, talk
from captioners._gates.prose import cited, word_count
from captioners._gates.repeats import repetition
from captioners._gates.shown import text
from captioners._gates.truncation import truncation
from captioners.dialogue.schema import TEXT_FIELDS, Fields
from captioners.dialogue.types import Answer, Evidence

__all__ = (
    "BLOCKED",
    "BOUND",
    "CUT",
    "REASONS",
    "VERSION",
    "GateOptions",
    "Judged",
    "clean",
    "judge",
    "refused",
)

VERSION: int = 2
"""Of the gates: answers that were judged by other ones are judged again, and not asked for again."""

Reason = Literal[
    "truncation", "parse", "enumeration", "refusal", "talk", "words", "repetition", "language", "camera",
    "daytime", "count", "colour", "text",
]  # fmt: skip
REASONS: tuple[str, ...] = get_args(Reason)
"""Names of the gates, cheap ones and those whose failure explains others first."""


class GateOptions(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    min_words: int = Field(20, ge=1)
    """Fewest words of the dense caption. Published dense captions have 50 to 200; below 20 a clip of seconds
    is named and not described."""
    max_words: int = Field(150, ge=1)
    """Most words of the dense caption: what the schema has room for (1,600 characters), and less than T5's
    512 tokens."""
    max_short_words: int = Field(20, ge=1)
    """Most words of the short caption: one sentence."""
    language: str | None = "en"
    """Language of the captions (ISO 639-1); None: any. The gates that read prose know English alone, and pass
    other languages."""
    top_2gram: float = Field(0.20, gt=0, le=1)
    """Most of the dense caption's characters that its commonest two words in a row may have (MassiveText,
    arXiv 2112.11446, table A1), where they come `repeats` times."""
    top_3gram: float = Field(0.18, gt=0, le=1)
    """The same for three words (same table)."""
    top_4gram: float = Field(0.16, gt=0, le=1)
    """The same for four words (same table)."""
    repeats: int = Field(4, ge=2)
    """Times from which those shares count; of two words, which may be a name, one more. In a text of 20
    words, a phrase that comes twice for good reason is above each of them, and three tries that are told
    alike are above them in 50."""
    duplicate_5gram: float = Field(0.15, gt=0, le=1)
    """Most of the dense caption's characters in phrases of five words that came before (same table), where
    six words in a row did: `the man with the newspaper` has five, and names him."""
    camera_confidence: float = Field(0.7, ge=0, le=1)
    """Confidence of the measured camera motion from which it contradicts a caption. It is a product of three
    shares (captioners/_camera.py): 0.7 is 0.89 of each. A guess, on the side of passing captions."""
    off: tuple[Reason, ...] = ()
    """Gates that fail nothing. Without `parse` there is still no caption where there are no fields."""

    @field_validator("language")
    @classmethod
    def _known(cls, language: str | None) -> str | None:
        if language is not None and language not in KNOWN:
            raise ValueError(f"unknown language {language!r}; known are {', '.join(KNOWN)}, and null for any")
        return language


@dataclass(frozen=True)
class Judged:
    """What the gates say of an answer."""

    fields: Fields | None
    """Cleaned; None where the answer has none."""
    reason: str | None
    """The first gate of REASONS that it fails; None: it is a caption."""
    fault: str
    """What is wrong, for whoever is to repair it; empty where nothing is."""
    faults: tuple[tuple[str, str], ...] = ()
    """All failures: gate and fault, in the order of REASONS."""


BOUND = 6_000
"""Characters of a text that gates read. Dense captions have 1,600 at most (the schema); whatever is longer
fails by its words alone."""
CUT = frozenset(("length", "max_tokens", "model_length"))
BLOCKED = frozenset(("content_filter", "safety", "refusal", "prohibited_content", "blocklist"))
"""How servers name the ends of answers that they cut, and of those they withhold."""


@dataclass(frozen=True)
class _Case:
    raw: Fields
    """As the answer has them."""
    fields: Fields
    """Cleaned, and no longer than BOUND."""
    finish_reason: str
    evidence: Evidence
    options: GateOptions


def judge(answer: Answer, evidence: Evidence, options: GateOptions) -> Judged:
    """The answer's fields, and whether they are a caption."""
    if answer.raw is None:
        return _failed("parse", f"no answer came: {cited(answer.error or 'unknown')}")
    if answer.finish_reason.lower() in BLOCKED and "refusal" not in options.off:
        return _failed("refusal", f"the answer was withheld: {answer.finish_reason}")
    cut = answer.finish_reason.lower() in CUT
    if len(answer.raw) > LARGEST:
        return _failed(
            "truncation" if cut else "parse",
            f"the answer has {len(answer.raw)} characters, at most {LARGEST}",
        )
    raw = parsed(answer.raw)
    if isinstance(raw, Unparsed):
        if cut:
            return _failed("truncation", "the answer was cut at the most tokens it may have")
        if "{" not in answer.raw and "refusal" not in options.off and (found := refused(answer.raw[:BOUND])):
            return _failed("refusal", f"the answer refuses: {cited(found)}")
        return _failed(raw.reason, raw.fault)
    fields = normal(_cleaned(raw))
    case = _Case(raw, _bounded(fields), answer.finish_reason.lower(), evidence, options)
    faults = tuple(
        (name, fault)
        for name, gate in GATES.items()
        if name not in options.off
        if (fault := gate(case)) is not None
    )
    reason, fault = faults[0] if faults else (None, "")
    return Judged(fields, reason, fault, faults)


def _failed(reason: str, fault: str) -> Judged:
    return Judged(None, reason, fault, ((reason, fault),))


def _cleaned(raw: Fields) -> Fields:
    texts = {}
    for name in TEXT_FIELDS:
        before = getattr(raw, name)
        if name == "text_visible" or len(before) > BOUND:
            continue
        after = clean(before)
        phrase = name not in ("dense", "short") and before[-1:] not in (".", "!", "?")
        # `clean` makes sentences, and a subject is none.
        texts[name] = after.removesuffix(".") if phrase and after != before else after
    return replace(raw, **texts)


def _bounded(fields: Fields) -> Fields:
    return Fields(**{name: value[:BOUND] for name, value in asdict(fields).items()})


def _mended(raw: Fields) -> Fields:
    """As the gate on talk reads it: forgiven is what leaves with nothing of the caption. `The clip ends with
    him on the ground` tells of the clip, and what `clean` leaves of it is no sentence."""
    texts = {name: mended(getattr(raw, name)[:BOUND]) for name in TEXT_FIELDS if name != "text_visible"}
    return replace(raw, **texts)


def _words(case: _Case) -> str | None:
    options = case.options
    dense, short = word_count(case.fields.dense), word_count(case.fields.short)
    if dense < options.min_words:
        return f"dense has {dense} words, and needs at least {options.min_words}"
    if dense > options.max_words:
        return f"dense has {dense} words, and may have {options.max_words}"
    if not short:
        return "short has no words"
    if short > options.max_short_words:
        return f"short has {short} words, and may have {options.max_short_words}"
    return padding(case.fields)


def _repetition(case: _Case) -> str | None:
    options = case.options
    top = {2: options.top_2gram, 3: options.top_3gram, 4: options.top_4gram}
    return repetition(case.fields, top, options.repeats, options.duplicate_5gram)


GATES: dict[str, Callable[[_Case], str | None]] = {
    "truncation": lambda case: truncation(case.raw, case.finish_reason in CUT),
    "parse": lambda case: None,
    "enumeration": lambda case: enumeration(case.fields),
    "refusal": lambda case: refusal(case.fields),
    "talk": lambda case: talk(_mended(case.raw)),
    "words": _words,
    "repetition": _repetition,
    "language": lambda case: language(case.fields, case.options.language) if case.options.language else None,
    "camera": lambda case: camera(case.fields, case.evidence, case.options.camera_confidence),
    "daytime": lambda case: daytime(case.fields, case.evidence),
    "count": lambda case: count(case.fields),
    "colour": lambda case: colour(case.fields, case.evidence),
    "text": lambda case: text(case.fields, case.evidence),
}
"""Each says what is wrong, or None. `parse` failed before there was a case."""
