"""What a text says is coloured: the things, their colours, and whose they are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, islice

from captioners._gates.prose import is_plural, negated, sentences
from captioners._gates.wearers import PERSON, owner
from captioners._gates.words import Words, names, one_of
from captioners._gates.words_colour import (
    COLOURS,
    DESCRIBING,
    NO_THING,
    SAME,
    THINGS_TOO,
    WORN,
)
from captioners._gates.words_coloured import (
    BODY_PARTS,
    BOUND_HERE,
    COMPOUNDS,
    EMITTERS,
    HAIR,
    MANY_COLOURED,
    OF_HAIR,
    PLACED,
    SHADES,
    STAINED,
)

TOKEN = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*|[.,;:!?()–—]")
MOST = 60
"""Things of a text: five times as many as a colourful caption has, since each is compared with each."""
HAIRED = frozenset(("blond", "blonde", "brunette"))
OTHERS = names(
    "another other second third next several many some nearby passing last first fourth former "
    "latter nearest left right neighbouring neighboring opposite"
)
"""Before a thing that may be another one than was told of before."""
RELATIVE = names("next that who which with opposite further ahead")
"""Behind such a thing."""
ARTICLES = frozenset(("a", "an", "the", "his", "her", "its", "their"))
NONE: frozenset[str] = frozenset()
_NAME = one_of(COLOURS | SHADES)
_COLOUR = rf"(?:[a-z]{{2,12}}-)?(?:{_NAME})(?: (?:{_NAME}))?"
_SHADE = (
    r"(?:(?:an?|very|bright|dark|light|deep|pale|vivid|rich|glossy|matte|shiny|steady|brilliant|mostly|all"
    r"|entirely|completely|totally|wholly|solid|plain|pure|jet|snow|lime|sky|mint|lemon|blood|wine|dusty"
    r"|faded|dull|warm|cool|soft|now|platinum|steadily) ){0,3}"
)
_COLOURS = rf"(?P<colours>{_SHADE}{_COLOUR}(?:(?:, and |, | and | or ){_SHADE}{_COLOUR}){{0,2}})"
_ENDED = (
    rf"(?!(?:, and|,| and| or) {_SHADE}{_COLOUR}\b)"
    r"(?=[.;:!?)]|,|\Z| (?:and|in colou?r|all over|throughout|one|because|since|although|though|velvet"
    r"|leather|silk|satin"
    r"|with (?!(?:age|cold|dirt|grime|grease|mud|rust|oil|sweat|heat|anger|envy|rage|light|use|wear"
    r"|moss|mould"
    r"|algae|fear|fury|shame|verdigris|paint|chalk|juice|sauce|ketchup|dye|pollen|clay|sand|milk|soup|flour"
    r"|cherry|berry|tomato|beetroot|soot|smoke|dust|salt|snow|ice|frost|blood|ink|cream|tears|exertion)\b)\w{1,15}"
    r"|from (?:the |his |her |its )?[\w-]{1,15} (?:down )?to|as an?"
    r"|as (?:the )?(?:sky|snow|coal|night|ink|milk|grass|pitch|gold|bone|chalk|sea))\b)"
)
_BETWEEN = rf"(?:(?!(?:{one_of(BOUND_HERE)})\b)[\w-]{{1,15}} )"
_MADE = (
    r"(?:painted|dyed|upholstered in|feathered in|clad in|covered in|lacquered|enamelled|coloured|colored)"
)
STATED = Words(
    rf"\b(?P<article>the|his|her|its|their|an?|one|[a-z]{{2,15}}['’]s) {_BETWEEN}{{0,3}}?"
    rf"(?P<noun>[a-z][a-z-]{{2,19}})"
    rf"(?:(?:,? (?:which|that))? (?:is|are|was) (?:{_MADE} )?|(?: [a-z]{{3,12}}s)?, (?:{_MADE} )?| {_MADE} "
    r"| in (?=[a-z]))"
    rf"{_COLOURS}{_ENDED}"
)
"""`His jacket, blue and worn`; `the sofa, which is upholstered in bright yellow velvet`; `a door painted
green`; `her umbrella, a bright yellow one`."""
COLOURED_FIRST = Words(
    rf"(?:(?<=[.;] )|\A)(?P<colour>{one_of(COLOURS)})(?: [\w-]{{1,15}}){{0,5}},"
    r" (?:the|his|her|its) (?:[\w-]{1,15}-[\w-]{1,15} )?(?P<noun>[a-z-]{3,20})(?= )"
)
"""`Purple from crown to skirt, the balloon`."""
OF_WHICH = Words(
    rf"\bthe (?P<colours>{_SHADE}{_COLOUR})"
    r"(?: (?:silk|satin|cloth|fabric|wool|leather|velvet|cotton|linen|lace|tulle|lacquer|folds|fur"
    r"|metal))? of "
    r"(?P<article>his|her|its|their|the|(?:the )?[a-z]{2,15}['’]s) "
)
"""`The red of her scarf`."""
PAINTED = Words(
    r"\b(?P<article>its) (?:\w{3,12} and (?:fenders|sides|doors|flanks|bodywork)"
    rf"|(?:tank|fenders|sides|flanks|bodywork) and \w{{3,12}}) (?:is|are) {_COLOURS}{_ENDED}"
)
GLOWING = Words(
    rf"\b(?P<article>the|his|her|its|an?|one) {_BETWEEN}{{0,2}}?(?P<noun>{one_of(EMITTERS)})"
    rf"(?: \w{{1,12}}s,)? (?:glow|shine|burn|blaze)s? {_COLOURS}{_ENDED}"
)
COMPOUND = Words(rf"\b(?P<colours>{one_of(COLOURS | SHADES)})-(?P<what>{one_of(COMPOUNDS)})\b")
"""`A silver-haired`."""
_DRESSED = (
    r"(?:dressed|clad|clothed|attired|garbed|swathed|decked out)"
    r"(?: entirely| completely| all| wholly| head to toe| from head to (?:toe|foot))?"
)
_IN = (
    rf"in {_COLOURS}(?:{_ENDED}|(?= (?:on|at|beside|who|from|for|to|by|near|walks|stands|sits|[a-z]{{1,12}}s"
    r" (?:an?|the|his|her|its))\b))"
)
DRESSED = Words(
    rf"\b(?:{_DRESSED} |(?P<wearer>{PERSON.pattern.pattern}),? (?:(?:is |was )?{_DRESSED} )?){_IN}"
    r"(?P<all> from [\w-]{1,15} to\b)?"
)
"""`Clad in crimson`; `a keeper in grey`."""
THROUGHOUT = Words(r"\b(?:entirely|completely|wholly|all|head to toe|from head)\b")


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
    article: str = ""
    """Before it: `his`, `the`, `captain's`."""
    whole: bool = False
    """Clothes of one colour from head to toe."""
    at: int = 0
    """Where its text names it."""
    told_apart: bool = False
    """By what follows: `the red lamp by the window` is another one than before."""
    stated: bool = False
    """Said of a thing that is known: `the dress is yellow`."""


@lru_cache(4096)
def named_by(token: str) -> frozenset[str]:
    """`red`, `dark-green`, `snow-white`, `navy-blue`, `red-and-white`, and not `red-brick`."""
    if token in COLOURS:
        return frozenset((COLOURS[token],))
    if token in SHADES and token not in OF_HAIR:
        return frozenset((SHADES[token],))
    if "-" not in token:
        return NONE
    parts = token.split("-")
    if parts[-1] not in COLOURS:
        return NONE
    return frozenset(COLOURS[part] for part in parts if part in COLOURS)


def things_of(text: str) -> list[Thing]:
    # A lower-case letter may be longer than its capital: places are looked for in the text.
    places = [(found.start(), found[0].lower()) for found in TOKEN.finditer(text)]
    if not any(named_by(token) or token.partition("-")[0] in COLOURS | SHADES for _, token in places):
        return []
    found = islice(
        chain(_before_nouns(text, places), _behind_nouns(text), _compounds(text), _clothes(text)), MOST
    )
    named = [replace(one, noun=SAME.get(one.noun, one.noun), owner=owner(text, one.at)) for one in found]
    return sorted(named, key=lambda thing: thing.at)


def _before_nouns(text: str, places: list[tuple[int, str]]) -> Iterator[Thing]:
    tokens = [token for _, token in places]
    at = 0
    while at < len(tokens):
        colours = set(named_by(tokens[at]))
        if not colours and tokens[at] in OF_HAIR and {*tokens[at + 1 : at + 4]} & HAIR:
            colours = {SHADES[tokens[at]]}
        if not colours:
            at += 1
            continue
        first = at
        at += 1
        # `red and white`, `red, white and blue`
        while at + 1 < len(tokens) and tokens[at] in ("and", ",", "or") and tokens[at + 1] in COLOURS:
            colours.add(COLOURS[tokens[at + 1]])
            at += 2
        noun = noun_from(tokens, at)
        if tokens[first] in HAIRED and _is_noun(tokens, first):
            noun = first
        if noun is None or negated(text, places[first][0]):
            continue
        before = tokens[max(0, first - 3) : first]
        # `Her hat is white fur` tells of no fur of hers.
        articles = [
            word
            for at_article, word in enumerate(before, 1)
            if (word in ARTICLES or word.endswith(("'s", "’s")))
            and BOUND_HERE.isdisjoint(set(before[at_article:]) - ARTICLES)
        ]
        name = tokens[noun]
        if tokens[first] in HAIRED and (noun == first or PERSON.fullmatch(name)):
            name = "hair"
        yield Thing(
            name, frozenset(colours), " ".join(tokens[first : noun + 1]), "", bool(OTHERS & set(before)),
            "the" in before[-2:], _wearer(before), articles[-1] if articles else "", at=places[first][0],
            told_apart=tokens[noun + 1 : noun + 2] != [] and tokens[noun + 1] in PLACED | RELATIVE,
        )  # fmt: skip


def _is_noun(tokens: list[str], at: int) -> bool:
    """`The blonde takes a sip`."""
    behind = tokens[at + 1 : at + 2]
    return tokens[at - 1 : at] in (["the"], ["a"]) and (
        not behind or behind[0] in BOUND_HERE or not behind[0][0].isalpha() or behind[0][-1] == "s"
    )


def noun_from(tokens: list[str], at: int) -> int | None:
    """Where the noun stands whose colour stands before it."""
    noun = at
    while noun < len(tokens) and noun < at + 3 and _describes(tokens[noun]):
        if tokens[noun] in THINGS_TOO:
            # `A red convertible speeds`.
            break
        noun += 1
    if noun >= len(tokens) or not tokens[noun][0].isalpha():
        return None
    following = tokens[noun + 1 : noun + 2]
    if following and (following[0] in EMITTERS or (tokens[noun] == "fur" and following[0] in WORN)):
        # `A green eye lamp`, `a brown fur coat`.
        noun += 1
    if (tokens[noun] in NO_THING and tokens[noun] != "eyes") or tokens[noun] in COLOURS:
        return None
    return noun


def _wearer(before: list[str]) -> str:
    match before:
        case [noun, "in" | "wearing", "a" | "an" | "his" | "her"] if noun.isalpha() and noun[-2:] != "ed":
            return noun
    return ""


def _describes(word: str) -> bool:
    if "-" in word:
        # `A red hot-air balloon`.
        return word not in WORN and not is_plural(word)
    return word in DESCRIBING or (len(word) > 5 and word.endswith(("ated", "ular", "onal", "ical")))


def _behind_nouns(text: str) -> Iterator[Thing]:
    for sentence in sentences(text):
        words = sentence.text
        mixed = MANY_COLOURED.search(words) is not None
        if not mixed and not STAINED.search(words):
            for found in STATED.finditer(words):
                noun, before = (
                    found["noun"].lower(),
                    words[max(0, found.start() - 20) : found.start()].split(),
                )
                if PERSON.fullmatch(noun) or (before and before[-1].lower() in PLACED):
                    continue
                yield from _stated(found, noun, found["colours"], sentence.start)
            for found in PAINTED.finditer(words):
                yield from _stated(found, "paint", found["colours"], sentence.start)
        if not mixed:
            for found in GLOWING.finditer(words):
                yield from _stated(found, found["noun"].lower(), found["colours"], sentence.start)
        for found in OF_WHICH.finditer(words):
            tokens = [token[0].lower() for token in islice(TOKEN.finditer(words, found.end()), 6)]
            if (noun_at := noun_from(tokens, 0)) is not None:
                parts = tokens[noun_at + 1 : noun_at + 2] == ["and"]
                noun = "paint" if parts and tokens[noun_at] in BODY_PARTS else tokens[noun_at]
                yield from _stated(found, noun, found["colours"], sentence.start)
    for found in COLOURED_FIRST.finditer(text):
        noun = found["noun"].lower()
        if noun not in NO_THING and not negated(text, found.start()):
            colours = frozenset((COLOURS[found["colour"].lower()],))
            yield Thing(noun, colours, found[0], "", False, True, at=found.start(), article="the")


def _stated(found: re.Match[str], noun: str, said: str, start: int) -> Iterator[Thing]:
    colours = _colours_in(said)
    if not colours or (noun in NO_THING and noun != "eyes") or negated(found.string, found.start("colours")):
        return
    article = found["article"].lower()
    definite = article in ("the", "his", "her", "its", "their")
    other = not OTHERS.isdisjoint(found[0].lower().split())
    yield Thing(
        noun, colours, found[0].strip(), "", other, definite, article=article.split()[-1],
        at=start + found.start(), stated=definite,
    )  # fmt: skip


def _colours_in(said: str) -> frozenset[str]:
    return frozenset().union(*(named_by(token[0].lower()) for token in TOKEN.finditer(said)))


def _compounds(text: str) -> Iterator[Thing]:
    for found in COMPOUND.finditer(text):
        colour, what = found["colours"].lower(), found["what"].lower()
        if (what == "headed" and colour not in ("red", "golden", "dark", "fair")) or (
            colour in OF_HAIR and what not in ("haired", "headed", "bearded")
        ):
            continue
        before = text[max(0, found.start() - 24) : found.start()].lower().split()
        article = before[-1] if before and before[-1] in ARTICLES else ""
        other = bool(OTHERS & set(before[-2:]))
        colours = frozenset(((COLOURS | SHADES)[colour],))
        yield Thing(
            COMPOUNDS[what], colours, found[0], "", other, article == "the", at=found.start(),
        )  # fmt: skip


def _clothes(text: str) -> Iterator[Thing]:
    for found in DRESSED.finditer(text):
        colours = _colours_in(found["colours"])
        if colours and not negated(text, found.start()):
            whole = bool(found["all"] or THROUGHOUT.search(found[0]))
            yield Thing(
                "clothes", colours, found[0].strip(), "", False, False, (found["wearer"] or "").lower(),
                at=found.start(), whole=whole,
            )  # fmt: skip
