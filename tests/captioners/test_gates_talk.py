"""The gates on refusals and on talk of the video."""

import pytest

from captioners._gates.phrases import refused, talk
from tests.captioners.gate_cases import GOOD, Case, check, fields, judged, of, raw, then


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
    "dense",
    [
        "Partway through the footage a shrimp climbs up.",
        "Halfway through the video, the dog barks.",
        "The man sighs; the footage provided does not show whether he wins.",
        "By the last image provided, the stream meets snow.",
        "in next image the puppy lies down.",
        "The clip never shows what is in the box.",
        "From the first frame supplied to the last, he sits still.",
        "The first image is of a dog on a sofa.",
    ],
)
def test_talk_of_the_video_that_was_given(dense: str) -> None:
    assert talk(fields(dense))


@pytest.mark.parametrize(
    "dense",
    [
        "The players cheer in the final frame as the ten pins fall.",
        "Two bowlers wait. In the final frame, one of them throws a strike.",
        "A lecturer shows a slide show in a hall. The next image is of a lake.",
        "A teacher clicks through slides; the next image is of a lake.",
        "He swipes across a tablet, and the next picture shows a cat.",
        "A policeman plays the footage provided by a shop.",
        "An editor scrubs partway through the footage.",
        "She scrubs halfway through the clip on her laptop.",
        "The last photo provided to the jury hangs on a wall.",
        "The next picture is of his mother, drawn with chalk on the pavement.",
        "A guide points out the next painting; the last picture is of a storm.",
        "A judge watches as the video never shows the ball.",
        "In last place, a runner staggers.",
    ],
)
def test_videos_and_pictures_in_the_scene(dense: str) -> None:
    assert talk(fields(dense)) is None


def test_an_ai_that_speaks_and_people_who_work_with_one() -> None:
    assert refused("A man runs. As an AI built for captions, I cannot say more.")
    assert refused("As an AI enthusiast at a fair, she cannot stop smiling.") is None
