"""Prints of made-up clips whose likeness is known."""

import numpy as np
from numpy.typing import NDArray

from curate.pairing.sequences import Prints

LENGTH = 57


def walk(seed: int, steps: int, energy: float = 0.1) -> NDArray[np.float64]:
    """(steps, LENGTH) a picture that changes smoothly: unit vectors around one; `energy` of the changes."""
    rng = np.random.default_rng(seed)
    still = rng.standard_normal(LENGTH)
    still /= np.linalg.norm(still)
    window = np.hanning(10)[1:-1]
    shaken = rng.standard_normal((steps + len(window), LENGTH))
    motion = np.stack([np.convolve(column, window, "valid")[:steps] for column in shaken.T], axis=1)
    motion /= np.sqrt((motion**2).sum(axis=1).mean())
    path: NDArray[np.float64] = still + np.sqrt(energy) * motion
    return path / np.linalg.norm(path, axis=1, keepdims=True)


def noisy(path: NDArray[np.float64], seed: int, noise: float) -> NDArray[np.float64]:
    """What coding adds: `noise` is the length of the error."""
    rng = np.random.default_rng(seed)
    found: NDArray[np.float64] = path + rng.standard_normal(path.shape) * noise / np.sqrt(path.shape[1])
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def stored(path: NDArray[np.float64]) -> Prints:
    return np.rint(path * 127).astype(np.int8)
