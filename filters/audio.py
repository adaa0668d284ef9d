"""What can be heard in a clip: how much of it is silent, how loud the rest is, and how wide its spectrum."""

from fractions import Fraction
from math import inf
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from curate.plugins import Bounds, ClipView, Score, SignalFilter
from curate.signals.audio import windows_between
from curate.signals.audio_window import FLOOR, LOUDEST, SILENCE
from curate.signals.loudness import ABSOLUTE_GATE, integrated

LOUDEST_DBFS = 20 * float(np.log10(LOUDEST))


class Audio(SignalFilter):
    """Score: share (0 to 1) of the clip that is silent, in windows of a tenth of a second.

    A window is silent when no sample of it exceeds `silence`, or when there is no sound in it: before the
    track begins, after it ends, in a gap. A clip of a video without sound is silent all through and scores 1.

    Columns: `has_audio`, whether there is any sound in the clip, silent or not; and, None where there is
    none: `level`, the root mean square over the whole clip in dBFS (at least -120; a sine at full scale is
    -3.01); `peak`, the largest sample in dBFS; `loudness`, integrated over the clip by ITU-R BS.1770-4 and
    EBU R 128, in LUFS (-70 where nothing passes the gate); `bandwidth`, the frequency in Hz up to which there
    is energy, as the median of the windows that are not silent (None as well where all are).

    `bandwidth` tells sound that was once sampled at a lower rate, or coded at a low bit rate, from what its
    file claims: it is half of an effective sampling rate. Telephone sound reads 4,000 to 4,800 Hz, MP3 at 64
    kb/s about 11,000, AAC and MP3 at 128 kb/s 16,000 to 17,000. The filter of a resampler is not vertical,
    hence the excess; sound that was resampled by linear interpolation alone is not found out.

    Rules are tried in their order: with the one on the score before, `keep: {max: 0.8, bandwidth: {min:
    16000}}`, a clip without sound is dropped by the first and not failed by the second."""

    VERSION: ClassVar[int] = 1
    READS: ClassVar[tuple[str, ...]] = ("audio",)
    COLUMNS: ClassVar[dict[str, type]] = {
        "level": float,
        "peak": float,
        "loudness": float,
        "bandwidth": float,
        "has_audio": bool,
    }
    UNITS: ClassVar[dict[str, str]] = {
        "score": "share of the clip's time, 0 to 1",
        "level": "dBFS",
        "peak": "dBFS",
        "loudness": "LUFS",
        "bandwidth": "Hz",
    }
    PUBLISHED: ClassVar[tuple[str, ...]] = (
        "HunyuanVideo-Foley: silent for at most 80 % of a clip; effective sampling rate above 32 kHz, i.e. "
        "bandwidth above 16,000",
        "FFmpeg silencedetect: samples up to -60 dB are silence (silence)",
        "EBU R 128: programmes are mixed to -23 LUFS",
    )
    COST: ClassVar[str] = (
        "3,900 clips of 5 s a second, on a core of a busy server; the sound is decoded in the scan"
    )

    silence: Annotated[float, Field(ge=FLOOR, le=0)] = SILENCE
    """dBFS up to which samples are silence. -60 is the default of FFmpeg's silencedetect: dither and the
    noise of converters are silence, the hiss of a camera's microphone (peaks at -60 to -40) is not; raise it
    where that should count."""

    def measure(self, clip: ClipView) -> Score:
        row, sound = clip.clip, clip.signals["audio"]
        count = windows_between(row["start_pts"], row["end_pts"], Fraction(row["time_base"]))
        if count == 0:
            raise ValueError(
                f"a clip of {clip.seconds:.3f} s is shorter than a window of sound: drop such clips by their "
                "seconds"
            )
        level, peak, loudness, bandwidth = (
            np.asarray(sound[name], np.float64) for name in ("level", "peak", "loudness", "bandwidth")
        )
        heard = peak > self.silence
        score: dict[str, float | bool | None] = {
            "score": 1.0 - int(heard.sum()) / count,
            **dict.fromkeys(self.COLUMNS),
            "has_audio": len(peak) > 0,
        }
        if len(peak):
            power = float((10 ** (level / 10)).sum()) / count
            told = bandwidth[heard & np.isfinite(bandwidth)]
            gated = integrated(loudness)
            score |= {
                "level": max(FLOOR, 10 * float(np.log10(power))),
                "peak": float(peak.max()),
                "loudness": ABSOLUTE_GATE if gated is None else gated,
                "bandwidth": float(np.median(told)) if len(told) else None,
            }
        return score

    def bounds(self, longest_clip: float) -> Bounds:
        return {
            "score": (0, 1),
            "level": (FLOOR, LOUDEST_DBFS),
            "peak": (FLOOR, LOUDEST_DBFS),
            "loudness": (ABSOLUTE_GATE, inf),
            "bandwidth": (0, inf),
            "has_audio": (0, 1),
        }
