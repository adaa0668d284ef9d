"""A finished run with known answers, written straight into its tables: nothing is decoded, no Ray is started.

Two videos: one of four clips (the first too short for the cuts), one of two. Under PIPELINE, `media` drops
the clip of 5 fps, `motion` fails on one clip, and three are kept.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate import clips, state
from curate.config import Plan, resolve
from curate.context import Context, Keys, Step, versions
from curate.storage import Folder, claim
from curate.tables import Tables, to_table
from curate.verdicts import rules_key
from stages import decide
from stages.inputs import Entry
from tests.packing import Quiet

PIPELINE: dict[str, Any] = {
    "filters": [
        {"use": "media", "keep": {"fps": {"min": 10}}},
        {"use": "motion", "keep": {"min": 1}},
    ]
}
ONE, TWO, GONE = (clips.digest(name) for name in (b"one", b"two", b"gone"))
SPANS = {ONE: [(0, 5), (5, 40), (40, 80), (80, 120)], TWO: [(0, 30), (30, 60)]}
IDS = {(v, start): clips.clip_id(v, start, end) for v, spans in SPANS.items() for start, end in spans}
SHORT, SLOW, BROKEN, GOOD = (IDS[ONE, start] for start in (0, 5, 40, 80))
"""The clips of ONE: dropped by the cuts, dropped by media.fps, failed in motion, kept. TWO's are kept."""
KEPT = {GOOD, *(IDS[TWO, start] for start in (0, 30))}


@dataclass
class Written:
    folder: Folder
    plan: Plan
    keys: Keys
    listed: list[Entry]

    @property
    def tables(self) -> Tables:
        return Tables(self.folder)

    def resolved(self, **changes: Any) -> Plan:
        return plan_of(self.folder.root, **changes)


def plan_of(output: str, **changes: Any) -> Plan:
    return resolve("test", {"input": "in", "output": output, **PIPELINE, **changes})


def written(root: Path) -> Written:
    folder = Folder(str(root))
    claim(folder)
    plan = plan_of(folder.root)
    keys = Keys.of(plan)
    listed = [
        Entry("/in/a.mp4", "/in/a.mp4", 10, "1", {"licence": "CC0"}),
        Entry("/in/b.mp4", "/in/b.mp4", 20, "2", {}),
        Entry("/in/copy.mp4", "/in/copy.mp4", 10, "3", {}),
        Entry("/in/gone.mp4", "/in/gone.mp4", 0, "", {}, "cannot be opened: No such file or directory"),
    ]
    run = Written(folder, plan, keys, listed)
    tables = run.tables
    write_input(tables, listed, keys)
    write_clips(tables, keys)
    context = Context(folder, tables, plan, keys, Quiet(), run=1)
    found = state.videos(listed, tables, keys)
    table = state.current_clips(tables, keys, found)
    rules = rules_key(plan, keys)
    digest = decide.run(context, table, decide.decide(context, table, tried=True), rules, None)
    row = {
        "run": 1, "name": "test", "rules": rules,
        "pipeline": json.dumps(plan.pipeline.model_dump(mode="json")),
        "keys": json.dumps(keys.shown(plan)), "verdicts": digest, "passed_over": 0,
        "versions": json.dumps(versions(), sort_keys=True), "ended": "2026-01-01T00:00:00",
    }  # fmt: skip
    tables.append("runs", [row])
    context.steps = {"scan": Step("scan", done=2, frames_decoded=180), "shards": Step("shards", done=3)}
    context.write_steps()
    return run


def write_input(tables: Tables, listed: list[Entry], keys: Keys) -> None:
    facts = [{"uri": e.uri, "bytes": e.bytes, "modified": e.modified} for e in listed]
    tables.append("inputs", [
        {**fact, "carried": json.dumps(e.carried), "missing": e.missing}
        for fact, e in zip(facts, listed, strict=True)
    ])  # fmt: skip
    read = dict(zip(facts[0], ("/in/left.mp4", 30, "4"), strict=True))
    tables.append("files", [
        {**fact, "video_id": v} for fact, v in zip([*facts[:3], read], (ONE, TWO, ONE, GONE), strict=True)
    ])  # fmt: skip
    tables.append("videos", [
        {"video_id": v, "bytes": size, "width": 640, "height": 360, "seconds": 12.0, "key": keys.videos}
        for v, size in ((ONE, 10), (TWO, 20), (GONE, 30))
    ])  # fmt: skip
    groups = [
        {"group": group, "key": key, "part": f"signals/{group}/x.parquet", "rows": 1, "bytes": 1}
        for group, key in keys.groups.items()
    ]
    tables.append("scans", [
        {"video_id": v, "groups": groups, "frames_decoded": 60, "salvaged": v == TWO, "time_base": "1/10"}
        for v in (ONE, TWO, GONE)
    ])  # fmt: skip


def write_clips(tables: Tables, keys: Keys) -> None:
    spans = {**SPANS, GONE: [(0, 50)]}
    rows = [
        {
            "clip_id": clips.clip_id(v, start, end), "video_id": v, "start_pts": start, "end_pts": end,
            "time_base": "1/10", "start_seconds": start / 10, "end_seconds": end / 10, "frames": end - start,
            "audited": False, "dropped_by": "cuts.min_seconds" if end - start < 10 else None,
        }
        for v, these in spans.items() for start, end in these
    ]  # fmt: skip
    tables.append("clips", rows, key=keys.cuts)
    # Under options of another time the same clip had another fate.
    tables.append("clips", [{**rows[0], "frames": 999}], key="0123456789abcdef")
    measured = [row["clip_id"] for row in rows if row["dropped_by"] is None]
    media = [
        {
            "clip_id": i,
            "score": 360.0,
            "fps": 5.0 if i == SLOW else 10.0,
            "short_side": 360,
            "seconds": 3.0,
            "aspect": 1.5,
        }
        for i in measured
    ]
    motion = [
        {"clip_id": i, "score": None if i == BROKEN else 2.0, "error": "no flow" if i == BROKEN else None}
        for i in measured if i != SLOW
    ]  # fmt: skip
    for name, scores in (("media", media), ("motion", motion)):
        columns = next(step.plugin.COLUMNS for step in plan_of("x").filters if step.name == name)
        tables.append(f"scores/{name}", to_table(clips.score_schema(columns), scores), key=keys.filters[name])
    words = {"short": "a", "dense": "b", "captioner": "measured", "outcome": "ok"}
    tables.append("captions", [{"clip_id": i, **words} for i in sorted(KEPT)], key=keys.captioner)
    tables.append("encodes", [{"clip_id": i, "bytes": 1} for i in sorted(KEPT)], key=keys.encode)
    tables.append("samples", [{"clip_id": i, "shard": "shards/x.tar", "key": i.hex()} for i in sorted(KEPT)])
