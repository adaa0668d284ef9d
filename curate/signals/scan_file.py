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
from curate.media.decode import DecodeReport, Frame, decode
from curate.media.picture import Viewer, rotation_of, usable_sar
from curate.signals import GROUPS
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
    progress: Callable[[float], None] | None = None,
) -> ScanResult:
    """Decode `path` once, measure `groups` on every frame, store sampled `frames`, and write one part for
    each.

    The same file and options give parts of the same bytes. Memory does not grow with the file's length.
    `progress` is called with the number of frames done. Raises MediaError if no frame decodes and ValueError
    for an unknown group; then no part is left behind.
    """
    unknown = sorted(set(groups) - set(GROUPS))
    if unknown:
        raise ValueError(f"unknown signal group {unknown[0]!r}; known are {', '.join(GROUPS)}")
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
    with contextlib.ExitStack() as stack:
        writers = {
            group: stack.enter_context(PartWriter(folder / part_path(group, name), schema, video_id))
            for group, schema in schemas.items()
        }
        measures = [(group.start(base), writers[group.name]) for group in asked]
        sampled = SampleGrid(frames.frames_per_second, base) if frames is not None else None
        for frame, viewer, view in _views(path, sar, report):
            for measure, writer in measures:
                writer.add(view.pts, measure.update(view))
            if frames is not None and sampled is not None and sampled.takes(view.pts, view.change.score):
                jpeg = encode_jpeg(viewer.rgb(frame.image, frames.short_side), frames.quality)
                writers[FRAMES].add(view.pts, (jpeg,), len(jpeg))
            span.add(frame)
            if progress is not None:
                progress(span.frames)
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
    )


def scan_from_json(
    path: str,
    out_dir: str,
    video_id: str,
    groups: list[str],
    frames: dict[str, Any] | None,
    name: str,
    progress: Callable[[float], None] | None = None,
) -> ScanResult:
    """`scan_file` with JSON arguments: `video_id` as 32 hex digits, `frames` as the options' dictionary."""
    return scan_file(
        path,
        out_dir,
        video_id=bytes.fromhex(video_id),
        groups=groups,
        frames=None if frames is None else FramesOptions(**frames),
        name=name,
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


def _views(path: str, sar: Fraction, report: DecodeReport) -> Iterator[tuple[Frame, Viewer, FrameView]]:
    """Every frame with what the groups see of it. Small pictures keep the size of the first one."""
    viewer: Viewer | None = None
    view: FrameView | None = None
    with contextlib.closing(cast(Generator[Frame, None, None], decode(path, report=report))) as decoded:
        for frame in decoded:
            if viewer is None:
                viewer = Viewer(rotation_of(frame.image), sar)
            small = viewer.small(frame.image, SMALL_WIDTH)
            if view is not None and small.shape != view.small.shape:
                # The coded size changed midway: what is compared must have one size.
                height, width = view.small.shape[:2]
                small = cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA)
            coarse = viewer.coarse(frame.image)
            if view is not None and coarse.shape[:2] != view.hue.shape:
                height, width = view.hue.shape
                coarse = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
            view = FrameView(frame.pts, small, partial(viewer.luma, frame.image), view, coarse)
            yield frame, viewer, view
