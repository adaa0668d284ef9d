"""One Ray for all runs in this process, and one finished run that tests copy and go on with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from curate.cluster import Cluster
from tests.runs.helpers import Project, copied, write_films


@pytest.fixture(scope="session")
def ray_started() -> Iterator[None]:
    """Ray with two CPUs; runs in this process find it there and leave it there."""
    with Cluster(2) as cluster:
        cluster.start()
        yield


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory, ray_started: None) -> Project:
    """FILMS under PIPELINE, finished. Not to be changed: copy it."""
    project = Project(tmp_path_factory.mktemp("base"))
    write_films(project.input)
    project.run()
    return project


@pytest.fixture
def project(base: Project, tmp_path: Path) -> Project:
    """A copy of the finished run."""
    return copied(base, tmp_path / "project")


@pytest.fixture
def forbid_ray(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it, and from then on a run that would start Ray fails."""

    def forbid() -> None:
        def start(self: Cluster) -> None:
            raise AssertionError("Ray was started")

        monkeypatch.setattr(Cluster, "start", start)

    return forbid
