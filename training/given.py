"""What a clip is to begin with: a picture, or the end of another clip, at the size of the clip.

Files come from anywhere: their kind is told by their content, only decoders of pictures and videos are asked,
and sizes are limited before anything is decoded."""

import io
import os
import stat
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from curate.media import MAX_PIXELS, MediaError, Probe, Viewer, decode, probe, shown_size
from training.geometry import cover

U8 = npt.NDArray[np.uint8]
Size = tuple[int, int]
"""(width, height)"""
MOST_BYTES = 1 << 28
"""Of a picture's file."""
KINDS = ((b"\x89PNG\r\n\x1a\n", "png_pipe"), (b"\xff\xd8\xff", "jpeg_pipe"), (b"RIFF", "webp_pipe"))
"""How the files of pictures begin, and FFmpeg's names of what reads them."""


@dataclass(frozen=True)
class Picture:
    """A picture, decoded."""

    frame: VideoFrame

    @classmethod
    def read(cls, path: str | Path) -> "Picture":
        """A PNG, JPEG or WebP. ValueError where it is none, damaged, or too large."""
        data = _read(path)
        kind = next((kind for start, kind in KINDS if data.startswith(start)), None)
        if kind is None:
            raise ValueError(f"{path} is no PNG, JPEG or WebP: convert it to one of them")
        limits = {"max_pixels": str(MAX_PIXELS)}
        try:
            with av.open(io.BytesIO(data), mode="r", format=kind, options=limits) as container:
                context = container.streams.video[0].codec_context
                context.options = {**context.options, **limits}
                return cls(next(container.decode(video=0)))
        except (av.FFmpegError, ValueError, IndexError, StopIteration, MemoryError) as error:
            raise ValueError(
                f"{path} cannot be decoded: it is damaged, or has more than {MAX_PIXELS // 10**6} million "
                "pixels"
            ) from error

    @property
    def size(self) -> Size:
        """As shown: upright."""
        return shown_size(self.frame.width, self.frame.height, self._rotation, Fraction(1))

    def fitted(self, size: Size) -> U8:
        """RGB [H, W, 3], scaled to cover the size, its middle."""
        return _fitted(Viewer(self._rotation), self.frame, size)

    @property
    def _rotation(self) -> int:
        """Clockwise degrees to upright, by the display matrix that FFmpeg makes of EXIF."""
        return round(-float(self.frame.rotation) / 90) % 4 * 90


@dataclass(frozen=True)
class Clip:
    """A video that is gone on with."""

    path: str
    facts: Probe

    @classmethod
    def read(cls, path: str | Path) -> "Clip":
        """ValueError where it is none."""
        try:
            return cls(str(path), probe(str(path)))
        except MediaError as error:
            raise ValueError(str(error)) from error

    @property
    def size(self) -> Size:
        return self.facts.width, self.facts.height

    def available(self, fps: float) -> int:
        """How many frames there are at that rate."""
        own = self.facts.fps or fps
        return max(1, int((self.facts.frames - 1) / own * fps + 1e-3) + 1)

    def last(self, count: int, fps: float, size: Size) -> U8:
        """RGB [count, H, W, 3]: what is shown last, at `fps` frames per second."""
        base = Fraction(self.facts.time_base)
        ends = self.facts.start_seconds + self.facts.seconds
        spare = 1.0  # seconds: the end is where the last frame is, and not where the header says
        start = int((ends - count / fps - spare) / base)
        viewer = Viewer(self.facts.rotation, Fraction(self.facts.sar.replace(":", "/")))
        shown: deque[tuple[float, U8]] = deque(
            maxlen=1 + int((count / fps + 2 * spare) * (self.facts.fps or fps))
        )
        try:
            for frame in decode(self.path, start_pts=max(0, start), seek=not self.facts.irregular):
                shown.append((float(frame.pts * base), _fitted(viewer, frame.image, size)))
        except MediaError as error:
            raise ValueError(str(error)) from error
        if not shown:
            raise ValueError(f"{self.path} ends in frames that cannot be decoded: cut them off")
        # A hair later than each time, which is rounded to ticks.
        wanted = [shown[-1][0] - (count - 1 - k) / fps + 0.5 * float(base) for k in range(count)]
        return np.stack([_at(shown, seconds) for seconds in wanted])


def _at(shown: deque[tuple[float, U8]], seconds: float) -> U8:
    """What is on screen then."""
    return next((picture for start, picture in reversed(shown) if start <= seconds), shown[0][1])


def _fitted(viewer: Viewer, frame: VideoFrame, size: Size) -> U8:
    width, height = size
    scaled = cover(*viewer.size(frame), width, height)
    left, top = (scaled[0] - width) // 2, (scaled[1] - height) // 2
    return viewer.rgb_of(frame, scaled)[top : top + height, left : left + width]


def _read(path: str | Path) -> bytes:
    """The bytes of a regular file of a reasonable size."""
    try:
        with open(path, "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise ValueError(f"{path} is not a regular file: give a picture")
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}): give a picture") from error
    if len(data) > MOST_BYTES:
        raise ValueError(f"{path} is larger than {MOST_BYTES >> 20} MiB: give a smaller picture")
    return data
