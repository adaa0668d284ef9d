"""The limits of a container are read from its control groups, of either version."""

import os
from pathlib import Path

import pytest

from curate import machine
from curate.machine import Cores, Memory, cores, memory, usable_cores

MEMINFO = (
    "MemTotal:       16000000 kB\nMemFree: 1 kB\nMemAvailable:    9000000 kB\nHugePages_Total:       0\n"
)


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(autouse=True)
def _sixteen_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(12)), raising=False)


def test_no_container(tmp_path: Path) -> None:
    proc = tree(tmp_path / "proc", {"meminfo": MEMINFO, "self/cgroup": "0::/user.slice\n"})
    group = tree(
        tmp_path / "cgroup", {"user.slice/cpu.max": "max 100000\n", "user.slice/memory.max": "max\n"}
    )
    assert cores(proc, group) == Cores(16, 12.0)
    assert memory(proc, group) == Memory(16_384_000_000, 9_216_000_000, False)


def test_version_2_takes_the_tightest_of_all_levels(tmp_path: Path) -> None:
    proc = tree(tmp_path / "proc", {"meminfo": MEMINFO, "self/cgroup": "0::/a/b\n"})
    group = tree(
        tmp_path / "cgroup",
        {
            "a/cpu.max": "250000 100000\n", "a/b/cpu.max": "400000 100000",
            "a/memory.max": "2000000000\n", "a/memory.current": "1500000000\n",
            "a/memory.stat": "anon 5\ninactive_file 200000000\n",
            "a/b/memory.max": "max\n", "a/b/memory.current": "5\n",
        },
    )  # fmt: skip
    assert cores(proc, group) == Cores(16, 2.5)
    assert memory(proc, group) == Memory(2_000_000_000, 700_000_000, True)


def test_the_root_counts_where_the_path_is_the_hosts(tmp_path: Path) -> None:
    proc = tree(tmp_path / "proc", {"meminfo": MEMINFO, "self/cgroup": "0::/docker/4f1b\n"})
    group = tree(tmp_path / "cgroup", {"cpu.max": "150000 100000", "memory.max": "3000000000"})
    assert cores(proc, group).allowed == 1.5
    assert memory(proc, group) == Memory(3_000_000_000, 9_216_000_000, True)


def test_version_1(tmp_path: Path) -> None:
    proc = tree(
        tmp_path / "proc", {"meminfo": MEMINFO, "self/cgroup": "8:memory:/box\n3:cpu,cpuacct:/box\n0::/\n"}
    )
    group = tree(
        tmp_path / "cgroup",
        {
            "cpu/cpu.cfs_quota_us": "-1", "cpu/box/cpu.cfs_quota_us": "50000",
            "cpu/box/cpu.cfs_period_us": "100000",
            "memory/memory.limit_in_bytes": "9223372036854771712",
            "memory/box/memory.limit_in_bytes": "1000000000", "memory/box/memory.usage_in_bytes": "600000000",
            "memory/box/memory.stat": "cache 1\ntotal_inactive_file 100000000\n",
        },
    )  # fmt: skip
    assert cores(proc, group) == Cores(16, 0.5)
    assert memory(proc, group) == Memory(1_000_000_000, 500_000_000, True)


def test_a_system_that_says_nothing(tmp_path: Path) -> None:
    assert memory(tmp_path, tmp_path) == Memory(None, None, False)
    assert cores(tmp_path, tmp_path) == Cores(16, 12.0)


def test_a_part_of_a_core_is_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    for allowed, workers in ((0.5, 1), (1.0, 1), (2.5, 2), (64.0, 64)):
        monkeypatch.setattr(machine, "cores", lambda allowed=allowed: Cores(64, allowed))
        assert usable_cores() == workers
