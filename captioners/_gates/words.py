"""Patterns of words, and what models write where there is nothing to say."""

import re
from collections.abc import Iterable


def any_of(*patterns: str) -> re.Pattern[str]:
    """One of these, as whole words."""
    return re.compile(rf"\b(?:{'|'.join(patterns)})(?!\w)", re.IGNORECASE)


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def one_of(words: Iterable[str]) -> str:
    """Alternatives, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


NOTHING = re.compile(
    r"(?:none|n/?a|nil|null|nothing|empty|not applicable|not visible|none visible|not available|not present"
    r"|(?:there is |there are )?no(?: (?:visible|readable|legible|discernible|apparent|on-?screen|specific"
    r"|particular|clear|notable|significant|other)){0,2}"
    r" (?:texts?|words?|letters|writing|lettering|signs?|signage|captions?|subtitles?|action|background"
    r"|lighting)"
    r"(?: (?:is|are|was|can be|or \w{1,12}|appears?|visible|present|shown|seen|detected|found|readable"
    r"|legible"
    r"|in the \w{1,10})){0,5})?",
    re.IGNORECASE,
)
"""What models write in a field that has nothing to hold."""
