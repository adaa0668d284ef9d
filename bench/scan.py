"""What the scan costs beside bare decoding: CPU seconds and peak memory, in ratios per file.

    python bench/scan.py FILES...               measure these files
    python bench/scan.py --make DIR FILES...    first make 1080p files of 30 s at 6 Mb/s from them in DIR
    python bench/scan.py --long DIR FILE        a two-hour file (--minutes) made from FILE in DIR, in chunks

Three programs per file, each in a process of its own, all with one thread: PyAV decoding every frame and
nothing else; the scan with every signal group, JPEGs and Parquet; scenedetect's `detect-adaptive`. CPU
seconds (user + system, as the kernel counts them, start of Python and imports included) are the least of the
rounds, which take turns, so that a busy machine disturbs all alike. The issue's limit for the median of ours
/ bare is 1.7 on 1080p at 4 Mb/s or more.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle
from pathlib import Path

SECONDS = 30
BIT_RATE = 6_000_000
SIZE = (1920, 1080)
PROGRAMS = ("bare", "ours", "scenedetect")


@dataclass(frozen=True)
class Cost:
    """CPU seconds and peak resident memory (bytes) of a process."""

    cpu: float
    memory: int


def bare(path: str) -> None:
    """Decode every frame with PyAV on one thread."""
    import av

    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        stream.codec_context.thread_type = "NONE"
        for _ in container.decode(stream):
            pass


def ours(path: str) -> None:
    """The whole scan into a temporary folder."""
    from curate.signals import GROUPS
    from curate.signals.frames import FramesOptions
    from curate.signals.scan_file import scan_file

    with tempfile.TemporaryDirectory() as folder:
        scan_file(path, folder, video_id=bytes(16), groups=list(GROUPS), frames=FramesOptions(), name="part")


def measure(program: str, path: str) -> Cost:
    """Run one program on one file and wait for it."""
    if program == "scenedetect":
        command = [sys.executable, "-m", "scenedetect", "-q", "-i", path, "detect-adaptive"]
    else:
        command = [sys.executable, __file__, "--one", program, path]
    root = str(Path(__file__).resolve().parents[1])
    one_thread = {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OPENCV_FFMPEG_CAPTURE_OPTIONS": "threads;1",
        "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH")))),
    }
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, env=os.environ | one_thread, cwd=folder, stdout=said, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{program} failed on {path}:\n{said.read().decode(errors='replace')}")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def make(sources: list[str], folder: str) -> list[str]:
    """1080p files of SECONDS at BIT_RATE from `sources`, each repeated and scaled up; those that exist are
    kept."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    return [_make_one(source, str(Path(folder) / f"{Path(source).stem}.1080p.mp4")) for source in sources]


def _make_one(source: str, target: str) -> str:
    import av

    if Path(target).exists():
        return target
    with av.open(source) as container:
        rate = container.streams.video[0].average_rate or Fraction(25)
    unfinished = target + ".unfinished"
    with av.open(unfinished, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = BIT_RATE
        stream.options = {"preset": "medium", "maxrate": "8M", "bufsize": "12M"}
        images = _repeated(source)
        for index in range(round(SECONDS * rate)):
            image = next(images)
            image.pts, image.time_base, image.pict_type = index, 1 / rate, 0
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
    os.replace(unfinished, target)
    return target


def _repeated(source: str) -> "Iterator[av.VideoFrame]":  # noqa: F821 (av is imported where it is used)
    import av

    for _ in cycle((None,)):
        with av.open(source) as container:
            for image in container.decode(video=0):
                yield image.reformat(*SIZE, "yuv420p", interpolation="BICUBIC")


def main() -> None:
    """Parse the command line, measure, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--make", metavar="DIR", help="make 1080p files from FILES here and measure those")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", metavar="DIR", help="scan a long file made from FILE in DIR (scan_long.py)")
    parser.add_argument("--minutes", type=float, default=120, help="its length")
    parser.add_argument("--chunk-seconds", type=float, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--one", choices=("bare", "ours"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        {"bare": bare, "ours": ours}[asked.one](asked.files[0])
        return
    if asked.long:
        import scan_long

        source = str(Path(asked.files[0]).resolve())
        scan_long.run(source, asked.long, asked.minutes, asked.chunk_seconds, asked.workers)
        return
    files = make(asked.files, asked.make) if asked.make else asked.files
    files = [str(Path(file).resolve()) for file in files]
    least: dict[tuple[str, str], Cost] = {}
    for _ in range(max(1, asked.rounds)):
        for file in files:
            for program in PROGRAMS:
                cost = measure(program, file)
                best = least.get((file, program), cost)
                least[file, program] = Cost(min(cost.cpu, best.cpu), max(cost.memory, best.memory))
    _print(files, least)


def _print(files: list[str], least: dict[tuple[str, str], Cost]) -> None:
    print(f"{'file':40} {'bare s':>7} {'ours s':>7} {'scened. s':>9} {'ours/bare':>9} {'scened./bare':>12} "
          f"{'bare MB':>8} {'ours MB':>8} {'scened. MB':>10}")  # fmt: skip
    ratios: dict[str, list[float]] = {"ours": [], "scenedetect": []}
    for file in files:
        costs = [least[file, program] for program in PROGRAMS]
        ratio = {p: least[file, p].cpu / costs[0].cpu for p in ratios}
        for program, value in ratio.items():
            ratios[program].append(value)
        cpu = f"{costs[0].cpu:7.2f} {costs[1].cpu:7.2f} {costs[2].cpu:9.2f}"
        memory = f"{costs[0].memory / 1e6:8.0f} {costs[1].memory / 1e6:8.0f} {costs[2].memory / 1e6:10.0f}"
        print(f"{Path(file).name[:40]:40} {cpu} {ratio['ours']:9.2f} {ratio['scenedetect']:12.2f} {memory}")
    ours_median, theirs = (statistics.median(ratios[p]) for p in ("ours", "scenedetect"))
    print(f"median ours/bare {ours_median:.2f} (limit 1.70, aim 1.40); scenedetect/bare {theirs:.2f}")


if __name__ == "__main__":
    main()
