"""Shards when things go wrong: kills at every file operation, full disks, damaged files, clips that fail."""

import errno
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import stages.encode
from curate import clips
from curate.context import RunError
from curate.media.errors import MediaError
from curate.storage import Folder
from curate.tables import Tables
from stages.shards import Survivor, run
from tests.packing import Encoder, Here, context, pack, samples, several, state


class Killed(BaseException):
    """The process is gone: after this nothing is written or removed any more."""


class Reaper:
    """Kills at the n-th file operation, before or after it; counts them."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int | None, after: bool = False) -> None:
        self.count, self.at, self.after, self.dead = 0, at, after, False
        for owner, name in [
            (os, "replace"), (os, "unlink"), (os, "rmdir"), (os, "fsync"),
            (Tables, "_commit"), (Tables, "_write_part"),
        ]:  # fmt: skip
            patch.setattr(owner, name, self._watched(getattr(owner, name)))

    def _watched(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **options: Any) -> Any:
            if self.dead:
                raise Killed
            self.count += 1
            mine = self.count == self.at
            if mine and not self.after:
                self.dead = True
                raise Killed
            try:
                return real(*args, **options)
            finally:
                self.dead |= mine
                if self.dead:  # by this operation, or by one within it
                    raise Killed

        return watched


def changed_set(root: Path) -> list[Survivor]:
    """What the survivors are after a change: some are gone, some new, one has another caption."""
    these = several(root, 7)[1:]
    return [replace(these[0], dense="Something else."), *these[1:]]


def test_killed_anywhere_the_same_command_ends_the_same(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(root: Path) -> None:
        pack(root, several(root, 5))
        encoder.calls.clear()

    start(tmp_path / "calm")
    with monkeypatch.context() as patch:
        counting = Reaper(patch, at=None)
        pack(tmp_path / "calm", changed_set(tmp_path / "calm"))
    expected = state(tmp_path / "calm")
    assert counting.count > 20
    for at in range(1, counting.count + 1):
        for after in (False, True):
            root = tmp_path / f"{at}{'after' if after else 'before'}"
            start(root)
            with monkeypatch.context() as patch:
                Reaper(patch, at, after)
                with pytest.raises(Killed):
                    pack(root, changed_set(root))
            step = pack(root, changed_set(root))
            assert state(root) == expected, f"killed {'after' if after else 'before'} operation {at}"
            assert step.done + step.reused == 6
            assert len(encoder.calls) <= 2 + 1, "more than the clip in flight was encoded again"


def test_a_clip_that_cannot_be_encoded_is_left_out_and_not_tried_again(
    tmp_path: Path, encoder: Encoder
) -> None:
    encoder.wrong[70] = MediaError("the video is broken")
    these = several(tmp_path)
    ctx = context(tmp_path)
    assert run(ctx, Here(), these) == {these[7].clip_id}
    assert (ctx.count("shards").done, ctx.count("shards").failed) == (39, 1)
    assert these[7].clip_id not in {row["clip_id"] for row in samples(tmp_path)}
    errors = [row["error"] for row in ctx.tables.rows("encodes", ctx.keys.encode) if row["error"]]
    assert errors == ["the video is broken"]
    again = context(tmp_path)
    assert run(again, Here(), these) == {these[7].clip_id}
    assert (again.count("shards").reused, again.count("shards").failed, len(encoder.calls)) == (39, 1, 40)


def test_what_failed_because_the_file_was_away_is_tried_again(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder.wrong[70] = MediaError("the source changed")
    with monkeypatch.context() as patch:
        patch.setattr(stages.encode, "_is_not", lambda path, video_id: True)
        assert pack(tmp_path, several(tmp_path)).failed == 1
    encoder.wrong.clear()
    step = pack(tmp_path, several(tmp_path))
    assert (step.done, step.reused, step.failed) == (1, 39, 0)
    ctx = context(tmp_path)
    rows = ctx.tables.rows("encodes", ctx.keys.encode)
    assert len(rows) == 40
    assert {row["error"] for row in rows} == {None}


def test_a_file_is_what_was_scanned_or_not(tmp_path: Path) -> None:
    hashed = clips.new_hash()
    hashed.update(b"content")
    (tmp_path / "a").write_bytes(b"content")
    assert not stages.encode._is_not(str(tmp_path / "a"), hashed.hexdigest())
    (tmp_path / "a").write_bytes(b"Content")
    assert stages.encode._is_not(str(tmp_path / "a"), hashed.hexdigest())
    assert stages.encode._is_not(str(tmp_path / "b"), hashed.hexdigest())


def test_a_disk_that_fills_while_encoding(tmp_path: Path, encoder: Encoder) -> None:
    pack(tmp_path / "calm", several(tmp_path / "calm"))
    encoder.calls.clear()
    encoder.wrong[70] = OSError(errno.ENOSPC, "No space left on device", "clip.mp4")
    with pytest.raises(
        RunError, match=r"the disk is full while writing clip\.mp4: free some space and run the same"
    ):
        pack(tmp_path, several(tmp_path))
    assert [path.name for path in (tmp_path / "staging").iterdir() if path.suffix != ".mp4"] == []
    encoder.wrong.clear()
    pack(tmp_path, several(tmp_path))
    assert len(encoder.calls) == 41
    assert state(tmp_path) == state(tmp_path / "calm")


def test_a_disk_that_fills_while_packing(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(tmp_path / "calm", several(tmp_path / "calm"))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RunError, match="the disk is full"):
            pack(tmp_path, several(tmp_path))
    assert [path for path in (tmp_path / "shards").rglob("*") if path.is_file()] == []
    encoder.calls.clear()
    assert pack(tmp_path, several(tmp_path)).reused == 40
    assert encoder.calls == []
    assert state(tmp_path) == state(tmp_path / "calm")


def test_too_little_disk_is_told_before_anything_is_encoded(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    these = several(tmp_path)
    monkeypatch.setattr(Folder, "free_bytes", lambda self: 159_999_999)
    with pytest.raises(
        RunError, match=r"has 160 MB left and 40 clips will take about 160 MB: free some space"
    ):
        pack(tmp_path, these)
    assert encoder.calls == []
    monkeypatch.setattr(Folder, "free_bytes", lambda self: 160_000_000)
    assert pack(tmp_path, these).done == 40


def test_the_estimate_is_the_sources_own_rate(tmp_path: Path, encoder: Encoder) -> None:
    ctx = context(tmp_path)
    (clip,) = several(tmp_path, 1)
    ctx.tables.append("videos", [{"video_id": clip.video_id, "bytes": 1_000_000, "seconds": 100.0}])
    row = {"clip_id": clip.clip_id, "start_seconds": 5.0, "end_seconds": 8.0}
    ctx.tables.append("clips", [row], key=ctx.keys.cuts)
    assert stages.encode.estimated_bytes(ctx, [clip]) == 2 * 30_000


@pytest.mark.parametrize("harm", ["deleted", "cut short"])
def test_a_shard_that_is_gone_is_made_again(tmp_path: Path, encoder: Encoder, harm: str) -> None:
    pack(tmp_path, several(tmp_path))
    before = state(tmp_path)
    row = max(before[1], key=lambda row: row["mp4_bytes"])
    shard = tmp_path / row["shard"]
    if harm == "deleted":
        shard.unlink()
    else:
        shard.write_bytes(shard.read_bytes()[: row["mp4_offset"] + 1])
    step = pack(tmp_path, several(tmp_path))
    lost = [r for r in before[1] if r["shard"] == row["shard"]]
    assert 1 <= step.done <= len(lost)
    assert state(tmp_path) == before
    ctx = context(tmp_path)
    assert len(ctx.tables.rows("encodes", ctx.keys.encode)) == 40


def test_damaged_bytes_are_not_copied(tmp_path: Path, encoder: Encoder) -> None:
    pack(tmp_path, several(tmp_path))
    row = max(samples(tmp_path), key=lambda row: row["mp4_bytes"])
    shard = tmp_path / row["shard"]
    data = bytearray(shard.read_bytes())
    data[row["mp4_offset"] + 5] ^= 1
    shard.write_bytes(data)
    others = [replace(s, dense="New words.") for s in several(tmp_path)]
    with pytest.raises(
        RunError, match=f"{re.escape(str(shard))} is damaged: the bytes of {row['key']}.mp4 are not"
    ):
        pack(tmp_path, others)
    shard.unlink()
    pack(tmp_path, others)
    assert len(samples(tmp_path)) == 40
