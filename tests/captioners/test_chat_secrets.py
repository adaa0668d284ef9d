"""The key goes to the server, and nowhere else."""

import json
from pathlib import Path

import pytest

from captioners import _chat
from captioners.dialogue.types import Response
from tests.captioners.asking import KEY, ask
from tests.captioners.scripted import Reply, Scripted


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_chat, "FIRST_PAUSE", 0.01)


def test_the_key_is_sent_in_its_header() -> None:
    with Scripted(lambda asked, before: Reply("good")) as server:
        ask(server.url, key=KEY)
        ask(server.url)
    assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    assert "Authorization" not in server.asked[1].headers
    assert KEY not in json.dumps(server.asked[0].body)


@pytest.mark.parametrize("status", [200, 307, 400, 401, 429, 500])
@pytest.mark.parametrize(
    "echo",
    [
        f"Incorrect key provided: {KEY}.",
        "x" * (_chat.SAID - 10) + KEY,
        json.dumps({"error": {"message": f"Bearer {KEY}"}}).replace("/", "\\/"),
        json.dumps({"error": {"message": f"Bearer {KEY}"}}).replace("/", "\\/")[:-1],
        f"<p>{KEY.replace('/', '%2F').replace('+', '%2B')}</p>",
        KEY * 5000,
    ],
    ids=range(6),
)
def test_a_server_that_quotes_the_key(status: int, echo: str) -> None:
    with Scripted(lambda asked, before: Reply(body=echo, status=status)) as server:
        (found,) = ask(server.url, key=KEY, tries=1, patience_seconds=0.01)
    assert isinstance(found, Exception)
    # Not even the half of it, at the end of what is told.
    assert "sk-test" not in str(found)
    assert "0123456789" not in str(found)


def test_an_answer_that_quotes_the_key() -> None:
    with Scripted(lambda asked, before: Reply(f"My key is {KEY}.", KEY)) as server:
        (found,) = ask(server.url, key=KEY)
    assert found == Response("My key is [key].", "[key]", 100, 50, model="scripted-1")


def test_a_placeholder_in_place_of_a_key_changes_no_caption() -> None:
    with Scripted(lambda asked, before: Reply("An EMPTY tester at a fox.")) as server:
        for key in ("EMPTY", "x", "test"):
            (found,) = ask(server.url, key=key)
            assert isinstance(found, Response)
            assert found.raw == "An EMPTY tester at a fox."


def test_passwords_of_netrc_stay_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with Scripted(lambda asked, before: Reply("good")) as server:
        found = [*ask(server.url), *ask(server.url, key=KEY)]
    assert [one.raw for one in found if isinstance(one, Response)] == ["good", "good"]
    assert [one.headers.get("Authorization") for one in server.asked] == [None, f"Bearer {KEY}"]


def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert _chat.proxy_of("http://example.org/v1") is None
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    assert _chat.proxy_of("http://example.org/v1") == "http://proxy:3128"
    assert _chat.proxy_of("http://127.0.0.1:8000/v1") is None
