"""Scores of filters that look at frames: in actors, a batch of clips at a time.

Rows move, bytes stay: an item names the parts, and the actor reads the JPEGs and signals from them."""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

from curate.cluster import Cluster
from curate.config import FilterStep
from curate.context import Context
from curate.frames_of import jpegs_of, picture
from curate.plugins import FrameFilter, SampledClip, SampledFrame
from curate.signals.frames import NAME as FRAMES
from curate.state import Video
from stages.frames import decoded
from stages.measure import checked, failure
from stages.signals import Columns, read_part, span

Row = dict[str, Any]


def rows(
    context: Context,
    cluster: Cluster,
    step: FilterStep,
    clips: Sequence[Row],
    videos: Mapping[bytes, Video],
) -> Iterator[Row]:
    """A row of scores for each of `clips`, as they are measured."""
    plugin = step.plugin
    assert isinstance(plugin, FrameFilter)
    scan = context.plan.pipeline.scan
    kind = type(plugin)
    make = partial(
        measurer,
        f"{kind.__module__}:{kind.__qualname__}",
        plugin.model_dump(mode="json"),
        {"stall_seconds": scan.stall_seconds, "max_memory": scan.max_memory},
    )
    ordered = sorted(clips, key=lambda clip: (clip["video_id"], clip["start_pts"]))
    items = [_item(context, plugin, clip, videos[clip["video_id"]]) for clip in ordered]
    size = step.resources.batch_size or plugin.BATCH
    for found in cluster.pool(make, items, batch_size=size, resources=step.resources):
        yield {**found, "clip_id": bytes.fromhex(found["clip_id"])}


def _item(context: Context, plugin: FrameFilter, clip: Row, video: Video) -> Row:
    path = context.folder.path
    return {
        "clip": {**clip, "clip_id": clip["clip_id"].hex(), "video_id": clip["video_id"].hex()},
        "video": {name: value for name, value in video.row.items() if name != "video_id"},
        "frames": path(video.parts[FRAMES]),
        "signals": {group: path(video.parts[group]) for group in plugin.READS},
        "source": video.path,
        "irregular": not video.seekable,
    }


def measurer(plugin: str, options: Row, limits: Row) -> Callable[[list[Row]], list[Row]]:
    """What an actor does with its batches, the model loaded. `plugin`: MODULE:CLASS."""
    module, _, name = plugin.partition(":")
    made: FrameFilter = getattr(importlib.import_module(module), name)(**options)
    return partial(measure, made, made.load(), limits)


def measure(plugin: FrameFilter, model: Any, limits: Row, items: list[Row]) -> list[Row]:
    """The rows of a batch; a clip whose frames cannot be read fails alone."""
    found: dict[int, Row] = {}
    seen: dict[int, SampledClip] = {}
    for number, item in enumerate(items):
        try:
            seen[number] = sampled(plugin, item, limits)
        except Exception as error:  # whatever a damaged part raises, only its clip may suffer
            found[number] = failure(error)
    if seen:
        try:
            scores = plugin.measure(model, list(seen.values()))
            if len(scores) != len(seen):
                raise ValueError(f"the filter gave {len(scores)} scores for {len(seen)} clips")
        except Exception as error:  # a plugin may raise anything
            scores = [error] * len(seen)
        for number, score in zip(seen, scores, strict=True):
            try:
                if isinstance(score, Exception):
                    raise score
                found[number] = {**checked(plugin, score), "error": None}
            except Exception as error:
                found[number] = failure(error)
    return [{"clip_id": item["clip"]["clip_id"], **found[number]} for number, item in enumerate(items)]


def sampled(plugin: FrameFilter, item: Row, limits: Row) -> SampledClip:
    """The clip with the frames that the filter wants."""
    clip, sampling = item["clip"], plugin.sampling()
    start, end = clip["start_pts"], clip["end_pts"]
    stored = jpegs_of(item["frames"], start, end, sampling.frames)
    if not stored:
        stored = decoded(item, clip, sampling.frames, sampling.short_side, limits)
    base = Fraction(clip["time_base"])
    frames = [
        SampledFrame(jpeg.pts, float(jpeg.pts * base), picture(jpeg.data, sampling.short_side))
        for jpeg in stored
    ]
    signals = {group: span(_part(path), start, end) for group, path in item["signals"].items()}
    return SampledClip(clip, item["video"], signals, frames)


@lru_cache(maxsize=4)
def _part(path: str) -> Columns:
    """Signals of a video, kept for its next clip."""
    return read_part(path)
