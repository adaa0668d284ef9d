"""vLLM's server, as somebody else runs it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.captioners import tiny_vlm

PATIENCE = 300
"""Seconds that the server may take to load."""


@dataclass(frozen=True)
class Server:
    url: str
    """With the version: `http://127.0.0.1:8000/v1`."""
    model: str


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An OpenAI-compatible server with a tiny model, on a free port of this machine."""
    folder = tiny_vlm.build(tmp_path_factory.mktemp("served"), "qwen2_5_vl", terse=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder.parent / "server.log"
    with open(log, "wb") as out:
        # Its own session, so that the engine, its child, ends with it.
        process = subprocess.Popen(
            [
                sys.executable, "-m", "vllm.entrypoints.openai.api_server",
                "--model", str(folder), "--served-model-name", "tiny",
                "--host", "127.0.0.1", "--port", str(port),
                "--enforce-eager", "--dtype", "float32", "--max-num-seqs", "4",
                "--max-model-len", str(tiny_vlm.LONGEST), "--max-num-batched-tokens", str(tiny_vlm.LONGEST),
                # See captioners/_vllm.py: on a CPU the engine dies of a part of a prompt.
                "--no-enable-chunked-prefill",
                "--limit-mm-per-prompt", '{"image": 8, "video": 1}',
                "--structured-outputs-config", '{"backend": "guidance", "disable_any_whitespace": true}',
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        end = time.monotonic() + PATIENCE
        while not _healthy(port):
            assert process.poll() is None, log.read_text(errors="replace")[-4000:]
            assert time.monotonic() < end, f"the server is not there after {PATIENCE} s: {log}"
            time.sleep(1)
        yield Server(f"http://127.0.0.1:{port}/v1", "tiny")
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
