"""A run to pack clips in, without an index or a scan: a context, survivors, and an encoder that is quick."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from curate import clips
from curate.cluster import Cluster, Item, batches
from curate.cluster.room import Needs
from curate.config import resolve
from curate.context import Context, Keys, Step
from curate.storage import Folder
from curate.tables import Tables, to_table, write_parquet
from stages.encode import Survivor
from stages.shards import run


class Here(Cluster):
    """A cluster that works in this process, one item after the other, with all passing through JSON."""

    def __init__(self) -> None:
        super().__init__(1)

    def each(
        self, function: Callable[[Item], Item], items: Sequence[Item], needs: Needs | None = None
    ) -> Iterator[Item]:
        for item in items:
            yield json.loads(json.dumps(function(json.loads(json.dumps(item)))))

    def pool(
        self,
        make: Callable[[], Callable[[list[Item]], list[Item]]],
        items: Sequence[Item],
        *,
        batch_size: int,
        resources: Needs,
        threads: int | None = None,
        before: Callable[[], Callable[[Item], bytes]] | None = None,
    ) -> Iterator[Item]:
        work = make()
        for batch in batches(items, batch_size):
            yield from json.loads(json.dumps(work(json.loads(json.dumps(batch)))))


class Quiet:
    def begin(self, step: str, total: int, unit: str) -> None: ...
    def advance(self, amount: int = 1) -> None: ...
    def end(self, step: Step) -> None: ...
    def note(self, text: str) -> None: ...


def context(root: Path, *, filters: Sequence[dict[str, Any]] = (), **shards: Any) -> Context:
    """A context over the run `root`, as a new process would have it."""
    body = {"filters": list(filters), "shards": {"max_bytes": 20_000, **shards}}
    plan = resolve("test", {"input": "in", "output": str(root), **body})
    folder = Folder(str(root))
    return Context(folder, Tables(folder), plan, Keys.of(plan), Quiet(), run=1)


def survivor(root: Path, number: int, **facts: Any) -> Survivor:
    """Clip `number` of a video of which it is told in `facts`; ten clips to a video by default."""
    video = clips.digest(b"video", str(number // 10).encode())
    known = {
        "video_id": video, "path": f"/videos/{number // 10}.mp4", "irregular": False,
        "start_pts": number * 10, "end_pts": number * 10 + 10,
        "document": {"clip": {"start_pts": number * 10, "end_pts": number * 10 + 10}},
        "dense": f"Clip {number}, at length.", "short": f"Clip {number}.",
    } | facts  # fmt: skip
    part = f"signals/{known['video_id'].hex()}.parquet"
    if not (root / part).exists():
        write_part(root / part, known["video_id"], [(pts, pts) for pts in range(4000)])
    identity = clips.clip_id(known["video_id"], known["start_pts"], known["end_pts"])
    return Survivor(clip_id=identity, picture_part=part, **known)


def write_part(path: Path, video_id: bytes, seen: Sequence[tuple[int, int]]) -> None:
    """A part of the signal group `picture`: (pts, fingerprint) of each frame."""
    schema = pa.schema([("video_id", clips.ID), ("pts", pa.int64()), ("fingerprint", pa.uint32())])
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"video_id": video_id, "pts": pts, "fingerprint": print_} for pts, print_ in seen]
    write_parquet(to_table(schema, rows), str(path))


class Encoder:
    """Stands in for the killable child: files of 0 to 4 kB that follow from the span and the options
    alone."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.wrong: dict[int, Exception] = {}
        """start_pts -> what to raise for that clip."""

    def __call__(self, function: str, arguments: dict[str, Any], **limits: Any) -> dict[str, Any]:
        assert function == "encode"
        start = arguments["start_pts"]
        assert arguments["expected"] == [[pts, pts] for pts in range(start, arguments["end_pts"])]
        self.calls.append(os.path.basename(arguments["target"]))
        content = hashlib.shake_128(json.dumps([start, arguments["options"]]).encode())
        draw = content.digest(4)
        data = content.digest(draw[0] * 16)
        with open(arguments["target"] + ".part", "wb") as file:
            file.write(data)
        if start in self.wrong:
            raise self.wrong[start]
        os.replace(arguments["target"] + ".part", arguments["target"])
        width, height = ((64, 48), (48, 64))[draw[1] % 2]
        return {
            "width": width, "height": height, "frames": 10, "fps": 25.0, "bytes": len(data),
            "seconds": 0.4 if draw[2] % 2 else 4.0, "has_audio": bool(draw[3] % 2),
            "audio_start": 0.0 if draw[3] % 2 else None, "audio_rate": 48000 if draw[3] % 2 else None,
            "decoded": 12, "audio_error": None,
        }  # fmt: skip


def tree(root: Path) -> dict[str, bytes]:
    """Every file of the shards and of staging, with its bytes; folders that are empty too."""
    found = {}
    for top in ("shards", "staging"):
        for path in sorted((root / top).rglob("*")):
            found[str(path.relative_to(root))] = path.read_bytes() if path.is_file() else b"a folder"
    return found


def samples(root: Path) -> list[dict[str, Any]]:
    """The rows of `samples`."""
    return Tables(Folder(str(root))).rows("samples")


def several(root: Path, count: int = 40) -> list[Survivor]:
    return [survivor(root, number) for number in range(count)]


def pack(root: Path, these: list[Survivor], **shards: Any) -> Step:
    """Run the step in a context of its own; its counts."""
    ctx = context(root, **shards)
    run(ctx, Here(), these)
    return ctx.count("shards")


def state(root: Path) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    return tree(root), samples(root)
