"""The one thing that a caption is of, and what is told later of its colour as a whole.

`An orange kitten`, and `the little grey cat`; `a white van`, and `the black of its paintwork`."""

import re
from functools import lru_cache
from typing import NamedTuple

from captioners._gates.coloured import TOKEN, Thing, named_by
from captioners._gates.colours_again import MEMBERS, introduced
from captioners._gates.prose import is_plural, singular
from captioners._gates.words import Words, one_of
from captioners._gates.words_colour import SAME
from captioners._gates.words_coloured import BODY_PARTS, COVERS, KIN, PATTERNED, SHADES

BEHIND_A_HEAD = Words(r"\b(?:on|in|at|by|near|inside|aboard|under|behind|before|beside|through|against|of)\b")
ENDS_A_HEAD = Words(r",|\b(?:with|who|that|which|painted|\w{3,12}ing|from|over|across|to|and|or|is|are)\b")
OF_ITSELF = frozenset(("the", "its"))


class Main(NamedTuple):
    noun: str
    colours: frozenset[str]
    words: str


def head(subject: str) -> str:
    """What the subject is about: a conductor, and not the tram, of `a conductor on a tram`."""
    preposition = BEHIND_A_HEAD.search(subject)
    return subject[: preposition.start()] if preposition else subject


def main(subject: str, things: list[Thing]) -> Main | None:
    """The animal, vehicle or building that the subject is, if it is one and of one colour."""
    phrase = head(subject)
    if end := ENDS_A_HEAD.search(phrase):
        if end[0].lower() in ("and", "or"):
            return None
        phrase = phrase[: end.start()]
    tokens = [token[0].lower() for token in TOKEN.finditer(phrase) if token[0][0].isalnum()]
    # `A yellow canary sings`.
    if len(tokens) > 1 and tokens[-1][-1] == "s" and tokens[-2] in MEMBERS:
        tokens.pop()
    if not tokens or is_plural(tokens[-1]) or singular(tokens[-1]) not in MEMBERS:
        return None
    if PATTERNED.search(subject) or any(thing.noun in BODY_PARTS for thing in things):
        return None
    colours = frozenset().union(
        *map(named_by, tokens), *({SHADES[one]} for one in tokens if one == "chestnut")
    )
    words = phrase.strip()
    if not colours:
        told = [thing for thing in things if thing.noun in COVERS or thing.noun == tokens[-1]]
        if len(told) != 1:
            return None
        colours, words = told[0].colours, told[0].words
    return Main(tokens[-1], colours, words) if len(colours) == 1 else None


def about(one: Main, things: list[Thing], text: str, texts: str) -> list[Thing]:
    """What the text tells of that thing's colour by another name, or by its fur or paint."""
    later, others = _names_of(one.noun)
    if re.search(rf"\b{re.escape(one.noun)}(?:e?s)\b", texts, re.IGNORECASE):
        return []
    if introduced(one.noun, text) > 1:
        # `A black horse grazes. A white horse stands behind a fence.`
        return []
    if _any_of(others).search(texts) or PATTERNED.search(text):
        return []
    if any(thing.noun in BODY_PARTS and thing.article in ("its", "his", "her") for thing in things):
        return []
    own = f"{one.noun}'s"
    found = []
    for thing in things:
        if thing.told_apart:
            continue
        if thing.noun in COVERS:
            if (
                thing.article == "its"
                or thing.article.replace("’", "'") == own
                or (thing.article.endswith("s") and singular(thing.article[:-2]) in later)
            ):
                found.append(thing)
        elif thing.noun in later and thing.article in OF_ITSELF and not thing.other:
            found.append(thing)
    return [thing for thing in found if len(thing.colours) == 1]


@lru_cache(1024)
def _names_of(noun: str) -> tuple[frozenset[str], frozenset[str]]:
    """Nouns by which it goes later, and those of others of its kind."""
    kinds = [(members.split(), later.split()) for members, later in KIN.values()]
    mine = [(members, later) for members, later in kinds if noun in members]
    later = {SAME.get(name, name) for _, names in mine for name in names} | {noun, SAME.get(noun, noun)}
    known = {name for _, names in mine for name in names} | later
    same = {noun, *(name for name, name_of in SAME.items() if name_of == SAME.get(noun, noun))}
    others = {name for members, _ in mine for name in members} - known - same
    return frozenset(later), frozenset(others)


@lru_cache(256)
def _any_of(others: frozenset[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{one_of(others or ('(?!)',))})(?:e?s)?\b", re.IGNORECASE)
