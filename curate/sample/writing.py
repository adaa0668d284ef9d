"""Encodes a film so that the same film gives the same bytes every time."""

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from curate.sample.film import Film, draw
from curate.sample.world import Picture

SOUND_HZ = 48000

# swscale's fast paths differ between processors; these two flags exclude them.
_EXACT = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.BITEXACT

_ENCODERS = {
    # Without cpu-independent=1 libx264's output may differ between runs of the same program.
    "libx264": {"preset": "superfast", "crf": "22", "g": "60", "x264-params": "cpu-independent=1"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "34", "b": "0", "g": "60"},
    "mpeg4": {"qscale": "4", "g": "24"},
    "gif": {},
}

_MUXERS = {
    ".mp4": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".avi": "avi",
    ".ts": "mpegts",
    ".gif": "gif",
}


def _turned(film: Film, picture: Picture) -> Picture:
    """The picture in the stored size and orientation: turned clockwise by `rotation` it is upright again."""
    if film.stored:
        picture = np.asarray(cv2.resize(picture, film.stored, interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(np.rot90(picture, film.rotation // 90))


def _stored(film: Film, picture: Picture, reformatter: VideoReformatter) -> VideoFrame:
    """The drawn picture in the file's own orientation, pixel format, matrix and range.

    One `reformatter` serves a film: setting one up for each frame would take longer than its work.
    """
    drawn = VideoFrame.from_ndarray(_turned(film, picture), format="bgr24")
    if film.pixel_format == "rgb8":
        return reformatter.reformat(drawn, format="rgb8", interpolation=_EXACT)
    matrix, space = (1, Colorspace.ITU709) if film.matrix == "bt709" else (6, Colorspace.SMPTE170M)
    frame = reformatter.reformat(
        drawn,
        format=film.pixel_format,
        dst_colorspace=space,
        dst_color_range=2 if film.range == "full" else 1,
        interpolation=_EXACT,
        threads=1,
    )
    frame.colorspace, frame.color_range = matrix, 2 if film.range == "full" else 1
    return frame


def _sound(film: Film) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """A quiet hum with a click at each clap, 10 ms of a fading 2 kHz tone: float32 (1, samples) in -1..1."""
    samples = round((film.seconds_at(film.frames()) - film.start_seconds) * SOUND_HZ)
    t = np.arange(samples, dtype=np.float64) / SOUND_HZ
    wave = 0.01 * np.sin(2 * np.pi * 110 * t)
    for clap in film.claps:
        first = round(clap * SOUND_HZ)
        since = t[: SOUND_HZ // 100]
        wave[first : first + len(since)] += 0.8 * np.exp(-since * 300) * np.cos(2 * np.pi * 2000 * since)
    return wave.astype(np.float32)[None, :]


def _audio_frames(film: Film, stream: AudioStream) -> Iterator[AudioFrame]:
    wave, chunk = _sound(film), 1024
    for start in range(0, wave.shape[1], chunk):
        frame = AudioFrame.from_ndarray(wave[:, start : start + chunk], format="fltp", layout="mono")
        frame.sample_rate, frame.time_base = SOUND_HZ, Fraction(1, SOUND_HZ)
        frame.pts = start + round(film.start_seconds * SOUND_HZ)
        yield frame


def _add_video(film: Film, container: OutputContainer) -> VideoStream:
    stream = container.add_stream(
        film.codec, rate=film.fps, options={**_ENCODERS[film.codec], **film.options}
    )
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = film.coded_size()
    stream.pix_fmt = film.pixel_format
    context = stream.codec_context
    context.thread_count = 1
    context.time_base = Fraction(1, 1000) if film.pts else 1 / film.fps
    if film.sar != 1:
        context.sample_aspect_ratio = film.sar
    if film.pixel_format != "rgb8":
        matrix = 1 if film.matrix == "bt709" else 6
        context.colorspace = context.color_primaries = context.color_trc = matrix
        context.color_range = 2 if film.range == "full" else 1
    if film.rotation:
        stream.set_display_rotation(-film.rotation)
    return stream


def index_first(content: bytes, path: Path) -> None:
    """Write the packets of an mp4 as they are into another, whose index comes before them."""
    options = {"fflags": "+bitexact", "movflags": "+faststart"}
    with (
        av.open(io.BytesIO(content), "r") as source,
        av.open(str(path), "w", format="mp4", options=options) as target,
    ):
        video = source.streams.video[0]
        stream = target.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.size:
                packet.stream = stream
                target.mux(packet)


def write(film: Film, path: Path) -> None:
    """Encode `film` into `path`; the suffix names the container."""
    options = {"fflags": "+bitexact"}
    with av.open(str(path), "w", format=_MUXERS[path.suffix], options=options) as container:
        video = _add_video(film, container)
        audio = (
            container.add_stream("aac", rate=SOUND_HZ, layout="mono", options={"b": "96k"})
            if film.sound
            else None
        )
        sounds = _audio_frames(film, audio) if isinstance(audio, AudioStream) else iter(())
        sound = next(sounds, None)
        reformatter = VideoReformatter()
        start = round(film.start_seconds / video.codec_context.time_base)
        for k, picture in enumerate(draw(film)):
            # Sound is written as the pictures pass, or a player would have to jump about in the file.
            while (
                sound is not None
                and isinstance(audio, AudioStream)
                and (sound.time or 0.0) <= film.seconds_at(k)
            ):
                container.mux(audio.encode(sound))
                sound = next(sounds, None)
            frame = _stored(film, picture, reformatter)
            frame.pts = start + (film.pts(k) if film.pts else k)
            frame.time_base = video.codec_context.time_base
            container.mux(video.encode(frame))
        if isinstance(audio, AudioStream):
            for rest in [sound, *sounds] if sound is not None else []:
                container.mux(audio.encode(rest))
            container.mux(audio.encode(None))
        container.mux(video.encode(None))
