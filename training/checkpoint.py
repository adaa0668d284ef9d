"""What a training writes down: to go on from, and to pass on.

`OUT/checkpoints/step-00001000/` holds everything that a run needs to go on, sharded as the ranks hold it
(torch.distributed.checkpoint; it can be loaded by another number of ranks). Its metadata is a pickle, so it
is read from the run's own folder and from nowhere else. It appears whole or not at all: it is written beside
its place and renamed. What is passed on holds tensors and JSON alone (model_folder, vae_folder)."""

import json
import os
import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.api import CheckpointException

from training.ranks import Ranks

FOLDER = "checkpoints"
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
            sync(path)
        shutil.rmtree(final, ignore_errors=True)  # of a run that was taken back to an earlier step
        os.replace(partial, final)
        sync(folder)
        for old in steps(out)[:-keep]:
            shutil.rmtree(folder / f"step-{old:08}", ignore_errors=True)
    ranks.barrier()


def steps(out: Path) -> list[int]:
    """Steps with a whole checkpoint, ascending."""
    found = [_NAME.fullmatch(path.name) for path in (out / FOLDER).glob("step-*")]
    return sorted(int(match[1]) for match in found if match)


def begun(out: Path) -> bool:
    """Whether there is a training in `out` to go on with."""
    return bool(steps(out))


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


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
    sync(partial)
    os.replace(partial, path)


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
