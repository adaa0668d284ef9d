"""The gate on counts: the same things have the same number in every field."""

import re
from collections import defaultdict
from dataclasses import dataclass

from captioners._gates.prose import is_plural, singular, unquoted
from captioners._gates.words_count import (
    ABOUT,
    ALONE,
    BEFORE_A_PART,
    CHANGES,
    COMPANIONS,
    EACH_OTHER,
    GROUPED,
    GROUPS,
    LATIN,
    NUMBERS,
    ONES,
    ORDINALS,
    OTHERS,
    PARTS,
    PEOPLE,
    STOP,
    SYNONYMS,
    UNITS,
    VAGUE,
)
from captioners.dialogue.schema import Fields

TOKEN = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*|[.,;:!?()–—]")
FIELDS = ("subject", "action", "dense", "short")


@dataclass(frozen=True)
class Count:
    number: int
    words: str
    adjectives: frozenset[str]
    first: bool = False
    """Whether the text begins with it: it is all that the text is about."""


@dataclass(frozen=True)
class _Text:
    """What one field counts."""

    name: str
    text: str
    counts: dict[str, list[Count]]
    """Noun in the singular -> its numbers."""
    plurals: frozenset[str]
    """Nouns in the plural, counted or not, in the singular."""
    tokens: list[str]


def count(fields: Fields) -> str | None:
    texts = {name: _read(name, getattr(fields, name)) for name in FIELDS}
    ordered = list(texts.values())
    for at, one in enumerate(ordered):
        for other in ordered[at + 1 :]:
            for noun in one.counts:
                if (fault := _differ(noun, one, other)) and not _settled(noun, one, other, ordered):
                    return fault
    if fault := _people(texts["subject"], texts["short"]) or _people(texts["short"], texts["subject"]):
        return fault
    if fault := _behind(_read("background", fields.background), texts["dense"], texts["subject"]):
        return fault
    return _one_and_many({name: text.text for name, text in texts.items()}, texts)


def _read(name: str, raw: str) -> _Text:
    text = EACH_OTHER.sub(" ", unquoted(raw))
    tokens = TOKEN.findall(text.lower())
    plurals = frozenset(_lemma(token) for token in tokens if _plural(token))
    return _Text(name, text, counts_of(tokens), plurals, tokens)


def _lemma(noun: str) -> str:
    one = LATIN.get(noun) or singular(noun)
    return SYNONYMS.get(one, one)


def _plural(word: str) -> bool:
    return word in LATIN or is_plural(word)


def _differ(noun: str, one: _Text, other: _Text) -> str | None:
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
        # Others than the greater number are no reason for it.
        if max(counts) < greatest and _more_of(noun, max(counts), text.tokens):
            return None
        if CHANGES.search(text.text):
            return None
    a, b = ours[0], theirs[0]
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


def _settled(noun: str, one: _Text, other: _Text, texts: list[_Text]) -> bool:
    """Whether some text tells of more of them than it counts, or has two numbers of them itself."""
    told = {count.number for text in (one, other) for count in text.counts[noun]}
    return any(_both(noun, told, text) or _one_more(noun, text) for text in texts)


def _both(noun: str, told: set[int], text: _Text) -> bool:
    counts = text.counts.get(noun, [])
    if not counts:
        return False
    numbers = _numbers(counts, max(told))
    all_of_them = sum({count.words: count.number for count in counts}.values())
    return (
        len(numbers) > 1
        or (all_of_them in told and all_of_them not in numbers)
        or (max(numbers) < max(told) and _more_of(noun, max(numbers), text.tokens))
        or (noun in ("person", "child") and _in_parts(noun, text))
    )


def _one_more(noun: str, text: _Text) -> bool:
    """`Two young women and an old woman`."""
    counts = text.counts.get(noun, [])
    return max((count.number for count in counts), default=0) > 1 and _with_an_article(noun, text)


def _with_an_article(noun: str, text: _Text) -> bool:
    return any(
        token in ("a", "an", "another") and noun in _heads(text.tokens[at + 1 : at + 5])
        for at, token in enumerate(text.tokens)
    )


def _heads(tokens: list[str]) -> list[str]:
    """Singular nouns that an article before these words may belong to."""
    end = next(
        (at for at, token in enumerate(tokens) if token in STOP or not token[0].isalpha()), len(tokens)
    )
    return [SYNONYMS.get(token, token) for token in tokens[:end] if not _plural(token)]


def _in_parts(noun: str, text: _Text) -> bool:
    """`Two girls and two boys play. Two children laugh.`"""
    kinds = text.counts.keys() & (PEOPLE - {"person", "child"})
    return bool(kinds) and any(not count.first for count in text.counts.get(noun, []))


def _others_than(text: _Text, noun: str) -> bool:
    """Whether `one` stands beside `the other`, `each` and the like."""
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
        and noun not in map(_lemma, behind)
    )


def _one_of_them(text: _Text, noun: str) -> bool:
    """`They race, and one crew wins`: one of those that are not named."""
    return not any(count.first for count in text.counts[noun]) and "they" in text.tokens


def _told_apart(one: Count, other: Count) -> bool:
    """Whether the adjectives may tell two groups apart: both have some, and share none."""
    return bool(one.adjectives and other.adjectives) and not one.adjectives & other.adjectives


def _more_of(noun: str, number: int, tokens: list[str]) -> bool:
    """Whether others than those counted may be there: `another "
    "dog`, `a third one`, and not `another ball`."""
    for at, token in enumerate(tokens):
        ordinal = ORDINALS.get(token, 0)
        if not (ordinal > number or OTHERS.fullmatch(token)):
            continue
        behind = tokens[at + 1 : at + 4]
        if token == "more" and _more_than_before(tokens[at - 1] if at else "", behind):
            continue
        heads = [_lemma(word) for word in behind]
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


def _people(people: _Text, kind: _Text) -> str | None:
    """`Two people …` for `Three men …`: what a text begins with is all that it is about."""
    first = next((count for count in people.counts.get("person", []) if count.first), None)
    if first is None or CHANGES.search(people.text) or OTHERS.search(people.text):
        return None
    for noun in PEOPLE - {"person"}:
        for count in kind.counts.get(noun, []):
            if count.first and count.number > first.number:
                return f"{people.name} has '{first.words}' and {kind.name} '{count.words}'"
    return None


def _behind(background: _Text, dense: _Text, subject: _Text) -> str | None:
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


def counts_of(tokens: list[str]) -> dict[str, list[Count]]:
    """Noun in the singular -> its numbers."""
    found: dict[str, list[Count]] = defaultdict(list)
    uncounted: set[str] = set()
    taken = 0
    for at, token in enumerate(tokens):
        number = _number(tokens, at)
        if number is not None and not _of_a_part(tokens, at) and (counted := _counted(tokens, at, number)):
            nouns, words, adjectives, taken = counted
            for noun in nouns:
                # `Women stroll. Two women wave.`: two of them.
                if noun in found or noun not in uncounted:
                    found[noun].append(Count(number, words, adjectives, at <= 1))
        elif at >= taken and _plural(token):
            uncounted.add(_lemma(token))
    return dict(found)


def _number(tokens: list[str], at: int) -> int | None:
    token, before = tokens[at], tokens[at - 1] if at else ""
    if token in ALONE:
        return 1
    if token in ("one", "1") and before not in ("the", "this", "that", "each", "every", "another", "only"):
        return 1
    if token in GROUPED and (before not in ("a", "the") or tokens[at + 1 : at + 2] != ["of"]):
        return None
    if token == "dozen":
        return {"a": 12, "half-a": 6}.get(before)
    return NUMBERS.get(token)


def _of_a_part(tokens: list[str], at: int) -> bool:
    """Whether the number counts a part, or others, or not exactly."""
    before = tokens[at - 1] if at else ""
    two_before = tokens[at - 2] if at > 1 else ""
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


def _counted(tokens: list[str], at: int, number: int) -> tuple[list[str], str, frozenset[str], int] | None:
    """The nouns that may be what is counted, the words, the adjectives, and the place behind."""
    start = at + 1 + (tokens[at] in GROUPED)
    phrase: list[str] = []
    for token in tokens[start : start + 5]:
        if not token[0].isalnum() or token in STOP or token in NUMBERS:
            break
        if token in PARTS:
            return None
        phrase.append(token)
    plural = [place for place, token in enumerate(phrase) if _plural(token)]
    if number == 1:
        # Which of the next words is the noun is known from the other text.
        phrase = phrase[: min(plural[0] if plural else 3, 3)]
        nouns = [_lemma(token) for token in phrase]
        head = len(phrase)
    else:
        if not plural:
            return None
        head = plural[0] + 1
        # `sports cars`, but `a herd of nine horses thunders`: the other text knows which one is the noun.
        while head < len(phrase) and _plural(phrase[head]):
            head += 1
        nouns = [_lemma(token) for token in phrase[plural[0] : head]]
    if not nouns or ((number != 1 or len(nouns) == 1) and nouns[-1] in UNITS) or nouns[0] in UNITS:
        return None
    words = " ".join(tokens[at : at + 1] + phrase[:head])
    return nouns, words, frozenset(phrase[: head - 1]), start + head


def _one_and_many(texts: dict[str, str], read: dict[str, _Text]) -> str | None:
    """`A man in a suit` as the subject, where the text knows two men and no single one."""
    for few, many in (
        ("subject", "dense"), ("short", "dense"), ("subject", "short"),
        ("dense", "short"), ("dense", "subject"),
    ):  # fmt: skip
        for noun, counts in read[many].counts.items():
            if noun not in texts[few].lower() or max(count.number for count in counts) < 2:
                continue
            if any(VAGUE.search(texts[name]) or CHANGES.search(texts[name]) for name in (few, many)):
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
                and noun not in read[few].plurals
                and not alone
                and not ONES.search(texts[few][first.end() :])
            ):
                return f"{few} has '{first[0]}' and {many} '{counts[0].words}'"
    return None
