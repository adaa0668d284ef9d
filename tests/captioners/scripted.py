"""A chat server that answers as it is told to, and remembers what it was asked."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from captioners.dialogue.schema import FIELDS

Row = dict[str, Any]


@dataclass
class Asked:
    """A request as it came in."""

    body: Row
    headers: Mapping[str, str]
    came: float
    went: float | None = None

    @property
    def images(self) -> list[bytes]:
        """The JPEGs, in their order."""
        return [
            base64.b64decode(part["image_url"]["url"].partition(",")[2])
            for part in self.content
            if part["type"] == "image_url"
        ]

    @property
    def content(self) -> list[Row]:
        content: list[Row] = self.body["messages"][-1]["content"]
        return content

    @property
    def text(self) -> str:
        return "\n".join(part["text"] for part in self.content if part["type"] == "text")

    @property
    def key(self) -> str:
        """What it is about, whatever the attempt: the pictures, or the text of a request without any."""
        return "".join(str(hash(image)) for image in self.images) or self.text.split("\n\nAn earlier")[0]

    @property
    def sampling(self) -> tuple[Any, ...]:
        return tuple(self.body.get(name) for name in ("temperature", "top_p", "seed", "frequency_penalty"))


@dataclass
class Reply:
    """What to answer. `status` 0: reset the connection; -1: say nothing until the client goes."""

    text: str = ""
    finish_reason: str = "stop"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    """The whole body, in place of a completion."""
    seconds: float = 0.0


Script = Callable[[Asked, int], Reply]
"""What to answer to a request, and how many about the same thing came before it."""


class Scripted:
    """The server, in a thread; `with Scripted(script) as server:`."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self.most = self._now = 0
        """Requests that were out at once, at most."""
        self._before: dict[str, int] = {}
        self._ready = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> "Scripted":
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(30)

    def _serve(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=100_000_000)
        app.router.add_post("/v1/chat/completions", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._port = runner.addresses[0][1]
        self._ready.set()
        await self._stopped.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            return await self._answered(request)
        finally:
            self._now -= 1

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        came = time.monotonic()
        asked = Asked(json.loads(await request.read()), request.headers, came)
        self.asked.append(asked)
        key = asked.key
        before = self._before[key] = self._before.get(key, -1) + 1
        reply = self.script(asked, before)
        if reply.seconds:
            await asyncio.sleep(reply.seconds - (time.monotonic() - came))
        while reply.status == -1 and request.transport is not None and not request.transport.is_closing():
            await asyncio.sleep(0.01)
        if reply.status == 0:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        asked.went = time.monotonic()
        if reply.body is not None or reply.status != 200:
            text = reply.body if reply.body is not None else json.dumps({"error": {"message": reply.text}})
            return web.Response(status=reply.status, text=text, headers=dict(reply.headers))
        return web.json_response(completion(reply.text, reply.finish_reason), headers=dict(reply.headers))


def completion(text: str, finish_reason: str = "stop") -> Row:
    return {
        "id": "c", "object": "chat.completion", "created": 0, "model": "scripted-1",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
    }  # fmt: skip


PLACES = ("a kitchen", "a harbour", "a snowy field", "a workshop", "a narrow street", "a library", "a beach")
PEOPLE = ("a cook", "an old fisherman", "a skier", "a carpenter", "a cyclist", "a student", "a surfer")
DEEDS = (
    "stirs a pot and lifts the lid", "coils a rope and looks up", "glides down a slope and stops",
    "planes a board and blows off the dust", "rides past parked bikes and waves",
    "turns a page and writes a note", "waxes a board and walks to the water",
)  # fmt: skip
THINGS = ("bowl", "lamp", "bucket", "chair", "ladder", "basket", "barrel", "clock", "mirror", "kettle", "jar")


def caption(number: int) -> Row:
    """A good caption, other words for each number."""
    at = number % len(PLACES)
    place, person, deed = PLACES[at], PEOPLE[at], DEEDS[at]
    one, two = THINGS[number // 7 % len(THINGS)], THINGS[(number // 77 + number % 5 + 1) % len(THINGS)]
    dense = (
        f"{person.capitalize()} in a wool jacket stands in {place} beside a {one}. The person {deed} while "
        f"light falls from the left and a {two} rests on the ground behind. Then the hands come down slowly "
        f"and the head turns toward the {one}, with number {number} painted on a board at the edge."
    )
    said = {
        "subject": f"{person} in a wool jacket", "action": deed, "background": f"{place} with a {one}",
        "camera_motion": "unclear", "shot_type": "medium shot", "lighting": "light from the left",
        "atmosphere": "calm", "style": "live action", "text_visible": "",
        "dense": dense, "short": f"{person.capitalize()} {deed.split(' and ')[0]} in {place}.",
    }  # fmt: skip
    return {name: said[name] for name in FIELDS}


def good(number: int) -> str:
    return json.dumps(caption(number))
