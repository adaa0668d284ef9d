"""The hostile files are what they claim to be; what becomes of them is tested where they are read."""

from pathlib import Path

import av
import pytest

from tests import hostile
from tests.making import picture


def opened(path: Path) -> dict[str, object]:
    """What a careless reader gets: every frame's time and size, decoding errors, kinds of tracks."""
    times: list[int | None] = []
    sizes: list[tuple[int, int]] = []
    errors = 0
    with av.open(f"file:{path}") as container:
        kinds = [stream.type for stream in container.streams]
        for packet in container.demux(video=0) if container.streams.video else ():
            try:
                frames = packet.decode()
            except av.FFmpegError:
                errors += 1
                continue
            times += [frame.pts for frame in frames]
            sizes += [(frame.width, frame.height) for frame in frames]
        return {
            "format": container.format.name,
            "duration": container.duration,
            "kinds": kinds,
            "times": times,
            "sizes": sizes,
            "errors": errors,
        }


def test_every_maker_writes_the_one_file_that_it_names_and_has_an_outcome(tmp_path: Path) -> None:
    assert hostile.ALL.keys() == hostile.OUTCOMES.keys()
    assert set(hostile.OUTCOMES.values()) == {"ok", "salvaged", "error"}
    paths = set()
    for name, make in hostile.ALL.items():
        path = make(tmp_path)
        assert path.is_file(), name
        paths.add(path)
    assert len(paths) == len(hostile.ALL)


@pytest.mark.parametrize("name", ["no_moov", "empty", "text", "random_bytes", "playlist"])
def test_some_cannot_be_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(av.InvalidDataError):
        opened(hostile.ALL[name](tmp_path))


@pytest.mark.parametrize("name", sorted(set(hostile.ALL) - {"bomb_gif", "huge_gif"}))
def test_the_ok_ones_decode_without_an_error_and_the_others_do_not(tmp_path: Path, name: str) -> None:
    path = hostile.ALL[name](tmp_path)
    try:
        found = opened(path)
    except av.InvalidDataError:
        assert hostile.OUTCOMES[name] == "error"
        return
    if hostile.OUTCOMES[name] == "ok":
        assert found["errors"] == 0
        assert found["times"]
    elif hostile.OUTCOMES[name] == "salvaged":
        assert found["errors"]
        assert found["times"]


@pytest.mark.parametrize(
    ("name", "frames", "size"),
    [
        ("one_frame", 1, (160, 120)),
        ("fifty_pixels", 30, (50, 50)),
        ("two_pixels", 30, (2, 2)),
        ("odd_size", 30, (321, 241)),
        ("raw_h264", 30, (160, 120)),
        ("name_dash", 3 + list(hostile.ODD_NAMES).index("name_dash"), (160, 120)),
    ],
)
def test_counts_and_sizes(tmp_path: Path, name: str, frames: int, size: tuple[int, int]) -> None:
    assert opened(hostile.ALL[name](tmp_path))["sizes"] == [size] * frames


def test_the_truncated_one_keeps_its_first_frames(tmp_path: Path) -> None:
    times = opened(hostile.truncated(tmp_path))["times"]
    assert isinstance(times, list)
    assert times == [512 * k for k in range(len(times))]
    assert 15 <= len(times) <= 45  # Of 60, half of the bytes; the last one may be lost with its end.


def test_the_corrupt_one_decodes_before_and_after_the_noise(tmp_path: Path) -> None:
    found = opened(hostile.corrupt_middle(tmp_path))
    times = found["times"]
    assert isinstance(times, list)
    assert times[:20] == [512 * k for k in range(20)]
    assert times[-1] == 512 * 74
    assert len(times) < 75


def test_songs_have_no_picture_but_a_cover(tmp_path: Path) -> None:
    assert opened(hostile.audio_only(tmp_path))["kinds"] == ["audio"]
    assert opened(hostile.audio_only_m4a(tmp_path))["kinds"] == ["audio"]
    for path in (hostile.cover_art_mp3(tmp_path), hostile.cover_art_mp4(tmp_path)):
        with av.open(str(path)) as container:
            assert [stream.type for stream in container.streams] == ["audio", "video"]
            assert container.streams.video[0].disposition == av.stream.Disposition.attached_pic


def test_zero_frames_has_a_track(tmp_path: Path) -> None:
    found = opened(hostile.zero_frames(tmp_path))
    assert (found["kinds"], found["times"], found["errors"]) == (["video"], [], 0)


def test_a_careless_reader_of_the_script_opens_the_secret(tmp_path: Path) -> None:
    found = opened(hostile.ffconcat(tmp_path))
    assert found["format"] == "concat"
    assert found["times"] == [512 * k for k in range(5)]


def test_the_playlist_opens_the_other_file_once_its_name_is_right(tmp_path: Path) -> None:
    path = hostile.playlist(tmp_path)
    with av.open(str(path.rename(tmp_path / "list.m3u8"))) as container:
        assert container.format.name == "hls"
        assert sum(1 for _ in container.decode(video=0)) == 25


def test_one_byte_makes_another_picture(tmp_path: Path) -> None:
    whole, flipped = (
        hostile.uncompressed(tmp_path).read_bytes(),
        hostile.one_byte_flipped(tmp_path).read_bytes(),
    )
    assert [a ^ b for a, b in zip(whole, flipped, strict=True) if a != b] == [0x10]


def test_times_that_are_irregular(tmp_path: Path) -> None:
    assert opened(hostile.gif_varying(tmp_path))["times"] == [0, 2, 52, 62, 66, 91, 98, 105]
    assert set(opened(hostile.raw_h264(tmp_path))["times"]) == {None}  # type: ignore[arg-type]
    assert opened(hostile.late_start(tmp_path))["times"][0] == 3600 * 90000  # type: ignore[index]
    shuffled = opened(hostile.avi_b_frames(tmp_path))["times"]
    assert isinstance(shuffled, list)
    assert shuffled != sorted(shuffled)
    gaps = opened(hostile.long_gap(tmp_path))["times"]
    assert isinstance(gaps, list)
    assert gaps[10] - gaps[9] == 60_040
    assert opened(hostile.no_duration(tmp_path))["duration"] is None


def test_the_clock_restarts(tmp_path: Path) -> None:
    times = opened(hostile.clock_restarts(tmp_path))["times"]
    assert times == [3600 * k for k in range(25)] * 2


def test_the_size_changes_half_way(tmp_path: Path) -> None:
    sizes = opened(hostile.size_changes(tmp_path))["sizes"]
    assert sizes == [(160, 120)] * 25 + [(320, 180)] * 25


def test_rotation_is_a_quarter_turn_clockwise(tmp_path: Path) -> None:
    with av.open(str(hostile.rotated(tmp_path))) as container:
        assert next(container.decode(video=0)).rotation == -90  # FFmpeg counts the other way round.


@pytest.mark.parametrize("name", ["huge_gif", "bomb_gif"])
def test_the_bombs_are_small_and_claim_much(tmp_path: Path, name: str) -> None:
    content = hostile.ALL[name](tmp_path).read_bytes()
    side = 30000 if name == "huge_gif" else 16000
    assert len(content) < 64
    assert content[6:10] == side.to_bytes(2, "little") * 2


def test_a_small_gif_of_the_bombs_kind_decodes(tmp_path: Path) -> None:
    found = opened(hostile.gif_of(tmp_path / "small.gif", 300))
    assert found["sizes"] == [(300, 300)]


def test_what_is_no_file_has_a_videos_name(tmp_path: Path) -> None:
    for make in hostile.NOT_FILES.values():
        path = make(tmp_path)
        assert path.suffix == ".mp4"
        assert not path.is_file()


def test_the_texture_drifts_by_two_pixels(tmp_path: Path) -> None:
    assert (picture(3, 64, 48)[:, 6:] == picture(0, 64, 48)[:, :-6]).all()
