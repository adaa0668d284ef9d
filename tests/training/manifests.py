"""Manifests for tests: rows from a few numbers, and shards with real clips."""

import random
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa

from curate import clips
from curate.media import Viewer
from curate.media.clip_writer import ClipWriter, VideoSettings
from curate.sharding.tar import Member, digest_bytes, offsets, write_tar
from training.manifest import Manifest

ROWS = pa.schema([clips.MANIFEST.field(name) for name in clips.MANIFEST.names])


def row(number: int, **facts: Any) -> dict[str, Any]:
    """A sample of 64 frames of 320x180 at 24 frames per second; two to a video."""
    identity = clips.digest(b"clip", str(number).encode())
    return {
        "clip_id": identity, "video_id": clips.digest(b"video", str(number // 2).encode()),
        "key": identity.hex(), "shard": "shards/a.tar", "mp4_offset": 512, "mp4_bytes": 1000,
        "digest": "0" * 32, "width": 320, "height": 180, "frames": 64, "fps": 24.0, "seconds": 64 / 24,
        "has_audio": False, "audio_start": None, "audio_rate": None,
        "captions": [("dense", f"Clip {number}, at length."), ("short", f"Clip {number}.")],
        "motion": 1.5, "aesthetic": None, "weight": 1.0, "split": "train", "latents": [], "texts": [],
    } | facts  # fmt: skip


def table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    columns = []
    for field in clips.MANIFEST:
        values = [one[field.name] for one in rows]
        columns.append(clips.ids_array(values) if field.type == clips.ID else pa.array(values, field.type))
    return pa.Table.from_arrays(columns, schema=clips.MANIFEST)


def manifest(rows: Sequence[dict[str, Any]], root: str | Path = "/nowhere") -> Manifest:
    return Manifest(table(rows), str(root))


def mixed(seed: int, count: int, **facts: Any) -> Manifest:
    """Samples of all sizes, lengths, rates and weights."""
    rng = random.Random(seed)
    sizes = [(1920, 1080), (640, 360), (360, 640), (480, 480), (1280, 544), (96, 64), (30, 200)]
    rows = []
    for number in range(count):
        width, height = rng.choice(sizes)
        frames, fps = rng.randint(1, 400), rng.choice([8.0, 23.976, 25.0, 30.0, 60.0])
        known = {
            "width": width, "height": height, "frames": frames, "fps": fps, "seconds": frames / fps,
            "weight": rng.choice([0.0, 0.3, 1.0, 1.0, 1.0, 2.5]),
            "split": "validation" if number // 2 % 10 == 7 else "train",
        }  # fmt: skip
        rows.append(row(seed * 100_000 + number, **(known | facts)))
    return manifest(rows)


def numbered(number: int, frame: int, width: int, height: int) -> np.ndarray:
    """Frame `frame` of clip `number`: grey levels that say which it is, with an edge to scale."""
    picture = np.full((height, width, 3), 16 + (frame * 5 + number * 3) % 200, np.uint8)
    picture[:, width // 2 :] = np.minimum(picture[:, width // 2 :].astype(int) + 20, 255)
    return picture


def mp4(
    path: Path, number: int, frames: int, size: tuple[int, int], fps: Fraction = Fraction(24), crf: float = 8
) -> bytes:
    """A clip as shards hold it."""
    viewer = Viewer()
    settings = VideoSettings(*size, crf=crf, preset="veryfast", timescale=fps.numerator, rate=fps)
    writer = ClipWriter(str(path), settings, None)
    for k in range(frames):
        picture = av.VideoFrame.from_ndarray(numbered(number, k, *size), format="rgb24")
        writer.add(viewer.yuv(picture, size), k * fps.denominator, fps.denominator)
    writer.finish()
    writer.close()
    return path.read_bytes()


def sharded(
    root: Path, lengths: Sequence[int], size: tuple[int, int] = (96, 64), **facts: Any
) -> list[dict[str, Any]]:
    """Rows of samples whose clips of so many frames lie in one real tar below `root`."""
    rows, members = [], []
    for number, frames in enumerate(lengths):
        data = mp4(root / "clip.mp4", number, frames, size)
        one = row(
            number, frames=frames, width=size[0], height=size[1], seconds=frames / 24,
            digest=digest_bytes(data), mp4_bytes=len(data), **facts,
        )  # fmt: skip
        rows.append(one)
        members.append(Member(f"{one['key']}.mp4", len(data), data))
    for one, offset in zip(rows, offsets([member.size for member in members]), strict=True):
        one["mp4_offset"] = offset
    write_tar(str(root / "shards" / "a.tar"), members)
    return rows


def corrupt(root: Path, one: dict[str, Any]) -> None:
    """Flip a bit in the middle of a sample's clip."""
    with open(root / one["shard"], "r+b") as file:
        file.seek(one["mp4_offset"] + one["mp4_bytes"] // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 16]))
