"""Answers that are no captions: cut, no JSON, with other words than the schema has, hostile."""

import json
import time

import pytest
from pydantic import ValidationError

from captioners.dialogue.schema import FIELDS
from captioners.dialogue.types import Answer, Evidence
from captioners.gates import GATES, REASONS, GateOptions, judge
from tests.captioners.gate_cases import GOOD, SURE, WALK, Case, check, judged, raw, then


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
        (then("She crashes into a tall"), "a tall"),
        (then("She mixes everything with two"), "with two"),
        (then('She passes a board that reads "OP'), "OP"),
        (then("She tips over his king (while the clock"), "the clock"),
        (then("She stops and."), "stops and."),
        (then("She wears a scarf,"), "scarf,"),
        ({"short": "A woman walks with a"}, "short ends"),
        ({"subject": "a woman with a bag " * 20}, "its limit of 300"),
    ],
)
def test_truncation_in_the_text(said: Case, fault: str) -> None:
    check(judged(said), "truncation", fault)


@pytest.mark.parametrize(
    "end",
    [
        'A sign reads "EXIT."', "She points at the letter A.", "She waves (twice).", "Why?", "It is his!",
        # Many a model leaves the last full stop out.
        "She rolls it over with both paws", 'It reads "NO SWIMMING"', "A bus stops (87 km/h)",
        "A board: AWAY 3",
    ],
)  # fmt: skip
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
        (json.dumps(GOOD) + json.dumps({**GOOD, "short": "A dog runs."}), "more than one"),
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


def test_the_same_object_twice_is_one() -> None:
    check(raw(json.dumps(GOOD) + "\n" + json.dumps(GOOD)), None)


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
    [("camera_motion", value) for value in ("spinning", "pan", "zoom", "left", "N/A", "")]
    + [("shot_type", value) for value in ("nice shot", "two shot", "cinematic", "N/A", "")],
)
def test_enumeration(field: str, value: str) -> None:
    check(judged({field: value}), "enumeration", f"{field} is '{value}'", "must be one of")


HOSTILE = (
    "the video shows ", "a ", "two ", "'", '"', "red ", "the camera pans ", "the ", "i am ", "a'a", "a", ".",
    ". ", "as the video ", "sequence of ", "no text ", "“", "(of the ", "a, ", "I cannot ", "in the second ",
    "in this clip ", "static ", "camera from the left ", "no one night ", "sign ‘", "。",
    "the first and second and ", "\u0301", "ﷺ",
    "if you ", "describing ", "two dogs and ", "in the first few frames ", "a herd of nine ", "from red to ",
    "camera up the ", "the sky full of ", "one by one ", "the scene then ", "a shot of the ", "phone a ",
    "i will now ", "which of you ", "it then also cuts to a ", "seems to be a very ", "a video of a ",
    "viewers ", "then the next ", "the long clip's ", "scenes of a ", "the person filming ", "play the ",
    "to protect the ",
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


"""What gates read in prose, beyond the examples of `test_gates.py`: kinds of sentences, and those that only
look like them."""


@pytest.mark.parametrize(
    "text",
    [
        '{"subject": "a wom',
        '{"subject": "a", "act',
        '{"subject": "a",',
        '{"subject": tru',
        '{"subject": "a\\',
        '{"subject": "a\\u00',
        '{"a": ["x", "y"',
    ],
)
def test_an_object_that_would_go_on(text: str) -> None:
    check(raw(text), "truncation", "is not closed")


@pytest.mark.parametrize(
    "text",
    [
        '{"subject": "", {{{{ "":"": }',
        '{subject: "a", "b": "c"',
        "{'subject': 'a man",
    ],
)
def test_an_object_that_is_none_from_its_beginning(text: str) -> None:
    check(raw(text), "parse", "it is not JSON")


def test_a_text_that_trails_off() -> None:
    check(judged(then("Once the tip has curled into a hook, he...")), "truncation")
    check(judged(then("He leans closer, and waits for it...")), None)
    check(judged(then('Below the bar stands "Loading..."')), None)


@pytest.mark.parametrize(
    ("end", "whole"),
    [
        ("Sun lights the stone of the brid", False),
        ("Sun lights the stone of the bridge", True),
        ("A bridge crosses a river. She looks back at the brid", False),
        ("She tumbles onto her ba", False),
        ("One arm goes up. Th", False),
        ("The level comes to rest at the line of 500 ml", True),
        ("She holds it for a second or so", True),
        ("A sunset begins, and she looks into the sun", True),
        ("She looks into the sun for a while.", True),
        ("She tosses noodles in a wok", True),
        ("She looks into the sun while.", False),
        ("She looks at a dial, whose needle", False),
        ("The lights go out, and the camera slowly", False),
        ("Two cats sit, and she strokes one cat", True),
    ],
)
def test_pieces_of_words(end: str, whole: bool) -> None:
    said = then(end, background="A path with a bridge and a sunset")
    check(judged(said), None if whole else "truncation")
