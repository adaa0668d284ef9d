"""The words that gates look for. What stands in capitals is matched without regard to case."""

import re
from collections.abc import Iterable


def any_of(*patterns: str) -> re.Pattern[str]:
    """One of these, as whole words."""
    return re.compile(rf"\b(?:{'|'.join(patterns)})(?!\w)", re.IGNORECASE)


def one_of(words: Iterable[str]) -> str:
    """Alternatives, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


NOTHING = re.compile(
    r"(?:none|n/?a|nil|null|nothing|empty|not applicable|not visible|none visible|not available|not present"
    r"|(?:there is |there are )?no(?: (?:visible|readable|legible|discernible|apparent|on-?screen|specific"
    r"|particular|clear|notable|significant|other)){0,2}"
    r" (?:texts?|words?|letters|writing|lettering|signs?|signage|captions?|subtitles?|action|background|lighting)"
    r"(?: (?:is|are|was|can be|or \w{1,12}|appears?|visible|present|shown|seen|detected|found|readable|legible"
    r"|in the \w{1,10})){0,5})?",
    re.IGNORECASE,
)
"""What models write in a field that has nothing to hold."""

# --- camera motion and shot type -------------------------------------------------------------------------

AXES = {
    **dict.fromkeys(("pan", "pans", "panning", "panned", "swings", "sweeps", "swivels"), "pan"),
    **dict.fromkeys(("tilt", "tilts", "tilting", "tilted"), "tilt"),
    **dict.fromkeys(("zoom", "zooms", "zooming", "zoomed"), "zoom"),
    **dict.fromkeys(("dolly", "dollies", "dollying", "push", "pushes", "pushing", "pull", "pulls", "pulling"), "dolly"),
    **dict.fromkeys(("truck", "trucks", "trucking", "slide", "slides", "sliding", "crab", "crabs"), "truck"),
    **dict.fromkeys(("pedestal", "pedestals", "boom", "booms", "crane", "cranes", "craning", "jib"), "pedestal"),
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
BESIDE_A_MOVE = frozenset(
    [
        "camera",
        "the",
        "a",
        "slow",
        "slowly",
        "slight",
        "slightly",
        "gentle",
        "gently",
        "smooth",
        "smoothly",
        "steady",
        "shot",
        "movement",
        "motion",
        "move",
        "quick",
        "quickly",
        "fast",
        "subtle",
        "is",
        "to",
        "towards",
        "toward",
        "from",
        "and",
        "of",
        "lateral",
        "horizontal",
        "vertical",
    ]
)
"""Words that may stand beside a movement and its direction in `camera_motion`."""
_LITTLE = r"(?:(?:mostly|completely|entirely|largely|fully|the|a|almost|relatively) )?"
MOTIONS = {
    "static": re.compile(
        _LITTLE + r"(?:static|stationary|fixed|still|locked|locked off|lock off|unmoving|motionless|tripod"
        r"|stable)(?: (?:camera|shot|frame|position|view|cam))?(?: shot)?"
        r"|(?:camera (?:is |remains |stays )?)(?:static|stationary|fixed|still)"
        r"|none|no|no (?:camera )?(?:movement|motion)|not moving"
    ),
    "roll": re.compile(r"(?:camera )?(?:rolling|rolls|dutch roll|roll (?:left|right|clockwise|anticlockwise"
                       r"|counterclockwise)|rotation|rotating|camera roll)"),  # fmt: skip
    "orbit": re.compile(r"(?:orbit|orbiting|orbits|orbital|arc|arcing|circling|circular|around|rotate around"
                        r"|360|360 degree)(?: (?:left|right|shot|around|around subject|around the subject"
                        r"|camera|movement|motion))?"),  # fmt: skip
    "tracking": re.compile(r"(?:camera )?(?:track|tracks|tracking|follow|follows|following|follow cam)"
                           r"(?: (?:shot|camera|the subject|subject|movement|motion|forward|backward|left|right"
                           r"|the action))?"),  # fmt: skip
    "handheld": re.compile(r"(?:slightly |slight )?(?:hand held|handheld|shaky|shaking|shake|shaky cam|shaky camera"
                           r"|camera shake|hand held camera|handheld camera)(?: (?:shot|camera|movement|motion"
                           r"|shake|footage))?"),  # fmt: skip
    "dolly in": re.compile(r"(?:move|moves|moving|moving camera|camera moves) (?:forward|forwards|in|closer)"),
    "dolly out": re.compile(r"(?:move|moves|moving) (?:back|backward|backwards|out|away)"),
    "truck left": re.compile(r"(?:move|moves|moving) (?:to the )?left"),
    "truck right": re.compile(r"(?:move|moves|moving) (?:to the )?right"),
    "pedestal up": re.compile(r"(?:rise|rises|rising|ascending|ascend|lift|lifting)|(?:move|moves|moving) up(?:wards?)?"),
    "pedestal down": re.compile(r"(?:descend|descending|lowering|lower)|(?:move|moves|moving) down(?:wards?)?"),
    "several": re.compile(r"several|multiple|mixed|various|combination|combined|complex|varied|varying"
                          r"|(?:multiple|several|various|mixed) (?:movements|motions|camera movements|moves|camera motions)"),  # fmt: skip
    "unclear": re.compile(r"unclear|unknown|uncertain|undetermined|indeterminate|unspecified|n a|not clear"
                          r"|not sure|cannot tell|other"),  # fmt: skip
}  # fmt: skip
"""The schema's word -> other ways to write it, after hyphens and case."""
_SHOT = r"(?: (?:shot|view|angle|framing|perspective|frame))?"
SHOTS = {
    "extreme close-up": re.compile(r"(?:(?:extreme|very|tight|big) ?close ?up|ecu|xcu|macro(?: close ?up)?)" + _SHOT),
    "close-up": re.compile(r"(?:a )?(?:close ?ups?|cu|close)" + _SHOT),
    "medium close-up": re.compile(r"(?:(?:medium|mid) ?close ?up|mcu)" + _SHOT),
    "medium shot": re.compile(r"(?:a )?(?:medium|mid|ms|midshot|waist(?: up)?|half body)" + _SHOT),
    "medium wide shot": re.compile(r"(?:(?:medium|mid) ?(?:wide|long|full)|mws|mls|cowboy|american|knee)" + _SHOT),
    "wide shot": re.compile(r"(?:a )?(?:wide|wide angle|long|full|full body|ws|ls|wide long)" + _SHOT),
    "extreme wide shot": re.compile(r"(?:(?:extreme|very|ultra) ?(?:wide|long)|ews|els|establishing|panoramic"
                                    r"|panorama)" + _SHOT),
    "aerial shot": re.compile(r"(?:an )?(?:aerial|drone|birds? ?eye|overhead aerial|helicopter)(?:s)?" + _SHOT + r"(?: shot)?"),
    "point of view": re.compile(r"(?:point of view|pov|first person|1st person|subjective)(?: pov)?" + _SHOT + r"(?: shot)?"),
    "over the shoulder": re.compile(r"(?:over (?:the )?shoulder|ots)" + _SHOT),
    "screen recording": re.compile(r"(?:screen ?(?:recording|capture|cast|record|grab|share)?|screencast)" + _SHOT),
    "several": re.compile(r"several|multiple|mixed|various|varied|(?:multiple|several|various|mixed) (?:shots|shot types|angles)"),
    "unclear": re.compile(r"unclear|unknown|uncertain|n a|other|not clear|unspecified"),
}  # fmt: skip

# --- refusal ---------------------------------------------------------------------------------------------

_SEEN = (
    r"(?:view|see|watch|process|analy[sz]e|access|describe|caption|provide|assist|help|fulfil|fulfill|comply"
    r"|generate|create|produce|identify|determine|discern|recogni[sz]e|interpret|open|play|answer|complete"
    r"|continue|discuss|engage|confirm|give|offer|make out|tell|write|respond|directly|actually|reliably"
    r"|accurately|currently|do that|do this|support|read|share|verify)"
)
_MEDIA = r"(?:videos?|images?|clips?|pictures?|frames?|photos?|footage|files?|visual(?:s| content| media)?|media|content)"
_ASKED = r"(?:requests?|descriptions?|captions?|tasks?|videos?|images?|clips?|frames?|footage|prompt|question|query)"
_CANNOT = r"(?:can(?:no|['’]?)t|can not|could not|couldn['’]t|won['’]t|will not|would not|must not)"
_I_AM = r"i(?:['’]m| am| was|['’]ve been| have been)"
REFUSAL = any_of(
    rf"i {_CANNOT} (?:be able to )?{_SEEN}",
    r"i(?:['’]m| am) (?:(?:so|very|really|truly|deeply) )?(?:sorry|afraid),? (?:but |that )?(?:i|this|the|as|there|no)\b",
    rf"{_I_AM} (?:\w+ )?(?:unable|not able|not allowed|not permitted|not capable|incapable|not designed"
    r"|not equipped|not comfortable|not programmed|not in a position)",
    r"i (?:do not|don['’]t|did not|didn['’]t) (?:\w+ )?(?:have (?:the (?:ability|capability|capacity)|access|enough"
    r"|sufficient|any (?:information|context|visual)|visual|real-time)|see (?:any|an?|the) (?:\w+ )?"
    rf"{_MEDIA}|receive|possess|feel comfortable|support)",
    r"i (?:must|have to|need to|will have to) (?:\w+ )?(?:decline|refuse)",
    r"i (?:would need|['’]d need|need) (?:to see|more (?:information|context|details)|access)",
    r"as an? (?:ai|artificial intelligence|(?:large )?language model|text[- ]based (?:ai|model|assistant))"
    r"(?: (?:language |text |vision |visual |assistant |based |chat )?(?:model|assistant|system|bot|chatbot))?,? "
    r"(?:i\b|my\b|it is not possible|there is)",
    r"as an? (?:ai language model|large language model|language model)",
    rf"unable to (?:view|see|process|analy[sz]e|access|play|load|open|generate|provide|describe|determine|caption"
    rf"|fulfil|fulfill|complete|assist with)(?: (?:with|the|this|that|these|your|any|an?|my|content of|contents of"
    rf"|actual|provided|requested|specific|accurate|detailed|given|attached|uploaded|video|image)){{0,4}} (?:{_ASKED}|{_MEDIA})",
    r"(?:there (?:is|are|was|were) )?no (?:actual |valid )?(?:videos?|images?|frames?|visual content|video content|media)"
    r"(?: (?:files?|clips?|content|frames?|data))? (?:(?:was|were|is|are|has been|have been) )?"
    r"(?:actually )?(?:provided|attached|uploaded|supplied|given|received|included|submitted|accessible)",
    r"please (?:provide|upload|share|attach|send|supply|try (?:again|another)|re-?upload|resubmit|describe"
    r"|let me know)",
    rf"(?:the|this|your|that) (?:provided |attached |uploaded )?{_ASKED}(?: file)? (?:is|are|was|were|has been|have been"
    r"|could not be|cannot be|can['’]?t be|couldn['’]t be|did not|didn['’]t|failed to|does not|may|might|appears to be)"
    r" (?:not |been |be )?(?:available|provided|accessible|inaccessible|unavailable|load(?:ed|ing)?|processed"
    r"|analy[sz]ed|opened|displayed properly|blocked|flagged|in violation|corrupted|allowed|supported)",
    r"(?:violat\w{1,4}|against|breach(?:es)?|per|under|by|due to|conflicts? with|comply with|contravenes?)"
    r" (?:the |our |my |openai['’]?s? |these |certain |its )?(?:\w+ )?(?:content|usage|safety|community|use|moderation"
    r"|ethical)(?: and \w+)? (?:polic(?:y|ies)|guidelines?|standards|rules|restrictions|filters?|concerns)",
    r"(?:content|usage|safety) polic(?:y|ies) (?:violation|prevents?|prohibits?|does not|do not|restricts?|forbids?)",
    r"(?:this|the|your) (?:request|content|description|material) (?:violates|goes against|may violate|cannot be"
    r"|is not (?:allowed|appropriate|permitted)|was (?:blocked|flagged)|has been (?:blocked|flagged|removed|filtered))",
    r"(?:it is|it['’]s|it was|is) (?:not possible|impossible|inappropriate|not appropriate)(?: for me)? to"
    r" (?:\w+ )?(?:describe|provide|caption|generate|analy[sz]e|give|fulfil|fulfill|assist)",
    r"(?:not enough|insufficient|without (?:more|enough|sufficient|further|additional)|lack of) (?:visual )?(?:information|context|data|access|detail)"
    r"(?: \w+){0,3} (?:describe|provide|determine|caption|generate|analy[sz]e|describing|caption)",
    rf"without (?:seeing|viewing|access to|being able to (?:see|view|access)|watching)(?: (?:the|this|your|any|an?|actual)){{0,2}}"
    rf" {_MEDIA}[^.]{{0,40}}\b(?:i\b|not|cannot|impossible|unable)",
    r"(?:i(?:['’]d| would) be (?:happy|glad)|(?:i(?:['’]m| am) )?happy) to (?:help|assist|describe|try)",
    r"(?:my|our) apologies,? (?:but |for )?(?:i\b|the|this|any|as)",
    r"i apologi[sz]e,? (?:but |for |that |as )?(?:i\b|any|the|this|as|cannot|confusion)",
    r"(?:description|caption|summary) (?:is )?(?:not available|unavailable|could not be generated|withheld|omitted)",
    r"(?:content|description|caption|response|output) (?:has been |was |is )?(?:blocked|filtered|withheld|redacted|flagged)"
    r" (?:due to|because|for|by)",
    r"lo siento,? (?:pero )?no puedo", r"no puedo (?:ayudar|ver|describir|procesar)",
    r"je suis désolée?,? (?:mais )?je", r"es tut mir leid,? (?:aber )?ich", r"desculpe,? (?:mas )?(?:eu )?não posso",
)  # fmt: skip
"""What a model says when it describes nothing. Most are in the first person, which captions are not."""
REFUSAL_START = re.compile(
    r"\W{0,5}(?:(?:cannot|can['’]?t|unable to|not able to|could not|refus(?:e|ing) to|declin(?:e|ing) to|will not)"
    r" (?:\w+ )?(?:describe|provide|assist|view|process|analy[sz]e|access|see|identify|determine|generate|comply"
    r"|fulfil|caption|help|answer)"
    r"|sorry,? (?:but )?(?:i\b|this|the (?:video|image|content|request)|can(?:no|['’]?)t|no video|unable|we can(?:no|['’]?)t)"
    r"|\[?(?:content|description|caption|response|output|video|image) (?:removed|blocked|redacted|withheld"
    r"|unavailable|filtered|not available)|对不起|抱歉|很抱歉|我无法|申し訳|죄송|извините)",
    re.IGNORECASE,
)
"""The same where a text begins with it."""
REFUSAL_SHOWN = any_of(
    rf"i(?:['’]m| am) (?:sorry|unable|not able)[^.]{{0,60}} (?:{_MEDIA}|assist|requests?|descriptions?)",
    rf"i {_CANNOT} (?:view|process|analy[sz]e|assist|describe|caption|access|provide|comply|identify|read the text|determine)",
    r"as an ai\b[^.]{0,40}\bi\b",
    r"unable to (?:process|view|analy[sz]e|access|determine|read|extract)(?: (?:the|this|any|all))?"
    r" (?:video|image|content|frames?|text)",
    r"please (?:provide|upload|attach) (?:the|a|an|your) (?:video|image|clip|frames)",
)  # fmt: skip
"""In `text_visible`, where a sign or subtitle may apologise, the model must speak of its task."""

# --- daytime ---------------------------------------------------------------------------------------------

DAY = any_of(
    r"day[- ]?time", r"in (?:broad |bright |full |natural )?daylight", r"broad daylight", r"bright daylight",
    r"natural daylight", r"(?<!as bright as )daylight(?! savings?)",
    r"sunn(?:y|ier)(?![- ](?:side|smile|disposition|personality|yellow|mood|expression|face))", r"sunlit", r"sunlight", r"sunshine",
    r"sun-?drenched", r"sun-?soaked", r"mid-?day", r"noon(?:day|time)?", r"afternoon", r"blue sky", r"blue skies",
    r"(?:bright|clear|overcast|cloudy|rainy|grey|gray|hot|warm summer|summer['’]s|beautiful|hazy|snowy) day",
    r"during the day", r"by day", r"(?:bright|blazing|midday|hot|noon|harsh|high) sun", r"morning (?:light|sun)",
    r"sun (?:shines|is shining|beats|blazes|is high)",
)  # fmt: skip
NOT_DAY = any_of(
    r"day[- ]?light[- ](?:lamps?|bulbs?|balanced|film|leds?|tubes?|panels?|fluorescents?|simulat\w{1,6}|colou?red|white|lights?)",
    r"(?:like|as|resembling|mimic\w{0,4}|imitat\w{1,4}|simulat\w{1,4}|artificial|almost|as bright as) (?:bright |the |natural )?"
    r"(?:sunlight|daylight|sunshine|day-?time|noon|midday|day)", r"day[- ]for[- ]night",
)  # fmt: skip
NIGHT = any_of(
    r"nights?", r"night[- ]?time", r"moon-?lit", r"moon-?light", r"midnight(?![- ]blue)", r"starry sky",
    r"starlit", r"nocturnal",
)  # fmt: skip
NOT_NIGHT = any_of(
    r"day[- ](?:for[- ]|to[- ]|into |and |or |turns? (?:to|into) )night", r"night (?:and|or|to|into) day", r"good ?night",
    r"night[- ](?:stands?|tables?|lights?|vision|mode|owls?|gowns?|shirts?|dress|cream|herons?|shifts?|before|guards?"
    r"|watchman|clubs?|caps?|classes|school|bus|lamps?|terrors?|fury|elf|elves|wear|out)",
    r"(?:last|tomorrow|opening|wedding|all|every|fight|game|movie|date|saturday|friday|sunday|monday|thursday|tuesday"
    r"|wednesday|prom|silent|arabian|previous|each|other|whole|the other|first|long|white|starry) nights?",
    r"(?:like|as dark as|dark as|black as|as black as|reminiscent of|as if at) (?:the |a )?nights?", r"night (?:falls|fell|has fallen|comes|"
    r"approaches|descends|arrives|sets in|is falling)", r"midnight (?:black|snack|oil|mass|run|sun)",
)  # fmt: skip
TRANSITION = any_of(
    r"time-?lapse", r"day (?:turns?|turning|changes?|changing|fad(?:es|ing)|transition\w{0,3}|shifts?|giv(?:es|ing)|gives way|passes|becomes?|slowly \w{1,12}|gradually \w{1,12})\b",
    r"(?:from|between) (?:\w+ )?(?:day|night|daylight|daytime|nighttime|afternoon|noon|morning|dawn|dusk|sunlight)(?:light|time)? (?:to|into|through|and|until)",
    r"night (?:falls|fell|has fallen|comes|approaches|descends|arrives|sets in|is falling|turns|gives way)",
    r"(?:in)?to night", r"turns? dark", r"sun ?sets?", r"sunrise", r"dusk", r"dawn", r"twilight", r"(?:sun|light) (?:goes down|fades|sinks|dips)",
    r"nightfall", r"day[- ]for[- ]night", r"day and night", r"night and day", r"day or night", r"until", r"transitions?", r"transitioning",
    r"split[- ]screen", r"side by side", r"montage", r"flashbacks?", r"cuts? to", r"fades? (?:in)?to", r"later", r"after dark",
    r"on one (?:side|half)", r"daybreak", r"by day", r"gives way",
)  # fmt: skip
"""Ways to tell that the light changes, or that the clip has parts."""
DEPICTED = any_of(
    r"posters?", r"paintings?", r"painted", r"photo(?:graph)?s?", r"screens?", r"murals?", r"billboards?", r"televisions?", r"tvs?",
    r"monitors?", r"pictures?", r"postcards?", r"magazine", r"book", r"laptop", r"phone", r"tablet", r"projector", r"projected",
    r"wallpaper", r"backdrop", r"drawing", r"aquarium", r"dreams?", r"memor(?:y|ies)", r"t-?shirt", r"sign", r"titled?", r"called", r"named",
)  # fmt: skip
"""A picture within the picture may have another time of day than the room."""

# --- colour ----------------------------------------------------------------------------------------------

COLOURS = {
    "red": "red", "crimson": "red", "scarlet": "red", "maroon": "red", "burgundy": "red", "blue": "blue",
    "navy": "blue", "azure": "blue", "turquoise": "teal", "teal": "teal", "cyan": "teal", "green": "green",
    "emerald": "green", "olive": "green", "yellow": "yellow", "golden": "gold", "gold": "gold", "orange": "orange",
    "purple": "purple", "violet": "purple", "lavender": "purple", "magenta": "pink", "pink": "pink", "white": "white",
    "black": "black", "grey": "grey", "gray": "grey", "silver": "silver", "brown": "brown", "beige": "beige",
    "cream": "beige", "tan": "beige", "ivory": "ivory", "blond": "blond", "blonde": "blond", "brunette": "brown",
}  # fmt: skip
"""A word -> the colour that it names."""
NEAR = {
    "red": {"orange", "pink", "brown"}, "orange": {"red", "yellow", "brown", "gold"},
    "pink": {"red", "purple", "beige"}, "purple": {"pink", "blue"}, "blue": {"teal", "purple", "grey", "black"},
    "teal": {"blue", "green"}, "green": {"teal", "yellow"},
    "yellow": {"orange", "green", "gold", "beige", "blond"}, "gold": {"yellow", "orange", "brown", "beige", "blond"},
    "white": {"beige", "ivory", "silver", "grey"}, "black": {"grey", "brown", "blue"},
    "grey": {"silver", "black", "white", "blue", "beige", "brown"}, "silver": {"grey", "white"},
    "brown": {"beige", "red", "orange", "gold", "black", "grey", "blond"},
    "beige": {"white", "brown", "yellow", "gold", "ivory", "grey", "pink", "blond"},
    "ivory": {"white", "beige"}, "blond": {"yellow", "gold", "beige", "brown"},
}  # fmt: skip
"""Colours that two people may call the same thing."""
CHROMATIC = frozenset(("red", "blue", "teal", "green", "yellow", "orange", "purple", "pink"))
"""Not brown, gold or beige, which describe wood, metal and skin in black-and-white film as well."""
NO_THING = frozenset(
    ["sky", "skies", "light", "lights", "lighting", "lit", "glow", "hue", "hues", "tone", "tones", "shade", "shades", "colour", "color", "colours", "colors", "palette", "leaf", "leaves", "foliage", "cloud", "clouds", "haze", "neon", "flame", "flames", "smoke", "water", "sea", "ocean", "screen", "screens", "eyes", "background", "and", "or", "with", "in", "on", "of", "the", "a", "an", "to", "at", "by", "for", "from", "as", "is", "are", "was", "while", "that", "which", "against", "over", "under", "into", "through", "beside", "behind", "across", "near", "but", "then", "his", "her", "their", "its", "who", "it", "he", "she", "they", "tint", "accents", "accent", "stripes", "details", "flowers", "team", "side", "one", "ones", "sunset", "lamps", "beam", "beams"]
)  # fmt: skip
"""Words after a colour that are no thing with a colour of its own."""
DESCRIBING = frozenset(
    ["large", "small", "big", "little", "tiny", "long", "short", "tall", "old", "new", "vintage", "classic", "modern", "wooden", "leather", "cotton", "silk", "wool", "plastic", "metal", "metallic", "striped", "checkered", "plaid", "floral", "patterned", "shiny", "glossy", "matte", "bright", "dark", "light", "pale", "deep", "vivid", "soft", "fluffy", "sleeveless", "sleeved", "button-up", "two-piece", "ceramic", "glass", "convertible", "luxury", "compact", "electric", "sports", "sport", "racing", "pickup", "winter", "summer", "rain", "baseball", "knitted", "hooded", "puffer", "denim", "linen", "velvet", "fitted", "loose", "formal", "casual"]
)  # fmt: skip
"""Words between a colour and its noun."""
WORN = frozenset(
    [
        "shirt",
        "t-shirt",
        "hair",
        "dress",
        "hat",
        "cap",
        "coat",
        "jacket",
        "suit",
        "tie",
        "shorts",
        "pants",
        "trousers",
        "jeans",
        "skirt",
        "sweater",
        "hoodie",
        "blouse",
        "scarf",
        "apron",
        "uniform",
        "helmet",
        "shoe",
        "shoes",
        "boot",
        "boots",
        "glove",
        "gloves",
        "backpack",
        "bag",
        "robe",
        "vest",
        "beard",
        "top",
        "outfit",
    ]
)
"""What each person has one of: two of them differ without contradiction."""
PEOPLE = any_of(
    r"m[ae]n", r"wom[ae]n", r"boys?", r"girls?", r"child(?:ren)?", r"person", r"people", r"players?", r"riders?",
    r"lady", r"guys?", r"chefs?", r"dancers?", r"workers?", r"officers?", r"students?", r"athletes?", r"others?",
)  # fmt: skip
COLOUR_CHANGES = any_of(
    r"(?:chang|turn|shift|transform|morph|fad|transition|switch)(?:e?s|ing|ed) (?:\w+ ){0,3}(?:to|into|from|colou?rs?"
    r"|red|blue|green|yellow|orange|purple|pink|white|black)", r"paints?", r"painting", r"repaint\w{0,3}", r"dye[sd]?", r"dyeing",
    r"colou?r[- ]?chang\w{1,4}",
)  # fmt: skip
MONOCHROME = any_of(
    r"black[- ]and[- ]white (?:film|footage|video|clip|image|imagery|scene|photograph|photography|photo|cinematography|style|shot|picture|tones?"
    r"|aesthetics?|palette|movie|recording|animation|sequence|look|filter|treatment|format|presentation)",
    r"(?:shot|filmed|rendered|presented|is|are|entirely|all|scene|captured|recorded|shown|footage|film|video|image|picture|displayed|photographed) in"
    r" (?:\w+ )?(?:black[- ]and[- ]white|monochrome|gr[ae]yscale)",
    r"in (?:stark |classic |crisp |grainy |high-contrast )?monochrome", r"gr[ae]yscale", r"monochrome (?:film|footage|video|image|scene|style|photography|tones?|palette|picture|look|shot)",
    r"b&w",
)  # fmt: skip
"""The picture is without colour: not the cow, the stripes or the clothes."""
NOT_SEEN_AS_COLOUR = any_of(
    r"red (?:carpet|cross|bull|wine|sox|meat)", r"green (?:screen|tea|salad|onions?|beans?)", r"orange (?:juice|slices?|peel|trees?)", r"blue (?:jeans|whale|jay|cheese|note)",
    r"pink floyd", r"yellow pages", r"violet(?:s| flowers?)", r"purple heart", r"(?:an|peeled|the|sliced|of) oranges?(?= (?:and|from|on|in|is)|[.,])",
)  # fmt: skip
ONE_COLOUR = any_of(
    r"only (?:the |\w+ )?colou?r", r"selective colou?r\w{0,3}", r"splash of", r"otherwise (?:black|monochrome|gr[ae]y)", r"coloured by hand",
    r"hand-?colou?red", r"tinted", r"toned", r"sepia", r"the only",
)  # fmt: skip

# --- language --------------------------------------------------------------------------------------------

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "en": "the a an of in on at to is are was were and with by for from as it its his her their he she they"
        " that which who while into through over under near behind beside against across along toward towards"
        " around there this these those has have be being been or but then up down out off between before"
        " after during front other another one two each not no",
        "de": "der die das ein eine einen einem einer eines und ist sind mit auf im den dem des von zu zum zur"
        " für sich nicht auch aus bei nach über unter vor wird werden während neben durch wie er sie es ihre"
        " seine seiner ihrer hat haben",
        "fr": "le la les un une des du de et est sont dans avec sur sous pour par au aux en qui que se ses son"
        " sa leur il elle ils elles devant derrière vers près tandis ce cette ces pendant très d'un d'une",
        "es": "el la los las un una unos unas de del y es son en con por para al que se su sus lo está están"
        " mientras sobre desde hacia junto entre como muy frente detrás hay este esta",
        "it": "il lo la gli le un una uno di del della dei delle e è sono in con per su sul sulla nel nella al"
        " alla che si mentre da dal dalla verso tra davanti dietro suo sua loro questo questa",
        "pt": "o os as um uma uns umas de do da dos das e é são em no na nos nas com por para ao à que se seu"
        " sua enquanto sobre está estão entre muito frente atrás há pelo pela este esta",
        "nl": "de het een en is zijn van op met voor naar aan door bij uit over onder die dat terwijl wordt"
        " worden er ze hij haar hun naast achter tegen niet ook heeft te",
        "sv": "en ett och är som på i med av för till från den det de han hon sig medan vid under över inte"
        " har mot bakom genom",
        "pl": "w z na i do się jest są przez nad pod przed od po za jego jej ich oraz gdy który która które to"
        " nie obok",
        "tr": "bir ve bu ile için da de olan üzerinde içinde gibi çok ise yanında doğru arasında kadar",
        "id": "yang dan di ke dari dengan sebuah seorang untuk pada dalam adalah itu ini sedang saat oleh atas",
        "ro": "un o și este sunt în cu pe la de din pentru care se lui ei său sa iar spre lângă prin",
    }.items()
}
"""Words that every text of a language is full of: about 40 % of running text, 30 % of captions."""
SCRIPTS = {
    "zh": r"[\u3400-\u4dbf\u4e00-\u9fff]", "ja": r"[\u3040-\u30ff\u4e00-\u9fff]", "ko": r"[\uac00-\ud7af]",
    "ru": r"[\u0400-\u04ff]", "ar": r"[\u0600-\u06ff]", "hi": r"[\u0900-\u097f]", "th": r"[\u0e00-\u0e7f]",
    "el": r"[\u0370-\u03ff]", "he": r"[\u0590-\u05ff]",
}  # fmt: skip
"""Languages that are told by their script."""
WRITTEN = any_of(
    r"signs?", r"signage", r"texts?", r"reads?", r"reading", r"letter(?:s|ing)", r"subtitles?", r"captions?", r"characters?", r"logos?",
    r"banners?", r"labels?", r"kanji", r"hanzi", r"written", r"writing", r"words?", r"posters?", r"titles?", r"inscri\w{1,7}", r"billboards?", r"screens?",
    r"printed", r"watermarks?", r"script", r"symbols?", r"marked", r"says?", r"saying", r"calligraphy", r"stamped", r"named?", r"called",
)  # fmt: skip
"""A sentence with one of these may have the picture's own words without quotation marks."""
