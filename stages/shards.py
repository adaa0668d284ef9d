"""Step `shards`: survivors become webdataset tars. Writes RUN/shards and `samples`.

A sample is KEY.mp4, KEY.json, KEY.txt (the dense caption) and KEY.short.txt, KEY the clip's id. Which tar it
is in follows from the survivors alone (curate.sharding), and a tar's name from its bytes: an unchanged shard
is left as it is, a changed one is a new file, into which the clips that it shares with older tars are copied.

Order of events, so that a kill between any two of them loses nothing: new tars appear under their names; one
commit makes `samples` speak of them; tars and staged clips that `samples` does not name are removed. A clip
that leaves the shards is gone with its old tar; if it comes back, it is encoded again, to the same bytes.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from curate import clips
from curate.cluster import Cluster
from curate.context import Context, RunError, encode_options
from curate.sharding import DamagedTar, Member, Slice, bucket, leaves, offsets, tar_bytes, write_tar
from curate.sharding.document import dump
from curate.sharding.tar import content_name, digest_bytes
from curate.tables import to_table
from stages.encode import Encodes, Survivor, clear_staging, encode_missing
from stages.worker import out_of_space

__all__ = ["Survivor", "run"]

SHARDS = "shards"
EXTENSIONS = tuple(clips.MEMBERS.values())
VALIDATION = "validation"
"""Salt of the seeded choice of videos for `split: validation`, and the split's name."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """A survivor with what encoding and packing add. Its texts are made again when they are written: a
    million of them would fill the memory."""

    survivor: Survivor
    row: Mapping[str, Any]
    bucket: str
    split: str
    sizes: tuple[int, ...]
    """Of the members in the order of clips.MEMBERS."""
    digests: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.survivor.clip_id.hex()

    @property
    def bytes(self) -> int:
        return tar_bytes(self.sizes) - tar_bytes(())


@dataclass(frozen=True, slots=True)
class _Shard:
    path: str
    """Relative to the run."""
    samples: tuple[_Sample, ...]

    @property
    def sizes(self) -> list[int]:
        return [size for sample in self.samples for size in sample.sizes]


def run(ctx: Context, cluster: Cluster, survivors: Sequence[Survivor]) -> set[bytes]:
    """Make the shards hold exactly `survivors`, less those that cannot be encoded, whose ids are returned.

    Counts in the step `shards`: done (encoded now), reused (their bytes were there), failed; they add up to
    the survivors. Raises RunError where the disk is full or a file that is to be copied is damaged.
    """
    found = encode_missing(ctx, cluster, survivors)
    shards = list(_layout(ctx, survivors, found))
    named = set(ctx.tables.read("samples", columns=["shard"])["shard"].unique().to_pylist())
    planned = {shard.path for shard in shards}
    _clean(ctx, named | planned)
    _pack(ctx, shards, found)
    _commit(ctx, shards)
    _clean(ctx, planned)
    clear_staging(ctx)
    return found.failed


# -- what goes where -----------------------------------------------------------------------------------------


def _layout(ctx: Context, survivors: Sequence[Survivor], found: Encodes) -> Iterator[_Shard]:
    """The shards of the survivors, in the order of their paths."""
    options = ctx.plan.pipeline.shards
    encode = encode_options(ctx.plan).model_dump(mode="json")
    paired = _paired(ctx)
    buckets: dict[str, list[_Sample]] = {}
    for survivor in survivors:
        row = found.rows.get(survivor.clip_id)
        if row is None:
            continue
        name = bucket(row["width"], row["height"], row["seconds"])
        held_out = (
            survivor.video_id not in paired
            and clips.share(survivor.video_id, VALIDATION) < options.validation
        )
        split = VALIDATION if held_out else "train"
        texts = _texts(survivor, row, name, split, encode)
        sample = _Sample(
            survivor, row, name, split,
            sizes=(row["bytes"], *map(len, texts)),
            digests=(row["digest"], *map(digest_bytes, texts)),
        )  # fmt: skip
        buckets.setdefault(name, []).append(sample)
    limit = options.max_bytes - tar_bytes(())
    for name, samples in sorted(buckets.items()):
        found_leaves = leaves(samples, key=lambda s: s.survivor.clip_id, size=lambda s: s.bytes, limit=limit)
        for leaf in sorted(found_leaves, key=lambda leaf: leaf.name):
            contents = [
                (f"{sample.key}.{extension}", size, digest)
                for sample in leaf.items
                for extension, size, digest in zip(
                    clips.MEMBERS.values(), sample.sizes, sample.digests, strict=True
                )
            ]
            yield _Shard(f"{SHARDS}/{name}/{content_name(leaf.name, contents)}", leaf.items)


def _texts(
    survivor: Survivor, row: Mapping[str, Any], bucket: str, split: str, encode: Mapping[str, Any]
) -> tuple[bytes, bytes, bytes]:
    """KEY.json, KEY.txt, KEY.short.txt."""
    facts = (
        "width", "height", "frames", "fps", "seconds", "bytes", "has_audio", "audio_start", "audio_rate",
        "digest",
    )  # fmt: skip
    crop = survivor.crop and dict(zip(("x", "y", "width", "height"), survivor.crop, strict=True))
    document = {
        **survivor.document,
        "key": survivor.clip_id.hex(),
        "clip_id": survivor.clip_id.hex(),
        "video_id": survivor.video_id.hex(),
        "bucket": bucket,
        "split": split,
        "encoded": {name: row[name] for name in facts}
        | {"options": dict(encode)}
        | ({"crop": crop} if crop else {}),
    }
    return dump(document), _utf8(survivor.dense), _utf8(survivor.short)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _paired(ctx: Context) -> set[bytes]:
    """Videos of which a clip is nearly identical to a clip of another video: never held out."""
    keys = [clips.pairs_key(step.name, ctx.keys.filters[step.name]) for step in ctx.plan.filters]
    relations = [ctx.tables.relation("pairs", key) for key in keys if ctx.tables.files("pairs", key)]
    if not relations:
        return set()
    pairs = " UNION ALL ".join(f"SELECT clip_a, clip_b FROM {relation}" for relation in relations)
    known = f"(SELECT DISTINCT clip_id, video_id FROM {ctx.tables.relation('clips', ctx.keys.cuts)})"
    table = ctx.tables.sql(
        f"""
        SELECT DISTINCT unnest([a.video_id, b.video_id])::VARCHAR AS video_id
        FROM ({pairs}) pairs
        JOIN {known} a ON a.clip_id = pairs.clip_a JOIN {known} b ON b.clip_id = pairs.clip_b
        WHERE a.video_id <> b.video_id
        """
    )
    return {bytes.fromhex(text.replace("-", "")) for text in table["video_id"].to_pylist()}


# -- writing -------------------------------------------------------------------------------------------------


def _pack(ctx: Context, shards: Sequence[_Shard], found: Encodes) -> None:
    """Write the tars that are not there yet."""
    missing = [shard for shard in shards if not _is_there(ctx, shard)]
    if not missing:
        return
    needed, free = sum(tar_bytes(shard.sizes) for shard in missing), ctx.folder.free_bytes()
    if needed > free:
        raise RunError(
            f"the disk of {ctx.folder.root} has {free / 1e6:.0f} MB left and {len(missing)} shards take "
            f"{needed / 1e6:.0f} MB: free some space and run the same command again"
        )
    encode = encode_options(ctx.plan).model_dump(mode="json")
    with ctx.step("shards", len(missing), "shards"):
        for shard in missing:
            try:
                members = [m for sample in shard.samples for m in _members(sample, found.sources, encode)]
                write_tar(ctx.folder.path(shard.path), members)
            except DamagedTar as error:
                raise RunError(f"{error}; delete that file and run the same command again") from None
            except OSError as error:
                raise RunError(
                    out_of_space(error)
                    or f"the shard {shard.path} cannot be written ({error.strerror}: {error.filename}): mend "
                    "that and run the same command again"
                ) from error
            ctx.reporter.advance()


def _is_there(ctx: Context, shard: _Shard) -> bool:
    """Its name stands for its bytes and appears only when they are all there; the size tells of later
    harm."""
    path = ctx.folder.path(shard.path)
    return os.path.exists(path) and os.path.getsize(path) == tar_bytes(shard.sizes)


def _members(sample: _Sample, sources: Mapping[bytes, Slice], encode: Mapping[str, Any]) -> list[Member]:
    texts = _texts(sample.survivor, sample.row, sample.bucket, sample.split, encode)
    data: list[bytes | Slice] = [sources[sample.survivor.clip_id], *texts]
    return [
        Member(f"{sample.key}.{extension}", size, content)
        for extension, size, content in zip(EXTENSIONS, sample.sizes, data, strict=True)
    ]


def _rows(shard: _Shard) -> Iterator[dict[str, Any]]:
    """The rows of `samples` of one shard, in the order of their offsets."""
    places = iter(offsets(shard.sizes))
    for sample in shard.samples:
        row: dict[str, Any] = {}
        for column, size in zip(clips.MEMBERS, sample.sizes, strict=True):
            row |= {f"{column}_offset": next(places), f"{column}_bytes": size}
        facts = {name: sample.row[name] for name in clips.ENCODED}
        yield {
            **row, **facts,
            "clip_id": sample.survivor.clip_id, "shard": shard.path, "key": sample.key,
            "bucket": sample.bucket, "split": sample.split, "weight": 1.0,
        }  # fmt: skip


def _commit(ctx: Context, shards: Sequence[_Shard]) -> None:
    """Let `samples` be the rows of `shards`; nothing is written if it is."""
    table = to_table(clips.SAMPLES, [row for shard in shards for row in _rows(shard)])
    if not ctx.tables.read("samples").equals(table):
        ctx.tables.replace("samples", table)


def _clean(ctx: Context, keep: set[str]) -> None:
    """Remove what is in RUN/shards besides `keep`, and folders that are left empty."""
    for name in ctx.folder.names(SHARDS):
        if name not in keep:
            ctx.folder.remove(name)
    for base, _, _ in os.walk(ctx.folder.path(SHARDS), topdown=False):
        with suppress(OSError):  # not empty
            os.rmdir(base)
