"""`flops` counts what torch counts."""

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tests.training.tiny_dit import BYTES, CONFIGS, TEXT, caption, latent
from training.flops import flops, parameters
from training.model import DiT, DiTConfig
from training.packing import Example, pack
from training.presets import preset

WIDE = replace(TEXT, width=64, heads=2, axes=(8, 12, 12), dual=1, single=3, mlp=3, patch=1, pooled_width=8)
ALL = {**CONFIGS, "wide": WIDE, "smoke": preset("smoke")}


def counted(config: DiTConfig, samples: list[tuple[tuple[int, int, int], int]]) -> int:
    """What torch counts for samples of (latent, rows of text) in one pack, without computing anything."""
    examples = [
        Example(latent(config, *grid, seed=0), 0.5, 0.1, **caption(config, rows, seed=0))
        for grid, rows in samples
    ]
    with torch.device("meta"):
        model = DiT(config)
    packed = pack(examples, config).to("meta")
    with FlopCounterMode(display=False) as counter:
        assert model(packed).is_meta
    return counter.get_total_flops()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("grid", "rows"), [((1, 4, 4), 3), ((3, 4, 6), 9), ((5, 2, 2), 1), ((2, 8, 6), 20)])
def test_one_sample_costs_what_torch_counts(name: str, grid: tuple[int, int, int], rows: int) -> None:
    config = ALL[name]
    t, h, w = grid
    assert flops(config, [t * h * w // config.patch**2], [rows]) == counted(config, [(grid, rows)])


@pytest.mark.parametrize("config", [BYTES, TEXT])
def test_attention_of_a_pack_costs_the_sum_of_squares(config: DiTConfig) -> None:
    samples = [((3, 4, 6), 5), ((1, 4, 4), 9), ((3, 4, 6), 5), ((2, 8, 6), 1)]
    lengths, texts = [18, 4, 18, 24], [5, 9, 5, 1]
    assert flops(config, lengths, texts) == sum(counted(config, [one]) for one in samples)
    assert flops(config, lengths, texts) == counted(config, samples)
    # A pack is not one long sample.
    layers, n = config.dual + config.single, [a + b for a, b in zip(lengths, texts, strict=True)]
    more = flops(config, [sum(lengths)], [sum(texts)]) - flops(config, lengths, texts)
    pairs = 4 * config.width * layers * (sum(n) ** 2 - sum(k**2 for k in n))
    if config.text_width is None:
        pairs += 4 * config.byte_width * config.byte_layers * (sum(texts) ** 2 - sum(k**2 for k in texts))
    once = 3 * (flops(config, [0], [0]))  # what is computed once per sample
    assert more == pairs - once


def test_parameters_are_counted_without_making_them() -> None:
    assert parameters(BYTES) == sum(value.numel() for value in DiT(BYTES).parameters())
