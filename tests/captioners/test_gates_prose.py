"""What gates read in prose, beyond the examples of `test_gates.py`: kinds of sentences, and those that only
look like them."""

import pytest

from captioners._gates.camera import camera
from captioners._gates.colours import colour
from captioners._gates.counts import count
from captioners._gates.daytime import daytime
from captioners._gates.phrases import refused, talk
from captioners._gates.repeats import phrases
from captioners.dialogue.schema import FIELDS, Fields
from captioners.dialogue.types import Evidence


def fields(dense: str, **others: str) -> Fields:
    return Fields(**{**dict.fromkeys(FIELDS, ""), "dense": dense, **others})


@pytest.mark.parametrize(
    "dense",
    [
        "In the initial frames, a man sits.",
        "A cat sits. The remaining images show it asleep.",
        "A cat sits. As seen in the third image, it yawns.",
        "Over the course of the frames, the sun rises.",
        "A dog runs. Between the first and last frames it turns around.",
        "A man waves. Frames 3-5 show him leaving.",
        "A dog runs. It is unclear from the clip whether it stops.",
        "At the 0:05 mark, a man jumps.",
        "A man walks, and at around the 3-second mark he stops.",
        "Based on the provided metadata, the camera is static.",
        "According to the measured facts, the camera pans.",
        "A dog sleeps. We then see a cat.",
        "A dog sleeps. The shot takes us closer.",
        "A dog sleeps. I think it dreams.",
        "A dog sleeps, as you requested.",
        "A man sings. The first half of the video shows a crowd.",
        "A man sings. The clip ends with applause.",
        "A man runs. There is no audible sound in the video provided.",
        "A man runs. The frame-by-frame motion is smooth.",
        "A man runs. Few seconds into the clip he stops.",
        "A man runs. The sequence of images ends.",
        "A man runs. In the second image, he stops.",
        "A man runs. The image sequence shows him stop.",
        "A man runs. The footage appears to be handheld.",
        "A man runs. From frame to frame he gets closer.",
        "A man runs in the given frames.",
    ],
)
def test_talk_of_pictures_times_and_the_model(dense: str) -> None:
    assert talk(fields(dense))


@pytest.mark.parametrize(
    "dense",
    [
        "A photographer looks at pictures on the wall of a gallery, and the first picture shows a boat.",
        "A man builds the frame of a house. Two frames lie beside it.",
        "A woman takes a picture of the following cars.",
        "The door frame is white, and the first window frame is broken.",
        "A clock at 00:05 counts down to 00:00.",
        "A timer runs from 00:10 to 00:00.",
        "A girl frames the picture between her fingers.",
        "The user clicks a button in the app, and a menu opens.",
        "A clip holds her hair. A man edits a clip on a laptop.",
        "Bicycle frames hang in a shop; the last frame is red.",
        "A man in glasses with thick frames takes the frames off.",
        "A mirror in a gilded frame shows the room.",
        "Solar frames of steel are welded across the field.",
        "A US flag waves behind us soldiers' tents.",
        "A woman scrolls through photos on a phone, and the last photo shows a dog.",
        "A caption reads EXIT under the door.",
        "Three framed pictures between the windows show ships.",
    ],
)
def test_pictures_and_frames_that_are_things(dense: str) -> None:
    assert talk(fields(dense)) is None


@pytest.mark.parametrize(
    "text",
    [
        "I'd rather not describe this scene.",
        "I will have to skip this one.",
        "My guidelines do not allow this.",
        "Regrettably, I cannot do so.",
        "No description can be provided for this content.",
        "This content cannot be described.",
        "I lack the ability to view videos.",
        "I can only process text.",
        "The request was rejected by the content filter.",
        "I have no access to the video.",
        "That is outside my capabilities.",
        "Describing such acts is not permitted.",
        "I was designed to avoid explicit material.",
        "Could you please upload the frames again?",
        "I'm afraid this is not something I can help with.",
        "We are unable to provide a description of this video.",
        "Sorry, no can do.",
        "I refuse to describe this.",
        "It would be inappropriate for me to caption this.",
        "I do not feel able to say more about this person.",
        "There is nothing I can describe here, as no frames were attached.",
        "The safety system blocked this response.",
        "I must respectfully decline.",
    ],
)
def test_refusals_in_other_words(text: str) -> None:
    assert refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "A man is unable to open the door and asks for help.",
        "She says she cannot describe her joy.",
        "He refuses the food and pushes the plate away.",
        "The request board at the station is empty.",
        "A waiter is not allowed to enter the kitchen.",
        "A sign blocks the road, and cars are blocked by a fallen tree.",
        "The letters are partly hidden and unavailable to the eye.",
        "A crowd is denied entry as the gate closes.",
        "A toddler declines to eat.",
        "A driver is stopped and refused by the guard.",
        "A woman passes on the baton; she will stop here at the line.",
        "The content of the box is blocked by a lid.",
        "A goalkeeper blocked. The crowd cheers.",
        "A woman thanks the waiter for the meal.",
        "The politician declines to answer as reporters request a comment.",
        "A dog waits for a treat that cannot be reached.",
        "An orange robot arm is programmed to pick parts.",
        "A form with the words denied is stamped. He apologizes to his colleague.",
        "A computer screen displays an error message.",
        "The image is blurred.",
    ],
)
def test_people_who_refuse(text: str) -> None:
    assert refused(text) is None


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
    ("dense", "lighting"),
    [
        ("A street after dark.", "bright sunshine"),
        ("A car stops under the stars.", "Overcast daylight"),
        ("A boat on a lake in the moonlight.", "clear midday light"),
        ("A man walks at midnight.", "Harsh noon sun"),
        ("Under a blue sky, children run.", "Dark night with street lamps"),
        ("A city in the dead of night.", "Warm afternoon sun"),
        ("A fox crosses a road beneath a star-studded sky.", "Bright sunlight"),
        ("A farm on a cloudless morning.", "moonlit night"),
        ("A nighttime skyline glows.", "sunny"),
        ("A beach on a summer day.", "Night"),
        ("A house stands in pitch-dark night.", "sunlit"),
    ],
)
def test_day_and_night(dense: str, lighting: str) -> None:
    assert daytime(fields(dense, lighting=lighting), Evidence())


@pytest.mark.parametrize(
    "dense",
    [
        "A man in a navy T-shirt with the moon on it runs in the sunlight.",
        "A knight at a summer fair in the sun.",
        "A woman reads by a nightlight in the morning light.",
        "Sunflowers glow at night under a lamp.",
        "The Midnight Express train stands in bright sunlight.",
        "A nightclub sign hangs over a sunny street.",
        "Sunday night market signs are stacked in the daylight.",
        "A city by day and by night.",
        "Stars are printed on her dress in the sunshine.",
        "The flag with fifty stars waves under a blue sky.",
        "The moon is still visible in the blue sky.",
        "A man camps: sunlight fades and he sleeps under the stars.",
        "Street lights turn on as evening falls over a sunny beach.",
        "She sleeps in a dark room at noon.",
        "A film star under the stars and stripes on a sunny day.",
        "A bar with sun umbrellas and sunglasses at night.",
        "A woman in a sundress dances at night.",
        "People watch a movie at a night premiere; the screen shows a sunny beach.",
        "A solar lamp charged by sunlight glows at night.",
        "She works the night shift in bright daylight lamps.",
        "A mural of a starry sky covers a wall in the sunlight.",
        "The Night Watch hangs in a museum in daylight.",
        "Fireworks light up the night as bright as day.",
        "The Sunny Side Cafe sign glows at night.",
    ],
)
def test_what_is_no_time_of_day(dense: str) -> None:
    assert daytime(fields(dense), Evidence()) is None


def test_daytime_by_brightness() -> None:
    sunny = fields("A man in a black coat waits in the clear afternoon sun.")
    assert daytime(sunny, Evidence(luma=12.0))
    assert daytime(sunny, Evidence(luma=60.0)) is None
    assert daytime(fields("A dark room at noon."), Evidence(luma=12.0)) is None
    snow = fields("Snow falls at night.")
    assert daytime(snow, Evidence(luma=221.0))
    assert daytime(snow, Evidence(luma=190.0)) is None


@pytest.mark.parametrize(
    ("field", "dense", "measured"),
    [
        ("tracking", "The camera rolls beside him, then drops back.", "pan right"),
        ("dolly in", "The camera rolls forward along the aisle.", "zoom in"),
        ("tracking", "The camera moves backwards in front of the runner, keeping him centred.", "pan left"),
        ("orbit", "The camera moves around the statue in a slow arc.", "zoom in"),
        ("orbit", "The camera circles the car and drifts closer.", "pan left"),
        ("dolly out", "The camera pulls back down the corridor.", "zoom out"),
        ("dolly in", "The camera moves up the stairs behind her.", "zoom in"),
        ("tracking", "A tracking shot follows the cyclist down the hill.", "tilt down"),
        ("static", "The camera follows the action from a fixed position.", "static"),
        ("pan left", "The camera follows the dog as it runs to the left.", "pan left"),
        ("tracking", "The camera tracks the dog to the right.", "pan right"),
        ("truck right", "The camera tracks alongside the runner.", "pan right"),
        ("pedestal up", "The drone ascends above the trees.", "zoom out"),
        ("handheld", "The camera shakes as it follows the boy.", "handheld"),
        ("zoom in", "The camera slowly pushes in on her face.", "zoom in"),
        ("dolly in", "The camera glides over the treetops towards the peaks.", "zoom in"),
        ("tilt down", "The camera tilts down the building.", "tilt down"),
        ("pan right", "The camera sweeps across the valley from left to right.", "pan right"),
        ("pan right", "The camera pans from left to right over the shelves.", "pan right"),
        ("pan left", "The camera pans from the right side to the left.", "pan left"),
        ("dolly in", "The camera travels through the tunnel.", "zoom in"),
        ("tracking", "The camera follows her down the steps, staying behind.", "tilt down"),
        ("pedestal down", "The camera descends along the cliff.", "tilt down"),
        ("static", "The static camera shows a man who walks left.", "static"),
        ("tracking", "The camera stays close to him as he moves.", "handheld"),
        ("static", "The camera lingers on the cup.", "static"),
        ("tracking", "The camera keeps him in frame.", "zoom in"),
        ("tracking", "From behind, the camera follows at a steady distance.", "zoom in"),
        ("truck left", "The camera drifts sideways past the stalls.", "pan left"),
        ("static", "The camera stays put while the crowd moves right.", "static"),
        ("dolly out", "The camera backs away from the door.", "zoom out"),
        ("zoom out", "The shot widens to show the bay.", "zoom out"),
    ],
)
def test_cameras_that_travel(field: str, dense: str, measured: str) -> None:
    evidence = Evidence(camera=measured, camera_confidence=0.9)
    assert camera(fields(dense, camera_motion=field), evidence, 0.7) is None


@pytest.mark.parametrize(
    ("field", "dense", "measured"),
    [
        ("tracking", "The camera remains static.", None),
        ("pan left", "The camera pans to the right.", None),
        ("static", "The camera orbits the statue.", None),
        ("zoom in", "The camera retreats down the hall.", None),
        ("tracking", "", "static"),
        ("tracking", "The camera pans left to follow him.", "pan right"),
        ("dolly in", "The camera backs away.", None),
        ("static", "The camera climbs above the roofs.", None),
        ("zoom out", "The camera pushes in on his face.", None),
        ("tilt up", "The camera pans left.", "tilt up"),
    ],
)
def test_cameras_that_do_something_else(field: str, dense: str, measured: str | None) -> None:
    evidence = Evidence(camera=measured, camera_confidence=0.9)
    assert camera(fields(dense, camera_motion=field), evidence, 0.7)


def test_a_camera_that_keeps_its_subject_may_seem_still() -> None:
    said = fields("", camera_motion="tracking")
    assert camera(said, Evidence(camera="static", camera_confidence=0.8), 0.7) is None
    assert camera(said, Evidence(camera="static", camera_confidence=0.9), 0.7)


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


def test_names_may_come_again() -> None:
    top = {2: 0.2, 3: 0.18, 4: 0.16}
    names = (
        "A man in a trench coat waits while a man with a newspaper sits. The man in the coat checks a watch; "
        "the man with the newspaper turns a page. The man in the coat boards, and the man with the newspaper "
        "looks up."
    )
    assert phrases(names, top, 4, 0.15) is None
    again = "The man in the old coat slowly checks a very heavy watch. "
    assert phrases(again + again.replace("watch", "door"), top, 4, 0.15)
