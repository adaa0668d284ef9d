"""The captioner vllm with a note of which process does what."""

import os
from typing import Any

from captioners._vllm import Engine
from captioners.dialogue.model import Backend
from captioners.dialogue.prepared import Prepared
from captioners.dialogue.types import Request, Response
from captioners.vllm import Vllm


class Watched(Vllm):
    notes: str
    """File that gets a line of each thing that is done: what, by which process, with how many frames."""

    def note(self, what: str, frames: int) -> None:
        with open(self.notes, "a", encoding="utf-8") as file:
            file.write(f"{what} {os.getpid()} {frames}\n")

    def prepare(self, request: Request) -> Prepared:
        found = super().prepare(request)
        self.note("prepare", len(found.frames))
        return found

    def open(self) -> Backend:
        self.note("open", 0)
        return WatchedEngine(self)


class WatchedEngine(Engine):
    _options: Watched

    def _pictures(self, ready: Prepared) -> dict[str, Any]:
        self._options.note("show", len(ready.frames))
        return super()._pictures(ready)

    async def ask(self, request: Request) -> Response:
        self._options.note("ask", len(request.images))
        return await super().ask(request)
