"""Frames that are decoded and scaled for a model before it is asked."""

import json
import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from transformers import AutoImageProcessor, AutoVideoProcessor

from captioners.dialogue.prepared import Sizing, prepared, sizing_of
from captioners.dialogue.types import Image, Refused, Request, Sampling
from tests.captioners import tiny_vlm

SAMPLING = Sampling(0.2, 0.9, 64, 0)


def jpeg(width: int, height: int, seed: int = 0) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return cv2.imencode(".jpg", cv2.resize(coarse, (width, height)))[1].tobytes()


def request(*jpegs: bytes) -> Request:
    images = tuple(Image(k, float(k), data) for k, data in enumerate(jpegs))
    return Request("ab" * 16, 0, 0, "", "text", {}, SAMPLING, images, float(len(images)))


def files_of(folder: Path) -> Any:
    def file(name: str) -> Mapping[str, Any] | None:
        path = folder / name
        return json.loads(path.read_text()) if path.is_file() else None  # type: ignore[no-any-return]

    return file


@pytest.fixture(scope="module", params=tiny_vlm.KINDS)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vlm.build(tmp_path_factory.mktemp("model"), request.param)


SIZES = [(160, 120), (120, 160), (640, 360), (30, 500), (12, 9), (448, 797), (129, 127)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_pictures_get_the_size_that_the_processor_gives_them(
    checkpoint: Path, width: int, height: int
) -> None:
    sizing = sizing_of(files_of(checkpoint), video=False)
    assert sizing is not None
    (frame,) = prepared(request(jpeg(width, height)), sizing).frames
    processor = AutoImageProcessor.from_pretrained(checkpoint)
    grid = processor([np.zeros((height, width, 3), np.uint8)])["image_grid_thw"][0]
    patch = processor.patch_size
    assert frame.shape == (int(grid[1]) * patch, int(grid[2]) * patch, 3)
    # And so the processor leaves it as it is.
    assert sizing.of(*frame.shape[:2]) == frame.shape[:2]


@pytest.mark.parametrize("frames", [2, 8, 40])
@pytest.mark.parametrize(("width", "height"), [(160, 120), (640, 360), (448, 797)])
def test_videos_get_the_size_that_the_processor_gives_them(
    checkpoint: Path, width: int, height: int, frames: int
) -> None:
    sizing = sizing_of(files_of(checkpoint), video=True)
    assert sizing is not None
    found = prepared(request(*[jpeg(width, height)] * frames), sizing, video=True).frames
    processor = AutoVideoProcessor.from_pretrained(checkpoint)
    video = np.zeros((frames, 3, height, width), np.uint8)
    grid = processor(videos=[video], do_sample_frames=False, return_tensors="pt")["video_grid_thw"][0]
    patch = processor.patch_size
    assert {frame.shape for frame in found} == {(int(grid[1]) * patch, int(grid[2]) * patch, 3)}


def test_frames_of_a_video_have_the_size_of_the_first() -> None:
    found = prepared(request(jpeg(160, 120), jpeg(320, 240)), None, video=True).frames
    assert [frame.shape for frame in found] == [(120, 160, 3)] * 2


def test_pictures_keep_their_own_sizes() -> None:
    found = prepared(request(jpeg(160, 120), jpeg(320, 240)), None).frames
    assert [frame.shape for frame in found] == [(120, 160, 3), (240, 320, 3)]


def test_prepared_request_travels_without_its_jpegs() -> None:
    asked = request(jpeg(160, 120), jpeg(160, 120, seed=1))
    ready = pickle.loads(pickle.dumps(prepared(asked, None)))
    assert [image.jpeg for image in ready.request.images] == [b"", b""]
    assert [image.seconds for image in ready.request.images] == [0.0, 1.0]
    assert replace(ready.request, images=asked.images) == asked
    decoded = cv2.cvtColor(cv2.imdecode(np.frombuffer(asked.images[1].jpeg, np.uint8), 1), cv2.COLOR_BGR2RGB)
    assert np.array_equal(ready.frames[1], decoded)


def test_broken_frame_is_refused() -> None:
    with pytest.raises(Refused, match="not a JPEG"):
        prepared(request(b"no picture"), None)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"preprocessor_config.json": {"image_processor_type": "SomethingElse", "patch_size": 14}},
        {"preprocessor_config.json": {"image_processor_type": "Qwen2VLImageProcessor", "patch_size": 14}},
    ],
)
def test_unknown_processor_scales_its_pictures_itself(config: dict[str, Any]) -> None:
    assert sizing_of(config.get, video=False) is None


def test_video_without_settings_of_its_own_has_those_of_pictures() -> None:
    """As Qwen2.5-VL is on the hub."""
    config = {
        "preprocessor_config.json": {
            "image_processor_type": "Qwen2VLImageProcessor",
            "min_pixels": 3136,
            "max_pixels": 12845056,
            "patch_size": 14,
            "merge_size": 2,
        }
    }
    for video in (False, True):
        assert sizing_of(config.get, video) == Sizing(28, 3136, 12845056)
