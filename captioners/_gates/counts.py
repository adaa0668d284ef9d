"""The gate on counts: the same things have the same number in every field."""

import re
from collections import defaultdict
from dataclasses import dataclass

from captioners._gates.prose import is_plural, singular, unquoted
from captioners._gates.words import any_of, names
from captioners.dialogue.schema import Fields

NUMBERS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "dozen": 12, "fifteen": 15, "twenty": 20, "pair": 2, "both": 2,
    **{str(number): number for number in range(2, 31)},
}  # fmt: skip
ALONE = frozenset(("lone", "single", "solitary"))
TOKEN = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*|[.,;:!?()–—]")
PARTS = frozenset(
    ("other", "another", "more", "remaining", "additional", "first", "last", "next", "extra", "further", "of")
)
"""Before or after a number: it counts a part, or others than before."""
ABOUT = names(
    "about around roughly approximately nearly over almost least most or to than every by up version "
    "number route "
    "level chapter day"
)
"""Before a number that counts nothing, or not exactly."""
UNITS = names(
    "second minute hour day week month year time meter metre foot mile kilometer percent degree inch "
    "dollar euro part "
    "side row lane layer level half way hand arm leg finger eye step shot frame section column line tier "
    "thing piece "
    "storey story type set pair group strand direction stage corner end bag glove shoe boot sock earring"
)
"""Measures and parts, of which each text may count others."""
STOP = names(
    "a an the of in on at to with and or by for from as is are was were that which who while into through "
    "over under "
    "near behind beside against across along toward towards around it its his her their he she they then "
    "but has have "
    "stand stands standing sit sits sitting walk walking run running"
)
VAGUE = any_of(
    r"join(?:s|ed|ing)?", r"arriv\w{1,3}", r"enter(?:s|ing)?", r"leav(?:es?|ing)", r"appear(?:s|ing)?",
    r"emerg(?:es?|ing)",
    "another", r"others?", "additional", "more", "third", "fourth", "fifth", r"departs?", r"exits?",
    r"disappears?", r"splits?",
    "gradually", "one by one", r"multipl(?:y|ies)", "crowd", "group", "later", "then",
)  # fmt: skip
"""Ways to tell that a number changes, or that others are there."""
FIELDS = ("subject", "action", "dense", "short")


@dataclass(frozen=True)
class Count:
    number: int
    words: str
    adjectives: frozenset[str]


def count(fields: Fields) -> str | None:
    texts = {name: unquoted(getattr(fields, name)) for name in FIELDS}
    found = {name: counts_of(text) for name, text in texts.items()}
    names = list(FIELDS)
    for at, one in enumerate(names):
        for other in names[at + 1 :]:
            for noun in found[one].keys() & found[other].keys():
                if fault := _differ(
                    noun, (one, found[one][noun], texts[one]), (other, found[other][noun], texts[other])
                ):
                    return fault
    return _one_and_many(texts, found)


def _differ(noun: str, one: tuple[str, list[Count], str], other: tuple[str, list[Count], str]) -> str | None:
    (name, ours, text), (other_name, theirs, other_text) = one, other
    if {count.number for count in ours} & {count.number for count in theirs}:
        return None
    if VAGUE.search(text) or VAGUE.search(other_text):
        return None
    if len({count.number for count in ours}) > 1 and len({count.number for count in theirs}) > 1:
        return None
    # `two red cars and three blue cars` are five cars.
    numbers = [sum({count.words: count.number for count in counts}.values()) for counts in (ours, theirs)]
    if numbers[0] in {count.number for count in theirs} or numbers[1] in {count.number for count in ours}:
        return None
    a, b = ours[0], theirs[0]
    if (
        a.adjectives
        and b.adjectives
        and not a.adjectives & b.adjectives
        and min(len(ours), len(theirs)) == 1
        and _exclusive(a, b)
    ):
        return None
    return f"{name} has '{a.words}' and {other_name} '{b.words}'"


def _exclusive(one: Count, other: Count) -> bool:
    """Whether the adjectives may tell two groups apart: both have some, and share none."""
    return not one.adjectives <= other.adjectives and not other.adjectives <= one.adjectives


def counts_of(text: str) -> dict[str, list[Count]]:
    """Noun in the singular -> its numbers."""
    found: dict[str, list[Count]] = defaultdict(list)
    tokens = [token.lower() for token in TOKEN.findall(text)]
    for at, token in enumerate(tokens):
        before = tokens[at - 1] if at else ""
        if token in ALONE:
            number = 1
        elif token in NUMBERS and (token != "dozen" or before == "a") and (token != "pair" or before == "a"):
            number = NUMBERS[token]
        else:
            continue
        if (
            before in PARTS
            or before in ABOUT
            or (at > 1 and tokens[at - 2] in ("other", "of") and token != "both")
        ):
            continue
        if (counted := _counted(tokens, at, number)) is not None:
            noun, count = counted
            found[noun].append(count)
    return dict(found)


def _counted(tokens: list[str], at: int, number: int) -> tuple[str, Count] | None:
    start = at + 1
    if tokens[at] in ("pair",):
        if tokens[start : start + 1] != ["of"]:
            return None
        start += 1
    phrase: list[str] = []
    for token in tokens[start : start + 5]:
        if not token[0].isalnum() or token in STOP or token in NUMBERS:
            break
        if token in PARTS:
            return None
        phrase.append(token)
    if number == 1:
        head = 1 if phrase else 0
        while (
            head < len(phrase)
            and head < 2
            and phrase[head - 1].endswith(("y", "en", "ed", "red", "ish", "ing"))
        ):
            head += 1
    else:
        plural = [place for place, token in enumerate(phrase) if is_plural(token)]
        if not plural:
            return None
        head = plural[0] + 1
        while head < len(phrase) and is_plural(phrase[head]):
            head += 1
    if not head:
        return None
    noun = singular(phrase[head - 1])
    if noun in UNITS:
        return None
    return noun, Count(number, " ".join(tokens[at : at + 1] + phrase[:head]), frozenset(phrase[: head - 1]))


ONES = re.compile(r"\b(?:one|another|other|each|first|second|man and|woman and|either|the latter)\b", re.I)


def _one_and_many(texts: dict[str, str], found: dict[str, dict[str, list[Count]]]) -> str | None:
    """`A man in a suit` as the subject, where the text knows two men and no single one."""
    for few, many in (
        ("subject", "dense"),
        ("short", "dense"),
        ("subject", "short"),
        ("dense", "short"),
        ("dense", "subject"),
    ):
        for noun, counts in found[many].items():
            number = max(count.number for count in counts)
            if (
                number < 2
                or VAGUE.search(texts[few])
                or VAGUE.search(texts[many])
                or ONES.search(texts[many])
            ):
                continue
            single = re.compile(rf"\b(?:an?|one) (?:[a-z-]+ ){{0,2}}?{re.escape(noun)}\b", re.I)
            first = single.match(texts[few].lstrip())
            plural = any(
                singular(word) == noun and is_plural(word)
                for word in re.findall(r"[a-z]+", texts[few].lower())
            )
            alone = re.search(
                rf"\b(?:an?|the|one|this) (?:[a-z-]+ ){{0,2}}?{re.escape(noun)}\b", texts[many], re.I
            )
            named = len(single.findall(texts[few]))
            if (
                first
                and named == 1
                and not plural
                and not alone
                and not ONES.search(texts[few][first.end() :])
            ):
                return f"{few} has '{first[0]}' and {many} '{counts[0].words}'"
    return None
