"""Sampled frames: which ones are stored, and as what JPEG."""

import cv2
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from curate.media.errors import MediaError
from curate.signals.view import Picture

NAME = "frames"
VERSION = 1
SCHEMA = pa.schema([pa.field("jpeg", pa.binary(), nullable=False)])


class FramesOptions(BaseModel):
    """Which frames a scan stores, and how large."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frames_per_second: float = Field(2.0, gt=0, le=60)
    """Points of the grid per second of the file's own clock; the first frame at or after each is stored, and
    up to 8 per second between a spike of the change score and the next point."""
    short_side: int = Field(448, ge=16, le=4320)
    """Pixels of the shorter side; smaller pictures keep their size."""
    quality: int = Field(90, ge=1, le=100)
    """JPEG quality. At 90, a frame of 796x448 takes about 37 KB."""


def encode_jpeg(rgb: Picture, quality: int) -> bytes:
    """JPEG (4:2:0, baseline) of an RGB picture, uint8 (h, w, 3)."""
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not done:
        raise MediaError(
            f"a frame of {rgb.shape[1]}x{rgb.shape[0]} could not be stored as JPEG (65,500 pixels a side at "
            "most): crop or scale the video first."
        )
    return bytes(data)
