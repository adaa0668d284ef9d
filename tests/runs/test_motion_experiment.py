"""The trainer learns what captions say: colour and direction of a disc, for pairs that it never saw.

Some ten minutes of one processor core: `make test-slow` runs it."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from curate.media import Viewer, decode
from curate.sample.motion import COLOURS, DIRECTIONS, measure
from tests.runs.helpers import Project
from tests.runs.motion_experiment import (
    CPU_SECONDS,
    command,
    curated,
    manifest_of,
    pairs_of,
    permuted,
    shown,
    sign_test,
    swapped,
    train,
)
from training.losses import Judge
from training.manifest import Manifest

pytestmark = [pytest.mark.slow, pytest.mark.ray]


@dataclass(frozen=True)
class Experiment:
    train: Project
    withheld: Project
    vae: Path
    manifest: Path
    model: Path
    seconds: float


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory, ray_started: None) -> Experiment:
    root = tmp_path_factory.mktemp("experiment")
    train_run, withheld = curated(root)
    command("train", "vae", train_run.out, "--preset", "smoke", "--out", root / "vae")
    command("encode", train_run.out, "--vae", root / "vae")
    manifest = manifest_of(train_run, root / "manifest.parquet")
    seconds = train(manifest, root / "vae", root / "dit")
    return Experiment(train_run, withheld, root / "vae", manifest, root / "dit", seconds)


def test_the_measurer_is_right_about_real_clips(experiment: Experiment) -> None:
    answers = json.loads((experiment.train.root / "clips/answers.json").read_bytes())["files"]
    right = 0
    for name, answer in answers.items():
        viewer = Viewer()
        frames = np.stack(
            [viewer.rgb(f.image, 64) for f in decode(str(experiment.train.root / "clips" / name))]
        )
        found = measure(frames)
        right += (found.colour, found.direction) == (answer["colour"], answer["direction"])
    assert right >= 0.99 * len(answers)


def test_a_model_shows_pairs_that_it_never_saw(experiment: Experiment) -> None:
    found = shown(experiment.model)
    said = f"colour {found['colour']}, direction {found['direction']}, {experiment.seconds:.0f} CPU seconds"
    print(said)
    assert experiment.seconds <= CPU_SECONDS, said
    assert found["colour"].rate >= 0.80, said
    assert found["direction"].rate >= 0.55, said


def test_with_permuted_captions_it_shows_them_by_chance(experiment: Experiment, tmp_path: Path) -> None:
    mixed = permuted(experiment.manifest, tmp_path / "permuted.parquet")
    train(mixed, experiment.vae, tmp_path / "dit")
    found = shown(tmp_path / "dit")
    print(f"permuted: colour {found['colour']}, direction {found['direction']}")
    for name, chance in (("colour", 1 / len(COLOURS)), ("direction", 1 / len(DIRECTIONS))):
        low, high = found[name].interval
        assert low <= chance <= high, f"{name} {found[name]}"


def test_right_captions_beat_swapped_ones_on_unseen_clips(experiment: Experiment, tmp_path: Path) -> None:
    manifest = Manifest.read(manifest_of(experiment.withheld, tmp_path / "withheld.parquet"))
    keys = sorted(pairs_of(experiment.withheld))
    assert 96 <= len(keys) <= 102
    right, _ = Judge(manifest, str(experiment.model), "cpu").losses(keys)
    other, _ = Judge(manifest, str(experiment.model), "cpu", swapped(experiment.withheld)).losses(keys)
    assert [a.clip_id for a in right] == [b.clip_id for b in other]
    wins = sum(a.loss < b.loss for a, b in zip(right, other, strict=True))
    helped = sum(a.loss < a.loss_null for a in right)
    print(f"right beats swapped on {wins} of {len(right)} clips, and no caption on {helped}")
    assert sign_test(wins, len(right) - wins) < 0.01
    assert sign_test(helped, len(right) - helped) < 0.01
