"""Losses against plain formulas, and PSNR against known answers."""

import math
import sys

import pytest
import torch

from training.autoencoder import Posterior
from training.vae_loss import PERCEPTUAL, VAELoss, kl, psnr, pyramid, resized


def test_kl_is_that_of_torch() -> None:
    mean, logvar = torch.randn(2, 3, 4, 5, 6), torch.randn(2, 3, 4, 5, 6)
    ours = kl(Posterior(mean, logvar))
    q = torch.distributions.Normal(mean, (0.5 * logvar).exp())
    expected = torch.distributions.kl_divergence(q, torch.distributions.Normal(0, 1)).mean((1, 2, 3, 4))
    torch.testing.assert_close(ours, expected)
    assert kl(Posterior(torch.zeros(1, 1), torch.zeros(1, 1))) == 0


def test_psnr_of_known_errors() -> None:
    x = torch.zeros(2, 3, 5, 8, 8)
    off = x.clone()
    off[0] += 0.2  # 10 log10(4 / 0.04) = 20 dB
    off[1] += 0.02
    torch.testing.assert_close(psnr(off, x), torch.tensor([20.0, 40.0]))
    # What is out of the range would not be seen.
    assert psnr(torch.full_like(x, 7.0), torch.ones_like(x)).tolist() == pytest.approx(
        [10 * math.log10(4 / 1e-10)] * 2
    )


def test_pyramid_is_zero_where_nothing_differs_and_weighs_coarse_errors_more() -> None:
    torch.manual_seed(0)
    x = torch.rand(1, 3, 2, 32, 32) * 2 - 1
    assert pyramid(x, x) == 0
    flat = torch.full_like(x, 0.1)
    fine = 0.1 * torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(16, 16).expand_as(x)
    # Both are 0.1 everywhere: a colour that is off shows at the coarsest level, a checkerboard at the finest.
    assert pyramid(x + flat, x).item() == pytest.approx(0.1 / 5, rel=1e-3)
    assert pyramid(x + fine, x).item() == pytest.approx(0.1 / 5, rel=1e-3)
    edge = torch.zeros_like(x)
    edge[..., :7] = 0.1
    assert pyramid(x + edge, x) > pyramid(x + edge.mean(), x)


def test_pyramid_takes_any_size() -> None:
    x = torch.rand(1, 3, 1, 24, 40, requires_grad=True)
    pyramid(x, torch.zeros(1, 3, 1, 24, 40)).backward()
    assert x.grad is not None
    # Signs of five levels can cancel at a pixel, and an odd side must not leave its last row out.
    assert (x.grad != 0).float().mean() > 0.75
    assert (x.grad[..., -1, :] != 0).any()
    assert (x.grad[..., -1] != 0).any()


def test_the_loss_is_the_sum_of_its_weighted_parts() -> None:
    torch.manual_seed(0)
    x, y = torch.rand(1, 3, 5, 16, 16), torch.rand(1, 3, 5, 16, 16)
    posterior = Posterior(torch.randn(1, 4, 2, 2, 2), torch.randn(1, 4, 2, 2, 2))
    loss, parts = VAELoss("pyramid", perceptual_weight=0.5, kl_weight=0.01)(y, x, posterior)
    torch.testing.assert_close(parts["l1"], (y - x).abs().mean((1, 2, 3, 4)))
    torch.testing.assert_close(parts["perceptual"], pyramid(y, x))
    torch.testing.assert_close(loss, parts["l1"] + 0.5 * parts["perceptual"] + 0.01 * parts["kl"])
    loss, parts = VAELoss("none")(y, x, posterior)
    assert (parts["perceptual"] == 0).all()
    torch.testing.assert_close(loss, parts["l1"] + 1e-6 * parts["kl"])


def test_an_unknown_perceptual_loss_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="take one of none, pyramid, lpips"):
        VAELoss("vgg")


def test_lpips_asks_for_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lpips", None)
    with pytest.raises(ValueError, match="pip install lpips"):
        PERCEPTUAL["lpips"][0]()


def test_lpips_gets_frames_as_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fake(torch.nn.Module):
        def __init__(self, net: str, verbose: bool) -> None:
            super().__init__()
            assert net == "vgg"

        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            assert a.shape == b.shape == (10, 3, 16, 8)
            return (a - b).abs().mean((1, 2, 3), keepdim=True)

    fake = type(sys)("lpips")
    fake.LPIPS = Fake  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lpips", fake)
    x, y = torch.rand(2, 3, 5, 16, 8), torch.rand(2, 3, 5, 16, 8)
    torch.testing.assert_close(PERCEPTUAL["lpips"][0]()(y, x), (y - x).abs().mean((1, 2, 3, 4)))


def test_resizing_keeps_what_is_coarse_and_loses_what_is_fine() -> None:
    coarse = torch.linspace(-1, 1, 64).expand(1, 3, 2, 64, 64)
    assert psnr(resized(coarse, 8), coarse).item() > 35
    fine = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(32, 32).expand(1, 3, 2, 64, 64)
    assert resized(fine, 8).shape == fine.shape
    assert psnr(resized(fine, 8), fine).item() < 7
