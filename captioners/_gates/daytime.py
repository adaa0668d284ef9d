"""The gate on the time of day: a caption is of day or of night, unless it tells how one becomes the other."""

import re

from captioners._gates.prose import cited, negated, sentences, unquoted
from captioners._gates.words_daytime import DAY, DEPICTED, NIGHT, NOT_DAY, NOT_NIGHT, TRANSITION
from captioners.dialogue.schema import Fields
from captioners.dialogue.types import Evidence

FIELDS = ("subject", "action", "background", "lighting", "atmosphere", "style", "dense", "short")
TOO_DARK, TOO_BRIGHT = 24.0, 180.0
"""Mean luma. A grey card has 104 and 44 is two stops below it: at 24, another stop and more, no sunny picture
is left. 152 is a stop above it: a night with 180 would be brighter than that all over."""
SUNNY = re.compile(
    r"\b(?:sunny|bright (?:sun|day|daylight|sunlight)|sunlit|broad daylight|midday|blue sky|blue skies"
    r"|sun-?drenched|daytime)\b",
    re.I,
)
DARK_PLACES = re.compile(
    r"\b(?:tunnel|cave|silhouettes?|silhouetted|dark|dim|dimly|shadow\w{0,3}|black|indoors?|curtains?"
    r"|doorway|underwater)\b",
    re.I,
)
BRIGHT_PLACES = re.compile(r"\b(?:night vision|infrared|overexposed|snow\w{0,8}|white)\b", re.I)


def daytime(fields: Fields, evidence: Evidence) -> str | None:
    texts = {name: getattr(fields, name) for name in FIELDS}
    whole = unquoted(" ".join(texts.values()))
    if TRANSITION.search(whole):
        return None
    days = [(name, claim) for name, text in texts.items() if (claim := claim_of(DAY, NOT_DAY, text))]
    nights = [(name, claim) for name, text in texts.items() if (claim := claim_of(NIGHT, NOT_NIGHT, text))]
    if days and nights:
        return f"{days[0][0]} says {cited(days[0][1])} and {nights[0][0]} {cited(nights[0][1])}"
    luma = evidence.luma
    if (
        days
        and luma is not None
        and luma < TOO_DARK
        and SUNNY.search(whole)
        and not DARK_PLACES.search(whole)
    ):
        return f"{days[0][0]} says {cited(days[0][1])}, but the picture is nearly black"
    if nights and luma is not None and luma > TOO_BRIGHT and not BRIGHT_PLACES.search(whole):
        return f"{nights[0][0]} says {cited(nights[0][1])}, but the picture is very bright"
    return None


def claim_of(pattern: re.Pattern[str], but: re.Pattern[str], text: str) -> str | None:
    """The first words by which the text is of that time."""
    for sentence in sentences(text):
        plain = unquoted(sentence.text)
        if DEPICTED.search(plain):
            continue
        taken = [found.span() for found in but.finditer(plain)]
        for found in pattern.finditer(plain):
            inside = any(start < found.end() and found.start() < end for start, end in taken)
            if not inside and not negated(plain, found.start()):
                return found[0]
    return None
