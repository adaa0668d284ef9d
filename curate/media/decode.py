"""Decoding with timestamps that can be relied on, from files that cannot.

What comes out is in the decoder's order. Codecs know the presentation order of their pictures; containers do
not always (AVI stores no presentation time at all), so it is the timestamps that are put in order, never the
pictures.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import av
import av.container
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from curate.media.container import demuxed, nominal_rate, open_video, shown, time_base, video_stream
from curate.media.errors import MediaError
from curate.media.listen import Listener, Receiver

Packets = Iterator["Packet[VideoStream]"]

WINDOW = 16
"""Frames held at most while a smaller timestamp may still come: the largest reorder depth of H.264 and HEVC
(max_num_reorder_frames, max_dpb_size = 16)."""

FURTHEST = 1 << 61
"""Timestamps from here on are damage, and count as missing: nanoseconds since 1970, the largest that honest
recorders write, are below 2^61."""

MAX_READ_ERRORS = 64
"""Failed reads in a row after which a file counts as ended."""


@dataclass(slots=True)
class Frame:
    """One decoded picture and its place in time."""

    index: int
    """0, 1, 2 … in presentation order from the file's start; -1 after a seek."""
    pts: int
    """In the stream's time_base; strictly increasing within one decode."""
    duration: int
    """Ticks to the next frame; for the last one its own, else the spacing before it, else a nominal frame."""
    image: VideoFrame
    """As decoded: coded size and orientation; its own `pts` may differ from `pts` above."""


@dataclass
class DecodeReport:
    """What happened while decoding; filled in as frames are delivered."""

    frames: int = 0
    """Decoded, whether delivered or outside the span that was asked for."""
    errors: int = 0
    """Packets or reads that failed."""
    salvaged: bool = False
    """There were errors, and frames none the less."""
    reordered: int = 0
    """Frames that carried the timestamp of another one."""
    filled: int = 0
    """Frames whose timestamp was missing, repeated or ran backwards, and was made up."""
    first_error: str | None = None
    lost: int = 0
    """Packets after the first frame from which no frame with their timestamp came."""


def decode(
    path: str,
    *,
    start_pts: int | None = None,
    end_pts: int | None = None,
    threads: int = 1,
    report: DecodeReport | None = None,
    seek: bool = True,
    passing: Callable[[], None] | None = None,
    sound: Receiver | None = None,
) -> Iterator[Frame]:
    """Yield the frames of the main video stream with start_pts <= pts < end_pts, in presentation order.

    With `seek`, decoding starts at the keyframe at or before `start_pts`; otherwise at the file's start. What
    fails inside is skipped and counted in `report`; `passing` is called for each frame before `start_pts`.
    `sound` is called with the frames of the best audio stream, whose packets lie between those of the video:
    all of them, if the file is read from start to end.
    Raises MediaError if the file cannot be opened, or if no frame decodes; not if frames decode and none
    lies in the span.
    The same file gives the same frames every time; so does any number of threads while the file is intact.
    """
    report = DecodeReport() if report is None else report
    if start_pts is not None and seek:
        with open_video(path, threads=threads) as container:
            sought = _sought(container, video_stream(container), start_pts, report)
            if sought is not None:
                yield from _span(sought, start_pts, end_pts, passing)
                return
    with open_video(path, threads=threads) as container:
        stream = video_stream(container)
        listener = None if sound is None else Listener(container, sound)
        frames = _timed(_packets(container, stream, report, listener), stream, report)
        yield from _span(_numbered(frames), start_pts, end_pts, passing)
    if report.frames == 0:
        cause = f" ({report.first_error})" if report.first_error else ""
        raise MediaError(f"no frame of {shown(path)} can be decoded{cause}: it is damaged or cut short.")


def decode_from(
    path: str,
    entry: int,
    *,
    end_pts: int | None = None,
    report: DecodeReport | None = None,
    passing: Callable[[], None] | None = None,
) -> Iterator[Frame]:
    """Yield the frames with entry <= pts < end_pts, decoded from the keyframe at `entry` or one before it.

    `passing` is called for each frame before. Nothing is made up for: raises MediaError where seeking does
    not get to a frame with exactly that pts, and whether the pictures are those of a decode from the start is
    for the caller to compare.
    """
    report = DecodeReport() if report is None else report
    with open_video(path) as container:
        for frames, attempt in _attempts(container, video_stream(container), entry):
            first = next(_span(frames, entry, None, passing), None)
            if first is not None and first.pts == entry:
                yield from _span(_resumed(first, frames, attempt, report), entry, end_pts, None)
                return
    raise MediaError(f"{shown(path)} cannot be sought in: decode it from its start.")


def _span(
    frames: Iterator[Frame],
    start_pts: int | None,
    end_pts: int | None,
    passing: Callable[[], None] | None,
) -> Iterator[Frame]:
    for frame in frames:
        if end_pts is not None and frame.pts >= end_pts:
            return
        if start_pts is None or frame.pts >= start_pts:
            yield frame
        elif passing is not None:
            passing()


def _numbered(frames: Iterator[Frame]) -> Iterator[Frame]:
    for index, frame in enumerate(frames):
        frame.index = index
        yield frame


def _sought(
    container: av.container.InputContainer, stream: VideoStream, start_pts: int, report: DecodeReport
) -> Iterator[Frame] | None:
    """Frames from a keyframe at or before `start_pts`, or None where seeking does not get there."""
    for frames, attempt in _attempts(container, stream, start_pts):
        first = next(frames, None)
        if first is not None and first.pts <= start_pts:
            return _resumed(first, frames, attempt, report)
    return None


def _attempts(
    container: av.container.InputContainer, stream: VideoStream, start_pts: int
) -> Iterator[tuple[Iterator[Frame], DecodeReport]]:
    """Decodes that begin near `start_pts`, each with what happens in it.

    Demuxers seek by decoding time, and keyframes can be shown later than that; those of MPEG-PS may land
    behind the place. So whoever asks looks at the first frames, and the aim is moved back by 1, 8 and 64
    seconds until they are early enough.
    """
    second = max(1, round(1 / time_base(stream)))
    for back in (0, 1, 8, 64):
        attempt = DecodeReport()
        try:
            container.seek(start_pts - back * second, stream=stream, backward=True)
        except av.FFmpegError:
            return
        yield _timed(_packets(container, stream, attempt), stream, attempt), attempt


def _resumed(
    first: Frame, frames: Iterator[Frame], attempt: DecodeReport, report: DecodeReport
) -> Iterator[Frame]:
    vars(report).update(vars(attempt))
    yield first
    for frame in frames:
        vars(report).update(vars(attempt))
        yield frame
    vars(report).update(vars(attempt))


def _timed(packets: Packets, stream: VideoStream, report: DecodeReport) -> Iterator[Frame]:
    """Frames with strictly increasing pts and the duration of each, one frame behind the decoder."""
    held: Frame | None = None
    spacing = _nominal_ticks(stream)
    for pts, image in _ordered(packets, spacing, report):
        if held is not None:
            spacing = held.duration = pts - held.pts
            yield held
        held = Frame(-1, pts, 0, image)
    if held is not None:
        own = int(held.image.duration or 0)
        held.duration = min(own if own > 0 else spacing, FURTHEST)
        yield held


def _nominal_ticks(stream: VideoStream) -> int:
    rate = nominal_rate(stream)
    return max(1, round(1 / (rate * time_base(stream)))) if rate else 1


def _ordered(packets: Packets, nominal: int, report: DecodeReport) -> Iterator[tuple[int, VideoFrame]]:
    """Pictures in the decoder's order, each with the smallest timestamp that is left.

    A timestamp is awaited while its packet went into the decoder and no picture with it came out. As long as
    a smaller one is awaited than those of the pictures at hand, they are held: either it comes out, and the
    timestamps are dealt out anew in ascending order, or its packet was lost, which is certain WINDOW pictures
    later. In a clean file nothing is ever held. What is below the timestamps already dealt out is not
    awaited: it belongs to a clock that starts anew.
    """
    clock = _Clock(nominal, report)
    awaited: set[int] = set()
    images: list[VideoFrame] = []
    stamps: list[int] = []
    for image in _pictures(packets, awaited, report):
        stamp = clock.read(image)
        awaited.discard(stamp)
        images.append(image)
        stamps.append(stamp)
        while images:
            least = min(stamps)
            early = [other for other in awaited if other < least and clock.may_come(other)]
            if early and len(images) < WINDOW:
                break
            awaited.difference_update(early)
            report.lost += len(early) if clock.last is not None else 0
            yield clock.write(images.pop(0), stamps, least)
    while images:
        yield clock.write(images.pop(0), stamps, min(stamps))
    report.lost += sum(clock.first is not None and other > clock.first for other in awaited)


class _Clock:
    """Reads timestamps as they are and writes them strictly increasing."""

    def __init__(self, nominal: int, report: DecodeReport) -> None:
        self.report = report
        self.spacing = nominal
        self.first: int | None = None
        self.last: int | None = None
        self.shift = 0
        self.seen: int | None = None

    def may_come(self, stamp: int) -> bool:
        """Whether a picture with this timestamp could still be shown in its place."""
        return self.last is None or stamp > self.last

    def read(self, image: VideoFrame) -> int:
        """The picture's own pts, else its dts (its packet's place), else one spacing after the one before."""
        stamp = _credible(image.pts)
        if stamp is None:
            self.report.filled += 1
            stamp = _credible(image.dts)
        if stamp is None:
            stamp = 0 if self.seen is None else self.seen + self.spacing
        self.seen = stamp
        return stamp

    def write(self, image: VideoFrame, stamps: list[int], stamp: int) -> tuple[int, VideoFrame]:
        """Give `stamp` to the picture, later if need be.

        After a jump back (a clock that starts anew within a file) the frames that follow keep their spacing.
        """
        stamps.remove(stamp)
        if image.pts is not None and image.pts != stamp:
            self.report.reordered += 1
        pts = stamp
        if self.last is not None:
            if pts <= self.last:
                pts += self.shift
                self.report.filled += 1
            if pts <= self.last or pts >= FURTHEST:
                pts = self.last + (self.spacing if self.last + self.spacing < FURTHEST else 1)
                self.shift = pts - stamp
            elif pts == stamp:
                self.spacing = pts - self.last
        else:
            self.first = pts
        self.last = pts
        return pts, image


def _credible(stamp: int | None) -> int | None:
    """The timestamp, or None where it is so far off that sums of two would not fit 64 bits."""
    return stamp if stamp is not None and -FURTHEST < stamp < FURTHEST else None


def _pictures(packets: Packets, awaited: set[int], report: DecodeReport) -> Iterator[VideoFrame]:
    """Every picture that decodes. The pts of packets that went in are added to `awaited`."""
    for packet in packets:
        if packet.pts is not None and not packet.is_discard:
            awaited.add(packet.pts)
        try:
            images = packet.decode()
        except av.FFmpegError as error:
            _note(report, error)
            if packet.pts is not None:
                awaited.discard(packet.pts)
            continue
        for image in images:
            report.frames += 1
            report.salvaged = report.errors > 0
            yield image


def listen(path: str, sound: Receiver, progress: Callable[[], None] | None = None) -> None:
    """Call `sound` with the very frames that `decode(path, sound=sound)` would, and decode no picture.

    `progress` is called for each packet of the pictures that is passed over. Raises MediaError if the file
    cannot be opened.
    """
    with open_video(path) as container:
        listener = Listener(container, sound)
        if listener.stream is None:
            return
        for _ in _packets(container, video_stream(container), DecodeReport(), listener):
            if progress is not None:
                progress()


def _packets(
    container: av.container.InputContainer,
    stream: VideoStream,
    report: DecodeReport,
    listener: Listener | None = None,
) -> Packets:
    """Packets of the stream, then the empty one that drains the decoder; a failed read is tried again.

    Those of `listener` go to it and are counted nowhere: what is read of the pictures is the same with it and
    without.
    """
    streams: list[VideoStream | AudioStream] = [stream]
    if listener is not None and listener.stream is not None:
        streams.append(listener.stream)
    failed = 0
    packets = demuxed(container, streams)
    while failed < MAX_READ_ERRORS:
        try:
            packet = next(packets)
        except StopIteration:
            if listener is not None:
                listener.drain()
            return
        except av.FFmpegError as error:
            _note(report, error)
            failed += 1
            packets = demuxed(container, streams)
            continue
        if listener is not None and listener.owns(packet):
            listener.hear(packet)
            continue
        failed = 0
        yield cast("Packet[VideoStream]", packet)
    if listener is not None:
        listener.drain()
    drain = cast("Packet[VideoStream]", Packet())
    drain.stream = stream
    yield drain


def _note(report: DecodeReport, error: Exception) -> None:
    report.errors += 1
    report.salvaged = report.frames > 0
    if report.first_error is None:
        report.first_error = str(getattr(error, "strerror", None) or error)
