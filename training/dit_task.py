"""What the diffusion transformer learns from a pack: the velocity between its latents and noise.

    item (latent or pixels, caption, facts) ─► draft ─► Example z_t = (1 - t) x_0 + t ε ─► Packed ─► v

Times, noise, what is dropped and what is given follow from the draw's key alone, so a step holds the same
numbers whatever the ranks, and a run that goes on draws what it would have drawn."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from training import flow
from training.autoencoder import Autoencoder
from training.data import Batch, Item, Skipped
from training.engine import PackLoss, Part
from training.flops import flops
from training.keyed import Key
from training.model import DiT, DiTConfig
from training.packing import Example, Packed, nothing, pack, patchify
from training.pictures import to_pixels
from training.text import Text, TextEncoder

CONDITION_DROPOUT = 0.05
"""Share of draws without motion score, and without aesthetic score: so that each can be left open."""
BOTH_DROPPED = 0.1
"""Share of draws with neither: what most clips are generated with."""
BARE = 0.5
"""Share of draws without a caption that have no score either: what guidance pushes away from is a clip of
which nothing is said."""
FIXED_TIMES = (0.2, 0.4, 0.6, 0.8)
"""Times at which held-out clips are judged."""


@dataclass(frozen=True)
class Noise:
    """How noise and what is given are drawn."""

    shift: float | None = None
    """α of the times; None: by tokens (flow.alpha_for)."""
    given: float = 0.0
    """Share of the videos whose beginning is given: in half of those the first latent frame (image to video),
    in the others any number but all of them (going on from a clip)."""


@dataclass(frozen=True)
class Draft:
    """An item with all that is random about it; still without its latent where that is to be encoded."""

    item: Item
    x_0: Tensor | None
    """[C, t, h, w] float32"""
    eps: Tensor
    """[C, t, h, w] float32"""
    t: float
    given: int
    """Latent frames, from the first on, that the model is shown."""
    motion: float
    aesthetic: float
    text: Text | None


@dataclass
class Ready:
    """A pack that is ready for the model."""

    items: list[Item]
    packed: Packed
    target: Tensor
    """[N, columns] float32: ε - x_0, as tokens."""
    times: list[float]


@dataclass
class Prepared:
    """A batch whose packs are ready, or nearly: drafts wait for the autoencoder."""

    step: int
    packs: list["Ready | list[Draft]"]
    skipped: list[Skipped] = field(default_factory=list)


class DiTTask:
    """The task of training a DiT (training.engine.Task, without what looks at held-out clips)."""

    def __init__(
        self,
        model: DiT,
        *,
        vae: Autoencoder,
        encoder: TextEncoder,
        noise: Noise,
        device: torch.device,
    ) -> None:
        self.module: nn.Module = model
        self.blocks: Sequence[nn.Module] = [*model.dual, *model.single]
        self.model, self.vae, self.encoder = model, vae, encoder
        self.noise, self.device = noise, device

    @property
    def model_config(self) -> DiTConfig:
        return self.model.config

    # -- from items to packs ------------------------------------------------------------------------------

    def prepare(self, batch: Batch) -> Prepared:
        """Everything that needs no device. Runs a step ahead."""
        packs: list[Ready | list[Draft]] = []
        for items in batch.packs:
            drafts = self.drafts(items)
            whole = all(one.x_0 is not None for one in drafts)
            packs.append(self._pinned(self.ready(drafts)) if whole else drafts)
        return Prepared(batch.step, packs, batch.skipped)

    def _pinned(self, ready: Ready) -> Ready:
        """In memory that a GPU copies from while it computes."""
        if self.device.type != "cuda":
            return ready
        return Ready(ready.items, ready.packed.pin_memory(), ready.target.pin_memory(), ready.times)

    def drafts(self, items: Sequence[Item]) -> list[Draft]:
        texts = self._texts(items)
        return [self._draft(item, text) for item, text in zip(items, texts, strict=True)]

    def _draft(self, item: Item, text: Text | None) -> Draft:
        key = item.draw.key
        shape = self.latent_shape(item)
        both, motion, aesthetic = key.numpy("condition").random(3).tolist()
        none = both < (BOTH_DROPPED if text is not None else BARE)
        return Draft(
            item=item,
            x_0=item.latent,
            eps=torch.randn(shape, generator=key.torch("noise")),
            t=self.time(key, shape),
            given=given_frames(key, shape[1], self.noise.given),
            motion=math.nan if none or motion < CONDITION_DROPOUT else item.motion,
            aesthetic=math.nan if none or aesthetic < CONDITION_DROPOUT else item.aesthetic,
            text=text,
        )

    def latent_shape(self, item: Item) -> tuple[int, int, int, int]:
        """(C, t, h, w)"""
        draw, vae = item.draw, self.vae
        t = (draw.frames - 1) // vae.temporal + 1
        return vae.latent_channels, t, draw.height // vae.spatial, draw.width // vae.spatial

    def alpha(self, shape: Sequence[int]) -> float:
        """α of the shift of times for a latent [C, t, h, w]."""
        if self.noise.shift is not None:
            return self.noise.shift
        _, t, h, w = shape
        return flow.alpha_for(h * w / self.model_config.patch**2, t)

    def time(self, key: Key, shape: Sequence[int]) -> float:
        """The time of a draw: logit-normal, shifted."""
        normal = torch.tensor(key.numpy("time").standard_normal())
        return float(flow.shift(flow.logit_normal(normal), self.alpha(shape)))

    def _texts(self, items: Sequence[Item]) -> list[Text | None]:
        """Captions as tokens: those that are stored, or encoded now; None where there is none."""
        stored = [
            None if one.embedding is None else Text(one.embedding.tokens, one.embedding.pooled)
            for one in items
        ]
        wanted = [at for at, one in enumerate(items) if one.text and stored[at] is None]
        if wanted:
            found = self.encoder.encode([items[at].text for at in wanted])
            for at, text in zip(wanted, found, strict=True):
                stored[at] = text
        return stored

    def encode(self, drafts: Sequence[Draft]) -> list[Draft]:
        """With the latents of those that have pixels alone; clips of one size go through together."""
        found = list(drafts)
        sizes: dict[tuple[int, ...], list[int]] = {}
        for at, draft in enumerate(drafts):
            if draft.x_0 is None:
                assert draft.item.pixels is not None
                sizes.setdefault(tuple(draft.item.pixels.shape), []).append(at)
        for places in sizes.values():
            for at in places:  # one at a time: batches would change the last bits with their size
                pixels = drafts[at].item.pixels
                assert pixels is not None
                x = to_pixels(pixels.numpy())[None].to(self.device)
                found[at] = _with_latent(drafts[at], self.vae.to_latent(x)[0].float().cpu())
        return found

    def ready(self, drafts: Sequence[Draft]) -> Ready:
        """The pack of drafts that have latents."""
        examples = [self.example(draft) for draft in drafts] or [nothing(self.model_config)]
        packed = pack(examples, self.model_config)
        patch = self.model_config.patch
        targets = [patchify(flow.velocity(_latent(one), one.eps), patch) for one in drafts]
        target = torch.cat(targets) if targets else torch.zeros_like(packed.tokens)
        return Ready([one.item for one in drafts], packed, target, [one.t for one in drafts])

    def example(self, draft: Draft, t: float | None = None) -> Example:
        """What the model sees of a draft, at its own time or at `t`."""
        x_0, item = _latent(draft), draft.item
        t = draft.t if t is None else t
        mask = torch.zeros(x_0.shape[1:])
        mask[: draft.given] = 1
        return Example(
            z=flow.interpolate(x_0, draft.eps, t),
            t=t,
            seconds_per_latent=self.vae.temporal / item.fps,
            text=None if draft.text is None else draft.text.tokens,
            pooled=None if draft.text is None or not len(draft.text.pooled) else draft.text.pooled,
            fps=item.fps,
            motion=draft.motion,
            aesthetic=draft.aesthetic,
            given=x_0 if draft.given else None,
            mask=mask if draft.given else None,
        )

    # -- the engine's questions ---------------------------------------------------------------------------

    def tokens(self, pack: "Ready | list[Draft]") -> int:
        items = pack.items if isinstance(pack, Ready) else [one.item for one in pack]
        return sum(item.draw.tokens for item in items)

    def flops(self, pack: "Ready | list[Draft]") -> float:
        """Three times the forward pass: the backward pass multiplies by weights and by inputs."""
        if isinstance(pack, Ready):
            packed = pack.packed
            return 3.0 * flops(self.model_config, packed.lengths, packed.text_lengths) if pack.items else 0.0
        lengths = [one.item.draw.tokens for one in pack]
        texts = [1 if one.text is None else len(one.text.tokens) for one in pack]
        return 3.0 * flops(self.model_config, lengths, texts)

    def loss(self, pack: "Ready | list[Draft]") -> PackLoss:
        ready = pack if isinstance(pack, Ready) else self.ready(self.encode(pack))
        per_sample = self.errors(ready)
        counts = torch.tensor([max(1, item.draw.tokens) for item in ready.items] or [1])
        parts = [
            Part(
                key=item.draw.key.clip_id.hex(), loss=math.nan, tokens=item.draw.tokens, time=t,
                bucket=f"{item.draw.frames}x{item.draw.height}x{item.draw.width}",
            )
            for item, t in zip(ready.items, ready.times, strict=True)
        ]  # fmt: skip
        losses = (per_sample.detach() / counts.to(per_sample))[: len(parts)]
        return PackLoss(total=per_sample.sum(), losses=losses, parts=parts)

    def errors(self, ready: Ready) -> Tensor:
        """[samples]: the sum over each one's tokens of the squared error of its velocity."""
        packed = ready.packed.to(self.device, non_blocking=True)
        v = self.module(packed)
        target = ready.target.to(self.device, non_blocking=True)
        found = flow.squared_error(v, target, packed.sample, len(packed.lengths))
        return found * packed.weight

    def at_fixed_times(self, items: Iterable[Item], times: Sequence[float] = FIXED_TIMES) -> list[Tensor]:
        """Per time, the mean loss of each item [samples], with its own noise and caption and nothing dropped
        beside what the item lacks."""
        drafts = self.encode(self.drafts(list(items)))
        known = [
            Draft(one.item, one.x_0, one.eps, one.t, 0, one.item.motion, one.item.aesthetic, one.text)
            for one in drafts
        ]
        found = []
        for t in times:
            at_t = [Draft(**{**_fields(one), "t": t}) for one in known]
            ready = self.ready(at_t)
            counts = torch.tensor([one.item.draw.tokens for one in at_t] or [1])
            found.append((self.errors(ready).float().cpu() / counts)[: len(at_t)])
        return found


def given_frames(key: Key, frames: int, share: float) -> int:
    """How many of a latent's frames a draw is shown: none but in a `share` of the draws."""
    chance, image, many = key.numpy("image").random(3).tolist()
    if frames < 2 or chance >= share:
        return 0
    return 1 if image < 0.5 else 1 + int(many * (frames - 1))


def _fields(draft: Draft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in Draft.__dataclass_fields__}


def _with_latent(draft: Draft, x_0: Tensor) -> Draft:
    return Draft(**{**_fields(draft), "x_0": x_0})


def _latent(draft: Draft) -> Tensor:
    assert draft.x_0 is not None, "the autoencoder has not seen it yet"
    return draft.x_0
