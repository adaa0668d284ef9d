"""How well captions fit the frames of their clips: in actors, a batch of captions at a time."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from captioners.dialogue.similarity import SimilarityOptions, digest_of, texts_of
from curate.cluster import Cluster
from curate.context import Context
from curate.frames_of import jpegs_of, picture
from curate.options import Resources
from curate.signals.frames import NAME as FRAMES
from curate.state import Video
from stages.frames import SHORT_SIDE, decoded
from stages.measure import failure
from stages.worker import guarded, stamp

Row = dict[str, Any]
Compared = tuple[Row, str, str]
"""A clip, and a short and a dense caption of it."""
Scorer = Callable[[Sequence[tuple[Sequence[Any], Sequence[str]]]], list[float]]

BATCH = 16
"""Captions that are compared together: some 64 frames and 100 sentences."""


def rows(
    context: Context,
    cluster: Cluster,
    options: SimilarityOptions,
    captions: Sequence[Compared],
    videos: Mapping[bytes, Video],
) -> Iterator[Row]:
    """A row of `similarities` for each, as they come; with `transient` where what kept it from being measured
    may be the moment's."""
    scan = context.plan.pipeline.scan
    limits = {"stall_seconds": scan.stall_seconds, "max_memory": scan.max_memory}
    make = partial(measurer, options.model_dump(mode="json"), limits)
    ordered = sorted(captions, key=lambda one: (one[0]["video_id"], one[0]["start_pts"]))
    items = [_item(context, *one, videos[one[0]["video_id"]]) for one in ordered]
    wants = Resources(num_gpus=options.num_gpus)
    for found in cluster.pool(make, items, batch_size=BATCH, resources=wants):
        yield {**found, "clip_id": bytes.fromhex(found["clip_id"])}


def _item(context: Context, clip: Row, short: str, dense: str, video: Video) -> Row:
    return {
        "clip": {**clip, "clip_id": clip["clip_id"].hex(), "video_id": clip["video_id"].hex()},
        "frames": context.folder.path(video.parts[FRAMES]),
        "source": video.path,
        "irregular": not video.seekable,
        "digest": digest_of(short, dense),
        "texts": texts_of(short, dense),
    }


def measurer(options: Row, limits: Row) -> Callable[[list[Row]], list[Row]]:
    """What an actor does with its batches, the model loaded."""
    made = SimilarityOptions(**options)
    return partial(measure, made.load(), made.frames, limits)


def measure(scorer: Scorer, frames: int, limits: Row, items: list[Row]) -> list[Row]:
    """The rows of a batch. A clip whose frames cannot be read fails alone."""
    found: list[Row] = []
    seen: list[tuple[Sequence[Any], Sequence[str]]] = []
    for item in items:
        row: Row = {"clip_id": item["clip"]["clip_id"], "digest": item["digest"], "similarity": None}
        pictures, said = _pictures(item, frames, limits)
        if pictures:
            seen.append((pictures, item["texts"]))
        found.append(row | said)
    values = iter(scorer(seen) if seen else ())
    for row in found:
        if row["error"] is None:
            value = float(next(values))
            row |= {"similarity": value} if math.isfinite(value) else {"error": f"the similarity is {value}"}
    return found


def _pictures(item: Row, frames: int, limits: Row) -> tuple[list[Any], Row]:
    """The frames of a clip, or none and why."""
    clip = item["clip"]
    pictures: list[Any] = []

    def read() -> Row:
        stored = jpegs_of(item["frames"], clip["start_pts"], clip["end_pts"], frames)
        if not stored:
            stored = decoded(item, clip, frames, SHORT_SIDE, limits)
        pictures.extend(picture(jpeg.data) for jpeg in stored)
        return {}

    try:
        said = guarded(read)
    except Exception as error:  # a damaged part may raise anything, and only its clip may suffer
        said = failure(error)
    reason = said.get("error") or said.get("fatal")
    if reason is None:
        return pictures, {"error": None, "transient": False}
    moment = "fatal" in said or bool(said.get("transient")) or stamp(item["source"]) is None
    return [], {"error": reason, "transient": moment}
