"""Clips out of shards: the bytes that were written, and the frames that are shown at given times."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from curate.media import MediaError, Viewer
from curate.media.clip_reader import pictures, read_range
from curate.media.clip_writer import ClipWriter, VideoSettings
from curate.sharding.tar import digest_of
from tests import making


def test_a_range_of_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(200)))
    assert read_range(str(path), 10, 5) == bytes(range(10, 15))
    assert read_range(str(path), 0, 0) == b""
    digest = digest_of(str(path), 10, 5)
    assert read_range(str(path), 10, 5, digest) == bytes(range(10, 15))
    with pytest.raises(MediaError, match=r"5 bytes from 11 of a\.bin are not those that were written"):
        read_range(str(path), 11, 5, digest)
    with pytest.raises(MediaError, match=r"a\.bin ends 3 bytes too early"):
        read_range(str(path), 198, 5)
    with pytest.raises(FileNotFoundError):
        read_range(str(tmp_path / "none"), 0, 1)


def numbered(path: Path, ticks: list[int], end: int, base: int = 1000) -> bytes:
    """An MP4 whose frame k has the grey level 20 + 4k (beginning anew after 55) and is shown at ticks[k] /
    base seconds."""
    viewer = Viewer()
    writer = ClipWriter(str(path), VideoSettings(64, 48, 4, "veryfast", base, Fraction(25)), None)
    for k, (at, until) in enumerate(zip(ticks, [*ticks[1:], end], strict=True)):
        grey = np.full((48, 64, 3), 20 + 4 * (k % 55), np.uint8)
        writer.add(viewer.yuv(av.VideoFrame.from_ndarray(grey, format="rgb24"), (64, 48)), at, until - at)
    writer.finish()
    writer.close()
    return path.read_bytes()


def number(frame: av.VideoFrame) -> Any:
    return np.array(round((float(np.mean(Viewer().rgb_of(frame, (64, 48)))) - 20) / 4))


def shown(data: bytes, seconds: list[float]) -> list[int]:
    return [int(value) for value in pictures(data, "clip", seconds, number)]


def test_the_frames_shown_at_times(tmp_path: Path) -> None:
    data = numbered(tmp_path / "even.mp4", [40 * k for k in range(40)], 1600)
    assert shown(data, [0.02, 0.06, 0.1]) == [0, 1, 2]
    assert shown(data, [0.0, 0.039, 0.04, 0.3, 0.3]) == [0, 0, 1, 7, 7]
    assert shown(data, [1.599]) == [39]
    with pytest.raises(MediaError, match=r"clip has no frame at 1\.601 s"):
        shown(data, [1.5, 1.601])


def test_a_variable_rate_is_taken_by_time(tmp_path: Path) -> None:
    ticks = [0, 10, 20, 500, 520, 900]
    data = numbered(tmp_path / "vfr.mp4", ticks, 2000)
    assert shown(data, [0.005, 0.015, 0.25, 0.499, 0.51, 0.53, 0.95, 1.99]) == [0, 1, 2, 2, 3, 4, 5, 5]
    with pytest.raises(MediaError, match="no frame at"):
        shown(data, [2.01])


def test_late_times_are_sought(tmp_path: Path) -> None:
    data = numbered(
        tmp_path / "long.mp4", [10 * k for k in range(50)] + [500 + 40 * k for k in range(300)], 12500
    )
    times = [9.02 + 0.04 * k for k in range(5)]
    assert shown(data, times) == shown(data, [0.0, *times])[1:]


def test_damage_is_an_error(tmp_path: Path) -> None:
    path = making.write(tmp_path / "a.mp4", frames=20)
    data = path.read_bytes()
    for broken, reason in (
        (b"", "no MP4"),
        (b"#EXTM3U\nhttp://example.org/x.mp4", "no MP4"),
        (data[: len(data) // 2], "no MP4"),
        (making.gif_of(tmp_path / "b.gif", 8).read_bytes(), "no MP4"),
    ):
        with pytest.raises(MediaError, match=reason):
            shown(broken, [0.0])
    start, end = making.box(data, b"mdat")
    holed = data[:start] + bytes(end - start) + data[end:]
    with pytest.raises(MediaError):
        shown(holed, [0.0])
