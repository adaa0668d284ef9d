"""A vision-language model of transformers, loaded: batches of requests in, answers out."""

import gc
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from captioners._batches import Prepared, TooMuch, Written
from captioners._constrained import Grammars
from captioners._prompting import Prompting, Video
from captioners._sampler import Row, Sampler, row_of
from captioners.dialogue.types import Refused, Request, Unusable


@dataclass(frozen=True, slots=True)
class Batch:
    """What the model is given."""

    tensors: Any
    lengths: Sequence[int]
    """Tokens of each prompt."""
    rows: Sequence[Row]


class Writer:
    """An engine of captioners._batches."""

    def __init__(self, model: Any, prompting: Prompting, device: torch.device) -> None:
        from transformers import GenerationConfig

        self.model, self.prompting, self.device = model, prompting, device
        text = model.config.get_text_config()
        self.context: int | None = getattr(text, "max_position_embeddings", None)
        """Tokens of a prompt and its answer together."""
        tokenizer = prompting.tokenizer
        ends = _ends(model.generation_config.eos_token_id, tokenizer.eos_token_id)
        self.grammars = Grammars(tokenizer, max(text.vocab_size, len(tokenizer)), ends)
        self._pad = ends[0] if tokenizer.pad_token_id is None else int(tokenizer.pad_token_id)
        # Its own habits of sampling would be mixed with those that are asked for.
        model.generation_config = GenerationConfig()
        self._stopped = threading.Event()

    def kind(self, request: Request) -> tuple[str, int]:
        # Some processors stack videos, which then must be of one length.
        return self.prompting.kind(request), len(request.images)

    def prepare(self, requests: Sequence[Request]) -> Prepared:
        """Decoded, templated and tokenized; what cannot be is refused, and raises where it is not alone."""
        refused: dict[int, Refused] = {}
        frames: dict[int, list[Video]] = {}
        matchers: dict[int, Any] = {}
        for number, request in enumerate(requests):
            try:
                frames[number] = self.prompting.frames(request)
                matchers[number] = self.grammars.start(request.schema)
            except Refused as refusal:
                refused[number] = refusal
            except ValueError as error:
                refused[number] = Refused(f"clip {request.clip_id}: {error}")

        def left() -> list[int]:
            return [number for number in range(len(requests)) if number not in refused]

        def tensors(numbers: Sequence[int]) -> Any:
            return self.prompting.inputs([requests[i] for i in numbers], [frames[i] for i in numbers])

        kept = left()
        try:
            made = tensors(kept) if kept else None
        except Exception as error:  # a processor raises what it likes
            if len(requests) > 1:
                raise
            return Prepared([], {0: _unprocessed(requests[0], error)}, None)
        lengths = self._lengths(made)
        for number, length in zip(kept, lengths, strict=True):
            if self.context is not None and length >= self.context:
                refused[number] = Refused(
                    f"the prompt of clip {requests[number].clip_id} has {length} tokens, and the model takes "
                    f"{self.context} with the answer: ask for fewer or smaller frames"
                )
        if len(left()) < len(kept):
            kept = left()
            made = tensors(kept) if kept else None
            lengths = self._lengths(made)
        rows = [
            row_of(requests[number], matchers[number], self._most(requests[number], length))
            for number, length in zip(kept, lengths, strict=True)
        ]
        return Prepared(kept, refused, Batch(made, lengths, rows))

    def _lengths(self, made: Any) -> list[int]:
        return [] if made is None else [int(length) for length in made["attention_mask"].sum(1)]

    def _most(self, request: Request, length: int) -> int:
        """Tokens of the answer, within the model's context."""
        most = request.sampling.max_tokens
        return most if self.context is None else min(most, self.context - length)

    def write(self, prepared: Prepared) -> list[Written | Exception]:
        batch: Batch = prepared.inputs
        try:
            self._generate(batch)
        except Exception as error:
            said = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            full, broken = _out_of_memory(error), "CUDA error" in said or "device-side" in said
        else:
            return [self._written(row, length) for row, length in zip(batch.rows, batch.lengths, strict=True)]
        # Outside of the handler, where the error no longer holds on to the tensors of its frames.
        if full:
            gc.collect()
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            raise TooMuch(f"a batch of {len(batch.rows)} does not fit into the memory of {self.device}")
        if broken:
            raise Unusable(
                f"the GPU failed ({said}): run again, and with the option `device: cpu` if it stays so"
            )
        raise Refused(f"the model cannot answer ({said}): leave the clip out, or try other frames")

    def _generate(self, batch: Batch) -> None:
        from transformers import GenerationConfig

        sampler = Sampler(batch.rows, self.grammars, self._stopped.is_set)
        tensors = {name: self._placed(name, value) for name, value in batch.tensors.items()}
        with torch.inference_mode():
            self.model.generate(
                **tensors,
                generation_config=GenerationConfig(
                    # The sampler draws; the likeliest token of what it hands over is the one it drew.
                    do_sample=False,
                    max_new_tokens=max(row.most for row in batch.rows),
                    pad_token_id=self._pad,
                ),
                logits_processor=[sampler],
                stopping_criteria=[sampler.over],
            )

    def _placed(self, name: str, value: Any) -> Any:
        """On the model's device; pixels in the model's precision, but no times or numbers of tokens."""
        if not isinstance(value, torch.Tensor):
            return value
        pixels = name.startswith("pixel_values") and value.is_floating_point()
        return value.to(self.device, self.model.dtype if pixels else None, non_blocking=True)

    def _written(self, row: Row, length: int) -> Written | Exception:
        if row.error:
            return Refused(f"the answer cannot go on by its JSON schema ({row.error}): ask for less in it")
        raw = self.prompting.tokenizer.decode(
            row.tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return Written(raw, row.finish_reason or "stopped", length, len(row.tokens), row.ended)

    def stop(self) -> None:
        """What is being written ends with its next token."""
        self._stopped.set()

    def close(self) -> None:
        """Let go of the memory."""
        self.grammars.close()
        self.model = None
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


def _unprocessed(request: Request, error: Exception) -> Refused:
    said = " ".join(str(error).split())[:300]
    return Refused(
        f"the frames or words of clip {request.clip_id} cannot be prepared for the model "
        f"({type(error).__name__}: {said}): look at the clip"
    )


def _out_of_memory(error: Exception) -> bool:
    """torch's allocator of the CPU has no error of its own."""
    said = str(error)
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and ("can't allocate memory" in said or "out of memory" in said)
    )


def load(folder: Path, device: str | None, dtype: str, video: bool | None) -> Writer:
    """The model of a checkpoint's folder. Raises Unusable.

    Neither code nor pickles of a checkpoint are run, and nothing is fetched."""
    from transformers import AutoModelForImageTextToText, AutoProcessor
    from transformers.utils import logging

    logging.disable_progress_bar()
    place = _device(device)
    local: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    try:
        prompting = Prompting(AutoProcessor.from_pretrained(folder, **local), video)
        model, info = AutoModelForImageTextToText.from_pretrained(
            folder,
            use_safetensors=True,
            dtype=dtype if dtype == "auto" else getattr(torch, dtype),
            # Named, since a configuration could name a kernel to be downloaded.
            attn_implementation="sdpa",
            output_loading_info=True,
            **local,
        )
        absent = sorted([*info["missing_keys"], *(str(key) for key in info["mismatched_keys"])])
        if absent:
            raise ValueError(f"it has no weights for {', '.join(absent[:3])}, which would be noise")
        model = model.eval().requires_grad_(False).to(place)
        return Writer(model, prompting, place)
    except Exception as error:  # whatever a broken or strange checkpoint leads to
        if _out_of_memory(error):
            raise Unusable(
                f"the model in {folder} does not fit into the memory of {place}: take a smaller one, or give "
                "it a GPU of its own"
            ) from error
        said = " ".join(str(error).split())[:300].rstrip(".")
        raise Unusable(
            f"transformers cannot load {folder} as a vision-language model ({type(error).__name__}: {said}): "
            "give a checkpoint with its processor and safetensors that AutoModelForImageTextToText knows"
        ) from error


def _ends(*named: int | list[int] | None) -> list[int]:
    """The tokens that end an answer, by a model's settings and its tokenizer's. ValueError without any."""
    found: list[int] = []
    for one in named:
        found += one if isinstance(one, list) else [] if one is None else [one]
    if not found:
        raise ValueError(
            "neither its generation_config.json nor its tokenizer says which token ends an answer"
        )
    return list(dict.fromkeys(found))


def _device(option: str | None) -> torch.device:
    there = torch.cuda.is_available()
    if option is None:
        return torch.device("cuda" if there else "cpu")
    wanted = torch.device(option)
    if wanted.type == "cuda" and (not there or (wanted.index or 0) >= torch.cuda.device_count()):
        raise Unusable(
            f"the captioner's device is {option}, and torch sees no such GPU here: give it one, or leave "
            "`device` out"
        )
    return wanted
