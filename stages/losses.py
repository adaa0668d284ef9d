"""`curate losses`: asks a model about the clips of a run, and keeps what it says as the table `losses`.

What was asked before is not asked again: a row stands as long as the model, the clip and its captions are the
same."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from curate.clips import cache_key, captions_digest
from curate.cluster import Cluster, batches
from curate.context import RunError
from curate.manifest import resolve
from curate.options import Resources
from curate.storage import Folder
from curate.tables import Tables
from stages.latents import FOLDER, NEEDED

if TYPE_CHECKING:
    from training.losses import Judge
    from training.manifest import Manifest

Row = dict[str, Any]
AT_A_TIME = 64
"""Clips of an item of work: what a kill loses at most, per process."""


@dataclass
class Asked:
    """What came of it."""

    model: str
    """Digest of the model's weights."""
    done: int = 0
    reused: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    """(clip, why)"""


def ask(
    folder: Folder,
    cluster: Cluster,
    *,
    model: str,
    where: str | None = None,
    resources: Resources | None = None,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Asked:
    """Ask about every clip that `where` chooses and that has no current row. The caller holds the lock.

    `model`: a folder that `curate train dit` wrote. `tell`: clips done, of how many. Raises RunError.
    """
    try:
        from training.manifest import Manifest
        from training.model_folder import identity
    except ModuleNotFoundError as error:
        raise RunError(f"the package {error.name} is not installed: {NEEDED}") from error
    tables = Tables(folder)
    found = Asked(identity(model))
    os.makedirs(folder.path(FOLDER), exist_ok=True)
    place = folder.path(f"{FOLDER}/asked.parquet")
    resolve(folder, place, where=where, copies=True)
    manifest = Manifest.read(place)
    made_of = _made_of(manifest)
    todo = _without_loss(tables, found.model, made_of)
    found.reused = len(manifest) - len(todo)
    items = [{"keys": keys} for keys in batches(todo, AT_A_TIME)]
    done = 0
    make = _Asker(place, folder.root, os.path.abspath(model))
    for result in cluster.pool(make, items, batch_size=1, resources=resources or Resources()):
        found.failed += [(clip, why) for clip, why in result["failed"]]
        rows = [
            {"clip_id": bytes.fromhex(key), "model": found.model, "loss": loss, "loss_null": loss_null,
             "made_of": made_of[key]}
            for key, loss, loss_null in result["rows"]
        ]  # fmt: skip
        tables.append("losses", rows, key=found.model)
        found.done += len(rows)
        done += len(rows) + len(result["failed"])
        tell(done, len(todo))
    tables.compact("losses", found.model)
    return found


def _made_of(manifest: "Manifest") -> dict[str, str]:
    """Key -> what, beside the model, its losses depend on: the clip's bytes and its captions."""
    digests, captions = manifest.table["digest"].to_pylist(), manifest.table["captions"].to_pylist()
    return {
        manifest.key(row): cache_key("losses", 1, digests[row], captions_digest(captions[row] or ()))
        for row in range(len(manifest))
    }


def _without_loss(tables: Tables, model: str, made_of: dict[str, str]) -> Sequence[str]:
    """Keys without a row, in order. Rows that are out of date are taken out of the table."""
    rows = tables.rows("losses", model)
    current = [row for row in rows if made_of.get(row["clip_id"].hex(), row["made_of"]) == row["made_of"]]
    if len(current) < len(rows):
        tables.replace("losses", current, key=model)
    known = {row["clip_id"].hex() for row in current}
    return sorted(key for key in made_of if key not in known)


@dataclass(frozen=True)
class _Asker:
    """Loads the model in an actor; what it returns asks it about clips."""

    manifest: str
    root: str
    model: str

    def __call__(self) -> Callable[[list[Row]], list[Row]]:
        from training.losses import Judge
        from training.manifest import Manifest

        judge = Judge(Manifest.read(self.manifest, self.root), self.model)
        return lambda items: [self._one(item, judge) for item in items]

    def _one(self, item: Row, judge: "Judge") -> Row:
        found, failed = judge.losses(item["keys"])
        return {
            "rows": [(one.clip_id.hex(), one.loss, one.loss_null) for one in found],
            "failed": [(clip.hex(), why) for clip, why in failed],
        }
