"""Silence, level, loudness and bandwidth of clips, from rows made of sound with known answers."""

from typing import Any

import numpy as np
import pytest

from curate.plugins import ClipView, SignalFilter, build, load
from filters.audio import Audio
from tests.signals.sounding import BASE, frames, measured, noise, sine


def view(start: float, end: float, *parts: Any) -> ClipView:
    """The clip from `start` to `end` seconds of a file with this sound."""
    rows = {
        name: np.array(values, np.float64 if name != "pts" else np.int64)
        for name, values in measured(*parts).items()
    }
    first, last = round(start / BASE), round(end / BASE)
    inside = (rows["pts"] >= first) & (rows["pts"] < last)
    clip = {
        "start_pts": first,
        "end_pts": last,
        "time_base": f"{BASE.numerator}/{BASE.denominator}",
        "start_seconds": start,
        "end_seconds": end,
    }
    return ClipView(clip, {}, {"audio": {name: values[inside] for name, values in rows.items()}})


def tone(seconds: float, amplitude: float = 0.1) -> Any:
    return sine(1000, seconds, amplitude=amplitude)


def test_is_found_by_its_file_name() -> None:
    assert load("filters", "audio", SignalFilter) is Audio


def test_a_clip_full_of_sound() -> None:
    score = Audio().measure(view(1.0, 4.0, frames(tone(5))))
    assert score == {
        "score": 0.0,
        "level": pytest.approx(-23.01, abs=0.02),
        "peak": pytest.approx(-20.0, abs=0.02),
        "loudness": pytest.approx(-23.01, abs=0.05),
        "bandwidth": 1200.0,
        "has_audio": True,
    }


def test_the_share_of_silence() -> None:
    """Half of the clip is silent, which takes 3 dB off its level and, by the gate, nothing off its
    loudness."""
    wave = np.concatenate([tone(2), np.zeros(2 * 48000)])
    score = Audio().measure(view(0.0, 4.0, frames(wave)))
    assert score["score"] == 0.5
    assert score["level"] == pytest.approx(-26.02, abs=0.02)
    assert score["loudness"] == pytest.approx(-23.0, abs=0.5)
    assert Audio().measure(view(2.0, 4.0, frames(wave)))["score"] == 1.0
    assert Audio().measure(view(1.5, 2.5, frames(wave)))["score"] == 0.5


def test_time_without_sound_is_silent() -> None:
    late = view(0.0, 4.0, frames(tone(1), start=3.0))
    assert Audio().measure(late)["score"] == 0.75
    gap = view(0.0, 4.0, frames(tone(1)), frames(tone(1), start=3.0))
    assert Audio().measure(gap)["score"] == 0.5


def test_a_clip_without_sound_is_silent_and_has_no_level() -> None:
    nothing = dict.fromkeys(("level", "peak", "loudness", "bandwidth"))
    for parts in ((), (frames(tone(1), start=10.0),)):
        score = Audio().measure(view(0.0, 4.0, *parts))
        assert score == {"score": 1.0, **nothing, "has_audio": False}


def test_digital_silence_is_sound_at_the_floor() -> None:
    score = Audio().measure(view(0.0, 1.0, frames(np.zeros(48000))))
    assert score == {
        "score": 1.0,
        "level": -120.0,
        "peak": -120.0,
        "loudness": -70.0,
        "bandwidth": None,
        "has_audio": True,
    }


def test_bandwidth_is_that_of_most_of_what_is_heard() -> None:
    wave = np.concatenate([noise(1, below=4000), noise(0.2), np.zeros(5 * 48000)])
    assert Audio().measure(view(0.0, 6.0, frames(wave)))["bandwidth"] == pytest.approx(4000, abs=250)


def test_the_line_of_silence_can_be_moved() -> None:
    clip = view(0.0, 2.0, frames(np.concatenate([noise(1, level=-65), tone(1)])))
    assert Audio().measure(clip)["score"] == 0.0
    assert Audio(silence=-45).measure(clip)["score"] == 0.5
    groups = {"audio": "a", "videos": "v"}
    assert Audio().key(groups) != Audio(silence=-45).key(groups)
    assert all(field.description for field in Audio.model_fields.values())


@pytest.mark.parametrize("silence", [1, -121, "loud"])
def test_lines_out_of_range_are_refused(silence: Any) -> None:
    with pytest.raises(ValueError, match="silence"):
        build("filters", "audio", {"silence": silence}, SignalFilter)


def test_a_clip_shorter_than_a_window_has_no_score() -> None:
    with pytest.raises(ValueError, match=r"0\.040 s is shorter than a window"):
        Audio().measure(view(1.0, 1.04, frames(tone(2))))


def test_every_value_lies_within_its_bounds_and_has_a_unit() -> None:
    bounds = Audio().bounds(20)
    assert set(bounds) == {"score", *Audio.COLUMNS}
    assert set(Audio.UNITS) == {"score", "level", "peak", "loudness", "bandwidth"}
    for wave in (np.zeros(48000), np.full(48000, 1e30), tone(1, 1.0)):
        score = Audio().measure(view(0.0, 1.0, frames(wave)))
        for name, (low, high) in bounds.items():
            assert score[name] is None or low <= float(score[name]) <= high
