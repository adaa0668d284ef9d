"""Step `scan`: the one full decode of a video. Writes signal and frame parts, and `scans`, which publishes
them.

A long file is split at keyframes and its chunks are scanned by several workers (stages/scan_work.py); what
comes of it is the same to the byte. A run that is killed does the files that it had in hand again, all of
their chunks."""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from curate.clips import SCANS, cache_key
from curate.cluster import Cluster
from curate.context import Context, RunError, Step
from curate.media.probe import Entry
from curate.options import ScanOptions
from curate.signals.audio import NAME as AUDIO
from curate.signals.chunks import Chunk, plan_chunks
from curate.signals.frames import NAME as FRAMES
from curate.signals.merge import misfit, watched_from_json
from curate.signals.parts import remove_unfinished
from curate.state import Video, add_scans
from curate.tables import to_table
from stages.scan_work import GIVEN_UP, Item, scan_item

FREE_BYTES = 200_000_000
"""Below this much free disk no scan is begun: the signals of an hour of video take about 50 MB, its frames
250 MB."""

FACTS = (
    "frames_decoded", "start_pts", "end_pts", "seconds", "time_base", "salvaged", "errors", "first_error",
    "reordered", "filled",
)  # fmt: skip
"""What a scan found out about the pictures, which a later one of the sound alone hands on."""

SCRATCH = "chunks"
"""Folder of the run for the parts of chunks, until they are put together."""


def check_disk(context: Context) -> None:
    """Stop before the disk is full rather than in the middle."""
    free = context.folder.free_bytes()
    if free < FREE_BYTES:
        raise RunError(
            f"the disk of {context.folder.root} has {free / 1e6:.0f} MB left and a scan wants at least "
            f"{FREE_BYTES / 1e6:.0f} MB: free some space and run the same command again"
        )


def prepare(context: Context, cluster: Cluster) -> None:
    """Once, before the first wave that has something to scan."""
    for name in ("signals", "frames"):
        remove_unfinished(context.folder.path(name))
    shutil.rmtree(context.folder.path(SCRATCH), ignore_errors=True)
    check_disk(context)
    cluster.start()


def chunks_of(video: Video, scan: ScanOptions) -> list[Chunk]:
    """How the scan of a video is split: one chunk, the whole, for most."""
    if round(video.seconds / scan.chunk_seconds) < 2 or not video.row["entries"]:
        return [Chunk()]
    return plan_chunks(
        [Entry(**entry) for entry in video.row["entries"]],
        Fraction(video.row["time_base"]),
        start_seconds=video.row["start_seconds"],
        seconds=video.seconds,
        chunk_seconds=scan.chunk_seconds,
        warm_seconds=1 / scan.frames_per_second,
    )


@dataclass
class _Work:
    """A video that is being scanned."""

    video: Video
    whole: Item
    pieces: list[Item] = field(default_factory=list)
    """Its chunks in order, and its sound; nothing if it is scanned whole."""
    done: int = 0
    why: str | None = None
    """Why its chunks cannot be put together."""

    def take(self, result: Item) -> None:
        """Note what came of a piece. Once it is certain that the video must be decoded whole, the pieces that
        have not begun are spared."""
        number = result["number"]
        self.pieces[number]["result"] = result
        self.done += 1
        if self.why is None and (why := self._misfit(number)):
            self.why = why
            scratch = Path(self.pieces[number]["scratch"])
            scratch.mkdir(parents=True, exist_ok=True)
            (scratch / GIVEN_UP).touch()

    def _misfit(self, number: int) -> str | None:
        result = self.pieces[number]["result"]
        if "error" in result:
            return f"a chunk failed: {result['error']}"
        seen = [(piece.get("result") or {}).get("watched") for piece in self.pieces if piece["do"] == "chunk"]
        known = [None if one is None else watched_from_json(one) for one in seen]
        for at in (number, number + 1):  # beside its neighbour on either side
            one = known[at] if at < len(known) else None
            if one is not None and (why := misfit(one, known[at - 1] if at else None)):
                return f"chunk {at + 1} of {len(known)} {why}"
        return None


def run(context: Context, cluster: Cluster, videos: Sequence[Video]) -> None:
    """Scan each video for the signal groups that it lacks; every result is committed as it arrives.

    The videos know of their new scans afterwards.
    """
    todo = [video for video in videos if video.usable and video.lacks(context.keys)]
    if todo:
        check_disk(context)
    work = {video.identity.hex(): _work(context, video) for video in todo}
    # The longest first: what begins last should not be what takes longest.
    items = [item for one in work.values() for item in one.pieces or [one.whole]]
    items.sort(key=lambda item: -item["seconds"])
    needs = context.plan.needs["scan"]
    split = any(one.pieces for one in work.values())
    with context.step("scan", len(items), "chunks" if split else "videos") as step:
        ready: list[Item] = []
        for result in cluster.each(scan_item, items, needs):
            _heed(result)
            context.reporter.advance()
            one = work[result["video_id"]]
            if not one.pieces:
                _commit(context, step, one, result)
            else:
                step.frames_decoded += (result.get("watched") or {}).get("decoded", 0)
                one.take(result)
                if one.done == len(one.pieces):
                    ready.append(_finishing(one))
            if context.stopping.is_set():
                return
        for result in cluster.each(scan_item, ready, needs):
            _heed(result)
            _commit(context, step, work[result["video_id"]], result)
            if context.stopping.is_set():
                return
        with suppress(OSError):  # not there, as a rule
            os.rmdir(context.folder.path(SCRATCH))
    context.tables.compact("scans")


def _heed(result: Item) -> None:
    if "fatal" in result:
        raise RunError(result["fatal"])


def _commit(context: Context, step: Step, work: _Work, result: Item) -> None:
    video = work.video
    if "changed" in result:
        step.failed += 1
        context.reporter.note(f"{video.path} changed since it was indexed: run again to read it anew")
        return
    row = _row(context, video, result)
    table = to_table(SCANS, [row])
    context.tables.append("scans", table)
    add_scans({video.identity: video}, table, context.keys)
    step.done += 1
    step.failed += row["error"] is not None
    if row["chunks"] == 1:  # those of chunks were counted when they were decoded
        step.frames_decoded += row.get("frames_decoded") or 0  # absent where the scan failed


def _work(context: Context, video: Video) -> _Work:
    whole = _whole(context, video)
    arguments = whole["arguments"]
    seen = [group for group in arguments["groups"] if group != AUDIO]
    if video.scanned and not (seen or arguments["frames"]):
        # Asked for after the pictures were scanned: they need no second decode, and the facts are known.
        facts = {name: video.scan[name] for name in FACTS}
        return _Work(video, {**whole, "do": "late sound", "arguments": _of_sound(whole), "facts": facts})
    chunks = chunks_of(video, context.plan.pipeline.scan)
    if len(chunks) < 2 or not (seen or arguments["frames"]):
        return _Work(video, whole)
    pieces = [_piece(context, whole, number, seen, chunk) for number, chunk in enumerate(chunks)]
    if AUDIO in arguments["groups"]:
        # In one piece: a decoder of sound carries its state on from packet to packet.
        own = _of_sound(whole)
        pieces.append({**whole, "do": "sound", "number": len(chunks), "seconds": 0.0, "arguments": own})
    return _Work(video, whole, pieces)


def _of_sound(whole: Item) -> Item:
    return {name: whole["arguments"][name] for name in ("path", "out_dir", "video_id", "name")}


def _whole(context: Context, video: Video) -> Item:
    scan = context.plan.pipeline.scan
    lacking = video.lacks(context.keys)
    key = cache_key({group: context.keys.groups[group] for group in lacking})
    return {
        "do": "whole",
        "arguments": {
            "path": video.path,
            "out_dir": context.folder.root,
            "video_id": video.identity.hex(),
            "groups": [group for group in lacking if group != FRAMES],
            "frames": scan.frames().model_dump(mode="json") if FRAMES in lacking else None,
            "name": f"{video.identity.hex()}-{key}",
        },
        "stamp": video.stamp,
        "stall_seconds": scan.stall_seconds,
        "max_memory": scan.max_memory,
        "seconds": video.seconds,
        "scratch": context.folder.path(f"{SCRATCH}/{video.identity.hex()}-{key}"),
    }


def _piece(context: Context, whole: Item, number: int, groups: list[str], chunk: Chunk) -> Item:
    folder = Path(whole["scratch"]) / str(number)
    arguments = {**whole["arguments"], "groups": groups, "chunk": asdict(chunk), "out_dir": str(folder)}
    return {
        **whole,
        "do": "chunk",
        "number": number,
        "seconds": min(whole["seconds"], context.plan.pipeline.scan.chunk_seconds),
        "arguments": arguments,
    }


def _finishing(work: _Work) -> Item:
    return {
        "do": "finish",
        "whole": work.whole,
        "chunks": [piece for piece in work.pieces if piece["do"] == "chunk"],
        "sound": [{**piece, "group": AUDIO} for piece in work.pieces if piece["do"] == "sound"],
        "frames": work.video.row["frames"],
        "why": work.why,
        "scratch": work.whole["scratch"],
    }


def _row(context: Context, video: Video, result: Item) -> dict[str, Any]:
    parts = result.get("parts", {})
    groups = [
        {
            "group": group,
            "key": context.keys.groups[group],
            **{name: parts.get(group, {}).get(name) for name in ("rows", "bytes")},
            "part": parts.get(group, {}).get("path"),
        }
        for group in video.lacks(context.keys)
    ]
    known = {"video_id": video.identity, "groups": groups, "error": result.get("error")}
    return {"chunks": 1, **result, **known}
