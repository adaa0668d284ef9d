"""What a model needs of a device's memory, before it is made."""

import os

import torch

from training.flops import parameters
from training.model import DiTConfig
from training.ranks import Ranks

STATES = 5
"""float32 values per weight: itself, its average, its gradient and AdamW's two moments."""


def check_memory(config: DiTConfig, ranks: Ranks) -> None:
    """ValueError for what is certain not to fit: weights and what belongs to them, shared out over the ranks.

    Activations come on top; they depend on the packs, and what they need is found out by the first step."""
    each = STATES * 4 * parameters(config) / ranks.world
    if ranks.device.type == "cuda":
        needed, there = each, torch.cuda.get_device_properties(ranks.device).total_memory
    else:  # processes of one machine share it
        needed = each * ranks.beside
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        where = "a device" if ranks.device.type == "cuda" else "this machine"
        raise ValueError(
            f"the model's weights and their moments take {needed / 1e9:.0f} GB of {where} with {ranks.world} "
            f"processes, and there are {there / 1e9:.0f} GB: take a smaller preset or more devices"
        )
