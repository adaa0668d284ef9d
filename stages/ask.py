"""What a worker process of the step `caption` does: it talks with the model about portions of clips.

One event loop for all portions that the process has in hand: `lanes` requests are out at any time, whatever
clip they are about, while a few threads read the frames of the clips to come. The model is loaded, or the
connection made, with the first question, and every answer is in the journal before the next step is taken.
"""

import asyncio
import contextlib
import json
import os
import pickle
import socket
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import Any

from captioners.dialogue.model import Backend
from captioners.dialogue.prepared import Prepared, Rgb
from captioners.dialogue.requests import Prompts, request_hash, request_of
from captioners.dialogue.similarity import Fit
from captioners.dialogue.turns import FAILED, LOST, REJECTED, UNANSWERED, Turn, state_of
from captioners.dialogue.types import (
    MERGE,
    Answer,
    Evidence,
    Refused,
    Request,
    Response,
    Unanswered,
    Unusable,
)
from curate.storage import Folder
from stages import journal
from stages.answers import answer_of, evidence_in, form_of
from stages.budget import Budget, Stopped
from stages.measure import failure
from stages.preparing import captioner_of, todo_of
from stages.told import Told, told

Row = dict[str, Any]
Frames = tuple[Rgb, ...]

READERS = 4
"""Threads that read frames: parquet and JPEG release the interpreter's lock."""
LONGEST = 65_536
"""Characters of an answer that are kept."""
CLOSING = 60.0
"""Seconds that a model may take to let go of its memory."""


class Asker:
    """The work of one process. `spec`: captioner (MODULE:CLASS), options, prompts, key, run (folder), limits,
    budget (tokens, None without), driver (host name, process), stop (a file)."""

    def __init__(self, spec: Row) -> None:
        self.captioner = captioner_of(spec)
        self._spec = spec
        self._folder = Folder(spec["run"])
        self._prompts = Prompts.from_json(spec["prompts"])
        self._rules = self.captioner.rules
        self._backend: Backend | None = None
        self._opening = asyncio.Lock()
        self._lanes = asyncio.Semaphore(self.captioner.lanes)
        # Clips whose frames are in memory: those that are asked about, and some to follow at once.
        self._in_hand = asyncio.Semaphore(self.captioner.lanes + max(READERS, self.captioner.lanes // 2))
        self._fatal: str | None = None
        self._budget = Budget(spec.get("budget"))
        self._answered = False
        self._refusals: list[tuple[journal.Journal, Row]] = []
        """Those that came before any answer: it may be the options that are refused, and not these clips."""
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="frames")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ask", daemon=True)
        self._thread.start()

    def __call__(self, items: list[Row]) -> list[Row]:
        """Portions, one after the other; called from several threads at once."""
        return [asyncio.run_coroutine_threadsafe(self._portion(item), self._loop).result() for item in items]

    def __del__(self) -> None:
        # Ray Data drops what it calls when an actor ends in peace.
        with contextlib.suppress(Exception):
            self.close()

    def close(self) -> None:
        """Let go of the model or the connection; what is still under way is given up."""
        if self._loop.is_closed() or threading.current_thread() is self._thread:
            return
        with contextlib.suppress(Exception):  # a backend may raise anything, and nothing hangs on it now
            asyncio.run_coroutine_threadsafe(self._wind_up(), self._loop).result(CLOSING)
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSING)
        if not self._thread.is_alive():
            self._loop.close()

    async def _wind_up(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._loop.shutdown_default_executor()
        if self._backend is not None:
            await self._backend.close()

    async def _portion(self, item: Row) -> Row:
        lines = await self._loop.run_in_executor(self._readers, todo_of, item)
        prepared = self._prepared(item, len(lines))
        known = await self._loop.run_in_executor(self._readers, self._known, item["portion"])
        out = journal.Journal(
            self._folder.path(
                f"{journal.FOLDER}/{self._spec['key']}/{item['portion']}-{uuid.uuid4().hex[:8]}.jsonl"
            )
        )
        try:
            done = await asyncio.gather(
                *(
                    self._clip(line, ready, known.get(line["clip"]["clip_id"], []), out)
                    for line, ready in zip(lines, prepared, strict=True)
                )
            )
        finally:
            self._settle_refusals(out)
            out.close()
        return {"portion": item["portion"], "done": sum(done), "clips": len(lines), "fatal": self._fatal}

    def _known(self, portion: str) -> dict[str, list[Row]]:
        """Answers about the portion that an earlier process, which died, has in its journal."""
        found: dict[str, list[Row]] = {}
        for name in journal.journals(self._folder, self._spec["key"], f"{portion}-"):
            for row in filter(None, map(form_of, journal.lines(self._folder.path(name)))):
                found.setdefault(row["clip_id"].hex(), []).append(row)
        return found

    @staticmethod
    def _prepared(item: Row, count: int) -> Sequence[Told | Row | None]:
        """What actors before this one read of each clip; None: it is read here."""
        if "prepared" not in item:
            return [None] * count
        found: Sequence[Told | Row] = pickle.loads(item["prepared"])  # made by `Preparer`, in this run
        return found

    async def _clip(
        self, line: Row, ready: Told | Row | None, known: Sequence[Row], out: journal.Journal
    ) -> bool:
        """Talk about one clip until it has an outcome; whether it has one."""
        async with self._in_hand:
            try:
                if self._stopped:
                    return False
                try:
                    await self._talk(line, ready, known, out)
                except Stopped:
                    return False
                except Exception as error:  # whatever it is, only its clip may suffer
                    self._lost(out, line, UNANSWERED, failure(error)["error"])
            except Stopped:  # it could not even be written down
                return False
        return True

    async def _talk(
        self, line: Row, ready: Told | Row | None, known: Sequence[Row], out: journal.Journal
    ) -> None:
        """Raises Stopped."""
        rows = [*line["answers"], *known]
        answers = [answer_of(row) for row in rows]
        # An answer is judged by what was measured when it was asked for, here and by the driver.
        evidence = evidence_in(rows)
        fit = Fit.from_json(line.get("fit"))
        state = state_of(line["windows"], answers, evidence, self._rules, fit)
        asked = {turn.window for turn in state.turns}
        found = ready
        if found is None:
            found = await self._loop.run_in_executor(
                self._readers, told, line, self.captioner, self._spec["limits"], asked
            )
        if not isinstance(found, Told):
            if "fatal" in found:
                self._fatal = self._fatal or found["fatal"]
                raise Stopped
            self._lost(out, line, UNANSWERED if found.get("transient") else FAILED, found["error"])
            return
        evidence = {**found.evidence, **evidence}
        # Without an outcome, too, there may be nothing to ask: a caption is to be compared with its frames.
        while state.turns:
            # None is left behind: each has its answer in the journal before the clip is done with.
            came = await asyncio.gather(
                *(
                    self._turn(turn, line, found, evidence[turn.window], state.parts, out)
                    for turn in state.turns
                ),
                return_exceptions=True,
            )
            errors = [one for one in came if isinstance(one, BaseException)]
            if errors:
                raise next((error for error in errors if isinstance(error, Stopped)), errors[0])
            answers += [one for one in came if isinstance(one, Answer)]
            # Judging takes milliseconds: whoever waits for the place that became free asks first.
            await asyncio.sleep(0)
            state = state_of(line["windows"], answers, evidence, self._rules, fit)

    async def _turn(
        self,
        turn: Turn,
        line: Row,
        found: Told,
        evidence: Evidence,
        parts: Sequence[Any],
        out: journal.Journal,
    ) -> Answer:
        merging = turn.window == MERGE
        start, end = (0.0, found.spans[-1][1]) if merging else found.spans[turn.window]
        request = request_of(
            turn,
            line["clip"]["clip_id"],
            self._prompts,
            facts=self.captioner.facts,
            evidence=evidence,
            seconds=end - start,
            images=() if merging else found.images[turn.window],
            parts=[(*span, part) for span, part in zip(found.spans, parts, strict=True)] if merging else (),
        )
        row = {
            **_row(line, turn.window, turn.attempt),
            "sampling": json.dumps(self.captioner.sent(turn.sampling), sort_keys=True),
            "evidence": json.dumps(evidence.as_json(), sort_keys=True),
            "frames_seen": [image.pts for image in request.images],
            "request_hash": request_hash(request),
        }
        backend = await self._open()
        async with self._lanes:
            if self._stopped:
                raise Stopped
            row |= await self._ask(backend, request, found.frames.get(turn.window))
            self._keep(out, row)
        return answer_of(row)

    async def _ask(self, backend: Backend, request: Request, frames: Frames | None) -> Row:
        """The columns of an answer, or why there is none. Raises Stopped."""
        reserved = await self._budget.reserve(request.sampling.max_tokens)
        row: Row = {}
        try:
            if self._stopped:
                raise Stopped
            row = await self._reply(backend, request, frames)
        finally:
            await self._budget.settle(reserved, row.get("tokens_in"), row.get("tokens_out"))
        return row

    async def _reply(self, backend: Backend, request: Request, frames: Frames | None) -> Row:
        began = time.monotonic()
        try:
            if self.captioner.PREPARES:
                bare = tuple(replace(image, jpeg=b"") for image in request.images)
                ready = Prepared(replace(request, images=bare), frames or ())
                return _columns(await backend.ask_prepared(ready)) | _times(began)
            return _columns(await backend.ask(request)) | _times(began)
        except Refused as error:
            reason, said = REJECTED, str(error)
        except Unanswered as error:
            reason, said = UNANSWERED, str(error)
        except Unusable as error:
            self._fatal = self._fatal or str(error)
            raise Stopped from error
        except Exception as error:  # a backend of one's own may raise anything, and only its clip may suffer
            reason, said = UNANSWERED, failure(error)["error"]
        return {"finish_reason": reason, "error": said, **_times(began)}

    @property
    def _stopped(self) -> bool:
        return self._fatal is not None or self._budget.used_up or self._orphaned or self._called_off

    @property
    def _called_off(self) -> bool:
        """Whether another process found that nothing can be asked: the driver says so by a file."""
        return os.path.exists(self._spec["stop"])

    @property
    def _orphaned(self) -> bool:
        """Whether the driver is gone. Ray ends its workers some seconds later, and meanwhile they would ask
        what the next run asks as well."""
        host, process = self._spec["driver"]
        if host != socket.gethostname():
            return False
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        return False

    async def _open(self) -> Backend:
        async with self._opening:
            if self._stopped:
                raise Stopped
            if self._backend is None:
                try:
                    self._backend = await self._loop.run_in_executor(None, self.captioner.open)
                except Exception as error:  # libraries that load models raise anything
                    said = str(error) if isinstance(error, Unusable) else failure(error)["error"]
                    self._fatal = " ".join(said.split())
                    raise Stopped from error
            return self._backend

    def _keep(self, out: journal.Journal, row: Row) -> None:
        """Write down what came of a request. Raises Stopped."""
        if row["finish_reason"] == REJECTED and not self._answered:
            self._refusals.append((out, row))
            return
        self._write(out, row)
        if row["raw"] is None:
            return
        if self._budget.limited and row["tokens_in"] is None:
            self._fatal = self._fatal or (
                f"{self.captioner.model} does not say how many tokens an answer took, so budget_tokens "
                "cannot be kept: take the option away"
            )
        if not self._answered:
            self._answered = True
            for held, refusal in self._refusals:
                self._write(held, refusal)
            self._refusals.clear()

    def _settle_refusals(self, out: journal.Journal) -> None:
        """Those of a portion that ends. Where the model turned out to be unusable, its clips wait."""
        mine = [row for held, row in self._refusals if held is out]
        self._refusals = [(held, row) for held, row in self._refusals if held is not out]
        with contextlib.suppress(Stopped):
            for row in mine:
                self._write(out, row if self._fatal is None else {**row, "finish_reason": UNANSWERED})

    def _lost(self, out: journal.Journal, line: Row, reason: str, error: str) -> None:
        """Write down that a clip is not asked about. Raises Stopped."""
        self._write(out, {**_row(line, 0, 0), "finish_reason": reason, "error": error})

    def _write(self, out: journal.Journal, row: Row) -> None:
        try:
            out.write({**row, "error": None if row["error"] is None else _plain(row["error"])})
        except OSError as error:
            self._fatal = self._fatal or (
                f"the journal of answers cannot be written ({error.strerror}): free some space, or mend "
                "that, and run the same command again"
            )
            raise Stopped from error


def _row(line: Row, window: int, attempt: int) -> Row:
    return {
        "clip_id": line["clip"]["clip_id"], "window": window, "attempt": attempt, "request_hash": None,
        "sampling": None, "raw": None, "finish_reason": None, "tokens_in": None, "tokens_out": None,
        "seconds": None, "answered": None, "model": None, "frames_seen": None, "evidence": None,
        "error": None,
    }  # fmt: skip


def _columns(found: Response) -> Row:
    """An answer as columns: text that UTF-8 cannot hold is replaced, and none is endless."""
    columns = asdict(found)
    columns["raw"] = _plain(found.raw)[:LONGEST]
    ended = _plain(found.finish_reason or "stop")[:100]
    # Words of our own for answers that never came: a server may not say them.
    columns["finish_reason"] = "stop" if ended in LOST else ended
    columns["model"] = None if found.model is None else _plain(found.model)[:300]
    columns |= {name: _count(columns[name]) for name in ("tokens_in", "tokens_out")}
    return columns


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40 else None


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\x00", "�")


def _times(began: float) -> Row:
    """When an answer came, and how long it took since `began`, which the clock that never jumps says."""
    return {"seconds": round(time.monotonic() - began, 3), "answered": round(time.time(), 3)}
