"""Sound: how loud it is, whether it is silent, and up to which frequency it carries energy.

The stream is the one that a clip's sound is cut from (`curate.media.audio.best_audio`). A row is a window of
a tenth of a second on an absolute grid of the file's clock, however picture and sound are cut into frames:
two cycles at the lower end of hearing (20 Hz), a few frames of picture, and the step by which ITU-R BS.1770
moves its blocks. `pts` is the tick of the video's time base in which the window's middle lies, so that the
rows of a clip are those with start_pts <= pts < end_pts, as in every group; where a tick is longer than a
window, several rows share it.

There are rows where there is sound in at least half of the window: a file without a track has none, nor has
a gap. What is loud, silent or wide enough stands in audio_window.py.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.media.decode import FURTHEST
from curate.signals.audio_window import WINDOWS, Second, Values
from curate.signals.loudness import channel_weights

NAME = "audio"
VERSION = 1
SCHEMA = pa.schema(
    [
        pa.field("level", pa.float32(), nullable=False),
        pa.field("peak", pa.float32(), nullable=False),
        pa.field("silent", pa.bool_(), nullable=False),
        pa.field("loudness", pa.float32(), nullable=False),
        ("bandwidth", pa.float32()),
    ]
)
"""`level`: root mean square over all channels, in dBFS (a square wave at full scale is 0, a sine -3.01).
`peak`: the largest sample of any channel, in dBFS; above 0 where a lossy codec overshoots. `silent`: no
sample exceeds -60 dBFS (audio_window.SILENCE). `loudness`: K-weighted power by ITU-R BS.1770-4, in LUFS; the
mean power of four windows in a row is its momentary loudness. `bandwidth`: Hz up to which the window carries
energy (audio_window.bandwidth_of); NULL where it is silent or only partly filled. Levels are rounded to 0.01
and end at -120 (audio_window.FLOOR)."""

RATES = range(1000, 768_001)
"""Sampling rates that are measured, in Hz; others are taken for damage."""
MOST_SAMPLES = 8_000_000
"""Samples per second, all channels (eight of 768 kHz are 6.1 million): a second takes about twenty bytes for
each while it is measured."""
SLACK_SECONDS = 0.005
"""A timestamp that is off the count of samples by less than this follows the count (as in a clip's sound,
curate.media.audio)."""
JUMP_SECONDS = 1
"""A timestamp that is further than this from those on both sides is wrong, and a clock that goes back by more
starts anew: what follows keeps its place behind what was, as pictures do. What goes back by less overlaps,
and is dropped."""
POINTERS = 8
"""An AVFrame holds pointers to so many planes (AV_NUM_DATA_POINTERS). PyAV counts planes up to the first
empty pointer, which it looks for beyond the end if all are in use, so such frames are packed first."""
FULL_SCALES = {"u8": 128.0, "s16": 2.0**15, "s32": 2.0**31, "flt": 1.0, "dbl": 1.0}
"""By FFmpeg's sample format, planar or packed."""

Row = tuple[int, Values]
"""pts, and the values in the order of SCHEMA."""


@dataclass(frozen=True, slots=True)
class _Format:
    rate: int
    sample: str
    layout: str
    channels: int


class Sound:
    """State of one file. `push` takes the decoded frames in the decoder's order, `finish` ends; both return
    the rows that are done.

    The rows follow from the frames alone. Held are one second of sound and the frame that was pushed last.
    """

    def __init__(self, time_base: Fraction) -> None:
        self._ticks_per_window = 1 / (WINDOWS * time_base)
        self._far = FURTHEST * time_base
        self._format: _Format | None = None
        self._full_scale = self._middle = 0.0
        self._weights: NDArray[np.float64] = np.zeros(0)
        self._held: tuple[NDArray[Any], int | None] | None = None
        # In samples of the file's clock: where the next frame is expected, and what the clock was put on by.
        self._expected: int | None = None
        self._shift = 0
        self._second: Second | None = None
        self._next_window: int | None = None

    def push(self, frame: av.AudioFrame) -> list[Row]:
        """Rows that are done when `frame` is there. One without samples that can be used is passed over."""
        form = _Format(frame.sample_rate, frame.format.name, frame.layout.name, int(frame.layout.nb_channels))
        kind = form.sample.removesuffix("p")
        usable = form.rate in RATES and form.channels > 0 and form.rate * form.channels <= MOST_SAMPLES
        if not usable or kind not in FULL_SCALES or frame.samples <= 0:
            return []
        try:
            samples = samples_of(frame)
        except (av.FFmpegError, ValueError):
            return []
        rows = []
        if form != self._format:
            rows += self.finish()
            self._begin(form, [channel.name for channel in frame.layout.channels])
        stamp = None
        base = frame.time_base
        if frame.pts is not None and base and abs(frame.pts * base) < self._far:
            stamp = rounded(frame.pts * base.numerator * form.rate, base.denominator)
        if self._held is not None:
            rows += self._place(*self._held, stamp)
        self._held = samples, stamp
        return rows

    def finish(self) -> list[Row]:
        """What is left at the end of the sound, or where its format changes."""
        rows = [] if self._held is None else self._place(*self._held, None)
        self._held = None
        return rows + self._close()

    def _begin(self, form: _Format, names: list[str]) -> None:
        if self._format is not None and self._expected is not None:
            self._expected = rounded(self._expected * form.rate, self._format.rate)
            self._shift = rounded(self._shift * form.rate, self._format.rate)
        self._format = form
        self._full_scale = FULL_SCALES[form.sample.removesuffix("p")]
        self._middle = 128.0 if form.sample.startswith("u8") else 0.0
        self._weights = channel_weights(names)

    def _place(self, samples: NDArray[Any], stamp: int | None, following: int | None) -> list[Row]:
        """Put samples (channels, count) where they belong; `following` is the next frame's timestamp."""
        form = self._format
        assert form is not None
        start = self._start(stamp, following, samples.shape[1], form.rate)
        if start is None:
            return []
        if self._expected is not None and start < self._expected:
            samples, start = samples[:, self._expected - start :], self._expected
        self._expected = start + samples.shape[1]
        rows = []
        while samples.shape[1]:
            number, offset = divmod(start, form.rate)
            if self._second is None or self._second.number != number:
                rows += self._close()
                self._second = Second(number, form.rate, form.channels, self._middle, self._full_scale)
            written = self._second.write(offset, samples)
            samples, start = samples[:, written:], start + written
        return rows

    def _start(self, stamp: int | None, following: int | None, count: int, rate: int) -> int | None:
        """Where samples begin, on the file's clock; None as long as no timestamp was seen."""
        expected = self._expected
        if stamp is None or expected is None:
            return stamp if expected is None else expected
        jump = JUMP_SECONDS * rate
        if stamp < expected - jump:
            stamp += self._shift
            following = None if following is None else following + self._shift
        if abs(stamp - expected) <= SLACK_SECONDS * rate:
            return expected
        if abs(stamp - expected) > jump and following is not None and abs(following - stamp - count) > jump:
            return expected
        if stamp < expected - jump:
            self._shift += expected - stamp
            return expected
        return stamp

    def _close(self) -> list[Row]:
        """Rows of the second that is being filled."""
        second, self._second = self._second, None
        rows: list[Row] = []
        for window, values in second.rows(self._weights) if second is not None else ():
            # A second that was left and is entered again could have windows that were given before.
            if self._next_window is None or window >= self._next_window:
                rows.append((int((window + Fraction(1, 2)) * self._ticks_per_window // 1), values))
                self._next_window = window + 1
        return rows


class SoundRows:
    """Writes the rows of a file's sound: `hear` takes the frames, `add` gets pts and values of each row."""

    def __init__(self, time_base: Fraction, add: Callable[[int, Values], None]) -> None:
        self._sound = Sound(time_base)
        self._add = add

    def hear(self, frame: av.AudioFrame) -> None:
        for pts, values in self._sound.push(frame):
            self._add(pts, values)

    def finish(self) -> None:
        for pts, values in self._sound.finish():
            self._add(pts, values)


def samples_of(frame: av.AudioFrame) -> NDArray[Any]:
    """(channels, samples) as they are stored. Raises FFmpegError or ValueError where that cannot be had."""
    channels = frame.layout.nb_channels
    if frame.format.is_planar and channels >= POINTERS:
        packed = av.AudioResampler(frame.format.name.removesuffix("p"), frame.layout, frame.sample_rate)
        samples = np.concatenate([part.to_ndarray() for part in packed.resample(frame)], axis=1)
    else:
        samples = frame.to_ndarray()
    if samples.shape[0] == channels:
        return samples
    return samples.reshape(-1, channels).T


def windows_between(start_pts: int, end_pts: int, time_base: Fraction) -> int:
    """How many windows have their pts in [start_pts, end_pts), whether there is sound in them or not."""
    rate = WINDOWS * time_base
    return math.ceil(end_pts * rate - Fraction(1, 2)) - math.ceil(start_pts * rate - Fraction(1, 2))


def rounded(numerator: int, denominator: int) -> int:
    """The whole number nearest to a fraction; halves go up."""
    return (2 * numerator + denominator) // (2 * denominator)
