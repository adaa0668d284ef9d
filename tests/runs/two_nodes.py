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
from typing import Any

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

    def ask(self, path: str) -> Any:
        """What the head says at its dashboard's `path`; OSError while it does not answer."""
        token = Path(self.environment["RAY_AUTH_TOKEN_PATH"]).read_text()
        request = urllib.request.Request(f"{self.url}/{path}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)["data"]

    def work(self) -> set[tuple[str, str]]:
        """(job, node) of every task of Ray Data that was begun."""
        tasks = self.ask("api/v0/tasks?limit=10000&detail=1")["result"]["result"]
        return {
            (task["job_id"], task["node_id"])
            for task in tasks
            if task["func_or_class_name"] == "_map_task" and task["node_id"]
        }


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
        # A folder of its own, as on a machine of its own: a node unpacks the code of a job anew, over that
        # with which the other one is at work.
        second = [f"--address={cluster.address}", f"--temp-dir={folder / 'second'}"]
        _start(cluster, second, processes, nodes=2)
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
    try:
        summary = cluster.ask("nodes?view=summary")["summary"]
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
