"""Verify: silent about what is right, and naming shard and key of whatever is not."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import stages.encode
from curate import clips
from curate.context import Context
from curate.sharding.tar import DamagedTar, Member, members_of, write_tar
from curate.storage import Folder
from curate.tables import Tables, to_table
from curate.verify import TOLD, verify
from stages.shards import Survivor, run
from tests.packing import Encoder, Here, context, samples, survivor

RULES = "0123456789abcdef"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of 12 clips, all of whose tables are there."""
    monkeypatch.setattr(stages.encode, "decode_call", Encoder())
    ctx = context(tmp_path)
    these = [survivor(tmp_path, number) for number in range(12)]
    run(ctx, Here(), these)
    rows = [
        {"clip_id": s.clip_id, "video_id": s.video_id, "start_pts": s.start_pts, "end_pts": s.end_pts}
        for s in these
    ]
    ctx.tables.append("clips", rows, key=ctx.keys.cuts)
    rows = [{"clip_id": s.clip_id, "dense": s.dense, "short": s.short, "outcome": "ok"} for s in these]
    ctx.tables.append("captions", rows, key=ctx.keys.captioner)
    judge(ctx, these)
    keys = {"cuts": ctx.keys.cuts, "captioner": ctx.keys.captioner}
    row = {"run": 1, "keys": json.dumps(keys), "rules": RULES, "verdicts": "some", "ended": "2026"}
    ctx.tables.append("runs", [row])
    return tmp_path


def judge(ctx: Context, kept: list[Survivor]) -> None:
    """Verdicts that keep `kept`, and drop one clip more."""
    rows: list[dict[str, Any]] = [{"clip_id": s.clip_id, "kept": True, "pending": False} for s in kept]
    rows.append(
        {"clip_id": clips.digest(b"dropped"), "kept": False, "dropped_by": "motion", "pending": False}
    )
    ctx.tables.replace("verdicts", rows, key=RULES)


def problems(root: Path) -> list[str]:
    told: list[str] = []
    folder = Folder(str(root))
    assert verify(folder, Tables(folder), told.append) == len(told)
    return told


def alter(root: Path, row: dict[str, Any], member: str, at: int = 0) -> None:
    """Flip a bit of a member's data."""
    path = root / row["shard"]
    data = bytearray(path.read_bytes())
    data[row[f"{member}_offset"] + at] ^= 1
    path.write_bytes(data)


def largest(root: Path) -> dict[str, Any]:
    return max(samples(root), key=lambda row: row["mp4_bytes"])


def test_a_good_run_has_no_problem(root: Path) -> None:
    assert problems(root) == []


def test_an_empty_run_has_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path) == []


@pytest.mark.parametrize(
    ("member", "complaint"),
    [
        ("mp4", "the digest of the mp4 is"),
        ("json", "KEY.json is damaged"),
        ("txt", "KEY.txt is not the dense caption"),
        ("short_txt", "KEY.short.txt is not the short caption"),
    ],
)
def test_a_flipped_bit_is_told_with_shard_and_key(root: Path, member: str, complaint: str) -> None:
    row = largest(root)
    alter(root, row, member)
    (told,) = problems(root)
    assert told.startswith(f"{row['shard']}: key {row['key']}: {complaint}")


def test_any_flipped_bit_is_told(root: Path) -> None:
    shard = root / largest(root)["shard"]
    data = shard.read_bytes()
    rng = random.Random(5)
    for at in [*range(0, 512, 37), *rng.sample(range(len(data)), 25), len(data) - 1]:
        damaged = bytearray(data)
        damaged[at] ^= 1 << rng.randrange(8)
        shard.write_bytes(damaged)
        told = problems(root)
        assert told, f"byte {at}"
        assert all(shard.name in text for text in told)


def test_a_shard_that_is_cut_short(root: Path) -> None:
    row = largest(root)
    shard = root / row["shard"]
    shard.write_bytes(shard.read_bytes()[: row["mp4_offset"] + 10])
    told = problems(root)
    assert told[0].startswith(f"{row['shard']}: the tar is damaged: it ends at byte")
    assert f"{row['shard']}: key {row['key']}: the member '{row['key']}.json' is missing" in told


def test_a_shard_that_is_gone(root: Path) -> None:
    row = largest(root)
    (root / row["shard"]).unlink()
    (told,) = problems(root)
    assert told.startswith(f"{row['shard']}: samples names this shard for ")


def test_a_file_that_no_row_names(root: Path) -> None:
    (root / "shards" / "stray.tar").write_bytes(b"")
    assert problems(root) == ["shards/stray.tar: no row of samples names this file; the next run removes it"]


def test_a_member_that_no_row_names(root: Path) -> None:
    shard = root / largest(root)["shard"]
    old = shard.read_bytes()
    members = [Member(m.name, m.size, old[m.offset : m.offset + m.size]) for m in members_of(str(shard))]
    write_tar(str(shard), [*members, Member("stranger.mp4", 3, b"abc")])
    (told,) = problems(root)
    assert told.endswith("key stranger: no row of samples names the member 'stranger.mp4'")


def rewritten(root: Path, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """`samples` with a change to one row, which is returned as it was."""
    tables, row = Tables(Folder(str(root))), largest(root)
    rows = tables.rows("samples")
    for other in rows:
        if other["clip_id"] == row["clip_id"]:
            change(other)
    tables.replace("samples", to_table(clips.SAMPLES, rows))
    return row


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        ("mp4_offset", "samples says that"),
        ("txt_bytes", "samples says that"),
        ("width", "KEY.json says encoded.width is"),
        ("bucket", "KEY.json says bucket is"),
    ],
)
def test_a_row_that_is_wrong(root: Path, column: str, complaint: str) -> None:
    row = rewritten(root, lambda other: other.update({column: other[column] + other[column]}))
    (told,) = problems(root)
    assert told.startswith(f"{row['shard']}: key {row['key']}: {complaint}")


def test_a_row_that_is_there_twice(root: Path) -> None:
    tables, row = Tables(Folder(str(root))), largest(root)
    tables.append("samples", [row])
    assert problems(root) == [f"key {row['key']}: 2 rows of samples speak of this clip"]


def test_a_row_that_leads_out_of_the_run(root: Path) -> None:
    rewritten(root, lambda other: other.update(shard="../elsewhere.tar"))
    assert "../elsewhere.tar: '../elsewhere.tar' leaves the folder" in " ".join(problems(root))


def test_verdicts_and_samples_that_differ(root: Path) -> None:
    ctx = context(root)
    packed = [survivor(root, number) for number in range(12)]
    new = survivor(root, 12)
    judge(ctx, [*packed[1:], new])
    told = problems(root)
    assert len(told) == 2
    shard = next(row["shard"] for row in samples(root) if row["clip_id"] == packed[0].clip_id)
    key = packed[0].clip_id.hex()
    assert f"{shard}: key {key}: not kept by the present rules; run the pipeline again" in told
    assert f"key {new.clip_id.hex()}: this clip is kept and in no shard; run the pipeline again" in told


def test_of_many_only_some_are_named(root: Path) -> None:
    packed = [survivor(root, number) for number in range(12)]
    judge(context(root), [*packed, *(survivor(root, number) for number in range(12, 12 + TOLD + 5))])
    told = problems(root)
    assert len(told) == TOLD + 1
    assert told[-1] == "5 more clips are kept and in no shard"


def test_verdicts_of_a_run_that_did_not_end_are_not_asked(root: Path) -> None:
    ctx = context(root)
    judge(ctx, [])
    row = {"run": 2, "keys": "{}", "rules": RULES, "verdicts": None, "ended": "2027"}
    ctx.tables.append("runs", [{**row, "keys": ctx.tables.rows("runs")[0]["keys"]}])
    assert problems(root) == []


def test_a_tar_of_garbage_is_a_problem_not_a_crash(root: Path) -> None:
    shard = root / largest(root)["shard"]
    shard.write_bytes(random.Random(0).randbytes(5000))
    with pytest.raises(DamagedTar):
        list(members_of(str(shard)))
    assert f"{shard.relative_to(root)}: the tar is damaged: there is no header at byte 0" in problems(root)[0]
