"""The prints of a clip at even steps of time; those of many clips in one file that need not fit in memory."""

import math
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

Prints = NDArray[np.int8]
"""(steps, length): a unit vector times 127 in each row; zeros where the picture has no identity."""
Vectors = NDArray[np.float32]


def sequence(times: NDArray[Any], prints: Prints, start: float, end: float, rate: float) -> Prints:
    """The prints of [start, end), one per 1/rate second counted from `start`: each is the nearest in time.

    times: (n,) ascending seconds of the frames that have a print; prints: (n, length) of those frames. A clip
    has at least one step if it has a print.
    """
    if not len(times):
        return prints[:0]
    steps = max(1, math.floor((end - start) * rate + 0.5))
    wanted = start + np.arange(steps) / rate
    after = np.clip(np.searchsorted(times, wanted), 1, max(1, len(times) - 1))
    before = after - 1
    after = np.minimum(after, len(times) - 1)
    nearer = np.where(times[after] - wanted < wanted - times[before], after, before)
    return np.ascontiguousarray(prints[nearer])


def vectors(prints: Prints) -> Vectors:
    """Rows of length 1, or 0 where the picture has no identity."""
    found: Vectors = prints.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", found, found))
    found /= np.where(lengths > 0, lengths, 1)[:, None]
    return found


class Store:
    """Sequences of many clips, by number, in a file below `scratch`."""

    def __init__(self, scratch: str, length: int) -> None:
        self._path = os.path.join(scratch, "prints")
        self.length = length
        self._file = open(self._path, "wb")  # noqa: SIM115 (closed by `close`)
        self._steps: list[int] = []
        self._all: Prints = np.zeros((0, length), np.int8)
        self.offsets: NDArray[np.int64] = np.zeros(1, np.int64)
        """(clips + 1,) First step of each clip, once it is closed."""

    def add(self, prints: Prints) -> None:
        """The sequence of the next clip."""
        self._file.write(prints.tobytes())
        self._steps.append(len(prints))

    def close(self) -> None:
        """All are there: from now on they can be read."""
        self._file.close()
        self.offsets = np.concatenate([[0], np.cumsum(self._steps, dtype=np.int64)]).astype(np.int64)
        if self.offsets[-1]:
            self._all = np.memmap(self._path, np.int8, "r", shape=(int(self.offsets[-1]), self.length))

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, clip: int) -> Prints:
        return np.asarray(self._all[self.offsets[clip] : self.offsets[clip + 1]])

    def block(self, first: int, end: int) -> Prints:
        """The steps of the clips [first, end), one after the other."""
        return np.asarray(self._all[self.offsets[first] : self.offsets[end]])
