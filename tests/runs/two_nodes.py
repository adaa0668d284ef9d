"""A Ray cluster of two nodes on this machine, started as a person would, with token authentication."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ATTEMPTS = 4
"""Ray gives a node 30 s to start, which a busy machine does not always make."""


@dataclass(frozen=True)
class TwoNodes:
    port: int
    dashboard: int
    environment: dict[str, str]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.dashboard}"


@contextlib.contextmanager
def two_nodes() -> Iterator[TwoNodes]:
    """Two nodes of one CPU each. Ends the processes that it started, and no others."""
    # Sockets lie in this folder, and their paths may not be long.
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    token = folder / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    cluster = TwoNodes(
        _free_port(), _free_port(),
        {
            **os.environ,
            "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token), "RAY_TMPDIR": str(folder),
            "RAY_USAGE_STATS_ENABLED": "0",
        },
    )  # fmt: skip
    head = [
        "--head",
        f"--port={cluster.port}",
        f"--dashboard-port={cluster.dashboard}",
        f"--temp-dir={folder}",
    ]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        _start(cluster, head, processes, nodes=1)
        _start(cluster, [f"--address={cluster.address}"], processes, nodes=2)
        yield cluster
    finally:
        for process in reversed(processes):
            _end(process)
        shutil.rmtree(folder, ignore_errors=True)


def _start(
    cluster: TwoNodes, arguments: list[str], processes: list[subprocess.Popen[bytes]], nodes: int
) -> None:
    ray = str(Path(sys.executable).parent / "ray")
    command = [ray, "start", *arguments, "--num-cpus=1", "--object-store-memory=100000000", "--block"]
    for _ in range(ATTEMPTS):
        process = subprocess.Popen(
            command,
            env=cluster.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while process.poll() is None:
            if _alive(cluster) == nodes:
                processes.append(process)
                return
            time.sleep(0.5)
        _end(process)
    raise AssertionError(f"{' '.join(command)} did not come up in {ATTEMPTS} attempts")


def _alive(cluster: TwoNodes) -> int:
    """Nodes that the head says are up; 0 while it does not answer."""
    token = Path(cluster.environment["RAY_AUTH_TOKEN_PATH"]).read_text()
    request = urllib.request.Request(
        f"{cluster.url}/nodes?view=summary", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            summary = json.load(answer)["data"]["summary"]
    except (OSError, KeyError, ValueError):
        return 0
    return sum(node["raylet"].get("state") == "ALIVE" for node in summary)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a node with all of its processes, which are in a session of their own."""
    for way in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, way)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
