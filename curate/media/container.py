"""Opening files of unknown origin: real media containers only, no other file, no other protocol.

FFmpeg guesses a format from content, so that a text file named `.mp4` may be an ffconcat script or a playlist
that makes it read other files or URLs. Every open therefore names the demuxers that it wants.
"""

import contextlib
import io
import os
import stat
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
import av.container
import av.logging
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from curate.media.errors import MediaError

DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,kux,mpegts,mpeg,mpegvideo,ogg,gif,apng,asf,asf_o,"
    "mxf,gxf,nut,wtv,rm,dv,ivf,av1,obu,h261,h263,h264,hevc,vvc,m4v,vc1,vc1test,dirac,cavsvideo,evc,avs2,avs3,"
    "mjpeg,yuv4mpegpipe,nsv,nuv,pva,vivo,roq,smk,bink,film_cpk,swf,3dostr,4xm,flic,ea"
)
"""Formats that hold their own samples. Not among them: concat, hls, dash, image2, lavfi, sdp, rtsp (they
open other things), tty and the subtitle formats (they accept any text). mov opens no external data
references unless `enable_drefs` is set, which it is not by default."""

MAX_PIXELS = 8192 * 8192
"""Largest coded picture that is opened: 67 million pixels hold 8K (33 million) and stereoscopic 8K×8K
panoramas; one such frame is 100 MB, and a decoder holds up to seventeen."""

# Codecs report every oddity of every file on stderr, from C threads, in the middle of other output. What
# matters comes back as an error or as a count.
av.logging.set_level(None)
av.logging.set_libav_level(av.logging.PANIC)


def open_video(path: str, *, threads: int = 1) -> av.container.InputContainer:
    """Open a local file for demuxing; use it as a context manager.

    `threads` is set on the decoder of the main video stream (`video_stream`), whose size limit is set too.
    Raises MediaError if the file is not a regular file, is empty, is no media container that is read here, or
    has no video stream with a decoder.
    """
    _check_file(path)
    try:
        # `file:` keeps a leading dash, "concat:x" or "a:b" from being read as an option or a protocol.
        container = av.open(
            "file:" + path,
            mode="r",
            metadata_errors="replace",
            options={"max_pixels": str(MAX_PIXELS)},
            container_options={"format_whitelist": DEMUXERS, "protocol_whitelist": "file"},
        )
    except (av.FFmpegError, ValueError, OSError, OverflowError, MemoryError) as error:
        raise MediaError(
            f"{shown(path)} cannot be opened as a video ({_reason(error)}): "
            "it is damaged, cut short, or not a video."
        ) from error
    return _prepared(container, threads)


def open_bytes(data: bytes | bytearray, name: str) -> av.container.InputContainer:
    """Open an MP4 that is in memory, as a clip of a shard is; `name` is what errors call it.

    As `open_video` in all else, with one thread.
    """
    try:
        container = av.open(
            io.BytesIO(data),
            mode="r",
            format="mp4",
            metadata_errors="replace",
            options={"max_pixels": str(MAX_PIXELS)},
            container_options={"format_whitelist": DEMUXERS, "protocol_whitelist": "file"},
        )
    except (av.FFmpegError, ValueError, OSError, OverflowError, MemoryError) as error:
        raise MediaError(f"{name} is no MP4 that can be opened ({_reason(error)}): it is damaged.") from error
    return _prepared(container, 1)


def _prepared(container: av.container.InputContainer, threads: int) -> av.container.InputContainer:
    """The container, with the decoder of its main video stream set up."""
    try:
        stream = video_stream(container)
        context = stream.codec_context
        context.thread_count = threads
        context.thread_type = "AUTO" if threads != 1 else "NONE"
        context.options = {**context.options, "max_pixels": str(MAX_PIXELS)}
    except BaseException:
        container.close()
        raise
    return container


def video_stream(container: av.container.InputContainer) -> VideoStream:
    """The main video stream: the first that is marked as default, as MP4 marks every track, else the first.

    That is the one that OpenCV, scenedetect and PyAV's `streams.video[0]` read. Cover art is no video.

    Raises MediaError if there is none, if it has no decoder, or if its pictures exceed
    MAX_PIXELS.
    """
    name = shown(container.name.removeprefix("file:"))
    kinds = [stream.type for stream in container.streams]
    pictures = Disposition.attached_pic | Disposition.timed_thumbnails
    moving = [stream for stream in container.streams.video if not stream.disposition & pictures]
    usable = [stream for stream in moving if stream.codec_context is not None]
    if not usable:
        if moving:
            raise MediaError(f"{name} has a video stream, but no decoder for its codec: convert it first.")
        raise MediaError(f"{name} has no video stream ({', '.join(kinds) or 'no streams at all'}).")
    best = max(
        usable,
        key=lambda stream: (
            bool(stream.disposition & Disposition.default),
            stream.codec_context.width * stream.codec_context.height > 0,
            -stream.index,
        ),
    )
    width, height = best.codec_context.width, best.codec_context.height
    if not 0 < width * height <= MAX_PIXELS:  # FFmpeg, told the limit, reports what exceeds it as 0x0
        raise MediaError(f"{name} has pictures of no known size, or of more than {MAX_PIXELS} pixels.")
    return best


def demuxed(
    container: av.container.InputContainer, streams: "Stream | Sequence[Stream]"
) -> "Iterator[Packet[Any]]":
    """The packets of some streams, then the empty ones that drain their decoders: `container.demux`.

    Where a track appeared in the middle of the file (damaged MPEG-TS and FLV), PyAV raises an IndexError at
    the end, after the last packet of the tracks that it knows.
    """
    packets = container.demux(streams)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, IndexError):
            return
        yield packet


def time_base(stream: VideoStream) -> Fraction:
    """Seconds per tick of the stream's timestamps."""
    base = stream.time_base
    return base if base else Fraction(1, 90000)


def nominal_rate(stream: VideoStream) -> Fraction | None:
    """Frames per second by the headers, or None where they say nothing credible (0 to 1000 frames/s)."""
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate is not None and 0 < rate <= 1000:
            return Fraction(rate)
    return None


def _check_file(path: str) -> None:
    if "\0" in path:
        raise MediaError(f"{shown(path)} is no file name: it holds a NUL character.")
    try:
        facts = os.stat(path)
    except OSError as error:
        raise MediaError(f"{shown(path)} cannot be read: {error.strerror or error}.") from error
    if not stat.S_ISREG(facts.st_mode):
        raise MediaError(f"{shown(path)} is not a regular file.")
    if facts.st_size == 0:
        raise MediaError(f"{shown(path)} is empty (0 bytes).")


def shown(path: str) -> str:
    """A path as one line of text, whatever characters it holds."""
    plain = path.encode("utf-8", "backslashreplace").decode()
    return plain if plain.isprintable() else repr(plain)[1:-1]


def _reason(error: BaseException) -> str:
    # FFmpeg answers "Invalid argument" when the content is a format outside the whitelist.
    if isinstance(error, av.error.ArgumentError):
        return "its content is not a media container that is read here"
    text = ""
    with contextlib.suppress(Exception):
        text = str(getattr(error, "strerror", "") or error).strip()
    return (text or type(error).__name__).rstrip(".")
