"""What a worker of the step `caption` does: who is asked when, and what is written down of it."""

import json
import os
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from captioners.dialogue.turns import state_of
from captioners.dialogue.types import MERGE, Refused, Request, Response, Unanswered, Unusable
from stages import ask
from stages.answers import answer_of
from stages.journal import Journal
from tests.captioners.dialogues import RULES, SHORT
from tests.captioners.scripted import good
from tests.stages import asked
from tests.stages.asked import Footage, World, asking, outcomes, portion, rows


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return Footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture
def world() -> World:
    return asked.fresh()


def test_a_clip_is_asked_about_once_and_its_answer_written(
    footage: Footage, world: World, tmp_path: Path
) -> None:
    with asking(tmp_path, frames=4) as asker:
        found = asker([portion(tmp_path, [footage.line(20, 40)])])
    assert found == [{"portion": "1.0", "done": 1, "clips": 1, "fatal": None}]
    (row,) = rows(tmp_path)
    (request,) = world.asked
    told = [(image.pts, image.seconds) for image in request.images]
    assert told == [(22, 0.2), (28, 0.8), (32, 1.2), (38, 1.8)]
    assert row["frames_seen"] == [22, 28, 32, 38]
    assert (row["raw"], row["model"], row["tokens_in"], row["tokens_out"]) == (good(0), "fake-1", 100, 50)
    assert json.loads(row["evidence"])["luma"] == 14.8  # of frames 20 to 39: half their number
    assert json.loads(row["sampling"]) == request.sampling.as_json()
    assert "4 moments of one piece of footage of 2.0 seconds" in request.text
    assert (world.opened, world.closed) == (1, 1)


def test_no_more_requests_are_out_than_there_are_lanes(
    footage: Footage, world: World, tmp_path: Path
) -> None:
    world.delay = lambda request: 0.05
    work = [portion(tmp_path, footage.lines(16), "1.0"), portion(tmp_path, footage.lines(12), "1.1")]
    with asking(tmp_path, width=3) as asker, ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda one: asker([one]), work))
    assert [one[0]["done"] for one in found] == [16, 12]
    assert (world.most, len(world.asked), world.opened) == (3, 28, 1)


def test_frames_are_not_read_far_ahead(
    footage: Footage, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All clips that a worker was told of would fill the memory."""
    ahead: list[int] = []
    told = ask.told

    def counted(*arguments: Any) -> Any:
        ahead.append(len(ahead) + 1 - world.answered)
        return told(*arguments)

    monkeypatch.setattr(ask, "told", counted)
    world.delay = lambda request: 0.03
    with asking(tmp_path, width=2, frames=1) as asker:
        asker([portion(tmp_path, footage.lines(30))])
    assert len(ahead) == 30
    assert max(ahead) <= 2 + ask.READERS


def test_an_answer_that_fails_a_gate_is_asked_again(footage: Footage, world: World, tmp_path: Path) -> None:
    world.answer = lambda request, before: SHORT if before == 0 else good(1)
    with asking(tmp_path) as asker:
        assert asker([portion(tmp_path, [footage.line(0, 10)])])[0]["done"] == 1
    assert [(row["attempt"], row["raw"]) for row in rows(tmp_path)] == [(0, SHORT), (1, good(1))]
    first, second = world.asked
    assert "An earlier answer to this was refused by a check." not in first.text
    assert "An earlier answer to this was refused by a check." in second.text
    assert rows(tmp_path)[0]["request_hash"] != rows(tmp_path)[1]["request_hash"]


def test_windows_and_the_request_that_merges_them(footage: Footage, world: World, tmp_path: Path) -> None:
    world.answer = lambda request, before: good(request.window + 1)
    with asking(tmp_path, frames=3) as asker:
        assert asker([portion(tmp_path, [footage.line(100, 191, windows=3)])])[0]["done"] == 1
    *parts, merging = sorted(world.asked, key=lambda request: request.window % 9)
    assert [part.window for part in parts] == [0, 1, 2]
    # Each in its own clock.
    assert [[image.pts for image in part.images] for part in parts] == [
        [106, 116, 126], [136, 146, 156], [166, 176, 186],
    ]  # fmt: skip
    assert [[image.seconds for image in part.images] for part in parts] == [
        [0.6, 1.6, 2.6], [0.5, 1.5, 2.5], [0.5, 1.5, 2.5],
    ]  # fmt: skip
    assert [round(part.seconds, 3) for part in parts] == [3.1, 3.0, 3.0]
    assert (merging.window, merging.images, round(merging.seconds, 3)) == (MERGE, (), 9.1)
    for text in ('"seconds": "0.0 to 3.1"', '"seconds": "3.1 to 6.1"', '"seconds": "6.1 to 9.1"'):
        assert text in merging.text
    assert [row["window"] for row in rows(tmp_path)] == [MERGE, 0, 1, 2]
    assert rows(tmp_path)[0]["frames_seen"] == []


def test_what_is_stored_is_not_asked_again(footage: Footage, world: World, tmp_path: Path) -> None:
    stored = {
        "window": 0, "attempt": 0, "raw": SHORT, "finish_reason": "stop", "tokens_in": 1, "tokens_out": 1,
        "evidence": None, "error": None,
    }  # fmt: skip
    lines = [
        footage.line(0, 10, answers=[stored]),
        footage.line(10, 20, answers=[{**stored, "raw": good(1)}]),
    ]
    with asking(tmp_path) as asker:
        assert asker([portion(tmp_path, lines)])[0]["done"] == 2
    assert [(request.clip_id[-2:], request.attempt) for request in world.asked] == [("00", 1)]


def test_a_stored_answer_is_judged_by_what_was_measured_then(
    footage: Footage, world: World, tmp_path: Path
) -> None:
    """As the driver judges it: a scan that measures otherwise would leave the two at odds for ever."""
    moving = json.dumps({**json.loads(good(0)), "camera_motion": "pan left"})
    stored = {
        "window": 0, "attempt": 0, "raw": moving, "finish_reason": "stop", "tokens_in": 1, "tokens_out": 1,
        "evidence": json.dumps({"camera": "static", "camera_confidence": 1.0, "of another version": 1}),
        "error": None,
    }  # fmt: skip
    with asking(tmp_path) as asker:
        asker([portion(tmp_path, [footage.line(0, 10, answers=[stored])])])
    (row,) = rows(tmp_path)
    assert row["attempt"] == 1
    assert json.loads(row["evidence"])["camera"] == "static"


def test_after_a_death_the_journal_is_read_and_nothing_asked_twice(
    footage: Footage, world: World, tmp_path: Path
) -> None:
    with asking(tmp_path) as asker:
        asker([portion(tmp_path, footage.lines(2), "1.1")])
    (name,) = (tmp_path / "journal" / "k").glob("1.1-*.jsonl")
    whole = name.read_bytes().splitlines(keepends=True)
    # The last line was being written, one is damaged, one is of another version.
    name.write_bytes(whole[0] + b"{}\n" + b'{"clip_id": 5}\n' + b"\x00\xff\n" + whole[1][:-20])
    # A portion whose name begins alike is another one.
    (name.parent / "1.11-aa.jsonl").write_bytes(whole[1])
    world.asked.clear()
    with asking(tmp_path) as asker:
        assert asker([portion(tmp_path, footage.lines(3), "1.1")])[0]["done"] == 3
    told = {json.loads(whole[0])["clip_id"]}
    assert len(world.asked) == 2
    assert {request.clip_id for request in world.asked} == {f"{n * 10:032x}" for n in range(3)} - told


def test_a_failure_is_its_clips_own(footage: Footage, world: World, tmp_path: Path) -> None:
    wrong: dict[int, Any] = {
        10: KeyError("of the backend"), 20: None, 30: Response(None, "stop"),  # type: ignore[arg-type]
        40: Unanswered("no answer within 5 s (3 tries)"), 50: Refused("HTTP 413: \ud800 too large"),
        60: Response(good(0), "rejected", 10**30, -5), 70: Response("\ud800\x00" * 3, "x" * 1000),
    }  # fmt: skip
    world.answer = lambda request, before: wrong.get(int(request.clip_id, 16), good(0))
    with asking(tmp_path, attempts=1) as asker:
        assert asker([portion(tmp_path, footage.lines(9))])[0] == {
            "portion": "1.0", "done": 9, "clips": 9, "fatal": None,
        }  # fmt: skip
    assert outcomes(tmp_path) == [
        (0, 0, 0, "stop", None),
        (10, 0, 0, "unanswered", "KeyError: 'of the backend'"),
        (20, 0, 0, "unanswered", "TypeError: asdict() should be called on dataclass instances"),
        (30, 0, 0, "unanswered", "AttributeError: 'NoneType' object has no attribute 'encode'"),
        (40, 0, 0, "unanswered", "no answer within 5 s (3 tries)"),
        (50, 0, 0, "rejected", "HTTP 413: ? too large"),
        (60, 0, 0, "stop", None),
        (70, 0, 0, "x" * 100, None),
        (80, 0, 0, "stop", None),
    ]
    # Numbers that no column can hold are none.
    assert (rows(tmp_path)[6]["tokens_in"], rows(tmp_path)[6]["tokens_out"]) == (None, None)
    assert rows(tmp_path)[7]["raw"] == "?�" * 3


def test_a_window_that_fails_loses_no_answer_of_the_others(
    footage: Footage, world: World, tmp_path: Path
) -> None:
    world.answer = lambda request, before: KeyError("at once") if request.window == 0 else good(0)
    world.delay = lambda request: 0.2 * request.window
    with asking(tmp_path) as asker:
        asker([portion(tmp_path, [footage.line(0, 90, windows=3)])])
    assert [one[1:4] for one in outcomes(tmp_path)] == [
        (0, 0, "unanswered"), (1, 0, "stop"), (2, 0, "stop"),
    ]  # fmt: skip


def test_a_model_that_cannot_be_used_stops_with_the_sentence_and_loses_nothing(
    footage: Footage, world: World, tmp_path: Path
) -> None:
    def first(request: Request) -> bool:
        return int(request.clip_id, 16) == 0

    world.answer = lambda request, before: Unusable("the server is away") if first(request) else good(0)
    world.delay = lambda request: 0.1 if first(request) else 0.3
    with asking(tmp_path) as asker:
        found = asker([portion(tmp_path, footage.lines(20))])[0]
    assert found["fatal"] == "the server is away"
    # What was out then is written down, and counts; of the others there is nothing.
    assert found["done"] == len(world.asked) - 1 == len(rows(tmp_path))
    assert 3 <= found["done"] < 12
    assert {one[3] for one in outcomes(tmp_path)} == {"stop"}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Unusable("no such model"), "no such model"),
        (RuntimeError("CUDA:\n no memory"), "RuntimeError: CUDA: no memory"),
    ],
)
def test_a_model_that_does_not_load(
    footage: Footage, world: World, tmp_path: Path, error: Exception, said: str
) -> None:
    world.opening = error
    with asking(tmp_path) as asker:
        found = asker([portion(tmp_path, footage.lines(5))])
    assert found == [{"portion": "1.0", "done": 0, "clips": 5, "fatal": said}]
    assert (world.opened, world.asked, rows(tmp_path)) == (1, [], [])


def test_refusals_before_any_answer_are_not_held_against_their_clips(
    footage: Footage, world: World, tmp_path: Path
) -> None:
    """Eight refused requests may end the run: it was the options then, and mended ones ask about all of
    them."""

    def answer(request: Request, before: int) -> Any:
        return Refused("no images") if len(world.asked) < 8 else Unusable("refused the first 8 requests")

    world.answer = answer
    with asking(tmp_path, width=1) as asker:
        assert asker([portion(tmp_path, footage.lines(12))])[0]["fatal"] == "refused the first 8 requests"
    assert [one[3:] for one in outcomes(tmp_path)] == [("unanswered", "no images")] * 7


def test_refusals_beside_answers_are_their_clips_own(footage: Footage, world: World, tmp_path: Path) -> None:
    world.answer = lambda request, before: good(0) if len(world.asked) == 3 else Refused("too long")
    with asking(tmp_path, width=1) as asker:
        asker([portion(tmp_path, footage.lines(5))])
    assert sorted(one[3] for one in outcomes(tmp_path)) == ["rejected"] * 4 + ["stop"]


def test_a_disk_that_is_full_stops_with_the_sentence(
    footage: Footage, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Journal, row: Any) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Journal, "write", full)
    broken = footage.line(10, 20, frames=str(tmp_path / "gone.parquet"))
    with asking(tmp_path) as asker:
        found = asker([portion(tmp_path, [footage.line(0, 10), broken, footage.line(20, 30)])])[0]
    assert found["done"] == 0
    assert found["fatal"].startswith("the journal of answers cannot be written (No space left on device): ")


def test_a_driver_that_is_gone_is_not_worked_for(footage: Footage, world: World, tmp_path: Path) -> None:
    process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)
    asker = ask.Asker({**asked.spec(tmp_path), "driver": [asked.spec(tmp_path)["driver"][0], process]})
    try:
        assert asker([portion(tmp_path, footage.lines(3))])[0]["done"] == 0
    finally:
        asker.close()
    assert world.asked == []


def test_what_is_closed_leaves_nothing_behind(footage: Footage, world: World, tmp_path: Path) -> None:
    before = threading.active_count()
    world.delay = lambda request: 60.0
    asker = ask.Asker(asked.spec(tmp_path))
    with ThreadPoolExecutor(1) as caller:
        under_way = caller.submit(asker, [portion(tmp_path, footage.lines(2))])
        while not world.asked:
            time.sleep(0.01)
        asker.close()
        with pytest.raises(CancelledError):
            under_way.result(10)
    asker.close()
    assert (world.closed, world.now) == (1, 0)
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before
    assert rows(tmp_path) == []


def test_an_asker_that_is_dropped_closes_its_model(footage: Footage, world: World, tmp_path: Path) -> None:
    asker = ask.Asker(asked.spec(tmp_path))
    asker([portion(tmp_path, footage.lines(1))])
    del asker
    assert world.closed == 1


def test_the_worker_and_the_driver_read_the_same_state(
    footage: Footage, world: World, tmp_path: Path
) -> None:
    world.answer = lambda request, before: SHORT if before < 2 else good(0)
    with asking(tmp_path) as asker:
        asker([portion(tmp_path, [footage.line(0, 60, windows=2)])])
    found = state_of(2, [answer_of(row) for row in rows(tmp_path)], {}, replace(RULES, max_tokens=1024))
    assert found.outcome is not None
    assert (found.outcome.outcome, found.outcome.attempts) == ("ok", 9)


def test_of_what_is_stored_nothing_is_read_again(
    footage: Footage, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = []
    read = ask.told

    def watched(line: Any, captioner: Any, limits: Any, windows: Any) -> Any:
        wanted.append(windows)
        return read(line, captioner, limits, windows)

    monkeypatch.setattr(ask, "told", watched)
    stored = {
        "window": 0, "attempt": 0, "raw": good(0), "finish_reason": "stop", "tokens_in": 1, "tokens_out": 1,
        "evidence": None, "error": None,
    }  # fmt: skip
    for answers in ([stored], [stored, {**stored, "window": 1}]):
        with asking(tmp_path) as asker:
            line = footage.line(0, 60, windows=2, answers=answers)
            assert asker([portion(tmp_path, [line], f"{len(answers)}.0")])[0]["done"] == 1
    assert wanted == [{1}, {MERGE}]
    assert [request.window for request in world.asked] == [1, MERGE, MERGE]
