"""What workers do for the step `scan`: whole files, chunks of long ones, and putting the chunks together."""

import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from curate.signals.audio import NAME as AUDIO
from curate.signals.merge import Unclean, merge, scanned_from_json
from stages.worker import decode_call, guarded, stamp

Item = dict[str, Any]

GIVEN_UP = "given up"
"""File among the parts of a video's chunks: they will not be used, the video is to be decoded whole."""


def scan_item(item: Item) -> Item:
    """One piece of work: `do` says which of the functions below it is for."""
    tasks = {
        "whole": scan_video,
        "chunk": scan_piece,
        "sound": scan_piece,
        "late sound": scan_sound,
        "finish": finish,
    }
    return tasks[item["do"]](item)


def scan_video(item: Item) -> Item:
    """Scan one file in the killable child: the scan's result, or {"error"}, {"changed"} or {"fatal"}."""
    return _call("scan", item)


def scan_sound(item: Item) -> Item:
    """Scan the sound of a file whose pictures were scanned before; the result as `scan_video`'s, in no
    chunk."""
    result = _call("sound", item)
    if "path" not in result:
        return result
    part = {name: result[name] for name in ("path", "rows", "bytes")}
    return {"video_id": result["video_id"], **item["facts"], "parts": {AUDIO: part}, "chunks": 0}


def scan_piece(item: Item) -> Item:
    """Scan a chunk of a file into a folder of its own, or its sound; the result as `scan_video`'s, with the
    chunk's number. Nothing is done for a file that was given up."""
    function = "sound" if item["do"] == "sound" else "scan"
    if os.path.exists(os.path.join(item["scratch"], GIVEN_UP)):
        return {"video_id": item["arguments"]["video_id"], "number": item["number"], "skipped": True}
    return {"number": item["number"], **_call(function, item)}


def _call(function: str, item: Item) -> Item:
    arguments = item["arguments"]
    result = guarded(
        lambda: decode_call(
            function, arguments, stall_seconds=item["stall_seconds"], max_memory=item["max_memory"]
        )
    )
    # What was indexed is what must have been scanned: other content has another id.
    if stamp(arguments["path"]) != tuple(item["stamp"]):
        result = {"changed": True}
    return {"video_id": arguments["video_id"], **result}


def finish(item: Item) -> Item:
    """The scan of a file from the scans of its chunks, as one scan of it would be; or, where they do not fit
    together or it was given up (`why`), that one scan, with `chunk_error`: why."""
    whole = item["whole"]
    identity = whole["arguments"]["video_id"]
    pieces = [*item["chunks"], *item["sound"]]
    try:
        if any("changed" in piece["result"] for piece in pieces):
            return {"video_id": identity, "changed": True}
        why = item["why"]
        if why is None:
            try:
                return {"video_id": identity, **guarded(lambda: _merged(item))}
            except Unclean as error:
                why = str(error)
        return {**scan_video(whole), "chunk_error": why}
    finally:
        shutil.rmtree(item["scratch"], ignore_errors=True)


def _merged(item: Item) -> Item:
    arguments = item["whole"]["arguments"]
    chunks = [
        scanned_from_json(piece["arguments"]["chunk"], piece["arguments"]["out_dir"], piece["result"])
        for piece in item["chunks"]
    ]
    result = asdict(
        merge(
            arguments["path"],
            chunks,
            Path(arguments["out_dir"]),
            video_id=bytes.fromhex(arguments["video_id"]),
            name=arguments["name"],
            frames=item["frames"],
        )
    )
    for piece in item["sound"]:
        part = {name: piece["result"][name] for name in ("path", "rows", "bytes")}
        result["parts"][piece["group"]] = part
    return {**result, "chunks": len(chunks)}
