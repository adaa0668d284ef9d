"""Random numbers by key: the same for ever, alike for one and for many, and unrelated to each other."""

import numpy as np
import pytest

from curate import clips
from training.keyed import Key, hashes, uniforms

ONE = clips.digest(b"one")


def ids(count: int) -> np.ndarray:
    raw = b"".join(clips.digest(str(number).encode()) for number in range(count))
    return np.frombuffer(raw, np.uint64).reshape(-1, 2)


def test_the_numbers_never_change() -> None:
    """A trained model can only be resumed, or repeated, if these stay as they are."""
    key = Key(7, 3, ONE, 2)
    assert key.bits("noise") == GOLDEN_BITS
    assert key.uniform("weight") == GOLDEN_UNIFORM
    assert key.numpy("noise").standard_normal(2, np.float32).tolist() == GOLDEN_NORMAL


GOLDEN_BITS = 190315388256640947385102727912019184845
GOLDEN_UNIFORM = 0.5769841105588907
GOLDEN_NORMAL = [3.172590494155884, 0.8306962251663208]


def test_every_part_of_the_key_counts() -> None:
    keys = [Key(1, 2, ONE, 3), Key(2, 2, ONE, 3), Key(1, 3, ONE, 3), Key(1, 2, clips.digest(b"two"), 3)]
    keys.append(Key(1, 2, ONE, 4))
    seen = {key.bits(purpose) for key in keys for purpose in ("noise", "time", "crop")}
    assert len(seen) == 15
    assert len({key.uniform(purpose) for key in keys for purpose in ("noise", "time", "crop")}) == 15


def test_one_and_many_agree() -> None:
    many = ids(20)
    draws = np.arange(20) % 3
    found = uniforms(5, 1, many, draws, "still")
    assert found.tolist() == [Key(5, 1, many[k].tobytes(), int(draws[k])).uniform("still") for k in range(20)]


@pytest.mark.parametrize("other", [("weight", 0, 1), ("order", 0, 0), ("weight", 1, 0)])
def test_uniform_and_unrelated(other: tuple[str, int, int]) -> None:
    """A chi-square over 64 bins, and the correlation with the same clips' other numbers."""
    many, zeros = ids(40_000), np.zeros(40_000, np.int64)
    found = uniforms(1, 0, many, zeros, "weight")
    assert 0 <= found.min() < 0.001
    assert 0.999 < found.max() < 1
    counts = np.bincount((found * 64).astype(int), minlength=64)
    chi = ((counts - 625) ** 2 / 625).sum()
    assert 25 < chi < 115  # 63 degrees of freedom: outside in one of 10^4 cases
    purpose, epoch, draw = other
    second = uniforms(1, epoch, many, zeros + draw, purpose)  # type: ignore[arg-type]
    assert abs(np.corrcoef(found, second)[0, 1]) < 0.02


def test_a_flipped_bit_flips_half_of_the_bits() -> None:
    many = ids(2000)
    before = hashes(1, 0, many, np.zeros(2000, np.int64), "order")
    for column, bit in ((0, 0), (0, 63), (1, 0), (1, 40)):
        flipped = many.copy()
        flipped[:, column] ^= np.uint64(1 << bit)
        after = hashes(1, 0, flipped, np.zeros(2000, np.int64), "order")
        changed = np.unpackbits((before ^ after).view(np.uint8)).mean()
        assert 0.49 < changed < 0.51


def test_torch_gets_a_generator_of_its_own() -> None:
    import torch

    key = Key(1, 2, ONE, 3)
    first = torch.randn(8, generator=key.torch("noise"))
    assert torch.equal(first, torch.randn(8, generator=key.torch("noise")))
    assert not torch.equal(first, torch.randn(8, generator=Key(1, 2, ONE, 4).torch("noise")))
