"""One MP4 that is being written: the track's clock, the encoders, the frames of a constant rate, the check.

See encode.py for what a clip promises. The file is written with `faststart`, so that it plays while it loads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, lcm

import av
from av.error import FFmpegError
from av.video.frame import PictureType

from curate.media.audio import AudioTrack, ClipAudio, track_rate
from curate.media.errors import MediaError

FINEST = 2_000_000
"""The largest timescale that a video track gets: at 1/2000000 s a frame may last 18 minutes (31 bits)."""

COARSE = 90_000
"""The timescale where the source's is finer still: MPEG's own, 1/90000 s."""


def exact_rate(fps: float) -> Fraction:
    """A rate as people write it: 29.97 and 23.976 mean 30000/1001 and 24000/1001, 12.5 means 25/2."""
    ntsc = Fraction(round(fps * 1.001) * 1000, 1001)
    if fps != round(fps) and ntsc and abs(float(ntsc) - fps) < 0.005:
        return ntsc
    return Fraction(fps).limit_denominator(1000)


def track_clock(time_base: Fraction) -> tuple[int, Fraction]:
    """(timescale, track ticks per source tick): the source's own clock where an MP4 track can count in it."""
    if time_base.denominator <= FINEST:
        return time_base.denominator, Fraction(time_base.numerator)
    return COARSE, time_base * COARSE


def sides(width: int, height: int, max_short_side: int | None) -> tuple[int, int]:
    """Width and height of a clip whose source is shown at the given ones: even, and at most one pixel off an
    even scale; where nothing is scaled, at most one pixel less than the source."""
    short = min(width, height)
    if max_short_side is None or short <= max_short_side:
        return max(2, width - width % 2), max(2, height - height % 2)
    scale = Fraction(max_short_side - max_short_side % 2, short)
    # Half up, not Python's half to even: the nearest even number, the larger one on a tie.
    return max(2, 2 * int(width * scale / 2 + Fraction(1, 2))), max(
        2, 2 * int(height * scale / 2 + Fraction(1, 2))
    )


@dataclass(frozen=True)
class VideoSettings:
    """What the video encoder is opened with; `rate` (frames per second) only guides its choice of a level."""

    width: int
    height: int
    crf: float
    preset: str
    timescale: int
    rate: Fraction


class ClipWriter:
    """Writes pictures (yuv420p, BT.709, of the settings' size) and sound to `path`; call `close` in any case.

    Times are ticks of 1/timescale s after the clip's start. Raises OSError where the disk refuses (full,
    gone), MediaError where an encoder does.
    """

    def __init__(self, path: str, settings: VideoSettings, audio: ClipAudio | None) -> None:
        self._path, self.settings = path, settings
        self._times: list[int] = []
        self._durations: dict[int, int] = {}
        self._end = 0
        self._waiting: av.Packet[av.VideoStream] | None = None
        self._first_dts = 0
        self._track: AudioTrack | None = None
        with self._writing():
            self._output = av.open("file:" + path, "w", format="mp4", options=self._container_options(audio))
            try:
                self._stream = self._add_video()
                if audio is not None:
                    self._track = AudioTrack(self._output, audio)
            except BaseException:
                self.close()
                raise

    @property
    def frames(self) -> int:
        return len(self._times)

    @property
    def seconds(self) -> Fraction:
        """How long the pictures so far are shown."""
        return Fraction(self._end, self.settings.timescale)

    def _container_options(self, audio: ClipAudio | None) -> dict[str, str]:
        timescale = self.settings.timescale
        # Edit lists, which hide the encoders' delays, count in the movie's timescale. Its default of 1/1000 s
        # would round the length of a track; a common multiple of both clocks holds them exactly. Where that
        # is so large that a few minutes would need 64-bit headers, the video's own clock is exact enough for
        # sound as well.
        movie = timescale if audio is None else lcm(timescale, track_rate(audio))
        return {
            "fflags": "+bitexact",  # no library version, no creation time
            "movflags": "+faststart",
            "video_track_timescale": str(timescale),
            "movie_timescale": str(movie if movie <= 3 * FINEST else timescale),
        }

    def _add_video(self) -> av.VideoStream:
        settings = self.settings
        stream = self._output.add_stream(
            "libx264",
            rate=settings.rate,
            options={"crf": str(settings.crf), "preset": settings.preset, "x264-params": "cpu-independent=1"},
        )
        stream.width, stream.height, stream.pix_fmt = settings.width, settings.height, "yuv420p"
        context = stream.codec_context
        stream.time_base = context.time_base = Fraction(1, settings.timescale)
        context.thread_count = 1
        context.flags |= av.codec.context.Flags.bitexact
        context.sample_aspect_ratio = Fraction(1)
        # 1 is BT.709 in all three (ITU-T H.273), and the limited range in the fourth (AVCOL_RANGE_MPEG).
        context.color_primaries = context.color_trc = context.colorspace = context.color_range = 1
        return stream

    def add(self, picture: av.VideoFrame, time: int, duration: int) -> None:
        """Append a picture that is shown from `time` on for `duration` ticks."""
        picture.pts = time
        picture.time_base = Fraction(1, self.settings.timescale)
        picture.pict_type = PictureType.NONE
        self._times.append(time)
        self._durations[time] = duration
        self._end = time + duration
        with self._writing():
            self._mux(self._stream.encode(picture))
            if self._track is not None:
                self._track.advance(Fraction(time, self.settings.timescale))

    def finish(self) -> None:
        """Flush the encoders, end the sound with the last picture, write the index, and check what is on
        disk."""
        with self._writing():
            self._mux(self._stream.encode(None))
            self._mux_last()
            if self._track is not None:
                self._track.finish(self.seconds)
            self._output.close()
            self._check()

    def close(self) -> None:
        """Let go of the file, finished or not."""
        with suppress(FFmpegError, ValueError):
            self._output.close()

    def _mux(self, packets: list[av.Packet[av.VideoStream]]) -> None:
        """Write all packets but the last one, which waits until it is known to be the last of all."""
        for packet in packets:
            assert packet.pts is not None
            assert packet.dts is not None
            # Encoders do not hand durations through; the container derives a track's end from them.
            packet.duration = self._durations.pop(packet.pts)
            if self._waiting is None:
                self._first_dts = packet.dts
            else:
                self._output.mux(self._waiting)
            self._waiting = packet

    def _mux_last(self) -> None:
        """Durations are kept in decoding order, each as the distance to the next packet; only the last one is
        free.

        FFmpeg takes the shorter of their sum and the edit list's length, which ends with the frame that is
        shown last, for the clip's length: neither may fall short of it.
        """
        packet = self._waiting
        assert packet is not None
        assert packet.dts is not None
        packet.duration = max(packet.duration or 0, self._end + self._first_dts - packet.dts)
        self._output.mux(packet)

    def _check(self) -> None:
        """What a player will see, from the packets alone: a full disk can go unnoticed until the last
        write."""
        with av.open("file:" + self._path, format="mp4") as written:
            stream = written.streams.video[0]
            times = sorted(
                packet.pts for packet in written.demux(stream) if packet.pts is not None and packet.size
            )
            if times != self._times or stream.time_base != Fraction(1, self.settings.timescale):
                raise OSError(
                    f"{self._path!r} does not hold the frames that were written to it; check the disk"
                )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except FFmpegError as error:
            if isinstance(error, OSError):
                raise OSError(
                    error.errno, f"{error.strerror}: the clip was not written", self._path
                ) from error
            raise MediaError(f"a clip could not be encoded ({error.strerror}); report the file") from error


class Resampler:
    """Which source frames a constant rate shows: output k, at k/fps, is the frame shown at that time.

    A frame is shown from its own time until the next one's, so rates above the source's repeat frames and
    rates below leave some out; nothing is blended. Output k exists where k/fps lies before the clip's end.
    """

    def __init__(self, rate: Fraction) -> None:
        self._rate = rate
        self._next = 0

    def until(self, seconds: Fraction) -> Sequence[int]:
        """The outputs not yet given whose time is before `seconds` after the clip's start."""
        end = max(self._next, ceil(seconds * self._rate))
        outputs = range(self._next, end)
        self._next = end
        return outputs
