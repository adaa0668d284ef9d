"""Frames that are decoded because none was stored."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from curate.media.child import Worker
from curate.media.errors import MediaError
from curate.media.stills import stills
from tests.numbered import number_of, steady, write_source


def numbers(found: list[tuple[int, bytes]]) -> list[int]:
    return [number_of(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)) for _, data in found]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_source(tmp_path_factory.mktemp("stills") / "a.mp4", steady(40), Fraction(1, 25))


@pytest.mark.parametrize("irregular", [False, True])
def test_the_frames_at_the_middles_of_equal_parts(source: Path, irregular: bool) -> None:
    found = stills(str(source), 10, 30, 4, 96, irregular=irregular)
    assert [pts for pts, _ in found] == [12, 17, 22, 27]
    assert numbers(found) == [12, 17, 22, 27]


def test_each_frame_once_where_more_are_asked_for_than_there_are(source: Path) -> None:
    assert [pts for pts, _ in stills(str(source), 10, 13, 9, 96)] == [10, 11, 12]


def test_the_short_side_is_kept_to(source: Path) -> None:
    [(_, data)] = stills(str(source), 0, 5, 1, 48)
    assert min(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape[:2]) == 48


def test_a_span_without_a_frame(source: Path) -> None:
    with pytest.raises(MediaError, match="no frame between 900 and 950"):
        stills(str(source), 900, 950, 3, 96)


def test_through_the_child(source: Path) -> None:
    worker = Worker()
    try:
        span = {"start_pts": 0, "end_pts": 4, "count": 2, "short_side": 96}
        arguments = {"path": str(source), "irregular": False, **span}
        found = worker.call("frames", arguments)["frames"]
    finally:
        worker.close()
    assert [pts for pts, _ in found] == [1, 3]
