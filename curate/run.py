"""`curate run`: orders the steps, wave by wave, and does only the rows that the tables lack."""

import json
import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate import clips, collapse, report, state
from curate.cluster import Cluster
from curate.config import FilterStep, Plan
from curate.context import Context, Keys, Reporter, RunError, Step, versions
from curate.machine import usable_cores
from curate.plugins import FrameFilter, TableFilter
from curate.state import Video
from curate.storage import Folder, Lock
from curate.tables import Tables, id_bytes, rows_of, to_table
from curate.verdicts import Mask, Verdicts, Walk, rules_key
from stages import caption, cuts, decide, dedupe, index, latents, scan, score, shards
from stages.inputs import listing
from stages.survivors import survivors


@dataclass(frozen=True)
class Summary:
    """What a run did, for the person who started it."""

    folder: str
    run: int
    videos: int
    failed_videos: int
    """Videos and listed files that could not be used."""
    passed_over: int
    funnel: list[dict[str, Any]]
    steps: list[Step]
    seconds: float
    outside_seconds: float
    """Wall time in which nothing was decoded, measured or encoded: start of Ray, planning, tables."""
    samples: int
    shards: int
    report: str | None
    """Path of report.html; None if it could not be written."""
    alarm: str | None = None
    """What is wrong with the captions of this run as a whole, if anything is (curate.collapse)."""


def execute(plan: Plan, reporter: Reporter, address: str | None = None) -> Summary:
    """Run a pipeline, on the Ray cluster at `address` if one is given.

    `RunError`, `OutputError` or `InputError` say in one sentence why it stopped."""
    began = time.monotonic()
    folder = Folder(plan.pipeline.output)
    # Read before the folder is touched: a wrong input leaves nothing behind.
    found = listing(plan.pipeline.input, folder.root)
    with Lock(folder):
        tables = Tables(folder)
        tables.sweep()
        keys = Keys.of(plan)
        if state.unread(found.entries, tables, keys):
            check(plan)  # before hours of reading, and before the views show this pipeline
            if address is None:  # keys and weights of a cluster are where its workers are
                plan.captioner.check()
        last = last_run(tables)
        workers = plan.pipeline.workers or usable_cores()
        context = Context(folder, tables, plan, keys, reporter, (last["run"] if last else 0) + 1, workers)
        rules = rules_key(plan, keys)
        digest = last["verdicts"] if last and last["rules"] == rules else None
        note_run(context, rules, digest, found.passed_over)
        with Cluster(workers, address, plan.needs, plan.captioner.PREPARES) as cluster:
            try:
                index.run(context, cluster, found)
                videos = state.videos(found.entries, tables, keys)
                waves(context, cluster, videos)
                digest = conclude(context, cluster, videos, rules, digest, found.passed_over)
            except BaseException:
                with suppress(Exception):  # a full disk refuses this as well; what came first is what is told
                    context.write_steps()
                raise
            context.write_steps()
        note_run(context, rules, digest, found.passed_over)
        page = write_report(context)
        return summary(context, videos, found.passed_over, rules, began, cluster.busy, page)


def write_report(context: Context) -> str | None:
    """Bring report.html up to date; its path. The run is done by then, so that nothing that goes wrong here
    is more than a note."""
    try:
        return report.update(context.folder)
    except Exception as error:
        said = " ".join(str(error).split())
        context.reporter.note(f"the report could not be written ({said}); `curate report` tries it again")
        return None


def last_run(tables: Tables) -> dict[str, Any] | None:
    """The newest row of `runs`."""
    rows = tables.rows("runs")
    # A run writes its row when it starts, and again when it ends.
    return max(rows, key=lambda row: (row["run"], row["ended"] or ""), default=None)


def note_run(context: Context, rules: str, digest: str | None, passed_over: int) -> None:
    """Write down what the views are to show: the pipeline as resolved, and the keys of its rows."""
    plan, keys = context.plan, context.keys
    resolved = plan.pipeline.model_dump(mode="json")
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    row = {
        "run": context.run, "name": plan.name, "pipeline": json.dumps(resolved), "rules": rules,
        "keys": json.dumps(keys.shown(plan)), "verdicts": digest, "passed_over": passed_over,
        "versions": json.dumps(versions(), sort_keys=True), "ended": now,
    }  # fmt: skip
    context.tables.append("runs", [row])
    context.tables.compact("runs")


# -- waves ------------------------------------------------------------------------------------------------


def waves(context: Context, cluster: Cluster, videos: Mapping[bytes, Video]) -> None:
    """Scan, cut and score wave by wave; the next wave is scanned while this one is measured."""
    for name in ("scan", "cuts", *(f"score:{step.name}" for step in context.plan.filters)):
        context.count(name)  # in this order in the summary, whichever begins first
    cut = _cut_videos(context)
    scores = Scores(context, cluster)
    usable = [video for video in videos.values() if video.usable]
    busy = {video.identity for video in usable if video.lacks(context.keys)}
    if busy:
        scan.prepare(context, cluster)
    busy |= {video.identity for video in usable if video.scanned and video.identity not in cut}
    busy |= scores.lacking(state.current_clips(context.tables, context.keys, videos), busy)
    todo = [video for video in usable if video.identity in busy]
    if todo:
        check(context.plan)
        if any(isinstance(step.plugin, FrameFilter) for step in context.plan.filters):
            cluster.start()
    ready: queue.Queue[list[Video] | BaseException | None] = queue.Queue(maxsize=1)

    def scanner() -> None:
        try:
            for wave in in_waves(todo, context.plan.pipeline.wave_hours):
                if context.stopping.is_set():
                    return
                scan.run(context, cluster, wave)
                ready.put(wave)
            ready.put(None)
        except BaseException as error:
            ready.put(error)

    thread = threading.Thread(target=scanner, name="scan", daemon=True)
    thread.start()
    try:
        while (wave := ready.get()) is not None:
            if isinstance(wave, BaseException):
                raise wave
            cuts.run(context, cluster, wave, cut)
            scores.measure({video.identity: video for video in wave if video.scanned})
    except BaseException:
        # The scanner may be in the middle of a long file: it is not waited for. It commits whole results
        # only, and ends with Ray or with the process.
        context.stopping.set()
        raise
    scanned = sum(video.scanned for video in usable)
    for name, rows in (("scan", len(usable)), ("cuts", scanned)):
        context.count(name).reused = rows - context.count(name).done
    context.tables.compact("clips", context.keys.cuts)
    scores.conclude(videos)


def check(plan: Plan) -> None:
    """Raise where a package or weights that the detector, a filter or a gate needs are not there."""
    cuts.check(plan.cuts)
    for step in plan.filters:
        step.plugin.check()
    if (similarity := getattr(plan.captioner, "similarity", None)) is not None:
        similarity.check()


def in_waves(videos: Sequence[Video], hours: float) -> Iterator[list[Video]]:
    """Videos in lists of about `hours` of footage."""
    wave: list[Video] = []
    seconds = 0.0
    for video in videos:
        wave.append(video)
        seconds += video.seconds
        if seconds >= hours * 3600:
            yield wave
            wave, seconds = [], 0.0
    if wave:
        yield wave


def _cut_videos(context: Context) -> set[bytes]:
    table = context.tables.read("clips", context.keys.cuts, ["video_id"])
    return set(pc.unique(id_bytes(table["video_id"])).to_pylist())


class Scores:
    """The scores of a run in memory, filter by filter: read once, then grown by what each wave measures."""

    def __init__(self, context: Context, cluster: Cluster) -> None:
        self._context, self._cluster = context, cluster
        self._known: dict[str, pa.Table] = {}
        for step in context.plan.filters:
            self._known[step.name] = decide.rule_columns(context, step)
        self._by_wave, self._together = dedupe.at_the_barrier(context.plan.filters)

    def lacking(self, table: pa.Table, busy: set[bytes]) -> set[bytes]:
        """Videos with clips (rows of `clips`) that a filter of the waves has to measure; counts the scores of
        videos that are neither these nor `busy` as reused: those of the others `measure` counts."""
        audited, walk = _audited(table), Walk(table)
        lacking = np.zeros(table.num_rows, dtype=bool)
        reused: dict[str, Mask] = {}
        for step in self._by_wave:
            known = self._known[step.name]
            wanted, missing = walk.open | audited, walk.missing(known)
            lacking |= wanted & missing
            reused[step.name] = wanted & ~missing
            walk.filter(step, known)
        ids = id_bytes(table["video_id"])
        found = set(pc.unique(ids.filter(pa.array(lacking))).to_pylist())
        come = pa.array(sorted(found | busy), pa.binary(clips.ID_BYTES))
        settled = ~np.asarray(pc.is_in(ids, value_set=come).to_numpy(zero_copy_only=False), dtype=bool)
        for name, mask in reused.items():
            self._context.count(f"score:{name}").reused += int((mask & settled).sum())
        return found

    def measure(self, videos: Mapping[bytes, Video]) -> None:
        """Each filter in order over the clips of these videos that are still in, and over the audited
        ones."""
        table = state.current_clips(self._context.tables, self._context.keys, videos)
        audited, walk = _audited(table), Walk(table)
        for step in self._by_wave:
            walk.filter(step, self._grown(step, table, walk.open | audited, walk, videos))

    def conclude(self, videos: Mapping[bytes, Video]) -> None:
        """After the last wave: the filters that see all clips at once, and those behind them in the list."""
        if not self._together:
            return
        context = self._context
        table = state.current_clips(context.tables, context.keys, videos)
        audited, walk = _audited(table), Walk(table)
        for step in self._by_wave:
            walk.filter(step, self._known[step.name])
        for step in self._together:
            if isinstance(step.plugin, TableFilter):
                known = dedupe.up_to_date(context, step, self._known[step.name], table, walk, videos)
            else:
                known = self._grown(step, table, walk.open | audited, walk, videos)
            walk.filter(step, known, decide.pairs_of(context, step))

    def _grown(
        self, step: FilterStep, table: pa.Table, wanted: Mask, walk: Walk, videos: Mapping[bytes, Video]
    ) -> pa.Table:
        """What is known of the step once the `wanted` rows of `table` are measured that lack a score."""
        known, missing = self._known[step.name], walk.missing(self._known[step.name])
        self._context.count(f"score:{step.name}").reused += int((wanted & ~missing).sum())
        todo = rows_of(table.filter(pa.array(wanted & missing)))
        if todo:
            step.plugin.check()
        if made := score.run(self._context, self._cluster, step, todo, videos):
            new = to_table(clips.score_schema(step.plugin.COLUMNS), made).select(known.column_names)
            known = self._known[step.name] = pa.concat_tables([known, new.select(known.column_names)])
        return known


def _audited(table: pa.Table) -> Mask:
    return np.asarray(table["audited"].to_numpy(), dtype=bool)


# -- verdicts, captions, shards ---------------------------------------------------------------------------


def conclude(
    context: Context,
    cluster: Cluster,
    videos: Mapping[bytes, Video],
    rules: str,
    digest: str | None,
    passed_over: int,
) -> str:
    """Decide, caption what every filter kept, pack what has its caption; the digest of the final verdicts."""
    tables, keys = context.tables, context.keys
    for step in context.plan.filters:
        tables.compact(f"scores/{step.name}", keys.filters[step.name])
    table = state.current_clips(tables, keys, videos)
    verdicts = caption.bring_up_to_date(context, cluster, table, videos)
    # Before the encoding, which is long: whoever looks meanwhile sees the verdicts of these rules.
    digest = settle(context, table, verdicts, rules, digest, passed_over)
    kept = table.filter(pa.array(verdicts.kept))
    if shards.run(context, cluster, survivors(context, kept, videos)):
        verdicts = decide.decide(context, table, asked=True, tried=True)
        digest = settle(context, table, verdicts, rules, digest, passed_over)
    if context.plan.pipeline.latents is not None:
        latents.run(context, cluster, context.plan.pipeline.latents)
    for key in {keys.drafts, keys.captioner}:
        tables.compact("captions", key)
    tables.compact("encodes", keys.encode)
    tables.compact("steps")
    return digest


def settle(
    context: Context, table: pa.Table, verdicts: Verdicts, rules: str, last: str | None, passed_over: int
) -> str:
    """Commit the verdicts unless their digest is `last`, and note the digest, which is returned.

    `runs` forgets the old digest first: a kill between the commits of verdicts, funnel and digest must not
    leave it beside other rows, which a later run with the old verdicts would take for its own.
    """
    if decide.digest_of(verdicts.table) != last:
        note_run(context, rules, None, passed_over)
    digest = decide.run(context, table, verdicts, rules, last)
    note_run(context, rules, digest, passed_over)
    return digest


def summary(
    context: Context,
    videos: Mapping[bytes, Video],
    passed_over: int,
    rules: str,
    began: float,
    busy: Sequence[tuple[float, float]],
    page: str | None,
) -> Summary:
    """What to tell at the end. `busy`: when workers were at work."""
    tables = context.tables
    samples = tables.read("samples", columns=["shard"])
    bad = sum(not video.scanned for video in videos.values())
    unread = unread_files(tables)
    ended = time.monotonic()
    here = [
        span
        for name, step in context.steps.items()
        if name.split(":")[0] in DRIVER_WORK
        for span in step.intervals
    ]
    return Summary(
        folder=context.folder.root,
        run=context.run,
        videos=len(videos) + unread,
        failed_videos=bad + unread,
        passed_over=passed_over,
        funnel=tables.rows("funnel", rules),
        steps=list(context.steps.values()),
        seconds=ended - began,
        outside_seconds=ended - began - covered([*here, *busy]),
        samples=samples.num_rows,
        shards=len(pc.unique(samples["shard"])),
        report=page,
        alarm=captions_alarm(context, videos),
    )


def captions_alarm(context: Context, videos: Mapping[bytes, Video]) -> str | None:
    """Looked for where a model wrote captions in this run."""
    if context.keys.answers is None or not context.count("caption").done:
        return None
    table = context.tables.read("captions", context.keys.captioner, ["clip_id", "dense", "outcome"])
    written = table.filter(pc.equal(table["outcome"], "ok"))
    known = state.current_clips(context.tables, context.keys, videos).select(["clip_id", "video_id"])
    of = dict(
        zip(id_bytes(known["clip_id"]).to_pylist(), id_bytes(known["video_id"]).to_pylist(), strict=True)
    )
    ids, texts = id_bytes(written["clip_id"]).to_pylist(), written["dense"].to_pylist()
    return collapse.alarm({i: (of[i], text) for i, text in zip(ids, texts, strict=True) if i in of and text})


DRIVER_WORK = ("score", "caption")
"""Steps that measure in this process; the others' work is what the workers say."""


def unread_files(tables: Tables) -> int:
    """Files of the input that are missing or could not be read."""
    read = {(row["uri"], row["bytes"], row["modified"]) for row in tables.rows("files") if row["video_id"]}
    return sum((row["uri"], row["bytes"], row["modified"]) not in read for row in tables.rows("inputs"))


def covered(intervals: Sequence[tuple[float, float]]) -> float:
    """Length of the union of intervals."""
    total, reach = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, reach))
        reach = max(reach, end)
    return total


__all__ = ["RunError", "Summary", "execute"]
