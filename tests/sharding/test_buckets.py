"""Classes of size, shape and length: known answers, and a place for everything."""

import itertools
import math

import pytest

from curate.sharding.buckets import ASPECTS, aspect_class, bucket, length_class, size_class


@pytest.mark.parametrize(
    ("width", "height", "seconds", "name"),
    [
        (1280, 720, 5.0, "720p_16x9_4-8s"),
        (720, 1280, 2.0, "720p_9x16_2-4s"),
        (1920, 1078, 1.999, "720p_16x9_0-2s"),  # one pixel short of 1080
        (640, 480, 16.0, "480p_4x3_16-32s"),
        (480, 640, 15.999, "480p_3x4_8-16s"),
        (2560, 1080, 4.0, "1080p_21x9_4-8s"),
        (500, 500, 64.0, "480p_1x1_64s-up"),
        (50, 38, 0.04, "0p_4x3_0-2s"),
        (8192, 4320, 3600.0, "4320p_16x9_64s-up"),
    ],
)
def test_known_clips(width: int, height: int, seconds: float, name: str) -> None:
    assert bucket(width, height, seconds) == name


def test_aspect_is_the_nearest_by_logarithm() -> None:
    for width, height in itertools.product(range(2, 400, 7), range(2, 400, 7)):
        distance = {f"{w}x{h}": abs(math.log(width / height) - math.log(w / h)) for w, h in ASPECTS}
        assert distance[aspect_class(width, height)] == pytest.approx(min(distance.values()), abs=1e-12)


def test_the_most_extreme_shapes_and_sizes_have_a_place() -> None:
    assert aspect_class(2, 10_000) == "9x16"
    assert aspect_class(10_000, 2) == "21x9"
    assert size_class(2, 10_000) == "0p"
    assert length_class(0.0) == "0-2s"
    assert length_class(1e9) == "64s-up"
