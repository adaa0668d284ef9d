"""What every step is handed: the run's folder, its tables, the resolved pipeline, the cache keys, and its
log."""

import json
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import metadata
from typing import Any, Protocol

from curate import clips
from curate.config import Plan
from curate.cutting import SPANS_VERSION
from curate.media.encode import ENCODE_VERSION, EncodeOptions
from curate.signals import GROUPS
from curate.signals.frames import NAME as FRAMES
from curate.signals.frames import VERSION as FRAMES_VERSION
from curate.storage import Folder
from curate.tables import Tables

PROBE_VERSION = 2
"""Goes up when `curate.media.probe` says other things of the same bytes: videos are then probed again."""


@dataclass(frozen=True)
class Keys:
    """Cache key of each step: its own options and version, and what it reads. Rules and order are in none of
    them."""

    videos: str
    groups: dict[str, str]
    """Signal group -> key; `frames` is the group of sampled JPEGs."""
    cuts: str
    filters: dict[str, str]
    captioner: str
    answers: str | None
    """Of what a model answered; None where the captioner asks none."""
    drafts: str
    """Of the captions that the step `caption` writes: `captioner`, unless `similarity` judges them."""
    similarity: str | None
    """Of how well captions fit their pictures; None where that is not measured."""
    encode: str

    @classmethod
    def of(cls, plan: Plan) -> "Keys":
        videos = clips.cache_key("videos", PROBE_VERSION)
        wanted = plan.groups
        groups = {
            name: clips.cache_key("signals", name, group.version)
            for name, group in GROUPS.items()
            if group.standing or name in wanted
        }
        sampled = plan.pipeline.scan.frames().model_dump(mode="json")
        groups[FRAMES] = clips.cache_key("frames", FRAMES_VERSION, sampled)
        detector = plan.cuts.model_dump(mode="json")
        known = {**groups, "videos": videos}
        filters = {step.name: step.plugin.key(known) for step in plan.filters}
        cropping, reading = plan.crop_filter, plan.words_filter
        asked = {**known, "words": filters[reading.name] if reading else ""}
        return cls(
            videos=videos,
            groups=groups,
            cuts=clips.cache_key(
                "cuts",
                (plan.cuts.VERSION, SPANS_VERSION),
                detector,
                plan.pipeline.audit,
                *(groups[group] for group in plan.cuts.READS),
            ),
            filters=filters,
            captioner=plan.captioner.key(asked),
            answers=plan.captioner.answers_key(asked),
            drafts=plan.captioner.drafts_key(asked),
            similarity=plan.captioner.similarity_key(asked),
            encode=clips.cache_key(
                "encode",
                ENCODE_VERSION,
                encode_options(plan).model_dump(mode="json"),
                # The encoder checks every frame against the fingerprints of the scan.
                groups["picture"],
                *([] if cropping is None else ["crop", filters[cropping.name]]),
            ),
        )

    def shown(self, plan: Plan) -> dict[str, Any]:
        """What `runs.keys` holds, as JSON values: all that the views need to find a run's rows."""
        columns = {
            step.name: {column: kind.__name__ for column, kind in step.plugin.COLUMNS.items()}
            for step in plan.filters
        }
        return {**asdict(self), "columns": columns}


def encode_options(plan: Plan) -> EncodeOptions:
    """The part of `shards:` that says what a clip is encoded to."""
    shards = plan.pipeline.shards
    return EncodeOptions(
        codec=shards.encode,
        crf=shards.crf,
        preset=shards.preset,
        fps=shards.fps,
        max_short_side=shards.max_short_side,
        audio=shards.audio,
    )


@cache
def versions() -> dict[str, str]:
    """Packages and codecs on which the bytes of a run depend, with the processor architecture."""
    from av import library_versions

    found = {name: metadata.version(name) for name in ("av", "numpy", "pyarrow")}
    opencv = [name for name in ("opencv-python-headless", "opencv-python") if _installed(name)]
    found["opencv"] = metadata.version(opencv[0]) if opencv else "unknown"
    found |= {name: ".".join(map(str, library_versions[name])) for name in ("libavcodec", "libswscale")}
    found["architecture"] = platform.machine()
    return found


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


class Reporter(Protocol):
    """Shows how far a step is."""

    def begin(self, step: str, total: int, unit: str) -> None: ...
    def advance(self, amount: int = 1) -> None: ...
    def end(self, step: "Step") -> None: ...
    def note(self, text: str) -> None: ...


@dataclass
class Step:
    """Counts of one step in one run: a row of `steps`."""

    name: str
    done: int = 0
    reused: int = 0
    failed: int = 0
    frames_decoded: int = 0
    clips_encoded: int = 0
    seconds: float = 0.0
    intervals: list[tuple[float, float]] = field(default_factory=list)
    """When it was at work (seconds of the wall clock; not a column)."""


class RunError(RuntimeError):
    """The run cannot go on: what happened and what to do next. What was committed stays."""


@dataclass
class Context:
    """One `curate run`."""

    folder: Folder
    tables: Tables
    plan: Plan
    keys: Keys
    reporter: Reporter
    run: int = 0
    workers: int = 1
    steps: dict[str, Step] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the run is over before its time: whoever works beside the main thread stops at the next
    result."""

    def count(self, name: str) -> Step:
        """The counts of the step `name`, made when first asked for."""
        return self.steps.setdefault(name, Step(name))

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Step]:
        """Time (a part of) a step and show its progress; a step may come in several waves, its counts add
        up."""
        step = self.count(name)
        self.reporter.begin(name, total, unit)
        started, began = time.monotonic(), time.time()
        try:
            yield step
        finally:
            step.seconds += time.monotonic() - started
            step.intervals.append((began, time.time()))
            self.reporter.end(step)

    def write_steps(self) -> None:
        """Commit the rows of `steps`."""
        used = json.dumps(versions(), sort_keys=True)
        self.tables.append(
            "steps",
            [
                {
                    "run": self.run, "step": s.name, "done": s.done, "reused": s.reused, "failed": s.failed,
                    "frames_decoded": s.frames_decoded, "clips_encoded": s.clips_encoded,
                    "seconds": round(s.seconds, 3), "versions": used,
                }
                for s in self.steps.values()
            ],
        )  # fmt: skip
