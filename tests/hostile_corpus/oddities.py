"""Files that are sound and still not what anybody expects: formats, sizes, clocks, streams, lengths.

`ODD[name](folder)` writes one file and returns its path. The names in `LONG` take long to make or to scan.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame

from tests.hostile_corpus.bases import Base, encode
from tests.making import add_sound, picture, write_sound

Maker = Callable[[Path], Path]

FORMATS: dict[str, tuple[str, dict[str, str]]] = {
    "ffv1": ("mkv", {}),
    "libx264": ("mp4", {"preset": "ultrafast"}),
    "libx265": ("mp4", {"preset": "ultrafast", "x265-params": "log-level=none:pools=1:frame-threads=1"}),
    "libvpx-vp9": ("webm", {"deadline": "realtime", "cpu-used": "8"}),
    "prores_ks": ("mov", {}),
    "mjpeg": ("avi", {}),
    "png": ("mov", {}),
    "qtrle": ("mov", {}),
    "huffyuv": ("avi", {}),
    "utvideo": ("avi", {}),
    "magicyuv": ("avi", {}),
    "jpeg2000": ("mxf", {}),
    "v210": ("mov", {}),
    "zmbv": ("avi", {}),
    "cinepak": ("mov", {}),
}
"""Encoders of which every pixel format is tried: (suffix, options)."""

SIZES = ((1, 1), (1, 2), (2, 1), (3, 3), (1, 300), (300, 1), (17, 33), (4098, 2), (2, 4098), (16384, 16))
RATES = (Fraction(1), Fraction(1000), Fraction(1, 100), Fraction(240), Fraction(24000, 1001), Fraction(90000))


def formats() -> Iterator[tuple[str, Maker]]:
    """Every pixel format of every encoder above."""
    for codec, (suffix, options) in FORMATS.items():
        for known in av.Codec(codec, "w").video_formats or ():
            base = Base(suffix, codec, known.name, frames=4, options=options)
            yield f"format_{codec}_{known.name}", partial(_coded, base=base, name=f"{codec}_{known.name}")


def _coded(folder: Path, base: Base, name: str, fps: Fraction = Fraction(25)) -> Path:
    path = folder / f"{name}.{base.suffix}"
    encode(path, base, fps)
    return path


def sizes() -> Iterator[tuple[str, Maker]]:
    for width, height in SIZES:
        base = Base("mov", "png", "rgb24", size=(width, height), frames=4)
        yield f"size_{width}x{height}", partial(_coded, base=base, name=f"size_{width}x{height}")


def rates() -> Iterator[tuple[str, Maker]]:
    for rate in RATES:
        name = f"rate_{rate.numerator}_{rate.denominator}"
        base = Base("mp4", frames=12, options={"preset": "ultrafast"})
        yield name, partial(_coded, base=base, name=name, fps=rate)


def stamps() -> Iterator[tuple[str, Maker]]:
    """Timestamps of uncompressed pictures, written as they are given."""
    lists: dict[str, Sequence[int | None]] = {
        "stamps_missing": [None] * 8,
        "stamps_half_missing": [0, None, 80, None, 160, None, 240, None],
        "stamps_same": [40] * 8,
        "stamps_backwards": [280, 240, 200, 160, 120, 80, 40, 0],
        "stamps_shuffled": [0, 240, 40, 200, 80, 160, 120, 280],
        "stamps_huge": [(1 << 40) + 40 * k for k in range(8)],
        "stamps_vast": [(1 << 56) + 40 * k for k in range(8)],
        "stamps_leap": [0, 40, 80, 120, 1 << 45, (1 << 45) + 40, (1 << 45) + 80, (1 << 45) + 120],
        "stamps_leap_vast": [0, 40, 80, 120, 1 << 54, (1 << 54) + 40, (1 << 54) + 80, (1 << 54) + 120],
        "stamps_two_leaps": [-(1 << 54), 40 - (1 << 54), 0, 40, 80, 120, 1 << 54, (1 << 54) + 40],
        "stamps_day_apart": [86_400_000 * k for k in range(8)],
    }
    for name, times in lists.items():
        yield name, partial(_stamped, times=times, name=name)


def _stamped(folder: Path, times: Sequence[int | None], name: str) -> Path:
    """A NUT file, the container that holds any timestamp."""
    path = folder / f"{name}.nut"
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuvj420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        container.start_encoding()
        # Decoding times must rise and stand before those of presentation.
        first = min((time for time in times if time is not None), default=0) - len(times)
        for k, time in enumerate(times):
            packet = Packet(cv2.imencode(".jpg", picture(k, 96, 64))[1].tobytes())
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 1000), True
            packet.pts, packet.dts = time, None if time is None else first + k
            container.mux(packet)
    return path


def each_another_size(folder: Path) -> Path:
    """Motion JPEG of which every picture has another size."""
    path = folder / "each_another_size.avi"
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuvj420p"
        container.start_encoding()
        for k in range(24):
            size = (16 + 37 * k % 400, 16 + 53 * k % 300)
            packet = Packet(cv2.imencode(".jpg", picture(k, *size))[1].tobytes())
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 25), True
            packet.pts = packet.dts = k
            container.mux(packet)
    return path


def many_streams(folder: Path) -> Path:
    """Forty video tracks and forty of sound."""
    path = folder / "many_streams.mkv"
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        streams: list[Any] = []
        for _ in range(40):
            stream: Any = container.add_stream("mjpeg", rate=25)
            stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
            streams.append(stream)
        sounds = [add_sound(container, "pcm_s16le") for _ in range(40)]
        container.start_encoding()
        for k in range(3):
            for number, stream in enumerate(streams):
                frame = VideoFrame.from_ndarray(picture(k + number, 32, 32), format="bgr24")
                frame = frame.reformat(format="yuvj420p")
                frame.pts = k
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
        for sound in sounds:
            write_sound(container, sound, 0.1)
    return path


def subtitle_bomb(folder: Path, lines: int = 20_000) -> Path:
    """A second of video under twenty thousand lines of subtitles."""
    path = folder / "subtitle_bomb.mkv"
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
        words: Any = container.add_stream("srt")
        words.codec_context.subtitle_header = b"[Script Info]\n"
        words.codec_context.time_base = Fraction(1, 1000)
        container.start_encoding()
        for k in range(25):
            frame = VideoFrame.from_ndarray(picture(k, 32, 32), format="bgr24").reformat(format="yuvj420p")
            frame.pts = k
            container.mux(stream.encode(frame))
        for k in range(lines):
            packet = Packet(b"<font size=9999>word</font>")
            packet.stream, packet.time_base = words, Fraction(1, 1000)
            packet.pts = packet.dts = k // 20
            container.mux(packet)
        container.mux(stream.encode(None))
    return path


def cover_before_film(folder: Path) -> Path:
    """The cover is the first track and the film the second."""
    path = folder / "cover_before_film.mp4"
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        cover: Any = container.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        film: Any = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        film.width, film.height, film.pix_fmt = 96, 64, "yuv420p"
        container.start_encoding()
        for k in range(20):
            frame = VideoFrame.from_ndarray(picture(k, 96, 64), format="bgr24").reformat(format="yuv420p")
            frame.pts = k
            container.mux(film.encode(frame))
            if k == 0:
                still = VideoFrame.from_ndarray(picture(0, 64, 64), format="bgr24")
                still = still.reformat(format="yuvj420p")
                still.pts = 0
                container.mux(cover.encode(still))
                container.mux(cover.encode(None))
        container.mux(film.encode(None))
    return path


def interlaced(folder: Path) -> Path:
    base = Base("mpg", "mpeg2video", size=(128, 96), frames=12, options={"flags": "+ildct+ilme", "top": "1"})
    return _coded(folder, base, "interlaced")


def lossless(folder: Path) -> Path:
    return _coded(folder, Base("mp4", pixel_format="yuv444p", options={"qp": "0"}, frames=12), "lossless")


def sideways_and_stretched(folder: Path) -> Path:
    """Pixels of 255:1, which no picture has."""
    path = folder / "stretched.mp4"
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(255, 1)
        stream.set_display_rotation(45)
        container.start_encoding()
        for k in range(12):
            frame = VideoFrame.from_ndarray(picture(k, 96, 64), format="bgr24").reformat(format="yuv420p")
            frame.pts = k
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def yuv4mpeg(folder: Path, name: str, width: int, height: int, frames: int) -> Path:
    """Bare pictures of one grey, written without an encoder."""
    path = folder / name
    pixels = b"\x50" * (width * height) + b"\x80" * (2 * ((width + 1) // 2) * ((height + 1) // 2))
    with open(path, "wb") as file:
        file.write(b"YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C420\n" % (width, height))
        for _ in range(frames):
            file.write(b"FRAME\n" + pixels)
    return path


def picture_bomb(folder: Path) -> Path:
    """16384 × 4096, which is just allowed, in a few thousand bytes: 100 MB a picture once decoded."""
    path = folder / "picture_bomb.mkv"
    flat = np.full((4096, 16384, 3), 90, np.uint8)
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 16384, 4096, "yuv420p"
        stream.codec_context.thread_count = 1
        container.start_encoding()
        for k in range(4):
            frame = VideoFrame.from_ndarray(flat, format="bgr24").reformat(format="yuv420p")
            frame.pts = k
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


ODD: dict[str, Maker] = {
    **dict([*formats(), *sizes(), *rates(), *stamps()]),
    **{
        made.__name__: made
        for made in (
            each_another_size, many_streams, subtitle_bomb, cover_before_film, interlaced, lossless,
            sideways_and_stretched, picture_bomb,
        )
    },
    "many_frames": partial(yuv4mpeg, name="many_frames.y4m", width=2, height=2, frames=100_000),
    "broad": partial(yuv4mpeg, name="broad.y4m", width=65535, height=2, frames=3),
}  # fmt: skip
LONG = frozenset({"picture_bomb", "many_frames"})
