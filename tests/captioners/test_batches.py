"""The queue before an engine: what is answered together, and what happens meanwhile."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from captioners._batches import Batches, Prepared, TooMuch, Written
from captioners.dialogue.types import Refused, Request, Response, Sampling, Unanswered, Unusable

SAMPLING = Sampling(temperature=0.0, top_p=1.0, max_tokens=16, seed=0)


def request(text: str) -> Request:
    return Request("0" * 32, 0, 0, "", text, {}, SAMPLING)


class Parrot:
    """Says what it is asked; the kind of a request is its first letter."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.threads: set[int] = set()
        self.at_most = 99
        self.before: Callable[[list[str]], None] = lambda texts: None

    def kind(self, request: Request) -> str:
        return request.text[0]

    def prepare(self, requests: Sequence[Request]) -> Prepared:
        self.threads.add(threading.get_ident())
        refused = {i: Refused("too bad") for i, one in enumerate(requests) if one.text.endswith("bad")}
        kept = [i for i in range(len(requests)) if i not in refused]
        return Prepared(kept, refused, [requests[i].text for i in kept])

    def write(self, prepared: Prepared) -> Sequence[Written | Exception]:
        self.threads.add(threading.get_ident())
        texts: list[str] = prepared.inputs
        self.batches.append(texts)
        self.before(texts)
        if len(texts) > self.at_most:
            raise TooMuch("a batch does not fit")
        return [Written(text, "stop", 1, 2, time.monotonic()) for text in texts]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 30))


def asked(parrot: Parrot, size: int, *texts: str) -> list[Any]:
    """Answers (or errors) to questions that come at once."""

    async def all_of_them() -> list[Any]:
        batches = Batches(parrot, size)
        found = await asyncio.gather(*(batches.ask(request(t)) for t in texts), return_exceptions=True)
        await batches.close()
        return [one.raw if isinstance(one, Response) else str(one) for one in found]

    found: list[Any] = run(all_of_them())
    return found


def test_questions_of_a_kind_are_answered_together_and_the_oldest_first() -> None:
    parrot = Parrot()
    texts = ["a1", "b1", "a2", "a3", "b2", "a4"]
    assert asked(parrot, 3, *texts) == texts
    assert parrot.batches == [["a1", "a2", "a3"], ["b1", "b2"], ["a4"]]
    assert threading.get_ident() not in parrot.threads


def test_the_next_batch_is_prepared_while_one_is_answered() -> None:
    parrot = Parrot()
    prepared, overlapped = threading.Event(), []
    prepare = parrot.prepare

    def noted(requests: Sequence[Request]) -> Prepared:
        if requests[0].text == "a2":
            prepared.set()
        return prepare(requests)

    parrot.prepare = noted  # type: ignore[method-assign]
    parrot.before = lambda texts: overlapped.append(texts == ["a2"] or prepared.wait(10))
    asked(parrot, 1, "a1", "a2")
    assert overlapped == [True, True]


def test_what_comes_while_the_model_is_busy_goes_together() -> None:
    parrot = Parrot()
    begun, go_on = threading.Event(), threading.Event()

    def hold(texts: list[str]) -> None:
        begun.set()
        go_on.wait(10)

    parrot.before = hold

    async def one_after_the_other() -> None:
        batches = Batches(parrot, 4)
        asks = [asyncio.create_task(batches.ask(request("a1")))]
        while not begun.is_set():
            await asyncio.sleep(0.001)
        for text in ("a2", "a3"):
            asks.append(asyncio.create_task(batches.ask(request(text))))
            await asyncio.sleep(0.02)
        go_on.set()
        await asyncio.gather(*asks)
        await batches.close()

    run(one_after_the_other())
    assert parrot.batches == [["a1"], ["a2", "a3"]]


def test_a_batch_that_does_not_fit_is_halved_until_it_does_and_stays_so() -> None:
    parrot = Parrot()
    parrot.at_most = 2
    texts = [f"a{i}" for i in range(12)]
    assert asked(parrot, 8, *texts) == texts
    assert len(parrot.batches[0]) == 8
    assert [len(batch) for batch in parrot.batches if len(batch) <= 2] == [2] * 6


def test_one_that_does_not_fit_alone_is_refused() -> None:
    parrot = Parrot()
    parrot.at_most = 0
    said = "a batch does not fit: fewer or smaller frames, or a smaller model, need less"
    assert asked(parrot, 2, "a1", "a2") == [said, said]


def test_what_is_at_fault_is_refused_alone() -> None:
    parrot = Parrot()

    def fail(texts: list[str]) -> None:
        if "a2" in texts:
            raise Refused("the model stumbles")

    parrot.before = fail
    found = asked(parrot, 4, "a1", "a2", "a3", "abad")
    assert found == ["a1", "the model stumbles", "a3", "too bad"]


def test_what_cannot_be_prepared_together_is_prepared_alone() -> None:
    parrot = Parrot()
    prepare = parrot.prepare

    def narrow(requests: Sequence[Request]) -> Prepared:
        if len(requests) > 1:
            raise ValueError("they cannot be stacked")
        return prepare(requests)

    parrot.prepare = narrow  # type: ignore[method-assign]
    assert asked(parrot, 4, "a1", "a2", "abad") == ["a1", "a2", "too bad"]


def test_a_broken_device_fails_everything_it_was_asked() -> None:
    parrot = Parrot()

    def fail(texts: list[str]) -> None:
        raise Unusable("the GPU is gone")

    parrot.before = fail
    assert asked(parrot, 2, "a1", "a2", "a3") == ["the GPU is gone"] * 3


def test_closing_leaves_nobody_waiting() -> None:
    parrot = Parrot()
    parrot.before = lambda texts: time.sleep(0.05)

    async def closed_early() -> list[Any]:
        batches = Batches(parrot, 1)
        asks = [asyncio.create_task(batches.ask(request(f"a{i}"))) for i in range(5)]
        while not parrot.batches:
            await asyncio.sleep(0.001)
        await batches.close()
        with pytest.raises(Unanswered, match="was closed"):
            await batches.ask(request("late"))
        return await asyncio.gather(*asks, return_exceptions=True)

    found = run(closed_early())
    assert {type(one) for one in found} <= {Response, Unanswered}
    assert isinstance(found[-1], Unanswered)


def test_who_gives_up_is_not_asked_for() -> None:
    parrot = Parrot()

    async def impatient() -> str:
        batches = Batches(parrot, 4)
        gone = asyncio.create_task(batches.ask(request("a1")))
        await asyncio.sleep(0)
        gone.cancel()
        found = await batches.ask(request("a2"))
        await batches.close()
        return found.raw

    assert run(impatient()) == "a2"
    assert parrot.batches == [["a2"]]
