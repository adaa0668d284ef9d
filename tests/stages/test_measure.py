"""Measuring clips from stored signals: what a plugin is shown, and a failing clip that fails alone."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest

from curate import clips
from curate.plugins import ClipView, Score, SignalFilter
from curate.state import Rows, Video
from curate.storage import Folder
from curate.tables import to_table, write_parquet
from stages import measure, signals
from stages.measure import outcome, views

ONE, TWO, LOST = (clips.digest(name) for name in (b"one", b"two", b"lost"))
SCHEMA = pa.schema(
    [("video_id", clips.ID), ("pts", pa.int64()), ("luma", pa.float64()), ("repeated", pa.bool_())]
)


class Reads(SignalFilter):
    VERSION: ClassVar[int] = 1
    READS: ClassVar[tuple[str, ...]] = ("picture",)

    def measure(self, clip: ClipView) -> Score:
        raise AssertionError("not called here")


def video(tmp_path: Path, identity: bytes, luma: list[float | None] | None) -> Video:
    part = f"signals/{identity.hex()}.parquet"
    if luma is not None:
        rows = [
            {
                "video_id": identity,
                "pts": 100 + 10 * n,
                "luma": one,
                "repeated": None if n == 0 else n % 2 == 0,
            }
            for n, one in enumerate(luma)
        ]
        (tmp_path / "signals").mkdir(exist_ok=True)
        write_parquet(to_table(SCHEMA, rows), str(tmp_path / part))
    made = Video(identity, True, 1.0, Rows(to_table(clips.VIDEOS, [{"video_id": identity, "width": 64}])), 0)
    made.parts["picture"] = part
    return made


def clip(identity: bytes, start: int, end: int) -> dict[str, Any]:
    found = clips.clip_id(identity, start, end)
    return {"clip_id": found, "video_id": identity, "start_pts": start, "end_pts": end, "time_base": "1/100"}


@pytest.fixture
def videos(tmp_path: Path) -> dict[bytes, Video]:
    return {
        ONE: video(tmp_path, ONE, [0.0, 1.0, 2.0, None, 4.0]),
        TWO: video(tmp_path, TWO, [7.0]),
        LOST: video(tmp_path, LOST, None),
    }


def test_a_part_as_arrays(tmp_path: Path, videos: dict[bytes, Video]) -> None:
    found = signals.read_part(str(tmp_path / videos[ONE].parts["picture"]))
    assert set(found) == {"pts", "luma", "repeated"}
    assert found["pts"].tolist() == [100, 110, 120, 130, 140]
    assert (found["pts"].dtype, found["repeated"].dtype) == (np.int64, np.bool_)
    assert found["repeated"].tolist() == [False, False, True, False, True]
    assert np.isnan(found["luma"]).tolist() == [False, False, False, True, False]
    assert list(signals.read_part(str(tmp_path / videos[ONE].parts["picture"]), ["luma"])) == ["luma"]


def test_a_span_has_its_start_and_not_its_end() -> None:
    columns = {"pts": np.array([0, 10, 20, 30]), "x": np.array([0, 1, 2, 3])}
    for start, end, expected in (
        (10, 30, [1, 2]),
        (10, 31, [1, 2, 3]),
        (11, 12, []),
        (-5, 1, [0]),
        (40, 50, []),
    ):
        assert signals.span(columns, start, end)["x"].tolist() == expected


def test_each_clip_is_shown_its_own_frames(tmp_path: Path, videos: dict[bytes, Video]) -> None:
    these = [clip(ONE, 120, 150), clip(TWO, 100, 110), clip(ONE, 100, 120)]
    found = {row["clip_id"]: view for row, view in views(Folder(str(tmp_path)), Reads(), these, videos)}
    seen = []
    for one in these:
        view = found[one["clip_id"]]
        assert isinstance(view, ClipView)
        assert view.video["width"] == 64
        seen.append(view.signals["picture"]["luma"].tolist())
    assert (seen[0][0], np.isnan(seen[0][1]), seen[0][2]) == (2.0, True, 4.0)
    assert seen[1:] == [[7.0], [0.0, 1.0]]


def test_a_video_is_read_once(
    tmp_path: Path, videos: dict[bytes, Video], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counted(path: str) -> dict[str, Any]:
        read.append(path)
        return signals.read_part(path)

    monkeypatch.setattr(measure, "read_part", counted)
    these = [clip(ONE, 100, 110), clip(TWO, 100, 110), clip(ONE, 110, 120), clip(TWO, 100, 101)]
    assert len(list(views(Folder(str(tmp_path)), Reads(), these, videos))) == 4
    assert len(read) == len(set(read)) == 2


def test_a_part_that_is_gone_is_the_error_of_its_clips_alone(
    tmp_path: Path, videos: dict[bytes, Video]
) -> None:
    these = [clip(LOST, 0, 1), clip(ONE, 100, 110), clip(LOST, 1, 2)]
    rows = [
        outcome(lambda view: {"score": 1.0}, row, view)
        for row, view in views(Folder(str(tmp_path)), Reads(), these, videos)
    ]
    errors = {row["clip_id"]: row["error"] for row in rows}
    assert errors[these[1]["clip_id"]] is None
    assert all("No such file" in errors[these[n]["clip_id"]] for n in (0, 2))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("too dark"), "too dark"),
        (KeyError("x"), "KeyError: 'x'"),
        (ZeroDivisionError(), "ZeroDivisionError: "),
    ],
)
def test_an_exception_is_the_row_s_error(error: Exception, said: str) -> None:
    def broken(view: ClipView) -> dict[str, Any]:
        raise error

    row = clip(ONE, 0, 1)
    assert outcome(broken, row, ClipView(row, {}, {})) == {"clip_id": row["clip_id"], "error": said}
