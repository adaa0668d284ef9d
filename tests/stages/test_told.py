"""What a worker reads of a clip before it asks: frames and measures of each window, or why there are none."""

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from captioners.dialogue.types import MERGE
from curate.frames_of import picture
from curate.media.child import OutOfMemory, Stalled
from stages import frames, told
from stages.told import Told
from tests.numbered import number_of
from tests.stages.asked import LIMITS, Fake, Footage


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return Footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture(autouse=True)
def _fresh() -> None:
    told._part.cache_clear()


def read(line: dict[str, Any], **options: Any) -> Any:
    return told.told(line, Fake(**options), LIMITS, range(line["windows"]))


def numbers(images: Any) -> list[int]:
    return [number_of(cv2.cvtColor(picture(image.jpeg), cv2.COLOR_RGB2GRAY)) for image in images]


def test_windows_have_frames_and_measures_of_their_own(footage: Footage) -> None:
    found = read(footage.line(0, 120, windows=2, words=["EXIT"]), frames=2)
    assert isinstance(found, Told)
    assert [[image.pts for image in found.images[n]] for n in (0, 1)] == [[14, 44], [74, 104]]
    assert [numbers(found.images[n]) for n in (0, 1)] == [[14, 44], [74, 104]]
    assert found.spans == ((0.0, 6.0), (6.0, 12.0))
    measured = {number: (one.seconds, one.luma) for number, one in found.evidence.items()}
    assert measured == {0: (6.0, 14.8), 1: (6.0, 44.8), MERGE: (12.0, 29.8)}
    # Which window words were read in, nobody knows.
    assert {number: one.words for number, one in found.evidence.items()} == {
        0: None,
        1: None,
        MERGE: ("EXIT",),
    }
    assert {one.sound for one in found.evidence.values()} == {None}


def test_frames_are_read_of_the_windows_that_are_asked_about(footage: Footage) -> None:
    line = footage.line(0, 120, windows=3, frames="gone.parquet")
    assert told.told(line, Fake(), LIMITS, {MERGE}) == replace(
        read(footage.line(0, 120, windows=3)), images={}
    )
    found = told.told(footage.line(0, 120, windows=3), Fake(frames=1), LIMITS, {1})
    assert isinstance(found, Told)
    assert {number: [image.pts for image in images] for number, images in found.images.items()} == {1: [60]}


def test_one_window_knows_the_words_of_its_clip(footage: Footage) -> None:
    found = read(footage.line(0, 60, words=[]))
    assert found.evidence[0] == replace(found.evidence[MERGE]) == replace(found.evidence[0], words=())


def test_more_frames_than_were_stored_are_decoded(footage: Footage) -> None:
    found = read(footage.line(20, 30), frames=8)
    seen = [image.pts for image in found.images[0]]
    assert len(seen) == len(set(seen)) == 8
    assert seen == sorted(seen) == numbers(found.images[0])
    assert any(pts % 2 for pts in seen)


def test_frames_are_scaled_down_and_never_up(footage: Footage) -> None:
    small = read(footage.line(0, 20), frames=2, short_side=48).images[0]
    assert [picture(image.jpeg).shape for image in small] == [(48, 80, 3)] * 2
    large = read(footage.line(0, 20), frames=2, short_side=480).images[0]
    as_stored = read(footage.line(0, 20), frames=2).images[0]
    assert [image.jpeg for image in large] == [image.jpeg for image in as_stored]


def test_a_window_in_which_nothing_new_is_shown_has_the_picture_before_it(
    footage: Footage, tmp_path: Path
) -> None:
    """A slide that stands for a minute has one frame, and its clip is none the worse for it."""
    pts = np.array([0, 4, 8])
    signals = {name: str(tmp_path / f"{name}.parquet") for name in ("picture", "flow")}
    for path in signals.values():
        pq.write_table(pa.table({"pts": pts}), path)
    found = read(footage.line(0, 80, windows=4, signals=signals), frames=4)
    assert isinstance(found, Told)
    assert [[image.pts for image in found.images[n]] for n in range(4)] == [[2, 8, 12, 18], [18], [18], [18]]
    assert [found.images[n][0].seconds for n in (1, 2, 3)] == [0.0, 0.0, 0.0]


def test_a_clip_of_fewer_ticks_than_windows(footage: Footage) -> None:
    found = read(footage.line(0, 2, windows=4), frames=1)
    assert isinstance(found, Told)
    assert found.spans == ((0.0, 0.1), (0.1, 0.1), (0.1, 0.2), (0.2, 0.2))
    assert [[image.pts for image in found.images[n]] for n in range(4)] == [[0], [0], [1], [1]]


def test_a_stored_frame_that_is_none_fails_its_clip(footage: Footage, tmp_path: Path) -> None:
    path = tmp_path / "frames.parquet"
    table = pq.read_table(footage.frames)
    bad = table.set_column(2, "jpeg", pa.array([b"no picture"] * table.num_rows, table["jpeg"].type))
    pq.write_table(bad, path)
    found = read(footage.line(0, 40, frames=str(path)), frames=2, short_side=48)
    assert found == {"error": "a stored frame is not a JPEG: scan its video again"}


@pytest.mark.parametrize("which", ["frames", "picture"])
@pytest.mark.parametrize("damage", ["gone", "cut", "other"])
def test_a_part_that_cannot_be_read_fails_its_clips_alone(
    footage: Footage, tmp_path: Path, which: str, damage: str
) -> None:
    path = tmp_path / "part.parquet"
    if damage == "cut":
        path.write_bytes(Path(footage.frames).read_bytes()[:3000])
    elif damage == "other":
        path.write_text("hello")
    line = footage.line(0, 20)
    if which == "frames":
        line["frames"] = str(path)
    else:
        line["signals"] = {**line["signals"], "picture": str(path)}
    found = read(line)
    assert sorted(found) == ["error"]
    assert {"gone": "part.parquet", "cut": "arquet", "other": "arquet"}[damage] in found["error"]


def test_a_source_that_is_gone_is_the_moments_fault(footage: Footage, tmp_path: Path) -> None:
    """A disk that is not mounted: its clips are asked about in the next run."""
    line = footage.line(0, 10, source=str(tmp_path / "gone.mp4"))
    found = read(line, frames=8)
    assert found["transient"] is True
    assert "gone.mp4" in found["error"]
    # What is stored does without it.
    assert isinstance(read(line, frames=2), Told)


def test_a_source_that_does_not_decode_is_the_clips_fault(footage: Footage, tmp_path: Path) -> None:
    source = tmp_path / "other.mp4"
    source.write_bytes(b"no video" * 100)
    found = read(footage.line(3, 4, source=str(source)))
    assert sorted(found) == ["error"]
    assert "other.mp4" in found["error"]


@pytest.mark.parametrize(
    ("error", "kinds"),
    [
        (Stalled("it made no progress"), ["error", "transient"]),
        (OutOfMemory("it needed too much"), ["error", "transient"]),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), ["fatal"]),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), ["fatal"]),
        (RuntimeError("the process that decodes videos did not start: no"), ["fatal"]),
        (KeyError("frames"), ["error"]),
    ],
    ids=range(6),
)
def test_errors_of_the_machine_and_of_the_moment(
    footage: Footage, monkeypatch: pytest.MonkeyPatch, error: Exception, kinds: list[str]
) -> None:
    def fails(*arguments: Any, **limits: Any) -> Any:
        raise error

    monkeypatch.setattr(frames, "decode_call", fails)
    assert sorted(read(footage.line(0, 10), frames=8)) == kinds


def test_threads_that_decode_at_once_get_their_own_frames(footage: Footage) -> None:
    """There is one child that decodes, and it answers one question at a time."""
    starts = [number * 10 for number in range(24)]
    ready = threading.Barrier(4)

    def work(start: int) -> list[int]:
        if start < 40:
            ready.wait(10)
        return numbers(read(footage.line(start, start + 10), frames=8).images[0])

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(work, starts))
    for start, seen in zip(starts, found, strict=True):
        assert len(seen) == 8
        assert start <= min(seen) <= max(seen) < start + 10
