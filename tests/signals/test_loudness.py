"""Loudness against the figures that the standard and its test signals give, and against FFmpeg's meter."""

import av
import numpy as np
import pytest

from curate.signals.loudness import coefficients, integrated, k_weighting
from tests.signals.sounding import frames, measured, noise, sine


def test_coefficients_are_those_of_the_standard() -> None:
    """BS.1770-4, tables 1 and 2."""
    (shelf_b, shelf_a), (pass_b, pass_a) = coefficients(48000)
    assert shelf_b == pytest.approx([1.53512485958697, -2.69169618940638, 1.19839281085285], abs=1e-12)
    assert shelf_a == pytest.approx([1.0, -1.69065929318241, 0.73248077421585], abs=1e-12)
    assert pass_b == pytest.approx([1.0, -2.0, 1.0])
    assert pass_a == pytest.approx([1.0, -1.99004745483398, 0.99007225036621], abs=1e-12)


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 96000])
def test_other_rates_have_the_same_curve(rate: int) -> None:
    frequencies = np.array([30.0, 100.0, 997.0, 3000.0])
    assert k_weighting(frequencies, rate) == pytest.approx(k_weighting(frequencies, 48000), rel=0.05)


def test_a_full_scale_sine_in_one_channel_is_minus_three() -> None:
    """BS.1770-4, annex 1: 997 Hz at 0 dBFS reads -3.01 LKFS."""
    rows = measured(frames(sine(997, 2)))
    assert rows["loudness"] == pytest.approx([-3.01] * 20, abs=0.05)


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        ([(-23, 20)], -23.0),
        ([(-33, 20)], -33.0),
        ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
    ],
    ids=range(1, 6),
)
def test_signals_of_ebu_tech_3341(parts: list[tuple[float, float]], wanted: float) -> None:
    """Sines of 1000 Hz in stereo, peaks in dBFS and seconds; ± 0.1 LU."""
    rows = measured(frames(np.repeat(sine(1000, 0.4)[None], 2, axis=0), layout="stereo"))
    assert rows["loudness"] == pytest.approx([0.0] * 4, abs=0.05)
    loudness = np.concatenate([np.full(round(seconds * 10), level) for level, seconds in parts])
    assert integrated(loudness + rows["loudness"][0]) == pytest.approx(wanted, abs=0.1)


def test_what_is_below_the_gate_has_no_loudness() -> None:
    assert integrated(np.full(50, -71.0)) is None
    assert integrated(np.zeros(0)) is None
    assert integrated(np.array([-30.0])) == pytest.approx(-30)


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_agrees_with_the_meter_of_ffmpeg(rate: int) -> None:
    """Bursts of noise of several widths, as uneven as speech."""
    wave = np.concatenate(
        [noise(1, rate, level=-20 - 5 * (k % 4), below=300 * 3 ** (k % 3)) for k in range(40)]
    )
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="fltp", layout="mono")
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    heard = ""
    for frame in frames(wave, rate):
        graph.push(frame)
        while True:
            try:
                heard = sink.pull().metadata.get("lavfi.r128.I", heard)
            except (av.BlockingIOError, av.EOFError):
                break
    loudness = np.array(measured(frames(wave, rate))["loudness"])
    assert integrated(loudness) == pytest.approx(float(heard), abs=0.1)
