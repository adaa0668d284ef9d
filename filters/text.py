"""How much of the picture is covered by text, and which words: overlays, titles, signs, screens."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import sqrt
from pathlib import Path
from typing import Annotated, Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from curate.picture_rows import Box, inner_box
from curate.plugins import Bounds, FrameFilter, SampledClip, Sampling, Score

Picture = npt.NDArray[np.uint8]

MODELS = {"Det.model_path": "PP-OCRv6_det_small.onnx", "Rec.model_path": "PP-OCRv6_rec_small.onnx"}
"""Option of rapidocr -> file in its wheel. Named by path, they are never looked up and never downloaded."""
GRID = 32
"""The detector's input is a multiple of this in both directions."""
MOST_LINES = 64
"""Boxes of a frame that are read, the largest first: a full page costs no more than this."""
MOST_WORDS = 2000
"""Characters that are kept of a clip's words, and a tenth of it of one line: a wall of text is no reason for
a table row of a megabyte."""
CHARACTERS = 4
"""Different letters and digits from which on a line needs no more than `confidence` (see `required`)."""
SURE = 0.9
"""Mean probability of text within a box from which on the detector itself is a witness. Boxes around what is
no text had at most 0.86 in real footage; large titles have 0.9 to 0.95."""


@dataclass(frozen=True)
class Line:
    """A line of text in a frame."""

    words: str
    confidence: float
    """Mean probability of its characters, 0 to 1."""
    detected: float
    """Mean probability that the detector gives its box, 0 to 1."""
    corners: npt.NDArray[np.float32]
    """(4, 2) x and y in pixels of the frame, clockwise."""


class Text(FrameFilter):
    """Score: share (0 to 1) of the picture that lines of text cover, in the frame where they cover most.

    Lines are boxes around the glyphs with the detector's margin (about a fifth of the height on each side),
    told to a pixel or two of the searched picture, which is a tenth to a fifth of a small line's share; where
    they overlap they count once. Bars of a letterbox are no picture, so a film has the same score with
    and without them; what is written in the bars counts all the same. `mean` is the share in the mean over
    the looked-at frames: an overlay that stays has a mean near its score, a title that comes and goes has
    not. The score is of the worst frame, since one title is enough to teach a model to write it.

    A detector alone also finds fences, windows and leaves. A box counts when the recogniser reads letters or
    digits in it with a probability of `confidence`, and a shorter line needs more (`required`): chance makes
    a letter of a bright shape easily, and a word hardly ever. Titles in a face that is hard to read need half
    of it where the detector is certain.

    Text is found upright, and on its side; upside down and mirrored it is not. Letters need about 12 pixels
    of the detector's picture (1/20 of the height of a 16:9 one); finer print asks for more `pixels`. Latin
    and Chinese script are read, digits and signs; other scripts are found and then not confirmed.

    Columns: `mean`; `lines`, the most in one frame; `confidence`, the mean of the lines', NULL where there
    are none; `words`, the different lines one below the other, without control characters and at most 2000
    characters."""

    VERSION: ClassVar[int] = 1
    READS: ClassVar[tuple[str, ...]] = ("picture",)
    COLUMNS: ClassVar[dict[str, type]] = {"mean": float, "lines": int, "confidence": float, "words": str}
    UNITS: ClassVar[dict[str, str]] = {
        "score": "share of the picture, worst frame",
        "mean": "share of the picture",
        "lines": "lines of text, most in one frame",
        "confidence": "mean probability of a character",
    }
    PUBLISHED: ClassVar[tuple[str, ...]] = (
        "UltraVideo: a frame is bad above 0.02 of its area, a clip with more than 5 % such frames is dropped",
        "Open-Sora-Plan 1.3: at most 0.20 of the picture cropped away for text",
        "Open-Sora 2.0: dropped for text that is read with a confidence above 0.7",
        "Movie Gen: text score below 0.6 (of its own model)",
    )
    COST: ClassVar[str] = (
        "92 ms of one core per clip to search 3 frames and 176 ms to read what was found, in the mean of 86 "
        "clips of public test footage, on a busy machine"
    )
    BATCH: ClassVar[int] = 16

    frames: Annotated[int, Field(ge=1, le=64)] = 3
    """Frames that are looked at, evenly spread. Two missed titles that fade in near a clip's end."""
    pixels: Annotated[int, Field(ge=10_000, le=4_000_000)] = 90_000
    """Size of the picture that is searched, as an area (90,000 is 400x225), so that a frame of any aspect
    costs the same; smaller frames are not enlarged. Stored frames have 360,000 (448 on the shorter side)."""
    confidence: Annotated[float, Field(gt=0, le=1)] = 0.7
    """A line counts when it is read with at least this mean probability. 0.7 is Open-Sora 2.0's."""

    def sampling(self) -> Sampling:
        return Sampling(frames=self.frames)

    def check(self) -> None:
        models()

    def load(self) -> Any:
        """The recogniser, on one thread: the parallelism goes across actors."""
        from rapidocr import RapidOCR

        cv2.setNumThreads(1)
        return RapidOCR(
            params={
                **models(),
                "Global.log_level": "critical",
                "Global.max_side_len": 100_000,  # sizes are ours
                "Global.text_score": 0.0,  # so is the decision
                "Det.limit_type": "max",
                "Det.limit_side_len": 100_000,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def measure(self, model: Any, clips: Sequence[SampledClip]) -> Sequence[Score | Exception]:
        found: list[Score | Exception] = []
        for clip in clips:
            try:
                found.append(self._clip(model, clip))
            except Exception as error:  # a picture that the engine refuses fails its clip alone
                found.append(error)
        return found

    def _clip(self, model: Any, clip: SampledClip) -> Score:
        box = inner_box(clip.signals["picture"])
        shares: list[float] = []
        seen: list[list[Line]] = []
        for frame in clip.frames:
            bgr: Picture = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR)
            lines = [
                line
                for line in read(model, bgr, *detect(model, bgr, self.pixels, box))
                if line.confidence >= required(self.confidence, line.words, line.detected)
            ]
            shares.append(covered(lines, bgr.shape[:2], box))
            seen.append(lines)
        every = [line for lines in seen for line in lines]
        return {
            "score": max(shares),
            "mean": float(np.mean(shares)),
            "lines": max(len(lines) for lines in seen),
            "confidence": float(np.mean([line.confidence for line in every])) if every else None,
            "words": joined([line.words for line in every]),
        }

    def bounds(self, longest_clip: float) -> Bounds:
        return {
            "score": (0, 1),
            "mean": (0, 1),
            "lines": (0, MOST_LINES),
            "confidence": (self.confidence / 2, 1),
        }


def models() -> dict[str, str]:
    """Paths of the models in rapidocr's wheel; ValueError with what to type where they are not there."""
    again = "type `pip install --force-reinstall curate` in its environment"
    for package in ("rapidocr", "onnxruntime"):
        if find_spec(package) is None:
            raise ValueError(f"the filter text needs the package {package}, which is not installed: {again}")
    spec = find_spec("rapidocr")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "models"
    missing = [name for name in MODELS.values() if not (folder / name).is_file()]
    if missing:
        raise ValueError(f"rapidocr's {missing[0]} is not in {folder}, where its 3.10 has it: {again}")
    return {option: str(folder / name) for option, name in MODELS.items()}


def detect(model: Any, bgr: Picture, pixels: int, box: Box) -> tuple[npt.NDArray[np.float32], list[float]]:
    """Corners (n, 4, 2), in pixels of the frame, of what looks like lines of text, and how likely it is:
    the largest MOST_LINES.

    The picture inside `box` is searched at an area of `pixels`, and the bars with it, up to twice as much.
    """
    height, width = bgr.shape[:2]
    inner = max(box.width * box.height, 0.5) * width * height
    scale = min(1.0, sqrt(pixels / inner))
    size = tuple(max(GRID, round(side * scale / GRID) * GRID) for side in (width, height))
    small = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    # All the flags, each time: what an earlier call said stays with the engine.
    found = model(small, use_det=True, use_cls=False, use_rec=False)
    if found.boxes is None or not len(found.boxes):
        return np.zeros((0, 4, 2), np.float32), []
    corners = np.asarray(found.boxes, np.float32) * np.array([width / size[0], height / size[1]], np.float32)
    sides = [(np.linalg.norm(c[1] - c[0]), np.linalg.norm(c[3] - c[0])) for c in corners]
    order = sorted(
        (i for i, (w, h) in enumerate(sides) if min(w, h) >= 2), key=lambda i: -sides[i][0] * sides[i][1]
    )
    kept = sorted(order[:MOST_LINES])
    return corners[kept], [float(found.scores[i]) for i in kept]


def read(model: Any, bgr: Picture, corners: npt.NDArray[np.float32], detected: Sequence[float]) -> list[Line]:
    """What is written at `corners`, read from the frame as it is stored."""
    if not len(corners):
        return []
    found = model.recognize_txt(model.crop_text_regions(bgr, corners))
    return [
        Line(clean(words), float(score), likely, at)
        for words, score, likely, at in zip(found.txts, found.scores, detected, corners, strict=True)
    ]


def required(confidence: float, words: str, detected: float = 0.0) -> float:
    """The confidence that a line needs: 1 - (1 - confidence) (n / 4)², n <= 4 different letters and digits.

    A line's confidence is the mean over its characters, and the fewer those are, the more of the lines that
    are none come out high by chance. With 0.7: 0.98 for one character, 0.93 for two, 0.83 for three. In real
    footage without text, boxes around shapes were read as one character with up to 0.92 and as two with up
    to 0.89, and never as four with 0.7. Different ones, since a fence or a row of tiles is read as the same
    sign several times over. Four and more need half where the detector is certain (`SURE`). Above
    1 without any letter or digit: never."""
    count = min(len({sign for sign in words.casefold() if sign.isalnum()}), CHARACTERS)
    if count == CHARACTERS and detected >= SURE:
        return confidence / 2
    return 1 - (1 - confidence) * (count / CHARACTERS) ** 2 if count else 2.0


def covered(lines: Sequence[Line], shape: tuple[int, ...], box: Box) -> float:
    """Share of the picture inside `box` that the lines cover, at most 1; overlaps count once."""
    mask = np.zeros(shape, np.uint8)
    for line in lines:
        cv2.fillPoly(mask, [np.round(line.corners).astype(np.int32)], 1)
    return min(1.0, float(mask.mean(dtype=np.float64)) / (box.width * box.height))


def clean(words: str) -> str:
    """One line without control, format and unassigned characters, at most MOST_WORDS / 10 long."""
    plain = "".join(" " if sign.isspace() else sign for sign in words)
    plain = "".join(sign for sign in plain if not unicodedata.category(sign).startswith("C"))
    return " ".join(plain.split())[: MOST_WORDS // 10]


def joined(lines: Sequence[str]) -> str:
    """The different lines in the order in which they came, whole ones, at most MOST_WORDS characters."""
    kept: list[str] = []
    room = MOST_WORDS
    for line in dict.fromkeys(lines):
        if len(line) + 1 > room:
            break
        kept.append(line)
        room -= len(line) + 1
    return "\n".join(kept)
