"""What is known of each kept clip, as `KEY.json` will say it: content, options and carried columns, nothing
else.

Uris, times, attempts and rules stay in the tables: the same clip from another path, found by another run, has
the same bytes."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from curate.context import Context
from curate.media.crop import Crop, even_crop
from curate.state import Video, positions
from curate.tables import id_bytes, rows_of
from stages.encode import Survivor
from stages.inputs import merge_carried

CLIP_FACTS = ("start_pts", "end_pts", "time_base", "start_seconds", "end_seconds")
NOT_OF_VIDEO = frozenset({"video_id", "error", "key", "entries"})


def survivors(context: Context, kept: pa.Table, videos: Mapping[bytes, Video]) -> list[Survivor]:
    """One for each row of `kept` (rows of `clips`)."""
    tables, keys = context.tables, context.keys
    ids = id_bytes(kept["clip_id"])
    captions = _matched(ids, tables.read("captions", keys.captioner))
    scores = {
        step.name: _matched(ids, tables.read(f"scores/{step.name}", keys.filters[step.name]))
        for step in context.plan.filters
    }
    cropping = context.plan.crop_filter
    found = []
    for number, clip in enumerate(rows_of(kept)):
        video = videos[clip["video_id"]]
        caption = captions[number]
        document = {
            "clip_id": clip["clip_id"].hex(),
            "video_id": clip["video_id"].hex(),
            "clip": {name: clip[name] for name in CLIP_FACTS} | {"source_frames": clip["frames"]},
            "video": {name: value for name, value in video.row.items() if name not in NOT_OF_VIDEO},
            "scores": {
                name: {
                    column: _rounded(value)
                    for column, value in rows[number].items()
                    if column not in ("clip_id", "error")
                }
                for name, rows in scores.items()
            },
            "caption": {
                **{
                    name: caption[name]
                    for name in ("short", "dense", "captioner", "model", "revision", "prompt_hash")
                },
                "fields": json.loads(caption["fields"]),
            },
            "carried": merge_carried(video.carried),
        }
        found.append(
            Survivor(
                clip_id=clip["clip_id"],
                video_id=clip["video_id"],
                path=video.path,
                start_pts=clip["start_pts"],
                end_pts=clip["end_pts"],
                irregular=not video.seekable,
                picture_part=video.parts["picture"],
                document=document,
                dense=caption["dense"],
                short=caption["short"],
                crop=None if cropping is None else _crop(scores[cropping.name][number], video.row),
            )
        )
    return found


def _crop(box: Mapping[str, Any], video: Mapping[str, Any]) -> Crop | None:
    """What is left of the video's picture without the bars of `box`, a row of the filter `borders`."""
    shown = int(video["width"]), int(video["height"])
    return even_crop(box["x"], box["y"], box["width"], box["height"], shown)


def _rounded(value: Any) -> Any:
    """Six significant digits: what lies beyond differs between processors, and KEY.json should not."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _matched(ids: pa.Array, table: pa.Table) -> list[dict[str, Any]]:
    """The row of `table` for each id (a kept clip has one everywhere)."""
    at = positions(ids, table)
    assert (at >= 0).all(), "a kept clip lacks a row"
    return rows_of(table.take(pa.array(at)))
