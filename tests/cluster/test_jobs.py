"""What is shipped with a job."""

import shlex
import sys
from pathlib import Path

import pytest
import yaml

from curate.cluster.jobs import entrypoint, stage
from curate.cluster.start import PACKAGES
from curate.config import Plan, load, resolve

PLUGIN = "tests.stages.test_score_frames:Numbers"


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.chdir(tmp_path)
    return resolve(
        "nightly",
        {
            "input": ["raw", "/data/*.mp4", "s3://bucket/films"], "output": "runs/a; rm -rf $HOME",
            "filters": [{"use": PLUGIN, "name": "mine", "keep": {"min": 2}, "num_cpus": 0.5}],
        },
    )  # fmt: skip


def test_the_pipeline_goes_as_resolved_with_absolute_paths(plan: Plan, tmp_path: Path) -> None:
    stage(plan, tmp_path / "job")
    there = load(str(tmp_path / "job" / "pipeline.yaml"))
    assert there.name == "nightly"
    assert there.pipeline.input == [str(tmp_path / "raw"), "/data/*.mp4", "s3://bucket/films"]
    assert there.pipeline.output == str(tmp_path / "runs/a; rm -rf $HOME")
    assert (there.filters, there.cuts, there.needs) == (plan.filters, plan.cuts, plan.needs)


def test_our_code_goes_whole_and_without_what_was_compiled(plan: Plan, tmp_path: Path) -> None:
    stage(plan, tmp_path / "job")
    for package in PACKAGES:
        assert (tmp_path / "job" / package / "__init__.py").is_file()
    assert (tmp_path / "job/curate/cluster/jobs.py").is_file()
    assert not list((tmp_path / "job").rglob("__pycache__"))


def test_plugins_of_the_current_folder_go_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/__init__.py").write_text("")
    source = "from filters.media import Media\n\nclass Own(Media):\n    VERSION = 3\n"
    (tmp_path / "mine/own.py").write_text(source)
    (tmp_path / "single_file.py").write_text(source)
    (tmp_path / "unrelated.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    body = {
        "input": "in", "output": "out",
        "filters": [{"use": "mine.own:Own", "name": "a"}, {"use": "single_file:Own", "name": "b"}],
    }  # fmt: skip
    stage(resolve("a", body), tmp_path / "job")
    shipped = {path.name for path in (tmp_path / "job").iterdir()}
    assert shipped == {*PACKAGES, "pipeline.yaml", "mine", "single_file.py"}
    assert (tmp_path / "job/mine/own.py").read_text() == source


def test_the_shell_command_holds_nothing_of_the_pipeline() -> None:
    words = shlex.split(entrypoint())
    assert words[0] == f"PYTHON={sys.executable};"
    assert words[-7:] == ["$PYTHON", "-m", "curate.cli", "run", "pipeline.yaml", "--address", "auto"]


def test_the_staged_pipeline_is_plain_yaml(plan: Plan, tmp_path: Path) -> None:
    stage(plan, tmp_path / "job")
    body = yaml.safe_load((tmp_path / "job/pipeline.yaml").read_text())
    assert body["pipelines"]["nightly"]["filters"] == plan.pipeline.filters
