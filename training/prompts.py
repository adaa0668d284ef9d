"""Which caption a draw is trained with.

A clip has several texts: the dense caption, a short one, structured fields, and what came with the source. A
model that saw only dense ones would fail on what people type. So 60 % of the draws get the dense caption,
20 % the short one and a field, 15 % the fields in some order, 5 % the original (DALL-E 3 trains on 95 %
synthetic captions and 5 % original ones), and some of all get none, for guidance without a classifier. What a
clip lacks is replaced by its dense caption.

The texts that can be drawn are finitely many and have names, so that frozen text encoders can be run once:
`dense`, `short+NAME` for each field, `fields:0` to `fields:3`, `original`."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields

import numpy as np

from training.keyed import Key

SHUFFLES = 4
"""Orders of the fields that a clip is trained with: its own, keyed by its id."""

NOTHING = "nothing"
"""The name of the empty text, which stands for a dropped caption."""

FIELD = "fields."
"""Prefix of the fields in a manifest's captions."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Shares of the caption kinds, which are scaled to add up to 1, and the share of draws without any."""

    dense: float = 0.60
    short: float = 0.20
    fields: float = 0.15
    original: float = 0.05
    dropout: float = 0.10

    def __post_init__(self) -> None:
        shares = [getattr(self, field.name) for field in fields(self)]
        if min(shares) < 0 or sum(shares[:4]) <= 0 or self.dropout > 1:
            raise ValueError(
                "shares of captions are not negative and not all 0, dropout is at most 1: change the policy"
            )

    def usual(self) -> "Policy":
        """Only the kind with the largest share, and never none: for what is compared."""
        kinds = ("dense", "short", "fields", "original")
        most = max(kinds, key=lambda kind: getattr(self, kind))
        return Policy(**{kind: float(kind == most) for kind in kinds}, dropout=0.0)


def variants(captions: Mapping[str, str], clip_id: bytes) -> dict[str, str]:
    """Every text that can be drawn for a clip, by name. `captions` as in the manifest."""
    given = {name: text for name, text in captions.items() if text}
    parts = {name.removeprefix(FIELD): text for name, text in given.items() if name.startswith(FIELD)}
    found = {}
    if "dense" in given:
        found["dense"] = given["dense"]
    if "short" in given:
        found |= {f"short+{name}": _joined(given["short"], parts[name]) for name in sorted(parts)}
        if not parts:
            found["short"] = given["short"]
    if parts:
        for number in range(SHUFFLES):
            found[f"fields:{number}"] = _joined(*(parts[name] for name in _order(parts, clip_id, number)))
    if "original" in given:
        found["original"] = given["original"]
    return found


def choose(known: Collection[str], key: Key, policy: Policy = Policy()) -> str:
    """The name of the text that a draw is trained with, of the names `known`; NOTHING where it is dropped
    or there is none."""
    if not known or key.uniform("dropout") < policy.dropout:
        return NOTHING
    chance = key.numpy("caption")
    kind, which = chance.random(), chance.random()
    shares = (policy.dense, policy.short, policy.fields, policy.original)
    at = np.searchsorted(np.cumsum(shares) / sum(shares), kind, side="right")
    of_kind = (
        _of_kind(known, ("dense", "short", "fields", "original")[at])
        or _of_kind(known, "dense")
        or sorted(known)
    )
    return of_kind[int(which * len(of_kind))]


def _of_kind(known: Collection[str], kind: str) -> list[str]:
    return sorted(name for name in known if name.split("+")[0].split(":")[0] == kind)


def _order(names: Collection[str], clip_id: bytes, number: int) -> list[str]:
    """The fields in the clip's order with that number."""

    def rank(name: str) -> bytes:
        return hashlib.blake2b(f"{number}/{name}".encode(), digest_size=8, key=clip_id).digest()

    return sorted(names, key=lambda name: (rank(name), name))


def _joined(*texts: str) -> str:
    """Sentences, one after the other; fields often lack the full stop."""
    return " ".join(text if text.endswith((".", "!", "?")) else f"{text}." for text in map(str.strip, texts))
