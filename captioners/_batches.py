"""Requests that come one by one, answered in batches: the next batch is prepared while one is answered."""

import asyncio
import time
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from captioners.dialogue.types import Refused, Request, Response, Unanswered, Unusable

WAIT = 0.005
"""Seconds that a batch which is not full waits for more."""


class TooMuch(Exception):
    """The batch does not fit into the memory."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch that is ready for the model."""

    kept: Sequence[int]
    """Of the requests, by number, those in it."""
    refused: dict[int, Refused]
    """The others."""
    inputs: Any


@dataclass(frozen=True, slots=True)
class Written:
    """An answer, and when its last token came, by time.monotonic."""

    raw: str
    finish_reason: str
    tokens_in: int
    tokens_out: int
    at: float


class Engine(Protocol):
    """What answers. `prepare` and `write` run in threads, one of each at a time."""

    def kind(self, request: Request) -> Hashable:
        """Requests of one kind can be in one batch."""

    def prepare(self, requests: Sequence[Request]) -> Prepared:
        """Raises Unusable, or anything where several requests do not go together."""

    def write(self, prepared: Prepared) -> Sequence[Written | Exception]:
        """One for each of `kept`. Raises TooMuch; Unusable; or Refused, where one may be at fault for all."""


@dataclass(eq=False, slots=True)
class _Waiting:
    request: Request
    answer: "asyncio.Future[Written]"
    alone: bool = False
    """It was in a batch that failed."""


class Batches:
    """A queue before an engine, on one event loop, which is never held up."""

    def __init__(self, engine: Engine, size: int) -> None:
        self.engine = engine
        self.size = size
        """Of a batch; halved, for good, where one did not fit into the memory."""
        self._waiting: list[_Waiting] = []
        self._came = asyncio.Event()
        self._preparing = ThreadPoolExecutor(1, thread_name_prefix="prepare")
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="write")
        self._busy: asyncio.Task[None] | None = None
        """The batch that is being answered."""
        self._work: asyncio.Task[None] | None = None
        self._closed = False

    async def ask(self, request: Request) -> Response:
        if self._closed:
            raise Unanswered("the model was closed before it could answer")
        asked = time.monotonic()
        loop = asyncio.get_running_loop()
        entry = _Waiting(request, loop.create_future())
        self._waiting.append(entry)
        self._came.set()
        if self._work is None:
            self._work = loop.create_task(self._run())
        found = await entry.answer
        return Response(
            found.raw, found.finish_reason, found.tokens_in, found.tokens_out, max(0.0, found.at - asked)
        )

    async def close(self) -> None:
        """Nobody gets an answer any more; what the engine has begun, it ends."""
        self._closed = True
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        if self._busy is not None:
            await asyncio.gather(self._busy, return_exceptions=True)
        for entry in self._waiting:
            _fail(entry, Unanswered("the model was closed before it could answer"))
        self._waiting.clear()
        await asyncio.to_thread(self._preparing.shutdown)
        await asyncio.to_thread(self._writing.shutdown)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        batch: list[_Waiting] = []
        try:
            while True:
                batch = await self._gather()
                prepared: Prepared | Exception
                try:
                    requests = [entry.request for entry in batch]
                    prepared = await loop.run_in_executor(self._preparing, self.engine.prepare, requests)
                except Exception as error:  # handled with those of answering
                    prepared = error
                if self._busy is not None:
                    # Not `await`: who cancels this task must not cancel that one.
                    await asyncio.wait({self._busy})
                self._busy, batch = loop.create_task(self._answer(batch, prepared)), []
        finally:
            self._waiting += batch

    async def _gather(self) -> list[_Waiting]:
        """The oldest request and those of its kind; as many as a batch holds, or those that came within a
        moment, or while the model was busy anyway."""
        batch: list[_Waiting] = []
        pause: asyncio.Task[None] | None = None
        while len(batch) < self.size:
            self._came.clear()
            # Whoever asked may have given up.
            self._waiting = [entry for entry in self._waiting if not entry.answer.done()]
            batch = self._of_a_kind()
            if not batch:
                await self._came.wait()
                continue
            pause = pause or asyncio.create_task(asyncio.sleep(WAIT))
            until = pause if self._busy is None or self._busy.done() else self._busy
            if len(batch) >= self.size or batch[0].alone or until.done():
                break
            came = asyncio.create_task(self._came.wait())
            try:
                await asyncio.wait({until, came}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                came.cancel()
        self._waiting = [entry for entry in self._waiting if entry not in batch]
        return batch

    def _of_a_kind(self) -> list[_Waiting]:
        if not self._waiting:
            return []
        first = self._waiting[0]
        if first.alone:
            return [first]
        kind = self.engine.kind(first.request)
        kin = (one for one in self._waiting if not one.alone and self.engine.kind(one.request) == kind)
        return list(islice(kin, self.size))

    async def _answer(self, batch: list[_Waiting], prepared: Prepared | Exception) -> None:
        if isinstance(prepared, Exception):
            self._failed(batch, prepared)
            return
        for number, refusal in prepared.refused.items():
            _fail(batch[number], refusal)
        entries = [batch[number] for number in prepared.kept]
        if not entries:
            return
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._writing, self.engine.write, prepared)
        except TooMuch as error:
            if len(entries) == 1:
                advice = "fewer or smaller frames, or a smaller model, need less"
                _fail(entries[0], Refused(f"{error}: {advice}"))
            else:
                self.size = min(self.size, len(entries) // 2)
                self._again(entries)
        except Exception as error:
            self._failed(entries, error)
        else:
            for entry, one in zip(entries, found, strict=True):
                if isinstance(one, Exception):
                    _fail(entry, one)
                elif not entry.answer.done():
                    entry.answer.set_result(one)

    def _failed(self, entries: list[_Waiting], error: Exception) -> None:
        """Whose fault it was shows when each is asked alone."""
        if len(entries) == 1 or isinstance(error, Unusable):
            for entry in entries:
                _fail(entry, error)
            return
        for entry in entries:
            entry.alone = True
        self._again(entries)

    def _again(self, entries: list[_Waiting]) -> None:
        """First in the queue once more."""
        self._waiting[:0] = entries
        self._came.set()


def _fail(entry: _Waiting, error: Exception) -> None:
    if not entry.answer.done():
        entry.answer.set_exception(error)
