"""A chat server over HTTP: what is sent, what is made of what comes back, and when it is sent again."""

import asyncio
import base64
import contextlib
import email.utils
import json
import random
import re
import time
import urllib.request
from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from captioners._secret import Secret
from captioners.dialogue.model import Backend
from captioners.dialogue.types import Image, Refused, Request, Response, Unanswered, Unusable

if TYPE_CHECKING:
    import aiohttp

    from captioners.openai import OpenAI

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before a request is sent again, doubled each time; drawn from the upper half, so that requests that
failed together do not come together again."""
MOST_BYTES = 4_000_000
"""Of an answer: a caption has some kilobytes."""
SAID = 300
"""Characters of a server's error that are told."""
SAME_REFUSALS = 8
"""Requests that the server refuses before it has taken any, after which it is the options that are wrong."""
UNUSABLE = {
    401: "it does not know the key: check api_key_env or api_key_file",
    402: "it asks for payment: see to the account",
    403: "the key does not open this model: check the key and `model`",
    404: "it does not know that address or model: check base_url and `model`",
    405: "that address takes no chat requests: check base_url",
    407: "a proxy asks for a password: check the proxy's settings",
}
REFUSED = frozenset({400, 413, 414, 415, 422})


class Server(Backend):
    """A connection to a server, shared by all requests of a process."""

    def __init__(self, options: "OpenAI", secret: Secret | None) -> None:
        self._options, self._secret = options, secret
        self._url = f"{options.base_url}/chat/completions"
        self._session: aiohttp.ClientSession | None = None
        self._proxy = proxy_of(self._url)
        self._taken = self._refused = 0
        self._silent_since: float | None = None
        """When a request first failed after which none was answered."""
        self._not_before = 0.0
        self._over: str | None = None
        """Why nothing can be asked any more."""
        self._ended = asyncio.Event()

    async def ask(self, request: Request) -> Response:
        body = json.dumps(body_of(self._options, request)).encode()
        said = "it did not answer"
        sent = tried = 0
        first = time.monotonic()
        while tried < self._options.tries:
            await self._turn()
            sent, tried = sent + 1, tried + 1
            wait: float | None = None
            try:
                status, headers, data = await self._post(body)
                if status == 200:
                    return self._taken_up(data)
            except (TimeoutError, OSError, _client_error(), _Half) as error:
                said = self._told(error)
            else:
                said = self._explained(status, data)
                wait = self._asked_to_wait(headers.get("Retry-After"), said)
                # It is there, and has too much to do: that uses up patience, and no try.
                tried -= status == 429 and time.monotonic() - first < self._options.patience_seconds
            self._lost(said)
            if tried < self._options.tries:
                await self._sleep(pause(sent - 1) if wait is None else wait + random.uniform(0, FIRST_PAUSE))
        raise Unanswered(f"{said} ({self._options.tries} tries)")

    async def _turn(self) -> None:
        """Wait until the server wants to be asked again: what it told one request holds for all."""
        if self._over is not None:
            raise Unusable(self._over)
        while (left := self._not_before - time.monotonic()) > 0:
            await self._sleep(left + random.uniform(0, FIRST_PAUSE / 10))

    async def _sleep(self, seconds: float) -> None:
        """Raises Unusable as soon as nothing can be asked any more."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)
        if self._over is not None:
            raise Unusable(self._over)

    def _end(self, sentence: str) -> Unusable:
        self._over = self._over or sentence
        self._ended.set()
        return Unusable(self._over)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=self._options.timeout_seconds),
            )
        headers = {"Content-Type": "application/json"}
        if self._secret is not None:
            headers["Authorization"] = f"Bearer {self._secret.reveal()}"
        try:
            # A redirect could carry the key to another host.
            sending = await self._session.post(
                self._url, data=body, headers=headers, allow_redirects=False, proxy=self._proxy
            )
        except ValueError as error:  # what aiohttp says of an address that it cannot ask
            raise self._end(
                f"{self._url} cannot be asked ({self._told(error)}): check base_url and the proxies of the "
                "environment"
            ) from error
        async with sending as answer:
            data = bytearray()
            async for chunk in answer.content.iter_any():
                data += chunk
                if len(data) > MOST_BYTES:
                    raise OSError(f"the answer has more than {MOST_BYTES:,} bytes")
            return answer.status, answer.headers, bytes(data)

    def _explained(self, status: int, data: bytes) -> str:
        """What to say of an answer that is none. Raises Unusable or Refused where asking again is no use."""
        said = f"HTTP {status}: {self._said(data)}"
        if 300 <= status < 400:
            raise self._end(
                f"{self._url} sends one elsewhere ({said}): give the address it ends at in base_url"
            )
        if status in UNUSABLE:
            raise self._end(f"{self._url} refuses ({said}): {UNUSABLE[status]}")
        if status in REFUSED:
            self._refused += 1
            self._silent_since = None
            if not self._taken and self._refused >= SAME_REFUSALS:
                raise self._end(
                    f"{self._url} refused the first {self._refused} requests ({said}): change the options of "
                    "the captioner to what it takes"
                )
            raise Refused(said)
        return said

    def _asked_to_wait(self, header: str | None, said: str) -> float | None:
        """Seconds that the server asks for, from now on; what one request is told holds for all."""
        wait = retry_after(header, time.time())
        if wait is None:
            return None
        if wait > self._options.patience_seconds:
            raise self._end(
                f"{self._url} asks to come back in {wait:.0f} s ({said}): run the same command then, or "
                "raise patience_seconds"
            )
        self._not_before = max(self._not_before, time.monotonic() + wait)
        return wait

    def _lost(self, said: str) -> None:
        """Raise Unusable where nothing but failures has come for too long."""
        now = time.monotonic()
        self._silent_since = now if self._silent_since is None else self._silent_since
        if now - self._silent_since > self._options.patience_seconds:
            raise self._end(
                f"{self._url} has not answered for {self._options.patience_seconds:g} s ({said}): see "
                "whether it is up, and run the same command again, which goes on from here"
            )

    def _taken_up(self, data: bytes) -> Response:
        """The answer. _Half if it is none: half an answer, a page of a proxy."""
        try:
            found = json.loads(data)
            choice = found["choices"][0]
            content = choice["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise _Half(f"the answer is no chat completion: {self._said(data)}") from error
        self._taken += 1
        self._silent_since = None
        if content is None:
            # A refusal has a member of its own there.
            content = choice["message"].get("refusal") or ""
        if isinstance(content, list):
            content = "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
        usage = found.get("usage") if isinstance(found.get("usage"), dict) else {}
        return Response(
            raw=self._hidden(str(content)),
            finish_reason=self._hidden(str(choice.get("finish_reason") or "stop")),
            tokens_in=_count(usage.get("prompt_tokens")),
            tokens_out=_count(usage.get("completion_tokens")),
            model=self._hidden(found["model"]) if isinstance(found.get("model"), str) else None,
        )

    def _told(self, error: BaseException) -> str:
        if isinstance(error, asyncio.TimeoutError):
            return f"no answer within {self._options.timeout_seconds:g} s"
        if isinstance(error, _Half):
            return str(error)
        return self._hidden(" ".join(f"{type(error).__name__}: {error}".split()))[:SAID]

    def _said(self, data: bytes) -> str:
        """A server's own words. They are cut last: half a key would be shown."""
        return self._hidden(error_text(data))[:SAID]

    def _hidden(self, text: str) -> str:
        return text if self._secret is None else self._secret.hidden_in(text)


class _Half(Exception):
    """What came with a good status is no answer."""


def proxy_of(url: str) -> str | None:
    """The proxy of the environment for an address. (aiohttp's own `trust_env` would also send a password of
    ~/.netrc, or fail where there is a key as well.)"""
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def _client_error() -> type[Exception]:
    import aiohttp

    return aiohttp.ClientError


def body_of(options: "OpenAI", request: Request) -> dict[str, Any]:
    """The JSON that is sent."""
    sampling = request.sampling
    content: list[dict[str, Any]] = []
    if request.images and options.video:
        content.append(_video(request.images))
    else:
        for image in request.images:
            content += [{"type": "text", "text": f"{image.seconds:.1f} s:"}, _picture(image, options.detail)]
    content.append({"type": "text", "text": request.text})
    body: dict[str, Any] = {
        **options.extra,
        "model": options.model,
        "messages": [
            *([{"role": "system", "content": request.system}] if request.system else []),
            {"role": "user", "content": content},
        ],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        options.limit_by: sampling.max_tokens,
        "seed": sampling.seed,
    }
    if sampling.repetition_penalty != 1.0:
        # OpenAI's own name for a milder thing of the kind; vLLM knows both.
        body["frequency_penalty"] = round(2 * (sampling.repetition_penalty - 1), 3)
    for name in options.unsent:
        body.pop(name, None)
    if options.structured == "json_schema":
        schema = {"name": "caption", "schema": request.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif options.structured == "json_object":
        body["response_format"] = {"type": "json_object"}
    return body


def _picture(image: Image, detail: str | None) -> dict[str, Any]:
    url: dict[str, Any] = {"url": f"data:image/jpeg;base64,{base64.b64encode(image.jpeg).decode('ascii')}"}
    if detail is not None:
        url["detail"] = detail
    return {"type": "image_url", "image_url": url}


def _video(images: tuple[Image, ...]) -> dict[str, Any]:
    """Frames as one video: vLLM's server takes JPEGs with commas between them as `video/jpeg`."""
    frames = ",".join(base64.b64encode(image.jpeg).decode("ascii") for image in images)
    return {"type": "video_url", "video_url": {"url": f"data:video/jpeg;base64,{frames}"}}


def pause(attempt: int) -> float:
    """Seconds to wait after try number `attempt` (from 0)."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt, 30))
    return random.uniform(longest / 2, longest)


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds that `Retry-After` asks for (RFC 9110, section 10.2.3): a number or a date; None without a
    sound one."""
    if not header:
        return None
    text = header.strip()
    if re.fullmatch(r"\d{1,9}(\.\d{0,9})?", text):
        return float(text)
    try:
        found = email.utils.parsedate_to_datetime(text)
        return max(0.0, (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, TypeError, LookupError, OverflowError):
        return None


def error_text(data: bytes) -> str:
    """What a server says, in one line."""
    text = data.decode("utf-8", "replace")
    try:
        found = json.loads(data)
        error = found.get("error", found)
        text = str(error.get("message", error) if isinstance(error, dict) else error)
    except (ValueError, AttributeError, RecursionError):
        pass
    return " ".join(text.split()) or "no text"


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40 else None
