"""The alarm of a run whose captions are all alike."""

from curate import clips
from curate.collapse import FEWEST, alarm

SAME = "A person stands in a room and looks out while the light stays as it is and nothing moves at all."
WORDS = (
    "red green blue old young small tall dark bright slow quick wet dry warm cold near far soft hard round"
)


def distinct(number: int) -> str:
    """A text that shares hardly four words in a row with the others."""
    order = sorted(WORDS.split(), key=lambda word: clips.digest(word.encode(), str(number).encode()))
    return " ".join(order)


def texts(same: int, other: int, videos: int) -> dict[bytes, tuple[bytes, str]]:
    """`same` clips with one caption and `other` with their own, over so many videos."""
    said = [SAME] * same + [distinct(number) for number in range(other)]
    return {
        clips.digest(b"clip", str(number).encode()): (str(number % videos).encode(), text)
        for number, text in enumerate(said)
    }


def test_distinct_captions_raise_none() -> None:
    assert alarm(texts(0, 100, 10)) is None


def test_a_collapsed_model_is_told_with_its_share_and_words() -> None:
    said = alarm(texts(60, 40, 10))
    assert said is not None
    assert said.startswith(
        "60% of the captions are near-identical to that of another video, such as “A person"
    )
    assert "curate captions" in said


def test_some_alike_are_no_alarm_and_a_tenth_is() -> None:
    assert alarm(texts(9, 91, 10)) is None
    assert alarm(texts(10, 90, 10)) is not None


def test_within_one_video_half_of_them_have_to_be_alike() -> None:
    assert alarm(texts(49, 51, 1)) is None
    said = alarm(texts(50, 50, 1))
    assert said is not None
    assert said.startswith("50% of the captions are near-identical to that of another clip")


def test_of_a_few_captions_nothing_is_said() -> None:
    assert alarm(texts(FEWEST - 1, 0, 3)) is None
    assert alarm(texts(FEWEST, 0, 3)) is not None


def test_a_long_caption_is_shortened() -> None:
    long = {clip: (video, text * 20) for clip, (video, text) in texts(20, 0, 4).items()}
    said = alarm(long)
    assert said is not None
    assert len(said) < 400
    assert "…" in said
