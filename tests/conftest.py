"""Fixtures for every test: the real footage, where it is at hand."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

# Tables are as wide as COLUMNS says, and readline, which pytest imports, writes an 80 there, into the process
# and past `os.environ`.
os.environ.pop("COLUMNS", None)
os.unsetenv("COLUMNS")


def _footage() -> Path | None:
    """The folder of real footage: CURATE_VIDEOS, or shared/videos beside the checkout."""
    named = os.environ.get("CURATE_VIDEOS")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "videos"
    return folder if (folder / "cuts.json").is_file() else None


def _accelerator() -> bool:
    """Whether this machine has a GPU, or it was promised that it has (CURATE_GPU): the tests fail then."""
    return bool(os.environ.get("CURATE_GPU")) or Path("/dev/nvidiactl").exists()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Ray warns of its own options when it copies its context.
    quiet = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")
    for item in items:
        if "ray" in item.keywords:
            item.add_marker(quiet)
    if not _accelerator():
        absent = pytest.mark.skip(reason="no GPU here (set CURATE_GPU where there must be one)")
        for item in items:
            if "gpu" in item.keywords:
                item.add_marker(absent)
    if _footage() is None:
        absent = pytest.mark.skip(reason="real footage is absent: set CURATE_VIDEOS to its folder")
        for item in items:
            if "real" in item.keywords:
                item.add_marker(absent)


@pytest.fixture(scope="session")
def real_videos() -> Path:
    """The folder of real footage; use together with the marker `real`."""
    folder = _footage()
    assert folder is not None
    return folder
