"""What the scan stores of real files, and what scenedetect finds in them; each file once per test session."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import scenedetect

from curate.cutting import COMPONENTS, Adaptive, Shots
from curate.media import MediaError, probe
from curate.signals.scan_file import scan_file
from stages.signals import read_part


@dataclass(frozen=True)
class Footage:
    """One file; cuts are frame indexes."""

    name: str
    constant_rate: bool
    rotation: int
    pts: np.ndarray
    end_pts: int
    time_base: Fraction
    signals: dict[str, dict[str, np.ndarray]]
    """Groups `content` and `thumbs`."""
    ours: list[int]
    """Of Adaptive."""
    shots: list[tuple[int, int]]
    """Transitions that the detector shots finds."""
    theirs: list[int]
    """Of scenedetect.detect on the file, min_scene_len as ours; times put to the nearest of our frames."""


@cache
def footage(folder: Path) -> dict[str, Footage]:
    """Every file of the folder that decodes, by name."""
    return {made.name: made for made in _measured(folder)}


@cache
def checked_cuts(folder: Path) -> dict[str, Any]:
    """cuts.json: cuts checked by eye, by file name."""
    checked: dict[str, Any] = json.loads((folder / "cuts.json").read_text())
    return checked


def _measured(folder: Path) -> Iterator[Footage]:
    with TemporaryDirectory() as scratch:
        for path in sorted(folder.iterdir()):
            if path.suffix not in {".json", ".md"}:
                try:
                    yield _measure(path, Path(scratch))
                except MediaError:
                    continue


def _measure(path: Path, scratch: Path) -> Footage:
    facts = probe(str(path))
    groups = ["content", "thumbs"]
    scan = scan_file(str(path), scratch, video_id=bytes(16), groups=groups, frames=None, name=path.name)
    signals = {group: read_part(str(scratch / scan.parts[group].path)) for group in groups}
    times = signals["content"]["pts"]
    components = np.stack([signals["content"][column] for column in COMPONENTS], axis=1)
    options, base = Adaptive(), Fraction(scan.time_base)
    detector = scenedetect.AdaptiveDetector(min_scene_len=options.min_scene_len)
    scenes = scenedetect.detect(str(path), detector)
    # Their times start at the first frame.
    seconds = (times - times[0]) * float(base)
    return Footage(
        name=path.name,
        constant_rate=not (facts.vfr or facts.irregular),
        rotation=facts.rotation,
        pts=times,
        end_pts=scan.end_pts,
        time_base=base,
        signals=signals,
        ours=options.detect(components).tolist(),
        shots=[(first, end) for first, end in Shots().transitions(signals, base).tolist()],
        theirs=[int(np.argmin(np.abs(seconds - start.seconds))) for start, _ in scenes[1:]],
    )
