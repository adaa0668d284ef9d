"""The sound of a file measured without its pictures: the part that the scan of the whole file would write.

For a file that is scanned in chunks, and for a video whose pictures were scanned before anybody asked for its
sound: the whole file is read, and no picture is decoded.
"""

from collections.abc import Callable
from pathlib import Path

from curate.media.container import open_video, time_base, video_stream
from curate.media.decode import listen
from curate.signals.audio import NAME, SCHEMA, SoundRows
from curate.signals.parts import PartWriter
from curate.signals.scan_file import Part, part_path


def scan_sound(
    path: str,
    out_dir: str | Path,
    *,
    video_id: bytes,
    name: str,
    progress: Callable[[float], None] | None = None,
) -> Part:
    """Write the part `audio` of `path`, without rows if it has no sound.

    `progress` is called with the number of packets read. Raises MediaError if the file cannot be opened; then
    no part is left behind.
    """
    with open_video(path) as container:
        base = time_base(video_stream(container))
    target = Path(out_dir) / part_path(NAME, name)
    packets = 0

    def read() -> None:
        nonlocal packets
        packets += 1
        if progress is not None:
            progress(packets)

    with PartWriter(target, SCHEMA, video_id) as writer:
        rows = SoundRows(base, writer.add)
        listen(path, rows.hear, read)
        rows.finish()
    return Part(part_path(NAME, name), writer.rows, target.stat().st_size)


def scan_sound_from_json(
    path: str, out_dir: str, video_id: str, name: str, progress: Callable[[float], None] | None = None
) -> Part:
    """`scan_sound` with JSON arguments: `video_id` as 32 hex digits."""
    return scan_sound(path, out_dir, video_id=bytes.fromhex(video_id), name=name, progress=progress)
