"""The picture of the loss."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training.loss_plot import write_plot


def line(step: int, loss: float, times: bool = True) -> dict[str, Any]:
    bins = {"t 0.0-0.2": loss * 2, "t 0.8-1.0": loss / 2} if times and step % 3 else {}
    return {"step": step, "loss": loss, "tokens": 100, "loss_by_time": bins, "gradient_norm": 1.0}


def test_a_training_is_drawn(tmp_path: Path) -> None:
    rows = [line(k, 2 / (1 + k / 20)) for k in range(200)]
    rows.append({"after_step": 200, "validation": {"loss": 0.5}})
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert write_plot(tmp_path) == tmp_path / "loss.png"
    first = cv2.imread(str(tmp_path / "loss.png"))
    assert first.shape[0] > 300
    assert first.shape[1] > 800
    # Other losses are another picture, and a model without times has one too.
    (tmp_path / "metrics.jsonl").write_text(
        "".join(json.dumps(line(k, 1.0, times=False)) + "\n" for k in range(5))
    )
    assert write_plot(tmp_path) is not None
    assert not np.array_equal(first, cv2.imread(str(tmp_path / "loss.png")))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loss.png", "metrics.jsonl"]


def test_without_a_step_there_is_no_picture(tmp_path: Path) -> None:
    assert write_plot(tmp_path) is None
    (tmp_path / "metrics.jsonl").write_text("")
    assert write_plot(tmp_path) is None
