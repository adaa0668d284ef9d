"""What is measured of a training, and where it is written: metrics.jsonl, TensorBoard, and a line on screen.

**MFU** is model FLOPs per second over the peak of the devices. Model FLOPs are those of the forward pass and
twice that for the backward pass, of the tokens that were trained on: no padding, no recomputation (Chowdhery
et al. 2022, PaLM, appendix B). Attention over packed clips counts the sum of n_i^2, not the square of the
sum. The seconds are those of the whole step: waiting for data, optimiser, average and logging included."""

import json
import math
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import torch

from training.options import Options
from training.ranks import Ranks

if TYPE_CHECKING:
    from training.engine import Part

TIME_BINS = 5
"""Bins of flow-matching time, of equal width: the loss is of different kinds at low and at high noise."""

PEAK_TFLOPS = {"H200": 989.0, "H100": 989.0, "A100": 312.0, "L40S": 362.0, "B200": 2250.0, "4090": 165.2}
"""Dense bf16, by NVIDIA's data sheets; looked for in the device's name."""

FILE = "metrics.jsonl"


@dataclass(slots=True)
class StepFacts:
    """A global step, as every rank sees it after `take`."""

    step: int
    wait: float
    """Seconds that this rank waited for data; of all ranks after `take`."""
    seconds: float = 0.0
    """Of the whole step on this rank."""
    loss: float = 0.0
    norm: float = 0.0
    """Of the gradient, before it is clipped."""
    rate: float = 0.0
    tokens: int = 0
    samples: int = 0
    packs: int = 0
    flops: float = 0.0
    world: int = 1
    losses: list[tuple[str, float]] = field(default_factory=list)
    """(clip, loss) of every sample."""
    by_time: dict[str, float] = field(default_factory=dict)
    by_bucket: dict[str, float] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    logs: dict[str, float] = field(default_factory=dict)

    def take(
        self,
        ranks: Ranks,
        parts: "list[Part]",
        skipped: list[str],
        *,
        norm: float,
        rate: float,
        flops: float,
        logs: dict[str, float],
        packs: int,
    ) -> None:
        """Put together what all ranks have seen of the step. Called by every rank."""
        own = {
            "parts": [(p.key, p.loss, p.tokens, p.time, p.bucket) for p in parts],
            "skipped": skipped, "flops": flops, "wait": self.wait, "logs": logs, "packs": packs,
        }  # fmt: skip
        found = ranks.gather(own)
        every = [part for one in found for part in one["parts"]]
        self.world, self.norm, self.rate = ranks.world, norm, rate
        self.tokens, self.samples = sum(part[2] for part in every), len(every)
        self.loss = _mean((part[1], part[2]) for part in every)
        self.losses = [(part[0], part[1]) for part in every]
        self.by_time = _grouped((_time_bin(part[3]), part[1], part[2]) for part in every)
        self.by_bucket = _grouped((part[4], part[1], part[2]) for part in every)
        self.skipped = [one for rank in found for one in rank["skipped"]]
        self.flops = sum(rank["flops"] for rank in found)
        self.packs = sum(rank["packs"] for rank in found)
        self.wait = sum(rank["wait"] for rank in found) / ranks.world
        for name in sorted({name for rank in found for name in rank["logs"]}):
            self.logs[name] = sum(rank["logs"].get(name, 0.0) for rank in found) / max(1, self.tokens)

    def worst(self, count: int) -> list[str]:
        """The samples with the largest losses, those that are no number first."""
        ranked = sorted(self.losses, key=lambda one: (math.isfinite(one[1]), -one[1]))
        return [f"{key} ({loss:.4g})" for key, loss in ranked[:count]]

    def row(self, peak: float | None) -> dict[str, Any]:
        """As it is written. Seconds and what follows from them differ from run to run, the rest does not."""
        speed = self.flops / self.seconds if self.seconds else 0.0
        return {
            "step": self.step, "loss": self.loss, "gradient_norm": self.norm, "learning_rate": self.rate,
            "tokens": self.tokens, "samples": self.samples, "packs": self.packs,
            "loss_by_time": self.by_time, "loss_by_bucket": self.by_bucket, **self.logs,
            "skipped": self.skipped,
            "seconds": self.seconds, "tokens_per_second": self.tokens / self.seconds if self.seconds else 0.0,
            "tflops": speed / 1e12, "mfu": speed / (peak * 1e12 * self.world) if peak else None,
            "wait_share": self.wait / self.seconds if self.seconds else 0.0,
        }  # fmt: skip


class Journal:
    """Writes what happens; on the first rank alone. A training that goes on rewrites what is later than its
    checkpoint, so that there is one line per step."""

    def __init__(self, out: Path, ranks: Ranks, options: Options, step: int) -> None:
        self._active = ranks.first
        self._options = options
        self._peak = peak_tflops(ranks.device, options)
        self._path = out / FILE
        self._file: Any = None
        self._board: Any = None
        self._shown = 0.0
        if self._active:
            _cut(self._path, step)
            self._file = open(self._path, "a", buffering=1)  # noqa: SIM115 - closed on leaving
            self._board = _board(out / "tensorboard", step)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._active:
            self._file.close()
            self._board.close()

    def step(self, facts: StepFacts) -> None:
        if not self._active:
            return
        row = facts.row(self._peak)
        self._file.write(json.dumps(row) + "\n")
        for skipped in facts.skipped:
            print(_skip_line(skipped), file=sys.stderr)
        last = facts.step + 1 == self._options.steps
        every = self._options.log_every
        if last or (every > 0 and facts.step % every == 0):
            for name in ("loss", "gradient_norm", "learning_rate", "tokens_per_second", "mfu", "wait_share"):
                if row[name] is not None:
                    self._board.add_scalar(f"train/{name}", row[name], facts.step)
            for name, loss in (facts.by_time | facts.by_bucket).items():
                self._board.add_scalar(f"loss/{name}", loss, facts.step)
        self._show(facts, row, last)

    def validation(self, step: int, found: dict[str, float]) -> None:
        """Figures on held-out samples after `step` steps."""
        if not self._active or not found:
            return
        self._file.write(json.dumps({"after_step": step, "validation": found}) + "\n")
        for name, value in found.items():
            self._board.add_scalar(f"validation/{name}", value, step)
        print(_validation_line(step, found), file=sys.stderr)

    def _show(self, facts: StepFacts, row: dict[str, Any], last: bool) -> None:
        """A line that is rewritten on a terminal, and one in half a minute elsewhere."""
        terminal, now = sys.stderr.isatty(), time.monotonic()
        if not last and now - self._shown < (0.2 if terminal else 30.0):
            return
        self._shown = now
        line = _step_line(row, f" of {self._options.steps}")
        print(
            f"\r{line}\033[K" if terminal else line, end="\n" if last or not terminal else "", file=sys.stderr
        )


def peak_tflops(device: torch.device, options: Options) -> float | None:
    """Peak of one device in TFLOP/s; None where it is not known."""
    if options.peak_tflops is not None or device.type != "cuda":
        return options.peak_tflops
    name = torch.cuda.get_device_name(device)
    return next((peak for part, peak in PEAK_TFLOPS.items() if part in name), None)


def _step_line(row: dict[str, Any], of: str = "") -> str:
    mfu = "" if row["mfu"] is None else f", MFU {row['mfu']:.1%}"
    return (
        f"step {row['step'] + 1}{of}: loss {row['loss']:.4f}, "
        f"{row['tokens_per_second']:,.0f} tokens/s{mfu}, {row['wait_share']:.0%} waiting for data"
    )


def _validation_line(step: int, found: dict[str, float]) -> str:
    return f"after step {step}: " + ", ".join(f"{name} {value:.4g}" for name, value in found.items())


def _skip_line(skipped: str) -> str:
    return f"skipped {skipped}"


def told(lines: Iterable[str]) -> list[str]:
    """What to show of new lines of metrics.jsonl: what was skipped, each validation, and the last step."""
    rows = [json.loads(line) for line in lines]
    steps = [row for row in rows if "step" in row]
    found = [_skip_line(one) for row in steps for one in row["skipped"]]
    found += [_validation_line(row["after_step"], row["validation"]) for row in rows if "validation" in row]
    return found + [_step_line(row) for row in steps[-1:]]


def read(out: Path) -> list[dict[str, Any]]:
    """The rows of metrics.jsonl; a last line that was cut off is left out."""
    rows = []
    for line in (out / FILE).read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def _cut(path: Path, step: int) -> None:
    """Keep what was written of the first `step` steps."""
    if not path.is_file():
        return
    kept = [row for row in read(path.parent) if row.get("step", row.get("after_step", 0) - 1) < step]
    partial = path.with_suffix(".partial")
    partial.write_text("".join(json.dumps(row) + "\n" for row in kept))
    os.replace(partial, path)


def _board(folder: Path, step: int) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=step)


def _time_bin(time: float) -> str:
    if math.isnan(time):
        return ""
    number = min(int(time * TIME_BINS), TIME_BINS - 1)
    return f"t {number / TIME_BINS:.1f}-{(number + 1) / TIME_BINS:.1f}"


def _mean(pairs: Iterable[tuple[float, int]]) -> float:
    total = weight = 0.0
    for value, tokens in pairs:
        total += value * tokens
        weight += tokens
    return total / weight if weight else 0.0


def _grouped(found: Iterable[tuple[str, float, int]]) -> dict[str, float]:
    groups: dict[str, list[tuple[float, int]]] = {}
    for name, loss, tokens in found:
        if name:
            groups.setdefault(name, []).append((loss, tokens))
    return {name: _mean(groups[name]) for name in sorted(groups)}
