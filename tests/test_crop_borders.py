"""`shards: {crop_borders: true}`: what it asks of a pipeline, and what it keys."""

from typing import Any

import pytest

from curate.config import Plan, resolve
from curate.context import Keys


def plan(*filters: Any, **shards: Any) -> Plan:
    return resolve("test", {"input": "in", "output": "out", "filters": list(filters), "shards": shards})


def test_it_needs_the_filter_that_finds_the_bars() -> None:
    with pytest.raises(ValueError, match=r"crop_borders .* add `\{use: borders\}` to its filters"):
        plan({"use": "motion"}, crop_borders=True)
    assert plan({"use": "motion"}).crop_filter is None
    found = plan({"use": "motion"}, {"use": "borders", "name": "frame"}, crop_borders=True).crop_filter
    assert found is not None
    assert found.name == "frame"


def test_the_filters_key_enters_that_of_the_encodes_only_where_it_crops() -> None:
    borders = {"use": "borders"}
    off = Keys.of(plan()).encode
    assert Keys.of(plan(borders)).encode == off
    assert Keys.of(plan(borders, crop_borders=False)).encode == off
    on = Keys.of(plan(borders, crop_borders=True)).encode
    assert on != off
    # Rules and other filters change no box.
    ruled = {**borders, "keep": {"max": 0.5}}
    assert Keys.of(plan({"use": "motion"}, ruled, crop_borders=True)).encode == on
