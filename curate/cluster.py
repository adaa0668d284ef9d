"""Ray, started only when there is work: a stream of results from a function over many items.

The work itself is a plain function from a JSON object to a JSON object; what is here is only how it is
spread."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

Item = dict[str, Any]
T = TypeVar("T")

OBJECT_STORE_BYTES = 150_000_000
"""Only small JSON rows pass through the object store."""
STARTS = 3
"""Attempts to start Ray."""
RESTARTS = 3
"""Times that an actor which died is replaced."""
STREAM = 2000
"""Items given to one Ray dataset; more are streamed through several, so that planning a million stays
small."""


class Needs(Protocol):
    """What one task or actor takes (curate.options.Resources)."""

    @property
    def num_cpus(self) -> float: ...
    @property
    def num_gpus(self) -> float: ...
    @property
    def concurrency(self) -> int | None: ...


class Cluster:
    """Ray for the length of a run. `each` starts it on first use; `close` ends what was started."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._started = False
        self.busy: list[tuple[float, float]] = []
        """When workers were at work on an item (seconds of the wall clock)."""

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._started:
            import ray

            ray.shutdown()
            self._started = False

    def each(self, function: Callable[[Item], Item], items: Sequence[Item]) -> Iterator[Item]:
        """`function` of every item, as results come in (in any order), in processes of Ray Data.

        One task per item, as many at once as there are workers. An item and its result are JSON objects. An
        exception in `function` ends the stream; what belongs to the item alone must be in its result."""
        if not items:
            return
        self.start()
        import ray.data

        queue = iter(items)
        while chunk := list(islice(queue, STREAM)):
            texts = [json.dumps(item) for item in chunk]
            tail = _user_path()

            def work(batch: dict[str, Any], tail: list[str] = tail) -> dict[str, Any]:
                sys.path.extend(path for path in tail if path not in sys.path)
                began = time.time()
                results = [function(json.loads(text)) for text in batch["item"]]
                span = (began, time.time())
                return {"result": [json.dumps([span, result]) for result in results]}

            # Rows of Ray Data, one block and so one task per item: a result is here as soon as it is made.
            dataset = ray.data.from_items([{"item": text} for text in texts], override_num_blocks=len(texts))
            dataset = dataset.map_batches(work, batch_size=1, num_cpus=1)
            for text in _texts(dataset):
                span, result = json.loads(text)
                self.busy.append(tuple(span))
                yield result

    def pool(
        self,
        make: Callable[[], Callable[[list[Item]], list[Item]]],
        items: Sequence[Item],
        *,
        batch_size: int,
        resources: Needs,
    ) -> Iterator[Item]:
        """As `each`, in actors: `make` is called once in each process (it loads a model, say), and what it
        returns is called with lists of at most `batch_size` items and gives as many results.

        As many actors as the cluster carries at once, `resources.concurrency` at most. An actor that dies is
        replaced a few times; then the stream ends with an error.
        """
        if not items:
            return
        self.start()
        import ray.data
        from ray.data import ActorPoolStrategy

        tail = _user_path()

        class Work:
            def __init__(self) -> None:
                sys.path.extend(path for path in tail if path not in sys.path)
                began = time.time()
                self._work = make()
                self._began: float | None = began

            def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
                # Loading the model counts as work.
                began, self._began = self._began or time.time(), None
                found = self._work([json.loads(text) for text in batch["item"]])
                span = (began, time.time())
                return {"result": [json.dumps([span, result]) for result in found]}

        blocks = -(-len(items) // batch_size)
        most = min(blocks, resources.concurrency or self._carries(resources))
        for chunk in batches(items, max(STREAM, batch_size)):
            rows = [{"item": json.dumps(item)} for item in chunk]
            dataset = ray.data.from_items(rows, override_num_blocks=-(-len(rows) // batch_size))
            dataset = dataset.map_batches(
                Work,
                batch_size=batch_size,
                compute=ActorPoolStrategy(min_size=1, max_size=max(1, most)),
                num_cpus=resources.num_cpus,
                num_gpus=resources.num_gpus or None,
                max_restarts=RESTARTS,
                max_task_retries=RESTARTS,
            )
            for text in _texts(dataset):
                span, result = json.loads(text)
                self.busy.append(tuple(span))
                yield result

    def _carries(self, resources: Needs) -> int:
        """How many actors of this kind the cluster has room for."""
        import ray

        there = ray.cluster_resources()
        wants = {"CPU": resources.num_cpus, "GPU": resources.num_gpus}
        rooms = [int(there.get(name, 0) // amount) for name, amount in wants.items() if amount]
        return max(1, min(rooms, default=self.workers))

    def start(self) -> None:
        """Start Ray, if it is not running."""
        if self._started:
            return
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import logging

        import ray
        import ray.data

        if ray.is_initialized():
            return
        # Linux ends Ray's processes together with the thread that started them, and then Ray ends this one.
        assert threading.current_thread() is threading.main_thread(), "Ray is started from the main thread"
        logging.getLogger("ray").setLevel(logging.ERROR)
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        here = os.getcwd()
        try:
            # Ray puts the current folder first on the workers' path, where a user's own `filters/` or
            # `training.py` would shadow ours: start it from the folder that holds our packages.
            os.chdir(Path(__file__).resolve().parent.parent)
            _init(self.workers)
        finally:
            os.chdir(here)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        self._started = True


def _texts(dataset: Any) -> Iterator[str]:
    """Results as they come; an error of Ray or of the function is a RuntimeError of one sentence."""
    from ray.exceptions import RayError

    try:
        for batch in dataset.iter_batches(batch_size=None, prefetch_batches=0, batch_format="pyarrow"):
            yield from batch.column("result").to_pylist()
    except RayError as error:
        cause = getattr(error, "cause", None) or error
        said = (str(cause).strip().splitlines() or [""])[-1].strip()
        raise RuntimeError(
            f"a worker process failed ({type(cause).__name__}: {said}): run the same command again"
        ) from error


def _init(workers: int) -> None:
    """Start Ray, which gives a busy machine no more than 30 s, so it is tried again."""
    import logging

    import ray

    for attempt in range(STARTS):
        try:
            ray.init(
                num_cpus=workers,
                object_store_memory=OBJECT_STORE_BYTES,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=False,
            )
            return
        except Exception as error:  # Ray raises bare Exceptions here
            with suppress(Exception):
                ray.shutdown()
            if attempt == STARTS - 1:
                said = " ".join(str(error).split())
                raise RuntimeError(
                    f"Ray did not start ({said}): when the machine is less busy, run the same command again"
                ) from error


def _user_path() -> list[str]:
    """The driver's import path: a user's own plugins are found there, after everything that is installed."""
    return [os.path.abspath(path) for path in sys.path]


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Items in lists of at most `size`."""
    queue = iter(items)
    while chunk := list(islice(queue, size)):
        yield chunk
