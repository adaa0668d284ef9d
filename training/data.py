"""From a plan to what a model is fed: latents where they are stored, pixels where they are not.

A `Reader` makes one item of one draw; what it gives depends on the manifest and the draw alone. A `Loader`
runs readers in threads (decoding, scaling and reading let go of the interpreter's lock) some steps ahead of
the training. What cannot be read is left out of its pack, counted and named; packs stay as many as they were,
so that a bad sample on one rank holds up no other."""

import math
import queue
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType

import av
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from curate.media import MediaError, Viewer
from curate.media.clip_reader import pictures, read_range
from training.geometry import Grid, cover
from training.manifest import Latent, Manifest, Sample, Text
from training.plan import Draw, Pack
from training.prompts import NOTHING, Policy, choose, variants

BAD = (MediaError, OSError, ValueError, av.FFmpegError)
"""What a sample may be to blame for; anything else is an error of ours and ends the training."""

KNOWN = 16384
"""Rows of the manifest that are kept as objects: small data sets are read over and over."""

TOGETHER = 16
"""Draws with stored latents that one task reads: each takes less time than handing out a task."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """A caption as a frozen text encoder saw it."""

    tokens: Tensor
    """float32 [n, D]"""
    pooled: Tensor
    """float32 [P]"""


@dataclass(frozen=True, slots=True)
class Item:
    """A draw with its data: `latent` or `pixels`, never both."""

    draw: Draw
    latent: Tensor | None
    """float32 [C, t, h, w], normalised"""
    pixels: Tensor | None
    """uint8 [T, H, W, 3], BT.709 RGB"""
    variant: str
    """Name of the caption that was drawn."""
    text: str
    """That caption; empty where it was dropped."""
    embedding: Embedding | None
    """Of that caption, where it is stored; None for a dropped one too."""
    fps: float
    motion: float
    """NaN where unknown, as for every still."""
    aesthetic: float
    """NaN where unknown."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sample that could not be read."""

    key: str
    shard: str
    reason: str

    def __str__(self) -> str:
        return f"{self.key} in {self.shard}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Batch:
    """What one rank computes for one global step."""

    step: int
    packs: list[list[Item]]
    """As many as the plan dealt; some may be empty."""
    skipped: list[Skipped]


class Reader:
    """Makes items of draws.

    `encoder` names the frozen text encoder whose stored embeddings are used; without it items have texts
    only. `zoom` is for autoencoders: a picture is scaled to up to `zoom` times the size that just covers the
    crop (never beyond its own), and the crop is anywhere in it.
    """

    def __init__(
        self,
        manifest: Manifest,
        grid: Grid = Grid(),  # noqa: B008 - frozen
        *,
        encoder: str | None = None,
        policy: Policy = Policy(),  # noqa: B008 - frozen
        zoom: float = 1.0,
    ) -> None:
        self.manifest, self.grid = manifest, grid
        self.encoder, self.policy, self.zoom = encoder, policy, zoom
        self._known = lru_cache(KNOWN)(self._look_up)

    def read(self, draw: Draw) -> Item:
        """Raises one of BAD where the sample cannot be read."""
        sample, texts = self._known(draw.row)
        variant, text, embedding = self._caption(sample, texts, draw)
        latent = self._latent(sample.latents[draw.latent], draw) if draw.latent >= 0 else None
        pixels = self._pixels(sample, draw) if draw.latent < 0 else None
        still = draw.frames == 1
        return Item(
            draw, latent, pixels, variant, text, embedding, draw.fps,
            motion=math.nan if still or sample.motion is None else sample.motion,
            aesthetic=math.nan if sample.aesthetic is None else sample.aesthetic,
        )  # fmt: skip

    def _look_up(self, row: int) -> tuple[Sample, dict[str, str]]:
        sample = self.manifest.sample(row)
        return sample, variants(sample.captions, sample.clip_id)

    def _caption(
        self, sample: Sample, texts: Mapping[str, str], draw: Draw
    ) -> tuple[str, str, Embedding | None]:
        if self.encoder is None:
            name = choose(texts, draw.key, self.policy)
            return name, texts.get(name, ""), None
        stored = {one.variant: one for one in sample.texts if one.encoder == self.encoder}
        if texts and not stored:
            raise ValueError(f"its captions were not encoded by {self.encoder}")
        name = choose(stored, draw.key, self.policy)
        return name, texts.get(name, ""), None if name == NOTHING else self._embedding(stored[name])

    def _embedding(self, text: Text) -> Embedding:
        values = self._float16(text, "embedding")
        if len(values) != text.tokens * text.width + text.pooled:
            raise ValueError(
                f"its embedding {text.variant} has {len(values)} numbers, not what is said of it"
            )
        tokens, pooled = values.split([text.tokens * text.width, text.pooled])
        return Embedding(tokens.reshape(text.tokens, text.width), pooled)

    def _latent(self, latent: Latent, draw: Draw) -> Tensor:
        values = self._float16(latent, "latent")
        t, h, w = self.grid.latent(latent.frames, latent.height, latent.width)
        channels, rest = divmod(len(values), t * h * w)
        if rest or not channels:
            raise ValueError(f"its latent has {len(values)} numbers, which is not C x {t} x {h} x {w}")
        shown = self.grid.latent(draw.frames, draw.height, draw.width)[0]
        return values.reshape(channels, t, h, w)[:, :shown].contiguous()

    def _float16(self, place: Latent | Text, what: str) -> Tensor:
        """float32 [n]: the stored numbers."""
        data = read_range(self.manifest.path(place.file), place.offset, place.bytes)
        if place.crc is not None and zlib.crc32(data) != place.crc:
            raise ValueError(f"its {what} in {place.file} is not what was written")
        values = torch.frombuffer(data, dtype=torch.float16).float()
        if not values.sum().isfinite():  # of sums of float16 in float32 only those are not finite
            raise ValueError(f"its {what} in {place.file} has numbers that are not finite")
        return values

    def _pixels(self, sample: Sample, draw: Draw) -> Tensor:
        chance = draw.key.numpy("crop")
        x, y, size = chance.random(3).tolist()
        frames = read_pixels(
            self.manifest, sample, start=draw.start, frames=draw.frames, stride=draw.stride,
            height=draw.height, width=draw.width, crop=(x, y), zoom=self.zoom**size,
        )  # fmt: skip
        return torch.from_numpy(frames)


def read_pixels(
    manifest: Manifest,
    sample: Sample,
    *,
    start: int,
    frames: int,
    stride: int,
    height: int,
    width: int,
    crop: tuple[float, float] = (0.5, 0.5),
    zoom: float = 1.0,
) -> npt.NDArray[np.uint8]:
    """uint8 RGB (frames, height, width, 3) of a sample, decoded from its shard.

    `start` and `stride` count frames of the sample's mean rate: where the rate varies, what is shown at those
    times. The picture is scaled to cover height x width, `zoom` times that where it is large enough, and cut
    at `crop` (0 to 1: left to right, top to bottom). Raises one of BAD.
    """
    data = read_range(manifest.path(sample.shard), sample.mp4_offset, sample.mp4_bytes, sample.digest)
    # The middle of a frame's time: rounded timestamps lie on either side of its start.
    times = [(start + k * stride + 0.5) / sample.fps for k in range(frames)]
    own = max(sample.width / width, sample.height / height)
    least = cover(sample.width, sample.height, width, height)
    factor = max(1.0, min(zoom, own))
    scaled = max(width, round(least[0] * factor)), max(height, round(least[1] * factor))
    left = round((scaled[0] - width) * crop[0])
    top = round((scaled[1] - height) * crop[1])
    viewer = Viewer(shown=(sample.width, sample.height))

    def show(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
        return viewer.rgb_of(frame, scaled)[top : top + height, left : left + width]

    return np.stack(pictures(data, sample.key, times, show))


@dataclass
class Stats:
    """What a loader did so far."""

    batches: int = 0
    items: int = 0
    tokens: int = 0
    wait_seconds: float = 0.0
    """Time that the training waited for data."""
    skipped: dict[str, Skipped] = field(default_factory=dict)
    """By key; a sample that is skipped in each epoch is here once."""
    skips: int = 0
    """Draws that were skipped."""


class Loader:
    """Batches in the order of `steps`, read by `threads` threads up to `ahead` steps before they are asked
    for. Use as a context manager, or call `close`.

    `steps` yields (global step, packs of this rank): `schedule.steps(first, rank, world)`, or those of a
    plan. It is run in a thread of its own.
    """

    def __init__(
        self, reader: Reader, steps: Iterable[tuple[int, list[Pack]]], *, threads: int = 4, ahead: int = 2
    ) -> None:
        self.stats = Stats()
        self._reader = reader
        self._pool = ThreadPoolExecutor(max(1, threads), thread_name_prefix="reader")
        self._queue: queue.Queue[_Awaited | BaseException | None] = queue.Queue(max(1, ahead))
        self._closed = threading.Event()
        self._feeder = threading.Thread(target=self._feed, args=(iter(steps),), name="feeder", daemon=True)
        self._feeder.start()

    def __enter__(self) -> "Loader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Batch]:
        while True:
            began = time.perf_counter()
            found = self._queue.get()
            if found is None:
                self._queue.put(None)  # so that whoever asks again gets the same answer
                return
            if isinstance(found, BaseException):
                raise found
            batch = found.result()
            self.stats.wait_seconds += time.perf_counter() - began
            self._count(batch)
            yield batch

    def close(self) -> None:
        """Stop reading ahead; what is being read now is awaited."""
        self._closed.set()
        while self._feeder.is_alive():
            try:
                self._queue.get(timeout=0.05)  # the feeder may stand before a full queue
            except queue.Empty:
                continue
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _count(self, batch: Batch) -> None:
        self.stats.batches += 1
        self.stats.items += sum(map(len, batch.packs))
        self.stats.tokens += sum(item.draw.tokens for one in batch.packs for item in one)
        self.stats.skips += len(batch.skipped)
        self.stats.skipped |= {one.key: one for one in batch.skipped}

    def _feed(self, steps: Iterator[tuple[int, list[Pack]]]) -> None:
        try:
            for step, packs in steps:
                if self._closed.is_set():
                    return
                tasks = [[self._pool.submit(self._read, part) for part in _parts(one)] for one in packs]
                self._queue.put(_Awaited(step, tasks))
            self._queue.put(None)
        except BaseException as error:
            self._queue.put(error)

    def _read(self, draws: Pack) -> list[Item | Skipped]:
        found: list[Item | Skipped] = []
        for draw in draws:
            try:
                found.append(self._reader.read(draw))
            except BAD as error:
                shard = str(self._reader.manifest.table["shard"][draw.row].as_py())
                reason = " ".join(str(error).split()) or type(error).__name__
                found.append(Skipped(self._reader.manifest.key(draw.row), shard, reason))
        return found


@dataclass(frozen=True, slots=True)
class _Awaited:
    """A step that is being read."""

    step: int
    tasks: list[list[Future[list[Item | Skipped]]]]

    def result(self) -> Batch:
        packs, skipped = [], []
        for tasks in self.tasks:
            found = [one for task in tasks for one in task.result()]
            packs.append([one for one in found if isinstance(one, Item)])
            skipped += [one for one in found if isinstance(one, Skipped)]
        return Batch(self.step, packs, skipped)


def _parts(draws: Pack) -> Iterator[Pack]:
    """Tasks of about equal length: a decode each, or several reads of latents."""
    yield from ((draw,) for draw in draws if draw.latent < 0)
    stored = [draw for draw in draws if draw.latent >= 0]
    for first in range(0, len(stored), TOGETHER):
        yield tuple(stored[first : first + TOGETHER])
