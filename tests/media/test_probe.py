"""Facts of files that are written with known ones."""

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from curate.media import child_tasks
from curate.media.container import open_video, video_stream
from curate.media.decode import decode
from curate.media.errors import MediaError
from curate.media.probe import constant_spacing, entries, probe, rate

MS = Fraction(1, 1000)


def write(path, pts, *, codec="libx264", base=MS, size=(64, 48), layout="yuv420p", fps=25, options=None,
          sound=False, rotation=0, sar=None, colours=()):  # fmt: skip
    random = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps, options=options or {"g": "12", "bf": "2"})
        stream.width, stream.height, stream.pix_fmt = *size, layout
        stream.time_base = stream.codec_context.time_base = base
        if rotation:
            stream.set_display_rotation(rotation)
        if sar is not None:
            stream.codec_context.sample_aspect_ratio = sar
        for name, value in colours:
            setattr(stream.codec_context, name, value)
        audio = container.add_stream("aac", rate=44100, layout="stereo") if sound else None
        for stamp in pts:
            noise = VideoFrame.from_ndarray(random.integers(0, 255, (size[1], size[0], 3), np.uint8), "rgb24")
            frame = noise.reformat(format=layout)
            frame.pts, frame.time_base = stamp, base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None:
            quiet = av.AudioFrame.from_ndarray(np.zeros((2, 4410), np.float32), "fltp", "stereo")
            quiet.sample_rate = 44100
            container.mux(audio.encode(quiet))
            container.mux(audio.encode(None))
    return str(path)


def test_entries_are_keyframes_that_are_ready_a_second_and_32_frames_later(tmp_path):
    options = {"g": "10", "bf": "0", "x264-params": "scenecut=0"}
    facts = probe(write(tmp_path / "x.mp4", range(0, 8000, 40), options=options))
    scale = int(MS / Fraction(facts.time_base))
    # Every 400 ms a keyframe: each third; the frame 32 later is the first that is also a second later.
    expected = [(stamp * scale, (stamp + 32 * 40) * scale) for stamp in range(0, 6720, 1200)]
    assert [(entry.pts, entry.ready) for entry in facts.entries] == expected
    slow = probe(write(tmp_path / "y.mp4", range(0, 80000, 400), options=options))
    assert {(entry.ready - entry.pts) * Fraction(slow.time_base) for entry in slow.entries} == {
        Fraction(64, 5)
    }
    fast = entries(range(0, 5000, 10), np.arange(0, 5000, 10), MS)
    assert [(entry.pts, entry.ready) for entry in fast] == [(k * 1000, (k + 1) * 1000) for k in range(4)]


def test_files_that_are_not_to_be_sought_in_have_no_entries(tmp_path):
    facts = probe(write(tmp_path / "x.avi", range(100), base=Fraction(1, 25)))
    assert (facts.irregular, facts.keyframes >= 8, facts.entries) == (True, True, [])


def test_facts_of_a_plain_file(tmp_path):
    path = write(tmp_path / "x.mp4", range(0, 1200, 40), sound=True)
    facts = probe(path)
    with av.open(path) as container:
        sizes = [packet.size for packet in container.demux(video=0)]
        base = container.streams.video[0].time_base
    assert (facts.container, facts.codec) == ("mov,mp4,m4a,3gp,3g2,mj2", "h264")
    assert (facts.width, facts.height, facts.coded_width, facts.coded_height) == (64, 48, 64, 48)
    assert (facts.rotation, facts.sar) == (0, "1:1")
    assert (facts.fps, facts.vfr, facts.irregular) == (25.0, False, False)
    assert facts.time_base == f"{base.numerator}/{base.denominator}"
    assert (facts.frames, facts.keyframes) == (30, 3)
    assert facts.seconds == pytest.approx(1.2, abs=0.001)
    assert facts.start_seconds == 0
    assert (facts.pixel_format, facts.bit_depth) == ("yuv420p", 8)
    assert (facts.has_audio, facts.audio_codec, facts.audio_rate, facts.audio_channels) == (
        True,
        "aac",
        44100,
        2,
    )
    assert facts.video_bytes == sum(sizes)
    assert facts.bits_per_pixel == pytest.approx(sum(sizes) * 8 / (30 * 64 * 48))


def test_colour_is_told_as_tagged(tmp_path):
    tags = (("colorspace", 9), ("color_range", 1), ("color_trc", 16), ("color_primaries", 9))
    facts = probe(write(tmp_path / "x.mkv", range(0, 200, 40), layout="yuv420p10le", colours=tags))
    assert (facts.pixel_format, facts.bit_depth) == ("yuv420p10le", 10)
    assert (facts.matrix, facts.range, facts.transfer, facts.primaries) == (
        "bt2020nc",
        "limited",
        "smpte2084",
        "bt2020",
    )
    plain = probe(write(tmp_path / "y.mkv", range(0, 200, 40)))
    assert (plain.matrix, plain.transfer, plain.primaries) == ("unspecified",) * 3
    assert plain.has_audio is False
    assert plain.audio_codec is plain.audio_rate is plain.audio_channels is None
    full = probe(
        write(tmp_path / "z.mkv", range(0, 200, 40), codec="ffv1", layout="yuv444p", options={"level": "3"})
    )
    assert full.pixel_format == "yuv444p"


@pytest.mark.parametrize(("counterclockwise", "clockwise"), [(90, 270), (-90, 90), (180, 180)])
def test_size_as_shown_follows_rotation_and_pixel_shape(tmp_path, counterclockwise, clockwise):
    path = write(
        tmp_path / "x.mp4", range(0, 200, 40), size=(66, 48), rotation=counterclockwise, sar=Fraction(16, 11)
    )
    facts = probe(path)
    assert (facts.coded_width, facts.coded_height, facts.rotation, facts.sar) == (66, 48, clockwise, "16:11")
    assert (facts.width, facts.height) == ((96, 48) if clockwise == 180 else (48, 96))
    assert facts.bits_per_pixel == pytest.approx(facts.video_bytes * 8 / (5 * 96 * 48))


def test_variable_rate_and_a_late_start(tmp_path):
    pts = [500, 540, 580, 700, 740, 1300, 1340]
    facts = probe(write(tmp_path / "x.mkv", pts))
    assert facts.vfr is True
    assert facts.irregular is False
    assert facts.fps == pytest.approx(6 / 0.84)
    assert facts.start_seconds == pytest.approx(0.5, abs=0.05)
    assert facts.seconds == pytest.approx(0.84 + 0.04, abs=0.001)


@pytest.mark.parametrize("fps", [Fraction(30000, 1001), Fraction(24), Fraction(60000, 1001), Fraction(50)])
@pytest.mark.parametrize("name", ["x.mp4", "x.mkv", "x.flv", "x.ts"])
def test_constant_rates_stay_constant_in_any_time_base(tmp_path, fps, name):
    facts = probe(write(tmp_path / name, range(40), base=1 / fps, fps=fps))
    assert facts.vfr is False
    assert facts.fps == pytest.approx(float(fps), rel=1e-3 if name == "x.flv" else 1e-4)


def test_one_dropped_frame_is_a_variable_rate():
    thirty, base = Fraction(30), Fraction(1, 30)
    whole = np.arange(100)
    assert rate(whole, base, thirty) == (30.0, False)
    assert rate(np.delete(whole, 50), base, thirty) == (pytest.approx(30 * 98 / 99), True)
    fine = Fraction(1, 15360)
    assert rate(np.delete(whole, 50) * 512, fine, thirty)[1] is True
    assert rate(np.delete(whole, 50) * 512, fine, None)[1] is True


def test_rounding_to_a_time_base_is_no_variable_rate():
    exact = np.arange(500) * 1001 / 30
    assert constant_spacing(np.rint(exact).astype(np.int64), 1001 / 30, MS)
    assert constant_spacing(np.floor(exact).astype(np.int64), 1001 / 30, MS)
    remuxed = np.rint(exact).astype(np.int64) * 90  # milliseconds in a 90 kHz clock
    assert constant_spacing(remuxed, 1001 / 30 * 90, Fraction(1, 90000))
    wobbling = np.rint(exact + 2 * (np.arange(500) % 2)).astype(np.int64)
    assert not constant_spacing(wobbling, 1001 / 30, MS)


def test_rates_of_hardly_any_frames():
    assert rate(np.array([7]), MS, Fraction(24)) == (24.0, False)
    assert rate(np.array([7]), MS, None) == (0.0, False)
    assert rate(np.array([0, 40]), MS, None) == (25.0, False)
    assert rate(np.array([0, 40]), MS, Fraction(24)) == (25.0, False)
    assert rate(np.zeros(0, np.int64), MS, None) == (0.0, False)


def test_a_wrong_nominal_rate_is_overruled():
    assert rate(np.arange(50) * 100, MS, Fraction(25)) == (10.0, False)


def test_one_frame(tmp_path):
    facts = probe(write(tmp_path / "x.mp4", [0]))
    assert (facts.frames, facts.keyframes, facts.vfr) == (1, 1, False)
    assert facts.seconds > 0


def test_containers_without_presentation_times_are_irregular(tmp_path):
    path = write(tmp_path / "b.avi", range(30), base=Fraction(1, 25))
    assert probe(path).irregular is True
    assert probe(write(tmp_path / "p.avi", range(30), base=Fraction(1, 25), codec="mpeg4")).irregular is False
    assert probe(write(tmp_path / "b.mp4", range(30), base=Fraction(1, 25))).irregular is False


def test_repeated_timestamps_are_irregular(tmp_path):
    # Two clocks in one file: a transport stream that was pasted together.
    part = write(tmp_path / "x.ts", range(20), base=Fraction(1, 25), codec="mpeg2video", options={"g": "5"})
    data = (tmp_path / "x.ts").read_bytes()
    (tmp_path / "twice.ts").write_bytes(data * 2)
    assert probe(part).irregular is False
    facts = probe(str(tmp_path / "twice.ts"))
    assert facts.irregular is True
    assert facts.frames == 40


def test_an_edit_list_hides_frames(tmp_path):
    """Frames that a player skips are neither counted nor decoded."""
    source = write(tmp_path / "x.mp4", range(0, 2000, 40), options={"g": "50", "bf": "0"})
    cut = str(tmp_path / "cut.mp4")
    with av.open(source) as given, av.open(cut, "w") as taken:
        stream = taken.add_stream_from_template(given.streams.video[0])
        base = given.streams.video[0].time_base
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.pts -= round(Fraction(1) / base)
                packet.dts -= round(Fraction(1) / base)
                packet.stream = stream
                taken.mux(packet)
    facts = probe(cut)
    frames = list(decode(cut))
    assert facts.frames == len(frames)
    assert all(a.pts < b.pts for a, b in pairwise(frames))


def test_probing_decodes_one_frame_only(tmp_path, monkeypatch):
    path = write(tmp_path / "x.mp4", range(0, 4000, 40))
    with open_video(path) as container:
        stream = video_stream(container)
        module = __import__("importlib").import_module("curate.media.probe")
        decoded = []
        first = module._first
        monkeypatch.setattr(module, "_first", lambda packet: decoded.append(1) or first(packet))
        packets, frame = module._read(container, stream)
    assert frame is not None
    assert packets.count == 100
    assert len(decoded) < 20


def test_a_file_without_pictures_is_an_error(tmp_path):
    with av.open(str(tmp_path / "x.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    with pytest.raises(MediaError, match=r"x\.mkv"):
        probe(str(tmp_path / "x.mkv"))


REAL = [
    # name, size as shown, rotation, fps, frames, vfr, irregular
    ("decord__video_90.mov", (320, 568), 90, 30.0, 3, False, False),
    ("decord__video_180.mov", (568, 320), 180, 30.0, 3, False, False),
    ("decord__video_270.mov", (320, 568), 270, 30.0, 3, False, False),
    ("decord__unordered.mov", (50, 50), 0, 32.0, 4, False, False),
    ("psd__issue-134-rotate.mp4", (544, 1280), 90, 24000 / 1001, 240, False, False),
    ("psd__issue-195-aspect-ratio.mp4", (1024, 576), 0, 25.0, 628, False, False),
    ("psd__goldeneye-vfr-drop3.mp4", (1280, 544), 0, 16.018, 160, True, False),
    ("mpy__fire2.mp4", (1280, 720), 180, 10.527, 25, True, False),
    ("tc__nasa_13013_vfr.mp4", (480, 270), 0, 12.552, 50, True, False),
    ("tc__nasa_13013_mkv_duration_tag.mkv", (480, 270), 0, 30000 / 1001, 390, False, False),
    ("mma__S001C001P001R001A001_rgb.avi", (1920, 1080), 0, 30.0, 103, False, True),
    ("mpy__clip1024.flv", (112, 80), 0, 10.0, 174, False, False),
    ("aa__making_cake.mp4", (320, 426), 0, 30.0, 300, False, False),
    ("dj__temp_video.mp4", (1280, 720), 0, 23.976, 67, False, False),
]


@pytest.mark.real
@pytest.mark.parametrize(("name", "size", "rotation", "fps", "frames", "vfr", "irregular"), REAL)
def test_real_files(real_videos, name, size, rotation, fps, frames, vfr, irregular):
    facts = probe(str(real_videos / name))
    assert (facts.width, facts.height, facts.rotation, facts.frames) == (*size, rotation, frames)
    assert (facts.vfr, facts.irregular) == (vfr, irregular)
    assert facts.fps == pytest.approx(fps, abs=0.001)


@pytest.mark.real
@pytest.mark.parametrize(
    "name", ["dj__0zVCgJCEXVY_1_0TEMP_MPY_wvf_snd.mp4", "ffn__out.mp4", "README.md", "cuts.json"]
)
def test_real_files_that_are_no_video(real_videos, name):
    with pytest.raises(MediaError, match=name):
        probe(str(real_videos / name))


def test_progress_is_told_for_every_packet(tmp_path):
    path = write(tmp_path / "x.mp4", range(0, 400, 40))
    told = []
    probe(path, lambda: told.append(1))
    assert len(told) >= 10


def test_the_child_reports_the_progress_of_a_probe(tmp_path):
    # Without it the whole pass, minutes for a large file, would have to end within the stall limit.
    path = write(tmp_path / "x.mp4", range(0, 400, 40))
    told = []
    assert child_tasks.probe(path, progress=lambda: told.append(1))["frames"] == 10
    assert len(told) >= 10
