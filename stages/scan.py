"""Step `scan`: the one full decode of a video. Writes signal and frame parts, and `scans`, which publishes
them."""

from collections.abc import Sequence
from typing import Any

from curate.clips import SCANS, cache_key
from curate.cluster import Cluster
from curate.context import Context, RunError
from curate.signals.frames import NAME as FRAMES
from curate.signals.parts import remove_unfinished
from curate.state import Video, add_scans
from curate.tables import to_table
from stages.worker import decode_call, guarded, stamp

FREE_BYTES = 200_000_000
"""Below this much free disk no scan is begun: the signals of an hour of video take about 50 MB, its frames
250 MB."""


def scan_video(item: dict[str, Any]) -> dict[str, Any]:
    """Scan one file in the killable child: the scan's result, or {"error"}, {"changed"} or {"fatal"}."""
    arguments = item["arguments"]
    result = guarded(
        lambda: decode_call(
            "scan", arguments, stall_seconds=item["stall_seconds"], max_memory=item["max_memory"]
        )
    )
    # What was indexed is what must have been scanned: other content has another id.
    if stamp(arguments["path"]) != tuple(item["stamp"]):
        result = {"changed": True}
    return {"video_id": arguments["video_id"], **result}


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
    check_disk(context)
    cluster.start()


def run(context: Context, cluster: Cluster, videos: Sequence[Video]) -> None:
    """Scan each video for the signal groups that it lacks; every result is committed as it arrives.

    The videos know of their new scans afterwards.
    """
    todo = {video.identity: video for video in videos if video.usable and video.lacks(context.keys)}
    if todo:
        check_disk(context)
    with context.step("scan", len(todo), "videos") as step:
        for result in cluster.each(scan_video, [_item(context, video) for video in todo.values()]):
            if "fatal" in result:
                raise RunError(result["fatal"])
            video = todo[bytes.fromhex(result["video_id"])]
            context.reporter.advance()
            if "changed" in result:
                step.failed += 1
                context.reporter.note(f"{video.path} changed since it was indexed: run again to read it anew")
                continue
            row = _row(context, video, result)
            table = to_table(SCANS, [row])
            context.tables.append("scans", table)
            add_scans({video.identity: video}, table, context.keys)
            step.done += 1
            step.failed += row["error"] is not None
            step.frames_decoded += row.get("frames_decoded") or 0
            if context.stopping.is_set():
                return
    context.tables.compact("scans")


def _item(context: Context, video: Video) -> dict[str, Any]:
    scan = context.plan.pipeline.scan
    lacking = video.lacks(context.keys)
    key = cache_key({group: context.keys.groups[group] for group in lacking})
    return {
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
    }


def _row(context: Context, video: Video, result: dict[str, Any]) -> dict[str, Any]:
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
    return {**result, "video_id": video.identity, "groups": groups, "error": result.get("error")}
