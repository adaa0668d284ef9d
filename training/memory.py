"""What a model needs of a device's memory, before it is made."""

import os

import torch

from training.flops import parameters
from training.model import DiTConfig
from training.options import Options
from training.ranks import Ranks

STATES = 5
"""float32 values per weight: itself, its average, its gradient and AdamW's two moments."""
KEPT = {"none": 9, "selective": 9, "full": 1}
"""Values per token and block that the backward pass needs, in widths: at least the results of the matrix
products and attention, or with full recomputation the block's input."""


def check_memory(config: DiTConfig, pack_tokens: int, options: Options, ranks: Ranks) -> None:
    """ValueError for what is certain not to fit: weights and what belongs to them, shared out over the ranks,
    and the least that a pack's activations take. What they take beyond that the first step finds out."""
    states = STATES * 4 * parameters(config) / ranks.world
    values = pack_tokens * config.width * (config.dual + config.single) * KEPT[options.recompute]
    each = states + values * (2 if options.precision == "bf16" else 4)
    if ranks.device.type == "cuda":
        needed, there = each, torch.cuda.get_device_properties(ranks.device).total_memory
    else:  # processes of one machine share it
        needed = each * ranks.beside
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        where = "a device" if ranks.device.type == "cuda" else "this machine"
        raise ValueError(
            f"the model, its moments and the activations of {pack_tokens} tokens take at least "
            f"{needed / 1e9:.0f} GB of {where} with {ranks.world} processes, and there are "
            f"{there / 1e9:.0f} GB: take a smaller preset or more devices, or less --pack-tokens"
        )
