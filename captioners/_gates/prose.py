"""English prose as the gates need it: its words, its sentences, what is quoted in it and what it denies.

Texts come from models and may be hostile: every pattern here and in the gates takes time in proportion to the
text. Whatever repeats is bounded, or its alternatives begin with different characters."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from captioners._gates.words import Words

QUOTED = re.compile(
    r"\"[^\"\n]{0,300}\"|“[^”\n]{0,300}”|«[^»\n]{0,300}»|„[^“”\n]{0,300}[“”]|「[^」\n]{0,300}」"
    r"|(?<!\w)‘(?:[^‘’\n]|(?<=\w)’(?=\w)){1,300}’(?!\w)"
    r"|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w)){1,300}'(?!\w)"
)
"""Text that is shown or spoken. A single quote opens after a space and closes before one: elsewhere it is an
apostrophe."""
QUOTATION_MARKS = "\"“«„「‘'"
"""Those that open one."""
WORD = re.compile(r"[^\W_]+(?:['’\-‐‑][^\W_]+)*")
"""A word of a script with spaces; what a hyphen or an apostrophe joins is one."""
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f]")
"""Characters of Chinese, Japanese and Thai, which put no spaces between words."""
CHARACTERS_PER_WORD = 1.6
"""A rule of thumb for Chinese: bounds on words are wide, and a few more or less do not matter."""
SENTENCE_END = re.compile(r"(?:(?<![.!?…])[.!?…]++[\"”’'»)\]*]*+(?=\s)|[。！？]++[」』”]*+)\s*+")
NEGATION = Words(
    r"\b(?:no|not|never|without|none|nor|neither|nothing|nobody|lacks?|lacking|absence of|devoid of|free of"
    r"|free from|instead of|rather than|cannot|isn['’]t|aren['’]t|wasn['’]t|doesn['’]t|don['’]t|didn['’]t"
    r"|can['’]t|won['’]t)\b"
)
CLAUSE_END = re.compile(r"[.;:!?,()–—]|\b(?:but|and|while|yet|although|though|whereas)\b", re.IGNORECASE)
REACH = 60
"""Characters before a claim in which a word denies it: about ten words."""


RECENT = 64
"""Texts whose words and sentences are kept: more than one caption has, since each gate asks for the same."""


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    start: int


@lru_cache(RECENT)
def unquoted(text: str) -> str:
    """The text with what stands in quotation marks blanked out: as long as before, so that places agree."""
    if not any(mark in text for mark in QUOTATION_MARKS):
        return text
    return QUOTED.sub(lambda found: " " * len(found[0]), text)


def quotes(text: str) -> list[tuple[int, str]]:
    """Where each quotation begins, and its words."""
    return [(found.start(), found[0][1:-1].strip()) for found in QUOTED.finditer(text)]


@lru_cache(RECENT)
def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences with the spaces behind them; joined they are the text again. Those of a quotation belong
    to the sentence around it."""
    start, found = 0, []
    for end in SENTENCE_END.finditer(unquoted(text)):
        found.append(Sentence(text[start : end.end()], start))
        start = end.end()
    if start < len(text):
        found.append(Sentence(text[start:], start))
    return tuple(found)


@lru_cache(RECENT)
def words(text: str) -> tuple[str, ...]:
    """In lower case."""
    return tuple(word.lower().replace("’", "'") for word in WORD.findall(text))


def word_count(text: str) -> int:
    unspaced = len(UNSPACED.findall(text))
    return len(WORD.findall(UNSPACED.sub(" ", text))) + round(unspaced / CHARACTERS_PER_WORD)


def negated(text: str, at: int) -> bool:
    """Whether a word before `at`, in the same clause, denies what stands there."""
    before = text[max(0, at - REACH) : at]
    boundary = max((found.end() for found in CLAUSE_END.finditer(before)), default=0)
    return NEGATION.search(before, boundary) is not None


def claims(pattern: Words, text: str) -> Iterator[re.Match[str]]:
    """What the pattern finds outside quotation marks, and is not denied."""
    plain = unquoted(text)
    return (found for found in pattern.finditer(plain) if not negated(plain, found.start()))


def cited(text: str, most: int = 80) -> str:
    """For a sentence about the fault: on one line, in quotation marks, no longer than a repair needs."""
    line = " ".join(text.split())
    return f"'{line if len(line) <= most else line[: most - 1].rstrip() + '…'}'"


def folded(text: str) -> str:
    """Without case and accents, in the plain form of each character."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def singular(noun: str) -> str:
    """A noun's singular, well enough that equal nouns are equal."""
    if noun in IRREGULAR:
        return IRREGULAR[noun]
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-3] + "y"
    if noun.endswith(("ches", "shes", "sses", "xes", "zes")):
        return noun[:-2]
    return noun[:-1] if is_plural(noun) else noun


def is_plural(word: str) -> bool:
    """Whether a word after a number may be the plural noun that is counted."""
    if word in IRREGULAR:
        return True
    if word[-1:] != "s" or word in NO_PLURAL:
        return False
    return len(word) > 3 and not word.endswith(("ss", "us", "is", "'s", "ous"))


NO_PLURAL = frozenset(("news", "always", "perhaps", "sometimes", "across", "towards", "besides"))
IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "people": "person", "persons": "person",
    "geese": "goose", "mice": "mouse", "feet": "foot", "teeth": "tooth", "sheep": "sheep", "fish": "fish",
    "deer": "deer", "wolves": "wolf", "calves": "calf", "knives": "knife", "leaves": "leaf",
    "shelves": "shelf", "loaves": "loaf", "policemen": "policeman", "firemen": "fireman",
    "fishermen": "fisherman", "firefighters": "firefighter", "oxen": "ox", "aircraft": "aircraft",
    "buses": "bus", "businessmen": "businessman", "snowmen": "snowman", "horsemen": "horseman",
    "salmon": "salmon", "bison": "bison", "moose": "moose", "horses": "horse", "houses": "house",
    "shoes": "shoe", "canoes": "canoe", "bees": "bee", "trees": "tree", "wives": "wife", "kids": "kid",
}  # fmt: skip
