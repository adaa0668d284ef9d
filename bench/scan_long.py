"""A long file, scanned in chunks and whole: wall time, CPU seconds and the peak memory of a worker.

Real footage is repeated by copying packets, once with a keyframe every two seconds (H.264) and once with a
single one (MPEG-4, in a file that calls no other packet a keyframe). Each is scanned by the step `scan` with
two workers: whole, as the baseline, and then in chunks; the parts of both must have the same bytes. The exit
code is 1 where a worker took more than 1.5 GB. Memory is the kernel's own high-water mark, so that no moment
between two looks is missed.
"""

import hashlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SHORT_SIDE = 180
GOP_SECONDS = 2
MOST_MEMORY = 1_500_000_000
"""A worker's, with its decoding process."""
WHOLE = 1e9
"""`chunk_seconds` at which nothing is split."""


@dataclass(frozen=True)
class Scan:
    """How a scan went."""

    seconds: float
    cpu: float
    frames: int
    chunks: int
    refused: str | None
    memory: int
    """Most bytes that one worker and its decoding process had in use: the sum of what each had at most."""
    digest: str
    """Of every part."""


def run(source: str, folder: str, minutes: float, chunk_seconds: float, workers: int) -> None:
    """Make the files in `folder` (those that exist are kept), scan them, print the table."""
    sys.path.insert(0, str(ROOT))
    from curate.cluster import Cluster

    Path(folder).mkdir(parents=True, exist_ok=True)
    files = {
        f"{GOP_SECONDS} s GOPs": repeated(
            source, Path(folder) / f"gops.{minutes:g}.mp4", minutes, single=False
        ),
        "one GOP": repeated(source, Path(folder) / f"single.{minutes:g}.mp4", minutes, single=True),
    }
    load = os.getloadavg()[0]
    print(f"{minutes:g} minutes, {workers} workers, chunks of {chunk_seconds:g} s, load {load:.1f}")
    print(f"{'file':12} {'scan':7} {'chunks':>6} {'wall s':>8} {'CPU s':>8} {'frames':>8} {'worker MB':>10}")
    most = 0
    with Cluster(workers) as cluster:
        cluster.start()
        for name, path in files.items():
            whole = scan(cluster, path, Path(folder) / "run", WHOLE)
            split = scan(cluster, path, Path(folder) / "run", chunk_seconds)
            most = max(most, whole.memory, split.memory)
            for label, one in (("whole", whole), ("chunks", split)):
                print(
                    f"{name:12} {label:7} {one.chunks:6} {one.seconds:8.1f} {one.cpu:8.1f} {one.frames:8} "
                    f"{one.memory / 1e6:10.0f}" + (f"  ({one.refused})" if one.refused else "")
                )
            assert split.digest == whole.digest, f"{path}: chunks gave other bytes"
            print(
                f"{name:12} chunks / whole: {split.seconds / whole.seconds:.2f} of the time, "
                f"{split.cpu / whole.cpu:.2f} of the CPU; the same bytes; load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
    print(f"a worker took at most {most / 1e6:.0f} MB (limit {MOST_MEMORY / 1e6:.0f})")
    if most > MOST_MEMORY:
        sys.exit(1)


def repeated(source: str, path: Path, minutes: float, *, single: bool) -> str:
    """`source`, encoded once, and its packets copied until `minutes` are full."""
    import av

    if path.exists():
        return str(path)
    unit = path.with_suffix(".unit.mp4")
    length = _encode(source, unit, single=single)
    with av.open(str(unit)) as old, av.open(str(path) + ".unfinished", "w", format="mp4") as new:
        template = old.streams.video[0]
        stream = new.add_stream_from_template(template)
        packets = [packet for packet in old.demux(template) if packet.size]
        data = [(bytes(p), p.pts, p.dts, p.duration, p.is_keyframe) for p in packets]
        base = template.time_base
        assert base is not None
        step = round(length / base)
        for turn in range(max(1, round(minutes * 60 / float(length)))):
            for content, pts, dts, duration, key in data:
                packet = av.Packet(content)
                packet.stream, packet.time_base, packet.duration = stream, base, duration
                packet.pts, packet.dts = pts + turn * step, dts + turn * step
                packet.is_keyframe = key and not (single and turn)
                new.mux(packet)
    os.replace(str(path) + ".unfinished", path)
    unit.unlink()
    return str(path)


def _encode(source: str, target: Path, *, single: bool) -> Fraction:
    """Write `source` at SHORT_SIDE; its length in seconds."""
    import av

    with av.open(source) as old, av.open(str(target), "w") as new:
        video = old.streams.video[0]
        rate = Fraction(round(video.average_rate or 25))
        width, height = (-(-side * SHORT_SIDE // min(video.width, video.height) // 2) * 2
                         for side in (video.width, video.height))  # fmt: skip
        gop = 100_000 if single else GOP_SECONDS * int(rate)
        options = (
            {"g": str(gop), "b": "600k", "sc_threshold": "1000000000"}
            if single
            else {"crf": "23", "x264-params": f"keyint={gop}:scenecut=0"}
        )
        stream: Any = new.add_stream("mpeg4" if single else "libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        count = 0
        for image in old.decode(video):
            image = image.reformat(width, height, "yuv420p")
            image.pts, image.time_base, image.pict_type = count, 1 / rate, 0
            new.mux(stream.encode(image))
            count += 1
        new.mux(stream.encode(None))
    return count / rate


def scan(cluster: Any, path: str, out: Path, chunk_seconds: float) -> Scan:
    """Index and scan one file into a run of its own."""
    from curate import state
    from curate.config import resolve
    from curate.context import Context, Keys
    from curate.progress import ProgressReporter
    from curate.storage import Folder, claim
    from curate.tables import Tables
    from stages import index
    from stages import scan as step
    from stages.inputs import listing

    shutil.rmtree(out, ignore_errors=True)
    options = {"chunk_seconds": chunk_seconds}
    plan = resolve("bench", {"input": path, "output": str(out), "scan": options})
    folder = Folder(str(out))
    claim(folder)
    context = Context(folder, Tables(folder), plan, Keys.of(plan), ProgressReporter(quiet=True))
    found = listing(plan.pipeline.input, folder.root)
    index.run(context, cluster, found)
    videos = list(state.videos(found.entries, context.tables, context.keys).values())
    with Memory() as memory:
        began = time.monotonic()
        step.run(context, cluster, videos)
        seconds = time.monotonic() - began
    row = context.tables.rows("scans")[0]
    assert row["error"] is None, row["error"]
    digest = hashlib.blake2b()
    for part in sorted([*out.glob("signals/*/*.parquet"), *out.glob("frames/*.parquet")]):
        digest.update(part.read_bytes())
    frames = context.count("scan").frames_decoded
    shutil.rmtree(out)
    return Scan(
        seconds,
        row["cpu_seconds"],
        frames,
        row["chunks"],
        row["chunk_error"],
        memory.most,
        digest.hexdigest(),
    )


class Memory(threading.Thread):
    """The most memory of a worker with its decoding process: looks twice a second, lest one ends unseen, and
    at the end, at what the kernel says that each had at most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0
        self._done = threading.Event()

    def __enter__(self) -> "Memory":
        for pair in pairs():
            for pid in pair:
                # 5 forgets the marks of earlier scans. Where that is not allowed they stay: never too low.
                with suppress(OSError):
                    Path(f"/proc/{pid}/clear_refs").write_text("5")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self.join()

    def run(self) -> None:
        ended = False
        while not ended:
            ended = self._done.wait(0.5)
            self.most = max([self.most, *(sum(map(peak, pair)) for pair in pairs())])


def peak(pid: int) -> int:
    """Most bytes that a process had resident; 0 of one that has ended."""
    try:
        rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(row.split()[1]) * 1024 for row in rows if row.startswith("VmHWM")), 0)


def pairs() -> Iterator[tuple[int, int]]:
    """Each decoding process below this one, with the worker that it belongs to."""
    parents, decoding = {}, []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            facts = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        pid = int(entry.name)
        parents[pid] = int(facts[1])
        if b"curate.media.child_main" in command:
            decoding.append(pid)
    for pid in decoding:
        above = pid
        while above not in (0, os.getpid()):
            above = parents.get(above, 0)
        if above:
            yield pid, parents[pid]
