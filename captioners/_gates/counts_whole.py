"""Counts of all there are, told twice: again in one text, by the name of a kind, and behind the subject."""

from collections.abc import Mapping

from captioners._gates.counted import Count, Text, counted, lemma, number_at
from captioners._gates.words_count import CHANGES, NUMBERS, ORDINALS, OTHERS, PARTS
from captioners._gates.words_kinds import KINDS, PEOPLE, kin

OF_SOME_KIND = frozenset(KINDS).union(*KINDS.values())


def again(text: Text) -> str | None:
    """`Six horses gallop …. All four horses slow`: who has all of them knows how many they are."""
    if "all" not in text.tokens or CHANGES.search(text.text) or OTHERS.search(text.text):
        return None
    for at, token in enumerate(text.tokens[:-2]):
        number = NUMBERS.get(text.tokens[at + 1])
        if token != "all" or number is None:
            continue
        noun = lemma(text.tokens[at + 2])
        if any(
            count.number == number for member in kin(noun) - {noun} for count in text.counts.get(member, ())
        ):
            # `Eight huskies …. The two lead dogs look back, and all eight dogs pull.`
            continue
        told = text.counts.get(noun, [])
        before = [count for count in told if count.number > 1 and count.number != number]
        if not before or text.tokens[at - 1] in PARTS:
            continue
        # `A foal follows`, `the fourth comes after them`.
        if len(before) == 1 and _alone(noun, text) and ORDINALS.keys().isdisjoint(text.tokens):
            counted = " ".join(text.tokens[at : at + 3])
            return f"{text.name} has '{before[0].words}' and '{counted}'"
    return None


def _alone(noun: str, text: Text) -> bool:
    """Whether no other of its kind is there: a foal beside horses."""
    return KINDS.get(noun, frozenset()).isdisjoint(text.tokens) and noun not in text.tokens


def exactly(texts: Mapping[str, Text]) -> str | None:
    """`Just three windows` in one text and `eight windows` in another: who says so has counted them all."""
    steady = [
        text for text in texts.values() if not CHANGES.search(text.text) and not OTHERS.search(text.text)
    ]
    for text in steady:
        for at, token in enumerate(text.tokens[:-2]):
            number = number_at(text.tokens, at + 1) if token in ("exactly", "just", "precisely") else None
            found = counted(text.tokens, at + 1, number) if number else None
            for noun in found[0] if found and len(text.counts.get(found[0][0], ())) == 1 else ():
                for other in steady:
                    told = other.counts.get(noun, []) if other is not text else []
                    if found and len(told) == 1 and told[0].number not in (1, number):
                        return f"{text.name} has '{token} {found[1]}' and {other.name} '{told[0].words}'"
    return None


def of_one_kind(one: Text, other: Text) -> str | None:
    """`Two people` and `four cyclists climb`: what both texts begin with is the same."""
    ours, theirs = _first(one), _first(other)
    if ours is None or theirs is None or ours[1].number == theirs[1].number or ours[0] == theirs[0]:
        return None
    few, many = sorted((ours, theirs), key=lambda told: told[1].number)
    for kind, members in KINDS.items():
        everyone = members | {kind}
        if ours[0] not in everyone or theirs[0] not in everyone:
            continue
        # Two of four people may be men; no four men are two people.
        if few[0] != kind and not (kind == "person" and few[0] in PEOPLE and many[0] not in PEOPLE):
            continue
        if _more_of_kind(one, everyone, ours[0]) or _more_of_kind(other, everyone, theirs[0]):
            continue
        if any(words.search(text.text) for text in (one, other) for words in (CHANGES, OTHERS)):
            return None
        return f"{one.name} has '{ours[1].words}' and {other.name} '{theirs[1].words}'"
    return None


def _first(text: Text) -> tuple[str, Count] | None:
    """The noun, of those that have a kind, by whose number the text begins."""
    found = [
        (noun, count)
        for noun, counts in text.counts.items()
        if noun in OF_SOME_KIND
        for count in counts
        if count.first
    ]
    return found[0] if len(found) == 1 and found[0][1].number > 1 else None


def _more_of_kind(text: Text, nouns: frozenset[str], but: str) -> bool:
    """Whether the text has any of that kind beside those: `two men and a girl`."""
    return len(text.counts[but]) > 1 or any(lemma(token) in nouns - {but} for token in text.tokens)


def behind(background: Text, dense: Text, subject: Text, action: Text) -> str | None:
    """`Three windmills` behind a farmer and `the only windmill`: neither text has others of these things."""
    if background.counts.keys().isdisjoint(dense.counts):
        return None
    if any(words.search(text.text) for text in (background, dense) for words in (CHANGES, OTHERS)):
        return None
    for noun, counts in background.counts.items():
        told = dense.counts.get(noun, [])
        if len(counts) != 1 or len(told) != 1 or counts[0].number == told[0].number:
            continue
        if noun in KINDS["person"] or noun in {lemma(word) for word in (*subject.tokens, *action.tokens)}:
            continue
        least = min(counts[0].number, told[0].number)
        only = told[0].words.startswith("only")
        if (least > 1 or only) and not (counts[0].adjectives - told[0].adjectives and told[0].adjectives):
            return f"{background.name} has '{counts[0].words}' and {dense.name} '{told[0].words}'"
    return None
