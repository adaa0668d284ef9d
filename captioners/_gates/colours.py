"""The gate on colours: one thing has one colour in every field, and a picture without colour has none."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from captioners._gates.prose import cited, claims, is_plural, negated, sentences, singular, unquoted
from captioners._gates.words import Words, any_of, one_of
from captioners._gates.words_colour import (
    CHROMATIC,
    COLOUR_CHANGES,
    COLOURS,
    DESCRIBING,
    MONOCHROME,
    NEAR,
    NO_THING,
    NO_WEARER,
    NOT_SEEN_AS_COLOUR,
    ONE_COLOUR,
    PEOPLE,
    SAME,
    THINGS_TOO,
    WORN,
    YELLOW_GREEN,
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
TOKEN = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*|[.,;:!?()–—]")
_SHADE = r"(?:(?:bright|dark|light|deep|pale|vivid|mostly|entirely|all|completely|painted|dyed|now) ){0,2}"
IS_COLOURED = Words(
    rf"\b(?:the|his|her|its) (?P<noun>[a-z-]{{3,20}})(?:, (?:which|that)| that| which)? (?:is|are) {_SHADE}"
    rf"(?P<colour>{one_of(COLOURS)})(?=[.,;]| and\b| with\b| in colou?r\b|\Z)"
)
COLOURED_FIRST = Words(
    rf"(?:(?<=[.;] )|\A)(?P<colour>{one_of(COLOURS)})(?: [\w-]{{1,15}}){{0,5}},"
    r" (?:the|his|her|its) (?:[\w-]{1,15}-[\w-]{1,15} )?(?P<noun>[a-z-]{3,20})(?= )"
)
"""`Purple from crown to skirt, the balloon`."""
OTHERS = frozenset(
    ("another", "other", "second", "third", "next", "several", "many", "some", "nearby", "passing")
)


NONE: frozenset[str] = frozenset()
BEHIND_A_HEAD = Words(r"\b(?:on|in|at|by|near|inside|aboard|under|behind|before|beside|through|against|of)\b")


@dataclass(frozen=True)
class Thing:
    noun: str
    colours: frozenset[str]
    words: str
    owner: str
    other: bool
    definite: bool
    wearer: str = ""
    """Whose it is: `vendor` of `a vendor in a red cap`."""


def colour(fields: Fields, evidence: Evidence) -> str | None:
    texts = {
        name: unquoted(getattr(fields, name))
        for name in ("subject", "action", "background", "dense", "short")
    }
    whole = " ".join(texts.values())
    if fault := _measured(fields, evidence):
        return fault
    if COLOUR_CHANGES.search(whole):
        return None
    things = {name: things_of(text) for name, text in texts.items()}
    # A blue car behind a red one is another car.
    things["background"] = [
        thing
        for thing in things["background"]
        if not re.search(_names(thing.noun), _head(texts["subject"]), re.I)
        and all(thing.noun != one.noun for one in things["subject"])
    ]
    names = list(texts)
    for at, one in enumerate(names):
        for other in names[at + 1 :]:
            if other == "background":
                continue
            if fault := _differ(one, other, things, texts):
                return fault
    return next((fault for name in names if (fault := _itself(name, things[name], texts[name]))), None)


def _head(subject: str) -> str:
    """What the subject is about: a conductor, and not the tram, of `a conductor on a tram`."""
    preposition = BEHIND_A_HEAD.search(subject)
    return subject[: preposition.start()] if preposition else subject


@lru_cache(4096)
def named_by(token: str) -> frozenset[str]:
    """`red`, `dark-green`, `snow-white`, `navy-blue`, `red-and-white`, and not `red-brick`."""
    if token in COLOURS:
        return frozenset((COLOURS[token],))
    if "-" not in token:
        return NONE
    parts = token.split("-")
    if parts[-1] not in COLOURS:
        return NONE
    return frozenset(COLOURS[part] for part in parts if part in COLOURS)


def things_of(text: str) -> list[Thing]:
    # A lower-case letter may be longer than its capital: places are looked for in the text.
    if not any(map(named_by, TOKEN.findall(text.lower()))):
        return []
    places = [(found.start(), found[0].lower()) for found in TOKEN.finditer(text)]
    tokens = [token for _, token in places]
    found, at = [], 0
    while at < len(tokens):
        colours = set(named_by(tokens[at]))
        if not colours:
            at += 1
            continue
        first = at
        at += 1
        # `red and white`, `red, white and blue`
        while at + 1 < len(tokens) and tokens[at] in ("and", ",", "or") and tokens[at + 1] in COLOURS:
            colours.add(COLOURS[tokens[at + 1]])
            at += 2
        noun = at
        while noun < len(tokens) and noun < at + 3 and _describes(tokens[noun]):
            if tokens[noun] in THINGS_TOO:
                # `A red convertible speeds`.
                break
            noun += 1
        if (
            noun >= len(tokens)
            or not tokens[noun][0].isalpha()
            or tokens[noun] in NO_THING
            or tokens[noun] in COLOURS
        ):
            continue
        if negated(text, places[first][0]):
            continue
        before = tokens[max(0, first - 3) : first]
        found.append(
            Thing(
                SAME.get(tokens[noun], tokens[noun]), frozenset(colours), " ".join(tokens[first : noun + 1]),
                _owner(text, places[first][0]), bool(OTHERS & set(before)), "the" in before[-2:],
                _wearer(before),
            )
        )  # fmt: skip
    starts = any(
        token in COLOURS and (not at or tokens[at - 1] in (".", ";")) for at, token in enumerate(tokens)
    )
    first_words = COLOURED_FIRST.finditer(text) if starts else iter(())
    for place in (*IS_COLOURED.finditer(text), *first_words):
        noun_word = place["noun"].lower()
        if noun_word not in NO_THING and not negated(text, place.start("colour")):
            found.append(
                Thing(
                    SAME.get(noun_word, noun_word),
                    frozenset((COLOURS[place["colour"].lower()],)),
                    place[0],
                    _owner(text, place.start()),
                    False,
                    True,
                )
            )
    return found


def _describes(word: str) -> bool:
    if "-" in word:
        # `A red hot-air balloon`.
        return word not in WORN and not is_plural(word)
    return word in DESCRIBING or (len(word) > 5 and word.endswith(("ated", "ular", "onal", "ical")))


def _owner(text: str, at: int) -> str:
    """Whose clothes they may be: the only person, or the last one named before."""
    everyone = set(_people_of(text)) - {"person", "other"}
    if len(everyone) == 1:
        return everyone.pop()
    people = _people_of(text[max(0, at - 120) : at])
    return people[-1] if people else ""


def _people_of(text: str) -> list[str]:
    return [singular(found[0].lower()) for found in PEOPLE.finditer(text)]


@cache
def _names(noun: str) -> str:
    """Alternatives: all by which the thing goes."""
    return f"(?:{one_of((noun, *(other for other, same in SAME.items() if same == noun)))})"


def _exclusive(one: frozenset[str], other: frozenset[str]) -> bool:
    near = {colour for each in one for colour in (each, *NEAR.get(each, ()))}
    return not near & other


def _differ(one: str, other: str, things: dict[str, list[Thing]], texts: dict[str, str]) -> str | None:
    ours, theirs, text, other_text = things[one], things[other], texts[one], texts[other]
    for thing in ours:
        for twin in theirs:
            if thing.noun != twin.noun or (is_plural(thing.noun) and _several(thing.noun, ours + theirs)):
                continue
            if thing.other or twin.other or not _exclusive(thing.colours, twin.colours):
                continue
            if thing.noun in YELLOW_GREEN and {"yellow", "green"} <= thing.colours | twin.colours:
                continue
            if _many(thing.noun, ours, text) or _many(twin.noun, theirs, other_text):
                continue
            if thing.noun in WORN and not _of_one(thing, twin, one, other, texts):
                continue
            return f"{one} has '{thing.words}' and {other} '{twin.words}'"
    return None


def _itself(name: str, things: list[Thing], text: str) -> str | None:
    """`A red car …. The blue car …`."""
    for at, thing in enumerate(things):
        for later in things[at + 1 :]:
            if (
                thing.noun == later.noun
                and later.definite
                and not thing.definite
                and thing.noun not in WORN
                and not is_plural(thing.noun)
                and _exclusive(thing.colours, later.colours)
                and not thing.other
                and len(
                    re.findall(
                        rf"\b(?:an?|one|another|other|second) (?:[\w-]+ ){{0,3}}?{_names(thing.noun)}\b",
                        text,
                        re.I,
                    )
                )
                < 2
                and not re.search(rf"\b{_names(thing.noun)}s\b", text, re.I)
            ):
                return f"{name} has '{thing.words}' and 'the {later.words}'"
    return None


def _wearer(before: list[str]) -> str:
    match before:
        case [noun, "in" | "wearing", "a" | "an" | "his" | "her"]:
            return noun
    return ""


def _of_one(thing: Thing, twin: Thing, one: str, other: str, texts: dict[str, str]) -> bool:
    """Whether both are worn by the same."""
    if thing.wearer and twin.wearer and not PEOPLE.fullmatch(thing.wearer):
        return thing.wearer == twin.wearer and _one_wearer(thing.wearer, *texts.values())
    return thing.owner == twin.owner and _people(texts[one]) < 2 and _people(texts[other]) < 2


def _one_wearer(noun: str, *texts: str) -> bool:
    """Whether each text knows one of them: a vendor, and not a man, of whom there are others."""
    if is_plural(noun) or noun in NO_WEARER:
        return False
    again = re.compile(
        rf"\b(?:(?:an?|one|another|other|second|each|every) (?:[\w-]+ ){{0,2}}?{re.escape(noun)}|"
        rf"{re.escape(noun)}s)\b",
        re.IGNORECASE,
    )
    return all(len(again.findall(text)) < 2 for text in texts)


def _people(text: str) -> int:
    """How many people may wear something: `people` below and `others` wear nothing that is told."""
    return len(set(_people_of(text)) - {"person", "other"})


def _several(noun: str, things: list[Thing]) -> bool:
    return len([thing for thing in things if thing.noun == noun]) > 2


def _many(noun: str, things: list[Thing], text: str) -> bool:
    """Whether the text may know more than one: of two colours, in the plural, or one that is not coloured."""
    colours = {thing.colours for thing in things if thing.noun == noun}
    if len(colours) > 1:
        return True
    if not is_plural(noun) and re.search(rf"\b{_names(noun)}(?:s|es)\b", text, re.I):
        return True
    phrases = re.findall(
        rf"\b(?:an?|one|another|other|second) ((?:[\w-]+ ){{0,3}}?){_names(noun)}\b", text, re.I
    )
    return len(phrases) > 1


def _measured(fields: Fields, evidence: Evidence) -> str | None:
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
