"""Colours against the picture: one without colour shows none, and a vivid one is not black and white."""

import re

from captioners._gates.prose import cited, claims, negated, sentences, unquoted
from captioners._gates.words import any_of, one_of
from captioners._gates.words_colour import (
    CHROMATIC,
    COLOURS,
    MONOCHROME,
    NOT_SEEN_AS_COLOUR,
    ONE_COLOUR,
)
from captioners._gates.words_daytime import DEPICTED
from captioners.dialogue.schema import Fields
from captioners.dialogue.types import Evidence

GREY, VIVID = 8.0, 80.0
"""Mean HSV saturation, 0 to 255. Black-and-white film after coding had 0.4 to 2.4, so that below 8 nothing
has a colour. Clips in colour had 30 to 176; 80 is a guess that leaves room for toned film."""
UNLIT, DARK = 16.0, 44.0
"""Luma below which no colour is named, and below which HSV's saturation is high whatever the chroma."""
NAMED = any_of(one_of(COLOURS))


def measured(fields: Fields, evidence: Evidence) -> str | None:
    saturation, luma = evidence.saturation, evidence.luma
    if saturation is None:
        return None
    if saturation < GREY and (luma is None or luma >= UNLIT):
        for name in ("subject", "background", "lighting", "dense", "short"):
            if claim := chromatic(unquoted(getattr(fields, name))):
                return f"{name} has {cited(claim)}, but the picture is black and white"
    if saturation >= VIVID and (luma is None or luma >= DARK):
        for name in ("style", "atmosphere", "lighting", "subject", "dense", "short"):
            if claim := monochrome(getattr(fields, name), whole=name == "style"):
                return f"{name} says {cited(claim)}, but the picture is in vivid colours"
    return None


def chromatic(text: str) -> str | None:
    """The first words by which the text sees a colour."""
    if ONE_COLOUR.search(text):
        return None
    taken = [found.span() for found in NOT_SEEN_AS_COLOUR.finditer(text)]
    for found in NAMED.finditer(text):
        if COLOURS[found[0].lower()] not in CHROMATIC or negated(text, found.start()):
            continue
        if not any(start <= found.start() < end for start, end in taken):
            return text[found.start() : found.end() + 20].strip()
    return None


def monochrome(text: str, whole: bool) -> str | None:
    """The words by which the picture has no colour: those of a picture within it do not count."""
    if ONE_COLOUR.search(text):
        return None
    if whole and (
        found := re.search(
            r"(?:\A|\bin |, )(?:(?:grainy|flickering|classic|stark|silent|vintage|old|archival"
            r"|historical|retro) )?(?:black[- ]and[- ]white"
            r"|monochrome|gr[ae]yscale)\b"
            r"(?! (?:\w+ )?(?:inserts?|flashbacks?|sequences?|archiv\w{1,4}|photos?|segments?|and colou?r))",
            text,
            re.IGNORECASE,
        )
    ):
        return found[0]
    for sentence in sentences(text):
        if not DEPICTED.search(sentence.text) and (claim := next(claims(MONOCHROME, sentence.text), None)):
            return claim[0]
    return None
