"""Level, peak, silence and bandwidth of sound whose answers are known."""

import av
import numpy as np
import pytest

from curate.signals.audio_window import FLOOR, fast_length, grid_of
from tests.signals.sounding import frames, measured, noise, sine

RATES = [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000]


@pytest.mark.parametrize("rate", RATES)
def test_a_sine_at_every_sampling_rate(rate: int) -> None:
    rows = measured(frames(sine(1000, 2, rate, amplitude=0.1), rate))
    assert rows["pts"] == [640 + 1280 * index for index in range(20)]
    assert rows["level"] == pytest.approx([-23.01] * 20, abs=0.02)
    assert rows["peak"] == pytest.approx([-20.0] * 20, abs=0.1)
    assert rows["silent"] == [False] * 20
    assert all(900 <= value <= 1300 for value in rows["bandwidth"])


def test_a_square_wave_at_full_scale_is_zero() -> None:
    rows = measured(frames(np.sign(sine(441, 1, 44100) + 1e-9), 44100))
    assert rows["level"] == rows["peak"] == [0.0] * 10


@pytest.mark.parametrize("below", [4000, 8000, 16000])
@pytest.mark.parametrize("level", [-12, -30, -50])
def test_noise_has_the_bandwidth_that_it_was_cut_to(below: int, level: int) -> None:
    rows = measured(frames(noise(2, level=level, below=below)))
    assert rows["bandwidth"] == pytest.approx([below] * 20, abs=250)
    assert rows["level"] == pytest.approx([level] * 20, abs=0.7)


def test_dark_sound_is_wide_if_there_is_a_microphone_behind_it() -> None:
    """55 dB between its lows and its highs, which are a quiet hiss."""
    rumble = noise(2, level=-15, below=300)
    hiss = noise(2, level=-70)
    assert measured(frames(rumble + hiss))["bandwidth"] == [24000.0] * 20
    assert max(measured(frames(rumble))["bandwidth"]) <= 600


def test_sixteen_bits_add_no_bandwidth() -> None:
    """The noise of rounding fills the spectrum evenly, with dither or without."""
    wave = noise(2, level=-30, below=5000) * 32768
    dither = np.random.default_rng(1).random((2, len(wave))).sum(axis=0) - 1
    for rounded in (np.round(wave), np.round(wave + dither)):
        rows = measured(frames(rounded, sample_format="s16"))
        assert rows["bandwidth"] == pytest.approx([5000] * 20, abs=250)


def test_what_was_resampled_keeps_the_bandwidth_of_its_past() -> None:
    for rate, most in [(8000, 4800), (16000, 9600), (32000, 19200)]:
        resampler = av.AudioResampler(format="s16p", layout="mono", rate=48000)
        wide = [out for frame in frames(noise(2, rate, level=-20), rate) for out in resampler.resample(frame)]
        told = [value for value in measured(iter(wide))["bandwidth"] if value is not None]
        assert len(told) >= 18
        assert rate / 2 - 400 <= np.median(told) <= most


def test_a_whistle_above_the_sound_is_no_bandwidth() -> None:
    whistle = sine(15625, 2, amplitude=0.003)
    assert max(measured(frames(noise(2, below=5000) + whistle))["bandwidth"]) <= 5250
    alone = measured(frames(whistle))["bandwidth"]
    assert alone == pytest.approx([15700] * 20, abs=250)


def test_an_offset_is_no_sound_to_compare_with() -> None:
    rows = measured(frames(0.5 + noise(1, level=-75)))
    assert rows["bandwidth"] == [24000.0] * 10


def test_silence_is_at_the_floor_and_has_no_bandwidth() -> None:
    rows = measured(frames(np.zeros(48000)))
    assert rows["level"] == rows["peak"] == rows["loudness"] == [FLOOR] * 10
    assert rows["silent"] == [True] * 10
    assert rows["bandwidth"] == [None] * 10


def test_dither_is_silence_and_hiss_is_not() -> None:
    dither = np.round(np.random.default_rng(1).random((2, 48000)).sum(axis=0) - 1)
    rows = measured(frames(dither, sample_format="s16"))
    assert rows["silent"] == [True] * 10
    assert rows["level"] == pytest.approx([-96.3] * 10, abs=0.4)
    assert rows["bandwidth"] == [None] * 10
    hiss = measured(frames(noise(1, level=-55)))
    assert hiss["silent"] == [False] * 10
    assert hiss["bandwidth"] == [24000.0] * 10


def test_silence_ends_where_one_sample_exceeds_sixty_decibels() -> None:
    wave = np.zeros(48000)
    wave[5000] = 0.001
    wave[10000] = -0.0011
    assert measured(frames(wave))["silent"] == [True, True, False, *[True] * 7]


@pytest.mark.parametrize(
    "sample_format", ["u8", "s16", "s32", "flt", "dbl", "u8p", "s16p", "s32p", "fltp", "dblp"]
)
def test_every_sample_format(sample_format: str) -> None:
    scale, middle = {"u8": (127, 128), "s16": (32767, 0), "s32": (2**31 - 1, 0)}.get(
        sample_format.removesuffix("p"), (1, 0)
    )
    wave = np.stack([sine(1000, 0.55, amplitude=0.5), np.zeros(26400)])
    if scale > 1:
        wave = np.round(wave * scale + middle)
    rows = measured(frames(wave, sample_format=sample_format, layout="stereo"))
    # One of two channels: 3.01 dB below -9.03.
    assert rows["level"] == pytest.approx([-12.04] * 6, abs=0.1)
    assert rows["peak"] == pytest.approx([-6.02] * 6, abs=0.1)
    assert rows["bandwidth"][5] is None


@pytest.mark.parametrize("layout", ["mono", "stereo", "2.1", "5.1", "5.1(side)", "7.1"])
def test_layouts_from_one_channel_to_eight(layout: str) -> None:
    channels = av.AudioLayout(layout).nb_channels
    wave = np.repeat(sine(1000, 1, amplitude=0.1)[None], channels, axis=0)
    packed = list(frames(wave, layout=layout, sample_format="flt"))
    rows = measured(iter(packed))
    planar = av.AudioResampler(format="fltp", layout=layout, rate=48000)
    assert measured(out for frame in packed for out in planar.resample(frame)) == rows
    assert rows["level"] == pytest.approx([-23.01] * 10, abs=0.02)
    weights = {
        "mono": 1,
        "stereo": 2,
        "2.1": 2,
        "5.1": 3 + 2 * 1.41,
        "5.1(side)": 3 + 2 * 1.41,
        "7.1": 3 + 4 * 1.41,
    }
    wanted = -23.01 + 10 * np.log10(weights[layout])
    assert rows["loudness"] == pytest.approx([wanted] * 10, abs=0.06)


def test_samples_that_are_no_numbers_are_no_sound() -> None:
    wave = sine(1000, 1, amplitude=0.1)
    wave[4800:9600] = np.nan
    wave[20000] = 1e300
    wave[25000] = -np.inf
    rows = measured(frames(wave, sample_format="dbl"))
    assert rows["level"][1] == FLOOR
    assert rows["peak"][4] == rows["peak"][5] == pytest.approx(24.08)
    assert rows["level"][2] == pytest.approx(-23.01, abs=0.02)
    assert all(np.isfinite(value) for name in ("level", "peak", "loudness") for value in rows[name])


def test_windows_cover_a_second_without_gaps() -> None:
    for rate in (*RATES, 7000, 12345):
        starts = grid_of(rate).starts
        assert (starts[0], starts[-1]) == (0, rate)
        assert set(np.diff(starts)) <= {rate // 10, rate // 10 + 1}
    assert [fast_length(count) for count in (1, 11, 1103, 2205, 4800)] == [1, 12, 1120, 2205, 4800]
