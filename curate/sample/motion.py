"""Clips of a disc that moves: `curate sample DIR --kind motion`. Small enough to train a model on one CPU.

Six colours, four directions. One direction of each colour is withheld: those clips are in a list of their
own, so that a model trained on the others can be asked for a pair that it never saw. The captions stand in
the lists' column `caption`. `measure` says what a clip shows, by its pixels alone."""

import csv
import hashlib
import io
import itertools
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from curate.sample.files import replace, written

VERSION = 2
"""Counts up whenever the files change."""

SIDE = 64
FRAMES = 17
FPS = 8
"""17 frames of 64x64 at 8 frames per second: 80 tokens at strides of 4x8x8 and a patch of 2, and 2.1 seconds,
which the demo's rule on length lets pass."""

ON, OFF = 255, 64
GROUND = (OFF - 8, OFF + 8)
"""The ground is about as dark as the dark channels of a disc. So every disc is brighter than the ground, and
in no channel darker: where the disc is can be told without its colour, as of most things that move."""
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (ON, OFF, OFF), "green": (OFF, ON, OFF), "blue": (OFF, OFF, ON),
    "yellow": (ON, ON, OFF), "magenta": (ON, OFF, ON), "cyan": (OFF, ON, ON),
}  # fmt: skip
"""RGB."""

DIRECTIONS: dict[str, tuple[int, int]] = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
"""(x, y), y downwards."""

WITHHELD: frozenset[tuple[str, str]] = frozenset(
    (colour, direction) for colour, direction in zip(COLOURS, itertools.cycle(DIRECTIONS), strict=False)
)
"""One direction of each colour."""

TRAIN_LIST, WITHHELD_LIST = "train.csv", "withheld.csv"

U8 = npt.NDArray[np.uint8]


def caption(colour: str, direction: str) -> str:
    """What is said of a clip."""
    where = {"left": "to the left", "right": "to the right"}.get(direction, direction)
    return f"a {colour} ball moves {where}"


@dataclass(frozen=True, slots=True)
class Motion:
    """One clip: a disc of `radius` pixels whose centre goes from `start` to `end`, (x, y), before a grey
    ground."""

    colour: str
    direction: str
    radius: float
    start: tuple[float, float]
    end: tuple[float, float]
    ground: int

    @property
    def withheld(self) -> bool:
        return (self.colour, self.direction) in WITHHELD


def motions(count: int, seed: int = 0) -> list[Motion]:
    """`count` clips, all pairs equally often (but for the remainder), places and sizes by chance."""
    pairs = list(itertools.product(COLOURS, DIRECTIONS))
    rng = np.random.default_rng([seed, VERSION])
    return [_motion(*pairs[number % len(pairs)], rng) for number in range(count)]


def _motion(colour: str, direction: str, rng: np.random.Generator) -> Motion:
    radius = rng.uniform(8, 12)
    way = rng.uniform(20, SIDE - 2 * radius)  # the disc stays within the picture
    along = np.array(DIRECTIONS[direction], float)
    half = way / 2 * np.abs(along)
    middle = rng.uniform(radius + half, SIDE - radius - half)
    start, end = middle - way / 2 * along, middle + way / 2 * along
    return Motion(
        colour, direction, round(float(radius), 3), _point(start), _point(end), int(rng.integers(112, 145))
    )


def _point(at: npt.NDArray[np.float64]) -> tuple[float, float]:
    return round(float(at[0]), 3), round(float(at[1]), 3)


def draw(motion: Motion) -> U8:
    """uint8 RGB (FRAMES, SIDE, SIDE, 3)."""
    frames = np.full((FRAMES, SIDE, SIDE, 3), motion.ground, np.uint8)
    unit = 16  # OpenCV's fixed point: sixteenths of a pixel
    for k, frame in enumerate(frames):
        x, y = (a + (b - a) * k / (FRAMES - 1) for a, b in zip(motion.start, motion.end, strict=True))
        centre = round((x - 0.5) * unit), round((y - 0.5) * unit)
        cv2.circle(
            frame, centre, round(motion.radius * unit), COLOURS[motion.colour], -1, cv2.LINE_AA, shift=4
        )
    return frames


def make_motion(folder: str | Path, count: int = 400, seed: int = 0) -> list[Path]:
    """Write `count` clips, their lists and `answers.json` into `folder`; the clips' paths.

    The same arguments give the same bytes, and files that are there unchanged stay as they are. Raises
    ValueError if `folder` is a file or `count` is below 1.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; name a folder for the sample videos.")
    if count < 1:
        raise ValueError(f"--n {count} makes no clip: give 1 or more.")
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    made = motions(count, seed)
    names = [f"clips/{number:05d}.mp4" for number in range(count)]
    with ThreadPoolExecutor(2) as pool:
        contents = list(pool.map(lambda pair: _encoded(folder, *pair), zip(names, made, strict=True)))
    for name, content in zip(names, contents, strict=True):
        replace(folder / name, content)
    both = list(zip(names, made, strict=True))
    replace(folder / TRAIN_LIST, _list([pair for pair in both if not pair[1].withheld]))
    replace(folder / WITHHELD_LIST, _list([pair for pair in both if pair[1].withheld]))
    replace(folder / "answers.json", _answers(both, contents))
    return [folder / name for name in names]


def _list(clips: Sequence[tuple[str, Motion]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["uri", "caption"])
    writer.writerows([name, caption(motion.colour, motion.direction)] for name, motion in clips)
    return text.getvalue().encode()


def _answers(clips: Sequence[tuple[str, Motion]], contents: Sequence[bytes]) -> bytes:
    answers = {
        "version": VERSION,
        "licence": "CC0-1.0",
        "about": "Made by `curate sample --kind motion`: no footage, no rights, free for any use.",
        "units": {
            "radius": "pixels",
            "start": "centre of the disc in the first frame, (x, y) in pixels from the upper left corner",
            "end": "the same in the last frame",
            "ground": "grey level, 0 to 255",
        },
        "withheld": sorted([list(pair) for pair in WITHHELD]),
        "files": {
            name: {
                "caption": caption(motion.colour, motion.direction), "colour": motion.colour,
                "direction": motion.direction, "withheld": motion.withheld, "radius": motion.radius,
                "start": motion.start, "end": motion.end, "ground": motion.ground,
                "frames": FRAMES, "fps": FPS, "width": SIDE, "height": SIDE,
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            for (name, motion), content in zip(clips, contents, strict=True)
        },
    }  # fmt: skip
    return json.dumps(answers, indent=1).encode() + b"\n"


def _encoded(folder: Path, name: str, motion: Motion) -> bytes:
    return written(folder, name.replace("/", "-"), lambda path: _write(path, draw(motion)))


def _write(path: Path, frames: U8) -> None:
    """H.264, of high quality: chroma has half the resolution, and the discs are small."""
    options = {"preset": "veryfast", "crf": "12", "g": "60", "x264-params": "cpu-independent=1"}
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=FPS, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        context = stream.codec_context
        context.thread_count, context.time_base = 1, Fraction(1, FPS)
        context.colorspace = context.color_primaries = context.color_trc = 1
        context.color_range = 1
        reformatter = VideoReformatter()
        for k, picture in enumerate(frames):
            frame = reformatter.reformat(
                VideoFrame.from_ndarray(picture, format="rgb24"), format="yuv420p",
                dst_colorspace=Colorspace.ITU709, dst_color_range=1, threads=1,
                interpolation=Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.BITEXACT,
            )  # fmt: skip
            frame.colorspace = frame.color_range = 1
            frame.pts, frame.time_base = k, context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


# -- what a clip shows ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found in a clip; None where there is no disc, or none that moves."""

    colour: str | None
    direction: str | None
    way: tuple[float, float]
    """How far the disc went, (x, y), as shares of the picture's sides."""


LEAST_CONTRAST = 40.0
"""Sum over the channels of the difference from the ground, of 255 each, from which something is a disc."""
LEAST_WAY = 0.08
"""The least share of a side that a moving disc goes; the sample's go a third of it and more."""


def _way_to(colour: str) -> npt.NDArray[np.float64]:
    """From the ground to a colour: a unit vector, RGB."""
    way = np.array(COLOURS[colour], np.float64) - OFF
    length = float(np.linalg.norm(way))
    return way / length


def measure(frames: U8) -> Measured:
    """The colour and direction of the disc in uint8 RGB (T, H, W, 3).

    The ground is the median of the picture, the disc what differs from it. Its colour is the one in whose
    direction it differs; its way is the slope of a line through its centres.
    """
    pixels = frames.astype(np.float32)
    ground = np.median(pixels, axis=(1, 2), keepdims=True)
    contrast = np.abs(pixels - ground).sum(-1)
    peak = np.percentile(contrast, 99)
    weight = np.where(contrast > max(LEAST_CONTRAST, peak / 2), contrast, 0).astype(np.float64)
    seen = weight.sum(axis=(1, 2)) > 0
    if seen.sum() < 2:
        return Measured(None, None, (0.0, 0.0))
    difference = ((pixels - ground) * weight[..., None]).sum(axis=(0, 1, 2))
    colour = max(COLOURS, key=lambda name: float(difference @ _way_to(name)))
    height, width = frames.shape[1:3]
    mass = weight.sum(axis=(1, 2))[seen]
    xs = (weight.sum(axis=1)[seen] @ np.arange(width)) / mass / width
    ys = (weight.sum(axis=2)[seen] @ np.arange(height)) / mass / height
    at = np.flatnonzero(seen)
    way = tuple(float(np.polyfit(at, centre, 1)[0] * (len(frames) - 1)) for centre in (xs, ys))
    x, y = way
    if max(abs(x), abs(y)) < LEAST_WAY:
        return Measured(colour, None, (x, y))
    if abs(x) >= abs(y):
        return Measured(colour, "right" if x > 0 else "left", (x, y))
    return Measured(colour, "down" if y > 0 else "up", (x, y))
