"""Joining a cluster: one that is not there is told at once, and not after Ray's quarter of an hour."""

import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from curate.cluster.start import reach, start
from tests.runs.helpers import fresh, write_films


@pytest.fixture
def closed() -> Iterator[int]:
    """A port at which nothing listens, and nothing else will: it stays bound."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def test_where_nothing_listens_it_is_said_at_once(closed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # it is not even imported
    for address in (f"127.0.0.1:{closed}", f"ray://127.0.0.1:{closed}"):
        with pytest.raises(
            RuntimeError, match=rf"^no Ray cluster answers at {address} \(.*refused\): give the"
        ):
            start(1, address)
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{closed}")
    with pytest.raises(RuntimeError, match=f"no Ray cluster answers at 127.0.0.1:{closed} "):
        start(1, "auto")


def test_a_host_or_port_that_cannot_be() -> None:
    for address in ("127.0.0.1:99999", "two..dots:6379"):
        with pytest.raises(RuntimeError, match=f"no Ray cluster answers at {address}"):
            reach(address)


def test_what_listens_or_names_no_port_is_left_to_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        reach(f"127.0.0.1:{port}")
        reach(f"ray://localhost:{port}")
    reach("auto")
    reach("local")


def test_a_run_says_it_in_one_line(closed: int, tmp_path: Path) -> None:
    project = fresh(tmp_path, "input")
    write_films(project.input)
    began = time.monotonic()
    done = project.command("run", str(project.write()), "--address", f"127.0.0.1:{closed}")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()[-1:]
    assert line.startswith(f"curate: no Ray cluster answers at 127.0.0.1:{closed}")
    assert "or leave --address out" in line
    assert time.monotonic() - began < 60
