"""RUN/audit: a page on which a person ticks what captions claim, beside the clip's video and frames.

It works from the disk, without a network or a program. It does not say which model wrote a caption: whoever
ticks should not know. The page names its pictures and videos by the clip's
id, in `media/` beside it; a page that is written anew replaces those of the one before, and leaves every
file of ticks alone."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from curate.frames_of import Jpeg
from curate.judging.claims import Claim, claims_of
from curate.judging.pictures import frames_of
from curate.judging.source import Clip, Source
from curate.sharding.tar import DamagedTar, digest_bytes
from curate.storage import Folder

FOLDER = "audit"
PAGE = f"{FOLDER}/index.html"
MEDIA = f"{FOLDER}/media"
MOST = 1000
"""Clips of an audit: some days' work, and a page that a browser can hold."""
_OURS = re.compile(r"[0-9a-f]{32}(?:-\d+\.jpg|\.mp4)")


@dataclass(frozen=True)
class Entry:
    """A clip on the page."""

    clip: Clip
    claims: tuple[Claim, ...]
    frames: tuple[tuple[str, float], ...]
    """File (relative to the page) and seconds after the clip's start of each."""
    video: str | None
    """File relative to the page; None where the clip is in no shard."""


@dataclass(frozen=True)
class Audit:
    """A page that was written."""

    path: str
    clips: int
    claims: int
    videos: int


def picked(source: Source, count: int, seed: int) -> list[Clip]:
    """The clips of an audit: `count` captioned ones by a hash of their ids and the seed. Those of a smaller
    count are among those of a larger one."""
    if not 1 <= count <= MOST:
        raise ValueError(f"--audit {count}: give a number of clips from 1 to {MOST}")
    found = source.clips(source.reached(count, f"audit {seed}", with_caption=True))
    if not found:
        raise ValueError(f"{source.folder.root} has no captions: run a pipeline first")
    return found


def write(source: Source, clips: Sequence[Clip], seed: int) -> Audit:
    """Write the page about these clips with its pictures and videos."""
    from curate.judging.page import render  # jinja2 is imported when there is a page to write

    parts, samples = source.frame_parts(clips), source.samples(clips)
    entries = []
    for clip in clips:
        frames = frames_of(clip, parts.get(clip.video_id))
        video = _video(source.folder, clip, samples.get(clip.clip_id))
        entries.append(Entry(clip, claims_of(clip), _pictures(source.folder, clip, frames), video))
    _tidy(source.folder, entries)
    source.folder.write(PAGE, render(source.name, entries, seed).encode("utf-8", "backslashreplace"))
    return Audit(
        source.folder.path(PAGE),
        len(entries),
        sum(len(entry.claims) for entry in entries),
        sum(entry.video is not None for entry in entries),
    )


def _pictures(folder: Folder, clip: Clip, frames: Sequence[Jpeg]) -> tuple[tuple[str, float], ...]:
    found = []
    for number, frame in enumerate(frames):
        name = f"{clip.clip_id.hex()}-{number}.jpg"
        folder.write(f"{MEDIA}/{name}", frame.data)
        found.append((f"media/{name}", clip.after(frame.pts)))
    return tuple(found)


def _video(folder: Folder, clip: Clip, sample: dict[str, Any] | None) -> str | None:
    """The clip's mp4, taken out of its shard; None where it is in none, or not as it was written."""
    if sample is None or sample["digest"] is None:
        return None
    name = f"{clip.clip_id.hex()}.mp4"
    with suppress(OSError, ValueError, DamagedTar):  # `curate verify` tells what is wrong with a shard
        with open(folder.path(sample["shard"]), "rb") as file:
            file.seek(sample["mp4_offset"])
            data = file.read(sample["mp4_bytes"])
        if digest_bytes(data) == sample["digest"]:
            folder.write(f"{MEDIA}/{name}", data)
            return f"media/{name}"
    return None


def _tidy(folder: Folder, entries: Sequence[Entry]) -> None:
    """Remove the media of an earlier page."""
    shown = {os.path.basename(name) for entry in entries for name, _ in entry.frames}
    shown |= {os.path.basename(entry.video) for entry in entries if entry.video is not None}
    for name in folder.names(MEDIA):
        base = os.path.basename(name)
        if base not in shown and _OURS.fullmatch(base):
            folder.remove(name)
