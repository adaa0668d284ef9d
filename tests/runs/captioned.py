"""Runs whose captions a scripted server writes: many short clips, and what the server was asked."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from captioners.dialogue.schema import FIELDS
from tests.captioners.scripted import Asked, Reply, Scripted, caption
from tests.runs.helpers import Film, Project, Row, shot, write_film

SHOTS, FILMS = 26, 8
"""208 clips of a second."""


def many_clips(folder: Path, films: int = FILMS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(films):
        film = Film(12, tuple(shot("pan", "1") for _ in range(SHOTS)), seed=1000 * (number + 1))
        write_film(folder / f"film{number}.mp4", film)
    return folder


def captioned_by(server: Scripted, root: Path, inputs: Path, **options: Any) -> Project:
    """A project that asks `server`, with three frames a clip, all of which the scan stores."""
    root.mkdir(parents=True, exist_ok=True)
    project = Project(root)
    project.pipeline |= {
        "input": str(inputs),
        "scan": {"frames_per_second": 6},
        "cuts": {"use": "adaptive", "min_seconds": 0.5, "max_seconds": 20},
        "filters": [{"use": "motion", "keep": {"min": 0.5, "max": 60}}],
        "captioner": {
            "use": "openai", "model": "scripted", "base_url": server.url, "frames": 3, "concurrency": 16,
            **options,
        },
    }  # fmt: skip
    return project


def stored_frames(project: Project) -> dict[bytes, tuple[str, int]]:
    """Every stored JPEG -> (video in hex, pts). Frames of equal bytes are left out."""
    found: dict[bytes, tuple[str, int]] = {}
    twice = set()
    for path in (project.out / "frames").rglob("*.parquet"):
        table = pq.ParquetFile(path).read()
        for video, pts, jpeg in zip(
            table["video_id"].to_pylist(), table["pts"].to_pylist(), table["jpeg"].to_pylist(), strict=True
        ):
            twice |= {jpeg} & set(found)
            # PyArrow makes uuid.UUID of an id.
            found[jpeg] = (video.hex, pts)
    return {jpeg: where for jpeg, where in found.items() if jpeg not in twice}


def number_of(asked: Asked) -> int:
    """A number for the clip that a request is about, the same in every run."""
    return int.from_bytes(hashlib.blake2b(b"".join(asked.images), digest_size=6).digest(), "big")


def good_for(asked: Asked, **changes: str) -> str:
    """A good caption of the clip."""
    found = caption(number_of(asked) % 5000) | changes
    return json.dumps({name: found[name] for name in FIELDS})


def always_good(asked: Asked, before: int) -> Reply:
    return Reply(good_for(asked))


def captions(project: Project) -> list[Row]:
    return project.sql("SELECT * FROM captions ORDER BY clip_id")


def answers(project: Project) -> list[Row]:
    return project.sql('SELECT * FROM answers ORDER BY clip_id, "window", attempt')
