"""The layers of our autoencoder: convolutions that look at no later frame, and changes of resolution.

None mixes frames in any other way. GroupNorm would: its mean runs over time. So norms are RMS norms over the
channels of one position (as in Wan, arXiv:2503.20314, and WF-VAE, arXiv:2411.17459)."""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

KERNEL = 3
"""Every convolution is 3×3×3."""


def volume(stride: tuple[int, int]) -> int:
    """Positions that become one: time × space × space."""
    time, space = stride
    return time * space * space


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


def filled_in_front(x: Tensor, stride: tuple[int, int], past: Past | None) -> Tensor:
    """Time is taken in groups of p frames, and a clip's first frame fills one by itself: 1 + p·n frames
    become p + p·n."""
    return x if past is not None and past.begun else torch.cat([x[:, :, :1]] * (stride[0] - 1) + [x], 2)


def without_filling(x: Tensor, stride: tuple[int, int], past: Past | None) -> Tensor:
    """Undoes `filled_in_front`: of the frames of a clip's first group the last is kept."""
    return x if past is not None and past.begun else x[:, :, stride[0] - 1 :]


class Down(nn.Module):
    """A level smaller by (time, space): a convolution, then space to channel; the shortcut averages."""

    def __init__(self, in_channels: int, out_channels: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.stride, self.out_channels = stride, out_channels
        self.conv = beginning_at_zero(CausalConv3d(in_channels, out_channels // volume(stride)))

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        x = filled_in_front(x, self.stride, past)
        shortcut = average_channels(space_to_channel(x, self.stride), self.out_channels)
        return space_to_channel(self.conv(x, past), self.stride) + shortcut


class Up(nn.Module):
    """A level larger by (time, space): a convolution, then channel to space; the shortcut repeats."""

    def __init__(self, in_channels: int, out_channels: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.stride = stride
        self.conv = beginning_at_zero(CausalConv3d(in_channels, out_channels * volume(stride)))

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        h = self.conv(x, past)
        x = channel_to_space(h + repeat_channels(x, h.shape[1]), self.stride)
        return without_filling(x, self.stride, past)
