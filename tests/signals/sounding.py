"""Sound with known answers, as the decoder's frames."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np

from curate.signals.audio import SCHEMA, Sound

BASE = Fraction(1, 12800)
Samples = np.ndarray[Any, np.dtype[np.float64]]


def sine(frequency: float, seconds: float, rate: int = 48000, amplitude: float = 1.0) -> Samples:
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


def noise(seconds: float, rate: int = 48000, level: float = -20.0, below: float = np.inf) -> Samples:
    """White noise of `level` dBFS that ends at `below` Hz."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(round(seconds * rate)))
    spectrum[np.arange(len(spectrum)) / seconds > below] = 0
    wave = np.fft.irfft(spectrum, round(seconds * rate))
    return wave * 10 ** (level / 20) / np.sqrt(np.square(wave).mean())


def frames(
    wave: Samples,
    rate: int = 48000,
    *,
    layout: str = "mono",
    sample_format: str = "fltp",
    size: int = 1024,
    start: float = 0.0,
) -> Iterator[av.AudioFrame]:
    """`wave` (samples,) or (channels, samples) from `start` seconds on; integers in their own unit."""
    wave = np.atleast_2d(wave)
    for at in range(0, wave.shape[1], size):
        piece = wave[:, at : at + size]
        kind = {"u8": "u1", "s16": "<i2", "s32": "<i4", "flt": "<f4", "dbl": "<f8"}[
            sample_format.removesuffix("p")
        ]
        if not sample_format.endswith("p"):
            piece = piece.T.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(piece.astype(kind)), format=sample_format, layout=layout
        )
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = round(start * rate) + at
        yield frame


def measured(*parts: Iterator[av.AudioFrame], base: Fraction = BASE) -> dict[str, list[Any]]:
    """Columns of the rows of these frames, one part after the other."""
    sound, rows = Sound(base), []
    for part in parts:
        for frame in part:
            rows += sound.push(frame)
    rows += sound.finish()
    columns = {name: [values[at] for _, values in rows] for at, name in enumerate(SCHEMA.names)}
    return {"pts": [pts for pts, _ in rows], **columns}
