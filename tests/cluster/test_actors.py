"""Actors of a real Ray: what they are given comes back once, and one that dies again and again ends the
stream with an error."""

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from curate.cluster import Cluster
from curate.options import Resources

Item = dict[str, Any]

pytestmark = pytest.mark.ray

TIME_LIMIT = 240.0
"""Seconds until a stream hangs, on a machine that is busy with other things."""


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
