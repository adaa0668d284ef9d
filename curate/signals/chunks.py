"""A long file in chunks: where it is split, and what shows that a chunk began where decoding is clean.

Not every keyframe is a clean entry point: after one, pictures may refer to others before it, and demuxers may
land elsewhere or make up other timestamps; nothing raises. So a chunk begins at a keyframe (`entry`) inside
the chunk before and decodes what lies between there and its `start` as its neighbour does. Both keep a digest
of every full-size picture of this overlap, and a file in which two differ is decoded whole.

The overlap is also what warms the measures, which hold no more than the last half second: the rows from
`WARM_SECONDS` after the entry on are written by both and compared when the parts are merged.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from curate.media.decode import DecodeReport, Frame
from curate.media.picture import rotation_of
from curate.media.pixels import pixels
from curate.media.probe import Entry

WARM_SECONDS = 0.5
"""What a measure may remember (curate.signals)."""
WARM_FRAMES = 8
"""… and what it may remember of them: at a few frames per second, half a second is not even the frame
before."""
LEAST_SECONDS = 0.5
"""Shorter chunks are not worth their overlap."""


@dataclass(frozen=True)
class Chunk:
    """A span of a file, in ticks; None is the file's own start or end."""

    entry: int | None = None
    """Keyframe from which it is decoded."""
    warm: int | None = None
    """Rows before are not relied on, whatever the frames."""
    start: int | None = None
    """First pts that is its own."""
    next_entry: int | None = None
    """Entry of the next chunk: from here on the pictures are compared with what is decoded there."""
    end: int | None = None
    """First pts of the next chunk's own."""


def plan_chunks(
    entries: Sequence[Entry],
    base: Fraction,
    *,
    start_seconds: float,
    seconds: float,
    chunk_seconds: float,
    warm_seconds: float = WARM_SECONDS,
) -> list[Chunk]:
    """Split a file of `seconds` into chunks of about `chunk_seconds`, as alike as its entries allow.

    One chunk, the whole, where it is shorter than one and a half, or has no entry to split it at.
    `warm_seconds`: how far back what is written may depend on (the spacing of sampled frames, if that is
    longer than WARM_SECONDS).
    """
    count = round(seconds / chunk_seconds)
    last = Fraction(start_seconds + seconds) / base
    least, warm = Fraction(LEAST_SECONDS) / base, math.ceil(max(WARM_SECONDS, warm_seconds) / base)
    cuts: list[Chunk] = []
    before = Fraction(start_seconds) / base
    wanted = 1
    for entry in entries[1:]:  # the first is the start of the file
        start = max(entry.ready, entry.pts + warm + math.ceil(WARM_SECONDS / base))
        target = Fraction(start_seconds + wanted * seconds / count) / base if wanted < count else last
        if start < target or entry.pts < before or start - before < least or last - start < least:
            continue
        cuts.append(Chunk(entry=entry.pts, warm=entry.pts + warm, start=start))
        before = Fraction(start)
        wanted = max(wanted + 1, math.floor((float(start * base) - start_seconds) * count / seconds) + 1)
    ends = [Chunk(), *cuts], [*cuts, Chunk()]
    return [
        Chunk(one.entry, one.warm, one.start, following.entry, following.start)
        for one, following in zip(*ends, strict=True)
    ]


@dataclass(frozen=True)
class Overlap:
    """Frames in a span, and one digest of all their pictures and times."""

    frames: int
    digest: str
    durations: str
    """Digest of how long the frames say they are shown, or are shown where they do not say it: after a seek
    some demuxers fill in what they leave out at the start. It matters for the last frame of a file alone."""


@dataclass(frozen=True)
class Watched:
    """What was seen of a chunk beside its rows; plain values that go through JSON."""

    lead: Overlap
    """[entry, start): what the chunk before decodes too."""
    tail: Overlap
    """[next_entry, end): what the next chunk decodes too."""
    written_from: int | None
    """First pts that has rows in the parts; None if none has."""
    decoded: int
    """All frames that were decoded."""
    doubt: str | None
    """What makes a decode in chunks unsafe, whatever the pictures."""


class Watch:
    """Looks at each frame of a chunk on its way to the measures."""

    def __init__(self, chunk: Chunk, report: DecodeReport) -> None:
        self._chunk, self._report = chunk, report
        self._lead, self._tail = _Digest(), _Digest()
        self.seen = 0
        """Frames so far."""
        self._corrupt = 0
        self._written_from: int | None = None

    def add(self, frame: Frame) -> bool:
        """Take note of a frame; True if its rows are written."""
        chunk = self._chunk
        self.seen += 1
        self._corrupt += frame.image.is_corrupt
        if chunk.start is not None and frame.pts < chunk.start:
            self._lead.add(frame)
        if chunk.next_entry is not None and frame.pts >= chunk.next_entry:
            self._tail.add(frame)
        if self._written_from is None:
            warm = chunk.warm is None or (frame.pts >= chunk.warm and self.seen > WARM_FRAMES)
            if not (warm or self.inside(frame)):
                return False
            self._written_from = frame.pts
        return True

    def inside(self, frame: Frame) -> bool:
        """Whether the frame is the chunk's own."""
        return self._chunk.start is None or frame.pts >= self._chunk.start

    def found(self) -> Watched:
        """What was seen, at the end."""
        return Watched(
            self._lead.overlap(), self._tail.overlap(), self._written_from, self._report.frames, self._doubt()
        )

    def _doubt(self) -> str | None:
        report = self._report
        facts = {
            "errors while decoding": report.errors,
            "frames marked as damaged": self._corrupt,
            "frames with each other's timestamps": report.reordered,
            "frames without a timestamp of their own": report.filled,
            "packets that gave no frame": report.lost,
            "frames of a layout that cannot be compared": self._lead.unknown + self._tail.unknown,
        }
        return next((f"{count} {what}" for what, count in facts.items() if count), None)


class _Digest:
    """One digest of frames in order."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._durations = hashlib.blake2b(digest_size=16)
        self._frames = 0
        self._last: int | None = None
        self.unknown = 0

    def add(self, frame: Frame) -> None:
        self._frames += 1
        image = frame.image
        facts = (
            frame.pts, image.format.name, image.width, image.height, image.colorspace, image.color_range,
            image.color_trc, image.color_primaries, rotation_of(image),
        )  # fmt: skip
        if self._last is not None:
            self._durations.update(f"{image.duration or frame.pts - self._last},".encode())
        self._last = frame.pts
        self._hash.update(repr(facts).encode())
        planes = pixels(image)
        self.unknown += planes is None
        for plane in planes or ():
            self._hash.update(np.ascontiguousarray(plane).data)

    def overlap(self) -> Overlap:
        return Overlap(self._frames, self._hash.hexdigest(), self._durations.hexdigest())
