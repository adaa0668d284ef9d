"""Patterns of words in any case, and what models write where there is nothing to say."""

import re
from collections.abc import Iterable, Iterator


class Words:
    """A pattern in small letters that texts match in any case.

    `re` tries alternatives four times as fast where case counts. So the pattern is looked for in the text's
    small letters first, and only where it is there in the text."""

    def __init__(self, pattern: str) -> None:
        self.pattern = re.compile(pattern, re.IGNORECASE)
        self._small = re.compile(pattern.replace("(?-i:", "(?:"))

    def search(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        stop = len(text) if end is None else end
        small = text.lower()
        if len(small) == len(text) and not self._small.search(small, start, stop):
            return None
        return self.pattern.search(text, start, stop)

    def match(self, text: str, start: int = 0) -> re.Match[str] | None:
        return self.pattern.match(text, start)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        return self.pattern.fullmatch(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        first = self.search(text)
        return iter(()) if first is None else self.pattern.finditer(text, first.start())


def any_of(*patterns: str) -> Words:
    """One of these, as whole words."""
    return Words(rf"\b(?:{'|'.join(patterns)})(?!\w)")


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
