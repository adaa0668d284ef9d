"""A vision-language model of transformers, in this process: any that its auto classes know."""

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from captioners._checkpoint import Checkpoint, absolute, needs
from captioners.dialogue.model import Backend, ModelCaptioner
from captioners.dialogue.types import Request, Response, Unusable

PACKAGES = ("torch", "torchvision", "transformers", "PIL", "llguidance")


class Transformers(ModelCaptioner):
    """A model of a local folder or of a hub, by transformers: no server, on the CPU or one GPU.

    Answers are decoded by their JSON schema, so that all of them parse. Where the model takes video
    (Qwen2.5-VL, Qwen3-VL and others) it gets a clip's frames as one, with the time of each; else as pictures
    with their times written before them. Each answer is drawn by its own seed and rules: what else is in the
    batch changes it only where two tokens are as likely but for the last digits, which products of matrices
    of other shapes round otherwise (seldom in float32, now and then in half precision).

    Weights are read from safetensors alone, and no code of a checkpoint is run. A batch lasts as long as its
    longest answer; for many clips on large GPUs a server or vLLM, which fill places as they become free, are
    the better choice."""

    VERSION: ClassVar[int] = 1
    NOT_OF_ANSWERS: ClassVar[frozenset[str]] = ModelCaptioner.NOT_OF_ANSWERS | {"device", "batch_size"}

    device: str | None = Field(None, pattern=r"^(cpu|cuda(:\d+)?)$")
    """cpu, cuda or cuda:1. If it is not given: the GPU where there is one."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Precision of the weights and products. auto: as the checkpoint has them."""
    batch_size: int = Field(8, ge=1, le=512)
    """Requests that are answered together. Halved where they do not fit into the memory."""
    video: bool | None = None
    """Frames as a video or (false) as pictures. If it is not given: as a video where the model takes one."""

    @field_validator("model")
    @classmethod
    def _absolute(cls, value: str) -> str:
        return absolute(value)

    @property
    def lanes(self) -> int:
        # While one batch is answered the next one is prepared.
        return 2 * self.batch_size

    @property
    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(self.model, self.revision)

    def identity(self) -> Any:
        return {"model": self._checkpoint.identity()}

    def check(self) -> None:
        """A hub's model is downloaded here, once, before any process loads it."""
        needs("transformers", PACKAGES, "captions")
        self._checkpoint.folder()

    def lacks(self) -> str | None:
        try:
            needs("transformers", PACKAGES, "captions")
        except ValueError as error:
            return str(error)
        return self._checkpoint.lacks()

    def open(self) -> Backend:
        try:
            self.check()
        except ValueError as error:
            raise Unusable(str(error)) from error
        from captioners._writing import load

        writer = load(self._checkpoint.folder(), self.device, self.dtype, self.video)
        return _Loaded(writer, self.batch_size)


class _Loaded(Backend):
    """The model with a queue before it."""

    def __init__(self, writer: Any, batch_size: int) -> None:
        from captioners._batches import Batches

        self.writer = writer
        self.batches = Batches(writer, batch_size)

    async def ask(self, request: Request) -> Response:
        return await self.batches.ask(request)

    async def close(self) -> None:
        self.writer.stop()
        await self.batches.close()
        self.writer.close()
