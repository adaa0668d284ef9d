"""Clips are the source's frames, all of them and no others, in their spacing, to the byte the same every
time."""

import hashlib
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest
from pydantic import ValidationError

from curate.media.clip_writer import Resampler, exact_rate, sides, track_clock
from curate.media.decode import decode
from curate.media.encode import EncodeOptions, Job, encode_clip, encode_clips
from curate.media.errors import MediaError
from curate.media.picture import Viewer
from curate.media.probe import probe
from tests.numbered import OPTIONS, REPOSITORY, UNEVEN, read, seen, steady, write_source


@pytest.mark.parametrize(
    ("name", "time_base", "codec"),
    [
        ("vfr.mkv", Fraction(1, 1000), "libx264"),
        ("vfr.mp4", Fraction(1, 90000), "libx264"),
        ("vfr.mp4", Fraction(1, 600), "libx264"),
        ("vfr.webm", Fraction(1, 1000), "libvpx-vp9"),
    ],
)
def test_a_clip_has_exactly_the_frames_in_their_spacing(
    tmp_path: Path, name: str, time_base: Fraction, codec: str
) -> None:
    source = write_source(tmp_path / name, UNEVEN, time_base, codec=codec, g="8")
    frames = seen(source)
    pts = [pts for pts, _ in frames]
    assert len(pts) == 20
    for first, last in [(0, 20), (5, 17), (8, 9), (13, 20)]:
        end = pts[last] if last < 20 else pts[-1] + 40
        encoded = encode_clip(
            str(source),
            str(tmp_path / "clip.mp4"),
            start_pts=pts[first],
            end_pts=end,
            options=OPTIONS,
            expected=frames[first:last],
        )
        times, numbers, clip_base = read(tmp_path / "clip.mp4")
        assert numbers == list(range(first, last))
        assert [time * clip_base for time in times] == [
            (time - pts[first]) * time_base for time in pts[first:last]
        ]
        assert encoded.frames == last - first
        if last < 20:
            assert encoded.seconds == pytest.approx(float((pts[last] - pts[first]) * time_base))
        with av.open(str(tmp_path / "clip.mp4")) as container:
            assert container.streams.video[0].start_time == 0
            assert container.duration == pytest.approx(encoded.seconds * 1e6, abs=1)


def test_the_last_frame_keeps_its_duration(tmp_path: Path) -> None:
    source = write_source(tmp_path / "v.mp4", steady(10, 40), Fraction(1, 1000))
    whole = encode_clip(str(source), str(tmp_path / "a.mp4"), start_pts=0, end_pts=10**6, options=OPTIONS)
    assert (whole.frames, whole.seconds, whole.fps) == (10, 0.4, 25)
    cut = encode_clip(str(source), str(tmp_path / "b.mp4"), start_pts=0, end_pts=370, options=OPTIONS)
    assert (cut.frames, cut.seconds) == (10, 0.37)


@pytest.mark.parametrize("threads", ["1", "4"])
def test_the_same_bytes_every_time(tmp_path: Path, threads: str) -> None:
    """Twice in one process, after other work, and in a new process with other settings of threads."""
    source = write_source(tmp_path / "v.mp4", steady(60, 40), Fraction(1, 1000), g="20")
    code = (
        "import sys, hashlib, pathlib\n"
        "from curate.media.encode import *\n"
        "encode_clip(sys.argv[1], sys.argv[2], start_pts=400, end_pts=2000, options=EncodeOptions())\n"
        "print(hashlib.sha256(pathlib.Path(sys.argv[2]).read_bytes()).hexdigest())\n"
    )

    def here(name: str) -> str:
        encode_clip(str(source), str(tmp_path / name), start_pts=400, end_pts=2000, options=EncodeOptions())
        return hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()

    first = here("first.mp4")
    encode_clip(str(source), str(tmp_path / "x.mp4"), start_pts=0, end_pts=200, options=OPTIONS)
    elsewhere = tmp_path / "another folder"
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, str(source), str(elsewhere / "c.mp4")],
        cwd=REPOSITORY,
        env={"OMP_NUM_THREADS": threads, "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert here("second.mp4") == first == done.stdout.strip()


def test_nothing_in_the_file_names_a_time_or_a_library(tmp_path: Path) -> None:
    source = write_source(tmp_path / "v.mp4", steady(5), Fraction(1, 25))
    encode_clip(str(source), str(tmp_path / "c.mp4"), start_pts=0, end_pts=5, options=OPTIONS)
    data = (tmp_path / "c.mp4").read_bytes()
    assert b"Lavf" not in data
    assert b"Lavc" not in data
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(tmp_path / "c.mp4")) as container:
        assert "creation_time" not in container.metadata
        frame = next(container.decode(video=0))
        tags = (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range)
        assert tags == (1, 1, 1, 1)
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"


def test_odd_sides_lose_one_pixel_and_pixels_become_square(tmp_path: Path) -> None:
    source = write_source(
        tmp_path / "odd.mkv", steady(3, 40), Fraction(1, 1000), size=(161, 97), codec="ffv1"
    )
    encoded = encode_clip(str(source), str(tmp_path / "c.mp4"), start_pts=0, end_pts=999, options=OPTIONS)
    assert (encoded.width, encoded.height) == (160, 96)
    wide = write_source(tmp_path / "sar.mp4", steady(3, 40), Fraction(1, 1000), sar=Fraction(4, 3))
    encoded = encode_clip(str(wide), str(tmp_path / "c.mp4"), start_pts=0, end_pts=999, options=OPTIONS)
    assert (encoded.width, encoded.height) == (212, 96)
    with av.open(str(tmp_path / "c.mp4")) as container:
        assert container.streams.video[0].sample_aspect_ratio in (None, 1)
    assert read(tmp_path / "c.mp4")[1] == [0, 1, 2]


def test_a_short_side_at_most(tmp_path: Path) -> None:
    source = write_source(tmp_path / "v.mp4", steady(3, 40), Fraction(1, 1000), size=(320, 180))
    for limit, size in [(90, (160, 90)), (720, (320, 180))]:
        options = EncodeOptions(preset="veryfast", max_short_side=limit)
        encoded = encode_clip(str(source), str(tmp_path / "c.mp4"), start_pts=0, end_pts=120, options=options)
        assert (encoded.width, encoded.height) == size
        assert read(tmp_path / "c.mp4")[1] == [0, 1, 2]


def test_a_size_that_changes_midway_is_brought_to_the_first(tmp_path: Path) -> None:
    parts = [
        write_source(tmp_path / f"{width}.h264", steady(10), Fraction(1, 25), size=(width, 96))
        for width in (160, 320)
    ]
    source = tmp_path / "both.h264"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    frames = seen(source)
    assert len(frames) == 20
    clip = {"options": OPTIONS, "irregular": True}
    for first in (0, 12):
        encoded = encode_clip(
            str(source),
            str(tmp_path / "c.mp4"),
            start_pts=frames[first][0],
            end_pts=frames[18][0],
            expected=frames[first:18],
            **clip,
        )
        assert (encoded.width, encoded.height, encoded.frames) == (160, 96, 18 - first)
        assert read(tmp_path / "c.mp4")[1] == [index % 10 for index in range(first, 18)]


def test_sides() -> None:
    assert sides(1920, 1080, None) == (1920, 1080)
    assert sides(1920, 1080, 720) == (1280, 720)
    assert sides(1080, 1920, 720) == (720, 1280)
    assert sides(1281, 545, 1080) == (1280, 544)
    assert sides(854, 480, 240) == (428, 240)
    assert sides(640, 360, 255) == (452, 254)
    assert sides(1, 1, None) == (2, 2)
    assert sides(2000, 17, 16) == (1882, 16)


def test_rates_as_people_write_them() -> None:
    assert exact_rate(29.97) == Fraction(30000, 1001)
    assert exact_rate(23.976) == exact_rate(23.98) == Fraction(24000, 1001)
    assert exact_rate(59.94) == Fraction(60000, 1001)
    assert [exact_rate(rate) for rate in (8.0, 12.5, 24.0, 0.5)] == [8, Fraction(25, 2), 24, Fraction(1, 2)]


def test_track_clocks() -> None:
    assert track_clock(Fraction(1, 15360)) == (15360, 1)
    assert track_clock(Fraction(1001, 30000)) == (30000, 1001)
    assert track_clock(Fraction(1, 10**9)) == (90000, Fraction(90000, 10**9))


def test_resampler_gives_each_output_once() -> None:
    resampler = Resampler(Fraction(10))
    spans = [Fraction(1, 10), Fraction(11, 100), Fraction(35, 100), Fraction(35, 100), Fraction(4, 10)]
    assert [list(resampler.until(seconds)) for seconds in spans] == [[0], [1], [2, 3], [], []]


@pytest.mark.parametrize("fps", [8.0, 25.0, 29.97, 60.0])
def test_a_constant_rate_shows_the_frame_of_each_moment(tmp_path: Path, fps: float) -> None:
    source = write_source(tmp_path / "vfr.mkv", UNEVEN, Fraction(1, 1000))
    times = [pts for pts, _ in seen(source)]
    options = EncodeOptions(preset="veryfast", fps=fps)
    encoded = encode_clip(
        str(source), str(tmp_path / "c.mp4"), start_pts=times[3], end_pts=times[16], options=options
    )
    rate = exact_rate(fps)
    length = Fraction(times[16] - times[3], 1000)
    moments = [k / rate for k in range(2000) if k / rate < length]
    shown = [max(i for i in range(3, 16) if times[i] - times[3] <= moment * 1000) for moment in moments]
    pts, numbers, base = read(tmp_path / "c.mp4")
    assert numbers == shown
    assert [time * base for time in pts] == moments
    assert encoded.fps == pytest.approx(float(rate))
    assert encoded.frames == len(moments)


def test_spans_without_frames_and_files_that_are_none(tmp_path: Path) -> None:
    source = write_source(tmp_path / "v.mp4", steady(5, 40), Fraction(1, 1000))
    target = tmp_path / "c.mp4"
    with pytest.raises(MediaError, match=r"no frame of .* lies between pts 5000 and 6000"):
        encode_clip(str(source), str(target), start_pts=5000, end_pts=6000, options=OPTIONS)
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(MediaError, match=r"text\.mp4"):
        encode_clip(str(tmp_path / "text.mp4"), str(target), start_pts=0, end_pts=9, options=OPTIONS)
    jobs = [Job(str(target), 0, 9), Job(str(target), 9, 19)]
    results = list(encode_clips(str(tmp_path / "text.mp4"), jobs, options=OPTIONS))
    assert [type(result) for result in results] == [MediaError, MediaError]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.mp4", "v.mp4"]


def test_odd_names(tmp_path: Path) -> None:
    source = write_source(tmp_path / "v.mp4", steady(5, 40), Fraction(1, 1000))
    for name in ("-dash: and 'quotes'.mp4", "a:b\nc%03d.mp4", "ünï 視.mp4"):
        encode_clip(str(source), str(tmp_path / name), start_pts=0, end_pts=200, options=OPTIONS)
        assert read(tmp_path / name)[1] == [0, 1, 2, 3, 4]


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """A limit on file size in a process of its own stands for the disk: writing fails midway in the same
    place."""
    source = write_source(tmp_path / "v.mp4", steady(100, 40), Fraction(1, 1000), size=(640, 360))
    out = tmp_path / "out"
    out.mkdir()
    code = (
        "import resource, signal, sys\n"
        "from curate.media.encode import *\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "for limit in (0, 4000, 19000):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))\n"
        "    try:\n"
        "        options = EncodeOptions(crf=5)\n"
        "        encode_clip(sys.argv[1], sys.argv[2], start_pts=0, end_pts=4000, options=options)\n"
        "    except OSError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(source), str(out / "c.mp4")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert all("the clip was not written" in line and "c.mp4" in line for line in lines)
    assert list(out.iterdir()) == []


def test_options_are_checked() -> None:
    for wrong in (
        {"crf": 52},
        {"crf": -1},
        {"fps": 0},
        {"preset": "quick"},
        {"codec": "vp9"},
        {"bitrate": 1},
    ):
        with pytest.raises(ValidationError):
            EncodeOptions.model_validate(wrong)
    with pytest.raises(ValidationError):
        OPTIONS.crf = 3  # type: ignore[misc]


REAL = [
    "psd__goldeneye-vfr-drop3.mp4",
    "mpy__fire2.mp4",
    "psd__issue-195-aspect-ratio.mp4",
    "mpy__clip1024.flv",
    "tc__nasa_13013_hdr.mp4",
    "skv__luma.mp4",
    "decord__corrupted.mp4",
    "dj__video1-00841.mp4",
    "decord__unordered.mov",
    "decord__video_90.mov",
    "ft__CogVideoX-LoRA.webm",
    "mma__S001C001P001R001A001_rgb.avi",
]


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_real_footage_frame_by_frame(tmp_path: Path, real_videos: Path, name: str) -> None:
    source = real_videos / name
    facts = probe(str(source))
    first = min(facts.frames // 3, 40) if facts.frames > 5 else 0
    frames = seen(source, first + 21)
    part = frames[first : first + 20]
    end = frames[first + 20][0] if first + 20 < len(frames) else part[-1][0] + 10**6
    encoded = encode_clip(
        str(source),
        str(tmp_path / "c.mp4"),
        start_pts=part[0][0],
        end_pts=end,
        options=OPTIONS,
        expected=part,
        irregular=facts.irregular,
    )
    assert abs(encoded.width - facts.width) <= 1
    assert abs(encoded.height - facts.height) <= 1
    viewer = Viewer(facts.rotation, Fraction(facts.sar.replace(":", "/")))
    spacing = Fraction(facts.time_base)
    with av.open(str(tmp_path / "c.mp4")) as container:
        clip = list(container.decode(video=0))
    wanted = decode(str(source), start_pts=part[0][0], end_pts=end, seek=False)
    for mine, theirs in zip(clip, wanted, strict=True):
        assert mine.pts * mine.time_base == (theirs.pts - part[0][0]) * spacing
        ideal = viewer.yuv(theirs.image, (encoded.width, encoded.height)).to_ndarray().astype(float)
        assert ((mine.to_ndarray() - ideal) ** 2).mean() < 255**2 / 10**3.6  # 36 dB
