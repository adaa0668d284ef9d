"""Who wears what is told of: one and the same person in two texts, or perhaps another."""

import re
from functools import lru_cache

from captioners._gates.prose import is_plural, singular
from captioners._gates.words import Words, one_of
from captioners._gates.words_colour import NO_WEARER, PEOPLE
from captioners._gates.words_coloured import (
    BYSTANDERS,
    GENERIC,
    GENERIC_MEN,
    GENERIC_WOMEN,
    MEN,
    ROLES,
    WOMEN,
)

_MEN = r"(?:men|women|children|gentlemen|ladies|babies)"
PERSON = Words(
    rf"\b(?:(?:{one_of(GENERIC | ROLES)})s?|[a-z]{{3,10}}(?:wom[ae]n|m[ae]n)"
    rf"|(?!(?:re|per|as|con|in|de)s?ist)[a-z]{{3,12}}(?:ist|smith|keeper|maker)s?|{_MEN})\b"
)
OTHER = Words(
    rf"\b(?:(?:another|second|other) (?:[\w-]{{1,15}} ){{0,2}}?(?:{PERSON.pattern.pattern}|one)\b"
    r"|another(?: [a-z]{3,12}s\b|[.,;])|each other\b|whose\b"
    r"|both (?!(?:his|her|its|the)? ?(?:hands|arms|feet|legs|sides|fists|palms|ends|eyes|wheels|thumbs)\b))"
)
HE = Words(r"\b(?:he|his|him)\b")
SHE = Words(r"\b(?:she|her|hers)\b")
BEFORE = frozenset(("his", "her", "their", "its"))
BEGINNING = Words(
    r"(?:an?|the) (?:[\w-]{2,15} ){0,3}?(?P<noun>[a-z]{3,15})(?= (?:in|with|wearing|who|on|at"
    r"|dressed|[a-z]{2,12}s)\b|,)"
)
NOBODY, UNKNOWN = "", "?"
ARTICLES = frozenset(("a", "an", "one", "the", "his", "her", "their", "its"))


@lru_cache(64)
def alone(text: str) -> str | None:
    """The only person of a text, NOBODY where it names none; None where there may be more."""
    if OTHER.search(text) or (HE.search(text) and SHE.search(text)):
        return None
    introduced: set[str] = set()
    again: set[str] = set()
    for found in PERSON.finditer(text):
        word = found[0].lower()
        before = text[max(0, found.start() - 40) : found.start()].lower().split()[-4:]
        if word in BYSTANDERS:
            continue
        if is_plural(word) or word in ("men", "women", "children"):
            if not introduced or singular(word) in introduced:
                return None
            continue
        if before[-1:] == ["and"]:
            return None
        article = next((one for one in reversed(before) if one in ARTICLES), "")
        if article in BEFORE:
            return None
        name = singular(word)
        if article in ("a", "an", "one", "") and (name not in introduced or article):
            if introduced:
                return None
            introduced.add(name)
        else:
            again.add(name)
    named = introduced or again
    if len(named) > 1 or any(name not in GENERIC for name in again - named):
        return None
    if named and not all(alike(name, next(iter(named))) for name in again):
        return None
    return next(iter(named), NOBODY) or _first(text)


def _first(text: str) -> str:
    """What a text begins with where no person is known in it: `a flautist in`, `a teddy bear wearing`."""
    found = BEGINNING.match(text)
    return f"{UNKNOWN}{found['noun'].lower()}" if found else NOBODY


def alike(one: str, other: str) -> bool:
    """Whether both names may be somebody's: `skier` and `woman`, and not `bride` and `man`."""
    if (_male(one) and _female(other)) or (_male(other) and _female(one)):
        return False
    if one.startswith(UNKNOWN) or other.startswith(UNKNOWN):
        return one == other
    return one in GENERIC or other in GENERIC or one.endswith(other) or other.endswith(one)


def _male(name: str) -> bool:
    return name in GENERIC_MEN or name in MEN or (name.endswith("man") and not name.endswith("woman"))


def _female(name: str) -> bool:
    return name in GENERIC_WOMEN or name in WOMEN or name.endswith("woman")


def his_own(article: str, person: str) -> bool:
    """Whether a person's thing may have that word before it."""
    if article == "his":
        return not _female(person)
    return article != "her" or not _male(person)


@lru_cache(512)
def owner(text: str, at: int) -> str:
    """Whose clothes they may be: the only person, or the last one named before."""
    everyone = set(_people_of(text)) - {"person", "other"}
    if len(everyone) == 1:
        return everyone.pop()
    people = _people_of(text[max(0, at - 120) : at])
    return people[-1] if people else ""


def people_told(text: str) -> int:
    """How many people may wear something: `people` below and `others` wear nothing that is told."""
    return len(set(_people_of(text)) - {"person", "other"})


@lru_cache(512)
def _people_of(text: str) -> list[str]:
    return [singular(found[0].lower()) for found in PEOPLE.finditer(text)]


def one_wearer(noun: str, *texts: str) -> bool:
    """Whether each text knows one of them: a vendor, and not a man, of whom there are others."""
    if is_plural(noun) or noun in NO_WEARER:
        return False
    again = re.compile(
        rf"\b(?:(?:an?|one|another|other|second|each|every) (?:[\w-]+ ){{0,2}}?{re.escape(noun)}|"
        rf"{re.escape(noun)}s)\b",
        re.IGNORECASE,
    )
    return all(len(again.findall(text)) < 2 for text in texts)
