"""The one killable decoding process of each worker process, kept for the next item."""

import errno
import os
import threading
from collections.abc import Callable
from typing import Any

from curate.media import MediaError
from curate.media.child import OutOfMemory, Stalled, Worker, WorkerDied

_workers: dict[int, Worker] = {}
_turn = threading.Lock()
"""A child answers one question at a time; threads that ask at once would get each other's answers."""


def decode_call(
    function: str, arguments: dict[str, Any], *, stall_seconds: float, max_memory: int
) -> dict[str, Any]:
    """Run `function` in the child; a child that dies or hangs gets one more chance, in a new process.

    A crash may be the neighbour's fault (memory was short); a second one in a row is the file's. Raises
    `MediaError` for the file's own faults; other exceptions are the environment's.
    """
    with _turn:
        worker = _workers.get(max_memory)
        if worker is None:
            while _workers:
                _workers.popitem()[1].close()
            worker = _workers[max_memory] = Worker(memory_bytes=max_memory)
        try:
            result: dict[str, Any] = worker.call(function, arguments, stall_seconds=stall_seconds)
        except (WorkerDied, Stalled):
            result = worker.call(function, arguments, stall_seconds=stall_seconds)
    return result


def guarded(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result of `work`, or {"error"} for a file's own fault, or {"fatal"} for what must stop the run.

    `transient` says that the error may be the moment's: no progress, a killed process, too little memory.
    """
    try:
        return work()
    except (Stalled, WorkerDied, OutOfMemory) as error:
        return {"error": str(error), "transient": True}
    except MediaError as error:
        return {"error": str(error)}
    except OSError as error:
        return {"fatal": failed_on(error)}
    except RuntimeError as error:  # the child did not start
        return {"fatal": str(error)}


def stamp(path: str) -> tuple[int, str] | None:
    """(bytes, modification time in nanoseconds) of a file, None if it is not there."""
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts.st_size, str(facts.st_mtime_ns)


def failed_on(error: OSError) -> str:
    """What to say of an error of the machine."""
    where = f" ({os.fsdecode(error.filename)})" if error.filename else ""
    said = " ".join(str(error.strerror or error).split())
    return out_of_space(error) or f"{said}{where}: mend that and run the same command again"


def out_of_space(error: OSError) -> str | None:
    """What to say of a full disk; None for any other error."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    where = f" while writing {os.fsdecode(error.filename)}" if error.filename else ""
    return f"the disk is full{where}: free some space and run the same command again, which goes on from here"
