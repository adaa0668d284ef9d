"""The gates on refusals and on talk of the video."""

import pytest

from captioners._gates.phrases import refused, talk
from tests.captioners.gate_cases import GOOD, WALK, Case, check, fields, judged, of, raw, then


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


@pytest.mark.parametrize(
    "sentence",
    [
        "The clip ends with him rolling out of view.",
        "The viewer can see the driver lean out.",
        "The video then shows a woman who waves.",
    ],
)
def test_later_sentences_about_the_video_fail(sentence: str) -> None:
    check(judged(then(sentence)), "talk", "dense tells of the video")


@pytest.mark.parametrize(
    ("sentence", "left"),
    [
        ("As the video progresses, the woman waves.", "The woman waves."),
        ("Towards the end of the video a cow turns.", "Towards the end a cow turns."),
        ("A farmer leans on a stick throughout the footage.", "A farmer leans on a stick throughout."),
    ],
)
def test_adverbials_leave_a_sentence_behind(sentence: str, left: str) -> None:
    result = judged(then(sentence))
    check(result, None)
    assert result.fields is not None
    assert result.fields.dense.endswith(f" {left}")


def test_an_opening_is_taken_off() -> None:
    result = judged(
        {"dense": f"The video shows how a man rows. {WALK}", "short": "In this clip, a man rows."}
    )
    check(result, None)
    assert result.fields is not None
    assert (result.fields.dense, result.fields.short) == (f"A man rows. {WALK}", "A man rows.")


@pytest.mark.parametrize(
    "sentence",
    [
        "The scene transitions to a dim corridor.",
        "In the following scene, she opens the letter.",
        "As the scene unfolds, a waiter brings two plates.",
        "The shot lingers on the ripples.",
        "This shot is taken from behind the counter.",
        "In one shot he kneels, and in another he stands.",
        "Throughout the sequence, the bird keeps its wings spread.",
        "The montage ends with a view of the skyline.",
        "A slow-motion replay shows the same dive.",
        "The screen fades to black as the door closes.",
        "His hands occupy most of the screen.",
        "The character remains on-screen until she waves.",
        "The view abruptly cuts to a different angle of the car.",
        "A cut follows, and the man stands at the door.",
        "There is a brief transition, and she packs the harp.",
        "Viewers can see the steam that rises from the pot.",
        "The audience is drawn into the quiet of the valley.",
        "We get a glimpse of her face.",
        "Behind him you see a row of bikes.",
        "The camera records every step of the climber.",
        "The person filming walks behind the children.",
        "The scene is filmed from a low angle.",
        "The image quality is low.",
        "It appears to be a promotional video for a hotel.",
        "This is likely a scene from a movie.",
        "A small bird is visible in the frame near the top.",
        "The visuals suggest an early morning.",
        "The focal point of the image is a white rose.",
        "The recording cuts off as she turns her head.",
        "This is followed by a shot of her foot.",
        "Drone footage condenses the morning into seconds.",
        "What is being shown is an ordinary commute.",
        "About three seconds in, a fish breaks the surface.",
        "A phone lies on the bench. As the footage rolls on, she sits down.",
        "A radio hangs on the wall over the length of the clip.",
    ],
)
def test_talk_of_scenes_shots_and_whoever_watches(sentence: str) -> None:
    assert talk(fields(f"{WALK} {sentence}"))


@pytest.mark.parametrize(
    "dense",
    [
        "The actors repeat the scene: a knight kneels, a queen turns away.",
        "In the next scene of the opera a soprano leans from a cardboard balcony.",
        "A scene of a stag hunt is painted on the ceiling; the scene shows a forest.",
        "Police tape closes off the scene of the accident.",
        "His first shot hits the post of the goal, and in the next shot the ball goes in.",
        "A barista pulls a double shot of espresso; the shot fills the glass.",
        "A shot putter heaves. The shot thuds into the turf.",
        "The dancer repeats the sequence of steps, and the sequence ends with a leap.",
        "A hand types a sequence of six digits on a keypad.",
        "A viewer with a stool walks past a row of pictures. The viewer sits down.",
        "One viewer bends down; the viewers sit on benches in front of a painting.",
        "A girl peers into a slide viewer. The viewer clicks.",
        "The audience claps as the curtain falls.",
        "The view widens to show the whole valley. The camera pulls back to reveal a crowd.",
        "A pointer drags a slider to the end of the video; the screen goes black.",
        "The screen door slams. A nurse pulls a green folding screen around a bed.",
        "On the television the picture fades to black, and a man gets up.",
        "The sky fades from orange to black. The paint fades into white on the hull.",
        "A cook cuts to the bone. A lamp switches to green, and a jogger switches to the shady side.",
        "The focus shifts from the leaf in front to the beetle behind it.",
        "A reporter speaks to a camera; the camera is turned off, and the crew packs.",
        "A street artist sketches a couple; the picture shows them on a bench.",
        "A distiller taps the copper still. The still is polished.",
        "A climber snaps the rope into the clip above his head, and the clip closes.",
        "The surfer enters the frame from the right and glides past.",
        "A referee asks for the video review and watches the hit on a monitor.",
        "A photographer is seen from behind; the shot is taken from a ladder.",
        "He breaks an orange apart, and one segment drops to the floor.",
    ],
)
def test_scenes_shots_and_viewers_that_are_seen(dense: str) -> None:
    assert talk(fields(dense)) is None
