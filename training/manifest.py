"""The manifest: what a training run reads, and all that it reads.

One Parquet file with a row per sample (`curate.clips.MANIFEST`): where its bytes lie in the shards, its
captions and conditions, how often it is drawn, whether it trains or validates, and where its latents and text
embeddings are, if there are any. `curate train` writes it beside the model; anything else that writes such a
file can train too."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate import clips

TRAIN, VALIDATION = "train", "validation"


class ManifestError(ValueError):
    """A manifest that cannot be trained on, and what to do."""


@dataclass(frozen=True, slots=True)
class Latent:
    """Stored latents of a window of a sample."""

    vae: str
    made_with: str | None
    """Key of the set: the same clip may be stored at several sizes and lengths."""
    window: int
    start_frame: int
    frames: int
    height: int
    width: int
    fps: float
    file: str
    offset: int
    bytes: int
    crc: int | None


@dataclass(frozen=True, slots=True)
class Text:
    """A stored embedding of one caption variant."""

    encoder: str
    variant: str
    file: str
    offset: int
    bytes: int
    tokens: int
    width: int
    pooled: int
    crc: int | None


@dataclass(frozen=True, slots=True)
class Sample:
    """A row of the manifest."""

    clip_id: bytes
    video_id: bytes
    key: str
    shard: str
    mp4_offset: int
    mp4_bytes: int
    digest: str
    width: int
    height: int
    frames: int
    fps: float
    seconds: float
    has_audio: bool
    audio_start: float | None
    audio_rate: int | None
    captions: Mapping[str, str]
    motion: float | None
    aesthetic: float | None
    weight: float
    split: str
    latents: tuple[Latent, ...]
    texts: tuple[Text, ...]


class Manifest:
    """The rows, in the order of their clip ids whatever the order in the file."""

    def __init__(self, table: pa.Table, root: str) -> None:
        _check_columns(table)
        table = table.select(clips.MANIFEST.names).cast(clips.MANIFEST).combine_chunks()
        raw = _id_bytes(table["clip_id"])
        order = np.lexsort((raw[:, 1], raw[:, 0]))
        if (np.diff(order) != 1).any():
            table, raw = table.take(pa.array(order)), raw[order]
        self.table: pa.Table = table.replace_schema_metadata(None).combine_chunks()
        self.root = os.path.abspath(root)
        self.ids: npt.NDArray[np.uint64] = raw
        """(rows, 2) the two halves of the clip ids."""
        self._check_rows()

    @classmethod
    def read(cls, path: str | os.PathLike[str], root: str | None = None) -> "Manifest":
        """The manifest in a file; `root` where the shards are elsewhere than when it was written."""
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise ManifestError(
                f"{os.fspath(path)} cannot be read as a manifest ({' '.join(str(error).split())}): "
                "`curate train` writes one"
            ) from None
        stored = (table.schema.metadata or {}).get(clips.MANIFEST_ROOT, b"").decode()
        root = root or stored
        if not root:
            raise ManifestError(f"{os.fspath(path)} does not say where its shards are: give their folder")
        return cls(table, root)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the file, whole or not at all."""
        write(self.table, path, self.root)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def column(self, name: str) -> npt.NDArray[Any]:
        """A numeric column as numpy; missing numbers are NaN."""
        return np.asarray(self.table[name].to_numpy())

    def rows_of(self, split: str) -> npt.NDArray[np.int64]:
        """Numbers of the rows of a split."""
        found = pc.equal(self.table["split"], split).to_numpy(zero_copy_only=False)
        return np.flatnonzero(found)

    def clip_id(self, row: int) -> bytes:
        """The id of a row, 16 bytes."""
        return bytes(self.ids[row].tobytes())

    def key(self, row: int) -> str:
        """The id of a row as people and files see it."""
        return str(self.table["key"][row].as_py())

    def sample(self, row: int) -> Sample:
        """All of a row."""
        values = {name: self.table[name][row].as_py() for name in _PLAIN}
        return Sample(
            clip_id=self.clip_id(row),
            video_id=self.table["video_id"][row].value.as_py(),
            captions=dict(self.table["captions"][row].as_py() or ()),
            latents=tuple(Latent(**one) for one in self.table["latents"][row].as_py() or ()),
            texts=tuple(Text(**one) for one in self.table["texts"][row].as_py() or ()),
            **values,
        )

    def latents(self) -> dict[str, npt.NDArray[Any]]:
        """All stored latents side by side: `row`, `number` (its place in the row's list) and the struct's
        fields."""
        column = self.table["latents"].combine_chunks()
        counts = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        flat = column.flatten()
        rows = np.repeat(np.arange(len(counts)), counts)
        first = np.repeat(np.cumsum(counts) - counts, counts)
        found = {"row": rows, "number": np.arange(len(rows)) - first}
        for field in ("window", "start_frame", "frames", "height", "width", "fps"):
            found[field] = flat.field(field).to_numpy(zero_copy_only=False)
        for field in ("vae", "made_with"):
            found[field] = np.array(pc.fill_null(flat.field(field), "").to_pylist(), dtype=str)
        return found

    @cached_property
    def digest(self) -> str:
        """32 hex digits of all rows; where the shards are is not in it."""
        hashed = clips.new_hash()
        for name in clips.MANIFEST.names:
            hashed.update(name.encode())
            _feed(hashed, self.table[name].combine_chunks())
        return hashed.hexdigest()

    def path(self, name: str) -> str:
        """Full path of a shard, or of a file of latents."""
        return os.path.join(self.root, name)

    def check_shards(self) -> None:
        """ManifestError where a shard is not where the manifest says."""
        for shard in pc.unique(self.table["shard"]).to_pylist():
            if not os.path.isfile(self.path(shard)):
                raise ManifestError(
                    f"the shard {self.path(shard)} is not there: if the run was moved, give its folder; if "
                    "it was run again, make the manifest anew"
                )

    def check_vae(self, vae: str) -> None:
        """ManifestError where there are stored latents, and none of the autoencoder with the digest
        `vae`."""
        stored = set(self.latents()["vae"].tolist())
        if stored and vae not in stored:
            raise ManifestError(
                f"the stored latents were made by another autoencoder ({', '.join(sorted(stored))}, and the "
                f"one to train with is {vae}): run `curate encode` with this one, or train with that one"
            )

    def encoder_stored(self, encoder: str) -> str | None:
        """`encoder` where embeddings of it are stored, else None: captions are then encoded as they are
        read."""
        flat = self.table["texts"].combine_chunks().flatten()
        return encoder if encoder in pc.unique(flat.field("encoder")).to_pylist() else None

    def widths_of(self, encoder: str) -> tuple[int, int]:
        """(width of a token, width of the pooled vector) of the stored embeddings of `encoder`."""
        flat = self.table["texts"].combine_chunks().flatten()
        at = pc.index(flat.field("encoder"), encoder).as_py()
        return flat.field("width")[at].as_py(), flat.field("pooled")[at].as_py()

    def check_captions(self) -> None:
        """ManifestError where no sample has a caption."""
        counts = pc.list_value_length(self.table["captions"].cast(_ENTRIES))
        if not pc.any(pc.greater(counts, 0)).as_py():
            raise ManifestError(
                "no sample has a caption: run the pipeline with a captioner, then train again"
            )

    def _check_rows(self) -> None:
        if not len(self):
            raise ManifestError("the manifest has no samples: loosen `--where`, or make shards first")
        if len(self) > 1 and (self.ids[1:] == self.ids[:-1]).all(axis=1).any():
            twice = np.flatnonzero((self.ids[1:] == self.ids[:-1]).all(axis=1))[0]
            raise ManifestError(f"the clip {self.key(twice)} is in the manifest twice: make it anew")
        splits = set(pc.unique(self.table["split"]).to_pylist())
        if splits - {TRAIN, VALIDATION}:
            raise ManifestError(f"a split is {TRAIN} or {VALIDATION}, not {sorted(map(str, splits))}")
        weights = self.column("weight")
        if not (np.isfinite(weights) & (weights >= 0)).all():
            raise ManifestError("a weight is not a number from 0 on: look at the column `weight`")
        both = set(self._videos(TRAIN)) & set(self._videos(VALIDATION))
        if both:
            raise ManifestError(
                f"the video {min(both).hex()} both trains and validates: a video is in one split only"
            )

    def _videos(self, split: str) -> list[bytes]:
        rows = self.table["video_id"].take(pa.array(self.rows_of(split)))
        return pc.unique(rows.combine_chunks().storage).to_pylist() if len(rows) else []


_NESTED = ("clip_id", "video_id", "captions", "latents", "texts")
_PLAIN = tuple(name for name in clips.MANIFEST.names if name not in _NESTED)
_ENTRIES = pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())]))


def write(table: pa.Table, path: str | os.PathLike[str], root: str) -> None:
    """Write rows of the schema `clips.MANIFEST` as a manifest, whole or not at all."""
    draft = f"{os.fspath(path)}.part"
    kept = table.replace_schema_metadata({clips.MANIFEST_ROOT: os.path.abspath(root).encode()})
    try:
        pq.write_table(kept, draft, compression="zstd")
        os.replace(draft, path)
    except BaseException:
        if os.path.exists(draft):
            os.unlink(draft)
        raise


def _check_columns(table: pa.Table) -> None:
    missing = [name for name in clips.MANIFEST.names if name not in table.column_names]
    if missing:
        raise ManifestError(
            f"the manifest lacks the columns {', '.join(missing)}: `curate train` writes one that has them"
        )


def _id_bytes(column: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    ids = column.combine_chunks().storage
    if ids.null_count:
        raise ManifestError("a row of the manifest has no clip_id: make it anew")
    if not len(ids):
        return np.zeros((0, 2), np.uint64)
    raw = np.frombuffer(ids.buffers()[1], np.uint64)
    return raw[2 * ids.offset : 2 * (ids.offset + len(ids))].reshape(-1, 2)


def _feed(hashed: "hashlib.blake2b", array: pa.Array) -> None:
    """The values of an array, so that equal values are equal bytes however Arrow holds them."""
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    kind = array.type
    hashed.update(f"{kind} {len(array)}".encode())
    hashed.update(np.packbits(array.is_null().to_numpy(zero_copy_only=False)).tobytes())
    if pa.types.is_map(kind):
        array = array.cast(_ENTRIES)
    if pa.types.is_map(kind) or pa.types.is_list(kind):
        lengths = pc.fill_null(pc.list_value_length(array), 0)
        hashed.update(lengths.to_numpy(zero_copy_only=False).astype(np.int64).tobytes())
        _feed(hashed, array.flatten())
    elif pa.types.is_struct(kind):
        for number, part in enumerate(array.flatten()):
            hashed.update(kind.field(number).name.encode())
            _feed(hashed, part)
    elif pa.types.is_string(kind) or pa.types.is_fixed_size_binary(kind):
        texts = array.cast(pa.large_binary()).fill_null(b"")
        hashed.update(pc.binary_length(texts).to_numpy(zero_copy_only=False).astype(np.int64).tobytes())
        hashed.update(b"".join(texts.to_pylist()))
    else:
        filled = array.fill_null(False if pa.types.is_boolean(kind) else 0)
        hashed.update(filled.to_numpy(zero_copy_only=False).tobytes())
