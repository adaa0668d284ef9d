"""Single frames of a span, decoded: for clips of which the scan stored none."""

from collections.abc import Callable

import cv2

from curate.media.container import open_video, video_stream
from curate.media.decode import decode
from curate.media.errors import MediaError
from curate.media.picture import Viewer, rotation_of, usable_sar

QUALITY = 90


def stills(
    path: str,
    start_pts: int,
    end_pts: int,
    count: int,
    short_side: int,
    *,
    irregular: bool = False,
    progress: Callable[[], None] = lambda: None,
) -> list[tuple[int, bytes]]:
    """At most `count` frames of [start_pts, end_pts) as (pts, JPEG), evenly spread, in the order of time.

    The frame that is shown at the middle of each of `count` equal parts; one that is shown at several of
    them counts once, and a part without a frame of its own has the one before. `irregular`: do not seek.
    Raises MediaError where no frame of the span decodes.
    """
    with open_video(path) as container:
        stream = video_stream(container)
        sar = usable_sar(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio)
    wanted = [start_pts + (end_pts - start_pts) * (2 * part + 1) // (2 * count) for part in range(count)]
    found: list[tuple[int, bytes]] = []
    viewer: Viewer | None = None
    frames = decode(path, start_pts=start_pts, end_pts=end_pts, seek=not irregular, passing=progress)
    for frame in frames:
        progress()
        if viewer is None:
            viewer = Viewer(rotation_of(frame.image), sar)
        shown = [point for point in wanted if point < frame.pts + frame.duration]
        if shown:
            rgb = viewer.rgb(frame.image, short_side)
            done, data = cv2.imencode(
                ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
            )
            if done:
                found.append((frame.pts, bytes(data)))
            wanted = [point for point in wanted if point not in shown]
        if not wanted:
            break
    if not found:
        raise MediaError(f"no frame between {start_pts} and {end_pts} of {path} can be decoded.")
    return found
