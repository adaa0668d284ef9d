"""Clips are the source's frames, all of them and no others, in their spacing, to the byte the same every
time."""

import hashlib
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from pydantic import ValidationError

import curate.media.encode as encode_module
from curate.media.audio import ClipAudio
from curate.media.clip_writer import Resampler, exact_rate, sides, track_clock
from curate.media.decode import Frame, decode
from curate.media.encode import Encoded, EncodeOptions, Job, encode_clip, encode_clips
from curate.media.errors import MediaError
from curate.media.picture import Viewer
from curate.media.probe import probe

OPTIONS = EncodeOptions(preset="veryfast")
REPOSITORY = Path(__file__).resolve().parents[2]
UNEVEN = [0, 33, 70, 100, 250, 260, 300, 400, 433, 466, 500, 540, 580, 600, 733, 740, 900, 901, 1000, 1040]


def numbered(index: int, width: int = 160, height: int = 96) -> np.ndarray:
    """A grey picture that spells `index` in eight vertical bars, on a ground that differs from frame to
    frame."""
    picture = np.full((height, width), 60 + index % 40, np.uint8)
    for bit in range(8):
        left = width * bit // 8
        picture[: height // 2, left : width * (bit + 1) // 8] = 235 if index >> bit & 1 else 16
    return picture


def number_of(picture: np.ndarray) -> int:
    height, width = picture.shape
    bars = [
        picture[: height // 3, width * bit // 8 + 3 : width * (bit + 1) // 8 - 3].mean() for bit in range(8)
    ]
    return sum((level > 128) << bit for bit, level in enumerate(bars))


def write_source(
    path: Path,
    pts: Sequence[int],
    time_base: Fraction,
    *,
    size: tuple[int, int] = (160, 96),
    codec: str = "libx264",
    sar: Fraction = Fraction(1),
    **options: str,
) -> Path:
    """A video of numbered frames at the given times."""
    container_options = {"video_track_timescale": str(time_base.denominator)} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=container_options) as output:
        stream = output.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.time_base = stream.codec_context.time_base = time_base
        stream.codec_context.sample_aspect_ratio = sar
        for index, time in enumerate(pts):
            grey = av.VideoFrame.from_ndarray(numbered(index, *size), format="gray")
            picture = grey.reformat(format="yuv420p")
            picture.pts, picture.time_base = time, time_base
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return path


def steady(count: int, step: int = 1) -> list[int]:
    return [index * step for index in range(count)]


def read(path: Path) -> tuple[list[int], list[int], Fraction]:
    """(timestamps, numbers, time base) of a clip, as PyAV gives them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [
            (frame.pts, number_of(frame.to_ndarray(format="gray"))) for frame in container.decode(stream)
        ]
        assert stream.time_base is not None
        return [pts for pts, _ in frames], [number for _, number in frames], stream.time_base


def seen(path: Path, count: int | None = None) -> list[tuple[int, int]]:
    """What a scan stores: (pts, fingerprint) of every frame, or of the first `count`."""
    facts = probe(str(path))
    viewer = Viewer(facts.rotation, Fraction(facts.sar.replace(":", "/")))
    return [
        (frame.pts, zlib.crc32(viewer.small(frame.image).tobytes()))
        for frame in islice(decode(str(path)), count)
    ]


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


def test_frames_that_are_not_those_of_the_scan_are_refused(tmp_path: Path) -> None:
    source = write_source(tmp_path / "v.mp4", steady(20, 40), Fraction(1, 1000))
    frames = seen(source)
    changed = [*frames[2:6], (frames[6][0], frames[6][1] ^ 1), *frames[7:9]]
    target = tmp_path / "out" / "c.mp4"
    target.parent.mkdir()
    for expected in (changed, frames[2:8], [*frames[2:9], (9999, 1)], [], frames[1:8]):
        with pytest.raises(MediaError, match=r"the source changed since it was scanned.*run again"):
            encode_clip(
                str(source), str(target), start_pts=80, end_pts=360, options=OPTIONS, expected=expected
            )
        assert list(target.parent.iterdir()) == []
    encoded = encode_clip(
        str(source), str(target), start_pts=80, end_pts=360, options=OPTIONS, expected=frames[2:9]
    )
    assert encoded.frames == 7
    assert [path.name for path in target.parent.iterdir()] == ["c.mp4"]


def test_a_file_that_is_not_clean_after_a_seek_is_decoded_from_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder that shows an older picture once after a seek, without an error, as some real files make it
    do."""
    source = write_source(tmp_path / "v.mp4", steady(60, 40), Fraction(1, 1000), g="20")
    frames = seen(source)
    span = {"start_pts": 1000, "end_pts": 1600}
    options = {"options": OPTIONS, "expected": frames[25:40]}
    clean = encode_clip(str(source), str(tmp_path / "clean.mp4"), **span, **options)
    assert clean.decoded <= 45

    def unclean(path: str, *, start_pts: int | None = None, **more: object) -> Iterator[Frame]:
        older = next(decode(path)).image
        for number, frame in enumerate(decode(path, start_pts=start_pts, **more)):
            if start_pts is not None and number == 3:
                frame.image = older
            yield frame

    monkeypatch.setattr(encode_module, "decode", unclean)
    again = encode_clip(str(source), str(tmp_path / "again.mp4"), **span, **options)
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "clean.mp4").read_bytes()
    assert again.decoded > 40 + 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.mp4", "clean.mp4", "v.mp4"]


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """The start_pts of every decode that encoding begins."""
    begun: list[int | None] = []

    def counted(path: str, *, start_pts: int | None = None, **more: object) -> Iterator[Frame]:
        begun.append(start_pts)
        return decode(path, start_pts=start_pts, **more)

    monkeypatch.setattr(encode_module, "decode", counted)
    return begun


def test_clips_of_an_irregular_file_share_one_pass(tmp_path: Path, passes: list[int | None]) -> None:
    source = write_source(tmp_path / "v.mp4", steady(50, 40), Fraction(1, 1000))
    frames = seen(source)
    jobs = [
        Job(str(tmp_path / "a.mp4"), 200, 400, frames[5:10]),
        Job(str(tmp_path / "b.mp4"), 400, 800, frames[0:10]),
        Job(str(tmp_path / "c.mp4"), 800, 1000, frames[20:25]),
    ]
    results = list(encode_clips(str(source), jobs, options=OPTIONS, irregular=True))
    assert passes == [None, None]  # one for the file's facts, one for all clips
    assert [type(result) for result in results] == [Encoded, MediaError, Encoded]
    assert read(tmp_path / "a.mp4")[1] == [5, 6, 7, 8, 9]
    assert read(tmp_path / "c.mp4")[1] == [20, 21, 22, 23, 24]
    assert not (tmp_path / "b.mp4").exists()
    back = list(encode_clips(str(source), jobs[::-2], options=OPTIONS, irregular=True))
    assert [result.frames for result in back if isinstance(result, Encoded)] == [5, 5]


def test_a_clip_is_the_same_alone_and_among_others(tmp_path: Path, passes: list[int | None]) -> None:
    source = write_source(tmp_path / "v.mp4", steady(100, 40), Fraction(1, 1000), g="25")
    frames = seen(source)
    spans = [(0, 20), (20, 55), (60, 100)]
    jobs = [
        Job(str(tmp_path / f"{first}.mp4"), first * 40, last * 40, frames[first:last])
        for first, last in spans
    ]
    results = list(encode_clips(str(source), jobs, options=OPTIONS))
    assert passes == [None, 0, 800, 2400]
    for job, result in zip(jobs, results, strict=True):
        alone = encode_clip(
            str(source),
            str(tmp_path / "alone.mp4"),
            start_pts=job.start_pts,
            end_pts=job.end_pts,
            options=OPTIONS,
            irregular=True,
        )
        assert isinstance(result, Encoded)
        assert alone.frames == result.frames == len(job.expected or ())
        assert (tmp_path / "alone.mp4").read_bytes() == Path(job.target).read_bytes()
        assert result.decoded <= 25 + result.frames + 20


@pytest.mark.parametrize("irregular", [False, True])
def test_progress_is_told_of_every_frame_those_before_the_clip_too(tmp_path: Path, irregular: bool) -> None:
    """Or the watching parent would take the decode of all that is before the clip for a child that hangs."""
    source = write_source(tmp_path / "v.mp4", steady(60, 40), Fraction(1, 1000), g="1000", sc_threshold="0")
    told: list[int] = []
    encode_clip(
        str(source),
        str(tmp_path / "c.mp4"),
        start_pts=50 * 40,
        end_pts=55 * 40,
        options=OPTIONS,
        irregular=irregular,
        progress=lambda: told.append(len(told)),
    )
    assert len(told) == 55


def test_progress_is_told_of_the_sound_before_a_clip(tmp_path: Path) -> None:
    """In a file that cannot be sought in, it is read from the start."""
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as output:
        picture = output.add_stream("mpeg4", rate=1)
        picture.width = picture.height = 32
        stream = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        output.mux(picture.encode(av.VideoFrame(32, 32, "yuv420p")))
        output.mux(picture.encode(None))
        for start in range(0, 8000 * 10, 800):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = 8000, Fraction(1, 8000), start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    told: list[int] = []
    tell = told.append
    with ClipAudio(str(path), Fraction(8), Fraction(9), seek=False, progress=lambda: tell(1)) as audio:
        assert audio.found
    assert len(told) >= 80


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
