"""Timestamps, salvage and seeking, on files with known pictures: each shows its number as a level of grey."""

from fractions import Fraction
from importlib import import_module
from itertools import pairwise

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from curate.media.container import open_video, video_stream
from curate.media.decode import DecodeReport, Frame, decode, decode_from
from curate.media.errors import MediaError

module = import_module("curate.media.decode")  # the package's own `decode` is the function

LEVELS = [30 + 13 * (7 * i % 17) for i in range(400)]
"""Grey level of picture i; neighbours differ by 39 at least."""


def write(path, pts, codec="libx264", base=Fraction(1, 1000), options=None, muxer=None):
    """One picture for each pts; whether B-frames are used is the codec's choice."""
    with av.open(str(path), "w", options=muxer or {}) as container:
        options = options or {"bf": "2", "g": "12", "x264-params": "scenecut=0"}
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = base
        for number, stamp in enumerate(pts):
            frame = VideoFrame.from_ndarray(np.full((48, 64), LEVELS[number], np.uint8), "gray")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = stamp, base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return str(path)


def luma(frame: Frame) -> np.ndarray:
    image = frame.image
    return np.frombuffer(image.planes[0], np.uint8).reshape(image.height, -1)[:, : image.width]


def number(frame: Frame) -> int:
    """Which of the first 17 pictures (they repeat) this is, by its grey."""
    full = (float(luma(frame).mean()) - 16) * 255 / 219
    return int(np.abs(np.array(LEVELS[:17]) - full).argmin())


def seen(frames: list[Frame]) -> list[tuple[int, int, bytes]]:
    return [(frame.pts, frame.duration, luma(frame).tobytes()) for frame in frames]


def numbers(frames: list[Frame]) -> list[int]:
    return [number(frame) for frame in frames]


def ticks(path: str, base: Fraction = Fraction(1, 1000)) -> Fraction:
    """Ticks of the file's own time base in one of `base`."""
    with open_video(path) as container:
        return base / Fraction(video_stream(container).time_base)


def test_frames_come_in_order_with_their_own_times_and_durations(tmp_path):
    pts = [40, 80, 95, 200, 240, 1000, 1040, 1041]
    path = write(tmp_path / "vfr.mp4", pts)
    scale, report = ticks(path), DecodeReport()
    frames = list(decode(path, report=report))
    assert [frame.pts for frame in frames] == [stamp * scale for stamp in pts]
    assert [frame.index for frame in frames] == list(range(8))
    assert [frame.duration for frame in frames[:-1]] == [(b - a) * scale for a, b in pairwise(pts)]
    assert frames[-1].duration > 0
    assert numbers(frames) == list(range(8))
    assert report == DecodeReport(frames=8)


SPANS = [(0, 480), (480, 960), (500, 501), (520, None), (None, 200), (1600, 1700), (40, 40)]


@pytest.mark.parametrize("seek", [True, False])
@pytest.mark.parametrize(("start", "end"), SPANS)
def test_a_span_is_the_same_by_seeking_and_from_the_start(tmp_path, seek, start, end):
    path = write(tmp_path / "x.mp4", range(0, 1600, 40))
    scale = int(ticks(path))
    everything = list(decode(path))
    low, high = (start or 0) * scale, (end or 10**6) * scale
    expected = [frame for frame in everything if low <= frame.pts < high]
    span = (None if start is None else start * scale, None if end is None else end * scale)
    got = list(decode(path, start_pts=span[0], end_pts=span[1], seek=seek))
    assert [(frame.pts, frame.duration) for frame in got] == [
        (frame.pts, frame.duration) for frame in expected
    ]
    assert numbers(got) == numbers(expected)
    if start is None or not seek:
        assert [frame.index for frame in got] == [frame.index for frame in expected]
    else:
        assert all(frame.index in (-1, other.index) for frame, other in zip(got, expected, strict=True))


def test_seeking_starts_at_the_keyframe_and_not_at_the_beginning(tmp_path):
    path = write(tmp_path / "x.mp4", range(0, 8000, 40))  # 200 frames, a keyframe every 12
    report = DecodeReport()
    start = int(7800 * ticks(path))
    got = list(decode(path, start_pts=start, report=report))
    assert [frame.pts for frame in got] == [int(stamp * ticks(path)) for stamp in range(7800, 8000, 40)]
    assert {frame.index for frame in got} == {-1}
    assert 5 <= report.frames <= 5 + 12


def test_decoding_from_a_keyframe_begins_with_it_or_not_at_all(tmp_path):
    path = write(tmp_path / "x.mp4", range(0, 4000, 40))  # a keyframe every 12
    scale = int(ticks(path))
    everything = seen(list(decode(path)))
    report, passed = DecodeReport(), []
    entry, end = 36 * 40 * scale, 60 * 40 * scale
    got = decode_from(path, entry, end_pts=end, report=report, passing=lambda: passed.append(1))
    assert seen(list(got)) == everything[36:60]
    assert 24 <= report.frames <= 24 + 12
    assert report.lost == 0
    # Not a keyframe: decoded from the one before, and still begins there.
    assert seen(list(decode_from(path, 41 * 40 * scale, end_pts=end))) == everything[41:60]
    with pytest.raises(MediaError, match=r"x\.mp4 cannot be sought in: decode it from its start"):
        list(decode_from(path, entry + 1))


def test_packets_without_a_picture_are_counted_as_lost(monkeypatch):
    assert ordered(monkeypatch, [0, 10, 20, 30])[1].lost == 0

    def pictures(packets, awaited, report):
        for stamp in range(0, 400, 10):
            awaited.add(stamp)
            if stamp not in (0, 200, 210, 390):  # what comes before the first picture is not counted
                yield Picture(stamp)

    monkeypatch.setattr(module, "_pictures", pictures)
    report = DecodeReport()
    assert len(list(module._ordered(None, 10, report))) == 36
    assert report.lost == 3


def test_containers_without_presentation_times_come_in_order(tmp_path):
    path = write(tmp_path / "x.avi", range(30), base=Fraction(1, 25))
    report = DecodeReport()
    frames = list(decode(path, report=report))
    assert numbers(frames) == [i % 17 for i in range(30)]
    assert {b.pts - a.pts for a, b in pairwise(frames)} == {1}
    assert report.reordered > 0
    assert report.filled == 0


def test_raw_streams_get_times(tmp_path):
    path = write(tmp_path / "x.h264", range(30), base=Fraction(1, 25))
    frames = list(decode(path))
    assert numbers(frames) == [i % 17 for i in range(30)]
    assert all(a.pts < b.pts for a, b in pairwise(frames))


class Picture:
    """Stands for a decoded picture where only its timestamps matter."""

    def __init__(self, pts, dts=None):
        self.pts, self.dts, self.duration = pts, dts, 0


def ordered(monkeypatch, shown, nominal=10, delay=3):
    """Timestamps written for pictures that come out with `shown`, `delay` packets after their own went in."""
    report = DecodeReport()
    pictures = [stamp if isinstance(stamp, Picture) else Picture(stamp) for stamp in shown]

    def decoded(packets, awaited, report):
        for place in range(-delay, len(pictures)):
            if place + delay < len(pictures) and pictures[place + delay].pts is not None:
                awaited.add(pictures[place + delay].pts)
            if place >= 0:
                yield pictures[place]

    monkeypatch.setattr(module, "_pictures", decoded)
    return [pts for pts, _ in module._ordered(iter(()), nominal, report)], report


def test_swapped_timestamps_are_dealt_out_in_order(monkeypatch):
    stamps, report = ordered(monkeypatch, [0, 10, 30, 20, 40, 60, 50, 70])
    assert stamps == [0, 10, 20, 30, 40, 50, 60, 70]
    assert (report.reordered, report.filled) == (4, 0)


def test_missing_timestamps_are_filled(monkeypatch):
    stamps, report = ordered(monkeypatch, [0, 10, None, None, 40])
    assert stamps == [0, 10, 20, 30, 40]
    assert report.filled == 2
    assert ordered(monkeypatch, [None, None, None])[0] == [0, 10, 20]
    assert ordered(monkeypatch, [Picture(None, 5), Picture(None, 15)])[0] == [5, 15]


def test_repeated_timestamps_are_moved(monkeypatch):
    stamps, report = ordered(monkeypatch, [0, 10, 10, 30, 40])
    assert stamps == [0, 10, 20, 30, 40]
    assert report.filled == 1


def test_a_clock_that_starts_anew_goes_on_with_its_own_spacing(monkeypatch):
    stamps, report = ordered(monkeypatch, [80, 90, 100, 110, 120, 0, 5, 15, 20])
    assert stamps == [80, 90, 100, 110, 120, 130, 135, 145, 150]
    assert report.filled == 4


def test_one_wild_timestamp_harms_no_other(monkeypatch):
    assert ordered(monkeypatch, [80, 90, 100, 110, 0, 130, 140])[0] == list(range(80, 150, 10))


def test_lost_packets_leave_gaps_and_hold_pictures_for_a_bounded_time(monkeypatch):
    shown = [stamp for stamp in range(0, 1000, 10) if stamp not in (200, 210)]
    held = []

    def pictures(packets, awaited, report):
        for place, stamp in enumerate(shown):
            awaited.update((200, 210) if stamp == 220 else ())
            awaited.add(stamp)
            held.append(place)
            yield Picture(stamp)

    monkeypatch.setattr(module, "_pictures", pictures)
    stamps, most = [], 0
    for pts, _ in module._ordered(iter(()), 10, DecodeReport()):
        stamps.append(pts)
        most = max(most, len(held) - len(stamps))
    assert stamps == shown
    assert most <= module.WINDOW


def test_damage_in_the_middle_is_passed_over_and_counted(tmp_path):
    path = tmp_path / "x.mkv"
    write(path, range(0, 4000, 40), "mpeg4", options={"g": "5"})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300] = np.random.default_rng(0).bytes(300)
    path.write_bytes(data)
    report = DecodeReport()
    frames = list(decode(str(path), report=report))
    assert 60 <= len(frames) < 110
    assert all(a.pts < b.pts for a, b in pairwise(frames))
    again = list(decode(str(path)))
    assert [(f.pts, bytes(f.image.planes[0])) for f in again] == [
        (f.pts, bytes(f.image.planes[0])) for f in frames
    ]


def test_a_broken_packet_is_counted(tmp_path):
    path = tmp_path / "x.mp4"
    write(path, range(0, 2000, 40))
    with av.open(str(path)) as container:
        broken = [packet for packet in container.demux(video=0) if packet.size][20]
        place, size = broken.pos, broken.size
    data = bytearray(path.read_bytes())
    data[place : place + size] = b"\xff" * size
    path.write_bytes(data)
    report = DecodeReport()
    frames = list(decode(str(path), report=report))
    assert 45 <= len(frames) < 50
    assert report.frames == len(frames)
    assert report.errors >= 1
    assert report.salvaged
    assert report.first_error


def test_a_file_cut_short_gives_what_is_there(tmp_path):
    path = tmp_path / "x.mp4"
    write(path, range(0, 4000, 40), muxer={"movflags": "faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    frames = list(decode(str(path)))
    assert 20 < len(frames) < 99
    assert numbers(frames)[:17] == list(range(17))


def test_nothing_that_decodes_is_an_error(tmp_path):
    path = tmp_path / "x.mkv"
    write(path, range(0, 400, 40), "mpeg4", options={"g": "100"})
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for place, size in packets:
        data[place + 10 : place + size] = bytes(max(0, size - 10))
    path.write_bytes(data)
    with pytest.raises(MediaError, match=r"x\.mkv"):
        list(decode(str(path)))


def test_a_span_after_the_end_is_empty_and_no_error(tmp_path):
    path = write(tmp_path / "x.mp4", range(0, 400, 40))
    assert list(decode(path, start_pts=10**9)) == []
    assert list(decode(path, start_pts=10**9, seek=False)) == []


def test_pictures_may_change_size_midway(tmp_path):
    small, large = tmp_path / "a.ts", tmp_path / "b.ts"
    for path, size in ((small, (64, 48)), (large, (128, 96))):
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg2video", rate=25)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            for _ in range(10):
                frame = VideoFrame.from_ndarray(np.full((size[1], size[0]), 90, np.uint8), "gray")
                container.mux(stream.encode(frame.reformat(format="yuv420p")))
            container.mux(stream.encode(None))
    both = tmp_path / "both.ts"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    frames = list(decode(str(both)))
    widths = [frame.image.width for frame in frames]
    assert widths in ([64] * 9 + [128] * 10, [64] * 10 + [128] * 10)  # the decoder may lose the one it holds
    spacing = [b.pts - a.pts for a, b in pairwise(frames)]
    assert set(spacing) == {3600}  # the second clock starts anew


def test_gif(tmp_path):
    path = tmp_path / "x.gif"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("gif", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "rgb8"
        for level in (0, 255, 0, 255):
            frame = VideoFrame.from_ndarray(np.full((32, 32, 3), level, np.uint8), "rgb24")
            container.mux(stream.encode(frame.reformat(format="rgb8")))
        container.mux(stream.encode(None))
    frames = list(decode(str(path)))
    assert [frame.pts for frame in frames] == [0, 10, 20, 30]
    assert [frame.duration for frame in frames] == [10] * 4


def test_threads_change_nothing(tmp_path):
    path = write(tmp_path / "x.mp4", range(0, 2400, 40))
    one, two = (list(decode(path, threads=threads)) for threads in (1, 2))
    assert [(f.pts, bytes(f.image.planes[0])) for f in one] == [
        (f.pts, bytes(f.image.planes[0])) for f in two
    ]


def test_leaving_early_closes_the_file(tmp_path):
    frames = decode(write(tmp_path / "x.mp4", range(0, 400, 40)))
    next(frames)
    frames.close()
    with pytest.raises(StopIteration):
        next(frames)


@pytest.mark.real
def test_real_odd_files(real_videos):
    def run(name):
        report = DecodeReport()
        return list(decode(str(real_videos / name), report=report)), report

    frames, report = run("decord__corrupted.mp4")
    assert (len(frames), report.errors, report.salvaged) == (49, 1, True)
    frames, report = run("decord__unordered.mov")
    assert [frame.pts for frame in frames] == [0, 512, 1024, 1536]
    frames, report = run("mma__S001C001P001R001A001_rgb.avi")
    assert [frame.pts for frame in frames] == list(range(1, 104))
    assert report.reordered > 50
    luma = [np.frombuffer(f.image.planes[0], np.uint8)[::97].astype(int) for f in frames]
    as_decoded = sum(np.abs(a - b).mean() for a, b in pairwise(luma))
    order = np.argsort([frame.image.pts for frame in frames], kind="stable")
    as_stamped = sum(np.abs(luma[a] - luma[b]).mean() for a, b in pairwise(order))
    assert as_decoded < 0.8 * as_stamped  # pictures, not timestamps, come in the right order


class _Image:
    """What the clock looks at of a picture."""

    def __init__(self, pts: int | None, dts: int | None = None) -> None:
        self.pts, self.dts = pts, dts


def clock_of(stamps: list[int | None], nominal: int = 40) -> tuple[list[int], DecodeReport]:
    report = DecodeReport()
    clock = module._Clock(nominal, report)
    written = []
    for stamp in stamps:
        image = _Image(stamp)
        read = clock.read(image)
        written.append(clock.write(image, [read], read)[0])
    return written, report


def test_timestamps_at_the_ends_of_64_bits_are_missing_ones() -> None:
    vast = (1 << 63) - 1
    assert clock_of([0, 40, vast, 120, -vast, 200])[0] == [0, 40, 80, 120, 160, 200]
    assert clock_of([vast, -(1 << 62), 1 << 61])[0] == [0, 40, 80]
    report = clock_of([0, vast])[1]
    assert (report.filled, report.reordered) == (1, 1)


def test_leaps_and_jumps_back_never_leave_64_bits() -> None:
    far = (1 << 61) - 1
    written, _ = clock_of([-far, 0, far, 0, far, 0, far, -far, far, far, far])
    assert all(a < b for a, b in pairwise(written))
    assert max(map(abs, written)) < 1 << 62
    assert written[:3] == [-far, 0, far]
    assert clock_of([0, 40, 80, 1 << 60, (1 << 60) + 40])[0] == [0, 40, 80, 1 << 60, (1 << 60) + 40]
