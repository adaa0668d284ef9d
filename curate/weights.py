"""Weights of learned measures: named ones from where they are published, at a pinned revision, or a path.

Named weights are downloaded once: those of a model hub into the hub's own cache (`HF_HOME`), others into
`~/.cache/curate`. A revision of a hub or of git is a digest of what it holds: it says which bytes they are.
"""

import hashlib
import os
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SAFE = (".safetensors", ".pth", ".pt", ".bin")
"""What is read: all but the first only as tensors, never as pickled code (`weights_only`)."""
TIMEOUT = 30


@dataclass(frozen=True)
class Hub:
    """A file of a repository of the Hugging Face hub."""

    repo: str
    revision: str
    file: str

    @property
    def identity(self) -> str:
        return f"{self.repo}@{self.revision}:{self.file}"

    @property
    def command(self) -> str:
        return f"hf download {self.repo} {self.file} --revision {self.revision}"

    @property
    def there(self) -> bool:
        """Whether nothing need be downloaded."""
        from huggingface_hub import try_to_load_from_cache

        return isinstance(try_to_load_from_cache(self.repo, self.file, revision=self.revision), str)

    def fetch(self) -> Path:
        """The file in the hub's cache, downloaded if it is not there and the hub may be asked."""
        from huggingface_hub import hf_hub_download

        return Path(hf_hub_download(self.repo, self.file, revision=self.revision))


@dataclass(frozen=True)
class Url:
    """A file at an address that never changes its content (a git commit is in it)."""

    url: str

    @property
    def identity(self) -> str:
        return self.url

    @property
    def path(self) -> Path:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "curate"
        return cache / f"{hashlib.sha256(self.url.encode()).hexdigest()[:16]}-{self.url.rpartition('/')[2]}"

    @property
    def command(self) -> str:
        return f"curl --create-dirs -fLo '{self.path}' {self.url}"

    @property
    def there(self) -> bool:
        return self.path.is_file()

    def fetch(self) -> Path:
        if self.there:
            return self.path
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
            raise OSError("HF_HUB_OFFLINE is set")
        with urllib.request.urlopen(self.url, timeout=TIMEOUT) as answer:
            data = answer.read()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        part.write_bytes(data)
        part.replace(self.path)
        return self.path


Source = Hub | Url


def fetched(source: Source, what: str) -> Path:
    """The file of named weights; ValueError with the command to type where they cannot be had."""
    try:
        return source.fetch()
    except Exception as error:  # a hub's client raises what it likes, requests' and its own
        said = " ".join(str(error).split())[:200]
        raise ValueError(
            f"the weights {what} are not on this machine and cannot be downloaded ({type(error).__name__}: "
            f"{said}): where there is network, type `{source.command}`, or name a local path"
        ) from error


def local(path: str, option: str, names: list[str]) -> Path:
    """The file or folder that an option names; ValueError with the known names where there is none."""
    found = Path(path).expanduser()
    if not found.exists():
        raise ValueError(
            f"{option}: there is no file or folder {path}, and no known weights of that name: known are "
            f"{', '.join(names)}"
        )
    return found


def digest_of(path: str) -> str:
    """Digest of a file's bytes, or of a folder's .json files and weights, by name; "absent" if there is
    nothing (which is said when something has to be measured)."""
    place = Path(path).expanduser()
    if place.is_file():
        return _digest(place, _read)
    return digest_of_files(
        sorted(p for p in place.glob("*") if p.is_file() and p.suffix in (*SAFE, ".json")), _read
    )


def digest_of_files(files: Sequence[Path], read: Callable[[str, int], str]) -> str:
    """Digest of files in their order, by name and by what `read` (path, bytes) makes of each; "absent" of
    none."""
    if not files:
        return "absent"
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.name}\0{_digest(file, read)}\0".encode())
    return whole.hexdigest()[:32]


SETTLED_SECONDS = 2.0
"""A file that was written less than this ago may be written again within one tick of its file system's
clock, and then its size and time say nothing of it."""


def _digest(path: Path, read: Callable[[str, int], str]) -> str:
    stat = path.stat()
    if time.time() - stat.st_mtime < SETTLED_SECONDS:
        return read(str(path), stat.st_size)
    return _known(read, str(path), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=512)
def _known(read: Callable[[str, int], str], path: str, size: int, modified: int) -> str:
    """Read once per process, however often the key is asked for."""
    return read(path, size)


def _read(path: str, size: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]
