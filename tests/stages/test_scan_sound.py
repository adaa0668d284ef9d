"""The sound of videos that are scanned in chunks, or whose pictures were scanned before."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from curate import clips
from curate.config import resolve
from curate.context import Context, Keys
from curate.media.probe import probe
from curate.signals.scan_sound import scan_sound
from curate.state import Rows, Video, add_scans
from curate.storage import Folder, claim
from curate.tables import Tables, to_table
from stages import scan
from stages.worker import stamp
from tests.media.test_listen import film
from tests.packing import Quiet

ID = clips.digest(b"a film")


class Inline:
    """A cluster of this process; decoding happens in the child as ever."""

    def each(self, function: Callable[[Any], Any], items: Iterable[Any], needs: Any = None) -> Iterator[Any]:
        return map(function, list(items))


def scanned(root: Path, path: Path, *filters: str, **options: Any) -> tuple[Video, Context]:
    """The video after a scan for these filters, beside what earlier scans left in `root`."""
    plan = resolve(
        "test",
        {"input": "in", "output": str(root), "scan": options, "filters": [{"use": use} for use in filters]},
    )
    folder = Folder(str(root))
    if not root.exists():
        claim(folder)
    context = Context(folder, Tables(folder), plan, Keys.of(plan), Quiet())
    facts = to_table(clips.VIDEOS, [{"video_id": ID, **asdict(probe(str(path)))}])
    video = Video(ID, True, facts["seconds"][0].as_py(), Rows(facts), 0)
    video.uris, video.stamp = [str(path)], stamp(str(path))
    add_scans({ID: video}, context.tables.read("scans"), context.keys)
    scan.run(context, Inline(), [video])  # type: ignore[arg-type]
    assert video.scan_error is None
    return video, context


def part(root: Path, video: Video, group: str) -> bytes:
    return (root / video.parts[group]).read_bytes()


def test_sound_that_is_asked_for_later_decodes_no_picture(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4")
    before, context = scanned(tmp_path / "run", path)
    assert "audio" not in before.parts
    assert context.count("scan").frames_decoded == 50
    after, context = scanned(tmp_path / "run", path, "audio")
    assert (context.count("scan").done, context.count("scan").frames_decoded) == (1, 0)
    assert after.parts["content"] == before.parts["content"]
    assert {name: after.scan[name] for name in scan.FACTS} == {name: before.scan[name] for name in scan.FACTS}
    assert (after.scan["chunks"], after.scan["frames_decoded"]) == (0, 50)
    alone = scan_sound(str(path), tmp_path / "alone", video_id=ID, name="x")
    assert part(tmp_path / "run", after, "audio") == (tmp_path / "alone" / alone.path).read_bytes()
    again, context = scanned(tmp_path / "run", path, "audio")
    assert context.count("scan").done == 0
    assert again.parts == after.parts


def test_chunks_do_not_touch_the_sound(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", seconds=3.5, frames=150)
    whole, _ = scanned(tmp_path / "whole", path, "audio")
    split, _ = scanned(tmp_path / "split", path, "audio", chunk_seconds=2)
    assert (whole.scan["chunks"], split.scan["chunks"], split.scan["chunk_error"]) == (1, 3, None)
    assert whole.parts.keys() == split.parts.keys()
    for group in whole.parts:
        assert part(tmp_path / "whole", whole, group) == part(tmp_path / "split", split, group)
    assert pq.read_metadata(tmp_path / "split" / split.parts["audio"]).num_rows == 35
