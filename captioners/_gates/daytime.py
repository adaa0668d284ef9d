"""The gate on the time of day: a caption is of day or of night, unless it tells how one becomes the other."""

from typing import NamedTuple

from captioners._gates.prose import cited, negated, sentences, unquoted
from captioners._gates.words import Words
from captioners._gates.words_daytime import (
    AFTER_SUN,
    DAY,
    DEEP_NIGHT,
    DEPICTED,
    GLARING,
    IN_TURN,
    LOW_SUN,
    NIGHT,
    NOT_DAY,
    NOT_NIGHT,
    PARTS,
    PITCH_DARK,
    SUN_AT_RIM,
    TRANSITION,
)
from captioners.dialogue.schema import Fields
from captioners.dialogue.types import Evidence

FIELDS = ("subject", "action", "background", "lighting", "atmosphere", "style", "dense", "short")
TOO_DARK, TOO_BRIGHT = 24.0, 180.0
"""Mean luma. A grey card has 104 and 44 is two stops below it: at 24, another stop and more, no sunny picture
is left. 152 is a stop above it: a night with 180 would be brighter than that all over."""
DARKNESS = 152.0
"""Luma from which no picture is dark all over: a stop above a grey card."""
BLACK, WHITE = 20.0, 205.0
"""Luma at which no place explains a day or a night."""
OF_DAY = ("day", "sun", "noon", "morning", "sky", "skies", "golden", "lunch")
OF_NIGHT = (
    "night",
    "moon",
    "star",
    "dark",
    "hours",
    "milky",
    "sundown",
    "pitch",
    "black sky",
    "a.m",
    "in the morning",
)
"""Each pattern of DAY and of NIGHT has one of these: most texts need no search."""
SUNNY = Words(
    r"\b(?:sunny|sunlit|sunlight|sunshine|bright (?:\w+ )?(?:sun|day|daylight|sunlight|light)|broad daylight"
    r"|midday|noon|blue sky|blue skies|sun-?(?:drenched|baked|soaked|bleached)|daytime|sun|clear daylight)\b"
)
DARK_PLACES = Words(
    r"\b(?:tunnels?|caves?|cavern|silhouettes?|silhouetted|dim|dimly|indoors?|curtains?|blinds|shutters|attic"
    r"|cellar|basement|doorway|shaft|mine|headlamps?|underwater|fades? (?:to|from) black|(?:dark"
    r"|unlit|darkened) (?:\w+ )?(?:room"
    r"|interior|hall|barn|shed|stable|church|corridor|theat(?:re|er)|kitchen|workshop|forest|alley"
    r"|passage))\b"
)
UNLIT = Words(
    r"\b(?:tunnels?|caves?|cavern|silhouettes?|silhouetted|dim|dimly|cellar|basement|underwater|gap"
    r"|crack|slit"
    r"|chinks?|blinds|shutters|drawn|fades? (?:to|from) black|black|dark|darkened|unlit|gloom|shadowy)\b"
)
"""Of what may be dark beside bright light."""
AFTER_THE_SUN = Words(r"\b(?:after|before|until|since|past) (?:the )?(?:sunrise|sunset)\b")
VISION = Words(
    r"\b(?:night[- ]vision|infrared|thermal|over-?exposed|flash\w{0,3}|strobes?|explo(?:des|sion)s?)\b"
)
BRIGHT_PLACES = Words(
    r"\b(?:snow\w{0,8}|white|fog\w{0,2}|floodlights?|floodlit|stadium|studio|indoors?|room|screen)\b"
)


def daytime(fields: Fields, evidence: Evidence) -> str | None:
    texts = {name: getattr(fields, name) for name in FIELDS}
    whole = unquoted(" ".join(texts.values()))
    lower = whole.lower()
    light, dark = (any(piece in lower for piece in pieces) for pieces in (OF_DAY, OF_NIGHT))
    if not (light and dark) and (evidence.luma is None or not (light or dark)):
        return None
    if TRANSITION.search(whole):
        return None
    if SUN_AT_RIM.search(whole):
        return _low_sun(texts) if dark else None
    found = [
        [
            claim._replace(field=name)
            for name, text in texts.items()
            if (claim := claim_of(pattern, but, text))
        ]
        for pattern, but in ((DAY, NOT_DAY), (NIGHT, NOT_NIGHT))
    ]
    days, nights = found
    if any(claim.in_parts for claim in (*days, *nights)):
        return None
    sure_days, sure_nights = ([claim for claim in claims if not claim.in_turn] for claims in found)
    if sure_days and sure_nights:
        day, night = sure_days[0], sure_nights[0]
        return f"{day.field} says {cited(day.words)} and {night.field} {cited(night.words)}"
    if evidence.luma is not None and (fault := _by_luma(days, nights, texts, evidence.luma)):
        return fault
    return _low_sun(texts) if dark else None


def _low_sun(texts: dict[str, str]) -> str | None:
    """A sunrise in one field and the depth of the night in another, neither of which knows of both."""
    suns = [
        claim._replace(field=name)
        for name, text in texts.items()
        if not DEEP_NIGHT.search(text) and (claim := claim_of(LOW_SUN, AFTER_THE_SUN, text))
    ]
    nights = [
        claim._replace(field=name)
        for name, text in texts.items()
        if not AFTER_SUN.search(text) and (claim := claim_of(DEEP_NIGHT, NOT_NIGHT, text))
    ]
    if not suns or not nights or any(claim.in_parts or claim.in_turn for claim in (*suns, *nights)):
        return None
    return f"{suns[0].field} says {cited(suns[0].words)} and {nights[0].field} {cited(nights[0].words)}"


def _by_luma(days: list["Claim"], nights: list["Claim"], texts: dict[str, str], luma: float) -> str | None:
    whole = unquoted(" ".join(texts.values()))
    if days and luma < (TOO_DARK if SUNNY.search(whole) else BLACK) and not DARK_PLACES.search(whole):
        return f"{days[0].field} says {cited(days[0].words)}, but the picture is nearly black"
    if nights and luma > (WHITE if BRIGHT_PLACES.search(whole) else TOO_BRIGHT) and not VISION.search(whole):
        return f"{nights[0].field} says {cited(nights[0].words)}, but the picture is very bright"
    if luma < TOO_DARK and not nights and not UNLIT.search(whole):
        for name, text in texts.items():
            if (claim := claim_of(GLARING, NOT_DAY, text)) and not claim.in_turn and not claim.in_parts:
                return f"{name} says {cited(claim.words)}, but the picture is nearly black"
    if luma > DARKNESS and not days and not VISION.search(whole):
        for name, text in texts.items():
            if (claim := claim_of(PITCH_DARK, NOT_NIGHT, text)) and not claim.in_turn and not claim.in_parts:
                return f"{name} says {cited(claim.words)}, but the picture is very bright"
    return None


class Claim(NamedTuple):
    field: str
    words: str
    in_parts: bool
    """Whether its sentence tells of another time or place as well."""
    in_turn: bool
    """Whether its sentence has a before and an after."""


def claim_of(pattern: Words, but: Words, text: str) -> Claim | None:
    """The first words by which the text is of that time, in a sentence "
    "without before and after if there is one."""
    unsure = None
    for sentence in sentences(text):
        plain = unquoted(sentence.text)
        if DEPICTED.search(plain):
            continue
        taken = [found.span() for found in but.finditer(plain)]
        for found in pattern.finditer(plain):
            inside = any(start < found.end() and found.start() < end for start, end in taken)
            if not inside and not negated(plain, found.start()):
                claim = Claim(
                    "", found[0], PARTS.search(plain) is not None, IN_TURN.search(plain) is not None
                )
                if not claim.in_turn:
                    return claim
                unsure = unsure or claim
    return unsure
