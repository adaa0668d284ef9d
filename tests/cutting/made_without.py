"""Footage in which nothing is to be found: what other detectors take for cuts (see tests.cutting.made)."""

from collections.abc import Callable

import cv2
import numpy as np

from tests.cutting.made import (
    SIZES,
    Clip,
    Random,
    Source,
    a_size,
    a_slide,
    bright,
    encoded,
    grain,
    texture,
)


def single_takes(rng: Random, source: Source) -> Clip:
    return Clip(source.shot(rng, a_size(rng), 100)[:: int(rng.choice([1, 2, 3]))])


def flashes(rng: Random, source: Source) -> Clip:
    """Of one to three frames, over the whole picture or around a spot."""
    frames = source.shot(rng, a_size(rng), 120).copy()
    height, width = frames.shape[1:3]
    y, x = np.mgrid[:height, :width]
    for at in (25, 60, 95):
        near = np.exp(-(((x - rng.uniform(0, width)) / 80) ** 2) - ((y - height / 2) / 60) ** 2)
        spot = (near if rng.random() < 0.4 else np.ones((height, width)))[..., None]
        gain, offset = rng.uniform(1.5, 4), rng.uniform(20, 160)
        for k in range(int(rng.integers(1, 4))):
            strength = spot * (1.0 if k == 0 else 0.6)
            lit = frames[at + k] * (1 + (gain - 1) * strength) + offset * strength
            frames[at + k] = np.clip(lit, 0, 255).astype(np.uint8)
    return Clip(frames)


def strobe(rng: Random, source: Source) -> Clip:
    frames, every = source.shot(rng, a_size(rng), 100).copy(), int(rng.choice([2, 3, 4, 6, 8]))
    for k in range(30, 70):
        if k % every == 0:
            frames[k] = bright(frames[k], 2.2, 40)
        elif rng.random() < 0.5:
            frames[k] = bright(frames[k], 0.4)
    return Clip(frames)


def _panned(world: np.ndarray, size: tuple[int, int], steps: np.ndarray) -> np.ndarray:
    """A camera over `world` that moves right by `steps` pixels from frame to frame, with motion blur."""
    made, x = [], size[0] / 2
    for step in steps.tolist():
        x += step
        picture = cv2.getRectSubPix(world, size, (x, world.shape[0] / 2))
        made.append(cv2.blur(picture, (int(step) | 1, 1)) if step > 2 else picture)
    return np.array(made)


def whip_pans(rng: Random, source: Source) -> Clip:
    size, length, peak = a_size(rng), int(rng.integers(4, 14)), rng.uniform(0.08, 0.5)
    steps = np.full(100, 0.5)
    steps[40 : 40 + length] += peak * size[0] * np.sin(np.pi * (np.arange(length) + 0.5) / length)
    still = source.shot(rng, size, 1)[0]
    world = np.concatenate([still, still[:, ::-1]] * (2 + round(steps.sum() / size[0] / 2)), axis=1)
    return Clip(grain(rng, _panned(world, size, steps), 1.5))


def fast_pans(rng: Random, source: Source) -> Clip:
    size, step = a_size(rng), rng.uniform(0.01, 0.1)
    world = texture(rng, size[1] + 40, size[0] * (2 + round(80 * step)))
    return Clip(grain(rng, _panned(world, size, np.full(80, step * size[0])), 1.5))


def shaken(rng: Random, source: Source) -> Clip:
    size, reach = a_size(rng), rng.uniform(0.01, 0.05)
    width, height = size
    still = cv2.resize(source.shot(rng, size, 1)[0], None, fx=1.3, fy=1.3)
    at, made = np.zeros(2), []
    for _ in range(100):
        at = 0.7 * at + rng.normal(0, reach * width, 2)
        x, y = np.clip(at, [-0.14 * width, -0.14 * height], [0.14 * width, 0.14 * height])
        made.append(cv2.getRectSubPix(still, size, (still.shape[1] / 2 + x, still.shape[0] / 2 + y)))
    return Clip(grain(rng, np.array(made), 1.5))


def zooms(rng: Random, source: Source) -> Clip:
    size, rate = a_size(rng), rng.uniform(0.005, 0.03)
    width, height = size
    still = cv2.resize(source.shot(rng, size, 1)[0], None, fx=2, fy=2)
    made = []
    for k in range(60):
        turn = cv2.getRotationMatrix2D((width, height), 0, np.exp(rate * k) / 2)
        turn[:, 2] -= [width / 2, height / 2]
        made.append(cv2.warpAffine(still, turn, size, flags=cv2.INTER_LINEAR))
    return Clip(grain(rng, np.array(made), 1.5))


def exposure(rng: Random, source: Source) -> Clip:
    """A lamp that goes on, or a camera that adapts within up to a second."""
    frames, length = source.shot(rng, a_size(rng), 110), int(rng.choice([1, 2, 5, 12, 25]))
    gains = np.interp(np.arange(110), [50, 50 + length], rng.uniform(0.35, 1.1, 2))
    return Clip(np.array([bright(frame, gain) for frame, gain in zip(frames, gains, strict=True)]))


def passers(rng: Random, source: Source) -> Clip:
    """Something out of focus crosses the picture, up to two thirds as wide as it."""
    frames, length = source.shot(rng, a_size(rng), 100).copy(), int(rng.integers(8, 40))
    height, width = frames.shape[1:3]
    wide = int(width * rng.uniform(0.2, 0.67))
    thing = cv2.GaussianBlur(texture(rng, height, wide, rng.uniform(0.1, 1), 16), (0, 0), 4)
    for k in range(length):
        x = int(-wide + (width + wide) * (k + 0.5) / length)
        left, right = max(0, x), min(width, x + wide)
        frames[30 + k][:, left:right] = thing[:, left - x : right - x]
    return Clip(frames)


def titles(rng: Random, source: Source) -> Clip:
    """A lower third comes and goes."""
    frames = source.shot(rng, a_size(rng), 100).copy()
    height, width = frames.shape[1:3]
    top, barred = int(height * rng.uniform(0.6, 0.8)), rng.random() < 0.6
    for frame in frames[35:75]:
        if barred:
            frame[top : top + height // 7, width // 10 : -(width // 10)] //= 4
        place = (width // 8, top + height // 10)
        cv2.putText(frame, "Some title here", place, 0, height / 250, (255, 255, 255), 1)
    return Clip(frames)


def keyframe_pops(rng: Random, source: Source) -> Clip:
    """So few bits that the picture changes a little at every keyframe."""
    size = SIZES[rng.integers(len(SIZES))]
    if rng.random() < 0.3:
        frames = grain(rng, np.repeat(a_slide(rng, size)[None], 120, axis=0), 2)
    else:
        frames = source.shot(rng, size, 120)
    return Clip(encoded(frames, int(rng.integers(30, 46)), int(rng.choice([12, 15, 24, 30, 50]))))


STEADY: dict[str, Callable[[Random, Source], Clip]] = {
    kind.__name__: kind
    for kind in (
        single_takes, flashes, strobe, whip_pans, fast_pans, shaken, zooms, exposure, passers, titles,
        keyframe_pops,
    )
}  # fmt: skip
"""Kinds of footage that are one shot."""
