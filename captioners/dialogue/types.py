"""The words of a dialogue with a model: a request, its answer, and what was measured of the clip."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Image:
    """A frame as the model sees it: upright, in square pixels."""

    pts: int
    """In the clip's time base."""
    seconds: float
    """After the start of the clip, or of the window that is asked about."""
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is drawn. What is None is left to the server or library."""

    temperature: float
    top_p: float
    max_tokens: int
    """Of the answer; one that is longer is cut (`finish_reason: length`)."""
    seed: int
    repetition_penalty: float = 1.0
    """Above 1: tokens that were written already become less likely (Keskar et al. 2019, section 4.1)."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


MERGE = -1
"""`window` of the request that makes one caption of those of a long clip's windows."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model."""

    clip_id: str
    """32 hex digits."""
    window: int
    """0, 1, …: part of a long clip, in time's order; MERGE for the text-only call that joins them."""
    attempt: int
    """0 for the first try of this window."""
    system: str
    text: str
    """What the user says, after the images."""
    schema: Mapping[str, Any]
    """JSON schema of the answer, to decode by."""
    sampling: Sampling
    images: tuple[Image, ...] = ()
    """Distinct, in time's order; none for MERGE."""
    seconds: float = 0.0
    """Length of what the images show."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back."""

    raw: str
    finish_reason: str
    """`stop`, `length`, or what the server calls it."""
    tokens_in: int | None = None
    tokens_out: int | None = None
    seconds: float = 0.0
    """From the request to its last token, waiting in queues of the server or engine included."""
    model: str | None = None
    """What the server says it is, where it says so."""


@dataclass(frozen=True)
class Evidence:
    """What was measured of a clip: the facts that may be offered to the model, and that gates check by."""

    seconds: float = 0.0
    camera: str | None = None
    """`static`, or how the view moves: pan left, pan right, tilt up, tilt down, zoom in, zoom out, roll,
    handheld (to and fro). None: not measured, or nothing that can be told."""
    camera_confidence: float = 0.0
    """0 to 1."""
    words: tuple[str, ...] | None = None
    """Lines of text that were read in the clip. None: nobody looked; () : looked and found none."""
    sound: str | None = None
    """`sound` or `silence`; None: not measured, or no track."""
    luma: float | None = None
    """Mean, 0 to 255. Below 44 the picture is dark, above 152 bright."""
    saturation: float | None = None
    """Mean of HSV's, 0 to 255. Below 8 the picture is black and white."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Evidence":
        """Members that this version does not know are left out: another one may have written them."""
        known = {field.name: found[field.name] for field in fields(cls) if field.name in found}
        words = known.get("words")
        return cls(**{**known, "words": None if words is None else tuple(words)})


class Refused(Exception):
    """The server or engine will not take this request, however often it is sent (too long, a broken image):
    its clip alone fails."""


class Unanswered(Exception):
    """No answer came after all tries: a time-out, a reset, an overloaded server. Asked again in the next
    run."""


class Unusable(Exception):
    """Nothing can be asked: a wrong key, an unknown model, a server that is not there. The run stops with
    this sentence."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A row of `answers`, as a gate sees it."""

    window: int
    attempt: int
    raw: str | None
    """None where none came (`error` says why)."""
    finish_reason: str
    error: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None

    @property
    def came(self) -> bool:
        """Whether there is an answer: what never came uses up no attempt."""
        return self.raw is not None
