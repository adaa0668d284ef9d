"""Filters that look at frames: what an actor does with a batch, and a run with Ray."""

from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from curate.clips import digest
from curate.plugins import FrameFilter, SampledClip, Sampling, Score
from curate.signals.frames import SCHEMA, encode_jpeg
from curate.signals.parts import PartWriter
from stages import score_frames
from stages.score_frames import measure, measurer
from tests.numbered import number_of, numbered, steady, write_source

LIMITS = {"stall_seconds": 60.0, "max_memory": 4_000_000_000}


class Numbers(FrameFilter):
    """Score: mean of the numbers that the frames show. What a test wants to go wrong is an option."""

    VERSION: ClassVar[int] = 1
    COLUMNS: ClassVar[dict[str, type]] = {"frames": int, "first": float}
    wrong: str = ""

    def sampling(self) -> Sampling:
        return Sampling(frames=3, short_side=96)

    def load(self) -> Any:
        return "the model"

    def measure(self, model: Any, clips: Any) -> list[Score | Exception]:
        assert model == "the model"
        if self.wrong == "batch":
            raise RuntimeError("no memory on the card")
        found = [self._one(clip) for clip in clips]
        return found[1:] if self.wrong == "count" else found

    def _one(self, clip: SampledClip) -> Score | Exception:
        grey = [cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY) for frame in clip.frames]
        numbers = [number_of(picture) for picture in grey]
        if self.wrong == "second" and clip.clip["start_pts"] == 10:
            return ValueError("this one is too dark")
        score = float("nan") if self.wrong == "nan" else float(np.mean(numbers))
        return {"score": score, "frames": len(numbers), "first": clip.frames[0].seconds}


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Clips [0, 10) and [10, 20), with a frame stored for every second pts, and [31, 32), with none."""
    folder = tmp_path_factory.mktemp("frames")
    source = write_source(folder / "a.mp4", steady(40), Fraction(1, 10))
    video = digest(b"video")
    with PartWriter(folder / "frames.parquet", SCHEMA, video) as writer:
        for pts in range(0, 30, 2):
            jpeg = encode_jpeg(cv2.cvtColor(numbered(pts), cv2.COLOR_GRAY2RGB), 95)
            writer.add(pts, (jpeg,))
    return [
        {
            "clip": {
                "clip_id": f"{start:032x}", "video_id": video.hex(), "start_pts": start, "end_pts": end,
                "time_base": "1/10",
            },
            "video": {}, "frames": str(folder / "frames.parquet"), "signals": {}, "source": str(source),
            "irregular": False,
        }
        for start, end in [(0, 10), (10, 20), (31, 32)]
    ]  # fmt: skip


def test_a_batch(items: list[dict[str, Any]]) -> None:
    work = measurer(f"{Numbers.__module__}:Numbers", {}, LIMITS)
    assert work(items) == [
        {"clip_id": f"{0:032x}", "score": pytest.approx(14 / 3), "frames": 3, "first": 0.2, "error": None},
        {"clip_id": f"{10:032x}", "score": pytest.approx(44 / 3), "frames": 3, "first": 1.2, "error": None},
        # Nothing was stored of this one: its frame is decoded from the source.
        {"clip_id": f"{31:032x}", "score": 31.0, "frames": 1, "first": 3.1, "error": None},
    ]


def test_each_batch_gives_the_same_as_all_together(items: list[dict[str, Any]]) -> None:
    plugin = Numbers()
    together = measure(plugin, plugin.load(), LIMITS, items)
    assert [measure(plugin, plugin.load(), LIMITS, [item])[0] for item in items] == together


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ("second", [None, "this one is too dark", None]),
        ("batch", ["RuntimeError: no memory on the card"] * 3),
        ("count", ["the filter gave 2 scores for 3 clips"] * 3),
        ("nan", ["score is nan"] * 3),
    ],
)
def test_what_goes_wrong(items: list[dict[str, Any]], wrong: str, errors: list[str | None]) -> None:
    plugin = Numbers(wrong=wrong)
    found = measure(plugin, plugin.load(), LIMITS, items)
    assert [row["error"] for row in found] == errors
    assert [row["clip_id"] for row in found] == [item["clip"]["clip_id"] for item in items]


def test_a_part_that_is_gone_fails_its_clip_alone(items: list[dict[str, Any]], tmp_path: Path) -> None:
    plugin = Numbers()
    broken = [items[0], {**items[1], "frames": str(tmp_path / "gone.parquet")}, items[2]]
    found = measure(plugin, plugin.load(), LIMITS, broken)
    assert [row["error"] is None for row in found] == [True, False, True]
    assert "gone.parquet" in found[1]["error"]


def test_signals_are_those_of_the_clip(items: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(Numbers, "_one", lambda self, clip: seen.append(clip.signals) or {"score": 1})
    score_frames._part.cache_clear()
    given = {**items[1], "signals": {"stored": items[1]["frames"]}}
    measure(Numbers(), "the model", LIMITS, [given])
    assert seen[0]["stored"]["pts"].tolist() == [10, 12, 14, 16, 18]
