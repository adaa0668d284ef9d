"""Packed batches per second, from latents and from pixels, beside reading the bytes and a plain loader.

    python bench/loader.py [--clips 64] [--seconds 5] [--threads 2] [--step-ms 200] [--pack-tokens 8192]

Writes clips of four sizes (640x360 and less, 40 to 90 frames) into a tar, with latents of noise beside it,
and times, each for some seconds after a warm-up,
  bytes        the byte ranges that the batches need, read and nothing else: what no loader can beat
  latents      packed batches from the stored latents, captions drawn, digests compared
  pixels       packed batches from the clips: read, decoded, scaled, cropped
  webdataset   the same clips by webdataset and PyAV as most trainers do it: every frame of a clip decoded,
               the first ones resized; as many worker processes as there are threads above
  wait         the share of a step of --step-ms that the training waits for data, from latents and pixels;
               the step is matrix products on one thread, so that loader and training compete for the cores
"""

import argparse
import itertools
import os
import random
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pyarrow as pa
import torch

from curate import clips
from curate.media import Viewer
from curate.media.clip_reader import read_range
from curate.media.clip_writer import ClipWriter, VideoSettings
from curate.sharding.tar import Member, digest_bytes, offsets, write_tar
from training.data import Loader, Reader
from training.geometry import Grid, fit
from training.manifest import Manifest
from training.plan import Draw, Schedule
from training.windows import Sizes

SHAPES = ((640, 360), (360, 640), (480, 480), (320, 180))
GRID = Grid()
VAE = "noise"
MAX_FRAMES = 33


def write_clip(path: Path, width: int, height: int, frames: int, rng: np.random.Generator) -> bytes:
    """A texture that drifts, at 24 frames per second."""
    coarse = rng.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3), np.uint8)
    wide = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    viewer = Viewer()
    writer = ClipWriter(str(path), VideoSettings(width, height, 18, "veryfast", 24, Fraction(24)), None)
    for k in range(frames):
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.roll(wide, 3 * k, 1)), format="rgb24")
        writer.add(viewer.yuv(picture, (width, height)), k, 1)
    writer.finish()
    writer.close()
    return path.read_bytes()


def write_data(root: Path, count: int) -> Manifest:
    """Clips in a tar and latents in a file, with their manifest."""
    rng, chance = np.random.default_rng(0), random.Random(0)
    (root / "shards").mkdir()
    rows: list[dict[str, Any]] = []
    members: list[Member] = []
    with open(root / "latents.bin", "wb") as latents:
        for number in range(count):
            width, height = SHAPES[number % len(SHAPES)]
            frames = chance.randint(40, 90)
            data = write_clip(root / "clip.mp4", width, height, frames, rng)
            identity = clips.digest(str(number).encode())
            shape = fit(width, height, frames, 24.0, "256px", GRID, max_frames=MAX_FRAMES)
            windows = []
            for window in range(frames // shape.frames):
                size = GRID.latent(shape.frames, shape.height, shape.width)
                stored = rng.standard_normal((16, *size), np.float32).astype("<f2").tobytes()
                windows.append(
                    {
                        "vae": VAE, "window": window, "start_frame": window * shape.frames,
                        "frames": shape.frames,
                        "height": shape.height, "width": shape.width, "fps": 24.0,
                        "file": "latents.bin", "offset": latents.tell(), "bytes": len(stored),
                        "crc": zlib.crc32(stored),
                    }
                )  # fmt: skip
                latents.write(stored)
            rows.append(
                {
                    "clip_id": identity, "video_id": identity, "key": identity.hex(), "shard": "shards/a.tar",
                    "mp4_bytes": len(data), "digest": digest_bytes(data), "width": width, "height": height,
                    "frames": frames, "fps": 24.0, "seconds": frames / 24, "has_audio": False, "weight": 1.0,
                    "captions": [("dense", "A texture drifts. " * 8), ("short", "A texture.")],
                    "split": "train", "latents": windows, "texts": [],
                }
            )  # fmt: skip
            members += [
                Member(f"{identity.hex()}.mp4", len(data), data),
                Member(f"{identity.hex()}.txt", 1, b"x"),
            ]
    write_tar(str(root / "shards/a.tar"), members)
    for row, offset in zip(rows, offsets([member.size for member in members])[::2], strict=True):
        row["mp4_offset"] = offset
    columns = []
    for field in clips.MANIFEST:
        values = [row.get(field.name) for row in rows]
        columns.append(clips.ids_array(values) if field.type == clips.ID else pa.array(values, field.type))
    return Manifest(pa.Table.from_arrays(columns, schema=clips.MANIFEST), str(root))


def schedule_of(manifest: Manifest, tokens: int, vae: str | None) -> Schedule:
    sizes = Sizes(max_frames=MAX_FRAMES)
    return Schedule(manifest, 0, pack_tokens=tokens, sizes=sizes, vae=vae)


def timed(name: str, seconds: float, work: Iterator[tuple[int, int, int]]) -> None:
    """`work` yields (clips, frames, bytes) per batch; the first batch is not timed."""
    next(work)
    began, batches, total = time.perf_counter(), 0, np.zeros(3)
    while (spent := time.perf_counter() - began) < seconds:
        total += next(work)
        batches += 1
    clips_, frames, size = total / spent
    print(
        f"{name:<22}{batches / spent:>9.1f} batches/s {clips_:>9.1f} clips/s {frames:>9.0f} frames/s "
        f"{size / 1e6:>8.1f} MB/s"
    )


def place(manifest: Manifest, draw: Draw) -> tuple[str, int, int]:
    sample = manifest.sample(draw.row)
    if draw.latent < 0:
        return sample.shard, sample.mp4_offset, sample.mp4_bytes
    latent = sample.latents[draw.latent]
    return latent.file, latent.offset, latent.bytes


def raw_bytes(manifest: Manifest, schedule: Schedule) -> Iterator[tuple[int, int, int]]:
    """Reads what the batches of a schedule need. Where it lies is looked up before."""
    steps = [schedule.deal(step, 0, 1) for step in range(20)]
    known = [[(draw.frames, *place(manifest, draw)) for pack in packs for draw in pack] for packs in steps]
    for ranges in itertools.cycle(known):
        size = sum(len(read_range(manifest.path(file), at, many)) for _, file, at, many in ranges)
        yield len(ranges), sum(one[0] for one in ranges), size


def loaded(manifest: Manifest, schedule: Schedule, threads: int) -> Iterator[tuple[int, int, int]]:
    """The loader; its bytes are those of the tensors that come out."""
    with Loader(Reader(manifest), schedule.steps(0, 0, 1), threads=threads) as loader:
        for batch in loader:
            assert not batch.skipped, batch.skipped
            items = [item for pack in batch.packs for item in pack]
            tensors = [item.latent if item.latent is not None else item.pixels for item in items]
            size = sum(t.numel() * t.element_size() for t in tensors if t is not None)
            yield len(items), sum(item.draw.frames for item in items), size


def decode_plainly(sample: dict[str, Any]) -> torch.Tensor:
    """All frames of a clip as RGB, the first ones of which are resized."""
    import io

    with av.open(io.BytesIO(sample["mp4"]), "r") as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    height, width = frames[0].shape[:2]
    shape = fit(width, height, len(frames), 24.0, "256px", GRID, max_frames=MAX_FRAMES)
    size = (shape.width, shape.height)
    return torch.from_numpy(np.stack([cv2.resize(frame, size) for frame in frames[: shape.frames]]))


def plain_webdataset(root: Path, workers: int, clips_per_batch: int) -> Iterator[tuple[int, int, int]]:
    import webdataset  # type: ignore[import-untyped]

    data = webdataset.WebDataset(str(root / "shards/a.tar"), shardshuffle=False, nodesplitter=None)
    data = data.repeat().shuffle(32).map(decode_plainly)
    # One shard: each worker reads all of it.
    data.pipeline = [stage for stage in data.pipeline if "split_by_worker" not in repr(stage)]
    loader = torch.utils.data.DataLoader(data, batch_size=None, num_workers=workers)
    them = iter(loader)
    while True:
        batch = list(itertools.islice(them, clips_per_batch))
        yield len(batch), sum(len(one) for one in batch), sum(one.numel() for one in batch)


def waiting(
    name: str, manifest: Manifest, schedule: Schedule, threads: int, step_ms: float, seconds: float
) -> None:
    """The share of the time that a loop with steps of `step_ms` waits for data."""
    square = torch.randn(256, 256)

    def step() -> None:
        until = time.perf_counter() + step_ms / 1000
        while time.perf_counter() < until:
            torch.mm(square, square)

    with Loader(Reader(manifest), schedule.steps(0, 0, 1), threads=threads) as loader:
        batches = iter(loader)
        next(batches)
        step()
        began, before, steps = time.perf_counter(), loader.stats.wait_seconds, 0
        while time.perf_counter() - began < seconds:
            next(batches)
            step()
            steps += 1
        spent = time.perf_counter() - began
        share = (loader.stats.wait_seconds - before) / spent
    print(f"{name:<22}{share:>9.2%} of {steps} steps of {step_ms:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for option, kind, default in (
        ("clips", int, 64), ("seconds", float, 5), ("threads", int, 2), ("step-ms", float, 200),
        ("pack-tokens", int, 8192),
    ):  # fmt: skip
        parser.add_argument(f"--{option}", type=kind, default=default)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        manifest = write_data(root, options.clips)
        latents, pixels = (schedule_of(manifest, options.pack_tokens, vae) for vae in (VAE, None))
        plan = latents.epoch(0)
        print(
            f"{options.clips} clips, {plan.draws} windows, {plan.packs} packs of {options.pack_tokens} "
            f"tokens ({plan.utilisation:.1%} used), {os.cpu_count()} cores, {options.threads} threads\n"
        )
        per_batch = round(plan.draws / plan.packs)
        runs: list[tuple[str, Callable[[], Iterator[tuple[int, int, int]]]]] = [
            ("bytes of latents", lambda: raw_bytes(manifest, latents)),
            ("latents", lambda: loaded(manifest, latents, options.threads)),
            ("bytes of clips", lambda: raw_bytes(manifest, pixels)),
            ("pixels", lambda: loaded(manifest, pixels, options.threads)),
            ("webdataset", lambda: plain_webdataset(root, options.threads, per_batch)),
        ]
        for name, work in runs:
            timed(name, options.seconds, work())
        print()
        for name, schedule in (("wait, latents", latents), ("wait, pixels", pixels)):
            waiting(name, manifest, schedule, options.threads, options.step_ms, options.seconds)


if __name__ == "__main__":
    main()
