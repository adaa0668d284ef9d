"""Progress: plain lines where there is no terminal, bars where there is one."""

import io
import re
import threading
import time

import pytest
from rich.console import Console

from curate import progress
from curate.context import Step
from curate.progress import ProgressReporter


def reporter(terminal: bool = False, quiet: bool = False) -> tuple[ProgressReporter, io.StringIO]:
    out = io.StringIO()
    return ProgressReporter(Console(file=out, force_terminal=terminal, width=120), quiet), out


def test_plain_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    made, out = reporter()
    with made:
        made.begin("scan", 2, "videos")
        made.advance()
        made.advance()
        made.end(Step("scan", done=2, failed=1))
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert re.fullmatch(r"\[ +\d+\.\d s\] scan: 1 of 2 videos, [\d.]+/s, \d+ s left", lines[0])
    assert re.fullmatch(r"\[ +\d+\.\d s\] scan: 2 videos, 1 failed so far in \d+\.\d s", lines[1])
    assert (len(lines), said.out, out.getvalue()) == (2, "", "")


def test_lines_do_not_come_for_every_item(capsys: pytest.CaptureFixture[str]) -> None:
    made, _ = reporter()
    with made:
        made.begin("scan", 1000, "videos")
        for _ in range(1000):
            made.advance()
        made.end(Step("scan"))
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_step_with_nothing_to_do_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    made, out = reporter()
    with made:
        made.begin("scan", 0, "videos")
        made.end(Step("scan"))
    assert (capsys.readouterr().err, out.getvalue()) == ("", "")


def test_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    for terminal in (False, True):
        made, out = reporter(terminal, quiet=True)
        with made:
            made.begin("scan", 1, "videos")
            made.advance()
            made.note("hello")
            made.end(Step("scan"))
        assert (capsys.readouterr().err, out.getvalue().strip()) == ("", "")


def test_bars_with_rate_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    made, out = reporter(terminal=True)
    with made:
        made.begin("score:[red]x", 9, "clips")
        for _ in range(9):
            time.sleep(0.001)
            made.advance()
        made.end(Step("score:[red]x"))
    assert "score:[red]x" in out.getvalue()
    assert "9/9" in out.getvalue()
    assert "clips/s" in out.getvalue()
    assert capsys.readouterr().err == ""


def test_notes_are_text_and_not_markup() -> None:
    made, out = reporter()
    made.note("a file called [red]x[/red].mp4")
    assert out.getvalue() == "a file called [red]x[/red].mp4\n"


def test_two_steps_at_once_in_two_threads(capsys: pytest.CaptureFixture[str]) -> None:
    made, _ = reporter()
    begun, go = threading.Event(), threading.Event()

    def other() -> None:
        made.begin("scan", 5, "videos")
        begun.set()
        go.wait(10)
        made.advance(5)
        made.end(Step("scan"))

    with made:
        thread = threading.Thread(target=other)
        thread.start()
        begun.wait(10)
        made.begin("cuts", 3, "videos")
        made.advance(3)
        made.end(Step("cuts"))
        go.set()
        thread.join()
    lines = [line.partition("] ")[2].partition(" in ")[0] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["cuts: 3 videos", "scan: 5 videos"]
