"""What is shipped with a job."""

import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import yaml

from captioners.openai import OpenAI
from curate.cluster.jobs import entrypoint, stage, submit
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


PROMPT = "[user]\nDescribe these $frames moments as JSON with $fields.\n"
KEY = "sk-of-nobody-0123456789abcdef"


@pytest.fixture
def asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plan]:
    """A plan that asks a server, of a folder with a prompt, keys and a plugin beside a key."""
    here = tmp_path / "here"
    (here / "mine/keys").mkdir(parents=True)
    (here / "mine/__init__.py").write_text("from captioners.openai import OpenAI\n\nclass Own(OpenAI): ...\n")
    (here / "prompts").mkdir()
    (here / "prompts/dense.txt").write_text(PROMPT)
    for name in ("server.key", "mine/keys/server.key"):
        (here / name).write_text(KEY)
    monkeypatch.chdir(here)
    monkeypatch.syspath_prepend(str(here))
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    monkeypatch.setenv("SERVER_KEY", KEY)

    def made(**options: Any) -> Plan:
        captioner = {"use": "openai", "model": "m", "prompt": "prompts/dense.txt", **options}
        return resolve("asks", {"input": "in", "output": "out", "captioner": captioner})

    return made


def shipped_options(job: Path) -> dict[str, Any]:
    body = yaml.safe_load((job / "pipeline.yaml").read_text())
    options: dict[str, Any] = body["pipelines"]["asks"]["captioner"]
    return options


def holds_no_key(job: Path) -> bool:
    files = [path for path in job.rglob("*") if path.is_file()]
    assert len(files) > 100
    return not any(KEY.encode() in path.read_bytes() for path in files)


def test_a_prompt_of_ones_own_goes_along(
    asking: Callable[..., Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = asking()
    assert isinstance(plan.captioner, OpenAI)
    stage(plan, tmp_path / "job")
    # As the job finds it: in its own folder, and on a machine without the one from which it was sent.
    shutil.rmtree("prompts")
    monkeypatch.chdir(tmp_path / "job")
    there = load("pipeline.yaml")
    assert isinstance(there.captioner, OpenAI)
    assert there.captioner.prompts.dense.user == plan.captioner.prompts.dense.user
    groups = {"frames": "f", "videos": "v"}
    assert there.captioner.answers_key(groups) == plan.captioner.answers_key(groups)


def test_a_prompt_of_the_package_is_named(asking: Callable[..., Plan], tmp_path: Path) -> None:
    stage(asking(prompt="dense"), tmp_path / "job")
    assert not (tmp_path / "job/files").exists()
    assert shipped_options(tmp_path / "job")["prompt"] == "dense"


def test_no_key_goes_along(asking: Callable[..., Plan], tmp_path: Path) -> None:
    stage(asking(api_key_env="SERVER_KEY"), tmp_path / "variable")
    assert holds_no_key(tmp_path / "variable")
    stage(asking(api_key_file="server.key"), tmp_path / "file")
    assert holds_no_key(tmp_path / "file")
    # The cluster's machines are to have it at that place.
    assert shipped_options(tmp_path / "file")["api_key_file"] == str(Path.cwd() / "server.key")
    stage(asking(api_key_file="~/server.key"), tmp_path / "home")
    assert shipped_options(tmp_path / "home")["api_key_file"] == "~/server.key"


def test_a_key_beside_ones_own_plugin_stays(asking: Callable[..., Plan], tmp_path: Path) -> None:
    Path("link.key").symlink_to("mine/keys/server.key")
    stage(asking(use="mine:Own", api_key_file="link.key"), tmp_path / "job")
    assert (tmp_path / "job/mine/__init__.py").is_file()
    assert holds_no_key(tmp_path / "job")


class Client:
    """Stands for Ray's client of jobs, and keeps what it is given."""

    given: ClassVar[dict[str, Any]] = {}

    def __init__(self, address: str | None) -> None: ...

    def submit_job(self, **given: Any) -> str:
        assert holds_no_key(Path(given["runtime_env"]["working_dir"]))
        Client.given = given
        return "job-1"

    async def tail_job_logs(self, job: str) -> AsyncIterator[str]:
        yield "its log\n"

    def get_job_info(self, job: str) -> Any:
        return SimpleNamespace(driver_exit_code=0)


def test_the_environment_stays_here(asking: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.job_submission.JobSubmissionClient", Client)
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "http://127.0.0.1:1")
    said: list[str] = []
    assert submit(asking(api_key_env="SERVER_KEY"), "http://127.0.0.1:1", said.append) == 0
    assert said == ["job job-1\n", "its log\n"]
    assert set(Client.given) == {"entrypoint", "runtime_env"}
    assert set(Client.given["runtime_env"]) == {"working_dir"}
    assert KEY not in str(Client.given)


def test_paths_of_plugins_and_latents_hold_in_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("model", "clip", "vae"):
        (tmp_path / folder).mkdir()
    (tmp_path / "model/config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    body = {
        "input": "in", "output": "out", "latents": {"vae": "vae", "text": "bytes"},
        "filters": [{"use": "aesthetic", "model": "clip", "keep": {"min": 4}}],
        "captioner": {"use": "vllm", "model": "./model", "num_gpus": 1},
    }  # fmt: skip
    stage(resolve("a", body), tmp_path / "job")
    there = load(str(tmp_path / "job/pipeline.yaml")).pipeline
    assert there.captioner == {"use": "vllm", "model": str(tmp_path / "model"), "num_gpus": 1}
    assert there.filters == [{"use": "aesthetic", "model": str(tmp_path / "clip"), "keep": {"min": 4}}]
    assert there.latents is not None
    assert (there.latents.vae, there.latents.text) == (str(tmp_path / "vae"), "bytes")


def test_the_staged_pipeline_is_plain_yaml(plan: Plan, tmp_path: Path) -> None:
    stage(plan, tmp_path / "job")
    body = yaml.safe_load((tmp_path / "job/pipeline.yaml").read_text())
    assert body["pipelines"]["nightly"]["filters"] == plan.pipeline.filters
