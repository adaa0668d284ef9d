"""A causal 3D autoencoder: video in, a grid of latents out, and back.

    pixels  [B, 3, T, H, W]  in [-1, 1]       T = 4k + 1
    latents [B, C, t, h, w]                   t = k + 1,  h = H / 8,  w = W / 8   (the 4×8×8 configuration)

Nothing looks ahead in time. The first latent frame is made of the first frame alone, each further one of the
next 4 frames and what came before them:

    frames   0 | 1 2 3 4 | 5 6 7 8 | …
    latents  0 |    1    |    2    | …

Three things follow, and the tests hold them. An image is a one-frame video. A clip may be lengthened and its
first latents stay as they were. And a clip can be taken in chunks: all that a chunk must know of the earlier
ones are the last two frames that went into each convolution (`Past`), so memory does not grow with the
length, and the result is the whole's, not an approximation with seams.

That only works if no layer mixes frames in any other way. GroupNorm would: its mean runs over time. So norms
are RMS norms over the channels of one position (as in Wan, arXiv:2503.20314, and WF-VAE, arXiv:2411.17459).

Pixels enter by space-to-channel (a "pixel-unshuffle stem"), and every change of resolution has a shortcut
without weights that moves space and time into channels and back (DC-AE, arXiv:2410.10733).

Around the whole of the encoder, and of the decoder, leads one linear map between the 4×8×8 pixels of a block
and its latents; what the convolutions say is added to it, and begins at zero. So the network begins as a
linear autoencoder, and as the best one that there is where training sets the map to the principal components
of its data (`vae_start`): convolutions learn what lies beyond.

Read the layers first (`vae_layers`), then on from here to the end.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.autoencoder import Autoencoder, Posterior, check_pixels
from training.vae_layers import (
    CausalConv3d,
    Down,
    Past,
    ResidualBlock,
    RMSNorm,
    Up,
    beginning_at_zero,
    channel_to_space,
    filled_in_front,
    space_to_channel,
    volume,
    without_filling,
)

KIND = "curate.vae.1"


@dataclass(frozen=True)
class VAEConfig:
    """The sizes of a video autoencoder. Level 0 is nearest to the pixels."""

    latent_channels: int = 16
    """C, the channels of the latents."""
    patch: int = 2
    """The stem moves patch × patch pixels into channels before anything is computed."""
    widths: tuple[int, ...] = (96, 192, 384)
    """Channels of each level."""
    strides: tuple[tuple[int, int], ...] = ((2, 2), (2, 2))
    """(time, space) by which each level is smaller than the one before it."""
    encoder_blocks: int = 2
    """Residual blocks of each level of the encoder."""
    decoder_blocks: int = 3
    """And of the decoder, whose task is the harder one."""

    def __post_init__(self) -> None:
        if len(self.strides) != len(self.widths) - 1:
            raise ValueError(
                f"{len(self.widths)} widths need {len(self.widths) - 1} strides between them, "
                f"not {len(self.strides)}."
            )
        for width, deeper, stride in zip(self.widths, self.widths[1:], self.strides, strict=False):
            if width * volume(stride) % deeper or deeper % volume(stride):
                raise ValueError(
                    f"the shortcut from {width} to {deeper} channels with strides {stride} has no whole "
                    "number of channels to average: take widths that are each 1, 2 or 4 times the one before."
                )

    @property
    def spatial(self) -> int:
        """Pixels per latent, along each side."""
        return self.patch * prod(space for _, space in self.strides)

    @property
    def temporal(self) -> int:
        """Frames per latent frame, from the second one on."""
        return prod(time for time, _ in self.strides)


PRESETS: dict[str, VAEConfig] = {
    # For a processor: all of it at the latents' own size, half a minute for a look.
    "smoke": VAEConfig(
        patch=8, widths=(64, 64, 64), strides=((2, 1), (2, 1)), encoder_blocks=1, decoder_blocks=1
    ),
    # 4×8×8 by 16 channels, the shape of Hunyuan's and Wan's latents.
    "base": VAEConfig(),
    # 4×32×32 by 128 channels, the shape of Open-Sora 2.0's deep-compression autoencoder: a sixteenth of the
    # positions, and half the values, of 4×8×8 by 16.
    "deep": VAEConfig(
        latent_channels=128,
        widths=(96, 192, 384, 768, 768),
        strides=((1, 2), (2, 2), (2, 2), (1, 2)),
    ),
}


class Encoder(nn.Module):
    """Pixels to the mean and the log-variance of each latent."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        widths, self.patch, self.block = config.widths, config.patch, (config.temporal, config.spatial)
        self.linear = nn.Conv3d(3 * volume(self.block), config.latent_channels, 1)
        """From the pixels of a block straight to its latents."""
        self.stem = CausalConv3d(3 * config.patch**2, widths[0])
        layers: list[nn.Module] = []
        for level, width in enumerate(widths):
            layers += [ResidualBlock(width) for _ in range(config.encoder_blocks)]
            if level < len(config.strides):
                layers.append(Down(width, widths[level + 1], config.strides[level]))
        self.layers = nn.ModuleList(layers)
        self.norm = RMSNorm(widths[-1])
        self.head = beginning_at_zero(CausalConv3d(widths[-1], 2 * config.latent_channels))
        # A deviation of e^-3: the first steps see the picture, not the posterior's noise.
        nn.init.constant_(self.head.bias[config.latent_channels :], -6.0)  # type: ignore[index]

    def forward(self, x: Tensor, past: Past | None = None) -> tuple[Tensor, Tensor]:
        """[B, 3, T, H, W] -> mean and log-variance, each [B, C, t, h, w]"""
        linear = self.linear(space_to_channel(filled_in_front(x, self.block, past), self.block))
        x = self.stem(space_to_channel(x, (1, self.patch)), past)
        for layer in self.layers:
            x = layer(x, past)
        mean, logvar = self.head(F.silu(self.norm(x)), past).chunk(2, 1)
        # Never above 0, the prior's: while noise is too weak to be seen, KL alone moves the variance, and
        # Adam takes full steps of the weakest gradient, until a single position is nothing but noise.
        return mean + linear, -F.softplus(-logvar).clamp_max(30.0)


class Decoder(nn.Module):
    """Latents to pixels: the encoder, mirrored."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        widths, self.patch, self.block = config.widths, config.patch, (config.temporal, config.spatial)
        self.linear = nn.Conv3d(config.latent_channels, 3 * volume(self.block), 1)
        """From the latents of a block straight to its pixels."""
        self.stem = CausalConv3d(config.latent_channels, widths[-1])
        layers: list[nn.Module] = []
        for level in reversed(range(len(widths))):
            layers += [ResidualBlock(widths[level]) for _ in range(config.decoder_blocks)]
            if level > 0:
                layers.append(Up(widths[level], widths[level - 1], config.strides[level - 1]))
        self.layers = nn.ModuleList(layers)
        self.norm = RMSNorm(widths[0])
        self.head = beginning_at_zero(CausalConv3d(widths[0], 3 * config.patch**2))

    def forward(self, z: Tensor, past: Past | None = None) -> Tensor:
        """[B, C, t, h, w] -> [B, 3, T, H, W]"""
        linear = without_filling(channel_to_space(self.linear(z), self.block), self.block, past)
        x = self.stem(z, past)
        for layer in self.layers:
            x = layer(x, past)
        return channel_to_space(self.head(F.silu(self.norm(x)), past), (1, self.patch)) + linear


class VideoVAE(Autoencoder):
    """Our own autoencoder."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.config = config
        self.latent_channels = config.latent_channels
        self.spatial, self.temporal = config.spatial, config.temporal
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        with torch.no_grad():  # any basis will do: rows at right angles, and their transpose to go back
            basis = nn.init.orthogonal_(self.encoder.linear.weight.flatten(1))
            self.set_linear(basis, torch.zeros(basis.shape[1]))
        self.register_buffer("latent_mean", torch.zeros(config.latent_channels))
        self.register_buffer("latent_std", torch.ones(config.latent_channels))

    def encode(self, x: Tensor, chunk_frames: int | None = None) -> Posterior:
        check_pixels(x, self.spatial, self.temporal)
        length = self._latents_per_chunk(chunk_frames, whole=1 + (x.shape[2] - 1) // self.temporal)
        past = Past()
        parts = []
        for chunk in _chunks(x, length * self.temporal, lead=self.temporal - 1):
            parts.append(self.encoder(chunk.to(self.latent_mean), past if chunk_frames else None))
            past.begun = True
        means, logvars = zip(*parts, strict=True)
        return Posterior(torch.cat(means, 2), torch.cat(logvars, 2))

    def decode(self, z: Tensor, chunk_frames: int | None = None) -> Tensor:
        length = self._latents_per_chunk(chunk_frames, whole=z.shape[2])
        past = Past()
        parts = []
        for chunk in _chunks(z, length):
            parts.append(self.decoder(chunk.to(self.latent_mean), past if chunk_frames else None))
            past.begun = True
        return torch.cat(parts, 2)

    def forward(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Posterior]:
        """A step of training: pixels and noise of the latents' shape -> (pixels from a sample, posterior)."""
        posterior = self.encode(x)
        return self.decode(posterior.sample(noise)), posterior

    @torch.no_grad()
    def set_linear(self, basis: Tensor, mean: Tensor) -> None:
        """Let the linear maps be z = B (x - mean) and x = Bᵀ (BBᵀ)⁻¹ z + mean, for rows of `basis` B
        [C, 3·4·8·8] at right angles; blocks as `space_to_channel` orders them."""
        squares = basis.square().sum(1, keepdim=True)
        encoder, decoder = self.encoder.linear, self.decoder.linear
        encoder.weight.copy_(basis.view_as(encoder.weight))
        encoder.bias.copy_(-basis @ mean)  # type: ignore[union-attr]
        decoder.weight.copy_((basis / squares).T.reshape(decoder.weight.shape))
        decoder.bias.copy_(mean)  # type: ignore[union-attr]

    def _latents_per_chunk(self, chunk_frames: int | None, whole: int) -> int:
        if chunk_frames is None:
            return whole
        if chunk_frames < self.temporal or chunk_frames % self.temporal:
            raise ValueError(f"chunk_frames is {chunk_frames}, but must be a multiple of {self.temporal}.")
        return chunk_frames // self.temporal

    @property
    def facts(self) -> dict[str, object]:
        return {"kind": KIND, **asdict(self.config)}


def _chunks(x: Tensor, length: int, lead: int = 0) -> Iterator[Tensor]:
    """`x` cut along time into `length` frames each, the first `lead` shorter: a first frame fills a group."""
    start, end = 0, length - lead
    while start < x.shape[2]:
        yield x[:, :, start:end]
        start, end = end, end + length
