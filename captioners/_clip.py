"""CLIP with torch: frames and texts in, their similarity out."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Rgb = npt.NDArray[np.uint8]

AT_ONCE = 64
"""Pictures or texts that go through the model at once, however many clips there are."""
DIGITS = 4
"""Of a similarity that are kept: what lies beyond depends on the batch and the processor."""


class Scorer:
    """How well captions fit pictures.

    Similarity of a caption: for each of its texts the highest cosine with a frame, and the mean of those.
    CLIPScore (Hessel et al. 2021, arXiv 2104.08718) is this cosine, scaled, of one picture and one caption.
    EMScore (Shi et al. 2022, arXiv 2111.08919) takes the maximum over frames for each part of a video's
    caption, since what a sentence tells need not be seen all the time, and the mean over the parts."""

    def __init__(
        self, model: Any, transform: Callable[[Any], Any], tokenizer: Callable[[Any], Any], device: str
    ) -> None:
        self.device = torch.device(device)
        self.model = model.to(self.device).eval()
        self.transform, self.tokenizer = transform, tokenizer

    def __call__(self, clips: Sequence[tuple[Sequence[Rgb], Sequence[str]]]) -> list[float]:
        """Of each clip, its frames (h, w, 3) and its texts, one of both at least."""
        frames_FD = self._pictures([rgb for pictures, _ in clips for rgb in pictures])
        texts_TD = self._texts([text for _, texts in clips for text in texts])
        found = []
        for pictures, texts in clips:
            own_FD, frames_FD = frames_FD[: len(pictures)], frames_FD[len(pictures) :]
            said_TD, texts_TD = texts_TD[: len(texts)], texts_TD[len(texts) :]
            similarity = (said_TD @ own_FD.T).max(dim=1).values.mean()
            found.append(round(float(similarity), DIGITS))
        return found

    def _pictures(self, pictures: Sequence[Rgb]) -> Any:
        from PIL import Image

        return self._features(
            pictures,
            lambda some: torch.stack([self.transform(Image.fromarray(rgb)) for rgb in some]),
            self.model.encode_image,
        )

    def _texts(self, texts: Sequence[str]) -> Any:
        return self._features(texts, lambda some: self.tokenizer(list(some)), self.model.encode_text)

    def _features(
        self, items: Sequence[Any], prepare: Callable[[Any], Any], encode: Callable[..., Any]
    ) -> Any:
        """(items, D), each of length 1."""
        parts = []
        with torch.inference_mode():
            for first in range(0, len(items), AT_ONCE):
                inputs = prepare(items[first : first + AT_ONCE]).to(self.device)
                parts.append(encode(inputs, normalize=True).float().cpu())
        return torch.cat(parts)


def load(architecture: str, weights: Path | None, *, gpu: bool) -> Scorer:
    """architecture: a name that open_clip knows, with the file of its weights, or `local-dir:FOLDER`.
    ValueError where a GPU is asked for and there is none."""
    import open_clip

    if gpu and not torch.cuda.is_available():
        raise ValueError("the gate similarity has num_gpus, and torch sees no GPU here: set it to 0")
    model, transform = open_clip.create_model_from_pretrained(
        architecture, pretrained=None if weights is None else str(weights), weights_only=True
    )
    return Scorer(model, transform, open_clip.get_tokenizer(architecture), "cuda" if gpu else "cpu")
