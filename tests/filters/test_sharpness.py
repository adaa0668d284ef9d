"""Sharpness of pictures whose blur is known, and from rows made by hand."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from curate.plugins import ClipView, SignalFilter, load
from filters.sharpness import Sharpness
from tests.filters.footage import scanned, textured, with_bars, write_pictures

NAN = np.nan


def view(sharpness: list[float], detail: list[float]) -> ClipView:
    columns = {"sharpness": np.array(sharpness), "detail": np.array(detail)}
    return ClipView({"start_seconds": 0.0, "end_seconds": 0.25}, {}, {"picture": columns})


def test_is_found_by_its_file_name() -> None:
    assert load("filters", "sharpness", SignalFilter) is Sharpness


def test_median_and_lowest_over_the_sampled_frames() -> None:
    score = Sharpness().measure(view([100, NAN, 300, NAN, 900, 250], [0.5, NAN, 0.7, NAN, 0.9, NAN]))
    assert score == {"score": 275, "lowest": 100, "blurred": 0.25, "detail": pytest.approx(0.7)}
    assert Sharpness(sharp=300).measure(view([100, 300], [1, 1]))["blurred"] == 0.5


def test_a_picture_without_structure_has_no_detail() -> None:
    assert Sharpness().measure(view([0.0], [NAN]))["detail"] is None


def test_a_clip_without_a_sampled_frame_says_why_it_has_no_score() -> None:
    with pytest.raises(ValueError, match=r"0\.250 s was sampled"):
        Sharpness().measure(view([NAN, NAN], [NAN, NAN]))


def crisp(k: int) -> np.ndarray:
    """A natural spectrum (amplitude 1/f) from octaves of equal strength: uint8 (180, 320)."""
    random = np.random.default_rng(k)
    octaves = [random.standard_normal((180 >> n or 1, 320 >> n)).astype(np.float32) for n in range(6)]
    picture = sum(cv2.resize(octave, (320, 180), interpolation=cv2.INTER_CUBIC) for octave in octaves)
    return np.clip(125 + 14 * picture, 16, 235)


def of(tmp_path: Path, pictures: list[np.ndarray]) -> dict[str, float]:
    found = Sharpness().measure(scanned(write_pictures(tmp_path / "a.mp4", pictures, crf=6), ["picture"]))
    return {name: float(value) for name, value in found.items() if value is not None}


def test_the_more_blur_the_lower_both_measures_whatever_the_contrast(tmp_path: Path) -> None:
    blurred = [
        of(tmp_path, [cv2.GaussianBlur(crisp(k), (0, 0), sigma) if sigma else crisp(k) for k in range(3)])
        for sigma in (0, 0.6, 1, 2, 4)
    ]
    scores = [found["score"] for found in blurred]
    assert all(first > 1.5 * second for first, second in pairwise(scores)), scores
    assert blurred[0]["detail"] > 0.7
    details = [found["detail"] for found in blurred]
    assert details[0] > 2 * details[1] > 2.2 * details[2]
    assert max(details[2:]) < 0.3
    pale = of(tmp_path, [125 + (crisp(k) - 125) / 3 for k in range(3)])
    assert pale["score"] == pytest.approx(scores[0] / 9, rel=0.1)
    assert pale["detail"] == pytest.approx(blurred[0]["detail"], rel=0.1)


def test_what_was_scaled_up_lacks_detail_and_noise_has_too_much(tmp_path: Path) -> None:
    soft = [cv2.GaussianBlur(textured(k), (0, 0), 2) for k in range(3)]
    enlarged = [
        cv2.resize(crisp(k)[::2, ::2], (320, 180), interpolation=cv2.INTER_CUBIC).clip(16, 235)
        for k in range(3)
    ]
    assert of(tmp_path, enlarged)["detail"] < 0.25
    noise = np.random.default_rng(0)
    noisy = [np.clip(picture + noise.normal(0, 8, picture.shape), 16, 235) for picture in soft]
    assert of(tmp_path, noisy)["detail"] > 1


def test_the_edge_of_a_bar_is_not_sharpness(tmp_path: Path) -> None:
    pictures = [cv2.GaussianBlur(textured(k), (0, 0), 2) for k in range(3)]
    alone = of(tmp_path, pictures)
    barred = of(tmp_path, [with_bars(picture, (0, 40, 0, 40)) for picture in pictures])
    assert barred["score"] == pytest.approx(alone["score"], rel=0.05)
    assert barred["lowest"] == pytest.approx(alone["lowest"], rel=0.05)
    assert barred["detail"] == pytest.approx(alone["detail"], rel=0.05)
