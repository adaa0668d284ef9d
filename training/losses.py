"""How well a model tells each clip: its loss with the caption, and without.

    loss = mean over t in FIXED_TIMES of |v(z_t, t, caption) - (ε - x_0)|²,   loss_null: without the caption

Times and noise are fixed per clip (keyed by its id), so two models, or two captions, are compared on the same
numbers: `loss_null - loss` says how much a caption helps to tell its clip. One window stands for a clip, the
middle one, and one caption, of the kind that the model was trained on most."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from training.data import BAD, Item, Reader
from training.dit_task import DiTTask, Noise
from training.geometry import Grid
from training.keyed import Key
from training.manifest import TRAIN, VALIDATION, Manifest
from training.model_folder import load_model, load_vae_of
from training.plan import Draw
from training.text import text_encoder
from training.windows import Sizes, Windows

TOKENS_AT_A_TIME = 16384
"""Of the packs that are asked about."""


@dataclass(frozen=True)
class Loss:
    """What a model says of a clip."""

    clip_id: bytes
    loss: float
    loss_null: float


class Judge:
    """A model, ready to be asked about the clips of a manifest."""

    def __init__(
        self,
        manifest: Manifest,
        model: str,
        device: str | None = None,
        captions: Mapping[str, str] | None = None,
    ) -> None:
        """`captions`: other words for some clips (by key): what if a clip were called something else?"""
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.manifest, self.captions = manifest, captions or {}
        network, facts = load_model(model)
        vae = load_vae_of(model, facts).to(self.device)
        manifest.check_vae(vae.identity)
        sizes = Sizes(
            Grid(vae.temporal, vae.spatial, network.config.patch), facts.tier, facts.max_frames, facts.max_fps
        )
        self.draws = dict(_middles(manifest, sizes, vae.identity))
        self.task = DiTTask(
            network.to(self.device), vae=vae, encoder=text_encoder(facts.text, self.device),
            noise=Noise(facts.shift), device=self.device,
        )  # fmt: skip
        encoder = None if facts.text == "bytes" else manifest.encoder_stored(facts.text)
        self.reader = Reader(manifest, sizes.grid, encoder=encoder, policy=facts.policy.usual())

    def losses(self, keys: Collection[str]) -> tuple[list[Loss], list[tuple[bytes, str]]]:
        """Of the clips with these keys: what the model says, and (clip_id, why) of those that cannot be
        read."""
        found: list[Loss] = []
        failed: list[tuple[bytes, str]] = []
        for items in _together(self._items(keys, failed)):
            with_caption, without = self._mean(items), self._mean([_without_caption(item) for item in items])
            found += [
                Loss(item.draw.key.clip_id, *pair)
                for item, *pair in zip(items, with_caption, without, strict=True)
            ]
        return found, failed

    def _items(self, keys: Collection[str], failed: list[tuple[bytes, str]]) -> Iterator[Item]:
        for key in sorted(keys):
            draw = self.draws[key]
            try:
                item = self.reader.read(draw)
            except BAD as error:
                failed.append((draw.key.clip_id, " ".join(str(error).split())))
                continue
            if key in self.captions:
                item = replace(item, text=self.captions[key], embedding=None)
            yield item

    @torch.no_grad()
    def _mean(self, items: list[Item]) -> list[float]:
        """Per item, the mean over the fixed times."""
        half = self.device.type == "cuda"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            at_times = self.task.at_fixed_times(items)
        return torch.stack(at_times).double().mean(0).tolist()


def _middles(manifest: Manifest, sizes: Sizes, vae: str) -> Iterator[tuple[str, Draw]]:
    """(key, draw) of every clip: its middle window, halfway within its slack, always with the same key."""
    for split in (TRAIN, VALIDATION):
        if not len(manifest.rows_of(split)):
            continue
        w = Windows.of(manifest, sizes, vae=vae, split=split)
        rows, first, count = np.unique(w.row, return_index=True, return_counts=True)
        for row, at in zip(rows.tolist(), (first + count // 2).tolist(), strict=True):
            yield manifest.key(row), Draw(
                row=row, key=Key(0, 0, manifest.clip_id(row), 0), window=int(w.window[at]),
                start=int(w.first[at] + w.slack[at] // 2), frames=int(w.frames[at]),
                height=int(w.height[at]), width=int(w.width[at]), stride=int(w.stride[at]),
                fps=float(w.fps[at]), latent=int(w.latent[at]), tokens=int(w.tokens[at]),
            )  # fmt: skip


def _together(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items in lists of at most TOKENS_AT_A_TIME tokens, or of one."""
    group: list[Item] = []
    tokens = 0
    for item in items:
        if group and tokens + item.draw.tokens > TOKENS_AT_A_TIME:
            yield group
            group, tokens = [], 0
        group.append(item)
        tokens += item.draw.tokens
    if group:
        yield group


def _without_caption(item: Item) -> Item:
    return replace(item, text="", embedding=None)
