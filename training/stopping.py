"""How a training is told to end: by a signal, or by a file where no signal reaches it."""

import signal
import threading
from typing import Any

STOP = "stop"
"""A file of this name in the folder ends the training as SIGTERM does: where signals do not reach it."""


class Stopped(Exception):
    """Training ended early, on purpose; what was done is saved."""


class Signals:
    """Within it, SIGTERM and the first SIGINT set an event. Ray Train runs its workers in a thread, where no
    signal can be listened to; there Ray ends them."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._heard)

    def _heard(self, number: int, frame: object) -> None:
        if number == signal.SIGINT and self._stop.is_set():
            raise KeyboardInterrupt
        self._stop.set()

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
