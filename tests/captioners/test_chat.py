"""What is sent to a chat server, and what is made of its answers."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from captioners import _chat
from captioners.dialogue.schema import json_schema
from captioners.dialogue.types import Image, Response
from captioners.openai import OpenAI
from tests.captioners.asking import SAMPLING, ask, request
from tests.captioners.scripted import Asked, Reply, Script, Scripted


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_chat, "FIRST_PAUSE", 0.01)


def always(reply: Reply) -> Script:
    return lambda asked, before: reply


def body(**changes: Any) -> Asked:
    """What a server gets."""
    facts = {name: changes.pop(name) for name in ("images", "sampling", "system") if name in changes}
    with Scripted(always(Reply("said"))) as server:
        (found,) = ask(server.url, [request(**facts)], **changes)
    assert isinstance(found, Response)
    return server.asked[0]


TWO = (Image(pts=0, seconds=0.0, jpeg=b"first"), Image(pts=9, seconds=2.26, jpeg=b"second"))


def test_frames_come_in_order_with_their_times_and_the_text_after_them() -> None:
    asked = body(images=TWO)
    assert asked.body["messages"][0] == {"role": "system", "content": "You describe."}
    assert [part.get("text", "a picture") for part in asked.content] == [
        "0.0 s:", "a picture", "2.3 s:", "a picture", "What is seen?",
    ]  # fmt: skip
    assert asked.images == [b"first", b"second"]
    assert asked.content[1]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert "detail" not in asked.content[1]["image_url"]
    assert body(images=TWO, detail="low").content[3]["image_url"]["detail"] == "low"


def test_frames_as_one_video() -> None:
    video, text = body(images=TWO, video=True).content
    kind, _, data = video["video_url"]["url"].partition(",")
    assert (video["type"], kind) == ("video_url", "data:video/jpeg;base64")
    assert [base64.b64decode(frame) for frame in data.split(",")] == [b"first", b"second"]
    assert text == {"type": "text", "text": "What is seen?"}
    # The request that merges windows has no pictures.
    assert [part["type"] for part in body(images=(), video=True).content] == ["text"]


def test_sampling_and_schema() -> None:
    found = body().body
    assert {name: found[name] for name in ("model", "temperature", "top_p", "max_tokens", "seed")} == {
        "model": "m", "temperature": 0.2, "top_p": 0.9, "max_tokens": 64, "seed": 3,
    }  # fmt: skip
    assert found["response_format"] == {
        "type": "json_schema", "json_schema": {"name": "caption", "schema": json_schema(), "strict": True},
    }  # fmt: skip
    assert "frequency_penalty" not in found
    assert body(structured="json_object").body["response_format"] == {"type": "json_object"}
    assert "response_format" not in body(structured="none").body
    assert [message["role"] for message in body(system="").body["messages"]] == ["user"]


def test_a_penalty_and_members_of_the_users_own() -> None:
    found = body(
        sampling=replace(SAMPLING, repetition_penalty=1.1), extra={"reasoning_effort": "low", "top_k": 1}
    ).body
    assert (found["frequency_penalty"], found["reasoning_effort"], found["top_k"]) == (0.2, "low", 1)


def test_what_a_server_refuses_is_neither_sent_nor_said_to_be() -> None:
    unsent = ("temperature", "top_p", "seed", "frequency_penalty")
    sampling = replace(SAMPLING, repetition_penalty=1.1)
    found = body(sampling=sampling, unsent=unsent).body
    assert not {*unsent} & {*found}
    assert found["max_tokens"] == sampling.max_tokens
    options = OpenAI(model="m", unsent=unsent)
    assert options.sent(sampling) == {"max_tokens": sampling.max_tokens}
    assert options.model_copy(update={"unsent": ()}).sent(sampling) == sampling.as_json()


def test_an_answer() -> None:
    with Scripted(always(Reply("said", "length"))) as server:
        (found,) = ask(server.url)
    assert found == Response("said", "length", tokens_in=100, tokens_out=50, model="scripted-1")


def answered(message: Any, **members: Any) -> Response | BaseException:
    """What is made of a completion with this message."""
    choice = {"message": message, "finish_reason": "stop"} if isinstance(message, dict) else message
    with Scripted(always(Reply(body=json.dumps({"choices": [choice], **members})))) as server:
        (found,) = ask(server.url, tries=1)
    return found


@pytest.mark.parametrize(
    ("message", "raw"),
    [
        ({"content": None, "refusal": "I cannot look at that."}, "I cannot look at that."),
        ({"content": None}, ""),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab"),
        ({"content": ["a", {"text": None}, {"image": 1}, {"text": 5}]}, "5"),
        ({"content": 5}, "5"),
    ],
)
def test_content_of_other_forms(message: dict[str, Any], raw: str) -> None:
    assert answered(message) == Response(raw, "stop")


@pytest.mark.parametrize(
    "usage",
    [None, [], "many", {}, {"prompt_tokens": -1, "completion_tokens": 2**63}, {"prompt_tokens": True},
     {"prompt_tokens": 1e3, "completion_tokens": "7"}, {"prompt_tokens": {"a": 1}}],
)  # fmt: skip
def test_usage_that_is_no_count_is_none(usage: Any) -> None:
    assert answered({"content": "x"}, usage=usage, model=["m"]) == Response("x", "stop")


@pytest.mark.parametrize(
    "sent",
    ["", "<html>Sign in</html>", "[]", "null", "{}", '{"choices": []}', '{"choices": [null]}',
     '{"choices": [{"message": null}]}', '{"choices": {"0": 1}}', "[" * 100_000, '{"a": ' * 100_000,
     '{"choices": [{"message": {"content": "hal', "1" * 5000, '{"error": "overloaded"}'],
    ids=range(14),
)  # fmt: skip
def test_what_is_no_completion_is_asked_again_and_told(sent: str) -> None:
    with Scripted(lambda asked, before: Reply(body=sent) if before == 0 else Reply("good")) as server:
        (found,) = ask(server.url)
    assert (isinstance(found, Response) and found.raw, len(server.asked)) == ("good", 2)
    with Scripted(always(Reply(body=sent))) as server:
        (lost,) = ask(server.url, tries=2)
    assert type(lost).__name__ == "Unanswered"
    assert str(lost).startswith("the answer is no chat completion: ")
    assert str(lost).endswith("(2 tries)")
    assert len(str(lost)) < 400


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_chat, "MOST_BYTES", 10_000)
    with Scripted(always(Reply("x" * 20_000))) as server:
        (found,) = ask(server.url, tries=2)
    assert repr(found) == "Unanswered('OSError: the answer has more than 10,000 bytes (2 tries)')"
    assert len(server.asked) == 2
