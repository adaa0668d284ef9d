"""What the commands of the trainer do on the side of a run: resolve what is trained on, store latents, keep
what models say of clips."""

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from curate.cluster import Cluster
from curate.context import RunError, Step
from curate.machine import usable_cores
from curate.manifest import Resolved, newest_autoencoder, resolve
from curate.options import LatentOptions, Resources
from curate.progress import ProgressReporter
from curate.query import QueryError
from curate.storage import Folder, Lock, is_run
from curate.tables import Tables
from stages import latents
from stages import losses as stage

if TYPE_CHECKING:
    from training.manifest import Manifest

MANIFEST, RUN = "manifest.parquet", "run.json"
"""In the folder of a training: what it reads, and what it must share with its beginning."""


def manifest_for(run: str, out: str, *, where: str | None = None, tier: str | None = None) -> Resolved:
    """Write `out`/manifest.parquet, which says what is trained on: the clips of `run` that `where` chooses.

    A training that has begun keeps the manifest that it began with. ValueError where the run's clips are
    others now, and where `out` holds other things.
    """
    folder, place = _run_folder(run), Path(out) / MANIFEST
    if not _begun(out):
        others = sorted(p.name for p in Path(out).glob("*") if not p.name.startswith(MANIFEST))
        if others and not (Path(out) / RUN).exists():
            raise ValueError(
                f"{out} holds other things ({others[0]} …) and no training: give a new folder as --out"
            )
        Path(out).mkdir(parents=True, exist_ok=True)
        return resolve(folder, place, where=where, tier=tier)
    if not place.exists():
        raise ValueError(f"{place} is gone, which says what was trained on: give a new folder as --out")
    with tempfile.TemporaryDirectory(prefix="curate-") as scratch:
        now = os.path.join(scratch, MANIFEST)
        found = resolve(folder, now, where=where, tier=tier)
        _same_clips(str(place), now, run)
    return replace(found, path=str(place))


def _begun(out: str) -> bool:
    """Whether there is a training to go on with: one that ended before its first checkpoint left nothing."""
    return any((Path(out) / "checkpoints").glob("step-*[0-9]"))


def _same_clips(place: str, now: str, run: str) -> None:
    from training.manifest import Manifest

    before, after = Manifest.read(place), Manifest.read(now)
    if before.digest != after.digest:
        raise ValueError(
            f"{run} gives other data than this training began with ({_difference(before, after)}): give "
            "another --out to train on what there is now, or go on with the old ones by "
            f"`python -m training.… --manifest {place}`"
        )


def _difference(before: "Manifest", after: "Manifest") -> str:
    old, new = (set(one.table["key"].to_pylist()) for one in (before, after))
    if old == new:
        return "the same clips with other captions, scores or latents"
    return f"{len(new - old)} clips more, {len(old - new)} fewer"


def autoencoder_of(run: str, out: str) -> str | None:
    """The autoencoder that `curate encode` used last; None where there is none, or where a training in `out`
    has one already."""
    if _begun(out):
        return None
    return newest_autoencoder(Tables(_run_folder(run)))


def encode(run: str, options: LatentOptions, address: str | None = None) -> latents.Encoded:
    """`curate encode`."""
    folder = _run_folder(run)
    with Lock(folder), _Bar("latents") as bar, _cluster(options.resources, address) as cluster:
        return latents.encode(folder, cluster, options, bar.tell)


def losses(
    run: str, model: str, where: str | None, num_gpus: float, concurrency: int | None, address: str | None
) -> stage.Asked:
    """`curate losses`."""
    folder = _run_folder(run)
    resources = Resources(num_gpus=num_gpus, concurrency=concurrency)
    with Lock(folder), _Bar("losses") as bar, _cluster(resources, address) as cluster:
        return stage.ask(folder, cluster, model=model, where=where, resources=resources, tell=bar.tell)


def _run_folder(run: str) -> Folder:
    folder = Folder(run)
    if not is_run(folder):
        raise QueryError(f"{folder.root} is not the output of a run: give the folder that `output:` names")
    return folder


def _cluster(resources: Resources, address: str | None) -> Cluster:
    return Cluster(usable_cores(), address, {"this step": resources})


class _Bar:
    """Progress of the one step of a command."""

    def __init__(self, name: str) -> None:
        self._step, self._reporter = Step(name), ProgressReporter()
        self._begun = False
        self._told = 0

    def __enter__(self) -> "_Bar":
        self._reporter.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._begun:
            self._reporter.end(self._step)
        self._reporter.__exit__(None, None, None)

    def tell(self, done: int, total: int) -> None:
        """`done` clips of `total` are done."""
        if not self._begun:
            self._begun = True
            self._reporter.begin(self._step.name, total, "clips")
        self._reporter.advance(done - self._told)
        self._told = done


__all__ = ["RunError", "autoencoder_of", "encode", "losses", "manifest_for"]
