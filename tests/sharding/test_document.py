"""KEY.json: one spelling, and a digest that tells every change."""

import json
import math
import random

import pytest

from curate.sharding.document import dump, load

DOCUMENT = {"b": [1, 2.5, None], "a": {"é": "ü\n", "z": True}, "n": 0.1 + 0.2, "big": 2**60}


def test_round_trip() -> None:
    assert load(dump(DOCUMENT)) == DOCUMENT


def test_the_order_of_keys_does_not_matter() -> None:
    assert dump(dict(reversed(DOCUMENT.items()))) == dump(DOCUMENT)
    assert list(json.loads(dump(DOCUMENT))) == sorted([*DOCUMENT, "digest"])


def test_what_json_lacks_becomes_null() -> None:
    assert load(dump({"a": math.nan, "b": [math.inf, 1.0]})) == {"a": None, "b": [None, 1.0]}


def test_a_lone_surrogate_survives() -> None:
    assert load(dump({"a": "x\ud800y"})) == {"a": "x\ud800y"}


def test_any_flipped_bit_is_told() -> None:
    data = dump(DOCUMENT)
    rng = random.Random(1)
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << rng.randrange(8)
        with pytest.raises(ValueError, match="it is not"):
            load(bytes(damaged))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"null", b"[" * 100_000])
def test_other_json_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match="it is not"):
        load(data)
