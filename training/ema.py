"""An exponential moving average of the weights, which is what is passed on and generated with.

    w_ema <- w_ema + (1 - d) (w - w_ema),   d = min(decay, (1 + step) / (10 + step))

The short memory at the start (as in TensorFlow's ExponentialMovingAverage) lets go of the random weights that
training began with. Kept in float32, sharded as the weights are."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor


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
