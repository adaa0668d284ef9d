"""What a text begins with: the persons or things that it is about, and how many they are."""

import re
from dataclasses import dataclass
from functools import lru_cache

from captioners._gates.counted import Text, beginning, counted, lemma, number_at, plural
from captioners._gates.prose import RECENT
from captioners._gates.words import any_of, names
from captioners._gates.words_count import ABOUT, ALONE, GROUPED, GROUPS, NUMBERS, PARTS, STOP, UNITS
from captioners._gates.words_kinds import PEOPLE, ROLES, over

MULTIPLETS = {"twins": 2, "triplets": 3, "quadruplets": 4, "quintuplets": 5}
DETERMINERS = names("a an one the his her their")
MANY = names("dozens hundreds scores thousands")
ENSEMBLES = names("string jazz brass piano rock wind folk bluegrass saxophone chamber")
"""Before `quartet`: its members make music."""
SOLITUDE = any_of(
    r"(?<!let )(?<!left )alone", r"by (?:him|her|it)self", r"on (?:his|her|its) own",
    r"(?:nobody|no[ -]one) else",
    r"no other (?:\w{1,20} ){0,2}?(?:is|can|in|on|at|around|near|nearby|within|anywhere)",
    r"without (?:a |any )?(?:partner|companions?|company)", r"nothing else",
)  # fmt: skip
"""Who or what the text begins with is all there is of its kind."""


@dataclass(frozen=True)
class Lead:
    number: int | None
    """None: several, and not how many."""
    nouns: tuple[str, ...]
    """In the singular; which of them is the noun, the other text knows."""
    words: str
    start: int
    end: int
    """Behind its last token."""
    alone: bool = False
    """Whether the text says that there is no other."""
    bare: bool = False
    """`A couple`, `a trio`: of whom, it does not say."""
    many: bool = False
    """`Dozens of`."""
    parts: frozenset[str] = frozenset()
    """`A man and two boys` are three persons: men and boys."""


@lru_cache(RECENT)
def lead(text: Text) -> Lead | None:
    tokens, at = text.tokens, beginning(text.tokens)
    while at < len(tokens) and tokens[at] in ("all", "just", "exactly", "these", "those"):
        at += 1
    if at < len(tokens) - 1 and tokens[at] in ABOUT:
        return _several(tokens, at + 1)
    if at >= len(tokens) or tokens[at] in PARTS:
        return None
    alone = SOLITUDE.search(text.text) is not None
    return (
        _company(tokens, at)
        or _group(tokens, at)
        or _number(tokens, at)
        or _single(tokens, at, alone)
        or _several(tokens, at)
    )


def _company(tokens: list[str], at: int) -> Lead | None:
    """`A man and two boys`, where more than one kind of person is named in a row."""
    total, place, parts, last = 0, at, set(), False
    while (found := _person(tokens, place)) is not None:
        number, noun, place = found
        total += number
        parts.add(noun)
        if last or tokens[place : place + 1] not in ([","], ["and"]):
            break
        place += tokens[place] == "," and tokens[place + 1 : place + 2] == ["and"]
        last = tokens[place] == "and"
        place += 1
    # `Three people, two women and a man` are three.
    twice = any(over(one, other) for one in parts for other in parts)
    if found is None or len(parts) < 2 or not last or twice:
        return None
    return Lead(total, ("person",), " ".join(tokens[at:place]), at, place, bare=True, parts=frozenset(parts))


def _person(tokens: list[str], at: int) -> tuple[int, str, int] | None:
    """How many of whom a row names at this place, and where it goes on."""
    if at < len(tokens) - 1 and tokens[at] in ("his", "her", "their") and tokens[at + 1] in NUMBERS:
        at += 1
    if at >= len(tokens) or not (tokens[at] in DETERMINERS or tokens[at] in NUMBERS):
        return None
    number = NUMBERS.get(tokens[at], 1)
    for place in range(at + 1, min(at + 5, len(tokens))):
        token = tokens[place]
        if token in STOP or not token[0].isalnum():
            return None
        noun = lemma(token)
        if noun in PEOPLE | ROLES and plural(token) == (number > 1):
            return number, noun, place + 1
    return None


def _group(tokens: list[str], at: int) -> Lead | None:
    """`A young couple`, `a string quartet`, `twin girls`, `a pair of swans`."""
    start = at + (tokens[at] in ("a", "an", "the"))
    for place in range(start, min(start + 3, len(tokens))):
        token = tokens[place]
        behind = tokens[place + 1 : place + 2]
        if token in STOP or not token[0].isalnum():
            return None
        if token == "twin" and behind and lemma(behind[0]) in PEOPLE | ROLES and plural(behind[0]):
            return Lead(2, (lemma(behind[0]),), f"twin {behind[0]}", at, place + 2, bare=True)
        if token in MULTIPLETS:
            return Lead(MULTIPLETS[token], (token[:-1],), token, at, place + 1, bare=True)
        if token in GROUPED and place > at:
            words = " ".join(tokens[at : place + 1])
            if behind != ["of"]:
                noun = "musician" if tokens[place - 1] in ENSEMBLES or token in ("quartet", "quintet") else ""
                noun = noun or ("person" if token == "couple" else "")
                return Lead(NUMBERS[token], (noun,), words, at, place + 1, bare=True)
            return _number(tokens, place, at)
    return None


def _number(tokens: list[str], at: int, start: int | None = None) -> Lead | None:
    first = at if start is None else start
    if start is None:
        at += tokens[at] in ("the", "a", "an", "only")
        at += at < len(tokens) and tokens[at] == "only"
        group = next((place for place in range(at, min(at + 3, len(tokens))) if tokens[place] == "of"), None)
        if group and tokens[group - 1] in GROUPS:
            at = group + 1
    if at >= len(tokens):
        return None
    number = number_at(tokens, at)
    if number is None or number < 2 or tokens[at - 1 : at] in (["about"], ["around"]):
        return None
    found = counted(tokens, at, number)
    return Lead(number, tuple(found[0]), found[1], first, found[3]) if found else None


def _single(tokens: list[str], at: int, alone: bool) -> Lead | None:
    start = at + (tokens[at] in ("a", "an", "one", "1", "the", "this"))
    only_one = tokens[start : start + 1] == ["only"]
    if only_one and number_at(tokens, start) != 1:
        return None
    alone = alone or only_one or not ALONE.isdisjoint(tokens[start : start + 2])
    if start == at and tokens[at] not in ALONE:
        return None
    phrase: list[str] = []
    for token in tokens[start : start + 6]:
        if token in STOP or token in NUMBERS or not token[0].isalnum():
            break
        phrase.append(token)
    end = next(
        (place for place, token in enumerate(phrase) if token.endswith("s") and plural(token)), len(phrase)
    )
    # A plural noun is not what `a` begins with, but a verb may look like one: `a monk sweeps`.
    nouns = tuple(lemma(token) for token in phrase[:end] if token not in ALONE)
    if not nouns or any(noun in GROUPS or noun in GROUPED for noun in nouns):
        return None
    return Lead(1, nouns, " ".join(tokens[at : start + end]), at, start + end, alone=alone)


def _several(tokens: list[str], at: int) -> Lead | None:
    """`Striped balloons drift`, `a flock of sheep`, `dozens of people`."""
    start, many = at, False
    for place in range(at, min(at + 4, len(tokens) - 1)):
        if tokens[place + 1] == "of" and (tokens[place] in GROUPS or tokens[place] in MANY):
            start, many = place + 2, tokens[place] in MANY
            break
    start += tokens[start : start + 1] == ["the"]
    start += start < len(tokens) and tokens[start] in NUMBERS and start > 0
    for place in range(start, min(start + 5, len(tokens))):
        token = tokens[place]
        if token in STOP or token in NUMBERS or not token[0].isalnum():
            return None
        if plural(token):
            noun = lemma(token)
            words = " ".join(tokens[at : place + 1])
            return None if noun in UNITS else Lead(None, (noun,), words, at, place + 1, many=many)
    return None


def only(text: Text) -> Lead | None:
    """`It is the only vessel in sight`."""
    for at, token in enumerate(text.tokens[:-1]):
        if token == "only" and at and text.tokens[at - 1] == "the" and number_at(text.tokens, at) == 1:
            found = counted(text.tokens, at, 1)
            if found:
                return Lead(1, tuple(found[0]), "the " + found[1], at, found[3], alone=True)
    return None


def singulars(text: Text) -> frozenset[str]:
    """Nouns behind `a`, `one` or `the`, as far as they can be told."""
    found: set[str] = set()
    for at, token in enumerate(text.tokens):
        if token in ("a", "an", "one", "the", "another", "his", "her", "its"):
            for word in text.tokens[at + 1 : at + 5]:
                if word in STOP or not word[0].isalpha():
                    break
                found.add(lemma(word) if not word.endswith("s") else word)
    return frozenset(found)


NEGATED = re.compile(
    r"\b(?:no other|without (?:a |any )?|(?:nobody|no[ -]one|nothing) else|(?:invisible|imaginary|unseen)) ?"
    r"(?:partner|companions?|company|others?|people|person)?\b",
    re.IGNORECASE,
)
"""Others who are not there."""
