"""What a plan says of questions to come, from tables alone."""

from pathlib import Path
from typing import Any

import pytest

from curate import clips
from curate.signals.frames import NAME as FRAMES
from curate.signals.frames import SCHEMA
from curate.signals.parts import PartWriter
from curate.state import Rows, Video
from curate.storage import Folder
from curate.tables import Tables, to_table
from stages.caption_plan import ToAsk, to_ask
from tests.captioners.dialogues import SHORT
from tests.captioners.scripted import good
from tests.stages.asked import VIDEO, Fake


class Run:
    """A video of 100 seconds at 10 frames a second, of which every fifth frame is stored."""

    def __init__(self, root: Path) -> None:
        self.folder = Folder(str(root))
        self.tables = Tables(self.folder)
        facts = {"video_id": VIDEO, "width": 160, "height": 96}
        self.video = Video(VIDEO, True, 100.0, Rows(to_table(clips.VIDEOS, [facts])), 0)
        self.video.parts = {FRAMES: "frames.parquet"}
        root.mkdir(exist_ok=True)
        with PartWriter(root / "frames.parquet", SCHEMA, VIDEO) as writer:
            for pts in range(0, 1000, 5):
                writer.add(pts, (b"jpeg",))

    def clip(self, start: int, end: int) -> dict[str, Any]:
        return {
            "clip_id": clips.clip_id(VIDEO, start, end), "video_id": VIDEO, "start_pts": start,
            "end_pts": end, "start_seconds": start / 10, "end_seconds": end / 10, "frames": end - start,
        }  # fmt: skip

    def answered(
        self, clip: dict[str, Any], window: int, attempt: int, raw: str | None, **facts: Any
    ) -> None:
        row = {
            "clip_id": clip["clip_id"], "window": window, "attempt": attempt, "raw": raw,
            "finish_reason": "stop", **facts,
        }  # fmt: skip
        self.tables.append("answers", [row], key="k")

    def plan(self, *wanted: dict[str, Any], side: int = 48, **options: Any) -> tuple[int, int, int]:
        """(requests, judged, decoded)"""
        found = to_ask(self.folder, self.tables, "k", Fake(**options), wanted, {VIDEO: self.video}, side)
        return found.requests, found.judged, found.decoded


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


def test_a_request_for_each_clip_and_for_each_window_and_their_merging(run: Run) -> None:
    short, exact, long = run.clip(0, 100), run.clip(100, 400), run.clip(400, 1000)
    assert run.plan(short) == (1, 0, 0)
    assert run.plan(exact) == (1, 0, 0)
    assert run.plan(short, exact, long) == (5, 0, 0)
    assert run.plan(long, window_seconds=20) == (4, 0, 0)
    assert run.plan() == (0, 0, 0)


def test_what_stored_answers_settle_is_not_asked(run: Run) -> None:
    good_one, bad, out, lost = (run.clip(start, start + 50) for start in (0, 50, 100, 150))
    run.answered(good_one, 0, 0, good(0))
    run.answered(bad, 0, 0, SHORT)
    for attempt in range(3):
        run.answered(out, 0, attempt, SHORT)
    run.answered(lost, 0, 0, None, finish_reason="unanswered", error="away")
    assert run.plan(good_one, bad, out, lost) == (2, 2, 0)
    # Another gate judges anew, and fewer or more attempts end or go on.
    assert run.plan(good_one, bad, out, lost, gates={"min_words": 5}) == (1, 3, 0)
    assert run.plan(good_one, bad, out, lost, attempts=4) == (3, 1, 0)
    assert run.plan(good_one, bad, out, lost, attempts=1) == (1, 3, 0)


def test_of_a_long_clip_what_is_left(run: Run) -> None:
    long = run.clip(0, 600)
    run.answered(long, 0, 0, good(0))
    assert run.plan(long) == (2, 0, 0)
    run.answered(long, 1, 0, good(1))
    assert run.plan(long) == (1, 0, 0)
    run.answered(long, -1, 0, SHORT)
    assert run.plan(long) == (1, 0, 0)
    run.answered(long, -1, 1, good(2))
    assert run.plan(long) == (0, 1, 0)


def test_frames_that_were_not_stored_are_decoded(run: Run) -> None:
    # Ten of these fifty frames are stored, and two of the next eight.
    assert run.plan(run.clip(0, 50), frames=10) == (1, 0, 0)
    assert run.plan(run.clip(0, 50), frames=11) == (1, 0, 11)
    assert run.plan(run.clip(50, 58), frames=11) == (1, 0, 8)
    assert run.plan(run.clip(1, 2), frames=4) == (1, 0, 1)
    # Of each window, as long as it is to be asked about.
    long = run.clip(0, 600)
    assert run.plan(long, frames=61) == (3, 0, 122)
    run.answered(long, 0, 0, good(0))
    assert run.plan(long, frames=61) == (2, 0, 61)


def test_frames_that_were_stored_too_small_are_decoded(run: Run) -> None:
    clip = run.clip(0, 100)
    assert run.plan(clip, side=48, short_side=48) == (1, 0, 0)
    assert run.plan(clip, side=48, short_side=64) == (1, 0, 8)
    # Of a source that is no larger than what the scan stores, there are no larger ones.
    assert run.plan(clip, side=96, short_side=640) == (1, 0, 0)


def test_a_part_that_cannot_be_read_counts_as_empty(run: Run) -> None:
    Path(run.folder.path("frames.parquet")).write_bytes(b"damaged")
    assert run.plan(run.clip(0, 50)) == (1, 0, 8)
    Path(run.folder.path("frames.parquet")).unlink()
    assert run.plan(run.clip(0, 50)) == (1, 0, 8)


def test_what_is_said_of_it() -> None:
    assert ToAsk(5, 0, 0).told == "5 requests at least"
    assert ToAsk(5, 3, 7).told == "5 requests at least, 3 from stored answers, 7 frames to decode"
