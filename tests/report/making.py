"""A finished run for the report, written straight into its tables: many clips with known scores, sampled
frames, names and words that mean harm. Nothing is decoded, no Ray is started."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curate import clips, state
from curate.config import Plan, resolve
from curate.context import Context, Keys, Step, versions
from curate.plugins import ClipView, Score, SignalFilter
from curate.signals.frames import NAME as FRAMES
from curate.signals.frames import encode_jpeg
from curate.storage import Folder, claim
from curate.tables import Tables, to_table
from curate.verdicts import rules_key
from stages import decide
from stages.inputs import Entry
from tests.packing import Quiet

VIDEOS, CLIPS = 12, 20
"""Videos of the run, and clips in each: the first too short for the cuts."""

HOSTILE = (
    '/in/<script>document.title="pwned"</script>.mp4',
    "/in/\"quotes' & <b>tags</b>\nnewline.mp4",
    "/in/\u202egpj.evil\u2066.mp4",
    "file:///in/%FF%FE.mp4",
    "/in/{{ 7 * 7 }}{% raw %}.mp4",
    "/in/" + "long" * 60 + ".mp4",
)
WORDS = '<img src=x onerror=alert(1)> "SALE" \u202e%05 off'
CAPTION = "A long caption with <i>markup</i> & more.\nIt has two lines. " + "word " * 390


class Words(SignalFilter):
    """Score: what is written in the picture.

    Columns: a text and a truth value."""

    VERSION: ClassVar[int] = 1
    COLUMNS: ClassVar[dict[str, type]] = {"words": str, "loud": bool}

    def measure(self, clip: ClipView) -> Score:
        raise AssertionError("written, never measured")


PIPELINE: dict[str, Any] = {
    "filters": [
        {"use": "media", "keep": {"fps": {"min": 10}}},
        {"use": "motion", "keep": {"min": 0.3, "max": 20}},
        {"use": "exposure"},
        {"use": "tests.report.making:Words", "name": "words", "keep": {"min": 0.5}},
    ]
}


@dataclass
class Made:
    folder: Folder
    plan: Plan
    motion: dict[bytes, float]
    """Clip -> motion score of every clip that has one."""

    @property
    def tables(self) -> Tables:
        return Tables(self.folder)


def video(number: int) -> bytes:
    return clips.digest(b"video", str(number).encode())


def uri(number: int) -> str:
    return HOSTILE[number] if number < len(HOSTILE) else f"/in/{number}.mp4"


def make(root: Path, **changes: Any) -> Made:
    """The run under PIPELINE with `changes`."""
    folder = Folder(str(root))
    claim(folder)
    plan = resolve("test", {"input": "in", "output": folder.root, **PIPELINE, **changes})
    keys = Keys.of(plan)
    tables = Tables(folder)
    listed = _write_input(tables, keys)
    rows = _write_clips(tables, keys)
    motion = _write_scores(tables, plan, keys, rows)
    _write_results(folder, tables, plan, keys, listed, rows)
    return Made(folder, plan, motion)


def _write_input(tables: Tables, keys: Keys) -> list[Entry]:
    listed = [Entry(uri(n), uri(n), 1000 + n, str(n), {}) for n in range(VIDEOS)]
    gone = Entry("/in/gone.mp4", "/in/gone.mp4", 0, "", {}, "cannot be opened: No such file or directory")
    tables.append("inputs", [
        {"uri": e.uri, "bytes": e.bytes, "modified": e.modified, "carried": "{}", "missing": e.missing}
        for e in [*listed, gone]
    ])  # fmt: skip
    tables.append("files", [
        {"uri": e.uri, "bytes": e.bytes, "modified": e.modified, "video_id": video(n)}
        for n, e in enumerate(listed)
    ])  # fmt: skip
    tables.append("videos", [
        {"video_id": video(n), "bytes": 1000 + n, "width": 640 if n % 3 else 360,
         "height": 360 if n % 3 else 640, "fps": 24.0 if n % 2 else None, "seconds": 60.0, "key": keys.videos}
        for n in range(VIDEOS)
    ])  # fmt: skip
    rng = np.random.default_rng(3)
    for n in range(VIDEOS):
        at = list(range(0, 600, 5))
        shades = rng.integers(0, 256, (len(at), 3), np.uint8)
        frames = {
            "video_id": clips.ids_array([video(n)] * len(at)),
            "pts": at,
            "jpeg": [encode_jpeg(np.full((36, 64, 3), shade, np.uint8), 80) for shade in shades],
        }
        part = Path(tables.folder.path(f"frames/{n}.parquet"))
        part.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table(frames), part)
    tables.append("scans", [
        {
            "video_id": video(n), "frames_decoded": 600, "salvaged": n == 7, "time_base": "1/10",
            "first_error": "damaged packet" if n == 7 else None, "errors": int(n == 7),
            "groups": [
                {"group": group, "key": key, "part": f"frames/{n}.parquet" if group == FRAMES else "x",
                 "rows": 1, "bytes": 1}
                for group, key in keys.groups.items()
            ],
        }
        for n in range(VIDEOS)
    ])  # fmt: skip
    return listed


def _write_clips(tables: Tables, keys: Keys) -> list[dict[str, Any]]:
    rows = []
    for n in range(VIDEOS):
        for k in range(CLIPS):
            start, end = k * 30, (k + 1) * 30
            rows.append({
                "clip_id": clips.clip_id(video(n), start, end), "video_id": video(n), "start_pts": start,
                "end_pts": end, "time_base": "1/10", "start_seconds": start / 10, "end_seconds": end / 10,
                "frames": 30, "audited": (n * CLIPS + k) % 4 == 0,
                "dropped_by": "cuts.min_seconds" if k == 0 else None,
            })  # fmt: skip
    tables.append("clips", rows, key=keys.cuts)
    return rows


def _write_scores(tables: Tables, plan: Plan, keys: Keys, rows: list[dict[str, Any]]) -> dict[bytes, float]:
    """Media for all clips that are long enough or audited; motion over five decades, with one failure and one
    clip on either bound; the words of what is left."""
    rng = np.random.default_rng(1)
    there = [row["clip_id"] for row in rows if row["dropped_by"] is None or row["audited"]]
    fps = {clip: float(rng.choice([5.0, 10.0, 24.0, 25.0, 30.0])) for clip in there}
    media = [
        {"clip_id": clip, "score": 360.0, "seconds": 3.0, "fps": fps[clip], "short_side": 360, "aspect": 1.5}
        for clip in there
    ]
    moving = [row["clip_id"] for row in rows if row["clip_id"] in fps]
    moving = [clip for clip in moving if fps[clip] >= 10 or clip in moving[::9]]
    speed = {clip: float(10 ** rng.uniform(-3, 2)) for clip in moving}
    on_bounds = [clip for clip in moving if fps[clip] >= 10][1:4]
    speed[on_bounds[0]], speed[on_bounds[1]] = 0.3, 20.0
    del speed[on_bounds[2]]
    motion: list[dict[str, Any]] = [{"clip_id": clip, "score": value} for clip, value in speed.items()]
    motion.append({"clip_id": on_bounds[2], "score": None, "error": "no flow in frame 17"})
    words = [
        {"clip_id": clip, "score": 0.4 if n % 10 == 0 else 0.5 + n / 1000, "words": WORDS if n % 2 else None,
         "loud": n % 3 == 0}
        for n, clip in enumerate(speed)
    ]  # fmt: skip
    dark = [{"clip_id": clip, "score": 0.0, "black": 0.0, "white": 0.0, "flat": 0.0} for clip in speed]
    for name, scores in (("media", media), ("motion", motion), ("exposure", dark), ("words", words)):
        step = next((step for step in plan.filters if step.name == name), None)
        if step is not None:
            table = to_table(clips.score_schema(step.plugin.COLUMNS), scores)
            tables.append(f"scores/{name}", table, key=keys.filters[name])
    return speed


def _write_results(
    folder: Folder, tables: Tables, plan: Plan, keys: Keys, listed: list[Entry], rows: list[dict[str, Any]]
) -> None:
    words = {"short": "A <b>short</b> caption", "dense": CAPTION, "captioner": "measured", "outcome": "ok"}
    tables.append("captions", [{"clip_id": row["clip_id"], **words} for row in rows], key=keys.captioner)
    context = Context(folder, tables, plan, keys, Quiet(), run=1)
    found = state.videos(listed, tables, keys)
    table = state.current_clips(tables, keys, found)
    rules = rules_key(plan, keys)
    verdicts = decide.decide(context, table, tried=True)
    digest = decide.run(context, table, verdicts, rules, None)
    kept = [row["clip_id"] for row in rows_kept(tables, rules)]
    tables.append("samples", [
        {"clip_id": clip, "shard": f"shards/b{n % 3}/all-{n % 2}.tar", "key": clip.hex(), "mp4_bytes": 100,
         "width": 320, "height": 180, "fps": 24.0, "seconds": 3.0, "bucket": f"b{n % 3}", "split": "train"}
        for n, clip in enumerate(sorted(kept))
    ])  # fmt: skip
    tables.append("runs", [{
        "run": 1, "name": "test", "rules": rules, "verdicts": digest, "passed_over": 2,
        "pipeline": json.dumps(plan.pipeline.model_dump(mode="json")), "keys": json.dumps(keys.shown(plan)),
        "versions": json.dumps(versions(), sort_keys=True), "ended": "2026-01-02T03:04:05",
    }])  # fmt: skip
    context.steps = {
        "scan": Step("scan", done=2, reused=10, frames_decoded=1200, seconds=61.5),
        "shards": Step("shards", done=len(kept), clips_encoded=len(kept), seconds=0.25),
    }
    context.write_steps()


def rows_kept(tables: Tables, rules: str) -> list[dict[str, Any]]:
    return [row for row in tables.rows("verdicts", rules) if row["kept"]]
