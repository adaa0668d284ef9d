"""`curate plan`: what a run would do, step by step, and why. Reads tables; starts nothing and decodes
nothing."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captioners.dialogue.model import ModelCaptioner
from captioners.dialogue.turns import UNANSWERED
from curate import clips, state
from curate.config import FilterStep, Plan
from curate.context import Keys, versions
from curate.options import LatentOptions
from curate.plugins import TableFilter
from curate.storage import Folder, is_run
from curate.tables import Tables, id_bytes, rows_of, to_table
from curate.verdicts import Walk, rules_key
from stages.caption_plan import to_ask
from stages.cuts import cut_video
from stages.scan import chunks_of
from stages.similarity import Standing, to_do

UP_TO_DATE = "up to date"
NONE: dict[str, int] = {}
CUT_AT_MOST = 2000
"""Videos that a plan cuts, to know which of their clips are new: some seconds of work."""


@dataclass
class StepPlan:
    """What one step has and lacks."""

    step: str
    done: int
    """Rows that are there and stay."""
    todo: int
    """Rows to do, as far as the tables tell: what an earlier step brings forth comes on top."""
    unit: str
    why: str
    details: dict[str, int] = field(default_factory=dict)
    """Further counts, by name: `requests` to a model (at least), and `frames_to_decode` for them."""


@dataclass
class RunPlan:
    """The steps in order, and what to know beside them."""

    steps: list[StepPlan]
    warnings: list[str]

    def as_json(self) -> dict[str, Any]:
        # `details` only where there are any: scripts compare steps.
        steps = [{n: v for n, v in asdict(step).items() if v != {}} for step in self.steps]
        return {"steps": steps, "warnings": self.warnings}


class _Planner:
    """Walks the steps; `new` says that an earlier step has rows to do, so that counts here are a lower
    bound."""

    def __init__(
        self, plan: Plan, folder: Folder, listed: list[Any], unread: int, last: dict[str, Any] | None
    ) -> None:
        self.plan, self.folder, self.keys = plan, folder, Keys.of(plan)
        self.tables = Tables(folder)
        self.listed, self.unread, self.last = listed, unread, last
        self.old_keys: dict[str, Any] = json.loads(last["keys"]) if last else {}
        self.old: dict[str, Any] = json.loads(last["pipeline"]) if last else {}
        self.steps: list[StepPlan] = []

    def add(
        self, step: str, done: int, todo: int, unit: str, changed: str | None, details: dict[str, int] = NONE
    ) -> None:
        upstream = [s.step for s in self.steps if s.todo]
        if todo and changed:
            why = changed
        elif todo:
            why = "new" if self.last else "never run"
        elif upstream:
            why = f"waits for {upstream[-1]}"
        else:
            why = UP_TO_DATE
        self.steps.append(StepPlan(step, done, todo, unit, why, dict(details)))

    def changed(self, section: str, old_key: Any, key: Any, now: dict[str, Any], before: Any) -> str | None:
        """Why the key of a step is another one than in the last run."""
        if not self.last or old_key == key:
            return None
        if old_key is None:
            return f"{section} is new"
        before = before if isinstance(before, dict) else {}
        names = [n for n in {**before, **now} if before.get(n) != now.get(n)]
        if names:
            changes = ", ".join(
                f"{n} {before.get(n, 'default')} → {now.get(n, 'default')}" for n in sorted(names)
            )
            return f"options of {section} changed: {changes}"
        return f"the version of {section}, or of what it reads, changed"

    def run(self) -> list[StepPlan]:
        plan, keys, tables = self.plan, self.keys, self.tables
        now = plan.pipeline.model_dump(mode="json")
        index_changed = (
            "the version of index changed" if self.last and self.old_keys["videos"] != keys.videos else None
        )
        self.add("index", len(self.listed) - self.unread, self.unread, "files", index_changed)
        videos = state.videos(self.listed, tables, keys)
        usable = [video for video in videos.values() if video.usable]
        lacking = [video for video in usable if video.lacks(keys)]
        counts = [len(chunks_of(video, plan.pipeline.scan)) for video in lacking]
        split = f" in {sum(counts)} chunks" if max(counts, default=1) > 1 else ""
        self.add(
            "scan", len(usable) - len(lacking), len(lacking), f"videos{split}",
            self.changed("scan", self.old_keys.get("groups"), keys.groups, now["scan"], self.old.get("scan")),
        )  # fmt: skip
        table = state.current_clips(tables, keys, videos)
        cut = set(id_bytes(table["video_id"]).to_pylist())
        scanned = [video for video in videos.values() if video.scanned]
        self.add(
            "cuts", len(cut), len(scanned) - len(cut), "videos",
            self.changed("cuts", self.old_keys.get("cuts"), keys.cuts, now["cuts"], self.old.get("cuts")),
        )  # fmt: skip
        table = pa.concat_tables(
            [table, self._cut([video for video in scanned if video.identity not in cut])]
        )
        walk = self._scores(table, now)
        self._verdict_step(walk, table)
        captions = tables.read("captions", keys.drafts, ["clip_id", "outcome"])
        captions = captions.filter(pc.not_equal(captions["outcome"], UNANSWERED))
        # Clips that wait for a score are not counted here: whether they will want a caption is not known.
        want = walk.open & walk.missing(captions)
        have = walk.open & ~walk.missing(captions)
        unit, details = self._asked(table.filter(pa.array(want)), videos) if want.any() else ("clips", NONE)
        before = self.old_keys.get("drafts", self.old_keys.get("captioner"))
        self.add(
            "caption", int(have.sum()), int(want.sum()), unit,
            self.changed(
                "captioner", before, keys.drafts, now["captioner"], self.old.get("captioner"),
            ),
            details,
        )  # fmt: skip
        self._similarity(table.filter(pa.array(walk.open)), videos, now)
        packed = tables.read("samples", columns=["clip_id"])
        encodes = tables.read("encodes", keys.encode, ["clip_id", "error", "transient"])
        # A failure of the moment (the file was gone, or another one) is tried again.
        encodes = encodes.filter(pc.invert(pc.fill_null(encodes["transient"], False)))
        in_shards = walk.open & ~walk.missing(packed) & ~walk.missing(encodes)
        failed = walk.open & walk.missing(packed) & ~walk.missing(encodes)
        # A failed encode is settled; one that is only staged is packed without encoding.
        todo = walk.open & ~in_shards & ~(failed & _with_error(walk, encodes))
        self.add(
            "shards", int(in_shards.sum()), int(todo.sum()), "clips",
            self.changed(
                "shards", self.old_keys.get("encode"), keys.encode, now["shards"], self.old.get("shards")
            ),
        )  # fmt: skip
        if plan.pipeline.latents is not None:
            self._latents(plan.pipeline.latents, int(walk.open.sum()), now)
        return self.steps

    def _asked(self, clips: pa.Table, videos: dict[bytes, state.Video]) -> tuple[str, dict[str, int]]:
        """How a model's captions are counted: by its requests as well."""
        captioner, key = self.plan.captioner, self.keys.answers
        if not isinstance(captioner, ModelCaptioner) or key is None:
            return "clips", NONE
        side = self.plan.pipeline.scan.short_side
        found = to_ask(self.folder, self.tables, key, captioner, rows_of(clips), videos, side)
        return f"clips ({found.told})", {"requests": found.requests, "frames_to_decode": found.decoded}

    def _similarity(self, table: pa.Table, videos: dict[bytes, state.Video], now: dict[str, Any]) -> None:
        """Captions that are there, and are to be compared with their frames or asked for again."""
        captioner = self.plan.captioner
        if not isinstance(captioner, ModelCaptioner) or captioner.similarity is None:
            return
        standing = Standing(self.tables, self.keys, captioner, table, videos)
        measured, missing, again = to_do(standing, self.tables, self.keys)
        options = now["captioner"].get("similarity")
        before = (self.old.get("captioner") or {}).get("similarity")
        old_key = None if before is None else json.dumps(before)
        changed = self.changed("similarity", old_key, json.dumps(options), options, before)
        unit = f"captions ({again} requests at least)" if again else "captions"
        details = {"requests": again} if again else NONE
        self.add("similarity", measured - again, missing + again, unit, changed, details)

    def _latents(self, options: LatentOptions, samples: int, now: dict[str, Any]) -> None:
        """By the autoencoder's name: whether other weights stand under it now is seen by the run."""
        before = self.old.get("latents") or {}
        old_key = json.dumps(before) if before else None
        changed = self.changed("latents", old_key, json.dumps(now["latents"]), now["latents"], before)
        name = os.path.abspath(options.vae) if os.path.isdir(options.vae) else options.vae
        packed = self.tables.read("samples", columns=["clip_id", "digest"]).to_pylist()
        current = {(row["clip_id"], row["digest"]) for row in packed}
        there = {
            (row["clip_id"], row["digest"]) for row in self.tables.rows("latents") if row["vae_name"] == name
        }
        done = 0 if changed else len(current & there)
        self.add("latents", done, max(0, samples - done), "clips", changed)

    def _cut(self, videos: Sequence[state.Video]) -> pa.Table:
        """The clips that the step `cuts` would make: cheap enough for a plan, up to a point, unless it takes
        a model."""
        rows: list[dict[str, Any]] = []
        options = self.plan.cuts
        here = [video for video in videos if all(group in video.parts for group in options.READS)]
        for video in [] if options.HEAVY else here[:CUT_AT_MOST]:
            parts = {group: self.folder.path(video.parts[group]) for group in options.READS}
            if all(map(os.path.exists, parts.values())):  # else the run will say what is wrong
                rows += cut_video(parts, video.identity, video.scan, options, self.plan.pipeline.audit)
        return to_table(clips.CLIPS, rows)

    def _scores(self, table: pa.Table, now: dict[str, Any]) -> Walk:
        walk = Walk(table)
        audited = np.asarray(table["audited"].to_numpy(), dtype=bool)
        before = {str(body.get("name", body.get("use"))): body for body in self.old.get("filters", [])}
        bodies = {step.name: body for step, body in zip(self.plan.filters, now["filters"], strict=True)}
        for step in self.plan.filters:
            columns = list(clips.score_schema(step.plugin.COLUMNS).names)
            scores = self.tables.read(f"scores/{step.name}", self.keys.filters[step.name])
            scores = (
                scores.select(columns)
                if scores.num_rows
                else clips.score_schema(step.plugin.COLUMNS).empty_table()
            )
            old = {k: v for k, v in before.get(step.name, {}).items() if k not in ("keep", "name")}
            new = {k: v for k, v in bodies[step.name].items() if k not in ("keep", "name")}
            why = self.changed(
                step.name,
                self.old_keys.get("filters", {}).get(step.name),
                self.keys.filters[step.name],
                new,
                old,
            )
            pairs = None
            if isinstance(step.plugin, TableFilter):
                self._together(step, walk, scores, why)
                if step.plugin.PAIRS:
                    pairs = self.tables.read(
                        "pairs", clips.pairs_key(step.name, self.keys.filters[step.name])
                    )
            else:
                wanted = walk.open | audited
                missing = wanted & walk.missing(scores)
                counts = int((wanted & ~missing).sum()), int(missing.sum())
                self.add(f"score:{step.name}", *counts, "clips", why)
            walk.filter(step, scores, pairs)
        return walk

    def _together(self, step: FilterStep, walk: Walk, scores: pa.Table, why: str | None) -> None:
        """A filter that compares all clips does so again when the set of them is another one."""
        here = int(walk.open.sum())
        new = int((walk.open & walk.missing(scores)).sum())
        gone = scores.num_rows - (here - new)
        if why is None and scores.num_rows and (new or gone):
            counts = [f"{count} {word}" for count, word in ((new, "new"), (gone, "gone")) if count]
            why = f"all clips are compared again: {' and '.join(counts)}"
        again = here if new or gone else 0
        self.add(f"score:{step.name}", here - again, again, "clips", why)

    def _verdict_step(self, walk: Walk, table: pa.Table) -> None:
        rules = rules_key(self.plan, self.keys)
        done = self.tables.read("verdicts", rules, ["clip_id"])
        ids = pa.chunked_array([walk.ids])
        there = int((state.positions(id_bytes(ids), done) >= 0).sum()) if table.num_rows else 0
        changed = "the rules or their order changed" if self.last and self.last["rules"] != rules else None
        self.add("decide", there, table.num_rows - there, "clips", changed)


def _with_error(walk: Walk, encodes: pa.Table) -> Any:
    failed = encodes.filter(encodes["error"].is_valid()) if encodes.num_rows else encodes
    return ~walk.missing(failed)


def _lacking(plan: Plan, steps: Sequence[StepPlan]) -> list[str]:
    """What a step that may have something to do needs and does not find, for each such step."""
    at_work = {step.step for step in steps if step.why != UP_TO_DATE}
    found = [plan.cuts.lacks() if "cuts" in at_work else None]
    found.append(plan.captioner.lacks() if "caption" in at_work else None)
    found += [step.plugin.lacks() for step in plan.filters if f"score:{step.name}" in at_work]
    if isinstance(plan.captioner, ModelCaptioner) and plan.captioner.similarity and "similarity" in at_work:
        found.append(plan.captioner.similarity.lacks())
    return list(dict.fromkeys(filter(None, found)))


def plan_run(plan: Plan, listed: list[Any], passed_over: int) -> RunPlan:
    """What `curate run` of this pipeline would do; `listed` are the entries of the input."""
    folder = Folder(plan.pipeline.output)
    last = None
    tables = Tables(folder)
    if is_run(folder):
        rows = tables.rows("runs")
        last = max(rows, key=lambda row: (row["run"], row["ended"]), default=None)
    unread = len(state.unread(listed, tables, Keys.of(plan)))
    steps = _Planner(plan, folder, listed, unread, last).run()
    warnings = (
        [f"{passed_over} files of the input have no video extension and are passed over"]
        if passed_over
        else []
    )
    warnings += _lacking(plan, steps)
    if last:
        before, now = json.loads(last["versions"]), versions()
        changes = [
            f"{n} {before.get(n)} → {now.get(n)}"
            for n in sorted({*before, *now})
            if before.get(n) != now.get(n)
        ]
        if changes:
            warnings.append(
                f"packages or codecs changed since the last run ({', '.join(changes)}): what is done stays "
                "as it is, and new rows and clips may differ in their bytes"
            )
    return RunPlan(steps, warnings)
