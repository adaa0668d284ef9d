"""One step ahead: what can be made ready for the next step while this one is computed."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class Ahead(Generic[S, T]):
    """`function` of every item of `source`, in order, made in a thread of its own, one item ahead.

    Use as a context manager; an error of either is raised where the item would have come.
    """

    def __init__(self, function: Callable[[S], T], source: Iterable[S]) -> None:
        self._function, self._source = function, source
        self._queue: queue.Queue[T | BaseException | None] = queue.Queue(1)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="ahead", daemon=True)

    def __enter__(self) -> Iterator[T]:
        self._thread.start()
        return self._items()

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=0.05)
            except queue.Empty:
                continue

    def _items(self) -> Iterator[T]:
        while (found := self._queue.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found

    def _work(self) -> None:
        try:
            for item in self._source:
                if self._closed.is_set():
                    return
                self._queue.put(self._function(item))
            self._queue.put(None)
        except BaseException as error:
            self._queue.put(error)
