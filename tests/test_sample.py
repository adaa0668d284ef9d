"""The sample's answers are true of its files, by decoding them with nothing of ours."""

import hashlib
import json
import os
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from curate.sample import FILMS, make
from curate.sample.film import Film, draw
from curate.sample.films import varying
from curate.sample.world import SIDE, _shifted


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    make(folder)
    return folder


@pytest.fixture(scope="module")
def answers(sample: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((sample / "answers.json").read_bytes())
    return found


@pytest.fixture(scope="module")
def decoded(sample: Path) -> dict[str, dict[str, Any]]:
    """For each film: its pictures (160 × 90, upright luma in 0..255), their seconds, other facts."""
    return {film.name: _decoded(sample / film.name, film) for film in FILMS}


def _luma(frame: av.VideoFrame) -> np.ndarray:
    """The stored luma as float32 (H, W) in 0..255, without any library's idea of colour."""
    if frame.format.name == "bgra":
        return frame.to_ndarray()[..., :3].astype(np.float32) @ np.array((0.114, 0.587, 0.299), np.float32)
    deep = frame.format.name.endswith("10le")
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint16 if deep else np.uint8).reshape(frame.height, -1)[:, : frame.width]
    luma = rows.astype(np.float32) / (4 if deep else 1)
    return luma if frame.color_range == 2 else (luma - 16) * (255 / 219)


def _decoded(path: Path, film: Film) -> dict[str, Any]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        grey, seconds, first = [], [], None
        for frame in container.decode(stream):
            first = first or frame
            seconds.append(frame.time)
            upright = np.rot90(_luma(frame), -film.rotation // 90)
            grey.append(cv2.resize(np.ascontiguousarray(upright), (160, 90), interpolation=cv2.INTER_AREA))
        assert first is not None
        return {
            "grey": np.stack(grey),
            "seconds": np.array(seconds),
            "rotation": -first.rotation % 360,
            "coded": (first.width, first.height),
            "format": first.format.name,
            "range": first.color_range,
            "sar": stream.sample_aspect_ratio or Fraction(1),
            "rate": stream.average_rate,
            "codec": stream.codec_context.name,
            "audio": bool(container.streams.audio),
        }


NAMES = [film.name for film in FILMS]


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_what_its_answer_says(
    name: str, answers: dict[str, Any], decoded: dict[str, dict[str, Any]]
) -> None:
    known, found = answers["files"][name], decoded[name]
    assert len(found["grey"]) == known["frames"]
    assert found["coded"] == (known["coded_width"], known["coded_height"])
    assert found["rotation"] == known["rotation"]
    assert found["sar"] == Fraction(known["sar"].replace(":", "/"))
    assert found["codec"] == known["codec"]
    assert found["audio"] == known["has_audio"]
    assert (found["range"] == 2) == (known["range"] == "full")
    if known["codec"] != "gif":  # Its palettes come out of the decoder as bgra.
        assert found["format"].replace("yuvj", "yuv") == known["pixel_format"]
    turned = known["rotation"] in (90, 270)
    shown = (round(found["coded"][0] * found["sar"]), found["coded"][1])
    assert (shown[::-1] if turned else shown) == (known["width"], known["height"])


@pytest.mark.parametrize("name", NAMES)
def test_each_frame_has_the_time_that_was_claimed(
    name: str, answers: dict[str, Any], decoded: dict[str, dict[str, Any]]
) -> None:
    known, seconds = answers["files"][name], decoded[name]["seconds"]
    if known["vfr"]:
        expected = np.array([varying(k) / 1000 for k in range(known["frames"])])
        assert sorted({round(step, 3) for step in np.diff(seconds)}) == [
            0.033,
            0.034,
            0.041,
            0.042,
            0.062,
            0.063,
        ]
    else:
        expected = known["start_seconds"] + np.arange(known["frames"]) / float(Fraction(known["fps"]))
        assert decoded[name]["rate"] == Fraction(known["fps"])
    np.testing.assert_allclose(seconds, expected, atol=0.0011)


@pytest.mark.parametrize("name", NAMES)
def test_the_pictures_are_those_that_were_drawn(name: str, decoded: dict[str, dict[str, Any]]) -> None:
    """Upright, in order, and right in matrix and range: every tenth frame's luma, within a few levels."""
    film = next(film for film in FILMS if film.name == name)
    matrix = "bt601" if film.codec == "gif" else film.matrix
    luma = {"bt601": (0.114, 0.587, 0.299), "bt709": (0.0722, 0.7152, 0.2126)}[matrix]
    limit = 20 if name == "noise.mp4" else 8  # No codec keeps pure noise at such a rate.
    for k, drawn in enumerate(draw(film)):
        if k % 10:
            continue
        grey = drawn.astype(np.float32) @ np.array(luma, np.float32)
        difference = decoded[name]["grey"][k] - cv2.resize(grey, (160, 90), interpolation=cv2.INTER_AREA)
        assert np.abs(difference).mean() < limit, k
        assert abs(float(difference.mean())) < 2.5, k


def test_pictures_jump_at_the_cuts_and_nowhere_else(
    answers: dict[str, Any], decoded: dict[str, dict[str, Any]]
) -> None:
    for name in ("hard_cuts.mp4", "camera_moves.mp4", "black_and_white.mp4", "letterbox.mp4", "text.mp4"):
        jumps = np.abs(np.diff(decoded[name]["grey"], axis=0)).mean(axis=(1, 2))
        cuts = [cut["frame"] for cut in answers["files"][name]["cuts"]]
        assert sorted(np.argsort(jumps)[-len(cuts) :] + 1) == cuts, name
        others = np.delete(jumps, [cut - 1 for cut in cuts])
        assert others.max() < jumps[[cut - 1 for cut in cuts]].min() / 1.5, name


def test_the_shots_fill_the_film(answers: dict[str, Any]) -> None:
    for name in NAMES:
        known = answers["files"][name]
        shots = known["shots"]
        assert shots[0]["start_frame"] == 0
        assert shots[-1]["end_frame"] == known["frames"]
        assert shots[-1]["end_seconds"] == known["end_seconds"]
        dissolves = [one for one in known["gradual"] if one["kind"] == "dissolve"]
        overlaps = [
            (after["start_frame"], before["end_frame"])
            for before, after in pairwise(shots)
            if after["start_frame"] < before["end_frame"]
        ]
        assert overlaps == [(one["start_frame"], one["end_frame"]) for one in dissolves]


def test_transitions(answers: dict[str, Any], decoded: dict[str, dict[str, Any]]) -> None:
    known, grey = answers["files"]["transitions.mp4"], decoded["transitions.mp4"]["grey"]
    kinds = [one["kind"] for one in known["gradual"]]
    assert kinds == ["dissolve", "fade_out", "fade_in", "fade_out", "fade_in", "fade_out"]
    assert known["cuts"] == []
    dissolve, *fades = known["gradual"]
    middle = (dissolve["start_frame"] + dissolve["end_frame"]) // 2
    ends = 0.5 * grey[dissolve["start_frame"] - 1] + 0.5 * grey[dissolve["end_frame"]]
    assert np.abs(grey[middle] - ends).mean() < 20
    for fade in fades:
        brightness = grey[fade["start_frame"] : fade["end_frame"]].mean(axis=(1, 2))
        steps = np.diff(brightness)
        assert (steps > 0).all() if fade["kind"] == "fade_in" else (steps < 0).all()


def test_looks(answers: dict[str, Any], decoded: dict[str, dict[str, Any]]) -> None:
    grey = decoded["black_and_white.mp4"]["grey"]
    for shot, level in zip(
        answers["files"]["black_and_white.mp4"]["shots"], (0, None, 255, 128), strict=True
    ):
        frames = grey[shot["start_frame"] : shot["end_frame"]]
        if level is None:
            assert frames.std(axis=(1, 2)).min() > 15
        else:
            assert np.abs(frames - level).max() <= 3
    still = decoded["static.mp4"]["grey"]
    assert np.abs(np.diff(still, axis=0)).mean() < 0.5
    letterbox = decoded["letterbox.mp4"]["grey"]
    for shot in answers["files"]["letterbox.mp4"]["shots"]:
        frames, bars = letterbox[shot["start_frame"] : shot["end_frame"]], shot["borders"]
        top, left = bars["top"] * 90 // 270, bars["left"] * 160 // 480
        inner = frames[:, top + 1 : 89 - top, left + 1 : 159 - left]
        mask = np.ones(frames.shape[1:], bool)
        mask[max(0, top - 1) : 91 - top, max(0, left - 1) : 161 - left] = False
        assert frames[:, mask].mean() < 3
        assert inner.mean(axis=(1, 2)).min() > 40


@pytest.mark.parametrize(
    ("name", "shot"),
    [
        ("hard_cuts.mp4", 0),
        ("hard_cuts.mp4", 2),
        ("camera_moves.mp4", 1),
        ("rate_12.avi", 0),
        ("rate_varying.mkv", 0),
        ("rotated_90.mp4", 0),
        ("portrait.mp4", 0),
        ("wide_pixels.mp4", 0),
        ("rate_59_94.mp4", 0),
    ],
)
def test_pans_have_the_claimed_speed(
    name: str, shot: int, answers: dict[str, Any], decoded: dict[str, dict[str, Any]]
) -> None:
    """By phase correlation of frames a quarter of a second apart, which shares nothing with our flow."""
    known, found = answers["files"][name]["shots"][shot], decoded[name]
    seconds = found["seconds"]
    a = known["start_frame"] + 2
    b = int(np.searchsorted(seconds, seconds[a] + 0.25))
    window = cv2.createHanningWindow((160, 90), cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(found["grey"][a], found["grey"][b], window)
    elapsed = seconds[b] - seconds[a]
    assert 100 * x / 160 / elapsed == pytest.approx(known["pan_x"], abs=0.7)
    assert 100 * y / 90 / elapsed == pytest.approx(known["pan_y"], abs=0.7)


def test_speeds_follow_from_pans(answers: dict[str, Any]) -> None:
    for name in NAMES:
        known = answers["files"][name]
        for shot in known["shots"]:
            if shot["motion"] in ("slow pan", "pan", "fast pan", "tilt"):
                pan = np.hypot(shot["pan_x"] * known["width"], shot["pan_y"] * known["height"])
                diagonal = np.hypot(known["width"], known["height"])
                assert shot["speed"] == pytest.approx(pan / diagonal, rel=0.01)
    moves = answers["files"]["camera_moves.mp4"]["shots"]
    assert [shot["motion"] for shot in moves] == [
        "static",
        "slow pan",
        "fast pan",
        "zoom in",
        "handheld shake",
        "static",
    ]
    assert moves[0]["speed"] == 0
    assert moves[5]["speed"] is None


def test_clicks_and_flashes_are_where_they_should_be(sample: Path, answers: dict[str, Any]) -> None:
    known = answers["files"]["clap.mp4"]
    assert known["click_seconds"] == known["flash_seconds"] == [1.0, 2.5, 4.0]
    with av.open(str(sample / "clap.mp4")) as container:
        audio = container.streams.audio[0]
        frames = list(container.decode(audio))
        assert frames[0].time == 0
        wave = np.abs(np.concatenate([frame.to_ndarray()[0] for frame in frames]))
    with av.open(str(sample / "clap.mp4")) as container:
        middles = [
            frame.to_ndarray(format="gray")[75:105, 145:175].mean() for frame in container.decode(video=0)
        ]
    bright = [k for k, level in enumerate(middles) if level > 240]
    assert bright == [30, 31, 75, 76, 120, 121]
    for second in known["click_seconds"]:
        near = wave[round((second - 0.2) * 48000) : round((second + 0.2) * 48000)]
        onset = second - 0.2 + float(np.argmax(near > 0.3)) / 48000
        assert onset == pytest.approx(second, abs=0.002)


def test_copies(sample: Path, answers: dict[str, Any], decoded: dict[str, dict[str, Any]]) -> None:
    exact = answers["files"]["exact_copy.mp4"]
    assert (exact["copy_of"], exact["copy_kind"]) == ("hard_cuts.mp4", "exact")
    assert (sample / "exact_copy.mp4").read_bytes() == (sample / "hard_cuts.mp4").read_bytes()
    for name in ("near_copy_small.mp4", "near_copy_vp9.webm"):
        known = answers["files"][name]
        assert (known["copy_of"], known["copy_kind"]) == ("hard_cuts.mp4", "near")
        assert known["bytes"] != exact["bytes"]
        assert np.abs(decoded[name]["grey"] - decoded["hard_cuts.mp4"]["grey"]).mean() < 6


def test_the_damaged_ones_fail_as_they_should(sample: Path, answers: dict[str, Any]) -> None:
    outcomes = {
        name: known["outcome"] for name, known in answers["files"].items() if known["outcome"] != "ok"
    }
    assert outcomes == {"broken.mp4": "error", "cut_short.mp4": "salvaged", "not_a_video.mp4": "error"}
    for name in ("broken.mp4", "not_a_video.mp4"):
        with pytest.raises(av.InvalidDataError):
            av.open(str(sample / name))
    frames = 0
    with av.open(str(sample / "cut_short.mp4")) as container:
        for packet in container.demux(video=0):
            try:
                frames += len(packet.decode())
            except av.InvalidDataError:
                break
    assert 50 < frames < answers["files"]["hard_cuts.mp4"]["frames"]


def test_the_folder_holds_what_is_listed_and_nothing_else(sample: Path, answers: dict[str, Any]) -> None:
    assert {path.name for path in sample.iterdir()} == {*answers["files"], "answers.json"}
    assert answers["licence"] == "CC0-1.0"
    for name, known in answers["files"].items():
        content = (sample / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (known["bytes"], known["sha256"])


def test_the_same_bytes_every_time(sample: Path, tmp_path: Path, answers: dict[str, Any]) -> None:
    """Every codec and container once more."""
    one_each = {(film.codec, Path(film.name).suffix, film.pixel_format, film.sound): film for film in FILMS}
    for path in make(tmp_path, films=tuple(one_each.values())):
        assert path.read_bytes() == (sample / path.name).read_bytes(), path.name


def test_a_second_call_writes_nothing_and_a_third_repairs(tmp_path: Path, sample: Path) -> None:
    names = [path.name for path in sample.iterdir()]
    for name in names:
        os.link(sample / name, tmp_path / name)
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in names}
    mine = tmp_path / "mine.mp4"
    mine.write_bytes(b"kept")
    paths = make(tmp_path)
    assert paths == sorted(tmp_path / name for name in names if name != "answers.json")
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in names} == before
    (tmp_path / "loop.gif").unlink()
    films = tuple(film for film in FILMS if film.name in ("loop.gif", "rate_12.avi"))
    make(tmp_path, films=films)
    assert (tmp_path / "loop.gif").read_bytes() == (sample / "loop.gif").read_bytes()
    assert (tmp_path / "rate_12.avi").stat().st_mtime_ns == before["rate_12.avi"]
    assert mine.read_bytes() == b"kept"


@pytest.mark.parametrize("corner", [(10.0, 20.0), (300.25, 40.6), (-700.5, -3.1), (1000.75, 1020.2)])
def test_a_shifted_picture_is_the_general_warp(corner: tuple[float, float]) -> None:
    """Within a level or two: the warp rounds positions. The picture wraps around."""
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    picture = cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    matrix = np.array([[1, 0, corner[0]], [0, 1, corner[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    plain = cv2.warpAffine(picture, matrix, (160, 90), flags=flags, borderMode=cv2.BORDER_WRAP)
    shifted = _shifted(picture, *corner, 160, 90)
    assert shifted.shape == plain.shape
    assert np.abs(shifted.astype(int) - plain).max() <= 2


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(ValueError, match="taken is a file; name a folder for the sample videos"):
        make(tmp_path / "taken")
