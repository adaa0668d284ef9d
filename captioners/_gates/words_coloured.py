"""Words of things that have one colour as a whole, of who wears them, and of how a text says so."""

from captioners._gates.words import any_of, names

SHADES = {
    "mustard": "yellow", "ochre": "gold", "saffron": "orange", "ginger": "orange", "auburn": "brown",
    "chestnut": "brown", "ebony": "black", "raven": "black", "fair": "blond", "dark": "dark",
}  # fmt: skip
"""Colours of hair and of cloth by words that are no colours elsewhere."""
OF_HAIR = frozenset(("auburn", "chestnut", "raven", "fair", "dark"))
"""Of those, what is a colour of hair alone: a dark coat may be red."""
HAIR = names(
    "hair braids curls ponytail locks pigtails plaits tresses braid beard twin-tails pigtail "
    "dreadlocks bun bob"
)
COMPOUNDS = {
    "haired": "hair", "headed": "hair", "eyed": "eyes", "bearded": "beard", "coated": "jacket",
    "clad": "clothes", "robed": "robe", "shirted": "shirt", "jacketed": "jacket", "suited": "suit",
    "skirted": "skirt", "uniformed": "uniform", "capped": "hat", "hatted": "hat", "tiled": "tiles",
    "roofed": "roof", "feathered": "feathers", "furred": "fur", "plumed": "plumage",
    "sailed": "sails", "winged": "wings", "hulled": "hull", "painted": "paint",
}  # fmt: skip
"""What somebody has who is dark-haired or red-coated."""
WHOLE = names(
    "dress gown robe kimono sari suit kit uniform jersey jumpsuit tracksuit overalls dungarees "
    "costume outfit "
    "leotard tutu cassock habit sundress boilersuit onesie clothes clothing"
)
"""What dresses somebody from head to foot: who is `in red` has no green one."""
OUTER = names("jacket raincoat parka anorak cloak poncho oilskin cape hoodie sweater jersey tunic shirt")
"""The same, where somebody is in one colour from head to toe."""
KITS = frozenset(("jersey", "kit", "shirt"))
"""What a player has one of, whatever it is called."""
COVERS = names("fur coat pelt plumage feathers fleece hide scales paintwork paint bodywork wool jacket")
"""What an animal or a vehicle is covered by: its colour is that of the whole. A coat goes by `jacket`."""
BODY_PARTS = names(
    "wings wing paws paw feet legs tail tails mane belly chest face ears ear head neck spots stripes bands "
    "band markings patch patches socks stockings blaze tip tips shoulders back beak bill trim roof "
    "door doors "
    "stripe hood bonnet wheels bumper bumpers top bottom sides cab trailer streaks accents details crest "
    "breast throat snout muzzle hooves fins fin"
)
"""Parts that often differ from the whole: what has one of another colour has more than one."""
_PATTERNS = (
    r"strip(?:es?|ed)", r"patch(?:es|work)?", r"spott?(?:s|ed)", r"two-tone[d]?", r"multi-?colou?red",
    r"dapple[ds]?", r"calico", r"tortoiseshell", r"piebald", r"pinto", r"gradient", r"ombr[eé]",
    r"streak(?:s|ed)?", r"rainbow", r"half (?:of|is)", r"one (?:half|side)", r"lower half", r"upper half",
)  # fmt: skip
PATTERNED = any_of(*_PATTERNS)
"""Of a thing with more than one colour."""
MANY_COLOURED = any_of(
    *_PATTERNS,
    r"half(?! (?:full|empty|open|closed|asleep)\b)", r"halves", r"lower", r"upper", r"partly",
    r"tips? (?:of|and)", r"[a-z]{2,12}-tipped",
    r"at first", r"inside", r"lining", r"lined", r"first", r"underside",
)  # fmt: skip
"""In a sentence that may be of a part."""
_LIGHT = (
    r"tint\w{0,4}", r"glows?", r"glowing", r"neon", r"spotlights?", r"gels?", r"filters?", r"wash(?:es|ed)",
    r"bath(?:es|ed)", r"floods?", r"flooded", r"reflect\w{0,5}", r"sunset", r"sunrise",
    r"in the (?:\w+ )?light", r"(?:looks?|appears?|seems?) (?:\w{1,12} )?(?:white|black|red|blue|green|orange"
    r"|pink|purple|gr[ea]y|gold)", r"flames?",
)  # fmt: skip
STAINED = any_of(
    r"dust\w{0,2}", r"mudd?\w{0,2}", r"snow(?!-white)\w{0,5}", r"frost\w{0,2}", r"flour", r"soot\w{0,1}",
    r"greas[ey]", r"blood\w{0,2}", r"ink", r"ash(?:es)?", r"cold", *_LIGHT, r"foam\w{0,1}", r"suds",
    r"lather", r"silhouettes?", r"silhouetted", r"shadows?", r"powder", r"moonlight",
)  # fmt: skip
"""Where light or dirt may be what is coloured."""
LIT = any_of(
    *_LIGHT,
    r"blood\w{0,2}",
    r"ink",
    r"spotlit",
    r"stage lights?",
    r"dusk",
    r"dawn",
    r"sun (?:sinks|sets|rises)",
    r"lasers?",
    r"disco",
    r"club",
)
"""Of those, what makes a thing red or blue."""
OPENED = any_of(
    r"peel(?:s|ed|ing)?", r"(?<!hair)cuts?", r"cutting", r"slic(?:es|ed|ing)", r"bit(?:es?|ten|ing)", r"skin",
    r"cor(?:e|ed|es)", r"flesh", r"crack(?:s|ed|ing)?", r"splits?", r"splitting", r"torn open",
)  # fmt: skip
"""What shows an inside of another colour: an apple is white below its skin."""
LATER = any_of(
    r"later", r"now", r"soon", r"eventually", r"finally", r"gradually", r"already", r"afterwards",
    r"in the end", r"by then", r"(?:in|by|until) (?:the )?(?:autumn|winter|spring|summer|fall)", r"meanwhile",
    r"years?", r"months?", r"weeks?", r"days?", r"hours?", r"after (?:a few|some|several)",
    r"as (?:it|he|she)",
)  # fmt: skip
"""Where what was black may have become white."""
PLACED = names(
    "above of on over behind under beneath in inside beside against at by near beyond around through across "
    "to from between below along into"
)
"""Before a noun that may not be what the rest of the sentence is of: `the sky above the roof, blue`."""
BOUND_HERE = names(
    "above of on over behind under beneath in inside beside against at by near beyond around through across "
    "to from between below along into and or is are was were with the a an his her its their that which who "
    "as for but while when where not no"
)
GENERIC_MEN = names("man guy gentleman boy lad fellow")
GENERIC_WOMEN = names("woman lady girl")
GENERIC = GENERIC_MEN | GENERIC_WOMEN | names(
    "person figure child kid baby performer player worker teenager individual youngster adult athlete"
)  # fmt: skip
"""Names of somebody who was called otherwise before."""
WOMEN = names(
    "bride actress waitress priestess princess queen nun ballerina mother grandmother daughter sister wife "
    "aunt witch swordswoman policewoman businesswoman mermaid nurse flapper stewardess hostess goddess "
    "granny heroine maid duchess empress sorceress schoolgirl cowgirl geisha"
)
MEN = names(
    "groom waiter priest prince king monk father grandfather son brother husband uncle wizard swordsman "
    "policeman businessman fisherman fireman salesman cowboy schoolboy bullfighter gunman craftsman postman "
    "boatman lumberjack butler knight samurai emperor bishop abbot friar deacon acolyte novice"
)
ROLES = WOMEN | MEN | names(
    "actor acrobat apprentice archer artist assistant astronaut athlete attendant baker ballplayer barber "
    "barista bartender batter beekeeper biker bishop blacksmith boxer bricklayer builder busker butcher "
    "captain cardinal carpenter cashier cellist chef clown climber coach colleague commuter conductor cook "
    "courier customer cyclist dancer defender dentist diver doctor driver drummer elf engineer "
    "farmer fencer fiddler firefighter florist footballer gardener general glassblower goalkeeper goalie "
    "golfer grandson granddaughter guard guide guitarist gymnast hairdresser hiker hunter inmate janitor "
    "jockey jogger juggler judge keeper kayaker labourer laborer locksmith lifeguard magician mason mechanic "
    "miner model musician neighbour neighbor officer opponent painter partner passenger patient "
    "pedestrian performer pianist pilot pirate pitcher player plumber porter potter prisoner professor "
    "protester rapper receptionist referee rider rower runner sailor scientist sculptor seamstress seller "
    "shepherd shopkeeper singer skateboarder skater skier snowboarder soldier soloist speaker "
    "spectator sprinter statue stranger striker student surfer surgeon surveyor swimmer tailor teacher "
    "sweeper roofer cleaner dealer croupier ranger scout merchant biker nanny maestro composer choirboy "
    "caretaker technician teenager tourist traveller traveler trawlerman trumpeter usher vendor "
    "veterinarian vet guest host friend boss companion rival presenter reporter newsreader bridesmaid thief "
    "lawyer clerk sheriff detective "
    "viking violinist visitor waiter warrior weaver welder wrestler worker customer toddler infant"
)  # fmt: skip
"""Who wears something, by trade."""
BYSTANDERS = names(
    "people others spectators guests onlookers passers-by viewers bystanders pedestrians shoppers customers "
    "passengers fans tourists commuters visitors team-mates teammates"
)
"""People around somebody, whose clothes are not told."""
KIN = {
    "feline": ("cat kitten", "cat tabby animal creature pet feline"),
    "canine": ("dog puppy pup hound", "dog animal creature pet canine hound puppy pup"),
    "bird": (
        "parrot macaw cockatoo budgie owl eagle hawk heron crow raven pigeon dove duck goose swan hen "
        "rooster sparrow robin flamingo pelican penguin peacock canary finch falcon stork kingfisher bird",
        "bird animal creature",
    ),
    "animal": (
        "elephant bear fox wolf snake lizard frog horse pony donkey cow bull ox goat sheep lamb pig rabbit "
        "hare deer stag lion lioness tiger leopard monkey gorilla squirrel mouse rat hamster turtle tortoise "
        "crocodile alligator camel giraffe zebra badger otter seal whale shark fish octopus crab beetle "
        "spider butterfly moth dragon unicorn dinosaur animal",
        "animal creature beast reptile mammal predator insect bear snake",
    ),
    "vehicle": (
        "car truck van bus taxi tractor jeep suv sedan convertible limousine hatchback pickup coach "
        "ambulance tram scooter motorcycle vehicle",
        "vehicle machine",
    ),
    "cab": ("taxi", "cab"),
    "craft": ("boat ferry yacht dinghy trawler tug sailboat canoe kayak ship", "vessel craft"),
    "building": ("house cottage cabin barn church lighthouse mill hut villa chapel", "building"),
    "tower": ("lighthouse", "tower"),
    "aircraft": ("airplane helicopter jet biplane glider", "aircraft"),
}  # fmt: skip
"""A kind -> its members, and the nouns by which one of them goes later in a text."""
EMITTERS = names("eye eyes lamp lantern visor sign bulb lamps orb crystal beacon")
"""What glows in one colour."""
