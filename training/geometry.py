"""Which pixels of a clip are trained on: its size, its length and its spacing of frames.

Videos keep their own shape and length. A tier caps the area (`256px`: 256 x 256 pixels in any shape), the
autoencoder's strides and the model's patch say what divides, and a clip is never made larger than it is,
except where one of its sides is below the smallest that divides."""

import math
import re
from dataclasses import dataclass
from functools import lru_cache


def usual_patch(spatial: int) -> int:
    """The patch of a model for an autoencoder of so many pixels a latent: 16 pixels a token, or its own."""
    return 2 if spatial <= 8 else 1


@dataclass(frozen=True, slots=True)
class Grid:
    """The strides of an autoencoder and the patch of a model: what pixels become tokens."""

    temporal: int = 4
    """Frames per latent frame, after the first, which stands alone: lengths are temporal * k + 1."""
    spatial: int = 8
    """Pixels per latent pixel, in each direction."""
    patch: int = 2
    """Latent pixels per token, in each direction."""

    @property
    def multiple(self) -> int:
        """Pixels that both sides must be a multiple of."""
        return self.spatial * self.patch

    def latent(self, frames: int, height: int, width: int) -> tuple[int, int, int]:
        """(t, h, w) of the latent of so many frames and pixels."""
        return (frames - 1) // self.temporal + 1, height // self.spatial, width // self.spatial

    def tokens(self, frames: int, height: int, width: int) -> int:
        """Tokens of a clip: t * h * w / patch^2."""
        t, h, w = self.latent(frames, height, width)
        return t * (h // self.patch) * (w // self.patch)

    def length(self, frames: int) -> int:
        """The longest valid length of at most `frames` (>= 1) frames."""
        return (frames - 1) // self.temporal * self.temporal + 1

    def check(self, frames: int, height: int, width: int) -> None:
        """ValueError with the nearest that do, where a size or a length does not divide."""
        if frames < 1 or (frames - 1) % self.temporal:
            below = self.length(max(1, frames))
            near = f"{below} or {below + self.temporal}" if frames > 1 else "1"
            raise ValueError(
                f"{frames} frames cannot be made, as lengths are {self.temporal}k + 1: give {near}"
            )
        if min(height, width) < 1 or height % self.multiple or width % self.multiple:
            near = " or ".join(f"{w}x{h}" for w, h in nearest(width, height, self.multiple))
            raise ValueError(
                f"the size {width}x{height} cannot be made, as sides are multiples of {self.multiple}: "
                f"give {near}"
            )


@dataclass(frozen=True, slots=True)
class Geometry:
    """What is taken of a clip."""

    frames: int
    height: int
    width: int
    stride: int
    """Every `stride`-th frame is taken."""
    fps: float
    """Frames per second of what is taken."""


def area_of(tier: str) -> int:
    """Pixels that a tier allows: `256px` is 256 * 256."""
    found = re.fullmatch(r"([1-9]\d{0,4})px", tier)
    if not found:
        raise ValueError(f"the tier {tier!r} is not known: give the side of a square, as in 256px")
    return int(found[1]) ** 2


def fit(
    width: int,
    height: int,
    frames: int,
    fps: float,
    tier: str,
    grid: Grid,
    *,
    max_frames: int | None = None,
    max_fps: float | None = None,
) -> Geometry:
    """The size and length at which a clip of `frames` (>= 1) pictures of width x height is trained on."""
    stride = stride_of(fps, max_fps)
    length = (frames - 1) // stride + 1
    length = grid.length(min(length, max_frames) if max_frames else length)
    out_width, out_height = fit_size(width, height, area_of(tier), grid.multiple)
    return Geometry(length, out_height, out_width, stride, fps / stride)


def stride_of(fps: float, max_fps: float | None) -> int:
    """The smallest stride that brings `fps` down to `max_fps`; a thousandth more is let pass (29.97 and
    30)."""
    return max(1, math.ceil(fps / max_fps * 0.999)) if max_fps else 1


@lru_cache(maxsize=65536)
def fit_size(width: int, height: int, area: int, multiple: int) -> tuple[int, int]:
    """(width, height), multiples of `multiple`, of at most `area` pixels and at most the clip's own sides.

    Of the sizes next to the ideal one, that which cuts off least (counted twice) and is least smaller.
    """
    if area < multiple**2:
        raise ValueError(
            f"a tier of {area} pixels is below the smallest picture, {multiple}x{multiple}: "
            "choose a larger tier"
        )
    scale = min(1.0, math.sqrt(area / (width * height)))
    ideal_width, ideal_height = width * scale, height * scale
    sizes = {
        (w, h)
        for w in _next_to(ideal_width, width, multiple)
        for h in _next_to(ideal_height, height, multiple)
    }
    # Where a side is below the smallest that divides, the other one makes up for it.
    sizes |= {(min(w, _floor(area / h, multiple)), h) for w, h in sizes}
    sizes |= {(w, min(h, _floor(area / w, multiple))) for w, h in sizes}

    def cost(size: tuple[int, int]) -> tuple[float, int]:
        cut = abs(math.log(size[0] / size[1] * height / width))
        smaller = math.log(ideal_width * ideal_height / (size[0] * size[1]))
        return 2 * cut + abs(smaller), -size[0]

    return min((size for size in sizes if size[0] * size[1] <= area), key=cost)


def cover(width: int, height: int, to_width: int, to_height: int) -> tuple[int, int]:
    """(width, height) to which a picture is scaled so that it covers the target with one side exact."""
    scale = max(to_width / width, to_height / height)
    return max(to_width, round(width * scale)), max(to_height, round(height * scale))


def nearest(width: int, height: int, multiple: int) -> list[tuple[int, int]]:
    """The one or two valid sizes nearest to (width, height)."""

    def near(side: int) -> list[int]:
        low = max(multiple, side // multiple * multiple)
        return sorted({low, max(multiple, -(-side // multiple) * multiple)}, key=lambda s: abs(s - side))

    both = [(w, h) for w in near(width) for h in near(height)]
    return sorted(both, key=lambda size: abs(size[0] - width) + abs(size[1] - height))[:2]


def _floor(side: float, multiple: int) -> int:
    return max(multiple, int(side / multiple) * multiple)


def _next_to(ideal: float, own: int, multiple: int) -> set[int]:
    """The multiples below and above `ideal`, the latter only where the clip itself reaches it."""
    low = _floor(ideal, multiple)
    high = low + multiple
    return {low, high} if high <= own and high - ideal < multiple else {low}
