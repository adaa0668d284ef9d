"""What is opened, what is refused, and that nothing else is touched."""

import os
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from curate.media import container as module
from curate.media.container import demuxed, open_video, video_stream
from curate.media.errors import MediaError
from curate.media.probe import probe


def write(
    path, codec="mpeg4", frames=5, size=(64, 48), pixel_format="yuv420p", rate=10, audio=False, video=True
):
    """A small video of random pictures, or sound alone."""
    random = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        picture = sound = None
        if video:
            picture = container.add_stream(codec, rate=rate)
            picture.width, picture.height, picture.pix_fmt = *size, pixel_format
        if audio:
            sound = container.add_stream("aac", rate=48000)
        for _ in range(frames if picture is not None else 0):
            noise = random.integers(0, 255, (size[1], size[0], 3), np.uint8)
            container.mux(
                picture.encode(VideoFrame.from_ndarray(noise, "rgb24").reformat(format=pixel_format))
            )
        if picture is not None:
            container.mux(picture.encode(None))
        if sound is not None:
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), "fltp", "mono")
            samples.sample_rate = 48000
            container.mux(sound.encode(samples))
            container.mux(sound.encode(None))
    return str(path)


def refusal(path) -> str:
    with pytest.raises(MediaError) as caught:
        open_video(str(path)).close()
    message = str(caught.value)
    assert os.path.basename(str(path)).isprintable() is False or os.path.basename(str(path)) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["real.mp4", "real.mkv", "real.avi", "real.mov", "real.ts", "real.nut"])
def test_real_containers_open(tmp_path, name):
    with open_video(write(tmp_path / name)) as container:
        stream = video_stream(container)
        assert (stream.width, stream.height) == (64, 48)
        assert stream.codec_context.thread_count == 1
        assert len(list(container.decode(stream))) == 5


@pytest.mark.parametrize(
    "name",
    ["-i.mp4", "concat:a|b.mp4", "a:b.mp4", "http:x.mp4", "new\nline.mp4", "it's \"q\".mp4", "%d 100%.mp4",
     "видео 影.mp4",
     "[bold]x.mp4", "\udcff.mp4", " .mp4", "pipe:0.mp4"],
)  # fmt: skip
def test_odd_names_are_plain_files(tmp_path, name, monkeypatch):
    write(tmp_path / "plain.mp4")
    os.rename(tmp_path / "plain.mp4", os.fsencode(str(tmp_path)) + b"/" + os.fsencode(name))
    monkeypatch.chdir(tmp_path)
    for path in (name, str(tmp_path / name)):
        assert probe(path).frames == 5


def concat(other: str) -> str:
    return f"ffconcat version 1.0\nfile {other}\nduration 1\n"


def playlist(other: str) -> str:
    return f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n"


def manifest(other: str) -> str:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT1S" minBufferTime="PT1S" '
        'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4">'
        f'<Representation id="1" bandwidth="1"><BaseURL>{other}</BaseURL></Representation>'
        "</AdaptationSet></Period></MPD>"
    )


def session(other: str) -> str:
    return f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns={other}\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"


@pytest.mark.parametrize("script", [concat, playlist, manifest, session])
@pytest.mark.parametrize("suffix", ["mp4", "ffconcat", "m3u8", "mpd", "sdp"])
def test_scripts_open_nothing_else(tmp_path, script, suffix):
    # A pipe as sentinel: whoever opens it for reading lets the opening for writing succeed.
    sentinel = tmp_path / "sentinel.ts"
    os.mkfifo(sentinel)
    path = tmp_path / f"script.{suffix}"
    path.write_text(script(str(sentinel)))
    refusal(path)
    path.write_text(script("sentinel.ts"))
    refusal(path)
    with pytest.raises(OSError, match="No such device"):
        os.open(sentinel, os.O_WRONLY | os.O_NONBLOCK)


def test_the_sentinel_would_be_opened_without_the_whitelist(tmp_path):
    write(tmp_path / "other.ts", "mpeg2video", rate=25)
    (tmp_path / "script.mp4").write_text(concat("other.ts"))
    with av.open(str(tmp_path / "script.mp4")) as container:
        assert container.format.name == "concat"
        assert len(list(container.demux(video=0))) > 1


def test_what_is_no_video_is_refused_with_a_reason(tmp_path, monkeypatch):
    (tmp_path / "empty.mp4").touch()
    assert "empty (0 bytes)" in refusal(tmp_path / "empty.mp4")
    (tmp_path / "text.mp4").write_text("not a video\n" * 100)
    assert "not a video" in refusal(tmp_path / "text.mp4")
    (tmp_path / "random.mp4").write_bytes(np.random.default_rng(3).bytes(5000))
    assert "not a video" in refusal(tmp_path / "random.mp4")
    write(tmp_path / "whole.mp4")
    (tmp_path / "cut.mp4").write_bytes((tmp_path / "whole.mp4").read_bytes()[:48])
    assert "cut short" in refusal(tmp_path / "cut.mp4")
    assert "no video stream (audio)" in refusal(write(tmp_path / "sound.mp4", audio=True, video=False))
    assert "No such file" in refusal(tmp_path / "absent.mp4")
    assert "not a regular file" in refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "not a regular file" in refusal(tmp_path / "pipe.mp4")
    assert "NUL" in refusal("a\0b.mp4")


@pytest.mark.parametrize(("name", "codec"), [("x.mkv", "ffv1"), ("x.mp4", "mpeg4"), ("x.ts", "mpeg2video")])
def test_too_many_pixels_are_refused_before_decoding(tmp_path, monkeypatch, name, codec):
    path = write(tmp_path / name, codec, size=(256, 128), rate=25)
    monkeypatch.setattr(module, "MAX_PIXELS", 256 * 128 - 1)
    assert "32767 pixels" in refusal(path)
    monkeypatch.setattr(module, "MAX_PIXELS", 256 * 128 * 4)  # decoders count their margins
    assert probe(path).frames == 5


def test_cover_art_is_not_the_video(tmp_path):
    path = tmp_path / "cover.mp4"
    random = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 320, 240, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        film = container.add_stream("mpeg4", rate=10)
        film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
        container.mux(cover.encode(VideoFrame(320, 240, "yuvj420p")))
        for _ in range(5):
            noise = random.integers(0, 255, (48, 64, 3), np.uint8)
            container.mux(film.encode(VideoFrame.from_ndarray(noise, "rgb24").reformat(format="yuv420p")))
        container.mux(film.encode(None))
    with open_video(str(path)) as container:
        assert len(container.streams.video) == 2
        assert video_stream(container).codec_context.name == "mpeg4"
    facts = probe(str(path))
    assert (facts.width, facts.height, facts.frames) == (64, 48, 5)


def test_threads_are_set_on_the_decoder(tmp_path):
    with open_video(write(tmp_path / "x.mp4"), threads=2) as container:
        assert video_stream(container).codec_context.thread_count == 2


def test_base_and_rate_of_a_stream(tmp_path):
    with open_video(write(tmp_path / "x.mp4", rate=10)) as container:
        stream = video_stream(container)
        assert module.time_base(stream) == Fraction(1, 10240)
        assert module.nominal_rate(stream) == 10


class _Broken:
    """A container as PyAV has it where a track appeared in the middle of the file."""

    def __init__(self, packets: list[object], end: Exception) -> None:
        self._packets, self._end = packets, end

    def demux(self, streams: object) -> Iterator[object]:
        yield from self._packets
        raise self._end


def test_a_track_that_pyav_does_not_know_ends_the_packets_and_nothing_else() -> None:
    one, two = object(), object()
    assert list(demuxed(_Broken([one, two], IndexError("list index out of range")), [])) == [one, two]
    packets = demuxed(_Broken([one], av.error.InvalidDataError(1, "broken")), [])
    assert next(packets) is one
    with pytest.raises(av.error.InvalidDataError):
        next(packets)
