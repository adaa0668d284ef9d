"""vLLM's OpenAI-compatible server takes what captioners send, and answers as they expect."""

import base64
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from captioners.dialogue.schema import FIELDS
from captioners.dialogue.types import Image
from tests.captioners import tiny_vlm
from tests.vllm.asking import image, short_schema
from tests.vllm.conftest import Server

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("ignore")]


def posted(server: Server, body: dict[str, Any]) -> dict[str, Any]:
    sent = urllib.request.Request(
        f"{server.url}/chat/completions",
        json.dumps({"model": server.model, **body}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(sent, timeout=120) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def shown(one: Image) -> dict[str, Any]:
    data = base64.b64encode(one.jpeg).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}}


def asked(text: str) -> dict[str, Any]:
    parts = [*(shown(image(k)) for k in range(4)), {"type": "text", "text": text}]
    return {
        "messages": [
            {"role": "system", "content": "You describe clips."},
            {"role": "user", "content": parts},
        ],
        "max_tokens": 600,
        "temperature": 0.7,
        "seed": 0,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "caption", "schema": short_schema(), "strict": True},
        },
    }


def test_pictures_and_a_schema_give_a_caption(server: Server) -> None:
    found = posted(server, asked("Describe the video."))
    (choice,) = found["choices"]
    assert list(json.loads(choice["message"]["content"])) == list(FIELDS)
    assert choice["finish_reason"] == "stop"
    # Each picture has 4 × 6 tokens of 28 × 28 pixels.
    assert found["usage"]["prompt_tokens"] > 4 * 4 * 6
    assert len(FIELDS) < found["usage"]["completion_tokens"] <= 600


def test_prompt_that_is_too_long_is_a_bad_request(server: Server) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        posted(server, asked("word " * tiny_vlm.LONGEST))
    assert refused.value.code == 400
    said = json.load(refused.value)
    assert "maximum context length" in said["error"]["message"]


def test_unknown_model_is_not_found(server: Server) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        posted(Server(server.url, "another"), asked("Describe the video."))
    assert refused.value.code == 404
