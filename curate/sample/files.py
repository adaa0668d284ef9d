"""Writing sample files: whole, and not again where nothing changed."""

import os
from collections.abc import Callable
from pathlib import Path


def replace(path: Path, content: bytes) -> None:
    """Write so that a reader sees the old file or the new one; equal bytes keep their time, a cache key."""
    if path.is_file() and path.read_bytes() == content:
        return
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)


def written(folder: Path, name: str, write: Callable[[Path], None]) -> bytes:
    """What `write` writes, by way of a hidden file in `folder`: muxers of mp4 need to seek."""
    part = folder / f".{Path(name).stem}.part{Path(name).suffix}"
    try:
        write(part)
        return part.read_bytes()
    finally:
        part.unlink(missing_ok=True)
