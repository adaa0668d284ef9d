"""The loop: the loss of a global step does not depend on ranks or accumulation; a run that was stopped goes
on as if it had not been; a bad loss stops before the weights move."""

import json
import math
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from training import checkpoint, engine, metrics
from training.engine import Diverged, PackLoss, Part, Trainer
from training.exported import WEIGHTS, write_model
from training.options import Options
from training.ranks import Ranks
from training.stopping import STOP, Stopped

WIDTH = 6
FACTS = {"seconds", "tokens_per_second", "tflops", "wait_share"}
"""What differs from run to run."""


@dataclass
class Sample:
    """A sample of some tokens, with a target of its own."""

    number: int
    tokens: int
    poison: float = 0.0

    def values(self) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(self.number)
        x = torch.randn(self.tokens, WIDTH, generator=generator)
        return x, x.roll(1, 1) * 0.5 + self.poison


@dataclass
class Batch:
    step: int
    packs: list[list[Sample]]
    skipped: list[str] = field(default_factory=list)


class Regression:
    """Learns to shift a row of numbers."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.module = nn.Sequential(nn.Linear(WIDTH, 16), nn.SiLU(), nn.Linear(16, WIDTH))
        self.unused = nn.Parameter(torch.zeros(3))
        self.module.register_parameter("unused", self.unused)
        self.blocks: Sequence[nn.Module] = [self.module[0], self.module[2]]
        self.shown: list[int] = []

    def tokens(self, pack: list[Sample]) -> int:
        return sum(one.tokens for one in pack)

    def flops(self, pack: list[Sample]) -> float:
        return 1000.0 * self.tokens(pack)

    def loss(self, pack: list[Sample]) -> PackLoss:
        if not pack:
            nothing = self.module(torch.zeros(1, WIDTH)).sum() * 0.0
            return PackLoss(nothing, torch.zeros(0), [])
        sums, parts = [], []
        for one in pack:
            x, target = one.values()
            sums.append((self.module(x) - target).square().mean(1).sum())
            parts.append(Part(f"{one.number:032x}", math.nan, one.tokens, time=0.3, bucket=f"{one.tokens}"))
        losses = torch.stack([s.detach() / one.tokens for s, one in zip(sums, pack, strict=True)])
        return PackLoss(torch.stack(sums).sum(), losses, parts)

    def validate(self) -> dict[str, float]:
        return {"loss": float(self.loss([Sample(999, 40)]).losses[0])}

    def show(self, folder: Path, step: int) -> None:
        self.shown.append(step)

    def export(self, out: Path, weights: dict[str, Tensor]) -> None:
        write_model(out, weights, {"width": WIDTH})


def options(**changed: Any) -> Options:
    plain: dict[str, Any] = {
        "steps": 12, "learning_rate": 1e-2, "warmup_steps": 2, "precision": "fp32", "compile": False,
        "recompute": "none", "save_every": 4, "validate_every": 0, "ema_decay": 0.9,
    }  # fmt: skip
    return Options(**{**plain, **changed})


def batches(first: int, steps: int = 1000, packs: int = 2, samples: int = 6) -> Iterator[Batch]:
    """The same samples in each step, however many packs they are dealt to."""
    for step in range(first, steps):
        all_of_them = [Sample(step * samples + k, 3 + (step + 5 * k) % 11) for k in range(samples)]
        yield Batch(step, [all_of_them[k::packs] for k in range(packs)])


def train(out: Path, *, packs: int = 2, **changed: Any) -> tuple[Regression, Trainer]:
    task = Regression()
    with Ranks("cpu") as ranks:
        trainer = Trainer(task, out, options(**changed), ranks, {"seed": 0})
        trainer.run(batches(trainer.step, packs=packs))
    return task, trainer


def weights(out: Path) -> dict[str, Tensor]:
    return load_file(out / WEIGHTS)


def told(out: Path) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k not in FACTS} for row in metrics.read(out)]


def test_it_learns_and_writes_what_it_did(tmp_path: Path) -> None:
    task, _ = train(tmp_path / "a", steps=200, save_every=0)
    rows = metrics.read(tmp_path / "a")
    losses = [row["loss"] for row in rows if "loss" in row]
    assert len(losses) == 200
    assert losses[-1] < losses[0] / 3
    first = rows[0]
    step = next(batches(0))
    assert first["tokens"] == sum(one.tokens for pack in step.packs for one in pack)
    assert first["samples"] == 6
    assert first["packs"] == 2
    assert first["tflops"] * first["seconds"] * 1e12 == pytest.approx(1000.0 * first["tokens"])
    assert first["mfu"] is None  # nobody knows what this machine can do at best
    assert set(first["loss_by_time"]) == {"t 0.2-0.4"}
    assert rows[-1]["validation"].keys() == {"loss"}
    assert task.shown == [200]
    assert json.loads((tmp_path / "a" / "config.json").read_text()) == {"width": WIDTH}


def test_the_loss_is_the_mean_over_the_tokens_of_the_step(tmp_path: Path) -> None:
    train(tmp_path / "a", steps=1)
    task = Regression()
    total = tokens = 0.0
    for pack in next(batches(0)).packs:
        total += task.loss(pack).total.item()
        tokens += task.tokens(pack)
    assert metrics.read(tmp_path / "a")[0]["loss"] == pytest.approx(total / tokens, rel=1e-6)


@pytest.mark.parametrize("packs", [1, 3, 6])
def test_accumulation_changes_nothing(tmp_path: Path, packs: int) -> None:
    train(tmp_path / "two", packs=2)
    train(tmp_path / "other", packs=packs)
    for one, other in zip(told(tmp_path / "two"), told(tmp_path / "other"), strict=True):
        if "loss" in one:
            assert other["loss"] == pytest.approx(one["loss"], rel=1e-5)
    expected, found = weights(tmp_path / "two"), weights(tmp_path / "other")
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], rtol=1e-4, atol=1e-6)


def test_a_stopped_run_goes_on_to_the_bit(tmp_path: Path) -> None:
    train(tmp_path / "straight")
    straight = told(tmp_path / "straight")

    task = Regression()
    with Ranks("cpu") as ranks:
        trainer = Trainer(task, tmp_path / "stopped", options(), ranks, {"seed": 0})

        def ended_after_seven() -> Iterator[Batch]:
            for batch in batches(0):
                if batch.step == 7:
                    os.kill(os.getpid(), signal.SIGTERM)
                yield batch

        with pytest.raises(Stopped, match="stopped after step 7, which is saved"):
            trainer.run(ended_after_seven())
    assert checkpoint.steps(tmp_path / "stopped") == [4, 7]
    train(tmp_path / "stopped")
    assert told(tmp_path / "stopped") == straight
    assert _digest(tmp_path / "stopped", 12) == _digest(tmp_path / "straight", 12)
    assert checkpoint.steps(tmp_path / "stopped") == [8, 12]


def test_a_file_asks_a_training_to_stop_once(tmp_path: Path) -> None:
    """Where signals do not reach it. Heeded, the file is gone, or the same command would stop again."""
    out = tmp_path / "a"
    task = Regression()
    with Ranks("cpu") as ranks:
        trainer = Trainer(task, out, options(), ranks, {"seed": 0})

        def asked_in_five() -> Iterator[Batch]:
            for batch in batches(0):
                if batch.step == 5:
                    (out / STOP).touch()
                yield batch

        with pytest.raises(Stopped, match="stopped after step 5"):
            trainer.run(asked_in_five())
    train(out)
    assert checkpoint.steps(out) == [8, 12]


def test_a_training_that_ended_before_its_first_checkpoint_begins_anew(tmp_path: Path) -> None:
    def broken() -> Iterator[Batch]:
        yield from batches(0, steps=2)
        raise RuntimeError("no more")

    with Ranks("cpu") as ranks:
        trainer = Trainer(Regression(), tmp_path / "a", options(), ranks, {"seed": 1})
        with pytest.raises(RuntimeError, match="no more"):
            trainer.run(broken())
    # Nothing was trained, so other options are no mistake.
    train(tmp_path / "a")
    train(tmp_path / "straight")
    assert told(tmp_path / "a") == told(tmp_path / "straight")
    assert json.loads((tmp_path / "a" / engine.RUN).read_text()) == {"seed": 0}


def test_the_seconds_of_steps_hold_what_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = metrics.Journal.step

    def slow(self: metrics.Journal, facts: metrics.StepFacts) -> None:
        time.sleep(0.05)
        write(self, facts)

    monkeypatch.setattr(metrics.Journal, "step", slow)
    train(tmp_path / "a", save_every=0)
    seconds = [row["seconds"] for row in metrics.read(tmp_path / "a") if "step" in row]
    assert all(one >= 0.05 for one in seconds[1:])


def test_a_run_that_was_killed_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    train(tmp_path / "straight")

    def killed_in_eleven() -> Iterator[Batch]:
        for batch in batches(0):
            if batch.step == 10:
                raise RuntimeError("killed")
            yield batch

    with Ranks("cpu") as ranks:
        trainer = Trainer(Regression(), tmp_path / "killed", options(), ranks, {"seed": 0})
        with pytest.raises(RuntimeError, match="killed"):
            trainer.run(killed_in_eleven())
    # Half of a checkpoint, as a kill in the middle of writing leaves it.
    (tmp_path / "killed" / checkpoint.FOLDER / "step-00000010.partial").mkdir()
    train(tmp_path / "killed")
    assert told(tmp_path / "killed") == told(tmp_path / "straight")
    assert _digest(tmp_path / "killed", 12) == _digest(tmp_path / "straight", 12)


def _digest(out: Path, step: int) -> list[tuple[str, list[float]]]:
    """All numbers of a checkpoint: weights, average, moments."""
    task = Regression()
    with Ranks("cpu") as ranks:
        trainer = Trainer(task, out, options(), ranks, {"seed": 0})
        assert trainer.step == step
        found: list[tuple[str, list[float]]] = []

        def walk(name: str, value: Any) -> None:
            if isinstance(value, Tensor):
                found.append((name, value.flatten().tolist()))
            else:
                for key in sorted(value):
                    walk(f"{name}.{key}", value[key])

        walk("", trainer._tensors())
    assert any("exp_avg_sq" in name for name, _ in found)
    return found


@pytest.mark.parametrize("poison", [math.nan, math.inf, 1e3])
def test_a_bad_loss_stops_before_the_weights_move(tmp_path: Path, poison: float) -> None:
    def with_poison() -> Iterator[Batch]:
        for batch in batches(0):
            if batch.step == 30:
                batch.packs[1][1].poison = poison
            yield batch

    task = Regression()
    with Ranks("cpu") as ranks:
        trainer = Trainer(task, tmp_path / "a", options(steps=40), ranks, {})
        culprit = f"{30 * 6 + 3:032x}"
        with pytest.raises(Diverged, match=f"step 30 is .*Largest: {culprit}"):
            trainer.run(with_poison())
    assert checkpoint.steps(tmp_path / "a")[-1] == 30
    assert all(value.isfinite().all() for value in task.module.parameters())
    report = json.loads((tmp_path / "a" / "diverged-00000030.json").read_text())
    assert len(report["samples"]) == 6
    # Without the sample it goes on from there.
    with Ranks("cpu") as ranks:
        trainer = Trainer(Regression(), tmp_path / "a", options(steps=40), ranks, {})
        assert trainer.step == 30
        trainer.run(batches(30))
    assert len([row for row in metrics.read(tmp_path / "a") if "loss" in row]) == 40


def test_skipped_samples_are_told_and_a_step_without_any_moves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = Regression()
    with Ranks("cpu") as ranks:
        trainer = Trainer(task, tmp_path / "a", options(steps=3), ranks, {})
        before: list[Tensor] = []

        def one_is_empty() -> Iterator[Batch]:
            for batch in batches(0, steps=3):
                if batch.step == 1:
                    before.extend(value.detach().clone() for value in task.module.parameters())
                    yield Batch(1, [[], []], ["abc in shards/x.tar: cut short"])
                else:
                    if batch.step == 2:
                        after = list(task.module.parameters())
                        assert all(map(torch.equal, before, after))
                    yield batch

        trainer.run(one_is_empty())
    assert "skipped abc in shards/x.tar: cut short" in capsys.readouterr().err
    row = metrics.read(tmp_path / "a")[1]
    assert (row["tokens"], row["loss"], row["skipped"]) == (0, 0.0, ["abc in shards/x.tar: cut short"])


def test_a_folder_of_another_training_is_left_alone(tmp_path: Path) -> None:
    train(tmp_path / "a")
    before = {path: path.read_bytes() for path in (tmp_path / "a").rglob("*") if path.is_file()}
    with (
        Ranks("cpu") as ranks,
        pytest.raises(ValueError, match=r"other options \(seed\): give another --out"),
    ):
        Trainer(Regression(), tmp_path / "a", options(), ranks, {"seed": 1})
    assert {path: path.read_bytes() for path in (tmp_path / "a").rglob("*") if path.is_file()} == before


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    train(tmp_path / "a")
    for path in (tmp_path / "a" / checkpoint.FOLDER / "step-00000012").glob("*.distcp"):
        path.write_bytes(path.read_bytes()[:100])
    with (
        Ranks("cpu") as ranks,
        pytest.raises(checkpoint.CheckpointError, match=r"step-00000012 cannot be read.*remove it"),
    ):
        Trainer(Regression(), tmp_path / "a", options(), ranks, {"seed": 0})


def test_the_rate_rises_and_falls() -> None:
    cosine = Options(steps=110, learning_rate=1.0, warmup_steps=10, schedule="cosine")
    assert cosine.rate_at(0) == pytest.approx(0.1)
    assert cosine.rate_at(9) == pytest.approx(1.0)
    assert cosine.rate_at(60) == pytest.approx(0.5)
    assert cosine.rate_at(110) == pytest.approx(0.0)
    assert Options(steps=110, learning_rate=1.0, warmup_steps=10).rate_at(100) == 1.0
