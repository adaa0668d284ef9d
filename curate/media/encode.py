"""Clips of a video as MP4: H.264 and AAC, frame for frame what the scan saw.

A clip holds exactly the source's frames with start_pts <= pts < end_pts, upright, in square pixels, BT.709
limited range, in the source's spacing: the track counts in the source's time base, the first frame is at 0,
and the differences of timestamps are the source's own integers, so what has a variable rate keeps it. Sides
are even: one pixel of an odd side is cropped, and so is what lies outside a `crop`. With `fps` the clip has a
constant rate, see `Resampler`.

Every frame that goes in is compared with what the scan saw of it (`expected`). Seeking is not always clean
(about one real file in fifteen decodes to other pixels after it, without an error), so a clip that differs is
decoded again from the file's start, and one that differs then as well is an error, never a wrong clip. The
file that was written is read back (packets, no decoding) and its timestamps compared before it gets its name.

The bytes depend on the frames, the options, the packages and the processor's architecture alone: one x264
thread, `cpu-independent=1` (x264's output differed between runs of one process without it), `pict_type` reset
(frames carry the type that they had in the source into the encoder), no version or time stamps in the
container. What holds for sound stands in audio.py.

Limits. A file's last frame in presentation order keeps its duration in the track's length; readers that look
at the packets' own durations (FFmpeg's `frame.duration`) see spacing in decoding order, as in every MP4 with
B-frames. A time base finer than 1/2000000 s is rounded to 1/90000 s. A process that is killed leaves its
`.part` file to whoever owns the folder.
"""

from __future__ import annotations

import os
import uuid
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, cast

import numpy as np
from av.error import FFmpegError
from pydantic import BaseModel, ConfigDict, Field

from curate.media.audio import ClipAudio, open_audio, track_rate
from curate.media.clip_writer import ClipWriter, Resampler, VideoSettings, exact_rate, sides, track_clock
from curate.media.container import open_video, shown, time_base, video_stream
from curate.media.crop import Crop, Framing
from curate.media.decode import DecodeReport, Frame, decode
from curate.media.errors import MediaError
from curate.media.picture import Viewer, rotation_of, shown_size, usable_sar

ENCODE_VERSION = 2
"""Raised whenever the same frames and options would give other bytes, other pictures, or facts that an older
row lacks (2: start and rate of the sound)."""

Preset = Literal[
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"
]


class EncodeOptions(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    codec: Literal["h264"] = "h264"
    """How the video is encoded: H.264, High profile, yuv420p, by libx264."""
    crf: float = Field(default=18, ge=0, le=51)
    """x264's constant rate factor: 0 is lossless, 18 hard to tell from the source, 23 x264's default, 51 the
    worst."""
    preset: Preset = "medium"
    """x264's trade of time against size; it hardly changes the quality at a given crf."""
    fps: float | None = Field(default=None, gt=0, le=1000)
    """Frames per second of every clip; null keeps each source's frames and their spacing. 29.97 means
    30000/1001."""
    max_short_side: int | None = Field(default=None, ge=16)
    """The longest that a clip's short side may be, in pixels; larger ones are scaled down, none are scaled
    up."""
    audio: bool = True
    """Whether the sound is kept, where the source has any."""


@dataclass(frozen=True)
class Encoded:
    """A clip that was written. Sizes in pixels, `fps` = frames / seconds."""

    width: int
    height: int
    frames: int
    fps: float
    seconds: float
    bytes: int
    has_audio: bool
    audio_start: float | None
    """Seconds from the first frame to the first sample of the sound; None without sound."""
    audio_rate: int | None
    """Samples per second."""
    decoded: int
    """Frames decoded to make it, those before the clip included."""
    audio_error: str | None = None
    """Why sound that the source has is missing from the clip, wholly or in places."""


@dataclass(frozen=True)
class Job:
    """One clip to write; `expected` is the scan's (pts, fingerprint) of each of its frames, in order."""

    target: str
    start_pts: int
    end_pts: int
    expected: Sequence[tuple[int, int]] | None = None
    crop: Crop | None = None
    """What is encoded of each picture; the scan saw all of it."""


class _Differs(Exception):
    """The frames are not those of the scan."""


def _nothing() -> None:
    pass


def encode_clip(
    source: str,
    target: str,
    *,
    start_pts: int,
    end_pts: int,
    options: EncodeOptions,
    expected: Sequence[tuple[int, int]] | None = None,
    crop: Crop | None = None,
    irregular: bool = False,
    progress: Callable[[], None] = _nothing,
) -> Encoded:
    """Write the frames of `source` with start_pts <= pts < end_pts to `target`, which appears whole or not at
    all.

    `irregular` files (see Probe) are never sought in. `progress` is called for each frame that is decoded,
    of those before the clip and of its sound too. Raises MediaError where the source cannot be used or
    differs from `expected`, OSError where the target cannot be written (a full disk).
    """
    job = Job(target, start_pts, end_pts, expected, crop)
    for result in encode_clips(source, [job], options=options, irregular=irregular, progress=progress):
        if isinstance(result, MediaError):
            raise result
        return result
    raise AssertionError("one job, one result")


def encode_clips(
    source: str,
    jobs: Sequence[Job],
    *,
    options: EncodeOptions,
    irregular: bool = False,
    progress: Callable[[], None] = _nothing,
) -> Iterator[Encoded | MediaError]:
    """One result per job, in order. Clips that cannot be sought share one decode from the file's start, as
    long as they come in order of time; how a clip is read depends on nothing but itself, and neither do its
    bytes."""
    whole: _Pass | None = None
    try:
        facts = _facts(source)
    except (MediaError, FFmpegError) as error:
        yield from [_unusable(source, error)] * len(jobs)
        return
    try:
        for job in jobs:
            spent = 0
            if not irregular:
                sought = _Pass(source, job.start_pts, job.end_pts, progress)
                try:
                    result = _attempt(source, job, facts, sought, options, irregular, progress)
                finally:
                    spent = sought.decoded
                    sought.close()
                if isinstance(result, Encoded):
                    yield result
                    continue
            if whole is None or not whole.reaches(job.start_pts):
                if whole is not None:
                    whole.close()
                whole = _Pass(source, None, None, progress)
            result = _attempt(source, job, facts, whole, options, irregular, progress)
            yield replace(result, decoded=result.decoded + spent) if isinstance(result, Encoded) else result
    finally:
        if whole is not None:
            whole.close()


class _Pass:
    """One decode of a file, from which clips take their frames in order of time."""

    def __init__(
        self,
        source: str,
        start_pts: int | None,
        end_pts: int | None,
        progress: Callable[[], None] = _nothing,
    ) -> None:
        self._report = DecodeReport()
        self._progress = progress
        frames = decode(source, start_pts=start_pts, end_pts=end_pts, report=self._report, passing=progress)
        self._frames = cast(Generator[Frame, None, None], frames)  # it can be closed
        self._ahead: Frame | None = None
        self._passed: int | None = None

    @property
    def decoded(self) -> int:
        return self._report.frames

    def reaches(self, pts: int) -> bool:
        """Whether a clip that starts at `pts` still lies ahead."""
        return self._passed is None or pts > self._passed

    def peek(self) -> Frame:
        """The next frame, which stays next; decode raises MediaError where a file has none."""
        self._ahead = self._ahead or next(self._frames)
        return self._ahead

    def clip(self, start_pts: int, end_pts: int) -> Iterator[Frame]:
        while True:
            frame = self._ahead or next(self._frames, None)
            self._ahead = None
            if frame is None:
                return
            if frame.pts >= end_pts:
                self._ahead = frame
                return
            self._passed = frame.pts
            # Whoever watches must hear of frames before the clip too: they may be most of a long file.
            self._progress()
            if frame.pts >= start_pts:
                yield frame

    def close(self) -> None:
        self._frames.close()


def _attempt(
    source: str,
    job: Job,
    facts: _Facts,
    frames: _Pass,
    options: EncodeOptions,
    irregular: bool,
    progress: Callable[[], None],
) -> Encoded | MediaError:
    before = frames.decoded
    # A name of its own: the process of a killed run may write on for a moment, beside the next one's.
    part = f"{job.target}.{uuid.uuid4().hex[:12]}.part"
    clip = _Clip(source, part, job, facts, options, not irregular, progress)
    try:
        for frame in frames.clip(job.start_pts, job.end_pts):
            clip.add(frame)
        encoded = clip.finish(frames.decoded - before)
        os.replace(part, job.target)
        return encoded
    except _Differs:
        return MediaError(
            f"{shown(source)} does not decode to the frames that were measured: either it is so damaged that "
            "each decoding differs, or it changed since it was scanned; then run again to scan it anew"
        )
    except (MediaError, FFmpegError) as error:
        return _unusable(source, error)
    finally:
        clip.close()
        with suppress(FileNotFoundError):
            os.unlink(part)


@dataclass(frozen=True)
class _Facts:
    """What holds for a whole file: its clock (seconds per tick), and how its pictures are shown."""

    time_base: Fraction
    rotation: int
    sar: Fraction
    shown: tuple[int, int]
    """Width and height; frames that change their size midway are brought to the first one's, as in the
    scan."""


def _facts(source: str) -> _Facts:
    """Of the file's first frame, as the scan takes them, so that both look at every frame in the same way."""
    with open_video(source) as container:
        stream = video_stream(container)
        sar = usable_sar(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio)
        base = time_base(stream)
    first = _Pass(source, None, None)
    try:
        image = first.peek().image
        rotation = rotation_of(image)
        return _Facts(base, rotation, sar, shown_size(image.width, image.height, rotation, sar))
    finally:
        first.close()


def _unusable(source: str, error: MediaError | FFmpegError) -> MediaError:
    if isinstance(error, MediaError):
        return error
    return MediaError(f"{source!r} stopped decoding ({error.strerror}); look at it with a player")


class _Clip:
    """The frames of one job on their way into a file, which is opened with the first of them."""

    def __init__(
        self,
        source: str,
        part: str,
        job: Job,
        facts: _Facts,
        options: EncodeOptions,
        seek: bool,
        progress: Callable[[], None],
    ) -> None:
        self._source, self._part, self._job, self._facts, self._options = source, part, job, facts, options
        self._seek, self._progress = seek, progress
        self._viewer = Viewer(facts.rotation, facts.sar, facts.shown)
        self._framing = Framing(self._viewer, facts.shown, job.crop)
        self._rate = None if options.fps is None else exact_rate(options.fps)
        self._resampler = None if self._rate is None else Resampler(self._rate)
        self._writer: ClipWriter | None = None
        self._audio: ClipAudio | None = None
        self._audio_error: str | None = None
        self._taken = 0
        self._held: Frame | None = None

    def add(self, frame: Frame) -> None:
        expected = self._job.expected
        if expected is not None:
            fingerprint = zlib.crc32(np.ascontiguousarray(self._viewer.small(frame.image)).data)
            if self._taken >= len(expected) or tuple(expected[self._taken]) != (frame.pts, fingerprint):
                raise _Differs
        if self._held is None:
            self._open(frame)
        else:
            self._emit(frame.pts)
        self._taken += 1
        self._held = frame

    def finish(self, decoded: int) -> Encoded:
        """Write what is left of the clip, for which `decoded` frames were decoded."""
        job, last, writer = self._job, self._held, self._writer
        if job.expected is not None and self._taken != len(job.expected):
            raise _Differs
        if last is None or writer is None:
            raise MediaError(
                f"no frame of {self._source!r} lies between pts {job.start_pts} and {job.end_pts}"
            )
        # A span may end within its last frame's time, but never at or before the frame itself.
        end = max(min(last.pts + last.duration, job.end_pts), last.pts + 1)
        self._emit(end)
        writer.finish()
        return Encoded(
            width=writer.settings.width,
            height=writer.settings.height,
            frames=writer.frames,
            fps=float(writer.frames / writer.seconds),
            seconds=float(writer.seconds),
            bytes=os.path.getsize(self._part),
            has_audio=self._audio is not None,
            # Sound begins with the first frame: what the source lacks at a clip's start is silence there.
            audio_start=None if self._audio is None else 0.0,
            audio_rate=None if self._audio is None else track_rate(self._audio),
            decoded=decoded,
            audio_error=self._audio.error if self._audio is not None else self._audio_error,
        )

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._audio is not None:
            self._audio.close()

    def _open(self, first: Frame) -> None:
        base, options = self._facts.time_base, self._options
        width, height = sides(*self._framing.size, options.max_short_side)
        if self._rate is None:
            timescale, self._ticks = track_clock(base)
            rate = 1 / (max(1, first.duration) * base)
        else:
            timescale, rate = self._rate.numerator, self._rate
        self._origin = first.pts
        if options.audio:
            span = (first.pts * base, self._job.end_pts * base)
            sound = open_audio(self._source, *span, seek=self._seek, progress=self._progress)
            if isinstance(sound, ClipAudio):
                self._audio = sound
            else:
                self._audio_error = sound
        # The rate guides the choice of a level, and a VFR clip's first frame may last a tick or a minute.
        rate = min(max(rate, Fraction(1)), Fraction(240)).limit_denominator(1001)
        settings = VideoSettings(width, height, options.crf, options.preset, timescale, rate)
        self._writer = ClipWriter(self._part, settings, self._audio)

    def _emit(self, end: int) -> None:
        """Write the frame at hand, which is shown until the source's pts `end`."""
        assert self._held is not None
        assert self._writer is not None
        size = (self._writer.settings.width, self._writer.settings.height)
        if self._resampler is None or self._rate is None:
            time, until = (round((pts - self._origin) * self._ticks) for pts in (self._held.pts, end))
            self._writer.add(self._framing.yuv(self._held.image, size), time, until - time)
            return
        outputs = self._resampler.until((end - self._origin) * self._facts.time_base)
        if outputs:
            picture = self._framing.yuv(self._held.image, size)
            for output in outputs:
                self._writer.add(picture, output * self._rate.denominator, self._rate.denominator)
