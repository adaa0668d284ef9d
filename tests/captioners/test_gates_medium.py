"""The gate on talk, of the medium; and what else only sounds like a fault."""

import pytest

from captioners._gates.phrases import refused, talk
from captioners._gates.repeats import looping
from tests.captioners.gate_cases import check, fields, judged, then


@pytest.mark.parametrize(
    "dense",
    [
        "A dog runs. On the left of the image, a boy waves.",
        "A man watches a boy who runs; the images were captured, which suggests that the image is old.",
        "A dog barks until the clip ends.",
        "A boy jumps while the footage captures his joy.",
        "A crowd is watching. Nobody else is visible in the clip.",
        "A boat drifts by, and the mood of the video is calm.",
        "A train arrives, with the video ending on its doors.",
        "A goat that chews watches a hen, and the video, which is short, shows a fence.",
    ],
)
def test_talk_of_the_medium(dense: str) -> None:
    assert talk(fields(dense))


@pytest.mark.parametrize(
    "dense",
    [
        "An editor drags a marker to the end of the clip.",
        "He rolls the film back to the start of the video and watches it on a screen.",
        "A girl pins a badge to the top of the picture on the wall.",
        "A boy lays the last piece in the corner of the picture, a puzzle of a castle.",
        "A climber fastens the clip, which snaps shut.",
        "A mechanic bends the end of the clip and pushes it onto a hose.",
        "She turns the photograph over and writes on the back of the photo.",
        "A soldier loads a magazine; the clip has no rounds.",
        "A nurse points at the bottom of the image, an X-ray of a hand.",
        "A man straightens the picture. A fly sits in the corner of the picture.",
        "An archivist holds the recording, which lasts an hour, and slides it into its sleeve.",
        "A judge asks for the footage; the footage shows a car on a monitor.",
        "She reaches out and takes the cup.",
    ],
)
def test_pictures_and_clips_that_are_handled(dense: str) -> None:
    assert talk(fields(dense)) is None


def test_refusals_of_an_assistant_and_words_on_a_bag() -> None:
    assert refused("The assistant is not permitted to comment on such scenes.")
    assert refused("I cannot transcribe this text.", shown=True)
    assert refused("This bag may contain nuts", shown=True) is None


def test_what_is_written_may_come_again_but_does_not_loop() -> None:
    assert looping("OPEN " * 30)
    assert looping("SALE NOW " * 12)
    assert looping("SALE " * 6) is None


@pytest.mark.parametrize(
    "end", ["the cube that he has been fascinated with.", "He gets something to play with."]
)
def test_prepositions_at_the_end_of_a_sentence(end: str) -> None:
    check(judged(then(f"A man sits at a table, and a boy hands him {end}")), None)


@pytest.mark.parametrize(
    "text",
    [
        "Sadly, your file did not come through.",
        "None of the pictures opened on my end.",
        "The frames could not be loaded. Kindly resend them.",
        "For copyright reasons the song is left out, so I will keep this vague.",
        "It would not be right for me to comment on her body.",
        "It is important to respect the privacy of minors.",
        "Would you like me to focus on the background instead?",
        "Which part of it should I describe for you?",
        "I can neither confirm nor deny who this is.",
        "I won't be describing their looks.",
        "My training does not cover such material.",
        "This model is not able to caption adult content.",
        "Details are omitted because the content is sensitive.",
        "Out of respect for the privacy of those involved, no further details are given.",
        "Ich kann dieses Video leider nicht beschreiben.",
    ],
)
def test_refusals_with_manners(text: str) -> None:
    assert refused(f"A man walks past a fence. {text}")
    assert refused("I'm not able to read any text here.", shown=True)


@pytest.mark.parametrize(
    "text",
    [
        "A nurse draws a curtain to give the patient some privacy.",
        "A face is blurred for privacy.",
        "A dialog says that the file could not be opened.",
        "The video on the phone does not load, and she shakes it.",
        "A veteran of World War I is not in uniform. The letter I is not lit.",
        "Lost hikers seek help from a ranger.",
        "It is not possible to go further along the road.",
        "A copyright sign is sewn on a sleeve.",
        "No further details can be made out in the dark.",
    ],
)
def test_privacy_and_files_that_are_seen(text: str) -> None:
    assert refused(text) is None
    assert refused("I'm unable to talk right now", shown=True) is None


def test_a_field_in_the_first_person() -> None:
    check(judged(then("I have limits when it comes to faces.")), "refusal", "dense refuses")
    check(judged(then("I would say that it is a lake.")), "talk")
    assert refused("I've looked at all of them. Here is the caption.") is None
