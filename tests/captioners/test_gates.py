"""Each gate: what it fails, by which words, and what only looks like it."""

import json
import time
from typing import Any

import pytest
from pydantic import ValidationError

from captioners.dialogue.schema import FIELDS
from captioners.dialogue.types import Answer, Evidence
from captioners.gates import GATES, REASONS, GateOptions, Judged, clean, judge

GOOD = {
    "subject": "a woman in a red coat", "action": "walks a small brown dog along a path",
    "background": "a park with bare trees and two benches", "camera_motion": "tracking",
    "shot_type": "wide shot", "lighting": "soft overcast daylight", "atmosphere": "calm",
    "style": "live action", "text_visible": "",
    "dense": "A woman in a red coat walks a small brown dog along a gravel path in a park. Bare trees stand "
    "on both sides, and two empty benches face the path. The camera follows her from behind as the dog stops "
    "to sniff at a fallen branch, and the soft overcast light leaves hardly any shadows.",
    "short": "A woman in a red coat walks a dog in a park.",
}  # fmt: skip
WALK = (
    "A woman walks a dog along a gravel path in a park. Bare trees stand on both sides, and two empty "
    "benches face the path near a gate."
)
"""Says nothing of camera, time of day, colour, number of a subject or text."""
PLAIN = {**dict.fromkeys(FIELDS, ""), "subject": "a scene", "short": "A scene.", "dense": WALK,
         "camera_motion": "unclear", "shot_type": "unclear"}  # fmt: skip
Case = dict[str, str]


def judged(
    said: Case, evidence: dict[str, Any] | None = None, finish: str = "stop", **options: Any
) -> Judged:
    answer = Answer(0, 0, json.dumps({**PLAIN, **said}), finish)
    return judge(answer, Evidence(**(evidence or {})), GateOptions(**options))


def raw(text: str, finish: str = "stop") -> Judged:
    return judge(Answer(0, 0, text, finish), Evidence(), GateOptions())


def then(sentence: str, **fields: str) -> Case:
    return {"dense": f"{WALK} {sentence}", **fields}


def of(dense: str, **fields: str) -> Case:
    """A caption that is long enough whatever it says: the rest is about nothing that gates look at."""
    rest = "The wind moves through tall grass near a fence, and somebody whistles on a bench in the shade."
    return {"dense": f"{dense} {rest}", **fields}


def check(result: Judged, reason: str | None, *fault: str) -> None:
    assert (result.reason, result.faults) == (reason, result.faults), result.faults
    assert (result.reason is None) == (result.fault == "")
    for words in fault:
        assert words in result.fault


def test_a_good_caption_passes_as_it_is() -> None:
    result = judged(GOOD)
    assert (result.reason, result.fault, result.faults) == (None, "", ())
    assert result.fields is not None
    assert {name: getattr(result.fields, name) for name in FIELDS} == GOOD
    check(judged({}), None)


def test_reasons_and_gates_are_the_same_names() -> None:
    assert tuple(GATES) == REASONS
    assert REASONS[:4] == ("truncation", "parse", "enumeration", "refusal")


def test_the_first_gate_gives_the_reason_and_all_are_listed() -> None:
    result = judged({"camera_motion": "spinning", "dense": "A dog runs."})
    assert [reason for reason, _ in result.faults] == ["enumeration", "words"]
    assert (result.reason, result.fault) == result.faults[0]


def test_a_gate_that_is_off_fails_nothing() -> None:
    said = {"camera_motion": "spinning", "dense": "A dog runs."}
    check(judged(said, off=("enumeration",)), "words", "dense has 3 words")
    check(judged(said, off=("enumeration", "words")), None)


def test_options_know_gates_and_languages() -> None:
    with pytest.raises(ValidationError, match="unknown language 'xx'"):
        GateOptions(language="xx")
    with pytest.raises(ValidationError, match="off"):
        GateOptions(off=("taste",))  # type: ignore[arg-type]


@pytest.mark.parametrize("finish", ["length", "max_tokens"])
def test_truncation_by_the_server(finish: str) -> None:
    check(judged(GOOD, finish=finish), "truncation", "cut at the most tokens")
    check(raw('{"subject": "a wom', finish), "truncation", "cut at the most tokens")


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (then("She stops and looks at"), "looks at"),
        (then("She stops, and loo"), "loo"),
        (then("She stops and."), "stops and."),
        (then("She wears a scarf,"), "scarf,"),
        ({"short": "A woman walks with a"}, "short ends"),
        ({"subject": "a woman with a bag " * 20}, "its limit of 300"),
    ],
)
def test_truncation_in_the_text(said: Case, fault: str) -> None:
    check(judged(said), "truncation", fault)


@pytest.mark.parametrize(
    "end", ['A sign reads "EXIT."', "She points at the letter A.", "She waves (twice).", "Why?", "It is his!"]
)
def test_ends_of_sentences(end: str) -> None:
    check(judged(then(end)), None)


def test_truncation_of_the_json() -> None:
    check(raw(json.dumps(GOOD)[:-1]), "truncation", "not closed")
    check(raw(json.dumps(GOOD)[:400]), "truncation", "not closed")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        ("A woman walks a dog.", "no JSON object"),
        ("[1, 2]", "no JSON object"),
        (json.dumps({**GOOD, "dense": 5}), "dense must be a text"),
        (json.dumps({**GOOD, "text_visible": None}), "text_visible must be a text"),
        (json.dumps({"dense": GOOD["dense"]}), "lacks subject, action"),
        (json.dumps({**GOOD, "subject": " "}), "subject is empty"),
        (json.dumps(GOOD) + json.dumps(GOOD), "more than one"),
        (json.dumps(GOOD)[:-1] + ', "short": "A dog."}', "'short' comes more than once"),
        (json.dumps(GOOD)[:-1] + ', "score": NaN}', "NaN"),
        (str(GOOD), "not JSON"),
        (json.dumps({**GOOD, "dense": "\ud83d " + WALK}), "U+D83D"),
        (json.dumps({**GOOD, "dense": "\x07" + WALK}), "U+0007"),
        ('{"a":' * 5000, "nested"),
        (json.dumps({**GOOD, "dense": "a " * 40_000}), "characters, at most"),
    ],
)
def test_parse(text: str, fault: str) -> None:
    result = raw(text)
    check(result, "parse", fault)
    assert result.fields is None


@pytest.mark.parametrize(
    "around",
    [
        "```json\n{}\n```",
        "```\n{}```",
        "Here is the JSON:\n{}\nI hope it helps!",
        "<think>a {{ b</think>{}",
        "\ufeff{}",
    ],
)
def test_an_object_with_text_around_it(around: str) -> None:
    check(raw(around.replace("{}", json.dumps(GOOD, indent=1), 1)), None)


def test_no_answer_is_none() -> None:
    result = judge(Answer(0, 0, None, "unanswered", error="timed out"), Evidence(), GateOptions())
    check(result, "parse", "timed out")


@pytest.mark.parametrize("nothing", ["None", "n/a", "No text is visible.", "There is no visible text", "-"])
def test_nothing_is_an_empty_field(nothing: str) -> None:
    result = judged({"text_visible": nothing, "action": "none"}, {"words": ("EXIT",)})
    assert result.fields is not None
    assert (result.reason, result.fields.action) == (None, "")
    assert result.fields.text_visible in ("", "-")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Pan Left", "pan left"), ("panning-left", "pan left"), ("pans to the left", "pan left"),
        ("pan from left to right", "pan right"), ("tilt_up", "tilt up"), ("tilting upward", "tilt up"),
        ("zooming in slowly", "zoom in"), ("push in", "dolly in"), ("pull back", "dolly out"),
        ("stationary", "static"), ("fixed camera", "static"), ("no movement", "static"),
        ("Static shot", "static"),
        ("hand-held", "handheld"), ("following", "tracking"), ("tracking shot", "tracking"),
        ("circling", "orbit"),
        ("multiple", "several"), ("pan left, zoom in", "several"), ("unknown", "unclear"),
        ("crane up", "pedestal up"),
    ],
)  # fmt: skip
def test_other_words_for_camera_motions(written: str, meant: str) -> None:
    result = judged({"camera_motion": written})
    assert result.fields is not None
    assert (result.reason, result.fields.camera_motion) == (None, meant)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Closeup", "close-up"), ("close up shot", "close-up"), ("extreme closeup", "extreme close-up"),
        ("Medium", "medium shot"), ("long shot", "wide shot"), ("POV", "point of view"),
        ("over-the-shoulder shot", "over the shoulder"), ("bird's-eye view", "aerial shot"),
        ("drone shot", "aerial shot"), ("extreme close up", "extreme close-up"),
        ("screencast", "screen recording"), ("medium_wide", "medium wide shot"),
    ],
)  # fmt: skip
def test_other_words_for_shot_types(written: str, meant: str) -> None:
    result = judged({"shot_type": written})
    assert result.fields is not None
    assert (result.reason, result.fields.shot_type) == (None, meant)


@pytest.mark.parametrize(
    ("field", "value"),
    [("camera_motion", value) for value in ("spinning", "pan", "zoom", "left", "")]
    + [("shot_type", value) for value in ("nice shot", "two shot", "cinematic", "")],
)
def test_enumeration(field: str, value: str) -> None:
    check(judged({field: value}), "enumeration", f"{field} is '{value}'", "must be one of")


@pytest.mark.parametrize(
    "dense",
    [
        "I'm sorry, but I can't assist with that request.",
        "As an AI language model, I don't have the ability to watch videos, but it may show a dog in a park.",
        "I cannot view videos, but I can help you if you describe what happens in it to me in a few words.",
        "I am unable to process the frames you have provided. Please upload them again for a description.",
        "This content may violate our usage policies, so no description of the footage can be provided here.",
        "Unable to process the request because the video could not be loaded from the given source.",
        "No video was provided, so the description cannot be written until there is one to be described.",
        "It is not possible to describe the contents of the clip, since nothing was given to go by.",
        "I must decline to describe this footage since it contains explicit material.",
    ],
)
def test_refusal(dense: str) -> None:
    check(judged({"dense": dense}), "refusal", "dense refuses")
    check(raw(dense), "refusal", "the answer refuses")


def test_refusal_in_one_field_or_by_the_server() -> None:
    check(judged({"subject": "I'm not able to identify the person"}), "refusal", "subject refuses")
    check(judged({"text_visible": "I'm sorry, I cannot read the text"}), "refusal", "text_visible refuses")
    check(judged(GOOD, finish="content_filter"), "refusal", "withheld")


@pytest.mark.parametrize(
    "said",
    [
        then('A sign on the gate reads "Sorry, we\'re closed".', text_visible="Sorry, we're closed"),
        then("A man apologizes to her, says he is sorry and picks up the bag that he cannot carry."),
        then("She says \"I'm sorry, I can't help you\" to a man with a map."),
        then("A robot built as an AI assistant hands her a cup, and she is unable to open the lid."),
        then("The page shows the words “I cannot view videos”."),
        then(
            "A man cannot reach the branch and gives up.", text_visible="I'm sorry, I can't see you anymore"
        ),
    ],
)
def test_no_refusal(said: Case) -> None:
    assert "refusal" not in dict(judged(said).faults)


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("In the second frame, she turns.", "second frame"),
        ("Then the clip cuts to the dog.", "the clip cuts"),
        ("The video appears to be slowed down.", "The video appears"),
        ("The sequence of frames suggests a slow walk.", "sequence of frames"),
        ("As the camera moves, we see a lake.", "we see"),
        ("The last few frames show a lake.", "frames show"),
        ("Each frame shows her closer.", "Each frame shows"),
        ("She is the subject of the video and of its title.", "of the video"),
        ("It is unclear from the frames whether she is alone.", "the frames"),
        ("By frame 12 she has reached the gate.", "frame 12"),
        ("This clip is quiet.", "This clip"),
    ],
)
def test_talk(sentence: str, words: str) -> None:
    check(judged(then(sentence)), "talk", words)


@pytest.mark.parametrize(
    "said",
    [
        of(
            "A man frames a picture at a bench, turns the wooden frame over and hangs it beside other frames."
        ),
        of("A boy plays a video game, and the video shows a race car on the screen."),
        of("A surfer stays in the center of the frame, then leaves the frame to the left."),
        of("A beekeeper lifts each frame from the hive. In the second frame, bees crawl over the comb."),
        of("A bowler throws, and in the final frame all the pins fall."),
        of("She records a video on a phone, and her friend watches the clip again."),
        of("The image on the screen flickers while a man turns a knob."),
        of("A photo of a couple hangs on the wall. The photo shows them on a beach."),
        of("An editor drags the first clip along the timeline and plays the video."),
        of("The window frame casts a shadow, and a hair clip lies on the sill."),
    ],
)
def test_no_talk(said: Case) -> None:
    result = judged(said)
    check(result, None)
    assert result.fields is not None
    assert result.fields.dense == said["dense"]


CLEANED = [
    ("The video shows a man walking", "A man walking."),
    ("In this video, a dog runs.", "A dog runs."),
    ("As the video progresses, she turns.", "She turns."),
    ("As the video progresses she turns.", "She turns."),
    ("The frames depict a street with cars.", "A street with cars."),
    ("In this clip, we see a man walking.", "A man walking."),
    ("The image depicts a cat.", "A cat."),
    ("Overall, the video captures a calm mood.", "A calm mood."),
    ("The video begins with a close-up of hands.", "A close-up of hands."),
    ("Sure! Here's the caption: The video shows a man.", "A man."),
    ("**Caption:** A man walks.", "A man walks."),
    ("A short video of a dog running.", "A dog running."),
    ("We see a man. We can also see that he smiles.", "A man. He smiles."),
    ("Throughout the clip, the camera remains static.", "The camera remains static."),
    ("At the beginning of the video, a man stands.", "At the beginning, a man stands."),
    ("A man sits. The video ends with a view of the sea.", "A man sits. A view of the sea."),
    ("In the video, as the camera pans, a man walks.", "As the camera pans, a man walks."),
    ("Nothing else moves throughout the video.", "Nothing else moves throughout."),
]


@pytest.mark.parametrize(("text", "cleaned"), CLEANED)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "A man frames a picture", "a picture frame", "a video game", "she records a video",
        "The window frame is white.",
        "a freeze-frame film poster", "The image on the screen is red.", "a photo shows on the wall",
        "In the video game, a knight runs.", "The video on the screen shows a cat.",
        "The camera captures a man.",
        "A boy watches a video of a cat. The video shows a cat.", 'A sign reads "Stop. The video shows you."',
        "A video of a cat plays on a phone.", "The scene shows signs of age.",
        "The video shows how to cook.", "",
        "In the frame of the door, a man stands.", "The clip in her hair shines.",
    ],
)  # fmt: skip
def test_clean_keeps(text: str) -> None:
    assert clean(text) == text


def test_a_field_that_is_no_sentence_gets_no_full_stop() -> None:
    result = judged({"subject": "The video shows a man", "style": "The image depicts a cartoon."})
    assert result.fields is not None
    assert (result.fields.subject, result.fields.style) == ("A man", "A cartoon.")


def test_words() -> None:
    check(judged({"dense": "A dog runs."}), "words", "dense has 3 words, and needs at least 20")
    check(
        judged({"dense": " ".join(f"w{n}" for n in range(151)) + "."}), "words", "151 words, and may have 150"
    )
    check(judged({"short": " ".join(f"w{n}" for n in range(21))}), "words", "short has 21 words")
    check(judged({"short": "..."}), "words", "short has no words")
    twenty = (
        "A well-known man doesn't walk — he runs along the old path in the park, and two dogs follow him on."
    )
    assert "words" not in dict(judged({"dense": twenty}).faults)
    check(judged({"dense": twenty}, min_words=21), "words", "dense has 20 words")


@pytest.mark.parametrize(
    ("dense", "words"),
    [
        ("A man walks slowly down a road. A man walks slowly past a house. A man walks slowly by a tree. A "
         "man walks slowly over a bridge.", "come 4 times"),
        ("A dog runs across the grass to a ball. An owner throws it again. A dog runs across the grass to a "
         "ball. The owner laughs.", "comes more than once"),
        (f"{WALK} The city is bright bright bright bright.", "'bright' at least 4 times in a row"),
        (f"{WALK} The water is calm and the water is calm and the water is calm.", "3 times in a row"),
        ("A flower is a flower in a flower bed with a flower pot, a flower vase and a flower press for a "
         "flower album of a flower lover.", "flower'"),
        (f"{WALK} So it goes!!!!!!!!!!!!!!!!", "'!' 16 times"),
    ],
)  # fmt: skip
def test_repetition(dense: str, words: str) -> None:
    result = judged({"dense": dense})
    assert words in dict(result.faults)["repetition"]
    assert result.reason == "repetition"


def test_no_repetition() -> None:
    check(
        judged(then('A sign reads "GO GO GO GO GO". On the left of the gate stands a very, very tall fir.')),
        None,
    )
    check(judged(then("She throws the ball again and again, and the dog brings it back.")), None)


@pytest.mark.parametrize(
    "dense",
    [
        "Ein Mann in einem Hemd geht langsam über die Straße und winkt einer Frau zu, die auf der anderen "
        "Seite mit ihrem Hund wartet.",
        "Una mujer con un abrigo rojo pasea a su perro por un camino de grava en el parque, y los árboles "
        "están desnudos a ambos lados.",
        "一位穿着外套的女人在公园里的小路上遛狗，两旁的树木光秃秃的，长椅上空无一人，光线柔和，镜头跟随着她慢慢向前移动。",
        "Мужчина в рубашке медленно идёт по улице с собакой, а за ним проезжают машины, и солнце садится за "
        "крыши домов на другой стороне улицы у реки.",
        f"{WALK} Luego se detiene y mira los coches que pasan por la calle mientras el sol se pone.",
        f"{WALK} 她停下来看着一辆汽车慢慢开过去。",
    ],
)
def test_language(dense: str) -> None:
    check(judged({"dense": dense}), "language", "must be in the language 'en'")
    assert "language" not in dict(judged({"dense": dense}, language=None).faults)


def test_other_languages_are_wanted_by_name() -> None:
    german = (
        "Eine Frau geht mit ihrem Hund auf einem Weg durch den Park, und zwei Bänke stehen neben dem Tor "
        "unter den Bäumen."
    )
    said = {"dense": german, "short": "Eine Frau geht mit dem Hund durch den Park.", "subject": "eine Frau"}
    check(judged(said, language="de"), None)
    check(judged(GOOD, language="de"), "language", "'de'")
    check(judged(GOOD, language="zh"), "language", "'zh'")


@pytest.mark.parametrize(
    "sentence",
    [
        "A banner reads 「出口はこちら」 over the gate.",
        "A sign with 出口 on it hangs there.",
        "She passes the Café de la Paix.",
        "The Rio de Janeiro skyline is behind.",
    ],
)
def test_words_of_the_picture_may_be_of_any_language(sentence: str) -> None:
    check(judged(then(sentence)), None)


SURE = {"camera_confidence": 0.9}


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


HOSTILE = (
    "the video shows ", "a ", "two ", "'", '"', "red ", "the camera pans ", "the ", "i am ", "a'a", "a", ".",
    ". ", "as the video ", "sequence of ", "no text ", "“", "(of the ", "a, ", "I cannot ", "in the second ",
    "in this clip ", "static ", "camera from the left ", "no one night ", "sign ‘", "。",
    "the first and second and ", "\u0301", "ﷺ",
    "if you ", "describing ", "two dogs and ", "in the first few frames ", "a herd of nine ", "from red to ",
    "camera up the ", "the sky full of ", "one by one ",
)  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_texts_take_no_time(piece: str) -> None:
    evidence = {"words": ("a" * 5000,) * 200, "saturation": 3.0, "luma": 1.0, "camera": "static", **SURE}
    began = time.perf_counter()
    for field, length in (("dense", 60_000), ("dense", 5900), ("text_visible", 60_000), ("subject", 5900)):
        text = (piece * length)[:length]
        result = judge(
            Answer(0, 0, json.dumps({**GOOD, field: text}, ensure_ascii=False), "stop"),
            Evidence(**evidence),
            GateOptions(),
        )
        assert len(result.fault) < 500
    assert time.perf_counter() - began < 8.0


@pytest.mark.parametrize(
    "piece", ["[", '{"a":', "{", "{}", "```", '{"a":1,', "\\", '{"\\', "<think>", "{]", "I can "]
)
def test_hostile_answers_are_no_captions(piece: str) -> None:
    began = time.perf_counter()
    result = raw((piece * 60_000)[:60_000])
    assert result.reason in ("parse", "truncation")
    assert len(result.fault) < 300
    assert time.perf_counter() - began < 2.0
