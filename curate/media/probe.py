"""What a video is, from one pass over its packets and one decoded frame."""

import math
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

import av
import av.container
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from curate.media.audio import best_audio
from curate.media.colour import matrix_name, primaries_name, range_name, transfer_name
from curate.media.container import demuxed, nominal_rate, open_video, shown, time_base, video_stream
from curate.media.errors import MediaError
from curate.media.picture import rotation_of, shown_size, usable_sar

ENTRY_SECONDS = 1.0
"""Entries are at least this far apart, so that a file of keyframes alone has no endless list of them; and
what was decoded from one is compared for at least as long before it is relied on."""
ENTRY_FRAMES = 32
"""… and for at least so many frames: twice the pictures that H.264 and HEVC may hold for reference (16). A
picture after the keyframe that refers to one before it, which is what makes an entry unclean, does so while
that is still held."""


@dataclass(frozen=True)
class Entry:
    """A keyframe at which decoding may begin, if it turns out to be a clean one."""

    pts: int
    ready: int
    """First pts at least ENTRY_SECONDS and ENTRY_FRAMES later: what lies between is decoded from both sides
    and compared."""


@dataclass(frozen=True)
class Probe:
    """Facts about one file, as its container and first frame state them; colour as tagged, not guessed."""

    container: str
    codec: str
    width: int
    """Pixels as shown: after square pixels and rotation."""
    height: int
    coded_width: int
    """Pixels as decoded."""
    coded_height: int
    rotation: int
    """Clockwise degrees by which the decoded picture is turned to stand upright: 0, 90, 180 or 270."""
    sar: str
    """Width to height of one coded pixel, "16:11"; "1:1" where the file states none or nonsense."""
    fps: float
    """Frames per second: the nominal rate if the spacing is constant and agrees with it to 0.1 %, else the
    average (frames - 1) / (last pts - first pts); 0.0 if unknown."""
    time_base: str
    """Seconds per tick, "1/15360"."""
    vfr: bool
    """The spacing of frames varies by more than rounding explains (see `constant_spacing`)."""
    irregular: bool
    """Timestamps are missing, repeated or not in presentation order: decode from the start, do not seek."""
    frames: int
    """Packets of the video stream that are shown; a damaged file decodes to fewer."""
    keyframes: int
    entries: list[Entry]
    """Keyframes at which the file may be split, in order; none where timestamps are irregular."""
    seconds: float
    """Last pts + last duration - first pts."""
    start_seconds: float
    """First pts, on the file's own clock."""
    pixel_format: str
    bit_depth: int
    """Bits of the deepest component."""
    matrix: str
    range: str
    transfer: str
    primaries: str
    has_audio: bool
    """There is a track of sound; what follows is of the one that clips get."""
    audio_codec: str | None
    audio_rate: int | None
    audio_channels: int | None
    video_bytes: int
    """Sum of the sizes of the video packets."""
    bits_per_pixel: float
    """video_bytes * 8 / (frames * width * height), of shown pixels."""


@dataclass(frozen=True)
class _Packets:
    """The packets of the video stream that are shown."""

    count: int
    keyframes: list[int]
    """pts of the keyframes, without those that are missing."""
    key_count: int
    size: int
    pts: npt.NDArray[np.int64]
    """Sorted; without those that are missing."""
    last_duration: int
    irregular: bool


def probe(path: str, progress: Callable[[], None] | None = None) -> Probe:
    """Read all packets of `path`, and decode until its first frame. Raises MediaError if there is none.

    `progress` is called for each packet: reading a large file to its end may take many minutes.
    """
    with open_video(path) as container:
        stream = video_stream(container)
        packets, frame = _read(container, stream, progress)
        if frame is None or packets.count == 0:
            raise MediaError(f"no frame of {shown(path)} can be decoded: it is damaged or cut short.")
        base = time_base(stream)
        rotation = rotation_of(frame)
        sar = usable_sar(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio)
        width, height = shown_size(frame.width, frame.height, rotation, sar)
        fps, vfr = rate(packets.pts, base, nominal_rate(stream))
        audio = best_audio(container)
        known = audio is not None and audio.codec_context is not None
        return Probe(
            container=container.format.name,
            codec=stream.codec_context.name,
            width=width,
            height=height,
            coded_width=frame.width,
            coded_height=frame.height,
            rotation=rotation,
            sar=f"{sar.numerator}:{sar.denominator}",
            fps=fps,
            time_base=f"{base.numerator}/{base.denominator}",
            vfr=vfr,
            irregular=packets.irregular,
            frames=packets.count,
            keyframes=packets.key_count,
            entries=[] if packets.irregular else entries(packets.keyframes, packets.pts, base),
            seconds=_seconds(packets, base, fps),
            start_seconds=float(int(packets.pts[0]) * base) if len(packets.pts) else 0.0,
            pixel_format=frame.format.name,
            bit_depth=max(component.bits for component in frame.format.components),
            matrix=matrix_name(frame.colorspace),
            range=range_name(frame),
            transfer=transfer_name(frame.color_trc),
            primaries=primaries_name(frame.color_primaries),
            has_audio=audio is not None,
            audio_codec=audio.codec_context.name if known and audio is not None else None,
            audio_rate=audio.codec_context.sample_rate if known and audio is not None else None,
            audio_channels=audio.codec_context.channels if known and audio is not None else None,
            video_bytes=packets.size,
            bits_per_pixel=packets.size * 8 / (packets.count * width * height),
        )


def entries(keyframes: Iterable[int], pts: npt.NDArray[np.int64], base: Fraction) -> list[Entry]:
    """The keyframes ENTRY_SECONDS apart of a file whose frames have `pts` (sorted), and when each is ready;
    without those that come too late for it."""
    apart = math.ceil(ENTRY_SECONDS / base)
    found: list[Entry] = []
    for key in sorted(keyframes):
        if found and key < found[-1].pts + apart:
            continue
        at = max(int(np.searchsorted(pts, key)) + ENTRY_FRAMES, int(np.searchsorted(pts, key + apart)))
        if at >= len(pts):
            break
        found.append(Entry(key, int(pts[at])))
    return found


def constant_spacing(pts: npt.NDArray[np.int64], period: float, base: Fraction) -> bool:
    """Whether sorted timestamps are a steady beat of `period` ticks that was rounded to some time base.

    True if one offset puts every timestamp within half the slack of its beat. The slack is one tick, as
    rounding gives (none if the period is a few whole ticks); two from 8 ticks per frame on, for muxers that
    round twice; or 1 ms from 8 ms per frame on, for timestamps that have been through Matroska or FLV.
    """
    if len(pts) < 2:
        return True
    drift = (pts - pts[0]) - np.arange(len(pts)) * period
    slack = 2.0 if period >= 8 else float(not float(period).is_integer())
    if period >= 8 and period * float(base) >= 0.008:
        slack = max(slack, 0.001 / float(base))
    return bool(drift.max() - drift.min() <= slack + 1e-6)


def rate(pts: npt.NDArray[np.int64], base: Fraction, nominal: Fraction | None) -> tuple[float, bool]:
    """(frames per second, whether the spacing varies) of sorted timestamps.

    A mean of under 4 ticks per frame proves nothing (every dropped frame looks like rounding), so there the
    nominal rate alone can show a constant one.
    """
    span = int(pts[-1] - pts[0]) if len(pts) > 1 else 0
    if span == 0:
        return (float(nominal) if nominal else 0.0), False
    mean = span / (len(pts) - 1)
    average = float(1 / (Fraction(span, len(pts) - 1) * base))
    if nominal is not None:
        agrees = (
            abs(average / float(nominal) - 1) <= 0.001 or abs(span - (len(pts) - 1) / (nominal * base)) <= 1
        )
        if agrees and constant_spacing(pts, float(1 / (nominal * base)), base):
            return float(nominal), False
    return average, not (mean >= 4 and constant_spacing(pts, mean, base))


def _read(
    container: av.container.InputContainer,
    stream: VideoStream,
    progress: Callable[[], None] | None = None,
) -> tuple[_Packets, VideoFrame | None]:
    """All packets, and the first frame; a failed read ends the pass, a failed decode is passed over."""
    pts, keys, frame = array("q"), array("q"), None
    count = keyframes = size = missing = backwards = 0
    last_dts: int | None = None
    final: tuple[int, int] | None = None
    try:
        for packet in demuxed(container, stream):
            if progress is not None:
                progress()
            if frame is None:
                frame = _first(packet)
            if packet.size == 0:
                continue
            size += packet.size
            keyframes += packet.is_keyframe
            if packet.is_discard:
                continue
            count += 1
            if packet.dts is not None:
                backwards += last_dts is not None and packet.dts <= last_dts
                last_dts = packet.dts
            if packet.pts is None:
                missing += 1
                continue
            pts.append(packet.pts)
            if packet.is_keyframe:
                keys.append(packet.pts)
            if final is None or packet.pts > final[0]:
                final = (packet.pts, packet.duration or 0)
    except av.FFmpegError:
        backwards += 1
    order = np.frombuffer(pts, np.int64) if pts else np.zeros(0, np.int64)
    in_packet_order = bool((np.diff(order) > 0).all())
    stamps = np.sort(order)
    # AVI and the like store no presentation time: what FFmpeg makes up for B-frames is in decoding order.
    timeless = container.format.name in TIMELESS and stream.codec_context.has_b_frames and in_packet_order
    repeated = bool((np.diff(stamps) == 0).any())
    irregular = bool(missing or backwards or repeated or timeless)
    duration = final[1] if final else 0
    return _Packets(count, keys.tolist(), keyframes, size, stamps, duration, irregular), frame


def packets_before(path: str, pts: int) -> int:
    """How many packets that are shown come before `pts`: where a recording begins in the middle of a GOP, the
    decoder gives no frame for them. Reads no further than it must."""
    count = 0
    with open_video(path) as container:
        try:
            for packet in container.demux(video_stream(container)):
                if packet.dts is not None and packet.dts > pts:
                    break
                count += bool(packet.size) and not packet.is_discard and (packet.pts or pts) < pts
        except av.FFmpegError:
            return count
    return count


TIMELESS = frozenset(("avi", "h264", "hevc", "m4v", "mpegvideo", "vc1", "vvc", "cavsvideo"))
"""Containers without presentation times."""


def _first(packet: "av.Packet[VideoStream]") -> VideoFrame | None:
    try:
        return next(iter(packet.decode()), None)
    except av.FFmpegError:
        return None


def _seconds(packets: _Packets, base: Fraction, fps: float) -> float:
    """Last pts + last duration - first pts; a missing duration is one frame at the average rate."""
    last = float(packets.last_duration * base) or (1 / fps if fps else 0.0)
    if not len(packets.pts):
        return packets.count * last
    return float(int(packets.pts[-1] - packets.pts[0]) * base) + last
