"""Actors of a real Ray: what they are given comes back once, and one that dies again and again ends the
stream with an error."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from curate.cluster import Cluster
from curate.options import Resources

Item = dict[str, Any]

pytestmark = pytest.mark.ray

TIME_LIMIT = 240.0
"""Seconds until a stream hangs, on a machine that is busy with other things."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """TimeoutError in place of waiting for ever."""

    def over(*_: object) -> None:
        raise TimeoutError(f"nothing came for {seconds:g} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def make() -> Callable[[list[Item]], list[Item]]:
    def work(items: list[Item]) -> list[Item]:
        if any(item.get("dies") for item in items):
            os._exit(9)
        return [{"number": item["number"], "process": os.getpid()} for item in items]

    return work


def test_every_item_once_and_an_actor_that_dies_is_not_replaced_for_ever() -> None:
    with Cluster(2) as cluster:
        items = [{"number": number} for number in range(20)]
        found = list(cluster.pool(make, items, batch_size=3, resources=Resources(concurrency=1)))
        assert sorted(result["number"] for result in found) == list(range(20))
        assert len({result["process"] for result in found}) == 1

        began = time.monotonic()
        deadly = [{**item, "dies": item["number"] == 7} for item in items]
        with pytest.raises(RuntimeError, match="worker process failed"):
            list(cluster.pool(make, deadly, batch_size=3, resources=Resources(concurrency=1)))
        assert time.monotonic() - began < TIME_LIMIT


def take() -> Callable[[list[Item]], list[Item]]:
    def work(items: list[Item]) -> list[Item]:
        return [{"number": item["number"], "bytes": len(item["prepared"])} for item in items]

    return work


PREPARED = 10_000_000


def make_ready() -> Callable[[Item], bytes]:
    return lambda item: bytes(PREPARED)


def test_actors_with_others_before_them_share_one_cpu() -> None:
    """Of what is prepared there is more than the object store holds: it has to be taken meanwhile."""
    items = [{"number": number} for number in range(60)]
    with Cluster(1) as cluster, limited(TIME_LIMIT):
        found = list(
            cluster.pool(take, items, batch_size=1, resources=Resources(), threads=2, before=make_ready)
        )
    assert sorted(result["number"] for result in found) == list(range(60))
    assert {result["bytes"] for result in found} == {PREPARED}
