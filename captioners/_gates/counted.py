"""What a text counts: nouns, and the numbers that it has of each."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

from captioners._gates.prose import is_plural, singular, unquoted
from captioners._gates.words import names
from captioners._gates.words_count import (
    ABOUT,
    ALONE,
    EACH_OTHER,
    GROUPED,
    GROUPS,
    LATIN,
    NUMBERS,
    PAIRED,
    PARTS,
    RESTRICTING,
    STOP,
    SYNONYMS,
    UNITS,
)

WORDS = 4096
"""Words whose singular is remembered."""
FRAMES = names("video clip scene footage image camera shot frame view close-up film animation sequence")
SHOWING = names("shows features depicts captures opens begins starts follows presents tracks of")
"""`The video shows`, `a wide shot of`: what is behind it is shown."""
BESIDE = [[word] for word in ("beside", "behind", "who", "that", "nearest", "closest", "near", "next")]
ROBOTIC = names("robot robotic mechanical")
"""Before `arms`, which are no parts of a body then."""
PREPOSITIONS = names(
    "in on at under along across near beside inside around over by from behind with as during against "
    "above below beneath between amid atop outside through within before after while"
)
TOKEN = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*|[.,;:!?()–—]")


@dataclass(frozen=True)
class Count:
    number: int
    words: str
    adjectives: frozenset[str]
    first: bool = False
    """Whether the text begins with it: it is all that the text is about."""


@dataclass(frozen=True, eq=False)
class Text:
    """What one field counts. It is known by itself and not by what is in it, so that what follows from it is
    worked out once."""

    name: str
    text: str
    counts: dict[str, list[Count]]
    """Noun in the singular -> its numbers."""
    plurals: frozenset[str]
    """Nouns in the plural, counted or not, in the singular."""
    tokens: list[str]


def read(name: str, raw: str) -> Text:
    text = EACH_OTHER.sub(" ", unquoted(raw))
    tokens = TOKEN.findall(text.lower())
    plurals = frozenset(lemma(token) for token in tokens if plural(token))
    return Text(name, text, counts_of(tokens), plurals, tokens)


@lru_cache(WORDS)
def lemma(noun: str) -> str:
    one = LATIN.get(noun) or singular(noun)
    return SYNONYMS.get(one, one)


@lru_cache(WORDS)
def plural(word: str) -> bool:
    return word in LATIN or is_plural(word)


def counts_of(tokens: list[str]) -> dict[str, list[Count]]:
    """Noun in the singular -> its numbers."""
    found: dict[str, list[Count]] = defaultdict(list)
    uncounted: set[str] = set()
    taken = 0
    start = beginning(tokens)
    for at, token in enumerate(tokens):
        number = number_at(tokens, at)
        if number is not None and not _of_a_part(tokens, at) and (told := counted(tokens, at, number)):
            nouns, words, adjectives, taken = told
            if at - start > 1 and tokens[at - 1] == "the" and tokens[taken : taken + 1] in BESIDE:
                # `The two women beside her`: of those who are there.
                continue
            for noun in nouns:
                # `Women stroll. Two women wave.`: two of them.
                if noun in found or noun not in uncounted:
                    found[noun].append(Count(number, words, adjectives, 0 <= at - start <= 1))
        elif at >= taken and plural(token):
            uncounted.add(lemma(token))
    return dict(found)


def beginning(tokens: list[str]) -> int:
    """Where the text comes to what it is about: behind `in a garden,` and `the video shows`."""
    at = 0
    if tokens[:2] in (["there", "is"], ["there", "are"], ["we", "see"]):
        return 2
    frame = next((place for place, token in enumerate(tokens[:6]) if token in SHOWING), 0)
    if frame and any(token in FRAMES for token in tokens[:frame]) and tokens[0] in ("a", "an", "the", "this"):
        at = frame + 1
        at += at < len(tokens) and tokens[at] in ("with", "on", "as")
    if at < len(tokens) and tokens[at] in PREPOSITIONS:
        for place in range(at + 1, min(at + 16, len(tokens) - 1)):
            token, before = tokens[place], tokens[place - 1]
            if token == ",":
                return place + 1
            if token == ".":
                break
            if token in ("sit", "stand", "lie", "hang", "sits", "stands", "lies", "hangs"):
                return place + 1
            counts = token in NUMBERS or (token == "the" and tokens[place + 1] in NUMBERS)
            if counts and place > at + 2 and before not in STOP and before not in NUMBERS:
                # `On a beach two dogs run`
                return place
    return at


def number_at(tokens: list[str], at: int) -> int | None:
    token, before = tokens[at], tokens[at - 1] if at else ""
    if token in ALONE or (token == "only" and before == "the" and _without_a_rest(tokens, at)):
        return 1
    if token in ("one", "1") and before not in ("the", "this", "that", "each", "every", "another", "only"):
        return 1
    if token in GROUPED and (before not in ("a", "the") or tokens[at + 1 : at + 2] != ["of"]):
        return None
    if token == "dozen":
        return {"a": 12, "half-a": 6}.get(before)
    return NUMBERS.get(token)


def _without_a_rest(tokens: list[str], at: int) -> bool:
    """`The only windmill turns`, and not `the only man in a hat`, `the only dog that barks`."""
    if tokens[at + 1 : at + 2] == ["one"]:
        return False
    behind = next(
        (
            place
            for place in range(at + 1, min(at + 5, len(tokens)))
            if tokens[place] in STOP or not tokens[place][0].isalnum()
        ),
        len(tokens),
    )
    word, after = [*tokens[behind : behind + 2], "", ""][:2]
    return word not in RESTRICTING or (word in ("in", "on") and after in ("the", "sight", "view"))


def _of_a_part(tokens: list[str], at: int) -> bool:
    """Whether the number counts a part, or others, or not exactly."""
    before = tokens[at - 1] if at else ""
    two_before = tokens[at - 2] if at > 1 else ""
    if before == "the" and two_before == "of" and at > 2:
        # `Both of the two`, `all of the five`: the whole.
        return tokens[at - 3] not in ("both", "all")
    if before == "of":
        return two_before not in GROUPS and not two_before.startswith("consist")
    if before in ("to", "by", "and", ","):
        # `two to three`, `two by two`
        if two_before in NUMBERS or (before == "by" and not two_before.endswith(("ed", "en"))):
            return True
        return two_before == "joined"
    if before in PARTS or before in ABOUT:
        return True
    return two_before in ("other", "of") and tokens[at] != "both" and tokens[at] not in GROUPED


def counted(tokens: list[str], at: int, number: int) -> tuple[list[str], str, frozenset[str], int] | None:
    """The nouns that may be what is counted, the words, the adjectives, and the place behind."""
    start = at + 1 + (tokens[at] in GROUPED)
    phrase: list[str] = []
    for token in tokens[start : start + 5]:
        if not token[0].isalnum() or token in STOP or token in NUMBERS:
            break
        if token in PARTS:
            if token == "rest" and phrase and plural(phrase[-1]):
                # `Two camels rest`
                break
            return None
        phrase.append(token)
    plurals = [place for place, token in enumerate(phrase) if plural(token)]
    if number == 1:
        # Which of the next words is the noun is known from the other text.
        phrase = phrase[: min(plurals[0] if plurals else 3, 3)]
        nouns = [lemma(token) for token in phrase]
        head = len(phrase)
    else:
        if not plurals:
            return None
        head = plurals[0] + 1
        # `sports cars`, but `a herd of nine horses thunders`: the other text knows which one is the noun.
        while head < len(phrase) and plural(phrase[head]):
            head += 1
        nouns = [lemma(token) for token in phrase[plurals[0] : head]]
    if tokens[at] == "pair" and nouns and phrase[head - 1] in PAIRED:
        return None
    if nouns[-1:] == ["cup"] and tokens[start + head : start + head + 1] == ["of"]:
        # Of flour, in a recipe.
        return None
    if ROBOTIC.intersection(phrase[: head - 1]) and nouns[-1:] == ["arm"]:
        nouns = ["robot-arm"]
    if not nouns or ((number != 1 or len(nouns) == 1) and nouns[-1] in UNITS) or nouns[0] in UNITS:
        return None
    words = " ".join(tokens[at : at + 1] + phrase[:head])
    return nouns, words, frozenset(phrase[: head - 1]), start + head
