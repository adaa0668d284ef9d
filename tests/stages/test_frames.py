"""Frames of a clip in a worker: stored ones where they do, else decoded ones."""

from pathlib import Path
from typing import Any

import pytest

from curate.frames_of import picture
from curate.media import MediaError
from curate.media.child import Stalled
from stages import frames
from stages.frames import decoded, frames_of
from tests.stages.asked import LIMITS, Footage


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return Footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was asked of the decoder, which still decodes."""
    found: list[dict[str, Any]] = []
    call = frames.decode_call

    def watched(function: str, arguments: dict[str, Any], **limits: Any) -> dict[str, Any]:
        found.append(arguments)
        return call(function, arguments, **limits)

    monkeypatch.setattr(frames, "decode_call", watched)
    return found


def got(
    footage: Footage, start: int, end: int, count: int, side: int | None = None, **facts: Any
) -> list[int]:
    line = footage.line(start, end, **facts)
    found = [jpeg.pts for jpeg in frames_of(line, line["clip"], count, side, LIMITS)]
    assert found == sorted(set(found))
    return found


def test_stored_frames_where_there_are_as_many(footage: Footage, calls: list[Any]) -> None:
    assert got(footage, 0, 20, 4) == [2, 8, 12, 18]
    assert got(footage, 0, 20, 10) == list(range(0, 20, 2))
    # A clip of one frame has no second one.
    assert got(footage, 2, 3, 8) == [2]
    assert calls == []


def test_decoded_frames_where_more_are_asked_for(footage: Footage, calls: list[Any]) -> None:
    assert got(footage, 0, 20, 20) == list(range(20))
    assert got(footage, 3, 4, 8) == [3]
    assert [call["count"] for call in calls] == [20, 8]


def test_decoded_frames_where_larger_ones_are_asked_for(footage: Footage, calls: list[Any]) -> None:
    line = footage.line(0, 20, stored_side=48)
    found = frames_of(line, line["clip"], 2, 96, LIMITS)
    assert [picture(jpeg.data).shape for jpeg in found] == [(96, 160, 3)] * 2
    assert [call["short_side"] for call in calls] == [96]
    assert got(footage, 0, 20, 2, 48, stored_side=48) == [4, 14]
    assert got(footage, 0, 20, 2, None, stored_side=48) == [4, 14]
    assert len(calls) == 1


def test_all_that_can_be_had_where_that_is_less(footage: Footage, calls: list[Any]) -> None:
    """The clip counts more frames than the file gives."""
    line = footage.line(380, 390)
    clip = {**line["clip"], "frames": 30}
    found = frames_of(line, clip, 30, None, LIMITS)
    assert [jpeg.pts for jpeg in found] == list(range(380, 390))


def test_stored_frames_where_the_source_does_not_decode(
    footage: Footage, monkeypatch: pytest.MonkeyPatch
) -> None:
    error: list[Exception] = [MediaError("no frame can be decoded")]

    def fails(*arguments: Any, **limits: Any) -> Any:
        raise error[0]

    monkeypatch.setattr(frames, "decode_call", fails)
    assert got(footage, 0, 20, 20) == list(range(0, 20, 2))
    # None is stored of this one, and these are too small.
    with pytest.raises(MediaError, match="no frame can be decoded"):
        got(footage, 3, 4, 8)
    with pytest.raises(MediaError, match="no frame can be decoded"):
        got(footage, 0, 20, 4, 96, stored_side=48)
    # The moment's fault is not worth fewer frames: another run has them all.
    error[0] = Stalled("it made no progress")
    with pytest.raises(Stalled, match="it made no progress"):
        got(footage, 0, 20, 20)


def test_no_side_is_that_of_the_scan(footage: Footage, calls: list[Any]) -> None:
    line = footage.line(0, 10, scan_side=48)
    assert [picture(jpeg.data).shape for jpeg in decoded(line, line["clip"], 1, None, LIMITS)] == [
        (48, 80, 3)
    ]
    del line["scan_side"]
    assert [jpeg.pts for jpeg in decoded(line, line["clip"], 1, None, LIMITS)] == [5]
    assert [call["short_side"] for call in calls] == [48, frames.SHORT_SIDE]


def test_a_part_that_is_gone(footage: Footage, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.parquet"):
        got(footage, 0, 20, 4, frames=str(tmp_path / "gone.parquet"))
