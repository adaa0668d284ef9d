"""The step `scan` on videos that it splits: what is committed, what is counted, and what happens when a chunk
fails."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from curate import clips
from curate.cluster import Needs
from curate.config import resolve
from curate.context import Context, Keys
from curate.media.errors import MediaError
from curate.media.probe import probe
from curate.plan import plan_run
from curate.state import Rows, Video
from curate.storage import Folder, claim
from curate.tables import Tables, to_table
from stages import scan, scan_work
from stages.inputs import listing
from stages.worker import stamp
from tests.making import write
from tests.packing import Quiet
from tests.signals.chunking import files
from tests.signals.test_chunks import claimed

ID = clips.digest(b"a film")
FRAMES = 150


class Inline:
    """A cluster of this process that remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[dict[str, Any]] = []
        self.made: list[dict[str, Any]] = []

    def each(
        self, function: Callable[[Any], Any], items: Iterable[Any], needs: Needs | None = None
    ) -> Iterator[Any]:
        for item in list(items):
            self.given.append(item)
            self.made.append(function(item))
            yield self.made[-1]


class Notes(Quiet):
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.begun: list[tuple[int, str]] = []

    def begin(self, step: str, total: int, unit: str) -> None:
        self.begun.append((total, unit))

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Six seconds with a keyframe every half second."""
    return write(tmp_path / "film.mp4", frames=FRAMES, size=(96, 64))


def context_of(root: Path, **options: Any) -> Context:
    plan = resolve("test", {"input": "in", "output": str(root), "scan": options})
    folder = Folder(str(root))
    claim(folder)
    return Context(folder, Tables(folder), plan, Keys.of(plan), Notes())


def video_of(path: Path, identity: bytes = ID) -> Video:
    facts = to_table(clips.VIDEOS, [{"video_id": identity, **asdict(probe(str(path)))}])
    video = Video(identity, True, facts["seconds"][0].as_py(), Rows(facts), 0)
    video.uris, video.stamp = [str(path)], stamp(str(path))
    return video


def scanned(root: Path, *videos: Video, **options: Any) -> tuple[Context, Inline]:
    context, cluster = context_of(root, **options), Inline()
    scan.run(context, cluster, videos)  # type: ignore[arg-type]
    assert not (root / "chunks").exists()
    return context, cluster


def parts(root: Path) -> dict[str, bytes]:
    return {
        f"{top}/{name}": data for top in ("signals", "frames") for name, data in files(root / top).items()
    }


def same(row: dict[str, Any]) -> dict[str, Any]:
    """A row of `scans` without what may differ."""
    return {name: row[name] for name in row if name not in ("cpu_seconds", "chunks", "chunk_error")}


def test_a_long_video_is_scanned_in_chunks_to_the_same_bytes(tmp_path: Path, film: Path) -> None:
    whole, _ = scanned(tmp_path / "whole", video_of(film))
    split, cluster = scanned(tmp_path / "split", video_of(film), chunk_seconds=1.5)
    assert [item["do"] for item in cluster.given] == ["chunk"] * 3 + ["finish"]
    assert parts(tmp_path / "split") == parts(tmp_path / "whole")
    assert len(parts(tmp_path / "split")) >= 4
    (one,), (other,) = whole.tables.rows("scans"), split.tables.rows("scans")
    assert same(one) == same(other)
    assert (one["chunks"], other["chunks"], other["chunk_error"]) == (1, 3, None)
    assert whole.count("scan").frames_decoded == FRAMES
    # Two overlaps of 32 frames, and what the decoder holds when a chunk ends.
    assert FRAMES + 2 * 32 <= split.count("scan").frames_decoded <= FRAMES + 2 * 48
    assert split.reporter.begun == [(3, "chunks")]  # type: ignore[attr-defined]


def test_keyframes_that_are_none_cost_a_decode_and_nothing_else(tmp_path: Path) -> None:
    true = write(tmp_path / "true.mp4", frames=FRAMES, codec="mpeg4", options={"g": "600"}, size=(96, 64))
    film = claimed(true, tmp_path / "claimed.mp4", 25)
    whole, _ = scanned(tmp_path / "whole", video_of(film))
    split, cluster = scanned(tmp_path / "split", video_of(film), chunk_seconds=2)
    assert parts(tmp_path / "split") == parts(tmp_path / "whole")
    row = split.tables.rows("scans")[0]
    assert row["chunks"] == 1
    assert row["chunk_error"] == "chunk 2 of 3 decodes to other pictures than the one before"
    # From then on the other chunks are spared.
    assert ["skipped" in made for made in cluster.made] == [False, False, True, False]
    assert same(row) == same(whole.tables.rows("scans")[0])
    assert FRAMES < split.count("scan").frames_decoded < 2 * FRAMES
    assert (split.count("scan").done, split.count("scan").failed) == (1, 0)


def test_a_chunk_that_fails_is_no_failure_of_the_video(
    tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = scan_work.decode_call

    def failing(function: str, arguments: dict[str, Any], **limits: Any) -> dict[str, Any]:
        if (arguments.get("chunk") or {}).get("entry"):
            raise MediaError("the decoder was ended.")
        return right(function, arguments, **limits)

    monkeypatch.setattr(scan_work, "decode_call", failing)
    split, _ = scanned(tmp_path / "split", video_of(film), chunk_seconds=3)
    row = split.tables.rows("scans")[0]
    assert (row["error"], row["chunks"], row["frames_decoded"]) == (None, 1, FRAMES)
    assert row["chunk_error"] == "a chunk failed: the decoder was ended."


def test_a_file_that_changes_under_its_chunks_is_not_committed(
    tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = scan_work.decode_call

    def changing(function: str, arguments: dict[str, Any], **limits: Any) -> dict[str, Any]:
        result = right(function, arguments, **limits)
        film.write_bytes(film.read_bytes() + b"\0")
        return result

    monkeypatch.setattr(scan_work, "decode_call", changing)
    split, _ = scanned(tmp_path / "split", video_of(film), chunk_seconds=3)
    assert split.tables.rows("scans") == []
    assert parts(tmp_path / "split") == {}
    assert "changed since it was indexed" in split.reporter.notes[0]  # type: ignore[attr-defined]
    assert split.count("scan").failed == 1


def test_the_longest_pieces_come_first(tmp_path: Path, film: Path) -> None:
    short = write(tmp_path / "short.mp4", frames=25, size=(96, 64))
    videos = video_of(short, clips.digest(b"short")), video_of(film)
    split, cluster = scanned(tmp_path / "split", *videos, chunk_seconds=2)
    assert [item["do"] for item in cluster.given] == ["chunk"] * 3 + ["whole", "finish"]
    assert sorted(row["chunks"] for row in split.tables.rows("scans")) == [1, 3]


def test_what_a_killed_run_left_of_chunks_is_removed(tmp_path: Path) -> None:
    context = context_of(tmp_path / "run")
    left = tmp_path / "run" / "chunks" / "x" / "0" / "signals" / "content" / "x.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")

    class Idle:
        def start(self) -> None: ...

    scan.prepare(context, Idle())  # type: ignore[arg-type]
    assert not (tmp_path / "run" / "chunks").exists()


def test_the_plan_says_how_many_chunks(tmp_path: Path, film: Path) -> None:
    for seconds, unit in ((300.0, "videos"), (2.0, "videos in 3 chunks")):
        root = tmp_path / str(seconds)
        context = context_of(root, chunk_seconds=seconds)
        facts = {"video_id": ID, "key": context.keys.videos, **asdict(probe(str(film)))}
        context.tables.append("videos", [facts])
        entry = listing([str(film)], str(root)).entries[0]
        file = {"uri": entry.uri, "bytes": entry.bytes, "modified": entry.modified, "video_id": ID}
        context.tables.append("files", [file])
        steps = {step.step: step for step in plan_run(context.plan, [entry], 0).steps}
        assert (steps["scan"].todo, steps["scan"].unit) == (1, unit)
