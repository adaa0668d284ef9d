"""The gates on colours and on text that can be read."""

import pytest

from captioners._gates.colours import colour
from captioners.dialogue.types import Evidence
from tests.captioners.gate_cases import Case, check, fields, judged, of, then


@pytest.mark.parametrize(
    ("said", "one", "other"),
    [
        (of("A blue car stops.", subject="a red car"), "red car", "blue car"),
        (of("A red car stops. The blue car turns right."), "red car", "blue car"),
        (of("A woman in a green dress waits.", subject="a woman in a red dress"), "red dress", "green dress"),
        (of("An old red truck rolls by.", short="An old green truck rolls by."), "red truck", "green truck"),
    ],
)
def test_colour(said: Case, one: str, other: str) -> None:
    check(judged(said), "colour", one, other)


@pytest.mark.parametrize(
    "said",
    [
        of("A red car overtakes a blue car.", subject="a red car"),
        of("A man in a blue shirt greets a woman in a red shirt.", subject="a woman in a red shirt"),
        of("A light turns from red to green.", subject="a red light"),
        of("The dancer's dress turns blue.", subject="a dancer in a white dress"),
        of("A golden dog runs.", subject="a yellow dog"),
        of("A grey cat, not a black cat, sits there.", subject="a grey cat"),
        of("Another blue car waits.", subject="a red car"),
    ],
)
def test_no_contradiction_of_colours(said: Case) -> None:
    assert "colour" not in dict(judged(said).faults)


def test_colours_against_the_picture() -> None:
    red, grey = of("A woman in a red dress waits."), of("A street, filmed in black and white, lies empty.")
    check(judged(red, {"saturation": 2.0, "luma": 100.0}), "colour", "red dress", "black and white")
    check(judged(red, {"saturation": 40.0, "luma": 100.0}), None)
    check(judged(red, {"saturation": 2.0, "luma": 5.0}), None)
    check(judged(of("There is no red in it."), {"saturation": 2.0}), None)
    check(judged(grey, {"saturation": 130.0, "luma": 100.0}), "colour", "vivid")
    check(judged(grey, {"saturation": 3.0, "luma": 100.0}), None)
    cow = of("A black-and-white cow chews.", style="live action")
    check(judged(cow, {"saturation": 130.0, "luma": 100.0}), None)


@pytest.mark.parametrize(
    ("said", "read", "words"),
    [
        ({"text_visible": "GOLDEN DRAGON"}, ("PHARMACY",), "GOLDEN DRAGON"),
        ({"text_visible": "STOP"}, ("YIELD",), "'STOP'"),
        ({"text_visible": "Central Park Zoo"}, (), "no text was found"),
        (then("A man holds a sign reading 'FREE HUGS'."), (), "FREE HUGS"),
        (then('The title "The Last Summer" appears.'), ("SEASON TWO",), "The Last Summer"),
    ],
)
def test_text(said: Case, read: tuple[str, ...], words: str) -> None:
    check(judged(said, {"words": read}), "text", words)
    check(judged(said, {"words": None}), None)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"text_visible": "Grand Hôtel"}, ("GRAN0 H0TEL",)),
        ({"text_visible": "GRAND HOTEL, Open daily from 9"}, ("GRANDHOTEL",)),
        ({"text_visible": "OPEN"}, ()),
        ({"text_visible": "42"}, ("EXIT",)),
        (then('She says "see you later" and leaves.'), ()),
        (then('A small sign in the distance reads "No entry here".'), ()),
        ({"text_visible": "illegible text on a sign"}, ("EXIT",)),
        (then('A sign reads "EXIT".'), ("EX1T", "Platform 4")),
    ],
)
def test_texts_that_agree(said: Case, read: tuple[str, ...]) -> None:
    check(judged(said, {"words": read}), None)


@pytest.mark.parametrize(
    ("subject", "dense"),
    [
        ("A woman in a blue cardigan", "A woman in an orange cardigan sits."),
        ("a black cat", "A white cat sleeps."),
        ("a man with a red backpack", "A man with a green backpack climbs."),
        ("a yellow bus", "The bus is bright red. It stops."),
        ("a girl in a pink sari", "A girl in a green sari dances."),
        ("a purple car", "A silver car waits."),
        ("a man in a navy suit", "A man in a white suit turns towards the door."),
    ],
)
def test_colours_that_differ(subject: str, dense: str) -> None:
    assert colour(fields(dense, subject=subject), Evidence())


@pytest.mark.parametrize(
    ("subject", "dense"),
    [
        ("a black cat and a white cat", "A white cat sleeps."),
        ("a man in a white shirt", "A man in a white shirt and a man in a black shirt talk."),
        ("a red bus", "A red bus passes a blue bus."),
        ("a blue car", "A dark blue car turns. A silver car follows."),
        ("a woman in a red dress", "A woman puts on a blue dress."),
        ("a yellow ball", "A green ball bounces."),
        ("a navy suit", "A black suit hangs."),
        ("a player in a red jersey", "A player in a red jersey tackles one in a white jersey."),
        ("a lamp", "The lamp glows red. The lamp glows blue."),
        ("a green bottle", "Rows of bottles: a brown bottle stands in front."),
        ("a man in a grey hoodie", "A man in a black hoodie runs."),
        ("a brown horse", "A white horse follows a brown horse."),
        ("a teal scarf", "A blue scarf."),
        ("a woman with red hair", "A woman with orange hair."),
        ("a man in a red and white shirt", "A man in a white shirt."),
    ],
)
def test_colours_of_others_and_near_ones(subject: str, dense: str) -> None:
    assert colour(fields(dense, subject=subject), Evidence()) is None


@pytest.mark.parametrize(
    ("subject", "dense", "short"),
    [
        ("a baker", "A baker in a white apron kneads while a girl looks on.", "A baker in a black apron."),
        ("a nurse wearing a blue mask", "A nurse wearing a yellow mask holds a boy's arm.", ""),
        ("a blue articulated bus", "A red bus turns.", ""),
        ("a vendor in a red cap", "A vendor in a green cap turns over glowing charcoal.", ""),
    ],
)
def test_colours_of_one_wearer(subject: str, dense: str, short: str) -> None:
    assert colour(fields(dense, subject=subject, short=short), Evidence())


@pytest.mark.parametrize(
    ("subject", "dense", "short"),
    [
        ("a vendor in a red cap", "A vendor in a red cap haggles with another vendor.", "A vendor in a green "
         "cap haggles."),
        ("two waiters", "A waiter in a white shirt pours. A second waiter bows.", "A waiter in a black "
         "shirt."),
        ("a drummer in a red hat", "A drummer and a guitarist in a green hat play.", ""),
        ("clowns", "A clown in a red hat bows to a clown.", "A clown in a blue hat bows."),
        ("a nurse in a blue dress", "A nurse in a white apron over a blue dress smiles.", ""),
    ],
)  # fmt: skip
def test_colours_of_several_wearers(subject: str, dense: str, short: str) -> None:
    assert colour(fields(dense, subject=subject, short=short), Evidence()) is None


def test_black_and_white_of_the_picture_and_of_things() -> None:
    vivid = Evidence(saturation=120.0)
    assert colour(fields("On a set in flickering black and white, a man balances a ladder."), vivid)
    assert colour(fields("A man falls.", style="Silent black-and-white comedy"), vivid)
    for things in ("in grainy black and white stripes", "in a stark black and white dress"):
        assert colour(fields(f"A girl {things} runs."), vivid) is None


@pytest.mark.parametrize(
    ("subject", "background", "dense"),
    [
        ("A man in a red jacket", "", "A man in a green coat waits."),
        ("A jet-black horse", "", "A snow-white horse rears."),
        ("A yellow car", "", "A green sedan stops."),
        ("A pickup", "", "A bright-red pickup brakes. Green from bumper to roof, the pickup skids."),
        ("A conductor on a tram", "a dark-green tram", "A conductor leans out of a bright red tram."),
        ("A red convertible", "", "A blue convertible sweeps along a road."),
    ],
)
def test_colours_of_compounds_and_synonyms(subject: str, background: str, dense: str) -> None:
    assert colour(fields(dense, subject=subject, background=background), Evidence())


@pytest.mark.parametrize(
    ("subject", "background", "dense"),
    [
        ("A man in a dark-blue coat", "", "A man in a navy jacket waits."),
        ("A navy-blue car", "", "A blue sedan stops."),
        ("A black-and-white dog", "", "A white terrier barks."),
        ("A red convertible", "", "A red convertible passes a blue convertible."),
        ("A car on a road", "a blue car at the kerb", "A red car speeds by."),
        ("A snow-white horse", "", "A rider on a black horse overtakes a snow-white stallion."),
        ("A red-brick house", "", "A white house stands alone."),
        ("A woman in a red dress", "", "Blue with cold, the woman shivers."),
        ("A red hot-air balloon", "", "A red balloon rises past a blue one."),
        ("A lime-green frog", "", "A yellow-green frog hops."),
    ],
)
def test_compounds_and_synonyms_that_agree(subject: str, background: str, dense: str) -> None:
    assert colour(fields(dense, subject=subject, background=background), Evidence()) is None


@pytest.mark.parametrize(
    ("subject", "dense"),
    [
        (
            "A postman in a blue jacket",
            "A postman rests. The yellow of his jacket is bright against the hedge.",
        ),
        ("A tall man in a navy suit", "A man bows. His suit, tan and worn at the knees, is too large."),
        ("A woman with a red umbrella", "A woman tilts her umbrella, a bright yellow one, against the wind."),
        ("A dark-haired boy", "A boy plays. Sunlight touches his blond hair as he bends over the keys."),
        ("A green-eyed woman", "A woman looks up. Her brown eyes blink slowly."),
        ("A girl with red hair", "A girl skips rope. Her black braids fly up at every jump."),
        ("A brunette woman", "A woman stirs a cocktail. The blonde takes a sip and laughs."),
        ("A gymnast dressed in white", "A gymnast vaults. She wears a green leotard and salutes the judges."),
        ("A dancer in white", "A dancer turns. Her dress, black and long, opens like a flower."),
        ("A man in a yellow raincoat", "A man waits. Dressed entirely in purple, he looks at the sea."),
        ("A farmer in blue overalls", "A farmer leans on a gate. His overalls are red and patched."),
        ("An orange tabby kitten", "A kitten plays with a lace. The little grey cat rolls over."),
        ("A brown owl", "An owl turns its head. The bird, snow-white all over, blinks."),
        ("A fox with red fur", "A fox leaps. Its blue fur vanishes in the drift."),
        ("A blue vintage car", "A car takes a bend. The car's red paintwork reflects the cliffs."),
        ("A white lighthouse", "A lighthouse stands in the surf. The red tower sends out a beam."),
        ("A pale pink teapot", "A hand lifts a teapot. The teapot is glossy black with a bamboo handle."),
        ("A sofa", "A green sofa stands there. The sofa, which is upholstered in pink velvet, creaks."),
        ("A robot with blue eyes", "A robot stands there. Its eyes glow red, and the head turns."),
        ("A house", "A house with a single door, painted green, is empty. A man shuts the orange door."),
    ],
)
def test_colours_behind_their_nouns(subject: str, dense: str) -> None:
    assert colour(fields(dense, subject=subject), Evidence())


@pytest.mark.parametrize(
    ("subject", "dense"),
    [
        ("A man in a white shirt", "A mechanic crawls out, his white shirt black with grease."),
        ("A white boat", "A white boat with a blue hull bobs. Its deck is yellow."),
        ("A black cat", "A black cat with white paws drinks. Its pink tongue laps."),
        ("A black dog", "The dog is black except for its chest. The white cat behind it hisses."),
        ("A brown dog", "A brown dog shakes itself. The big dog beside it is white."),
        ("A green lamp", "A green lamp is lit. The red lamp by the window is off."),
        ("A black swan", "A black swan passes white ones. The white swan behind it hisses."),
        ("A surgeon in green", "A surgeon in green waits. A nurse, dressed in blue, counts."),
        ("A guard in a red tunic", "A guard in a red tunic stands there. His trousers are navy."),
        ("A man in black", "A man in black shows his white shirt, and a red tie."),
        ("A brown horse", "A brown horse with a black mane gallops. Its tail is black."),
        ("A flag", "A flag, red, white and blue, snaps. The flag is red at the hoist."),
        ("A tram", "A red tram stops. The tram, cream above and green below, rings its bell."),
        ("A house with a red roof", "The sky above the roof, blue and clear, is empty."),
        ("A woman with dark hair", "A woman with brown hair laughs."),
        ("A cat", "A grey cat watches a fish. The orange fish circles, and the animal waits."),
        ("A bride in white", "A bride in white kisses a groom. His suit is black."),
        ("A red car", "A red car is washed. White foam covers it; the car is white all over."),
        ("A yellow house", "A yellow house stands in a row. The last house is red."),
        ("A girl in a blue dress", "A girl in a blue dress holds a doll. The doll's dress is pink."),
    ],
)
def test_colours_of_parts_and_of_others(subject: str, dense: str) -> None:
    assert colour(fields(dense, subject=subject), Evidence()) is None


@pytest.mark.parametrize(
    ("subject", "dense"),
    [
        ("A woman", "A woman in a green dress twirls. The dress is yellow from the collar to the hem."),
        ("A newsreader", "A newsreader in a grey suit and a purple tie reads. His orange tie is fastened."),
        ("A girl with bright blue eyes", "A girl looks ahead. She blinks her dark brown eyes twice."),
        (
            "A boy with a red umbrella",
            "A boy swings a white umbrella around. A gust turns the white umbrella.",
        ),
        ("A boy", "A boy in a red cap fishes. He pushes his green cap back and yawns."),
        ("A grandmother", "A grandmother in a purple shawl knits. She pulls her green shawl tighter."),
        ("A lady", "A lady with green eyes stares ahead. Her eyes are brown and wide open."),
        (
            "A toddler",
            "A toddler in blue pyjamas yawns. Its pyjamas are bright orange, and a sleeve hangs down.",
        ),
        ("A train", "A red suitcase stands on a platform. The conductor pulls the green suitcase away."),
        ("A man", "A man in a green hat bows and takes off the lid. A red bus stops. The blue bus hisses."),
        ("A woman in a red dress", "A woman in a green dress stands still, one hand on the dress."),
        ("A blue rowing boat", "A blue boat rocks. The boat is bright orange and half full of water."),
        ("A man in green overalls", "A man in green overalls wipes his orange overalls and calls a boy."),
    ],
)
def test_colours_told_twice(subject: str, dense: str) -> None:
    assert colour(fields(dense, subject=subject), Evidence())


@pytest.mark.parametrize(
    ("subject", "dense"),
    [
        ("A waiter", "A waiter in a black tie bows to a guest. The guest nods, and his red tie dips."),
        ("A boy", "A boy in a red cap bats. The catcher turns his blue cap backwards."),
        (
            "A girl",
            "A girl in a red coat shops. She reaches for the blue coat. The blue coat has a fur collar.",
        ),
        ("A man", "A man in a green shirt stands at a board and irons his white shirt."),
        ("A man", "A man in a red vest unzips it. His blue vest beneath is soaked."),
        ("A woman in a yellow sweater", "A woman in a yellow sweater knits a blue sweater in a chair."),
        ("A man", "A man in a black coat walks in thick snow. After a while his coat is white."),
        ("A dancer", "A dancer in a white dress spins under spotlights. Her dress is red and then blue."),
        ("A man", "A man with black hair sits down. Years later, his hair is white."),
        ("A cook", "A cook in a white apron chops. Her apron is red with juice."),
        ("A man", "A man takes off a brown hat and puts on a purple hat. The purple hat is too large."),
        ("Kites over a beach", "A red kite dips. Above it, the blue kite tugs at its string."),
        ("A banana", "A green banana lies there. The banana becomes yellow, and the yellow banana is eaten."),
        ("A black horse", "A black horse grazes. A white horse stands there. The white horse whinnies."),
        ("A white page", "The sky turns a deep red. A white page lies there, and the page is red."),
        ("A chameleon", "A green chameleon walks along. As it stops, the chameleon is pink."),
        ("A green apple", "A hand peels a green apple. Where the skin is gone, the apple is white."),
        ("A cat in a red bow", "A cat in a red bow sits. The dog beside it shakes its blue bow."),
    ],
)
def test_colours_told_twice_of_two_or_of_what_changes(subject: str, dense: str) -> None:
    assert colour(fields(dense, subject=subject), Evidence()) is None
