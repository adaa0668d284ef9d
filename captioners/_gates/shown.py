"""The gate on text: words that a caption says can be read must be among those that were read in the clip.

What was read has the mistakes of its reader, which misses small, slanted and handwritten text: a caption that
has more words than it is fine, one that shares nothing with it is not."""

import re
from difflib import SequenceMatcher

from captioners._gates.prose import UNSPACED, cited, folded, quotes, sentences
from captioners._gates.words import Words, any_of, names
from captioners.dialogue.schema import Fields
from captioners.dialogue.types import Evidence

ALIKE = 0.7
"""Ratio of matching characters from which two words are one with mistakes: one wrong letter of four."""
WORD = re.compile(r"[^\W_]{1,30}")
"""Or thirty characters of one: longer ones are noise."""
LEAST = 0.2
"""Share of the words of `text_visible` that must have been read, where any were: a reader misses the small
print, but hardly four words of five. A guess."""
HARD_TO_READ = Words(
    r"\b(?:small|tiny|blur\w{0,4}|partial\w{0,2}|faint\w{0,2}|distant|handwritten|handwriting|cursive"
    r"|illegible|unreadable|unclear|indistinct|obscured|graffiti|stylized|partly|fleeting|briefly|writ(?:es"
    r"|ing)|wrote|pens?|pencils?|chalk\w{0,5}|letter|note|notebook|faded|ink|embroidered|engraved|carved"
    r"|tattoo\w{0,2}|far|background)\b"
)
SHOWN = Words(
    r"\b(?:signs?|signage|signboard|texts?|reads?|reading|letter(?:s|ing)|subtitles?|captions?|logos?"
    r"|banners?|labels?|labell?ed|written|words?|posters?"
    r"|titles?|billboards?|screens?|printed|watermarks?|marked|inscri\w{1,7}|placards?|plaque|t-?shirts?"
    r"|jersey|storefront|board|graphic|overlay|display(?:s|ed|ing)?|emblazoned|spells?|plate|sticker|tag"
    r"|neon|headline|cover|bearing|branded)\b"
)
SPOKEN = any_of(
    r"say(?:s|ing)?", "said", r"shout(?:s|ing)?", r"ask(?:s|ing)", r"whispers?", r"sing(?:s|ing)",
    r"speaks?", r"yell(?:s|ing)",
    "exclaims?", r"repl(?:y|ies)", "mouths?", "chants?", "called", "so-called", "known as", "nicknamed",
    "song", "movie", "film", "novel",
)  # fmt: skip
META = names(
    "a an the on in of at and or to is are with text texts sign signs reading reads read word words letter "
    "letters lettering logo "
    "label banner watermark corner top bottom left right upper lower center middle screen title subtitle "
    "subtitles caption visible written "
    "storefront billboard poster shirt number numbers sticker signage brand name plate says english "
    "chinese japanese korean characters partially "
    "various several small large white black red blue shows showing displays appears"
)
"""Words that tell where text stands, in `text_visible`."""


def text(fields: Fields, evidence: Evidence) -> str | None:
    if evidence.words is None:
        return None
    listed = [claim for claim in _listed(fields.text_visible) if wanted(claim)]
    told = [claim for claim in (*_quoted(fields.dense), *_quoted(fields.short)) if wanted(claim)]
    if not listed and not told:
        return None
    if not any(line.strip() for line in evidence.words):
        return _unseen(fields, [*listed, *told])
    read = evidence.words
    if (
        max(matched(claim, read) for claim in (*listed, *told)) == 0
        or matched(" ".join(listed), read, 1.0) < LEAST
    ):
        claim = max(
            (*listed, *told), key=lambda claim: len("".join(wanted(claim))) * (not matched(claim, read))
        )
        return _not_read(claim, read) if len(max(wanted(claim), key=len)) >= 3 else None
    for claim in told:
        # What the reader missed, and the list of what can be read does not have either.
        if len(wanted(claim)) >= 2 and listed and not matched(claim, read) + matched(claim, tuple(listed)):
            return _not_read(claim, read)
    return None


def _not_read(claim: str, read: tuple[str, ...]) -> str:
    return (
        f"the words {cited(claim)} are said to be visible, but what was read is {cited(' / '.join(read), 40)}"
    )


def _unseen(fields: Fields, told: list[str]) -> str | None:
    """One word may be a logo too small to be read; a phrase that nobody read is not there."""
    if any(HARD_TO_READ.search(one.text) and SHOWN.search(one.text) for one in sentences(fields.dense)):
        return None
    long = (claim for claim in told if len(wanted(claim)) >= 2 and sum(map(len, wanted(claim))) >= 8)
    if (claim := next(long, None)) is None:
        return None
    return f"the words {cited(claim)} are said to be visible, but no text was found"


def _listed(shown: str) -> list[str]:
    """The items of `text_visible`: those in quotation marks, or else all."""
    if HARD_TO_READ.search(shown):
        return []
    if found := [words for _, words in quotes(shown)]:
        return found
    items = re.split(r"[,;|/\n•]|\. ", shown)
    told = [
        " ".join(word for word in item.split() if folded(word).strip(".:,") not in META) for item in items
    ]
    return [item for item in told if item]


def _quoted(prose: str) -> list[str]:
    """Quotations that are told as what is written somewhere."""
    found = []
    for sentence in sentences(prose):
        if HARD_TO_READ.search(sentence.text):
            continue
        for at, words in quotes(sentence.text):
            before = sentence.text[max(0, at - 90) : at]
            after = sentence.text[at + len(words) + 2 :][:50]
            spoken = SPOKEN.search(before[-30:]) is not None
            if SHOWN.search(before) or (not spoken and SHOWN.search(after)):
                found.append(words)
    return found


def wanted(claim: str) -> list[str]:
    """The words of a claim that can be looked for: of two letters at least, in a script that is read."""
    plain = folded(claim)
    return [
        word
        for word in WORD.findall(plain)
        if len(word) > 1 and all(char.isascii() or UNSPACED.match(char) for char in word)
    ]


CONFUSED = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "5": "s", "8": "b", "|": "l", "!": "l", "6": "b", "9": "g", "2": "z"}
)
"""Letters and digits that readers take for each other."""


def matched(claim: str, lines: tuple[str, ...], nothing: float = 0.0) -> float:
    """Share of the claim's words that were read; `nothing` where it has none."""
    whole = "".join(WORD.findall(folded(" ".join(lines)[:4000]))).translate(CONFUSED)
    read = [word.translate(CONFUSED) for line in lines for word in WORD.findall(folded(line))][:400]
    looked_for = wanted(claim)[:60]
    hits = 0
    for word in looked_for:
        plain = word.translate(CONFUSED)
        if UNSPACED.match(word):
            hits += any(char in whole for char in word)
        elif len(plain) > 3 and plain in whole:
            hits += 1
        else:
            hits += any(_alike(plain, other) for other in read)
    return hits / len(looked_for) if looked_for else nothing


def _alike(one: str, other: str) -> bool:
    if min(len(one), len(other)) < 3:
        return one == other
    if abs(len(one) - len(other)) > max(len(one), len(other)) * (1 - ALIKE):
        # Words that were read as one.
        return len(other) > 3 and (other in one or one in other)
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= ALIKE
