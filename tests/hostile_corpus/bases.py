"""Sound little videos in many containers and codecs: what the mutations are made of."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
from av.video.frame import VideoFrame

from tests.making import add_sound, picture, write_sound


class Base(NamedTuple):
    """How one is made: `frames` pictures of `size`, at 25 a second."""

    suffix: str
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    sound: str | None = None
    muxer: str | None = None
    size: tuple[int, int] = (96, 64)
    frames: int = 30
    options: dict[str, str] = {}  # noqa: RUF012 - nobody writes to it
    container: dict[str, str] = {}  # noqa: RUF012


_FAST = {"preset": "ultrafast", "g": "10"}
_B_FRAMES = {"preset": "veryfast", "g": "15", "bf": "2", "x264-params": "cpu-independent=1"}
_X265 = {"preset": "ultrafast", "x265-params": "log-level=none:pools=1:frame-threads=1"}
_VP = {"deadline": "realtime", "cpu-used": "8", "g": "10"}

BASES: dict[str, Base] = {
    "mp4": Base("mp4", sound="aac", options=_B_FRAMES),
    "mp4_front": Base("mp4", options=_FAST, container={"movflags": "+faststart"}),
    "mp4_fragments": Base("mp4", options=_FAST, container={"movflags": "+frag_keyframe+empty_moov"}),
    "mkv": Base("mkv", sound="flac", options=_B_FRAMES),
    "webm": Base("webm", "libvpx-vp9", sound="libopus", options=_VP),
    "webm_vp8": Base("webm", "libvpx", options=_VP),
    "avi": Base("avi", "mpeg4", sound="libmp3lame", options={"bf": "2"}),
    "avi_mjpeg": Base("avi", "mjpeg", "yuvj420p"),
    "ts": Base("ts", sound="mp2", options=_B_FRAMES),
    "mpg": Base("mpg", "mpeg2video", sound="mp2"),
    "flv": Base("flv", "flv", sound="libmp3lame"),
    "wmv": Base("wmv", "wmv2", muxer="asf"),
    "gif": Base("gif", "gif", "rgb8", frames=15),
    "hevc": Base("mp4", "libx265", options=_X265),
    "av1": Base("mkv", "libsvtav1", options={"preset": "12", "svtav1-params": "lp=1"}, frames=12),
    "mov_prores": Base("mov", "prores_ks", "yuv422p10le", sound="pcm_s16le", frames=12),
    "raw_h264": Base("h264", muxer="h264", options=_B_FRAMES),
    "raw_hevc": Base("hevc", "libx265", muxer="hevc", options=_X265),
    "ivf": Base("ivf", "libvpx", muxer="ivf", options=_VP),
    "y4m": Base("y4m", "wrapped_avframe", muxer="yuv4mpegpipe", frames=8),
    "nut": Base("nut", "ffv1", frames=8),
    "mxf": Base("mxf", "mpeg2video", size=(128, 96)),
    "3gp": Base("3gp", "h263", size=(128, 96)),
    "dv": Base("dv", "dvvideo", "yuv411p", size=(720, 480), muxer="dv", frames=3),
}  # fmt: skip
"""By name; each takes a few hundredths of a second to make and to scan."""

FPS = {"dv": Fraction(30000, 1001)}


def make(name: str, folder: Path) -> Path:
    """The base `name`, written into `folder`."""
    base = BASES[name]
    path = folder / f"{name}.{base.suffix}"
    encode(path, base, FPS.get(name, Fraction(25)))
    return path


def encode(path: Path, base: Base, fps: Fraction = Fraction(25)) -> None:
    """Write a video as `base` says."""
    opened = {"fflags": "+bitexact", **base.container}
    with av.open(str(path), "w", format=base.muxer, options=opened) as container:
        stream: Any = container.add_stream(base.codec, rate=fps, options=base.options)
        stream.width, stream.height, stream.pix_fmt = *base.size, base.pixel_format
        context = stream.codec_context
        context.thread_count = 1
        context.time_base = 1 / fps
        sound = add_sound(container, base.sound) if base.sound else None
        container.start_encoding()
        for frame in pictures(base, fps):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            write_sound(container, sound, base.frames / float(fps))


def pictures(base: Base, fps: Fraction) -> Iterator[VideoFrame]:
    for k in range(base.frames):
        frame = VideoFrame.from_ndarray(picture(k, *base.size), format="bgr24")
        frame = frame.reformat(format=base.pixel_format)
        frame.pts, frame.time_base = k, 1 / fps
        yield frame
