"""A chat server that fails: what is sent again and when, and what ends the run."""

import email.utils
import itertools
import time
from typing import Any

import pytest

from captioners import _chat
from captioners._chat import pause, retry_after
from captioners.dialogue.types import Response
from tests.captioners.asking import ask, nobody, request
from tests.captioners.scripted import Reply, Scripted

NOW = 1_700_000_000.0


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_chat, "FIRST_PAUSE", 0.01)


def told(found: Response | BaseException) -> tuple[str, str]:
    """(kind, text) of what came."""
    return type(found).__name__, found.raw if isinstance(found, Response) else str(found)


def asked(replies: list[Reply], **changes: Any) -> tuple[tuple[str, str], list[float]]:
    """What comes of one request that is answered so, the last of them for ever; and when it was sent."""
    with Scripted(lambda asked, before: replies[min(before, len(replies) - 1)]) as server:
        (found,) = ask(server.url, **changes)
    return told(found), [one.came - server.asked[0].came for one in server.asked]


GOOD = Reply("good")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        (" 0.5 ", 0.5),
        ("0", 0.0),
        ("-3", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e308", None),
        ("1_0", None),
        ("9" * 5000, None),
        ("999999999", 999999999.0),
        (email.utils.formatdate(NOW + 90, usegmt=True), 90.0),
        (email.utils.formatdate(NOW - 90, usegmt=True), 0.0),
        # Without a zone it is UTC, wherever this runs.
        (email.utils.formatdate(NOW + 90).replace("-0000", ""), 90.0),
        ("Mon, 99 Foo 0000 99:99:99 GMT", None),
        (",", None),
        ("Wed, 21 Oct 99999999999999 07:28:00 GMT", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert retry_after(header, NOW) == seconds
    finally:
        monkeypatch.undo()
        time.tzset()


def test_pauses_double_up_to_a_limit() -> None:
    for attempt, longest in [(0, 0.01), (1, 0.02), (4, 0.16), (30, 30.0), (5000, 30.0)]:
        assert longest / 2 <= pause(attempt) <= longest


@pytest.mark.parametrize("reply", [Reply("down", status=500), Reply("no", status=503), Reply(status=0)])
def test_a_failure_of_the_moment_is_asked_again(reply: Reply) -> None:
    found, sent = asked([reply, reply, GOOD])
    assert (found, len(sent)) == (("Response", "good"), 3)


def test_tries_run_out() -> None:
    found, sent = asked([Reply("overloaded", status=503)])
    assert found == ("Unanswered", "HTTP 503: overloaded (3 tries)")
    assert len(sent) == 3


def test_a_server_that_hangs_is_left_after_the_time_out() -> None:
    found, sent = asked([Reply(status=-1), GOOD], timeout_seconds=0.2)
    assert (found, len(sent)) == (("Response", "good"), 2)
    assert 0.2 <= sent[1] < 1.5
    assert asked([Reply(status=-1)], timeout_seconds=0.1, tries=2)[0] == (
        "Unanswered", "no answer within 0.1 s (2 tries)",
    )  # fmt: skip


def test_too_many_requests_use_up_no_try() -> None:
    found, sent = asked([Reply(status=429)] * 7 + [GOOD], tries=1)
    assert (found, len(sent)) == (("Response", "good"), 8)
    # And they come less and less often.
    gaps = [after - before for before, after in itertools.pairwise(sent)]
    assert gaps[6] > 0.3 > gaps[0]


def test_too_many_requests_for_ever_end_the_run() -> None:
    """An account without money answers 429 to everything: no clip should wait that out for itself."""
    found, sent = asked([Reply("no quota", status=429)], patience_seconds=0.3)
    assert found[0] == "Unusable"
    assert "has not answered for 0.3 s (HTTP 429: no quota)" in found[1]
    assert len(sent) > 3


def test_the_server_says_when_to_come_back() -> None:
    found, sent = asked([Reply(status=429, headers={"Retry-After": "1"}), GOOD])
    assert found == ("Response", "good")
    assert 1.0 <= sent[1] < 2.0


def test_what_one_request_is_told_holds_for_all() -> None:
    def script(asked: Any, before: int) -> Reply:
        # The first one is told after half a second, and the pause counts from then.
        if asked.images == [b"jpeg 0"] and before == 0:
            return Reply(status=429, headers={"Retry-After": "1"}, seconds=0.5)
        return Reply("x", status=500, seconds=0.6) if before == 0 else GOOD

    with Scripted(script) as server:
        found = ask(server.url, [request(number) for number in range(4)])
    assert [told(one) for one in found] == [("Response", "good")] * 4
    again = sorted(one.came - server.asked[0].came for one in server.asked)[4:]
    assert len(again) == 4
    assert again[0] >= 1.4


def test_a_pause_beyond_patience_ends_the_run_at_once_and_wakes_whoever_waits() -> None:
    def script(asked: Any, before: int) -> Reply:
        if asked.images == [b"jpeg 0"]:
            return Reply("tomorrow", status=429, headers={"Retry-After": "86400"}, seconds=0.4)
        if asked.images == [b"jpeg 1"]:
            return Reply("later", status=503, headers={"Retry-After": "4"})
        return Reply("late but good", seconds=0.8)

    began = time.monotonic()
    with Scripted(script) as server:
        found = [told(one) for one in ask(server.url, [request(number) for number in range(3)])]
    assert time.monotonic() - began < 3
    assert found[0][0] == found[1][0] == "Unusable"
    assert found[0][1] == found[1][1]
    assert "asks to come back in 86400 s (HTTP 429: tomorrow): run the same command then" in found[0][1]
    # What was on its way is still taken.
    assert found[2] == ("Response", "late but good")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "does not know the key: check api_key_env"),
        (402, "asks for payment"),
        (403, "the key does not open this model"),
        (404, "check base_url and `model`"),
        (405, "takes no chat requests"),
    ],
)
def test_what_ends_the_run(status: int, said: str) -> None:
    found, sent = asked([Reply("no way", status=status)])
    assert found[0] == "Unusable"
    assert f"(HTTP {status}: no way)" in found[1]
    assert said in found[1]
    assert len(sent) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_not_taken_fails_alone(status: int) -> None:
    found, sent = asked([Reply("too long", status=status)])
    assert (found, len(sent)) == (("Refused", f"HTTP {status}: too long"), 1)


def test_when_the_first_eight_are_refused_the_options_are_wrong() -> None:
    with Scripted(lambda asked, before: Reply("no images here", status=400)) as server:
        found = [told(one) for one in ask(server.url, [request(number) for number in range(8)])]
    assert sorted(kind for kind, _ in found) == ["Refused"] * 7 + ["Unusable"]
    (ended,) = (text for kind, text in found if kind == "Unusable")
    assert "refused the first 8 requests (HTTP 400: no images here): change the options" in ended


def test_after_one_that_was_taken_refusals_are_their_clips_own() -> None:
    def script(asked: Any, before: int) -> Reply:
        return GOOD if asked.images == [b"jpeg 0"] else Reply("no", status=400, seconds=0.3)

    with Scripted(script) as server:
        found = [told(one)[0] for one in ask(server.url, [request(number) for number in range(12)])]
    assert found == ["Response", *["Refused"] * 11]


def test_a_server_that_is_not_there_ends_the_run_after_patience() -> None:
    (found,) = ask(nobody(), patience_seconds=0.3, tries=100)
    kind, text = told(found)
    assert kind == "Unusable"
    assert "has not answered for 0.3 s (ClientConnectorError: " in text
    assert "run the same command again, which goes on from here" in text


def test_one_that_hangs_is_no_sign_that_the_server_is_away() -> None:
    """The patience is with the server, and it answers others."""

    def script(asked: Any, before: int) -> Reply:
        return Reply(status=-1) if asked.images == [b"jpeg 0"] else Reply("good", seconds=0.5)

    with Scripted(script) as server:
        found = ask(server.url, [request(0), request(1)], timeout_seconds=0.6, patience_seconds=0.3, tries=1)
    assert [told(one) for one in found] == [
        ("Unanswered", "no answer within 0.6 s (1 tries)"), ("Response", "good"),
    ]  # fmt: skip


def test_a_redirect_is_not_followed() -> None:
    with Scripted(lambda asked, before: GOOD) as other:
        found, sent = asked([Reply(status=307, headers={"Location": f"{other.url}/chat/completions"})])
    assert found[0] == "Unusable"
    assert "sends one elsewhere (HTTP 307" in found[1]
    assert (len(sent), other.asked) == (1, [])


def test_an_address_that_cannot_be_asked_ends_the_run() -> None:
    (found,) = ask("http://127.0.0.1..x/v1")
    assert told(found)[0] == "Unusable"
