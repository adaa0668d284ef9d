"""Checks of what is installed: packages, codecs, the decoding process, GPU, extras, Ray. Each is tried."""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from curate.doctor.check import Check

TESTED = {
    "av": "18.1.0",
    "deltalake": "1.6.6",
    "duckdb": "2.0.0",
    "numpy": "2.4.6",
    "onnxruntime": "1.32.0",
    "opencv-python-headless": "5.0.0.93",
    "pyarrow": "26.0.1",
    "pydantic": "2.14.3",
    "rapidocr": "3.10.0",
    "ray": "2.60.0",
}
"""The versions that the tests ran with, as in constraints/core.txt: bytes and cuts can change with others."""


def versions(installed: Mapping[str, str | None] | None = None) -> Check:
    """The packages that decide results, against those that were tested together."""
    installed = installed or {name: _version(name) for name in TESTED}
    absent = [name for name in TESTED if installed.get(name) is None]
    other = [
        f"{name} {installed[name]} (tested: {tested})"
        for name, tested in TESTED.items()
        if installed.get(name) not in (None, tested)
    ]
    if absent:
        return Check(
            "packages", "problem", f"{', '.join(absent)} not installed", "install again: `pip install curate`"
        )
    if other:
        return Check(
            "packages", "note", ", ".join(other),
            "this should work; for the bytes that the tests saw install with constraints/core.txt",
        )  # fmt: skip
    return Check("packages", "ok", ", ".join(f"{name} {version}" for name, version in installed.items()))


OPENCVS = (
    "opencv-python",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
)


def opencv(installed: Sequence[str] | None = None, fails: str | None = None) -> Check:
    """One OpenCV, and one that loads: its four packages share a folder, and two of them need libGL."""
    if installed is None:
        installed = [name for name in OPENCVS if _version(name)]
        fails = _fails("import cv2; cv2.resize(__import__('numpy').zeros((4, 4), 'uint8'), (2, 2))")
    headless = "opencv-python-headless"
    mend = f"`pip uninstall -y {' '.join(installed)}`, then `pip install {headless}=={TESTED[headless]}`"
    if fails:
        return Check("opencv", "problem", f"cv2 does not load: {fails}", mend)
    if len(installed) > 1:
        return Check("opencv", "note", f"{' and '.join(installed)} overwrite each other", mend)
    return Check("opencv", "ok", f"{installed[0] if installed else 'cv2'} loads")


def codecs() -> Check:
    """The encoders and decoders, tried for real."""
    from curate.media.trial import DECODERS, decoded, missing_decoders, trial

    mend = f"install PyAV's own wheel: `pip install --force-reinstall --only-binary av av=={TESTED['av']}`"
    try:
        wrong = decoded(trial())
    except Exception as error:  # PyAV raises its own, and ValueError for a codec that is not there
        wrong = " ".join(str(error).split()) or type(error).__name__
    if wrong:
        return Check("codecs", "problem", f"libx264 and AAC fail: {wrong}", mend)
    missing = missing_decoders()
    if missing:
        return Check("codecs", "note", f"no decoder for {', '.join(missing)}", mend)
    return Check("codecs", "ok", f"libx264 and AAC encode; {', '.join(DECODERS)} decode")


def sandbox() -> Check:
    """The process in which untrusted videos are opened, with its limits: one video goes through it."""
    from curate.media.child import Worker
    from curate.media.trial import FRAMES, trial

    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="curate-doctor-") as folder:
        path = Path(folder) / "trial.mp4"
        path.write_bytes(trial())
        try:
            with Worker(memory_bytes=1 << 30) as worker:
                found = worker.call("probe", {"path": str(path)}, stall_seconds=60)
        except Exception as error:
            said = " ".join(str(error).split())
            return Check("decoding process", "problem", said, "send this line to the makers of curate")
    right = found["frames"] == FRAMES
    said = f"starts and reads a video in {time.monotonic() - began:.1f} s"
    return Check("decoding process", "ok" if right else "problem", said if right else f"read {found}")


def gpu(said: str | None = None, sees: Callable[[], str] | None = None) -> Check:
    """What `nvidia-smi` lists, and whether torch, if it is installed, can use it."""
    said = _nvidia_smi() if said is None else said
    names = [line.strip() for line in said.splitlines() if line.strip()]
    if not names:
        return Check("gpu", "ok", "none found: learned filters run on the CPU, all else never needs one")
    listed = "; ".join(names)
    if sees is None:
        if importlib.util.find_spec("torch") is None:
            return Check(
                "gpu", "note", f"{listed}; torch is not installed", "`pip install 'curate[learned]'`"
            )
        sees = _torch_sees
    seen = sees()
    if not seen.isdigit() or int(seen) == 0:
        return Check(
            "gpu", "note", f"{listed}; torch cannot use it ({seen if not seen.isdigit() else 'sees none'})",
            "install the torch that fits the driver, see pytorch.org; the CPU is used meanwhile",
        )  # fmt: skip
    return Check("gpu", "ok", f"{listed}; torch sees {seen}; give a step one with `num_gpus: 1`")


def extras(try_them: bool = True, wanted: Mapping[str, Sequence[str]] | None = None) -> list[Check]:
    """Per optional extra of the package: installed or not, and whether it imports."""
    wanted = extras_of(metadata.requires("curate") or []) if wanted is None else wanted
    found = []
    for extra, packages in wanted.items():
        name, line = f"extra [{extra}]", f"`pip install 'curate[{extra}]'`"
        absent = [package for package in packages if _version(package) is None]
        there = ", ".join(f"{package} {_version(package)}" for package in packages if package not in absent)
        if absent:
            found.append(Check(name, "ok", f"not installed ({', '.join(absent)}); when it is wanted: {line}"))
            continue
        modules = _modules(packages) if try_them else []
        broken = _fails(f"import {', '.join(modules)}") if modules else None
        if broken:
            found.append(Check(name, "note", broken, f"{line} again, in a fresh environment"))
        else:
            found.append(Check(name, "ok", there))
    return found


def extras_of(requirements: Sequence[str]) -> dict[str, list[str]]:
    """Extra -> the packages that it adds, from a distribution's requirements."""
    from packaging.requirements import Requirement

    found: dict[str, list[str]] = {}
    for text in requirements:
        requirement = Requirement(text)
        marker = str(requirement.marker or "")
        extra = marker.partition('extra == "')[2].partition('"')[0]
        if extra and extra not in ("test", "dev", "bench") and requirement.name != "curate":
            found.setdefault(extra, []).append(requirement.name)
    return found


def ray() -> Check:
    """Ray is started, does one task, and is ended."""
    from curate.cluster import Cluster

    began = time.monotonic()
    try:
        with Cluster(1) as cluster:
            (answer,) = cluster.each(_answer, [{"question": 6}])
    except (RuntimeError, ValueError) as error:
        return Check(
            "ray", "problem", " ".join(str(error).split()),
            "is the machine busy, or 127.0.0.1 behind a proxy (NO_PROXY)? look into ray's logs/ in its tmp",
        )  # fmt: skip
    if answer != {"answer": 42}:
        return Check("ray", "problem", f"a task answered {answer}", "install again: `pip install curate`")
    return Check("ray", "ok", f"started, did a task and ended in {time.monotonic() - began:.1f} s")


def _answer(item: dict[str, Any]) -> dict[str, Any]:
    return {"answer": 7 * item["question"]}


def _version(package: str) -> str | None:
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(package)
    return None


def _modules(packages: Sequence[str]) -> list[str]:
    """The module of each distribution: open_clip of open_clip_torch; torch of torch, and not its helpers."""
    owned: dict[str, list[str]] = {}
    for module, names in metadata.packages_distributions().items():
        for name in set(names) if module.isidentifier() and not module.startswith("_") else ():
            owned.setdefault(_normal(name), []).append(module)
    found = []
    for package in packages:
        own = _normal(package)
        alike = [module for module in owned.get(own, ()) if own.startswith(_normal(module))]
        found += sorted(alike, key=len)[-1:]
    return found


def _normal(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")


def _fails(code: str, seconds: float = 120) -> str | None:
    """The last line of what a Python process says that runs `code` and fails; None if it does not fail."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return f"`{code}` takes more than {seconds:g} s: is the machine busy?"
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return lines[-1] if done.returncode else None


def _nvidia_smi() -> str:
    """Name, memory and driver of each GPU, one per line; nothing where there is none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    with suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        return done.stdout if done.returncode == 0 else ""
    return ""


def _torch_sees() -> str:
    """The number of GPUs that torch can use, or why it cannot be asked. In a process of its own: torch takes
    seconds and a gigabyte to import."""
    code = "import torch; print(torch.cuda.device_count() if torch.cuda.is_available() else 0)"
    with suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=120, check=False
        )
        lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
        return lines[-1] if lines else f"exit code {done.returncode}"
    return "it did not answer"
