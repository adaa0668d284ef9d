"""Captions are drawn with the frequencies that the policy says, from what a clip has."""

from collections import Counter

import pytest

from curate import clips
from training.keyed import Key
from training.prompts import NOTHING, Policy, choose, variants

CLIP = clips.digest(b"clip")
ALL = {
    "dense": "A red ball moves over a grey floor.", "short": "A red ball", "original": "ball.mov",
    "fields.subject": "a red ball", "fields.camera": "the camera stands still.", "fields.light": "soft light",
}  # fmt: skip


def drawn(captions: dict[str, str], policy: Policy, count: int = 20_000) -> Counter[str]:
    known = variants(captions, CLIP)
    keys = (Key(1, 0, clips.digest(str(number).encode()), 0) for number in range(count))
    return Counter(choose(known, key, policy) for key in keys)


def kinds(found: Counter[str]) -> dict[str, float]:
    total = sum(found.values())
    shares: Counter[str] = Counter()
    for name, count in found.items():
        shares[name.split("+")[0].split(":")[0]] += count / total
    return dict(shares)


def test_the_shares_of_the_policy() -> None:
    found = kinds(drawn(ALL, Policy()))
    expected = {"dense": 0.54, "short": 0.18, "fields": 0.135, "original": 0.045, NOTHING: 0.1}
    assert found.keys() == expected.keys()
    for name, share in expected.items():
        assert found[name] == pytest.approx(share, abs=0.012)  # 3.4 standard errors of 20,000 draws


def test_each_text_of_a_kind_is_drawn_as_often_as_the_others() -> None:
    found = drawn(ALL, Policy(dropout=0))
    for names, share in (
        (["short+camera", "short+light", "short+subject"], 0.2 / 3),
        ([f"fields:{k}" for k in range(4)], 0.15 / 4),
    ):
        for name in names:
            assert found[name] / 20_000 == pytest.approx(share, abs=0.006)


@pytest.mark.parametrize("missing", ["short", "original", "fields"])
def test_what_is_missing_falls_back_to_dense(missing: str) -> None:
    captions = {name: text for name, text in ALL.items() if not name.startswith(missing)}
    found = kinds(drawn(captions, Policy(dropout=0), 8000))
    share = {"short": 0.2, "original": 0.05, "fields": 0.15}[missing]
    assert missing not in found or missing == "short"
    assert found["dense"] == pytest.approx(0.6 + share, abs=0.02)


def test_without_dense_captions_the_others_serve() -> None:
    assert drawn({"original": "a dog runs"}, Policy(dropout=0), 100) == {"original": 100}
    assert drawn({}, Policy(dropout=0), 100) == {NOTHING: 100}
    assert drawn({"dense": ""}, Policy(dropout=0), 100) == {NOTHING: 100}


def test_one_kind_alone() -> None:
    only = Policy(dense=0, short=0, fields=0, original=1, dropout=0.25)
    assert kinds(drawn(ALL, only)) == pytest.approx({"original": 0.75, NOTHING: 0.25}, abs=0.012)


def test_the_texts() -> None:
    found = variants(ALL, CLIP)
    assert found["dense"] == ALL["dense"]
    assert found["original"] == "ball.mov"
    assert found["short+camera"] == "A red ball. the camera stands still."
    assert set(found) == {
        "dense", "original", "short+camera", "short+light", "short+subject",
        "fields:0", "fields:1", "fields:2", "fields:3",
    }  # fmt: skip
    parts = {"a red ball.", "the camera stands still.", "soft light."}
    orders = set()
    for k in range(4):
        text = found[f"fields:{k}"]
        assert sum(map(len, parts)) + 2 == len(text)
        assert all(part in text for part in parts)
        orders.add(text)
    assert len(orders) > 1
    assert variants({"short": "A dog."}, CLIP) == {"short": "A dog."}


def test_the_order_of_fields_is_the_clips_own() -> None:
    first = {variants(ALL, clips.digest(str(k).encode()))["fields:0"] for k in range(40)}
    assert len(first) == 6


def test_a_policy_that_is_none() -> None:
    no_kind = {"dense": 0, "short": 0, "fields": 0, "original": 0}
    for wrong in ({"dense": -0.1}, no_kind, {"dropout": 1.5}):
        with pytest.raises(ValueError, match="change the policy"):
            Policy(**wrong)
