"""The sound of a clip: read from the source, cut to the sample, encoded as AAC beside the clip's video.

The clock is the file's own, the one that video timestamps are in. A clip's sound starts at the time of its
first frame and ends where its last frame ends; where the source has none in between (a stream that starts
later than the picture, ends before it, or does not decode in places) there is silence, so that sound and
picture stay together to the end.

What comes out: the source's sampling rate where AAC has it and it is at most 48 kHz, else 48 kHz; one channel
where the source has one, else two (more are mixed down by FFmpeg's default matrix: the centre and surrounds
at -3 dB, scaled so that nothing clips). Audio encoders and resamplers use floating point and the processor's
own instructions: the bytes are the same for one build of FFmpeg on one kind of processor, no further.

Measured: in tests/media/test_audio_sync.py a click and a flash that are together in the source are within 2.5
ms of each other in the clip, as PyAV decodes it; the sound of clips cut from real MP4 files lies on the
source's to the sample, and within 1 ms from Matroska and WebM, which state times in milliseconds.

Limits. AAC comes in frames of 1024 samples: the track's length is exact, but readers that ignore its end
(PyAV) give up to 1023 samples of silence more. Sound whose packets have no timestamps is left out. In files
with irregular timestamps only the picture's are put right. AVI with MPEG-4 audio or H.264 states no
presentation times: what FFmpeg makes of them is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from itertools import chain
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.stream import Discard

from curate.media.container import demuxed, open_video
from curate.media.errors import MediaError

KEPT_RATES = (48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
"""Sampling rates that stay as they are, in Hz: those of AAC (ISO/IEC 14496-3, table 1.18) up to 48 kHz,
without 7350, which few players know."""

BLOCK = 1024
"""Samples per AAC frame."""

LEAD_SECONDS = 1
"""Sound is decoded from this long before a clip: Opus needs 80 ms to settle (RFC 7845, 4.6), MP3 and AAC a
frame or two (up to 52 ms each), and interleaving puts sound up to half a second away from its picture."""

SLACK_SECONDS = 0.005
"""Timestamps that are off by less than this follow the count of samples: Matroska and FLV round them to
milliseconds. A jump of more is a gap, filled with silence, or an overlap, dropped."""

_Samples = np.ndarray[Any, np.dtype[np.float32]]
_Piece = tuple[int, _Samples]


def best_audio(container: av.container.InputContainer) -> av.AudioStream | None:
    """The stream that a player would play: FFmpeg's choice (the default one, more channels, higher bit
    rate)."""
    stream = container.streams.best("audio")
    return stream if isinstance(stream, av.AudioStream) else None


class ClipAudio:
    """The samples of one file from the time `start` on, as one stream without gaps.

    `end` bounds the search for the first sample, both in seconds on the file's clock. With `seek=False` the
    file is read from its start, for files whose timestamps do not allow seeking. Use as a context manager.

    `rate` is in Hz and `channels` 1 or 2; `found` says whether the span holds any sample, and `error` why
    some or all of its sound is missing (None: all there is decoded). `progress` is called for each packet
    that is read, of which there may be many before `start`.
    """

    def __init__(
        self,
        path: str,
        start: Fraction,
        end: Fraction,
        *,
        seek: bool = True,
        progress: Callable[[], None] | None = None,
    ) -> None:
        self._path, self._start, self._end = path, start, end
        self._progress = progress
        self.rate = 0
        self.channels = 0
        self._undecoded = 0
        self._first_error: str | None = None
        self._resamplers: dict[tuple[str, str, int], av.AudioResampler] = {}
        self._buffer: list[_Samples] = []
        self._buffered = 0
        self._cursor = 0  # position, in samples after `start`, of the next one that `read` gives
        self._reading = self._pieces(seek)
        # The first piece is looked for at once, because whether the clip has a sound track must be known
        # before its first byte is written.
        first = next(self._reading, None)
        self.found = first is not None
        self._pieces_left: Iterator[_Piece] = chain([first] if first else [], self._reading)
        self._ahead: _Piece | None = next(self._pieces_left, None)

    def __enter__(self) -> ClipAudio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._reading.close()

    @property
    def error(self) -> str | None:
        if self._first_error is None:
            return None
        where = "is silent there" if self.found else "has no sound"
        return f"{self._undecoded} audio packets did not decode ({self._first_error}); the clip {where}"

    def read(self, count: int) -> _Samples:
        """The next `count` samples: float32 (channels, count) within -1..1, zeros where the source has
        none."""
        while self._buffered < count:
            missing = count - self._buffered
            at = self._cursor + self._buffered
            if self._ahead is None:
                self._push(np.zeros((self.channels, missing), np.float32))
                continue
            position, samples = self._ahead
            if position > at:
                self._push(np.zeros((self.channels, min(missing, position - at)), np.float32))
                continue
            self._push(samples[:, at - position :])  # what overlaps is dropped
            self._ahead = next(self._pieces_left, None)
        joined = (
            np.concatenate(self._buffer, axis=1) if self._buffer else np.zeros((self.channels, 0), np.float32)
        )
        self._buffer = [joined[:, count:]]
        self._buffered = joined.shape[1] - count
        self._cursor += count
        return joined[:, :count]

    def _push(self, samples: _Samples) -> None:
        self._buffer.append(samples)
        self._buffered += samples.shape[1]

    def _pieces(self, seek: bool) -> Generator[_Piece, None, None]:
        """(position in samples after `start`, samples) of the span, in order, without overlaps before
        `start`."""
        frames = self._frames(seek)
        try:
            first = next(frames, None)
            if seek and (first is None or first.pts is None or self._seconds(first) > self._start):
                # A seek may land behind its target; that is only told apart from a stream that really starts
                # this late by reading from the beginning.
                frames.close()
                self._undecoded, self._first_error = 0, None
                frames = self._frames(seek=False)
                first = next(frames, None)
            if first is None:
                return
            expected: int | None = None
            for frame in chain([first], frames):
                stamp = None if frame.pts is None else self._seconds(frame)
                if stamp is not None and stamp >= self._end:
                    return
                if stamp is None and expected is None:
                    continue
                try:
                    samples = self._samples(frame)
                except (FFmpegError, ValueError) as error:
                    self._note(error)
                    continue
                if stamp is not None:
                    position = round((stamp - self._start) * self.rate)
                    if expected is None or abs(position - expected) > SLACK_SECONDS * self.rate:
                        expected = position
                assert expected is not None
                position, expected = expected, expected + samples.shape[1]
                if expected > 0:
                    yield position, samples
        finally:
            frames.close()

    def _frames(self, seek: bool) -> Generator[av.AudioFrame, None, None]:
        with open_video(self._path) as container:
            stream = best_audio(container)
            if stream is None:
                return
            origin = Fraction(container.start_time or 0, 1_000_000)
            if seek and self._start - LEAD_SECONDS > origin:
                try:
                    container.seek(int((self._start - LEAD_SECONDS) * 1_000_000))
                except FFmpegError:
                    return  # read from the start instead, see _pieces
            for other in container.streams:
                if other is not stream:
                    other.discard = Discard.all
            packets = demuxed(container, stream)
            while True:
                try:
                    packet = next(packets)
                except StopIteration:
                    return
                except FFmpegError as error:
                    self._note(error)
                    return
                if self._progress is not None:
                    self._progress()
                try:
                    decoded = packet.decode()
                except FFmpegError as error:
                    if self._near(packet):
                        self._note(error)
                    continue
                for frame in decoded:
                    if isinstance(frame, av.AudioFrame) and frame.samples:
                        yield frame

    def _near(self, packet: av.Packet[av.AudioStream]) -> bool:
        """Whether a packet lies within the span, so that its loss is this clip's."""
        if packet.pts is None:
            return True
        return self._start <= packet.pts * packet.time_base < self._end

    def _note(self, error: Exception) -> None:
        self._undecoded += 1
        # The words alone: av's messages may hold the path, which must not enter anything a clip is known by.
        self._first_error = self._first_error or (getattr(error, "strerror", None) or type(error).__name__)

    @staticmethod
    def _seconds(frame: av.AudioFrame) -> Fraction:
        assert frame.pts is not None
        assert frame.time_base is not None
        return Fraction(frame.pts * frame.time_base)

    def _samples(self, frame: av.AudioFrame) -> _Samples:
        """A decoded frame as float32 (channels, samples) at the clip's rate."""
        if not self.rate:
            self.rate = frame.sample_rate
            self.channels = 1 if frame.layout.nb_channels == 1 else 2
        # Streams may change their format midway; each has its own converter, which without a change of rate
        # holds nothing back.
        key = (frame.format.name, frame.layout.name, frame.sample_rate)
        if key not in self._resamplers:
            layout = "mono" if self.channels == 1 else "stereo"
            self._resamplers[key] = av.AudioResampler(format="fltp", layout=layout, rate=self.rate)
        frame.pts = None
        parts = [part.to_ndarray() for part in self._resamplers[key].resample(frame)]
        if not parts:
            return np.zeros((self.channels, 0), np.float32)
        # The AAC encoder refuses infinities and what is not a number, which float sources may hold.
        samples = np.nan_to_num(np.concatenate(parts, axis=1), nan=0.0, posinf=1.0, neginf=-1.0)
        clipped: _Samples = np.clip(samples, -1.0, 1.0).astype(np.float32, copy=False)
        return clipped


def track_rate(audio: ClipAudio) -> int:
    """The sampling rate that a clip's sound is written with, in Hz."""
    return audio.rate if audio.rate in KEPT_RATES else 48000


class AudioTrack:
    """The AAC stream of a clip that is being written: `advance` as the video grows, then `finish`."""

    def __init__(self, output: av.container.OutputContainer, audio: ClipAudio) -> None:
        self._output, self._audio = output, audio
        self.rate = track_rate(audio)
        layout = "mono" if audio.channels == 1 else "stereo"
        self._stream = output.add_stream("aac", rate=self.rate, layout=layout)
        context = self._stream.codec_context
        # Without it the library's version is written into the stream.
        context.flags |= av.codec.context.Flags.bitexact
        # 96 kb/s per channel is where FFmpeg's AAC encoder is held to be transparent for most material; a
        # frame holds at most 6144 bits per channel (ISO/IEC 14496-3), which is less at low rates.
        per_channel = min(96_000, 6144 * self.rate // BLOCK)
        context.bit_rate = per_channel * audio.channels
        self._layout = layout
        self._resampler: av.AudioResampler | None = None
        if self.rate != audio.rate:
            self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=self.rate)
        self._read = 0
        self._written = 0
        self._waiting = np.zeros((audio.channels, 0), np.float32)

    def advance(self, seconds: Fraction) -> None:
        """Encode whole blocks up to `seconds` after the clip's start."""
        while (self._written + BLOCK) <= seconds * self.rate:
            self._fill(BLOCK)
            self._encode(BLOCK)

    def finish(self, seconds: Fraction) -> None:
        """Encode what is left up to `seconds`, the clip's length, and flush the encoder."""
        self.advance(seconds)
        left = round(seconds * self.rate) - self._written
        if left > 0:
            self._fill(left)
            self._encode(left)
        for packet in self._stream.encode(None):
            self._output.mux(packet)

    def _fill(self, count: int) -> None:
        while self._waiting.shape[1] < count:
            samples = self._audio.read(BLOCK)
            if self._resampler is not None:
                frame = self._frame(samples, self._audio.rate, self._read)
                parts = [part.to_ndarray() for part in self._resampler.resample(frame)]
                self._read += BLOCK
                samples = np.concatenate(parts, axis=1) if parts else samples[:, :0]
            self._waiting = np.concatenate([self._waiting, samples], axis=1)

    def _encode(self, count: int) -> None:
        frame = self._frame(self._waiting[:, :count], self.rate, self._written)
        self._waiting = self._waiting[:, count:]
        self._written += count
        for packet in self._stream.encode(frame):
            self._output.mux(packet)

    def _frame(self, samples: _Samples, rate: int, position: int) -> av.AudioFrame:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=self._layout)
        frame.sample_rate = rate
        frame.pts = position
        frame.time_base = Fraction(1, rate)
        return frame


def open_audio(
    path: str,
    start: Fraction,
    end: Fraction,
    *,
    seek: bool,
    progress: Callable[[], None] | None = None,
) -> ClipAudio | str | None:
    """The sound of [start, end) seconds; a reason where there is some that cannot be had; None where none
    is."""
    try:
        audio = ClipAudio(path, start, end, seek=seek, progress=progress)
    except (MediaError, FFmpegError) as error:
        return f"the sound could not be read ({getattr(error, 'strerror', None) or type(error).__name__})"
    if audio.found:
        return audio
    audio.close()
    return audio.error
