"""How many operations a model takes, by the shapes of its matrix products.

A multiplication and an addition are two. Counted are linear layers and attention (q kᵀ and its product with
v), as torch's FlopCounterMode counts them; norms, rotations and gates are not, and embeddings are look-ups.
Each sample attends to itself alone, so attention costs Σ nᵢ², not (Σ nᵢ)².
"""

from collections.abc import Sequence

import torch

from training.conditions import PLACE, SINUSOIDS
from training.model import LAST, DiT, DiTConfig
from training.text import BYTES_PER_TOKEN, SIGHT


def parameters(config: DiTConfig) -> int:
    """How many weights the model has; none are made."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in DiT(config).parameters())


def flops(config: DiTConfig, lengths: Sequence[int], text_lengths: Sequence[int]) -> int:
    """Operations of a forward pass over samples of so many video tokens and so many rows of text.

    A training step takes three times that: the backward pass multiplies by weights and by inputs. What is
    computed again for checkpointing is no part of it, and there is no padding.
    """
    return sum(_sample(config, n, m) for n, m in zip(lengths, text_lengths, strict=True))


def _sample(config: DiTConfig, n: int, m: int) -> int:
    w, together = config.width, n + m
    text_width = config.text_width or config.byte_width
    pooled_width = config.pooled_width if config.text_width else config.byte_width
    # Once per sample: four numbers, the pooled text, the modulation.
    total = 4 * (_linear(1, SINUSOIDS, w) + _linear(1, w, w))
    total += _linear(1, pooled_width, w) + _linear(1, w, LAST.stop * w)
    # In and out.
    total += (
        _linear(m, text_width, w) + _linear(n, config.video_columns, w) + _linear(n, config.image_columns, w)
    )
    total += _linear(n, PLACE, w) + _linear(n, w, config.video_columns)
    if not config.text_width:
        total += _byte_encoder(config, m)
    per_token = _linear(1, w, 3 * w) + _linear(1, w, w) + 2 * _linear(1, w, config.mlp * w)
    return total + (config.dual + config.single) * (together * per_token + _attention(together, w))


def _byte_encoder(config: DiTConfig, m: int) -> int:
    e = config.byte_width
    letters = _linear(m * BYTES_PER_TOKEN, (2 * SIGHT + 1) * (e // BYTES_PER_TOKEN), e)
    per_layer = _linear(m, e, 3 * e) + _linear(m, e, e) + 2 * _linear(m, e, 4 * e) + _attention(m, e)
    return letters + config.byte_layers * per_layer


def _linear(rows: int, columns_in: int, columns_out: int) -> int:
    return 2 * rows * columns_in * columns_out


def _attention(length: int, width: int) -> int:
    return 4 * length * length * width
