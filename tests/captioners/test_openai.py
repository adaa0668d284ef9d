"""Options of the captioner that asks a server."""

from typing import Any

import pytest
from pydantic import ValidationError

from captioners.dialogue.types import Unusable
from captioners.openai import OpenAI


def made(**changes: Any) -> OpenAI:
    return OpenAI(model="m", **changes)


def refused(**changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        made(**changes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("concurrency", "workers", "lanes", "processes"),
    [(32, 1, 32, 1), (10, 4, 2, 4), (3, 8, 1, 3), (1, 1, 1, 1), (4096, 1024, 4, 1024)],
)
def test_all_workers_together_have_no_more_requests_out_than_asked_for(
    concurrency: int, workers: int, lanes: int, processes: int
) -> None:
    captioner = made(concurrency=concurrency, workers=workers)
    assert (captioner.lanes, captioner.processes) == (lanes, processes)
    assert lanes * processes <= concurrency


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "ftp://host/v1", "http://", "http:///v1", "http://host:99999/v1", "http://[::1/v1",
     "http://ho st/v1", "http://host/v1\n", "http://user:word@host/v1", "http://host/v1?key=1",
     "http://host/v1#x", "file:///etc/passwd"],
)  # fmt: skip
def test_addresses_that_are_none(url: str) -> None:
    assert "base_url" in refused(base_url=url)


def test_an_address() -> None:
    assert made(base_url="https://host:1/v1//").base_url == "https://host:1/v1"


@pytest.mark.parametrize(
    "extra",
    [{"model": "x"}, {"messages": []}, {"n": 2}, {"x": float("nan")}, {"x": {"y": float("inf")}},
     {"x": object()}, {"x": b"bytes"}],
    ids=range(7),
)  # fmt: skip
def test_members_that_cannot_be_sent(extra: dict[str, Any]) -> None:
    assert "extra" in refused(extra=extra)


@pytest.mark.parametrize(
    "changes",
    [
        {"timeout_seconds": float("inf")},
        {"timeout_seconds": float("nan")},
        {"timeout_seconds": 0},
        {"patience_seconds": float("nan")},
        {"window_seconds": float("inf")},
        {"window_seconds": float("nan")},
        # Windows without a frame, thousands of them to a clip.
        {"window_seconds": 0.001},
        {"temperature": float("nan")},
        {"top_p": 0},
        {"max_tokens": 10**400},
        {"seed": -1},
        {"seed": 2**64},
        {"frames": 0},
        {"short_side": 1},
        {"attempts": 0},
        {"budget_tokens": 0},
        {"concurrency": 0},
        {"api_key_env": "A KEY"},
        {"api_key": "sk-secret"},
        {"facts": ["everything"]},
    ],
    ids=str,
)
def test_values_that_make_no_sense(changes: dict[str, Any]) -> None:
    assert next(iter(changes)) in refused(**changes)


def test_options_come_back_from_json_as_they_were() -> None:
    captioner = made(extra={"a": [1, {"b": None}]}, facts=["camera"], api_key_env="A_KEY", short_side=280)
    assert OpenAI(**captioner.model_dump(mode="json")) == captioner


def test_a_key_that_is_not_there_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_KEY", raising=False)
    with pytest.raises(ValueError, match="the environment has no A_KEY"):
        made(api_key_env="A_KEY").check()
    with pytest.raises(Unusable, match="the environment has no A_KEY"):
        made(api_key_env="A_KEY").open()


KEYS = {"videos": "v", "frames": "f", "picture": "p", "flow": "fl", "audio": "a", "content": "c"}


@pytest.mark.parametrize(
    "changes",
    [{"base_url": "http://other/v1"}, {"api_key_env": "K"}, {"concurrency": 1}, {"workers": 2},
     {"timeout_seconds": 1}, {"tries": 1}, {"patience_seconds": 1}, {"budget_tokens": 1}, {"attempts": 1},
     {"otherwise": "measured"}, {"gates": {"min_words": 1}}],
    ids=str,
)  # fmt: skip
def test_what_changes_no_answer_asks_nothing_anew(changes: dict[str, Any]) -> None:
    assert made(**changes).answers_key(KEYS) == made().answers_key(KEYS)


@pytest.mark.parametrize(
    "changes",
    [{"revision": "2"}, {"frames": 4}, {"short_side": 280}, {"window_seconds": 20}, {"prompt": "judge"},
     {"facts": ["camera"]}, {"temperature": 0.3}, {"top_p": 0.8}, {"max_tokens": 99}, {"seed": 1},
     {"structured": "none"}, {"video": True}, {"detail": "low"}, {"extra": {"top_k": 1}},
     {"unsent": ["seed"]}],
    ids=str,
)  # fmt: skip
def test_what_changes_answers_asks_anew(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    if "prompt" in changes:
        monkeypatch.setattr(OpenAI, "prompt_hash", property(lambda self: self.prompt))
    assert made(**changes).answers_key(KEYS) != made().answers_key(KEYS)


def test_what_is_measured_counts_only_where_it_is_offered() -> None:
    other = KEYS | {"flow": "changed"}
    assert made().answers_key(other) == made().answers_key(KEYS)
    assert made(facts=["sound"]).answers_key(other) == made(facts=["sound"]).answers_key(KEYS)
    assert made(facts=["camera"]).answers_key(other) != made(facts=["camera"]).answers_key(KEYS)


@pytest.mark.parametrize("changes", [{"attempts": 1}, {"otherwise": "measured"}, {"gates": {"min_words": 1}}])
def test_how_answers_are_judged_makes_other_captions_of_them(changes: dict[str, Any]) -> None:
    assert made(**changes).key(KEYS) != made().key(KEYS)
