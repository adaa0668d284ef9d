"""What an autoencoder is trained on: L1 + perceptual + KL; and PSNR, by which it is judged.

    L = |x̂ - x| + λ_p P(x̂, x) + λ_KL KL(q(z|x) ‖ N(0, 1))

of each video of a batch, as means over its values.

The weights follow latent diffusion and its successors (arXiv:2112.10752; Hunyuan, arXiv:2412.03603: L1 + 0.1
LPIPS + 1e-6 KL): KL only keeps the latents from running away, it is not there to make them noise.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from training.autoencoder import Posterior

Perceptual = Callable[[Tensor, Tensor], Tensor]
"""(x̂, x), both [B, 3, T, H, W] in [-1, 1] -> [B], 0 where they are equal."""

KL_WEIGHT = 1e-6
PYRAMID_WEIGHT, LPIPS_WEIGHT = 1.0, 0.1


def kl(posterior: Posterior) -> Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1)) = ½ (μ² + σ² - 1 - log σ²), in nats, the mean over each one's values: [B]"""
    mean, logvar = posterior.mean, posterior.logvar
    return _each(0.5 * (mean.square() + logvar.exp() - 1 - logvar))


def pyramid(reconstruction: Tensor, original: Tensor) -> Tensor:
    """Lap₁ = Σ_j 2^{2j} ‖L^j(x̂) - L^j(x)‖₁ of the frames' Laplacian pyramids (arXiv:1707.05776); it needs no
    weights.

    Level j has 2^{-2j} times the pixels, so in means per pixel all levels count the same: an edge that is a
    little soft costs little, a colour that is off costs at every scale. The pyramid is linear, so one of the
    difference is enough.
    """
    batch = len(original)
    d = (reconstruction - original).transpose(1, 2).flatten(0, 1)  # a picture is [3, H, W]
    total, levels = torch.zeros(batch, device=d.device), 0
    while min(d.shape[-2:]) >= 4 and levels < 5:
        coarse = F.avg_pool2d(d, 2, ceil_mode=True)
        fine = F.interpolate(coarse, scale_factor=2, mode="nearest")[..., : d.shape[-2], : d.shape[-1]]
        total = total + _each((d - fine).abs().unflatten(0, (batch, -1)))
        d, levels = coarse, levels + 1
    return (total + _each(d.abs().unflatten(0, (batch, -1)))) / (levels + 1)


def _none(reconstruction: Tensor, original: Tensor) -> Tensor:
    return torch.zeros(len(reconstruction), device=reconstruction.device)


def _lpips() -> Perceptual:
    """LPIPS with VGG (arXiv:1801.03924) of the package `lpips`, whose backbone torchvision downloads once."""
    try:
        import lpips
    except ImportError as error:
        raise ValueError(
            "the perceptual loss lpips needs a package: pip install lpips, or take pyramid."
        ) from error
    network = lpips.LPIPS(net="vgg", verbose=False).eval().requires_grad_(False)

    def distance(reconstruction: Tensor, original: Tensor) -> Tensor:
        pictures = [x.transpose(1, 2).flatten(0, 1).float() for x in (reconstruction, original)]
        found: Tensor = network.to(reconstruction.device)(*pictures)
        return _each(found.unflatten(0, (len(original), -1)))

    return distance


PERCEPTUAL: dict[str, tuple[Callable[[], Perceptual], float]] = {
    "none": (lambda: _none, 0.0),
    "pyramid": (lambda: pyramid, PYRAMID_WEIGHT),
    "lpips": (_lpips, LPIPS_WEIGHT),
}
"""Name -> (what makes it, its usual weight λ_p)."""


def _each(values: Tensor) -> Tensor:
    """[B, …] -> [B], means in float32."""
    return values.float().flatten(1).mean(1)


class VAELoss:
    """L and its parts."""

    def __init__(
        self,
        perceptual: str = "pyramid",
        perceptual_weight: float | None = None,
        kl_weight: float = KL_WEIGHT,
    ) -> None:
        if perceptual not in PERCEPTUAL:
            raise ValueError(
                f"there is no perceptual loss {perceptual!r}: take one of {', '.join(PERCEPTUAL)}."
            )
        make, usual = PERCEPTUAL[perceptual]
        self.perceptual = make()
        self.perceptual_weight = usual if perceptual_weight is None else perceptual_weight
        self.kl_weight = kl_weight

    def __call__(
        self, reconstruction: Tensor, original: Tensor, posterior: Posterior
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """(L [B], its parts [B], detached) of videos [B, 3, T, H, W]."""
        reconstruction = reconstruction.float()
        parts = {
            "l1": _each((reconstruction - original).abs()),
            "perceptual": self.perceptual(reconstruction, original),
            "kl": kl(posterior),
        }
        loss = parts["l1"] + self.perceptual_weight * parts["perceptual"] + self.kl_weight * parts["kl"]
        return loss, {name: part.detach() for name, part in parts.items()}


def psnr(reconstruction: Tensor, original: Tensor) -> Tensor:
    """10 log₁₀(2² / MSE) in dB of each video of a batch: [B, 3, T, H, W] in [-1, 1] -> [B]

    Of what would be seen: the reconstruction is clamped to the range first.
    """
    error = (reconstruction.float().clamp(-1, 1) - original.float()).square().flatten(1).mean(1)
    return 10 * torch.log10(4 / error.clamp_min(1e-10))


def resized(x: Tensor, spatial: int) -> Tensor:
    """[B, 3, T, H, W] made smaller by `spatial` along each side and larger again, frame by frame.

    What PSNR is to be read beside: a grid of colours at the latents' own resolution, every frame of it kept.
    """
    pictures = x.transpose(1, 2).flatten(0, 1)
    small = F.interpolate(
        pictures, [side // spatial for side in x.shape[-2:]], mode="bicubic", antialias=True
    )
    large = F.interpolate(small, list(x.shape[-2:]), mode="bicubic")
    return large.clamp(-1, 1).unflatten(0, (x.shape[0], -1)).transpose(1, 2)
