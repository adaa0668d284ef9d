"""A job, and a run, on a cluster of two nodes with token authentication: the code goes there, the log and the
exit code come back, and the shards are those of a run on this machine."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.runs.helpers import REPOSITORY, Project, copied, fresh
from tests.runs.two_nodes import TwoNodes, two_nodes

pytestmark = pytest.mark.ray

LOOK = """
import time
from pathlib import Path
from typing import ClassVar

import ray

from curate.plugins import FrameFilter, Sampling


class Look(FrameFilter):
    VERSION: ClassVar[int] = 1
    BATCH: ClassVar[int] = 1

    def sampling(self):
        return Sampling(frames=2)

    def load(self):
        # Where it is at work, for the test to see.
        Path({seen!r}, ray.get_runtime_context().get_node_id()).touch()
        time.sleep(1)

    def measure(self, model, clips):
        time.sleep(0.5)
        return [{{"score": float(len(clip.frames))}} for clip in clips]
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[TwoNodes]:
    with two_nodes() as running:
        yield running


def curate(project: Project, cluster: TwoNodes, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command as a person gives it, who has the token's path and has not thought of the mode."""
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    environment |= {"PYTHONPATH": str(REPOSITORY)}
    environment["RAY_AUTH_TOKEN_PATH"] = cluster.environment["RAY_AUTH_TOKEN_PATH"]
    return subprocess.run(
        [sys.executable, "-P", "-m", "curate.cli", *arguments],
        cwd=project.root, env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip


def submit(project: Project, cluster: TwoNodes, *settings: str) -> "subprocess.CompletedProcess[str]":
    """`curate submit` of a pipeline that is not the first one of its file."""
    file = project.write()
    first = {"first": {"input": "nothing", "output": "nowhere"}}
    pipelines = {"pipelines": first | yaml.safe_load(file.read_text())["pipelines"]}
    file.write_text(yaml.safe_dump(pipelines, sort_keys=False))
    options = [word for setting in settings for word in ("--set", setting)]
    return curate(project, cluster, "submit", str(file), "-p", "test", "--address", cluster.url, *options)


def test_a_job_makes_the_shards_of_a_run_here(
    base: Project, cluster: TwoNodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    seen.mkdir()
    there = fresh(tmp_path / "there", str(base.input))
    here = copied(base, tmp_path / "here")
    for project in (there, here):
        (project.root / "my_look.py").write_text(LOOK.format(seen=str(seen)))
        # Half a CPU, so that reading the next items never holds up an actor of a node with one CPU.
        project.pipeline["filters"].append({"use": "my_look:Look", "keep": {"min": 1}, "num_cpus": 0.5})
    monkeypatch.syspath_prepend(str(here.root))
    here.run()
    for trace in seen.iterdir():
        trace.unlink()

    done = submit(there, cluster)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "score:look: 5 clips" in done.stdout
    assert "5 clips kept" in done.stdout
    assert there.result() == here.result()
    assert len(there.samples()) == 5
    assert len(list(seen.iterdir())) >= 1


def test_a_run_that_joins_makes_the_shards_of_a_run_here(
    base: Project, cluster: TwoNodes, tmp_path: Path
) -> None:
    project = fresh(tmp_path / "joined", str(base.input))
    earlier = {job for job, _ in cluster.work()}
    done = curate(project, cluster, "run", str(project.write()), "--address", cluster.address)
    assert done.returncode == 0, done.stderr
    assert "5 clips kept" in done.stdout
    assert project.result() == base.result()
    # Each node has one CPU and each task wants one: files were read on both at once.
    deadline = time.monotonic() + 30  # what a task did is reported some seconds later
    while len(nodes := {node for job, node in cluster.work() if job not in earlier}) < 2:
        assert time.monotonic() < deadline, nodes
        time.sleep(0.5)


def test_what_can_never_be_scheduled_ends_the_job_at_once(
    base: Project, cluster: TwoNodes, tmp_path: Path
) -> None:
    project = fresh(tmp_path / "never", str(base.input))
    done = submit(project, cluster, "scan.num_cpus=2")
    assert done.returncode == 1
    assert "scan asks for num_cpus: 2 and the largest node has 1 CPUs (2 nodes" in done.stdout
    assert "the job failed with exit code 1" in done.stderr
    assert not project.out.joinpath("frames").exists()


def test_a_cluster_that_is_not_there(tmp_path: Path, base: Project) -> None:
    project = fresh(tmp_path / "none", str(base.input))
    nowhere = TwoNodes(1, 1, {"RAY_AUTH_TOKEN_PATH": str(tmp_path / "token")})
    done = submit(project, nowhere)
    assert done.returncode == 1
    assert "the job cannot be sent to the Ray cluster at http://127.0.0.1:1" in done.stderr
    assert done.stderr.count("\n") == 1
