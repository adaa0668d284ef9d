"""From an answer's text to the fields of a caption: one JSON object, and the words of its enumerations."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from captioners._gates.prose import cited
from captioners._gates.words import NOTHING
from captioners._gates.words_camera import AXES, BESIDE_A_MOVE, MOTIONS, SHOTS, WAYS
from captioners.dialogue.schema import CAMERA_MOTIONS, FIELDS, MAY_BE_EMPTY, SHOT_TYPES, Fields

LARGEST = 64 * 1024
"""Characters of an answer. The fields of the schema have 4,200 at most; this leaves room for text around them
and for escapes."""
DEEPEST = 16
"""Objects within objects. The schema has one; a hostile answer may have thousands."""
FENCE = re.compile(r"^```[a-zA-Z]{0,10}\s*|\s*```$")
LONGEST_TOKEN = 6
"""Characters of `false` or `\\u00e9`, of which a cut leaves some."""
INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")
"""Marks of direction and width: nothing that is seen is lost without them."""
BROKEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
"""Control characters, halves of a surrogate pair, and what stands for bytes that were no text."""
PUNCTUATION = " \t\n.,;:!\"'`*"


@dataclass(frozen=True)
class Unparsed:
    """Why there are no fields."""

    reason: str
    fault: str


class _Repeated(ValueError):
    pass


def parsed(raw: str) -> Fields | Unparsed:
    """The fields as they were written, with single spaces."""
    text = raw.strip().removeprefix("\ufeff")
    if text.startswith("<think>"):
        text = text.rpartition("</think>")[2].strip()
    text = FENCE.sub("", text)
    start = text.find("{")
    if start < 0:
        return Unparsed("parse", f"the answer {cited(text)} has no JSON object" if text else "it is empty")
    end, depth = _closing(text, start)
    if depth > DEEPEST:
        return Unparsed("parse", f"the JSON is nested more than {DEEPEST} deep")
    if end is None and not _goes_on(text[start:]):
        return Unparsed("parse", f"it is not JSON: {cited(text[start:])}")
    if end is None:
        return Unparsed("truncation", f"the JSON object is not closed: it ends with {cited(text[-60:])}")
    if "{" in text[end:] and text[text.find("{", end) :].strip() != text[start:end]:
        return Unparsed("parse", "there is more than one JSON object")
    try:
        found = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number, strict=False).decode(
            text[start:end]
        )
    except _Repeated as error:
        return Unparsed("parse", str(error))
    except (ValueError, RecursionError) as error:
        return Unparsed("parse", f"it is not JSON: {str(error)[:100]}")
    return _fields(found)


def _closing(text: str, start: int) -> tuple[int | None, int]:
    """Where the object that starts there ends (None: nowhere), and how deep it goes."""
    depth = deepest = 0
    inside = False
    for found in re.finditer(r"\\.|[\"{}\[\]]", text[start:], re.DOTALL):
        token = found[0]
        if token == '"':
            inside = not inside
        elif inside or token.startswith("\\"):
            continue
        elif token in "{[":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
            if not depth:
                return start + found.end(), deepest
    return None, deepest


def _goes_on(text: str) -> bool:
    """Whether the beginning of an object would be JSON if it went on: what is wrong with it is its end."""
    try:
        json.JSONDecoder(strict=False).decode(text)
    except json.JSONDecodeError as error:
        return "Unterminated" in error.msg or error.pos >= len(text.rstrip()) - LONGEST_TOKEN
    except RecursionError:
        return True
    return True


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise _Repeated(f"the key {cited(twice, 40)} comes more than once")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _fields(found: Mapping[str, Any]) -> Fields | Unparsed:
    if missing := [name for name in FIELDS if name not in found]:
        return Unparsed("parse", f"the object lacks {', '.join(missing)}")
    if wrong := [name for name in FIELDS if not isinstance(found[name], str)]:
        return Unparsed("parse", f"{', '.join(wrong)} must be a text, in quotation marks")
    texts = {name: " ".join(INVISIBLE.sub("", found[name]).split()) for name in FIELDS}
    for name in FIELDS:
        # Before spaces are joined: `split` takes some control characters for spaces.
        if broken := BROKEN.search(found[name]):
            return Unparsed("parse", f"{name} has the character U+{ord(broken[0]):04X}, which is no text")
    if not texts["subject"]:
        return Unparsed("parse", "subject is empty")
    for name in MAY_BE_EMPTY:
        if NOTHING.fullmatch(texts[name].strip(PUNCTUATION)):
            texts[name] = ""
    return Fields(**texts)


def normal(fields: Fields) -> Fields:
    """With words for camera motion and shot type that the schema knows, where it is plain which is meant."""
    return replace(fields, camera_motion=_motion(fields.camera_motion), shot_type=_shot(fields.shot_type))


def enumeration(fields: Fields) -> str | None:
    for name, allowed in (("camera_motion", CAMERA_MOTIONS), ("shot_type", SHOT_TYPES)):
        if (value := getattr(fields, name)) not in allowed:
            return f"{name} is {cited(value, 60)}, and must be one of: {', '.join(allowed)}"
    return None


def _plain(value: str) -> str:
    value = re.sub(r"[-_/]+", " ", value[:200].lower()).replace("'", "").replace("’", "").strip(PUNCTUATION)
    return " ".join(value.split())


def _motion(value: str) -> str:
    plain = _plain(value)
    if (known := _one_motion(plain)) is not None:
        return known
    parts = [part for part in re.split(r", | and | then |;|\+|&|,", plain) if part.strip()]
    named = [_one_motion(part.strip()) for part in parts]
    if len(named) > 1 and None not in named and not (len(named) > 2 and "static" in named):
        return str(named[0]) if len(set(named)) == 1 else "several"
    return value


def _one_motion(plain: str) -> str | None:
    if plain in CAMERA_MOTIONS:
        return plain
    for known, pattern in MOTIONS.items():
        if re.fullmatch(pattern, plain):
            return known
    words = plain.split()
    axes = {AXES[word] for word in words if word in AXES}
    ways = [WAYS[word] for word in words if word in WAYS]
    if len(axes) != 1 or not ways or not set(words) <= AXES.keys() | WAYS.keys() | BESIDE_A_MOVE:
        return None
    # From left to right: the last one is where it goes.
    return move if (move := f"{axes.pop()} {ways[-1]}") in CAMERA_MOTIONS else None


def _shot(value: str) -> str:
    plain = _plain(value).removeprefix("a ").removeprefix("an ")
    for known in SHOT_TYPES:
        if plain == _plain(known):
            return known
    for known, pattern in SHOTS.items():
        if re.fullmatch(pattern, plain):
            return known
    return value
