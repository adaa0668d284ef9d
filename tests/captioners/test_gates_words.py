"""What is cleaned, and the gates on words, repetition and language."""

import pytest

from captioners._gates.repeats import in_a_row, phrases
from captioners.gates import clean
from tests.captioners.gate_cases import GOOD, WALK, check, judged, of, then

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
    ("Of course. Here is a caption: A man walks.", "A man walks."),
    ("**Summary:** A man walks.", "A man walks."),
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
        ("A woman types in a café. The woman is typing in the café. A tram passes outside. In the café, the "
         "woman types.", "comes 3 times in other words"),
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
        "Un cocinero con gorra lifts a lid y la olla empieza a humear, first a little, luego mucho, while "
        "sus amigos taste el caldo and laugh por la noche.",
        "Ek ladka cycle par baitha hai aur apne dost ke saath park mein ghoom raha hai, and the two of them "
        "laugh jabki uske peeche ek kutta daud raha hai.",
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


def test_two_words_may_be_a_name() -> None:
    counted = "Twelve bottles are filled, twelve bottles are capped, and twelve bottles get a label. "
    check(judged(of(f"{counted} The next twelve bottles move up to a man at a belt.")), None)
    check(judged(of(counted + counted.replace("get a label", "are packed"))), "repetition")


EMPTY = (
    "The overall composition is visually engaging, with a variety of different elements that contribute to a "
    "unique atmosphere, and each aspect adds depth, emotion and a certain something to the whole experience."
)


def test_words_that_say_nothing() -> None:
    said = {"subject": "a pond", "action": "ripples spread", "background": "trees", "dense": EMPTY}
    check(judged(said), "words", "says nothing")
    assert "words" not in dict(judged({**said, "dense": f"{EMPTY} Ripples spread on a pond."}).faults)


def test_a_name_may_come_as_often_as_somebody_acts() -> None:
    cards = (
        "The boy with the green cap throws a card on the carpet. The boy with the white cap counts "
        "his and sighs. The boy with the green cap draws two more from the pile. At last the "
        "boy with the white cap gives up, and the boy with the green cap grins."
    )
    named = {"subject": "a boy with a green cap and a boy with a white cap", "dense": cards}
    assert "repetition" not in dict(judged(named).faults)
    check(judged(then("She sings on the bench. " + "She hums to the dog. " * 2)), "repetition")


def test_one_after_another_is_no_loop() -> None:
    assert (
        in_a_row("dense", "A tile knocks down the next, then the next, then the next, and a bell rings.")
        is None
    )
    assert in_a_row("dense", "A tile falls, " + "then the next, " * 7 + "and a bell rings.")
    assert in_a_row(
        "dense", "A tile falls, then the next, then the next, then the next. Go on, go on, go on!"
    )
