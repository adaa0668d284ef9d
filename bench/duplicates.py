"""Finding copies among many clips: recall, precision, time and memory, beside comparing all with all.

    python bench/duplicates.py [--clips 100000] [--steps 24] [--check 1500] [--footage FILE...]

Clips are made up: each is a walk among prints, whose first differences and means have the spread of real ones
(with --footage: whose prints are those of these videos, cut into stretches and turned by a random rotation,
so that no two clips have anything in common but how real prints change). One in ten is a copy of another one,
with the noise that bad coding leaves, half of them trimmed. Three figures:

  candidates   the pairs that share a key: the share of the planted ones among them, and how many others
  filter       all of `duplicate`: pairs above its floor against the planted ones
  all          every pair of `--check` clips compared (the baseline, and what the candidates must find)
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from curate import clips as ids
from curate.pairing.candidates import candidates
from curate.pairing.sequences import Store, vectors
from curate.pairing.similarity import compare
from curate.plugins import ClipView
from curate.signals.prints import LENGTH, RATE
from filters.duplicate import Duplicate

Path = NDArray[np.float32]

COPIES = 0.1
OFFSET, NOISE = 0.25, 0.04
"""Length, at most, of what a copy adds to a unit vector: the same to all pictures (a crop, a logo, another
tone), and anew to each (coding). The made copies in docs/design.md have up to 0.3 of the one and 0.03 of the
other."""


def made_up(rng: np.random.Generator, steps: int) -> Path:
    """A clip that no other one is like: a still picture and smooth changes of random energy."""
    still = rng.standard_normal(LENGTH)
    still /= np.linalg.norm(still)
    shaken = np.cumsum(rng.standard_normal((steps, LENGTH)), axis=0)
    shaken -= shaken.mean(axis=0)
    shaken /= np.sqrt((shaken**2).sum(axis=1).mean()) + 1e-9
    energy = 10 ** rng.uniform(-4, -0.3)
    path = still + np.sqrt(energy) * shaken
    return unit(path.astype(np.float32))


def of_footage(stretches: list[Path], rng: np.random.Generator, steps: int) -> Path:
    """A real stretch, turned."""
    real = stretches[rng.integers(len(stretches))]
    first = rng.integers(max(1, len(real) - steps))
    reflect = unit(rng.standard_normal((4, LENGTH)).astype(np.float32))
    path = real[first : first + steps]
    for normal in reflect:  # four reflections are a rotation
        path = path - 2 * (path @ normal)[:, None] * normal
    return path


def unit(path: Path) -> Path:
    found: Path = path / np.linalg.norm(path, axis=1, keepdims=True)
    return found


def spoiled(path: Path, rng: np.random.Generator) -> Path:
    offset = rng.uniform(0, OFFSET) * rng.standard_normal(LENGTH) / np.sqrt(LENGTH)
    noise = rng.uniform(0, NOISE) * rng.standard_normal(path.shape) / np.sqrt(LENGTH)
    return unit((path + offset + noise).astype(np.float32))


def scanned(files: list[str]) -> list[Path]:
    """The prints of videos, in stretches that have identity throughout."""
    from curate.media.container import open_video, time_base, video_stream
    from curate.media.decode import decode
    from curate.media.picture import Viewer, rotation_of, usable_sar
    from curate.signals.prints import Prints
    from curate.signals.view import SMALL_WIDTH, FrameView

    found = []
    for file in files:
        with open_video(file) as container:
            stream = video_stream(container)
            base, sar = time_base(stream), usable_sar(stream.sample_aspect_ratio)
        viewer, prints, rows = None, Prints(base), []
        for frame in decode(file):
            viewer = viewer or Viewer(rotation_of(frame.image), sar)
            small = viewer.small(frame.image, SMALL_WIDTH)
            data, inner = prints.update(FrameView(frame.pts, small, lambda small=small: small[..., 0]))
            if inner is not None and any(data):
                rows.append(np.frombuffer(data, np.int8).astype(np.float32))
        if len(rows) >= RATE:
            found.append(unit(np.stack(rows)))
    return found


class Corpus:
    """Clips with planted copies; made again, the same, whenever they are asked for."""

    def __init__(self, count: int, steps: int, stretches: list[Path]) -> None:
        self.count, self._steps, self._stretches = count, steps, stretches
        rng = np.random.default_rng(1)
        copies = rng.choice(count, int(count * COPIES), replace=False)
        originals = np.setdiff1d(np.arange(count), copies)
        self.source = np.arange(count)
        self.source[copies] = rng.choice(originals, len(copies), replace=False)
        families: dict[int, list[int]] = {}
        for number, source in enumerate(self.source.tolist()):
            families.setdefault(source, []).append(number)
        self.planted = {pair for family in families.values() for pair in combinations(family, 2)}

    def __getitem__(self, number: int) -> NDArray[np.int8]:
        source = int(self.source[number])
        rng = np.random.default_rng([2, source])
        steps = int(self._steps * rng.uniform(0.5, 1.5))
        path = of_footage(self._stretches, rng, steps) if self._stretches else made_up(rng, steps)
        if source != number:
            rng = np.random.default_rng([3, number])
            path = spoiled(path, rng)
            if number % 2 and len(path) > 12:
                path = path[len(path) // 4 : -len(path) // 8]
        return np.rint(path * 127).astype(np.int8)

    def views(self, store: Store) -> Iterator[ClipView]:
        """The clips as the filter gets them, their prints from `store`."""
        for number in range(self.count):
            prints = store[number]
            seconds = len(prints) / RATE
            row = {
                "clip_id": ids.digest(str(number).encode()), "start_seconds": 0.0, "end_seconds": seconds,
                "start_pts": 0, "end_pts": len(prints), "frames": len(prints),
            }  # fmt: skip
            video = {"width": 640, "height": 360, "fps": 24.0, "bits_per_pixel": 0.1}
            signals = {
                "pts": np.arange(len(prints)), "print": prints.view(np.uint8),
                "inner": np.ones(len(prints), np.float32),
            }  # fmt: skip
            yield ClipView(row, video, {"prints": signals})


def memory() -> float:
    """Peak of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=24, help="prints of a clip, eight a second, on average")
    parser.add_argument("--check", type=int, default=1500)
    parser.add_argument("--footage", nargs="*", default=[])
    options = parser.parse_args()
    stretches = scanned(options.footage)
    corpus = Corpus(options.clips, options.steps, stretches)
    print(f"{options.clips} clips, {len(corpus.planted)} planted copies, {memory():.0f} MB before")

    with tempfile.TemporaryDirectory() as scratch:
        store = Store(scratch, LENGTH)
        for number in range(options.clips):
            store.add(corpus[number])
        store.close()
        began = time.perf_counter()
        order = np.arange(options.clips)
        found = candidates(store, order, order).tolist()
        seconds = time.perf_counter() - began
        pairs = {(pair >> 32, pair & 0xFFFFFFFF) for pair in found}
        hit = len(pairs & corpus.planted)
        print(
            f"candidates: {seconds:.1f} s, {len(pairs)} pairs, recall {hit / len(corpus.planted):.4f}, "
            f"{len(pairs) - hit} others, peak {memory():.0f} MB"
        )
        check = min(options.check, options.clips)
        # As many copies as there are: originals and copies of the first ones.
        some = sorted({end for pair in sorted(corpus.planted)[: check // 2] for end in pair})
        paths = [vectors(store[number]) for number in some]
        began = time.perf_counter()
        every = {
            (some[i], some[j])
            for j in range(len(some))
            for i in range(j)
            if compare(paths[i], paths[j], 0.5).similarity >= 0.5
        }
        seconds = time.perf_counter() - began
        tried = len(some) * (len(some) - 1) // 2
        print(
            f"all: {len(some)} clips, {tried} pairs in {seconds:.1f} s ({tried / seconds:.0f} a second), "
            f"{len(every)} of a similarity of 0.5 and more, of which candidates {len(every & pairs)}; "
            f"planted {len(every & corpus.planted)}"
        )

        os.mkdir(f"{scratch}/filter")
        began = time.perf_counter()
        compared = Duplicate().measure(corpus.views(store), f"{scratch}/filter")
        seconds = time.perf_counter() - began
    numbers = {ids.digest(str(number).encode()): number for number in range(options.clips)}
    named = {
        (min(a, b), max(a, b))
        for a, b in ((numbers[pair.better], numbers[pair.worse]) for pair in compared.pairs)
    }
    hit = len(named & corpus.planted)
    print(
        f"filter: {seconds:.1f} s ({options.clips / seconds:.0f} clips a second), {len(named)} pairs, "
        f"recall {hit / len(corpus.planted):.4f}, precision {hit / max(1, len(named)):.4f}, "
        f"peak {memory():.0f} MB"
    )


if __name__ == "__main__":
    main()
