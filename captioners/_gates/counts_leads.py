"""Counts of what two texts begin with: other words for the same, and one alone against several."""

import re
from collections.abc import Mapping

from captioners._gates.counted import Text, lemma, plural
from captioners._gates.leads import NEGATED, Lead, lead, only, singulars
from captioners._gates.words import names
from captioners._gates.words_count import CHANGES, COMPANIONS, GROUPS, MIRRORED, OTHERS, UNITS, VAGUE
from captioners._gates.words_kinds import CROWDS, by_trade, kin, may_be, over, same

PAIRS = (
    ("subject", "dense"), ("subject", "short"), ("dense", "short"), ("action", "dense"),
    ("subject", "action"), ("action", "short"),
)  # fmt: skip
PARTNERS = names("man woman boy girl bride groom husband wife partner lover")
"""Of whom a couple is."""
TOGETHER = names("they them their theirs both together pair two duo couple each either neither latter")
"""Words for more than one."""
UNCHANGED = frozenset(
    ("sheep", "fish", "deer", "aircraft", "salmon", "trout", "squid", "bison", "moose", "goldfish")
)
"""Their plural is their singular."""


def of_leads(texts: Mapping[str, Text]) -> str | None:
    for first, second in PAIRS:
        one, other = texts[first], texts[second]
        ours, theirs = lead(one), lead(other)
        if ours is None or theirs is None or changing(one) or changing(other):
            continue
        for mine, text, yours, another in ((ours, one, theirs, other), (theirs, other, ours, one)):
            sole = only(text)
            if sole and _alone(sole, text, yours, another):
                return f"{text.name} has '{sole.words}' and {another.name} '{yours.words}'"
            if (
                _fewer(mine, text, yours, another, texts)
                or _alone(mine, text, yours, another)
                or _one(mine, text, yours, another, lead(texts["short"]))
            ):
                return f"{text.name} has '{mine.words}' and {another.name} '{yours.words}'"
    return None


def changing(text: Text) -> bool:
    plain = NEGATED.sub(" ", text.text)
    return CHANGES.search(plain) is not None or OTHERS.search(plain) is not None


def _same_ones(ours: Lead, theirs: Lead) -> tuple[str, str] | None:
    """The nouns by which both may mean the same persons or things."""
    for mine in ours.nouns:
        for yours in theirs.nouns:
            if mine == "" or yours == "":
                return mine or yours, yours or mine
            if may_be(mine, yours):
                return mine, yours
    return None


def _fewer(few: Lead, text: Text, many: Lead, other: Text, texts: Mapping[str, Text]) -> bool:
    """`Three sisters` and `two girls`, `a trio` and `four musicians`."""
    if few.number is None or few.number < 2:
        return False
    if many.number is None:
        return many.many and few.number < 13 and _same_ones(few, many) is not None
    couple = "couple" in few.words and not few.bare
    if few.number >= many.number or (couple and many.number == 3):
        return False
    found = _same_ones(few, many)
    if found is None or (found[0] == found[1] and not (few.bare or many.bare)):
        return False
    mine, yours = found
    if text.name == "short" and over(yours, mine):
        # `Four people`, and in short the two women among them.
        return False
    with_a_child = few.bare and few.number == 2 and many.parts and not few.parts
    if with_a_child or any(_told(other, many, part) for part in few.parts - many.parts):
        # `A couple`, and their child with them.
        return False
    if any(MIRRORED.search(one.text) for one in (text, other)) and many.number == 2 * few.number:
        return False
    trade = same(mine, yours) and by_trade(mine) and by_trade(yours)
    if not trade and _besides(text, few, mine, not same(mine, yours)):
        return False
    if mine in many.parts or any(
        noun != mine and same(noun, mine) and each is not other
        for each in texts.values()
        for noun in each.counts
    ):
        # `Two kayakers and two canoeists` are four paddlers.
        return False
    return mine == "" or not _told(other, many, mine)


def _alone(one: Lead, text: Text, many: Lead, other: Text) -> bool:
    """`A lone worker` and `two men`, `a single balloon` and `balloons, dozens of them`."""
    if not one.alone or one.number != 1 or many.number == 1:
        return False
    found = _same_ones(one, many)
    if found is None:
        return False
    trade = "only" in one.words.split() and by_trade(found[0]) and same(*found)
    if (not trade and _besides(text, one, found[0], True)) or TOGETHER & set(_rest(text, one)) & {
        "they",
        "both",
    }:
        return False
    if many.number is None and (many.bare or not same(*found)):
        return False
    nouns = {found[0], found[1]} if not over("person", found[0]) else {found[0]}
    return nouns.isdisjoint(singulars(other)) and not any(
        count.number > 1 for count in text.counts.get(found[0], ())
    )


def _one(one: Lead, text: Text, many: Lead, other: Text, short: Lead | None) -> bool:
    """`A monk sweeps` where the subject is two monks: the text has no second one, and no word for both."""
    if one.number != 1 or many.number is None or many.number < 2 or text.name != "dense":
        return False
    found = _same_ones(one, many)
    if found is None or found[1] == "" or not same(*found) or _together(text):
        return False
    if any(count.number > 1 for noun in found for count in text.counts.get(noun, ())) or any(
        VAGUE.search(each.text) for each in (text, other)
    ):
        return False
    if found[0] in {lemma(token) for token in text.tokens if plural(token)} - UNCHANGED:
        return False
    rest = _rest(text, one)
    if {"one", "ones", "other", "first", "second", "third"} & set(rest):
        return False
    again = any(
        token in ("a", "an") and found[0] in text.tokens[at + 1 : at + 5]
        for at, token in enumerate(text.tokens)
        if at >= one.end
    )
    # `One goalkeeper …. The goalkeeper dives`, and in short `a goalkeeper`: others there are not called so.
    definite = any(pair == ("the", found[0]) for pair in zip(text.tokens, text.tokens[1:], strict=False))
    agreed = short is not None and short.number == 1 and found[0] in short.nouns
    unique = by_trade(found[0]) and definite and agreed
    return not again and (unique or not _besides(text, one, found[0], True))


def _together(text: Text) -> bool:
    """Whether a word tells of more than one; `both fists` are of one."""
    return any(
        token in TOGETHER and lemma(after) not in UNITS
        for token, after in zip(text.tokens, [*text.tokens[1:], "."], strict=True)
    )


def _rest(text: Text, told: Lead) -> list[str]:
    return text.tokens[: told.start] + text.tokens[told.end :]


def _besides(text: Text, told: Lead, noun: str, crowds: bool) -> bool:
    """Whether any of its kind may be there beside those that the text begins with."""
    plain = NEGATED.sub(" ", text.text)
    if COMPANIONS.search(plain[len(told.words) :] if told.start == 0 else plain):
        return True
    words = frozenset(map(lemma, re.findall(r"[\w-]+", plain.lower())))
    beside = frozenset(map(lemma, _rest(text, told))) & words
    if crowds and not CROWDS.isdisjoint(beside):
        return True
    if told.number == 1 and not GROUPS.isdisjoint(
        beside & {"herd", "flock", "pack", "group", "crowd", "team", "swarm"}
    ):
        return True
    parts = PARTNERS if told.bare else frozenset()
    return any(
        not same(word, noun) and not over(word, noun) and word not in parts for word in beside & kin(noun)
    )


def _told(text: Text, but: Lead, noun: str) -> bool:
    """Whether the text has that noun beside what it begins with."""
    return noun in map(lemma, _rest(text, but))
