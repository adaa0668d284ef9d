"""Frames of a clip, stored or decoded: what looks at pictures in a worker gets them here."""

import base64
from collections.abc import Mapping
from typing import Any

from curate.frames_of import Jpeg, jpegs_of
from curate.media import MediaError
from stages.worker import decode_call, stamp

Row = Mapping[str, Any]

SHORT_SIDE = 448
"""Of frames that are decoded because the scan stored none of the clip, if nobody asks for another."""


def decoded(item: Row, clip: Row, count: int, short_side: int | None, limits: Row) -> list[Jpeg]:
    """At most `count` frames of the clip (a span: start_pts, end_pts), decoded by seeking.

    `item`: source (path), irregular. Raises MediaError where none decodes."""
    arguments = {
        "path": item["source"], "start_pts": clip["start_pts"], "end_pts": clip["end_pts"],
        "count": count, "short_side": short_side or item.get("scan_side", SHORT_SIDE),
        "irregular": item["irregular"],
    }  # fmt: skip
    result = decode_call("frames", arguments, **limits)
    return [Jpeg(pts, base64.b64decode(data)) for pts, data in result["frames"]]


def frames_of(item: Row, clip: Row, count: int, short_side: int | None, limits: Row) -> list[Jpeg]:
    """At most `count` frames, distinct and in the order of time: stored ones if there are as many and they
    are large enough, else decoded ones. Fewer stored ones do where no more can be decoded.

    `item`: frames (path of the part), stored_side (largest short side for which stored ones do), scan_side
    (that of decoded ones if nobody asks for another), source, irregular."""
    large = short_side is None or short_side <= item["stored_side"]
    stored = jpegs_of(item["frames"], clip["start_pts"], clip["end_pts"], count) if large else []
    enough = min(count, clip["frames"] or count)
    if len(stored) >= enough:
        return stored
    try:
        found = decoded(item, clip, count, short_side, limits)
    except MediaError as error:
        # Where decoding was stopped or killed, another time may have them all.
        if stored and type(error) is MediaError and stamp(item["source"]) is not None:
            return stored
        raise
    return found if len(found) > len(stored) or not large else stored
