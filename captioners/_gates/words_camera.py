"""Words for camera motion and shot type."""

from captioners._gates.words import names

AXES = {
    **dict.fromkeys(("pan", "pans", "panning", "panned", "swings", "sweeps", "swivels"), "pan"),
    **dict.fromkeys(("tilt", "tilts", "tilting", "tilted"), "tilt"),
    **dict.fromkeys(("zoom", "zooms", "zooming", "zoomed"), "zoom"),
    **dict.fromkeys(("dolly", "dollies", "dollying", "push", "pushes", "pushing"), "dolly"),
    **dict.fromkeys(("pull", "pulls", "pulling"), "dolly"),
    **dict.fromkeys(("truck", "trucks", "trucking", "slide", "slides", "sliding", "crab", "crabs"), "truck"),
    **dict.fromkeys(("pedestal", "pedestals", "boom", "booms", "crane", "cranes"), "pedestal"),
    **dict.fromkeys(("craning", "jib"), "pedestal"),
}  # fmt: skip
"""A word for a movement of the camera -> the schema's."""
WAYS = {
    **dict.fromkeys(("left", "leftward", "leftwards"), "left"),
    **dict.fromkeys(("right", "rightward", "rightwards"), "right"),
    **dict.fromkeys(("up", "upward", "upwards"), "up"),
    **dict.fromkeys(("down", "downward", "downwards"), "down"),
    **dict.fromkeys(("in", "inward", "inwards", "forward", "forwards"), "in"),
    **dict.fromkeys(("out", "outward", "outwards", "back", "backward", "backwards"), "out"),
}
BESIDE_A_MOVE = names(
    "camera the a slow slowly slight slightly gentle gently smooth smoothly steady shot movement motion move "
    "quick quickly fast subtle is to towards toward from and of lateral horizontal vertical"
)
"""Words that may stand beside a movement and its direction in `camera_motion`."""
_LITTLE = r"(?:(?:mostly|completely|entirely|largely|fully|the|a|almost|relatively) )?"
MOTIONS = {
    "static": rf"{_LITTLE}(?:static|stationary|fixed|still|locked|locked off|lock off|unmoving|motionless"
    r"|tripod"
    r"|stable)(?: (?:camera|shot|frame|position|view|cam))?(?: shot)?"
    r"|camera (?:(?:is|remains|stays) )?(?:static|stationary|fixed|still)"
    r"|none|no|no (?:camera )?(?:movement|motion)|not moving",
    "roll": r"(?:camera )?(?:rolling|rolls|roll|dutch roll|rotation|rotating)"
    r"(?: (?:left|right|clockwise|anticlockwise|counterclockwise))?",
    "orbit": r"(?:orbit|orbiting|orbits|orbital|arc|arcing|circling|circular|around|rotate around|360"
    r"|360 degree)"
    r"(?: (?:left|right|shot|around|around subject|around the subject|camera|movement|motion))?",
    "tracking": r"(?:camera )?(?:track|tracks|tracking|follow|follows|following|follow cam)"
    r"(?: (?:shot|camera|the subject|subject|movement|motion|forward|backward|left|right|the action))?",
    "handheld": r"(?:slightly |slight )?(?:hand held|handheld|shaky|shaking|shake|camera shake)"
    r"(?: (?:cam|shot|camera|movement|motion|shake|footage))?",
    "dolly in": r"(?:camera )?(?:move|moves|moving) (?:forward|forwards|in|closer)",
    "dolly out": r"(?:camera )?(?:move|moves|moving) (?:back|backward|backwards|out|away)",
    "truck left": r"(?:camera )?(?:move|moves|moving) (?:to the )?left",
    "truck right": r"(?:camera )?(?:move|moves|moving) (?:to the )?right",
    "pedestal up": r"rise|rises|rising|ascending|ascend|lift|lifting|(?:move|moves|moving) up(?:wards?)?",
    "pedestal down": r"descend|descending|lowering|lower|(?:move|moves|moving) down(?:wards?)?",
    "several": r"(?:several|multiple|mixed|various|combination|combined|complex|varied|varying)"
    r"(?: (?:camera )?(?:movements|motions|moves))?",
    "unclear": r"unclear|unknown|uncertain|undetermined|indeterminate|unspecified|not clear|not sure"
    r"|cannot tell|other",
}
"""The schema's word -> other ways to write it, as patterns of the whole, after hyphens and case."""
_SHOT = r"(?: (?:shot|view|angle|framing|perspective|frame))?"
SHOTS = {
    "extreme close-up": rf"(?:(?:extreme|very|tight|big) ?close ?up|ecu|xcu|macro(?: close ?up)?){_SHOT}",
    "close-up": rf"(?:close ?ups?|cu|close){_SHOT}",
    "medium close-up": rf"(?:(?:medium|mid) ?close ?up|mcu){_SHOT}",
    "medium shot": rf"(?:medium|mid|ms|midshot|waist(?: up)?|half body){_SHOT}",
    "medium wide shot": rf"(?:(?:medium|mid) ?(?:wide|long|full)|mws|mls|cowboy|american|knee){_SHOT}",
    "wide shot": rf"(?:wide|wide angle|long|full|full body|ws|ls|wide long){_SHOT}",
    "extreme wide shot": r"(?:(?:extreme|very|ultra) ?(?:wide|long)|ews|els|panorama"
    rf"|panoramic){_SHOT}",
    "aerial shot": rf"(?:aerial|drone|birds? ?eye|birds eye|overhead aerial|helicopter){_SHOT}(?: shot)?",
    "point of view": rf"(?:point of view|pov|first person|1st person|subjective)(?: pov)?{_SHOT}(?: shot)?",
    "over the shoulder": rf"(?:over (?:the )?shoulder|ots){_SHOT}",
    "screen recording": rf"(?:screen ?(?:recording|capture|cast|record|grab|share)?|screencast){_SHOT}",
    "several": r"(?:several|multiple|mixed|various|varied)(?: (?:shots|shot types|angles))?",
    "unclear": r"unclear|unknown|uncertain|other|not clear|unspecified",
}
