"""Makes small videos for tests."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame


def picture(k: int, width: int, height: int) -> np.ndarray:
    """Frame `k` of a texture that drifts by 2 pixels a frame: uint8 BGR (height, width, 3)."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(0, 256, (max(2, height // 8), max(2, width // 8), 3), np.uint8)
    wide = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width, 3)
    return np.ascontiguousarray(np.roll(wide, 2 * k, axis=1))


def write(
    path: Path,
    *,
    frames: int = 30,
    size: tuple[int, int] = (160, 120),
    fps: int = 25,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    muxer: str | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    milliseconds: Sequence[int] | None = None,
    first: int = 0,
    rotation: int = 0,
) -> Path:
    """A small video at `path`, which is returned.

    `milliseconds` gives each frame's time (else frame / fps), `first` the first frame's pts, `rotation` the
    clockwise degrees that turn the picture upright.
    """
    defaults = (
        {"preset": "ultrafast", "g": "12", "x264-params": "cpu-independent=1"} if codec == "libx264" else {}
    )
    opened = {"fflags": "+bitexact", **(container_options or {})}
    with av.open(str(path), "w", format=muxer, options=opened) as container:
        stream: Any = container.add_stream(codec, rate=fps, options={**defaults, **(options or {})})
        stream.width, stream.height, stream.pix_fmt = *size, pixel_format
        context = stream.codec_context
        context.thread_count = 1
        context.time_base = Fraction(1, 1000) if milliseconds else Fraction(1, fps)
        if rotation:
            stream.set_display_rotation(-rotation)
        container.start_encoding()
        for k in range(frames):
            frame = VideoFrame.from_ndarray(picture(k, *size), format="bgr24").reformat(format=pixel_format)
            frame.pts = first + (milliseconds[k] if milliseconds else k)
            frame.time_base = context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def add_sound(container: Any, codec: str = "aac") -> Any:
    """A track for `write_sound`."""
    return container.add_stream(codec, rate=48000, layout="mono")


def write_sound(container: Any, stream: Any, seconds: float) -> None:
    """A tone of 440 Hz."""
    wave = (0.3 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * 48000)) / 48000)).astype(np.float32)[None]
    for start in range(0, wave.shape[1], 1024):
        frame = AudioFrame.from_ndarray(wave[:, start : start + 1024], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def box(content: bytes, kind: bytes) -> tuple[int, int]:
    """Start and end of the payload of the first top-level mp4 box of that kind."""
    at = 0
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        if content[at + 4 : at + 8] == kind:
            return at + 8, at + length
        at += length
    raise AssertionError(f"no {kind!r} box")


def gif_of(path: Path, side: int) -> Path:
    """A gif of 43 bytes that claims `side` × `side` pixels."""
    size = side.to_bytes(2, "little") * 2
    screen = b"GIF89a" + size + b"\x80\x00\x00" + b"\x00\x00\x00\xff\xff\xff"
    image = b"\x2c\x00\x00\x00\x00" + size + b"\x00" + b"\x02\x02\x4c\x01\x00"
    path.write_bytes(screen + b"\x21\xf9\x04\x00\x0a\x00\x00\x00" + image + b"\x3b")
    return path
