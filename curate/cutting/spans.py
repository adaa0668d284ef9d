"""From transitions between shots to clips: leave transitions out, trim, drop the short, split the long.

Nothing here decodes anything: frames are their presentation timestamps, and every time is an integer of the
stream's time base or an exact fraction, so that a shot of exactly `min_seconds` is kept whatever the base.

Every frame lies in exactly one span, and the spans cover [first pts, end_pts) without a gap: what is too
short, trimmed away or part of a fade is a span too, with what dropped it in `dropped_by`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

VERSION = 2
"""Counts up when the same transitions and options give other spans."""

TRANSITION = "cuts.transition"
MIN_SECONDS = "cuts.min_seconds"
TRIM_SECONDS = "cuts.trim_seconds"

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Span:
    """A run of whole frames [start_pts, end_pts) of one video, in the stream's time base."""

    start_pts: int
    """Timestamp of the first frame."""
    end_pts: int
    """Timestamp of the first frame after the span; for the last span, when the video's last frame ends."""
    frames: int
    """Decoded frames with start_pts <= pts < end_pts, at least 1."""
    dropped_by: str | None = None
    """None for a clip; `cuts.transition` for the frames of a fade or dissolve; otherwise the option that
    ruled it out: `cuts.min_seconds` or `cuts.trim_seconds`."""


class SpanOptions(BaseModel):
    """How shots become clips. The order is: trim, then drop the short, then split the long.

    `min_seconds: 0`, `trim_seconds: 0` and a huge `max_seconds` give the bare shots.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_seconds: Seconds = 2.0
    """A shot of which trimming leaves less than this is one row, dropped by `cuts.min_seconds`. So is a
    part of a split shot that is shorter, which only happens where max_seconds < 2 * min_seconds: parts can
    be half of max_seconds. 2 s is what Open-Sora 2.0 asks for."""
    max_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 20.0
    """A longer shot is split into the fewest parts that are no longer than this and equal in time: a
    boundary is the frame that starts nearest to the even division, so that at a constant rate parts differ
    by one frame at most. Only a single frame that is shown for longer than max_seconds makes a longer
    part."""
    trim_seconds: Seconds = 0.0
    """Cut off at least this much, in whole frames, at both ends of a shot, but only where another one is
    beside it: a dissolve or a late detection leaves frames of the neighbour there, and the first and last
    frame of the file have no neighbour. What is cut off are rows dropped by `cuts.trim_seconds`; a shot of
    which nothing is left is one row (by `cuts.min_seconds`, or by `cuts.trim_seconds` where min_seconds is
    0)."""

    @model_validator(mode="after")
    def _can_hold(self) -> Self:
        if self.min_seconds > self.max_seconds:
            raise ValueError(
                f"min_seconds {self.min_seconds:g} is above max_seconds {self.max_seconds:g}, so no clip can "
                "ever be kept: lower min_seconds or raise max_seconds"
            )
        return self


def spans_of(
    transitions: npt.ArrayLike,
    pts: npt.ArrayLike,
    end_pts: int,
    time_base: Fraction,
    options: SpanOptions,
) -> list[Span]:
    """The spans of one video, in order.

    transitions: int (k, 2), frames [first, end) that belong to neither shot, ascending and apart; a hard cut
    has first == end, the first frame of the new shot. pts: int64 (n,), strictly ascending: all decoded
    frames. end_pts: when the last of them ends. No frames, no spans. ValueError where these do not fit
    together.
    """
    times = _boundaries(pts, end_pts)
    frames = len(times) - 1
    if frames == 0:
        return []
    found = _checked(transitions, frames)
    # In ticks; what exceeds the whole video is all the same, and the sums below must fit 64 bits.
    whole = int(times[-1] - times[0])
    least = min(ceil(_exact(options.min_seconds) / time_base), whole + 1)
    most = min(floor(_exact(options.max_seconds) / time_base), whole)
    trim = min(ceil(_exact(options.trim_seconds) / time_base), whole)

    def span(first: int, end: int, dropped_by: str | None = None) -> Span:
        return Span(int(times[first]), int(times[end]), end - first, dropped_by)

    def shot(first: int, end: int) -> Iterator[Span]:
        start, stop = _trimmed(times, first, end, trim if first > 0 else 0, trim if end < frames else 0)
        if start >= stop:
            yield span(first, end, MIN_SECONDS if least > 0 else TRIM_SECONDS)
        elif times[stop] - times[start] < least:
            yield span(first, end, MIN_SECONDS)
        else:
            if first < start:
                yield span(first, start, TRIM_SECONDS)
            for a, b in _parts(times, start, stop, most):
                yield span(a, b, MIN_SECONDS if times[b] - times[a] < least else None)
            if stop < end:
                yield span(stop, end, TRIM_SECONDS)

    spans: list[Span] = []
    at = 0
    for first, end in [*found, (frames, frames)]:
        if at < first:
            spans += shot(at, first)
        if first < end:
            spans.append(span(first, end, TRANSITION))
        at = end
    return spans


def _exact(seconds: float) -> Fraction:
    """The decimal that the user wrote: 0.1 is 1/10, and not the double next to it, which is larger."""
    return Fraction(str(seconds))


def _boundaries(pts: npt.ArrayLike, end_pts: int) -> npt.NDArray[np.int64]:
    """Where frames start, and where the last one ends: int64 (n + 1,), or (1,) without frames."""
    starts = np.asarray(pts, dtype=np.int64)
    if starts.ndim != 1:
        raise ValueError(f"pts must be one row of timestamps, not of shape {starts.shape}")
    times = np.append(starts, np.int64(end_pts))
    if starts.size and not bool(np.all(np.diff(times) > 0)):
        raise ValueError("timestamps must ascend strictly and the last frame must end after it starts")
    return times


def _checked(transitions: npt.ArrayLike, frames: int) -> list[tuple[int, int]]:
    """The transitions as pairs; a gradual one may touch the ends of the video, a hard cut may not."""
    pairs = [(int(first), int(end)) for first, end in np.asarray(transitions, dtype=np.int64).reshape(-1, 2)]
    at = 0
    for number, (first, end) in enumerate(pairs):
        apart = first > at or (number == 0 and first == 0 and end > first)
        if not apart or end < first or end > frames or first >= frames:
            raise ValueError(f"transitions must ascend, apart, within frames 0 to {frames}: {pairs}")
        at = end
    return pairs


def _trimmed(times: npt.NDArray[np.int64], first: int, end: int, head: int, tail: int) -> tuple[int, int]:
    """The frames [start, stop) of a shot that begin `head` after its start and end `tail` before its end."""
    start = int(np.searchsorted(times, times[first] + head, side="left"))
    stop = int(np.searchsorted(times, times[end] - tail, side="right")) - 1
    return start, stop


def _parts(times: npt.NDArray[np.int64], first: int, end: int, most: int) -> Iterator[tuple[int, int]]:
    """Divide frames [first, end) into the fewest parts of at most `most` ticks, as equal as frames allow.

    The even division may put a boundary so that a part comes out a fraction of a frame too long. So each
    boundary is held between the earliest from which the remaining parts still suffice and the last that the
    part reaches.
    """
    if times[end] - times[first] <= most:
        yield first, end
        return

    def reach(start: int) -> int:
        """The furthest end of a part that starts here; a frame longer than `most` is a part of its own."""
        return max(start + 1, int(np.searchsorted(times, times[start] + most, side="right")) - 1)

    # Filling every part from the back gives the fewest parts and the earliest boundaries at once.
    earliest = [end]
    while earliest[-1] > first:
        later = earliest[-1]
        earliest.append(min(later - 1, int(np.searchsorted(times, times[later] - most, side="left"))))
    earliest.reverse()
    count = len(earliest) - 1

    origin, length = int(times[first]), int(times[end] - times[first])
    start = first
    for part in range(1, count):
        # Everything times `count`, to stay in whole numbers; Python's do not overflow.
        ideal = length * part
        near = int(np.searchsorted(times, origin + ideal // count, side="right")) - 1
        if (int(times[near + 1]) - origin) * count - ideal <= ideal - (int(times[near]) - origin) * count:
            near += 1
        low = max(start + 1, earliest[part])
        high = min(reach(start), end - (count - part))
        stop = min(max(near, low), high)
        yield start, stop
        start = stop
    yield start, end
