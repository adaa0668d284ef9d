"""One second of sound, measured in windows of a tenth: level, peak, loudness and bandwidth of each."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curate.signals.loudness import OFFSET, k_weighting

Floats = NDArray[np.float64]
Values = tuple[float, float, bool, float, float | None]
"""level, peak, silent, loudness, bandwidth."""

WINDOWS = 10
"""Windows per second."""
FLOOR = -120.0
"""dBFS: anything quieter, digital silence too, is given as this, so that a mean or a rule has a number. The
noise of 16 bits is at -96 to -101, that of good converters of 24 bits at about -120."""
SILENCE = -60.0
"""dBFS up to which samples are silence: the default of FFmpeg's `silencedetect` (`noise`, 0.001 of full
scale). Dither of 16 bits (peaks at -84) is silence and so is noise of about -72 RMS; the hiss of a microphone
is not."""
LOUDEST = 16.0
"""Samples are limited to this multiple of full scale (+24 dBFS): floating point may hold anything."""

BAND = 200
"""Width in Hz of the bands whose power is looked at: twenty points of a window's spectrum, whose mean strays
by about 1 dB in noise."""
QUIET_BAND = -110.0
"""dBFS below which a band carries nothing: 7 dB above dither of 16 bits (-96.3 in all, spread over 24
kHz)."""
WEAK_BAND = -80.0
"""dB relative to the strongest band below which a band carries nothing: what resamplers leave of images lies
below, the hiss of a quiet recording above."""
IN_A_ROW = 3
"""Bands side by side that must carry energy to count: the line whistle of a television (15,625 or 15,734 Hz)
or the pilot of FM stereo (19 kHz) is no bandwidth."""
LOWEST = 30
"""Hz: below, there is a constant offset, or rumble."""


class Second:
    """The second `number` of a file's clock at `rate` Hz, as far as there is sound.

    Samples are written as they come, and are (value - middle) / full_scale.
    """

    def __init__(
        self, number: int, rate: int, channels: int, middle: float = 0.0, full_scale: float = 1.0
    ) -> None:
        self.number = number
        self._rate = rate
        self._middle, self._full_scale = middle, full_scale
        self._samples = np.full((channels, rate), middle, np.float32)
        self._there = np.zeros(rate, np.uint8)

    def write(self, offset: int, samples: NDArray[Any]) -> int:
        """Put samples (channels, count) at `offset`; returns how many fitted."""
        count = min(int(samples.shape[1]), self._rate - offset)
        with np.errstate(over="ignore", invalid="ignore"):  # a float64 may be more than a float32 holds
            self._samples[:, offset : offset + count] = samples[:, :count]
        self._there[offset : offset + count] = 1
        return count

    def rows(self, weights: Floats) -> list[tuple[int, Values]]:
        """(number of the window, its values) for each window at least half of which holds sound.

        weights: (channels,) as they count for loudness.
        """
        grid = grid_of(self._rate)
        counts = np.add.reduceat(self._there, grid.starts[:-1], dtype=np.int64)
        windows = self._windows(grid)
        energy = np.square(windows, dtype=np.float64).sum(axis=2)  # (channels, windows)
        power = np.zeros((WINDOWS, len(grid.sides)))
        weighted = np.zeros(WINDOWS)
        for channel, weight in enumerate(weights):
            spectrum = np.fft.rfft(windows[channel] * grid.hann)
            density = np.square(spectrum.real, dtype=np.float64)
            density += np.square(spectrum.imag, dtype=np.float64)
            power += density
            if weight:
                # The spectrum says how the energy is spread; how much there is, the samples say, so that
                # what lies at a window's edge counts as much as its middle.
                total = density @ grid.sides
                heard = np.divide(density @ grid.k_gain, total, out=np.zeros(WINDOWS), where=total > 0)
                weighted += weight * energy[channel] * heard
        held = np.maximum(counts, 1)
        level = decibels(energy.mean(axis=0) / held)
        peak = decibels(np.square(np.abs(windows).max(axis=(0, 2)), dtype=np.float64))
        loudness = decibels(weighted / held * 10 ** (OFFSET / 10))
        bandwidth = bandwidth_of(power * grid.scale, self._rate, grid.length)
        silent = peak <= SILENCE
        told = (counts == np.diff(grid.starts)) & ~silent
        there = 2 * counts >= np.diff(grid.starts)
        return [
            (
                self.number * WINDOWS + index,
                (
                    float(level[index]),
                    float(peak[index]),
                    bool(silent[index]),
                    float(loudness[index]),
                    float(bandwidth[index]) if told[index] else None,
                ),
            )
            for index in np.flatnonzero(there).tolist()
        ]

    def _windows(self, grid: "Grid") -> NDArray[np.float32]:
        """(channels, windows, length) samples with full scale 1.0, zero where there are none."""
        samples = self._samples
        samples -= np.float32(self._middle)
        samples /= np.float32(self._full_scale)
        np.nan_to_num(samples, copy=False, nan=0.0, posinf=LOUDEST, neginf=-LOUDEST)
        np.clip(samples, -LOUDEST, LOUDEST, out=samples)
        windows = np.zeros((len(samples), WINDOWS, grid.length), np.float32)
        for index in range(WINDOWS):
            start, end = grid.starts[index], grid.starts[index + 1]
            windows[:, index, : end - start] = samples[:, start:end]
        return windows


def decibels(power: Floats) -> Floats:
    """10 log10 of powers (1.0: full scale), to 0.01, at least FLOOR."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.round(10 * np.log10(power), 2), FLOOR)


def bandwidth_of(density: Floats, rate: int, length: int) -> Floats:
    """(windows,) Hz up to which each window carries energy; 0.0 where no band does.

    density: (windows, length // 2 + 1) mean square per point of a spectrum of `length` points at `rate` Hz.
    Taken is the upper edge of the highest of IN_A_ROW bands side by side that stand above QUIET_BAND and
    within WEAK_BAND of the strongest, or of the highest single one where no such bands lie side by side.
    """
    starts = np.ceil(np.arange(0, rate / 2, BAND) * length / rate).astype(np.int64)
    starts = starts[starts < density.shape[1]]
    points = np.diff(starts, append=density.shape[1])
    density = density.copy()
    density[:, : math.ceil(LOWEST * length / rate)] = 0
    # The last band may be narrower than the others: what counts is power per hertz.
    bands = np.add.reduceat(density, starts, axis=1) / points * (BAND * length / rate)
    least = np.maximum(10 ** (QUIET_BAND / 10), 10 ** (WEAK_BAND / 10) * bands.max(axis=1))
    carries = bands > least[:, None]
    together = np.zeros_like(carries)
    if carries.shape[1] >= IN_A_ROW:
        runs = np.lib.stride_tricks.sliding_window_view(carries, IN_A_ROW, axis=1).all(axis=2)
        together[:, IN_A_ROW - 1 :] = runs
    counted = np.where(together.any(axis=1, keepdims=True), together, carries)
    highest = counted.shape[1] - counted[:, ::-1].argmax(axis=1)
    return np.where(counted.any(axis=1), np.minimum(highest * BAND, rate / 2), 0.0)


@dataclass(frozen=True)
class Grid:
    """What the windows of one sampling rate have in common."""

    starts: NDArray[np.int64]
    """(WINDOWS + 1,) first sample of each window of a second, and of the next second."""
    length: int
    """Points of the transform."""
    hann: NDArray[np.float32]
    """(length,) zero beyond the window."""
    sides: Floats
    """(points,) 2 where a point stands for two frequencies, 1 at the ends."""
    k_gain: Floats
    """(points,) `sides` times the K-weighting."""
    scale: Floats
    """(points,) from |spectrum|² to mean square."""


@lru_cache(maxsize=4)
def grid_of(rate: int) -> Grid:
    """The grid of sound with `rate` samples per second."""
    starts = -(-np.arange(WINDOWS + 1) * rate // WINDOWS)
    count = int(np.diff(starts).max())
    length = fast_length(count)
    hann = np.zeros(length, np.float32)
    hann[:count] = np.sin(np.pi * (np.arange(count) + 0.5) / count) ** 2
    sides = np.full(length // 2 + 1, 2.0)
    sides[0] = 1.0
    if length % 2 == 0:
        sides[-1] = 1.0
    frequencies: Floats = np.arange(len(sides), dtype=np.float64) * (rate / length)
    scale = sides / (length * float(np.square(hann, dtype=np.float64).sum()))
    return Grid(starts, length, hann, sides, sides * k_weighting(frequencies, rate), scale)


def fast_length(count: int) -> int:
    """The least number from `count` on without prime factors above 7: their transforms are fast."""
    while True:
        rest = count
        for factor in (2, 3, 5, 7):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return count
        count += 1
