"""Step `latents`: latents of the samples, and embeddings of their captions, in tars beside the shards.

Outside a run of a pipeline as well (`curate encode`): it reads the shards and nothing before them. What is
stored for a sample stays as long as its clip, its captions and the options are the same. Clips of one shard
stay together, so that a loader that reads clips of a shard reads neighbours here too."""

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from curate.clips import cache_key, captions_digest, digest
from curate.cluster import Cluster, batches
from curate.context import Context, RunError
from curate.manifest import resolve
from curate.options import LatentOptions
from curate.storage import Folder
from curate.tables import Tables
from stages.worker import out_of_space

if TYPE_CHECKING:
    from training.latents import Encoder
    from training.manifest import Manifest

Row = dict[str, Any]
FOLDER = "latents"
AT_A_TIME = 64
"""Clips of a tar: what a kill loses at most, per process."""
NEEDED = "`pip install 'curate[train]'` installs what it needs"


@dataclass
class Encoded:
    """What an encoding did."""

    clips: int = 0
    reused: int = 0
    texts: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    """(clip, why) of those that could not be encoded."""


def encode(
    folder: Folder,
    cluster: Cluster,
    options: LatentOptions,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Encoded:
    """Encode what is missing, some clips at a time, and commit each lot as it comes. The caller holds the
    lock.

    `tell`: clips done, of how many. Raises RunError, and ValueError where nothing can be encoded.
    """
    try:
        from training.geometry import usual_patch
        from training.latents import Wanted, first_stage
        from training.manifest import Manifest
        from training.vae_folder import load_vae
    except ModuleNotFoundError as error:
        raise RunError(f"the package {error.name} is not installed: {NEEDED}") from error
    tables, vae, text = Tables(folder), options.vae, options.text
    os.makedirs(folder.path(FOLDER), exist_ok=True)
    place = folder.path(f"{FOLDER}/manifest.parquet")
    resolve(folder, place)
    manifest = Manifest.read(place)
    loaded = load_vae(vae)
    usual = first_stage(vae)
    wanted = Wanted(
        options.tier or usual.tier, options.max_frames or usual.max_frames, options.max_fps,
        options.patch or usual_patch(loaded.spatial),
    )  # fmt: skip
    wanted.sizes(loaded)  # a tier that is unknown is told now
    made_with = cache_key("latents", loaded.identity, wanted.facts())
    name = os.path.abspath(vae) if os.path.isdir(vae) else vae
    facts = {
        "made_with": made_with, "made": datetime.now(UTC).isoformat(), "vae": loaded.identity,
        "vae_name": name,
    }  # fmt: skip
    found = Encoded()
    missing = _without_latents(tables, manifest, made_with)
    found.reused = len(manifest) - sum(map(len, missing.values()))
    todo = [
        {"what": "latents", "shard": shard, "keys": some, "to": f"{FOLDER}/{made_with}"}
        for shard, keys in missing.items()
        for some in batches(keys, AT_A_TIME)
    ]
    if text != "bytes":
        to = f"{FOLDER}/{cache_key('texts', text)}"
        todo += [
            {"what": "texts", "shard": shard, "keys": some, "to": to}
            for shard, keys in _without_texts(tables, manifest, text).items()
            for some in batches(keys, AT_A_TIME)
        ]
    make = _Maker(place, folder.root, name, text, asdict(wanted))
    total, done = sum(len(item["keys"]) for item in todo), 0
    for result in cluster.pool(make, todo, batch_size=1, resources=options.resources):
        if "fatal" in result:
            raise RunError(result["fatal"])
        _commit(tables, result, facts, text, found)
        done += result["asked"]
        tell(done, total)
    for table in ("latents", "texts"):
        tables.compact(table)
    return found


def run(context: Context, cluster: Cluster, options: LatentOptions) -> None:
    """The step of a pipeline: what `encode` does for the samples that the run has."""
    samples = context.tables.read("samples", columns=["clip_id"]).num_rows
    with context.step("latents", samples, "clips") as count:
        if not samples:
            return
        told = 0

        def tell(done: int, total: int) -> None:
            nonlocal told
            context.reporter.advance(done - told)
            told = done

        found = encode(context.folder, cluster, options, tell)
        count.done, count.reused, count.failed = found.clips, found.reused, len(found.failed)
        for clip, why in found.failed[:10]:
            context.reporter.note(f"no latents of {clip}: {why}")


def _commit(tables: Tables, result: Row, facts: Row, text: str, found: Encoded) -> None:
    rows = [
        {**row, "clip_id": bytes.fromhex(row["clip_id"]), "file": result["file"]} for row in result["rows"]
    ]
    found.failed += [(row["clip_id"], row["error"]) for row in result["failed"]]
    if result["what"] == "latents":
        found.clips += len({row["clip_id"] for row in rows})
        tables.append("latents", [{**row, **facts} for row in rows])
    else:
        found.texts += len(rows)
        tables.append("texts", [{**row, "encoder": text} for row in rows])


def _without_latents(tables: Tables, manifest: "Manifest", made_with: str) -> dict[str, list[str]]:
    """Shard -> keys of its samples without latents."""
    known = {
        (row["clip_id"], row["digest"]) for row in tables.rows("latents") if row["made_with"] == made_with
    }
    return _by_shard(manifest, [
        row for row in range(len(manifest))
        if (manifest.clip_id(row), manifest.table["digest"][row].as_py()) not in known
    ])  # fmt: skip


def _without_texts(tables: Tables, manifest: "Manifest", text: str) -> dict[str, list[str]]:
    known = {(row["clip_id"], row["digest"]) for row in tables.rows("texts") if row["encoder"] == text}
    captions = manifest.table["captions"].to_pylist()
    return _by_shard(manifest, [
        row for row in range(len(manifest))
        if (manifest.clip_id(row), captions_digest(captions[row] or ())) not in known
    ])  # fmt: skip


def _by_shard(manifest: "Manifest", rows: Sequence[int]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(manifest.table["shard"][row].as_py(), []).append(manifest.key(row))
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class _Maker:
    """Loads the models in an actor; what it returns encodes shards."""

    manifest: str
    root: str
    vae: str
    text: str
    wanted: Row

    def __call__(self) -> Callable[[list[Row]], list[Row]]:
        from training.latents import Encoder

        encoder = Encoder(self.manifest, self.root, vae=self.vae, text=self.text, wanted=self.wanted)
        return lambda items: [self._one(item, encoder) for item in items]

    def _one(self, item: Row, encoder: "Encoder") -> Row:
        made = encoder.encode(item["what"], item["keys"])
        stem = os.path.splitext(os.path.basename(item["shard"]))[0]
        name = f"{item['to']}/{stem}-{digest(made.tar).hex()[:16]}.tar"
        try:
            Folder(self.root).write(name, made.tar)
        except OSError as error:
            return {"fatal": out_of_space(error) or f"{name} cannot be written: {error.strerror}"}
        plain = [
            [{**row, "clip_id": row["clip_id"].hex()} for row in rows] for rows in (made.rows, made.failed)
        ]
        asked = len(item["keys"])
        return {
            "what": item["what"], "file": name, "rows": plain[0], "failed": plain[1], "asked": asked
        }  # fmt: skip
