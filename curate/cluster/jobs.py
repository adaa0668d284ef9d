"""A pipeline as a job of a Ray cluster: our code and the resolved pipeline go there, its log comes back.

What `ray job submit --working-dir … -- python -m curate.cli run …` does, through the same client."""

import asyncio
import importlib.util
import logging
import os
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from curate.cluster.start import PACKAGES, home, use_token
from curate.config import Plan
from curate.plugins import Plugin

PIPELINE, FILES = "pipeline.yaml", "files"
NOT_SHIPPED = ("__pycache__", "*.pyc", ".git", ".venv", "*.egg-info")


def submit(plan: Plan, address: str | None, say: Callable[[str], None]) -> int:
    """Run `plan` as a job and return its exit code; `say` gets its log as it comes.

    `address` of the cluster: `auto`, HOST:PORT of the head, or http://HOST:8265 of its dashboard; None: what
    RAY_API_SERVER_ADDRESS or RAY_ADDRESS say, or the cluster that runs here. Inputs and output must be at
    the same paths on every node. RuntimeError where the cluster cannot be reached.
    """
    use_token()
    if address is not None:
        # The client lets these variables overrule what it is given.
        os.environ["RAY_API_SERVER_ADDRESS"] = address
    if importlib.util.find_spec("aiohttp") is None:
        raise ValueError("curate submit needs Ray's job client: type pip install 'curate[cluster]'")
    from ray.job_submission import JobSubmissionClient

    logging.getLogger("ray").setLevel(logging.ERROR)
    with TemporaryDirectory(prefix="curate-job-") as folder:
        stage(plan, Path(folder))
        try:
            client = JobSubmissionClient(address)
            job = client.submit_job(entrypoint=entrypoint(), runtime_env={"working_dir": folder})
        except Exception as error:  # ConnectionError, RuntimeError, and what the client's libraries raise
            said = " ".join(str(error).split())
            raise RuntimeError(
                f"the job cannot be sent to the Ray cluster at {address or 'its usual address'} ({said}): "
                "give --address http://HEAD:8265; a cluster with token authentication wants "
                "RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH here too"
            ) from error
    say(f"job {job}\n")
    try:
        asyncio.run(_tail(client.tail_job_logs(job), say))
    except KeyboardInterrupt:
        say(f"\nno longer watching; the job goes on: `ray job stop {job}` ends it\n")
        raise
    info = client.get_job_info(job)
    if info.driver_exit_code is not None:
        return int(info.driver_exit_code)
    if str(info.status) == "SUCCEEDED":
        return 0
    raise RuntimeError(f"job {job} ended as {info.status}: {' '.join(str(info.message or '').split())}")


async def _tail(lines: AsyncIterator[str], say: Callable[[str], None]) -> None:
    async for text in lines:
        say(text)


def entrypoint() -> str:
    """What the cluster's shell is to run: nothing in it comes from the pipeline.

    The interpreter of this process if the head node has it at the same path (as on the head itself), else
    the one that its PATH names."""
    return (
        f'PYTHON={shlex.quote(sys.executable)}; [ -x "$PYTHON" ] || PYTHON=python3; '
        f'exec "$PYTHON" -m curate.cli run {PIPELINE} --address auto'
    )


def stage(plan: Plan, folder: Path) -> None:
    """Put into `folder` what a job needs: our packages, the user's own plugins and prompt, the pipeline as
    resolved. Keys stay here: the cluster's machines have their own."""
    secrets = {os.path.realpath(path) for path in plan.captioner.secret_files()}
    patterns = shutil.ignore_patterns(*NOT_SHIPPED)

    def ignored(inside: str, names: list[str]) -> set[str]:
        keys = {name for name in names if os.path.realpath(os.path.join(inside, name)) in secrets}
        return keys | patterns(inside, names)

    for name in PACKAGES:
        shutil.copytree(home() / name, folder / name, ignore=ignored)
    for module in own_modules(plan):
        source = Path.cwd() / module
        if source.is_dir():
            shutil.copytree(source, folder / module, ignore=ignored)
        else:
            shutil.copy(source.with_suffix(".py"), folder)
    body = plan.pipeline.model_dump(mode="json")
    # The job runs in a folder of its own.
    body["input"] = [_absolute(path) for path in body["input"]]
    body["output"] = _absolute(body["output"])
    body["captioner"] = _resolved(body["captioner"], plan.captioner)
    for option, path in plan.captioner.own_files().items():
        (folder / FILES).mkdir(exist_ok=True)
        shutil.copy(path, folder / FILES / f"{option}.txt")
        body["captioner"][option] = f"{FILES}/{option}.txt"
    body["filters"] = [
        _resolved(entry, step.plugin) for entry, step in zip(body["filters"], plan.filters, strict=True)
    ]
    for option in ("vae", "text") if body["latents"] else ():
        value = body["latents"][option]
        body["latents"][option] = os.path.abspath(value) if os.path.exists(value) else value
    text = yaml.safe_dump({"pipelines": {plan.name: body}}, sort_keys=False)
    (folder / PIPELINE).write_text(text, encoding="utf-8")


def _resolved(given: Mapping[str, Any], plugin: Plugin) -> dict[str, Any]:
    """Options as they were given, those of the plugin in the form that it made of them: its paths are
    whole."""
    made = plugin.model_dump(mode="json")
    return {name: made.get(name, value) for name, value in given.items()}


def own_modules(plan: Plan) -> list[str]:
    """Top-level modules of the plugins that lie in the current folder."""
    bodies: Iterable[Any] = [*plan.pipeline.filters, plan.pipeline.captioner]
    uses = [str(body.get("use", "")) for body in bodies]
    tops = sorted({use.partition(":")[0].partition(".")[0] for use in uses if ":" in use} - set(PACKAGES))
    here = Path.cwd()
    return [top for top in tops if (here / top).is_dir() or (here / f"{top}.py").is_file()]


def _absolute(path: str) -> str:
    return path if "://" in path else os.path.abspath(path)
