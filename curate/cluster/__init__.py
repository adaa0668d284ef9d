"""Ray, started only when there is work: a stream of results from a function over many items.

The work itself is a plain function from a JSON object to a JSON object; what is here is only how it is
spread."""

import json
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from curate.cluster.room import Needs, check_room, fitting, leaves_a_cpu, nodes
from curate.cluster.start import start

Item = dict[str, Any]
T = TypeVar("T")

RESTARTS = 3
"""Times that an actor which died is replaced."""
SETTLING = 30.0
"""Seconds that threads of Ray Data may take to end."""
OF_RAY_DATA = ("StreamingExecutor", "iter_threaded")
"""How their names begin."""
STREAM = 2000
"""Items given to one Ray dataset; more are streamed through several, so that planning a million stays
small."""


class Cluster:
    """Ray for the length of a run. `each` starts it on first use; `close` ends what was started."""

    def __init__(
        self,
        workers: int,
        address: str | None = None,
        needs: Mapping[str, Needs] | None = None,
        frames: bool = False,
    ) -> None:
        """`workers`: CPUs of a Ray that is started here. `address`: join that cluster instead (`auto`,
        HOST:PORT). `needs`: what a task of each step takes, which is checked at the start. `frames`: whether
        decoded frames pass between actors."""
        self.workers, self.address, self.frames = workers, address, frames
        self.needs = dict(needs or {})
        self._started = self._ready = False
        self.busy: list[tuple[float, float]] = []
        """When workers were at work on an item (seconds of the wall clock)."""

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._started:
            import ray

            # Where a stream was left early, threads of Ray Data may still be at work: one that turns to Ray
            # after its end is answered by the end of this process, whatever it was about to say.
            ends = time.monotonic() + SETTLING
            for thread in threading.enumerate():
                if thread.name.startswith(OF_RAY_DATA):
                    thread.join(max(0.0, ends - time.monotonic()))
            ray.shutdown()
            self._started = self._ready = False

    def each(
        self, function: Callable[[Item], Item], items: Sequence[Item], needs: Needs | None = None
    ) -> Iterator[Item]:
        """`function` of every item, as results come in (in any order), in processes of Ray Data.

        One task per item, as many at once as `needs` allows (1 CPU each if it is None). An item and its
        result are JSON objects. An exception in `function` ends the stream; what belongs to the item alone
        must be in its result."""
        if not items:
            return
        self.start()
        import ray.data
        from ray.data import TaskPoolStrategy

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
            dataset = dataset.map_batches(
                work,
                batch_size=1,
                num_cpus=needs.num_cpus if needs else 1,
                compute=TaskPoolStrategy(size=needs.concurrency if needs else None),
            )
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
        threads: int | None = None,
        before: Callable[[], Callable[[Item], bytes]] | None = None,
    ) -> Iterator[Item]:
        """As `each`, in actors: `make` is called once in each process (it loads a model, say), and what it
        returns is called with lists of at most `batch_size` items and gives as many results.

        As many actors as the cluster carries at once, `resources.concurrency` at most. An actor that dies is
        replaced a few times; then the stream ends with an error. `threads`: what `make` returned is called
        from so many threads at once, and lives until the last item is done: for few items, each of them much
        work. `before`: makes what is called with each item first, in actors of one CPU (of none where the
        others take them all), and what it returns is the item's `prepared`.
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
                items = [json.loads(text) for text in batch["item"]]
                for item, prepared in zip(items, batch.get("prepared", ()), strict=False):
                    item["prepared"] = prepared
                found = self._work(items)
                span = (began, time.time())
                return {"result": [json.dumps([span, result]) for result in found]}

        there = nodes()
        blocks = -(-len(items) // batch_size)
        carried = fitting(there, resources) or self.workers  # an actor that reserves nothing fits anywhere
        most = max(1, min(blocks, resources.concurrency or carried))
        pool = ActorPoolStrategy(
            min_size=1 if threads is None else most,
            max_size=most,
            max_tasks_in_flight_per_actor=threads,
            max_concurrent_calls_per_actor=threads,
            enable_true_multi_threading=threads is not None,
        )
        for chunk in batches(items, max(STREAM if threads is None else len(items), batch_size)):
            rows = [{"item": json.dumps(item)} for item in chunk]
            dataset = ray.data.from_items(rows, override_num_blocks=-(-len(rows) // batch_size))
            if before is not None:
                # Were there one CPU for either, these would wait for those to take what they made, and those
                # for the CPU.
                apart = leaves_a_cpu(there, resources, most)
                dataset = dataset.map_batches(
                    _first(before, tail),
                    batch_size=1,
                    num_cpus=1 if apart else 0,
                    compute=ActorPoolStrategy(min_size=1, max_size=None if apart else most),
                )
            with warnings.catch_warnings():
                # Ray is about to give these arguments names of their own, and has none for restarts yet.
                warnings.filterwarnings("ignore", "`ray_remote_args_fn` is deprecated")
                dataset = dataset.map_batches(
                    Work,
                    batch_size=batch_size,
                    compute=pool,
                    num_cpus=resources.num_cpus,
                    num_gpus=resources.num_gpus or None,
                    # Ray Data restarts an actor for ever by default: one that dies of its batch would do so.
                    ray_remote_args_fn=lambda: {"max_restarts": RESTARTS, "max_task_retries": RESTARTS},
                )
            for text in _texts(dataset):
                span, result = json.loads(text)
                self.busy.append(tuple(span))
                yield result

    def start(self) -> None:
        """Start Ray or join the cluster at `address`, if that is not done; RuntimeError where a step asks for
        what the cluster does not have."""
        if self._ready:
            return
        import ray

        if not ray.is_initialized():
            # Linux ends Ray's processes together with the thread that started them, and then Ray ends this
            # one.
            assert threading.current_thread() is threading.main_thread(), "Ray starts in the main thread"
            start(self.workers, self.address, self.frames)
            self._started = True
        check_room(nodes(), self.needs)
        self._ready = True


def _first(before: Callable[[], Callable[[Item], bytes]], tail: list[str]) -> type:
    """The actors that prepare items for those of `pool`."""

    class First:
        def __init__(self) -> None:
            sys.path.extend(path for path in tail if path not in sys.path)
            self._work = before()

        def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
            found = [self._work(json.loads(text)) for text in batch["item"]]
            return {"item": list(batch["item"]), "prepared": found}

    return First


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


def _user_path() -> list[str]:
    """The driver's import path: a user's own plugins are found there, after everything that is installed."""
    return [os.path.abspath(path) for path in sys.path]


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Items in lists of at most `size`."""
    queue = iter(items)
    while chunk := list(islice(queue, size)):
        yield chunk
