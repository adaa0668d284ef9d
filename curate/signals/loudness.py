"""Loudness by ITU-R BS.1770-4: the K-weighting as a gain per frequency, and the gated mean over a clip."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]

OFFSET = -0.691
"""LUFS of power 1 after the K-weighting (BS.1770-4, equation 2)."""

SHELF = (1681.974450955533, 3.999843853973347, 0.7071752369554196)
"""Frequency in Hz, gain in dB and Q of the first stage (the head)."""
HIGH_PASS = (38.13547087602444, 0.5003270373238773)
"""Frequency in Hz and Q of the second stage. BS.1770-4 has coefficients for 48 kHz alone (tables 1 and 2);
these parameters give exactly those, and the same curve at other rates (libebur128 and pyloudnorm have them
too)."""
SHELF_BAND = 0.4996667741545416
"""Exponent that splits the shelf's gain (libebur128)."""

SURROUND = 1.41
"""Weight of the channels beside and behind the listener (BS.1770-4, table 3)."""
SURROUNDS = frozenset(("SL", "SR", "BL", "BR", "BC", "TBL", "TBC", "TBR", "SSL", "SSR"))
"""… by FFmpeg's names, as its `ebur128` filter takes them."""
LOW_FREQUENCY = frozenset(("LFE", "LFE2"))
"""Not counted."""

BLOCK = 4
"""Windows of a tenth of a second in a block (400 ms, 75 % overlap)."""
ABSOLUTE_GATE = -70.0
"""LUFS below which a block is not counted."""
RELATIVE_GATE = -10.0
"""… and LU below the mean of the blocks that are left."""


def channel_weights(names: Sequence[str]) -> _Floats:
    """(channels,) weights of channels with these names (FL, FR, FC, LFE …)."""
    return np.array(
        [0.0 if name in LOW_FREQUENCY else SURROUND if name in SURROUNDS else 1.0 for name in names]
    )


def coefficients(rate: float) -> tuple[tuple[_Floats, _Floats], tuple[_Floats, _Floats]]:
    """((b, a), (b, a)): the two biquads of the K-weighting at `rate` Hz."""
    frequency, gain, q = SHELF
    k = np.tan(np.pi * frequency / rate)
    high = 10 ** (gain / 20)
    band = high**SHELF_BAND
    norm = 1 + k / q + k * k
    shelf = (
        np.array([high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k]) / norm,
        np.array([1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm]),
    )
    frequency, q = HIGH_PASS
    k = np.tan(np.pi * frequency / rate)
    norm = 1 + k / q + k * k
    passes = (
        np.array([1.0, -2.0, 1.0]),
        np.array([1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm]),
    )
    return shelf, passes


def k_weighting(frequencies: _Floats, rate: float) -> _Floats:
    """Gain of the K-weighting in power at `frequencies`, in Hz, of sound of `rate` Hz."""
    delay = np.exp(-2j * np.pi * frequencies / rate)
    powers = np.stack([np.ones_like(delay), delay, delay * delay])
    gain = np.ones(len(frequencies))
    for b, a in coefficients(rate):
        gain *= np.abs(b @ powers) ** 2 / np.abs(a @ powers) ** 2
    return gain


def integrated(loudness: _Floats) -> float | None:
    """Integrated loudness in LUFS of windows (n,) of a tenth of a second that follow each other, in LUFS.

    None where no block of 400 ms exceeds the absolute gate. Shorter sound is one block.
    """
    power = 10 ** ((loudness - OFFSET) / 10)
    if not len(power):
        return None
    size = min(BLOCK, len(power))
    blocks = np.lib.stride_tricks.sliding_window_view(power, size).mean(axis=1)
    gate = 10 ** ((ABSOLUTE_GATE - OFFSET) / 10)
    blocks = blocks[blocks > gate]
    if not len(blocks):
        return None
    blocks = blocks[blocks > blocks.mean() * 10 ** (RELATIVE_GATE / 10)]
    return float(OFFSET + 10 * np.log10(blocks.mean()))
