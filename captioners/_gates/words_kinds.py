"""Which nouns may name the same things: other words for them, and the names of their kinds."""

from functools import lru_cache

from captioners._gates.words import names

PEOPLE = frozenset(("man", "woman", "child", "boy", "girl", "person", "adult", "teenager"))
MUSICIANS = names(
    "musician violinist cellist violist guitarist drummer pianist bassist saxophonist trumpeter flautist "
    "flutist harpist accordionist percussionist instrumentalist busker fiddler bandmate"
)
WORKERS = names(
    "worker builder bricklayer mason carpenter welder roofer laborer labourer workman electrician plumber "
    "painter craftsman technician engineer mechanic miner operator roadworker employee operative"
)
ATHLETES = names(
    "athlete player runner sprinter jogger hurdler cyclist swimmer rower skater skier wrestler boxer fencer "
    "gymnast footballer golfer surfer climber snowboarder skateboarder jumper teammate sportsman racer "
    "competitor contestant striker defender goalkeeper keeper attacker midfielder winger"
)
PERFORMERS = MUSICIANS | names(
    "performer dancer ballerina acrobat juggler singer actor actress clown gymnast artist comedian mime "
    "breakdancer entertainer trapezist"
)
CHILDREN = names(
    "child boy girl toddler baby pupil student schoolgirl schoolboy schoolchild youngster infant "
    "preschooler grandchild son daughter"
)
ROLES = (
    MUSICIANS
    | WORKERS
    | ATHLETES
    | PERFORMERS
    | CHILDREN
    | names(
        "hiker trekker walker soldier sailor nun monk priest farmer fisherman angler chef cook waiter "
        "waitress nurse doctor surgeon firefighter fireman policeman officer cop guard commuter pedestrian "
        "tourist shopper customer baker barista rider jockey driver pilot astronaut cosmonaut diver friend "
        "kayaker canoeist paddler oarsman mountaineer motorcyclist biker horseman equestrian teen youth "
        "sister brother sibling twin triplet mother father parent grandmother grandfather lover bride groom "
        "newlywed spouse husband wife businessman businesswoman scientist researcher chemist teacher coach "
        "referee lawyer reporter presenter anchor host passenger traveler traveller gardener potter sculptor "
        "skydiver parachutist knight samurai warrior ninja dancer model bystander neighbour neighbor "
        "colleague coworker companion partner opponent rival figure somebody someone worshipper pilgrim "
        "protester demonstrator marcher judge barber hairdresser tailor shepherd cowboy herder villager "
        "vendor merchant seller buyer thief robber detective patient assistant trainer wanderer "
    )
)
"""Of persons; each names some of those whom `people` are."""
UNTRADED = names(
    "friend sister brother sibling twin triplet teen youth mother father parent grandmother grandfather "
    "lover spouse husband wife bride groom newlywed figure somebody someone colleague coworker "
    "companion partner opponent rival boxer fencer wrestler skater dancer player athlete performer "
    "artist worker contestant competitor employee"
)
"""Nouns for persons of any trade."""
CROWDS = names(
    "spectator onlooker audience crowd fan guest bystander passer-by passers-by passerby viewer sunbather "
    "bather visitor attendee holidaymaker worshipper"
)
"""Persons beside those who are counted: `people` may be all of them, `paddlers` are not."""
VESSELS = names(
    "boat sailboat canoe kayak dinghy gondola ferry yacht rowboat sailing-boat trawler motorboat ship vessel "
    "tanker freighter barge schooner catamaran raft speedboat steamer warship frigate tugboat tug"
)

KINDS = {
    "person": PEOPLE | ROLES,
    "bird": names(
        "duck goose swan gull seagull pigeon hen chicken crow raven parrot eagle flamingo pelican "
        "heron penguin sparrow owl stork crane robin magpie dove finch rooster turkey ostrich peacock "
        "falcon hawk vulture cormorant cockatoo macaw"
    ),
    "dog": names(
        "puppy retriever labrador terrier husky poodle dachshund beagle collie greyhound hound corgi bulldog "
        "spaniel shepherd pug chihuahua malamute dalmatian"
    ),
    "cat": names("kitten tabby"),
    "horse": names("stallion mare pony foal racehorse mustang steed"),
    "boat": VESSELS - {"boat"},
    "vessel": VESSELS - {"vessel"},
    "ship": names("tanker freighter ferry schooner warship frigate steamer galleon vessel"),
    "vehicle": names(
        "car truck van bus taxi motorcycle tractor jeep suv sedan convertible lorry automobile pickup "
        "hatchback limousine buggy"
    ),
    "car": names("taxi sedan convertible jeep suv limousine hatchback racecar cab"),
    "cow": names("calf bull ox heifer"),
    "flower": names("rose tulip daisy sunflower lily poppy orchid blossom"),
    "airplane": names("jet fighter biplane airliner glider propeller-plane"),
    "aircraft": names("airplane jet fighter biplane airliner glider helicopter drone"),
    "fish": names("goldfish salmon trout koi carp clownfish tuna angelfish"),
    "lion": names("lioness cub"),
    "balloon": frozenset(("hot-air-balloon",)),
}
"""A kind -> nouns for what is of it."""
KINDS["animal"] = frozenset(
    names(
        "dog cat horse cow bird lion sheep goat pig deer elephant zebra giraffe wolf fox bear tiger rabbit "
        "monkey camel otter seal lamb antelope buffalo kangaroo panda gorilla leopard cheetah hippo rhino"
    )
).union(*(KINDS[kind] for kind in ("dog", "cat", "horse", "cow", "lion", "bird")))
OVER = {
    **KINDS,
    "figure": PEOPLE | ROLES,
    "friend": PEOPLE | {"teen", "youth", "student"},
    "musician": MUSICIANS,
    "worker": WORKERS,
    "athlete": ATHLETES,
    "player": MUSICIANS | names("footballer goalkeeper striker defender attacker midfielder"),
    "performer": PERFORMERS,
    "artist": PERFORMERS | {"painter", "sculptor"},
    "child": CHILDREN,
    "sibling": names("sister brother twin triplet"),
    "dancer": names("ballerina breakdancer"),
    "rider": names("cyclist motorcyclist biker jockey horseman equestrian"),
}
"""A noun -> those that it may stand for."""
FAMILIES = tuple(
    names(family)
    for family in (
        "kayaker paddler canoeist rower oarsman",
        "firefighter fireman",
        "motorcyclist biker rider",
        "cyclist biker rider bicyclist",
        "rider jockey horseman equestrian",
        "hiker trekker walker backpacker",
        "climber mountaineer",
        "fisherman angler",
        "officer policeman cop",
        "guard officer",
        "chef cook",
        "girl sister daughter schoolgirl twin triplet",
        "boy brother son schoolboy twin triplet",
        "child twin triplet sibling",
        "toddler twin triplet baby infant",
        "twin triplet sister brother sibling",
        "teenager teen youth youngster",
        "student pupil schoolchild schoolboy schoolgirl",
        "runner jogger sprinter racer",
        "dancer ballerina performer",
        "soldier troop",
        "astronaut cosmonaut",
        "boat vessel",
        "ship vessel",
        "sailboat yacht",
        "skydiver parachutist",
        "protester demonstrator marcher",
        "worker builder workman",
        "surgeon doctor",
        "contestant competitor",
        "tourist traveler traveller visitor",
        "newlywed lover",
        "sheep lamb",
        "goose gosling",
        "swan cygnet",
    )
)
"""Words for the same in the mouths of models."""


ANYONE = names("man woman adult person figure")
"""Of whatever trade."""


def same(one: str, other: str) -> bool:
    return one == other or any(one in family and other in family for family in FAMILIES)


def over(kind: str, noun: str) -> bool:
    """Whether what is called `noun` may also be called `kind`."""
    return kind != noun and noun in OVER.get(kind, ())


def related(one: str, other: str) -> bool:
    return same(one, other) or over(one, other) or over(other, one)


def may_be(one: str, other: str) -> bool:
    """Whether two texts that begin with these may mean the same ones."""
    return (
        related(one, other)
        or (one in ANYONE and other in ROLES - CHILDREN)
        or (other in ANYONE and one in ROLES - CHILDREN)
    )


def by_trade(noun: str) -> bool:
    """Whether persons are called by what they do: whoever does something else is no more of them."""
    return noun in ROLES - CHILDREN - UNTRADED


@lru_cache(256)
def kin(noun: str) -> frozenset[str]:
    """All nouns of a kind that the noun is of: people, where it is one of them."""
    found = {noun}
    for kind, members in KINDS.items():
        if noun == kind or noun in members:
            found |= members | {kind}
    return frozenset(found)
