"""The gates on how a caption talks: what refuses, and what tells of the video or its frames."""

import re

from captioners._gates import words_film, words_screen
from captioners._gates.clean import _FILM, A_VIDEO, SCREEN
from captioners._gates.prose import cited, sentences, unquoted
from captioners._gates.words import Words, any_of
from captioners._gates.words_film import PICTURES_MADE
from captioners._gates.words_medium import (
    CLIPPED,
    HANDLED,
    HUNG,
    IMAGE_SEEN,
    OF_THE_IMAGE,
    OF_THE_MEDIUM,
    VIDEO_SEEN,
)
from captioners._gates.words_refusal import (
    DIALOGS,
    IN_PERSON,
    NOT_LOADED,
    REFUSAL,
    REFUSAL_SHOWN,
    REFUSAL_START,
)
from captioners._gates.words_talk import (
    FRAMES_AS_THINGS,
    OF_A_VIDEO,
    OF_FRAMES_IN_TIME,
    OF_PICTURES,
    OF_THE_MODEL,
    OF_TIME,
    PICTURE,
    SLIDES,
    THINGS,
)
from captioners.dialogue.schema import TEXT_FIELDS, Fields

FRAME_THINGS = Words(
    r"\b(?:(?:picture|photo|door|window|bed|metal|wooden|climbing|bike|bicycle|steel|timber|wood"
    r"|glass)[- ]?frames?|glasses"
    r"|eyeglasses|spectacles|sunglasses|hives?|beehives?|bees?|beekeeper|honeycomb|bowl(?:s|ing|ers?)|snooker"
    r"|(?:ten-?)?pins|film ?strip|comic|storyboard"
    r"|carpenters?|scaffold\w{0,4}|greenhouse|mirrors?|canvas|paintings?|gallery|museum|animat(?:or|ion)s?"
    r"|editing|editor|timeline"
    r"|loom|embroider\w{1,4}|framed|artworks?|portraits?|negatives|darkroom|opticians?)\b"
)
"""Frames that are things."""
_ORDINAL = (
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|final|next|previous"
    r"|preceding|subsequent"
    r"|middle|initial|opening|closing|following|later|earlier|other|remaining|early|1st|2nd|3rd|[4-9]th)"
)
OF_FRAMES = any_of(
    rf"{_ORDINAL}(?: (?:and|to|or|through) (?:the )?{_ORDINAL})? (?:video |few |two |three "
    r"|sampled )?frames?",
    r"(?:in|by|from|between|across|throughout) (?:the |these |all |both )?(?:few |two |three |four |eight )?"
    r"(?:video |sampled |consecutive |individual )?frames(?! (?:of|on|per)\b)",
    r"(?:each|every|this|one|any|single|current) (?:single |video |individual |still )?frame"
    r" (?:shows?|depicts?|captures?|features?|displays?|has|is|reveals?)",
    r"(?:in|by|from|between|of|for) (?:each|every|this|one|any) (?:single |video |individual )?frame",
    r"frames? #?\d{1,4}",
    r"(?:the|these|those|all|both|sampled|provided|given) frames",
    r"(?:sequence|series|set|collection) of (?:\w{1,15} )?frames",
    r"(?:the|this) (?:sequence|series|set|collection) of (?:\w{1,15} )?(?:images|stills|screenshots)",
    r"frame (?:to|by) frame(?! animat)",
    r"the frame (?:shows?|depicts?|captures?|features?|displays?)",
    r"frames (?:show|depict|capture|reveal|suggest|display|feature)",
    r"key-?frames?",
    r"frame sequence",
)
_VIDEO = r"(?:video|clip|footage|film clip|video clip|recording)"
_VERB = (
    r"(?:shows?|depicts?|captures?|features?|presents?|displays?|showcases?|illustrates?|portrays?|reveals?"
    r"|highlights?"
    r"|documents?|focuses|begins|opens|starts|ends|concludes|contains?|consists|provides|conveys|progresses"
    r"|continues|cuts"
    r"|transitions|shifts|switches|zooms|pans|moves|appears|seems|is|was|has|does|uses|takes place|then"
    r"|also|clearly"
    r"|primarily|mainly|maintains|remains|gives|offers|emphasi[sz]es|creates|follows|plays|unfolds|includes"
    r"|alternates)"
)
OF_VIDEO = any_of(
    rf"this (?:short |brief )?(?:{_VIDEO}|image|picture|photo)",
    rf"(?:the|our|these) (?!sequence\b)(?:\w+ )?{_FILM} (?:\w+ly )?{_VERB}",
    rf"(?:in|within|throughout|during|across|of|from|by|for|to) the (?:\w+ )?{_VIDEO}(?! (?:game|call"
    r"|player|wall|conference|screen|store|monitor|camera|editor|chat|projector|feed|display|equipment"
    r"|village))",
    rf"(?:the|this) {_VIDEO}(?=,)",
    rf"as (?:the|this) (?!sequence\b){_FILM} \w+",
    r"(?:provided|given|attached|uploaded) (?:video|images?|clips?|frames|footage)",
    r"the viewers? (?:can |is |are )?(?:sees?|shown|observe|given)",
    r"(?:based on|judging (?:by|from)|from) the (?:video|images?|frames|footage|clip)",
)
OF_A_PICTURE = any_of(
    r"(?:in|of) (?:the|this) (?:image|picture|photo|photograph|screenshot)s?",
    r"the (?:image|screenshot) (?:is|was|has|contains|appears|seems|does|conveys|suggests|captured)",
    r"the (?:images?|picture|photo|photograph|screenshot) (?:\w+ly )?(?:shows?|depicts?|captures?|features?"
    r"|presents?|displays?|portrays?|illustrates?)",
    rf"the {_ORDINAL} (?:image|still|screenshot) (?:is|was|shows?|depicts?|captures?|features?|displays?"
    r"|reveals?)",
)
"""The same of a picture, where nobody makes one."""
OF_THE_VIDEO = any_of(
    rf"(?:the|this) {_VIDEO} (?:\w{{2,14}}ly )?(?:shows|depicts|captures|features|begins|starts|ends|opens"
    r"|concludes)(?: with)?",
    rf"(?:in|throughout) the {_VIDEO}(?=[,.])",
)
"""Talk, even where screens and pictures are seen, if no video is."""
ALWAYS = any_of(
    r"(?:we|you|one) (?:(?:can|could|may|also|then|now) ){1,2}(?:see|observe|notice)",
    r"(?:and|as|where|then|that|which|there|here|,) we (?:see|observe|notice|witness)",
    r"we (?:see|observe|notice|witness) (?:an?|the|his|her|two|three|him|them|it|that|how)",
    r"i (?:can )?(?:see|observe|notice)",
    rf"this {_VIDEO} (?:shows?|depicts?|captures?|features?|is|was|begins|ends)",
    r"as the (?:video|footage|frames) (?:progress(?:es)?|continues|unfolds)",
    r"here is (?:a|the) (?:\w{1,15} )?(?:caption|description)",
    r"(?:caption|description):",
    rf"this (?:is|appears to be|seems to be) an? (?:\w{{1,15}} ){{0,2}}{_VIDEO}",
)
"""Talk, even where screens and pictures are seen."""
THINGS_CALLED_CLIP = Words(
    r"\b(?:hair|paper|binder|nail|tie|money|ammunition|magazine|belt|microphone)[- ]?clips?\b"
    r"|(?<!the )(?<!this )\bclips? (?:her|his|the|a)\b"
)


MEDIA = ("video", "clip", "footage", "recording", "image", "picture", "photo", "screenshot", "snapshot")
"""Without one of these there is no need to search for what is done with them."""
PICTURES = ("image", "picture", "photo", "screenshot", "snapshot")
SCENE = ("subject", "action", "background", "dense", "short")


def refusal(fields: Fields) -> str | None:
    for name in TEXT_FIELDS:
        text = getattr(fields, name)
        shown = name == "text_visible"
        if found := refused(text, shown=shown):
            return f"{name} refuses: {cited(found)}"
        if not shown and (said := IN_PERSON.search(unquoted(text))):
            return f"{name} refuses: {cited(text[said.start() : said.end() + 40])}"
    return None


def refused(text: str, shown: bool = False) -> str | None:
    """The words that refuse, if some do."""
    if not text:
        return None
    plain = unquoted(text)
    found = REFUSAL_SHOWN.search(plain) if shown else REFUSAL.search(plain) or REFUSAL_START.match(plain)
    if not found and not shown and not DIALOGS.search(plain):
        found = NOT_LOADED.search(plain)
    return text[found.start() : found.end() + 40] if found else None


def talk(fields: Fields) -> str | None:
    # Fields are lines, so that the end of one and the beginning of the next make no phrase.
    whole = unquoted("\n".join(getattr(fields, name) for name in TEXT_FIELDS if name != "text_visible"))
    # A style names what a picture is like: `television`, `a stage recording`.
    scene = unquoted("\n".join(getattr(fields, name) for name in SCENE))
    lower = whole.lower()
    named = any(medium in lower for medium in MEDIA)
    handled = named and _handled(scene, lower)
    slides = SLIDES.search(whole) is not None
    patterns = [OF_THE_VIDEO] if not handled and not A_VIDEO.search(whole) else []
    patterns += [ALWAYS, OF_THE_MODEL, OF_TIME]
    if PICTURE.search(whole):
        if not slides and not _pictures_are_things(whole):
            patterns.append(OF_PICTURES)
        if not FRAMES_AS_THINGS.search(whole):
            patterns.append(OF_FRAMES_IN_TIME)
        if not FRAME_THINGS.search(whole):
            patterns.append(OF_FRAMES)
    if not slides and not handled and not SCREEN.search(whole) and not THINGS_CALLED_CLIP.search(whole):
        patterns += [OF_VIDEO, OF_A_VIDEO]
        patterns += [OF_A_PICTURE] if not PICTURES_MADE.search(scene) else []
    if named and not slides and not handled and not VIDEO_SEEN.search(scene):
        patterns.append(OF_THE_MEDIUM)
    if named and not slides and not handled and PICTURE.search(scene) and not IMAGE_SEEN.search(scene):
        patterns.append(OF_THE_IMAGE)
    for name in TEXT_FIELDS:
        if name == "text_visible":
            continue
        text = getattr(fields, name)
        plain = unquoted(text)
        found = next(filter(None, (pattern.search(plain) for pattern in patterns)), None) or _told(
            plain, scene
        )
        if found:
            said = cited(text[found.start() : found.end() + 20])
            return f"{name} tells of the video in place of what it shows: {said}"
    return None


def _handled(scene: str, lower: str) -> bool:
    """Whether a picture, a clip or a film is a thing that somebody does something with."""
    return (
        HANDLED.search(scene) is not None
        or (any(picture in lower for picture in PICTURES) and HUNG.search(scene) is not None)
        or ("clip" in lower and CLIPPED.search(scene) is not None)
    )


def _told(text: str, scene: str) -> re.Match[str] | None:
    """What the text says of a medium of which the scene has no thing of that name."""
    for family in words_screen.FAMILIES + words_film.FAMILIES:
        if (found := family.said.search(text)) and not family.things.search(scene):
            return found
    return None


def _pictures_are_things(text: str) -> bool:
    parts = (sentence.text for sentence in sentences(text))
    return any(PICTURE.search(part) and THINGS.search(part) for part in parts)
