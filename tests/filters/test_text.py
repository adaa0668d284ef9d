"""The share of the picture that text covers, on rendered words of known place and on real footage."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

import filters.text as text
from curate.picture_rows import Box
from curate.plugins import SampledClip, SampledFrame, Score
from filters.text import Line, Text, clean, covered, joined, required

Picture = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def model() -> Any:
    return Text().load()


def clip(pictures: Sequence[Picture], bars: float = 0.0) -> SampledClip:
    """A clip of these RGB pictures; `bars`: share of the height that each of two bars takes."""
    one = np.full(4, bars)
    none = np.zeros(4)
    picture = {"border_left": none, "border_right": none, "border_top": one, "border_bottom": one}
    frames = [SampledFrame(k, float(k), image) for k, image in enumerate(pictures)]
    return SampledClip({}, {}, {"picture": {**picture, "border_luma": none}}, frames)


def measure(model: Any, pictures: Sequence[Picture], bars: float = 0.0, **options: Any) -> Score:
    (found,) = Text(**options).measure(model, [clip(pictures, bars)])
    assert not isinstance(found, Exception), found
    return found


def texture(width: int = 796, height: int = 448, seed: int = 0) -> Picture:
    """Soft shapes in many colours: a scene without text."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (9, 16, 3), dtype=np.uint8)
    return np.ascontiguousarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def written(
    words: str, at: tuple[float, float], size: int, colour: tuple[int, int, int] = (255, 255, 255)
) -> tuple[Picture, float]:
    """A texture with words `size` pixels high whose baseline starts at `at` (shares of width and height), and
    the share of the picture that the rectangle around the ink covers."""
    plain = texture()
    height, width = plain.shape[:2]
    scale = size / cv2.getTextSize("H", cv2.FONT_HERSHEY_DUPLEX, 1, 1)[0][1]
    place = (round(at[0] * width), round(at[1] * height))
    args = (words, place, cv2.FONT_HERSHEY_DUPLEX, scale, colour, max(1, size // 10), cv2.LINE_AA)
    drawn = cv2.putText(plain.copy(), *args)
    rows, columns = np.nonzero((drawn != plain).any(axis=2))
    return drawn, (np.ptp(rows) + 1) * (np.ptp(columns) + 1) / (width * height)


@pytest.mark.parametrize(
    ("words", "at", "size", "colour"),
    [
        ("BREAKING NEWS TODAY", (0.10, 0.30), 60, (255, 255, 255)),
        ("Subtitles at the bottom", (0.25, 0.95), 24, (255, 240, 60)),
        ("WATERMARK", (0.70, 0.10), 30, (210, 210, 210)),
        ("fine print 2026", (0.05, 0.60), 18, (10, 10, 10)),
    ],
)
def test_rendered_words_are_read_and_their_share_is_that_of_the_ink(
    model: Any, words: str, at: tuple[float, float], size: int, colour: tuple[int, int, int]
) -> None:
    drawn, ink = written(words, at, size, colour)
    found = measure(model, [drawn])
    # The last letter of a line may lie on the edge of its box.
    assert SequenceMatcher(None, str(found["words"]), words).ratio() >= 0.9
    assert found["lines"] == 1
    assert found["confidence"] is not None
    assert float(found["confidence"]) > 0.9
    # A box has a margin about the ink: of a fixed share of its height, so small boxes grow most.
    assert ink <= float(found["score"] or 0) <= 2.2 * ink


def test_score_is_of_the_worst_frame_and_mean_of_all(model: Any) -> None:
    drawn, _ = written("THE END OF IT", (0.2, 0.5), 50)
    all_of_it = measure(model, [drawn] * 3)
    once = measure(model, [texture(), texture(seed=1), drawn])
    assert once["score"] == all_of_it["score"] == all_of_it["mean"]
    assert once["mean"] == pytest.approx(float(once["score"] or 0) / 3)
    assert once["words"] == all_of_it["words"] == "THE END OF IT"


def test_text_that_moves_is_found_in_every_frame_and_told_once(model: Any) -> None:
    pictures = [written("CREDITS ROLL", (0.3, y), 30)[0] for y in (0.9, 0.55, 0.2)]
    found = measure(model, pictures)
    assert found["words"] == "CREDITS ROLL"
    assert found["mean"] == pytest.approx(float(found["score"] or 0), rel=0.15)


def test_a_sign_on_its_side_is_read(model: Any) -> None:
    drawn, _ = written("STATION HOTEL", (0.2, 0.5), 40)
    found = measure(model, [np.ascontiguousarray(np.rot90(drawn))])
    assert found["lines"] == 1
    assert float(found["score"] or 0) > 0.02


def test_the_same_picture_has_the_same_share_at_another_size_and_between_bars(model: Any) -> None:
    drawn, _ = written("Subtitles at the bottom", (0.25, 0.9), 32)
    plain = float(measure(model, [drawn])["score"] or 0)
    larger = cv2.resize(drawn, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    barred = cv2.copyMakeBorder(drawn, 64, 64, 0, 0, cv2.BORDER_CONSTANT)
    assert measure(model, [larger])["score"] == pytest.approx(plain, rel=0.2)
    assert measure(model, [barred], bars=64 / 576)["score"] == pytest.approx(plain, rel=0.2)
    # Looked at whole, the same lines are a smaller share.
    assert float(measure(model, [barred])["score"] or 0) < 0.9 * plain


def bars_of(step: int, axis: int) -> Picture:
    image = texture()
    lines = np.arange(image.shape[axis]) % step < step // 3
    image[lines if axis == 0 else (slice(None), lines)] //= 3
    return image


def noise() -> Picture:
    return np.random.default_rng(3).integers(0, 256, (448, 796, 3), dtype=np.uint8)


def windows() -> Picture:
    image = texture(seed=4)
    for x in range(30, 780, 60):
        for y in range(30, 430, 70):
            cv2.rectangle(image, (x, y), (x + 30, y + 45), (250, 240, 170), -1)
    return image


@pytest.mark.parametrize(
    "make",
    [texture, noise, windows, lambda: bars_of(24, 0), lambda: bars_of(24, 1), lambda: bars_of(9, 1),
     lambda: np.zeros((448, 796, 3), np.uint8), lambda: texture(40, 24)],
)  # fmt: skip
def test_textures_have_no_text(model: Any, make: Callable[[], Picture]) -> None:
    found = measure(model, [make()])
    assert found == {"score": 0.0, "mean": 0.0, "lines": 0, "confidence": None, "words": ""}


def test_a_batch_gives_what_each_clip_gives_alone_and_a_bad_clip_fails_alone(model: Any) -> None:
    first, second = (clip([written(words, (0.2, 0.5), 40)[0]]) for words in ("FIRST ONE", "SECOND ONE"))
    bad = clip([np.zeros((0, 0, 3), np.uint8)])
    filter_ = Text()
    found = filter_.measure(model, [first, bad, second])
    assert isinstance(found[1], Exception)
    assert [found[0]] == list(filter_.measure(model, [first]))
    assert [found[2]] == list(filter_.measure(model, [second]))
    assert not isinstance(found[2], Exception)
    assert found[2]["words"] == "SECOND ONE"


def test_recognition_runs_only_where_the_detector_found_something(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, _ = written("ONE LINE", (0.2, 0.5), 40)
    asked: list[int] = []
    real = model.recognize_txt
    monkeypatch.setattr(model, "recognize_txt", lambda crops: asked.append(len(crops)) or real(crops))
    measure(model, [np.full_like(drawn, 90), drawn, np.zeros_like(drawn)])
    assert asked == [1]


def test_overlaps_count_once_and_bars_are_no_picture() -> None:
    half = np.array([[0, 0], [99, 0], [99, 49], [0, 49]], np.float32)
    lines = [Line("a", 1, 1, half), Line("b", 1, 1, half)]
    assert covered(lines, (100, 100), Box()) == pytest.approx(0.5)
    assert covered(lines, (100, 100), Box(bottom=0.2)) == pytest.approx(0.5 / 0.8)
    assert covered(lines, (100, 100), Box(left=0.4, bottom=0.4)) == 1.0


def test_a_shorter_line_needs_more() -> None:
    assert [required(0.7, words) for words in ("word", "a longer line")] == [0.7, 0.7]
    assert required(0.7, "abc") == pytest.approx(0.83125)
    assert required(0.7, "a:1") == required(0.7, "字2") == pytest.approx(0.925)
    assert required(0.7, "8") == pytest.approx(0.98125)
    assert required(0.7, "... —") > 1
    assert required(0.7, "2222222") == required(0.7, "8")
    assert required(0.7, "AaAa") == required(0.7, "8")
    assert required(0.7, "BUNKY", detected=0.92) == pytest.approx(0.35)
    assert required(0.7, "LA", detected=0.92) == required(0.7, "LA")


def test_words_are_plain_lines_of_bounded_length() -> None:
    assert clean("a\x1b[31m\u202eb\r\n\tc \x00d\ue000") == "a[31mb c d"
    assert len(clean("x" * 5000)) == 200
    assert joined(["b", "a", "b"]) == "b\na"
    long = joined([f"{k:03d}" + "x" * 197 for k in range(50)])
    assert len(long) <= 2000
    assert long.split("\n")[-1] == "008" + "x" * 197


def test_nothing_is_looked_up_on_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    drawn, _ = written("OFFLINE WORDS", (0.2, 0.5), 40)
    assert measure(Text().load(), [drawn])["words"] == "OFFLINE WORDS"


def test_what_is_not_installed_is_named_with_what_to_type(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Text().check()
    monkeypatch.setattr(text, "MODELS", {"Det.model_path": "PP-OCRv9.onnx"})
    with pytest.raises(ValueError, match=r"PP-OCRv9\.onnx is not in .*type `pip install"):
        Text().check()
    monkeypatch.setattr(text, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"needs the package rapidocr.*type `pip install"):
        Text().check()


def test_importing_the_filter_loads_no_engine() -> None:
    code = "import sys, json, filters.text; print(json.dumps([m in sys.modules for m in sys.argv[1:]]))"
    said = subprocess.run(
        [sys.executable, "-c", code, "rapidocr", "onnxruntime"], check=True, capture_output=True, text=True
    ).stdout
    assert json.loads(said) == [False, False]


def looked_at(path: Path, seconds: Sequence[float]) -> Iterator[Picture]:
    """The first frames from each of `seconds` on (of the file's start), at 448 on the shorter side."""
    with av.open(path) as container:
        wanted, start = list(seconds), None
        for frame in container.decode(video=0):
            now = float(frame.pts * frame.time_base)
            start = now if start is None else start
            if now - start < wanted[0]:
                continue
            image = frame.to_ndarray(format="rgb24")
            scale = min(1.0, 448 / min(image.shape[:2]))
            yield cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            wanted.pop(0)
            if not wanted:
                return


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "seconds", "words", "low", "high"),
    [
        ("ae__example.mp4", (2, 4), "01:00:0", 0.03, 0.06),
        ("ffpy__in.mp4", (0,), "8", 0.2, 0.5),
        ("psd__testvideo.mp4", (2,), "www.bcastell.com", 0.045, 0.08),
        ("psd__goldeneye-vfr-drop3.mp4", (1,), "PREFS", 0.01, 0.08),
        ("mma__test1_demo.mp4", (3,), "sanding", 0.005, 0.02),
        ("v2d__test_video.mp4", (1,), "LAION-400M", 0.05, 0.2),
    ],
)
def test_text_in_real_footage(
    real_videos: Path, model: Any, name: str, seconds: Sequence[float], words: str, low: float, high: float
) -> None:
    found = measure(model, list(looked_at(real_videos / name, seconds)))
    assert words in str(found["words"])
    assert low <= float(found["score"] or 0) <= high


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("aa__yoga.mp4", (3,)), ("decord__flipping_a_pancake.mkv", (3,)), ("dj__video11.mp4", (1, 4)),
        ("mma__test.mp4", (2,)), ("mpy__test_video.mp4", (1, 8, 12)), ("osp__origin_video_0.mp4", (1,)),
        ("skv__bigbuckbunny.mp4", (2,)), ("skv__carphone_pristine.mp4", (1,)),
    ],
)  # fmt: skip
def test_real_footage_without_text(
    real_videos: Path, model: Any, name: str, seconds: Sequence[float]
) -> None:
    found = measure(model, list(looked_at(real_videos / name, seconds)))
    assert (found["score"], found["words"]) == (0.0, "")
