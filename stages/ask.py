"""What a worker process of the step `caption` does: it talks with the model about portions of clips.

One event loop for all portions that the process has in hand: `lanes` requests are out at any time, whatever
clip they are about, while a few threads read the frames of the clips to come. The model is loaded, or the
connection made, with the first question, and every answer is in the journal before the next step is taken.
"""

import asyncio
import importlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from captioners.dialogue.evidence import evidence_of
from captioners.dialogue.model import Backend, ModelCaptioner
from captioners.dialogue.requests import Prompts, request_hash, request_of
from captioners.dialogue.turns import FAILED, REJECTED, UNANSWERED, Turn, state_of
from captioners.dialogue.types import (
    MERGE,
    Answer,
    Evidence,
    Image,
    Refused,
    Request,
    Response,
    Unanswered,
    Unusable,
)
from curate.frames_of import Jpeg, reduced
from curate.plugins import ClipView
from curate.storage import Folder
from stages import journal
from stages.answers import answer_of, window_spans
from stages.frames import frames_of
from stages.measure import failure
from stages.signals import Columns, read_part, span
from stages.worker import guarded

Row = dict[str, Any]

READERS = 4
"""Threads that read frames: parquet and JPEG release the interpreter's lock."""
LONGEST = 65_536
"""Characters of an answer that are kept."""


@dataclass
class Told:
    """A clip with what it takes to ask about it."""

    line: Row
    """From the driver: clip, video, parts, words, stored answers."""
    evidence: dict[int, Evidence]
    images: dict[int, tuple[Image, ...]]
    answers: list[Answer] = field(default_factory=list)


class Stopped(Exception):
    """Nothing more is asked in this process: the budget is used up, or the model is unusable."""


class Asker:
    """The work of one process. `spec`: captioner (MODULE:CLASS), options, prompts, key, run (folder), limits,
    budget (tokens, None without), driver (host name, process)."""

    def __init__(self, spec: Row) -> None:
        module, _, name = spec["captioner"].partition(":")
        self.captioner: ModelCaptioner = getattr(importlib.import_module(module), name)(**spec["options"])
        self._spec = spec
        self._folder = Folder(spec["run"])
        self._prompts = Prompts.from_json(spec["prompts"])
        self._rules = self.captioner.rules
        self._backend: Backend | None = None
        self._lanes: asyncio.Semaphore | None = None
        self._opening = asyncio.Lock()
        self._fatal: str | None = None
        self._spent, self._reserved, self._largest = 0, 0, 0
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="frames")
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="ask", daemon=True).start()

    def __call__(self, items: list[Row]) -> list[Row]:
        """Portions, one after the other; called from several threads at once."""
        return [asyncio.run_coroutine_threadsafe(self._portion(item), self._loop).result() for item in items]

    async def _portion(self, item: Row) -> Row:
        lines = _todo(item)
        known = self._known(item["portion"])
        out = journal.Journal(
            self._folder.path(
                f"{journal.FOLDER}/{self._spec['key']}/{item['portion']}-{uuid.uuid4().hex[:8]}.jsonl"
            )
        )
        try:
            done = await asyncio.gather(
                *(self._clip(line, known.get(line["clip"]["clip_id"], []), out) for line in lines)
            )
        finally:
            out.close()
        return {"portion": item["portion"], "done": sum(done), "clips": len(lines), "fatal": self._fatal}

    def _known(self, portion: str) -> dict[str, list[Answer]]:
        """Answers about the portion that an earlier process, which died, has in its journal."""
        found: dict[str, list[Answer]] = {}
        for name in journal.journals(self._folder, self._spec["key"], f"{portion}-"):
            for row in journal.lines(self._folder.path(name)):
                found.setdefault(str(row.get("clip_id")), []).append(answer_of(row))
        return found

    async def _clip(self, line: Row, known: Sequence[Answer], out: journal.Journal) -> bool:
        """Talk about one clip until it has an outcome; whether it has one."""
        if self._stopped:
            return False
        found = await self._loop.run_in_executor(self._readers, self._told, line)
        if "fatal" in found:
            self._fatal = self._fatal or found["fatal"]
            return False
        if "error" in found:
            reason = UNANSWERED if found.get("transient") else FAILED
            self._write(out, {**_row(line, 0, 0), "finish_reason": reason, "error": found["error"]})
            return True
        told: Told = found["told"]
        told.answers += [*map(answer_of, line["answers"]), *known]
        while True:
            state = state_of(len(told.images), told.answers, told.evidence, self._rules)
            if state.outcome is not None:
                return True
            try:
                told.answers += await asyncio.gather(
                    *(self._turn(turn, told, state.parts, out) for turn in state.turns)
                )
            except Stopped:
                return False

    async def _turn(self, turn: Turn, told: Told, parts: Sequence[Any], out: journal.Journal) -> Answer:
        line, clip = told.line, told.line["clip"]
        spans = window_spans(clip, len(told.images))
        times = [(at(clip, start), at(clip, end)) for start, end in spans]
        merging = turn.window == MERGE
        images = () if merging else told.images[turn.window]
        request = request_of(
            turn,
            clip["clip_id"],
            self._prompts,
            facts=self.captioner.facts,
            evidence=told.evidence[turn.window],
            seconds=at(clip, clip["end_pts"]) if merging else times[turn.window][1] - times[turn.window][0],
            images=images,
            parts=[(*time, part) for time, part in zip(times, parts, strict=True)] if merging else (),
        )
        row = {
            **_row(line, turn.window, turn.attempt),
            "sampling": json.dumps(turn.sampling.as_json(), sort_keys=True),
            "evidence": json.dumps(told.evidence[turn.window].as_json(), sort_keys=True),
            "frames_seen": [image.pts for image in images],
        }
        backend = await self._open()
        assert self._lanes is not None
        async with self._lanes:
            row |= {"request_hash": request_hash(request), **await self._ask(backend, request)}
            self._write(out, row)
        return answer_of(row)

    async def _ask(self, backend: Backend, request: Request) -> Row:
        """The columns of an answer, or why there is none. Raises Stopped."""
        if self._stopped:
            raise Stopped
        reserved = self._reserve(request)
        began = time.monotonic()
        try:
            found = await backend.ask(request)
        except Refused as error:
            return {"finish_reason": REJECTED, "error": str(error), "seconds": _since(began)}
        except Unanswered as error:
            return {"finish_reason": UNANSWERED, "error": str(error), "seconds": _since(began)}
        except Unusable as error:
            self._fatal = self._fatal or str(error)
            raise Stopped from error
        except Exception as error:  # a backend of one's own may raise anything, and only its clip may suffer
            return {"finish_reason": UNANSWERED, **failure(error), "seconds": _since(began)}
        finally:
            self._reserved -= reserved
        tokens = (found.tokens_in or 0) + (found.tokens_out or 0)
        self._spent += tokens
        self._largest = max(self._largest, found.tokens_in or 0)
        return _columns(found, _since(began))

    def _reserve(self, request: Request) -> int:
        """Set aside what the request may take at most, as far as is known. Raises Stopped where the budget
        does not hold it."""
        budget = self._spec.get("budget")
        if budget is None:
            return 0
        most = self._largest + request.sampling.max_tokens
        if self._spent + self._reserved + most > budget:
            raise Stopped
        self._reserved += most
        return most

    @property
    def _stopped(self) -> bool:
        return self._fatal is not None or self._orphaned

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
                except Unusable as error:
                    self._fatal = str(error)
                    raise Stopped from error
                self._lanes = asyncio.Semaphore(self.captioner.lanes)
            return self._backend

    def _write(self, out: journal.Journal, row: Row) -> None:
        try:
            out.write(row)
        except OSError as error:
            self._fatal = self._fatal or (
                f"the journal of answers cannot be written ({error.strerror}): free some space, or mend "
                "that, and run the same command again"
            )
            raise Stopped from error

    def _told(self, line: Row) -> Row:
        """{"told"}: evidence and images of every window; {"error"}: the clip's own fault; {"fatal"}."""

        def work() -> Row:
            clip, windows = line["clip"], line["windows"]
            signals = {group: _part(path) for group, path in line["signals"].items()}
            views = {
                number: _view(clip, line["video"], signals, start, end)
                for number, (start, end) in enumerate(window_spans(clip, windows))
            }
            # Lines of text are known of the whole clip only.
            words = line["words"]
            evidence = {
                number: evidence_of(view, words if windows == 1 else None) for number, view in views.items()
            }
            whole = _view(clip, line["video"], signals, clip["start_pts"], clip["end_pts"])
            evidence[MERGE] = evidence_of(whole, words)
            images = {number: self._images(line, view.clip) for number, view in views.items()}
            return {"told": Told(line, evidence, images)}

        try:
            return guarded(work)
        except Exception as error:  # a damaged part may raise anything
            return failure(error)

    def _images(self, line: Row, window: Mapping[str, Any]) -> tuple[Image, ...]:
        side = self.captioner.short_side
        found = frames_of(line, window, self.captioner.frames, side, self._spec["limits"])
        return tuple(
            Image(one.pts, round(at(line["clip"], one.pts), 6), _fitting(one, side)) for one in found
        )


def at(clip: Mapping[str, Any], pts: int) -> float:
    """Seconds after the clip's start."""
    return float((pts - clip["start_pts"]) * Fraction(clip["time_base"]))


def _fitting(jpeg: Jpeg, side: int | None) -> bytes:
    """The JPEG, no larger than asked for."""
    return jpeg.data if side is None else reduced(jpeg.data, side)


def _view(clip: Row, video: Row, signals: Mapping[str, Columns], start: int, end: int) -> ClipView:
    """A span of the clip as a clip of its own."""
    base = Fraction(clip["time_base"])
    share = (end - start) / (clip["end_pts"] - clip["start_pts"])
    own = {
        **clip,
        "start_pts": start,
        "end_pts": end,
        "start_seconds": float(start * base),
        "end_seconds": float(end * base),
        "frames": max(1, round((clip["frames"] or 1) * share)),
    }
    return ClipView(own, video, {name: span(group, start, end) for name, group in signals.items()})


@lru_cache(maxsize=8)
def _part(path: str) -> Columns:
    """Signals of a video, kept for its next clip."""
    return read_part(path)


def _todo(item: Row) -> list[Row]:
    """The lines of a portion."""
    with open(item["todo"], "rb") as file:
        file.seek(item["offset"])
        data = file.read(item["bytes"])
    return [json.loads(line) for line in data.splitlines()]


def _row(line: Row, window: int, attempt: int) -> Row:
    return {
        "clip_id": line["clip"]["clip_id"], "window": window, "attempt": attempt, "request_hash": None,
        "sampling": None, "raw": None, "finish_reason": None, "tokens_in": None, "tokens_out": None,
        "seconds": None, "model": None, "frames_seen": None, "evidence": None, "error": None,
    }  # fmt: skip


def _columns(found: Response, seconds: float) -> Row:
    """An answer as columns: text that UTF-8 cannot hold is replaced, and none is endless."""
    columns = asdict(found)
    columns["raw"] = _plain(found.raw)[:LONGEST]
    columns["finish_reason"] = _plain(found.finish_reason or "stop")[:100]
    columns["model"] = None if found.model is None else _plain(found.model)[:300]
    columns["seconds"] = seconds
    return columns


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\x00", "�")


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
