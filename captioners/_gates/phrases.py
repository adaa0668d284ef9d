"""The gates on how a caption talks: what refuses, and what tells of the video or its frames."""

import re

from captioners._gates.clean import _FILM, SCREEN
from captioners._gates.prose import cited, unquoted
from captioners._gates.words import REFUSAL, REFUSAL_SHOWN, REFUSAL_START, any_of
from captioners.dialogue.schema import TEXT_FIELDS, Fields

FRAME_THINGS = re.compile(
    r"\b(?:(?:picture|photo|door|window|bed|metal|wooden|climbing|bike|bicycle|steel|timber|wood|glass)[- ]?frames?|glasses"
    r"|eyeglasses|spectacles|sunglasses|hives?|beehives?|bees?|beekeeper|honeycomb|bowl(?:s|ing|er)|snooker|pins|film ?strip|comic|storyboard"
    r"|carpenters?|scaffold\w{0,4}|greenhouse|mirrors?|canvas|paintings?|gallery|museum|animat(?:or|ion)s?|editing|editor|timeline"
    r"|loom|embroider\w{1,4}|framed|artworks?|portraits?|negatives|darkroom|opticians?)\b",
    re.IGNORECASE,
)
"""Frames that are things."""
_ORDINAL = (
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|final|next|previous|preceding|subsequent"
    r"|middle|initial|opening|closing|following|later|earlier|other|remaining|early|1st|2nd|3rd|[4-9]th)"
)
OF_FRAMES = any_of(
    rf"(?:in|by|from|of|between|to|with|across|throughout|and) (?:the |each |every |all |these |both )?(?:{_ORDINAL} )?(?:few |two |three |four )?(?:video |sampled |consecutive |individual )?frames(?! (?:of|on|per)\b)",
    rf"(?:the|each|every|this) (?:{_ORDINAL} ){{1,2}}(?:video |few )?frames?",
    r"(?:in|by|from|between|of) (?:each|every|this|one|any) (?:single |video |individual )?frame",
    r"frames? #?\d{1,4}", r"(?:the|these|those|all|both|sampled|provided|given) frames",
    r"(?:sequence|series|set|collection) of (?:\w+ )?(?:frames|images|stills|screenshots)",
    r"frame (?:to|by) frame(?! animat)", r"(?:the|this|single|current|provided) (?:video |still )?frame (?:shows?|depicts?|captures?|features?|displays?)",
    r"key-?frames?", r"(?:the|these|all) (?:\w+ )?(?:video )?stills", r"frame sequence",
)  # fmt: skip
_VIDEO = r"(?:video|clip|footage|film clip|video clip|recording)"
_VERB = (
    r"(?:shows?|depicts?|captures?|features?|presents?|displays?|showcases?|illustrates?|portrays?|reveals?|highlights?"
    r"|documents?|focuses|begins|opens|starts|ends|concludes|contains?|consists|provides|conveys|progresses|continues|cuts"
    r"|transitions|shifts|switches|zooms|pans|moves|appears|seems|is|was|has|does|uses|takes place|then|also|clearly"
    r"|primarily|mainly|maintains|remains|gives|offers|emphasi[sz]es|creates|follows|plays|unfolds|includes|alternates)"
)
OF_VIDEO = any_of(
    rf"this (?:short |brief )?(?:{_VIDEO}|image|picture|photo)",
    rf"(?:the|our|these) (?:\w+ )?{_FILM} (?:\w+ly )?{_VERB}",
    rf"(?:in|within|throughout|during|across|of|from|by|for|to) the (?:\w+ )?{_VIDEO}(?! (?:game|call|player|wall|conference|screen|store|monitor|camera|editor|chat|projector|feed|display|equipment|village))",
    rf"as (?:the|this) {_FILM} \w+",
    r"in (?:the|this) (?:image|picture|photo|photograph|screenshot)s?",
    r"the (?:images?|picture|photo|photograph|screenshot) (?:\w+ly )?(?:shows?|depicts?|captures?|features?|presents?|displays?|portrays?|illustrates?)",
    r"(?:provided|given|attached|uploaded) (?:video|images?|clips?|frames|footage)",
    r"the viewers? (?:can |is |are )?(?:sees?|shown|observe|given)", r"(?:based on|judging (?:by|from)) the (?:video|images?|frames|footage|clip)",
)  # fmt: skip
ALWAYS = any_of(
    r"(?:we|you|one) (?:(?:can|could|may|also|then|now) ){1,2}(?:see|observe|notice)", r"(?:and|as|where|then|that|which|there|here) we (?:see|observe|notice|witness)",
    r"i (?:can )?(?:see|observe|notice)", r"(?:the|this) video (?:clip )?(?:shows|depicts|captures|features|begins|starts|ends) (?:with )?(?:a|an|the|two|three)",
    rf"this {_VIDEO} (?:shows?|depicts?|captures?|features?|is|was|begins|ends)",
    r"as the (?:video|footage|frames) (?:progress(?:es)?|continues|unfolds)", r"here is (?:a|the) (?:\w+ )?(?:caption|description)",
    r"(?:caption|description):",
)  # fmt: skip
"""Talk, even where screens and pictures are seen."""
THINGS_CALLED_CLIP = re.compile(
    r"\b(?:hair|paper|binder|nail|tie|money|ammunition|magazine|belt|microphone)[- ]?clips?\b|\bclips? (?:her|his|the|a)\b",
    re.I,
)


def refusal(fields: Fields) -> str | None:
    for name in TEXT_FIELDS:
        text = getattr(fields, name)
        if found := refused(text, shown=name == "text_visible"):
            return f"{name} refuses: {cited(found)}"
    return None


def refused(text: str, shown: bool = False) -> str | None:
    """The words that refuse, if some do."""
    plain = unquoted(text)
    found = REFUSAL_SHOWN.search(plain) if shown else REFUSAL.search(plain) or REFUSAL_START.match(plain)
    return text[found.start() : found.end() + 40] if found else None


def talk(fields: Fields) -> str | None:
    whole = unquoted(" ".join(getattr(fields, name) for name in TEXT_FIELDS if name != "text_visible"))
    patterns = [ALWAYS]
    if not FRAME_THINGS.search(whole):
        patterns.append(OF_FRAMES)
    if not SCREEN.search(whole) and not THINGS_CALLED_CLIP.search(whole):
        patterns.append(OF_VIDEO)
    for name in TEXT_FIELDS:
        if name == "text_visible":
            continue
        text = getattr(fields, name)
        plain = unquoted(text)
        for pattern in patterns:
            if found := pattern.search(plain):
                return f"{name} tells of the video in place of what it shows: {cited(text[found.start() : found.end() + 20])}"
    return None
