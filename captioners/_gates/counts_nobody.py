"""Nobody in one text, and several in another."""

import re
from collections.abc import Mapping

from captioners._gates.counted import Text, lemma
from captioners._gates.counts_leads import changing
from captioners._gates.leads import lead
from captioners._gates.words import names
from captioners._gates.words_count import VAGUE
from captioners._gates.words_kinds import CROWDS, KINDS

PLACES = names(
    "street road classroom hall hallway room office platform station beach park square plaza playground "
    "stadium train bus church restaurant cafe café bar corridor pool gym library court market alley path "
    "lane trail field bridge parking lot garage theater theatre auditorium arena museum gallery shop "
    "store kitchen bench pier dock harbor harbour waterfront promenade boulevard avenue highway crossing "
    "crosswalk sidewalk terminal airport subway carriage pitch track stage studio warehouse factory cabin "
    "sky sea lake pond river meadow"
)
EMPTY = re.compile(
    r"\b(?:empty|deserted|abandoned|vacant|unoccupied)(?: [a-z-]{2,14}){0,2}? ("
    + "|".join(sorted(PLACES))
    + r")\b|\b(?:nobody|no[ -]one|(?:zero|no|without|devoid of|free of)(?: any)? "
    r"(?:people|persons?|humans?|passengers?|pedestrians?|students?|visitors?|customers?|workers?|players?"
    r"|spectators?))\b(?! else)",
    re.IGNORECASE,
)
"""A place with nobody there, as what a text is about."""
CREATURES = KINDS["person"] | CROWDS | {"person", "people"}


def nobody(texts: Mapping[str, Text]) -> str | None:
    """`An empty classroom` where twelve students sit."""
    dense = texts["dense"]
    told = lead(dense)
    if (
        told is None
        or told.number == 1
        or VAGUE.search(re.sub(r"\bcrowd\b", " ", dense.text))
        or changing(dense)
    ):
        return None
    if not any(noun in CREATURES for noun in told.nouns) or EMPTY.search(dense.text):
        return None
    for name in ("subject", "short"):
        text = texts[name]
        found = EMPTY.search(text.text)
        if found is None or re.search(
            r"\b(?:but|except|apart|save|until|soon|later|then)\b", text.text, re.I
        ):
            continue
        if any(noun in CREATURES for noun in _people(text, found)):
            continue
        if found[1] is None or found[1].lower() in map(lemma, dense.tokens):
            return f"{name} has '{found[0]}' and {dense.name} '{told.words}'"
    return None


def _people(text: Text, but: re.Match[str]) -> set[str]:
    rest = text.text[: but.start()] + " " + text.text[but.end() :]
    rest = re.sub(r"\b(?:no|zero|without|any) \w+", " ", rest.lower())
    return {lemma(word) for word in re.findall(r"[a-z]+", rest)}
