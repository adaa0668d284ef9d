"""Reads clips back out of shards: a range of bytes, and from it the pictures that are shown at given times.

The bytes of a clip are read whole (a clip is a few MB) and compared with their digest before a decoder sees
them: H.264 hides damage, and a flipped bit would otherwise be a wrong picture and no error."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import av
import av.container
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from curate.clips import new_hash
from curate.media.container import demuxed, open_bytes, time_base, video_stream
from curate.media.errors import MediaError

SEEK_FROM = 2.0
"""Seconds into a clip from which its keyframes are used. Clips of shards are closed groups of pictures, and a
test compares both ways; below this, decoding what lies before is as quick."""

Show = Callable[[VideoFrame], npt.NDArray[np.uint8]]


def read_range(path: str, offset: int, size: int, digest: str | None = None) -> bytearray:
    """`size` bytes of a file from `offset`. Raises MediaError where it ends before, or where their digest (32
    hex digits) is another one; OSError where the file cannot be read."""
    with open(path, "rb", buffering=0) as file:
        data = bytearray(size)
        view = memoryview(data)
        at = 0
        while at < size:
            got = os.preadv(file.fileno(), [view[at:]], offset + at)
            if got == 0:
                raise MediaError(f"{os.path.basename(path)} ends {size - at} bytes too early.")
            at += got
    if digest is not None and _digest(data) != digest:
        raise MediaError(
            f"{size} bytes from {offset} of {os.path.basename(path)} are not those that were written."
        )
    return data


def _digest(data: bytearray) -> str:
    hashed: hashlib.blake2b = new_hash()
    hashed.update(data)
    return hashed.hexdigest()


def pictures(
    data: bytes | bytearray, name: str, seconds: Sequence[float], show: Show
) -> list[npt.NDArray[np.uint8]]:
    """`show` of the frame that is on screen at each of `seconds` (ascending, after the clip's first frame).

    `data` is an MP4 whose frames have ascending timestamps, as the shards hold them; `name` is what errors
    call it. Raises MediaError where it does not decode, or ends before.
    """
    with closing(open_bytes(data, name)) as container:
        stream = video_stream(container)
        start = float((stream.start_time or 0) * time_base(stream))
        wanted = [start + at for at in seconds]
        frames = _frames(container, stream, name, wanted[0] if seconds[0] >= SEEK_FROM else None)
        found: list[npt.NDArray[np.uint8]] = []
        for frame, until in frames:
            while len(found) < len(wanted) and (until is None or wanted[len(found)] < until):
                found.append(show(frame))
            if len(found) == len(wanted):
                return found
    raise MediaError(f"{name} has no frame at {seconds[len(found)]:.3f} s.")


def _frames(
    container: av.container.InputContainer, stream: VideoStream, name: str, after: float | None
) -> Iterator[tuple[VideoFrame, float | None]]:
    """(frame, seconds at which the next one is shown; for the last frame the end of the track), from a
    keyframe at or before `after` if given."""
    decoded = _decoded(container, stream, name)
    base = float(time_base(stream))
    if after is not None:
        container.seek(int(after / base), stream=stream, backward=True)
    held = next(decoded, None)
    if held is not None and after is not None and _ticks(held) * base > after:
        container.seek(0, stream=stream, backward=True)  # the seek went too far: from the start, then
        decoded = _decoded(container, stream, name)
        held = next(decoded, None)
    if held is None:
        raise MediaError(f"{name} has no frame that decodes.")
    for frame in decoded:
        yield held, _ticks(frame) * base
        held = frame
    # The durations of frames are those of decoding order; the track's is the clip's.
    ends = (stream.start_time or 0) + stream.duration if stream.duration else _ticks(held) + held.duration
    yield held, ends * base


def _decoded(container: av.container.InputContainer, stream: VideoStream, name: str) -> Iterator[VideoFrame]:
    """Frames in the order of presentation; nothing is salvaged."""
    try:
        for packet in demuxed(container, stream):
            yield from packet.decode()
    except av.FFmpegError as error:
        raise MediaError(f"{name} does not decode ({error.strerror or type(error).__name__}).") from error


def _ticks(frame: VideoFrame) -> int:
    if frame.pts is None:
        raise MediaError("a frame of a clip has no timestamp.")
    return frame.pts
