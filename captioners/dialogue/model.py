"""The base of captioners with a model: the options they share, and what each of them brings."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from captioners.dialogue.types import Request, Response
from captioners.gates import GateOptions
from curate.plugins import Caption, Captioner, ClipView


class Backend:
    """A loaded model, or a connection to one; made once in each worker process, used on one event loop."""

    lanes: int = 1
    """Requests that it wants to have at once."""

    async def ask(self, request: Request) -> Response:
        """The answer. Raises Refused, Unanswered or Unusable (captioners.dialogue.types)."""
        raise NotImplementedError

    async def close(self) -> None:
        """Let go of connections, processes and memory."""


class ModelCaptioner(Captioner):
    """A captioner that asks a vision-language model about a clip's frames."""

    VERSION: ClassVar[int] = 1
    NOT_OF_ANSWERS: ClassVar[frozenset[str]] = frozenset({"gates", "attempts", "otherwise"})
    """Options that change no question: to alter them asks nothing anew. Subclasses add their own."""

    model: str
    """Name at the server or hub, or the path of a checkpoint."""
    revision: str | None = None
    """Commit or tag of the model: pin it, or captions of two days may be of two models."""
    frames: int = Field(8, ge=1, le=512)
    """Frames of a clip (of each window of a long one) that the model sees, evenly spread. Where more are
    asked for than the scan stored, they are decoded."""
    short_side: int | None = Field(None, ge=28, le=4096)
    """Pixels of a frame's shorter side: larger ones are scaled down. As they are stored if it is not
    given."""
    window_seconds: float = Field(30.0, gt=0)
    """Longer clips are captioned in windows of at most this length, and one call without pictures merges
    their captions."""
    prompt: str = "dense"
    """A text of captioners/prompts by name, or the path of one of your own."""
    facts: tuple[Literal["camera", "words", "sound"], ...] = ()
    """What was measured and is offered to the model, as quoted data. `words` needs the filter `text`."""
    temperature: float = Field(0.2, ge=0, le=2)
    """Of the first try; later ones are drawn more freely."""
    top_p: float = Field(0.9, gt=0, le=1)
    """Share of the probability that answers are drawn from."""
    max_tokens: int = Field(1024, ge=16)
    """Longest answer."""
    seed: int = 0
    """Of the first try; each further one adds 1."""
    attempts: int = Field(3, ge=1, le=10)
    """Answers that are asked for at most, for each window and for the merging: one that fails a gate is asked
    for again, with another sampling and a note of the fault."""
    otherwise: Literal["drop", "measured"] = "drop"
    """What becomes of a clip that gets no good caption: dropped (by `captioner`), or given the caption of
    `measured`."""
    gates: GateOptions = GateOptions()
    """What an answer has to pass."""

    @abstractmethod
    def open(self) -> Backend:
        """The model, loaded in this process. Raises Unusable."""

    def caption(self, clip: ClipView) -> Caption:
        raise NotImplementedError(f"{type(self).__name__} captions by asking a model, in the step `caption`")

    def asked(self) -> Mapping[str, Any]:
        """The options that change what is asked, as JSON values: what the cache key of answers is made of."""
        return {
            name: value
            for name, value in self.model_dump(mode="json").items()
            if name not in self.NOT_OF_ANSWERS
        }
