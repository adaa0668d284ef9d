"""What is taken off a caption before it is judged: stock prefixes, and talk of the video in place of what it
shows. Of the two the gate `talk` forgives what leaves a whole sentence behind (`mended`)."""

import re

from captioners._gates.prose import QUOTED, sentences, unquoted
from captioners._gates.words import Words

_ADJECTIVE = (
    r"(?:(?:short|brief|entire|whole|provided|given|following|silent|animated|single|current|same|time-?lapse"
    r"|looping|captured|recorded|sampled|selected|input|attached|uploaded|sequential|consecutive) ){0,2}"
)
_STILLS = r"(?:frames|images|stills|still images|pictures|photos|photographs|shots|screenshots|snapshots)"
_MOVING = rf"(?:video|clip|footage|recording|(?:sequence|series|set|collection) of {_STILLS})"
_SUFFIX = r"(?: (?:clips?|footage|sequence|segment|frames?|snippet|recording))?"
_FILM = rf"(?:{_MOVING}|videos|clips|sequence|frames|film clip){_SUFFIX}"
_STILL = r"(?:frame|images?|picture|photo|photograph|snapshot|screenshot|still)(?: sequence)?"
_ADVERB = r"(?:(?:\w{2,14}ly|also|then|next|now|first|primarily) ){0,2}"
_SHOWS = (
    r"(?:shows?|depicts?|captures?|features?|presents?|displays?|showcases?|illustrates?|portrays?|reveals?"
    r"|highlights?|documents?|follows?|focus(?:es)? on|cent(?:er|re)s? (?:on|around)|begins? (?:with"
    r"|by showing)"
    r"|opens? (?:with|on)|starts? (?:with|off with|by showing)|ends? (?:with|by showing)|concludes? (?:with"
    r"|by showing)"
    r"|contains?|consists? of|is of|is about|provides|offers|appears? to (?:show|depict|capture|feature)"
    r"|seems? to (?:show|depict|capture|feature)"
    r"|(?:is|are) (?:showing|depicting|capturing|featuring|displaying|presenting|showcasing))"
)
_NOT_A_THING = (
    r"(?!(?:how|what|why|where|when|who|whether|off|up|signs|in|on|at|with|by|from|to|and|or|as)\b)"
)
_SUBJECT = (
    r"(?=(?:,|:)|\s+(?:an?|the|there|two|three|four|five|several|many|some|people|we|you|he|she|it|they|one"
    r"|i|his"
    r"|her|their|this|another|both|no)\b)"
)
_WE_SEE = (
    r"(?:(?:we|you|one|i) (?:(?:can|could|may|will|are able to|also|first|then|now|only|clearly) ){0,3}"
    r"(?:see|observe|notice|witness)|the viewer (?:(?:can|also|then|first) ){0,2}(?:sees?|observes?|notices?)"
    r"|(?:we|the viewers?) (?:are|is) (?:shown|presented with|introduced to)|it (?:can be seen|is (?:shown"
    r"|clear|evident"
    r"|visible|apparent)) that)(?: that)?"
)
_LEAD = (
    r"(?:(?:overall|then|next|finally|initially|additionally|meanwhile|first|here|in summary|to begin),? )?"
)

CHATTER = re.compile(
    r"\s*(?:(?:sure|certainly|of course|okay|ok|absolutely|great)[!,.:]+\s*)?(?:"
    r"(?:here(?:['’]s| is| are)|this is|below is|the following is) (?:(?:a|an|the|your"
    r"|my) )?(?:[\w-]{1,20} ){0,4}?"
    r"(?:caption|description|summary)s?(?: (?:of|for|that|based|describing)[^.:\n]{0,80})?:"
    r"|(?:\*\*|#{1,4} )?(?:(?:dense|short|video|image|detailed|brief|long|final|scene) )?(?:caption"
    r"|description|summary"
    r"|answer|output)(?:\*\*)?:(?:\*\*)?)\s*",
    re.IGNORECASE,
)
ADVERBIALS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_LEAD}(?:in|within|throughout|during|across|over the course of|for the duration of)"
        rf" (?:the|this|these) {_ADJECTIVE}{_FILM}{_SUBJECT}[,:]?\s*",
        rf"{_LEAD}as (?:the|this|these) {_ADJECTIVE}{_FILM} (?:\w{{2,14}}ly )?(?:progress(?:es)?|continues?"
        r"|unfolds?|plays?"
        rf"|goes on|advances?|proceeds?|moves? (?:on|forward|along)|develops?){_SUBJECT},?\s*",
        r"(?:as (?:seen|shown|depicted|captured) |from what (?:is|can be) seen )?in (?:the|this"
        rf"|these) {_ADJECTIVE}{_FILM},\s*",
    )
)
"""Without them a sentence is as good as before."""
TELLING = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_LEAD}(?:the|this|these|our) {_ADJECTIVE}{_FILM} {_ADVERB}{_SHOWS}(?: that"
        rf"| us)?\s+{_NOT_A_THING}",
        # `shows how a man walks`; `shows how to walk` is no sentence without it.
        rf"{_LEAD}(?:the|this|these|our) {_ADJECTIVE}{_FILM} {_ADVERB}{_SHOWS} how{_SUBJECT}\s+",
        rf"{_LEAD}(?:the|this) {_ADJECTIVE}(?:video|clip|footage|recording){_SUFFIX} (?:is|has)\s+(?=an? )",
        rf"{_LEAD}{_WE_SEE}\s+{_NOT_A_THING}",
        rf"this is an? {_ADJECTIVE}(?:video|clip|footage|recording){_SUFFIX} (?:of|showing|depicting"
        r"|featuring|that shows)\s+",
    )
)
"""Subject and verb: what is left of the sentence may be a noun and no more."""
PREFIXES = (*ADVERBIALS, *TELLING)
"""Tried at the beginning of each sentence."""
AT_FIRST = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_LEAD}(?:the|this|these) {_ADJECTIVE}{_STILL} {_ADVERB}{_SHOWS}(?: that| us)?\s+{_NOT_A_THING}",
        rf"{_LEAD}(?:(?:in|within|across) (?:the|this|these) {_ADJECTIVE}(?:images?|picture|photo"
        r"|photograph|screenshot)"
        rf"|in this frame){_SUBJECT}[,:]?\s*",
        rf"(?:frames|footage|video|clip) {_ADVERB}{_SHOWS}\s+{_NOT_A_THING}",
        rf"this is an? {_ADJECTIVE}{_STILL} (?:of|showing|depicting|featuring|that shows)\s+",
        rf"(?:an? )?{_ADJECTIVE}{_MOVING}{_SUFFIX} (?:of|showing|depicting|featuring|capturing"
        r"|that shows)\s+",
    )
)
"""Only at the beginning of the text: later, `the photo` may be one in the picture. Nor is `a video of` taken
off where a screen is near."""
IN_A_ROW = re.compile(rf"\b{_STILLS}\b", re.IGNORECASE)
"""Past the first sentence, whoever tells of frames tells what each of them has: that is the gate's."""
INSIDE = (
    # `at the end of the video` keeps its place in time.
    (
        re.compile(
            r"(?P<keep>\b(?:at|towards?|near|by|from|until|till) the (?:very )?(?:start|beginning"
            rf"|end)) of the {_FILM}"
            r"(?=[,.;]|\s+(?:an?|the|he|she|it|they)\b)",
            re.IGNORECASE,
        ),
        r"\g<keep>",
    ),
    (
        re.compile(
            r"(?P<keep>\bthroughout) (?:the (?:entire(?:ty)?|duration|length|whole"
            r"|course)(?: of)? )?(?:the |this )?"
            rf"(?:entire |whole )?{_FILM}(?=[,.;])",
            re.IGNORECASE,
        ),
        r"\g<keep>",
    ),
    (
        re.compile(
            r",? (?:in|during|over the course of) (?:the|this) (?:video|clip|footage"
            rf"|recording){_SUFFIX}(?=[.;])"
            rf"|,? as (?:the|this) {_FILM} (?:progress(?:es)?|continues|unfolds|goes on|advances"
            r"|proceeds)(?=[.;])"
            rf"|, as (?:the|this) {_FILM} (?:progress(?:es)?|continues|unfolds|goes on|advances"
            r"|proceeds),(?=\s)",
            re.IGNORECASE,
        ),
        "",
    ),
)
"""Anywhere in a text without screens."""
STOCK = Words(
    r"video|clip|footage|recording|frame|image|still|picture|photo|shot|snapshot|sequence|viewer"
    r"|\b(?:we|you|i|one) (?:can|could|may|will|are|also|first|then|now|only|clearly|see|observe|notice"
    r"|witness)"
    r"|caption|description|summary|answer|output"
    r"|\bit (?:can be|is (?:shown|clear|evident|visible|apparent)) "
)
"""Each of those has one of these, and few good captions do."""
FILMS = ("video", "clip", "footage", "recording", "frames", "sequence", "series", "set", "collection")
"""Each of those has one of these."""
SCREEN = Words(
    r"\b(?:screens?|monitors?|phones?|smartphones?|laptops?|tablets?|televisions?|tvs?|projector|projected"
    r"|computer|youtube"
    r"|youtuber|vlog\w{0,5}|watch(?:es|ing)|plays? (?:a|the) (?:video|clip)|records? (?:a|the)|recording a"
    r"|filming"
    r"|edit(?:s|ing|or)|an? (?:\w{1,15} )?(?:video|clip|photo|photograph|picture|image|recording|footage"
    r"|frame)|(?:picture|photo) frames?"
    r"|video (?:game|call|player|wall|conference)|app|website|cinema|timeline|media player|paintings?"
    r"|posters?|canvas)\b"
)
"""Where a video or picture may be a thing that is seen."""
A_VIDEO = Words(
    r"\b(?:an? (?:\w{1,15} ){0,2}(?:video|clip|recording|footage)|watch(?:es|ing)|video (?:game|call|player"
    r"|wall|conference))\b"
)
"""A video that is seen: `the video` may be this one."""
MOST = 6
"""Prefixes in a row."""


def clean(text: str) -> str:
    """Without stock prefixes and talk of the video: `The video shows a man walking` is `A man walking.`

    The rest stays as it is, but for its first letter and a full stop; cleaning twice changes nothing more."""
    while (once := _once(text)) != text:
        text = once
    return text


def mended(text: str) -> str:
    """Without what leaves a sentence behind: stock prefixes at the very beginning, and adverbials anywhere
    (`as the video progresses`)."""
    while (once := _once(text, ADVERBIALS)) != text:
        text = once
    return text


def _once(text: str, later: tuple[re.Pattern[str], ...] = PREFIXES) -> str:
    """`later`: what is taken off sentences after the first."""
    if not STOCK.search(text):
        return text
    stripped = _without_chatter(text)
    screens = SCREEN.search(unquoted(stripped)) is not None
    parts = []
    shown_inside = A_VIDEO.search(unquoted(stripped)) is not None
    for number, sentence in enumerate(sentences(stripped)):
        patterns = PREFIXES + AT_FIRST if number == 0 else () if shown_inside else later
        parts.append(_without_prefix(sentence.text, patterns, screens, number == 0))
    result = "".join(parts)
    if not screens and any(film in result.lower() for film in FILMS):
        for pattern, kept in INSIDE:
            result = _replaced(pattern, kept, result)
    result = result.strip()
    if result == text.strip():
        return text
    return result if not result or result[-1] in ".!?…。！？\"”’')]*" else result + "."


def _without_chatter(text: str) -> str:
    if found := CHATTER.match(text):
        rest = text[found.end() :].strip()
        return rest if rest else text
    return text


def _without_prefix(sentence: str, patterns: tuple[re.Pattern[str], ...], screens: bool, first: bool) -> str:
    at = 0
    plain = unquoted(sentence)
    for _ in range(MOST):
        ends = [
            found.end()
            for pattern in patterns
            if not (screens and pattern is AT_FIRST[-1] and _screen_beside(plain))
            if (found := pattern.match(plain, at)) and (first or not IN_A_ROW.search(found[0]))
        ]
        end = max(ends, default=at)
        if end == at or not re.search(r"\w", sentence[end:]):
            break
        at = end
    if not at:
        return sentence
    rest = sentence[at:].lstrip(" ,:")
    return rest[:1].upper() + rest[1:]


def _screen_beside(plain: str) -> bool:
    """Whether a screen is there besides the `a video` that the sentence itself begins with."""
    return SCREEN.search(plain, min(len(plain), 20)) is not None or "play" in plain


def _replaced(pattern: re.Pattern[str], kept: str, text: str) -> str:
    """`sub` outside quotation marks."""
    parts, at = [], 0
    for found in QUOTED.finditer(text):
        parts += [pattern.sub(kept, text[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*parts, pattern.sub(kept, text[at:])])
