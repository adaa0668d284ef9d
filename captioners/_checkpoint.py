"""A model's files: in a folder, or in a hub's cache at a pinned revision; what identifies them.

Of a hub only what is data is ever downloaded: configuration, tokenizer and safetensors. Neither pickled
weights nor code of a repository come to this machine.
"""

import hashlib
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from io import BufferedReader
from pathlib import Path
from typing import Any

from curate.weights import digest_of_files

DATA = ("*.json", "*.jinja", "*.txt", "*.model", "*.safetensors")
"""The files of a checkpoint that are read."""
SAMPLE = 4096
"""Bytes that are read at the start, in the middle and at the end of each tensor."""
LONGEST_HEADER = 100_000_000
"""Bytes, as the safetensors format has it."""


def needs(who: str, packages: Sequence[str], extra: str) -> None:
    """ValueError, with what to type, where one of the packages is not installed."""
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise ValueError(
            f"the captioner {who} needs {', '.join(missing)}: type `pip install 'curate[{extra}]'`"
        )


def absolute(model: str) -> str:
    """A path as it holds in every folder, since actors do not run in that of the person who named it; the
    name of a hub's model as it is."""
    place = Path(model).expanduser()
    return str(place.absolute()) if place.exists() or _is_path(model) else model


def _is_path(model: str) -> bool:
    """A hub's names have at most one slash, and none at an end."""
    return model.startswith((".", "/", "~")) or model.count("/") > 1 or model.endswith("/")


@dataclass(frozen=True)
class Checkpoint:
    """What a captioner's options `model` and `revision` name."""

    model: str
    revision: str | None

    @property
    def local(self) -> bool:
        return Path(self.model).expanduser().exists() or _is_path(self.model)

    @property
    def command(self) -> str:
        """What downloads it."""
        kinds = " ".join(f"--include '{kind}'" for kind in DATA)
        return f"hf download {self.model} --revision {self.revision} {kinds}"

    def identity(self) -> str:
        """Which weights: the pinned revision, or a digest of the files; "absent" where there are none (which
        is said when they are needed)."""
        if not self.local:
            return f"{self.model}@{self.revision}"
        return digest_of(Path(self.model).expanduser())

    def folder(self) -> Path:
        """Where the files are, downloaded if they are not there and the hub may be asked. ValueError with
        what to do where there is no such checkpoint."""
        if self.local:
            return self._here()
        self._pinned()
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(self.model, revision=self.revision, allow_patterns=list(DATA)))
        except Exception as error:  # a hub's client raises what it likes, requests' and its own
            said = " ".join(str(error).split())[:200]
            raise ValueError(
                f"the model {self.model} is not on this machine and cannot be downloaded "
                f"({type(error).__name__}: {said}): where there is network, type `{self.command}`, or name a "
                "folder"
            ) from error

    def configuration(self, name: str) -> dict[str, Any] | None:
        """A JSON file of the checkpoint; None where there is none, or none that can be read."""
        try:
            found = json.loads((self.folder() / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def lacks(self) -> str | None:
        """What `folder` would refuse or fetch, in one sentence, without any network; None: nothing."""
        try:
            if self.local:
                self._here()
                return None
            self._pinned()
        except ValueError as error:
            return str(error)
        if _cached(self.model, str(self.revision)):
            return None
        return (
            f"the model {self.model} is not on this machine: a run first downloads it, as `{self.command}` "
            "would"
        )

    def _here(self) -> Path:
        place = Path(self.model).expanduser()
        if not place.is_dir():
            raise ValueError(
                f"model: there is no folder {self.model}: give a folder with a checkpoint, or a hub's name "
                "(OWNER/NAME) with its revision"
            )
        if not (place / "config.json").is_file():
            raise ValueError(
                f"model: {self.model} has no config.json: give the folder in which transformers saved a model"
            )
        if not any(place.glob("*.safetensors")):
            raise ValueError(
                f"model: {self.model} has no .safetensors, the only weights that are read (others can hold "
                "code): save the model anew with transformers' save_pretrained"
            )
        return place

    def _pinned(self) -> None:
        if not self.revision:
            raise ValueError(
                f"model: {self.model} is no folder, and as a hub's name it has no revision: give `revision`, "
                "a commit of its repository, so that all captions are of one model"
            )


def _cached(name: str, revision: str) -> bool:
    """Whether the hub's cache has all that this revision's index of weights names."""
    from huggingface_hub import snapshot_download, try_to_load_from_cache

    if not isinstance(try_to_load_from_cache(name, "config.json", revision=revision), str):
        return False
    try:
        place = Path(snapshot_download(name, revision=revision, local_files_only=True))
        index = place / "model.safetensors.index.json"
        if not index.is_file():
            return any(place.glob("*.safetensors"))
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        return all((place / shard).is_file() for shard in shards)
    except Exception:  # a hub's client raises what it likes; what is broken is fetched anew
        return False


def digest_of(folder: Path) -> str:
    """Digest of a checkpoint: its small files whole; of weights the header, the size, and a sample of each
    tensor, since training moves nearly every number of a tensor and gigabytes take minutes to read."""
    files = sorted({file for kind in DATA for file in folder.glob(kind) if file.is_file()})
    return digest_of_files(files, _read)


def _read(path: str, size: int) -> str:
    with open(path, "rb") as file:
        if path.endswith(".safetensors"):
            return _sampled(file, size)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sampled(file: BufferedReader, size: int) -> str:
    found = hashlib.sha256(f"{size}\0".encode())
    head = file.read(8)
    length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
    header = file.read(min(length, LONGEST_HEADER))
    found.update(head + header)
    try:
        tensors = {name: entry for name, entry in json.loads(header).items() if name != "__metadata__"}
        spans = sorted(tuple(entry["data_offsets"]) for entry in tensors.values())
        for start, end in spans:
            for at in sorted({start, max(start, (start + end - SAMPLE) // 2), max(start, end - SAMPLE)}):
                file.seek(8 + length + at)
                found.update(file.read(min(SAMPLE, end - at)))
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        # No safetensors after all, which loading says in words: here it is bytes like any others.
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()
    return found.hexdigest()
