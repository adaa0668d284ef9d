"""Videos whose prints are known, as a scan would have left them: nothing is decoded, no Ray is started."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from curate import clips, state
from curate.config import resolve
from curate.context import Context, Keys
from curate.run import waves
from curate.signals.parts import part_schema
from curate.signals.prints import SCHEMA
from curate.storage import Folder
from curate.tables import Tables, to_table, write_parquet
from stages import decide
from stages.inputs import Entry
from tests.packing import Here, Quiet
from tests.pairing.scenes import LENGTH, stored

FPS = 24


@dataclass(frozen=True)
class Film:
    """A video of one clip: its prints, eight a second, and its size."""

    name: str
    prints: np.ndarray
    width: int = 640
    height: int = 360
    audited: bool = False

    @property
    def video_id(self) -> bytes:
        return clips.digest(self.name.encode())

    @property
    def frames(self) -> int:
        return len(self.prints) * FPS // 8

    @property
    def clip_id(self) -> bytes:
        return clips.clip_id(self.video_id, 0, self.frames)


@dataclass
class Copies:
    """A run over such videos, from the tables of its scan on."""

    root: Path
    films: Sequence[Film]

    def write(self) -> None:
        """What index, scan and cuts leave."""
        keys, tables = self.context([]).keys, Tables(Folder(str(self.root)))
        known = set(tables.read("videos", columns=["video_id"])["video_id"].to_pylist())
        new = [film for film in self.films if pa.scalar(film.video_id, clips.ID).as_py() not in known]
        tables.append(
            "files",
            [{"uri": f"/{f.name}", "bytes": 1, "modified": "1", "video_id": f.video_id} for f in new],
        )
        tables.append(
            "videos",
            [
                {
                    "video_id": f.video_id, "width": f.width, "height": f.height, "fps": float(FPS),
                    "bits_per_pixel": 0.1, "seconds": f.frames / FPS, "key": keys.videos,
                    "time_base": f"1/{FPS}", "start_seconds": 0.0,
                }
                for f in new
            ],
        )  # fmt: skip
        groups = [
            {"group": group, "key": key, "part": f"signals/{group}/", "rows": 1, "bytes": 1}
            for group, key in keys.groups.items()
        ]
        scans = []
        for film in new:
            named = [{**g, "part": f"{g['part']}{film.name}.parquet"} for g in groups]
            scans.append({"video_id": film.video_id, "groups": named, "time_base": f"1/{FPS}"})
            self._part(film)
        tables.append("scans", scans)
        tables.append(
            "clips",
            [
                {
                    "clip_id": f.clip_id, "video_id": f.video_id, "start_pts": 0, "end_pts": f.frames,
                    "time_base": f"1/{FPS}", "start_seconds": 0.0, "end_seconds": f.frames / FPS,
                    "frames": f.frames, "audited": f.audited,
                }
                for f in new
            ],
            key=keys.cuts,
        )  # fmt: skip

    def _part(self, film: Film) -> None:
        path = self.root / f"signals/prints/{film.name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows: list[dict[str, Any]] = [{"video_id": film.video_id, "pts": pts} for pts in range(film.frames)]
        for row in rows:
            row["print"] = bytes(LENGTH)
        for row, data in zip(rows[:: FPS // 8], stored(film.prints), strict=True):
            row |= {"print": data.tobytes(), "inner": 1.0}
        write_parquet(to_table(part_schema(SCHEMA), rows), str(path))

    def context(self, filters: Sequence[dict[str, Any]], **options: Any) -> Context:
        plan = resolve("t", {"input": "in", "output": str(self.root), "filters": list(filters), **options})
        folder = Folder(str(self.root))
        return Context(folder, Tables(folder), plan, Keys.of(plan), Quiet(), run=1)

    def listed(self) -> list[Entry]:
        return [Entry(f"/{film.name}", f"/{film.name}", 1, "1", {}) for film in self.films]

    def measure(self, filters: Sequence[dict[str, Any]], **options: Any) -> Context:
        """The waves of a run; the context says what was done."""
        context = self.context(filters, **options)
        waves(context, Here(), state.videos(self.listed(), context.tables, context.keys))
        return context

    def fates(self, context: Context) -> dict[str, str | None]:
        """Film -> what dropped its clip, `captioner` for those that only wait for their caption."""
        found = state.videos(self.listed(), context.tables, context.keys)
        table = state.current_clips(context.tables, context.keys, found)
        verdicts = decide.decide(context, table, tried=False)
        names = {film.clip_id: film.name for film in self.films}
        ids = [value.bytes for value in verdicts.table["clip_id"].to_pylist()]
        return {
            names[i]: None if waits else rule or "pending"
            for i, rule, waits in zip(
                ids, verdicts.table["dropped_by"].to_pylist(), verdicts.awaiting_caption, strict=True
            )
        }
