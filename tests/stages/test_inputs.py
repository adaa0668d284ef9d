"""What an input names: folders, globs, files and lists, however odd the names."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.storage import local_path
from stages.inputs import VIDEO_EXTENSIONS, InputError, Listing, listing, merge_carried, uri_of

ODD = [
    "two words.mp4", "it's.mp4", '"q".mp4', "[red].mp4", "-rf.mp4", "a:b.mp4", "concat:x.mp4",
    "line\nbreak.mp4",
    "видео.mp4", "映像.mp4", "100%25.mp4", "a*b?.mp4", "#1.mp4", " lead.mp4",
]  # fmt: skip


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def found(*inputs: Any, output: str = "/nowhere") -> Listing:
    return listing([str(one) for one in inputs], output)


def names(result: Listing, folder: Path) -> list[str]:
    return [os.path.relpath(entry.path, folder) for entry in result.entries]


def test_a_folder_with_all_below_it(tmp_path: Path) -> None:
    touch(
        tmp_path, "b.mp4", "a/x.MKV", "a/deep/y.Gif", "notes.txt", "a/list.csv", "none", ".mp4", "c.mp4.part"
    )
    result = found(tmp_path)
    assert names(result, tmp_path) == ["a/deep/y.Gif", "a/x.MKV", "b.mp4"]
    assert result.passed_over == 5
    one = result.entries[2]
    facts = os.stat(one.path)
    assert (one.bytes, one.modified, one.carried, one.missing) == (1, str(facts.st_mtime_ns), {}, None)


def test_every_extension_in_either_case(tmp_path: Path) -> None:
    touch(tmp_path, *(f"x.{e}" for e in VIDEO_EXTENSIONS), *(f"X.{e.upper()}" for e in VIDEO_EXTENSIONS))
    assert {"mp4", "mov", "mkv", "webm", "avi", "gif", "mpg", "ts", "wmv", "flv", "m4v"} <= VIDEO_EXTENSIONS
    result = found(tmp_path)
    assert (len(result.entries), result.passed_over) == (2 * len(VIDEO_EXTENSIONS), 0)


@pytest.mark.parametrize("name", ODD)
def test_odd_names_by_every_way(tmp_path: Path, name: str) -> None:
    touch(tmp_path / "in", name)
    path = str(tmp_path / "in" / name)
    (tmp_path / "l.jsonl").write_text(json.dumps({"uri": f"in/{name}"}))
    pq.write_table(pa.table({"uri": [path]}), tmp_path / "l.parquet")
    ways: list[Any] = [
        tmp_path / "in",
        path,
        tmp_path / "in" / "*",
        tmp_path / "l.jsonl",
        tmp_path / "l.parquet",
    ]
    if "\n" not in name:
        (tmp_path / "l.txt").write_text(f"in/{name}\n")
        ways.append(tmp_path / "l.txt")
    for way in ways:
        (entry,) = found(way).entries
        assert (entry.path, entry.missing, local_path(entry.uri)) == (path, None, path), way


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    raw = os.fsencode(str(tmp_path)) + b"/\xff\xe9.mp4"
    Path(os.fsdecode(raw)).write_bytes(b"x")
    (tmp_path / "l.txt").write_bytes(b"\xff\xe9.mp4\n")
    for way in (tmp_path, tmp_path / "l.txt", tmp_path / "*.mp4", f"file://{tmp_path}/%FF%E9.mp4"):
        (entry,) = found(way).entries
        assert entry.uri == f"file://{tmp_path}/%FF%E9.mp4"
        assert os.fsencode(local_path(entry.uri)) == raw
        entry.uri.encode()


def test_names_that_no_file_can_have(tmp_path: Path) -> None:
    lines = [json.dumps({"uri": uri}) for uri in ("a\0b.mp4", "half\ud800.mp4", "x" * 5000 + ".mp4")]
    (tmp_path / "l.jsonl").write_text("\n".join(lines))
    result = found(tmp_path / "l.jsonl")
    assert [bool(entry.missing) for entry in result.entries] == [True] * 3
    for entry in result.entries:
        entry.uri.encode()


def test_globs(tmp_path: Path) -> None:
    touch(tmp_path, "a1.mp4", "a2.mp4", "b1.mp4", "deep/er/c.mp4", "a1.txt", "[x].mp4")
    assert names(found(tmp_path / "a[0-9].*"), tmp_path) == ["a1.mp4", "a2.mp4"]
    assert found(tmp_path / "a[0-9].*").passed_over == 1
    assert names(found(tmp_path / "**" / "*.mp4"), tmp_path) == [
        "[x].mp4",
        "a1.mp4",
        "a2.mp4",
        "b1.mp4",
        "deep/er/c.mp4",
    ]
    # A file that is called like a pattern is that file.
    assert names(found(tmp_path / "[x].mp4"), tmp_path) == ["[x].mp4"]
    with pytest.raises(InputError, match="matches nothing"):
        found(tmp_path / "z*.mp4")


def test_the_output_is_no_input(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "runs/demo/staging/x.mp4", "runs/demo2/y.mp4")
    output = str(tmp_path / "runs" / "demo")
    for way in (tmp_path, tmp_path / "**" / "*.mp4"):
        assert names(found(way, output=output), tmp_path) == ["a.mp4", "runs/demo2/y.mp4"]
    with pytest.raises(InputError, match="is the output folder too"):
        found(output, output=output)


def test_linked_folders_are_entered_once_and_circles_end(tmp_path: Path) -> None:
    touch(tmp_path, "real/x.mp4", "in/a.mp4", "in/b/c.mp4", "run/y.mp4")
    for name, target in (("link", "../real"), ("loop", "."), ("up", "../in"), ("out", "../run")):
        (tmp_path / "in" / name).symlink_to(target)
    result = found(tmp_path / "in", output=str(tmp_path / "run"))
    assert names(result, tmp_path) == ["in/a.mp4", "in/b/c.mp4", "in/link/x.mp4"]


def test_what_is_named_twice_is_there_once(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "b.mp4")
    (tmp_path / "l.csv").write_text("uri,licence\na.mp4,CC0\n./a.mp4,BY\n")
    result = found(tmp_path, tmp_path / "a.mp4", f"{tmp_path}/./b.mp4", tmp_path / "l.csv")
    assert [(os.path.basename(e.path), e.carried) for e in result.entries] == [
        ("a.mp4", {"licence": "BY"}), ("b.mp4", {}),
    ]  # fmt: skip


def test_columns_of_lists_are_carried(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "b.mp4")
    (tmp_path / "l.csv").write_bytes(
        '\ufeffuri,caption,licence\r\na.mp4,"a, ""b""\nc",\r\nb.mp4,é,CC0,extra\r\n'.encode()
    )
    (tmp_path / "l.JSONL").write_text(
        '{"uri": "a.mp4", "n": 3, "tags": ["x"], "none": null, "sep": "\u2028"}\n\n'
        '{"uri": "b.mp4", "x": NaN}\n'
    )
    table = pa.table({"uri": ["a.mp4", "b.mp4"], "n": [1, None], "when": [pa.scalar(0, pa.date32())] * 2})
    pq.write_table(table, tmp_path / "l.parquet")

    def carried(name: str) -> list[dict[str, Any]]:
        return [entry.carried for entry in found(tmp_path / name).entries]

    assert carried("l.csv") == [{"caption": 'a, "b"\nc', "licence": None}, {"caption": "é", "licence": "CC0"}]
    assert carried("l.JSONL") == [{"n": 3, "tags": ["x"], "none": None, "sep": "\u2028"}, {"x": None}]
    assert carried("l.parquet") == [{"n": 1, "when": "1970-01-01"}, {"n": None, "when": "1970-01-01"}]


def test_a_listed_file_that_is_not_there_is_an_entry_with_the_reason(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "l.txt").write_text("a.mp4\r\nnone.mp4\n\npipe.mp4\nfolder.mp4\n")
    reasons = {os.path.basename(e.path): e.missing for e in found(tmp_path / "l.txt").entries}
    assert reasons == {
        "a.mp4": None,
        "folder.mp4": "is not a regular file",
        "none.mp4": "cannot be opened: No such file or directory",
        "pipe.mp4": "is not a regular file",
    }


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("l.csv", b"url,x\na,b\n", "no column `uri` but url, x"),
        ("l.csv", b"", "no column `uri` but nothing"),
        ("l.csv", b"uri,x\n,b\n", "no `uri` in row 1"),
        ("l.csv", b"uri\n\xff\n", "cannot be read"),
        ("l.jsonl", b'{"uri": 3}', "no `uri` in row 1"),
        ("l.jsonl", b'{"uri": "a"}\n{"name": "b"}', "no `uri` in row 2"),
        ("l.jsonl", b"[1]", "line 1 is not a JSON object"),
        ("l.jsonl", b"{", "cannot be read"),
        ("l.parquet", b"PAR1", "cannot be read"),
    ],
)
def test_a_list_that_cannot_be_read(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match="the list ") as caught:
        found(tmp_path / name)
    assert said in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)


def test_an_input_that_names_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt", "readme.md")
    with pytest.raises(InputError, match=r"no video in .* \(2 other files passed over\)"):
        found(tmp_path)
    with pytest.raises(InputError, match="does not exist: give a folder, a glob, a file or a list"):
        found(tmp_path / "none")
    with pytest.raises(InputError, match="s3://bucket/x is not on a local disk"):
        found("s3://bucket/x")


def test_of_copies_the_smallest_value_is_taken_in_any_order() -> None:
    rows: list[dict[str, Any]] = [{"a": 10, "b": None}, {"a": 9, "b": "x"}, {"c": "y", "a": None}]
    for order in (rows, rows[::-1], [rows[1], rows[2], rows[0]]):
        assert merge_carried(order) == {"a": 9, "b": "x", "c": "y"}
        assert list(merge_carried(order)) == ["a", "b", "c"]
    assert uri_of("/a b") == "/a b"


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.mp4", "closed/b.mp4")
    scandir = os.scandir

    def denied(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    result = found(tmp_path, tmp_path)
    assert names(result, tmp_path) == ["a.mp4", "closed"]
    assert [entry.missing for entry in result.entries] == [None, "cannot be listed: Permission denied"]
    with pytest.raises(InputError, match=r"no video in .*closed cannot be listed: Permission denied"):
        found(tmp_path / "closed")
