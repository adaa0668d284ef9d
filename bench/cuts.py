"""Detectors of shots beside each other: what they find in real and in made footage, and what they cost.

    python bench/cuts.py FOLDER                 real footage with its cuts.json, and made footage
    python bench/cuts.py FOLDER --shots         how the detector shots does when its numbers are moved

On real footage, cuts count within two frames; what touches a gradual change or frames where either answer is
right is ignored (tests/cutting/scoring.py). A gradual change is found if half of its frames are in what was
found. Made footage is that of the tests (tests/cutting/made.py), of drawn shots and of real takes in turns:
with cuts, fades and dissolves at known places, and without any, where everything is false. CPU seconds are
those of this process per minute of the real footage; `with scan` includes a scan of all standing groups and
of what the detector reads beside them. transnet takes part if its package is installed.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from curate.cutting import CutOptions, cut_options, gradual, hard, pictures
from curate.media.decode import decode
from curate.media.picture import Viewer, rotation_of
from curate.signals import GROUPS
from curate.signals.scan_file import scan_file
from stages.signals import read_part
from tests.cutting.made import CHANGES, Clip, Drawn, Random, measured
from tests.cutting.made_without import STEADY
from tests.cutting.scoring import Score, gradual_recall, score_transitions

STANDING = [group.name for group in GROUPS.values() if group.standing and group.start is not None]
Signals = Mapping[str, Mapping[str, Any]]
Case = tuple[str, Signals, Fraction, Mapping[str, Any]]
"""Name, signals, time base, and what is known (as in cuts.json)."""

MOVED = {
    hard: ("NOISE", "MOVED", "RELIT", "COVERED", "BACK", "STILL", "SPARSE", "SPREAD", "STRONG", "QUANTILE"),
    gradual: (
        "CHANGE",
        "STRAIGHT",
        "FURTHEST",
        "BESIDE",
        "DRIFT",
        "JUMP",
        "RELIT",
        "COVERED",
        "HALF",
        "QUARTERS",
    ),
    pictures: ("SOFT", "BAR", "COVER"),
}
"""Numbers of the detector shots beside its options."""


class Cuttings:
    """Shots out of real footage: pieces between the cuts that were checked by eye."""

    def __init__(self, folder: Path, checked: Mapping[str, Any]) -> None:
        self._takes = [take for name, entry in checked.items() for take in _takes(folder / name, entry)]
        self._last = -1

    def shot(self, rng: Random, size: tuple[int, int], frames: int) -> np.ndarray:
        long = [k for k, take in enumerate(self._takes) if len(take) >= frames and k != self._last]
        self._last = int(rng.choice(long))
        take = self._takes[self._last]
        start = int(rng.integers(0, len(take) - frames + 1))
        return np.array([_filled(picture, size) for picture in take[start : start + frames]])


def _takes(path: Path, entry: Mapping[str, Any]) -> Iterator[np.ndarray]:
    if not entry["exhaustive"]:
        return
    viewer: Viewer | None = None
    seen = []
    for frame in decode(str(path)):
        viewer = viewer or Viewer(rotation_of(frame.image))
        seen.append(viewer.small(frame.image))
    marks = [(cut, cut) for cut in entry["hard_cuts"]] + [tuple(pair) for pair in entry["gradual"]]
    start = 0
    for first, end in [*sorted(marks), (len(seen) + 2, len(seen))]:
        if first - 2 - start >= 100:
            yield np.array(seen[start : first - 2])
        start = end + 3


def _filled(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The middle of a picture, scaled to fill `size`."""
    width, height = size
    scale = max(width / picture.shape[1], height / picture.shape[0])
    wide, high = max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale))
    scaled = cv2.resize(
        picture, (wide, high), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    y, x = (high - height) // 2, (wide - width) // 2
    return np.ascontiguousarray(scaled[y : y + height, x : x + width])


@dataclass
class Footage:
    """Real files, scanned, with what the scans cost."""

    cases: list[Case] = field(default_factory=list)
    minutes: float = 0.0
    scan_seconds: dict[str, float] = field(default_factory=dict)
    """CPU seconds with the standing groups alone (""), and with each other group beside them."""


def scanned(folder: Path, checked: Mapping[str, Any], beside: list[str]) -> Footage:
    footage = Footage()
    for name, entry in checked.items():
        with tempfile.TemporaryDirectory() as scratch:
            signals = {}
            for extra in ["", *beside]:
                groups = [*STANDING, extra] if extra else STANDING
                path = str(folder / name)
                scan = scan_file(path, scratch, video_id=bytes(16), groups=groups, frames=None, name="part")
                so_far = footage.scan_seconds.get(extra, 0.0)
                footage.scan_seconds[extra] = so_far + scan.cpu_seconds
                for group in ["content", "thumbs"] if not extra else [extra]:
                    signals[group] = read_part(str(Path(scratch) / scan.parts[group].path))
        footage.minutes += scan.seconds / 60
        footage.cases.append((name, signals, Fraction(scan.time_base), entry))
    return footage


def made(folder: Path, checked: Mapping[str, Any], seeds: int) -> dict[str, list[Case]]:
    """Made footage by kind."""
    cuttings = Cuttings(folder, checked)
    cases: dict[str, list[Case]] = {}
    for name, kind in {**CHANGES, **STEADY}.items():
        for seed in range(seeds):
            rng = np.random.default_rng([seed, *name.encode()])
            clip: Clip = kind(rng, Drawn() if seed % 2 == 0 else cuttings)
            case = (f"{name}/{seed}", measured(clip.frames), Fraction(1, 25), clip.checked())
            cases.setdefault(name, []).append(case)
    return cases


@dataclass
class Found:
    """Of one detector in some footage."""

    score: Score = field(default_factory=Score)
    gradual: tuple[int, int] = (0, 0)
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def recall(self) -> str:
        return f"{self.gradual[0]}/{self.gradual[1]}"


def tried(detector: CutOptions, model: Any, cases: list[Case]) -> Found:
    found = Found()
    for name, signals, base, known in cases:
        began = time.process_time()
        transitions = [tuple(pair) for pair in detector.transitions(signals, base, model).tolist()]
        found.seconds += time.process_time() - began
        score = score_transitions(transitions, known)
        covered, there = gradual_recall(transitions, known)
        found.score += score
        found.gradual = found.gradual[0] + covered, found.gradual[1] + there
        if score.misses or score.false or covered < there:
            found.wrong.append(
                f"{name}: {score.misses} missed, {score.false} false, {covered}/{there} gradual"
            )
    return found


def compare(folder: Path, checked: Mapping[str, Any], seeds: int, names: list[str]) -> None:
    detectors = {name: cut_options({"use": name}) for name in names}
    beside = sorted({group for d in detectors.values() for group in d.READS} - set(STANDING))
    footage, kinds = scanned(folder, checked, beside), made(folder, checked, seeds)
    by_kind: dict[str, dict[str, Found]] = {}
    print(f"{len(footage.cases)} real files, {footage.minutes:.1f} minutes; {seeds} clips of each made kind")
    print(
        f"{'detector':10} {'P':>5} {'R':>5} {'F1':>6} {'gradual':>8} {'made P':>7} {'R':>5} {'F1':>6} "
        f"{'gradual':>8} {'CPU s/min':>10} {'with scan':>10}"
    )
    for name, detector in detectors.items():
        model = detector.load()
        real = tried(detector, model, footage.cases)
        by_kind[name] = {kind: tried(detector, model, cases) for kind, cases in kinds.items()}
        of_made = list(by_kind[name].values())
        score = sum((found.score for found in of_made), Score())
        parts = np.sum([found.gradual for found in of_made], axis=0)
        extra = [group for group in detector.READS if group in beside]
        scan = footage.scan_seconds[extra[0] if extra else ""]
        print(
            f"{name:10} {real.score.precision:5.2f} {real.score.recall:5.2f} {real.score.f1:6.3f} "
            f"{real.recall:>8} {score.precision:7.2f} {score.recall:5.2f} {score.f1:6.3f} "
            f"{f'{parts[0]}/{parts[1]}':>8} {real.seconds / footage.minutes:10.2f} "
            f"{(scan + real.seconds) / footage.minutes:10.2f}",
            flush=True,
        )
        for line in real.wrong:
            print(f"    {line}")
    print("\nmade footage by kind: missed + false cuts, gradual ones found")
    print(f"{'':20}" + "".join(f"{name:>16}" for name in detectors))
    for kind in kinds:
        cells = [by_kind[name][kind] for name in detectors]
        print(
            f"{kind:20}" + "".join(f"{f'{c.score.misses} + {c.score.false}  {c.recall}':>16}" for c in cells)
        )


def sensitivity(folder: Path, checked: Mapping[str, Any], seeds: int) -> None:
    """F1 and gradual recall of shots on real and made footage, each number moved by a quarter."""
    footage = scanned(folder, checked, []).cases
    drawn = [case for cases in made(folder, checked, seeds).values() for case in cases]

    def line(name: str, value: str, detector: CutOptions) -> None:
        real, other = tried(detector, None, footage), tried(detector, None, drawn)
        print(
            f"{name:18} {value:>8}   real {real.score.f1:.3f} {real.recall:>6}   "
            f"made {other.score.f1:.3f} {other.recall:>6}",
            flush=True,
        )

    usual = cut_options({"use": "shots"})
    line("as it is", "", usual)
    for option in ("threshold", "ratio", "flash_seconds", "shortest_seconds"):
        for factor in (0.75, 1.25):
            value = getattr(usual, option) * factor
            line(option, f"{value:.4g}", usual.model_copy(update={option: value}))
    for module, constants in MOVED.items():
        for constant in constants:
            for factor in (0.75, 1.25):
                value = getattr(module, constant) * factor
                with patch.multiple(
                    module, **{constant: min(value, 1.0) if constant == "QUANTILE" else value}
                ):
                    line(f"{module.__name__.split('.')[-1]}.{constant}", f"{value:.4g}", usual)


def main() -> None:
    """Parse the command line, measure, print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="footage with a cuts.json")
    parser.add_argument("--seeds", type=int, default=2, help="clips of each made kind")
    parser.add_argument("--detectors", default="content,adaptive,shots,transnet")
    parser.add_argument("--shots", action="store_true", help="move the numbers of shots instead")
    asked = parser.parse_args()
    checked = json.loads((asked.folder / "cuts.json").read_text())
    cv2.setNumThreads(1)
    if asked.shots:
        sensitivity(asked.folder, checked, asked.seeds)
        return
    names = asked.detectors.split(",")
    if "transnet" in names and not _installed():
        names.remove("transnet")
        print("transnet is left out: pip install 'curate[shots]'")
    compare(asked.folder, checked, asked.seeds, names)


def _installed() -> bool:
    try:
        cut_options({"use": "transnet"}).check()
    except ValueError:
        return False
    return True


if __name__ == "__main__":
    main()
