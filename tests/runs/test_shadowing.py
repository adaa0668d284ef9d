"""The folder in which a user stands: its modules shadow none of ours, and a plugin in it is found."""

import json
from pathlib import Path

import pytest

from tests.runs.helpers import Project, fresh, idle

pytestmark = pytest.mark.ray

SHADOWS = (
    "curate/__init__.py", "curate/cli.py", "stages/__init__.py", "stages/scan.py", "filters/__init__.py",
    "filters/motion.py", "captioners/__init__.py", "training.py", "bench.py", "json.py", "queue.py", "av.py",
    "numpy/__init__.py", "cv2.py", "pyarrow.py", "sitecustomize.py",
)  # fmt: skip
"""Names of ours, of the standard library and of packages; whoever imports one of these leaves a trace."""

TRACE = """
import os
with open({trace!r}, "a") as file:
    file.write(__name__ + " in process " + str(os.getpid()) + "\\n")
raise ImportError("a user's own module was taken for another")
"""

BLUR = """
from typing import ClassVar

import filters.motion
from curate.plugins import ClipView, Score, SignalFilter
from my_package.helper import STEP


class Blur(SignalFilter):
    VERSION: ClassVar[int] = {version}
    READS: ClassVar[tuple[str, ...]] = ("picture",)
    COLUMNS: ClassVar[dict[str, type]] = {{"frames": int}}

    scale: float = 1.0

    def measure(self, clip: ClipView) -> Score:
        assert filters.motion.Motion.__name__ == "Motion"
        frames = len(clip.signals["picture"]["pts"])
        return {{"score": self.scale * frames * STEP, "frames": frames}}
"""


def stand_in(folder: Path, trace: Path) -> None:
    """Fill the folder with modules that nobody may import, and with a package of the user's own."""
    for name in SHADOWS:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TRACE.format(trace=str(trace)))
    package = folder / "my_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "helper.py").write_text("STEP = 2\n")
    (package / "blur.py").write_text(BLUR.format(version=1))


def test_the_users_folder(base: Project, tmp_path: Path) -> None:
    project = fresh(tmp_path / "work", str(base.input))
    trace = tmp_path / "trace"
    stand_in(project.root, trace)
    blur = {
        "use": "my_package.blur:Blur",
        "name": "blur",
        "scale": 0.5,
        "keep": {"min": 1, "frames": {"max": 71}},
    }
    project.pipeline["filters"].append(blur)
    project.write()

    ran = project.command("run", "pipelines.yaml", hooked=True)
    assert not trace.exists(), trace.read_text()
    assert ran.returncode == 0, ran.stderr
    # All clips that come so far are longer than one frame; the one of 72 frames is above the maximum.
    rows = project.sql(
        "SELECT frames, blur, blur_frames, dropped_by FROM clips JOIN verdicts USING (clip_id)"
    )
    measured = [row for row in rows if row["blur"] is not None]
    assert len(measured) == 5
    for row in measured:
        assert (row["blur"], row["blur_frames"]) == (float(row["frames"]), row["frames"])
        assert row["dropped_by"] == ("blur.frames" if row["frames"] == 72 else None)
    assert {
        name: data for name, data in project.members().items() if name.endswith(".mp4")
    }.items() <= base.members().items()
    assert all(document["scores"]["blur"]["score"] > 0 for document in project.documents())

    # Its rows are kept until its version goes up.
    for version, done in ((1, 0), (2, 5)):
        (project.root / "my_package" / "blur.py").write_text(BLUR.format(version=version))
        again = project.command("run", "pipelines.yaml", without_ray=True)
        assert again.returncode == 0, again.stderr
        steps = project.steps()
        assert steps["score:blur"]["done"] == done
        idle(steps, *(name for name in steps if name not in ("score:blur", "decide")))
    planned = project.command("plan", "pipelines.yaml", "--format", "json")
    assert {step["todo"] for step in json.loads(planned.stdout)["steps"]} == {0}
    assert project.command("verify", "run").returncode == 0
    assert not trace.exists(), trace.read_text()


@pytest.mark.parametrize(
    ("use", "message"),
    [
        ("my_package.nothing:Blur", "cannot be imported"),
        ("my_package.blur:Sharp", "cannot be imported"),
        ("my_package.helper:STEP", "is not a filter: derive it from SignalFilter or"),
        ("blurr", "known are"),
    ],
)
def test_a_plugin_that_is_not_there(tmp_path: Path, use: str, message: str) -> None:
    project = fresh(tmp_path / "work", "input", filters=[{"use": use}])
    project.input.mkdir()
    stand_in(project.root, tmp_path / "trace")
    project.write()
    ran = project.command("run", "pipelines.yaml", without_ray=True)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not project.out.exists()
