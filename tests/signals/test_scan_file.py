"""The scan of whole files: its parts, its result, and what it leaves behind."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import av
import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import curate
from curate.media import MediaError, Viewer, decode
from curate.signals import GROUPS
from curate.signals.frames import FramesOptions
from curate.signals.scan_file import ScanResult, scan_file, scan_from_json
from tests.making import write

ID = bytes(range(16))


def scan(path: Path, out: Path, groups: tuple[str, ...] = tuple(GROUPS), **options: object) -> ScanResult:
    frames = options.pop("frames", FramesOptions())
    return scan_file(str(path), out, video_id=ID, groups=groups, frames=frames, name="part", **options)  # type: ignore[arg-type]


def calm(path: Path) -> Path:
    """Two seconds of 320x240 at 25 frames/s in which a light comes up slowly."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 320, 240
        for index in range(50):
            picture = np.full((240, 320, 3), 60 + index, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_parts_hold_a_row_per_frame_and_the_sampled_pictures(tmp_path: Path) -> None:
    video = write(tmp_path / "a.mp4", frames=40, size=(320, 240), fps=25)
    seen: list[float] = []
    result = scan(video, tmp_path / "out", progress=seen.append)
    assert seen == list(range(1, 41))
    decoded = list(decode(str(video)))
    base = decoded[1].pts - decoded[0].pts
    assert (result.frames_decoded, result.start_pts, result.end_pts) == (40, 0, 40 * base)
    assert result.seconds == pytest.approx(1.6)
    assert (result.salvaged, result.errors, result.first_error, result.reordered, result.filled) == (
        False, 0, None, False, 0,
    )  # fmt: skip
    assert sorted(result.parts) == sorted([*GROUPS, "frames"])
    assert result.parts["audio"].rows == 0
    for group, part in result.parts.items():
        file = tmp_path / "out" / part.path
        assert file.stat().st_size == part.bytes
        table = pq.read_table(file)
        assert table.num_rows == part.rows
        assert table.schema.field("video_id").type == pa.uuid()
        assert set(table["video_id"].combine_chunks().storage.to_pylist()) == ({ID} if part.rows else set())
        if group not in ("frames", "audio"):
            assert part.path == f"signals/{group}/part.parquet"
            assert table.schema.names == ["video_id", "pts", *GROUPS[group].schema.names]
            assert table["pts"].to_pylist() == [frame.pts for frame in decoded]
    stored = pq.read_table(tmp_path / "out" / "frames" / "part.parquet")
    # The texture moves so much that every frame is a spike: all points of the 8 Hz grid.
    taken = [0, 4, 7, 10, 13, 16, 19, 22, 25, 29, 32, 35, 38]
    assert stored["pts"].to_pylist() == [index * base for index in taken]
    shown = cv2.imdecode(np.frombuffer(stored["jpeg"][4].as_py(), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert np.abs(shown.astype(int) - Viewer().rgb(decoded[13].image)).mean() < 4
    json.dumps(asdict(result))


def test_options_of_the_frames(tmp_path: Path) -> None:
    video = calm(tmp_path / "a.mp4")
    small = FramesOptions(frames_per_second=1, short_side=64, quality=50)
    result = scan(video, tmp_path / "out", groups=("content",), frames=small)
    assert sorted(result.parts) == ["content", "frames"]
    jpegs = pq.read_table(tmp_path / "out" / "frames" / "part.parquet")["jpeg"].to_pylist()
    assert len(jpegs) == 2
    assert cv2.imdecode(np.frombuffer(jpegs[0], np.uint8), cv2.IMREAD_COLOR).shape == (64, 85, 3)
    assert scan(video, tmp_path / "usual").parts["frames"].rows == 4
    none = scan(video, tmp_path / "none", groups=("flow",), frames=None)
    assert list(none.parts) == ["flow"]
    assert sorted(files(tmp_path / "none")) == ["signals/flow/part.parquet"]


def test_the_same_file_gives_the_same_bytes_and_groups_do_not_depend_on_each_other(tmp_path: Path) -> None:
    video = write(tmp_path / "a.mp4", frames=40, size=(320, 240))
    scan(video, tmp_path / "one")
    scan(video, tmp_path / "two")
    whole = files(tmp_path / "one")
    assert whole == files(tmp_path / "two")
    for group in GROUPS:
        scan(video, tmp_path / group, groups=(group,), frames=FramesOptions(frames_per_second=5))
        name = f"signals/{group}/part.parquet"
        assert files(tmp_path / group)[name] == whole[name]


def test_json_arguments_do_the_same(tmp_path: Path) -> None:
    video = write(tmp_path / "a.mp4", frames=10)
    scan(video, tmp_path / "one")
    scan_from_json(str(video), str(tmp_path / "two"), ID.hex(), list(GROUPS), {"quality": 90}, "part")
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_failures_leave_nothing_behind(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video at all" * 100)
    with pytest.raises(MediaError, match=r"broken\.mp4"):
        scan(broken, tmp_path / "out")
    video = write(tmp_path / "a.mp4", frames=10)

    def stop(done: float) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(video, tmp_path / "out", progress=stop)
    with pytest.raises(ValueError, match="unknown signal group 'colour'; known are content, picture, flow"):
        scan(video, tmp_path / "out", groups=("colour",))
    assert files(tmp_path / "out") == {}


def test_a_file_cut_short_is_salvaged(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.mkv", frames=60, size=(320, 240)).read_bytes()
    short = tmp_path / "short.mkv"
    damaged = bytearray(whole)
    middle = len(damaged) // 2
    damaged[middle : middle + 400] = np.random.default_rng(0).bytes(400)
    short.write_bytes(damaged)
    result = scan(short, tmp_path / "out")
    assert 20 < result.frames_decoded <= 60
    assert result.parts["content"].rows == result.parts["flow"].rows == result.frames_decoded


PEAK = """
import resource, sys
from curate.signals import GROUPS
from curate.signals.frames import FramesOptions
from curate.signals.scan_file import scan_file
scan_file(sys.argv[1], sys.argv[2], video_id=bytes(16), groups=list(GROUPS), frames=FramesOptions(), name="p")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    peaks = []
    for seconds in (20, 120):
        # 100 frames/s, so that the longer file fills row groups more than once.
        video = write(tmp_path / f"{seconds}.mp4", frames=seconds * 100, size=(64, 48), fps=100)
        root = str(Path(curate.__file__).parents[1])
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(video), str(tmp_path / str(seconds))],
            env={"PYTHONPATH": root}, check=True, capture_output=True, text=True,
        )  # fmt: skip
        peaks.append(int(done.stdout))
    assert peaks[1] < 1.3 * peaks[0], peaks


@pytest.mark.real
@pytest.mark.parametrize("name", ["decord__video_90.mov", "tc__nasa_13013_hdr.mp4", "skv__luma.mp4"])
def test_real_files_of_odd_kinds(real_videos: Path, tmp_path: Path, name: str) -> None:
    result = scan(real_videos / name, tmp_path)
    frames = list(decode(str(real_videos / name)))
    assert result.frames_decoded == len(frames)
    assert result.end_pts == frames[-1].pts + frames[-1].duration
    assert result.parts["picture"].rows == len(frames)
    luma = pq.read_table(tmp_path / result.parts["picture"].path)["luma"].to_numpy()
    assert luma.std() < 60
    assert 5 < luma.mean() < 250
