"""Damage, byte by byte: each mutation is a function of a seeded generator and of a file's content.

`MUTATIONS[name](rng, content)` returns other content. None knows the format; those that do are in
`tests.hostile_corpus.boxes`.
"""

from collections.abc import Callable

import numpy as np

Rng = np.random.Generator
Mutation = Callable[[Rng, bytes], bytes]

REGIONS = {
    "head": (0.0, 0.03),
    "front": (0.0, 0.3),
    "middle": (0.35, 0.65),
    "tail": (0.9, 1.0),
    "all": (0.0, 1.0),
}
"""Shares of the file. The index of a container is in its head or in its tail."""
RATES = (1e-5, 1e-3, 1e-2, 0.2)
"""Share of the bytes of a region that change; one at least."""


def _region(content: bytes, name: str) -> tuple[int, int]:
    low, high = (int(share * len(content)) for share in REGIONS[name])
    return low, max(high, min(low + 64, len(content)))


def flip(rng: Rng, content: bytes, region: str, rate: float) -> bytes:
    """One bit in each of `rate` of the bytes of a region."""
    low, high = _region(content, region)
    data = np.frombuffer(content, np.uint8).copy()
    where = rng.integers(low, max(high, low + 1), max(1, int(rate * (high - low))))
    where = where[where < len(data)]
    data[where] ^= np.uint8(1) << rng.integers(0, 8, len(where)).astype(np.uint8)
    return data.tobytes()


def _block(rng: Rng, content: bytes, most: float = 0.2) -> tuple[int, int]:
    """A stretch of up to `most` of the file, anywhere."""
    length = int(rng.integers(1, max(2, int(most * len(content)))))
    start = int(rng.integers(0, max(1, len(content) - length)))
    return start, start + length


def cut(rng: Rng, content: bytes) -> bytes:
    """Ends anywhere."""
    return content[: int(rng.integers(1, max(2, len(content))))]


def beheaded(rng: Rng, content: bytes) -> bytes:
    """Begins anywhere."""
    return content[int(rng.integers(1, max(2, len(content)))) :]


def zeroed(rng: Rng, content: bytes) -> bytes:
    start, end = _block(rng, content)
    return content[:start] + bytes(end - start) + content[end:]


def all_ones(rng: Rng, content: bytes) -> bytes:
    start, end = _block(rng, content, 0.02)
    return content[:start] + b"\xff" * (end - start) + content[end:]


def noise(rng: Rng, content: bytes) -> bytes:
    start, end = _block(rng, content)
    return content[:start] + rng.bytes(end - start) + content[end:]


def doubled(rng: Rng, content: bytes) -> bytes:
    """A block comes twice, and what follows is shifted."""
    start, end = _block(rng, content)
    return content[:end] + content[start:]


def dropped(rng: Rng, content: bytes) -> bytes:
    start, end = _block(rng, content)
    return content[:start] + content[end:]


def swapped(rng: Rng, content: bytes) -> bytes:
    """Two neighbouring blocks change places, as when the parts of a download are put together wrongly."""
    start, end = _block(rng, content, 0.4)
    middle = (start + end) // 2
    return content[:start] + content[middle:end] + content[start:middle] + content[end:]


def sectors(rng: Rng, content: bytes) -> bytes:
    """Blocks of 512 bytes in another order from a third of the file on, as a rescued disk gives them."""
    start = len(content) // 3 // 512 * 512
    blocks = [content[at : at + 512] for at in range(start, len(content), 512)]
    return content[:start] + b"".join(blocks[k] for k in rng.permutation(len(blocks)))


def inserted(rng: Rng, content: bytes) -> bytes:
    at = int(rng.integers(0, len(content) + 1))
    return content[:at] + rng.bytes(int(rng.integers(1, 2000))) + content[at:]


def one_more(rng: Rng, content: bytes) -> bytes:
    """A single byte too many: everything behind it is out of step."""
    at = int(rng.integers(0, len(content) + 1))
    return content[:at] + rng.bytes(1) + content[at:]


def numbers(rng: Rng, content: bytes) -> bytes:
    """Four bytes in a row, somewhere in the head or the tail, become an extreme number."""
    data = bytearray(content)
    extremes = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0, 0x00010000, 0x7FFF)
    for _ in range(int(rng.integers(1, 6))):
        low, high = _region(content, ("head", "tail")[int(rng.integers(2))])
        at = int(rng.integers(low, max(low + 1, high - 4)))
        number = extremes[int(rng.integers(len(extremes)))]
        data[at : at + 4] = number.to_bytes(4, ("big", "little")[int(rng.integers(2))])
    return bytes(data)


def text_lines(rng: Rng, content: bytes) -> bytes:
    """As a careless transfer in text mode leaves it: every line feed is two characters."""
    return content.replace(b"\n", b"\r\n")


def seven_bits(rng: Rng, content: bytes) -> bytes:
    """The eighth bit of every byte of the middle is lost."""
    low, high = _region(content, "middle")
    return content[:low] + bytes(byte & 0x7F for byte in content[low:high]) + content[high:]


def twice(rng: Rng, content: bytes) -> bytes:
    """The whole file two times in a row."""
    return content * 2


def _flipping(region: str, rate: float) -> Mutation:
    return lambda rng, content: flip(rng, content, region, rate)


MUTATIONS: dict[str, Mutation] = {
    **{f"flip_{region}_{rate:g}": _flipping(region, rate) for region in REGIONS for rate in RATES},
    **{
        made.__name__: made
        for made in (
            cut, beheaded, zeroed, all_ones, noise, doubled, dropped, swapped, sectors, inserted, one_more,
            numbers, text_lines, seven_bits, twice,
        )
    },
}  # fmt: skip
