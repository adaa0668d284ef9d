"""What `score` and `caption` share: a plugin over many clips, video by video, from stored signals only."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from curate.plugins import ClipFilter, ClipView, Plugin, Score
from curate.state import Video
from curate.storage import Folder
from stages.signals import read_part, span

Row = dict[str, Any]


def views(
    folder: Folder, plugin: Plugin, clips: Sequence[Row], videos: Mapping[bytes, Video]
) -> Iterator[tuple[Row, ClipView | Exception]]:
    """Each clip with what the plugin reads of it; clips of one video follow each other, so it is read once.

    A part that cannot be read is an exception in place of its clips' views.
    """
    current: bytes | None = None
    columns: dict[str, dict[str, Any]] = {}
    broken: Exception | None = None
    for clip in sorted(clips, key=lambda clip: (clip["video_id"], clip["start_pts"])):
        video = videos[clip["video_id"]]
        if current != video.identity:
            current, broken = video.identity, None
            try:
                columns = {group: read_part(folder.path(video.parts[group])) for group in plugin.reads()}
            except (OSError, ValueError) as error:
                broken = error
        if broken is not None:
            yield clip, broken
            continue
        signals = {name: span(group, clip["start_pts"], clip["end_pts"]) for name, group in columns.items()}
        yield clip, ClipView(clip, video.row, signals)


def outcome(measure: Callable[[ClipView], Row], clip: Row, view: ClipView | Exception) -> Row:
    """The row that `measure` makes, or one with the error: a failing clip fails alone."""
    try:
        if isinstance(view, Exception):
            raise view
        row = dict(measure(view))
    except Exception as error:  # a plugin may raise anything, and only its clip may suffer
        row = failure(error)
    return {"clip_id": clip["clip_id"], "error": None, **row}


def failure(error: Exception) -> Row:
    """The row of a clip that could not be measured."""
    said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return {"error": said}


def checked(plugin: ClipFilter, found: Score) -> Row:
    """A filter's columns in their types; NaN and infinity are no scores."""
    kinds: dict[str, type] = {"score": float, **plugin.COLUMNS}
    unknown = set(found) - set(kinds)
    if unknown:
        raise ValueError(f"the filter returned the column {min(unknown)!r}, which is not in its COLUMNS")
    row: Row = {}
    for name, kind in kinds.items():
        value = found.get(name)
        if value is not None:
            value = kind(value)
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name} is {value}")
        row[name] = value
    return row
