"""The part `audio` of whole files: in the pass over the pictures and alone, to the same byte."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow.parquet as pq
import pytest

from curate.media.container import open_video, time_base, video_stream
from curate.signals import GROUPS
from curate.signals.frames import FramesOptions
from curate.signals.scan_file import scan_file
from curate.signals.scan_sound import scan_sound, scan_sound_from_json
from tests.making import write
from tests.media.test_audio_sync import write_source
from tests.media.test_listen import film, spoiled

ID = bytes(range(16))
AUDIO = "signals/audio/part.parquet"


def scan(path: Path, out: Path, *groups: str) -> dict[str, bytes]:
    """The parts of one pass over sound and pictures."""
    scan_file(str(path), out, video_id=ID, groups=groups, frames=None, name="part")
    return {str(file.relative_to(out)): file.read_bytes() for file in out.rglob("*") if file.is_file()}


def both(path: Path, folder: Path) -> dict[str, list[Any]]:
    """The rows, which are the same in one pass and alone."""
    beside = scan(path, folder / "beside", "audio")[AUDIO]
    part = scan_sound(str(path), folder / "alone", video_id=ID, name="part")
    assert (folder / "alone" / AUDIO).read_bytes() == beside
    assert (part.path, part.bytes) == (AUDIO, len(beside))
    table = pq.read_table(folder / "alone" / AUDIO)
    assert part.rows == table.num_rows
    return table.drop_columns(["video_id"]).to_pydict()


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mp4", "aac"), (".mkv", "flac"), (".mkv", "libmp3lame"), (".avi", "pcm_s16le")]
)
def test_one_pass_and_sound_alone_give_the_same_part(tmp_path: Path, suffix: str, codec: str) -> None:
    rows = both(film(tmp_path / f"a{suffix}", codec=codec), tmp_path)
    assert 20 <= len(rows["pts"]) <= 21
    # 440 Hz of amplitude 0.3.
    assert rows["level"][2:19] == pytest.approx([-13.47] * 17, abs=0.6)
    assert rows["silent"] == [False] * len(rows["pts"])


def test_groups_do_not_depend_on_each_other(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4")
    frames = FramesOptions()
    for name, groups in (("all", tuple(GROUPS)), ("pictures", tuple(g for g in GROUPS if g != "audio"))):
        scan_file(str(path), tmp_path / name, video_id=ID, groups=groups, frames=frames, name="part")
    whole = {file.relative_to(tmp_path / "all"): file for file in (tmp_path / "all").rglob("*.parquet")}
    for file in (tmp_path / "pictures").rglob("*.parquet"):
        assert whole.pop(file.relative_to(tmp_path / "pictures")).read_bytes() == file.read_bytes()
    assert [str(path) for path in whole] == [AUDIO]


def test_a_video_without_sound_has_an_empty_part(tmp_path: Path) -> None:
    rows = both(write(tmp_path / "a.mp4", frames=10), tmp_path)
    assert rows["pts"] == []


def test_rows_stand_on_the_clock_of_the_pictures(tmp_path: Path) -> None:
    """A click lies in the row of the frame that flashes with it, wherever the file's clock begins."""
    for name, offset in (("a.mkv", 0.0), ("b.mkv", 7.0), ("c.mp4", 3.0)):
        codec = "aac" if name.endswith("mp4") else "flac"
        path = write_source(tmp_path / name, codec=codec, offset=offset, flashes=(2.05,), audio_to=3.5)
        rows = both(path, tmp_path / f"of {name}")
        with open_video(str(path)) as container:
            base = time_base(video_stream(container))
        loud = [pts for pts, silent in zip(rows["pts"], rows["silent"], strict=True) if not silent]
        assert [float(pts * base) for pts in loud] == pytest.approx([offset + 2.05], abs=0.04)
        assert rows["pts"][0] * base == pytest.approx(offset + 0.05, abs=0.002)
        assert len(rows["pts"]) == pytest.approx(35, abs=1)


def test_broken_packets_leave_holes_and_fail_nothing(tmp_path: Path) -> None:
    whole = film(tmp_path / "a.mkv", codec="flac")
    rows = both(spoiled(whole, tmp_path / "b.mkv", "audio", count=5), tmp_path)
    assert 12 <= len(rows["pts"]) < 20
    nothing = spoiled(whole, tmp_path / "c.mkv", "audio", count=1000)
    assert len(both(nothing, tmp_path / "nothing")["pts"]) <= 10
    pictures = spoiled(whole, tmp_path / "d.mkv", "video")
    assert len(both(pictures, tmp_path / "pictures")["pts"]) == 20


def test_eight_channels_at_192_kilohertz(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound: Any = container.add_stream("flac", rate=192000, layout="7.1")
        for index in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((72, 64), np.uint8), format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        tone = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(76800) / 192000) * 32768
        for at in range(0, len(tone), 4608):
            packed = np.repeat(tone[at : at + 4608, None], 8, axis=1).astype(np.int16).reshape(1, -1)
            heard = av.AudioFrame.from_ndarray(packed, format="s16", layout="7.1")
            heard.sample_rate, heard.pts, heard.time_base = 192000, at, Fraction(1, 192000)
            container.mux(sound.encode(heard))
        container.mux(sound.encode(None))
    rows = both(path, tmp_path)
    assert rows["level"] == pytest.approx([-23.01] * 4, abs=0.02)


def test_json_arguments_do_the_same(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4")
    seen: list[float] = []
    part = scan_sound_from_json(str(path), str(tmp_path / "one"), ID.hex(), "part", seen.append)
    assert part == scan_sound(str(path), tmp_path / "two", video_id=ID, name="part")
    assert (tmp_path / "one" / AUDIO).read_bytes() == (tmp_path / "two" / AUDIO).read_bytes()
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) >= 50


@pytest.mark.real
def test_real_sound(real_videos: Path, tmp_path: Path) -> None:
    """Whether there is sound, its loudness as FFmpeg's meter has it, and the bandwidth that its spectrum
    shows."""
    known = {
        "dj__video4.mp4": (226, False, 4600),  # a narrow source, coded at 44.1 kHz
        "tc__nasa_13013.mp4": (131, False, 8000),  # sampled at 16 kHz
        "decord__flipping_a_pancake.mkv": (104, False, 15800),  # Opus
        "skv__bigbuckbunny.mp4": (54, False, 15400),  # 5.1
        "ffpy__in.mp4": (71, True, None),
        "aa__yoga.mp4": (0, None, None),
    }
    for name, (count, silent, bandwidth) in known.items():
        rows = both(real_videos / name, tmp_path / name)
        assert len(rows["pts"]) == pytest.approx(count, abs=1)
        if silent is not None:
            assert np.mean(rows["silent"]) == pytest.approx(float(silent), abs=0.05)
        if bandwidth is not None:
            told = [value for value in rows["bandwidth"] if value is not None]
            assert np.median(told) == pytest.approx(bandwidth, abs=400)
