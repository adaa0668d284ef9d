"""The gate on the camera: its field, the sentences about it, and what was measured must agree.

Flow cannot tell a camera that pans from one that trucks, tilt from pedestal, zoom from dolly: as a
measurement each pair is one thing. `orbit`, `tracking` and `several` hold movements of any kind, and
contradict only a camera that stands."""

import re
from itertools import zip_longest

from captioners._gates.prose import cited, negated, sentences, unquoted
from captioners._gates.words import Words, any_of
from captioners._gates.words_camera import AXES, WAYS
from captioners.dialogue.schema import CAMERA_MOTIONS, Fields
from captioners.dialogue.types import Evidence

STATIC = "static"
SEEN_AS = {"truck": "pan", "pedestal": "tilt", "dolly": "zoom"}
FROM_ABOVE = frozenset((("pedestal up", "zoom out"), ("pedestal down", "zoom in")))
"""A camera that looks straight down and rises sees more and more."""
OPPOSITE = {"left": "right", "right": "left", "up": "down", "down": "up", "in": "out", "out": "in"}
OF_ANY_KIND = frozenset(("orbit", "tracking", "several", "handheld"))
"""Movements that hold others."""

CAMERA = re.compile(
    r"\b(?:camera(?:work)?|cinematography)\b"
    r"(?! (?:operators?|crews?|assistants?|teams?|m[ae]n|wom[ae]n|shops?|stores?|bags?|straps?|lens(?:es)?))",
    re.IGNORECASE,
)
CAMERA_AS_THING = Words(
    r"\b(?:hold(?:s|ing)|carr(?:y|ies|ying)|look(?:s|ing)? (?:in)?to(?:wards?)?|look(?:s|ing)? at|fac(?:es"
    r"|ing)|toward"
    r"|towards|to|at|away from|past|behind|near|with|her|his|their|my|security|surveillance|film|video|old"
    r"|vintage"
    r"|digital|around|beside|by|on|under|raises|lowers|lifts|adjusts"
    r"|turns|swivels|swings|points|aims|operates|pushes|grips|of) (?:the |a |an )?(?:\w{1,20} )?camera\b"
    r"|(?<=\w )an? (?:\w{1,20} )?camera\b"
)
"""A camera in the picture, or where somebody looks."""
_STILL = (
    r"(?:static|stationary|motionless|unmoving|locked[- ]off|locked|immobile|fixed|perfectly still"
    r"|completely still"
    r"|entirely still|still)"
)
_ADVERB = r"(?: \w{1,12}ly| also| itself| then| again| largely| now)?"
STANDS = Words(
    rf"\bcamera(?:work)?(?: angle| position| view)?{_ADVERB} (?:is|remains|stays|stands|holds|sits"
    rf"|keeps)(?: \w{{1,12}}ly)?"
    rf"(?: in a| on a| held| kept| in| set)?(?: \w{{1,12}}ly)? {_STILL}\b"
    rf"|\bcamera{_ADVERB} (?:does not|doesn['’]t|never|hardly ever) (?:move|shift|pan|tilt|change)"
    r"|\bcamera (?:is|remains|stays) (?:mounted )?on a tripod\b"
    r"|\b(?:shot|filmed|captured|recorded) (?:from|on|with) an? (?:\w{1,12} )?tripod\b"
    r"|\b(?:shot|framing|view) (?:is|remains|stays)(?: \w{1,12}ly)? (?:static|stationary|fixed|motionless"
    r"|locked)\b"
    r"|\bcamera static\b"
    r"|\blocked[- ]off on (?:a|its|the) tripod\b"
    r"|\b(?:fixed|mounted|set|standing|resting|firm|steady) on (?:a|its)"
    r" (?:\w{1,12} )?tripod, the (?:camera|view)\b"
    rf"|\bcamera{_ADVERB} (?:keeps|holds|maintains) (?:exactly |precisely |to )?(?:the same|one)"
    rf" (?:\w{{1,12}} )?"
    r"(?:view|frame|framing|position|angle|shot)\b"
    rf"|\bcamera\b[^.;]{{0,30}}\b{_STILL} (?:position|frame|shot|angle|view|viewpoint|perspective)\b"
    r"|\b(?:static|stationary|fixed|locked-off|unmoving|motionless) (?:\w{1,12} )?"
    r"(?:camera(?! (?:that|which))|shot|camerawork|camera angle|framing)\b"
    r"|\bwith the camera (?:fixed|locked|stationary|static)\b"
    r"|\b(?:no|without(?: any)?) (?:visible |noticeable |apparent )?camera (?:movement|motion)\b"
)
_VERBS = (
    rf"(?:{'|'.join(AXES)}|move|moves|moving|travels?|glides?|gliding|drifts?|drifting|floats?|rises?"
    r"|rising|ascends?|retreating"
    r"|advancing|approaches|approaching|backs|backing|recedes|climbs?|climbing|floating|travell?ing|flies|flying|soars"
    r"|ascending|descends?|descending|lowers?|lowering|lifts?|retreats?|advances?|closes|widens)"
)
_WAY = rf"(?P<way>{'|'.join(WAYS)}|closer|nearer|away|open)"
_FILLER = r"(?:(?!(?:static|while|and|as|but)\b)[\w'’-]{1,15},? ){0,6}?"
MOVES_THERE = Words(rf"\b(?P<verb>{_VERBS})\b(?: {_FILLER}{_WAY}\b)?")
AT_ONCE = Words(
    r"\b(?:shot|view|viewpoint|perspective|lens|scene|pov)(?: \w{1,12}ly| then)? "
    rf"(?P<said>(?:{'|'.join(word for word in AXES if word.endswith('s'))}|moves)(?: {_FILLER}{_WAY}\b)?)"
)
"""Of other words for the camera only what they do at once: `a wide shot shows a man moving forward`."""
NAMED = Words(
    r"\b(?:(?:slow|slowly|gradual|gradually|gentle|gently|smooth|smoothly|quick|quickly|steady"
    r"|sweeping)[, ]{1,2}"
    r"|(?:shot|view|angle), (?:\w{1,12}ly )?)"
    r"(?P<said>(?:pan|panning|zoom|zooming|zooms|dolly|dollying)\b(?:[- ](?:shot "
    r"|movement )?(?:to(?:wards?)? the )?"
    rf"{_WAY}\b)?)(?! of)"
)
"""`A slow pan to the left`, `wide shot, panning left`."""
OTHERS = {
    "orbit": any_of(
        r"orbit(?:s|ing)?", r"circl(?:es|ing)", r"revolv(?:es|ing)", r"arc(?:s|ing)?", r"rotat(?:es|ing)",
        "spins",
        r"moves? around", "swirls",
    ),
    "tracking": any_of(r"track(?:s|ing)", r"follow(?:s|ing)", r"keeps? pace"),
    "handheld": any_of(
        "hand-?held", r"shak(?:es|y|ing)", r"jitter(?:s|y)", r"wobbl(?:es|y|ing)", r"bounc(?:es|ing)",
        r"jerk(?:s|y)"
    ),
    "roll": any_of(
        r"roll(?:s|ing)(?! (?:\w+ly |smoothly |slowly )?(?:along|alongside|beside|past|by|through|with"
        r"|behind|after"
        r"|next|over|across|down|up|forward|forwards|back|backward|backwards|in|out|away|toward|towards|into|to|on"
        r"|ahead|around|between|among|under))",
        "dutch roll", "barrel roll",
    ),
}  # fmt: skip
VERTICAL = {
    **dict.fromkeys(
        (
            "rise",
            "rises",
            "rising",
            "ascend",
            "ascends",
            "ascending",
            "lift",
            "lifts",
            "climb",
            "climbs",
            "climbing",
        ),
        "up",
    ),
    **dict.fromkeys(("descend", "descends", "descending", "lower", "lowers", "lowering"), "down"),
}
TRAVELS = {
    "left": "truck",
    "right": "truck",
    "up": "pedestal",
    "down": "pedestal",
    "in": "dolly",
    "out": "dolly",
}
TURNS = frozenset(word for word, axis in AXES.items() if axis in ("tilt", "pan", "pedestal"))
"""Words for a movement that have their axis whatever lies in its way."""
THINGS = frozenset(AXES) - {
    "pan",
    "pans",
    "panning",
    "tilts",
    "tilting",
    "zoom",
    "zooms",
    "zooming",
    "dollies",
    "dollying",
}
"""Words for a movement that are things or deeds as well, unless a direction follows: `trucks`, `pushes`."""
AWAY = {
    **dict.fromkeys(("retreat", "retreats", "retreating", "backs", "backing", "recedes"), "dolly out"),
    **dict.fromkeys(("advance", "advances", "advancing", "approaches", "approaching"), "dolly in"),
}
ALONG = Words(
    r" (?:an?|the|its|his|her|their|this|one|some|several|\w+(?:ed|ing|y"
    r"|en)?) (?:[\w-]{1,15} ){0,3}?(?:steps|stairs?|staircase"
    r"|stairway|aisles?|streets?|roads?|lanes?|alleys?|alleyway|halls?|hallways?|corridors?|paths?|pathway|trails?"
    r"|rivers?|tracks?|slopes?|hills?|hillside|rows?|tunnels?|avenues?|boulevards?|canals?|valleys?|beach|coast"
    r"|coastline|runways?|ramps?|ladder|escalators?|tables?|lines?|nave|platforms?|piers?|line|stream|driveways?"
    r"|mountains?|mountainside|track|highway|promenade|embankment|passage\w{0,4}|shore\w{0,4}|court|pitch|field"
    r"|length|middle|center|centre|catwalk|bridge)\b"
)
"""Behind `up` or `down`: a way that is travelled, which is neither tilt nor pedestal."""
WHICH_WAY = {**WAYS, "closer": "in", "nearer": "in", "away": "out", "open": "out"}
LITTLE = Words(
    r"\b(?:slight|slightly|subtle|subtly|minor|barely|almost|nearly|mostly|minimal|tiny|hardly"
    r"|gentle sway)\b"
)
IN_TURN = Words(
    r"\b(?:before|then|until|initially|at first|finally|eventually|after|afterwards|later|briefly|begins?"
    r"|starts?|ends?|settles?|comes to|stops?"
    r"|pauses?|at the end|at the beginning|at the start|once|when)\b"
)
"""The camera does one thing after another."""
THROUGHOUT = Words(
    rf"\bcamera(?:work)? (?:\w{{1,12}}ly )?(?:is|remains|stays|stands|keeps|holds)(?: \w{{1,12}}ly)? {_STILL}"
    r"(?: \w{1,12}){0,3}? (?:the (?:whole|entire) time|throughout|all the (?:while|time)|at all times"
    r"|from (?:start|beginning|first) to (?:finish|end|last)|for the (?:entire|whole))\b"
)
"""It stands, and not only at first."""
VERTIGO = re.compile(r"\b(?:dolly zoom|vertigo effect|zolly)\b", re.I)


def camera(fields: Fields, evidence: Evidence, confidence: float) -> str | None:
    text = f"{fields.action}. {fields.dense} {fields.short}"
    told = claims_of(text)
    if VERTIGO.search(text):
        return None
    moves = [move for move, _ in told]
    if fault := _field_and_text(fields.camera_motion, told, in_turn=_in_turn(text)):
        return fault
    if evidence.camera is None or evidence.camera_confidence < confidence:
        return None
    any_kind = fields.camera_motion in OF_ANY_KIND
    if (
        fields.camera_motion == "orbit"
        and "orbit" in moves
        and evidence.camera == STATIC
        and evidence.camera_confidence < (2 + confidence) / 3
    ):
        # Around what turns about its own middle (a globe, a statue against the sky), flow has no direction.
        return None
    if any_kind and evidence.camera == STATIC and evidence.camera_confidence < (1 + confidence) / 2:
        # What fills the picture and is kept in its middle hides that the camera moves.
        return None
    if fields.camera_motion != "unclear" and not measured_as(fields.camera_motion, evidence.camera):
        return (
            f"camera_motion is {cited(fields.camera_motion)}, but the view was measured:"
            f" {_measured(evidence.camera)}"
        )
    if len({move for move in moves if move != STATIC}) > 1:
        moves = ["several"]
    if any_kind and evidence.camera != STATIC:
        # What else such a camera does by the way may be more or less than what was measured.
        moves = [move for move in moves if move == STATIC or _opposite(move, evidence.camera)]
    if moves and not any(measured_as(move, evidence.camera) for move in moves):
        return f"the text says {cited(told[0][1])}, but the view was measured: {_measured(evidence.camera)}"
    return None


def _in_turn(text: str) -> bool:
    return IN_TURN.search(text) is not None and THROUGHOUT.search(text) is None


def _measured(camera: str) -> str:
    return "it holds still" if camera == STATIC else f"it moves ({camera})"


def claims_of(text: str) -> list[tuple[str, str]]:
    """Each movement of the camera that the text tells, `static` among them, and the words for it. A movement
    without a direction has none: `pan`."""
    found: list[tuple[str, str]] = []
    for sentence in sentences(text):
        plain = unquoted(sentence.text)
        for place in STANDS.finditer(plain):
            if not LITTLE.search(plain[max(0, place.start() - 12) : place.end()]):
                found.append((STATIC, place[0]))
        mentions = [
            place
            for place in CAMERA.finditer(plain)
            if not CAMERA_AS_THING.search(plain, max(0, place.start() - 30), place.end())
        ]
        for place, following in zip_longest(mentions, mentions[1:]):
            found += _moves(_clause(plain[place.end() : following.start() if following else None]))
        for place in (*AT_ONCE.finditer(plain), *NAMED.finditer(plain)):
            if not negated(plain, place.start()):
                found += _moves(place["said"])
        found += _kinds(plain)
    return found


OTHER_SUBJECT = Words(
    r"[.;!?]|\b(?:while|as|of|who|which|that)\b|, (?:an?|the) |\b(?:show|reveal|captur|focus|record|watch"
    r"|look|fram|film|keep|highlight"
    r"|emphasi[sz]|display|see|present|observ|document|offer|provid|giv|tak)(?:s|es|e|ing)\b"
    r"|\bto (?:reveal|show|capture|follow|keep|include|focus)\b"
)


WHENCE = re.compile(r" from (?:the )?(?:far )?(?:left|right|up|down|back|in|out)\b", re.IGNORECASE)


def _clause(rest: str) -> str:
    """What is said of the camera: up to where something else moves."""
    end = OTHER_SUBJECT.search(rest[:300])
    return WHENCE.sub("", rest[: end.start()] if end else rest[:300])


def _moves(clause: str) -> list[tuple[str, str]]:
    found = []
    for place in MOVES_THERE.finditer(clause):
        if not _slight(clause, place) and (
            move := _move(place["verb"].lower(), (place["way"] or "").lower(), clause[place.end() :])
        ):
            found.append((move, place[0]))
    for name, pattern in OTHERS.items():
        if (other := pattern.search(clause)) and not _slight(clause, other):
            found.append((name, other[0]))
    return found


def _slight(clause: str, place: re.Match[str]) -> bool:
    """Denied, or so little that a camera which stands may do it."""
    around = clause[max(0, place.start() - 20) : place.end() + 20]
    return negated(clause, place.start()) or LITTLE.search(around) is not None


def _move(verb: str, direction: str, behind: str) -> str | None:
    way = WHICH_WAY.get(direction, "")
    if verb in AWAY:
        return AWAY[verb] if way in ("", "up", "down", "in", "out") else "several"
    if way in ("up", "down") and verb not in TURNS and ALONG.match(behind):
        return "several"
    if verb in THINGS and not way:
        return None
    if verb in AXES:
        axis = AXES[verb]
        if verb.startswith("pu"):
            way = "in" if verb.startswith("push") else "out"
        return f"{axis} {way}" if f"{axis} {way}" in CAMERA_MOTIONS else axis
    if verb in VERTICAL:
        return f"pedestal {VERTICAL[verb]}"
    if verb == "closes":
        return "zoom in" if way == "in" else None
    if verb == "widens":
        return "zoom out"
    return f"{TRAVELS[way]} {way}" if way else "several"


KINDS = Words(
    r"\b(?:(?P<tracking>tracking)|(?P<handheld>hand-?held|shaky)|(?P<orbit>orbiting|orbital|arc))"
    r"(?: \w{1,12})? (?:shot|camera|camerawork|footage|camera movement)\b"
)
"""`A tracking shot`, `a handheld camera`."""


def _kinds(plain: str) -> list[tuple[str, str]]:
    return [
        (place.lastgroup or "", place[0])
        for place in KINDS.finditer(plain)
        if not _slight(plain, place)
        and not CAMERA_AS_THING.search(plain, max(0, place.start() - 30), place.end())
    ]


def _field_and_text(field: str, told: list[tuple[str, str]], in_turn: bool) -> str | None:
    moves = [move for move, _ in told]
    if not moves:
        return None
    stands = STATIC in moves
    # `It follows the action from a fixed position`: the camera turns, or nothing but the eye does.
    moving = [at for at, move in enumerate(moves) if move not in (STATIC, "tracking")]
    if stands and moving and not in_turn:
        still, move = told[moves.index(STATIC)][1], told[moving[0]][1]
        return f"the text says {cited(still)} and also {cited(move)} of the camera"
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


def _opposite(one: str, other: str) -> bool:
    (axis, _, way), (other_axis, _, other_way) = one.partition(" "), other.partition(" ")
    return SEEN_AS.get(axis, axis) == SEEN_AS.get(other_axis, other_axis) and OPPOSITE.get(way) == other_way


def measured_as(told: str, measured: str) -> bool:
    """Whether a camera of which that is told can give this measurement."""
    return agree(told, measured) or "unclear" in (told, measured) or (told, measured) in FROM_ABOVE
