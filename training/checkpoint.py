"""What a training writes down: to go on from, and to pass on.

`OUT/checkpoints/step-00001000/` holds everything that a run needs to go on, sharded as the ranks hold it
(torch.distributed.checkpoint; it can be loaded by another number of ranks). Its metadata is a pickle, so it
is read from the run's own folder and from nowhere else. What is passed on (`OUT/model.safetensors` and
`OUT/config.json`) holds tensors and JSON alone.

Both appear whole or not at all: they are written beside their place and renamed."""

import json
import os
import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.distributed.checkpoint as dcp
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException

from training.ranks import Ranks

FOLDER = "checkpoints"
WEIGHTS, CONFIG = "model.safetensors", "config.json"
STATE = "state.json"
"""In a checkpoint: plain values beside the tensors."""
_NAME = re.compile(r"step-(\d{8,})")


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or is of something else."""


def save(
    out: Path, step: int, tensors: dict[str, Any], state: dict[str, Any], ranks: Ranks, keep: int
) -> None:
    """Write checkpoint `step` and remove all but the last `keep`. Called by every rank; `state` is JSON."""
    folder = out / FOLDER
    final, partial = folder / f"step-{step:08}", folder / f"step-{step:08}.partial"
    if ranks.first:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
    ranks.barrier()
    with _alone(ranks):
        dcp.save(tensors, checkpoint_id=str(partial), process_group=ranks.control, no_dist=ranks.world == 1)
    if ranks.first:
        (partial / STATE).write_text(json.dumps(state, indent=1, sort_keys=True))
        for path in partial.iterdir():
            _sync(path)
        shutil.rmtree(final, ignore_errors=True)  # of a run that was taken back to an earlier step
        os.replace(partial, final)
        _sync(folder)
        for old in steps(out)[:-keep]:
            shutil.rmtree(folder / f"step-{old:08}", ignore_errors=True)
    ranks.barrier()


def steps(out: Path) -> list[int]:
    """Steps with a whole checkpoint, ascending."""
    found = [_NAME.fullmatch(path.name) for path in (out / FOLDER).glob("step-*")]
    return sorted(int(match[1]) for match in found if match)


def state_of(out: Path, step: int) -> dict[str, Any]:
    """The plain values of a checkpoint."""
    state: dict[str, Any] = json.loads((out / FOLDER / f"step-{step:08}" / STATE).read_text())
    return state


def load(out: Path, step: int, tensors: dict[str, Any], ranks: Ranks) -> None:
    """Fill `tensors` (as given to `save`) in place from checkpoint `step`."""
    folder = out / FOLDER / f"step-{step:08}"
    try:
        with _alone(ranks):
            dcp.load(
                tensors, checkpoint_id=str(folder), process_group=ranks.control, no_dist=ranks.world == 1
            )
    except (Exception, CheckpointException) as error:  # which is no Exception
        raise CheckpointError(
            f"{folder} cannot be read ({type(error).__name__}): remove it, and the run goes on from the "
            "checkpoint before"
        ) from error


@contextmanager
def _alone(ranks: Ranks) -> Iterator[None]:
    """One process has no process group, which torch remarks on each time."""
    with warnings.catch_warnings():
        if ranks.world == 1:
            warnings.filterwarnings("ignore", ".*(disabled, unavailable or uninitialized|single process)")
        yield


def export(out: Path, weights: Mapping[str, Tensor], config: Mapping[str, Any]) -> None:
    """Write a model that others can read: safetensors and JSON, whole or not at all. Called by one rank."""
    out.mkdir(parents=True, exist_ok=True)
    whole = {name: tensor.detach().to("cpu").contiguous() for name, tensor in weights.items()}
    partial = out / f"{WEIGHTS}.partial"
    save_file(whole, partial)
    _sync(partial)
    write_json(out / CONFIG, config)
    os.replace(partial, out / WEIGHTS)
    _sync(out)


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration of a model that was passed on."""
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text())
    except FileNotFoundError:
        raise CheckpointError(f"{folder} holds no model: {CONFIG} is missing") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise CheckpointError(f"{path} holds no configuration")
    return config


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The weights of a model that was passed on, on the CPU."""
    path = folder / WEIGHTS
    if not path.is_file():
        raise CheckpointError(f"{folder} holds no model: {WEIGHTS} is missing")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error


def fill(module: torch.nn.Module, weights: Mapping[str, Tensor], folder: Path) -> None:
    """Load weights into a module whose parameters they must be, all of them and no others."""
    own = module.state_dict()
    wrong = sorted(own.keys() ^ weights.keys()) or sorted(
        name for name in own if own[name].shape != weights[name].shape
    )
    if wrong:
        raise CheckpointError(
            f"{folder} holds a model of another configuration (at {wrong[0]}): give the configuration "
            "that it was trained with"
        )
    module.load_state_dict(dict(weights))


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
    _sync(partial)
    os.replace(partial, path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
