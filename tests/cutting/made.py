"""Footage whose cuts, fades and dissolves are known because it is made here, frame by frame.

Each kind is a function of a random generator and a source of shots: drawn worlds (`Drawn`), or pieces of real
single takes. The kinds were written down before the detector `shots` was.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any, Protocol

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame

from curate.signals.content import Content
from curate.signals.thumbs import thumb
from curate.signals.transnet import shrunk
from curate.signals.view import FrameView

Random = np.random.Generator
SIZES = ((256, 144), (256, 192), (256, 108), (144, 256))


@dataclass(frozen=True)
class Clip:
    """Frames uint8 (n, h, w, 3) BGR, 25 per second, and the answers as frame indexes."""

    frames: np.ndarray
    cuts: list[int] = field(default_factory=list)
    gradual: list[tuple[int, int]] = field(default_factory=list)
    """[first, end) of frames that are a mixture or a hold."""

    def checked(self) -> dict[str, Any]:
        """As in cuts.json, for `score`."""
        gradual = [[first, end - 1] for first, end in self.gradual]
        return {"hard_cuts": self.cuts, "gradual": gradual, "tolerate": [], "exhaustive": True}


class Source(Protocol):
    """Where shots come from."""

    def shot(self, rng: Random, size: tuple[int, int], frames: int) -> np.ndarray:
        """An unbroken take of that size (width, height), unlike the one before."""


def texture(rng: Random, height: int, width: int, contrast: float = 1.0, grain: int = 8) -> np.ndarray:
    """A world: blotches of three sizes in random colours."""
    world = np.zeros((height, width, 3), np.float32)
    for cell, weight in ((grain * 4, 0.5), (grain, 0.35), (max(1, grain // 4), 0.15)):
        coarse = rng.random((max(2, height // cell), max(2, width // cell), 3)).astype(np.float32)
        world += weight * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    world = (world - world.mean()) / world.std() * 45 * contrast + rng.uniform(70, 180, 3)
    return np.clip(world, 0, 255).astype(np.uint8)


class Drawn:
    """Shots of a camera that drifts over a texture, with a disc that crosses it."""

    def shot(self, rng: Random, size: tuple[int, int], frames: int) -> np.ndarray:
        width, height = size
        world = texture(rng, height + 80, width + 160, rng.uniform(0.5, 1.2), int(rng.choice([6, 12, 24])))
        speed, colour = rng.uniform(-0.8, 0.8, 2), rng.integers(0, 256, 3).tolist()
        start, step = rng.uniform(0, width), rng.uniform(-3, 3)
        made = []
        for k in range(frames):
            x, y = (world.shape[1] / 2 + speed[0] * k), (world.shape[0] / 2 + 0.4 * speed[1] * k)
            picture = cv2.getRectSubPix(world, (width, height), (x, y))
            cv2.circle(picture, (round(start + step * k), height // 2), height // 6, colour, -1)
            made.append(picture)
        return grain(rng, np.array(made), 1.5)


def grain(rng: Random, frames: np.ndarray, sigma: float) -> np.ndarray:
    return np.clip(frames + rng.normal(0, sigma, frames.shape), 0, 255).astype(np.uint8)


def bright(frames: np.ndarray, gain: float, offset: float = 0.0) -> np.ndarray:
    return np.clip(frames.astype(np.float32) * gain + offset, 0, 255).astype(np.uint8)


def mixed(a: np.ndarray, b: np.ndarray, share: float) -> np.ndarray:
    return np.asarray(cv2.addWeighted(a, 1 - share, b, share, 0))


def encoded(frames: np.ndarray, crf: int, keyframes: int) -> np.ndarray:
    """The frames after libx264 at this quality, a keyframe after every `keyframes`."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        options = {"preset": "veryfast", "g": str(keyframes), "sc_threshold": "0", "crf": str(crf)}
        stream: Any = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], "yuv420p"
        stream.codec_context.thread_count = 1
        for picture in frames:
            container.mux(stream.encode(VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as container:
        return np.array([frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)])


def a_size(rng: Random) -> tuple[int, int]:
    return SIZES[rng.integers(len(SIZES))]


def cuts(rng: Random, source: Source, lengths: Sequence[int] = (40, 30, 50, 35)) -> Clip:
    size = a_size(rng)
    shots = [source.shot(rng, size, length) for length in lengths]
    return Clip(np.concatenate(shots), list(accumulate(map(len, shots)))[:-1])


def short_shots(rng: Random, source: Source) -> Clip:
    return cuts(rng, source, (40, *rng.integers(8, 16, 4).tolist(), 40))


def black_and_white(rng: Random, source: Source) -> Clip:
    clip = cuts(rng, source)
    grey = [cv2.cvtColor(cv2.cvtColor(f, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR) for f in clip.frames]
    return replace(clip, frames=np.array(grey))


def dark(rng: Random, source: Source) -> Clip:
    clip = cuts(rng, source)
    return replace(clip, frames=grain(rng, bright(clip.frames, rng.uniform(0.15, 0.3)), 3))


def noisy(rng: Random, source: Source) -> Clip:
    clip = cuts(rng, source)
    return replace(clip, frames=grain(rng, clip.frames, rng.uniform(8, 20)))


def boxed(rng: Random, source: Source) -> Clip:
    """Bars above and below, or left and right."""
    clip = cuts(rng, source)
    frames = clip.frames.copy()
    height, width = frames.shape[1:3]
    if rng.random() < 0.5:
        frames[:, : height // 8] = frames[:, -(height // 8) :] = 0
    else:
        frames[:, :, : width // 5] = frames[:, :, -(width // 5) :] = 0
    return replace(clip, frames=frames)


def low_rate(rng: Random, source: Source) -> Clip:
    clip = cuts(rng, source)
    return replace(
        clip, frames=encoded(clip.frames, int(rng.integers(30, 40)), int(rng.choice([12, 25, 60])))
    )


def repeated(rng: Random, source: Source) -> Clip:
    """Each picture two to four times, as in animation and telecine."""
    pattern = [(2,), (3,), (2, 3), (4, 4, 4, 3)][rng.integers(4)]
    clip = cuts(rng, source, (20, 15, 25))
    times = [pattern[k % len(pattern)] for k in range(len(clip.frames))]
    starts = [0, *accumulate(times)]
    return Clip(np.repeat(clip.frames, times, axis=0), [starts[cut] for cut in clip.cuts])


def slides(rng: Random, source: Source) -> Clip:
    """Stills of text on one paper."""
    size = SIZES[rng.integers(3)]
    stills = [a_slide(rng, size) for _ in range(4)]
    lengths = rng.integers(25, 50, 4).tolist()
    frames = np.repeat(np.array(stills), lengths, axis=0)
    return Clip(encoded(frames, int(rng.integers(20, 34)), 250), list(accumulate(lengths))[:-1])


def a_slide(rng: Random, size: tuple[int, int]) -> np.ndarray:
    page = np.full((1024 * size[1] // size[0], 1024, 3), 250, np.uint8)
    cv2.putText(page, _words(rng, 2).upper(), (60, page.shape[0] // 7), 0, 1.8, (60, 30, 20), 4)
    for line in range(int(rng.integers(4, 7))):
        at = (80, round(page.shape[0] * (0.27 + 0.1 * line)))
        cv2.putText(page, f"- {_words(rng, int(rng.integers(3, 7)))}", at, 0, 1.0, (30, 30, 30), 2)
    return np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA))


def _words(rng: Random, count: int) -> str:
    return " ".join("".join(map(chr, rng.integers(97, 122, rng.integers(3, 9)))) for _ in range(count))


def dissolves(rng: Random, source: Source, gain: float = 1.0, sigma: float = 0.0) -> Clip:
    size, length = a_size(rng), int(rng.choice([8, 12, 16, 24, 32, 48]))
    first, *others = (source.shot(rng, size, length * 2 + 30) for _ in range(3))
    frames, gradual = first, []
    for shot in others:
        shares = [(k + 1) / (length + 1) for k in range(length)]
        mixture = [mixed(a, b, s) for a, b, s in zip(frames[-length:], shot[:length], shares, strict=True)]
        gradual.append((len(frames) - length, len(frames)))
        frames = np.concatenate([frames[:-length], np.array(mixture), shot[length:]])
    return Clip(grain(rng, bright(frames, gain), sigma) if sigma else frames, [], gradual)


def dark_dissolves(rng: Random, source: Source) -> Clip:
    return dissolves(rng, source, rng.uniform(0.3, 0.6), rng.uniform(2, 8))


def fades(rng: Random, source: Source, level: int = 0) -> Clip:
    """Out to black, a hold of up to 30 frames, and in again."""
    size = a_size(rng)
    a, b = source.shot(rng, size, 70), source.shot(rng, size, 70)
    out, held, back = (
        int(rng.integers(6, 30)),
        int(rng.choice([0, 1, 3, 8, 15, 30])),
        int(rng.integers(6, 30)),
    )
    plain = np.full_like(a[0], level)
    going = [mixed(a[len(a) - out + k], plain, (k + 1) / out) for k in range(out)]
    coming = [mixed(plain, b[k], (k + 1) / back) for k in range(back)]
    middle = [*going, *[plain] * held, *coming]
    return Clip(
        np.concatenate([a[:-out], np.array(middle), b[back:]]), [], [(len(a) - out, len(a) + held + back)]
    )


def fades_white(rng: Random, source: Source) -> Clip:
    return fades(rng, source, 255)


def fades_at_the_ends(rng: Random, source: Source) -> Clip:
    frames, length = source.shot(rng, a_size(rng), 100), int(rng.integers(8, 35))
    shares = np.minimum(1, np.minimum(np.arange(100), np.arange(100)[::-1]) / length)
    faded = (frames * shares[:, None, None, None]).astype(np.uint8)
    return Clip(faded, [], [(0, length), (100 - length, 100)])


CHANGES: dict[str, Callable[[Random, Source], Clip]] = {
    kind.__name__: kind
    for kind in (
        cuts, short_shots, black_and_white, dark, noisy, boxed, low_rate, repeated, slides, dissolves,
        dark_dissolves, fades, fades_white, fades_at_the_ends,
    )
}  # fmt: skip
"""Kinds of footage with something to find."""


def measured(frames: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """The groups that detectors read, as a scan of these frames gives them; pts are frame numbers."""
    content, rows, thumbs, inputs = Content(), [], [], []
    view: FrameView | None = None
    for pts, picture in enumerate(frames):
        view = FrameView(pts, picture, lambda: picture[..., 1], view)  # noqa: B023
        rows.append(content.update(view))
        thumbs.append(np.frombuffer(thumb(picture), np.uint8))
        inputs.append(np.frombuffer(shrunk(picture), np.uint8))
    names = ("delta_hue", "delta_sat", "delta_lum", "delta_edges")
    pts = np.arange(len(frames))
    return {
        "content": {"pts": pts, **dict(zip(names, np.array(rows).T, strict=True))},
        "thumbs": {"pts": pts, "thumb": np.array(thumbs)},
        "transnet": {"pts": pts, "rgb": np.array(inputs)},
    }
