"""What is passed on of a model: model.safetensors and config.json, tensors and JSON, each whole or not at
all. The weights come first, so that a configuration never stands beside the weights of another training."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from training.checkpoint import sync

CONFIG, WEIGHTS = "config.json", "model.safetensors"


def write_model(folder: str | Path, weights: Mapping[str, Tensor], config: Mapping[str, Any]) -> None:
    """Write a model to `folder`, which is made where it is not there."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{WEIGHTS}.partial"
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}, partial)
    _replace(partial, folder / WEIGHTS)
    partial = folder / f"{CONFIG}.partial"
    partial.write_text(json.dumps(config, indent=2) + "\n")
    _replace(partial, folder / CONFIG)


def _replace(partial: Path, path: Path) -> None:
    sync(partial)
    os.replace(partial, path)
