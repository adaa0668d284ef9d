"""A CLIP of 40,000 random weights and a head for it, in files as the real ones have them."""

import json
from pathlib import Path
from typing import Any

WIDTH = 16
"""Of its features."""
CONFIG: dict[str, Any] = {
    "embed_dim": WIDTH,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1},
}


def write_clip(folder: Path, seed: int = 0, vocabulary: int = 64) -> Path:
    """A folder that open_clip loads with `local-dir:`; it is returned. Its tokenizer, which comes with the
    package, has 49,408 words: a model that is to read texts needs as many."""
    import torch
    from open_clip.model import CLIP
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    whole = {**CONFIG, "text_cfg": {**CONFIG["text_cfg"], "vocab_size": vocabulary}}
    config = {"model_cfg": whole, "preprocess_cfg": {}}
    (folder / "open_clip_config.json").write_text(json.dumps(config), encoding="utf-8")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        state = CLIP(**whole).state_dict()
    save_file({name: one.contiguous() for name, one in state.items()}, folder / "open_clip_model.safetensors")
    return folder


def write_head(path: Path, seed: int = 0) -> Path:
    """A head of two layers, with a dropout between them as LAION's have; the path is returned."""
    import torch
    from safetensors.torch import save_file

    made = torch.Generator().manual_seed(seed)
    shapes = {"layers.0": (8, WIDTH), "layers.2": (1, 8)}
    tensors = {f"{name}.weight": torch.randn(shape, generator=made) for name, shape in shapes.items()}
    tensors |= {f"{name}.bias": torch.randn(shape[0], generator=made) for name, shape in shapes.items()}
    save_file(tensors, path)
    return path
