"""Where the files of a model are: a folder, or a repository in the hub's cache; and which files they are."""

import hashlib
import json
import struct
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

WEIGHTS = (".safetensors", ".bin", ".pt", ".pth")
READ_WHOLE = (".json", ".jinja", ".model", ".txt")
"""Configurations, chat templates, vocabularies: small, and each letter counts."""
SAMPLE = 4096
"""Bytes that are read in the middle of each tensor. Training moves every tensor that it touches, and nearly
all numbers of it, so that a part tells two checkpoints apart without reading a hundred gigabytes."""
SETTLED_SECONDS = 2.0
"""A file that was written less than this ago may be written again within one tick of its file system's
clock, and then its size and time say nothing of it."""


def is_path(model: str) -> bool:
    """Whether an option names a folder rather than a model of the hub."""
    return model.startswith(("/", "./", "../", "~")) or Path(model).expanduser().exists()


def folder_of(model: str) -> Path:
    """The folder that an option names; ValueError where it is not one that a model can be loaded from."""
    folder = Path(model).expanduser()
    if not folder.is_dir():
        raise ValueError(
            f"model: there is no folder {model}: name one with a checkpoint, or a model of the hub"
        )
    if not (folder / "config.json").is_file() or not any(path.suffix in WEIGHTS for path in folder.iterdir()):
        raise ValueError(
            f"model: {model} has no config.json with weights ({', '.join(WEIGHTS)}) beside it: save the "
            "model there as the hub has it"
        )
    return folder


def cached(model: str, revision: str | None) -> bool:
    """Whether the hub's cache on this machine has the model, all weights included."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(model, "config.json", revision=revision)
    if not isinstance(config, str):
        return False
    folder = Path(config).parent
    index = _json(folder / "model.safetensors.index.json")
    if index:
        return all((folder / name).is_file() for name in set(index.get("weight_map", {}).values()))
    return any(path.suffix in WEIGHTS for path in folder.iterdir())


def configuration(model: str, revision: str | None, name: str) -> dict[str, Any] | None:
    """A JSON file of the model, from its folder or the hub's cache; None where it is not there."""
    if is_path(model):
        return _json(Path(model).expanduser() / name)
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    found = try_to_load_from_cache(model, name, revision=revision)
    return _json(Path(found)) if isinstance(found, str) else None


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def digest(model: str) -> str:
    """Of a folder's configurations and weights, by name; "absent" if there are none (which is said when the
    model is needed)."""
    folder = Path(model).expanduser()
    if not folder.is_dir():
        return "absent"
    whole = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix in (*READ_WHOLE, *WEIGHTS):
            whole.update(f"{path.name}\0{_digest(path)}\0".encode())
    return whole.hexdigest()[:32]


def _digest(path: Path) -> str:
    stat = path.stat()
    if time.time() - stat.st_mtime < SETTLED_SECONDS:
        return _read(str(path), stat.st_size)
    return _known(str(path), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1024)
def _known(path: str, size: int, modified: int) -> str:
    """Read once per process for each state of the file, however often the key is asked for."""
    return _read(path, size)


def _read(path: str, size: int) -> str:
    found = hashlib.sha256(str(size).encode())
    with open(path, "rb") as file:
        if path.endswith(READ_WHOLE):
            found.update(file.read())
        else:
            header, middles = _tensors(path, size)
            found.update(header)
            for middle in middles:
                file.seek(max(0, middle - SAMPLE // 2))
                found.update(file.read(SAMPLE))
    return found.hexdigest()[:32]


def _tensors(path: str, size: int) -> tuple[bytes, list[int]]:
    """The header of a file of weights, and where the middles of its tensors are. Other formats than
    safetensors: evenly spread places."""
    if path.endswith(".safetensors"):
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8).ljust(8, b"\0"))
            header = file.read(min(length, size))
        try:
            at = [
                entry["data_offsets"] for name, entry in json.loads(header).items() if name != "__metadata__"
            ]
            return header, sorted(8 + length + (start + end) // 2 for start, end in at)
        except (ValueError, KeyError, TypeError, AttributeError):
            pass  # a broken file: loading it says so
    return b"", [size * k // 256 for k in range(256)]
