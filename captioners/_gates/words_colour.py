"""Words for colours, and for the things that have them."""

from captioners._gates.words import any_of, names

COLOURS = {
    "red": "red", "crimson": "red", "scarlet": "red", "maroon": "red", "burgundy": "red", "blue": "blue",
    "navy": "blue", "azure": "blue", "turquoise": "teal", "teal": "teal", "cyan": "teal", "green": "green",
    "emerald": "green", "olive": "green", "yellow": "yellow", "golden": "gold", "gold": "gold",
    "orange": "orange",
    "purple": "purple", "violet": "purple", "lavender": "purple", "magenta": "pink", "pink": "pink",
    "white": "white",
    "black": "black", "grey": "grey", "gray": "grey", "silver": "silver", "brown": "brown", "beige": "beige",
    "cream": "beige", "tan": "beige", "ivory": "ivory", "blond": "blond", "blonde": "blond",
    "brunette": "brown",
}  # fmt: skip
"""A word -> the colour that it names."""
NEAR = {
    "red": {"orange", "pink", "brown"}, "orange": {"red", "yellow", "brown", "gold"},
    "pink": {"red", "purple", "beige"}, "purple": {"pink", "blue"}, "blue": {"teal", "purple", "grey",
    "black"},
    "teal": {"blue", "green"}, "green": {"teal", "yellow"},
    "yellow": {"orange", "green", "gold", "beige", "blond"}, "gold": {"yellow", "orange", "brown", "beige",
    "blond"},
    "white": {"beige", "ivory", "silver", "grey"}, "black": {"grey", "brown", "blue"},
    "grey": {"silver", "black", "white", "blue", "beige", "brown"}, "silver": {"grey", "white"},
    "brown": {"beige", "red", "orange", "gold", "black", "grey", "blond"},
    "beige": {"white", "brown", "yellow", "gold", "ivory", "grey", "pink", "blond"},
    "ivory": {"white", "beige"}, "blond": {"yellow", "gold", "beige", "brown"},
}  # fmt: skip
"""Colours that two people may call the same thing."""
CHROMATIC = frozenset(("red", "blue", "teal", "green", "yellow", "orange", "purple", "pink"))
"""Not brown, gold or beige, which describe wood, metal and skin in black-and-white film as well."""
NO_THING = names(
    "sky skies light lights lighting lit glow hue hues tone tones shade shades colour color colours colors "
    "palette "
    "leaf leaves foliage cloud clouds haze neon flame flames smoke water sea ocean screen screens eyes "
    "background "
    "and or with in on of the a an to at by for from as is are was while that which against over under into "
    "through beside behind across near but then his her their its who it he she they tint accents accent "
    "stripes "
    "details flowers team side one ones sunset lamps beam beams "
)
"""Words after a colour that are no thing with a colour of its own."""
DESCRIBING = names(
    "large small big little tiny long short tall old new vintage classic modern wooden leather cotton silk "
    "wool "
    "plastic metal metallic striped checkered plaid floral patterned shiny glossy matte bright dark light "
    "pale deep "
    "vivid soft fluffy sleeveless sleeved button-up two-piece ceramic glass convertible luxury compact "
    "electric "
    "sports sport racing pickup winter summer rain baseball knitted hooded puffer denim linen velvet "
    "fitted loose "
    "formal casual"
)
"""Words between a colour and its noun."""
WORN = names(
    "shirt t-shirt hair dress hat cap coat jacket suit tie shorts pants trousers jeans skirt sweater "
    "hoodie blouse "
    "scarf apron uniform helmet shoe shoes boot boots glove gloves backpack bag robe vest beard top outfit"
)
"""What each person has one of: two of them differ without contradiction."""
PEOPLE = any_of(
    r"m[ae]n",
    r"wom[ae]n",
    r"boys?",
    r"girls?",
    r"child(?:ren)?",
    r"person",
    r"people",
    r"players?",
    r"riders?",
    r"lady",
    r"guys?",
    r"chefs?",
    r"dancers?",
    r"workers?",
    r"officers?",
    r"students?",
    r"athletes?",
    r"others?",
)
COLOUR_CHANGES = any_of(
    r"(?:chang|turn|shift|transform|morph|fad|transition|switch)(?:e?s|ing|ed) (?:\w+ ){0,3}(?:to|into|from"
    r"|colou?rs?"
    r"|red|blue|green|yellow|orange|purple|pink|white|black)",
    r"paints?",
    r"painting",
    r"repaint\w{0,3}",
    r"dye[sd]?",
    r"dyeing",
    r"colou?r[- ]?chang\w{1,4}",
)
MONOCHROME = any_of(
    r"(?:scene|footage|film|video|picture) is (?:\w{1,12}ly )?(?:monochrome|black[- ]and[- ]white"
    r"|gr[ae]yscale)",
    r"black[- ]and[- ]white (?:film|footage|video|clip|imagery|scene|photography|cinematography|style|shot"
    r"|tones?"
    r"|aesthetics?|palette|movie|recording|animation|sequence|look|filter|treatment|format|presentation)",
    r"(?:shot|filmed|rendered|presented|is|are|entirely|all|scene|captured|recorded|shown|footage|film"
    r"|video|image|picture|displayed|photographed) in"
    r" (?:\w+ )?(?:black[- ]and[- ]white|monochrome|gr[ae]yscale)",
    r"in (?:stark |classic |crisp |grainy |high-contrast )?monochrome",
    r"gr[ae]yscale",
    r"monochrome (?:film|footage|video|image|scene|style|photography|tones?|palette|picture|look|shot)",
    r"b&w",
)
"""The picture is without colour: not the cow, the stripes or the clothes."""
NOT_SEEN_AS_COLOUR = any_of(
    r"red (?:carpet|cross|bull|wine|sox|meat)",
    r"green (?:screen|tea|salad|onions?|beans?)",
    r"orange (?:juice|slices?|peel|trees?)",
    r"blue (?:jeans|whale|jay|cheese|note)",
    r"pink floyd",
    r"yellow pages",
    r"violet(?:s| flowers?)",
    r"purple heart",
    r"(?:an|peeled|the|sliced|of) oranges?(?= (?:and|from|on|in|is)|[.,])",
)
ONE_COLOUR = any_of(
    r"only (?:the |\w+ )?colou?r",
    r"selective colou?r\w{0,3}",
    r"splash of",
    r"otherwise (?:black|monochrome|gr[ae]y)",
    r"coloured by hand",
    r"hand-?colou?red",
    r"tinted",
    r"toned",
    r"sepia",
    r"the only",
)
