"""Whether an answer stops before its end."""

import re

from captioners._gates.prose import QUOTED, WORD, cited
from captioners._gates.words_truncation import ENDINGS, SHORTEST
from captioners.dialogue.schema import ENUMERATIONS, TEXT_FIELDS, Fields

ENDED = re.compile(r"[.!?…。！？؟।][\"”’'»)\]*」』\s]*\Z")
DANGLING = re.compile(
    r"(?:[,;:\-–—&(/]|\b(?:the|an|and|or|into|its|their|because|than|although|whose|of|with"
    r"|(?<!for a )(?<!in a )(?<!after a )while)|(?<![\w\"'“/])a)[.…]{0,3}\s*\Z"
    r"|\b(?:he|she|they|which|who)(?:\.{2,4}|…)\s*\Z"
)
"""Ends after which a sentence goes on. `A` in capitals may be a letter that is shown."""
STRANDED = re.compile(
    r"\b(?:that|which|who|whom|what|where|nothing|something|to|how|as|than)\b[^.;,:]{3,60} (?:with|of)\.\s*\Z"
)
"""`The toy that he plays with.`"""
GOES_ON = re.compile(
    r"\b(?:from|for|at|to|by|onto|upon|towards?|against|between|among|amid|during|until|as|if|when|where"
    r"|(?<!or )so|but|nor|whose \w+|and then|(?:camera|view|he|she|it|they) (?:\w+ly|then)|is|are|was|were"
    r"|has|have|which|who|that|very|my|our|your|every|no"
    r"|(?:with|of|by|in|on|at|to|into|from|and) (?:one|two|three|four|five|six|several|some|many|another|each"
    r"|both|more)"
    r"|(?:an?|two|three|several) (?:\w+ )?(?:tall|large|small|big|tiny|huge|great|narrow|broad|wide|long"
    r"|short|thick|thin|heavy|harsh|soft|gentle|bright|dim|dark|pale|faint|deep|shallow|steep|flat|old|young|new"
    r"|modern|traditional|rustic|wooden|metallic|rusty|dusty|muddy|snowy|grassy|sandy|rocky|busy|quiet|crowded"
    r"|empty|rectangular|circular|cylindrical|colou?rful|beautiful|vast|lush|sleek|sturdy|plain))\Z",
    re.IGNORECASE,
)
"""Ends of a text without a full stop after which more was to come; with one, some of them end sentences (`the
bus he waits for.`)."""
LONGEST = 2_000
"""Characters of a field in which other words are looked for."""
OPEN = (("(", ")"), ("[", "]"), ("“", "”"), ("«", "»"), ("「", "」"))

LAST_WORD = re.compile(r"(?<![\w'’-])(?<!\d )([a-z]+)\Z")
BEGUN = re.compile(r"[.!?] [A-Z][a-z]{0,2}\Z")
"""One more sentence was to come."""


def truncation(fields: Fields, cut: bool) -> str | None:
    """`cut`: the server says that it ended the answer. Where its JSON is whole all the same, what is missing
    may be the last sentence, and another try costs less than a caption without it."""
    if cut:
        return "the answer was cut at the most tokens it may have"
    if WORD.search(fields.dense) and _unended(fields):
        return f"dense ends in the middle of a sentence: {cited(fields.dense[-60:])}"
    short = fields.short
    if DANGLING.search(short[-40:]) or GOES_ON.search(short[-40:]) or _piece(short, fields):
        return f"short ends in the middle of a sentence: {cited(short[-60:])}"
    for name, most in TEXT_FIELDS.items():
        # Decoding by the schema ends a text at its limit, wherever it is.
        value = getattr(fields, name)
        if name not in ENUMERATIONS and len(value) >= most and not ENDED.search(value[-40:]):
            return f"{name} was cut at its limit of {most} characters: {cited(value[-60:])}"
    return None


def _unended(fields: Fields) -> bool:
    dense, tail = fields.dense, fields.dense[-40:]
    if DANGLING.search(tail):
        return STRANDED.search(dense[-80:]) is None
    if ENDED.search(tail):
        return False
    if _opened(dense):
        return True
    if tail[-1] in "\"”’'»)]」』":
        return False
    # Many a model leaves the last full stop out: what is left are ends that cannot be one.
    return GOES_ON.search(tail) is not None or _piece(dense, fields)


def _piece(text: str, fields: Fields) -> bool:
    """Whether the last word of a text without a full stop is a piece of one: of another word that the answer
    has, or of one that no English word of its length is."""
    if BEGUN.search(text[-6:]):
        return True
    found = LAST_WORD.search(text[-40:])
    if found is None:
        return False
    last = found[1]
    if len(last) <= 3 and last not in SHORTEST:
        return True
    others = [word for name in TEXT_FIELDS for word in WORD.findall(getattr(fields, name)[:LONGEST].lower())]
    if others.count(last) > 1:
        return False
    rests = {word.removeprefix(last) for word in others if word.startswith(last)} - {""}
    return bool(rests) and rests.isdisjoint(ENDINGS)


def _opened(text: str) -> bool:
    """Whether a quotation or a bracket is open at the end."""
    bare = QUOTED.sub("", text)
    return '"' in bare or any(bare.count(mark) > bare.count(closing) for mark, closing in OPEN)
