"""The files of an audit: which clips, which frames, and the video as it is in the shard."""

import re
import shutil
from pathlib import Path

import pytest

from curate.frames_of import jpegs_of
from curate.judging import audit
from curate.judging.pictures import frames_of
from curate.judging.source import Clip, Source
from tests.judging.making import Captioned, captioned, with_video


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Captioned:
    return captioned(tmp_path_factory.mktemp("files") / "run")


def made(run: Captioned, count: int, seed: int = 0) -> list[Clip]:
    with Source(run.folder) as source:
        clips = audit.picked(source, count, seed)
        audit.write(source, clips, seed)
        return clips


def test_the_choice_is_by_seed_and_a_smaller_one_is_part_of_a_larger(run: Captioned) -> None:
    with Source(run.folder) as source:
        ids = {
            (count, seed): [clip.clip_id for clip in audit.picked(source, count, seed)]
            for count in (5, 20, 1000)
            for seed in (0, 1)
        }
        assert ids[20, 0][:5] == ids[5, 0]
        assert ids[5, 0] != ids[5, 1]
        assert sorted(ids[1000, 1]) == run.kept
        for count in (0, -1, 1001):
            with pytest.raises(ValueError, match="give a number of clips from 1 to 1000"):
                audit.picked(source, count, 0)


def test_frames_are_those_that_the_captioner_saw(run: Captioned) -> None:
    with Source(run.folder) as source:
        clip = source.clips(run.kept[:1])[0]
        part = source.frame_parts([clip])[clip.video_id]
    assert [frame.pts for frame in frames_of(clip, part)] == list(clip.frames_seen)
    assert [clip.after(pts) for pts in clip.frames_seen] == [0.5, 1.0, 2.5]
    # Of more than are shown, evenly spread ones.
    assert [frame.pts for frame in frames_of(clip, part, 2)] == [clip.frames_seen[0], clip.frames_seen[2]]
    # Some were decoded: as many as it saw, of those that are stored.
    decoded = Clip(
        *(getattr(clip, name) for name in Clip.__slots__[:-1]), (clip.start_pts + 5, clip.start_pts + 6)
    )
    assert [frame.pts for frame in frames_of(decoded, part)] == [
        one.pts for one in jpegs_of(part, clip.start_pts, clip.end_pts, 2)
    ]
    # It saw none: evenly spread ones.
    blind = Clip(*(getattr(clip, name) for name in Clip.__slots__[:-1]), ())
    assert len(frames_of(blind, part)) == 6
    assert frames_of(clip, None) == frames_of(clip, part + "x") == []


def test_the_video_is_that_of_the_shard_or_none(run: Captioned, tmp_path: Path) -> None:
    shutil.copytree(run.root, tmp_path / "run")
    copy = Captioned(run.made, run.keys, run.kept)
    copy.made.folder.root = str(tmp_path / "run")
    data = with_video(copy, run.kept[2])
    try:
        clips = made(copy, 1000)
        media = tmp_path / "run" / audit.MEDIA
        assert (media / f"{run.kept[2].hex()}.mp4").read_bytes() == data
        assert len(list(media.glob("*.jpg"))) == 3 * len(clips)
        page = (tmp_path / "run" / audit.PAGE).read_text("utf-8")
        assert page.count("<video") == 1
        assert "http" not in re.sub(r"<p class.*?</p>|http-equiv", "", page)
        # What the page refers to is there, and nothing else.
        named = set(re.findall(r'(?:src|poster)="media/([^"]+)"', page))
        assert named == {path.name for path in media.iterdir()}
        # One bit in the shard is another: no video, and a page all the same.
        shard = tmp_path / "run" / "shards/a/x.tar"
        flipped = bytearray(shard.read_bytes())
        flipped[2000] ^= 1
        shard.write_bytes(flipped)
        (media.parent / "audit-ticks.json").write_text("{}")
        (media / "mine.txt").write_text("kept")
        made(copy, 2, 3)
        assert {path.suffix for path in media.iterdir()} == {".jpg", ".txt"}
        assert len(list(media.glob("*.jpg"))) == 6
        assert (media.parent / "audit-ticks.json").exists()
    finally:
        copy.made.folder.root = run.root


def test_the_same_run_gives_the_same_page(run: Captioned) -> None:
    made(run, 10)
    before = Path(run.folder.path(audit.PAGE)).read_bytes()
    made(run, 10)
    assert Path(run.folder.path(audit.PAGE)).read_bytes() == before
    assert b"test-vlm" not in before
