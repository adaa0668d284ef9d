"""A finished run whose captions a model wrote, straight into its tables: known words, answers, evidence, and
texts that mean harm. Nothing is asked, no Ray is started; one clip has its video in a shard."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from captioners.dialogue.types import Evidence
from curate.context import Keys
from curate.sharding.tar import Member, digest_bytes, offsets, write_tar
from curate.storage import Folder
from tests.captioners.scripted import caption
from tests.report.making import Made, make, rows_kept
from tests.runs.helpers import Film, shot, write_film

HARM = (
    '<script>document.title="pwned"</script><img src=x onerror="document.title=1"> "quotes\' & {{ 7 * 7 }} '
)
HOSTILE = {
    "subject": HARM, "action": "</fieldset></main><style>*{display:none}</style>",
    "background": "\u202egpj.exe",
    "camera_motion": "static", "shot_type": "wide shot", "lighting": "`${alert(1)}`\x00\x1b[31m",
    "atmosphere": "javascript:alert(1)", "style": "a\u2028b\r\nc", "text_visible": "<!-- --> ]]> %05",
    "dense": f"{HARM}. " + "A very long word: " + "x" * 10_000 + ". The end.", "short": HARM,
}  # fmt: skip
"""Ten thousand characters without a space among them."""


@dataclass
class Captioned:
    """The run, and the clips that its filters kept, in the order of their ids."""

    made: Made
    keys: Keys
    kept: list[bytes]
    videos: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def folder(self) -> Folder:
        return self.made.folder

    @property
    def root(self) -> str:
        return self.folder.root


def captioned(root: Path, hostile: bool = False, **options: Any) -> Captioned:
    """Every kept clip has the caption of its number (`tests.captioners.scripted`), the first one HOSTILE if
    wanted."""
    made = make(root, captioner={"use": "openai", "model": "test-vlm", **options})
    keys = Keys.of(made.plan)
    rules = made.tables.rows("runs")[-1]["rules"]
    kept = sorted(row["clip_id"] for row in rows_kept(made.tables, rules))
    spans = {row["clip_id"]: row for row in made.tables.rows("clips", keys.cuts)}
    run = Captioned(made, keys, kept, {clip: spans[clip]["video_id"] for clip in kept})
    rows = [
        row_of(clip, HOSTILE if hostile and not n else caption(n), seen_of(spans[clip]))
        for n, clip in enumerate(kept)
    ]
    made.tables.replace("captions", rows, key=keys.captioner)
    return run


def seen_of(span: Mapping[str, Any]) -> list[int]:
    """Three of the stored frames, which stand every five."""
    return [span["start_pts"] + 5, span["start_pts"] + 10, span["start_pts"] + 25]


def row_of(clip: bytes, fields: Mapping[str, str], seen: list[int], outcome: str = "ok") -> dict[str, Any]:
    """A row of `captions`."""
    return {
        **{name: value or None for name, value in fields.items()},
        "clip_id": clip, "captioner": "openai", "model": "test-vlm", "frames_seen": seen, "attempts": 1,
        "outcome": outcome, "fields": "{}",
    }  # fmt: skip


def answer(
    clip: bytes, raw: str | None, attempt: int = 0, camera: str | None = None, sure: float = 0.0, **more: Any
) -> dict[str, Any]:
    """A row of `answers`."""
    evidence = Evidence(seconds=3.0, camera=camera, camera_confidence=sure)
    return {
        "clip_id": clip, "window": 0, "attempt": attempt, "raw": raw, "finish_reason": "stop",
        "tokens_in": 100, "tokens_out": 50, "seconds": 2.0, "answered": 9.0, "error": None,
        "evidence": json.dumps(asdict(evidence)), **more,
    }  # fmt: skip


def with_video(run: Captioned, clip: bytes) -> bytes:
    """Put a video of the clip in a shard, and nothing else; the bytes of the video."""
    path = write_film(Path(run.root, "x.mp4"), Film(10, (shot("pan", "3"),)))
    data = path.read_bytes()
    path.unlink()
    write_tar(run.folder.path("shards/a/x.tar"), [Member(f"{clip.hex()}.mp4", len(data), data)])
    row = {
        "clip_id": clip, "shard": "shards/a/x.tar", "key": clip.hex(), "mp4_offset": offsets([len(data)])[0],
        "mp4_bytes": len(data), "digest": digest_bytes(data),
    }  # fmt: skip
    run.made.tables.replace("samples", [row])
    return data
