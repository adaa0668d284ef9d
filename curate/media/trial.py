"""Whether the codecs that came with PyAV do their work here: a few frames are encoded and decoded again."""

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

DECODERS = ("h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "prores", "mjpeg", "gif")
"""What nearly all footage is coded in."""

FRAMES = 10
SIZE = (64, 48)
MOST_ERROR = 12.0
"""Mean error (of 255) of the decoded trial: at the default rate factor it is about 2."""


def missing_decoders() -> list[str]:
    """Those of DECODERS that this PyAV lacks."""
    missing = []
    for name in DECODERS:
        try:
            av.Codec(name, "r")
        except ValueError:  # UnknownCodecError
            missing.append(name)
    return missing


def trial() -> bytes:
    """A tiny MP4 of libx264 and AAC, encoded here; av.FFmpegError or ValueError where a codec fails."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        video: Any = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        audio: Any = container.add_stream("aac", rate=48000, layout="mono")
        for k in range(FRAMES):
            flat = np.full((SIZE[1], SIZE[0]), _grey(k), np.uint8)
            flat = np.full((SIZE[1], SIZE[0]), _grey(k), np.uint8)
            frame = VideoFrame.from_ndarray(flat, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for start in range(0, 48000 * FRAMES // 25, 1024):
            sound = AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = 48000, start, Fraction(1, 48000)
            container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
    return target.getvalue()


def decoded(content: bytes) -> str | None:
    """What is wrong with the pictures and the sound of a `trial` when they are decoded; None if nothing."""
    with av.open(io.BytesIO(content), mode="r") as container:
        video = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    with av.open(io.BytesIO(content), mode="r") as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    if len(video) != FRAMES:
        return f"{len(video)} of {FRAMES} frames came back"
    error = max(float(np.abs(picture - float(_grey(k))).mean()) for k, picture in enumerate(video))
    if error > MOST_ERROR:
        return f"a frame came back with a mean error of {error:.0f} of 255"
    return None if samples >= 48000 * FRAMES // 25 else f"only {samples} samples of sound came back"


def _grey(k: int) -> int:
    return 40 + 15 * k
