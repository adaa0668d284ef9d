"""What a caption claims, one thing at a time: a person or a model ticks each as right or wrong."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from captioners._gates import prose
from curate import clips
from curate.judging.source import Clip

DENSE = "dense"
"""`field` of the claims that are sentences of the dense caption."""
SAYS_NOTHING = frozenset({"unclear"})
"""Values of the enumerations that claim nothing."""
MOST_SENTENCES = 60
"""Of a caption; what comes after is one claim with the last of them."""

_ABBREVIATED = re.compile(r"(?:^|\W)(?:Mr|Mrs|Ms|Dr|St|No|vs|Jr|Sr|Mt|[A-Z]|[ap]\.m|e\.g|i\.e|etc)\.$")
"""What ends with a full stop and is no sentence's end."""

_AFTER_QUOTE = re.compile(r"(?<=[.!?…][\"”])\s(?=[A-Z])")
"""Between a sentence that ends with a quotation's own full stop, and the next."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement about a clip."""

    field: str
    """A structured field, or DENSE."""
    text: str


def claims_of(clip: Clip) -> tuple[Claim, ...]:
    """The structured fields that say something, then the sentences of the dense caption."""
    fields = [
        Claim(name, " ".join(value.split()))
        for name, value in clip.fields.items()
        if value.strip() and value not in SAYS_NOTHING
    ]
    return (*fields, *(Claim(DENSE, sentence) for sentence in sentences(clip.dense)))


def sentences(text: str) -> list[str]:
    """The sentences of a text, without line breaks; what stands in quotation marks is not cut."""
    found: list[str] = []
    plain = " ".join(text.split())
    parts = [part for one in prose.sentences(plain) for part in _AFTER_QUOTE.split(one.text)]
    for told in map(str.strip, parts):
        if found and (_ABBREVIATED.search(found[-1]) or len(found) == MOST_SENTENCES):
            found[-1] += f" {told}"
        elif told:
            found.append(told)
    return found


def digest_of(claims: Sequence[Claim]) -> str:
    """32 hex digits that stand for what is claimed of a clip: ticks of other claims are not about these."""
    return clips.digest(
        *(part.encode("utf-8", "replace") for one in claims for part in (one.field, one.text))
    ).hex()


def audit_digest(ids: Sequence[bytes], digests: Sequence[str]) -> str:
    """32 hex digits of the claims about several clips, by the digests of each."""
    pairs = sorted(zip(ids, digests, strict=True))
    return clips.digest(*(part for clip, one in pairs for part in (clip, one.encode()))).hex()
