"""A connection to a server, asked from a test, and closed after it."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

from captioners._chat import Server
from captioners._secret import Secret
from captioners.dialogue.schema import json_schema
from captioners.dialogue.types import Image, Request, Response, Sampling
from captioners.openai import OpenAI

KEY = "sk-test/0123456789+abc"
"""With signs that JSON, HTML and addresses write in other ways."""
SAMPLING = Sampling(temperature=0.2, top_p=0.9, max_tokens=64, seed=3)


def request(number: int = 0, **facts: Any) -> Request:
    images = (Image(pts=number, seconds=number / 2, jpeg=b"jpeg %d" % number),)
    known = {"system": "You describe.", "text": "What is seen?", "sampling": SAMPLING, "images": images}
    return Request(f"{number:032x}", 0, 0, schema=json_schema(), **{**known, **facts})


def options(url: str, **changes: Any) -> OpenAI:
    quick = {"timeout_seconds": 5.0, "patience_seconds": 5.0, "tries": 3}
    return OpenAI(model="m", base_url=url, **{**quick, **changes})


def ask(
    url: str, requests: Sequence[Request] | None = None, key: str | None = None, **changes: Any
) -> list[Response | BaseException]:
    """What comes of requests that are out at once, in their order."""

    async def work() -> list[Response | BaseException]:
        server = Server(options(url, **changes), None if key is None else Secret(key))
        try:
            asked = [server.ask(one) for one in requests or [request()]]
            return await asyncio.gather(*asked, return_exceptions=True)
        finally:
            await server.close()

    return asyncio.run(work())


def nobody() -> str:
    """An address at which no one listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"
