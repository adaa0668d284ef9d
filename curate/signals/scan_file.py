"""The scan of one file: one decoding pass, every group that is asked for, the sampled frames, all to
Parquet."""

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, cast

import cv2

from curate.media.container import open_video, time_base, video_stream
from curate.media.decode import DecodeReport, Frame, decode, decode_from
from curate.media.picture import Viewer, rotation_of, usable_sar
from curate.signals import GROUPS
from curate.signals.audio import NAME as AUDIO
from curate.signals.audio import SoundRows
from curate.signals.chunks import Chunk, Watch, Watched
from curate.signals.frames import NAME as FRAMES
from curate.signals.frames import SCHEMA as FRAMES_SCHEMA
from curate.signals.frames import FramesOptions, encode_jpeg
from curate.signals.grid import SampleGrid
from curate.signals.parts import PartWriter
from curate.signals.view import SMALL_WIDTH, FrameView


@dataclass
class Part:
    """A Parquet file that a scan wrote; `path` is relative to the folder it was given."""

    path: str
    rows: int
    bytes: int


@dataclass
class ScanResult:
    """What a scan did; plain values that go through JSON."""

    parts: dict[str, Part]
    """By signal group, and `frames`."""
    frames_decoded: int
    start_pts: int
    end_pts: int
    """Last pts + duration of the last frame."""
    seconds: float
    """(end_pts - start_pts) * time_base."""
    time_base: str
    salvaged: bool
    errors: int
    first_error: str | None
    reordered: bool
    """Frames carried each other's timestamps."""
    filled: int
    cpu_seconds: float
    """CPU time of this process during the scan; the one value here that differs from run to run."""
    watched: Watched | None = None
    """Of a chunk: what shows whether it fits its neighbours."""


def part_path(group: str, name: str) -> str:
    """Where the part `name` of a group (or of `frames`) lies, relative to the folder of a scan."""
    return f"frames/{name}.parquet" if group == FRAMES else f"signals/{group}/{name}.parquet"


def scan_file(
    path: str,
    out_dir: str | Path,
    *,
    video_id: bytes,
    groups: Sequence[str],
    frames: FramesOptions | None,
    name: str,
    chunk: Chunk | None = None,
    progress: Callable[[float], None] | None = None,
) -> ScanResult:
    """Decode `path` once, measure `groups` on every frame, store sampled `frames`, and write one part for
    each.

    The same file and options give parts of the same bytes. Memory does not grow with the file's length.
    With `chunk`, only that span of the file is decoded; its parts begin with rows of the chunk before
    (`Watched.written_from`), which `curate.signals.merge` compares and leaves out.
    The group `audio` is of the file as a whole: chunks have none (curate.signals.scan_sound).
    `progress` is called with the number of frames measured. Raises MediaError if no frame decodes and
    ValueError for an unknown group; then no part is left behind.
    """
    unknown = sorted(set(groups) - set(GROUPS))
    if unknown:
        raise ValueError(f"unknown signal group {unknown[0]!r}; known are {', '.join(GROUPS)}")
    assert chunk is None or AUDIO not in groups, "sound is not measured in chunks"
    cv2.setNumThreads(1)
    began = time.process_time()
    with open_video(path) as container:
        stream = video_stream(container)
        base = time_base(stream)
        sar = usable_sar(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio)
    asked = [GROUPS[group] for group in GROUPS if group in groups]
    schemas = {group.name: group.schema for group in asked}
    if frames is not None:
        schemas[FRAMES] = FRAMES_SCHEMA
    folder = Path(out_dir)
    report = DecodeReport()
    span = _Span()
    done = progress or (lambda _: None)
    with contextlib.ExitStack() as stack:
        writers = {
            group: stack.enter_context(PartWriter(folder / part_path(group, name), schema, video_id))
            for group, schema in schemas.items()
        }
        measures = [(group.start(base), writers[group.name]) for group in asked if group.start is not None]
        sound = SoundRows(base, writers[AUDIO].add) if AUDIO in writers else None
        sampled = SampleGrid(frames.frames_per_second, base) if frames is not None else None
        watch = Watch(chunk or Chunk(), report)
        for frame, viewer, view in _views(path, sar, report, chunk, lambda: done(0), sound):
            written = watch.add(frame)
            for measure, writer in measures:
                row = measure.update(view)
                if written:
                    writer.add(view.pts, row)
            takes = sampled is not None and sampled.takes(view.pts, view.change.score)
            if frames is not None and takes and written:
                jpeg = encode_jpeg(viewer.rgb(frame.image, frames.short_side), frames.quality)
                writers[FRAMES].add(view.pts, (jpeg,))
            if watch.inside(frame):
                span.add(frame)
            done(watch.seen)
        if sound is not None:
            sound.finish()
    return ScanResult(
        parts={
            group: Part(part_path(group, name), writer.rows, writer.path.stat().st_size)
            for group, writer in writers.items()
        },
        frames_decoded=span.frames,
        start_pts=span.start,
        end_pts=span.end,
        seconds=float((span.end - span.start) * base),
        time_base=f"{base.numerator}/{base.denominator}",
        salvaged=report.salvaged,
        errors=report.errors,
        first_error=report.first_error,
        reordered=report.reordered > 0,
        filled=report.filled,
        cpu_seconds=time.process_time() - began,
        watched=None if chunk is None else watch.found(),
    )


def scan_from_json(
    path: str,
    out_dir: str,
    video_id: str,
    groups: list[str],
    frames: dict[str, Any] | None,
    name: str,
    chunk: dict[str, Any] | None = None,
    progress: Callable[[float], None] | None = None,
) -> ScanResult:
    """`scan_file` with JSON arguments: `video_id` as 32 hex digits, `frames` and `chunk` as dictionaries of
    their fields."""
    return scan_file(
        path,
        out_dir,
        video_id=bytes.fromhex(video_id),
        groups=groups,
        frames=None if frames is None else FramesOptions(**frames),
        name=name,
        chunk=None if chunk is None else Chunk(**chunk),
        progress=progress,
    )


class _Span:
    """Frames counted, and the time that they cover."""

    def __init__(self) -> None:
        self.frames = 0
        self.start = 0
        self.end = 0

    def add(self, frame: Frame) -> None:
        if self.frames == 0:
            self.start = frame.pts
        self.frames += 1
        self.end = frame.pts + frame.duration


def _views(
    path: str,
    sar: Fraction,
    report: DecodeReport,
    chunk: Chunk | None,
    passing: Callable[[], None],
    sound: SoundRows | None,
) -> Iterator[tuple[Frame, Viewer, FrameView]]:
    """Every frame with what the groups see of it: all of the file, or from a chunk's entry to its end.

    `passing` is called for each frame that is decoded on the way to the entry.
    """
    sight: _Sight | None = None
    frames = decode(path, report=report, sound=None if sound is None else sound.hear)
    if chunk is not None and chunk.entry is None:
        frames = decode(path, end_pts=chunk.end, report=report)
    elif chunk is not None and chunk.entry is not None:
        # What all pictures of the file are made like is its first frame, wherever this chunk begins.
        with contextlib.closing(cast(Generator[Frame, None, None], decode(path))) as decoded:
            sight = _Sight(next(decoded), sar)
        frames = decode_from(path, chunk.entry, end_pts=chunk.end, report=report, passing=passing)
    view: FrameView | None = None
    with contextlib.closing(cast(Generator[Frame, None, None], frames)) as decoded:
        for frame in decoded:
            sight = sight or _Sight(frame, sar)
            view = sight.see(frame, view)
            yield frame, sight.viewer, view


class _Sight:
    """Small pictures, upright and sized as the first frame of the file has them."""

    def __init__(self, first: Frame, sar: Fraction) -> None:
        self.viewer = Viewer(rotation_of(first.image), sar)
        self._small = self.viewer.small(first.image, SMALL_WIDTH).shape[1::-1]
        self._coarse = self.viewer.coarse(first.image).shape[1::-1]

    def see(self, frame: Frame, previous: FrameView | None) -> FrameView:
        small = self.viewer.small(frame.image, SMALL_WIDTH)
        if small.shape[1::-1] != self._small:
            # The coded size changed midway: what is compared must have one size.
            small = cv2.resize(small, self._small, interpolation=cv2.INTER_AREA)
        coarse = self.viewer.coarse(frame.image)
        if coarse.shape[1::-1] != self._coarse:
            coarse = cv2.resize(coarse, self._coarse, interpolation=cv2.INTER_LINEAR)
        luma = partial(self.viewer.luma, frame.image)
        return FrameView(frame.pts, small, luma, previous, coarse, self.viewer.rotation)
