"""Starting Ray on this machine, or joining a cluster that runs."""

import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

OBJECT_STORE_BYTES = 150_000_000
"""Of a Ray that is started here: only small JSON rows pass through the object store."""
FRAMES_BYTES = 2_000_000_000
"""Of one through which decoded frames pass to a model: some hundred clips."""
STARTS = 3
"""Attempts to start Ray, which gives a busy machine no more than 30 s."""
ANSWER_SECONDS = 5.0
"""Given to a cluster to accept a connection; Ray itself would try for a quarter of an hour."""
PACKAGES = ("curate", "stages", "filters", "captioners", "training")
JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Set in what `ray job submit` runs."""


def home() -> Path:
    """The folder that holds our packages."""
    return Path(__file__).resolve().parent.parent.parent


def start(workers: int, address: str | None, frames: bool = False) -> None:
    """Start Ray with `workers` CPUs, or join the cluster at `address`. RuntimeError where that fails.
    `frames`: whether decoded frames pass between its actors."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address is not None:
        reach(address)
        use_token()
    import ray.data

    logging.getLogger("ray").setLevel(logging.ERROR)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    here = os.getcwd()
    try:
        # Ray puts the current folder first on the workers' path, where a user's own `filters/` or
        # `training.py` would shadow ours: start it from the folder that holds our packages.
        os.chdir(home())
        if address is None:
            _local(workers, FRAMES_BYTES if frames else OBJECT_STORE_BYTES)
        else:
            _join(address)
    finally:
        os.chdir(here)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False


def reach(address: str) -> None:
    """RuntimeError where nothing listens at the HOST:PORT or ray://HOST:PORT of a cluster; what names no
    port (`auto`) is left to Ray."""
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS") or address  # as Ray does
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
    except (OSError, OverflowError, UnicodeError) as error:  # the latter of what is no port and no host
        raise RuntimeError(
            f"no Ray cluster answers at {address} ({_said(error)}): give the HOST:PORT that `ray start "
            "--head` printed, or `auto` on one of the cluster's nodes, or leave --address out to run on this "
            "machine alone"
        ) from error


def use_token() -> None:
    """Authenticate where a token is at hand, as `ray start` does: with RAY_AUTH_MODE unset it turns token
    authentication on if there is one, and the clients do not, which ends in a refusal."""
    if "RAY_AUTH_MODE" in os.environ:
        return
    named = os.environ.get("RAY_AUTH_TOKEN_PATH")
    usual = Path.home() / ".ray" / "auth_token"
    if os.environ.get("RAY_AUTH_TOKEN") or named or usual.is_file():
        os.environ["RAY_AUTH_MODE"] = "token"


_QUIET: dict[str, Any] = {
    "log_to_driver": False,
    "logging_level": logging.ERROR,
    "configure_logging": False,
}


def _local(workers: int, store_bytes: int) -> None:
    import ray

    for attempt in range(STARTS):
        try:
            with _without_dashboard():
                # Not the cluster that an environment variable names: that is what --address is for.
                ray.init(
                    address="local",
                    num_cpus=workers,
                    object_store_memory=store_bytes,
                    include_dashboard=False,
                    **_QUIET,
                )
            return
        except Exception as error:  # Ray raises bare Exceptions here
            with suppress(Exception):
                ray.shutdown()
            if attempt == STARTS - 1:
                raise RuntimeError(
                    f"Ray did not start ({_said(error)}): when the machine is less busy, run the same "
                    "command again"
                ) from error


@contextmanager
def _without_dashboard() -> Iterator[None]:
    """Let Ray think that its dashboard's packages are absent.

    With them (the extra `cluster`) it starts a server and agents with all their modules even for
    `include_dashboard=False`: seconds on a laptop, and on a busy machine more than Ray waits for."""
    name = "ray.dashboard.optional_deps"
    known = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]  # what Python's import takes for: not there
    try:
        yield
    finally:
        del sys.modules[name]
        if known is not None:
            sys.modules[name] = known


def _join(address: str) -> None:
    import ray

    # In a submitted job our code is there already: the job's working folder holds it.
    shipped = None if JOB in os.environ else {"py_modules": [str(home() / name) for name in PACKAGES]}
    try:
        ray.init(address=address, runtime_env=shipped, **_QUIET)
    except Exception as error:  # Ray raises ConnectionError, RuntimeError, ValueError and others
        with suppress(Exception):
            ray.shutdown()
        raise RuntimeError(
            f"the Ray cluster at {address} cannot be joined ({_said(error)}): start this on one of its "
            "nodes with the address that `ray start` printed, or send it there with `curate submit`; a "
            "cluster with token authentication wants RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH here too"
        ) from error


def _said(error: Exception) -> str:
    return " ".join(str(error).split())
