"""Latents from noise: what a request gets depends on the request alone."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from tests.training.tiny_dit import BYTES, CONFIGS, TEXT, caption, filled, latent
from training import flow
from training.model import DiT, DiTConfig
from training.packing import Example, pack
from training.sampling import Request, sample

STEPS = 4


def made(config: DiTConfig) -> DiT:
    """Weights that differ from zero, and velocities that do not run away."""
    model = filled(config).eval()
    with torch.no_grad():
        for last in model.last:
            last.linear.weight.mul_(0.3)
    return model


def requests(config: DiTConfig) -> list[Request]:
    mask = torch.zeros(3, 4, 4)
    mask[0] = 1
    return [
        Request((3, 4, 4), 0.2, seed=1, **caption(config, 5, 1), fps=24, motion=3.0, aesthetic=5.0),
        Request((1, 6, 4), 0.2, seed=2),
        Request(
            (3, 4, 4), 0.2, seed=3, **caption(config, 2, 2), given=latent(config, 3, 4, 4, 9), mask=mask
        ),
        Request((5, 2, 6), 0.3, seed=4, **caption(config, 7, 3)),
    ]  # fmt: skip


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("solver", flow.SOLVERS)
def test_a_request_does_not_depend_on_those_beside_it(name: str, solver: str) -> None:
    model, wanted = made(CONFIGS[name]), requests(CONFIGS[name])
    together = sample(model, wanted, steps=STEPS, solver=solver, text_scale=2.0, image_scale=1.5)
    for request, found in zip(wanted, together, strict=True):
        assert found.shape == (4, *request.grid)
        assert found.dtype == torch.float32
        alone = sample(model, [request], steps=STEPS, solver=solver, text_scale=2.0, image_scale=1.5)[0]
        assert (found - alone).abs().max() <= 1e-4 * alone.abs().max()


def plainly(model: DiT, request: Request, steps: int, text_scale: float, image_scale: float) -> Tensor:
    """Euler, one sample and one model call at a time."""

    def velocity(z: Tensor, t: float, text: bool, image: bool) -> Tensor:
        told = replace(request.example(z, text, image), t=t)
        assert (told.text is not None) <= text
        packed = pack([told], model.config)
        return packed.videos(model(packed), model.config.patch)[0]

    z = request.noise(4)
    _, h, w = request.grid
    t = flow.times(steps, flow.alpha_for(h * w / 4, request.grid[0])).tolist()
    for now, then in pairwise(t):
        none, image = velocity(z, now, False, False), velocity(z, now, False, True)
        everything = velocity(z, now, True, True)
        v = none + image_scale * (image - none) + text_scale * (everything - image)
        z = z + (then - now) * v
    if request.given is None or request.mask is None:
        return z
    return torch.where(request.mask.bool(), request.given, z)


@torch.no_grad()
@pytest.mark.parametrize(("text_scale", "image_scale"), [(1.0, 1.0), (3.0, 1.0), (1.0, 2.0), (3.0, 2.0)])
def test_guidance_as_written_out(text_scale: float, image_scale: float) -> None:
    model, wanted = made(TEXT), requests(TEXT)
    found = sample(model, wanted, steps=STEPS, solver="euler", text_scale=text_scale, image_scale=image_scale)
    for request, one in zip(wanted, found, strict=True):
        expected = plainly(model, request, STEPS, text_scale, image_scale)
        assert (one - expected).abs().max() <= 1e-4 * expected.abs().max()


def test_what_is_given_comes_back() -> None:
    model, request = made(BYTES), requests(BYTES)[2]
    found = sample(model, [request], steps=STEPS)[0]
    assert request.given is not None
    assert torch.equal(found[:, 0], request.given[:, 0])
    assert not torch.equal(found[:, 1:], request.given[:, 1:])
    # And what follows is made with it in view.
    other = replace(request, given=request.given.flip(0))
    assert (sample(model, [other], steps=STEPS)[0] - found)[:, 1:].abs().max() > 1e-2


def test_the_grid_alone_sets_size_and_length() -> None:
    """1, 9 and 33 frames of one checkpoint, high and wide."""
    model = made(BYTES)
    grids = [(1, 4, 4), (3, 4, 4), (9, 4, 4), (1, 2, 8), (3, 10, 6)]
    for grid in grids:
        found = sample(model, [Request(grid, 4 / 24, **caption(BYTES, 4, 0))], steps=2)[0]
        assert found.shape == (4, *grid)
        assert found.isfinite().all()


def test_seeds_and_prompts_make_a_difference() -> None:
    model, request = made(BYTES), requests(BYTES)[0]
    first = sample(model, [request], steps=STEPS)[0]
    assert torch.equal(first, sample(model, [request], steps=STEPS)[0])
    for other in (
        replace(request, seed=7),
        replace(request, **caption(BYTES, 5, 8)),
        replace(request, motion=20.0),
        replace(request, aesthetic=9.0),
        replace(request, fps=8.0),
        replace(request, seconds_per_latent=0.5),
    ):
        assert (sample(model, [other], steps=STEPS)[0] - first).abs().max() > 1e-3


def test_scales_of_one_need_one_look_at_the_model() -> None:
    model, wanted = made(BYTES), requests(BYTES)
    seen = []
    model.register_forward_hook(lambda _, packed, __: seen.append(len(packed[0].lengths)))
    sample(model, wanted, steps=2, text_scale=1, image_scale=1)
    sample(model, wanted, steps=2, text_scale=2, image_scale=1)
    sample(model, wanted[:2], steps=2, text_scale=2, image_scale=3)  # none is given anything
    sample(model, wanted, steps=2, text_scale=2, image_scale=3)
    assert seen == [4, 4, 8, 8, 4, 4, 12, 12]


class Straight(torch.nn.Module):
    """Always says the velocity to the same data."""

    def __init__(self, config: DiTConfig, x_0: Tensor) -> None:
        super().__init__()
        self.config, self.x_0 = config, x_0
        self.text_in = torch.nn.Linear(1, 1)

    def forward(self, packed: "pack") -> Tensor:  # type: ignore[valid-type]
        x_0 = pack([Example(self.x_0, 0.0, 0.1)], self.config).tokens
        t = packed.t[packed.sample][:, None]
        return (packed.tokens - x_0.repeat(len(packed.lengths), 1)) / t


@pytest.mark.parametrize("solver", flow.SOLVERS)
def test_a_model_that_knows_the_data_leads_to_it(solver: str) -> None:
    x_0 = latent(BYTES, 3, 4, 4, 0)
    model = Straight(BYTES, x_0)
    found = sample(model, [Request((3, 4, 4), 0.1)], steps=5, solver=solver)[0]  # type: ignore[arg-type]
    assert (found - x_0).abs().max() < 1e-4


def test_what_cannot_be_solved_is_refused() -> None:
    model = made(BYTES)
    with pytest.raises(ValueError, match="'heun' is not known: choose one of euler, adams_bashforth"):
        sample(model, requests(BYTES), solver="heun")
    with pytest.raises(ValueError, match="0 steps make nothing"):
        sample(model, requests(BYTES), steps=0)
