"""Sound beside the pictures and alone: the same frames, whatever is wrong with either."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from curate.media.decode import DecodeReport, decode, listen
from tests.making import add_sound, picture, write, write_sound

Heard = list[tuple[int | None, int, bytes]]


def film(path: Path, *, codec: str = "aac", seconds: float = 2.0, tracks: int = 1, frames: int = 50) -> Path:
    """A drifting texture at 25 frames/s beside a tone of `seconds`, in `tracks` streams."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "g": "12"})
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        sounds = [add_sound(container, codec) for _ in range(tracks)]
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(index, 160, 120), format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for sound in sounds:
            write_sound(container, sound, seconds)
    return path


def beside(path: Path) -> tuple[Heard, list[int], DecodeReport]:
    """What is heard while the pictures are decoded, their pts, and the report."""
    heard: Heard = []
    report = DecodeReport()
    pts = [frame.pts for frame in decode(str(path), report=report, sound=lambda f: heard.append(facts(f)))]
    return heard, pts, report


def alone(path: Path) -> Heard:
    heard: Heard = []
    listen(str(path), lambda frame: heard.append(facts(frame)))
    return heard


def facts(frame: av.AudioFrame) -> tuple[int | None, int, bytes]:
    return frame.pts, frame.samples, frame.to_ndarray().tobytes()


def spoiled(source: Path, target: Path, kind: str, count: int = 3) -> Path:
    """A copy in which the bytes of some packets of one kind of stream are noise."""
    random = np.random.default_rng(0)
    with av.open(str(source)) as container, av.open(str(target), "w") as output:
        streams = {stream: output.add_stream_from_template(stream) for stream in container.streams}
        number = 0
        for packet in container.demux():
            if packet.size == 0:
                continue
            copy = packet
            if packet.stream.type == kind:
                number += 1
                if 10 < number <= 10 + count:
                    copy = av.Packet(random.bytes(packet.size))
                    copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
            copy.stream = streams[packet.stream]
            output.mux(copy)
    return target


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        (".mp4", "aac"),
        (".mkv", "libopus"),
        (".mkv", "flac"),
        (".avi", "pcm_s16le"),
        (".flv", "aac"),
        (".ts", "mp2"),
    ],
)
def test_beside_and_alone_give_the_same_frames(tmp_path: Path, suffix: str, codec: str) -> None:
    path = film(tmp_path / f"a{suffix}", codec=codec)
    heard, pts, report = beside(path)
    assert sum(samples for _, samples, _ in heard) == pytest.approx(96000, abs=3000)
    assert heard == alone(path)
    plain = DecodeReport()
    assert pts == [frame.pts for frame in decode(str(path), report=plain)]
    assert report == plain


def test_sound_that_goes_on_after_the_pictures_is_heard_to_its_end(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", codec="flac", seconds=6)
    assert sum(samples for _, samples, _ in beside(path)[0]) == 6 * 48000


def test_a_file_without_sound_is_not_even_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", frames=10)
    heard, pts, _ = beside(path)
    assert (heard, len(pts)) == ([], 10)
    read: list[None] = []
    listen(str(path), lambda frame: None, lambda: read.append(None))
    assert read == []


def test_of_two_tracks_the_one_that_a_clip_gets_is_heard(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", codec="flac", tracks=2)
    assert sum(samples for _, samples, _ in alone(path)) == 2 * 48000


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "aac"), (".mkv", "flac"), (".mkv", "libmp3lame")])
def test_broken_sound_is_passed_over_and_the_pictures_do_not_know(
    tmp_path: Path, suffix: str, codec: str
) -> None:
    whole = film(tmp_path / f"a{suffix}", codec=codec)
    broken = spoiled(whole, tmp_path / f"b{suffix}", "audio")
    heard, pts, report = beside(broken)
    assert heard == alone(broken)
    assert len(heard) > 15
    assert pts == beside(whole)[1]
    assert (report.errors, report.salvaged, report.first_error) == (0, False, None)
    silent = spoiled(whole, tmp_path / f"c{suffix}", "audio", count=10_000)
    assert len(beside(silent)[1]) == 50


def test_broken_pictures_do_not_change_the_sound(tmp_path: Path) -> None:
    whole = film(tmp_path / "a.mkv", codec="flac")
    broken = spoiled(whole, tmp_path / "b.mkv", "video")
    heard, _, report = beside(broken)
    assert heard == alone(broken) == alone(whole)
    assert report.errors > 0


def test_a_file_that_is_cut_short_is_heard_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = film(tmp_path / "a.mkv", codec="flac").read_bytes()
    for share in (0.3, 0.7, 0.95):
        short = tmp_path / "short.mkv"
        short.write_bytes(whole[: int(share * len(whole))])
        assert beside(short)[0] == alone(short)
