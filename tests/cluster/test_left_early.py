"""A stream of Ray Data that is left before its end, as a run does that cannot go on."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.ray

PROGRAM = """
import threading, time
import ray.data._internal.execution.streaming_executor as executor
from contextlib import closing
from curate.cluster import OF_RAY_DATA, Cluster
from curate.options import Resources

step, slowly = executor.StreamingExecutor._scheduling_loop_step, threading.Event()

def loop(self, *arguments, **names):
    # As on a machine that is busy: Ray Data waits two seconds for its own thread, and goes on without it.
    if slowly.is_set():
        time.sleep(5)
    return step(self, *arguments, **names)

executor.StreamingExecutor._scheduling_loop_step = loop

def make():
    return lambda items: items

with Cluster(1) as cluster:
    items = [{"number": number} for number in range(8)]
    found = cluster.pool(make, items, batch_size=1, resources=Resources(concurrency=1), threads=2)
    with closing(found):
        next(found)
        slowly.set()
        time.sleep(1)
print([one.name for one in threading.enumerate() if one.name.startswith(OF_RAY_DATA)], flush=True)
time.sleep(6)
import ray
print(ray.is_initialized())
"""


def test_no_thread_of_ray_data_outlives_ray() -> None:
    """It would start another Ray, or end this process before it has said why the run ends."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=240, check=False
    )
    assert (done.returncode, done.stdout.splitlines()) == (0, ["[]", "False"]), done.stderr
