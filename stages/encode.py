"""The encoding half of step `shards`: clips whose bytes are nowhere yet. Writes `encodes` and RUN/staging.

A clip that was encoded waits as RUN/staging/<clip>-<key of the options>.mp4 until it is packed into a tar;
from then on its bytes live in the tar alone. A row of `encodes` says what they are; it is committed as each
result arrives, so a run that is killed does again at most the clips that were being encoded. There is one row
per clip and key.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from curate import clips
from curate.cluster import Cluster
from curate.context import Context, RunError, encode_options
from curate.media.crop import Crop
from curate.sharding.tar import Slice, digest_of
from curate.tables import Tables, rows_of, to_table
from stages.signals import read_part, span
from stages.worker import decode_call, guarded

STAGING = "staging"

CLIP_BYTES = 2_000_000
"""Guess of an encoded clip's size where the source's own rate is not known: five seconds at 3 Mb/s."""

COMPACT_EVERY = 500
"""Rows committed one by one after which their parts are rewritten as one."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Survivor:
    """A clip that goes into the shards."""

    clip_id: bytes
    video_id: bytes
    path: str
    """The local file to encode from."""
    start_pts: int
    end_pts: int
    irregular: bool
    """Whether the file's timestamps forbid seeking in it."""
    picture_part: str
    """The video's part of the signal group `picture`, relative to the run: the frames that the encoder must
    see."""
    document: Mapping[str, Any]
    """What KEY.json says of the clip, without what encoding and packing add; ids in hex."""
    dense: str
    short: str
    crop: Crop | None = None
    """What is encoded of the picture, where `crop_borders` is on and bars were found."""


@dataclass
class Encodes:
    """What became of the survivors."""

    rows: dict[bytes, Row]
    """clip -> its row of `encodes`, for those whose bytes are at hand."""
    sources: dict[bytes, Slice]
    """clip -> where its bytes are."""
    failed: set[bytes]
    """Clips that cannot be encoded."""


def encode_clip(item: dict[str, Any]) -> Row:
    """Encode one clip in the killable child: its row of `encodes`, {"error", "transient"} or {"fatal"}."""
    result = guarded(lambda: _encode(item))
    if "error" in result:
        moved = _is_not(item["arguments"]["source"], item["video_id"])
        result["transient"] = result.get("transient", False) or moved
    return {"clip_id": item["clip_id"], **result}


def _encode(item: dict[str, Any]) -> Row:
    arguments = item["arguments"]
    columns = read_part(item["picture"], ["pts", "fingerprint"])
    seen = span(columns, arguments["start_pts"], arguments["end_pts"])
    pairs = zip(seen["pts"].tolist(), seen["fingerprint"].tolist(), strict=True)
    arguments["expected"] = [list(pair) for pair in pairs]
    done = decode_call(
        "encode", arguments, stall_seconds=item["stall_seconds"], max_memory=item["max_memory"]
    )
    return {**done, "frames_decoded": done["decoded"], "digest": digest_of(arguments["target"])}


def _is_not(path: str, video_id: str) -> bool:
    """Whether the file is no longer the video that was scanned. The error is then the moment's, not the
    video's: the content may come back, under its old id."""
    try:
        hashed = clips.new_hash()
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                hashed.update(block)
    except OSError:
        return True
    return hashed.hexdigest() != video_id


def staged_name(clip_id: bytes, key: str) -> str:
    """Where an encoded clip waits for its tar, relative to the run."""
    return f"{STAGING}/{clip_id.hex()}-{key}.mp4"


def encode_missing(ctx: Context, cluster: Cluster, survivors: Sequence[Survivor]) -> Encodes:
    """Encode the survivors whose bytes are not at hand; counts done, reused and failed in the step `shards`.

    Raises RunError when the disk is full, now or by the estimate.
    """
    wanted = {survivor.clip_id: survivor for survivor in survivors}
    assert len(wanted) == len(survivors), "a survivor twice"
    known = {row["clip_id"]: row for row in ctx.tables.rows("encodes", ctx.keys.encode)}
    found = at_hand(ctx, {i: known[i] for i in wanted if i in known})
    todo = [s for s in survivors if s.clip_id not in found.rows and s.clip_id not in found.failed]
    _clean_staging(ctx, found)
    with ctx.step("shards", len(todo), "clips") as step:
        step.reused += len(found.rows)
        step.failed += len(found.failed)
        if not todo:
            return found
        _check_disk(ctx, todo)
        _forget(ctx, known, {s.clip_id for s in todo})
        os.makedirs(ctx.folder.path(STAGING), exist_ok=True)
        # Clips of one file together, in order of time: the disk's cache still holds what is next.
        todo.sort(key=lambda s: (s.path, s.start_pts))
        for number, row in enumerate(_results(ctx, cluster, todo), 1):
            identity = row["clip_id"]
            ctx.tables.append("encodes", [row], key=ctx.keys.encode)
            if number % COMPACT_EVERY == 0:
                ctx.tables.compact("encodes", ctx.keys.encode)
            if row.get("error") is None:
                found.rows[identity] = row
                found.sources[identity] = Slice(
                    ctx.folder.path(staged_name(identity, ctx.keys.encode)), 0, row["digest"]
                )
                step.done += 1
                step.clips_encoded += 1
                step.frames_decoded += row["frames_decoded"]
            else:
                found.failed.add(identity)
                step.failed += 1
            ctx.reporter.advance()
        ctx.tables.compact("encodes", ctx.keys.encode)
    return found


def _results(ctx: Context, cluster: Cluster, todo: Sequence[Survivor]) -> Iterator[Row]:
    for result in cluster.each(
        encode_clip, [_item(ctx, survivor) for survivor in todo], ctx.plan.needs["shards"]
    ):
        if "fatal" in result:
            _clean_drafts(ctx)
            raise RunError(result["fatal"])
        yield {**result, "clip_id": bytes.fromhex(result["clip_id"])}


def _item(ctx: Context, survivor: Survivor) -> dict[str, Any]:
    scan = ctx.plan.pipeline.scan
    return {
        "clip_id": survivor.clip_id.hex(),
        "video_id": survivor.video_id.hex(),
        "picture": ctx.folder.path(survivor.picture_part),
        "stall_seconds": scan.stall_seconds,
        "max_memory": scan.max_memory,
        "arguments": {
            "source": survivor.path,
            "target": ctx.folder.path(staged_name(survivor.clip_id, ctx.keys.encode)),
            "start_pts": survivor.start_pts,
            "end_pts": survivor.end_pts,
            "irregular": survivor.irregular,
            "crop": survivor.crop,
            "options": encode_options(ctx.plan).model_dump(mode="json"),
        },
    }


def at_hand(ctx: Context, rows: Mapping[bytes, Row]) -> Encodes:
    """Which of `rows` (of `encodes`, by clip) have failed for good, and which have their bytes staged or in a
    live tar."""
    found = Encodes({}, {}, set())
    packed = _packed(ctx.tables, rows)
    lengths: dict[str, int] = {}
    for identity, row in rows.items():
        if row["error"] is not None:
            if not row["transient"]:
                found.failed.add(identity)
            continue
        source = _source(ctx, identity, row, packed.get(identity), lengths)
        if source is not None:
            found.rows[identity] = row
            found.sources[identity] = source
    return found


def _packed(tables: Tables, rows: Mapping[bytes, Row]) -> dict[bytes, Row]:
    """The rows of `samples` that hold exactly the bytes that `rows` speak of."""
    columns = ["clip_id", "shard", "mp4_offset", "mp4_bytes", "digest"]
    return {
        sample["clip_id"]: sample
        for sample in rows_of(tables.read("samples", columns=columns))
        if sample["clip_id"] in rows and rows[sample["clip_id"]]["digest"] == sample["digest"]
    }


def _source(
    ctx: Context, identity: bytes, row: Row, sample: Row | None, lengths: dict[str, int]
) -> Slice | None:
    staged = ctx.folder.path(staged_name(identity, ctx.keys.encode))
    if _length(staged) == row["bytes"]:
        return Slice(staged, 0, row["digest"])
    if sample is None:
        return None
    shard = ctx.folder.path(sample["shard"])
    if shard not in lengths:
        lengths[shard] = _length(shard)
    if lengths[shard] < sample["mp4_offset"] + sample["mp4_bytes"]:
        return None
    return Slice(shard, sample["mp4_offset"], row["digest"])


def _length(path: str) -> int:
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return -1


def _forget(ctx: Context, known: Mapping[bytes, Row], identities: set[bytes]) -> None:
    """Take back the rows of clips that are about to be encoded again, so that each has one row."""
    if any(identity in known for identity in identities):
        kept = [row for identity, row in known.items() if identity not in identities]
        ctx.tables.replace("encodes", kept, key=ctx.keys.encode)


def _clean_staging(ctx: Context, found: Encodes) -> None:
    """Remove what a killed run left: halves of clips, clips without a row, clips of other options."""
    needed = {source.path for source in found.sources.values()}
    for name in ctx.folder.names(STAGING):
        if ctx.folder.path(name) not in needed:
            ctx.folder.remove(name)


def _clean_drafts(ctx: Context) -> None:
    """Remove halves of clips: a full disk has no room for them."""
    for name in ctx.folder.names(STAGING):
        if not name.endswith(".mp4"):
            ctx.folder.remove(name)


def clear_staging(ctx: Context) -> None:
    """Remove all that is staged, and the folder."""
    for name in ctx.folder.names(STAGING):
        ctx.folder.remove(name)
    with suppress(FileNotFoundError):
        os.rmdir(ctx.folder.path(STAGING))


def _check_disk(ctx: Context, todo: Sequence[Survivor]) -> None:
    """Stop before the disk is full rather than in the middle."""
    needed, free = estimated_bytes(ctx, todo), ctx.folder.free_bytes()
    if needed > free:
        raise RunError(
            f"the disk of {ctx.folder.root} has {free / 1e6:.0f} MB left and {len(todo)} clips will take "
            f"about {needed / 1e6:.0f} MB: free some space and run the same command again"
        )


def estimated_bytes(ctx: Context, todo: Sequence[Survivor]) -> int:
    """Bytes that encoding and packing `todo` will take: the source's own bytes per second (crf 18 is near to
    what videos of the web have), CLIP_BYTES where they are not known; twice, since a clip is staged and then
    copied."""
    schema = pa.schema([("clip_id", clips.ID), ("video_id", clips.ID)])
    table = to_table(schema, [{"clip_id": s.clip_id, "video_id": s.video_id} for s in todo])
    total = ctx.tables.sql(
        f"""
        WITH
          lengths AS (SELECT clip_id, max(end_seconds - start_seconds) AS seconds
                      FROM {ctx.tables.relation("clips", ctx.keys.cuts)} GROUP BY ALL),
          rates AS (SELECT video_id, max(bytes / nullif(seconds, 0)) AS rate
                    FROM {ctx.tables.relation("videos")} GROUP BY ALL)
        SELECT sum(coalesce(rate * lengths.seconds, {CLIP_BYTES})) AS bytes
        FROM todo LEFT JOIN lengths USING (clip_id) LEFT JOIN rates USING (video_id)
        """,
        todo=table,
    )
    return int(2 * total["bytes"][0].as_py())
