"""Scans a file whole and in chunks, and compares what comes of it to the byte."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from curate.media.errors import MediaError
from curate.media.probe import Probe, probe
from curate.signals import GROUPS
from curate.signals.chunks import Chunk, plan_chunks
from curate.signals.frames import FramesOptions
from curate.signals.merge import Scanned, Unclean, merge
from curate.signals.scan_file import ScanResult, scan_file

ID = bytes(range(16))
SEEN = tuple(name for name, group in GROUPS.items() if group.start is not None and group.standing)
"""The groups that every pipeline scans; sound is not measured in chunks."""


class Both:
    """One file, scanned whole once and in chunks of several lengths."""

    def __init__(
        self,
        path: Path,
        folder: Path,
        frames: FramesOptions | None = None,
        groups: Sequence[str] = SEEN,
    ) -> None:
        self.path, self.folder, self.groups = path, folder, groups
        self.frames = frames or FramesOptions()
        self.facts: Probe = probe(str(path))
        self._known: dict[Chunk, Scanned] = {}

    @cached_property
    def whole(self) -> ScanResult:
        """The scan of the whole, made when there is something to compare with it."""
        return self._scan("whole")

    def plan(self, seconds: float) -> list[Chunk]:
        return plan_chunks(
            self.facts.entries,
            Fraction(self.facts.time_base),
            start_seconds=self.facts.start_seconds,
            seconds=self.facts.seconds,
            chunk_seconds=seconds,
            warm_seconds=1 / self.frames.frames_per_second,
        )

    def compare(self, seconds: float) -> int | str:
        """How many chunks gave the bytes of the whole scan, or why they were refused; what was not refused
        and differs fails."""
        plan = self.plan(seconds)
        if len(plan) == 1:
            return 1
        try:
            merged = merge(
                str(self.path), [self.scanned(chunk) for chunk in plan],
                self.folder / str(seconds), video_id=ID, name="part", frames=self.facts.frames,
            )  # fmt: skip
        except (Unclean, MediaError) as error:
            assert files(self.folder / str(seconds)) == {}
            return str(error)
        assert replace(merged, cpu_seconds=0) == replace(self.whole, cpu_seconds=0)
        assert files(self.folder / str(seconds)) == files(self.folder / "whole")
        return len(plan)

    def scanned(self, chunk: Chunk) -> Scanned:
        """A chunk's scan; plans of other lengths have many chunks in common."""
        if chunk not in self._known:
            name = f"chunk {len(self._known)}"
            self._known[chunk] = Scanned(chunk, self.folder / name, self._scan(name, chunk))
        return self._known[chunk]

    def _scan(self, name: str, chunk: Chunk | None = None) -> ScanResult:
        return scan_file(
            str(self.path), self.folder / name, video_id=ID, groups=self.groups, frames=self.frames,
            name="part", chunk=chunk,
        )  # fmt: skip


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
