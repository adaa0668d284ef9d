"""Make a clip of a prompt.

    python -m training.generate MODEL "a red ball moves to the left" --frames 33 --size 256x160 --out out.mp4
    python -m training.generate MODEL PROMPT --image first.png --out out.mp4      begins with the picture
    python -m training.generate MODEL PROMPT --extend clip.mp4 --out more.mp4     goes on where the clip ends

The grid of noise alone sets size and length: whatever the model's autoencoder and patch divide can be asked
for, whatever the model was trained on. What is given becomes the first latents and comes back as it was."""

import argparse
import math
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training import flow
from training.geometry import Grid, area_of, fit_size, stride_of
from training.given import Clip, Picture, Size
from training.model_folder import load_model, load_vae_of
from training.packing import UNKNOWN
from training.pictures import to_frames, to_pixels, write_mp4, write_png
from training.sampling import Request, sample
from training.text import text_encoder

U8 = npt.NDArray[np.uint8]
OVERLAP = 9
"""Frames of a clip that is gone on with which are seen, unless asked otherwise: three latent frames say where
things are, and how fast they move and turn."""
BLIND = "the model was never trained with given frames, and what it makes will not follow on from them"


@dataclass(frozen=True)
class Wanted:
    """What is asked for beside the prompt; None is the model's own choice."""

    frames: int | None = None
    size: Size | None = None
    """(width, height)"""
    image: str | Path | None = None
    """A picture: the first frame."""
    extend: str | Path | None = None
    """A video: its last frames are the first ones."""
    overlap: int | None = None
    """How many of them."""
    seed: int = 0
    steps: int = 50
    text_scale: float | None = None
    """How much more than its caption the clip is made of it."""
    image_scale: float | None = None
    """The same for what is given."""
    fps: float | None = None
    motion: float = UNKNOWN
    """Percent of the diagonal per second."""
    aesthetic: float = UNKNOWN
    """1 to 10."""
    solver: str = "adams_bashforth"


class Maker:
    """A model with its autoencoder and its text encoder, ready to be asked."""

    def __init__(self, folder: str | Path, device: str | None = None) -> None:
        """ValueError where the folder holds no model, or another autoencoder."""
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        model, self.facts = load_model(folder)
        self.vae = load_vae_of(folder, self.facts).to(self.device)
        self.model = model.to(self.device)
        self.encoder = text_encoder(self.facts.text, self.device)
        self.grid = Grid(self.vae.temporal, self.vae.spatial, model.config.patch)

    @property
    def sees_what_is_given(self) -> bool:
        """Whether it was ever trained with given frames: its projection of them begins at zero."""
        return bool(self.model.image_in.weight.any())

    def make(self, prompt: str, wanted: Wanted) -> tuple[U8, float]:
        """RGB [T, H, W, 3] and its frames per second. ValueError for what cannot be made."""
        if wanted.image is not None and wanted.extend is not None:
            raise ValueError("a clip begins with a picture or goes on from a clip: give --image or --extend")
        picture = None if wanted.image is None else Picture.read(wanted.image)
        clip = None if wanted.extend is None else Clip.read(wanted.extend)
        fps = self._fps(wanted, clip)
        frames, (width, height) = self._shape(wanted, picture or clip)
        first = self._first(wanted, picture, clip, frames, (width, height), fps)
        t, h, w = self.grid.latent(frames, height, width)
        given, mask = (None, None) if first is None else self._given(first, (t, h, w))
        text, pooled = self._text(prompt)
        request = Request(
            grid=(t, h, w), seconds_per_latent=self.grid.temporal / fps, seed=wanted.seed, text=text,
            pooled=pooled, fps=fps, motion=wanted.motion, aesthetic=wanted.aesthetic, given=given, mask=mask,
        )  # fmt: skip
        half = torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")
        with torch.no_grad(), half:
            latent = sample(
                self.model, [request], steps=wanted.steps, shift=self.facts.shift, solver=wanted.solver,
                text_scale=self.facts.text_scale if wanted.text_scale is None else wanted.text_scale,
                image_scale=self.facts.image_scale if wanted.image_scale is None else wanted.image_scale,
            )[0]  # fmt: skip
        return to_frames(self.vae.from_latent(latent[None])[0]), fps

    def _fps(self, wanted: Wanted, clip: Clip | None) -> float:
        """As asked; else that of the clip, with frames left out as in training; else the model's usual."""
        if wanted.fps is not None:
            if not 0 < wanted.fps <= 1000:
                raise ValueError(f"{wanted.fps:g} frames per second cannot be shown: give 1 to 1000")
            return wanted.fps
        if clip is not None and clip.facts.fps:
            return clip.facts.fps / stride_of(clip.facts.fps, self.facts.max_fps)
        return self.facts.fps

    def _shape(self, wanted: Wanted, source: Picture | Clip | None) -> tuple[int, Size]:
        """Frames and size: as asked, else the longest and the area of the training, in the shape of what is
        given, or square."""
        frames = self.grid.length(self.facts.max_frames) if wanted.frames is None else wanted.frames
        area = area_of(self.facts.tier)
        side = math.isqrt(area)
        shape = (side, side) if source is None else source.size
        # As large as the training's pictures, however small the source.
        larger = max(1, math.ceil(math.sqrt(area / (shape[0] * shape[1]))))
        size = wanted.size or fit_size(shape[0] * larger, shape[1] * larger, area, self.grid.multiple)
        self.grid.check(frames, size[1], size[0])
        return frames, size

    def _first(
        self, wanted: Wanted, picture: Picture | None, clip: Clip | None, frames: int, size: Size, fps: float
    ) -> U8 | None:
        """RGB [n, H, W, 3], what is given; fewer than all frames."""
        if picture is None and clip is None:
            return None
        if frames <= 1:
            raise ValueError("1 frame is all given and nothing is left to make: ask for more --frames")
        if picture is not None:
            return picture.fitted(size)[None]
        assert clip is not None
        overlap = min(OVERLAP, frames - self.grid.temporal) if wanted.overlap is None else wanted.overlap
        if not 1 <= overlap < frames or (wanted.overlap and (overlap - 1) % self.grid.temporal):
            raise ValueError(
                f"{overlap} frames of a clip cannot be gone on with: give {self.grid.temporal}k + 1 of them, "
                f"fewer than the {frames} of the result"
            )
        count = self.grid.length(min(overlap, clip.available(fps)))
        return clip.last(count, fps, size)

    def _given(self, first: U8, grid: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
        """[C, t, h, w] and [t, h, w]: the latents of the first frames, which depend on no later ones."""
        latent = self.vae.to_latent(to_pixels(first)[None].to(self.device))[0].float().cpu()
        given, mask = torch.zeros(len(latent), *grid), torch.zeros(grid)
        given[:, : latent.shape[1]], mask[: latent.shape[1]] = latent, 1
        return given, mask

    def _text(self, prompt: str) -> tuple[Tensor | None, Tensor | None]:
        """Tokens and pooled vector; nothing of an empty prompt."""
        if not prompt:
            return None, None
        found = self.encoder.encode([prompt])[0]
        return found.tokens, found.pooled if len(found.pooled) else None


def generate(
    model_dir: str | Path,
    prompt: str,
    *,
    frames: int | None = None,
    size: Size | None = None,
    image: str | Path | None = None,
    extend: str | Path | None = None,
    overlap: int | None = None,
    seed: int = 0,
    steps: int = 50,
    text_scale: float | None = None,
    image_scale: float | None = None,
    fps: float | None = None,
    motion: float = UNKNOWN,
    aesthetic: float = UNKNOWN,
    solver: str = "adams_bashforth",
    device: str | None = None,
    expand: Callable[[str], str] | None = None,
) -> U8:
    """RGB [T, H, W, 3] of a prompt. `expand` makes the prompt longer first; all else as in `Wanted`."""
    maker = Maker(model_dir, device)
    if (image or extend) and not maker.sees_what_is_given:
        warnings.warn(BLIND, stacklevel=2)
    wanted = Wanted(
        frames,
        size,
        image,
        extend,
        overlap,
        seed,
        steps,
        text_scale,
        image_scale,
        fps,
        motion,
        aesthetic,
        solver,
    )
    return maker.make(expand(prompt) if expand else prompt, wanted)[0]


def _out(path: str, frames: int | None) -> Path:
    """Where the clip goes: a new file of a kind that is written here."""
    out = Path(path)
    if out.suffix not in (".mp4", ".png"):
        raise ValueError(f"{out} is neither an .mp4 nor a .png: name one of them as --out")
    if out.suffix == ".png" and frames not in (None, 1):
        raise ValueError(f"{frames} frames do not fit into {out}: ask for an .mp4, or for 1 frame")
    if out.exists() or out.is_symlink():
        raise ValueError(f"{out} is there already: name a new file as --out")
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise ValueError(
            f"{out.parent} is no folder that can be written to: make it, or name another as --out"
        )
    return out


def _size(text: str | None) -> Size | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if not found:
        raise ValueError(f"the size {text!r} is not known: give WIDTHxHEIGHT, as in 256x160")
    return int(found[1]), int(found[2])


def _seed(seed: int) -> int:
    if not 0 <= seed < 2**63:
        raise ValueError(f"the seed {seed} is not known: give a number from 0 to 2^63 - 1")
    return seed


def _write(out: Path, frames: U8, fps: float) -> None:
    """Whole or not at all."""
    try:
        if out.suffix == ".png":
            write_png(out, frames[0])
        else:
            write_mp4(out, frames, fps)
    finally:
        Path(f"{out}.part").unlink(missing_ok=True)


def run(given: argparse.Namespace) -> None:
    """As asked. ValueError, in one sentence, for what cannot be made."""
    out = _out(given.out, given.frames)
    frames = 1 if out.suffix == ".png" else given.frames
    wanted = Wanted(
        frames, _size(given.size), given.image, given.extend, given.overlap, _seed(given.seed), given.steps,
        given.text_scale, given.image_scale, given.fps, given.motion, given.aesthetic, given.solver,
    )  # fmt: skip
    maker = Maker(given.model, given.device)
    if (given.image or given.extend) and not maker.sees_what_is_given:
        sys.stderr.write(f"{BLIND}\n")
    try:
        made = maker.make(given.prompt, wanted)
    except (MemoryError, RuntimeError) as error:
        if "memory" not in str(error):  # torch.OutOfMemoryError on a GPU, a RuntimeError on a CPU
            raise
        raise ValueError(
            "the clip does not fit into memory: ask for a smaller --size or fewer --frames"
        ) from error
    _write(out, *made)


def parser() -> argparse.ArgumentParser:
    plain = Wanted()
    made = argparse.ArgumentParser(prog="python -m training.generate", description=__doc__.split("\n\n")[0])
    made.add_argument("model", metavar="MODEL", help="folder that training wrote")
    made.add_argument("prompt", metavar="PROMPT", help="what the clip shows")
    made.add_argument("--out", required=True, help="a new .mp4, or a .png of one frame")
    made.add_argument("--frames", type=int, help="how many; by default the longest that was trained on")
    made.add_argument("--size", metavar="WxH", help="width x height; by default the area that was trained on")
    made.add_argument("--image", help="the first frame: a PNG, JPEG or WebP, cut to the size")
    made.add_argument("--extend", metavar="CLIP", help="a video; the result begins with its last frames")
    made.add_argument("--overlap", type=int, help=f"how many of them, by default at most {OVERLAP}")
    made.add_argument("--seed", type=int, default=plain.seed, help="another seed, another clip")
    made.add_argument("--steps", type=int, default=plain.steps, help="of the solver")
    made.add_argument("--text-scale", type=float, help="guidance by the prompt; 1 is none")
    made.add_argument("--image-scale", type=float, help="guidance by what is given; 1 is none")
    made.add_argument("--fps", type=float, help="frames per second")
    made.add_argument("--motion", type=float, default=UNKNOWN, help="percent of the diagonal per second")
    made.add_argument("--aesthetic", type=float, default=UNKNOWN, help="score from 1 to 10")
    made.add_argument("--solver", choices=list(flow.SOLVERS), default=plain.solver)
    made.add_argument("--device", choices=["cpu", "cuda"], help="by default a GPU where there is one")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    given = parser().parse_args(argv)
    try:
        run(given)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
