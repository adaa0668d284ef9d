"""What this process may use of the machine: the host's figures, and the limits of its container."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC, CGROUP = Path("/proc"), Path("/sys/fs/cgroup")

UNLIMITED = 1 << 60
"""From here on a limit in bytes is none: cgroup v1 writes 2^63 less a page."""


@dataclass(frozen=True)
class Cores:
    host: int
    allowed: float
    """At most this many at once: the host's, the scheduler's mask, or a container's quota (2.5, say)."""


@dataclass(frozen=True)
class Memory:
    """Bytes; None where the system does not say."""

    total: int | None
    """The host's, or a container's limit if that is less."""
    available: int | None
    """What new processes can have without swapping."""
    limited: bool
    """Whether a container's limit is what counts."""


def cores(proc: Path = PROC, cgroup: Path = CGROUP) -> Cores:
    """The processor cores that this process may use."""
    host = os.cpu_count() or 1
    mask = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else host
    quotas = [float(min(host, mask))]
    for folder in _groups("cpu", proc, cgroup):
        quota, _, period = _text(folder / "cpu.max").partition(" ")
        quota = quota or _text(folder / "cpu.cfs_quota_us")
        period = period or _text(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit() and int(period) > 0:
            quotas.append(int(quota) / int(period))
    return Cores(host, min(quotas))


def usable_cores() -> int:
    """The cores that this process may use, as a number of workers: 1 at least."""
    return max(1, int(cores().allowed))


def memory(proc: Path = PROC, cgroup: Path = CGROUP) -> Memory:
    """The memory that this process and its children may use."""
    facts = {}
    for line in _text(proc / "meminfo").splitlines():
        name, _, value = line.partition(":")
        number = value.removesuffix(" kB").strip()
        if number.isdigit():
            facts[name] = int(number) * 1024
    total, available = facts.get("MemTotal"), facts.get("MemAvailable")
    limited = False
    for folder in _groups("memory", proc, cgroup):
        limit = _text(folder / "memory.max") or _text(folder / "memory.limit_in_bytes")
        used = _text(folder / "memory.current") or _text(folder / "memory.usage_in_bytes")
        if not limit.isdigit() or int(limit) >= min(total or UNLIMITED, UNLIMITED):
            continue
        total, limited = int(limit), True
        if used.isdigit():
            # Cached files count as used, and go when memory is wanted.
            cached = _field(folder / "memory.stat", "inactive_file", "total_inactive_file")
            free = max(0, total - int(used) + cached)
            available = free if available is None else min(available, free)
    return Memory(total, available, limited)


def _groups(controller: str, proc: Path, cgroup: Path) -> Iterator[Path]:
    """The folders of the control groups that this process is in, the outermost first (versions 1 and 2)."""
    for line in _text(proc / "self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            root = cgroup
        elif controller in controllers.split(","):
            root = cgroup / controller
        else:
            continue
        # Within a container the path may name a folder of the host, which is not there: then the root counts.
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for depth in range(len(parts) + 1):
            folder = root.joinpath(*parts[:depth])
            if folder.is_dir():
                yield folder


def _field(path: Path, *names: str) -> int:
    """The number behind the first name that the file has, else 0."""
    rows = dict(line.split()[:2] for line in _text(path).splitlines() if len(line.split()) >= 2)
    return next((int(rows[name]) for name in names if rows.get(name, "").isdigit()), 0)


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
