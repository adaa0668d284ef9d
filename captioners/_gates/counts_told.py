"""Counts of those who were told of before: `all seven`, `both dogs`, `the five musicians`, `the pair`."""

from collections.abc import Mapping
from dataclasses import dataclass

from captioners._gates.counted import Text, lemma, plural
from captioners._gates.leads import NEGATED, SOLITUDE, Lead, lead
from captioners._gates.words import names
from captioners._gates.words_count import (
    CHANGES,
    GROUPED,
    NUMBERS,
    ORDINALS,
    OTHERS,
    PARTS,
    RESTRICTING,
    STOP,
    UNITS,
)
from captioners._gates.words_kinds import kin, over, same

PLACED = RESTRICTING | names(
    "at by near beside behind nearest closest from ahead above below farthest furthest across inside outside "
    "left next under over and or"
)
"""Behind `the two women`: those there, and not all."""
PARTED = names(
    "one other others first second third fourth fifth last each either rest half another remaining"
)
MOST = 12
"""As many are looked at, each against the whole text: no caption has more."""
DETERMINERS = names("the all these those exactly")


@dataclass(frozen=True)
class Whole:
    number: int
    noun: str
    """Empty: none, as in `all seven`."""
    words: str
    firm: bool
    """`All`, `both`: of those there are."""
    at: int


def again_told(texts: Mapping[str, Text]) -> str | None:
    dense = texts["dense"]
    for name in ("dense", "action"):
        text = texts[name]
        found = wholes(text)[:MOST]
        if not found:
            continue
        for about in ("dense", "subject", "short"):
            told = lead(texts[about])
            if told is None or told.number is None or told.number < 2:
                continue
            for whole in found:
                if text is texts[about] and whole.at < told.end:
                    continue
                if whole.number != told.number and _contradicts(
                    whole, text, told, texts[about], dense, texts
                ):
                    return f"{about} has '{told.words}' and {name} '{whole.words}'"
            break
    return None


def wholes(text: Text) -> list[Whole]:
    tokens, found = text.tokens, []
    for at, token in enumerate(tokens):
        before = tokens[at - 1] if at else ""
        if token == "both":
            number, start = 2, at
        elif token in NUMBERS and before in DETERMINERS and token != "dozen":
            number, start = NUMBERS[token], at - 1
            if before == "the" and at > 1 and tokens[at - 2] in ("of", "all"):
                if tokens[at - 2] == "of" and (at < 3 or tokens[at - 3] not in ("all", "both")):
                    continue
                start = at - 2
        else:
            continue
        place = at + 1
        if tokens[place : place + 1] == ["of"]:
            if tokens[place + 1 : place + 2] not in (["them"], ["the"], ["these"]):
                continue
            place += 2
        noun, end = ("", place) if token in GROUPED and place == at + 1 else _noun(tokens, place)
        bare_at = tokens[place] if place < len(tokens) else "."
        firm = token == "both" or "all" in tokens[start : start + 2] or before == "exactly"
        if noun is None or (not firm and tokens[end : end + 1] and tokens[end] in PLACED):
            continue
        if not noun and (bare_at in ("a", "the", "an", "his", "her", "its", "their") and token == "both"):
            continue
        if not noun and token == "both" and before not in ("", ".", ","):
            continue
        found.append(Whole(number, noun, " ".join(tokens[start:end]), firm, at))
    return found


def _noun(tokens: list[str], at: int) -> tuple[str | None, int]:
    """The noun behind a number; empty where there is none; None for what counts no persons or things."""
    for place in range(at, min(at + 3, len(tokens))):
        token = tokens[place]
        if token in STOP or token in NUMBERS or not token[0].isalnum():
            break
        if token in PARTS or token.isdigit():
            return None, at
        if plural(token):
            noun = lemma(token)
            return (None if noun in UNITS else noun), place + 1
    return "", at


def _contradicts(
    whole: Whole, text: Text, told: Lead, about: Text, dense: Text, texts: Mapping[str, Text]
) -> bool:
    plain = NEGATED.sub(" ", text.text)
    if any(words.search(each) for each in (plain, about.text) for words in (CHANGES, OTHERS)):
        return False
    noun = next((noun for noun in told.nouns if _names(whole.noun, noun)), None)
    if noun is None:
        return False
    numbers = [count.number for each in texts.values() for counts in each.counts.values() for count in counts]
    kind = kin(noun)
    mine = sum(
        count.number == whole.number and count.words.split()[0] in NUMBERS
        for counts in text.counts.values()
        for count in counts
        if counts
    )
    if mine > (1 if whole.noun else 0) or (not whole.noun and whole.number in numbers):
        return False
    mentioned = lead(text)
    rest = text.tokens if mentioned is None else text.tokens[: mentioned.start] + text.tokens[mentioned.end :]
    besides = {lemma(token) for token in rest} & kind
    others = {
        word for word in besides if not same(word, noun) and not over(word, noun) and word != whole.noun
    }
    if told.bare and (over(whole.noun, noun) or whole.noun == noun):
        # `A jazz trio: a pianist, a bassist, …. The four musicians` are all of those.
        others = {word for word in others if not over(whole.noun, word)}
    alone = SOLITUDE.search(text.text) is not None
    if (others and not alone) or _counted_again(text, noun, told.number, whole):
        return False
    if whole.number > (told.number or 0):
        return not any(ORDINALS.get(token, 0) > (told.number or 0) for token in text.tokens)
    if any(
        NUMBERS.get(token) == whole.number and before not in ("the", "all")
        for before, token in zip(text.tokens, text.tokens[1:], strict=False)
        if token not in ("both", "pair") and text.tokens[whole.at] != token
    ):
        # `Two of the kites tangle, and both children pull`
        return False
    adjectives = set(whole.words.split()[2:-1]) - set(told.words.split())
    if not whole.firm and whole.noun and adjectives - {"of", "them"}:
        # `Eight huskies run. The two lead dogs bark.`
        return False
    if not whole.firm and not (whole.noun and same(whole.noun, noun)) and not _opens(text, whole):
        return False
    return alone or PARTED.isdisjoint(plain.lower().replace(".", " ").replace(",", " ").split())


def _names(noun: str, told: str) -> bool:
    return noun in ("", told) or told == "" or same(noun, told) or over(noun, told)


def _opens(text: Text, whole: Whole) -> bool:
    """Whether a sentence begins with it."""
    return whole.at < 2 or text.tokens[whole.at - 2] == "."


def _counted_again(text: Text, noun: str, number: int | None, whole: Whole) -> bool:
    """`Two black horses and two white ones`, `a horse`: others than those that were told of."""
    counted = [
        count.number
        for each, counts in text.counts.items()
        if same(each, noun)
        for count in counts
        if count.number != whole.number and not count.words.startswith("both")
    ]
    return (
        len(counted) > 1
        or any(one != number for one in counted)
        or any(
            token in ("a", "an", "another") and lemma(text.tokens[at + 1]) == noun
            for at, token in enumerate(text.tokens[:-1])
        )
    )
