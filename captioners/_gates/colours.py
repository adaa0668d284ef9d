"""The gate on colours: one thing has one colour in every field, and a picture without colour has none."""

import re

from captioners._gates.coloured import Thing, things_of
from captioners._gates.colours_again import exclusive, handled, introduced, itself, names_of
from captioners._gates.colours_picture import measured
from captioners._gates.colours_whole import about, head, main
from captioners._gates.prose import is_plural, sentences, unquoted
from captioners._gates.wearers import alike, alone, his_own, one_wearer, people_told
from captioners._gates.words_colour import (
    CLOTHES_CHANGES,
    COLOUR_CHANGES,
    PEOPLE,
    WORN,
    YELLOW_GREEN,
)
from captioners._gates.words_coloured import EMITTERS, KITS, OUTER, WHOLE
from captioners.dialogue.schema import Fields
from captioners.dialogue.types import Evidence

TEXTS = ("subject", "action", "background", "lighting", "dense", "short")


def colour(fields: Fields, evidence: Evidence) -> str | None:
    texts = {name: unquoted(getattr(fields, name)) for name in TEXTS}
    if fault := measured(fields, evidence):
        return fault
    if any(COLOUR_CHANGES.search(text) for text in texts.values()):
        return None
    things = {name: things_of(text) for name, text in texts.items()}
    if any(CLOTHES_CHANGES.search(text) for text in texts.values()):
        # Who takes off a brown hat and sets a purple one on has two; the bus behind still has one colour.
        things = {name: [one for one in ones if one.noun not in WORN] for name, ones in things.items()}
    # Of what is lit, lighting tells the colour of the light.
    things["lighting"] = [thing for thing in things["lighting"] if thing.noun in EMITTERS]
    # A blue car behind a red one is another car.
    things["background"] = [
        thing
        for thing in things["background"]
        if not re.search(names_of(thing.noun), head(texts["subject"]), re.I)
        and all(thing.noun != one.noun for one in things["subject"])
    ]
    for at, one in enumerate(TEXTS):
        for other in TEXTS[at + 1 :]:
            if other == "background":
                continue
            if fault := _differ(one, other, things, texts):
                return fault
    for name in TEXTS:
        if fault := itself(name, things[name], texts):
            return fault
    return _whole(things, texts)


def _whole(things: dict[str, list[Thing]], texts: dict[str, str]) -> str | None:
    everything = " ".join(texts.values())
    first = sentences(texts["dense"])[:1]
    begins = first[0].text if first else ""
    for name, text in (("subject", texts["subject"]), ("short", texts["short"]), ("dense", begins)):
        if (one := main(text, [thing for thing in things[name] if thing.at < len(text)])) is None:
            continue
        for other in ("dense", "action", "short"):
            for thing in about(one, things[other], texts[other], everything):
                if exclusive(one.colours, thing.colours):
                    return f"{name} has '{one.words}' and {other} '{thing.words}'"
    return None


def _differ(one: str, other: str, things: dict[str, list[Thing]], texts: dict[str, str]) -> str | None:
    ours, theirs, text, other_text = things[one], things[other], texts[one], texts[other]
    for thing in ours:
        for twin in theirs:
            if not _one_kind(thing, twin, ours, theirs):
                continue
            if is_plural(thing.noun) and _several(thing.noun, ours + theirs):
                continue
            if thing.other or twin.other or not exclusive(thing.colours, twin.colours):
                continue
            if handled(thing, text) or handled(twin, other_text):
                continue
            if thing.noun in YELLOW_GREEN and {"yellow", "green"} <= thing.colours | twin.colours:
                continue
            if _many(thing.noun, ours, text) or _many(twin.noun, theirs, other_text):
                continue
            if (thing.noun in WORN or thing.noun != twin.noun) and not _of_one(
                thing, twin, one, other, texts
            ):
                continue
            return f"{one} has '{thing.words}' and {other} '{twin.words}'"
    return None


def _one_kind(thing: Thing, twin: Thing, ours: list[Thing], theirs: list[Thing]) -> bool:
    """Whether a wearer of both would have one thing: who is in red has no green robe."""
    if thing.noun == twin.noun:
        return True
    if {thing.noun, twin.noun} <= KITS:
        return "kit" in (thing.noun, twin.noun) or "jersey" in (thing.noun, twin.noun)
    if "clothes" not in (thing.noun, twin.noun):
        return False
    clothes, piece, beside = (thing, twin, ours) if thing.noun == "clothes" else (twin, thing, theirs)
    if piece.noun not in WHOLE and not (clothes.whole and piece.noun in OUTER):
        return False
    # `In white, with a red robe over his arm`.
    return not any(one.noun in WHOLE | OUTER and one is not clothes for one in beside)


def _of_one(thing: Thing, twin: Thing, one: str, other: str, texts: dict[str, str]) -> bool:
    """Whether both are worn by the same."""
    if thing.wearer and twin.wearer and not PEOPLE.fullmatch(thing.wearer):
        if thing.wearer == twin.wearer:
            return one_wearer(thing.wearer, *texts.values())
    elif (
        thing.noun == twin.noun != "clothes"
        and thing.owner == twin.owner
        and people_told(texts[one]) < 2
        and people_told(texts[other]) < 2
    ):
        return True
    somebody, other_one = alone(texts[one]), alone(texts[other])
    if not somebody or not other_one or not alike(somebody, other_one):
        return False
    wearers = (thing.wearer or somebody, twin.wearer or other_one)
    return alike(*wearers) and his_own(twin.article, somebody) and his_own(thing.article, other_one)


def _several(noun: str, things: list[Thing]) -> bool:
    return len([thing for thing in things if thing.noun == noun]) > 2


def _many(noun: str, things: list[Thing], text: str) -> bool:
    """Whether the text may know more than one: of two colours, in the plural, or one that is not coloured."""
    colours = {thing.colours for thing in things if thing.noun == noun}
    if len(colours) > 1:
        return True
    if noun in ("hair", "eyes", "feathers"):
        # A head of hair has braids, and it is a head's.
        return False
    if not is_plural(noun) and re.search(rf"\b{names_of(noun)}(?:s|es)\b", text, re.I):
        return True
    return introduced(noun, text) > 1
