"""The options of the training loop, and how a dataclass of options becomes flags of a command.

A preset gives an instance, the command line replaces fields of it: every option has one name, one type and
one place."""

import argparse
import contextlib
import dataclasses
import math
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import torch

T = TypeVar("T")

DECAY = 0.2
"""Share of the steps over which the rate of the schedule `decay` falls."""


@dataclass(frozen=True)
class Options:
    """Of the loop; the defaults are for a GPU."""

    steps: int = 1000
    """Global steps of the whole training."""
    learning_rate: float = 1e-4
    warmup_steps: int = 100
    """Steps over which the rate rises from 0."""
    schedule: Literal["constant", "cosine", "decay"] = "constant"
    """What the rate does after that: stays, falls to 0 along a cosine, or stays and falls on a line over the
    last fifth (warm-up, stable, decay; arXiv:2404.06395)."""
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    epsilon: float = 1e-8
    clip_norm: float = 1.0
    """Largest norm of the gradient."""
    ema_decay: float = 0.9999
    precision: Literal["bf16", "fp32"] = "bf16"
    compile: bool = True
    recompute: Literal["none", "selective", "full"] = "selective"
    """Which activations are made again in the backward pass."""
    spike: float = 10.0
    """A loss of that many times the median of the last 50 ends the training."""
    save_every: int = 1000
    """Steps between checkpoints; 0: at the end alone."""
    keep: int = 2
    """Checkpoints that are kept."""
    validate_every: int = 1000
    """Steps between looks at held-out samples; 0: at the end alone."""
    log_every: int = 10
    """Steps between points in TensorBoard; 0: the last one alone."""
    peak_tflops: float | None = None
    """What the device can do at best in bf16, for the MFU; known for some devices."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.keep < 1 or self.learning_rate <= 0 or self.clip_norm <= 0:
            raise ValueError("steps and keep are 1 or more, learning rate and clip norm above 0")

    def rate_at(self, step: int) -> float:
        """Learning rate of `step` (from 0)."""
        warm = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        if self.schedule == "constant":
            return self.learning_rate * warm
        if self.schedule == "decay":
            return self.learning_rate * warm * min(1.0, (self.steps - step) / (DECAY * self.steps))
        done = max(0, step - self.warmup_steps) / max(1, self.steps - self.warmup_steps)
        return self.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    def autocast(self, device: torch.device) -> AbstractContextManager[Any]:
        """The precision of forward passes."""
        if self.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(device.type, torch.bfloat16)


def add_flags(parser: argparse.ArgumentParser, kind: type) -> None:
    """A flag for each field of a dataclass: `learning_rate` is `--learning-rate`. What is not given stays the
    preset's."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        hint, flag = _without_none(hints[field.name]), "--" + field.name.replace("_", "-")
        if hint is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None)
        elif get_origin(hint) is Literal:
            parser.add_argument(flag, choices=get_args(hint), default=None)
        elif get_origin(hint) is tuple:
            kinds = get_args(hint)
            parser.add_argument(flag, nargs=len(kinds), type=kinds[0], default=None)
        else:
            parser.add_argument(flag, type=hint, default=None)


def with_flags(base: T, given: argparse.Namespace) -> T:
    """`base` with the fields that the command line names."""
    changed: dict[str, Any] = {}
    for field in fields(base):  # type: ignore[arg-type]
        value = getattr(given, field.name, None)
        if value is not None:
            changed[field.name] = tuple(value) if isinstance(value, list) else value
    return dataclasses.replace(base, **changed)  # type: ignore[type-var]


def _without_none(hint: Any) -> Any:
    """`float | None` is a flag of a float."""
    arguments = [one for one in get_args(hint) if one is not type(None)]
    return arguments[0] if get_origin(hint) is Union or len(arguments) < len(get_args(hint)) else hint
