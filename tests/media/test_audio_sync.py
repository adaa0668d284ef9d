"""A flash and a click that are together in the source are together in the clip, as a reader decodes it."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from curate.media.audio import ClipAudio, track_rate
from curate.media.encode import Encoded, EncodeOptions, encode_clip
from curate.media.probe import probe

FPS = 25
OPTIONS = EncodeOptions(preset="ultrafast", crf=30)


def write_source(
    path: Path,
    *,
    video_codec: str = "libx264",
    codec: str = "pcm_s16le",
    rate: int = 48000,
    layout: str = "stereo",
    seconds: float = 4.0,
    flashes: tuple[float, ...] = (2.0,),
    offset: float = 0.0,
    audio_from: float = 0.0,
    audio_to: float = 4.0,
    hum: float = 0.0,
) -> Path:
    """White frames and full-scale clicks of 1 ms at `flashes`, seconds after the first frame; the file's
    clock starts at `offset`, and its sound covers audio_from..audio_to, with a tone of `hum` amplitude."""
    with av.open(str(path), "w") as output:
        video = output.add_stream(video_codec, rate=FPS, options={"g": "50"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = output.add_stream(codec, rate=rate, layout=layout)
        for index in range(round(seconds * FPS)):
            grey = 235 if any(round(flash * FPS) == index for flash in flashes) else 16
            picture = av.VideoFrame.from_ndarray(np.full((72, 64), grey, np.uint8), format="yuv420p")
            picture.pts, picture.time_base = index + round(offset * FPS), Fraction(1, FPS)
            output.mux(video.encode(picture))
        output.mux(video.encode(None))
        first, last = round(audio_from * rate), round(audio_to * rate)
        wave = hum * np.sin(2 * np.pi * 440 / rate * np.arange(last))
        for flash in flashes:
            wave[round(flash * rate) : round((flash + 0.001) * rate)] = 0.99
        channels = av.AudioLayout(layout).nb_channels
        step = sound.codec_context.frame_size or 1000
        for start in range(first, last, step):
            part = wave[start : min(start + step, last)]
            packed = np.repeat(part[None], channels, axis=0).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(packed, format="fltp", layout=layout)
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = start + round(offset * rate)
            output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    return path


def read_sound(path: Path) -> tuple[np.ndarray, int]:
    """Samples (channels, n) from time 0 on, each placed by its frame's timestamp, and their rate."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        samples = np.zeros((stream.codec_context.channels, 20 * stream.rate), np.float32)
        length = 0
        for frame in container.decode(stream):
            start = round(frame.pts * frame.time_base * frame.sample_rate)
            samples[:, start : start + frame.samples] = frame.to_ndarray()
            length = start + frame.samples
        return samples[:, :length], stream.rate


def flashes_of(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [
            float(frame.pts * frame.time_base)
            for frame in container.decode(video=0)
            if frame.to_ndarray(format="gray").mean() > 128
        ]


def clicks_of(path: Path) -> list[float]:
    """Where the level first rises over half the loudest click, for each click at least 100 ms after the
    last."""
    samples, rate = read_sound(path)
    loud = np.flatnonzero(np.abs(samples[0]) > 0.5 * np.abs(samples[0]).max())
    starts = loud[np.diff(loud, prepend=-rate) > rate // 10]
    return [float(start) / rate for start in starts]


def cut(source: Path, target: Path, start: float, end: float, **more: object) -> Encoded:
    """Encode start..end, in seconds after the file's first frame."""
    facts = probe(str(source))
    base, zero = Fraction(facts.time_base), facts.start_seconds
    return encode_clip(
        str(source),
        str(target),
        start_pts=round((zero + start) / base),
        end_pts=round((zero + end) / base),
        options=OPTIONS.model_copy(update=more),
    )


CASES = {
    "from the start": (".mkv", {}, 0.0, 4.0, 2.0),
    "in the middle": (".mkv", {}, 1.24, 3.0, 0.76),
    "far from the start": (".mkv", {"seconds": 12, "audio_to": 12, "flashes": (10.0,)}, 9.0, 11.0, 1.0),
    "aac in mp4": (".mp4", {"codec": "aac"}, 1.24, 3.0, 0.76),
    "aac in mp4 from the start": (".mp4", {"codec": "aac", "rate": 44100}, 0.0, 4.0, 2.0),
    "opus": (".mkv", {"codec": "libopus"}, 1.24, 3.0, 0.76),
    "pcm in avi": (".avi", {"video_codec": "mpeg4"}, 1.24, 3.0, 0.76),
    "flv": (".flv", {"codec": "aac", "rate": 44100}, 1.24, 3.0, 0.76),
    "a clock that starts late": (".mkv", {"offset": 7.0}, 1.24, 3.0, 0.76),
    "mpeg-ts": (".ts", {"codec": "mp2", "offset": 5.0}, 1.24, 3.0, 0.76),
    "a clock that starts late, whole": (".mp4", {"codec": "aac", "offset": 7.0}, 0.0, 4.0, 2.0),
    "sound starts late": (".mkv", {"audio_from": 1.7}, 0.0, 4.0, 2.0),
    "sound starts late, clip as well": (".mkv", {"audio_from": 1.7}, 1.24, 4.0, 0.76),
    "sound ends early": (".mkv", {"audio_to": 2.3}, 1.24, 4.0, 0.76),
    "a rate without AAC": (".mkv", {"codec": "flac", "rate": 96000}, 1.24, 3.0, 0.76),
    "an odd rate": (".mkv", {"rate": 7000}, 1.24, 3.0, 0.76),
    "six channels": (".mkv", {"codec": "flac", "layout": "5.1"}, 1.24, 3.0, 0.76),
    "one channel": (".mkv", {"layout": "mono", "rate": 16000}, 1.24, 3.0, 0.76),
}


@pytest.mark.parametrize("name", CASES)
def test_flash_and_click_stay_together(tmp_path: Path, name: str) -> None:
    suffix, facts, start, end, flash = CASES[name]
    source = write_source(tmp_path / f"source{suffix}", **facts)
    assert probe(str(source)).start_seconds >= facts.get("offset", 0)
    encoded = cut(source, tmp_path / "clip.mp4", start, end)
    assert encoded.has_audio
    assert encoded.audio_error is None
    with av.open(str(tmp_path / "clip.mp4")) as container:
        stream = container.streams.audio[0]
        assert (encoded.audio_start, encoded.audio_rate) == (float(stream.start_time), stream.rate)
    assert flashes_of(tmp_path / "clip.mp4") == pytest.approx([flash], abs=0.0011)
    # 1 ms is how exactly Matroska and FLV state times, and how long it takes the encoder to rise.
    assert clicks_of(tmp_path / "clip.mp4") == pytest.approx([flash], abs=0.0025)


def test_long_clips_do_not_drift(tmp_path: Path) -> None:
    """Sample counts and timestamps part ways over time if either is rounded once per frame."""
    flashes = tuple(float(second) for second in range(1, 60, 7))
    source = write_source(
        tmp_path / "source.mkv", codec="flac", rate=44100, seconds=60, audio_to=60, flashes=flashes
    )
    cut(source, tmp_path / "clip.mp4", 0.0, 15.0)
    assert clicks_of(tmp_path / "clip.mp4") == pytest.approx([1.0, 8.0], abs=0.0025)
    cut(source, tmp_path / "late.mp4", 42.0, 58.0)
    assert flashes_of(tmp_path / "late.mp4") == pytest.approx([1.0, 8.0, 15.0], abs=0.001)
    assert clicks_of(tmp_path / "late.mp4") == pytest.approx([1.0, 8.0, 15.0], abs=0.0025)


def test_a_constant_rate_keeps_them_together(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source.mkv")
    cut(source, tmp_path / "clip.mp4", 1.24, 3.0, fps=50)
    assert flashes_of(tmp_path / "clip.mp4") == pytest.approx([0.76, 0.78], abs=0.001)
    assert clicks_of(tmp_path / "clip.mp4") == pytest.approx([0.76], abs=0.0025)


def test_the_sound_is_cut_to_the_clip_and_filled_with_silence(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source.mkv", hum=0.5, flashes=(), audio_from=1.5, audio_to=2.5)
    cut(source, tmp_path / "clip.mp4", 1.0, 4.0)
    samples, rate = read_sound(tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as container:
        stream = container.streams.audio[0]
        assert stream.duration * stream.time_base == 3
        assert stream.start_time == 0

    def level(start: float, end: float) -> float:
        return float(np.sqrt((samples[:, round(start * rate) : round(end * rate)] ** 2).mean()))

    tone = 0.5 / np.sqrt(2)
    assert level(0.0, 0.45) < 0.01
    assert level(0.55, 1.45) == pytest.approx(tone, rel=0.05)
    assert level(1.55, 3.0) < 0.01


def test_quality_of_the_sound(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source.mkv", hum=0.5, flashes=())
    cut(source, tmp_path / "clip.mp4", 1.0, 3.0)
    samples, rate = read_sound(tmp_path / "clip.mp4")
    count = 2 * rate
    wanted = 0.5 * np.sin(2 * np.pi * 440 / rate * (np.arange(count) + rate))
    error = samples[0, 2000 : count - 2000] - wanted[2000:-2000]
    # A shift by one sample would leave 25 dB. FFmpeg's AAC reaches 36 dB on a pure tone.
    assert 20 * np.log10(np.sqrt(0.125) / np.sqrt((error**2).mean())) > 33


def test_options_and_sources_without_sound(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source.mkv", audio_to=1.0, flashes=())
    assert not cut(source, tmp_path / "off.mp4", 0.0, 1.0, audio=False).has_audio
    after = cut(source, tmp_path / "after.mp4", 2.0, 4.0)
    assert (after.has_audio, after.audio_start, after.audio_rate) == (False, None, None)
    assert after.audio_error is None
    with av.open(str(tmp_path / "after.mp4")) as container:
        assert not container.streams.audio


def damaged(source: Path, target: Path, spoil: Callable[[int, bytes], bytes]) -> Path:
    """A copy whose audio packets (number, bytes) are what `spoil` makes of them."""
    with av.open(str(source)) as container, av.open(str(target), "w") as output:
        streams = {stream: output.add_stream_from_template(stream) for stream in container.streams}
        number = 0
        for packet in container.demux():
            if packet.size == 0:
                continue
            stream = packet.stream
            if stream.type == "audio":
                spoiled = av.Packet(spoil(number, bytes(packet)))
                spoiled.pts, spoiled.dts, spoiled.time_base = packet.pts, packet.dts, packet.time_base
                spoiled.duration = packet.duration
                packet, number = spoiled, number + 1
            packet.stream = streams[stream]
            output.mux(packet)
    return target


def test_sound_that_does_not_decode_is_named_and_the_picture_kept(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source.mp4", codec="flac")
    broken = damaged(source, tmp_path / "broken.mp4", lambda number, data: b"\0" * len(data))
    encoded = cut(broken, tmp_path / "clip.mp4", 1.0, 3.0)
    assert encoded.frames == 50
    assert not encoded.has_audio
    assert encoded.audio_error is not None
    assert "did not decode" in encoded.audio_error
    assert str(tmp_path) not in encoded.audio_error


def test_sound_that_decodes_in_part_stays_in_place(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source.mp4", codec="flac")

    def spoil(number: int, data: bytes) -> bytes:
        return b"\0" * len(data) if 12 <= number < 18 else data

    broken = damaged(source, tmp_path / "broken.mp4", spoil)
    encoded = cut(broken, tmp_path / "clip.mp4", 1.0, 3.0)
    assert encoded.has_audio
    assert encoded.audio_error is not None
    assert clicks_of(tmp_path / "clip.mp4") == pytest.approx([1.0], abs=0.0025)


def test_reading_in_pieces_gives_the_same_samples(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source.mkv", hum=0.4)
    with ClipAudio(str(source), Fraction(1), Fraction(3)) as whole:
        assert (whole.rate, whole.channels, track_rate(whole)) == (48000, 2, 48000)
        straight = whole.read(96000)
    with ClipAudio(str(source), Fraction(1), Fraction(3), seek=False) as pieces:
        parts = [pieces.read(count) for count in (1, 999, 50000, 0, 45000)]
    assert np.array_equal(np.concatenate(parts, axis=1), straight)
    wave = 0.4 * np.sin(2 * np.pi * 440 / 48000 * np.arange(48000, 96000))
    assert np.abs(straight[0, :48000] - wave).max() < 1e-4
