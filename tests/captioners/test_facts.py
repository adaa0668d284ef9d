"""Facts that were written by hand for the real footage, and how captions are searched for them."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from captioners._facts import Fact, FactClip, Span, belongs, read_facts, recall, stated
from curate.intervals import wilson
from curate.media.probe import probe

FACTS = Path(__file__).with_name("facts.json")


def fact(*groups: str) -> Fact:
    """Each group a line of alternatives with commas between them."""
    return Fact("", tuple(tuple(word.strip() for word in group.split(",")) for group in groups))


CAR, TEXT, HAT = fact("car"), fact("text"), fact("hat")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (CAR, "A car passes."),
        (CAR, "Cars pass."),
        (CAR, "THE CAR'S DOOR"),
        (CAR, "The car’s door"),
        (fact("bowler hat, derby"), "He wears a bowler hat."),
        (fact("bowler hat, derby"), "Two derbies lie there."),
        (fact("black and white"), "A black-and-white film."),
        (fact("t-shirt"), "T shirts"),
        (fact("run"), "A man is running."),
        (fact("run"), "A man runs."),
        (fact("stop"), "It stopped."),
        (fact("dance"), "They are dancing."),
        (fact("dance"), "They danced."),
        (fact("lie"), "A cat lying in the sun."),
        (fact("carry"), "She carries a bag, which he carried before."),
        (fact("box"), "Boxes on a shelf"),
        (fact("glass"), "Two glasses"),
        (fact("leaf"), "Leaves fall."),
        (fact("knife"), "Knives"),
        (fact("3d"), "A 3D animation"),
        (fact("search program"), 'It reads "Initiate Search Program".'),
        (fact("man, guy", "jacket, coat"), "A tall man with a dark coat."),
        (fact("does not move"), "The camera doesn't move."),
    ],
)
def test_states(words: Fact, text: str) -> None:
    assert stated(words, text)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (CAR, ""),
        (CAR, "A scarf and a carpet."),
        (CAR, "A cart."),
        (fact("hat"), "What is that?"),
        (fact("bowler hat"), "A hat and a bowler."),
        (fact("bowler hat"), "A bowler, hat in hand"),
        (fact("run"), "A runway and a rung."),
        (fact("man"), "A woman."),
        (fact("red", "car"), "A car passes. A red flag waves."),
        (fact("man", "coat"), "A man stands there."),
    ],
)
def test_does_not_state(words: Fact, text: str) -> None:
    assert not stated(words, text)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (TEXT, "There is no text."),
        (TEXT, "There is no visible text on the screen."),
        (TEXT, "No people, logos or text are visible."),
        (TEXT, "There are no logos, no watermarks and no text."),
        (TEXT, "The clip has no people or any readable text."),
        (TEXT, "Text is not visible."),
        (TEXT, "The clip lacks text."),
        (HAT, "He walks without a hat."),
        (HAT, "He isn't wearing a hat."),
        (HAT, "He does not wear a hat."),
        (HAT, "He wears neither a coat nor a hat."),
        (CAR, "There is no car."),
        (CAR, "The street is devoid of cars."),
        (CAR, "There is no sign of any other car."),
        (CAR, "Cars are absent."),
        (fact("static"), "The camera is not static."),
    ],
)
def test_what_is_denied_is_not_stated(words: Fact, text: str) -> None:
    assert not stated(words, text)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (TEXT, "There is no car. Text appears."),
        (TEXT, "There is no car, and text appears."),
        (TEXT, "There is no car, but text appears."),
        (TEXT, "No car passes while text appears."),
        (fact("wall"), "There is no text on the wall."),
        (fact("street"), "Without a hat, the man crosses the street or waits."),
        (fact("dog"), "Not only a dog but also a cat is there."),
        (fact("man"), "A man without a hat"),
        (HAT, "No hat at first. Then he puts on a hat."),
        (fact("no text"), "There is no text."),
        (fact("cloud"), "There is nothing but clouds."),
    ],
)
def test_a_denial_ends(words: Fact, text: str) -> None:
    assert stated(words, text)


def test_line_breaks_of_a_list_end_sentences_and_those_of_wrapped_text_do_not() -> None:
    words = fact("red", "car")
    assert stated(words, "A red\ncar")
    assert not stated(words, "- A red flag\n- A car")
    assert not stated(words, "A red flag\n\nA car")


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17: table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson(right: int, count: int, low: float, high: float) -> None:
    assert wilson(right, count) == pytest.approx((low, high), abs=5e-5)


def test_wilson_at_the_bounds() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 7)[0] == 0.0
    assert wilson(7, 7)[1] == 1.0
    for right, count in (-1, 3), (4, 3):
        with pytest.raises(ValueError, match="is no share"):
            wilson(right, count)


CLIP = FactClip("a.mp4", 10.0, 20.0, (CAR, HAT))


@pytest.mark.parametrize(
    ("uri", "start", "end", "whether"),
    [
        ("a.mp4", 10.0, 20.0, True),
        ("/videos/a.mp4", 0.0, 100.0, True),
        ("file:///videos/a.mp4", 12.0, 13.0, True),
        ("a.mp4", 0.0, 15.0, True),
        ("a.mp4", 0.0, 14.9, False),
        ("a.mp4", 8.0, 12.0, True),
        ("a.mp4", 8.0, 11.9, False),
        ("a.mp4", 20.0, 30.0, False),
        ("b_a.mp4", 10.0, 20.0, False),
        ("/a.mp4/b.mp4", 10.0, 20.0, False),
    ],
)
def test_a_clip_belongs_by_name_and_half_of_the_shorter_span(
    uri: str, start: float, end: float, whether: bool
) -> None:
    assert belongs(Span(uri, start, end), CLIP) is whether


def test_recall_per_clip_and_of_all() -> None:
    other = FactClip("b.mp4", 0.0, 5.0, (CAR, HAT, TEXT))
    absent = FactClip("c.mp4", 0.0, 5.0, (CAR,))
    texts = {Span("x/a.mp4", 10.0, 20.0): "A car.", Span("x/b.mp4", 0.0, 5.0): "A hat and text, no car."}
    found = recall(texts, [CLIP, other, absent])
    assert [clip.told for clip in found.clips] == [(True, False), (False, True, True)]
    assert found.clips[0].omitted == (HAT,)
    assert found.clips[0].share == 0.5
    assert found.clips[0].interval == wilson(1, 2)
    assert (found.stated, found.count, found.share) == (3, 5, 0.6)
    assert found.interval == wilson(3, 5)
    assert found.uncaptioned == (absent,)


def test_captions_of_the_parts_of_a_span_count_together() -> None:
    texts = {Span("a.mp4", 15.0, 20.0): "A hat", Span("a.mp4", 10.0, 15.0): "A car"}
    assert recall(texts, [CLIP]).share == 1.0


def test_recall_without_captions() -> None:
    found = recall({}, [CLIP])
    assert found.count == 0
    assert math.isnan(found.share)
    assert found.interval == (0.0, 1.0)
    assert recall({Span("a.mp4", 10.0, 20.0): ""}, [CLIP]).share == 0.0


GOOD: dict[str, Any] = {
    "video": "a.mp4",
    "start_seconds": 0,
    "end_seconds": 2.5,
    "facts": [{"fact": "A car passes.", "words": [["car", "taxi"], ["pass"]]}],
}


def test_reads_facts(tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_text(json.dumps({"clips": [GOOD]}))
    assert read_facts(file) == [
        FactClip("a.mp4", 0.0, 2.5, (Fact("A car passes.", (("car", "taxi"), ("pass",))),))
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is no JSON"),
        ([], "the file must be an object with clips and is"),
        ({"clips": []}, "clips must be a list that is not empty"),
        ({"clips": [{}]}, "clip 1 must be an object with video, start_seconds, end_seconds, facts"),
        ({"clips": [{**GOOD, "note": ""}]}, "clip 1 must be an object with"),
        ({"clips": [{**GOOD, "video": "x/a.mp4"}]}, "must be the name of a file"),
        ({"clips": [GOOD, {**GOOD, "end_seconds": "2"}]}, r"end_seconds of clip 2 \(a.mp4\) is '2'"),
        ({"clips": [{**GOOD, "start_seconds": True}]}, "start_seconds of clip 1"),
        ({"clips": [{**GOOD, "start_seconds": math.nan}]}, "start_seconds of clip 1"),
        ({"clips": [{**GOOD, "start_seconds": 3}]}, "lasts from 3 to 2.5, which is no span"),
        ({"clips": [{**GOOD, "facts": []}]}, "facts of clip 1"),
        ({"clips": [{**GOOD, "facts": ["A car"]}]}, "fact 1 of clip 1 .* must be an object with fact, words"),
        ({"clips": [{**GOOD, "facts": [{"fact": " ", "words": [["a"]]}]}]}, "must be a sentence"),
        ({"clips": [{**GOOD, "facts": [{"fact": "A", "words": []}]}]}, "words of fact 1"),
        ({"clips": [{**GOOD, "facts": [{"fact": "A", "words": ["car"]}]}]}, "a group of words of fact 1"),
        ({"clips": [{**GOOD, "facts": [{"fact": "A", "words": [["Car"]]}]}]}, "is 'Car' and must be words"),
        ({"clips": [{**GOOD, "facts": [{"fact": "A", "words": [["!"]]}]}]}, "is '!' and must be words"),
    ],
)
def test_says_what_is_wrong_with_facts(content: Any, said: str, tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ValueError, match=said) as caught:
        read_facts(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_twenty_clips_have_eight_to_twelve_facts_each() -> None:
    clips = read_facts(FACTS)
    assert len({clip.video for clip in clips}) == len(clips) == 20
    for clip in clips:
        assert 8 <= len(clip.facts) <= 12
        assert len({each.fact for each in clip.facts}) == len(clip.facts)
        assert 2 <= clip.end_seconds - clip.start_seconds <= 15


@pytest.mark.real
def test_spans_lie_inside_the_videos_and_inside_one_shot(real_videos: Path) -> None:
    cuts = json.loads((real_videos / "cuts.json").read_text())
    for clip in read_facts(FACTS):
        video = probe(str(real_videos / clip.video))
        assert video.start_seconds - 0.1 <= clip.start_seconds
        assert clip.end_seconds <= video.start_seconds + video.seconds
        known = cuts.get(clip.video, {"fps": 1, "hard_cuts": [], "gradual": []})
        changes = [(cut, cut) for cut in known["hard_cuts"]] + known["gradual"]
        for first, last in changes:
            ended = last / known["fps"] <= clip.start_seconds
            assert ended or clip.end_seconds <= first / known["fps"], clip.video


# Written from the pictures, as a captioner should.
CAPTIONS = {
    "mpy__chaplin.mp4": (
        "A black-and-white silent film scene in front of a mansion with arched windows. A policeman in a "
        "light helmet and a long dark uniform stands at the curb of a street with his back to the camera. "
        "A small man with a bowler hat, a tight jacket and baggy trousers comes running in from the right "
        "with his arms raised, stops abruptly in front of him, and looks over his shoulder at the "
        "officer. He then walks up to the camera and points with his thumb at the man behind him. Behind "
        "them there are a lawn, a footpath and a stone pillar with a ball on top. The camera is static."
    ),
    "mpy__test_video.mp4": (
        "A herd of brown horses with one white horse in the middle gallops along a sandy beach from right "
        "to left. Their hooves splash through the shallow water, and the wet sand reflects their bodies. "
        "Behind them white waves roll in from a blue sea. The camera pans to follow the animals from the "
        "side."
    ),
    "skv__carphone_pristine.mp4": (
        "A close-up of a young man with brown hair who sits in a moving car and talks to the camera. He "
        "is dressed in a dark suit, a white shirt and a red bow tie. He tilts his head, raises his "
        "eyebrows and twice opens his mouth wide as if surprised. Behind him hangs a sunshade with blue "
        "and white stripes; trees and a bright sky pass outside the window on the right. The camera "
        "shakes lightly with the car."
    ),
}


def spans(texts: dict[str, str]) -> dict[Span, str]:
    clips = {clip.video: clip for clip in read_facts(FACTS)}
    return {
        Span(f"/videos/{video}", clips[video].start_seconds, clips[video].end_seconds): text
        for video, text in texts.items()
    }


def test_a_caption_that_tells_what_is_to_be_seen_states_every_fact() -> None:
    found = recall(spans(CAPTIONS), read_facts(FACTS))
    assert [clip.clip.video for clip in found.clips] == list(CAPTIONS)
    assert [clip.omitted for clip in found.clips] == [()] * len(CAPTIONS)
    assert found.share == 1.0
    assert len(found.uncaptioned) == 17


def test_half_of_a_caption_states_about_half() -> None:
    halves = {video: text[: len(text) // 2] for video, text in CAPTIONS.items()}
    assert 0.3 <= recall(spans(halves), read_facts(FACTS)).share <= 0.8


def test_a_caption_of_something_else_states_next_to_nothing() -> None:
    clips = read_facts(FACTS)
    chess = (
        "Two elderly players bend over a chessboard in a quiet library. One of them moves a knight, presses "
        "the clock and leans back, and the other frowns and rests his chin on his fist."
    )
    found = recall(spans({clip.video: chess for clip in clips}), clips)
    assert found.share <= 0.05
    assert all(clip.stated <= 2 for clip in found.clips)
    # Words that any scene may have, as of colours and the sky, are what captions of other clips share.
    for video, text in CAPTIONS.items():
        others = [clip for clip in clips if clip.video != video]
        assert recall(spans({clip.video: text for clip in others}), others).share <= 0.2
