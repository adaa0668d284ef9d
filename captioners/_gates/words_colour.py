"""Words for colours, and for the things that have them."""

from captioners._gates.words import any_of, names, one_of

COLOURS = {
    "red": "red", "crimson": "red", "scarlet": "red", "maroon": "red", "burgundy": "red", "blue": "blue",
    "navy": "navy", "indigo": "navy", "charcoal": "grey", "rust": "orange", "khaki": "beige",
    "azure": "blue", "turquoise": "teal", "teal": "teal", "cyan": "teal", "green": "green",
    "emerald": "green", "olive": "green", "yellow": "yellow", "golden": "gold", "gold": "gold",
    "orange": "orange",
    "purple": "purple", "violet": "purple", "lavender": "purple", "magenta": "pink", "pink": "pink",
    "white": "white",
    "black": "black", "grey": "grey", "gray": "grey", "silver": "silver", "brown": "brown", "beige": "beige",
    "cream": "beige", "tan": "beige", "ivory": "ivory", "blond": "blond", "blonde": "blond",
    "brunette": "dark", "vermilion": "red", "cobalt": "blue", "sapphire": "blue", "aquamarine": "teal",
    "aqua": "teal", "lilac": "purple", "mauve": "purple", "fuchsia": "pink", "taupe": "beige",
}  # fmt: skip
"""A word -> the colour that it names."""
NEAR = {
    "red": {"orange", "pink", "brown"}, "orange": {"red", "yellow", "brown", "gold"},
    "pink": {"red", "purple", "beige"}, "purple": {"pink", "blue"}, "blue": {"teal", "purple", "grey",
    "navy"}, "navy": {"blue", "black", "purple", "grey"},
    "teal": {"blue", "green"}, "green": {"teal"},
    "yellow": {"orange", "gold", "beige", "blond"}, "gold": {"yellow", "orange", "brown", "beige",
    "blond"},
    "white": {"beige", "ivory", "silver", "grey"}, "black": {"grey", "brown", "navy"},
    "grey": {"silver", "black", "white", "blue", "beige", "brown"}, "silver": {"grey", "white"},
    "brown": {"beige", "red", "orange", "gold", "black", "grey", "blond"},
    "beige": {"white", "brown", "yellow", "gold", "ivory", "grey", "pink", "blond"},
    "ivory": {"white", "beige"},
    "dark": {"black", "brown", "grey", "navy", "blue", "purple", "red", "green", "teal"},
    "blond": {"yellow", "gold", "beige", "brown"},
}  # fmt: skip
"""Colours that two people may call the same thing."""
YELLOW_GREEN = names(
    "ball balls hat vest vests jersey jerseys grass field fields meadow leaf leaves frog snake lizard bird "
    "paint apple "
    "apples pear pears banana bananas lime mango raincoat helmet cap jacket kayak plant plants parrot fish"
)
"""What may be of a colour between the two: neon, ripening, tennis balls."""
CHROMATIC = frozenset(("red", "blue", "navy", "teal", "green", "yellow", "orange", "purple", "pink"))
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
    "formal casual cloth paper corduroy satin rubber flannel tailored long-sleeved short-sleeved oversized "
    "double-decker single family delivery city passenger freight cargo fishing sailing rowing police"
)
"""Words between a colour and its noun."""
THINGS_TOO = frozenset(("convertible", "pickup", "double-decker", "compact"))
"""Of those, things by themselves."""
WORN = names(
    "shirt t-shirt hair dress hat cap coat jacket suit tie shorts pants trousers jeans skirt sweater "
    "hoodie blouse "
    "scarf apron uniform helmet shoe shoes boot boots glove gloves backpack bag robe vest beard top outfit "
    "blazer cardigan jersey tunic gown cape kimono sari swimsuit bikini wetsuit tracksuit overalls dungarees "
    "leotard headscarf turban bandana headband mask goggles glasses sunglasses cap beanie bonnet veil tights "
    "leggings socks sock sneakers sandals belt poncho raincoat parka anorak waistcoat bow ponytail braid "
    "eyes clothes kit turtleneck jumpsuit tutu cloak raincoat moustache mustache pyjamas pajamas "
    " singlet trunks costume armour armor sash necklace suitcase"
)
"""What each person has one of: two of them differ without contradiction."""
CARRIED = names("bag backpack suitcase umbrella")
"""Of those, and beyond, what is set down and spoken of like any other thing."""
SAME = {
    one: name
    for name, ones in {
        "jacket": "coat overcoat", "car": "automobile sedan hatchback",
        "shirt": "t-shirt tee blouse tshirt",
        "dress": "gown frock sundress", "hat": "cap", "boat": "ship vessel sailboat",
        "trousers": "pants slacks",
        "bicycle": "bike", "backpack": "rucksack", "sofa": "couch", "truck": "lorry",
        "horse": "stallion mare",
        "dog": "labrador retriever terrier poodle spaniel", "sweater": "jumper pullover", "rug": "carpet",
        "umbrella": "parasol", "motorcycle": "motorbike", "hoodie": "sweatshirt",
        "tram": "streetcar",
        "airplane": "plane aeroplane", "robe": "habit",
        "hair": "braids curls ponytail locks pigtails plaits tresses braid twin-tails pigtail dreadlocks",
        "armour": "armor",
        "feathers": "plumage", "pajamas": "pyjamas", "eyes": "eye",
    }.items()
    for one in ones.split()
}  # fmt: skip
"""A noun -> the one by which it goes here, where a thing has both names."""
NO_WEARER = names("one other another each someone somebody anyone figure member who and dressed clad")
"""Before `in a red cap`: may be anybody."""
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
_COLOUR = one_of(COLOURS.keys() - {"charcoal", "rust"})
"""Without those that are things as well: `glowing charcoal`."""
_SHADE = r"(?:\w{2,10}ly|deep|bright|dark|light|pale|more|all|quite|as)"
_NO_NOUN = (
    r"(?= (?:and|or|in|as|at|with|over|under|from|for|before|after|when|while|then|again|by|like|on|to|until"
    r"|all|within|during|against|around|across|hues?|tones?|shades?|tints?|glow|light|colou?rs?|one)\b"
    r"|[.,;:!?–—]|\Z)"
)
COLOUR_CHANGES = any_of(
    r"(?:chang|turn|shift|transform|morph|fad|transition|switch|flash|cycl|blink)(?:e?s|ing|ed)"
    rf" (?:(?:\w+ ){{0,3}}?colou?rs?|(?:(?!(?:the|an?|his|her|its|their)\b)\w+ ){{0,3}}?(?:{_COLOUR})"
    rf"|(?:\w+ ){{0,4}}?(?:{_COLOUR}){_NO_NOUN}|(?:in)?to an? (?:\w+ ){{0,2}}?(?:{_COLOUR}))",
    rf"(?:turn|change|fade|blink|flash|(?:becom|go|grow|get)(?:e?s|ing)?|became|went|grew|got) (?:an? )?"
    rf"(?:{_SHADE} ){{0,2}}(?:{_COLOUR}){_NO_NOUN}",
    r"(?<!eye )(?<!eyes )(?<!lamp )(?<!lantern )(?<!visor )(?<!orb )"
    rf"glow(?:s|ing|ed)?(?! (?:an? )?stead)(?! (?:{_COLOUR}) eyes?\b)"
    rf" (?:\w+ ){{0,3}}?(?:colou?rs?|{_COLOUR})",
    rf"from (?:\w+ ){{0,2}}?(?:{_COLOUR}) (?:to|into) (?:\w+ ){{0,2}}?(?:{_COLOUR})",
    r"(?:changes?|changing) (?:into|clothes|outfits?|costumes?|shirts?)",
    r"(?<!peeling )(?<!flaking )(?<!chipped )(?<!cracked )(?<!faded )paints?",
    r"(?<!\ba )(?<!\bthe )(?<!\boil )(?<!\bframed )(?<!\blarge )painting",
    r"repaint\w{0,3}",
    r"dye[sd]?",
    r"dyeing",
    r"colou?r[- ]?chang\w{1,4}",
    r"reversible",
    r"iridescent",
    r"ripen(?:s|ing|ed)?",
    r"chameleons?",
    r"cuttlefish",
)
"""What has two colours one after the other. Who turns a white umbrella around, or blinks her brown eyes,
changes nothing: with an article before it, the colour must be the end of what is said."""
CLOTHES_CHANGES = any_of(
    r"(?:puts?|putting|pulls?|slips?) on (?:an?|his|her|the)",
    r"(?:takes?|taking|pulls?) off (?:an?|his|her|the)",
    r"(?:removes|removing|sheds|shedding|swaps|swapping|exchanges) (?:an?|his|her|the|hats?|clothes|shirts?)",
    r"tries on",
)
"""After which somebody wears another thing of the kind."""
MONOCHROME = any_of(
    r"(?:scene|footage|film|video|picture|clip|recording|movie|reel|image) is (?:\w{1,12}ly )?"
    r"(?:monochrome|black[- ]and[- ]white"
    r"|gr[ae]yscale)",
    r"black[- ]and[- ]white (?:film|footage|video|clip|imagery|scene|photography|cinematography|style|shot"
    r"|tones?"
    r"|aesthetics?|palette|movie|recording|animation|sequence|look|filter|treatment|format|presentation)",
    r"(?:shot|filmed|rendered|presented|is|are|entirely|all|scene|captured|recorded|recording|documentary"
    r"|cinematography|photography|movie|comedy|drama|newsreel|broadcast|shown|footage|film|video|image"
    r"|picture|displayed|photographed) in"
    r" (?:\w+ )?(?:black[- ]and[- ]white|monochrome|gr[ae]yscale)",
    r"in (?:stark |classic |crisp |grainy |high-contrast )?monochrome",
    r"in (?:flickering|grainy|scratchy|archival) black[- ]and[- ]white(?=[.,;]|$| (?:film|footage)\b)",
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
