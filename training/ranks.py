"""The processes that train together: who this one is, and the few words they exchange beside the gradients.

One process alone needs no process group. `torchrun` and Ray Train start several; tensors of the model go over
NCCL between GPUs, what is counted goes over gloo, so that asking for it does not wait for the GPU."""

import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

PATIENCE = timedelta(minutes=30)
"""How long a rank waits for another, which may be compiling or reading a slow disk, before all end."""


class Ranks:
    """Use as a context manager: on leaving, a process group that was made here is ended."""

    def __init__(self, device: str | None = None) -> None:
        """`device`: `cuda` or `cpu`; by default a GPU where there is one."""
        cuda = torch.cuda.is_available() if device is None else device.startswith("cuda")
        self.local = int(os.environ.get("LOCAL_RANK", "0"))
        self._made = False
        self.control: Any = None
        """The gloo group of all ranks; None where there is one."""
        if cuda:
            torch.cuda.set_device(self.local)
        self.device = torch.device("cuda", self.local) if cuda else torch.device("cpu")
        if not dist.is_initialized() and int(os.environ.get("WORLD_SIZE", "1")) > 1:
            dist.init_process_group("nccl" if cuda else "gloo", timeout=PATIENCE)
            self._made = True
        together = dist.is_initialized()
        self.rank = dist.get_rank() if together else 0
        self.world = dist.get_world_size() if together else 1
        if self.world > 1:
            self.control = dist.new_group(backend="gloo", timeout=PATIENCE)

    def __enter__(self) -> "Ranks":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After an error the others are not waited for: they may be waiting for this one.
        if self._made and kind is None:
            dist.destroy_process_group()

    @property
    def beside(self) -> int:
        """Processes of this training on this machine."""
        return int(os.environ.get("LOCAL_WORLD_SIZE", self.world))

    @property
    def first(self) -> bool:
        """Whether this rank writes what is written once."""
        return self.rank == 0

    def mesh(self) -> DeviceMesh | None:
        """All ranks in a row; None where there is one."""
        return init_device_mesh(self.device.type, (self.world,)) if self.world > 1 else None

    def sum(self, values: Sequence[float]) -> list[float]:
        """Of each number, the sum over the ranks, in float64 and on the CPU."""
        if self.world == 1:
            return [float(value) for value in values]
        total = torch.tensor(list(values), dtype=torch.float64)
        dist.all_reduce(total, group=self.control)
        return [float(value) for value in total]

    def gather(self, value: Any) -> list[Any]:
        """A plain value of each rank, in the order of the ranks."""
        if self.world == 1:
            return [value]
        found: list[Any] = [None] * self.world
        dist.all_gather_object(found, value, group=self.control)
        return found

    def agree(self, value: Any) -> Any:
        """The first rank's value."""
        return self.gather(value)[0]

    def say(self, text: str) -> None:
        """A line on stderr, from the first rank."""
        if self.first:
            print(text, file=sys.stderr)

    def tell_idle(self, packs_per_step: int) -> None:
        """Say so where there are too few packs for all."""
        if packs_per_step < self.world:
            self.say(
                f"a step has {packs_per_step} pack(s) and there are {self.world} processes, of which "
                f"{self.world - packs_per_step} have nothing to do: give --packs-per-step {self.world}"
            )

    def barrier(self) -> None:
        if self.world > 1:
            dist.barrier(group=self.control)
