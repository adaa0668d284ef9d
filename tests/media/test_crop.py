"""Clips cropped to a box: the same pixels as in the whole clip, and no more."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from curate.media.child_tasks import encode
from curate.media.crop import Framing, cropped, even_crop
from curate.media.decode import decode
from curate.media.encode import EncodeOptions, encode_clip
from curate.media.picture import Viewer
from tests.making import write
from tests.numbered import seen

LOSSLESS = EncodeOptions(crf=0, preset="ultrafast")


def luma(path: Path) -> np.ndarray:
    """(frames, H, W) of a clip."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="gray") for frame in container.decode(video=0)])


def test_boxes_are_rounded_inwards_to_even_pixels() -> None:
    assert even_crop(0, 60, 640, 360, (640, 480)) == (0, 60, 640, 360)
    assert even_crop(3, 61, 633, 359, (640, 480)) == (4, 62, 632, 358)
    assert even_crop(1, 0, 639, 480, (640, 480)) == (2, 0, 638, 480)
    # Nothing but the odd line that an encoder cannot take: no crop.
    assert even_crop(0, 0, 641, 481, (641, 481)) is None
    assert even_crop(0, 0, 640, 480, (640, 480)) is None
    # Too little left.
    assert even_crop(100, 0, 15, 480, (640, 480)) is None
    assert even_crop(0, 1, 640, 16, (640, 480)) is None


@pytest.mark.parametrize("rotation", [0, 90])
def test_a_cropped_clip_has_the_pixels_of_the_whole_one(tmp_path: Path, rotation: int) -> None:
    source = write(tmp_path / "a.mp4", frames=4, size=(96, 64), rotation=rotation)
    expected = seen(source)
    whole, part = str(tmp_path / "whole.mp4"), str(tmp_path / "part.mp4")
    span = {"start_pts": 0, "end_pts": 1 << 40, "options": LOSSLESS, "expected": expected}
    encode_clip(str(source), whole, **span)
    done = encode_clip(str(source), part, crop=(4, 20, 48, 40), **span)
    assert (done.width, done.height, done.frames) == (48, 40, 4)
    assert np.array_equal(luma(Path(part)), luma(Path(whole))[:, 20:60, 4:52])


def test_a_cropped_clip_is_scaled_after_it_was_cropped(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mp4", frames=2, size=(160, 120))
    small = EncodeOptions(crf=0, preset="ultrafast", max_short_side=32)
    target = tmp_path / "b.mp4"
    span = {"start_pts": 0, "end_pts": 1 << 40}
    done = encode_clip(str(source), str(target), options=small, crop=(0, 28, 128, 64), **span)
    assert (done.width, done.height) == (64, 32)
    encode_clip(str(source), str(tmp_path / "c.mp4"), options=LOSSLESS, crop=(0, 28, 128, 64), **span)
    halved = luma(tmp_path / "c.mp4").reshape(2, 32, 2, 64, 2).mean((2, 4))
    assert np.abs(luma(target).astype(float) - halved).mean() < 4


def test_the_child_crops_as_it_is_told_in_json(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mp4", frames=2, size=(96, 64))
    asked = json.loads(json.dumps({"crop": (2, 2, 64, 32)}))
    done = encode(str(source), str(tmp_path / "b.mp4"), 0, 1 << 40, LOSSLESS.model_dump(), **asked)
    assert (done["width"], done["height"]) == (64, 32)


def test_a_part_keeps_time_colours_and_both_chroma_planes(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mp4", frames=1, size=(96, 64))
    frame = next(iter(decode(str(source)))).image
    whole = Viewer().yuv(frame, (96, 64))
    part = cropped(whole, (6, 10, 20, 30))
    assert (part.pts, part.time_base, part.colorspace) == (whole.pts, whole.time_base, whole.colorspace)
    y = whole.to_ndarray()
    chroma = y[64:].reshape(2, 32, 48)
    expected = [y[10:40, 6:26], chroma[0, 5:20, 3:13], chroma[1, 5:20, 3:13]]
    for plane, wanted in zip(part.planes, expected, strict=True):
        lines = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        assert np.array_equal(lines[:, : plane.width], wanted)


@pytest.mark.parametrize("crop", [(0, 0, 98, 64), (-2, 0, 20, 20), (1, 0, 20, 20), (0, 0, 20, 19)])
def test_boxes_that_are_odd_or_reach_outside_are_refused(crop: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="must be even and lie in a picture of 96x64"):
        Framing(Viewer(0, Fraction(1)), (96, 64), crop)
