"""Training by several processes that Ray places: `curate train … --workers N`.

What is trained, and how, is the module's own business (`python -m training.train_dit` does the same with
torchrun); here Ray Train starts its processes, and what they write down is shown as it comes."""

import importlib
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from curate.cluster import Cluster

STOP = "stop"
"""A file of this name in the training's folder asks it to save and end (training.stopping)."""


PLACES = ("--manifest", "--root", "--out", "--vae", "--text", "--init")
"""Options whose value may be a path."""


class Ended(Exception):
    """A worker's training ended before its time; the text says why."""


def train(module: str, arguments: Sequence[str], out: str, workers: int, address: str | None) -> None:
    """Call `module`.run in `workers` processes with the given command line. RuntimeError says why it ended
    before its time; SIGTERM and Ctrl-C save first."""
    folder = Path(out).resolve()
    with Cluster(workers, address) as cluster:
        cluster.start()
        import ray
        from ray.train import RunConfig, ScalingConfig
        from ray.train.torch import TorchConfig, TorchTrainer
        from ray.train.v2.api.exceptions import TrainingFailedError

        there = ray.cluster_resources()
        gpus = int(there.get("GPU", 0)) >= workers
        if not gpus and int(there.get("CPU", 0)) < workers:
            raise RuntimeError(
                f"{workers} workers take a GPU or a CPU each, and the cluster has {there.get('GPU', 0):g} "
                f"GPUs and {there.get('CPU', 0):g} CPUs: give fewer --workers"
            )
        trainer = TorchTrainer(
            _work,
            train_loop_config={
                "module": module,
                "arguments": _from_here(arguments),
                "device": "cuda" if gpus else "cpu",
            },
            torch_config=TorchConfig(backend="nccl" if gpus else "gloo"),
            scaling_config=ScalingConfig(num_workers=workers, use_gpu=gpus),
            run_config=RunConfig(name="ray", storage_path=str(folder)),
        )
        try:
            with _shown(folder), _stoppable(folder):
                trainer.fit()
        except TrainingFailedError as error:
            raise RuntimeError(_why(error)) from None
        finally:
            # Ray's notes on a training that has ended; all that matters is in our own checkpoints.
            shutil.rmtree(folder / "ray", ignore_errors=True)


def _work(config: dict[str, Any]) -> None:
    """In each process: the process group is there already."""
    module = importlib.import_module(config["module"])
    ranks = importlib.import_module("training.ranks")
    stopping, called = (importlib.import_module(f"training.{name}") for name in ("stopping", "called"))
    given = module.parser().parse_args(config["arguments"])
    try:
        module.run(given, ranks.Ranks(given.device or config["device"]))
    except (ValueError, stopping.Stopped) as error:
        raise Ended(str(error)) from None
    except RuntimeError as error:
        if (said := called.out_of_memory(error)) is None:
            raise
        raise Ended(said) from None


def _from_here(arguments: Sequence[str]) -> list[str]:
    """The options that may name something on the disk with full paths: workers have a current folder of their
    own."""
    found: list[str] = []
    for word in arguments:
        flag, equals, value = word.partition("=")
        if equals and flag in PLACES:
            word = f"{flag}={_place(value)}"
        elif found and found[-1] in PLACES:
            word = _place(word)
        found.append(word)
    return found


def _place(word: str) -> str:
    """`--vae` and `--text` may name something that is no path."""
    return os.path.abspath(word) if os.path.exists(word) else word


def _why(error: Any) -> str:
    """What the first worker that failed said."""
    failures = getattr(error, "worker_failures", None) or {0: error}
    causes = [getattr(one, "_base_exc", one) for _, one in sorted(failures.items())]
    ended = [str(one) for one in causes if type(one).__name__ == Ended.__name__]
    if ended:
        return ended[0]
    first = (str(causes[0]).strip().splitlines() or [""])[-1]
    return f"a worker failed ({type(causes[0]).__name__}: {first}): run the same command to go on"


@contextmanager
def _stoppable(folder: Path) -> Iterator[None]:
    """Within it, SIGTERM and SIGINT ask the workers to save and end; a second one ends this process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def ask(number: int, frame: object) -> None:
        (folder / STOP).touch()
        for each, handler in before.items():
            signal.signal(each, handler)

    (folder / STOP).unlink(missing_ok=True)
    for number in before:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        (folder / STOP).unlink(missing_ok=True)


@contextmanager
def _shown(folder: Path) -> Iterator[None]:
    """Show what the first worker writes to metrics.jsonl."""
    from training.metrics import FILE, told

    path, done = folder / FILE, threading.Event()
    start = path.stat().st_size if path.is_file() else 0

    def show() -> None:
        at = start
        while True:
            last = done.wait(2.0)
            if path.is_file():
                if path.stat().st_size < at:  # a training that goes on takes back what is later
                    at = 0
                with path.open() as file:
                    file.seek(at)
                    text = file.read()
                whole, _, _ = text.rpartition("\n")
                at += len(whole.encode()) + 1 if whole else 0
                for line in told(whole.splitlines()):
                    print(line, file=sys.stderr)
            if last:
                return

    thread = threading.Thread(target=show, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
