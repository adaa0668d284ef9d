"""Videos whose frames spell their own number, and what is read back of the clips that were cut from them."""

import zlib
from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np

from curate.media.decode import decode
from curate.media.encode import EncodeOptions
from curate.media.picture import Viewer
from curate.media.probe import probe

OPTIONS = EncodeOptions(preset="veryfast")
REPOSITORY = Path(__file__).resolve().parents[2]
UNEVEN = [0, 33, 70, 100, 250, 260, 300, 400, 433, 466, 500, 540, 580, 600, 733, 740, 900, 901, 1000, 1040]


def numbered(index: int, width: int = 160, height: int = 96) -> np.ndarray:
    """A grey picture that spells `index` in eight vertical bars, on a ground that differs from frame to
    frame."""
    picture = np.full((height, width), 60 + index % 40, np.uint8)
    for bit in range(8):
        left = width * bit // 8
        picture[: height // 2, left : width * (bit + 1) // 8] = 235 if index >> bit & 1 else 16
    return picture


def number_of(picture: np.ndarray) -> int:
    height, width = picture.shape
    bars = [
        picture[: height // 3, width * bit // 8 + 3 : width * (bit + 1) // 8 - 3].mean() for bit in range(8)
    ]
    return sum((level > 128) << bit for bit, level in enumerate(bars))


def write_source(
    path: Path,
    pts: Sequence[int],
    time_base: Fraction,
    *,
    size: tuple[int, int] = (160, 96),
    codec: str = "libx264",
    sar: Fraction = Fraction(1),
    **options: str,
) -> Path:
    """A video of numbered frames at the given times."""
    container_options = {"video_track_timescale": str(time_base.denominator)} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=container_options) as output:
        stream = output.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.time_base = stream.codec_context.time_base = time_base
        stream.codec_context.sample_aspect_ratio = sar
        for index, time in enumerate(pts):
            grey = av.VideoFrame.from_ndarray(numbered(index, *size), format="gray")
            picture = grey.reformat(format="yuv420p")
            picture.pts, picture.time_base = time, time_base
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return path


def steady(count: int, step: int = 1) -> list[int]:
    return [index * step for index in range(count)]


def read(path: Path) -> tuple[list[int], list[int], Fraction]:
    """(timestamps, numbers, time base) of a clip, as PyAV gives them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [
            (frame.pts, number_of(frame.to_ndarray(format="gray"))) for frame in container.decode(stream)
        ]
        assert stream.time_base is not None
        return [pts for pts, _ in frames], [number for _, number in frames], stream.time_base


def seen(path: Path, count: int | None = None) -> list[tuple[int, int]]:
    """What a scan stores: (pts, fingerprint) of every frame, or of the first `count`."""
    facts = probe(str(path))
    viewer = Viewer(facts.rotation, Fraction(facts.sar.replace(":", "/")))
    return [
        (frame.pts, zlib.crc32(viewer.small(frame.image).tobytes()))
        for frame in islice(decode(str(path)), count)
    ]
