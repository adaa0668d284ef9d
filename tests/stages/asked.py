"""Clips to ask a model about in this process, and a model that answers as a test tells it to."""

import asyncio
import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from captioners.dialogue.model import Backend, ModelCaptioner
from captioners.dialogue.types import Request, Response
from curate.clips import digest
from curate.signals.frames import SCHEMA, encode_jpeg
from curate.signals.parts import PartWriter
from curate.storage import Folder
from stages import journal
from stages.ask import Asker
from stages.told import _part
from tests.captioners.scripted import good
from tests.numbered import numbered, steady, write_source

Row = dict[str, Any]

VIDEO = digest(b"video")
LIMITS = {"stall_seconds": 60.0, "max_memory": 4_000_000_000}


class World:
    """What the model does, and what was asked of it. Made anew for each test."""

    def __init__(self) -> None:
        self.answer: Callable[[Request, int], Any] = lambda request, before: good(0)
        """A text, a Response, an exception to raise, or anything else to return."""
        self.opening: Exception | None = None
        self.delay: Callable[[Request], float] = lambda request: 0.0
        self.asked: list[Request] = []
        self.now = self.most = self.answered = self.opened = self.closed = 0
        self._before: dict[tuple[str, int], int] = {}
        self._lock = threading.Lock()

    async def ask(self, request: Request) -> Any:
        with self._lock:
            self.asked.append(request)
            key = (request.clip_id, request.window)
            before = self._before[key] = self._before.get(key, -1) + 1
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self.delay(request))
            found = self.answer(request, before)
        finally:
            self.now -= 1
            self.answered += 1
        if isinstance(found, BaseException):
            raise found
        return Response(found, "stop", 100, 50, model="fake-1") if isinstance(found, str) else found


world = World()


class Model(Backend):
    async def ask(self, request: Request) -> Response:
        found: Response = await world.ask(request)
        return found

    async def close(self) -> None:
        world.closed += 1


class Fake(ModelCaptioner):
    VERSION: ClassVar[int] = 1
    model: str = "fake"
    width: int = 4

    @property
    def lanes(self) -> int:
        return self.width

    def open(self) -> Backend:
        world.opened += 1
        if world.opening is not None:
            raise world.opening
        return Model()


def fresh() -> World:
    global world
    world = World()
    _part.cache_clear()
    return world


class Footage:
    """A video of 400 numbered frames at 10 to a second, of which every second one was stored."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = str(write_source(folder / "a.mp4", steady(400), Fraction(1, 10)))
        self.frames = str(folder / "frames.parquet")
        with PartWriter(Path(self.frames), SCHEMA, VIDEO) as writer:
            for pts in range(0, 400, 2):
                picture = cv2.cvtColor(numbered(pts), cv2.COLOR_GRAY2RGB)
                writer.add(pts, (encode_jpeg(picture, 95),))
        self.signals = {name: str(folder / f"{name}.parquet") for name in ("picture", "flow")}
        pts = np.arange(400)
        pq.write_table(pa.table({"pts": pts, "luma": pts / 2.0}), self.signals["picture"])
        pq.write_table(pa.table({"pts": pts, "speed": np.full(400, np.nan)}), self.signals["flow"])

    def line(self, start: int, end: int, windows: int = 1, **facts: Any) -> Row:
        """What the driver tells of the clip [start, end)."""
        clip = {
            "clip_id": f"{start:032x}", "video_id": VIDEO.hex(), "start_pts": start, "end_pts": end,
            "time_base": "1/10", "start_seconds": start / 10, "end_seconds": end / 10, "frames": end - start,
        }  # fmt: skip
        return {
            "clip": clip, "video": {"width": 160, "height": 96, "has_audio": False}, "windows": windows,
            "frames": self.frames, "scan_side": 96, "stored_side": 1 << 16, "signals": self.signals,
            "source": self.source, "irregular": False, "words": None, "answers": [], **facts,
        }  # fmt: skip

    def lines(self, count: int, length: int = 10) -> list[Row]:
        return [self.line(number * length, (number + 1) * length) for number in range(count)]


def spec(run: Path, budget: int | None = None, **options: Any) -> Row:
    captioner = Fake(**options)
    return {
        "captioner": f"{Fake.__module__}:Fake", "options": captioner.model_dump(mode="json"),
        "prompts": captioner.prompts.as_json(), "key": "k", "run": str(run), "limits": LIMITS,
        "budget": budget, "driver": [socket.gethostname(), os.getpid()], "stop": "no/such/file",
    }  # fmt: skip


def portion(run: Path, lines: Sequence[Row], name: str = "1.0") -> Row:
    data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    path = run / f"{name}.todo"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return {"portion": name, "todo": str(path), "offset": 0, "bytes": len(data)}


@contextlib.contextmanager
def asking(run: Path, budget: int | None = None, **options: Any) -> Iterator[Asker]:
    asker = Asker(spec(run, budget, **options))
    try:
        yield asker
    finally:
        asker.close()


def rows(run: Path, portion: str = "") -> list[Row]:
    """The lines of the journals, by clip, window and attempt."""
    folder = Folder(str(run))
    found = [
        line for name in journal.journals(folder, "k", portion) for line in journal.lines(folder.path(name))
    ]
    return sorted(found, key=lambda row: (row["clip_id"], row["window"], row["attempt"]))


def outcomes(run: Path) -> list[tuple[int, int, int, str, str | None]]:
    """(first pts of the clip, window, attempt, how it ended, error) of each row."""
    return [
        (int(row["clip_id"], 16), row["window"], row["attempt"], row["finish_reason"], row["error"])
        for row in rows(run)
    ]
