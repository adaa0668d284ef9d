"""Random numbers that belong to a draw, and to nothing else.

Every random number of a training run is a function of (seed, epoch, clip id, number of the draw, purpose). No
generator is carried along, so there is none to save, and the same draw gets the same noise, time, caption and
crop whatever rank or worker makes it, whatever came before, and whether or not another sample was skipped."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

Purpose = Literal[
    "weight", "order", "still", "frame", "window", "crop", "caption", "dropout", "noise", "time", "condition",
    "image",
]  # fmt: skip
"""What a number is for: two purposes never share one. `frame`: which frame of a window a still is;
`condition`: which conditions (motion, aesthetic) are dropped; `image`: which frames are given in
image-to-video training."""

U64 = npt.NDArray[np.uint64]
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Key:
    """One draw of one clip in one epoch of one seed."""

    seed: int
    epoch: int
    clip_id: bytes
    """16 bytes."""
    draw: int
    """Counts the uses of the clip within the epoch, from 0."""

    def bits(self, purpose: Purpose) -> int:
        """128 bits for `purpose`: BLAKE2b of everything that the draw is."""
        text = f"{self.seed}/{self.epoch}/{self.draw}/{purpose}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=16, key=self.clip_id).digest(), "little")

    def numpy(self, purpose: Purpose) -> np.random.Generator:
        """A generator of its own (Philox: counter-based, the key is all its state)."""
        return np.random.Generator(np.random.Philox(key=self.bits(purpose)))

    def torch(self, purpose: Purpose) -> "torch.Generator":
        """A generator on the CPU; noise that is drawn there is the same for every device."""
        import torch

        return torch.Generator().manual_seed(self.bits(purpose) & (2**63 - 1))

    def uniform(self, purpose: Purpose) -> float:
        """A number in [0, 1): the one that `uniforms` gives for this draw."""
        ids = np.frombuffer(self.clip_id, np.uint64).reshape(1, 2)
        return float(uniforms(self.seed, self.epoch, ids, np.array([self.draw]), purpose)[0])


def uniforms(seed: int, epoch: int, clip_ids: U64, draws: npt.NDArray[np.int64], purpose: Purpose) -> F64:
    """(N,) numbers in [0, 1), 53 bits each, for N draws at once. `clip_ids`: (N, 2), the halves of the
    ids."""
    return (hashes(seed, epoch, clip_ids, draws, purpose) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def hashes(seed: int, epoch: int, clip_ids: U64, draws: npt.NDArray[np.int64], purpose: Purpose) -> U64:
    """(N,) 64 bits for each of N draws: a million in a tenth of a second, where BLAKE2b takes two."""
    salt = hashlib.blake2b(f"{seed}/{epoch}/{purpose}".encode(), digest_size=16).digest()
    first, second = np.frombuffer(salt, np.uint64)
    mixed = _mix(clip_ids[:, 0] ^ first)
    mixed = _mix(mixed ^ clip_ids[:, 1] ^ second)
    golden = np.uint64(0x9E3779B97F4A7C15)
    return _mix(mixed ^ ((draws.astype(np.uint64) + np.uint64(1)) * golden))


def _mix(x: U64) -> U64:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014; constants of Stafford's variant 13): every bit
    of the input moves every bit of the output with probability near one half."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
