"""What can be drawn: every window of every sample, with its size, its length and its tokens.

A long clip is several windows, so that an epoch sees all of it. Stored latents are windows of their own; a
clip without any is cut up here. All columns are numpy arrays of equal length, since there may be millions."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from training.geometry import Grid, area_of, fit_size
from training.manifest import TRAIN, Manifest, ManifestError

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is taken of the clips."""

    grid: Grid = Grid()  # noqa: RUF009 - frozen
    tier: str = "256px"
    """The largest area: that of a square with this side."""
    max_frames: int = 33
    """The longest window, in frames as trained on."""
    max_fps: float | None = None
    """Faster clips are thinned to at most this rate."""
    stills: float = 0.0
    """Share of the draws that are one frame."""
    fixed: tuple[int, int, int] | None = None
    """(frames, height, width) of every window, for an autoencoder's batches; clips with fewer frames are left
    out, smaller ones are enlarged. Stored latents are not used then."""

    def __post_init__(self) -> None:
        if self.fixed:
            self.grid.check(*self.fixed)
        if self.max_frames < 1 or not 0 <= self.stills <= 1:
            raise ValueError("max_frames is 1 or more, and stills a share from 0 to 1")


@dataclass(frozen=True)
class Windows:
    """N windows, ordered by row and then by place in the clip."""

    row: I64
    """Row of the manifest."""
    window: I64
    """Counts the windows of a row from 0."""
    first: I64
    """The first source frame that the window may begin at."""
    slack: I64
    """By how many source frames it may begin later; 0 for stored latents."""
    frames: I64
    height: I64
    width: I64
    stride: I64
    fps: F64
    latent: I64
    """Place of the latents in the row's list, -1 where pixels are to be decoded."""
    tokens: I64
    still_tokens: I64
    """Tokens of one of its frames alone."""

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def of(cls, manifest: Manifest, sizes: Sizes, *, vae: str | None = None, split: str = TRAIN) -> "Windows":
        """The windows of a split. `vae`: digest of the autoencoder whose latents are used where stored."""
        rows = manifest.rows_of(split)
        if not len(rows):
            raise ManifestError(
                f"no sample of the manifest is for {split}: "
                + ("loosen `--where`" if split == TRAIN else "raise `shards.validation` in the pipeline")
            )
        stored = None
        if vae is not None and sizes.fixed is None:
            stored = _stored(manifest, sizes, vae, rows)
            rows = np.setdiff1d(rows, stored.row)
        made = _cut(manifest, sizes, rows)
        return made if stored is None else _merged(stored, made)


def _cut(manifest: Manifest, sizes: Sizes, rows: I64) -> Windows:
    """Windows of pixels: a clip of at least n times the longest window's frames is cut into n equal cells,
    and each window may begin anywhere in its cell where it fits."""
    frames = manifest.column("frames")[rows]
    fps = manifest.column("fps")[rows].astype(np.float64)
    if sizes.fixed:
        stride = _strides(fps, sizes.max_fps)
        enough = (frames - 1) // stride + 1 >= sizes.fixed[0]
        rows, frames, fps = rows[enough], frames[enough], fps[enough]
        if not len(rows):
            raise ManifestError(f"no clip has {sizes.fixed[0]} frames: ask for shorter windows")
    stride = _strides(fps, sizes.max_fps)
    width, height = _sides(manifest, sizes, rows)
    longest = sizes.grid.length(sizes.fixed[0] if sizes.fixed else sizes.max_frames)
    there = (frames - 1) // stride + 1
    length = (np.minimum(there, longest) - 1) // sizes.grid.temporal * sizes.grid.temporal + 1
    span = (length - 1) * stride + 1
    count = np.where(length == longest, np.maximum(1, frames // span), 1)
    of = np.repeat(np.arange(len(rows)), count)
    window = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    first, after = (frames[of] * (window + k) // count[of] for k in (0, 1))
    return _with_tokens(
        sizes.grid, row=rows[of], window=window, first=first, slack=after - first - span[of],
        frames=length[of], height=height[of], width=width[of], stride=stride[of], fps=(fps / stride)[of],
        latent=np.full(len(of), -1),
    )  # fmt: skip


def _sides(manifest: Manifest, sizes: Sizes, rows: I64) -> tuple[I64, I64]:
    """(width, height) as trained on, of each row. Clips come in few sizes, so few are computed."""
    if sizes.fixed:
        return np.full(len(rows), sizes.fixed[2]), np.full(len(rows), sizes.fixed[1])
    own = np.stack([manifest.column("width")[rows], manifest.column("height")[rows]], axis=1)
    known, which = np.unique(own, axis=0, return_inverse=True)
    area = area_of(sizes.tier)
    fitted = [fit_size(int(w), int(h), area, sizes.grid.multiple) for w, h in known]
    chosen = np.array(fitted, np.int64).reshape(-1, 2)[which.reshape(-1)]
    return chosen[:, 0], chosen[:, 1]


def _strides(fps: F64, max_fps: float | None) -> I64:
    """geometry.stride_of for many."""
    if not max_fps:
        return np.ones(len(fps), np.int64)
    return np.maximum(1, np.ceil(fps / max_fps * 0.999)).astype(np.int64)


def _stored(manifest: Manifest, sizes: Sizes, vae: str, rows: I64) -> Windows:
    """Windows of stored latents, of the best of each sample's sets within the tier and the rate."""
    every = manifest.latents()
    area = every["height"] * every["width"]
    usable = (every["vae"] == vae) & (area <= area_of(sizes.tier)) & np.isin(every["row"], rows)
    if sizes.max_fps:
        usable &= every["fps"] <= sizes.max_fps * 1.001
    length = sizes.grid.length(sizes.max_frames)
    found = {name: values[usable] for name, values in every.items()}
    best = _of_the_best_set(found, length)
    found = {name: values[best] for name, values in found.items()}
    source = manifest.column("fps")[found["row"]]
    order = np.lexsort((found["number"], found["window"], found["row"]))
    return _with_tokens(
        sizes.grid, **{name: values[order] for name, values in {
            "row": found["row"], "window": found["window"], "first": found["start_frame"],
            "slack": np.zeros(len(source), np.int64),
            # A causal autoencoder's first latent frames are those of the shorter clip.
            "frames": np.minimum(found["frames"], length),
            "height": found["height"], "width": found["width"],
            "stride": np.maximum(1, np.rint(source / found["fps"])).astype(np.int64),
            "fps": found["fps"], "latent": found["number"],
        }.items()},
    )  # fmt: skip


def _of_the_best_set(found: dict[str, npt.NDArray[Any]], length: int) -> npt.NDArray[np.bool_]:
    """Which windows are of their row's best set: the largest pictures, then the longest windows within
    `length` frames (of longer ones only the beginning would be seen)."""
    _, which = np.unique(found["made_with"], return_inverse=True)
    sets, of = np.unique(np.stack([found["row"], which.reshape(-1)]), axis=1, return_inverse=True)
    of = of.reshape(-1)
    area, longest = (np.zeros(sets.shape[1], np.int64) for _ in range(2))
    np.maximum.at(area, of, found["height"] * found["width"])
    np.maximum.at(longest, of, found["frames"])
    fits = longest <= length
    order = np.lexsort((sets[1], np.where(fits, longest, -longest), fits, area, sets[0]))
    last = np.append(np.diff(sets[0][order]) > 0, True)[: len(order)]
    best = np.zeros(len(order), bool)
    best[order[last]] = True
    return best[of]


def remarks(windows: Windows, manifest: Manifest, sizes: Sizes, vae: str) -> list[str]:
    """What the user of stored latents may not expect, one sentence each."""
    every = manifest.latents()
    stored = windows.latent >= 0
    with_latents, without = (len(np.unique(windows.row[which])) for which in (stored, ~stored))
    found = []
    if without and (every["vae"] == vae).any():
        found.append(
            f"latents of {with_latents} of {with_latents + without} clips are stored at {sizes.tier} or "
            f"less; the others are encoded as they are drawn: `curate encode --tier {sizes.tier}` stores them"
        )
    at = np.searchsorted(every["row"], windows.row[stored]) + windows.latent[stored]
    if cut := int((every["frames"][at] > windows.frames[stored]).sum()):
        found.append(
            f"{cut} stored windows are longer than {sizes.max_frames} frames, and only their beginnings are "
            f"trained on: `curate encode --max-frames {sizes.max_frames}` stores all of the clips"
        )
    return found


def _with_tokens(grid: Grid, **columns: npt.NDArray[np.generic]) -> Windows:
    made = Windows(**columns, tokens=columns["row"], still_tokens=columns["row"])  # type: ignore[arg-type]
    still = (made.height // grid.multiple) * (made.width // grid.multiple)
    return replace(made, tokens=((made.frames - 1) // grid.temporal + 1) * still, still_tokens=still)


def _merged(first: Windows, second: Windows) -> Windows:
    names = Windows.__dataclass_fields__
    both = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in names}
    order = np.argsort(both["row"], kind="stable")
    return Windows(**{name: values[order] for name, values in both.items()})
