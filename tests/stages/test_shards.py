"""Shards: the same bytes by whatever way one comes to them, and nothing encoded twice."""

import json
import random
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import stages.encode
import stages.worker
from curate import clips
from curate.media.decode import decode
from curate.media.picture import Viewer
from stages.shards import Survivor, run
from tests.making import write
from tests.packing import Encoder, Here, context, pack, samples, several, state, survivor, tree, write_part


def test_a_sample_is_where_its_row_says(tmp_path: Path, encoder: Encoder) -> None:
    these = {s.clip_id: s for s in several(tmp_path)}
    step = pack(tmp_path, list(these.values()))
    assert (step.done, step.reused, step.failed, step.clips_encoded, step.frames_decoded) == (
        40,
        0,
        0,
        40,
        480,
    )
    rows = samples(tmp_path)
    assert sorted(row["clip_id"] for row in rows) == sorted(these)
    for row in rows:
        tar = (tmp_path / row["shard"]).read_bytes()
        data = {
            name: tar[row[f"{name}_offset"] : row[f"{name}_offset"] + row[f"{name}_bytes"]]
            for name in clips.MEMBERS
        }
        clip = these[row["clip_id"]]
        assert data["txt"] == clip.dense.encode()
        assert data["short_txt"] == clip.short.encode()
        document = json.loads(data["json"])
        assert document["key"] == row["key"] == clip.clip_id.hex()
        assert document["clip"] == {"start_pts": clip.start_pts, "end_pts": clip.end_pts}
        assert document["encoded"]["digest"] == row["digest"]
        assert document["bucket"] == row["bucket"] == row["shard"].split("/")[1]
        hashed = clips.new_hash()
        hashed.update(data["mp4"])
        assert hashed.hexdigest() == row["digest"]
        assert (row["weight"], row["frames"], row["fps"]) == (1.0, 10, 25.0)
        sound = tuple(row[name] for name in ("has_audio", "audio_start", "audio_rate"))
        assert sound == tuple(
            document["encoded"][name] for name in ("has_audio", "audio_start", "audio_rate")
        )
        assert sound in ((True, 0.0, 48000), (False, None, None))
    assert {row["has_audio"] for row in rows} == {True, False}
    assert {row["bucket"] for row in rows} == {"0p_4x3_0-2s", "0p_4x3_4-8s", "0p_3x4_0-2s", "0p_3x4_4-8s"}


def test_shards_keep_to_their_size_and_names_group_to_keys(tmp_path: Path, encoder: Encoder) -> None:
    pack(tmp_path, several(tmp_path), max_bytes=15_000)
    tars = sorted((tmp_path / "shards").rglob("*.tar"))
    assert len(tars) > 8
    for path in tars:
        assert path.stat().st_size <= 15_000
        with tarfile.open(path) as opened:
            names = opened.getnames()
        keys = [name.split(".", 1)[0] for name in names]
        assert names == [f"{key}.{end}" for key in keys[::4] for end in ("mp4", "json", "txt", "short.txt")]


def test_the_same_bytes_in_any_order_and_folder(tmp_path: Path, encoder: Encoder) -> None:
    pack(tmp_path / "a", several(tmp_path / "a"))
    shuffled = [replace(s, path=f"/elsewhere{s.path}") for s in several(tmp_path / "b")]
    random.Random(3).shuffle(shuffled)
    pack(tmp_path / "b", shuffled)
    assert state(tmp_path / "a") == state(tmp_path / "b")


def test_nothing_to_do_writes_nothing(tmp_path: Path, encoder: Encoder) -> None:
    pack(tmp_path, several(tmp_path))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    step = pack(tmp_path, several(tmp_path)[::-1])
    assert (step.done, step.reused, step.clips_encoded, step.frames_decoded) == (0, 40, 0, 0)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_added_and_removed_again(tmp_path: Path, encoder: Encoder) -> None:
    pack(tmp_path, several(tmp_path))
    before = state(tmp_path)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "shards").rglob("*.tar")}
    step = pack(tmp_path, several(tmp_path, 43))
    assert (step.done, step.reused) == (3, 40)
    assert len(samples(tmp_path)) == 43
    kept = [
        path for path in (tmp_path / "shards").rglob("*.tar") if times.get(path) == path.stat().st_mtime_ns
    ]
    assert len(kept) >= len(times) - 3  # what the new clips do not touch is not written again
    step = pack(tmp_path, several(tmp_path))
    assert (step.done, step.reused) == (0, 40)
    assert state(tmp_path) == before


def test_loosened_and_restored(tmp_path: Path, encoder: Encoder) -> None:
    pack(tmp_path, several(tmp_path))
    before = state(tmp_path)
    pack(tmp_path, several(tmp_path)[5:])
    assert len(samples(tmp_path)) == 35
    step = pack(tmp_path, several(tmp_path))
    assert (step.done, step.reused) == (5, 35)
    assert state(tmp_path) == before


def test_other_options_are_other_clips_and_the_old_ones_come_back(tmp_path: Path, encoder: Encoder) -> None:
    pack(tmp_path, several(tmp_path))
    before = state(tmp_path)
    assert pack(tmp_path, several(tmp_path), crf=30).done == 40
    assert not set(before[0]) & {name for name in tree(tmp_path) if name.endswith(".tar")}
    assert pack(tmp_path, several(tmp_path)).done == 40
    assert state(tmp_path) == before


def test_a_new_caption_and_a_new_size_encode_nothing(tmp_path: Path, encoder: Encoder) -> None:
    pack(tmp_path, several(tmp_path))
    changed = [replace(s, dense="Something else.") if s.start_pts == 70 else s for s in several(tmp_path)]
    step = pack(tmp_path, changed, max_bytes=14_000)
    assert (step.done, step.reused, len(encoder.calls)) == (0, 40, 40)
    fresh = tmp_path / "fresh"
    pack(
        fresh,
        [replace(s, dense=c.dense) for s, c in zip(several(fresh), changed, strict=True)],
        max_bytes=14_000,
    )
    assert state(tmp_path)[0] == state(fresh)[0]


def test_no_survivors_no_shards(tmp_path: Path, encoder: Encoder) -> None:
    pack(tmp_path, [])
    assert not (tmp_path / "tables" / "samples").exists()
    pack(tmp_path, several(tmp_path, 5))
    pack(tmp_path, [])
    assert state(tmp_path) == ({}, [])
    assert not (tmp_path / "shards").exists()


# -- splits -------------------------------------------------------------------------------------------------


def splits(root: Path) -> dict[bytes, set[str]]:
    """Clip -> its split, by KEY.json and by the table."""
    found = {}
    for row in samples(root):
        data = (root / row["shard"]).read_bytes()[row["json_offset"] :][: row["json_bytes"]]
        found[row["clip_id"]] = {row["split"], json.loads(data)["split"]}
    return found


def test_videos_are_held_out_as_a_whole(tmp_path: Path, encoder: Encoder) -> None:
    these = several(tmp_path, 60)
    pack(tmp_path, these, validation=0.5)
    found = splits(tmp_path)
    by_video: dict[bytes, set[str]] = {}
    for clip in these:
        by_video.setdefault(clip.video_id, set()).update(found[clip.clip_id])
    assert sorted(map(len, by_video.values())) == [1] * 6
    held_out = {video for video, names in by_video.items() if names == {"validation"}}
    assert held_out == {video for video in by_video if clips.share(video, "validation") < 0.5}
    assert 1 <= len(held_out) <= 5


def test_a_video_with_a_near_copy_is_never_held_out(tmp_path: Path, encoder: Encoder) -> None:
    these = several(tmp_path, 40)
    ctx = context(tmp_path, filters=[{"use": "duplicate"}], validation=1.0)
    rows = [{"clip_id": s.clip_id, "video_id": s.video_id} for s in these]
    ctx.tables.append("clips", rows, key=ctx.keys.cuts)
    pairs = [(0, 10), (20, 21)]  # of two videos; of one, which does not count
    key = clips.pairs_key("duplicate", ctx.keys.filters["duplicate"])
    for used, found in ((key, pairs), ("0123456789abcdef", [(20, 30)])):  # not of another time's options
        rows = [{"clip_a": these[a].clip_id, "clip_b": these[b].clip_id} for a, b in found]
        ctx.tables.append("pairs", rows, key=used)
    run(ctx, Here(), these)
    found = splits(tmp_path)
    assert [found[s.clip_id] for s in these[::10]] == [{"train"}, {"train"}, {"validation"}, {"validation"}]


# -- with the real encoder and readers -----------------------------------------------------------------------


def test_webdataset_reads_the_shards(tmp_path: Path, encoder: Encoder) -> None:
    these = several(tmp_path)
    pack(tmp_path, these)
    tars = sorted(map(str, (tmp_path / "shards").rglob("*.tar")))
    # In a process of its own: webdataset leaks files, and warnings are errors here.
    code = (
        "import json, sys, webdataset\n"
        "for s in webdataset.WebDataset(sys.argv[1:], shardshuffle=False):\n"
        "    print(json.dumps([s['__key__'], s['txt'].decode(), s['short.txt'].decode(), len(s['mp4']),"
        " json.loads(s['json'])['key']]))\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code, *tars], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    read = sorted(json.loads(line) for line in done.stdout.splitlines())
    length = {row["key"]: row["mp4_bytes"] for row in samples(tmp_path)}
    assert read == sorted(
        [s.clip_id.hex(), s.dense, s.short, length[s.clip_id.hex()], s.clip_id.hex()] for s in these
    )


def scanned(root: Path, source: Path) -> Survivor:
    """The clip [10, 35) of a video, with the fingerprints that a scan would store."""
    viewer, seen = Viewer(), []
    for frame in decode(str(source)):
        seen.append((frame.pts, zlib.crc32(np.ascontiguousarray(viewer.small(frame.image)).data)))
    base = seen[1][0] - seen[0][0]
    hashed = clips.new_hash()
    hashed.update(source.read_bytes())
    clip = survivor(
        root, 0, video_id=hashed.digest(), path=str(source), start_pts=10 * base, end_pts=35 * base
    )
    write_part(root / clip.picture_part, clip.video_id, seen)
    return clip


@pytest.fixture
def child() -> Iterator[None]:
    yield
    while stages.worker._workers:
        stages.worker._workers.popitem()[1].close()


@pytest.mark.usefixtures("child")
def test_a_clip_of_a_video(tmp_path: Path) -> None:
    source = write(tmp_path / "source.mp4", frames=50)
    clip = scanned(tmp_path / "run", source)
    step = pack(tmp_path / "run", [clip], preset="ultrafast")
    assert (step.done, step.clips_encoded) == (1, 1)
    assert 25 <= step.frames_decoded <= 50
    (row,) = samples(tmp_path / "run")
    assert (row["width"], row["height"], row["frames"], row["fps"], row["seconds"]) == (
        160,
        120,
        25,
        25.0,
        1.0,
    )
    tar = (tmp_path / "run" / row["shard"]).read_bytes()
    (tmp_path / "clip.mp4").write_bytes(tar[row["mp4_offset"] :][: row["mp4_bytes"]])
    assert sum(1 for _ in decode(str(tmp_path / "clip.mp4"))) == 25
    assert list(tree(tmp_path / "run")) == [row["shard"].rpartition("/")[0], row["shard"]]


@pytest.mark.usefixtures("child")
def test_a_source_that_changed_fails_until_it_is_back(tmp_path: Path) -> None:
    source = write(tmp_path / "source.mp4", frames=50)
    content = source.read_bytes()
    clip = scanned(tmp_path / "run", source)
    write(source, frames=50, first=3)
    ctx = context(tmp_path / "run", preset="ultrafast")
    assert run(ctx, Here(), [clip]) == {clip.clip_id}
    (row,) = ctx.tables.rows("encodes", ctx.keys.encode)
    assert "changed since it was scanned" in row["error"]
    assert row["transient"]
    assert state(tmp_path / "run") == ({}, [])
    source.unlink()
    assert pack(tmp_path / "run", [clip], preset="ultrafast").failed == 1
    source.write_bytes(content)
    assert pack(tmp_path / "run", [clip], preset="ultrafast").done == 1
    assert len(samples(tmp_path / "run")) == 1
