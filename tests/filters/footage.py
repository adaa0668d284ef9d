"""Rendered pictures as files, and files as the clips that filters see."""

import tempfile
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from curate.media.probe import probe
from curate.plugins import ClipView
from curate.signals.scan_file import scan_file
from stages.signals import read_part

Picture = np.ndarray


@lru_cache(maxsize=8)
def world(height: int) -> Picture:
    """A texture with detail at every scale, grey levels 20 to 235: uint8 (1.6 * height, 4 * height)."""
    random = np.random.default_rng(1)
    shape = (round(1.6 * height), 4 * height)
    texture = np.zeros(shape, np.float32)
    for share in (0.006, 0.02, 0.06, 0.2):
        grain = random.standard_normal((64, 160)).astype(np.float32)
        step = max(1.0, share * height)
        small = (min(160, max(2, round(shape[1] / step))), min(64, max(2, round(shape[0] / step))))
        texture += cv2.resize(grain[: small[1], : small[0]], shape[::-1], interpolation=cv2.INTER_CUBIC)
    return cv2.normalize(texture, None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8)


def textured(k: int, size: tuple[int, int] = (320, 180), step: float = 3.0) -> Picture:
    """Frame `k` of a camera that passes over the world by `step` pixels a frame: uint8 (height, width)."""
    height = size[1]
    move = np.float32([[1, 0, -height / 4 - k * step], [0, 1, -height / 4]])
    return cv2.warpAffine(world(height), move, size, flags=cv2.INTER_LINEAR)


def with_bars(picture: Picture, bars: tuple[int, int, int, int], level: int = 16) -> Picture:
    """Grey `picture` with (left, top, right, bottom) pixels of `level` (limited range) around it."""
    left, top, right, bottom = bars
    return cv2.copyMakeBorder(picture, top, bottom, left, right, cv2.BORDER_CONSTANT, value=level)


def write_pictures(
    path: Path,
    pictures: Sequence[Picture],
    *,
    fps: int = 25,
    crf: int = 18,
    milliseconds: Sequence[int] | None = None,
    rotation: int = 0,
) -> Path:
    """Grey pictures (their values are luma of limited range) as H.264 at `path`; `milliseconds` gives each
    one's time."""
    options = {"crf": str(crf), "preset": "veryfast", "x264-params": "cpu-independent=1"}
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=fps, options=options)
        stream.height, stream.width = pictures[0].shape
        stream.pix_fmt, stream.codec_context.thread_count = "yuv420p", 1
        clock = Fraction(1, 1000) if milliseconds else Fraction(1, fps)
        stream.time_base = stream.codec_context.time_base = clock
        if rotation:
            stream.set_display_rotation(-rotation)
        container.start_encoding()
        for k, picture in enumerate(pictures):
            frame = av.VideoFrame(stream.width, stream.height, "yuv420p")
            for index, plane in enumerate(frame.planes):
                lines = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
                lines[:] = 128
                if index == 0:
                    lines[:, : plane.width] = np.rint(picture)
            frame.pts, frame.time_base = (milliseconds[k] if milliseconds else k), clock
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def scanned(path: Path, groups: Sequence[str] = ("picture", "flow")) -> ClipView:
    """All of a file as one clip."""
    facts = probe(str(path))
    with tempfile.TemporaryDirectory() as folder:
        done = scan_file(str(path), folder, video_id=bytes(16), groups=groups, frames=None, name="part")
        signals = {group: read_part(f"{folder}/{done.parts[group].path}") for group in groups}
    base = Fraction(done.time_base)
    clip = {
        "start_pts": done.start_pts, "end_pts": done.end_pts, "frames": done.frames_decoded,
        "start_seconds": float(done.start_pts * base), "end_seconds": float(done.end_pts * base),
    }  # fmt: skip
    return ClipView(clip, {"width": facts.width, "height": facts.height}, signals)
