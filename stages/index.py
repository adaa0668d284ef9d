"""Step `index`: what the input names, hashed once and probed once. Writes `files`, `videos`, `inputs`.

A file's id is the digest of all its bytes: a file and its copy with one byte flipped are two videos, a copy
is one video with two uris. What was read is remembered by (uri, bytes, modification time)."""

import json
import os
from typing import Any

from curate import clips
from curate.cluster import Cluster
from curate.context import Context, RunError
from curate.state import unread
from stages.inputs import Entry, Listing
from stages.worker import decode_call, guarded

READ_BYTES = 1 << 20


def index_file(item: dict[str, Any]) -> dict[str, Any]:
    """Hash and probe one file: {"video_id"?, "probe"?, "error"?}."""
    facts = {"uri": item["uri"], "bytes": item["bytes"], "modified": item["modified"]}
    try:
        identity = _hash(item["path"])
        now = os.stat(item["path"])
    except OSError as error:
        return {**facts, "unreadable": f"cannot be read: {error.strerror}"}
    if (now.st_size, str(now.st_mtime_ns)) != (item["bytes"], item["modified"]):
        return {**facts, "unreadable": "changed while it was read: run again when it is whole"}
    found = {**facts, "video_id": identity.hex()}
    if found["video_id"] in item["known"]:
        return found
    limits = {"stall_seconds": item["stall_seconds"], "max_memory": item["max_memory"]}
    result = guarded(lambda: {"probe": decode_call("probe", {"path": item["path"]}, **limits)})
    if result.get("transient"):  # the next run tries again
        return {**facts, "unreadable": result["error"]}
    return {**found, **result}


def _hash(path: str) -> bytes:
    digest = clips.new_hash()
    with open(path, "rb", buffering=0) as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.digest()


def run(context: Context, cluster: Cluster, found: Listing) -> None:
    """Bring `files` and `videos` up to the input, and write down what the input is."""
    tables = context.tables
    todo = [entry for entry in unread(found.entries, tables, context.keys) if isinstance(entry, Entry)]
    if todo:
        cluster.start()
    with context.step("index", len(todo), "files") as step:
        step.reused += len(found.entries) - len(todo)
        step.failed += sum(entry.missing is not None for entry in found.entries)
        known: set[bytes] = set()
        by_size: dict[int, list[str]] = {}
        for row in tables.rows("videos") if todo else []:
            if row["key"] == context.keys.videos:
                known.add(row["video_id"])
                by_size.setdefault(row["bytes"], []).append(row["video_id"].hex())
        scan = context.plan.pipeline.scan
        items = [
            {
                "uri": entry.uri, "path": entry.path, "bytes": entry.bytes, "modified": entry.modified,
                # Only a file of the same size can be one that was probed before.
                "known": by_size.get(entry.bytes, []),
                "stall_seconds": scan.stall_seconds, "max_memory": scan.max_memory,
            }
            for entry in todo
        ]  # fmt: skip
        for result in cluster.each(index_file, items):
            if "fatal" in result:
                raise RunError(result["fatal"])
            _commit(context, result, known)
            step.done += 1
            step.failed += "error" in result or "unreadable" in result
            context.reporter.advance()
    rows = [
        {
            "uri": entry.uri, "bytes": entry.bytes, "modified": entry.modified,
            "carried": json.dumps(entry.carried, sort_keys=True), "missing": entry.missing,
        }
        for entry in found.entries
    ]  # fmt: skip
    if rows != tables.rows("inputs"):
        tables.replace("inputs", rows)
    for name in ("files", "videos"):
        tables.compact(name)


def _commit(context: Context, result: dict[str, Any], known: set[bytes]) -> None:
    """The video first, then the file that names it: a file's row always has its video's."""
    identity = bytes.fromhex(result["video_id"]) if "video_id" in result else None
    if identity is not None and identity not in known:
        video = {
            "video_id": identity,
            "bytes": result["bytes"],
            "key": context.keys.videos,
            "error": result.get("error"),
            **result.get("probe", {}),
        }
        context.tables.append("videos", [video])
        known.add(identity)
    file = {name: result[name] for name in ("uri", "bytes", "modified")}
    context.tables.append("files", [{**file, "video_id": identity, "error": result.get("unreadable")}])
