"""From raw clips to what a model is fed: the motion sample, curated, resolved, planned, loaded."""

import json
from pathlib import Path
from typing import Any

import pytest

from curate.manifest import WhereError, resolve
from curate.sample.motion import make_motion, measure
from curate.storage import Folder
from tests.runs.helpers import Project

pytest.importorskip("torch")
pytestmark = pytest.mark.ray

COUNT = 24


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, ray_started: None) -> Project:
    project = Project(tmp_path_factory.mktemp("motion"))
    make_motion(project.root / "clips", COUNT)
    project.pipeline = {
        "input": str(project.root / "clips/train.csv"), "output": str(project.root / "run"),
        "cuts": {"min_seconds": 1}, "shards": {"crf": 12, "validation": 0.2},
    }  # fmt: skip
    project.run()
    return project


def test_every_clip_arrives_with_its_caption_and_shows_what_it_says(run: Project, tmp_path: Path) -> None:
    from training.data import Loader, Reader
    from training.manifest import TRAIN, VALIDATION, Manifest
    from training.plan import Plan, Schedule
    from training.prompts import Policy
    from training.windows import Sizes

    answers: dict[str, Any] = json.loads((run.root / "clips/answers.json").read_bytes())
    known = {one["caption"]: one for one in answers["files"].values() if not one["withheld"]}
    folder = Folder(str(run.out))
    done = resolve(folder, tmp_path / "m.parquet", tier="64px")
    assert done.train + done.validation == COUNT * 3 // 4
    assert done.validation > 0
    found = Manifest.read(tmp_path / "m.parquet")
    found.check_shards()
    sizes = Sizes(tier="64px", max_frames=17)
    only = Policy(dense=0, short=0, fields=0, original=1, dropout=0)
    schedule = Schedule(found, 0, pack_tokens=320, sizes=sizes)
    assert schedule.epoch(0).draws == done.train
    steps = ((k, schedule.deal(k, 0, 1)) for k in range(len(schedule.epoch(0))))
    validation = Plan(found, 0, 0, pack_tokens=320, sizes=sizes, split=VALIDATION)
    fixed = ((k, validation.deal(k, 0, 1)) for k in range(len(validation)))
    seen: dict[str, set[bytes]] = {}
    for split, those in ((TRAIN, steps), (VALIDATION, fixed)):
        with Loader(Reader(found, policy=only), those) as loader:
            items = [item for batch in loader for pack in batch.packs for item in pack]
        assert not loader.stats.skipped
        seen[split] = {item.draw.key.clip_id for item in items}
        for item in items:
            assert item.pixels is not None
            assert item.pixels.shape == (17, 64, 64, 3)
            shown = measure(item.pixels.numpy())
            assert (shown.colour, shown.direction) == (
                known[item.text]["colour"],
                known[item.text]["direction"],
            )
    assert not seen[TRAIN] & seen[VALIDATION]
    assert len(seen[TRAIN] | seen[VALIDATION]) == COUNT * 3 // 4
    # What the policy draws by default is there too.
    sample = found.sample(0)
    assert {"dense", "short", "original"} <= set(sample.captions)
    assert any(name.startswith("fields.") for name in sample.captions)


def test_where_over_a_real_run(run: Project, tmp_path: Path) -> None:
    folder = Folder(str(run.out))
    everything = resolve(folder, tmp_path / "m.parquet")
    assert resolve(folder, tmp_path / "n.parquet", where="end_seconds - start_seconds > 2").left_out == 0
    ids = [row["clip_id"] for row in run.sql("SELECT clip_id FROM samples ORDER BY clip_id LIMIT 2")]
    some = resolve(folder, tmp_path / "n.parquet", where=f"clip_id IN ('{ids[0]}', '{ids[1]}')")
    assert some.train + some.validation == 2
    assert some.left_out == everything.train + everything.validation - 2
    with pytest.raises(WhereError, match="one expression"):
        resolve(folder, tmp_path / "n.parquet", where="true; DELETE FROM samples")
