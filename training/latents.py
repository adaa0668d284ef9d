"""Latents and text embeddings, made once and stored beside the clips, so that training need not make them.

For each shard of clips there are tars of latents and of embeddings, with members KEY.wNN.f16 and
KEY.VARIANT.f16: float16, little-endian, as `curate.clips.MANIFEST` says. Which windows a clip has follows
from its length and the sizes (training.windows), so a clip of any length is stored whole, in windows that can
be drawn one by one."""

import io
import json
import tarfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from curate.clips import captions_digest
from training.autoencoder import Autoencoder
from training.data import BAD, read_pixels
from training.geometry import Grid
from training.manifest import TRAIN, VALIDATION, Manifest, Sample
from training.pictures import to_pixels
from training.presets import FULL, Stage, recipes
from training.prompts import variants
from training.text import text_encoder
from training.vae_folder import load_vae
from training.windows import Sizes, Windows

Row = dict[str, Any]
TEXTS_AT_A_TIME = 16
REPORT = "report.json"
"""In an autoencoder's folder: how it was trained."""


@dataclass(frozen=True)
class Wanted:
    """What is stored of the clips."""

    tier: str = "256px"
    max_frames: int = 129
    max_fps: float | None = None
    patch: int = 2
    """Of the model that will read them: sides are multiples of the autoencoder's stride times this."""

    def sizes(self, vae: Autoencoder) -> Sizes:
        """ValueError where the tier is below the smallest picture."""
        return Sizes(Grid(vae.temporal, vae.spatial, self.patch), self.tier, self.max_frames, self.max_fps)

    def facts(self) -> Row:
        """What, beside the autoencoder, stored latents depend on."""
        return {"version": 1, **asdict(self)}


def first_stage(vae: str) -> Stage:
    """The stage whose sizes are stored where no others are asked for: the first of the recipe that has the
    name of the autoencoder's preset (so `smoke`), else the first of training for real."""
    try:
        preset = json.loads((Path(vae) / REPORT).read_text())["preset"]
    except (OSError, ValueError, KeyError, TypeError):
        preset = None
    known = recipes()
    return known.get(preset, known[FULL])[0]


@dataclass(frozen=True)
class Made:
    """What came of a shard."""

    tar: bytes
    rows: list[Row]
    """Of what is in the tar: clip_id (16 bytes), digest, offset, bytes, crc, and what it is."""
    failed: list[Row]
    """Of what could not be read: clip_id, error."""


class Encoder:
    """Encodes the samples of a manifest."""

    def __init__(
        self, manifest: str, root: str, *, vae: str, text: str = "bytes", wanted: Mapping[str, Any]
    ) -> None:
        """`vae`: a folder or a published one's name. `text`: a frozen text encoder; `bytes` has nothing to
        store."""
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.manifest = Manifest.read(manifest, root)
        self.vae = load_vae(vae).frozen().to(self.device)
        self.text = None if text == "bytes" else text_encoder(text, self.device)
        sizes = Wanted(**wanted).sizes(self.vae)
        splits = [name for name in (TRAIN, VALIDATION) if len(self.manifest.rows_of(name))]
        self._windows = [Windows.of(self.manifest, sizes, split=name) for name in splits]
        self._row_of = {key: row for row, key in enumerate(self.manifest.table["key"].to_pylist())}

    def encode(self, what: str, keys: Collection[str]) -> Made:
        """`what`: `latents` or `texts` of the samples that `keys` names, as a tar."""
        one = self._latents if what == "latents" else self._texts
        members: list[tuple[str, bytes]] = []
        rows: list[Row] = []
        failed: list[Row] = []
        for row in sorted(self._row_of[key] for key in keys):
            sample = self.manifest.sample(row)
            try:
                found = list(one(row, sample))
            except BAD as error:
                failed.append({"clip_id": sample.clip_id, "error": " ".join(str(error).split())})
                continue
            for member, data, facts in found:
                members.append((member, data))
                measured = {"bytes": len(data), "crc": zlib.crc32(data)}
                rows.append({"clip_id": sample.clip_id, **facts, **measured})
        tar, offsets = tar_of(members)
        return Made(tar, [{**r, "offset": o} for r, o in zip(rows, offsets, strict=True)], failed)

    def _latents(self, row: int, sample: Sample) -> Iterator[tuple[str, bytes, Row]]:
        """(member, bytes, facts) of each window of a sample."""
        for windows in self._windows:
            first, end = np.searchsorted(windows.row, [row, row + 1])  # they are ordered by row
            for at in range(int(first), int(end)):
                yield self._window(sample, windows, at)

    def _window(self, sample: Sample, windows: Windows, at: int) -> tuple[str, bytes, Row]:
        number, frames = int(windows.window[at]), int(windows.frames[at])
        height, width = int(windows.height[at]), int(windows.width[at])
        # Halfway within the slack: what is stored must not depend on chance.
        start = int(windows.first[at] + windows.slack[at] // 2)
        pixels = read_pixels(
            self.manifest, sample, start=start, frames=frames, stride=int(windows.stride[at]),
            height=height, width=width,
        )  # fmt: skip
        latent = self.vae.to_latent(to_pixels(pixels)[None].to(self.device))[0].float().cpu()
        if not latent.abs().max() <= torch.finfo(torch.float16).max:  # also where it is not finite
            raise ValueError(f"its latent of window {number} does not fit float16: is the autoencoder whole?")
        facts = {
            "digest": sample.digest, "window": number, "start_frame": start, "frames": frames,
            "height": height, "width": width, "fps": float(windows.fps[at]),
        }  # fmt: skip
        return f"{sample.key}.w{number:02}.f16", latent.numpy().astype("<f2").tobytes(), facts

    def _texts(self, row: int, sample: Sample) -> Iterator[tuple[str, bytes, Row]]:
        """(member, bytes, facts) of each caption variant of a sample, without padding."""
        assert self.text is not None, "bytes are not stored"
        named = sorted(variants(sample.captions, sample.clip_id).items())
        digest = captions_digest(sample.captions.items())
        for first in range(0, len(named), TEXTS_AT_A_TIME):
            some = named[first : first + TEXTS_AT_A_TIME]
            encoded = self.text.encode([caption for _, caption in some])
            for (variant, _), (tokens, pooled) in zip(some, encoded, strict=True):
                data = torch.cat([tokens.flatten(), pooled]).cpu().numpy().astype("<f2").tobytes()
                facts = {
                    "digest": digest, "variant": variant, "tokens": tokens.shape[0],
                    "width": tokens.shape[1], "pooled": pooled.shape[0],
                }  # fmt: skip
                yield f"{sample.key}.{variant.replace(':', '-')}.f16", data, facts


def tar_of(members: Iterable[tuple[str, bytes]]) -> tuple[bytes, list[int]]:
    """A tar (the same bytes for the same members) and the offset of each member's data."""
    stream = io.BytesIO()
    offsets = []
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in members:
            header = tarfile.TarInfo(name)
            header.size = len(data)
            tar.addfile(header, io.BytesIO(data))
            offsets.append(tar.offset - (len(data) + 511) // 512 * 512)
    return stream.getvalue(), offsets
