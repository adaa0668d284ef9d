"""Tars whose bytes follow from their members alone, and where in them each member's data stands.

POSIX ustar; no times, owners or modes of this machine. The archive ends with the two zero blocks that POSIX
asks for and is not filled up to a tape's record, so that its size is exactly the sum that decides where a
shard splits.
"""

import hashlib
import os
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from curate import clips

BLOCK = 512
END = bytes(2 * BLOCK)
CHUNK = 1 << 20
USTAR_LIMIT = 1 << 33
"""A ustar header has eleven octal digits for the size; a larger member gets GNU's binary number."""


class DamagedTar(Exception):
    """A tar, or a file that goes into one, is not what it should be."""


@dataclass(frozen=True)
class Slice:
    """Bytes of a file: a staged clip, or a clip within an older tar. `digest`: what they must hash to."""

    path: str
    offset: int
    digest: str


@dataclass(frozen=True)
class Member:
    """A file in a tar, of `size` bytes."""

    name: str
    size: int
    data: bytes | Slice


def header(name: str, size: int) -> bytes:
    """The block in front of a member's data."""
    info = tarfile.TarInfo(name)  # mode 0644, no owner, time 0
    info.size = size
    small = size < USTAR_LIMIT
    block = info.tobuf(tarfile.USTAR_FORMAT if small else tarfile.GNU_FORMAT, "utf-8", "strict")
    assert len(block) == BLOCK, f"{name!r} needs more than one header block"
    return block


def padding(size: int) -> int:
    """Zero bytes between the end of a member's data and the next block."""
    return -size % BLOCK


def member_bytes(size: int) -> int:
    """Bytes that a member of `size` takes in a tar."""
    return BLOCK + size + padding(size)


def tar_bytes(sizes: Sequence[int]) -> int:
    """Bytes of a tar with members of these sizes."""
    return sum(map(member_bytes, sizes)) + len(END)


def offsets(sizes: Sequence[int]) -> list[int]:
    """Where the data of each member starts."""
    found, at = [], 0
    for size in sizes:
        found.append(at + BLOCK)
        at += member_bytes(size)
    return found


def digest_of(path: str, offset: int = 0, size: int | None = None) -> str:
    """The digest (32 hex digits) of `size` bytes of a file, all from `offset` by default."""
    with open(path, "rb") as file:
        file.seek(offset)
        return _digest(_chunks(file, os.path.getsize(path) - offset if size is None else size))


def digest_bytes(data: bytes) -> str:
    """The digest of `data`."""
    return _digest(iter([data]))


def _digest(chunks: Iterator[bytes]) -> str:
    hashed = clips.new_hash()
    for chunk in chunks:
        hashed.update(chunk)
    return hashed.hexdigest()


def _chunks(file: IO[bytes], size: int) -> Iterator[bytes]:
    """`size` bytes from where the file stands."""
    while size > 0:
        chunk = file.read(min(CHUNK, size))
        if not chunk:
            raise DamagedTar(f"it ends {size} bytes too early")
        size -= len(chunk)
        yield chunk


def write_tar(path: str, members: Sequence[Member]) -> None:
    """Write a tar; it appears under its name whole and on the disk, or not at all.

    Raises DamagedTar where copied bytes are not what their digest says, OSError where the disk refuses.
    """
    draft = f"{path}.part"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        with open(draft, "wb") as out:
            for member in members:
                out.write(header(member.name, member.size))
                _write_data(out, member)
                out.write(bytes(padding(member.size)))
            out.write(END)
            out.flush()
            # What it is copied from is deleted soon after: it must survive a power cut by then.
            os.fsync(out.fileno())
        os.replace(draft, path)
    except BaseException as error:
        with suppress(FileNotFoundError):
            os.unlink(draft)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = path  # a write does not know what it writes to
        raise


def _write_data(out: IO[bytes], member: Member) -> None:
    data = member.data
    if isinstance(data, bytes):
        assert len(data) == member.size, member.name
        out.write(data)
        return
    hashed = clips.new_hash()
    try:
        with open(data.path, "rb") as file:
            file.seek(data.offset)
            for chunk in _chunks(file, member.size):
                hashed.update(chunk)
                out.write(chunk)
        if hashed.hexdigest() != data.digest:
            raise DamagedTar(f"the bytes of {member.name} are not those that were written")
    except DamagedTar as error:
        raise DamagedTar(f"{data.path} is damaged: {error}") from None


# -- reading back --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """A member that a tar holds: its data are `size` bytes from `offset`. `plain`: its header is as we write
    it."""

    name: str
    offset: int
    size: int
    plain: bool


def members_of(path: str) -> Iterator[Found]:
    """The members of a tar in order, by its headers alone; at their end DamagedTar unless it ends as it
    should.

    Raises DamagedTar at the first thing that is wrong with its structure, OSError if it cannot be read.
    """
    total = os.path.getsize(path)
    at = 0
    with open(path, "rb") as file:
        while True:
            file.seek(at)
            block = file.read(BLOCK)
            if len(block) < BLOCK:
                raise DamagedTar(f"it ends at byte {total} without an end mark")
            if not any(block):
                break
            try:
                info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
            except (tarfile.TarError, ValueError) as error:
                raise DamagedTar(f"there is no header at byte {at} ({error})") from None
            if info.size < 0:
                raise DamagedTar(f"the member {info.name!r} claims {info.size} bytes")
            yield Found(info.name, at + BLOCK, info.size, block == _plain(info.name, info.size))
            at += member_bytes(info.size)
            if at > total:
                raise DamagedTar(f"it ends at byte {total}, within the member {info.name!r}")
            file.seek(at - padding(info.size))
            if any(file.read(padding(info.size))):
                raise DamagedTar(f"there is something in the padding of {info.name!r}")
        file.seek(at)
        if file.read(len(END) + 1) != END:
            raise DamagedTar(f"there is more than an end mark, or less, from byte {at}")


def _plain(name: str, size: int) -> bytes | None:
    try:
        return header(name, size)
    except (ValueError, AssertionError):
        return None


def content_name(leaf: str, members: Sequence[tuple[str, int, str]]) -> str:
    """`0110-89abcdef01234567.tar`: the leaf, and a digest of what (name, size, digest of the data) it holds.

    Equal names mean equal bytes, so a tar that is there already need not be written, and is never
    overwritten.
    """
    h = hashlib.blake2b(digest_size=8)
    for name, size, digest in members:
        h.update(f"{name}\0{size}\0{digest}\n".encode())
    return f"{leaf}-{h.hexdigest()}.tar"
