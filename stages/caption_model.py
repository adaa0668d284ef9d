"""Captions by a model: what its stored answers say already, and questions for what they do not.

Clips are told to workers in portions, each a stretch of lines in one file; workers answer through their
journals (stages.journal), which are folded into `answers`, from which `captions` follows. Nothing is asked
that an answer under the same key settles: after a kill, a loosened rule or another gate, the dialogues go on
where they are."""

import json
import math
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from captioners.dialogue.evidence import GROUPS, SOUND
from captioners.dialogue.model import ModelCaptioner
from captioners.dialogue.similarity import Fit
from captioners.dialogue.turns import MEASURED, OK, UNANSWERED, windows_in
from curate.cluster import Cluster, batches
from curate.context import Context, RunError, Step
from curate.options import Resources
from curate.signals.frames import NAME as FRAMES
from curate.state import Video
from curate.tables import id_bytes
from stages import journal
from stages.answers import Answers, caption_row, fold, fold_portions, state
from stages.ask import Asker
from stages.preparing import Preparer

Row = dict[str, Any]
Told = tuple[Row, list[Row]]
"""A clip, and its rows of `answers`."""
Instead = Callable[[Sequence[Row]], dict[bytes, Row]]
"""Clips -> the captions of `measured`."""

PORTION, PREPARED = 16, 4
"""Clips that a worker is told at once, and where their frames come with them, decoded: some 8 MB a clip."""
COMMIT_SECONDS = 20.0
"""Between two commits, at least."""
NO_LIMIT = 1 << 16
"""Pixels; no frame is larger."""
NO_FITS: Mapping[bytes, Fit] = {}
BATCH = 2000
"""Clips that are judged and committed together."""


def run(
    context: Context,
    cluster: Cluster,
    captioner: ModelCaptioner,
    wanted: Sequence[Row],
    videos: Mapping[bytes, Video],
    count: Step,
    instead: Instead,
) -> None:
    """Caption `wanted` (rows of `clips`) and commit. A clip for which the budget does not reach stays
    pending. Raises RunError where the model cannot be used."""
    tables, key = context.tables, context.keys.answers
    assert key is not None
    _forget_unanswered(context)
    writer = _Writer(context, captioner, videos, count, instead)
    # Workers of a run that was killed end some seconds after it, and write down what still comes to them.
    fold(context.folder, tables, remove=False)
    todo = _settle(captioner, wanted, Answers(tables, key), writer)
    if todo:
        if cluster.address is None:
            captioner.check()
        cluster.start()
        fold(context.folder, tables, remove=True)
        stored = Answers(tables, key)
        todo = _settle(captioner, [clip for clip, _ in todo], stored, writer)
        left = tokens_left(captioner, stored)
        if left is None or left > 0:
            ask(context, cluster, captioner, todo, videos, left, writer.write)
    fold(context.folder, tables, remove=True)
    if waiting := len(wanted) - writer.written:
        said = f"{waiting} clips wait for their captions"
        if captioner.budget is None:
            context.reporter.note(f"{said}, of which no answer came back: run the same command again")
        else:
            context.reporter.note(
                f"the budget of {captioner.budget:,} tokens is used up: {said}; raise it and run the same "
                "command again"
            )
    tables.compact("answers", key)


def tokens_left(captioner: ModelCaptioner, stored: Answers) -> int | None:
    """What the budget leaves; None without one."""
    return None if captioner.budget is None else captioner.budget - stored.tokens


def _settle(
    captioner: ModelCaptioner, wanted: Sequence[Row], stored: Answers, writer: "_Writer"
) -> list[Told]:
    """Write the captions of those clips of which the stored answers say all; the others, with the answers
    that there are."""
    todo: list[Told] = []
    for batch in batches(wanted, BATCH):
        settled = []
        for clip in batch:
            rows = stored.of(clip["clip_id"])
            if state(captioner, windows_of(captioner, clip), rows, again=True).outcome is None:
                # What stayed unanswered is asked again, and no longer says anything.
                todo.append((clip, [row for row in rows if row["finish_reason"] != UNANSWERED]))
            else:
                settled.append((clip, rows))
        writer.write(settled)
    return todo


def windows_of(captioner: ModelCaptioner, clip: Mapping[str, Any]) -> int:
    return windows_in(clip["end_seconds"] - clip["start_seconds"], captioner.window_seconds)


def _forget_unanswered(context: Context) -> None:
    """Rows of clips that are asked about again go: a clip has one row."""
    table = context.tables.read("captions", context.keys.drafts)
    lost = pc.equal(table["outcome"], UNANSWERED)
    if pc.any(lost).as_py():
        kept = table.filter(pc.invert(lost))
        context.tables.replace("captions", kept, key=context.keys.drafts)


class _Writer:
    """From answers to committed rows of `captions`."""

    def __init__(
        self,
        context: Context,
        captioner: ModelCaptioner,
        videos: Mapping[bytes, Video],
        count: Step,
        instead: Instead,
    ) -> None:
        self._context, self._captioner, self._videos = context, captioner, videos
        self._count, self._instead = count, instead
        self._prompt_hash = captioner.prompt_hash
        self.written = 0

    def write(self, told: Sequence[Told]) -> None:
        """Clips with their rows of `answers`; those that have no outcome get no row."""
        rows, lacking = [], []
        for clip, answers in told:
            found = state(self._captioner, windows_of(self._captioner, clip), answers, again=False).outcome
            if found is None:
                continue
            name = self._context.plan.captioner_name
            row = caption_row(self._captioner, name, self._prompt_hash, found, answers)
            row |= {"clip_id": clip["clip_id"], "original": self._videos[clip["video_id"]].original}
            rows.append(row)
            if row["outcome"] != OK:
                lacking.append(clip)
        if self._captioner.otherwise == MEASURED and lacking:
            found_instead = self._instead(lacking)
            rows = [replaced(row, found_instead.get(row["clip_id"])) for row in rows]
        self._context.tables.append("captions", rows, key=self._context.keys.drafts)
        self._context.reporter.advance(len(rows))
        self._count.done += len(rows)
        self._count.failed += sum(row["outcome"] not in (OK, MEASURED) for row in rows)
        self.written += len(rows)


def replaced(row: Row, measured: Row | None) -> Row:
    """The row with the caption of `measured`, and why. What stayed unanswered is asked again, and waits."""
    if measured is None or row["outcome"] in (OK, UNANSWERED):
        return row
    own = {name: measured[name] for name in ("short", "dense", "fields", "captioner", "model")}
    said = f"{row['outcome']}: {row['error']}"
    return {**row, **own, "revision": None, "outcome": MEASURED, "error": said}


# -- asking ------------------------------------------------------------------------------------------------


def ask(
    context: Context,
    cluster: Cluster,
    captioner: ModelCaptioner,
    todo: Sequence[Told],
    videos: Mapping[bytes, Video],
    budget: int | None,
    write: Callable[[Sequence[Told]], None],
    fits: Mapping[bytes, Fit] = NO_FITS,
) -> None:
    """Ask about clips, with what was answered before; `write` is told of those that are done with, and of all
    their answers. `fits`: what the gate `similarity` holds their captions against, by clip."""
    key = context.keys.answers
    assert key is not None
    wants = context.plan.caption_resources
    processes = captioner.processes or wants.concurrency
    if processes is None and not wants.num_gpus:
        # As many as there are CPUs would each load the model, all of them on the one GPU.
        processes = 1
    if processes is not None:
        wants = Resources(num_cpus=wants.num_cpus, num_gpus=wants.num_gpus, concurrency=processes)
    spec = _spec(context, captioner, None if budget is None else budget // (processes or 1))
    path = context.folder.path(f"{journal.FOLDER}/{key}/{context.run}.todo")
    portions = list(_tell(context, captioner, todo, videos, path, fits))
    names = [portion["portion"] for portion in portions]
    told = dict(zip(names, batches(todo, _portion(captioner)), strict=True))
    waiting: list[str] = []
    committed = time.monotonic()
    fatal: str | None = None

    def commit() -> None:
        nonlocal committed
        fresh: dict[bytes, list[Row]] = {}
        for row in fold_portions(context.folder, context.tables, key, waiting):
            fresh.setdefault(row["clip_id"], []).append(row)
        write(
            [
                (clip, [*rows, *fresh.get(clip["clip_id"], [])])
                for portion in waiting
                for clip, rows in told[portion]
            ]
        )
        waiting.clear()
        committed = time.monotonic()

    # So many clips for each that is asked about that none is waited for: Ray takes some tenths of a second to
    # bring the next portion. Decoded frames are too large for that many.
    ahead = 1.5 if captioner.PREPARES else 3.0
    threads = math.ceil(ahead * captioner.lanes / _portion(captioner)) + 1
    before = partial(Preparer, spec) if captioner.PREPARES else None
    found = cluster.pool(
        partial(Asker, spec), portions, batch_size=1, resources=wants, threads=threads, before=before
    )
    try:
        # To the end, whatever they say: answers that are under way are kept, and a stream that is broken off
        # goes on reading from Ray in a thread of its own when Ray is gone, which ends the process.
        for result in found:
            waiting.append(result["portion"])
            if result["fatal"] and not fatal:
                fatal = result["fatal"]
                Path(spec["stop"]).touch()
            if time.monotonic() - committed > COMMIT_SECONDS:
                commit()
        commit()
    finally:
        for left in (path, spec["stop"]):
            Path(left).unlink(missing_ok=True)
    if fatal:
        raise RunError(fatal)


def _portion(captioner: ModelCaptioner) -> int:
    return PREPARED if captioner.PREPARES else PORTION


def _spec(context: Context, captioner: ModelCaptioner, budget: int | None) -> Row:
    kind, scan = type(captioner), context.plan.pipeline.scan
    return {
        "captioner": f"{kind.__module__}:{kind.__qualname__}",
        "options": captioner.model_dump(mode="json"),
        "prompts": captioner.prompts.as_json(),
        "key": context.keys.answers,
        "run": context.folder.root,
        "limits": {"stall_seconds": scan.stall_seconds, "max_memory": scan.max_memory},
        "budget": budget,
        "stop": context.folder.path(f"{journal.FOLDER}/{context.keys.answers}/{context.run}.stop"),
        "driver": [socket.gethostname(), os.getpid()],
    }


def _tell(
    context: Context,
    captioner: ModelCaptioner,
    todo: Sequence[Told],
    videos: Mapping[bytes, Video],
    path: str,
    fits: Mapping[bytes, Fit],
) -> Iterator[Row]:
    """Write what workers are to know of the clips, a line each; the portions, as stretches of the file."""
    words = _words(context)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        for number, portion in enumerate(batches(todo, _portion(captioner))):
            start = file.tell()
            for clip, rows in portion:
                line = line_of(context, captioner, clip, videos[clip["video_id"]], rows, words)
                if clip["clip_id"] in fits:
                    line["fit"] = fits[clip["clip_id"]].as_json()
                file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
            yield {
                "portion": f"{context.run}.{number}",
                "todo": path,
                "offset": start,
                "bytes": file.tell() - start,
            }


def line_of(
    context: Context,
    captioner: ModelCaptioner,
    clip: Row,
    video: Video,
    rows: Sequence[Row],
    words: Mapping[bytes, list[str]] | None,
) -> Row:
    path = context.folder.path
    groups = [*GROUPS, *([SOUND] if SOUND in video.parts else [])]
    kept = ("window", "attempt", "raw", "finish_reason", "tokens_in", "tokens_out", "evidence", "error")
    return {
        "clip": {**clip, "clip_id": clip["clip_id"].hex(), "video_id": clip["video_id"].hex()},
        "video": {name: value for name, value in video.row.items() if name not in ("video_id", "entries")},
        "windows": windows_of(captioner, clip),
        "frames": path(video.parts[FRAMES]),
        "scan_side": context.plan.pipeline.scan.short_side,
        "stored_side": stored_side(video, context.plan.pipeline.scan.short_side),
        "signals": {group: path(video.parts[group]) for group in groups},
        "source": video.path,
        "irregular": not video.seekable,
        "words": None if words is None else words.get(clip["clip_id"]),
        "answers": [
            {name: row[name] for name in kept} for row in rows
        ],
    }  # fmt: skip


def stored_side(video: Video, scan_side: int) -> int:
    """Largest short side for which the stored frames of a video do: of a source that is smaller than what
    the scan stores, no larger frames are to be had."""
    width, height = video.row["width"] or 0, video.row["height"] or 0
    return scan_side if min(width, height) > scan_side else NO_LIMIT


def _words(context: Context) -> dict[bytes, list[str]] | None:
    """Lines that the filter `text` read, by clip; None without it."""
    step = context.plan.words_filter
    if step is None:
        return None
    table = context.tables.read(f"scores/{step.name}", context.keys.filters[step.name], ["clip_id", "words"])
    ids = id_bytes(table["clip_id"]).to_pylist() if table.num_rows else []
    return {
        identity: (text or "").splitlines()
        for identity, text in zip(ids, table["words"].to_pylist() if ids else [], strict=True)
    }
