"""Chunks give the bytes of one scan or are refused, on made-up files of every kind that seeks oddly."""

import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pyarrow as pa
import pytest

from curate.media.probe import Entry
from curate.signals import GROUPS, Group
from curate.signals.chunks import Chunk, Overlap, Watched, plan_chunks
from curate.signals.frames import FramesOptions
from curate.signals.merge import Unclean, check
from curate.signals.view import FrameView
from tests.making import write
from tests.signals.chunking import Both

OPEN = "open-gop=1:bframes=3:b-pyramid=normal:keyint=30:min-keyint=30:scenecut=0"
X265 = "open-gop=1:bframes=3:keyint=30:min-keyint=30:log-level=none:pools=none:frame-threads=1"
MPEG2 = {"g": "15", "bf": "2"}
FRAMES = 160


def h264(more: str) -> dict[str, str]:
    return {"preset": "fast", "x264-params": f"cpu-independent=1:{more}"}


KINDS: dict[str, dict[str, Any]] = {
    "closed.mp4": {"options": h264("keyint=30:scenecut=0")},
    "open.mp4": {"options": h264(OPEN)},
    "open.ts": {"options": h264(OPEN), "muxer": "mpegts"},
    "open.flv": {"options": h264(OPEN)},
    "refresh.mkv": {"options": h264("intra-refresh=1:keyint=30:bframes=0")},
    "hevc.ts": {
        "codec": "libx265", "options": {"preset": "ultrafast", "x265-params": X265}, "muxer": "mpegts",
    },
    "mpeg2.mpg": {"codec": "mpeg2video", "options": MPEG2, "muxer": "vob"},
    "mpeg1.mpg": {"codec": "mpeg1video", "options": MPEG2, "muxer": "mpeg"},
    "mpeg2.ts": {"codec": "mpeg2video", "options": MPEG2, "muxer": "mpegts"},
    "mpeg4.avi": {"codec": "mpeg4", "options": MPEG2},
    "sorenson.flv": {"codec": "flv1", "options": {"g": "15"}},
    "vp9.webm": {
        "codec": "libvpx-vp9",
        "options": {"g": "30", "cpu-used": "8", "deadline": "good", "lag-in-frames": "16", "row-mt": "0"},
    },
    "vp8.webm": {
        "codec": "libvpx",
        "options": {"g": "30", "cpu-used": "8", "lag-in-frames": "16", "auto-alt-ref": "1"},
    },
    "mjpeg.avi": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
    "late.mp4": {"options": h264("keyint=30:scenecut=0"), "first": 1000},
    "vfr.mp4": {
        "options": h264("keyint=30:scenecut=0"),
        "milliseconds": [40 * k + k % 7 * 5 + k // 20 * 150 for k in range(FRAMES)],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_chunks_give_the_bytes_of_one_scan(tmp_path: Path, name: str) -> None:
    both = Both(write(tmp_path / name, frames=FRAMES, **KINDS[name]), tmp_path)
    assert both.compare(1.5) in (3, 4)


def test_avi_with_b_frames_has_no_times_to_split_at(tmp_path: Path) -> None:
    both = Both(write(tmp_path / "a.avi", frames=80, options=h264(OPEN)), tmp_path)
    assert (both.facts.irregular, both.facts.entries) == (True, [])
    assert both.compare(1) == 1


def test_short_files_and_those_of_one_keyframe_are_not_split(tmp_path: Path) -> None:
    both = Both(write(tmp_path / "a.mp4", frames=100, options=h264("keyint=30:scenecut=0")), tmp_path)
    assert len(both.plan(2.6)) == 2  # at 4 s, from one and a half on
    assert both.compare(2.7) == 1
    single = Both(write(tmp_path / "b.mp4", frames=100, options=h264("keyint=infinite")), tmp_path / "b")
    assert single.compare(1) == 1


def claimed(source: Path, target: Path, every: int) -> Path:
    """A copy that calls every `every`-th packet a keyframe."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        packets = (packet for packet in old.demux(video=0) if packet.size)
        for number, packet in enumerate(packets):
            packet.is_keyframe = number % every == 0
            packet.stream = stream
            new.mux(packet)
    return target


def test_keyframes_that_are_none_are_found_out(tmp_path: Path) -> None:
    true = write(tmp_path / "true.mp4", frames=100, codec="mpeg4", options={"g": "600"})
    both = Both(claimed(true, tmp_path / "claimed.mp4", 25), tmp_path)
    assert len(both.plan(1.5)) > 1
    assert re.search("decodes to other pictures|errors while|cannot be sought", str(both.compare(1.5)))


def test_a_broken_packet_refuses_the_chunks(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", frames=100, options=h264("keyint=30:scenecut=0"))
    with av.open(str(path)) as container:
        broken = [packet for packet in container.demux(video=0) if packet.size][50]
        place, size = broken.pos, broken.size
    data = bytearray(path.read_bytes())
    data[place : place + size] = b"\xff" * size
    path.write_bytes(data)
    both = Both(path, tmp_path)
    assert both.whole.salvaged
    assert re.search("errors while|damaged|packets that gave no", str(both.compare(1.5)))


@pytest.mark.parametrize("name", ["open.ts", "mpeg2.mpg", "hevc.ts"])
def test_a_recording_that_begins_in_the_middle_of_a_gop(tmp_path: Path, name: str) -> None:
    whole = write(tmp_path / name, frames=FRAMES, **KINDS[name]).read_bytes()
    path = tmp_path / f"cut.{name}"
    unit = 2048 if name.endswith("mpg") else 188
    path.write_bytes(whole[len(whole) // 16 // unit * unit :])
    both = Both(path, tmp_path)
    assert both.compare(1.5) in (2, 3, 4)
    assert both.whole.frames_decoded < both.facts.frames <= FRAMES


def test_pictures_that_change_size_midway(tmp_path: Path) -> None:
    options = h264("keyint=15:scenecut=0:bframes=0")
    parts = [
        write(tmp_path / f"{first}.ts", frames=75, muxer="mpegts", options=options, size=size, first=first)
        for first, size in ((0, (160, 120)), (76, (240, 160)))
    ]  # fmt: skip
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    both = Both(path, tmp_path)
    assert both.whole.frames_decoded == 150
    assert both.compare(1.5) in (3, 4)


def test_rare_frames_look_back_further(tmp_path: Path) -> None:
    """After a spike, frames are sampled until the next point of the grid, here for two seconds."""
    path = write(tmp_path / "a.mp4", frames=FRAMES, options=h264("keyint=15:scenecut=0"))
    both = Both(path, tmp_path, FramesOptions(frames_per_second=0.5))
    cut = both.plan(2)[1]
    assert (cut.start - cut.entry) * Fraction(both.facts.time_base) >= 2.5
    assert both.compare(2) == 2


class Count:
    """A measure that remembers the whole file, as none may."""

    def __init__(self, _: Fraction) -> None:
        self.frames = 0

    def update(self, view: FrameView) -> tuple[int]:
        self.frames += 1
        return (self.frames,)


def test_a_measure_that_remembers_too_much_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GROUPS, "count", Group("count", 1, pa.schema([("frames", pa.int64())]), Count))
    path = write(tmp_path / "a.mp4", frames=100, options=h264("keyint=30:scenecut=0"))
    both = Both(path, tmp_path, groups=("content", "count"))
    assert both.compare(1.5) == "chunk 2 of 2 measures count otherwise than the one before"


# -- the plan ----------------------------------------------------------------------------------------------

TICKS = Fraction(1, 1000)


def entries(every: int, until: int) -> list[Entry]:
    return [Entry(pts, pts + 1300) for pts in range(0, until - 1300, every)]


def planned(found: list[Entry], seconds: float, chunk: float, **more: float) -> list[Chunk]:
    return plan_chunks(found, TICKS, start_seconds=0.0, seconds=seconds, chunk_seconds=chunk, **more)


def test_two_hours_make_even_chunks_that_overlap_a_little() -> None:
    plan = planned(entries(2000, 7_200_000), 7200, 300)
    assert len(plan) == 24
    assert (plan[0].entry, plan[0].start, plan[-1].next_entry, plan[-1].end) == (None, None, None, None)
    for one, following in pairwise(plan):
        assert (one.end, one.next_entry) == (following.start, following.entry)
        assert following.entry < following.warm < following.start == following.entry + 1300
    starts = [0, *(chunk.start for chunk in plan[1:]), 7_200_000]
    assert {298_000 <= b - a <= 303_000 for a, b in pairwise(starts)} == {True}


def test_a_file_without_entries_or_of_less_than_one_and_a_half_chunks_is_one() -> None:
    assert planned([], 7200, 300) == planned([Entry(0, 1300)], 7200, 300) == [Chunk()]
    assert planned(entries(1000, 400_000), 400, 300) == [Chunk()]
    assert len(planned(entries(1000, 460_000), 460, 300)) == 2


def test_entries_lie_in_the_chunk_before_and_rare_ones_make_longer_chunks() -> None:
    for found in (entries(1000, 60_000), entries(7000, 60_000), entries(25_000, 60_000)):
        plan = planned(found, 60, 1)
        assert len(plan) > 2
        reach = 0
        for chunk in plan[1:]:
            assert chunk.entry >= reach
            reach = chunk.start
    assert [chunk.start for chunk in planned(entries(25_000, 60_000), 60, 1)[1:]] == [26_300, 51_300]


# -- what refuses chunks -----------------------------------------------------------------------------------


def seen(lead: str = "b", tail: str = "b", **more: Any) -> Watched:
    return Watched(Overlap(40, lead, "d"), Overlap(40, tail, "d"), 0, 100, more.get("doubt"))


@pytest.mark.parametrize(
    ("watched", "counts", "reason"),
    [
        ([seen(), seen(doubt="2 errors")], [50, 50], "chunk 2 of 2 has 2 errors"),
        ([seen(), seen()], [100, 0], "chunk 2 of 2 has no frame"),
        ([seen(), seen(lead="x")], [50, 50], "chunk 2 of 2 decodes to other pictures"),
        ([seen(), replace(seen(), lead=Overlap(39, "b", "d"))], [50, 50], "39 frames where .* gives 40"),
        ([seen(), replace(seen(), lead=Overlap(40, "b", "e"))], [50, 50], "the length of the last frame"),
        ([seen(), seen()], [50, 49], "the chunks have 99 frames and the file 100 packets"),
    ],
)
def test_chunks_that_do_not_fit(watched: list[Watched], counts: list[int], reason: str) -> None:
    check([seen(), seen()], [50, 50], 100)
    with pytest.raises(Unclean, match=reason):
        check(watched, counts, 100)
