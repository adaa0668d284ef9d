"""The base of captioners with a model: the options they share, and what each of them brings."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import Field

from captioners import gates
from captioners.dialogue.prepared import Prepared, prepared
from captioners.dialogue.prompts import is_path, quoted_data, read_prompt
from captioners.dialogue.requests import Prompts, text_request
from captioners.dialogue.schema import TEXT_FIELDS
from captioners.dialogue.similarity import SimilarityOptions
from captioners.dialogue.turns import MEASURED, Rules
from captioners.dialogue.types import Refused, Request, Response, Sampling, Unanswered, Unusable
from captioners.gates import GateOptions
from curate import clips
from curate.plugins import Caption, Captioner, ClipView


class Backend(ABC):
    """A loaded model, or a connection to one; made once in each worker process, used on one event loop."""

    @abstractmethod
    async def ask(self, request: Request) -> Response:
        """The answer. Raises Refused, Unanswered or Unusable (captioners.dialogue.types)."""

    async def ask_prepared(self, ready: Prepared) -> Response:
        """As `ask`, of a request whose frames are decoded: where the captioner PREPARES them."""
        raise TypeError(f"{type(self).__name__} takes no prepared frames")

    async def close(self) -> None:
        """Let go of connections, processes and memory."""
        return None


class ModelCaptioner(Captioner):
    """A captioner that asks a vision-language model about a clip's frames."""

    VERSION: ClassVar[int] = 1
    ACTORS: ClassVar[bool] = True
    NOT_OF_ANSWERS: ClassVar[frozenset[str]] = frozenset({"gates", "attempts", "otherwise", "similarity"})
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
    window_seconds: float = Field(30.0, ge=1, allow_inf_nan=False)
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
    max_tokens: int = Field(1024, ge=16, le=1_000_000)
    """Longest answer."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Of the first try; each further one adds 1."""
    attempts: int = Field(3, ge=1, le=10)
    """Answers that are asked for at most, for each window and for the merging: one that fails a gate is asked
    for again, with another sampling and a note of the fault."""
    otherwise: Literal["drop", "measured"] = "drop"
    """What becomes of a clip that gets no good caption: dropped (by `captioner`), or given the caption of
    `measured`."""
    gates: GateOptions = GateOptions()
    """What an answer has to pass."""
    similarity: SimilarityOptions | None = None
    """The last gate, for captions that passed the others: those that fit their pictures least, by CLIP, are
    asked for again. It needs the extra `learned`; without this option nothing is compared."""

    @property
    @abstractmethod
    def lanes(self) -> int:
        """Requests that one worker process wants to have at once."""

    @property
    def processes(self) -> int | None:
        """Worker processes; None: what the pipeline says (`concurrency`), else as many as the GPUs that each
        takes carry, and one where it takes none."""
        return None

    @property
    def budget(self) -> int | None:
        """Tokens that answers under these options may take, in and out, in all runs together."""
        return None

    def prepare(self, request: Request) -> Prepared:
        """The request with its frames decoded, for `Backend.ask_prepared`. It needs no model."""
        return prepared(request, None)

    @abstractmethod
    def open(self) -> Backend:
        """The model, loaded in this process. Raises Unusable."""

    def sent(self, sampling: Sampling) -> dict[str, Any]:
        """Of the sampling, what the model is told: what `answers` says of it."""
        return sampling.as_json()

    def read_files(self) -> None:
        _ = self.prompts

    def own_files(self) -> Mapping[str, str]:
        return {"prompt": self.prompt} if is_path(self.prompt) else {}

    def reads(self) -> tuple[str, ...]:
        groups = ("picture", "flow", *(("audio",) if "sound" in self.facts else ()))
        return groups + (("content",) if self.otherwise == MEASURED else ())

    def caption(self, clip: ClipView) -> Caption:
        raise TypeError(f"{type(self).__name__} asks a model, in the step `caption`")

    @property
    def rules(self) -> Rules:
        """What a dialogue goes by."""
        return Rules(self.attempts, self.temperature, self.top_p, self.max_tokens, self.seed, self.gates)

    @cached_property
    def prompts(self) -> Prompts:
        """The texts that a model is told, as they were when they were first read: what is asked is what the
        cache key says, whoever edits a file meanwhile. ValueError where one cannot be used."""
        return Prompts.read(self.prompt)

    @property
    def prompt_hash(self) -> str:
        return self.prompts.hash

    def asked(self) -> Mapping[str, Any]:
        """The options that change what is asked, as JSON values. A checkpoint and a prompt are known by what
        is in them, and not by where they lie."""
        known = {"prompt"} | ({"model", "revision"} if self.identity() is not None else set())
        return {
            name: value
            for name, value in self.model_dump(mode="json").items()
            if name not in self.NOT_OF_ANSWERS | known
        }

    def answers_key(self, group_keys: Mapping[str, str]) -> str:
        """Of the answers: model, prompt, frames, sampling, and of what is measured only what is offered."""
        sources = {"camera": "flow", "words": "words", "sound": "audio"}
        return clips.cache_key(
            f"{type(self).__module__}:{type(self).__qualname__}",
            self.VERSION,
            self.asked(),
            self.prompt_hash,
            group_keys["frames"],
            {fact: group_keys.get(sources[fact], "") for fact in self.facts},
            self.identity(),
        )

    def drafts_key(self, group_keys: Mapping[str, str]) -> str:
        """Of the captions before the gate `similarity`: their answers, and how those are judged."""
        return clips.cache_key(
            self.answers_key(group_keys), gates.VERSION, self.gates.model_dump(mode="json"), self.attempts,
            self.otherwise,
        )  # fmt: skip

    def similarity_key(self, group_keys: Mapping[str, str]) -> str | None:
        return None if self.similarity is None else self.similarity.key(group_keys["frames"])

    def key(self, group_keys: Mapping[str, str], name: str = "") -> str:
        """Of the captions: the drafts, and which of them are in the tail."""
        drafts, similarity = self.drafts_key(group_keys), self.similarity
        if similarity is None:
            return drafts
        measured = self.similarity_key(group_keys)
        return clips.cache_key(drafts, measured, similarity.tail, similarity.least)

    def expand(self, prompt: str) -> str:
        """By one text-only question."""
        upsample = read_prompt("upsample", frozenset({"prompt"}))
        longest = TEXT_FIELDS["dense"]
        schema = {
            "type": "object",
            "properties": {"dense": {"type": "string", "minLength": 1, "maxLength": longest}},
            "required": ["dense"],
            "additionalProperties": False,
        }
        request = text_request(upsample, schema, self.rules.sampling(0), prompt=quoted_data(prompt[:longest]))
        answer = asyncio.run(self._once(request))
        return gates.clean(self._expanded(answer))

    def _expanded(self, answer: Response) -> str:
        """What was asked for; ValueError where the answer is something else."""
        ended = answer.finish_reason.lower()
        try:
            found = json.loads(answer.raw)["dense"]
        except (ValueError, KeyError, TypeError, RecursionError):
            found = None
            if ended in gates.CUT:
                raise ValueError(
                    f"the answer of {self.model} was cut at {self.max_tokens} tokens: raise max_tokens"
                ) from None
        said = found if isinstance(found, str) else answer.raw
        if ended in gates.BLOCKED or gates.refused(said[: gates.BOUND]):
            raise ValueError(f"{self.model} refuses to expand the prompt ({said[:80]!r}): write it in full")
        if not isinstance(found, str):
            raise ValueError(
                f"{self.model} did not answer as it was asked to ({answer.raw[:80]!r}): try another seed"
            )
        return found

    async def _once(self, request: Request) -> Response:
        try:
            backend = await asyncio.to_thread(self.open)
            try:
                return await backend.ask(request)
            finally:
                await backend.close()
        except (Refused, Unanswered, Unusable) as error:
            raise ValueError(str(error)) from error
