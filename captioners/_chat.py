"""A chat server over HTTP: what is sent, what is made of what comes back, and when it is sent again."""

import asyncio
import base64
import email.utils
import json
import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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
        self._taken = self._refused = 0
        self._first_loss: float | None = None
        """When the server last began to answer nothing at all."""
        self._not_before = 0.0

    async def ask(self, request: Request) -> Response:
        body = json.dumps(body_of(self._options, request)).encode()
        said = "it did not answer"
        attempt, first = 0, time.monotonic()
        while attempt < self._options.tries:
            await self._turn()
            began = time.monotonic()
            wait: float | None = None
            try:
                status, headers, data = await self._post(body)
            except (TimeoutError, OSError, _client_error()) as error:
                said = self._told(error)
                self._lost(said, began)
            else:
                if status == 200:
                    try:
                        found = self._read(data)
                    except ValueError as error:  # half an answer, a page of a proxy
                        said = str(error)
                    else:
                        self._taken += 1
                        self._first_loss = None
                        return found
                else:
                    said = self._explained(status, data)
                    wait = retry_after(headers.get("Retry-After"), time.time())
                    self._not_before = max(self._not_before, began + (wait or 0))
                    if wait is not None and wait > self._options.patience_seconds:
                        raise Unusable(
                            f"{self._url} asks to come back in {wait:.0f} s ({said}): run the same command "
                            "then, or raise patience_seconds"
                        )
                    if status == 429:
                        # It is there, and has too much to do: that uses up patience, and no try.
                        self._first_loss = None
                        attempt -= time.monotonic() - first < self._options.patience_seconds
                    else:
                        self._lost(said, began)
            attempt += 1
            if attempt < self._options.tries:
                await asyncio.sleep(
                    pause(max(0, attempt - 1)) if wait is None else wait + random.uniform(0, FIRST_PAUSE)
                )
        raise Unanswered(f"{said} ({self._options.tries} tries)")

    async def _turn(self) -> None:
        """Wait until the server wants to be asked again: what it told one request holds for all."""
        while (left := self._not_before - time.monotonic()) > 0:
            await asyncio.sleep(left + random.uniform(0, FIRST_PAUSE / 10))

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
                # Proxies of the environment, as every tool takes them.
                trust_env=True,
            )
        headers = {"Content-Type": "application/json"}
        if self._secret is not None:
            headers["Authorization"] = f"Bearer {self._secret.reveal()}"
        # A redirect could carry the key to another host.
        async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
            data = bytearray()
            async for chunk in answer.content.iter_any():
                data += chunk
                if len(data) > MOST_BYTES:
                    raise OSError(f"the answer has more than {MOST_BYTES:,} bytes")
            return answer.status, answer.headers, bytes(data)

    def _explained(self, status: int, data: bytes) -> str:
        """What to say of an answer that is none. Raises Unusable or Refused where asking again is no use."""
        said = f"HTTP {status}: {self._hidden(error_text(data))}"
        if 300 <= status < 400:
            raise Unusable(
                f"{self._url} sends one elsewhere ({said}): give the address it ends at in base_url"
            )
        if status in UNUSABLE:
            raise Unusable(f"{self._url} refuses ({said}): {UNUSABLE[status]}")
        if status in REFUSED:
            self._refused += 1
            if not self._taken and self._refused >= SAME_REFUSALS:
                raise Unusable(
                    f"{self._url} refused the first {self._refused} requests ({said}): change the options of "
                    "the captioner to what it takes"
                )
            raise Refused(said)
        return said

    def _lost(self, said: str, began: float) -> None:
        """Raise Unusable where nothing at all has come for too long."""
        self._first_loss = began if self._first_loss is None else self._first_loss
        if time.monotonic() - self._first_loss > self._options.patience_seconds:
            raise Unusable(
                f"{self._url} has not answered for {self._options.patience_seconds:g} s ({said}): see "
                "whether it is up, and run the same command again, which goes on from here"
            )

    def _read(self, data: bytes) -> Response:
        """The answer. ValueError if it is none: it is asked again."""
        try:
            found = json.loads(data)
            choice = found["choices"][0]
            content = choice["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise ValueError(f"the answer is no chat completion: {self._hidden(error_text(data))}") from error
        if content is None:
            # A refusal has a member of its own there.
            content = choice["message"].get("refusal") or ""
        if isinstance(content, list):
            content = "".join(part.get("text", "") for part in content if isinstance(part, dict))
        usage = found.get("usage") if isinstance(found.get("usage"), dict) else {}
        return Response(
            raw=self._hidden(str(content)),
            finish_reason=str(choice.get("finish_reason") or "stop"),
            tokens_in=_count(usage.get("prompt_tokens")),
            tokens_out=_count(usage.get("completion_tokens")),
            model=self._hidden(found["model"]) if isinstance(found.get("model"), str) else None,
        )

    def _told(self, error: BaseException) -> str:
        if isinstance(error, asyncio.TimeoutError):
            return f"no answer within {self._options.timeout_seconds:g} s"
        return self._hidden(" ".join(f"{type(error).__name__}: {error}".split()))[:SAID]

    def _hidden(self, text: str) -> str:
        return text if self._secret is None else self._secret.hidden_in(text)


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
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
    }
    if sampling.repetition_penalty != 1.0:
        # OpenAI's own name for a milder thing of the kind; vLLM knows both.
        body["frequency_penalty"] = round(2 * (sampling.repetition_penalty - 1), 3)
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
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**attempt)
    return random.uniform(longest / 2, longest)


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds that `Retry-After` asks for (RFC 9110, section 10.2.3): a number or a date; None without a
    sound one."""
    if not header:
        return None
    text = header.strip()
    try:
        return max(0.0, float(text)) if len(text) < 12 else None
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def error_text(data: bytes) -> str:
    """What a server says, in one line."""
    text = data[: 20 * SAID].decode("utf-8", "replace")
    try:
        found = json.loads(data)
        error = found.get("error", found)
        text = str(error.get("message", error) if isinstance(error, dict) else error)
    except (ValueError, AttributeError, RecursionError):
        pass
    return " ".join(text.split())[:SAID] or "no text"


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40 else None
