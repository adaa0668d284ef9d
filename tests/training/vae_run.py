"""A run folder of made clips, as a manifest sees it: for tests of training the autoencoder."""

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from curate import clips
from training.manifest import Manifest
from training.pictures import U8, write_mp4


def drawn(seed: int, frames: int = 21, height: int = 96, width: int = 128) -> U8:
    """A bright disc that moves over a slope of two colours: RGB [T, H, W, 3]."""
    rng = np.random.default_rng(seed)
    dark, light, disc = rng.integers(0, 256, (3, 3))
    y, x = np.mgrid[:height, :width]
    slope = ((x / width + y / height) / 2)[..., None]
    back = dark * (1 - slope) + light * slope
    place, speed = rng.uniform(0.3, 0.7, 2) * (height, width), rng.uniform(-1.5, 1.5, 2)
    pictures = []
    for t in range(frames):
        cy, cx = place + speed * t
        inside = ((y - cy) ** 2 + (x - cx) ** 2 < (height / 5) ** 2)[..., None]
        pictures.append(np.where(inside, disc, back))
    return np.stack(pictures).round().astype(np.uint8)


def digest_of(data: bytes) -> str:
    """What `samples.digest` says of a file."""
    hashed = clips.new_hash()
    hashed.update(data)
    return hashed.hexdigest()


def made_run(folder: Path, count: int = 6, validation: int = 2, **changes: dict[int, Any]) -> Path:
    """Write `count` clips into a shard and a manifest of them; the manifest's path.

    The last `validation` clips are for validation. `changes`: column -> {row: value}; `bytes`: the MP4's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    with tarfile.open(folder / "shard.tar", "w") as tar:
        for number in range(count):
            film = drawn(number)
            write_mp4(folder / "clip.mp4", film, 24)
            data = changes.get("bytes", {}).get(number, (folder / "clip.mp4").read_bytes())
            member = tarfile.TarInfo(f"{number}.mp4")
            member.size = len(data)
            rows.append((number, tar.offset + tarfile.BLOCKSIZE, len(data), film.shape, digest_of(data)))
            tar.addfile(member, io.BytesIO(data))
    (folder / "clip.mp4").unlink()
    ids = [clips.digest(f"clip {number}".encode()) for number in range(count)]
    columns: dict[str, Any] = {
        "key": [one.hex() for one in ids],
        "shard": ["shard.tar"] * count,
        "mp4_offset": [row[1] for row in rows],
        "mp4_bytes": [row[2] for row in rows],
        "digest": [row[4] for row in rows],
        "width": [row[3][2] for row in rows],
        "height": [row[3][1] for row in rows],
        "frames": [row[3][0] for row in rows],
        "fps": [24.0] * count,
        "seconds": [row[3][0] / 24 for row in rows],
        "has_audio": [False] * count,
        "captions": [[("dense", f"clip {number}")] for number in range(count)],
        "weight": [1.0] * count,
        "split": ["validation" if number >= count - validation else "train" for number in range(count)],
        "latents": [[] for _ in range(count)],
        "texts": [[] for _ in range(count)],
    }
    for name, values in changes.items():
        for number, value in values.items():
            if name != "bytes":
                columns[name][number] = value
    arrays = []
    for field in clips.MANIFEST:
        if field.name in ("clip_id", "video_id"):
            arrays.append(clips.ids_array(ids))
        else:
            arrays.append(pa.array(columns.get(field.name, [None] * count), field.type))
    path = folder / "manifest.parquet"
    Manifest(pa.Table.from_arrays(arrays, schema=clips.MANIFEST), str(folder)).write(path)
    return path
