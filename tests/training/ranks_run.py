"""Trainings in processes of their own, as a user or torchrun starts them."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import REPOSITORY


def environment(rank: int, world: int, port: int) -> dict[str, str]:
    """What torchrun sets."""
    places = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "MASTER_PORT": port}
    return {
        **os.environ, **{name: str(value) for name, value in places.items()}, "MASTER_ADDR": "127.0.0.1",
        "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1",
    }  # fmt: skip


def started(module: str, arguments: Sequence[str], world: int = 1) -> "list[subprocess.Popen[str]]":
    """`python -m module arguments` in `world` processes that know of each other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [
        subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            env=environment(rank, world, port), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for rank in range(world)
    ]  # fmt: skip


def finished(processes: "list[subprocess.Popen[str]]", seconds: float = 240) -> list[tuple[int, str]]:
    """(exit code, stderr) of each."""
    found = []
    for process in processes:
        try:
            _, said = process.communicate(timeout=seconds)
        finally:
            process.kill()
        found.append((process.returncode, said))
    return found


def trained(out: Path, *arguments: str, world: int = 1, module: str = "training.train_dit") -> list[str]:
    """Train into `out`; what each process said. Fails where one did."""
    ended = finished(started(module, ["--out", str(out), *arguments], world))
    for code, said in ended:
        assert code == 0, said[-3000:]
    return [said for _, said in ended]
