"""Captions from any server that speaks OpenAI's protocol: vLLM's own, a hosted one."""

import json
import os
import re
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from captioners._chat import Server
from captioners._secret import read_secret
from captioners.dialogue.model import Backend, ModelCaptioner
from captioners.dialogue.types import Sampling, Unusable

OURS = frozenset(
    {
        "model",
        "messages",
        "response_format",
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "seed",
        "stream",
        "n",
    }
)
"""Members of a request that `extra` cannot have."""


class OpenAI(ModelCaptioner):
    """Asks a server over HTTP, many requests at a time.

    A request that times out, is reset, or is answered with 429 or 5xx is sent again, after what the server
    asks for (`Retry-After`) or after a pause that doubles; one that the server does not take (400, 413, 422)
    fails its clip alone; a wrong key, an unknown model or a server that stays away ends the run, and what was
    answered is kept. The key comes from the environment of each worker or from a file, and is written
    nowhere."""

    VERSION: ClassVar[int] = 1
    NOT_OF_ANSWERS: ClassVar[frozenset[str]] = ModelCaptioner.NOT_OF_ANSWERS | {
        "base_url", "api_key_env", "api_key_file", "concurrency", "workers", "timeout_seconds", "tries",
        "patience_seconds", "budget_tokens", "limit_by",
    }  # fmt: skip

    base_url: str = "http://127.0.0.1:8000/v1"
    """Where the server is, up to and with `/v1`."""
    api_key_env: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Variable of each worker's own environment that holds the key. None is sent without it."""
    api_key_file: str | None = None
    """File that holds the key, on each machine that asks; in place of `api_key_env`."""
    concurrency: int = Field(32, ge=1, le=4096)
    """Requests that are out at once, of all workers together."""
    workers: int = Field(1, ge=1, le=1024)
    """Processes that ask, each with its share of `concurrency`; one keeps some hundred requests going."""
    timeout_seconds: float = Field(120.0, gt=0, allow_inf_nan=False)
    """From sending a request to its whole answer."""
    tries: int = Field(5, ge=1, le=100)
    """Times that a request is sent before its clip stays unanswered (until the next run)."""
    patience_seconds: float = Field(120.0, gt=0, allow_inf_nan=False)
    """A server that answers nothing at all for so long after a request failed, though asked, ends the run; so
    does a `Retry-After` beyond it."""
    budget_tokens: int | None = Field(None, ge=1)
    """Tokens, in and out, that answers under these options may take in all runs of this output; clips beyond
    them wait."""
    structured: Literal["json_schema", "json_object", "none"] = "json_schema"
    """How the server is asked for JSON: by the schema, as any JSON, or by the prompt alone."""
    video: bool = False
    """Send the frames as a video (`video_url`, JPEG frames as vLLM's server takes them) and not as images."""
    limit_by: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the server calls the limit of an answer; OpenAI's own newer models know the second alone."""
    unsent: tuple[Literal["temperature", "top_p", "seed", "frequency_penalty"], ...] = ()
    """Members that are left out of each request, for servers that refuse them: hosted models that reason want
    neither `temperature` nor `top_p`. Tries then differ by the note of the fault alone."""
    detail: Literal["auto", "low", "high"] | None = None
    """`detail` of images, where the server knows it."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """Further members of every request, such as {"reasoning_effort": "low"}."""

    @field_validator("base_url")
    @classmethod
    def _http(cls, url: str) -> str:
        parts = urlsplit(url)
        _ = parts.port  # ValueError if it is none
        if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\x00-\x1f]", url):
            raise ValueError("give the server's address, such as http://127.0.0.1:8000/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("give an address without user, password or query: keys go into api_key_env")
        return url.rstrip("/")

    @field_validator("api_key_file")
    @classmethod
    def _absolute(cls, path: str | None) -> str | None:
        """Actors do not run in the folder of the person who named a path; `~` is the home on each machine."""
        return path if path is None or path.startswith("~") else os.path.abspath(path)

    @field_validator("extra")
    @classmethod
    def _not_ours(cls, extra: dict[str, Any]) -> dict[str, Any]:
        if taken := sorted(OURS & set(extra)):
            raise ValueError(f"{taken[0]} is set by an option or by the prompt")
        try:
            json.dumps(extra, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"it cannot be sent as JSON ({error}): write text, numbers, lists") from error
        return extra

    @property
    def lanes(self) -> int:
        return self.concurrency // self.processes

    @property
    def processes(self) -> int:
        return min(self.workers, self.concurrency)

    @property
    def budget(self) -> int | None:
        return self.budget_tokens

    def sent(self, sampling: Sampling) -> dict[str, Any]:
        known = {"frequency_penalty": "repetition_penalty"}
        unsent = {known.get(name, name) for name in self.unsent}
        return {name: value for name, value in super().sent(sampling).items() if name not in unsent}

    def secret_files(self) -> tuple[str, ...]:
        return () if self.api_key_file is None else (os.path.expanduser(self.api_key_file),)

    def check(self) -> None:
        read_secret(self.api_key_env, self.api_key_file)

    def open(self) -> Backend:
        # A quarter of a second, in which the event loop would stand still at the first request.
        import aiohttp as _  # noqa: F401

        try:
            return Server(self, read_secret(self.api_key_env, self.api_key_file))
        except ValueError as error:
            raise Unusable(str(error)) from error
