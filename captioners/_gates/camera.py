"""The gate on the camera: its field, the sentences about it, and what was measured must agree.

Flow cannot tell a camera that pans from one that trucks, tilt from pedestal, zoom from dolly: as a measurement
each pair is one thing. `orbit`, `tracking` and `several` hold movements of any kind, and contradict only a
camera that stands."""

import re

from captioners._gates.prose import cited, negated, sentences, unquoted
from captioners._gates.words import AXES, WAYS
from captioners.dialogue.schema import Fields
from captioners.dialogue.types import Evidence

STATIC = "static"
SEEN_AS = {"truck": "pan", "pedestal": "tilt", "dolly": "zoom"}
OPPOSITE = {"left": "right", "right": "left", "up": "down", "down": "up", "in": "out", "out": "in"}
OF_ANY_KIND = frozenset(("orbit", "tracking", "several", "handheld"))
"""Movements that hold others."""

CAMERA = re.compile(
    r"\b(?:camera|cameraman|viewpoint|camerawork|drone shot|shot|view|lens|framing|handheld|hand-held)\b",
    re.I,
)
CAMERA_AS_THING = re.compile(
    r"\b(?:hold(?:s|ing)|carr(?:y|ies|ying)|look(?:s|ing)? (?:in)?to(?:wards?)?|look(?:s|ing)? at|fac(?:es|ing)|toward|towards|to|at|away from|past|behind|near"
    r"|from|with|her|his|their|security|film|video|old|vintage|digital) (?:the |a |an )?(?:\w+ )?cameras?\b",
    re.IGNORECASE,
)
_STILL = r"(?:static|stationary|motionless|unmoving|locked[- ]off|locked|immobile|fixed|perfectly still|completely still|entirely still|still)"
STANDS = re.compile(
    rf"\bcamera(?: \w+ly)? (?:is|remains|stays|stands|holds|sits|keeps)(?: \w{{1,12}}ly)?(?: in a| on a| held| kept| completely| in)? {_STILL}\b"
    rf"|\bcamera(?: \w+ly)? (?:does not|doesn['’]t|never|hardly ever) (?:move|shift|pan|tilt|change)"
    r"|\b(?:static|stationary|fixed|locked-off|locked|unmoving|motionless) (?:\w+ )?(?:camera|shot|camerawork|view|frame|framing|angle|position|viewpoint|wide shot|perspective)\b"
    r"|\b(?:no|without(?: any)?) (?:visible |noticeable |apparent )?camera (?:movement|motion)\b|\bmounted on a tripod\b|\btripod shot\b|\bcamera (?:is )?on a tripod\b",
    re.IGNORECASE,
)
_FILLER = r"(?:(?!(?:static|while|and|as|but)\b)[\w'’-]{1,15},? ){0,4}?"
MOVES_THERE = re.compile(
    rf"\b(?P<verb>{'|'.join(AXES)}|move|moves|moving|travels?|glides?|gliding|drifts?|drifting|floats?|rises?|rising|ascends?|ascending|descends?|descending"
    rf"|lowers?|lowering|lifts?|retreats?|advances?|closes|widens)\b(?: {_FILLER}(?P<way>{'|'.join(WAYS)}|closer|nearer|away|open)\b)?",
    re.IGNORECASE,
)
OTHERS = {
    "orbit": re.compile(r"\b(?:orbit(?:s|ing)?|circl(?:es|ing)|revolv(?:es|ing)|arcs?|arcing|rotat(?:es|ing) around|moves? around|swirls)\b", re.I),
    "tracking": re.compile(r"\b(?:track(?:s|ing)|follow(?:s|ing)|keeps? pace)\b", re.I),
    "handheld": re.compile(r"\b(?:hand-?held|shak(?:es|y|ing)|jitter(?:s|y)|wobbl(?:es|y|ing)|bounc(?:es|ing)|jerk(?:s|y))\b", re.I),
    "roll": re.compile(r"\b(?:rolls|rolling|dutch roll|barrel roll)\b", re.I),
}  # fmt: skip
VERTICAL = {"rise": "up", "rises": "up", "rising": "up", "ascend": "up", "ascends": "up", "ascending": "up", "lift": "up",
            "lifts": "up", "descend": "down", "descends": "down", "descending": "down", "lower": "down", "lowers": "down",
            "lowering": "down"}  # fmt: skip
TRAVELS = {
    "left": "truck",
    "right": "truck",
    "up": "pedestal",
    "down": "pedestal",
    "in": "dolly",
    "out": "dolly",
}
WHICH_WAY = {**WAYS, "closer": "in", "nearer": "in", "away": "out", "open": "out"}
LITTLE = re.compile(
    r"\b(?:slight|slightly|subtle|subtly|minor|barely|almost|nearly|mostly|minimal|tiny|hardly|gentle sway)\b",
    re.I,
)
IN_TURN = re.compile(
    r"\b(?:before|then|until|initially|at first|finally|eventually|after|afterwards|later|briefly|begins?|starts?|ends?|settles?|comes to|stops?"
    r"|pauses?|at the end|at the beginning|at the start|once|when)\b",
    re.IGNORECASE,
)
"""The camera does one thing after another."""
VERTIGO = re.compile(r"\b(?:dolly zoom|vertigo effect|zolly)\b", re.I)


def camera(fields: Fields, evidence: Evidence, confidence: float) -> str | None:
    text = f"{fields.dense} {fields.short}"
    told = claims_of(text)
    if VERTIGO.search(text):
        return None
    moves = [move for move, _ in told]
    if fault := _field_and_text(fields.camera_motion, told, in_turn=IN_TURN.search(text) is not None):
        return fault
    if evidence.camera is None or evidence.camera_confidence < confidence:
        return None
    if fields.camera_motion != "unclear" and not measured_as(fields.camera_motion, evidence.camera):
        return (
            f"camera_motion is {cited(fields.camera_motion)}, but the view was measured:"
            f" {_measured(evidence.camera)}"
        )
    if moves and not any(measured_as(move, evidence.camera) for move in moves):
        return f"the text says {cited(told[0][1])}, but the view was measured: {_measured(evidence.camera)}"
    return None


def _measured(camera: str) -> str:
    return "it holds still" if camera == STATIC else f"it moves ({camera})"


def claims_of(text: str) -> list[tuple[str, str]]:
    """Each movement of the camera that the text tells, `static` among them, and the words for it. A movement
    without a direction has none: `pan`."""
    found: list[tuple[str, str]] = []
    for sentence in sentences(text):
        plain = unquoted(sentence.text)
        for place in STANDS.finditer(plain):
            if (
                "camera" in place[0].lower()
                or "shot" in place[0].lower()
                or "tripod" in place[0].lower()
                or "fram" in place[0].lower()
            ):
                found.append((STATIC, place[0]))
        for about in CAMERA.finditer(plain):
            if CAMERA_AS_THING.search(plain, max(0, about.start() - 30), about.end()):
                continue
            start = about.start() if about[0].lower() in ("camera", "cameraman", "lens") else about.end()
            found += _moves(_clause(plain, start))
            if about[0].lower() in ("shot", "handheld", "hand-held", "framing", "camerawork"):
                found += _named(plain, about)
            break
    return found


def _clause(plain: str, start: int) -> str:
    """What is said of the camera: up to where another subject begins."""
    rest = plain[start : start + 300]
    end = re.search(
        r"[.;!?]|,? (?:while|as) (?!(?:it|the camera)\b)|, (?:a|an|the) (?!camera\b)|\b(?:of|showing|revealing|capturing|to (?:reveal|show|capture|follow))\b", rest
    )  # fmt: skip
    return rest[: end.start()] if end else rest


def _moves(clause: str) -> list[tuple[str, str]]:
    found = []
    head = re.match(r"(?:camera|cameraman|lens)?(?:'s|’s)?", clause)
    body = clause[head.end() :] if head else clause
    for place in MOVES_THERE.finditer(body):
        verb, way = place["verb"].lower(), (place["way"] or "").lower()
        way = WHICH_WAY.get(way, "")
        if negated(body, place.start()):
            continue
        if verb in AXES:
            axis = AXES[verb]
            if axis == "dolly" and verb.startswith("pu"):
                way = "in" if verb.startswith("push") else "out"
            if way and way not in ("left", "right") and axis in ("pan", "truck"):
                way = ""
            if way in ("left", "right") and axis not in ("pan", "truck"):
                way = ""
            found.append((f"{axis} {way}".strip(), place[0]))
        elif verb in VERTICAL:
            found.append((f"pedestal {VERTICAL[verb]}", place[0]))
        elif verb == "closes":
            if way == "in":
                found.append(("zoom in", place[0]))
        elif verb == "widens":
            found.append(("zoom out", place[0]))
        elif way:
            found.append((f"{TRAVELS[way]} {way}", place[0]))
        else:
            found.append(("several", place[0]))
    for name, pattern in OTHERS.items():
        if (place_of := pattern.search(body)) and not negated(body, place_of.start()):
            little = name == "handheld" and LITTLE.search(
                body[max(0, place_of.start() - 20) : place_of.end() + 10]
            )
            if not little:
                found.append((name, place_of[0]))
    return found


def _named(plain: str, about: re.Match[str]) -> list[tuple[str, str]]:
    """`a slow pan left`, `a handheld shot`, `a tracking shot`."""
    before = plain[max(0, about.start() - 30) : about.end()]
    found = []
    for name in ("tracking", "handheld", "orbit"):
        if (place := re.search(OTHERS[name].pattern + r"[\w -]{0,12}$", before, re.I)) and not negated(
            before, place.start()
        ):
            found.append((name, place[0]))
    return found


def _field_and_text(field: str, told: list[tuple[str, str]], in_turn: bool) -> str | None:
    moves = [move for move, _ in told]
    if not moves:
        return None
    stands, moving = STATIC in moves, [at for at, move in enumerate(moves) if move != STATIC]
    if stands and moving and not in_turn and field != "unclear":
        return f"the text says {cited(told[moves.index(STATIC)][1])} and also {cited(told[moving[0]][1])} of the camera"
    if field != "unclear" and not any(agree(field, move) for move in moves):
        return f"camera_motion is {cited(field)}, but the text says {cited(told[0][1])} of the camera"
    return None


def agree(one: str, other: str) -> bool:
    """Whether the same camera can be told as both."""
    if STATIC in (one, other):
        return one == other
    if one in OF_ANY_KIND or other in OF_ANY_KIND:
        return True
    (axis, _, way), (other_axis, _, other_way) = one.partition(" "), other.partition(" ")
    same = SEEN_AS.get(axis, axis) == SEEN_AS.get(other_axis, other_axis)
    return same and (not way or not other_way or way == other_way)


def measured_as(told: str, measured: str) -> bool:
    """Whether a camera of which that is told can give this measurement."""
    return agree(told, measured) or "unclear" in (told, measured)
