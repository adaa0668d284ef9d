"""Films as data: shots, the ways they join, and the frames that follow from them."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

import cv2
import numpy as np

from curate.sample.world import SIDE, Picture, World, look

GRID_HZ = 8
"""Shaking has no one speed; its answer is the mean over steps of 1/8 s, the grid of the flow signal."""


@dataclass(frozen=True, slots=True)
class Move:
    """How the camera moves; speeds are of what is seen, in percent of the picture's diagonal per second."""

    name: str
    speed: float = 0.0
    direction: float = 0.0
    """Where the picture's content goes, in degrees: 0 right, 90 down."""
    zoom: float = 0.0
    """Natural growth rate per second: sizes grow by exp(zoom) each second."""
    shake: float = 0.0
    """Amplitude of a wobble of about 1 Hz, in percent of the diagonal."""

    def pose(self, t: float, diagonal: float) -> tuple[float, float, float]:
        """The camera's (x, y) offset in pixels and its zoom at `t` seconds into the shot."""
        angle = math.radians(self.direction)
        gone = self.speed / 100 * diagonal * t
        wobble = self.shake / 100 * diagonal
        x = -gone * math.cos(angle) + wobble * (
            math.sin(2 * math.pi * 0.9 * t) + 0.4 * math.sin(2 * math.pi * 1.7 * t + 1)
        )
        y = -gone * math.sin(angle) + wobble * (
            math.sin(2 * math.pi * 1.1 * t + 2) + 0.4 * math.sin(2 * math.pi * 1.9 * t)
        )
        return x, y, math.exp(self.zoom * t)

    def mean_speed(self, seconds: float, width: int, height: int) -> float:
        """Mean movement over the picture and the shot, in percent of the diagonal per second."""
        diagonal = math.hypot(width, height)
        if self.zoom:
            columns, rows = np.meshgrid(
                np.arange(width) - (width - 1) / 2, np.arange(height) - (height - 1) / 2
            )
            return 100 * abs(self.zoom) * float(np.hypot(columns, rows).mean()) / diagonal
        steps = max(1, int(seconds * GRID_HZ))
        poses = [self.pose(k / GRID_HZ, diagonal)[:2] for k in range(steps + 1)]
        way = sum(math.dist(a, b) for a, b in itertools.pairwise(poses))
        return 100 * way * GRID_HZ / steps / diagonal


STILL = Move("static")

Paint: TypeAlias = Callable[[Picture, float, np.random.Generator], Picture]
"""Draws over a frame: (uint8 BGR (H, W, 3), seconds into the shot, randomness of this frame) → the frame."""


@dataclass(frozen=True, slots=True)
class Shot:
    """An unbroken take."""

    seconds: float
    world: World | None = None
    """None: a plain picture of `grey`, as black, blown-out and flat footage is."""
    move: Move = STILL
    grey: int = 0
    looks: tuple[str, ...] = ()
    """What a filter should say of it: black, white, flat, noise, letterbox, text, objects."""
    paint: Paint | None = None
    borders: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Black bars that `paint` draws: top, bottom, left, right, in pixels of the picture as drawn."""
    text: tuple[str, ...] = ()
    speed_known: bool = True
    """False where things of their own speed cross the picture: then only the camera's move is known."""


@dataclass(frozen=True, slots=True)
class Film:
    """One file: shots, their joins, and how it is stored."""

    name: str
    size: tuple[int, int]
    """Width and height of the picture as drawn: upright and in square pixels."""
    fps: Fraction
    shots: tuple[Shot, ...]
    joins: tuple[tuple[str, float], ...] = ()
    """Between shot k and k + 1: ("cut", 0) or ("dissolve", seconds). Empty: hard cuts all through."""
    fade_ins: tuple[int, ...] = ()
    """Indices of shots that come up from black over their first half second."""
    fade_outs: tuple[int, ...] = ()
    """Indices of shots that go down to black over their last half second."""
    stored: tuple[int, int] | None = None
    """The upright size it is scaled to when stored (non-square pixels, smaller copies); None: `size`."""
    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=dict)
    pixel_format: str = "yuv420p"
    range: str = "limited"
    matrix: str = "bt709"
    """bt601 where the file cannot say: small footage without a word is taken for that."""
    rotation: int = 0
    """Clockwise degrees by which a player turns the stored picture: 0, 90, 180 or 270."""
    sar: Fraction = Fraction(1)
    start_seconds: float = 0.0
    pts: Callable[[int], int] | None = None
    """Milliseconds of each frame, for variable rates; None: frame / fps."""
    claps: tuple[float, ...] = ()
    """Seconds, each a frame's, of a click and a flash: a white disc in the middle for two frames."""
    sound: bool = False
    """Whether there is an audio track (a hum, and the clicks)."""
    copy_of: str | None = None
    note: str = ""

    def coded_size(self) -> tuple[int, int]:
        """Width and height of the pixels in the file, before rotation."""
        width, height = self.stored or self.size
        return (height, width) if self.rotation in (90, 270) else (width, height)

    def counts(self) -> list[int]:
        """Frames of each shot."""
        return [round(shot.seconds * self.fps) for shot in self.shots]

    def starts(self) -> list[int]:
        """The first frame of each shot; the first frame of its dissolve where it begins with one."""
        counts, starts = self.counts(), [0]
        for k, count in enumerate(counts[:-1]):
            kind, seconds = self.joins[k] if self.joins else ("cut", 0.0)
            starts.append(starts[-1] + count - (round(seconds * self.fps) if kind == "dissolve" else 0))
        return starts

    def frames(self) -> int:
        """Frames of the whole film."""
        return self.starts()[-1] + self.counts()[-1]

    def seconds_at(self, frame: int) -> float:
        """The time of a frame in the file's own clock; for the frame after the last, the end of the last."""
        at = self.pts(frame) / 1000 if self.pts else float(frame / self.fps)
        return self.start_seconds + at


def _draw(film: Film, k: int, within: int, frame: int) -> Picture:
    """Frame `within` of shot `k`, which is frame `frame` of the film."""
    shot, (width, height) = film.shots[k], film.size
    rng = np.random.default_rng([frame, *film.name.encode()])
    # The camera's clock is the file's own, so that speeds hold at variable rates too.
    t = film.seconds_at(frame) - film.seconds_at(frame - within)
    if shot.world is None:
        picture: Picture = np.full((height, width, 3), shot.grey, np.uint8)
    else:
        x, y, zoom = shot.move.pose(t, math.hypot(width, height))
        picture = look(shot.world, SIDE / 2 + x, SIDE / 2 + y, zoom, width, height)
    return shot.paint(picture, t, rng) if shot.paint else picture


def _mix(a: Picture, b: Picture, share: float) -> Picture:
    """`share` of b over a."""
    return np.asarray(cv2.addWeighted(a, 1 - share, b, share, 0), np.uint8)


def gradual(film: Film) -> list[tuple[str, int, int]]:
    """(kind, first frame that is mixed, first frame after it) of each dissolve and fade, in order."""
    found, starts, counts = [], film.starts(), film.counts()
    for k, (kind, _) in enumerate(film.joins):
        if kind == "dissolve":
            found.append(("dissolve", starts[k + 1], starts[k] + counts[k]))
    half = round(film.fps / 2)
    found += [("fade_in", starts[k], starts[k] + half) for k in film.fade_ins]
    found += [("fade_out", starts[k] + counts[k] - half, starts[k] + counts[k]) for k in film.fade_outs]
    return sorted(found, key=lambda one: one[1])


def draw(film: Film) -> Iterator[Picture]:
    """The film's frames in order, uint8 BGR (height, width, 3), with its transitions and flashes."""
    starts, counts, ramps = film.starts(), film.counts(), gradual(film)
    black = np.zeros((film.size[1], film.size[0], 3), np.uint8)
    flashes = {round(t * film.fps) + extra for t in film.claps for extra in (0, 1)}
    for frame in range(film.frames()):
        playing = [k for k, start in enumerate(starts) if start <= frame < start + counts[k]]
        picture = _draw(film, playing[0], frame - starts[playing[0]], frame)
        for kind, first, end in ramps:
            if first <= frame < end:
                share = (frame - first + 1) / (end - first + 1)
                if kind == "dissolve":
                    picture = _mix(picture, _draw(film, playing[1], frame - starts[playing[1]], frame), share)
                else:
                    picture = _mix(picture, black, 1 - share if kind == "fade_in" else share)
        if frame in flashes:
            centre = (film.size[0] // 2, film.size[1] // 2)
            # A larger one would be a cut to the adaptive detector.
            cv2.circle(picture, centre, film.size[1] // 6, (255, 255, 255), -1)
        yield picture
