"""CLIP's image tower and a linear or multi-layer head on it, with torch: pictures in, scores out."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Picture = npt.NDArray[np.uint8]

IMAGES = 64
"""Pictures that go through the tower at once, however large the batch of clips is."""


class Predictor:
    """score = head(CLIP(picture) / |CLIP(picture)|).

    Weights stay in 32 bits; `precision` is that of the tower's matrix products (autocast)."""

    def __init__(
        self,
        tower: torch.nn.Module,
        transform: Callable[[Any], Any],
        head: list[tuple[Any, Any]],
        activation: str,
        device: str,
        precision: str,
    ) -> None:
        self.device = torch.device(device)
        self.tower = tower.to(self.device).eval()
        self.transform = transform
        self.head = [(weight.to(self.device), bias.to(self.device)) for weight, bias in head]
        self.activation = activation
        self.half = {"fp32": None, "fp16": torch.float16, "bf16": torch.bfloat16}[precision]

    def __call__(self, pictures: Sequence[Picture]) -> list[float]:
        """A score for each RGB picture (h, w, 3)."""
        from PIL import Image

        scores: list[float] = []
        with torch.inference_mode():
            for first in range(0, len(pictures), IMAGES):
                images_BCHW = torch.stack(
                    [self.transform(Image.fromarray(rgb)) for rgb in pictures[first : first + IMAGES]]
                ).to(self.device)
                with torch.autocast(self.device.type, dtype=self.half, enabled=self.half is not None):
                    features_BD = self.tower(images_BCHW)
                if isinstance(features_BD, tuple):  # towers that also give their tokens
                    features_BD = features_BD[0]
                scores += self._head(features_BD.float()).tolist()
        return scores

    def _head(self, x_BD: Any) -> Any:
        x_BD = x_BD / x_BD.norm(dim=-1, keepdim=True)
        for number, (weight, bias) in enumerate(self.head):
            if number and self.activation == "relu":
                x_BD = torch.relu(x_BD)
            x_BD = torch.nn.functional.linear(x_BD, weight, bias)
        return x_BD[:, 0]


def device_of(option: str) -> str:
    """`auto` is the first GPU that this process may use, else the CPU; ValueError for a GPU that is none."""
    there = torch.cuda.is_available()
    if option == "cuda" and not there:
        raise ValueError(
            "device: torch sees no GPU here: give the filter one (`num_gpus: 1`), or set device: cpu"
        )
    return "cuda" if there and option != "cpu" else "cpu"


def tower_of(architecture: str, weights: Path | None) -> tuple[Any, Callable[[Any], Any]]:
    """CLIP's image tower and its transform for evaluation (bicubic to the input's size, centre crop).

    architecture: a name that open_clip knows, with the file of its weights, or `local-dir:FOLDER`.
    """
    import open_clip

    model, transform = open_clip.create_model_from_pretrained(
        architecture, pretrained=None if weights is None else str(weights), weights_only=True
    )
    return model.visual, transform


def layers_of(path: Path) -> list[tuple[Any, Any]]:
    """(weight, bias) of the linear layers in a file of weights, in their order; ValueError if they are no
    chain that ends in one number.

    Layers are what has a matrix `….weight`; what is between them (dropout) has no weights. Nothing but
    tensors is read from a .pth: a pickle could hold any code."""
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        found = load_file(path)
    else:
        found = torch.load(path, map_location="cpu", weights_only=True)
        found = found.get("state_dict", found)
    names = [name for name in found if name.endswith("weight") and found[name].ndim == 2]
    names.sort(key=lambda name: [int(number) for number in re.findall(r"\d+", name)])
    layers = []
    for name in names:
        weight = found[name].float()
        bias = found.get(f"{name.removesuffix('weight')}bias")
        layers.append((weight, torch.zeros(len(weight)) if bias is None else bias.float()))
    widths = [len(weight) for weight, _ in layers]
    if not layers or widths[-1] != 1 or widths[:-1] != [weight.shape[1] for weight, _ in layers[1:]]:
        raise ValueError(
            f"{path} is no head: linear layers that end in one number are needed, and it has outputs {widths}"
        )
    return layers
