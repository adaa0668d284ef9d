"""Windows of sound on the file's clock, from frames that come in every kind of order."""

from fractions import Fraction

import numpy as np
import pytest

from curate.signals.audio import VERSION, windows_between
from tests.signals.sounding import BASE, frames, measured, noise, sine

TONE = 0.1


def middle(*windows: int) -> list[int]:
    return [640 + 1280 * window for window in windows]


def test_rows_do_not_depend_on_how_sound_is_cut_into_frames() -> None:
    wave = noise(3.21, 44100)
    whole = measured(frames(wave, 44100))
    for size in (64, 1152, 44100, 200_000):
        assert measured(frames(wave, 44100, size=size)) == whole


def test_the_clock_may_start_late_or_before_zero() -> None:
    late = measured(frames(sine(1000, 0.5, amplitude=TONE), start=7.3))
    assert late["pts"] == middle(73, 74, 75, 76, 77)
    early = measured(frames(sine(1000, 0.5, amplitude=TONE), start=-0.2))
    assert early["pts"] == middle(-2, -1, 0, 1, 2)
    assert early["level"] == pytest.approx([-23.01] * 5, abs=0.02)


def test_windows_that_are_partly_filled_have_a_level_and_no_bandwidth() -> None:
    rows = measured(frames(sine(1000, 0.25, amplitude=TONE), start=0.05))
    assert rows["pts"] == middle(0, 1, 2)
    assert rows["level"] == pytest.approx([-23.01] * 3, abs=0.1)
    assert [value is None for value in rows["bandwidth"]] == [True, False, False]


def test_windows_less_than_half_filled_have_no_row() -> None:
    rows = measured(frames(sine(1000, 0.25, amplitude=TONE), start=0.06))
    assert rows["pts"] == middle(1, 2)


def test_a_gap_has_no_rows() -> None:
    tone = sine(1000, 0.5, amplitude=TONE)
    rows = measured(frames(tone), frames(tone, start=5000.0))
    assert rows["pts"] == middle(0, 1, 2, 3, 4, *range(50000, 50005))


def test_overlaps_are_dropped_and_small_errors_of_timestamps_followed_by_count() -> None:
    tone = sine(1000, 1.0, amplitude=TONE)
    again = frames(0.1 * tone, start=0.7, size=480)
    rows = measured(frames(tone), again)
    assert rows["pts"] == middle(*range(17))
    assert rows["level"] == pytest.approx([-23.01] * 10 + [-43.01] * 7, abs=0.02)
    shaken = list(frames(tone))
    for index, frame in enumerate(shaken):
        frame.pts += 200 * (-1) ** index  # 4 ms
    shaken[0].pts = 0
    assert measured(iter(shaken)) == measured(frames(tone))


def test_a_frame_with_a_wrong_timestamp_stays_where_it_is() -> None:
    wave = noise(2)
    for wrong in (90 * 48000, -90 * 48000):
        pieces = list(frames(wave))
        pieces[20].pts += wrong
        assert measured(iter(pieces)) == measured(frames(wave))


def test_frames_without_a_timestamp_follow_the_one_before() -> None:
    wave = noise(1)
    pieces = list(frames(wave))
    for piece in pieces[5:30]:
        piece.pts = None
    assert measured(iter(pieces)) == measured(frames(wave))
    assert measured(iter(pieces[5:30]))["pts"] == []


def test_a_clock_that_starts_anew_goes_on_behind_what_was() -> None:
    first, second = sine(1000, 5.0, amplitude=TONE), sine(1000, 2.0, amplitude=0.01)
    rows = measured(frames(first), frames(second))
    assert rows["pts"] == middle(*range(70))
    assert rows["level"][50:] == pytest.approx([-43.01] * 20, abs=0.02)


def test_sampling_rate_and_layout_may_change_midway() -> None:
    rows = measured(
        frames(sine(1000, 1.05, 48000, amplitude=TONE), 48000),
        frames(
            np.repeat(sine(1000, 0.95, 22050, amplitude=TONE)[None], 2, axis=0),
            22050,
            layout="stereo",
            start=1.05,
        ),
        frames(sine(1000, 1.0, 8000, amplitude=TONE), 8000, start=2.0),
    )
    assert rows["pts"] == middle(*range(30))
    assert rows["level"] == pytest.approx([-23.01] * 30, abs=0.05)
    assert [at for at, value in enumerate(rows["bandwidth"]) if value is None] == [10]


def test_frames_that_cannot_be_measured_are_passed_over() -> None:
    tone = sine(1000, 0.2, amplitude=TONE)
    odd = [next(frames(tone)) for _ in range(2)]
    odd[0].sample_rate, odd[1].sample_rate = 10, 10_000_000
    assert measured(iter(odd), frames(tone)) == measured(frames(tone))


def test_pts_are_the_ticks_in_which_the_middle_lies() -> None:
    tone = sine(1000, 1.0, amplitude=TONE)
    assert measured(frames(tone), base=Fraction(1, 25))["pts"] == [1, 3, 6, 8, 11, 13, 16, 18, 21, 23]
    assert measured(frames(tone), base=Fraction(1, 4))["pts"] == [0, 0, 1, 1, 1, 2, 2, 3, 3, 3]


@pytest.mark.parametrize("base", [BASE, Fraction(1001, 30000), Fraction(1, 25), Fraction(1, 4), Fraction(2)])
def test_windows_between_counts_the_rows_of_a_span(base: Fraction) -> None:
    pts = np.array(measured(frames(noise(6, 8000), 8000), base=base)["pts"])
    last = int(6 / base)
    for start, end in [(0, last), (1, last), (last // 3, last // 2), (0, 1), (last - 1, last)]:
        assert windows_between(start, end, base) == ((pts >= start) & (pts < end)).sum()


def test_timestamps_beyond_all_bounds_count_as_missing() -> None:
    wave = noise(1)
    pieces = list(frames(wave))
    for piece in pieces[10:20]:
        piece.pts, piece.time_base = 2**62, Fraction(1)
    assert measured(iter(pieces)) == measured(frames(wave))
    assert measured(iter(pieces[10:20]))["pts"] == []


def test_no_frames_no_rows() -> None:
    assert measured(iter(()))["pts"] == []


def test_the_numbers_of_this_version() -> None:
    """Raise VERSION when these change: rows of two kinds would stand beside each other."""
    wave = sine(1000, 0.2, 44100, amplitude=TONE) + sine(60, 0.2, 44100, amplitude=0.02)
    assert measured(frames(wave, 44100)) == {
        "pts": [640, 1920],
        "level": [-22.84, -22.84],
        "peak": [-18.43, -18.43],
        "silent": [False, False],
        "loudness": [-22.93, -22.93],
        "bandwidth": [1200.0, 1200.0],
    }
    assert VERSION == 1
