"""Tars: the bytes that tarfile would read, offsets that hold, damage that is told."""

import tarfile
from pathlib import Path

import pytest

from curate import clips
from curate.sharding.tar import (
    DamagedTar,
    Member,
    Slice,
    content_name,
    digest_of,
    header,
    members_of,
    offsets,
    tar_bytes,
    write_tar,
)

CONTENTS = {"a.mp4": b"x" * 1000, "a.json": b"{}", "a.short.txt": b"", "b.mp4": b"y" * 512}


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    path = tmp_path / "shards" / "one.tar"
    write_tar(str(path), [Member(name, len(data), data) for name, data in CONTENTS.items()])
    return path


def test_tarfile_reads_what_was_written(tar: Path) -> None:
    with tarfile.open(tar, "r:") as opened:
        found = {info.name: opened.extractfile(info).read() for info in opened}  # type: ignore[union-attr]
        assert found == CONTENTS
        for info in opened:
            assert (info.mtime, info.uid, info.gid, info.mode, info.uname, info.gname) == (
                0,
                0,
                0,
                0o644,
                "",
                "",
            )


def test_the_bytes_are_those_of_tarfile_without_its_last_record(tar: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.tar"
    with tarfile.open(theirs, "w", format=tarfile.USTAR_FORMAT) as opened:
        for name, data in CONTENTS.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            source = tmp_path / "data"
            source.write_bytes(data)
            with source.open("rb") as file:
                opened.addfile(info, file)
    ours = tar.read_bytes()
    assert theirs.read_bytes().startswith(ours)
    assert set(theirs.read_bytes()[len(ours) :]) <= {0}


def test_offsets_and_size_are_known_beforehand(tar: Path) -> None:
    sizes = [len(data) for data in CONTENTS.values()]
    data = tar.read_bytes()
    assert len(data) == tar_bytes(sizes)
    for at, content in zip(offsets(sizes), CONTENTS.values(), strict=True):
        assert data[at : at + len(content)] == content


def test_members_are_found_where_they_are(tar: Path) -> None:
    found = list(members_of(str(tar)))
    sizes = [len(data) for data in CONTENTS.values()]
    assert [(m.name, m.offset, m.size, m.plain) for m in found] == [
        (name, at, size, True) for name, at, size in zip(CONTENTS, offsets(sizes), sizes, strict=True)
    ]


def test_a_member_is_copied_from_within_another_tar(tar: Path, tmp_path: Path) -> None:
    digest = clips.new_hash()
    digest.update(CONTENTS["b.mp4"])
    place = next(m for m in members_of(str(tar)) if m.name == "b.mp4")
    other = tmp_path / "other.tar"
    write_tar(str(other), [Member("b.mp4", place.size, Slice(str(tar), place.offset, digest.hexdigest()))])
    again = tmp_path / "again.tar"
    write_tar(str(again), [Member("b.mp4", 512, CONTENTS["b.mp4"])])
    assert other.read_bytes() == again.read_bytes()
    assert digest_of(str(tar), place.offset, place.size) == digest.hexdigest()


@pytest.mark.parametrize(("offset", "complaint"), [(0, "not those that were written"), (2000, "too early")])
def test_copying_what_is_damaged_leaves_no_tar(tmp_path: Path, offset: int, complaint: str) -> None:
    source, target = tmp_path / "clip.mp4", tmp_path / "out" / "one.tar"
    source.write_bytes(b"z" * 2100)
    with pytest.raises(DamagedTar, match=f"clip.mp4 is damaged: .*{complaint}"):
        write_tar(str(target), [Member("a.mp4", 200, Slice(str(source), offset, "00" * 16))])
    assert list(target.parent.iterdir()) == []


def test_a_size_of_eight_gibibytes_has_a_header() -> None:
    info = tarfile.TarInfo.frombuf(header("a.mp4", 1 << 33), "utf-8", "strict")
    assert (info.name, info.size) == ("a.mp4", 1 << 33)


@pytest.mark.parametrize(
    ("start", "new", "complaint"),
    [
        (0, b"?", "no header at byte 0"),
        (2560, b"?", "no header at byte 2560"),
        (1536 - 1, b"?", "padding of 'a.mp4'"),
        (-1, b"?", "more than an end mark"),
    ],
)
def test_flipped_bytes_are_told(tar: Path, start: int, new: bytes, complaint: str) -> None:
    data = bytearray(tar.read_bytes())
    data[start] = new[0]
    tar.write_bytes(data)
    with pytest.raises(DamagedTar, match=complaint):
        list(members_of(str(tar)))


@pytest.mark.parametrize("kept", [0, 100, 512, 700, 1536, 2000, -1024, -1])
def test_a_tar_cut_short_is_told(tar: Path, kept: int) -> None:
    data = tar.read_bytes()
    tar.write_bytes(data[:kept])
    with pytest.raises(DamagedTar, match=r"it ends|end mark"):
        list(members_of(str(tar)))


def test_the_name_follows_from_the_contents() -> None:
    contents = [("a.mp4", 10, "aa"), ("a.json", 2, "bb")]
    name = content_name("01", contents)
    assert name.startswith("01-")
    assert name == content_name("01", contents)
    others = [
        contents[::-1],
        contents[:1],
        [("b.mp4", 10, "aa"), contents[1]],
        [("a.mp4", 11, "aa"), contents[1]],
    ]
    assert len({name, *(content_name("01", other) for other in others)}) == 5
