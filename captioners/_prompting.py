"""What a request becomes for a vision-language model: its chat template's text, and frames as a video with
their true times, or as pictures with their times written before them."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from captioners.dialogue.types import Image, Refused, Request, Sampling
from curate.frames_of import picture

TICKS = 1000
"""Of a second: frames' numbers in the video that a processor is told of, so that number / TICKS is a frame's
true time, to the millisecond, at whatever times the frames were taken."""

Video = npt.NDArray[np.uint8]


class Prompting:
    """A processor and what it can do."""

    def __init__(self, processor: Any, video: bool | None) -> None:
        """`video`: frames as one; None: where the model can. ValueError where it should and cannot, or where
        there is no chat template."""
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self._special = _alternatives(self.tokenizer)
        self._system = self._takes([_message("system", "a"), _message("user", "b")])
        if not self._system and not self._takes([_message("user", "b")]):
            raise ValueError("it has no chat template")
        can = self._takes_video()
        if video and not can:
            raise ValueError("its processor takes no video: leave the option `video` out")
        self.video = can if video is None else video
        self._tells_times = True
        if self.video:
            _cap_pixels(processor.video_processor)
            self._tells_times = self._depends_on_times()

    def kind(self, request: Request) -> str:
        """`text`, `images` or `video`."""
        if not request.images:
            return "text"
        # One frame is no video: it has no rate.
        return "video" if self.video and len(request.images) > 1 else "images"

    def frames(self, request: Request) -> list[Video]:
        """The pictures of a request, decoded. Raises Refused."""
        try:
            return [picture(image.jpeg) for image in request.images]
        except ValueError as error:
            raise Refused(f"a frame of clip {request.clip_id} cannot be decoded: {error}") from error

    def inputs(self, requests: Sequence[Request], frames: Sequence[Sequence[Video]]) -> Any:
        """The processor's tensors of requests of one kind, padded on the left."""
        kind = self.kind(requests[0])
        given: dict[str, Any] = {"text": [self._text(request) for request in requests]}
        if kind == "images":
            given["images"] = [list(pictures) for pictures in frames]
        if kind == "video":
            given["videos"] = [np.stack(pictures) for pictures in frames]
            given["video_metadata"] = [metadata(request.images, request.seconds) for request in requests]
            # The frames are those that were asked for: none are to be left out or repeated.
            given["do_sample_frames"] = False
        return self.processor(**given, padding=True, padding_side="left", return_tensors="pt")

    def _text(self, request: Request) -> str:
        kind = self.kind(request)
        content: list[dict[str, Any]] = []
        if kind == "video":
            content.append({"type": "video"})
            if not self._tells_times:
                times = ", ".join(f"{image.seconds:.1f}" for image in request.images)
                content.append(_part(f"\nThe frames are of these seconds: {times}.\n"))
        if kind == "images":
            for image in request.images:
                content += [_part(f"{image.seconds:.1f} s:"), {"type": "image"}]
        content.append(_part(self._plain(request.text)))
        system = self._plain(request.system)
        if self._system and system:
            messages = [_message("system", system), {"role": "user", "content": content}]
        else:
            messages = [{"role": "user", "content": [*([_part(f"{system}\n")] if system else []), *content]}]
        return self._unwrapped(self._templated(messages))

    def _plain(self, text: str) -> str:
        """Text without the tokens that structure a prompt: words that were read in a clip, say, must neither
        end the user's turn nor stand for a picture."""
        return self._special.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)

    def _templated(self, messages: list[dict[str, Any]]) -> str:
        found: str = self.processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        return found

    def _unwrapped(self, text: str) -> str:
        """Qwen3-VL's processor writes each moment of a video as `<seconds><start>…<end>`, and its template
        has a start and an end around the video already. As the model was published these went; since
        transformers 5 its processor leaves them."""
        if all(kind.__name__ != "Qwen3VLProcessor" for kind in type(self.processor).__mro__):
            return text
        start, end = self.processor.vision_start_token, self.processor.vision_end_token
        video: str = self.processor.video_token
        return text.replace(f"{start}{video}{end}", video)

    def _takes(self, messages: list[dict[str, Any]]) -> bool:
        try:
            return bool(self._templated(messages))
        except Exception:  # templates raise what they like where they do not know a role
            return False

    def _takes_video(self) -> bool:
        """Whether there is a video processor, and a place for a video in the template."""
        token = getattr(self.processor, "video_token", None)
        if getattr(self.processor, "video_processor", None) is None or not isinstance(token, str):
            return False
        try:
            return token in self._templated([{"role": "user", "content": [{"type": "video"}, _part("a")]}])
        except Exception:  # as above
            return False

    def _depends_on_times(self) -> bool:
        """Whether the processor writes a video's times into the prompt, which shows in its tokens."""
        black = np.zeros((112, 112, 3), np.uint8)
        prompts: list[list[list[int]]] = []
        for seconds in (1.0, 9.0):
            images = (Image(0, 0.0, b""), Image(1, seconds, b""))
            asked = Request("", 0, 0, "", "a", {}, Sampling(0.0, 1.0, 1, 0), images, seconds)
            prompts.append(self.inputs([asked], [[black, black]])["input_ids"].tolist())
        return prompts[0] != prompts[1]


def metadata(images: Sequence[Image], seconds: float) -> Any:
    """What a video's file would tell of these frames: the time of each, and how far apart they are.

    Qwen3-VL and SmolVLM read the times, Qwen2.5-VL the rate, which is frames / total_num_frames · fps."""
    from transformers.video_utils import VideoMetadata

    numbers = [round(image.seconds * TICKS) for image in images]
    apart = (numbers[-1] - numbers[0]) / (len(numbers) - 1)
    return VideoMetadata(
        total_num_frames=max(1, round(apart * len(numbers))),
        fps=TICKS,
        duration=max(seconds, images[-1].seconds),
        frames_indices=numbers,
    )


def _cap_pixels(video_processor: Any) -> None:
    """At most so many pixels a frame as the models' own code has it, which transformers leaves open and means
    to change: named, it is the same in all versions."""
    if getattr(video_processor, "cap_pixels_per_frame", True) is None:
        video_processor.cap_pixels_per_frame = True


def _alternatives(tokenizer: Any) -> re.Pattern[str]:
    """All tokens that are no text."""
    special = {str(token) for token in tokenizer.get_added_vocab()} | set(tokenizer.all_special_tokens)
    longest_first = sorted((token for token in special if token), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def _part(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": [_part(text)]}
