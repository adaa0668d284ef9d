"""loss.png: the loss over the steps, on what was trained on and on what was held out, as a picture beside
metrics.jsonl."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.metrics import FILE, read

NAME = "loss.png"
BINS = 400
"""Points of a curve, at most: each is the mean of its steps, by tokens."""


def write_plot(out: Path) -> Path | None:
    """Draw OUT/loss.png from OUT/metrics.jsonl, whole or not at all; None where there is no step yet."""
    rows = read(out) if (out / FILE).is_file() else []
    steps = [row for row in rows if "step" in row and row["tokens"]]
    if not steps:
        return None
    from matplotlib.figure import Figure  # slow to import, and drawn twice in a training

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    number, loss, tokens = (np.array([row[key] for row in steps]) for key in ("step", "loss", "tokens"))
    left.plot(number + 1, loss, color="0.85", linewidth=0.8, label="each step")
    left.plot(*_binned(number, loss, tokens), color="C0", label="training")
    held_out = [row for row in rows if "loss" in row.get("validation", {})]
    if held_out:
        left.plot(
            [row["after_step"] for row in held_out],
            [row["validation"]["loss"] for row in held_out],
            "o-", color="C1", label="held out",
        )  # fmt: skip
    left.set_ylim(0, 1.05 * float(np.quantile(loss, 0.99)))
    _curves(right, steps)
    left.set_title("loss")
    for axes in (left, right):
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    partial = out / f"{NAME}.partial"
    figure.savefig(partial, format="png", dpi=110)
    os.replace(partial, out / NAME)
    return out / NAME


def _curves(axes: Any, steps: Sequence[dict[str, Any]]) -> None:
    """A curve per bin of the flow's time; the gradient's norm for a model that has no times."""
    names = sorted({name for row in steps for name in row["loss_by_time"]})
    axes.set_title("training loss by time" if names else "norm of the gradient")
    for name in names or ["norm"]:
        of_step = [
            (row["step"], row["loss_by_time"].get(name) if names else row["gradient_norm"]) for row in steps
        ]
        number, value = np.array([(step, loss) for step, loss in of_step if loss is not None], float).T
        axes.plot(*_binned(number, value, np.ones(len(value))), label=name, linewidth=1)


def _binned(step: Any, value: Any, weight: Any) -> tuple[Any, Any]:
    """(steps done, mean value) of runs of steps."""
    groups = np.array_split(np.arange(len(step)), min(BINS, max(1, len(step) // 10)))
    done = [step[group].mean() + 1 for group in groups]
    return done, [float(np.average(value[group], weights=weight[group])) for group in groups]
