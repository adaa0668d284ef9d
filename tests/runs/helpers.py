"""A small input with known answers, and a project: a folder with an input, a pipelines.yaml and its run."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import yaml
from av.video.frame import VideoFrame

from curate.config import load
from curate.query import query
from curate.run import Summary, execute
from curate.storage import Folder
from tests.making import add_sound, write_sound
from tests.packing import Quiet

Row = dict[str, Any]
REPOSITORY = Path(__file__).resolve().parents[2]

MAIN = "from curate.cli import main; main()"
HOOK = """
import sys
from importlib.util import spec_from_file_location

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in ("curate", "stages", "filters", "captioners", "training"):
            return spec_from_file_location(name, {root!r} + "/" + name + "/__init__.py")

sys.meta_path[:] = [f for f in sys.meta_path if "__editable__" not in getattr(f, "__module__", "")]
sys.meta_path.append(Finder)
"""


@dataclass(frozen=True)
class Shot:
    """`look`: pan (a texture, 6 % of the diagonal a second), still, or blown (pan, mostly white)."""

    look: str
    seconds: Fraction
    fate: str | None = None
    """What `dropped_by` says under PIPELINE; None: kept."""


@dataclass(frozen=True)
class Film:
    fps: int
    shots: tuple[Shot, ...]
    sound: bool = False
    seed: int = 0

    def frames(self) -> list[int]:
        """Frames of each shot."""
        return [int(shot.seconds * self.fps) for shot in self.shots]


def shot(look: str, seconds: str, fate: str | None = None) -> Shot:
    return Shot(look, Fraction(seconds), fate)


FILMS: dict[str, Film] = {
    "first.mp4": Film(
        24,
        (
            shot("pan", "2"),
            shot("still", "2", "motion"),
            shot("pan", "3"),
            shot("pan", "3/4", "cuts.min_seconds"),
            shot("pan", "5/4"),
        ),
        seed=10,
    ),
    "second.mp4": Film(
        30, (shot("pan", "2"), shot("blown", "2", "exposure"), shot("pan", "2")), sound=True, seed=20
    ),
    "slow.mkv": Film(8, (shot("pan", "2", "media.fps"),), seed=30),
}
SIZE = (160, 96)

PIPELINE: dict[str, Any] = {
    "input": "input",
    "output": "run",
    "cuts": {"use": "adaptive", "min_seconds": 1, "max_seconds": 20},
    "filters": [
        {"use": "media", "keep": {"fps": {"min": 10}, "short_side": {"min": 90}}},
        {"use": "motion", "keep": {"min": 0.5, "max": 20}},
        {"use": "exposure", "keep": {"max": 0.5}},
    ],
    "captioner": {"use": "measured"},
    "shards": {"max_bytes": "60KB", "preset": "ultrafast", "validation": 0.3},
    "audit": 0,
}


def picture(look: str, seed: int, k: int, fps: int) -> np.ndarray:
    """Frame `k` of a shot: uint8 BGR (height, width, 3)."""
    width, height = SIZE
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    full = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    if look == "blown":
        full[: height * 7 // 10] = 255
    moved = 0 if look == "still" else k * 12 // fps  # 12 pixels a second
    return np.ascontiguousarray(np.roll(full, moved, axis=1))


def write_film(path: Path, film: Film) -> Path:
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        options = {"preset": "ultrafast", "crf": "16", "g": "12", "x264-params": "cpu-independent=1"}
        stream: Any = container.add_stream("libx264", rate=film.fps, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = Fraction(1, film.fps)
        sound = add_sound(container) if film.sound else None
        at = 0
        for number, (one, count) in enumerate(zip(film.shots, film.frames(), strict=True)):
            for k in range(count):
                image = picture(one.look, film.seed + number, k, film.fps)
                frame = VideoFrame.from_ndarray(image, format="bgr24")
                frame.pts, frame.time_base = at, Fraction(1, film.fps)
                container.mux(stream.encode(frame))
                at += 1
        container.mux(stream.encode(None))
        if sound is not None:
            write_sound(container, sound, float(Fraction(at, film.fps)))
    return path


def write_films(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, film in FILMS.items():
        write_film(folder / name, film)
    return folder


def extra_film(path: Path) -> Path:
    """A video of two shots that is not in FILMS; both shots are kept."""
    return write_film(path, Film(25, (shot("pan", "2"), shot("pan", "2")), seed=40))


def flipped(path: Path, target: Path) -> Path:
    """A copy in which one byte in the middle is another."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x01
    target.write_bytes(data)
    return target


@dataclass
class Project:
    """A folder as a user has it."""

    root: Path
    pipeline: dict[str, Any] = field(default_factory=lambda: json.loads(json.dumps(PIPELINE)))

    @property
    def out(self) -> Path:
        return self.root / str(self.pipeline["output"])

    @property
    def input(self) -> Path:
        return self.root / "input"

    def write(self) -> Path:
        """Write pipelines.yaml, with full paths so that it works from any folder; its path."""
        body = dict(self.pipeline)
        inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
        body["input"] = [str(self.root / one) for one in inputs]
        body["output"] = str(self.out)
        path = self.root / "pipelines.yaml"
        path.write_text(yaml.safe_dump({"pipelines": {"test": body}}, sort_keys=False))
        return path

    def run(self, *settings: str) -> Summary:
        """`curate run` in this process."""
        return execute(load(str(self.write()), None, settings), Quiet())

    def command(
        self, *arguments: str, without_ray: bool = False, hooked: bool = False
    ) -> "subprocess.CompletedProcess[str]":
        """A `curate` command as a user gives it.

        `without_ray`: `import ray` fails. `hooked`: we are installed as setuptools' editable installations
        are, by a hook that Python asks after every path.
        """
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        start = ["-P", "-m", "curate.cli"]
        if without_ray:
            start = ["-P", "-c", "import sys; sys.modules['ray'] = None; " + MAIN]
        elif hooked:
            del environment["PYTHONPATH"]
            start = ["-P", "-c", HOOK.format(root=str(REPOSITORY)) + MAIN]
        return subprocess.run(
            [sys.executable, *start, *arguments],
            cwd=self.root, env=environment, capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    def sql(self, text: str) -> list[Row]:
        rows: list[Row] = query(Folder(str(self.out)), text).to_pylist()
        return rows

    def steps(self, run: int | None = None) -> dict[str, Row]:
        """Rows of `steps` of one run (the last by default) by step."""
        rows = self.sql("SELECT * FROM steps")
        wanted = run if run is not None else max(row["run"] for row in rows)
        return {row["step"]: row for row in rows if row["run"] == wanted}

    def shards(self) -> dict[str, str]:
        """Digest of every file below RUN/shards."""
        return digests(self.out / "shards")

    def samples(self) -> list[Row]:
        return self.sql("SELECT * FROM samples ORDER BY key")

    def result(self) -> tuple[dict[str, str], list[Row]]:
        """What must be the same by whatever way one comes to it."""
        return self.shards(), self.samples()

    def kept(self) -> set[str]:
        return {row["clip_id"] for row in self.sql("SELECT clip_id FROM verdicts WHERE kept")}

    def members(self) -> dict[str, bytes]:
        """Contents of every member of every shard, by its row of `samples`."""
        found = {}
        for row in self.samples():
            data = (self.out / row["shard"]).read_bytes()
            for column, extension in (
                ("mp4", "mp4"),
                ("json", "json"),
                ("txt", "txt"),
                ("short_txt", "short.txt"),
            ):
                start = row[f"{column}_offset"]
                found[f"{row['key']}.{extension}"] = data[start : start + row[f"{column}_bytes"]]
        return found

    def documents(self) -> list[Row]:
        """Every KEY.json."""
        return [json.loads(data) for name, data in self.members().items() if name.endswith(".json")]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def times(folder: Path) -> dict[str, int]:
    """Modification time of every file below `folder`."""
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def copied(project: Project, root: Path) -> Project:
    """The project with its run somewhere else, reading the same input files as before."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copytree(project.out, root / "run")
    copy = Project(root)
    copy.pipeline["input"] = str(project.input)
    return copy


def fresh(root: Path, inputs: str | Sequence[str], **changes: Any) -> Project:
    """A project that never ran."""
    root.mkdir(parents=True, exist_ok=True)
    project = Project(root)
    project.pipeline |= {"input": inputs if isinstance(inputs, str) else list(inputs), **changes}
    return project


WORK = ("frames_decoded", "clips_encoded")


def idle(steps: dict[str, Row], *names: str) -> None:
    """Assert that the steps did nothing."""
    for name in names:
        row = steps[name]
        assert (row["done"], *(row[column] for column in WORK)) == (0, 0, 0), row
