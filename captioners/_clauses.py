"""The clauses of the captioner `measured`: each turns one column of a clip into words, or says nothing."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.flow_rows import flow_weights, weighted_mean
from curate.plugins import ClipView

Floats = npt.NDArray[np.float64]

SQUARE = 1.05
"""Sides that differ by less count as equal: encoders round sides to multiples of 2, 8 or 16."""
DARK, BRIGHT = 44.0, 152.0
"""Luma. A grey card of 18 % reflectance lies at 104 on BT.709's curve; 44 is two stops below it, 152 one
above."""
UNLIT = 16.0
"""Luma below which no colour is named, not even black and white: such a picture is black."""
LOW_CONTRAST, HIGH_CONTRAST = 18.4, 73.6
"""Standard deviation of values that are spread evenly over a quarter of the range, and over all of it."""
GREY, MUTED, VIVID = 8.0, 50.0, 110.0
"""Mean HSV saturation (0 to 255). Black-and-white film after coding had 0.4 to 2.4; a dozen clips in colour
30 to 176, of which 50 and 110 cut off the palest and the most saturated quarter. A dark picture is never
called muted or vivid: HSV saturation is high there whatever the chroma (146 and 202 in two night scenes)."""
ONE_STOP = 40.0
"""Luma between the first and last quarter of a clip: about one stop around middle grey."""
NOTHING_SHARE = 0.98
"""Share of a frame's pixels that makes it black or blown out: the default of FFmpeg's blackdetect."""
BAD_FRAMES = 0.05
"""Share of such frames from which it is said; UltraVideo drops clips with more."""
PULLDOWN = 0.2
"""One repeated frame in five is film at 24 frames per second shown at 30."""
STILL_PICTURE = 0.95
"""Share of repeated frames in a slide or a frozen picture; a keyframe may differ by its coding alone."""
ABRUPT, STANDS_OUT = 27.0, 2.0
"""Change score of a cut or flash, the default threshold of scenedetect's ContentDetector, if it and its
brightness part are also twice the median of the four frames around: in a whip pan all are high, and hue is
noise in a grey fade."""
HARDLY, GENTLE = 0.3, 3.0
"""Percent of the picture's diagonal per second: where the noise of flow ends, and an object that needs half a
minute to cross the picture."""
QUICK = 100 / 7
"""Percent of the picture's width per second: cinematographers let an object take at least seven seconds to
cross the picture, since a faster pan judders at 24 frames per second."""
FAST = QUICK * 16 / math.hypot(16, 9)
"""The same in percent of the diagonal of a 16:9 picture: 12.5."""
SLOW, MOVES = 5.0, 2.0
"""Percent of the picture's width per second, at its edge: slower is `slowly`, and below 2 (a tenth of the
picture in five seconds) no direction is named."""
MOSTLY = 0.65
"""Share of the motion that is `most of it`: about two thirds."""


@dataclass(frozen=True)
class Clause:
    """A statement and the measure that it rests on."""

    text: str
    column: str
    """What was measured, in terms of the run's tables."""
    value: float | str
    """What the measure was."""
    word: str = ""
    """As an adjective in the short caption, if it is worth a word there."""


def column(clip: ClipView, group: str, name: str) -> Floats:
    """A column as float64, NaN where it has no value; empty where the clip has no such column."""
    values = clip.signals.get(group, {}).get(name)
    return np.empty(0) if values is None else np.asarray(values).astype(np.float64)


def mean(values: Floats) -> float | None:
    """Mean of the numbers among `values`; None where there are none."""
    return weighted_mean(values, np.ones(len(values)))


def tier(value: float, *tiers: tuple[float, str], last: str) -> str:
    """The word of the first tier whose limit lies above `value`."""
    return next((word for limit, word in tiers if value < limit), last)


def shown(clip: ClipView) -> tuple[int, int] | None:
    width, height = clip.video.get("width"), clip.video.get("height")
    return (int(width), int(height)) if width and height else None


def orientation(clip: ClipView) -> Clause | None:
    if (size := shown(clip)) is None:
        return None
    aspect = size[0] / size[1]
    word = tier(aspect, (1 / SQUARE, "portrait"), (SQUARE, "square"), last="landscape")
    return Clause(f"is in {word} format", "videos.width / videos.height", aspect, word)


def resolution(clip: ClipView) -> Clause | None:
    if (size := shown(clip)) is None:
        return None
    text = f"{size[0]} x {size[1]} pixels"
    return Clause(f"has {text}", "videos.width, videos.height", text)


def duration(clip: ClipView) -> Clause | None:
    seconds = clip.seconds
    text = f"{seconds:.1f}" if seconds >= 1 else f"{seconds:.2f}"
    return Clause(f"lasts {text} seconds", "clips.end_seconds - clips.start_seconds", seconds)


def rate(clip: ClipView) -> Clause | None:
    if not clip.clip.get("frames") or clip.seconds <= 0:
        return None
    fps = int(clip.clip["frames"]) / clip.seconds
    text = f"{fps:.2f}".rstrip("0").rstrip(".")
    return Clause(f"runs at {text} frames per second", "clips.frames / (end_seconds - start_seconds)", fps)


def brightness(clip: ClipView) -> Clause | None:
    if (luma := mean(column(clip, "picture", "luma"))) is None:
        return None
    text = tier(luma, (DARK, "dark"), (BRIGHT, "moderately bright"), last="bright")
    return Clause(text, "mean(picture.luma)", luma, "" if text == "moderately bright" else text)


def contrast(clip: ClipView) -> Clause | None:
    if (deviation := mean(column(clip, "picture", "contrast"))) is None:
        return None
    word = tier(deviation, (LOW_CONTRAST, "low"), (HIGH_CONTRAST, "medium"), last="high")
    return Clause(f"{word} in contrast", "mean(picture.contrast)", deviation)


def colour(clip: ClipView) -> Clause | None:
    saturation, luma = (mean(column(clip, "picture", name)) for name in ("saturation", "luma"))
    if saturation is None or (luma is not None and luma < (UNLIT if saturation < GREY else DARK)):
        return None
    word = tier(saturation, (GREY, "black-and-white"), (MUTED, "muted"), (VIVID, "moderate"), last="vivid")
    text = "black and white" if saturation < GREY else f"{word} in colour"
    return Clause(text, "mean(picture.saturation)", saturation, "" if word == "moderate" else word)


def light(clip: ClipView) -> Clause | None:
    luma = column(clip, "picture", "luma")
    quarter = max(1, len(luma) // 4)
    start, end = mean(luma[:quarter]), mean(luma[-quarter:])
    if start is None or end is None or abs(end - start) < ONE_STOP:
        return None
    text = "grows brighter" if end > start else "grows darker"
    return Clause(text, "picture.luma, last quarter - first quarter", end - start)


def nothing(name: str, text: str) -> Callable[[ClipView], Clause | None]:
    """The clause about frames that are black, or blown out."""

    def say(clip: ClipView) -> Clause | None:
        pixels = column(clip, "picture", name)
        pixels = pixels[np.isfinite(pixels)]
        if not len(pixels) or (frames := float((pixels >= NOTHING_SHARE).mean())) < BAD_FRAMES:
            return None
        extent = tier(frames, (0.5, "for a part of it"), (1.0, "for most of it"), last="throughout")
        return Clause(
            f"is {text} {extent}", f"share of frames with picture.{name} >= {NOTHING_SHARE}", frames
        )

    return say


def repeats(clip: ClipView) -> Clause | None:
    # The first frame is compared with the one before the clip, here and in `changes`.
    if (repeated := mean(column(clip, "picture", "repeated")[1:])) is None or repeated < PULLDOWN:
        return None
    words = tier(
        repeated, (0.5, "repeats many frames"), (STILL_PICTURE, "repeats most frames"), last="is a still"
    )
    return Clause(words, "share of frames with picture.repeated", repeated)


def changes(clip: ClipView) -> Clause | None:
    parts = [column(clip, "content", name)[1:] for name in ("delta_hue", "delta_sat", "delta_lum")]
    if not len(parts[0]) or len({len(part) for part in parts}) > 1:
        return None
    scores = np.mean(parts, axis=0)
    if not np.isfinite(scores).all():
        return None
    found = np.flatnonzero(scores >= ABRUPT).tolist()
    count = sum(stands_out(scores, at) and stands_out(parts[2], at) for at in found)
    text = f"has {count or 'no'} abrupt change{'' if count == 1 else 's'} of picture"
    return Clause(
        text,
        f"frames whose (delta_hue + delta_sat + delta_lum) / 3 of content stands out above {ABRUPT:g}",
        count,
    )


def stands_out(scores: Floats, at: int) -> bool:
    """Whether a change score towers above the two before and the two after it."""
    around = np.concatenate((scores[max(0, at - 2) : at], scores[at + 1 : at + 3]))
    return not len(around) or bool(scores[at] >= STANDS_OUT * np.median(around))


def flow_mean(clip: ClipView, name: str, *, magnitude: bool = False) -> float | None:
    """Mean over the clip of a flow column, or of its magnitude; None where no flow was measured inside the
    clip."""
    rows, values = clip.signals.get("flow", {}), column(clip, "flow", name)
    if not len(values) or not {"pts", "ref_pts", "speed"} <= set(rows):
        return None
    weights = flow_weights(rows, int(clip.clip["start_pts"]))
    return weighted_mean(np.abs(values) if magnitude else values, weights)


def motion(clip: ClipView) -> Clause | None:
    if (speed := flow_mean(clip, "speed")) is None:
        return None
    word = tier(speed, (HARDLY, "hardly any"), (GENTLE, "gentle"), (FAST, "moderate"), last="fast")
    return Clause(f"{word} motion", "mean(flow.speed)", speed)


def within(clip: ClipView) -> Clause | None:
    speed, residual = flow_mean(clip, "speed"), flow_mean(clip, "residual")
    if speed is None or residual is None or speed < HARDLY:
        return None
    inside = residual / speed
    part = tier(
        inside,
        (1 - MOSTLY, "nearly all of it that of"),
        (MOSTLY, "part of it within"),
        last="most of it within",
    )
    return Clause(f"{part} the view", "mean(flow.residual) / mean(flow.speed)", inside)


MOVES_OF_THE_VIEW: dict[str, tuple[str, float, str, str]] = {
    # Flow is that of the picture's content, which goes the other way: content to the right, view to the left.
    "pan": ("pan_x", 1.0, "pans{} to the left", "pans{} to the right"),
    "tilt": ("pan_y", 1.0, "tilts{} up", "tilts{} down"),
    # At the picture's edge, half a width from its middle: growth by 2 % moves it by 1 % of the width.
    "zoom": ("zoom", 50.0, "closes{} in", "widens{}"),
    "roll": ("roll", math.radians(50.0), "rolls{} anticlockwise", "rolls{} clockwise"),
}
"""Clause: flow column, its factor to percent of the width per second at the edge, text where positive,
negative."""


def direction(clip: ClipView, name: str) -> Clause | None:
    """The clause about one way in which the view moves, if it keeps to one side for most of the clip."""
    source, factor, positive, negative = MOVES_OF_THE_VIEW[name]
    average, size = flow_mean(clip, source), flow_mean(clip, source, magnitude=True)
    if average is None or size is None:
        return None
    edge = abs(average) * factor
    if edge < MOVES or abs(average) < size / 2:
        return None
    how = tier(edge, (SLOW, " slowly"), (QUICK, ""), last=" quickly")
    return Clause((positive if average > 0 else negative).format(how), f"mean(flow.{source})", average)


def steadiness(clip: ClipView) -> Clause | None:
    """Whether the view stands, or moves without a direction.

    Nothing is said of a black picture, nor of movement where most of it is inside the view: there the
    movement of the whole is a guess."""
    factors = {source: factor for source, factor, _, _ in MOVES_OF_THE_VIEW.values()}
    means = {source: flow_mean(clip, source, magnitude=True) for source in factors}
    sizes = [size * factors[source] for source, size in means.items() if size is not None]
    black = mean(column(clip, "picture", "black"))
    if len(sizes) < len(factors) or (black is not None and black >= NOTHING_SHARE):
        return None
    largest = max(sizes)
    measured = (
        "largest mean of |flow.pan_x|, |pan_y|, |zoom|, |roll| in % of the width per second at the edge"
    )
    if largest < MOVES / 2:
        return Clause("holds still", measured, largest)
    inside = within(clip)
    guessed = inside is not None and float(inside.value) >= MOSTLY
    if largest < MOVES or guessed or any(direction(clip, name) for name in MOVES_OF_THE_VIEW):
        return None
    return Clause("moves to and fro", measured, largest)


def _direction(name: str) -> Callable[[ClipView], Clause | None]:
    return lambda clip: direction(clip, name)


CLAUSES: dict[str, Callable[[ClipView], Clause | None]] = {
    "orientation": orientation,
    "duration": duration,
    "resolution": resolution,
    "rate": rate,
    "colour": colour,
    "brightness": brightness,
    "contrast": contrast,
    "light": light,
    "black": nothing("black", "black"),
    "white": nothing("white", "blown out"),
    "repeats": repeats,
    "changes": changes,
    "motion": motion,
    "within": within,
    **{name: _direction(name) for name in MOVES_OF_THE_VIEW},
    "steadiness": steadiness,
}
"""Every clause by name."""
