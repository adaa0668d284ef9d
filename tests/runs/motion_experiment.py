"""The motion sample from raw clips to a trained model, with the commands of the trainer; and what a model
makes of captions whose pairs it never saw."""

import json
import math
import os
import random
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from typer.testing import CliRunner

from curate.cli import app
from curate.intervals import wilson
from curate.manifest import resolve
from curate.sample.motion import COLOURS, DIRECTIONS, WITHHELD, caption, make_motion, measure
from curate.storage import Folder
from tests.runs.helpers import Project
from tests.training.ranks_run import trained
from training.generate import Maker, Wanted
from training.manifest import Manifest

CLIPS = 400
ORIGINAL = ("--captions", "0", "0", "0", "1")
"""The captions of the source list: the measured ones say nothing of colours."""
CPU_SECONDS = 240
"""Of the training of the transformer."""


def command(*arguments: object) -> None:
    """A command in this process, where Ray runs already."""
    ended = CliRunner().invoke(app, [str(word) for word in arguments])
    assert ended.exit_code == 0, (ended.output, ended.exception)


def curated(root: Path) -> tuple[Project, Project]:
    """The clips to train on and the withheld ones, each a run of its own."""
    make_motion(root / "clips", CLIPS)
    runs = []
    for name in ("train", "withheld"):
        project = Project(root)
        project.pipeline = {
            "input": f"clips/{name}.csv", "output": f"runs/{name}", "cuts": {"min_seconds": 1},
            "shards": {"crf": 12},
        }  # fmt: skip
        project.run()
        runs.append(project)
    return runs[0], runs[1]


def permuted(manifest: Path, to: Path) -> Path:
    """The same manifest with the captions of its training clips dealt out anew."""
    found = Manifest.read(manifest)
    captions = found.table["captions"].to_pylist()
    random.Random(0).shuffle(captions)
    at = found.table.schema.get_field_index("captions")
    kind = found.table.schema.field("captions").type
    Manifest(found.table.set_column(at, "captions", pa.array(captions, kind)), found.root).write(to)
    return to


def manifest_of(run: Project, to: Path) -> Path:
    resolve(Folder(str(run.out)), to)
    return to


def train(manifest: Path, vae: Path, out: Path) -> float:
    """Train the preset `smoke`; the CPU seconds that it took, those of the interpreter's start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    trained(
        out, "--manifest", str(manifest), "--vae", str(vae), "--device", "cpu", *ORIGINAL,
        "--validate-every", "0", "--save-every", "0",
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@dataclass(frozen=True)
class Share:
    """So many of so many were right."""

    right: int
    count: int

    @property
    def rate(self) -> float:
        return self.right / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, 95 %."""
        return wilson(self.right, self.count)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.right} of {self.count} ({self.rate:.0%}, {low:.0%} to {high:.0%})"


def shown(model: Path, each: int = 12) -> dict[str, Share]:
    """What clips of withheld pairs show: `colour` and `direction`, each by itself."""
    maker, right = Maker(model, "cpu"), {"colour": 0, "direction": 0}
    pairs = sorted(WITHHELD)
    for number in range(each * len(pairs)):
        colour, direction = pairs[number % len(pairs)]
        frames, _ = maker.make(
            caption(colour, direction), Wanted(frames=17, size=(64, 64), seed=number, steps=25)
        )
        found = measure(frames)
        right["colour"] += found.colour == colour
        right["direction"] += found.direction == direction
    return {name: Share(count, each * len(pairs)) for name, count in right.items()}


def swapped(run: Project) -> dict[str, str]:
    """For each clip (by key) of a run the caption of one with another colour and another direction."""
    colours, directions = list(COLOURS), list(DIRECTIONS)
    found = {}
    for key, (colour, direction) in pairs_of(run).items():
        other = colours[(colours.index(colour) + 3) % len(colours)]
        found[key] = caption(other, directions[(directions.index(direction) + 1) % len(directions)])
    return found


def pairs_of(run: Project) -> Mapping[str, tuple[str, str]]:
    """(colour, direction) of each clip of a run, by key, from the answers."""
    answers = json.loads((run.root / "clips/answers.json").read_bytes())["files"]
    rows = run.sql(
        "SELECT s.key, v.uri FROM samples s JOIN clips USING (clip_id) JOIN videos v USING (video_id)"
    )
    by_name = {os.path.basename(name): one for name, one in answers.items()}
    return {
        row["key"]: (
            by_name[os.path.basename(row["uri"])]["colour"],
            by_name[os.path.basename(row["uri"])]["direction"],
        )
        for row in rows
    }


def sign_test(wins: int, losses: int) -> float:
    """P(at least so many wins) where either is as likely: the exact one-sided sign test."""
    n = wins + losses
    return sum(math.comb(n, k) for k in range(wins, n + 1)) / 2**n
