"""A small diffusion transformer for tests, none of whose weights is zero, and samples of all kinds for it."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from training.flow import squared_error
from training.model import DiT, DiTConfig
from training.packing import Example, Packed, Stream, pack
from training.text import Bytes

BYTES = DiTConfig(
    latent_channels=4, patch=2, width=48, heads=2, dual=2, single=2, mlp=2, axes=(8, 8, 8), byte_width=64,
    byte_layers=2,
)  # fmt: skip
TEXT = replace(BYTES, text_width=12, pooled_width=5)
SOUND = 6
"""Values of a token of a second stream."""
CONFIGS = {"bytes": BYTES, "text": TEXT, "sound": replace(BYTES, streams=(SOUND,))}


def filled(config: DiTConfig, seed: int = 0) -> DiT:
    """A model in which every path shows: gates, projections and outputs begin at 0 otherwise."""
    torch.manual_seed(seed)
    model = DiT(config)
    for name, parameter in model.named_parameters():
        if name.endswith(("norm.weight", "norm_attention.weight", "norm_mlp.weight", "scale")):
            nn.init.uniform_(parameter, 0.5, 1.5)
        elif parameter.dim() == 2 and not name.endswith("offset"):
            nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)
        else:
            nn.init.normal_(parameter, std=0.2)
    return model


def caption(config: DiTConfig, length: int, seed: int) -> dict[str, Tensor]:
    """`text` and `pooled` of an example, of `length` rows."""
    if config.text_width is None:
        text = Bytes().encode(["abcdefghijklmnopqrstuvwxyz"[seed % 20 :] * length])[0]
        return {"text": text.tokens[:length]}
    generator = torch.Generator().manual_seed(seed)
    return {
        "text": torch.randn(length, config.text_width, generator=generator),
        "pooled": torch.randn(config.pooled_width, generator=generator),
    }


def latent(config: DiTConfig, t: int, h: int, w: int, seed: int) -> Tensor:
    return torch.randn(config.latent_channels, t, h, w, generator=torch.Generator().manual_seed(seed))


def sound(tokens: int, seed: int = 0) -> Stream:
    generator = torch.Generator().manual_seed(1000 + seed)
    position = torch.zeros(tokens, 3)
    position[:, 0] = torch.arange(tokens) * 0.1
    return Stream(torch.randn(tokens, SOUND, generator=generator), position)


def examples(config: DiTConfig) -> list[Example]:
    """Videos of several sizes, two of one size, an image, one without a caption, one with a first frame."""
    mask = torch.zeros(2, 6, 4)
    mask[0] = 1
    made = [
        Example(latent(config, 3, 4, 6, 1), 0.3, 4 / 24, **caption(config, 5, 1), fps=24, motion=2.0),
        Example(latent(config, 1, 6, 4, 2), 0.9, 4 / 24, aesthetic=6.0),
        Example(
            latent(config, 2, 6, 4, 3), 0.6, 4 / 12, **caption(config, 9, 2), fps=12, motion=9.0,
            aesthetic=4.0, given=latent(config, 2, 6, 4, 4), mask=mask,
        ),
        Example(latent(config, 3, 4, 6, 5), 0.5, 4 / 30, **caption(config, 5, 3), fps=30),
        Example(latent(config, 4, 2, 2, 6), 0.1, 4 / 8, **caption(config, 1, 4)),
    ]  # fmt: skip
    if config.streams:
        made = [replace(one, streams=(sound(7 * k, k),)) for k, one in enumerate(made)]
    return made


def each(packed: Packed, tokens: Tensor) -> Sequence[Tensor]:
    """Rows of each sample."""
    return tokens.split(packed.lengths)


def loss(packed: Packed, velocity: Tensor) -> Tensor:
    """The training loss against targets that depend on each sample alone."""
    target = packed.tokens.roll(1, 1) * 2
    per_sample = squared_error(velocity, target, packed.sample, len(packed.lengths))
    return (per_sample * packed.weight).sum()


def gradients(model: DiT, packs: Sequence[Sequence[Example]]) -> tuple[float, dict[str, Tensor]]:
    """Loss and gradients, added up over packs."""
    model.zero_grad()
    total = 0.0
    for one in packs:
        packed = pack(one, model.config)
        found = loss(packed, model(packed))
        found.backward()
        total += found.item()
    return total, {name: value.grad.clone() for name, value in model.named_parameters()}
