"""The gate on language: by script, and by the words that every text of a language is full of.

A caption is short, but half of it is such words; names and text quoted from the picture do not matter. To
tell a wanted language from any other needs no model."""

import re
import unicodedata
from collections.abc import Sequence

from captioners._gates.prose import cited, sentences, unquoted, words
from captioners._gates.words_language import FUNCTION_WORDS, ROMANISED, SCRIPTS, WRITTEN
from captioners.dialogue.schema import Fields

ENGLISH = FUNCTION_WORDS["en"]
ANY = frozenset().union(*FUNCTION_WORDS.values())
BEYOND_LATIN = re.compile(r"[^\u0000-\u024f]")
KNOWN = (*FUNCTION_WORDS, *SCRIPTS)
LEAST_OWN = 0.08
"""Share of the wanted language's function words below which a text of FEW words or more is of another one.
125 captions in English had 0.32 to 0.58; lists of tags may have none, and are no captions."""
FEW = 12
FOREIGN = 0.2
"""A guess: share of another language's function words from which a sentence is of that language, if it has
fewer of the wanted one's."""
MIXED = 5
"""Different function words of one other language, by which a text goes to and fro between the two. 900 texts
in English had two at most."""
SHORTEST = 5
"""Words of a sentence that is judged alone."""


def language(fields: Fields, wanted: str) -> str | None:
    for name in ("dense", "short"):
        text = unquoted(getattr(fields, name))
        fault = by_script(text, wanted) if wanted in SCRIPTS else by_words(text, wanted)
        if fault:
            return f"{name} {fault}, and must be in the language {wanted!r}"
    if wanted not in SCRIPTS:
        for name in ("subject", "action", "background", "lighting", "atmosphere", "style"):
            if fault := foreign_letters(unquoted(getattr(fields, name))):
                return f"{name} {fault}, and must be in the language {wanted!r}"
    return None


def by_script(text: str, wanted: str) -> str | None:
    letters = [char for char in text if char.isalpha()]
    own = len(re.findall(SCRIPTS[wanted], text))
    if letters and own < len(letters) / 2:
        return f"has {own} of {len(letters)} letters in that script"
    return None


def foreign_letters(text: str) -> str | None:
    """Two letters of another script than Latin that are not told as what is written somewhere."""
    if not BEYOND_LATIN.search(text):
        return None
    for sentence in sentences(text):
        if not WRITTEN.search(sentence.text):
            other = [char for char in sentence.text if char.isalpha() and not _latin(char)]
            if len(other) >= 2:
                return f"has {cited(''.join(other), 40)}"
    return None


def _latin(char: str) -> bool:
    return ord(char) < 0x250 or unicodedata.name(char, "").startswith(("LATIN", "MODIFIER", "GREEK", "MICRO"))


def by_words(text: str, wanted: str) -> str | None:
    if fault := foreign_letters(text):
        return fault
    tokens = words(text)
    if len(tokens) >= FEW and share(tokens, FUNCTION_WORDS[wanted]) < LEAST_OWN:
        return f"has hardly a word of it: {cited(text)}"
    for other, function_words in (*FUNCTION_WORDS.items(), *ROMANISED.items()):
        if other != wanted and len(function_words.intersection(tokens) - FUNCTION_WORDS[wanted]) >= MIXED:
            return f"has words of {other!r} in between: {cited(text)}"
    for sentence in sentences(text):
        tokens = words(sentence.text)
        if len(tokens) < SHORTEST:
            continue
        own = share(tokens, FUNCTION_WORDS[wanted])
        least = max(own, FOREIGN)
        foreign = [token for token in tokens if token in ANY and token not in FUNCTION_WORDS[wanted]]
        if len(foreign) < least * len(tokens):
            continue
        for other, function_words in FUNCTION_WORDS.items():
            found = share(foreign, function_words, len(tokens))
            if other != wanted and found >= FOREIGN and found > own:
                return f"has a sentence in {other!r}: {cited(sentence.text)}"
    return None


def share(tokens: Sequence[str], function_words: frozenset[str], of: int = 0) -> float:
    """Of the words, or of so many, those that are function words."""
    return sum(token in function_words for token in tokens) / max(1, of or len(tokens))
