"""Frames of a captioned clip, as the captioner saw them."""

from collections.abc import Sequence
from contextlib import suppress

from curate.frames_of import Jpeg, jpegs_at, jpegs_of
from curate.judging.source import Clip

MOST = 16
"""Frames of a clip that are shown; of more that were seen, evenly spread ones."""
FEW = 8
"""Frames that are shown of a clip whose captioner saw none: as many as a model sees by default."""


def frames_of(clip: Clip, part: str | None, most: int = MOST) -> list[Jpeg]:
    """Those of the stored frames that the captioner saw, or evenly spread ones where it saw none or some that
    were not stored (it asked for more than the scan keeps). Empty where none is to be had."""
    if part is None:
        return []
    # A missing or damaged part is no reason to leave out the clip: its words and its video are there.
    with suppress(OSError, ValueError):
        seen = _evenly(clip.frames_seen, most)
        found = jpegs_at(part, seen)
        if not seen or len(found) < len(seen):
            found = jpegs_of(part, clip.start_pts, clip.end_pts, min(most, len(seen) or FEW))
        return found
    return []


def _evenly(pts: Sequence[int], most: int) -> list[int]:
    ordered = sorted(set(pts))
    if len(ordered) <= most:
        return ordered
    return [ordered[int((number + 0.5) * len(ordered) / most)] for number in range(most)]
