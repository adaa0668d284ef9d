"""The gates on camera and time of day."""

import pytest

from captioners._gates.camera import camera
from captioners._gates.daytime import daytime
from captioners.dialogue.types import Evidence
from tests.captioners.gate_cases import SURE, Case, check, fields, judged, of, then


@pytest.mark.parametrize(
    ("field", "sentence", "measured", "words"),
    [
        ("static", "The camera slowly pans to the right.", None, "pans to the right"),
        ("pan left", "The camera remains completely static.", None, "static"),
        ("zoom out", "The camera zooms in on her face.", None, "zooms in"),
        ("pan right", "A slow pan to the left reveals a lake.", None, "pan to the left"),
        ("static", "A tracking shot leads past the gate.", None, "tracking shot"),
        ("tilt up", "The camera descends.", None, "descends"),
        ("unclear", "The camera is stationary, and the camera pans left.", None, "stationary"),
        ("pan left", "", "static", "it holds still"),
        ("orbit", "", "static", "it holds still"),
        ("tracking", "", "static", "it holds still"),
        ("static", "", "pan right", "pan right"),
        ("zoom in", "", "zoom out", "zoom out"),
        ("truck left", "", "pan right", "pan right"),
        ("unclear", "The camera does not move.", "zoom in", "does not move"),
    ],
)
def test_camera(field: str, sentence: str, measured: str | None, words: str) -> None:
    evidence = {"camera": measured, **SURE}
    check(judged(then(sentence, camera_motion=field), evidence), "camera", words)


@pytest.mark.parametrize(
    ("field", "sentence", "measured"),
    [
        ("truck left", "The camera slides to the left.", "pan left"),
        ("pan left", "The camera pans left.", "pan left"),
        ("pedestal up", "The camera rises.", "tilt up"),
        ("dolly in", "The camera moves forward.", "zoom in"),
        ("tracking", "The camera follows her.", "pan right"),
        ("several", "The camera pans left, then tilts up.", "zoom in"),
        ("orbit", "The camera circles the dog.", "pan left"),
        ("handheld", "The handheld camera pans left.", "handheld"),
        ("static", "The camera remains mostly still, with a slight sway.", "static"),
        ("tilt up", "The camera holds still before it tilts up.", None),
        ("static", "She looks at the camera and moves to the right.", "static"),
        ("static", "A wide shot shows her moving forward.", "static"),
        ("static", "The camera captures a dog following a cat as it rises.", "static"),
        ("static", "The camera does not pan or zoom.", "static"),
        ("unclear", "", "static"),
    ],
)
def test_cameras_that_agree(field: str, sentence: str, measured: str | None) -> None:
    check(judged(then(sentence, camera_motion=field), {"camera": measured, **SURE}), None)


def test_a_measurement_of_little_confidence_contradicts_nothing() -> None:
    said = {"camera_motion": "pan left"}
    check(judged(said, {"camera": "static", "camera_confidence": 0.6}), None)
    check(judged(said, {"camera": "static", "camera_confidence": 0.6}, camera_confidence=0.5), "camera")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (of("A night market on a sunny day is full of people between the stalls."), "'sunny"),
        (of("The night sky is full of stars.", lighting="bright midday sun"), "midday"),
        (of("A man walks under a blue sky and looks at the moonlit lake."), "moonlit"),
        (
            of("A bus crosses a bridge in bright daylight.", short="A bus crosses a bridge at night."),
            "at night",
        ),
    ],
)
def test_daytime(said: Case, words: str) -> None:
    check(judged(said), "daytime", words)


@pytest.mark.parametrize(
    "said",
    [
        of("A city changes from day to night: a blue sky turns dark, and lamps come on."),
        of("The sunlight fades as night falls over the bay."),
        of("A knight rides over a sunny meadow with an overnight bag."),
        of("A cat sleeps on a nightstand in the sunlight."),
        of("A lamp as bright as daylight shines on a stage at night."),
        of("A daylight lamp stands in a room at night."),
        of("Sunlight falls on a sign that reads \"Good Night Inn\", and a night-light stands below."),
        of("A poster of a sunny beach hangs in a bar at night."),
        of("It is night, and there is no sunlight."),
        of("A street is shot day-for-night under a blue sky."),
    ],
)  # fmt: skip
def test_no_contradiction_of_daytime(said: Case) -> None:
    assert "daytime" not in dict(judged(said).faults)


def test_daytime_against_the_picture() -> None:
    sunny, night = of("Children run over a sunny beach."), of("A car passes at night.")
    check(judged(sunny, {"luma": 8.0}), "daytime", "nearly black")
    check(judged(sunny, {"luma": 50.0}), None)
    check(judged(night, {"luma": 220.0}), "daytime", "very bright")
    check(judged(night, {"luma": 150.0}), None)


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


def test_an_orbit_around_what_turns_may_seem_still() -> None:
    still = Evidence(camera="static", camera_confidence=0.85)
    assert camera(fields("The camera orbits a globe.", camera_motion="orbit"), still, 0.7) is None
    sure = Evidence(camera="static", camera_confidence=0.95)
    assert camera(fields("The camera orbits a globe.", camera_motion="orbit"), sure, 0.7)
    assert camera(fields("A globe stands on a desk.", camera_motion="orbit"), still, 0.7)


def test_day_and_night_in_parts() -> None:
    sunny = fields("A fox trots over a sunny meadow by day.", lighting="Dark night with a moonlit sky")
    assert daytime(sunny, Evidence())
    both = fields("The square is sunny by day, and starlit by night.", lighting="Moonlight")
    assert daytime(both, Evidence()) is None


@pytest.mark.parametrize(
    ("dense", "lighting"),
    [
        ("The moon hangs above the harbour.", "bright daylight"),
        ("The Milky Way arches over a desert.", "harsh noon sun"),
        ("The sun stands high over the roofs.", "street lamps under a black sky"),
        ("A convoy crawls up a pass in the night; now and then a brake light flares.", "noon"),
        ("A baker kneads; it is three in the morning.", "bright noon light"),
        ("Camels cross the dunes at high noon.", "lit only by the moon"),
        ("A balloon lifts off at midnight.", "the first rays at sunrise"),
        ("Camels cross the dunes. It is a starry night.", "low sun"),
        ("A jetty lies under a starlit sky, and a lantern burns at its end.", "bright midday sun"),
        ("Tourists photograph a temple in the midday heat.", "moonlight"),
    ],
)
def test_moon_and_sun(dense: str, lighting: str) -> None:
    assert daytime(fields(dense, lighting=lighting), Evidence())


@pytest.mark.parametrize(
    ("dense", "lighting"),
    [
        ("A pale moon hangs in the blue sky at midday.", "midday sun"),
        ("A street at night, with a sign that says Sunny Days.", "neon at night"),
        ("A Ferris wheel at night, bright as noon.", "bulbs at night"),
        ("The sun rises; the last stars of a starry night fade.", "sunrise"),
        ("A man recalls a night in the hills.", "sunny"),
        ("A black sky of storm clouds hangs over a field in the afternoon.", "storm light"),
        ("A theatre set of a moonlit garden is carried over a yard.", "sunny"),
        ("The northern sun shines at midnight.", "low sun"),
        ("An astronaut works in glaring sunlight under a black sky.", "harsh sunlight"),
        ("A snow globe with a starry sky stands on a sill.", "daylight"),
        ("A nurse comes home from a night at work.", "morning sun"),
        ("A man plays the Moonlight Sonata.", "sunny"),
        ("Carved moon and stars frame a sundial.", "noon sun"),
        ("A couple walks on a beach, as if in a dream of a starry night.", "low sun"),
    ],
)
def test_moon_and_sun_that_agree(dense: str, lighting: str) -> None:
    assert daytime(fields(dense, lighting=lighting), Evidence()) is None


def test_darkness_and_glare_by_brightness() -> None:
    dark, bright = (
        fields("A man sits in complete darkness."),
        fields("Abundant morning daylight fills a loft."),
    )
    assert daytime(dark, Evidence(luma=221.0))
    assert daytime(dark, Evidence(luma=160.0))
    assert daytime(dark, Evidence(luma=140.0)) is None
    assert daytime(bright, Evidence(luma=18.0))
    assert daytime(bright, Evidence(luma=40.0)) is None
    through_a_gap = fields("Bright daylight falls through a gap into a dark barn.")
    assert daytime(through_a_gap, Evidence(luma=18.0)) is None
