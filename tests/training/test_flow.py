"""Rectified flow against its formulas, and solvers against an equation whose solution is known."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from training import flow
from training.flow import alpha_for, guided, interpolate, logit_normal, shift, squared_error, times, velocity


def test_velocity_is_the_derivative_of_the_path() -> None:
    x_0, eps = torch.randn(2, 5, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    assert torch.equal(interpolate(x_0, eps, 0.0), x_0)
    assert torch.equal(interpolate(x_0, eps, 1.0), eps)
    t, dt = 0.3, 1e-4
    slope = (interpolate(x_0, eps, t + dt) - interpolate(x_0, eps, t - dt)) / (2 * dt)
    assert torch.allclose(slope, velocity(x_0, eps))
    # From any point of the path, its velocity leads back to the data.
    assert torch.allclose(interpolate(x_0, eps, t) - t * velocity(x_0, eps), x_0)


@pytest.mark.parametrize(("m", "s"), [(0.0, 1.0), (-0.5, 0.7)])
def test_quantiles_of_logit_normal_times(m: float, s: float) -> None:
    n = torch.randn(400_000, generator=torch.Generator().manual_seed(1))
    found = logit_normal(n, m, s).quantile(torch.tensor([0.05, 0.5, 0.95]))
    expected = [1 / (1 + math.exp(-(m + s * z))) for z in (-1.6449, 0.0, 1.6449)]
    assert found.tolist() == pytest.approx(expected, abs=5e-3)


def test_shift_is_sd3s() -> None:
    t = torch.linspace(0, 1, 11, dtype=torch.double)
    assert torch.equal(shift(t, 1.0), t)
    # eq. 23: resolutions n -> m, the uncertainty of one token at t is that of m/n tokens at the shifted time.
    n, m = 256, 1024
    found = shift(t, math.sqrt(m / n))
    assert found[0] == 0
    assert found[-1] == 1
    inner, moved = t[1:-1], found[1:-1]
    assert torch.allclose(moved / (1 - moved) / math.sqrt(m), inner / (1 - inner) / math.sqrt(n))
    assert torch.allclose(shift(shift(t, 2.0), 3.0), shift(t, 6.0))
    # It moves a logit-normal's centre by log α.
    noise = torch.randn(100, dtype=torch.double)
    assert torch.allclose(shift(logit_normal(noise), 3.0), logit_normal(noise, m=math.log(3.0)))


def test_alpha_grows_with_tokens_and_frames() -> None:
    assert alpha_for(256, 1) == 1
    assert alpha_for(4096, 1) == 3
    assert alpha_for((256 + 4096) / 2, 9) == pytest.approx(2 * 3)
    assert 0.8 < alpha_for(4, 1) < 1


def test_times_run_from_noise_to_data() -> None:
    assert times(4).tolist() == [1, 0.75, 0.5, 0.25, 0]
    found = times(10, 5.0)
    assert (found[0], found[-1], len(found)) == (1, 0, 11)
    assert torch.equal(found, shift(times(10), 5.0))
    assert (found.diff() < 0).all()
    assert -found.diff()[0] < 0.05 < -found.diff()[-1]  # most of the steps at noise


def test_squared_error_sums_tokens_and_averages_columns() -> None:
    v, target = torch.tensor([[1.0, 3.0], [0, 0], [2, 2]]), torch.tensor([[0.0, 0.0], [1, 1], [2, 0]])
    found = squared_error(v, target, torch.tensor([0, 0, 1]), 3)
    assert found.tolist() == [5 + 1, 2, 0]


def test_guidance_of_nothing_text_and_image() -> None:
    none, image, text = torch.randn(3, 7, generator=torch.Generator().manual_seed(2))
    assert torch.allclose(guided(none, image, text, 1, 1), text)
    assert torch.allclose(guided(none, image, text, 0, 0), none)
    assert torch.allclose(guided(none, image, text, 1, 0), image)
    # Where nothing is given: classifier-free guidance on the text alone, whatever the image's scale.
    assert torch.allclose(guided(none, none, text, 3, 4), none + 4 * (text - none))
    assert torch.allclose(guided(none, image, text, 3, 4), -2 * none + 3 * image - 4 * image + 4 * text)


def error(solver: str, steps: int, alpha: float) -> float:
    """Of dz/dt = cos t + t sin t - t z from t = 1 to 0, in two samples: the worse."""
    t = times(steps, alpha).double()[:, None, None].expand(-1, 2, 1)
    # Solved by z = sin t + c e^(-t²/2).
    z_1 = torch.tensor([[0.3], [2.0]], dtype=torch.double)

    def v(z: Tensor, now: Tensor) -> Tensor:
        return now.cos() + now * now.sin() - now * z

    c = (z_1 - math.sin(1.0)) * math.exp(0.5)
    return (flow.SOLVERS[solver](v, z_1, t) - c).abs().max().item()


@pytest.mark.parametrize("alpha", [1.0, 4.0])
@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("adams_bashforth", 2)])
def test_solvers_have_their_order(solver: str, order: int, alpha: float) -> None:
    errors = [error(solver, steps, alpha) for steps in (32, 64, 128)]
    measured = [math.log2(coarse / fine) for coarse, fine in pairwise(errors)]
    assert measured == pytest.approx([order, order], abs=0.15)


def test_the_higher_order_is_worth_it() -> None:
    assert error("adams_bashforth", 16, 3.0) < 0.2 * error("euler", 16, 3.0)


@pytest.mark.parametrize("solver", flow.SOLVERS)
def test_solvers_follow_a_straight_line_in_one_step(solver: str) -> None:
    x_0, eps = torch.tensor([[2.0], [-1.0]]), torch.tensor([[0.5], [0.25]])
    calls = []

    def v(z: Tensor, t: Tensor) -> Tensor:
        calls.append(t.flatten().tolist())
        return velocity(x_0, eps)

    for steps in (1, 7):
        calls.clear()
        t = torch.stack([times(steps, 1.0), times(steps, 3.0)], 1)[..., None]
        assert torch.allclose(flow.SOLVERS[solver](v, eps, t), x_0, atol=1e-6)
        # One look at the model a step, each sample at its own times.
        assert torch.equal(torch.tensor(calls), t[:-1, :, 0])
