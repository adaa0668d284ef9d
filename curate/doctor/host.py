"""Checks of the machine: cores, memory, disks, limits. Each can be given what it would otherwise look up."""

import shutil
import sys
import tempfile
from pathlib import Path

from curate import machine
from curate.doctor.check import Check
from curate.doctor.place import flaws

GB = 1e9


def python(version: tuple[int, ...] = sys.version_info[:3], platform: str = sys.platform) -> Check:
    """Python 3.11 or later, on Linux: limits on memory and the end of orphans are Linux's."""
    found = f"Python {'.'.join(map(str, version))} on {platform}"
    if version < (3, 11):
        return Check("python", "problem", found, "install Python 3.11 or later and make a new environment")
    if platform == "win32":
        return Check("python", "problem", found, "use Linux, or the Windows Subsystem for Linux")
    if platform != "linux":
        return Check("python", "note", found, "decoders are not held to their memory limit on this system")
    return Check("python", "ok", found)


def cores(found: machine.Cores | None = None) -> Check:
    """Cores of the host, and those that a container or a mask leaves."""
    found = found or machine.cores()
    if found.allowed < found.host:
        said = f"{found.allowed:g} of the host's {found.host} cores"
        workers = max(1, int(found.allowed))
        return Check(
            "cores", "note", said, f"a run starts {workers} workers here unless `workers:` says more"
        )
    plural = "" if found.host == 1 else "s"
    return Check("cores", "ok", f"{found.host} core{plural}")


RAY_BYTES, WORKER_BYTES, LEAST_BYTES = 0.6 * GB, 0.5 * GB, 1.5 * GB
"""Ray takes half a gigabyte, and a worker that scans 1080p with its own process 0.5 GB (8K: 2 GB)."""


def memory(found: machine.Memory | None = None, workers: int | None = None) -> Check:
    """Whether Ray and one worker per core fit."""
    found, workers = found or machine.memory(), workers or machine.usable_cores()
    if found.total is None or found.available is None:
        return Check("memory", "note", "this system does not say", "have 0.5 GB per worker and 1 GB more")
    limit = ", the limit of this container," if found.limited else ""
    said = f"{found.available / GB:.1f} GB free of {found.total / GB:.1f} GB{limit}".rstrip(",")
    if found.available < LEAST_BYTES:
        return Check(
            "memory", "problem", said, f"free some: Ray and one worker need {LEAST_BYTES / GB:.1f} GB"
        )
    wanted = RAY_BYTES + workers * WORKER_BYTES
    if found.available < wanted:
        fits = max(1, int((found.available - RAY_BYTES) / WORKER_BYTES))
        return Check(
            "memory", "note", f"{said}; {workers} workers want about {wanted / GB:.1f} GB",
            f"write `workers: {fits}` in the pipeline, or --set workers={fits}",
        )  # fmt: skip
    return Check("memory", "ok", said)


STOP_BYTES, FEW_BYTES = 200e6, 5 * GB
"""No scan begins below the first (stages.scan.FREE_BYTES). An hour of video takes 0.3 GB of signals and
frames, and its clips about what the source takes."""


def disk(folder: str, free: int | None = None) -> Check:
    """Free space where a run would write."""
    place = _existing(folder)
    free = shutil.disk_usage(place).free if free is None else free
    said = f"{free / GB:.1f} GB free at {place}"
    if free < STOP_BYTES:
        return Check("disk", "problem", said, "free some space, or write to another disk: `output:`")
    if free < FEW_BYTES:
        return Check("disk", "note", said, "an hour of footage takes 0.3 GB and its clips; give it more room")
    return Check("disk", "ok", said)


def file_system(folder: str) -> Check:
    """Whether the file system of the output does what tables, locks and shards rely on: it is tried."""
    place = _existing(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=".curate-doctor-", dir=place) as made:
            found = flaws(Path(made))
    except OSError as error:
        return Check(
            "file system", "problem", f"{place} cannot be written: {error.strerror or error}",
            "give a folder that you may write: `curate doctor FOLDER`, and `output:` in the pipeline",
        )  # fmt: skip
    if found:
        return Check(
            "file system", "problem", f"at {place}, {'; '.join(found)}",
            "write to a local disk (ext4, xfs, btrfs, apfs): `output:`",
        )  # fmt: skip
    return Check("file system", "ok", f"locks, renames, links and tables work at {place}")


def shared_memory(place: str = "/dev/shm", free: int | None = None) -> Check:
    """Room for Ray's object store, which otherwise goes to the disk."""
    if free is None:
        if not Path(place).is_dir():
            return Check("shared memory", "ok", f"no {place} on this system; Ray uses files")
        free = shutil.disk_usage(place).free
    said = f"{free / 1e6:.0f} MB free in {place}"
    if free < 200e6:
        return Check(
            "shared memory", "note", said,
            "Ray will use the disk, which is slower: start the container with --shm-size=1g",
        )  # fmt: skip
    return Check("shared memory", "ok", said)


def temporary(place: str | None = None, free: int | None = None) -> Check:
    """Room for Ray's session files."""
    place = place or tempfile.gettempdir()
    free = shutil.disk_usage(place).free if free is None else free
    said = f"{free / GB:.1f} GB free in {place}"
    if free < 1 * GB:
        return Check(
            "temporary files", "note", said, "Ray writes there: free some, or set RAY_TMPDIR to another place"
        )
    return Check("temporary files", "ok", said)


def open_files(limits: tuple[int, int] | None = None) -> Check:
    """The limit on open files: Ray and a table of many parts want some thousands."""
    if limits is None:
        import resource

        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = (1 << 31 if limit < 0 else limit for limit in limits)
    said = f"up to {hard} open files" if hard < 1 << 31 else "any number of open files"
    if hard < 1024:
        return Check("open files", "problem", said, "raise the limit: `ulimit -n 8192`, as root if need be")
    if soft < 4096:
        return Check("open files", "note", f"{soft} open files, {said}", "run `ulimit -n 8192` first")
    return Check("open files", "ok", said)


def _existing(folder: str) -> Path:
    """The folder, or the nearest one above it that is there."""
    place = Path(folder).resolve()
    while not place.is_dir() and place != place.parent:
        place = place.parent
    return place
