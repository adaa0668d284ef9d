"""The child's side of `curate.media.child`: take a call, run it within the limits, answer.

Parent and child exchange JSON lines on descriptors of their own: what a library prints cannot end up between
them.
"""

import ctypes
import dataclasses
import errno
import importlib
import inspect
import json
import os
import queue
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

FUNCTIONS: Mapping[str, str] = {
    "probe": "curate.media.child_tasks:probe",
    "scan": "curate.signals.scan_file:scan_from_json",
    "sound": "curate.signals.scan_sound:scan_sound_from_json",
    "encode": "curate.media.child_tasks:encode",
    "frames": "curate.media.child_tasks:frames",
}
"""What a child can be asked to do. A call names an entry, never a module: nothing in a message selects
code."""

BEAT_SECONDS = 0.5
"""Progress is passed on this often at most; a scan reports every frame."""

_PASSED_ON = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.EROFS, errno.ESTALE}
"""Failures of the machine, not of the video: they reach the caller as OSError, so that no row is blamed for
them."""


def _fail(error: BaseException) -> dict[str, Any]:
    """An exception as a message."""
    text = " ".join(str(error).split()) or type(error).__name__
    number = getattr(error, "errno", None)
    foreign = type(error).__module__.startswith("av.")
    if isinstance(error, MemoryError):
        return {"kind": "memory", "text": text}
    if isinstance(error, OSError) and (not foreign or number in _PASSED_ON):
        return {"kind": "os", "text": error.strerror or text, "errno": number, "file": _name(error.filename)}
    if any(base.__name__ == "MediaError" for base in type(error).__mro__):
        return {"kind": "media", "text": str(error)}
    return {"kind": "other", "text": f"{type(error).__name__}: {text}", "traceback": traceback.format_exc()}


def _name(file: object) -> str | None:
    return None if file is None else os.fsdecode(file) if isinstance(file, str | bytes) else str(file)


def _limit(memory_bytes: int | None, parent: int) -> None:
    """Die with the parent, leave no core files, and fail allocations beyond `memory_bytes`."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it died before the request above
            os._exit(0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_bytes is not None:
        # RLIMIT_DATA counts what is written to (heap and private mappings); RLIMIT_AS would also count the
        # address space that allocators and thread stacks only reserve, several GiB of it.
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        most = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _own_channel() -> tuple[int, int]:
    """(requests, replies): the pipes from the parent, moved away from stdin and stdout."""
    requests, replies = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)  # stray prints join stderr
    return requests, replies


def _listen(requests: int, inbox: "queue.SimpleQueue[dict[str, Any]]") -> NoReturn:
    """Pass requests on; at their end leave at once, whatever the main thread is doing: the parent has
    gone."""
    with os.fdopen(requests, "rb") as lines:
        for line in lines:
            inbox.put(json.loads(line))
    os._exit(0)


def _resolve(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def serve() -> NoReturn:
    """The child's main loop. First message: the limits and the table of functions; then one call at a
    time."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C goes to the whole group; the parent decides what ends
    requests, replies = _own_channel()
    inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, inbox), daemon=True).start()

    def send(message: dict[str, Any]) -> None:
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(replies, data) :]

    hello = inbox.get()
    _limit(hello["memory_bytes"], hello["parent"])
    functions: dict[str, str] = hello["functions"]
    send({"ready": os.getpid()})
    while True:
        call = inbox.get()
        last = time.monotonic()

        def progress(done: float = 0.0) -> None:
            nonlocal last
            if (now := time.monotonic()) - last >= BEAT_SECONDS:
                last = now
                send({"progress": done})

        try:
            function = _resolve(functions[call["function"]])
            arguments = dict(call["arguments"])
            if "progress" in inspect.signature(function).parameters:
                arguments["progress"] = progress
            result = function(**arguments)
            if dataclasses.is_dataclass(result) and not isinstance(result, type):
                result = dataclasses.asdict(result)
            reply = {"result": result}
            json.dumps(reply)
        except Exception as error:
            reply = {"error": _fail(error)}
        send(reply)
