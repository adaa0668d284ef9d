"""What a worker reads of a clip before it asks about it: what was measured, and the frames of each window."""

import errno
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from captioners.dialogue.evidence import evidence_of
from captioners.dialogue.model import ModelCaptioner
from captioners.dialogue.prepared import Rgb
from captioners.dialogue.types import MERGE, Evidence, Image, Request, Sampling
from curate.frames_of import Jpeg, reduced
from curate.media import MediaError
from curate.plugins import ClipView
from stages.answers import window_spans
from stages.frames import frames_of
from stages.measure import failure
from stages.signals import Columns, read_part, span
from stages.worker import guarded, stamp

Row = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """What was read of a clip."""

    evidence: Mapping[int, Evidence]
    """Of each window, and of the whole clip (MERGE)."""
    images: Mapping[int, tuple[Image, ...]]
    """Of the windows that are asked about."""
    spans: tuple[tuple[float, float], ...]
    """Start and end of each window in seconds after the clip's start."""
    frames: Mapping[int, tuple[Rgb, ...]] = field(default_factory=dict)
    """The images of each window as the model's own pictures, RGB (h, w, 3), where the captioner prepares
    them."""


def told(line: Row, captioner: ModelCaptioner, limits: Row, asked: Collection[int]) -> Told | Row:
    """`asked`: windows whose frames are wanted.

    {"error"} for the clip's own fault, with "transient" where it may be the moment's; {"fatal"} for what must
    stop the run."""
    found: list[Told] = []

    def work() -> Row:
        try:
            found.append(_read(line, captioner, limits, asked))
        except OSError as error:
            # A part that is gone or damaged (Arrow gives no number then) is its clips' fault alone.
            if error.errno not in (None, errno.ENOENT):
                raise
            return failure(error)
        except MediaError as error:
            if type(error) is MediaError and stamp(line["source"]) is None:
                return {**failure(error), "transient": True}  # a disk that is not mounted
            raise
        return {}

    try:
        said = guarded(work)
    except Exception as error:  # a damaged part may raise anything
        said = failure(error)
    return found[0] if found else said


def _read(line: Row, captioner: ModelCaptioner, limits: Row, asked: Collection[int]) -> Told:
    clip, video, windows = line["clip"], line["video"], line["windows"]
    signals = {group: _part(path) for group, path in line["signals"].items()}
    spans = window_spans(clip, windows)
    views = [_view(clip, video, signals, start, end) for start, end in spans]
    # Lines of text are known of the whole clip only.
    words = line["words"]
    evidence = {
        number: evidence_of(view, words if windows == 1 else None) for number, view in enumerate(views)
    }
    evidence[MERGE] = evidence_of(_view(clip, video, signals, clip["start_pts"], clip["end_pts"]), words)
    images: dict[int, tuple[Image, ...]] = {}
    for number in range(windows):
        if number in asked:
            # Where nothing new is shown in a window, the last picture before it stands there.
            shown = next(n for n in range(number, -1, -1) if views[n].clip["frames"] or n == 0)
            found = _images(line, captioner, views[shown].clip, limits)
            images[number] = found if shown == number else (replace(found[-1], seconds=0.0),)
    frames = {}
    if captioner.PREPARES:
        blank = Request("", 0, 0, "", "", {}, Sampling(0.0, 1.0, 1, 0))
        frames = {
            number: captioner.prepare(replace(blank, images=seen)).frames for number, seen in images.items()
        }
    times = tuple((at(clip, start), at(clip, end)) for start, end in spans)
    return Told(evidence, images, times, frames)


def _images(
    line: Row, captioner: ModelCaptioner, window: Mapping[str, Any], limits: Row
) -> tuple[Image, ...]:
    side = captioner.short_side
    found = frames_of(line, dict(window), captioner.frames, side, limits)
    return tuple(Image(one.pts, round(at(window, one.pts), 6), _fitting(one, side)) for one in found)


def at(clip: Mapping[str, Any], pts: int) -> float:
    """Seconds after the start of a clip or window."""
    return float((pts - clip["start_pts"]) * Fraction(clip["time_base"]))


def _fitting(jpeg: Jpeg, side: int | None) -> bytes:
    """The JPEG, no larger than asked for."""
    return jpeg.data if side is None else reduced(jpeg.data, side)


def _view(clip: Row, video: Row, signals: Mapping[str, Columns], start: int, end: int) -> ClipView:
    """A span of the clip as a clip of its own."""
    base = Fraction(clip["time_base"])
    inside = {name: span(group, start, end) for name, group in signals.items()}
    own = {
        **clip,
        "start_pts": start,
        "end_pts": end,
        "start_seconds": float(start * base),
        "end_seconds": float(end * base),
        "frames": len(inside["picture"]["pts"]),
    }
    return ClipView(own, video, inside)


@lru_cache(maxsize=8)
def _part(path: str) -> Columns:
    """Signals of a video, kept for its next clip."""
    return read_part(path)
