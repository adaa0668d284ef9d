"""The gate on counts."""

import pytest

from captioners._gates.counts import count
from tests.captioners.gate_cases import Case, check, fields, judged, of


@pytest.mark.parametrize(
    ("said", "one", "other"),
    [
        (of("Three dogs run over a beach.", subject="two dogs"), "two dogs", "three dogs"),
        (of("Two men sit at a table.", short="Three men sit at a table."), "two men", "three men"),
        (of("A lone kayaker crosses a lake.", subject="two kayakers"), "two kayakers", "lone kayaker"),
        (
            of("Two large brown bears wait.", subject="3 brown bears"),
            "3 brown bears",
            "two large brown bears",
        ),
        (of("Two women in coats look up.", subject="a woman in a coat"), "a woman", "two women"),
    ],
)
def test_count(said: Case, one: str, other: str) -> None:
    check(judged(said), "count", one, other)


@pytest.mark.parametrize(
    "said",
    [
        of("Two men talk until a third man joins them, and three men leave.", subject="two men"),
        of("One of the two men laughs.", subject="two men"),
        of("Two red cars and three blue cars wait.", subject="five cars"),
        of("Two dogs chase a third dog.", subject="three dogs"),
        of("A woman holds a fan with two hands.", subject="four hands"),
        of("A man hands a book to a man in a hat.", subject="two men"),
        of("At least two dogs bark.", subject="three dogs"),
    ],
)
def test_no_contradiction_of_counts(said: Case) -> None:
    assert "count" not in dict(judged(said).faults)


@pytest.mark.parametrize(
    ("subject", "dense", "short"),
    [
        ("two dogs", "Three dogs run along the beach, then rest.", ""),
        ("a pair of swans", "Three swans glide over a lake, one by one.", ""),
        ("three kids in a yard", "Two children throw a ball to each other.", ""),
        ("two guys", "Four men sit around a table.", ""),
        ("a lone hiker", "Two hikers cross a ridge at dawn.", ""),
        ("Two people on a bench", "Three men sit on a bench and talk.", "Three men sit on a bench."),
        ("a flock of seven geese", "Five geese cross a road.", ""),
        ("four musicians", "Three musicians play on a stage. Another instrument stands unused.", ""),
        ("a man", "He stands between others.", "Two men in suits talk."),
        ("two women", "Three young women in red dresses dance.", ""),
        ("a trio of dancers", "Four dancers spin on a stage.", ""),
        ("three sports cars", "Two sports cars race.", ""),
        ("six cyclists", "The five cyclists climb a hill.", ""),
        ("2 cats", "3 cats sleep on a sofa.", ""),
        ("a single red apple", "Two red apples lie on a plate.", ""),
        ("half a dozen eggs", "Four eggs lie in a bowl.", ""),
        ("A dozen eggs", "Ten eggs lie in a bowl.", ""),
    ],
)
def test_counts_that_differ(subject: str, dense: str, short: str) -> None:
    assert count(fields(dense, subject=subject, short=short))


@pytest.mark.parametrize(
    ("subject", "dense", "short"),
    [
        ("two dogs", "Two dogs run. Another dog joins them, and three dogs play.", "Three dogs play."),
        ("three dogs", "Two dogs run. A third follows.", ""),
        ("a dog", "Two dogs play; one of the dogs barks.", "A dog barks."),
        ("five players", "Players run over the pitch. Two players in blue fight for the ball.", ""),
        ("four people", "A man, two women and a boy walk.", "Two women walk."),
        ("two men", "One man sits while the other man stands.", ""),
        ("two cups", "Three cups of tea and two cups of coffee.", ""),
        ("three women", "Two young women and an old woman knit.", ""),
        ("four children", "Two girls and two boys play. Two children laugh.", ""),
        ("a group of people", "Three people dance.", ""),
        ("two chefs", "A chef in white cooks with another chef.", ""),
        ("one dog", "One dog barks while two dogs sleep.", "Two dogs sleep."),
        ("three friends", "Two friends laugh as the third one takes a picture.", ""),
        ("a man with two dogs", "A man leads two dogs past three dogs.", ""),
        ("a couple", "Two people dance.", ""),
        ("a woman with two children", "Three children run past a woman with two children.", ""),
        ("five boats", "Two white boats and three blue boats lie at anchor.", ""),
        ("five boats", "Two boats lie at anchor near three others.", ""),
        ("Three skaters", "Two skaters are followed by another.", ""),
        ("ten balloons", "Three balloons rise first, and more follow.", ""),
        ("a family of four", "Two children and their parents eat.", "Four people eat."),
        ("two hands", "Three hands reach out.", ""),
        ("a man", "A man in a hat watches two men.", "Two men argue."),
    ],
)
def test_counts_of_parts_and_others(subject: str, dense: str, short: str) -> None:
    assert count(fields(dense, subject=subject, short=short)) is None


def test_the_subject_counted_in_the_background() -> None:
    dense = "Five dancers warm up along the barre."
    assert count(fields(dense, subject="ballet dancers", background="a hall where six dancers stand"))
    assert count(fields(dense, subject="five dancers", background="a hall where six dancers stand")) is None


@pytest.mark.parametrize(
    ("subject", "dense", "short"),
    [
        ("four friends", "Five friends sit around a fire. One laughs, and the others clap.", ""),
        ("penguins", "Nine penguins cross the ice. One penguin slips.", "Six penguins cross the ice."),
        (
            "a fox",
            "One huge bear snores beside a stump, on one side, its belly rising with each breath.",
            "A fox sneaks past two bears.",
        ),
        ("commuters", "One train slides in and opens its doors once more.", "2 trains arrive."),
        ("balloons", "Twelve balloons swell. More balloons rise beyond the ridge.", "Three balloons rise."),
        ("two swans", "Three swans glide by. One dips its head more slowly than the others.", ""),
    ],
)
def test_others_than_the_greater_number_are_no_reason(subject: str, dense: str, short: str) -> None:
    assert count(fields(dense, subject=subject, short=short))


@pytest.mark.parametrize(
    ("subject", "dense", "short"),
    [
        ("five players", "Two players pass the ball while the others run.", ""),
        ("nine rowers", "Five rowers lift the boat, and the other four carry the oars.", ""),
        ("six runners", "Three runners lead, and one runner falls back.", ""),
        ("four cats", "Two cats sleep. One cat jumps down, and the others watch.", "Four cats rest."),
        ("three dogs", "Two dogs run. One dog sleeps.", "Two dogs run."),
        ("eight cyclists", "They climb a hill, and one cyclist raises an arm.", "Eight cyclists climb."),
        ("two bears", "One bear digs, each of its paws in mud, while its cub watches.", "Two bears dig."),
        ("two bears", "One bear stands on one leg of a bench; the other sits.", ""),
        ("two chefs", "One chef stirs with one hand. His colleague tastes.", "Two chefs cook."),
        ("two dancers", "One dancer spins on one foot while a partner claps.", "Two dancers spin."),
        ("two men", "One man speaks, each word slow. A man beside him listens.", "Two men talk."),
        ("six drummers", "Four drummers beat once more, and more drummers join in.", ""),
        ("six crews", "They lean back, and one crew catches a crab.", "Six crews race."),
        ("ten penguins", "One penguin slips, and nine penguins waddle on.", ""),
        ("a rider", "One rider passes. Five riders follow.", "Six riders pass."),
        ("five camels", "Five camels walk in a line. One camel stops.", "A camel stops."),
    ],
)
def test_one_of_several_and_the_rest(subject: str, dense: str, short: str) -> None:
    assert count(fields(dense, subject=subject, short=short)) is None


@pytest.mark.parametrize(
    ("subject", "background", "dense"),
    [
        ("Two people", "", "Four cyclists climb a hill in the rain."),
        ("Two birds on a wire", "", "Four gulls sit on a wire."),
        ("Two men", "", "Three cyclists climb a hill."),
        ("a couple of swans", "", "Five swans land."),
        ("Cooks", "", "Five cooks chop onions. All three cooks weep."),
        ("A farmer", "three windmills", "Behind him the only windmill in the land turns."),
        ("A single child at a well", "", "Two children lean over the rim."),
        ("Four nuns", "", "Three nuns walk. The other two laugh at the tallest."),
        ("Two merchants", "", "The only merchant weighs a bag."),
    ],
)
def test_counts_of_all(subject: str, background: str, dense: str) -> None:
    assert count(fields(dense, subject=subject, background=background))


@pytest.mark.parametrize(
    ("subject", "background", "dense"),
    [
        ("Three dancers", "", "Three women spin on a stage and bow."),
        ("Two people on a bench", "", "A man and a woman sit on a bench."),
        ("Four people", "", "Three men and a girl wait."),
        ("Three horses", "", "Three horses gallop. A foal follows, and all four horses drink."),
        ("Four horses", "", "Two black horses and two white horses graze. All four horses look up."),
        ("Horses", "", "Three horses drink. The fourth comes after them, and all four horses run."),
        ("A farmer", "three windmills", "One windmill turns."),
        ("Two merchants", "", "The only merchant in a hat weighs a bag."),
        ("a couple of swans", "", "Three swans glide by."),
        ("Six vehicles", "", "Four cars and two trucks wait."),
        ("Two boats", "", "Three canoes lie on a bank as two boats pass."),
        ("Three friends", "", "Two women talk while a man reads."),
        ("Two dogs", "", "Two dogs run with three puppies."),
    ],
)
def test_counts_of_kinds_and_their_parts(subject: str, background: str, dense: str) -> None:
    assert count(fields(dense, subject=subject, background=background)) is None


@pytest.mark.parametrize(
    ("subject", "dense", "short"),
    [
        # Other words for the same.
        ("Two kayakers", "Four paddlers dart through a canyon.", ""),
        ("Three kittens", "Five cats sleep in a basket.", ""),
        ("Three brothers", "Two boys splash in a tub.", ""),
        ("Two freighters", "Three ships pass a lighthouse.", ""),
        ("Four bakers", "Bakers knead dough.", "Two people knead dough."),
        ("Two men", "Three welders bend over a pipe.", ""),
        ("Kayakers", "In a gorge, four paddlers shoot a fall.", "A trio of kayakers shoots a fall."),
        # Groups that are called by their number.
        ("A young couple", "Four friends stroll along a pier.", ""),
        ("A brass quintet", "Three musicians play on a bandstand.", ""),
        ("Twin sisters", "The three girls share a sledge.", ""),
        ("Triplets", "Two babies sleep in a pram.", ""),
        ("A man and a woman", "Three people row over a lake.", ""),
        ("A jazz duo", "It swings. The four musicians smile.", ""),
        ("Two clowns", "The video shows three clowns who juggle.", ""),
        # One alone.
        ("Two hikers", "A hiker crosses a bog all alone.", ""),
        ("A nun by herself", "Three nuns cross a yard.", ""),
        ("An elderly couple", "An old man waltzes by himself.", ""),
        ("A single kite", "Kites flutter over a dune, dozens of them.", ""),
        ("A pair of yachts", "A white sail leans over. It is the only yacht in sight.", ""),
        ("Three shepherds", "A shepherd whistles for his dog and leans on a staff.", ""),
        ("A grey cat, alone on a step", "A grey cat yawns.", "Two grey cats sit on a step."),
        # All of those who were told of.
        ("Swimmers", "Six swimmers dive in. At the wall all seven turn.", ""),
        ("Three mares", "Mares trot up. Both horses toss their heads.", ""),
        ("Two nurses", "Two nurses push a bed. The three nurses stop at a lift.", ""),
        ("Four climbers", "Four climbers rest. The six of them share a rope.", ""),
        ("Cows", "Exactly nine cows stand in a barn. The exactly twelve cows chew.", ""),
        # Nobody.
        ("An empty classroom", "Twenty pupils sit in a classroom and write.", ""),
        ("A deserted street", "Dozens of people stroll down a street.", ""),
        ("A platform with no passengers", "About fifty commuters crowd a platform.", ""),
    ],
)
def test_counts_of_those_a_text_begins_with(subject: str, dense: str, short: str) -> None:
    assert count(fields(dense, subject=subject, short=short))


@pytest.mark.parametrize(
    ("subject", "dense", "short"),
    [
        ("Two boxers", "A boxer in red jabs at an opponent in blue.", ""),
        ("Two players in red and white", "A player in red throws over the arms of a defender.", ""),
        ("Two women", "A woman talks while a woman in a scarf listens.", ""),
        ("A string quartet", "Two violinists, a violist and a cellist play. The four musicians bow.", ""),
        ("Three people, two women and a man", "Three people wait.", "Three people wait."),
        ("A couple", "A man, a woman and their child walk on a beach.", ""),
        ("A man and a woman", "Four people sit at a table. The man pours tea for the woman.", ""),
        ("Five friends", "Two women sing while a man plays the guitar.", ""),
        ("Four people", "Four people run. The two women in front laugh.", "Two women lead two men."),
        ("Five cyclists", "Five cyclists climb. Two riders break away. Both riders look back.", ""),
        ("Six rowers", "Six rowers pull. The two at the stern lean back.", ""),
        ("Three men", "Three men dig. One rests, and the other two carry on.", ""),
        ("Two kayakers", "Two kayakers and two canoeists race.", "Four paddlers race."),
        ("A trio", "Three singers bow. A pianist comes on, and the four musicians smile.", ""),
        ("A woman alone at a table", "A woman reads. Three women talk at the bar.", ""),
        ("A lone wolf", "A lone wolf leaves the pack. Five wolves watch it go.", ""),
        ("Two friends", "A girl laughs and they run.", ""),
        ("A single bird", "A flock of birds circles until a bird breaks away.", ""),
        ("The only man on a bus", "Three women and a man ride on a bus.", ""),
        ("Two dogs", "Two dogs bark at a third. All three dogs run.", ""),
        ("Two boys", "Two boys and a girl skate. All three children fall.", ""),
        ("A pair of glasses", "Two glasses of wine stand beside a pair of glasses.", ""),
        ("Two swans", "Two swans glide over their reflections.", "Four swans seem to glide."),
        ("An empty street", "An empty street at dawn. Soon two people walk along the street.", ""),
        ("An empty street but for two cats", "People sleep behind the shutters of a street.", ""),
        ("An empty chair", "Three people stand around a table.", ""),
        ("Around ten people", "Eleven people queue.", ""),
        ("Two camels", "Two camels rest on the sand.", "Two camels rest."),
        ("Six children", "Six children run. Two of the kites tangle, and both children pull.", ""),
        ("Two workers", "One worker paints a wall, and one worker tapes the frames.", ""),
        ("Huskies", "Eight huskies run. The two lead dogs bark, and all eight dogs pull.", ""),
        ("A sailor", "The scene cuts to three sailors on a deck.", "Three sailors stand on a deck."),
    ],
)
def test_some_of_those_a_text_begins_with(subject: str, dense: str, short: str) -> None:
    assert count(fields(dense, subject=subject, short=short)) is None


@pytest.mark.parametrize(
    ("background", "dense", "differ"),
    [
        ("a wall with just three posters", "A man walks past a wall with eight posters.", True),
        ("a wall with three posters", "A man walks past a wall with just three posters.", False),
        ("a wall with just three posters", "A man walks past a wall, and eight more posters appear.", False),
    ],
)
def test_exact_counts(background: str, dense: str, differ: bool) -> None:
    assert (count(fields(dense, subject="a man", background=background)) is not None) == differ
