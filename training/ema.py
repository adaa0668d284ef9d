"""An exponential moving average of the weights, which is what is passed on and generated with.

    w_ema <- w_ema + (1 - d) (w - w_ema),   d = min(decay, (1 + step) / (10 + step))

The short memory at the start (as in TensorFlow's ExponentialMovingAverage) lets go of the random weights that
training began with. Kept in float32, sharded as the weights are."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from training.sharding import reshard


class Average:
    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self._of = {name: value for name, value in module.named_parameters() if value.requires_grad}
        self.weights = {name: value.detach().clone().float() for name, value in self._of.items()}
        """Name of the parameter -> its average."""

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after `step` (from 0)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(
            [_local(value) for value in self.weights.values()],
            [_local(self._of[name]).float() for name in self.weights],
            1 - decay,
        )


class Averaged:
    """Puts the averaged weights in place, and the trained ones back."""

    def __init__(self, module: nn.Module, average: Average) -> None:
        self._module, self._average = module, average
        self._kept: dict[str, Tensor] = {}

    @torch.no_grad()
    def __enter__(self) -> None:
        reshard(self._module)
        own = dict(self._module.named_parameters())
        for name, value in self._average.weights.items():
            self._kept[name] = own[name].detach().clone()
            own[name].copy_(value)

    @torch.no_grad()
    def __exit__(self, *_: object) -> None:
        reshard(self._module)
        own = dict(self._module.named_parameters())
        for name, value in self._kept.items():
            own[name].copy_(value)
        self._kept.clear()


def _local(value: Tensor) -> Tensor:
    """What this rank holds of it."""
    return value.to_local() if isinstance(value, DTensor) else value.detach()


def whole(weights: Mapping[str, Tensor], *, keep: bool = True) -> dict[str, Tensor]:
    """A copy of the weights of all ranks put together, on the CPU. Called by every rank; those that do not
    `keep` it give their part and get nothing."""
    found = {}
    for name, value in weights.items():
        full = value.full_tensor() if isinstance(value, DTensor) else value
        if keep:
            # `cpu` alone gives what is on the CPU already as it is, and it would change with the training.
            found[name] = full.detach().to("cpu", copy=True)
    return found
