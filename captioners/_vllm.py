"""vLLM's engine as a Backend: requests in flight together, answers decoded by a schema."""

import asyncio
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from captioners.dialogue.model import Backend
from captioners.dialogue.prepared import Prepared
from captioners.dialogue.types import Image, Refused, Request, Response, Unanswered, Unusable

if TYPE_CHECKING:
    from captioners.vllm import Vllm

TICKS = 1000
"""A second on the clock by which a video's frames are told: they are frames of a video of this rate."""


class Engine(Backend):
    def __init__(self, options: "Vllm") -> None:
        # The engine is a process of its own; forking this one, with its threads, is not safe.
        os.environ.setdefault("VLLM_WORKER_MULTIPROC_METHOD", "spawn")
        # Nobody outside is told what runs here.
        os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
        self._options = options
        try:
            self._start()
        except Unusable:
            raise
        except Exception as error:  # vLLM, transformers and torch raise what they like while they load
            raise Unusable(
                f"vLLM cannot load {options.model} ({said(error)}): see its log above this, and if memory "
                "ran out, lower max_model_len or max_num_seqs, or share the model by tensor_parallel_size"
            ) from error
        self._decoders = ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1))

    def _start(self) -> None:
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.multimodal import MULTIMODAL_REGISTRY
        from vllm.v1.engine.async_llm import AsyncLLM

        options = self._options
        arguments = AsyncEngineArgs(**options.arguments())
        model = arguments.create_model_config()
        arguments.max_model_len = min(options.max_model_len, model.max_model_len)
        _whole_prompts_on_a_cpu(arguments)
        takes: Mapping[str, int | None] = {}
        self._told_times = False
        self._wrapped: tuple[str, str] | None = None
        if model.is_multimodal_model:
            info = MULTIMODAL_REGISTRY.get_processing_info(model)
            takes = info.supported_mm_limits
            self._told_times = bool(getattr(info.get_data_parser(), "video_needs_metadata", False))
            self._wrapped = wrapped_video(info.get_hf_processor())
        self._video = shown_as_video(options.video, takes, options.frames, options.model)
        # What is not used takes no memory, and a video is no longer than the frames that are asked for.
        arguments.limit_mm_per_prompt = {
            "image": 0 if self._video else options.frames,
            "video": {"count": int(self._video), "num_frames": max(2, options.frames)},
        }
        self._longest = arguments.max_model_len
        self._engine: Any = AsyncLLM.from_engine_args(arguments)
        added = self._engine.get_tokenizer().get_added_vocab()
        self._special = sorted(added, key=len, reverse=True)

    async def ask(self, request: Request) -> Response:
        """The answer. The frames are decoded here, by threads."""
        loop = asyncio.get_running_loop()
        return await self.ask_prepared(
            await loop.run_in_executor(self._decoders, self._options.prepare, request)
        )

    async def ask_prepared(self, ready: Prepared) -> Response:
        from vllm.v1.engine.exceptions import EngineDeadError

        begun = time.perf_counter()
        try:
            output = await self._answer(ready)
        except EngineDeadError as error:
            raise Unusable(
                f"vLLM's engine for {self._options.model} has died: see its log above this, and if memory "
                "ran out, lower gpu_memory_utilization, max_num_seqs or max_model_len"
            ) from error
        answer = output.outputs[0]
        if answer.finish_reason not in ("stop", "length"):
            raise Unanswered(f"vLLM ended the answer before its end ({answer.finish_reason}): run again")
        return Response(
            raw=answer.text,
            finish_reason=answer.finish_reason,
            tokens_in=len(output.prompt_token_ids or ()),
            tokens_out=len(answer.token_ids),
            seconds=time.perf_counter() - begun,
        )

    async def _answer(self, ready: Prepared) -> Any:
        from vllm.exceptions import VLLMClientError
        from vllm.v1.engine.exceptions import EngineGenerateError

        request = ready.request
        name = f"{request.clip_id}-{request.window}-{request.attempt}"
        try:
            prompt = await self._prompt(ready)
            (output,) = [found async for found in self._engine.generate(prompt, parameters(request), name)]
        except EngineGenerateError as error:
            if isinstance(error.__cause__, ValueError):
                raise Refused(f"vLLM will not take the request ({said(error.__cause__)})") from error
            raise Unanswered(f"vLLM failed at the request ({said(error.__cause__ or error)})") from error
        except (VLLMClientError, ValueError) as error:
            raise Refused(
                f"vLLM will not take a request of {len(ready.frames)} frames ({said(error)}): ask for fewer "
                f"frames or a smaller short_side, or raise max_model_len, which is {self._longest}"
            ) from error
        return output

    async def _prompt(self, ready: Prepared) -> Any:
        """The request in the words of the model's own chat template, with its pictures."""
        from vllm.renderers.params import ChatParams
        from vllm.utils.mistral import is_mistral_tokenizer

        renderer = self._engine.renderer
        # As vLLM's own chat API has it: the assistant's turn is begun, and the template brings the tokens
        # that begin a text.
        as_tokens = is_mistral_tokenizer(renderer.tokenizer)
        template = ChatParams(chat_template_kwargs={"add_generation_prompt": True, "tokenize": as_tokens})
        tokens = renderer.default_chat_tok_params.with_kwargs(add_special_tokens=False)
        _, prompt = await renderer.render_messages_async(self._messages(ready.request), template)
        if self._wrapped is not None and "prompt" in prompt:
            prompt["prompt"] = prompt["prompt"].replace(*self._wrapped)
        # The template was given a name for each picture; the pictures themselves come here.
        prompt.pop("multi_modal_uuids", None)
        prompt.pop("multi_modal_data", None)
        if ready.frames:
            loop = asyncio.get_running_loop()
            prompt["multi_modal_data"] = await loop.run_in_executor(self._decoders, self._pictures, ready)
        (rendered,) = await renderer.render_cmpl_async([prompt], tokens)
        return rendered

    def _messages(self, request: Request) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = []
        images = request.images
        if images and self._video:
            parts.append({"type": "video_url", "video_url": None, "uuid": "video"})
            if not self._told_times:
                times = ", ".join(f"{image.seconds:.1f}" for image in images)
                parts.append({"type": "text", "text": f"\nThe frames are of these seconds: {times}.\n"})
        else:
            for number, image in enumerate(images):
                parts.append({"type": "text", "text": f"<{image.seconds:.1f} s> "})
                parts.append({"type": "image_pil", "image_pil": None, "uuid": str(number)})
            if images:
                parts.append({"type": "text", "text": "\n"})
        parts.append({"type": "text", "text": plain(request.text, self._special)})
        said_first = plain(request.system, self._special)
        system = [{"role": "system", "content": said_first}] if said_first else []
        return [*system, {"role": "user", "content": parts}]

    def _pictures(self, ready: Prepared) -> dict[str, Any]:
        import numpy as np
        from PIL import Image as Picture

        if not self._video:
            return {"image": [Picture.fromarray(frame) for frame in ready.frames]}
        frames, images = list(ready.frames), list(ready.request.images)
        if len(frames) == 1:
            # Models see a video's frames in pairs, and not all of their processors make up the second one.
            frames, images = frames * 2, images * 2
        if len({frame.shape for frame in frames}) > 1:
            raise Refused("the frames of the clip differ in size: scan its video again")
        return {"video": [(np.stack(frames), clock(images, ready.request.seconds))]}

    async def close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.shutdown()
        self._decoders.shutdown(wait=False)


def _whole_prompts_on_a_cpu(arguments: Any) -> None:
    """After a part of a prompt vLLM turns the request's random generator back, and PyTorch's for a CPU cannot
    be turned: the engine dies (vLLM 0.32, "CPU Generator does not use offset"). Prompts are read whole."""
    from vllm.platforms import current_platform

    if current_platform.is_cpu() and arguments.enable_chunked_prefill is None:
        arguments.enable_chunked_prefill = False
        arguments.max_num_batched_tokens = max(arguments.max_num_batched_tokens or 0, arguments.max_model_len)


def shown_as_video(wanted: bool | None, takes: Mapping[str, int | None], frames: int, model: str) -> bool:
    """Whether frames are shown as a video. `takes`: kinds of input -> how many of each (None: any number).
    Unusable where the model cannot do what is wanted."""
    if wanted and "video" not in takes:
        raise Unusable(f"{model} does not take video in vLLM: leave out `video: true`, and it gets pictures")
    if "video" in takes and wanted is not False:
        return True
    if "image" not in takes:
        raise Unusable(f"{model} takes no pictures in vLLM: name a vision-language model")
    most = takes["image"]
    if most is not None and most < frames:
        raise Unusable(f"{model} takes {most} pictures in vLLM, and frames is {frames}: set frames to {most}")
    return False


def wrapped_video(processor: Any) -> tuple[str, str] | None:
    """What stands for a video in the template of Qwen3-VL, and what has to. Each moment of a video is written
    as `<seconds><start>…<end>`; the start and end that the template has around the whole went as the model
    was published, and transformers 5 and vLLM leave them."""
    if all(kind.__name__ != "Qwen3VLProcessor" for kind in type(processor).__mro__):
        return None
    video: str = processor.video_token
    return f"{processor.vision_start_token}{video}{processor.vision_end_token}", video


def clock(images: list[Image], seconds: float) -> dict[str, Any]:
    """When the frames of a video are, in transformers' words (VideoMetadata): as frames of one that has TICKS
    a second, which is exact whatever rate they were taken at. Qwen3-VL reads the times, Qwen2.5-VL the rate,
    which is frames / total_num_frames · fps."""
    at = [round(image.seconds * TICKS) for image in images]
    apart = (at[-1] - at[0]) / (len(at) - 1) or seconds * TICKS
    ticks = max(1, round(apart * len(at)))
    return {
        "fps": float(TICKS),
        "frames_indices": at,
        "total_num_frames": ticks,
        "duration": max(seconds, images[-1].seconds),
        "do_sample_frames": False,
    }


def parameters(request: Request) -> Any:
    """Of the answer's drawing. An empty schema leaves the answer free."""
    from vllm.sampling_params import RequestOutputKind, SamplingParams, StructuredOutputsParams

    drawn = request.sampling
    return SamplingParams(
        temperature=drawn.temperature,
        top_p=drawn.top_p,
        max_tokens=drawn.max_tokens,
        seed=drawn.seed,
        repetition_penalty=drawn.repetition_penalty,
        structured_outputs=StructuredOutputsParams(json=dict(request.schema)) if request.schema else None,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def plain(text: str, special: list[str]) -> str:
    """The text without the model's control words: what was read in a clip could otherwise end the question
    and begin another."""
    for word in special:
        if len(word) > 1 and word in text:
            text = text.replace(word, f"{word[0]} {word[1:]}")
    return text


def said(error: BaseException) -> str:
    """An error of the library in part of a sentence."""
    text = error.args[0] if error.args and isinstance(error.args[0], str) else str(error)
    words = " ".join(text.split())
    return words.rstrip(".").replace(". ", "; ")[:300] or type(error).__name__
