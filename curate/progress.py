"""How far a run is: bars with rate and time left on a terminal, plain lines otherwise. All of it on
stderr."""

import sys
import threading
import time
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from curate.context import Step

LINE_SECONDS = 10.0
"""A plain line at most this often per step."""


class _Rate(ProgressColumn):
    """Items per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} {task.fields['unit']}/s")


class ProgressReporter:
    """Shows the steps as they go; steps of two waves may run at once, each in a thread of its own."""

    def __init__(self, console: Console | None = None, quiet: bool = False) -> None:
        self.console = console or Console(stderr=True)
        self._quiet = quiet
        self._bars = self.console.is_terminal and not quiet
        self._progress = Progress(
            TextColumn("{task.description:>16}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self._bars,
        )
        self._here = threading.local()
        self._begun = time.monotonic()

    def __enter__(self) -> "ProgressReporter":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, step: str, total: int, unit: str) -> None:
        here = self._here
        here.step, here.unit, here.total, here.done = step, unit, total, 0
        here.started = here.told = time.monotonic()
        here.task = self._progress.add_task(escape(step), total=total, unit=unit) if total else None

    def advance(self, amount: int = 1) -> None:
        here = self._here
        here.done += amount
        task: TaskID | None = here.task
        if task is not None:
            self._progress.advance(task, amount)
        now = time.monotonic()
        if not self._bars and now - here.told >= LINE_SECONDS and here.done < here.total:
            here.told = now
            rate = here.done / (now - here.started)
            left = (here.total - here.done) / rate if rate else 0
            self._line(
                f"{here.step}: {here.done} of {here.total} {here.unit}, {rate:.1f}/s, {left:.0f} s left"
            )

    def end(self, step: Step) -> None:
        here = self._here
        if not self._bars and here.total:
            parts = [f"{here.done} {here.unit}"]
            if step.failed:
                parts.append(f"{step.failed} failed so far")
            self._line(f"{here.step}: {', '.join(parts)} in {time.monotonic() - here.started:.1f} s")

    def note(self, text: str) -> None:
        """A line for the reader, whatever the output is."""
        if not self._quiet:
            self.console.print(escape(text), highlight=False, soft_wrap=True)

    def _line(self, text: str) -> None:
        if not self._quiet:
            print(f"[{time.monotonic() - self._begun:7.1f} s] {text}", file=sys.stderr, flush=True)
