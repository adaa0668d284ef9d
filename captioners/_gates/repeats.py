"""The gate on repetition, by the measures of MassiveText (Rae et al. 2021, arXiv 2112.11446, table A1; in
datatrove's `gopher_repetition_filter`), made to fit texts of 20 to 150 words.

There, limits are on the share of characters: in a text of 25 words a phrase of four that comes twice already
has a third of them, and is fine. So each share counts only together with a number of times."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from operator import eq

from captioners._gates.language import ENGLISH
from captioners._gates.prose import cited, sentences, unquoted, words
from captioners.dialogue.schema import TEXT_FIELDS, Fields

MOST_WORDS = 2000
"""Of a text that are looked at; more than any caption has."""
LOOPS = 12
"""Times in a row from which what is said to be written is a loop of the model's. A guess."""
SERIES = frozenset(("then", "the", "next", "one", "another", "and", "after", "over", "more", "again", "by"))
"""Words by which one thing after another is told: `then the next, then the next, then the next`."""
SERIES_ROUNDS = 6
"""Times in a row from which that is a loop too. A guess."""
MOST_SENTENCES = 40
"""Of a text that are compared with each other; 150 words have fewer."""
ALIKE = 0.6
"""Share of two sentences' content words that both have, from which they say the same (Jaccard). A guess."""
TELLINGS = 3
"""Times from which that is a loop of the model's: a refrain comes twice."""
PADDING = frozenset(("overall", "general", "mood", "atmosphere", "scene", "feel", "feeling", "keeps", "keep"))
"""Words by which one and the same is told again."""
CHARACTER_RUN = re.compile(r"(\S)\1{11,}")


def repetition(fields: Fields, top: dict[int, float], times: int, duplicated: float) -> str | None:
    for name in TEXT_FIELDS:
        if name == "text_visible":
            continue
        if fault := in_a_row(name, getattr(fields, name)):
            return fault
    if fault := looping(fields.text_visible):
        return fault
    text = unquoted(fields.dense)
    subject = frozenset(words(fields.subject)) - ENGLISH
    return sentence_twice(text) or phrases(text, top, times, duplicated, subject) or reworded(text)


def in_a_row(name: str, text: str) -> str | None:
    """A word four times in a row, a phrase three times, or a row of one character."""
    if found := CHARACTER_RUN.search(text):
        return f"{name} has the character {found[1]!r} {len(found[0])} times in a row"
    tokens = words(unquoted(text))[:MOST_WORDS]
    for period in range(1, 13):
        needed = 4 if period == 1 else 3
        # The last round may lack its last word: `calm and the water is calm`.
        run = period * (needed - 1) - (period > 2)
        again = bytes(map(eq, tokens[period:], tokens))
        at = again.find(b"\x01" * run)
        while at >= 0:
            phrase = tokens[at + run : at + run + period]
            rounds = period * (SERIES_ROUNDS - 1) - (period > 2)
            if not SERIES.issuperset(phrase) or again.startswith(b"\x01" * rounds, at):
                return f"{name} has the words {cited(' '.join(phrase))} at least {needed} times in a row"
            end = again.find(b"\x00", at)
            at = again.find(b"\x01" * run, end) if end >= 0 else -1
    return None


def looping(shown: str) -> str | None:
    """What is written in a picture may say `SALE` many times, and is still no loop."""
    tokens = words(shown)[:MOST_WORDS]
    for period in range(1, 9):
        run = period * (LOOPS - 1)
        again = bytes(map(eq, tokens[period:], tokens))
        if (at := again.find(b"\x01" * run)) >= 0:
            phrase = " ".join(tokens[at : at + period])
            return f"text_visible has the words {cited(phrase)} at least {LOOPS} times in a row"
    return None


def sentence_twice(text: str) -> str | None:
    seen: set[tuple[str, ...]] = set()
    for sentence in sentences(text):
        tokens = tuple(words(sentence.text))
        if len(tokens) < 4:
            continue
        if tokens in seen:
            return f"the sentence {cited(sentence.text)} comes more than once"
        seen.add(tokens)
    return None


def reworded(text: str) -> str | None:
    """A sentence that is told at least three times in other words: the sets of their content words, without
    endings, are nearly the same."""
    told: list[frozenset[str]] = []
    for sentence in sentences(text)[:MOST_SENTENCES]:
        stems = frozenset(_stem(word) for word in words(sentence.text) if word not in ENGLISH) - PADDING
        if len(stems) < 2:
            continue
        alike = sum(len(stems & other) >= ALIKE * len(stems | other) for other in told)
        if alike + 1 >= TELLINGS:
            return f"the sentence {cited(sentence.text)} comes {alike + 1} times in other words"
        told.append(stems)
    return None


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    for ending in ("ting", "ing", "ated", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def phrases(
    text: str, top: dict[int, float], times: int, duplicated: float, subject: frozenset[str] = frozenset()
) -> str | None:
    """`subject`: the words by which the caption names whom it is about."""
    tokens = words(text)[:MOST_WORDS]
    characters = sum(map(len, tokens))
    pairs = Counter(pairwise(tokens))
    most = max(pairs.values(), default=0)
    for n, limit in top.items() if most >= times else ():
        # No phrase comes more often than the first two words of it.
        grams = Counter(tuple(tokens[at : at + n]) for at in range(len(tokens) - n + 1))
        # A phrase of function words (`on the left of the`) is grammar.
        content = Counter({gram: count for gram, count in grams.items() if set(gram) - ENGLISH})
        for gram, count in content.most_common(3):
            share = count * sum(map(len, gram)) / max(1, characters)
            # Two words may be a name: `twelve bottles are filled, twelve bottles are capped`; and so may all
            # that the subject has: `the man with the red hat deals, the man with the black hat folds`.
            named = 1 if n == 2 else 2 if _names(gram, subject) else 0
            if count >= times + named and share > limit:
                return f"the words {cited(' '.join(gram))} come {count} times"
    counts = Counter(token for token in tokens if token not in ENGLISH and len(token) > 2)
    for token, count in counts.most_common(1):
        if count >= 6 and count > 0.15 * len(tokens):
            return f"the word {cited(token)} comes {count} times in {len(tokens)} words"
    return _twice(tokens, characters, duplicated, subject)


def _names(gram: Sequence[str], subject: frozenset[str]) -> bool:
    content = set(gram) - ENGLISH
    return bool(content) and subject.issuperset(content)


def _twice(tokens: Sequence[str], characters: int, most: float, subject: frozenset[str]) -> str | None:
    """Share of characters in phrases of five words that came before, and do more than name the subject."""
    seen: set[tuple[str, ...]] = set()
    again: set[int] = set()
    phrase = ""
    before = False
    for at in range(len(tokens) - 4):
        gram = tuple(tokens[at : at + 5])
        came = gram in seen and not _names(gram, subject)
        # Five words alone may be a name: `the man in the coat`.
        if came and before:
            again.update(range(at - 1, at + 5))
            phrase = phrase or " ".join(gram)
        before = came
        seen.add(gram)
    share = sum(len(tokens[at]) for at in again) / max(1, characters)
    if len(again) >= 10 and share > most:
        return f"{share:.0%} of the text are phrases that came before, such as {cited(phrase)}"
    return None
