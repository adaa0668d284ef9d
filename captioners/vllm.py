"""Captions by a vision-language model in vLLM's own engine, on the GPUs of this machine or cluster."""

from functools import lru_cache
from typing import Any, ClassVar, Literal

from pydantic import Field, JsonValue, field_validator

from captioners._checkpoint import Checkpoint, absolute, needs
from captioners.dialogue.model import Backend, ModelCaptioner
from captioners.dialogue.prepared import Prepared, Sizing, prepared, sizing_of
from captioners.dialogue.types import Request

OWN = frozenset(
    {
        "model", "revision", "tensor_parallel_size", "max_model_len", "dtype", "gpu_memory_utilization",
        "max_num_seqs", "quantization", "enforce_eager", "limit_mm_per_prompt",
    }
)  # fmt: skip
"""Arguments of the engine that follow from other options."""


class Vllm(ModelCaptioner):
    """Asks a model that runs in vLLM's offline engine: no server, no network.

    An engine answers `max_num_seqs` requests at once, in batches that requests join and leave at any token.
    A model that takes video natively is shown a clip as one, with the time of each frame; others get pictures
    with their times between them. Answers are decoded by the JSON schema of a structured caption: none is
    malformed unless it is cut off at `max_tokens`.

    Code that a checkpoint brings along is never run, so models that need it (`trust_remote_code`) cannot be
    used. The same seed draws the same answer only as far as the GPU's batches round alike."""

    VERSION: ClassVar[int] = 1
    PREPARES: ClassVar[bool] = True
    NOT_OF_ANSWERS: ClassVar[frozenset[str]] = ModelCaptioner.NOT_OF_ANSWERS | {
        "tensor_parallel_size", "gpu_memory_utilization", "max_num_seqs", "enforce_eager",
    }  # fmt: skip

    tensor_parallel_size: int = Field(1, ge=1, le=64)
    """GPUs that share one model. What fits on one GPU is faster as several engines."""
    max_model_len: int = Field(16384, ge=64)
    """Longest prompt and answer together, in tokens, pictures included; less if the model itself has less. A
    longer prompt is refused, and an answer that would be longer is cut."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """Of weights and products. auto: as the checkpoint has it."""
    gpu_memory_utilization: float = Field(0.9, gt=0, le=1)
    """Share of the GPU's memory that the engine takes: weights first, the rest for the tokens in flight."""
    max_num_seqs: int = Field(64, ge=1, le=4096)
    """Requests that are answered at once."""
    quantization: str | None = None
    """vLLM's name of a quantization (fp8, awq, …). None: as the checkpoint says."""
    enforce_eager: bool = False
    """Without CUDA graphs and compilation: starts sooner, answers slower."""
    video: bool | None = None
    """Whether frames are shown as one video (true) or as pictures (false). None: video if the model can."""
    engine: dict[str, JsonValue] = Field(default_factory=dict)
    """Further arguments of vLLM's engine, by vLLM's names: `{kv_cache_dtype: fp8}`."""

    @field_validator("model")
    @classmethod
    def _absolute(cls, value: str) -> str:
        """Actors do not run in the folder of the person who named a path."""
        return absolute(value)

    @field_validator("engine")
    @classmethod
    def _further(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if value.get("trust_remote_code"):
            raise ValueError(
                "trust_remote_code is not to be had, since it runs whatever code came with the checkpoint: "
                "choose a model that vLLM or transformers know"
            )
        own = sorted(OWN & value.keys())
        if own:
            raise ValueError(
                f"{own[0]} is no further argument: give it, or frames, as an option of vllm itself"
            )
        return value

    @property
    def lanes(self) -> int:
        return self.max_num_seqs

    @property
    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(self.model, self.revision)

    def check(self) -> None:
        needs("vllm", ("vllm",), "vllm")
        self._checkpoint.folder()

    @property
    def _gpus(self) -> int:
        """That one engine works with, where it has any."""
        stages = self.engine.get("pipeline_parallel_size")
        return self.tensor_parallel_size * (stages if isinstance(stages, int) else 1)

    def check_gpus(self, num_gpus: float) -> None:
        # Without any it runs on the CPU, in as many processes.
        if num_gpus and (num_gpus > self._gpus or num_gpus < self._gpus > 1):
            raise ValueError(
                f"captioner: num_gpus is {num_gpus:g}, and an engine of tensor_parallel_size "
                f"{self.tensor_parallel_size} works with {self._gpus}: give the two the same number"
            )

    def lacks(self) -> str | None:
        try:
            needs("vllm", ("vllm",), "vllm")
        except ValueError as error:
            return str(error)
        return self._checkpoint.lacks()

    def identity(self) -> Any:
        return {"model": self._checkpoint.identity()}

    def arguments(self) -> dict[str, Any]:
        """Of vLLM's engine, but for what the model itself has to say: its longest prompt, and whether it
        takes video."""
        return {
            # The folder that holds data alone: vLLM itself would fetch all of a repository.
            "model": str(self._checkpoint.folder()),
            "tensor_parallel_size": self.tensor_parallel_size,
            "dtype": self.dtype,
            "gpu_memory_utilization": self.gpu_memory_utilization,
            "max_num_seqs": self.max_num_seqs,
            "quantization": self.quantization,
            "enforce_eager": self.enforce_eager,
            "disable_log_stats": True,
            # Clips differ; the retry of one is found by the cache of prefixes.
            "mm_processor_cache_gb": 0,
            # Models whose chat template is of plain text keep a picture's time next to it.
            "interleave_mm_strings": True,
            # In the grammar of vLLM's default, xgrammar, strings of bounded length hold bare tabs, which JSON
            # forbids, and no quotation mark. And a model that falls into writing spaces never ends.
            "structured_outputs_config": {"backend": "guidance", "disable_any_whitespace": True},
            **self.engine,
            "trust_remote_code": False,
        }

    def prepare(self, request: Request) -> Prepared:
        """The request with its frames decoded and at the model's size. It needs no GPU and no engine: a
        process on a CPU may do it, and hand what it returns to `ask`."""
        shown_as_video, sizing = _shown(self._checkpoint, self.video)
        return prepared(request, sizing, shown_as_video)

    def open(self) -> Backend:
        from captioners._vllm import Engine

        return Engine(self)


@lru_cache(maxsize=16)
def _shown(checkpoint: Checkpoint, video: bool | None) -> tuple[bool, Sizing | None]:
    """Whether frames are shown as a video, and their sizes; read once per process, since a hub is asked for
    the files of a model each time."""
    config = checkpoint.configuration("config.json") or {}
    as_video = video if video is not None else "video_token_id" in config
    return as_video, sizing_of(checkpoint.configuration, as_video)
