"""What is drawn over the camera's picture: bars, burnt-in text, things that move, film grain."""

import cv2
import numpy as np

from curate.sample.film import Paint
from curate.sample.world import Picture

_FONT = cv2.FONT_HERSHEY_SIMPLEX


def both(first: Paint, second: Paint) -> Paint:
    """`second` over `first`."""
    return lambda picture, t, rng: second(first(picture, t, rng), t, rng)


def bars(top: int, bottom: int, left: int, right: int) -> Paint:
    """Black borders of so many pixels."""

    def paint(picture: Picture, t: float, rng: np.random.Generator) -> Picture:
        height, width = picture.shape[:2]
        picture[:top], picture[height - bottom :] = 0, 0
        picture[:, :left], picture[:, width - right :] = 0, 0
        return picture

    return paint


def _write(picture: Picture, text: str, x: int, y: int, scale: float) -> None:
    """White letters with a black rim, the baseline's left end at (x, y)."""
    for colour, thickness in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        cv2.putText(picture, text, (x, y), _FONT, scale, colour, thickness, cv2.LINE_AA)


def caption(*lines: str) -> Paint:
    """Subtitles, centred near the lower edge."""

    def paint(picture: Picture, t: float, rng: np.random.Generator) -> Picture:
        height, width = picture.shape[:2]
        scale = height / 480
        for k, line in enumerate(lines):
            (wide, _), _ = cv2.getTextSize(line, _FONT, scale, 1)
            _write(
                picture,
                line,
                (width - wide) // 2,
                round(height * (0.94 - 0.09 * (len(lines) - 1 - k))),
                scale,
            )
        return picture

    return paint


def ticker(text: str, share_per_second: float = 0.2) -> Paint:
    """A band along the lower edge on which `text` runs to the left, by `share_per_second` of the width."""

    def paint(picture: Picture, t: float, rng: np.random.Generator) -> Picture:
        height, width = picture.shape[:2]
        band = round(height * 0.12)
        picture[height - band :] = (120, 30, 20)
        _write(picture, text, round(width * (0.3 - share_per_second * t)), height - band // 3, height / 480)
        return picture

    return paint


def things(seed: int, count: int = 6, share_per_second: float = 0.15) -> Paint:
    """Discs and boxes, each on its own straight way, by about that share of the picture's width a second."""

    def paint(picture: Picture, t: float, rng: np.random.Generator) -> Picture:
        height, width = picture.shape[:2]
        own = np.random.default_rng(seed)
        for k in range(count):
            angle, x, y = own.random() * 2 * np.pi, own.random(), own.random()
            colour = tuple(int(c) for c in own.integers(40, 256, 3))
            radius = round(height * (0.06 + 0.06 * own.random()))
            pace = width * share_per_second * (0.6 + 0.8 * own.random()) * t
            # Sixteenths of a pixel, or slow things would jump from pixel to pixel.
            cx = round(((x * width + pace * np.cos(angle)) % width) * 16)
            cy = round(((y * height + pace * np.sin(angle)) % height) * 16)
            if k % 2:
                near, far = (cx - 16 * radius, cy - 12 * radius), (cx + 16 * radius, cy + 12 * radius)
                cv2.rectangle(picture, near, far, colour, -1, cv2.LINE_AA, 4)
            else:
                cv2.circle(picture, (cx, cy), 16 * radius, colour, -1, cv2.LINE_AA, 4)
        return picture

    return paint


def grain(strength: float) -> Paint:
    """Noise of that standard deviation (in 0..255), new on every frame."""

    def paint(picture: Picture, t: float, rng: np.random.Generator) -> Picture:
        noisy = picture + strength * rng.standard_normal(picture.shape, np.float32)
        return np.clip(noisy, 0, 255).astype(np.uint8)

    return paint


def snow(picture: Picture, t: float, rng: np.random.Generator) -> Picture:
    """A detuned television: independent coarse grey noise and nothing else."""
    height, width = picture.shape[:2]
    small = rng.integers(0, 256, ((height + 3) // 4, (width + 3) // 4), np.uint8)
    wide = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.cvtColor(wide, cv2.COLOR_GRAY2BGR), np.uint8)
