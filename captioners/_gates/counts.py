"""The gate on counts: the same things have the same number in every field."""

import re

from captioners._gates.counted import TOKEN, Count, Text, lemma, plural, read
from captioners._gates.counts_leads import of_leads
from captioners._gates.counts_nobody import nobody
from captioners._gates.counts_told import again_told
from captioners._gates.counts_whole import again, behind, exactly, of_one_kind
from captioners._gates.words_count import (
    ALONE,
    BEFORE_A_PART,
    CHANGES,
    COMPANIONS,
    MIRRORED,
    NUMBERS,
    ONES,
    ORDINALS,
    OTHERS,
    STOP,
    SYNONYMS,
    TAKEN,
    UNITS,
    VAGUE,
)
from captioners._gates.words_kinds import PEOPLE
from captioners.dialogue.schema import Fields

FIELDS = ("subject", "action", "dense", "short")


def count(fields: Fields) -> str | None:
    texts = {name: read(name, getattr(fields, name)) for name in FIELDS}
    ordered = list(texts.values())
    for at, one in enumerate(ordered):
        for other in ordered[at + 1 :]:
            for noun in one.counts:
                if (fault := _differ(noun, one, other)) and not _settled(noun, one, other, ordered):
                    return fault
    if fault := _people(texts["subject"], texts["short"]) or _people(texts["short"], texts["subject"]):
        return fault
    background = read("background", fields.background)
    if fault := _behind(background, texts["dense"], texts["subject"]):
        return fault
    if fault := again(texts["dense"]) or behind(
        background, texts["dense"], texts["subject"], texts["action"]
    ):
        return fault
    for first, second in (("subject", "dense"), ("subject", "short"), ("dense", "short")):
        if fault := of_one_kind(texts[first], texts[second]):
            return fault
    if (
        fault := of_leads(texts)
        or again_told(texts)
        or nobody(texts)
        or exactly({**texts, "background": background})
    ):
        return fault
    return _one_and_many({name: text.text for name, text in texts.items()}, texts)


def _differ(noun: str, one: Text, other: Text) -> str | None:
    if noun not in other.counts:
        return None
    ours, theirs = one.counts[noun], other.counts[noun]
    greatest = max(count.number for count in (*ours, *theirs))
    numbers, other_numbers = _numbers(ours, greatest), _numbers(theirs, greatest)
    if {count.number for count in ours} & {count.number for count in theirs}:
        return None
    if len(numbers) > 1 and len(other_numbers) > 1:
        return None
    # `two red cars and three blue cars` are five cars.
    ours_all = sum({count.words: count.number for count in ours}.values())
    theirs_all = sum({count.words: count.number for count in theirs}.values())
    if ours_all in other_numbers or theirs_all in numbers:
        return None
    for text, counts in ((one, numbers), (other, other_numbers)):
        if 1 in counts and (noun in text.plurals or _others_than(text, noun) or _one_of_them(text, noun)):
            return None
        if max(counts) < greatest and _taken(noun, max(counts), text):
            return None
        # Others than the greater number are no reason for it.
        if max(counts) < greatest and _more_of(noun, max(counts), text.tokens, greatest):
            return None
        if CHANGES.search(text.text) or (2 * max(counts) <= greatest and MIRRORED.search(text.text)):
            return None
    a, b = ours[0], theirs[0]
    if {a.number, b.number} == {2, 3} and "couple" in f"{a.words} {b.words}":
        # `A couple of` may be three.
        return None
    if min(len(ours), len(theirs)) == 1 and _told_apart(a, b):
        return None
    return f"{one.name} has '{a.words}' and {other.name} '{b.words}'"


def _numbers(counts: list[Count], greatest: int) -> set[int]:
    """Without `one` after the greatest number: `five camels …. One camel stops`. After a smaller one, the
    text may count parts."""
    found: set[int] = set()
    for count in counts:
        if count.number > 1 or greatest not in found:
            found.add(count.number)
    return found


def _settled(noun: str, one: Text, other: Text, texts: list[Text]) -> bool:
    """Whether some text tells of more of them than it counts, or has two numbers of them itself."""
    told = {count.number for text in (one, other) for count in text.counts[noun]}
    if max(told) >= 2 * min(told) and any(MIRRORED.search(text.text) for text in texts):
        return True
    return any(_both(noun, told, text) or _one_more(noun, text) for text in texts)


def _both(noun: str, told: set[int], text: Text) -> bool:
    counts = text.counts.get(noun, [])
    if not counts:
        return False
    numbers = _numbers(counts, max(told))
    all_of_them = sum({count.words: count.number for count in counts}.values())
    return (
        len(numbers) > 1
        or (all_of_them in told and all_of_them not in numbers)
        or (max(numbers) < max(told) and _more_of(noun, max(numbers), text.tokens, max(told)))
        or (noun in ("person", "child") and _in_parts(noun, text))
    )


def _one_more(noun: str, text: Text) -> bool:
    """`Two young women and an old woman`."""
    counts = text.counts.get(noun, [])
    return max((count.number for count in counts), default=0) > 1 and _with_an_article(noun, text)


def _with_an_article(noun: str, text: Text) -> bool:
    return any(
        token in ("a", "an", "another")
        and ALONE.isdisjoint(text.tokens[at + 1 : at + 2])
        and noun in _heads(text.tokens[at + 1 : at + 5])
        for at, token in enumerate(text.tokens)
    )


def _heads(tokens: list[str]) -> list[str]:
    """Singular nouns that an article before these words may belong to."""
    end = next(
        (at for at, token in enumerate(tokens) if token in STOP or not token[0].isalpha()), len(tokens)
    )
    return [SYNONYMS.get(token, token) for token in tokens[:end] if not plural(token)]


def _in_parts(noun: str, text: Text) -> bool:
    """`Two girls and two boys play. Two children laugh.`"""
    kinds = text.counts.keys() & (PEOPLE - {"person", "child"})
    return bool(kinds) and any(not count.first for count in text.counts.get(noun, []))


def _others_than(text: Text, noun: str) -> bool:
    """Whether `one` stands beside `the other`, `each` and the like."""
    if sum(count.words.startswith("one ") for count in text.counts[noun]) > 1:
        # `One worker paints, and one worker tapes the frames.`
        return True
    if COMPANIONS.search(text.text) or _with_an_article(noun, text):
        return True
    rest = text.text.lower()
    for count in text.counts[noun]:
        rest = rest.replace(count.words, " ")
    return any(not _of_another_kind(noun, found, rest) for found in ONES.finditer(rest))


def _of_another_kind(noun: str, found: re.Match[str], text: str) -> bool:
    """`With each exaggerated step`, `on one leg`: nothing is said of others of that noun."""
    if found[0] == "each":
        before = True
    elif found[0] == "one":
        before = text[: found.start()].rstrip().rpartition(" ")[2] in BEFORE_A_PART
    else:
        return False
    behind = TOKEN.findall(text[found.end() : found.end() + 60])[:4]
    return (
        before
        and bool(behind)
        and behind[0].isalpha()
        and behind[0] not in STOP
        and not behind[0].endswith(("s", "ly", "ing"))
        and behind[0] != "one"
        and noun not in map(lemma, behind)
    )


def _one_of_them(text: Text, noun: str) -> bool:
    """`They race, and one crew wins`, `a wave washes one tower away`: one of those that are not named."""
    single = any(count.first or not ALONE.isdisjoint(count.words.split()) for count in text.counts[noun])
    return not single and (text.name == "action" or "they" in text.tokens)


def _taken(noun: str, number: int, text: Text) -> bool:
    """`Takes two eggs from a carton of a dozen`."""
    return any(
        count.number == number and re.search(TAKEN + re.escape(count.words), text.text, re.IGNORECASE)
        for count in text.counts[noun]
    )


def _told_apart(one: Count, other: Count) -> bool:
    """Whether the adjectives may tell two groups apart: both have some, and share none."""
    return bool(one.adjectives and other.adjectives) and not one.adjectives & other.adjectives


def _more_of(noun: str, number: int, tokens: list[str], total: int) -> bool:
    """Whether others than those counted may be there: `another "
    "dog`, `a third one`, and not `another ball`."""
    for at, token in enumerate(tokens):
        ordinal = ORDINALS.get(token, 0)
        if not (ordinal > number or OTHERS.fullmatch(token)):
            continue
        behind = tokens[at + 1 : at + 4]
        if token == "other" and behind and NUMBERS.get(behind[0]) == number - 1 != total - number:
            # `It takes the cone of the tallest; the other two laugh`: of three.
            continue
        if token == "more" and _more_than_before(tokens[at - 1] if at else "", behind):
            continue
        heads = [lemma(word) for word in behind]
        if noun in heads or not behind or not behind[0][0].isalpha():
            return True
        if behind[0] in STOP or behind[0] in NUMBERS or behind[0] in ("one", "ones") or token == "others":
            return True
        # `The third unfinished` and `a third snaps`, but not `the third time`.
        if ordinal and not any(head in UNITS for head in heads[:1]):
            return True
    return False


def _more_than_before(before: str, behind: list[str]) -> bool:
    """`Once more`, `more slowly`, `more than`: no others."""
    return before in ("once", "no", "any") or bool(
        behind and (behind[0] == "than" or behind[0].endswith("ly"))
    )


def _people(people: Text, kind: Text) -> str | None:
    """`Two people …` for `Three men …`: what a text begins with is all that it is about."""
    first = next((count for count in people.counts.get("person", []) if count.first), None)
    if first is None or CHANGES.search(people.text) or OTHERS.search(people.text):
        return None
    for noun in PEOPLE - {"person"}:
        for count in kind.counts.get(noun, []):
            if count.first and count.number > first.number:
                return f"{people.name} has '{first.words}' and {kind.name} '{count.words}'"
    return None


def _behind(background: Text, dense: Text, subject: Text) -> str | None:
    """The subject is never counted in the background, unless it was not counted in its own field."""
    for noun, counts in background.counts.items():
        told = dense.counts.get(noun, [])
        if (
            noun in subject.plurals
            and noun not in subject.counts
            and len(counts) == 1
            and len(told) == 1
            and told[0].first
            and min(counts[0].number, told[0].number) > 1
            and not re.search(
                r"\b(?:behind|distan\w{2,3}|watch\w{0,3}|far|back|passing)\b", background.text, re.I
            )
            and (fault := _differ(noun, background, dense))
        ):
            return fault
    return None


def _one_and_many(texts: dict[str, str], known: dict[str, Text]) -> str | None:
    """`A man in a suit` as the subject, where the text knows two men and no single one."""
    for few, many in (("subject", "dense"), ("short", "dense"), ("subject", "short")):
        for noun, counts in known[many].counts.items():
            if noun not in texts[few].lower() or max(count.number for count in counts) < 2:
                continue
            if CHANGES.search(texts["dense"]) or any(
                VAGUE.search(texts[name]) or CHANGES.search(texts[name]) for name in (few, many)
            ):
                continue
            if ONES.search(texts[many]):
                continue
            single = re.compile(rf"\b(?:an?|one) (?:[a-z-]+ ){{0,2}}?{re.escape(noun)}\b", re.I)
            each = re.compile(rf"\b(?:an?|one) (?:[a-z-]+ ){{0,5}}?{re.escape(noun)}\b", re.I)
            first = single.match(texts[few].lstrip())
            alone = re.search(
                rf"\b(?:an?|the|one|this) (?:[a-z-]+ ){{0,2}}?{re.escape(noun)}\b",
                texts[many] if "dense" in (few, many) else f"{texts[many]} {texts['dense']}",
                re.I,
            )
            if (
                first
                and len(each.findall(texts[few])) == 1
                and noun not in known[few].plurals
                and not alone
                and not ONES.search(texts[few][first.end() :])
            ):
                return f"{few} has '{first[0]}' and {many} '{counts[0].words}'"
    return None
