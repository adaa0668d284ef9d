"""What the filter `text` costs and finds on a run: milliseconds of one core per clip, and the words.

    curate run pipelines.yaml -p demo --set input=FOOTAGE --set output=RUN
    python bench/text.py RUN [--frames 3] [--pixels 30000 60000 120000 240000]

Every clip of the run that is long enough is measured, whatever dropped it later. Time is the thread's own
CPU time, so that a busy machine changes it less. Detection is what the budget of 150 ms a clip is about:
where its mean is above that at the filter's own size and number of frames, the exit code is 1. Reading
happens only where something was found. The baseline is the largest of the sizes: its words are what the
smaller ones should have found.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import filters.text as text
from curate.frames_of import jpegs_of, picture
from curate.plugins import SampledClip, SampledFrame
from curate.storage import Folder
from curate.tables import Tables
from filters.text import Text
from stages.signals import read_part, span

BUDGET_MS = 150
"""For detection in a clip, in the mean."""
USUAL = Text().frames, Text().pixels


def clips_of(run: str, frames: int) -> list[tuple[str, SampledClip]]:
    """(file name, clip with its frames) of the run, in the order of the files."""
    folder = Folder(run)
    tables = Tables(folder)
    names = {row["video_id"]: Path(row["uri"]).name for row in tables.rows("files") if row["video_id"]}
    parts = {
        row["video_id"]: {group["group"]: folder.path(group["part"]) for group in row["groups"] or ()}
        for row in tables.rows("scans")
    }
    found = []
    for row in tables.rows("clips"):
        if row["dropped_by"]:
            continue
        bounds = row["start_pts"], row["end_pts"]
        own = parts[row["video_id"]]
        shown = [SampledFrame(j.pts, 0.0, picture(j.data)) for j in jpegs_of(own["frames"], *bounds, frames)]
        signals = {"picture": span(read_part(own["picture"]), *bounds)}
        if shown:
            found.append((names[row["video_id"]], SampledClip(row, {}, signals, shown)))
    return sorted(found, key=lambda item: (item[0], item[1].clip["start_pts"]))


class Stopwatch:
    """CPU seconds of a function's calls."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.seconds = 0.0

    def __call__(self, *args: Any) -> Any:
        began = time.thread_time()
        try:
            return self.function(*args)
        finally:
            self.seconds += time.thread_time() - began

    def taken(self) -> float:
        """Milliseconds since the last time it was asked."""
        seconds, self.seconds = self.seconds, 0.0
        return 1000 * seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--frames", type=int, default=USUAL[0])
    parser.add_argument("--pixels", type=int, nargs="+", default=[USUAL[1]])
    given = parser.parse_args()
    cv2.setNumThreads(1)
    clips = clips_of(given.run, given.frames)
    detect, read = Stopwatch(text.detect), Stopwatch(text.read)
    over = False
    text.detect, text.read = detect, read
    for pixels in given.pixels:
        filter_ = Text(frames=given.frames, pixels=pixels)
        model = filter_.load()
        filter_.measure(model, [clips[0][1]])
        detect.taken(), read.taken()
        spent, reading, by_file = [], [], {}
        for name, clip in clips:
            (score,) = filter_.measure(model, [clip])
            if isinstance(score, Exception):
                raise score
            spent.append(detect.taken())
            reading.append(read.taken())
            by_file.setdefault(name, []).append((score, spent[-1]))
        print(
            f"{pixels} pixels, {given.frames} frames: {len(clips)} clips, detection {np.mean(spent):.0f} ms "
            f"a clip (median {np.median(spent):.0f}, most {max(spent):.0f}), "
            f"reading {np.mean(reading):.0f} ms"
        )
        over |= (given.frames, pixels) == USUAL and np.mean(spent) > BUDGET_MS
        for name, rows in by_file.items():
            shares = [float(score["score"] or 0) for score, _ in rows]
            words = [word for score, _ in rows for word in str(score["words"]).split("\n")]
            said = ", ".join(dict.fromkeys(word for word in words if word))[:60]
            cost = np.mean([ms for _, ms in rows])
            print(f"  {name:36.36} {len(rows):3} clips {cost:5.0f} ms  share {max(shares):.4f}  {said}")
    if over:
        sys.exit(f"detection takes more than {BUDGET_MS} ms a clip")


if __name__ == "__main__":
    main()
