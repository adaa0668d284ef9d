"""A thing of which one text speaks twice: `a purple tie`, and `his orange tie` two sentences on."""

import re
from functools import lru_cache

from captioners._gates.coloured import Thing
from captioners._gates.prose import is_plural, singular
from captioners._gates.wearers import BEGINNING, PERSON, alone, his_own
from captioners._gates.words import Words, one_of
from captioners._gates.words_colour import CARRIED, CHROMATIC, NEAR, SAME, WORN
from captioners._gates.words_coloured import KIN, LATER, LIT, OPENED, STAINED

NOUNS = 1024
"""Nouns whose patterns are kept: a run of millions of captions has no end of them."""
THINGS = {
    singular(name)
    for kind in ("vehicle", "cab", "craft", "building", "tower", "aircraft")
    for name in KIN[kind][0].split()
}
OWN = frozenset(("his", "her", "its", "their"))
MEMBERS = {singular(name) for members, _ in KIN.values() for name in members.split()}
WORN_BY = Words(
    r"(?P<who>[a-z-]{2,20}),? (?:in|with|wearing|wears|(?:is |who is )?dressed in|who wears|has|who has"
    r"|carrying|carries|holding|holds|under)"
    r"(?: (?!(?:and|the|his|her|of|on|at|by|who|that)\b)[\w-]{1,15},?){0,6}?"
    r"(?:,? and(?: (?:an?|his|her))?(?: [\w-]{1,15}){0,3})?\s?\Z"
)
"""What ends before a coloured thing that somebody wears or holds, and that may be the second of two."""
ELSEWHERE = Words(
    r"\b(?:(?:tak|pick|grab|fetch|reach|hang|pack|fold|iron|buy|choos|find|hold|lay|drop|swap|remember|knit|sew"
    r"|look|point|admir)(?:e?s|ing)?"
    r"|under|underneath|over|beneath|beside|another|new|old|clean|fresh|second|spare|twin|doll|mirror"
    r"|reflection|poster|portrait|photo\w{0,6}|mannequin|shop window|in (?:the|a) window)\b"
)
"""Where another thing of the kind may be meant: one out of a wardrobe, below the first, or in a picture."""
BELOW = Words(r" (?:be|under)neath\b| below\b| in (?:the|a) (?:\w{1,15} )?(?:mirror|window|picture|poster)\b")
"""The same, behind it."""
HANDLED = Words(
    r"\b(?:knit|sew|iron|stitch|mend|wash|buy|sell|fold|hang|hem|crochet|weav)(?:e?s|ing)?(?: up| out)?"
    r" (?:an?|the|his|her) (?:[\w-]{1,15} ){0,3}\Z"
)
"""What ends before clothes that are worked on, and not worn."""
SOMEBODY_ELSE = Words(
    rf"\b(?:an?|the|another) (?:[\w-]{{1,15}} ){{0,2}}?(?P<who>{one_of(MEMBERS)}"
    r"|(?!(?:counter|water|paper|floor|corner|chamber|river|mirror|tower|flower|shoulder|letter|trailer"
    r"|corridor|motor|moment|pavement|plant|restaurant|tent|door|air|weather|shower|computer|camera|lever"
    r"|paper|finger|collar|winter|summer|water|gutter|ladder|hammer|trigger|banner|beer|leather|instrument)\b)"
    r"[a-z]{3,12}(?:er|or|ist|ess|ian|ant|ent))\b"
)
"""Between two things of a kind: whose the second may be."""
REACH = 70
"""Characters before a thing in which its wearer is named: about twelve words."""


@lru_cache(NOUNS)
def names_of(noun: str) -> str:
    """Alternatives: all by which the thing goes."""
    return f"(?:{one_of((noun, *(other for other, same in SAME.items() if same == noun)))})"


def exclusive(one: frozenset[str], other: frozenset[str]) -> bool:
    return not any(a == b or b in NEAR.get(a, ()) or a in NEAR.get(b, ()) for a in one for b in other)


def introduced(noun: str, text: str) -> int:
    """How many of a kind the text brings in. `One hand on the dress` is no dress."""
    return len(_introductions(noun).findall(text))


@lru_cache(NOUNS)
def _introductions(noun: str) -> re.Pattern[str]:
    between = r"(?:(?!(?:the|an?|his|her|its|their|of|on|in|with|at|to|from|by)\b)[\w-]+ ){0,3}?"
    return re.compile(rf"\b(?:an?|one|another|other|second) {between}{names_of(noun)}\b", re.IGNORECASE)


def itself(name: str, things: list[Thing], texts: dict[str, str]) -> str | None:
    """`A red car …. The blue car …`."""
    text = texts[name]
    single = {thing.noun: _only_one(thing.noun, texts) for thing in things}
    for at, thing in enumerate(things):
        for there, later in enumerate(things[at + 1 :], at + 1):
            if (
                thing.noun == later.noun
                and exclusive(thing.colours, later.colours)
                and not (thing.other or later.other)
                and single[thing.noun]
                and not _changed(later, text)
                and _again(thing, things[at + 1 : there + 1], text)
            ):
                return f"{name} has '{thing.words}' and '{later.words}' later"
    return None


def handled(thing: Thing, text: str) -> bool:
    """Whether it is clothes that somebody works on: who knits a blue sweater may wear a red one."""
    return thing.noun in WORN and HANDLED.search(text, max(0, thing.at - REACH), thing.at) is not None


def _only_one(noun: str, texts: dict[str, str]) -> bool:
    everything = " ".join(texts.values())
    if re.search(r"\bones\b", everything, re.I) or max(introduced(noun, text) for text in texts.values()) > 1:
        return False
    return is_plural(noun) or noun == "hair" or not re.search(rf"\b{names_of(noun)}s\b", everything, re.I)


def _changed(later: Thing, text: str) -> bool:
    """Whether light, dirt or time may have given the thing another colour."""
    if not later.stated:
        return False
    begin = _sentence_begin(text, later.at)
    if LATER.search(text, begin, later.at + len(later.words)) or OPENED.search(text):
        return True
    return (LIT if later.colours <= CHROMATIC else STAINED).search(text) is not None


def _sentence_begin(text: str, at: int) -> int:
    return max(text.rfind(mark, 0, at) for mark in ".;!?") + 1


def _again(thing: Thing, after: list[Thing], text: str) -> bool:
    """Whether the last one is the thing that the text has told of before."""
    later = after[-1]
    if thing.noun not in WORN or thing.noun in CARRIED:
        if later.definite and later.article not in OWN:
            return not (is_plural(thing.noun) or thing.definite or later.told_apart)
        if is_plural(thing.noun) or later.article not in OWN:
            return False
    if (somebody := alone(text[: later.at])) is None or not his_own(later.article, somebody):
        return False
    begin = _sentence_begin(text, later.at)
    begins = text[begin : later.at].strip().lower() == "the" and not later.told_apart
    if not (later.stated or later.article in OWN or begins):
        return False
    if any(_elsewhere(one, text) for one in after if one.noun == later.noun):
        return False
    if later.article in OWN and _somebody_between(text[thing.at : later.at], somebody, later.article):
        return False
    return thing.article == later.article in OWN or _worn_by(thing, text)


def _somebody_between(text: str, somebody: str, article: str) -> bool:
    """A car has no hat: what is `his` or `her` belongs to a person or an animal."""
    others = {found["who"].lower() for found in SOMEBODY_ELSE.finditer(text)}
    return any(who not in somebody and (article == "its" or who not in THINGS) for who in others)


def _elsewhere(thing: Thing, text: str) -> bool:
    begin = max(_sentence_begin(text, thing.at), thing.at - REACH)
    behind = thing.at + len(thing.words)
    return ELSEWHERE.search(text, begin, behind) is not None or BELOW.match(text, behind) is not None


def _worn_by(thing: Thing, text: str) -> bool:
    """Whether somebody wears or holds the thing: a shirt may hang in a shop window."""
    if thing.wearer and PERSON.fullmatch(thing.wearer):
        return True
    found = WORN_BY.search(text, max(0, thing.at - REACH), thing.at)
    if not found:
        return False
    who, first = found["who"].lower(), BEGINNING.match(text)
    return bool(
        PERSON.fullmatch(who) or who in ("he", "she", "it") or (first and first["noun"].lower() == who)
    )
