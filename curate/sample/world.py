"""Procedural worlds: large textured pictures without edges, for a virtual camera to look at.

Detectors of cuts and measures of flow need footage with texture at every scale and with colours that differ
from shot to shot; flat colours or pure noise would flatter or starve them.
"""

import math
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[np.uint8]
"""uint8 BGR (height, width, 3)."""

SIDE = 1024
"""Worlds are SIDE × SIDE pixels and wrap around, so a camera never meets an edge."""


@dataclass(frozen=True, slots=True)
class World:
    """What a picture shows; equal values give equal pixels."""

    kind: Literal["islands", "town", "hills", "meadow"]
    seed: int
    hue: int = 0
    """How far every colour is turned, in OpenCV's half degrees (0..179)."""


def noise(rng: np.random.Generator, side: int, coarsest: int, finest: int) -> NDArray[np.float32]:
    """Wrapping value noise, float32 (side, side) in 0..1.

    The sum of octaves of `coarsest` to `finest` cells along a side, each half as strong as the one before.
    """
    total = np.zeros((side, side), np.float32)
    cells, weight = coarsest, 1.0
    while cells <= finest:
        step = side // cells
        grid = np.pad(rng.random((cells, cells), np.float32), 2, mode="wrap")
        wide = cv2.resize(grid, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        total += weight * wide[2 * step : 2 * step + side, 2 * step : 2 * step + side]
        cells, weight = cells * 2, weight / 2
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / (high - low), np.float32)


def _palette(
    heights: NDArray[np.float32], stops: list[tuple[float, tuple[int, int, int]]]
) -> NDArray[np.float32]:
    """Colours by height: float32 (H, W, 3), between `stops` of (height, BGR), in 256 steps."""
    at, steps = [height for height, _ in stops], np.linspace(0, 1, 256)
    table = np.stack([np.interp(steps, at, [colour[c] for _, colour in stops]) for c in range(3)], axis=-1)
    colours: NDArray[np.float32] = table.astype(np.float32).take((heights * 255).astype(np.uint8), axis=0)
    return colours


def _islands(rng: np.random.Generator) -> NDArray[np.float32]:
    """Sea, beaches, woods and snow seen from above, lit from one side."""
    heights = noise(rng, SIDE, 4, 256)
    sea, sand, wood, rock, snow = (
        (120, 60, 20),
        (140, 200, 225),
        (50, 140, 60),
        (70, 85, 105),
        (240, 240, 240),
    )
    colours = _palette(
        heights, [(0.30, sea), (0.46, (190, 140, 50)), (0.49, sand), (0.55, wood), (0.72, rock), (0.85, snow)]
    )
    slope = heights - np.roll(heights, (3, 3), axis=(0, 1))
    shade = 1 + np.clip(slope * 9, -0.45, 0.45)
    return np.asarray(colours * shade[..., None], np.float32)


def _town(rng: np.random.Generator) -> NDArray[np.float32]:
    """Blocks, roofs, windows and streets seen from above."""
    picture = np.full((SIDE, SIDE, 3), (75, 70, 70), np.uint8)
    cell = 64
    for top in range(0, SIDE, cell):
        for left in range(0, SIDE, cell):
            colour = tuple(int(c) for c in rng.integers(60, 230, 3))
            inset = int(rng.integers(5, 12))
            cv2.rectangle(
                picture, (left + inset, top + inset), (left + cell - inset, top + cell - inset), colour, -1
            )
            for _ in range(4):
                x, y = (int(v) for v in rng.integers(inset + 2, cell - inset - 14, 2))
                light = tuple(min(255, c + 70) if rng.random() < 0.5 else c // 2 for c in colour)
                cv2.rectangle(picture, (left + x, top + y), (left + x + 10, top + y + 7), light, -1)
    return picture * (0.75 + 0.5 * noise(rng, SIDE, 8, 256))[..., None]


def _hills(rng: np.random.Generator) -> NDArray[np.float32]:
    """Wooded ridges behind ridges below a cloudy sky, around the world's middle rows."""
    rows = np.arange(SIDE, dtype=np.float32)[:, None]
    columns = np.linspace(0, 2 * np.pi, SIDE, endpoint=False)
    clouds = noise(rng, SIDE, 8, 256)
    sky = _palette(clouds, [(0.3, (225, 140, 50)), (0.5, (240, 200, 150)), (0.7, (250, 245, 240))])
    rough = noise(rng, SIDE, 16, 512)
    trees = (rough - np.roll(rough, (2, 2), axis=(0, 1))) * 5 + 0.4 + rough
    nearest = np.zeros((SIDE, SIDE), np.uint8)  # 0: sky
    for layer in range(1, 8):
        # Whole periods, so that the ridge wraps around with the world.
        phases = rng.random(40) * 2 * np.pi
        ridge = sum(np.sin(k * columns + phase) / k for k, phase in enumerate(phases, start=1))
        nearest[rows > SIDE * (0.28 + 0.06 * layer) + 30 * ridge] = layer
    colours = np.array([(150 - 22 * k, 125 - 2 * k, 80 + 16 * (k % 3)) for k in range(7)], np.float32)
    land: NDArray[np.float32] = trees[..., None] * np.concatenate([colours[:1], colours]).take(
        nearest, axis=0
    )
    np.copyto(land, sky, where=(nearest == 0)[..., None])
    return land


def _meadow(rng: np.random.Generator) -> NDArray[np.float32]:
    """Grass with flowers and a few boulders, close up."""
    colours = _palette(
        noise(rng, SIDE, 8, 256), [(0.2, (30, 70, 35)), (0.5, (60, 150, 80)), (0.8, (110, 200, 170))]
    )
    picture = np.ascontiguousarray(colours)
    for _ in range(500):
        centre = tuple(int(v) for v in rng.integers(0, SIDE, 2))
        colour = tuple(float(c) for c in rng.integers(80, 256, 3))
        cv2.circle(picture, centre, int(rng.integers(3, 15)), colour, -1, cv2.LINE_AA)
    return picture


_KINDS = {"islands": _islands, "town": _town, "hills": _hills, "meadow": _meadow}


_drawing: dict[World, threading.Lock] = {}


def texture(world: World) -> Picture:
    """The world's pixels, uint8 BGR (SIDE, SIDE, 3); treat them as read-only.

    Films that are made at the same time share worlds: the second waits while the first one draws.
    """
    with _drawing.setdefault(world, threading.Lock()):
        return _texture(world)


@lru_cache(maxsize=8)
def _texture(world: World) -> Picture:
    drawn = np.clip(_KINDS[world.kind](np.random.default_rng(world.seed)), 0, 255).astype(np.uint8)
    hsv: Any = cv2.cvtColor(drawn, cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.uint16) + world.hue) % 180
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)


def look(world: World, x: float, y: float, zoom: float, width: int, height: int) -> Picture:
    """What a camera sees that is centred on (x, y) of the world, `zoom` times as near.

    Returns uint8 BGR (height, width, 3).
    """
    if zoom == 1:
        return _shifted(texture(world), x - width / 2, y - height / 2, width, height)
    matrix = np.array([[1 / zoom, 0, x - width / (2 * zoom)], [0, 1 / zoom, y - height / (2 * zoom)]])
    seen: Any = cv2.warpAffine(
        texture(world),
        matrix,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_WRAP,
    )
    return np.asarray(seen, np.uint8)


def _shifted(picture: Picture, x: float, y: float, width: int, height: int) -> Picture:
    """The part of a wrapping picture whose upper left corner is at (x, y): bilinear with the same fraction
    for all pixels, which takes a fifth of the time of a general warp."""
    left, top = math.floor(x), math.floor(y)
    part = picture[max(0, top) : top + height + 1, max(0, left) : left + width + 1]
    if part.shape[:2] != (height + 1, width + 1):
        rows, columns = np.arange(top, top + height + 1), np.arange(left, left + width + 1)
        part = picture.take(rows, axis=0, mode="wrap").take(columns, axis=1, mode="wrap")
    beside, below = x - left, y - top
    kernel = np.outer([1 - below, below], [1 - beside, beside])
    return np.ascontiguousarray(cv2.filter2D(part, -1, kernel, anchor=(0, 0))[:height, :width])
