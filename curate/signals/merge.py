"""The parts of a file's chunks as the parts of one scan, to the byte; refused where the chunks do not fit."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.media.probe import packets_before
from curate.signals import GROUPS
from curate.signals.chunks import Chunk, Overlap, Watched
from curate.signals.frames import NAME as FRAMES
from curate.signals.frames import SCHEMA as FRAMES_SCHEMA
from curate.signals.parts import PartWriter
from curate.signals.scan_file import Part, ScanResult, part_path


class Unclean(Exception):
    """The chunks of a file are not what one decode of it gives; the message says why."""


@dataclass(frozen=True)
class Scanned:
    """A chunk that was scanned into `folder`."""

    chunk: Chunk
    folder: Path
    result: ScanResult

    @property
    def watched(self) -> Watched:
        assert self.result.watched is not None, "a scan of a chunk"
        return self.result.watched


def scanned_from_json(chunk: dict[str, Any], folder: str, result: dict[str, Any]) -> Scanned:
    """A chunk whose result came through JSON."""
    known = {name: value for name, value in result.items() if name in ScanResult.__dataclass_fields__}
    known["watched"] = watched_from_json(known["watched"])
    known["parts"] = {name: Part(**part) for name, part in known["parts"].items()}
    return Scanned(Chunk(**chunk), Path(folder), ScanResult(**known))


def watched_from_json(watched: dict[str, Any]) -> Watched:
    """What was seen of a chunk, when it came through JSON."""
    overlaps = {name: Overlap(**watched[name]) for name in ("lead", "tail")}
    return Watched(**{**watched, **overlaps})


def merge(
    path: str, chunks: Sequence[Scanned], out_dir: str | Path, *, video_id: bytes, name: str, frames: int
) -> ScanResult:
    """Write the parts of all chunks of `path` (in its order) as one part per group, and say what one scan
    would.

    `frames`: packets of the file that are shown; a sound file has a frame from each. Memory holds one row
    group and one overlap. Raises Unclean if the chunks do not fit; then no part is left behind.
    """
    counts = [one.result.frames_decoded for one in chunks]
    decoded = sum(counts)
    if decoded != frames:
        frames -= packets_before(path, chunks[0].result.start_pts)
    check([one.watched for one in chunks], counts, frames)
    folder = Path(out_dir)
    writers: dict[str, PartWriter] = {}
    with contextlib.ExitStack() as stack:
        # All together: none appears unless every one is whole.
        for group in chunks[0].result.parts:
            schema = FRAMES_SCHEMA if group == FRAMES else GROUPS[group].schema
            target = folder / part_path(group, name)
            writers[group] = stack.enter_context(PartWriter(target, schema, video_id))
        for group, writer in writers.items():
            for rows in joined(chunks, group):
                writer.extend(rows)
    first, last = chunks[0].result, chunks[-1].result
    num, den = map(int, first.time_base.split("/"))
    return ScanResult(
        parts={
            group: Part(part_path(group, name), writer.rows, writer.path.stat().st_size)
            for group, writer in writers.items()
        },
        frames_decoded=decoded,
        start_pts=first.start_pts,
        end_pts=last.end_pts,
        seconds=(last.end_pts - first.start_pts) * num / den,
        time_base=first.time_base,
        salvaged=False,
        errors=0,
        first_error=None,
        reordered=False,
        filled=0,
        cpu_seconds=sum(one.result.cpu_seconds for one in chunks),
    )


def check(watched: Sequence[Watched], counts: Sequence[int], frames: int) -> None:
    """Raise Unclean unless the chunks, whose own frames are `counts`, decode as one file of `frames` does."""
    for number, (one, count) in enumerate(zip(watched, counts, strict=True)):
        where = f"chunk {number + 1} of {len(watched)}"
        before = watched[number - 1] if number else None
        if why := misfit(one, before):
            raise Unclean(f"{where} {why}")
        if count == 0:
            raise Unclean(f"{where} has no frame")
    if len(watched) > 1 and watched[-1].lead.durations != watched[-2].tail.durations:
        raise Unclean("the length of the last frame depends on where decoding began")
    if sum(counts) != frames:
        raise Unclean(f"the chunks have {sum(counts)} frames and the file {frames} packets")


def misfit(one: Watched, before: Watched | None) -> str | None:
    """Why a chunk cannot be part of one decode, by itself and beside the one before; None if it can."""
    if one.doubt is not None:
        return f"has {one.doubt}"
    if before is None:
        return None
    if one.lead.frames != before.tail.frames:
        return f"gives {one.lead.frames} frames where the one before gives {before.tail.frames}"
    if one.lead.digest != before.tail.digest:
        return "decodes to other pictures than the one before"
    return None


def joined(chunks: Sequence[Scanned], group: str) -> Iterator[pa.Table]:
    """The rows of a group from chunk to chunk; Unclean where two chunks have other rows for one frame."""
    tail: list[pa.Table] = []
    for number, one in enumerate(chunks):
        following = chunks[number + 1] if number + 1 < len(chunks) else None
        shared = following.watched.written_from if following is not None else None
        before, tail = tail, []
        lead: list[pa.Table] = []
        for rows in _row_groups(one.folder / one.result.parts[group].path):
            own = rows
            if one.chunk.start is not None:
                inside = pc.greater_equal(rows["pts"], one.chunk.start)
                lead.append(rows.filter(pc.invert(inside)))
                own = rows.filter(inside)
            if shared is not None:
                tail.append(own.filter(pc.greater_equal(own["pts"], shared)))
            yield own
        if _plain(lead) != _plain(before):
            raise Unclean(
                f"chunk {number + 1} of {len(chunks)} measures {group} otherwise than the one before"
            )


def _row_groups(path: Path) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number)


def _plain(tables: Sequence[pa.Table]) -> str:
    """Rows as text: exact, and NaN equals NaN."""
    return repr([row for table in tables for row in table.to_pylist()])
