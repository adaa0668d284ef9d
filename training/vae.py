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
without weights that moves space and time into channels and back (DC-AE, arXiv:2410.10733): before it has
learned anything the network already averages down and repeats up, and the convolutions learn the rest.

Read on from here to the end: convolution, norm, blocks, encoder, decoder, and the interface to the rest.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from math import prod
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from curate.clips import new_hash

KERNEL = 3
"""Every convolution is 3×3×3."""


def volume(stride: tuple[int, int]) -> int:
    """Positions that become one: time × space × space."""
    time, space = stride
    return time * space * space


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
        if self.widths[-1] % self.latent_channels:
            raise ValueError(
                f"the last width ({self.widths[-1]}) must be a multiple of latent_channels "
                f"({self.latent_channels})."
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
    # Learns to show the sample's clips at 64×64 in about a minute on one processor core.
    "smoke": VAEConfig(
        patch=4, widths=(48, 96, 96), strides=((2, 2), (2, 1)), encoder_blocks=1, decoder_blocks=1
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


@dataclass
class Past:
    """What a chunk must know of the chunks before it."""

    frames: dict[nn.Module, Tensor] = field(default_factory=dict)
    """The last two frames that went into each convolution."""
    begun: bool = False
    """Whether there was a chunk before."""


class CausalConv3d(nn.Conv3d):
    """3×3×3 convolution whose output at a frame depends on that frame and the two before it.

    Before a clip's first frame stands that frame, repeated: to the network an image is a still video. In
    space the border is zeros.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, KERNEL, padding=(0, 1, 1))

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        """[B, in, T, H, W] -> [B, out, T, H, W]"""
        if past is not None and past.begun:
            x = torch.cat([past.frames[self], x], 2)
        else:
            x = torch.cat([x[:, :, :1]] * (KERNEL - 1) + [x], 2)
        if past is not None:
            # A copy: a view would keep the whole chunk in memory.
            past.frames[self] = x[:, :, 1 - KERNEL :].clone()
        return super().forward(x)


def beginning_at_zero(conv: CausalConv3d) -> CausalConv3d:
    """`conv` with an output of 0: beside a shortcut, so that training begins at what the shortcut does."""
    nn.init.zeros_(conv.weight)
    nn.init.zeros_(conv.bias)
    return conv


class RMSNorm(nn.Module):
    """y = γ x / √(mean of x² over channels), at each position by itself (arXiv:1910.07467)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        # The mean square in float32: in bfloat16 a sum over hundreds of channels would lose its last digits.
        mean_square = x.float().square().mean(1, keepdim=True)
        return x * torch.rsqrt(mean_square + 1e-6).to(x.dtype) * self.scale


class ResidualBlock(nn.Module):
    """x + conv(silu(norm(conv(silu(norm(x))))))"""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = RMSNorm(width), CausalConv3d(width, width)
        self.norm2, self.conv2 = RMSNorm(width), beginning_at_zero(CausalConv3d(width, width))

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)), past)
        return x + self.conv2(F.silu(self.norm2(h)), past)


def space_to_channel(x: Tensor, stride: tuple[int, int]) -> Tensor:
    """[B, C, T·p, H·s, W·s] -> [B, C·p·s·s, T, H, W] for stride (p, s)"""
    p, s = stride
    x = x.unflatten(4, (-1, s)).unflatten(3, (-1, s)).unflatten(2, (-1, p))  # B C T p H s W s
    return x.permute(0, 1, 3, 5, 7, 2, 4, 6).flatten(1, 4)


def channel_to_space(x: Tensor, stride: tuple[int, int]) -> Tensor:
    """[B, C·p·s·s, T, H, W] -> [B, C, T·p, H·s, W·s], which undoes `space_to_channel`"""
    p, s = stride
    x = x.unflatten(1, (-1, p, s, s))  # B C p s s T H W
    return x.permute(0, 1, 5, 2, 6, 3, 7, 4).flatten(6, 7).flatten(4, 5).flatten(2, 3)


def average_channels(x: Tensor, channels: int) -> Tensor:
    """The mean of each run of neighbouring channels, so that `channels` are left."""
    return x.unflatten(1, (channels, -1)).mean(2)


def repeat_channels(x: Tensor, channels: int) -> Tensor:
    """Each channel several times, so that there are `channels`: what `average_channels` leaves as it is."""
    return x.repeat_interleave(channels // x.shape[1], 1)


def as_wide(x: Tensor, channels: int) -> Tensor:
    """x with so many channels, without weights: repeated or averaged, and 0 where neither goes up."""
    own = x.shape[1]
    if channels % own == 0:
        return repeat_channels(x, channels)
    if own % channels == 0:
        return average_channels(x, channels)
    return x.new_zeros(1)


class Down(nn.Module):
    """A level smaller by (time, space): a convolution, then space to channel; the shortcut averages.

    Time is taken in groups of p frames, and the first frame fills a group by itself: 1 + p·n frames -> 1 + n.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.stride, self.out_channels = stride, out_channels
        self.conv = beginning_at_zero(CausalConv3d(in_channels, out_channels // volume(stride)))

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        if past is None or not past.begun:
            x = torch.cat([x[:, :, :1]] * (self.stride[0] - 1) + [x], 2)
        shortcut = average_channels(space_to_channel(x, self.stride), self.out_channels)
        return space_to_channel(self.conv(x, past), self.stride) + shortcut


class Up(nn.Module):
    """A level larger by (time, space): a convolution, then channel to space; the shortcut repeats.

    The mirror of `Down`: each frame becomes p, and of the first frame's only the last is kept.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.stride = stride
        self.conv = beginning_at_zero(CausalConv3d(in_channels, out_channels * volume(stride)))

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        h = self.conv(x, past)
        x = channel_to_space(h + repeat_channels(x, h.shape[1]), self.stride)
        return x if past is not None and past.begun else x[:, :, self.stride[0] - 1 :]


class Encoder(nn.Module):
    """Pixels to the mean and the log-variance of each latent."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        widths, self.patch, self.latents = config.widths, config.patch, config.latent_channels
        self.stem = CausalConv3d(3 * config.patch**2, widths[0])
        layers: list[nn.Module] = []
        for level, width in enumerate(widths):
            layers += [ResidualBlock(width) for _ in range(config.encoder_blocks)]
            if level < len(config.strides):
                layers.append(Down(width, widths[level + 1], config.strides[level]))
        self.layers = nn.ModuleList(layers)
        self.norm = RMSNorm(widths[-1])
        self.head = CausalConv3d(widths[-1], 2 * config.latent_channels)
        # Starts at a deviation of e^-2: the first steps see the picture, not the posterior's noise.
        nn.init.constant_(self.head.bias[config.latent_channels :], -4.0)  # type: ignore[index]

    def forward(self, x: Tensor, past: Past | None = None) -> tuple[Tensor, Tensor]:
        """[B, 3, T, H, W] -> mean and log-variance, each [B, C, t, h, w]"""
        x = space_to_channel(x, (1, self.patch))
        x = self.stem(x, past) + as_wide(x, self.stem.out_channels)
        for layer in self.layers:
            x = layer(x, past)
        mean, logvar = self.head(F.silu(self.norm(x)), past).chunk(2, 1)
        return mean + as_wide(x, self.latents), logvar


class Decoder(nn.Module):
    """Latents to pixels: the encoder, mirrored."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        widths, self.patch = config.widths, config.patch
        self.stem = CausalConv3d(config.latent_channels, widths[-1])
        layers: list[nn.Module] = []
        for level in reversed(range(len(widths))):
            layers += [ResidualBlock(widths[level]) for _ in range(config.decoder_blocks)]
            if level > 0:
                layers.append(Up(widths[level], widths[level - 1], config.strides[level - 1]))
        self.layers = nn.ModuleList(layers)
        self.norm = RMSNorm(widths[0])
        self.head = CausalConv3d(widths[0], 3 * config.patch**2)

    def forward(self, z: Tensor, past: Past | None = None) -> Tensor:
        """[B, C, t, h, w] -> [B, 3, T, H, W]"""
        x = self.stem(z, past)
        x = x + as_wide(z, x.shape[1])
        for layer in self.layers:
            x = layer(x, past)
        h = self.head(F.silu(self.norm(x)), past)
        return channel_to_space(h + as_wide(x, h.shape[1]), (1, self.patch))


@dataclass(frozen=True)
class Posterior:
    """q(z | x) = N(mean, exp(logvar)), each [B, C, t, h, w]."""

    mean: Tensor
    logvar: Tensor

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """z = mean + σ ε"""
        noise = torch.randn(
            self.mean.shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype
        )
        return self.mean + torch.exp(0.5 * self.logvar) * noise


class Autoencoder(nn.Module):
    """What the trainer knows of an autoencoder, ours or a published one.

    Diffusion wants latents of about unit variance, so `to_latent` and `from_latent` speak of
    (z - latent_mean) / latent_std, per channel; `encode` and `decode` of z itself.
    """

    latent_channels: int
    spatial: int
    temporal: int
    chunk_frames: int = 32
    """How many frames `to_latent` and `from_latent` hold at a time; no part of what comes out."""
    loaded: str | None = None
    """The identity of the files that the weights came from."""

    latent_mean: Tensor
    latent_std: Tensor

    def encode(self, x: Tensor, chunk_frames: int | None = None) -> Posterior:
        """[B, 3, T, H, W] in [-1, 1] -> Posterior [B, C, t, h, w], `chunk_frames` frames at a time."""
        raise NotImplementedError

    def decode(self, z: Tensor, chunk_frames: int | None = None) -> Tensor:
        """[B, C, t, h, w] -> [B, 3, T, H, W]"""
        raise NotImplementedError

    @torch.no_grad()
    def to_latent(self, x: Tensor) -> Tensor:
        """Pixels [B, 3, T, H, W] in [-1, 1] -> normalised latents [B, C, t, h, w]."""
        return (self.encode(x, self.chunk_frames).mean - self._mean()) / self._std()

    @torch.no_grad()
    def from_latent(self, z: Tensor) -> Tensor:
        """Normalised latents [B, C, t, h, w] -> pixels [B, 3, T, H, W] in [-1, 1]."""
        z = z.to(self.latent_mean)
        return self.decode(z * self._std() + self._mean(), self.chunk_frames).clamp(-1, 1)

    def _mean(self) -> Tensor:
        return self.latent_mean.view(1, -1, 1, 1, 1)

    def _std(self) -> Tensor:
        return self.latent_std.view(1, -1, 1, 1, 1)

    @property
    def facts(self) -> dict[str, object]:
        """The configuration, as JSON."""
        raise NotImplementedError

    @property
    def identity(self) -> str:
        """Hex digest of configuration and weights: latents with another one are of another autoencoder.

        A frozen module that was loaded keeps its files' identity, in whatever precision it computes.
        """
        if self.loaded and not any(parameter.requires_grad for parameter in self.parameters()):
            return self.loaded
        h = new_hash()
        h.update(json.dumps(self.facts, sort_keys=True).encode())
        for name, value in sorted(self.state_dict().items()):
            h.update(f"{name} {list(value.shape)}".encode())
            h.update(value.detach().float().cpu().contiguous().numpy().tobytes())
        return h.hexdigest()

    def frozen(self) -> "Autoencoder":
        """This module for use, not for training."""
        self.loaded = self.identity
        return self.eval().requires_grad_(False)


class VideoVAE(Autoencoder):
    """Our own autoencoder."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.config = config
        self.latent_channels = config.latent_channels
        self.spatial, self.temporal = config.spatial, config.temporal
        self.encoder, self.decoder = Encoder(config), Decoder(config)
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
        # e^-30 is no noise at all, e^20 is nothing but noise: beyond lies overflow.
        return Posterior(torch.cat(means, 2), torch.cat(logvars, 2).clamp(-30, 20))

    def decode(self, z: Tensor, chunk_frames: int | None = None) -> Tensor:
        length = self._latents_per_chunk(chunk_frames, whole=z.shape[2])
        past = Past()
        parts = []
        for chunk in _chunks(z, length):
            parts.append(self.decoder(chunk.to(self.latent_mean), past if chunk_frames else None))
            past.begun = True
        return torch.cat(parts, 2)

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Posterior]:
        """A step of training: pixels -> (pixels from a sampled latent, posterior)."""
        posterior = self.encode(x)
        return self.decode(posterior.sample(generator)), posterior

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


def check_pixels(x: Tensor, spatial: int, temporal: int) -> None:
    """Raise ValueError if [B, 3, T, H, W] has no place on the grid of latents."""
    _, channels, frames, height, width = x.shape
    if channels != 3:
        raise ValueError(f"the video has {channels} channels, but must be RGB: [B, 3, T, H, W].")
    if (frames - 1) % temporal:
        below = frames - (frames - 1) % temporal
        raise ValueError(
            f"{frames} frames are not {temporal}k + 1: take {below} or {below + temporal} of them."
        )
    if height % spatial or width % spatial:
        nearest = f"{_nearest(width, spatial)}x{_nearest(height, spatial)}"
        raise ValueError(
            f"{width}x{height} does not divide into squares of {spatial} pixels: the nearest size that does "
            f"is {nearest}."
        )


def _nearest(side: int, spatial: int) -> int:
    return max(1, round(side / spatial)) * spatial


# A folder of an autoencoder: config.json and model.safetensors, and nothing that could run code.
KIND = "curate.vae.1"
CONFIG, WEIGHTS = "config.json", "model.safetensors"


def save_vae(vae: VideoVAE, folder: str | Path) -> None:
    """Write `folder`/config.json and model.safetensors, each whole or not at all, the weights first."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.detach().cpu().contiguous() for name, value in vae.state_dict().items()}
    save_file(state, folder / f"{WEIGHTS}.part")
    os.replace(folder / f"{WEIGHTS}.part", folder / WEIGHTS)
    (folder / f"{CONFIG}.part").write_text(json.dumps(vae.facts, indent=2) + "\n")
    os.replace(folder / f"{CONFIG}.part", folder / CONFIG)


def load_vae(name: str | Path) -> Autoencoder:
    """The autoencoder in a folder of ours or of diffusers, or `owner/name[/folder]@revision` on the hub.

    It comes frozen and on the CPU. Raises ValueError that says what is wrong with the name or its files.
    """
    config = Path(name) / CONFIG
    facts = _facts(config) if config.is_file() else {}
    if facts.get("kind") != KIND:
        from training.vae_published import load_published

        return load_published(str(name)).frozen()
    del facts["kind"]
    facts["widths"] = tuple(facts["widths"])
    facts["strides"] = tuple(map(tuple, facts["strides"]))
    try:
        vae = VideoVAE(VAEConfig(**facts))
        vae.load_state_dict(load_file(Path(name) / WEIGHTS))
    except (OSError, RuntimeError, SafetensorError, TypeError) as error:
        first = str(error).splitlines()[0]
        raise ValueError(
            f"{name} is no whole autoencoder ({first}): {CONFIG} and {WEIGHTS} must be of one training."
        ) from error
    return vae.frozen()


def _facts(config: Path) -> dict:
    try:
        facts = json.loads(config.read_text())
    except ValueError as error:
        raise ValueError(f"{config} is not JSON ({error}): copy the folder anew.") from error
    if not isinstance(facts, dict):
        raise ValueError(f"{config} is not a configuration: copy the folder anew.")
    return facts
