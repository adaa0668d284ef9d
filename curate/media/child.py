"""A child process for work on untrusted video: started, asked, watched, killed and replaced from here.

Codecs are C code that reads what strangers wrote: they crash, hang and ask for all the memory there is. So
whatever opens a video runs in a child with limits on memory and on time without progress; the parent gets a
result or a `MediaError`, never a signal. One child serves many calls. Its own side is
`curate.media.child_main`.
"""

import contextlib
import json
import math
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from curate.media.child_main import FUNCTIONS
from curate.media.errors import MediaError

MEMORY_BYTES = 4 << 30
"""Default limit on a child's memory. A scan of 1080p needs about 0.3 GiB, of 8K about 2 GiB (20 reference
frames)."""
STALL_SECONDS = 120.0
"""Default time without progress after which a child counts as hung. Frames arrive many times a second; the
longest honest silence is a seek or the reading of an index over a slow network."""
START_SECONDS = 120.0
"""Time that Python may take to start on a busy machine."""

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from curate.media.child_main import serve; serve()"
)


class Stalled(MediaError):
    """The child was killed because it made no progress, or took longer than the caller allowed."""


class WorkerDied(MediaError):
    """The child ended by itself in the middle of a call; `signal` says by which signal (0: it exited)."""

    def __init__(self, message: str, signal: int = 0) -> None:
        super().__init__(message)
        self.signal = signal


class OutOfMemory(MediaError):
    """The call wanted more memory than the child may have."""


class WorkerFailed(MediaError):
    """The function raised something that nobody expected; `traceback` is the child's."""

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback


class Worker:
    """A child process that is started on the first call and replaced after it died.

    `memory_bytes`: limit on its heap (None: none). `stall_seconds`: see `call`. `functions`: name →
    "module:function", fixed here for the worker's life; only tests pass another table. Not for use by two
    threads at once.
    """

    def __init__(
        self,
        *,
        memory_bytes: int | None = MEMORY_BYTES,
        stall_seconds: float = STALL_SECONDS,
        functions: Mapping[str, str] = FUNCTIONS,
    ) -> None:
        self._memory_bytes = memory_bytes
        self._stall_seconds = stall_seconds
        self._functions = dict(functions)
        self._child: _Child | None = None

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child, if there is one. A later call starts another."""
        child, self._child = self._child, None
        if child is not None:
            child.end()

    @property
    def pid(self) -> int | None:
        """Process id of the child that is running now."""
        return self._child.pid if self._child is not None and self._child.alive() else None

    def call(
        self,
        function: str,
        arguments: Mapping[str, Any],
        *,
        stall_seconds: float | None = None,
        total_seconds: float | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Any:
        """Run `function` with JSON `arguments` in the child and return its JSON result (a dataclass comes as
        a dict).

        Killed after `stall_seconds` without a report of progress (a function without a `progress` parameter
        reports none: then this is its whole time) or after `total_seconds`. Raises MediaError (Stalled,
        WorkerDied, WorkerFailed among them) for everything that the video is to blame for, OSError where the
        machine is (a full disk), ValueError for an unknown function.
        """
        if function not in self._functions:
            raise ValueError(f"unknown function {function!r}; known are {', '.join(sorted(self._functions))}")
        subject = str(arguments.get("path", arguments.get("source", function)))
        stall = self._stall_seconds if stall_seconds is None else stall_seconds
        if self._child is None or not self._child.alive():
            self.close()
            self._child = _Child(self._memory_bytes, self._functions)
        child = self._child
        try:
            reply = child.ask(
                {"function": function, "arguments": dict(arguments)}, stall, total_seconds, progress
            )
        except _Silent as silent:
            self.close()
            raise Stalled(f"{subject}: {function} {silent} and was stopped") from None
        except _Ended:
            self._child = None
            raise _obituary(subject, function, child.end(patience=5)) from None
        except BaseException:  # Ctrl-C in the middle of a call: its answer must not meet the next question
            self.close()
            raise
        if "error" in reply:
            if reply["error"]["kind"] == "memory":
                self.close()  # an allocation failed half-way through C code: start afresh
            raise _raised(subject, function, reply["error"], self._memory_bytes)
        return reply["result"]


def _obituary(subject: str, function: str, status: int) -> WorkerDied:
    if status < 0:
        name = signal.Signals(-status).name
        hint = " (often the system's answer to memory running out)" if -status == signal.SIGKILL else ""
        return WorkerDied(f"{subject}: {function} was killed by {name}{hint}", -status)
    return WorkerDied(f"{subject}: {function} ended the process with exit code {status}")


def _raised(subject: str, function: str, error: dict[str, Any], memory_bytes: int | None) -> Exception:
    if error["kind"] == "media":
        return MediaError(error["text"])
    if error["kind"] == "memory":
        limit = "there is" if memory_bytes is None else f"its limit of {memory_bytes / 2**30:.3g} GiB"
        return OutOfMemory(f"{subject}: {function} needed more memory than {limit}")
    if error["kind"] == "os":
        return OSError(error["errno"], error["text"], *([error["file"]] if error["file"] else []))
    return WorkerFailed(f"{subject}: {function} failed unexpectedly: {error['text']}", error["traceback"])


class _Silent(Exception):
    """No message in time."""


class _Ended(Exception):
    """The child closed its end."""


class _Child:
    """One running process and its pipes."""

    def __init__(self, memory_bytes: int | None, functions: dict[str, str]) -> None:
        with tempfile.TemporaryFile() as self_said:
            self._process = subprocess.Popen(
                # -P: the folder in which the user stands must not shadow `json` or `curate`.
                [sys.executable, "-P", "-c", _START, json.dumps(_search_path())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self_said,
                bufsize=0,
                env=os.environ
                | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
            )
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._requests: IO[bytes] = self._process.stdin
            self._replies: IO[bytes] = self._process.stdout
            self._rest = b""
            self._end = weakref.finalize(self, _end, self._process)
            try:
                hello = {"parent": os.getpid(), "memory_bytes": memory_bytes, "functions": functions}
                self.ask(hello, START_SECONDS, None, None)
            except (_Silent, _Ended):
                self._end()
                self_said.seek(0)
                said = self_said.read().decode(errors="replace").strip().splitlines()
                why = said[-1] if said else "it said nothing"
                raise RuntimeError(f"the process that decodes videos did not start: {why}") from None

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self, patience: float = 0) -> int:
        """Reap it, killed unless it ends within `patience` seconds; the status as subprocess has it (< 0: a
        signal)."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._end()
        return self._process.returncode

    def ask(
        self,
        message: dict[str, Any],
        stall_seconds: float,
        total_seconds: float | None,
        progress: Callable[[float], None] | None,
    ) -> dict[str, Any]:
        """Send `message` and return the first answer that is not about progress."""
        data = json.dumps(message).encode() + b"\n"
        try:
            while data:
                data = data[self._requests.write(data) :]
        except BrokenPipeError:
            raise _Ended from None
        ends = math.inf if total_seconds is None else time.monotonic() + total_seconds
        while True:
            stalls = time.monotonic() + stall_seconds
            line = self._line(min(stalls, ends))
            if line is None:
                total = total_seconds is not None and ends <= stalls
                why = (
                    f"took more than {total_seconds:g} s"
                    if total
                    else f"made no progress for {stall_seconds:g} s"
                )
                raise _Silent(why)
            reply: dict[str, Any] = json.loads(line)
            if "progress" not in reply:
                return reply
            if progress is not None:
                progress(reply["progress"])

    def _line(self, deadline: float) -> bytes | None:
        """The next line from the child; None when `deadline` (monotonic) passes first."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._replies, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    return None
                chunk = os.read(self._replies.fileno(), 1 << 16)
                if not chunk:
                    raise _Ended
                self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill, reap, close: also run when a worker is dropped without `close`, so that none is left behind."""
    if process.poll() is None:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def _search_path() -> list[str]:
    """Where the child looks for modules: as here, so that both run the same `curate`, but never the current
    folder.

    "" and the current folder are on the path of `python -m` and `python -c`; files in them would shadow ours.
    """
    root = os.path.realpath(Path(__file__).parents[2])
    here = os.path.realpath(".")
    places = [(entry, os.path.realpath(entry)) for entry in sys.path if entry]
    kept = [entry for entry, place in places if place == root or place != here]
    return kept if any(place == root for _, place in places) else [root, *kept]
