"""Recall of captions: which of the facts that a person wrote down for a clip its caption states.

Omission is what is counted, so a fact is recognised by words, in whatever order and inflection; a caption
that denies them ("no hat") does not state them. What a caption says beyond the facts is not judged here."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from curate.intervals import wilson


@dataclass(frozen=True)
class Fact:
    """One claim about a clip."""

    fact: str
    """For people: a sentence."""
    words: tuple[tuple[str, ...], ...]
    """For machines: groups of alternatives, lowercase and in their base form. A sentence of the caption
    states the fact if it has one alternative of every group."""


@dataclass(frozen=True)
class FactClip:
    """A span of a video and what is to be seen in it."""

    video: str
    """Name of the file, without its folder."""
    start_seconds: float
    end_seconds: float
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Span:
    """Where a clip of a run lies."""

    uri: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True)
class ClipRecall:
    """Which facts of a clip its caption states."""

    clip: FactClip
    told: tuple[bool, ...]
    """One per fact."""

    @property
    def stated(self) -> int:
        return sum(self.told)

    @property
    def count(self) -> int:
        return len(self.told)

    @property
    def share(self) -> float:
        return self.stated / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, 95 %."""
        return wilson(self.stated, self.count)

    @property
    def omitted(self) -> tuple[Fact, ...]:
        return tuple(fact for fact, told in zip(self.clip.facts, self.told, strict=True) if not told)


@dataclass(frozen=True)
class Recall:
    """Which facts the captions of a run state."""

    clips: tuple[ClipRecall, ...]
    """In the order of the facts' file."""
    uncaptioned: tuple[FactClip, ...]
    """Clips that the run has no caption for: they count neither as stated nor as omitted."""

    @property
    def stated(self) -> int:
        return sum(clip.stated for clip in self.clips)

    @property
    def count(self) -> int:
        return sum(clip.count for clip in self.clips)

    @property
    def share(self) -> float:
        """NaN where no clip has a caption."""
        return self.stated / self.count if self.count else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, 95 %. It takes the facts as independent, which those of one clip are not quite."""
        return wilson(self.stated, self.count)


def read_facts(path: str | Path) -> list[FactClip]:
    """The clips of a file of facts: `{"clips": [{"video", "start_seconds", "end_seconds", "facts": [{"fact",
    "words": [[alternative, ...], ...]}, ...]}, ...]}`. ValueError says what is wrong with it."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    try:
        clips = _entries(_fields(content, "the file", "clips")[0], "clips")
        return [_clip(each, f"clip {number}") for number, each in enumerate(clips, 1)]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _clip(entry: Any, where: str) -> FactClip:
    names = "video", "start_seconds", "end_seconds", "facts"
    video, start, end, facts = _fields(entry, where, *names)
    if not isinstance(video, str) or not video or "/" in video:
        raise ValueError(f"video of {where} is {video!r} and must be the name of a file, without its folder")
    where = f"{where} ({video})"
    for name, seconds in ("start_seconds", start), ("end_seconds", end):
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
            raise ValueError(f"{name} of {where} is {seconds!r} and must be a number")
    if not 0 <= start < end:
        raise ValueError(f"{where} lasts from {start} to {end}, which is no span")
    listed = _entries(facts, f"facts of {where}")
    return FactClip(
        video,
        float(start),
        float(end),
        tuple(_fact(each, f"fact {number} of {where}") for number, each in enumerate(listed, 1)),
    )


def _fact(entry: Any, where: str) -> Fact:
    fact, words = _fields(entry, where, "fact", "words")
    if not isinstance(fact, str) or not fact.strip():
        raise ValueError(f"fact in {where} is {fact!r} and must be a sentence")
    groups = [_entries(each, f"a group of words of {where}") for each in _entries(words, f"words of {where}")]
    for each in (each for group in groups for each in group):
        if not isinstance(each, str) or each != each.lower() or not _phrase(each):
            raise ValueError(f"an alternative of {where} is {each!r} and must be words in lowercase")
    return Fact(fact, tuple(tuple(group) for group in groups))


def _fields(entry: Any, where: str, *names: str) -> list[Any]:
    """The values of exactly these keys."""
    if not isinstance(entry, dict) or set(entry) != set(names):
        had = sorted(entry) if isinstance(entry, dict) else entry
        raise ValueError(f"{where} must be an object with {', '.join(names)} and is {had!r}")
    return [entry[name] for name in names]


def _entries(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"{where} must be a list that is not empty and is {value!r}")
    return value


def recall(texts_by_clip: Mapping[Span, str], facts: Sequence[FactClip]) -> Recall:
    """Which facts the captions of a run's clips state.

    Where a run cut a span into several clips their captions are read one after the other, as what the run
    says of that span."""
    clips, uncaptioned = [], []
    for clip in facts:
        spans = sorted(
            (span for span in texts_by_clip if belongs(span, clip)), key=lambda span: span.start_seconds
        )
        if spans:
            text = "\n\n".join(texts_by_clip[span] for span in spans)
            clips.append(ClipRecall(clip, tuple(stated(fact, text) for fact in clip.facts)))
        else:
            uncaptioned.append(clip)
    return Recall(tuple(clips), tuple(uncaptioned))


def belongs(span: Span, clip: FactClip) -> bool:
    """Whether a clip of a run is (a part of) this one: of a video with this file name, and at least half of
    the shorter of the two lies inside the other."""
    if span.uri.rsplit("/", 1)[-1] != clip.video:
        return False
    common = min(span.end_seconds, clip.end_seconds) - max(span.start_seconds, clip.start_seconds)
    shorter = min(span.end_seconds - span.start_seconds, clip.end_seconds - clip.start_seconds)
    return common > 0 and common >= shorter / 2


def stated(fact: Fact, text: str) -> bool:
    """Whether a sentence of `text` has an alternative of every group of the fact's words, not denied."""
    return any(
        all(any(_found(_phrase(each), words, denied) for each in group) for group in fact.words)
        for words, denied in _sentences(text)
    )


Words = tuple[str, ...]

_SENTENCE = re.compile(r"[.!?](?=[\s\"')\]*]|$)|\n\s*(?:\n|[-*•]|\d+[.)]\s)")
"""Its end. A line break alone is none: captions may be wrapped."""
_WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+(?:'[^\W_]+)?|[,;:()–—]")
_MARKS = frozenset(",;:()–—")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DENIALS = _set("no not without never neither nor nothing nobody lack lacks lacking absence devoid cannot")
_REACH = 5
"""Words that a denial reaches in each part of a list: "no sign of any other people"."""
_ENDS = _set(
    "and but while as who which that whose when where because so yet then although though however besides "
    "except instead until before after since"
)
"""Words after which something else is said."""
_PLACES = _set(
    "on in at behind beside near under over across along from into through during throughout around above "
    "below against by with inside outside between toward towards within"
)
"""Words that lead to the place where something is not, and that place is there: "no text on the wall"."""
_SUBJECTS = _set("the a an he she it they his her its their there this these those")
"""Words that begin a statement rather than go on with a list."""
_UNSEEN = re.compile(
    r"(?:(?:is|are|was|were) not (?:\w+ly )?(?:visible|seen|present|shown|apparent|there)"
    r"|(?:can|could) ?not be (?:seen|made out)|(?:is|are|was|were) (?:absent|missing))\b"
)
"""A denial that follows what it denies."""


def _split(text: str) -> Words:
    """Words and marks: without hyphens, possessives and contracted `not`."""
    plain = text.lower().replace("’", "'").replace("-", " ").replace("‑", " ")
    plain = re.sub(r"n't\b", " not", plain)
    return tuple(_WORD.findall(re.sub(r"'s\b", "", plain)))


@cache
def _phrase(alternative: str) -> Words:
    return tuple(word for word in _split(alternative) if word not in _MARKS)


def _sentences(text: str) -> Iterator[tuple[Words, list[bool]]]:
    """The words of each sentence, and which of them are denied."""
    for sentence in _SENTENCE.split(text):
        words = _split(sentence)
        yield words, _denied(words)


def _denied(words: Words) -> list[bool]:
    denied = [False] * len(words)
    for at, word in enumerate(words):
        # "Not only a dog" has a dog.
        if word not in _DENIALS or words[at + 1 : at + 2] in (("only",), ("just",), ("merely",)):
            continue
        reached = 0
        for place in range(at + 1, len(words)):
            next_word = words[place]
            if next_word in ("or", "nor") or (next_word == "," and _goes_on(words[place + 1 :])):
                reached = 0
                continue
            leads_away = next_word in _PLACES and place > at + 1
            reached += 1
            if next_word in _MARKS or next_word in _ENDS or leads_away or reached > _REACH:
                break
            denied[place] = True
    return denied


def _goes_on(words: Words) -> bool:
    """Whether these words after a comma go on with what is denied: "no text, logos or people"."""
    length = 0
    for word in words:
        if word in ("or", "nor"):
            return True
        length = 0 if word == "," else length + 1
        stops = word in _ENDS or word in _PLACES or word in _SUBJECTS
        if stops or length > 3 or (word in _MARKS and word != ","):
            return False
    return False


def _found(phrase: Words, words: Words, denied: Sequence[bool]) -> bool:
    """Whether the phrase occurs and is not denied there."""
    size = len(phrase)
    for at in range(len(words) - size + 1):
        if denied[at] or not all(words[at + n] in _forms(phrase[n]) for n in range(size)):
            continue
        if not _UNSEEN.match(" ".join(words[at + size : at + size + 5])):
            return True
    return False


@cache
def _forms(word: str) -> frozenset[str]:
    """A word and its regular inflections, some of which are no words: that does no harm."""
    if len(word) < 3 or not word.isalpha():
        return frozenset({word})
    vowels = "aeiou"
    forms = {word, word + "s", word + "ing", word + "ed"}
    if word.endswith(("s", "x", "z", "ch", "sh", "o")):
        forms.add(word + "es")
    if word[-1] == "y" and word[-2] not in vowels:
        forms |= {word[:-1] + "ies", word[:-1] + "ied"}
    if word[-1] == "e":
        forms |= {word + "d", word[:-1] + "ing"}
    if word.endswith("ie"):
        forms.add(word[:-2] + "ying")
    if word[-1] not in "aeiouwxy" and word[-2] in vowels and word[-3] not in vowels:
        forms |= {word + word[-1] + "ing", word + word[-1] + "ed"}
    if word[-1] == "f":
        forms.add(word[:-1] + "ves")
    if word.endswith("fe"):
        forms.add(word[:-2] + "ves")
    return frozenset(forms)
