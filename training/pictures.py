"""Pictures to look at: videos and contact sheets of what a model makes."""

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from curate.media import Viewer
from curate.media.clip_writer import ClipWriter, VideoSettings

U8 = npt.NDArray[np.uint8]
CRF = 14
"""x264's constant rate factor: high quality, since what is judged is the model and not the codec."""


def to_pixels(frames: U8) -> Tensor:
    """uint8 RGB [T, H, W, 3] -> float32 [3, T, H, W] in [-1, 1]"""
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(3, 0, 1, 2).float() / 127.5 - 1


def to_frames(pixels: Tensor) -> U8:
    """float [3, T, H, W] in [-1, 1] -> uint8 RGB [T, H, W, 3]"""
    levels = ((pixels.detach().float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return levels.permute(1, 2, 3, 0).contiguous().cpu().numpy()


def write_png(path: str | Path, picture: U8) -> None:
    """RGB [H, W, 3]; the file appears whole or not at all."""
    done, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    assert done
    part = Path(f"{path}.part")
    part.write_bytes(bytes(data))
    os.replace(part, path)


def write_mp4(path: str | Path, frames: U8, fps: float) -> None:
    """RGB [T, H, W, 3] as H.264, BT.709; an odd side loses its last pixel. Whole or not at all."""
    rate = Fraction(fps).limit_denominator(1001)
    width, height = frames.shape[2] // 2 * 2, frames.shape[1] // 2 * 2
    part = f"{path}.part"
    viewer = Viewer()
    writer = ClipWriter(
        part, VideoSettings(width, height, CRF, "medium", timescale=rate.numerator, rate=rate), None
    )
    try:
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            ticks = rate.denominator
            writer.add(viewer.yuv(picture, (width, height)), number * ticks, ticks)
        writer.finish()
    finally:
        writer.close()
    os.replace(part, path)


def sheet(rows: Sequence[Sequence[U8]], gap: int = 2) -> U8:
    """Pictures [H, W, 3] of one size in rows and columns, with white between them."""
    height, width = rows[0][0].shape[:2]
    columns = max(len(row) for row in rows)
    page = np.full((len(rows) * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, dtype=np.uint8)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            top, left = y * (height + gap), x * (width + gap)
            page[top : top + height, left : left + width] = picture
    return page
