"""Packs: samples of any size and length in one row of tokens, without padding.

    z [C, t, h, w]  ->  patchify  ->  tokens [n, C·p·p],  n = t · h/p · w/p

A `Packed` holds everything concatenated over its samples, and the `Layout`: all indices that the model needs,
computed once per pack, on the CPU, in the loader. What is unknown is NaN; the model has a learned vector for
that, so leaving something out for guidance and not knowing it are the same thing.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from training.attention import Segments

if TYPE_CHECKING:
    from training.model import DiTConfig

UNKNOWN = math.nan
Grid3 = tuple[int, int, int]
"""(t, h, w) of a latent."""


def patchify(z: Tensor, patch: int) -> Tensor:
    """[C, t, h, w] -> [t · h/p · w/p, C·p·p], tokens in the order of t, y, x."""
    c, t, h, w = z.shape
    if h % patch or w % patch:
        raise ValueError(f"a latent of {h}x{w} does not divide into patches of {patch}x{patch}")
    z = z.reshape(c, t, h // patch, patch, w // patch, patch)
    return z.permute(1, 2, 4, 0, 3, 5).reshape(-1, c * patch * patch)


def unpatchify(tokens: Tensor, grid: Grid3, patch: int) -> Tensor:
    """[n, C·p·p] -> [C, t, h, w] with (t, h, w) = `grid`, which undoes `patchify`."""
    t, h, w = grid
    c = tokens.shape[1] // patch**2
    z = tokens.reshape(t, h // patch, w // patch, c, patch, patch)
    return z.permute(3, 0, 1, 4, 2, 5).reshape(c, t, h, w)


def positions(grid: Grid3, patch: int, seconds_per_latent: float) -> Tensor:
    """[n, 3] float32: the seconds, y and x (in patches) of each token of a latent of (t, h, w) = `grid`."""
    t, h, w = grid
    axes = (torch.arange(t) * seconds_per_latent, torch.arange(h // patch), torch.arange(w // patch))
    return torch.cartesian_prod(*[axis.float() for axis in axes]).reshape(-1, 3)


def places(grid: Grid3, patch: int, seconds_per_latent: float) -> Tensor:
    """[n, 3] float32: the seconds of each token, and where in the picture its middle is: y and x, 0 to 1."""
    _, h, w = grid
    size = torch.tensor([1.0, h // patch, w // patch])
    middle = torch.tensor([0.0, 0.5, 0.5])
    return (positions(grid, patch, seconds_per_latent) + middle) / size


@dataclass(frozen=True)
class Stream:
    """Tokens of a further stream of a sample (sound, say): any number, also none."""

    tokens: Tensor
    """[n, width of that stream], noisy as z is."""
    position: Tensor
    """[n, 3]: seconds and whatever else the stream's tokens are placed by."""


@dataclass(frozen=True)
class Example:
    """One use of a sample: a noisy latent and all that the model is told about it."""

    z: Tensor
    """[C, t, h, w] float32: z_t = (1 - t) x_0 + t ε, of normalised latents."""
    t: float
    """Time in [0, 1]: 0 is data, 1 is noise."""
    seconds_per_latent: float
    """Time between latent frames: the autoencoder's temporal stride / frames per second."""
    text: Tensor | None = None
    """[m, D] tokens of the caption; None: no caption."""
    pooled: Tensor | None = None
    """[P] the caption as one vector; encoders for bytes have none."""
    fps: float = UNKNOWN
    motion: float = UNKNOWN
    aesthetic: float = UNKNOWN
    given: Tensor | None = None
    """[C, t, h, w]: the clean latent, of which only what `mask` names is shown to the model."""
    mask: Tensor | None = None
    """[t, h, w]: 1 where the latent is given (the first frame: image to video), 0 where it is asked for."""
    streams: Sequence[Stream] = ()
    """Further streams, in the order of the configuration; those that are missing are empty."""
    weight: float = 1.0
    """0 where the sample only fills an empty pack."""


@dataclass(frozen=True)
class Layout:
    """The indices of a pack. Rows come in two arrangements: by stream (the text of all samples, then all of
    stream 0, of stream 1, …), where each stream has weights of its own, and jointly (sample after sample)."""

    sizes: list[int]
    """Rows of the text and of each stream."""
    by_stream: Tensor
    """[N] int64: tokens[by_stream] stand by stream."""
    from_stream: Tensor
    """[N] int64: the way back."""
    sample: Tensor
    """[M + N] int64: whose row it is, by stream."""
    joint: Segments
    """From the arrangement by stream to the joint one."""
    text: Segments
    """Of the text alone."""
    first_text: Tensor
    """[S] int64: the first row of each sample's text."""


@dataclass(frozen=True)
class Packed:
    """S samples in one row: N tokens, M tokens of text."""

    tokens: Tensor
    """[N, C·p·p] float32: z_t; a narrower stream fills the first columns."""
    position: Tensor
    """[N, 3] float32: seconds, y, x."""
    place: Tensor
    """[N, 3] float32: seconds, and y and x as shares of the picture; 0 in further streams."""
    stream: Tensor
    """[N] int64: 0 is video; ascending within a sample."""
    sample: Tensor
    """[N] int64: ascending."""
    lengths: list[int]
    """[S] tokens of each sample."""
    image: Tensor
    """[N, (C+1)·p·p] float32: mask and latent of what is given, 0 where nothing is."""
    text: Tensor
    """[M, D] float32; a sample without a caption has one row of NaN."""
    text_lengths: list[int]
    """[S], each at least 1."""
    pooled: Tensor
    """[S, P] float32, NaN without a caption."""
    t: Tensor
    """[S] float32"""
    fps: Tensor
    """[S] float32, like the next two: NaN where unknown."""
    motion: Tensor
    aesthetic: Tensor
    weight: Tensor
    """[S] float32: 0 for samples that only fill the pack."""
    grids: list[Grid3]
    """[S] (t, h, w) of each latent."""
    layout: Layout = field(repr=False)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Packed":
        return _moved(self, lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> "Packed":
        """In memory that a GPU copies from by itself: `to(…, non_blocking=True)` then waits for nothing."""
        return _moved(self, Tensor.pin_memory)

    def videos(self, tokens: Tensor, patch: int) -> list[Tensor]:
        """What stands in stream 0 of `tokens` [N, C·p·p], as latents [C, t, h, w], one per sample."""
        columns = self.image.shape[1] - patch**2  # C·p·p; a further stream may be wider
        counts = [t * (h // patch) * (w // patch) for t, h, w in self.grids]
        return [
            unpatchify(part[:count, :columns], grid, patch)
            for part, count, grid in zip(tokens.split(self.lengths), counts, self.grids, strict=True)
        ]


def pack(examples: Sequence[Example], config: "DiTConfig") -> Packed:
    """The examples, one after the other. What does not fit the configuration is refused."""
    if not examples:
        raise ValueError("a pack has at least one sample: fill an empty one with `nothing(config)`")
    for example in examples:
        _check(example, config)
    rows = [_rows(example, config) for example in examples]
    lengths = [sum(len(part) for part, *_ in parts) for parts in rows]
    texts = [_or_nan(example.text, (1, config.text_columns)) for example in examples]
    stream = torch.cat([torch.full((len(p),), s) for parts in rows for s, (p, *_) in enumerate(parts)])
    sample = torch.repeat_interleave(torch.tensor(lengths))
    return Packed(
        tokens=torch.cat([tokens for parts in rows for tokens, *_ in parts]),
        position=torch.cat([position for parts in rows for _, position, *_ in parts]),
        place=torch.cat([place for parts in rows for *_, place, _ in parts]),
        stream=stream,
        sample=sample,
        lengths=lengths,
        image=torch.cat([image for parts in rows for *_, image in parts]),
        text=torch.cat(texts),
        text_lengths=[len(text) for text in texts],
        pooled=torch.stack([_or_nan(example.pooled, (config.pooled_width,)) for example in examples]),
        t=torch.tensor([example.t for example in examples]),
        fps=torch.tensor([example.fps for example in examples]),
        motion=torch.tensor([example.motion for example in examples]),
        aesthetic=torch.tensor([example.aesthetic for example in examples]),
        weight=torch.tensor([example.weight for example in examples]),
        grids=[_grid(example.z) for example in examples],
        layout=_layout(sample, stream, [len(text) for text in texts], 1 + len(config.streams)),
    )


def nothing(config: "DiTConfig") -> Example:
    """One token of zeros that counts for nothing: a pack that has no sample still runs through the model, as
    the ranks of a step must all make the same calls."""
    z = torch.zeros(config.latent_channels, 1, config.patch, config.patch)
    return Example(z=z, t=0.5, seconds_per_latent=0.0, weight=0.0)


def _grid(z: Tensor) -> Grid3:
    _, t, h, w = z.shape
    return t, h, w


def _check(example: Example, config: "DiTConfig") -> None:
    if example.z.dim() != 4 or example.z.shape[0] != config.latent_channels:
        raise ValueError(
            f"the model takes latents of {config.latent_channels} channels, [C, t, h, w], and got "
            f"{list(example.z.shape)}: encode with the autoencoder that the model was trained on"
        )
    if (example.given is None) != (example.mask is None):
        raise ValueError("what is given needs a mask, and a mask a latent: pass both or neither")
    for given, size in ((example.given, example.z.shape), (example.mask, example.z.shape[1:])):
        if given is not None and given.shape != size:
            raise ValueError(
                f"what is given, or its mask, is {list(given.shape)}, but must be of the latent's own size, "
                f"{list(size)}"
            )
    if example.text is not None and example.text.shape[1:] != (config.text_columns,):
        raise ValueError(
            f"the model takes text of {config.text_columns} columns, and got {list(example.text.shape)}: "
            "encode it with the encoder that the model was trained on"
        )
    if example.pooled is not None and len(example.pooled) not in (0, config.pooled_width):
        raise ValueError(
            f"the model takes a caption's vector of {config.pooled_width} numbers, and got "
            f"{list(example.pooled.shape)}: encode it with the encoder that the model was trained on"
        )
    if len(example.streams) > len(config.streams):
        raise ValueError(
            f"the model has {len(config.streams)} streams beside video, not {len(example.streams)}"
        )


def _rows(example: Example, config: "DiTConfig") -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """(tokens, position, place, image) of each stream of an example."""
    width, patch = config.columns, config.patch
    tokens = patchify(example.z.float(), patch)
    image = tokens.new_zeros(len(tokens), config.image_columns)
    if example.given is not None and example.mask is not None:
        shown = torch.cat([example.mask[None].float(), example.given * example.mask])
        image = patchify(shown, patch)
    where = _grid(example.z), patch, example.seconds_per_latent
    rows = [(_wide(tokens, width), positions(*where), places(*where), image)]
    for stream in example.streams:
        none_given = tokens.new_zeros(len(stream.tokens), config.image_columns)
        position = stream.position.float()
        rows.append((_wide(stream.tokens.float(), width), position, torch.zeros_like(position), none_given))
    return rows


def _wide(tokens: Tensor, width: int) -> Tensor:
    return torch.nn.functional.pad(tokens, (0, width - tokens.shape[1]))


def _or_nan(value: Tensor | None, shape: tuple[int, ...]) -> Tensor:
    return torch.full(shape, UNKNOWN) if value is None or not len(value) else value.float()


def _layout(sample: Tensor, stream: Tensor, text_lengths: list[int], streams: int) -> Layout:
    samples = len(text_lengths)
    text_sample = np.repeat(np.arange(samples), text_lengths)
    by_stream = torch.argsort(stream, stable=True)
    by_stream_sample = np.concatenate([text_sample, sample[by_stream].numpy()])
    return Layout(
        sizes=[len(text_sample), *torch.bincount(stream, minlength=streams).tolist()],
        by_stream=by_stream,
        from_stream=torch.argsort(by_stream),
        sample=torch.from_numpy(by_stream_sample),
        joint=Segments.of(by_stream_sample, samples),
        text=Segments.of(text_sample, samples),
        first_text=torch.tensor([0, *text_lengths[:-1]]).cumsum(0),
    )


T = TypeVar("T")


def _moved(value: T, move: Callable[[Tensor], Tensor]) -> T:
    """A dataclass with all its tensors elsewhere."""
    moved: dict[str, Any] = {}
    for part in fields(value):  # type: ignore[arg-type]
        inner = getattr(value, part.name)
        if isinstance(inner, Tensor):
            moved[part.name] = move(inner)
        elif is_dataclass(inner):
            moved[part.name] = _moved(inner, move)
    return replace(value, **moved)  # type: ignore[type-var]
