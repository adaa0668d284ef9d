"""Words for numbers, for what is counted, and for what is no count."""

import re

from captioners._gates.words import Words, any_of, names

NUMBERS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "dozen": 12, "pair": 2, "couple": 2,
    "both": 2, "duo": 2,
    "trio": 3, "threesome": 3, "quartet": 4, "foursome": 4, "quintet": 5,
    **{str(number): number for number in range(2, 41)},
}  # fmt: skip
GROUPED = frozenset(("pair", "couple", "duo", "trio", "threesome", "quartet", "foursome", "quintet"))
"""Numbers that have `a` before and `of` behind them."""
ALONE = frozenset(("lone", "single", "solitary", "sole"))
"""One, and no other."""
ORDINALS = {
    "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
}  # fmt: skip
GROUPS = names(
    "herd group flock team crew family pack crowd band line row set bunch total string squad choir gaggle "
    "swarm party cluster collection column convoy fleet troop troupe circle ring stack pile class litter pod "
    "school trail queue consisting composed made ensemble procession number array colony caravan"
)
"""`A herd of nine horses`: all of them. `Two of nine`: a part."""
PARTS = names(
    "other another more remaining additional first last next extra further of fewer less others final rest"
)
"""Before or after a number: it counts a part, or others than before."""
ABOUT = names(
    "about around roughly approximately nearly over almost least most every up version number route level "
    "chapter day some maybe perhaps lane room platform gate "
    "track bus no exit highway channel part scene stage "
    "step figure floor section page season episode round lap hole seat row terminal pier studio times "
    "x × and/or or than upto no."
)
"""Before a number that counts nothing, or not exactly."""
UNITS = names(
    "second minute hour day week month year time meter metre foot mile kilometer kilometre centimeter "
    "centimetre percent degree inch dollar euro cent pound kilo gram liter litre part side row lane "
    "layer level "
    "half way hand arm leg finger eye ear knee shoulder elbow palm fist thumb wing paw hoof step shot frame "
    "section column line tier thing piece storey story floor type kind set pair group strand direction stage "
    "corner end bag glove shoe boot sock earring point goal lap turn stroke blow spin jump lift try attempt "
    "bite sip bounce hit punch kick pass move push tap click beat round word letter digit page panel scene "
    "moment beam ray shade tone color colour clip image video picture photo team wheel tyre tire window "
    "headlight light lens handful spoonful slice drop sentence chapter figure member one"
)
"""Measures, parts, deeds and parts of bodies, of which each text may count others."""
TAKEN = (
    r"\b(?:tak(?:es?|ing)|picks?|picking|remov(?:es?|ing)|lifts?|lifting|pulls?|pulling|cracks?|cracking"
    r"|breaks?|breaking|cuts?|cutting|chooses?|choosing|selects?|grabs?|grabbing|eats?|eating|steals?"
    r"|out|off) (?:up |out |off )?(?:the |her |his )?"
)
"""Before a number of those that are taken from among more."""
PAIRED = names(
    "scissors glasses sunglasses spectacles binoculars trousers jeans pants shorts tongs pliers tweezers "
    "headphones goggles chopsticks gloves mittens boots shoes sneakers slippers sandals heels socks earrings "
    "tights leggings shears clippers skis skates handcuffs pajamas pyjamas"
)
"""A pair of them is one thing, or belongs to one person."""
STOP = names(
    "a an the of in on at to with and or by for from as is are was were that which who while into through "
    "onto off above below beneath between among over under near behind beside against across along toward "
    "towards around it its his her their he she they "
    "then but has have stand stands standing sit sits sitting walk walking run running wear wearing"
)
RESTRICTING = names("who that which with wear wearing to in on of for without whose")
"""Behind `the only man`: one of several."""
SYNONYMS = {
    "kid": "child", "guy": "man", "gentleman": "man", "gent": "man", "lady": "woman", "gal": "woman",
    "bike": "bicycle", "automobile": "car", "plane": "airplane", "aeroplane": "airplane", "lorry": "truck",
    "pup": "puppy", "individual": "person", "human": "person", "doggo": "dog", "lad": "boy", "motorbike":
    "motorcycle", "colleague": "colleague", "infant": "baby", "fisher": "fisherman", "kitty": "kitten",
    "rooftop": "roof", "soldier": "soldier",
}  # fmt: skip
LATIN = {
    "paramecia": "paramecium", "bacteria": "bacterium", "fungi": "fungus", "cacti": "cactus",
    "octopi": "octopus", "larvae": "larva", "nuclei": "nucleus", "alumni": "alumnus", "dice": "die",
    "hooves": "hoof", "thieves": "thief", "halves": "half", "elves": "elf", "dwarves": "dwarf",
    "scarves": "scarf", "postmen": "postman", "workmen": "workman", "craftsmen": "craftsman",
    "sportsmen": "sportsman", "cameramen": "cameraman", "gentlemen": "gentleman", "swordsmen": "swordsman",
    "policewomen": "policewoman", "businesswomen": "businesswoman", "gunmen": "gunman", "cattle": "cattle",
    "boatmen": "boatman", "guardsmen": "guardsman", "oarsmen": "oarsman", "salesmen": "salesman",
    "swine": "swine",
    "goldfish": "goldfish", "jellyfish": "jellyfish", "starfish": "starfish",
    "clownfish": "clownfish", "angelfish": "angelfish",
    "squid": "squid", "trout": "trout", "koi": "koi", "grandchildren": "grandchild",
    "schoolchildren": "schoolchild", "salespeople": "salesperson", "police": "police",
}  # fmt: skip
MIRRORED = any_of(r"reflections?", r"reflected")
"""Of as many again."""
CHANGES = any_of(
    r"joined by", r"join(?:s|ing)?(?! (?:hands|arms|forces))", r"newcomers?", r"latecomers?",
    r"(?:one|two|three|four|five|some|several|others|all|both|rest|they|few|many|more)(?: of (?:them"
    r"|whom|these))?"
    r" (?:\w+ly |then |later |soon |at once |eventually )?(?:leav|exit|depart|enter|arriv|appear|emerg"
    r"|disappear"
    r"|vanish|remain)(?:s|es|e|ing)?(?! the (?:line|floor|ground|table|bar|path|water|road|track))",
    r"(?:one|none|only) (?:\w+ )?is left",
    r"(?:two|three|four|five|six|few|only) (?:\w+ )?are left",
    r"gradually (?:more|fewer|other|join\w{0,3}|the others?)",
    r"multipl(?:y|ies)",
    r"split(?:s|ting)?(?: up)? (?:in|into)", r"divid(?:es|ing)", r"becom(?:es?|ing) (?:an? )?"
    r"(?:part|two|three|four|five|six|dozens|crowd|group|pair|trio|many|several|one)",
    r"grow(?:s|ing)? to",
    r"more and more", r"at first", "initially", r"which leaves", r"until (?:only )?\w+ (?:is|are|remain)",
    r"(?:in|on) (?:the|a|its|his|her|their) (?:\w+ )?(?:mirrors?|posters?|paintings?|photos?|murals?"
    r"|screens?)",
    r"split[- ]screen", "montage", "collage", r"cuts? to", r"scene (?:changes|shifts|switches|transitions)",
    r"(?:next|another|second) (?:shot|scene|clip)",
)  # fmt: skip
"""Ways to tell that a number changes, or that pictures hold more of the same."""
OTHERS = any_of(
    "another", r"(?<!each )(?<!one )others?", "additional", r"(?:one|two|three|some|several|few|many) more",
    r"(?<!once )(?<!no )(?<!any )(?<!even )(?<!the )more(?! than| and more| or less| \w{1,12}ly)",
)  # fmt: skip
"""Words for more of the same than were counted."""
ONES = Words(r"\b(?:one|another|other|each|first|second|man and|woman and|either|the latter)\b")
VAGUE = any_of(
    r"join(?:s|ed|ing)?", r"arriv\w{1,3}", r"enter(?:s|ing)?", "leave", "leaving",
    r"leaves (?:the|his|her|a|an|him|them|with|by|through|one|two|three|only|and)", r"appear(?:s|ing)?",
    r"emerg(?:es?|ing)", "another", r"others?", "additional", "more", "third", "fourth", "fifth",
    r"departs?", r"exits?", r"disappears?", r"splits?", "gradually", "one by one", r"multipl(?:y"
    r"|ies)", "crowd",
    "group", "later", "then",
)  # fmt: skip
"""Where one thing may become many: all that may tell of others."""
COMPANIONS = any_of(
    r"(?:colleague|companion|partner|friend|mate|twin|opponent|rival|neighbou?r|sibling|comrade|counterpart)s?",
    r"(?:its|his|her|the) (?:brother|sister|mother|father|mate|cub|calf|pup|chick|baby|wife|husband|son"
    r"|daughter)s?",
    r"(?:team|class|play|room|work|crew)mates?",
)
"""Beside `one`, it may be another of the same: `one chef stirs while a colleague tastes`."""
BEFORE_A_PART = names("on in with at to by from under over off across against into onto")
"""Before `one` that is a part or a side: `on one leg`, `in one corner`."""
EACH_OTHER = re.compile(
    r"\b(?:(?:each|one|every) (?:other|another)|one (?:by|after|behind|beside|next to) (?:one|another"
    r"|the other))\b",
    re.I,
)
"""Of the same ones."""
