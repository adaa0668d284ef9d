"""A request whose frames are decoded and scaled already: what CPUs can do while the model is busy."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from captioners.dialogue.types import Refused, Request
from curate.frames_of import picture

Rgb = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Stands for a Request where a captioner takes one. It can be pickled."""

    request: Request
    """Its images without their bytes."""
    frames: tuple[Rgb, ...]
    """(h, w, 3), one for each image."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """The sizes that a model's processor scales pictures to."""

    multiple: int
    """Of each side: a token is a square of this many pixels."""
    least: int
    most: int
    """Pixels of a picture."""
    whole: bool = False
    """The limits are of all frames of a video together."""

    def of(self, height: int, width: int, frames: int = 1) -> tuple[int, int]:
        """(height, width), as Qwen2-VL's `smart_resize` has it: the shape is kept as nearly as it goes."""
        least, most = (self.least / frames, self.most / frames) if self.whole else (self.least, self.most)
        near = [max(self.multiple, round(side / self.multiple) * self.multiple) for side in (height, width)]
        if near[0] * near[1] > most:
            scale = math.sqrt(most / (height * width)) / self.multiple
            near = [max(1, math.floor(side * scale)) * self.multiple for side in (height, width)]
        elif near[0] * near[1] < least:
            scale = math.sqrt(least / (height * width)) / self.multiple
            near = [math.ceil(side * scale) * self.multiple for side in (height, width)]
        return near[0], near[1]


IMAGES = ("Qwen2VLImageProcessor", "Qwen2VLImageProcessorFast", "Qwen2VLImageProcessorPil")
VIDEOS = {"Qwen2VLVideoProcessor": False, "Qwen3VLVideoProcessor": True}
"""Processors whose sizes are known -> whether the limits are of the whole video."""


def sizing_of(file: Callable[[str], Mapping[str, Any] | None], video: bool) -> Sizing | None:
    """How a checkpoint wants its pictures, from its JSON files by name; None where its processor is not one
    of those that are known here: it scales them itself then."""
    both = file("processor_config.json") or {}
    images = both.get("image_processor") or file("preprocessor_config.json") or {}
    videos = both.get("video_processor") or file("video_preprocessor_config.json") or {}
    whole = False
    found = images
    if images.get("image_processor_type") not in IMAGES:
        return None
    # Without settings of its own a video is scaled by those of pictures.
    if video and videos:
        if videos.get("video_processor_type") not in VIDEOS:
            return None
        found, whole = videos, VIDEOS[videos["video_processor_type"]]
    size = found.get("size") or {}
    try:
        least = int(found.get("min_pixels") or size["shortest_edge"])
        most = int(found.get("max_pixels") or size["longest_edge"])
        multiple = int(found["patch_size"]) * int(found["merge_size"])
    except (KeyError, TypeError, ValueError):
        return None
    return Sizing(multiple, least, most, whole) if multiple > 0 and 0 < least <= most else None


def prepared(request: Request, sizing: Sizing | None, video: bool = False) -> Prepared:
    """The request with its frames decoded, and scaled if the sizes are known. Frames of a video are all
    scaled to one size, that of the first. Refused where a frame is no picture."""
    try:
        frames = [picture(image.jpeg) for image in request.images]
    except ValueError as error:
        raise Refused(str(error)) from error
    sizes = [frame.shape[:2] for frame in frames]
    if video:
        sizes = sizes[:1] * len(sizes)
    if sizing is not None:
        # Frames of a video go to the model in pairs.
        pairs = len(frames) + len(frames) % 2
        sizes = [sizing.of(height, width, pairs if video else 1) for height, width in sizes]
    scaled = tuple(_scaled(frame, size) for frame, size in zip(frames, sizes, strict=True))
    bare = tuple(replace(image, jpeg=b"") for image in request.images)
    return Prepared(replace(request, images=bare), scaled)


def _scaled(rgb: Rgb, size: tuple[int, int]) -> Rgb:
    """Bicubic with antialiasing, as the processors of the models do it."""
    if rgb.shape[:2] == size:
        return rgb
    from PIL import Image

    height, width = size
    return np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BICUBIC))
