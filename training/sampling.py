"""Latents from noise: requests in, one pack, a solver, latents out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from training import flow
from training.model import DiT
from training.packing import UNKNOWN, Example, Grid3, Packed, pack


@dataclass(frozen=True)
class Request:
    """What is asked for. The grid alone sets size and length."""

    grid: Grid3
    """(t, h, w) of the latent."""
    seconds_per_latent: float
    seed: int = 0
    text: Tensor | None = None
    """[m, D], like the next one from the text encoder."""
    pooled: Tensor | None = None
    fps: float = UNKNOWN
    motion: float = UNKNOWN
    aesthetic: float = UNKNOWN
    given: Tensor | None = None
    """[C, t, h, w] and [t, h, w], as in `Example`."""
    mask: Tensor | None = None

    def noise(self, channels: int) -> Tensor:
        """ε [C, t, h, w], drawn on the CPU: the same on every device."""
        generator = torch.Generator().manual_seed(self.seed)
        return torch.randn(channels, *self.grid, generator=generator)

    def example(self, z: Tensor, text: bool, image: bool) -> Example:
        """This request at z_1 = `z`, told of the text and of what is given, or not.

        Motion and aesthetic score belong to the text: guidance moves away from what has neither. Frame rate
        is a fact of the grid and always told.
        """
        return Example(
            z=z,
            t=1.0,
            seconds_per_latent=self.seconds_per_latent,
            text=self.text if text else None,
            pooled=self.pooled if text else None,
            fps=self.fps,
            motion=self.motion if text else UNKNOWN,
            aesthetic=self.aesthetic if text else UNKNOWN,
            given=self.given if image else None,
            mask=self.mask if image else None,
        )


@torch.no_grad()
def sample(
    model: DiT,
    requests: Sequence[Request],
    *,
    steps: int = 50,
    text_scale: float = 7.5,
    image_scale: float = 3.0,
    shift: float | None = None,
    solver: str = "adams_bashforth",
) -> list[Tensor]:
    """A normalised latent [C, t, h, w] float32 per request, on the model's device, all made side by side.

    A request's latent does not depend on those beside it. `shift`: α of the times, by default by the number
    of tokens. What is given comes back as it was given.
    """
    if solver not in flow.SOLVERS:
        raise ValueError(f"the solver {solver!r} is not known: choose one of {', '.join(flow.SOLVERS)}")
    if steps < 1:
        raise ValueError(f"{steps} steps make nothing: take at least 1")
    config, device = model.config, model.text_in.weight.device
    noises = [request.noise(config.latent_channels) for request in requests]
    told = _told(requests, text_scale, image_scale)
    packed = pack(
        [
            request.example(z, text, image)
            for text, image in told
            for request, z in zip(requests, noises, strict=True)
        ],
        config,
    ).to(device)
    rows = sum(packed.lengths[: len(requests)])
    whose = packed.sample[:rows]
    alphas = [_alpha(request.grid, config.patch, shift) for request in requests]
    per_sample = torch.stack([flow.times(steps, alpha) for alpha in alphas], 1).to(device)

    def velocity(z: Tensor, t: Tensor) -> Tensor:
        """z [rows, columns], t [rows, 1]: the guided velocity."""
        first = t.new_zeros(len(requests)).index_copy_(0, whose, t[:, 0])
        now = replace(packed, tokens=z.repeat(len(told), 1), t=first.repeat(len(told)))
        return _combined(model(now), told, text_scale, image_scale)

    z = flow.SOLVERS[solver](velocity, packed.tokens[:rows], per_sample[:, whose, None])
    alone = replace(packed, lengths=packed.lengths[: len(requests)], grids=packed.grids[: len(requests)])
    return [
        latent if r.given is None or r.mask is None else _put_in(latent, r.given, r.mask)
        for latent, r in zip(_latents(alone, z, config.patch), requests, strict=True)
    ]


def _told(requests: Sequence[Request], text_scale: float, image_scale: float) -> list[tuple[bool, bool]]:
    """(text, image) of each copy of the requests that guidance needs, those told everything last."""
    image = image_scale != 1 and any(request.given is not None for request in requests)
    text = text_scale != 1
    return [(False, False)] * image + [(False, True)] * (text or image) + [(True, True)]


def _combined(v: Tensor, told: list[tuple[bool, bool]], text_scale: float, image_scale: float) -> Tensor:
    parts = list(v.chunk(len(told)))
    everything = parts[-1]
    image = parts[-2] if len(told) > 1 else everything
    none = parts[0] if len(told) > 2 else image
    return flow.guided(none, image, everything, image_scale, text_scale)


def _alpha(grid: Grid3, patch: int, shift: float | None) -> float:
    t, h, w = grid
    return flow.alpha_for(h * w / patch**2, t) if shift is None else shift


def _latents(packed: Packed, tokens: Tensor, patch: int) -> list[Tensor]:
    return packed.videos(tokens, patch)


def _put_in(latent: Tensor, given: Tensor, mask: Tensor) -> Tensor:
    mask = mask.to(latent)
    return latent * (1 - mask) + given.to(latent) * mask
