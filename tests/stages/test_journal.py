"""The journal of answers: whole lines or none, whatever becomes of who writes them."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from curate.storage import Folder
from stages import journal
from stages.journal import Journal, journals, keys, lines


def test_lines_come_back_as_they_were_written(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"raw": "a\nb\u2028c\x85d\x00", "n": 1}, {"raw": "half \ud83d", "n": None}, {"x": [1.5, "é"]},
    ]  # fmt: skip
    out = Journal(str(tmp_path / "journal" / "k" / "1.0-aa.jsonl"))
    # No file before the first line.
    assert not (tmp_path / "journal").exists()
    for row in rows:
        out.write(row)
    out.close()
    out.close()
    assert list(lines(str(tmp_path / "journal/k/1.0-aa.jsonl"))) == rows


def test_a_line_without_its_end_and_a_damaged_one_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"n": 1}\n\x00\x00\xff\n{"n": \n[1]\n"text"\nnull\n\n' + b"[" * 100_000 + b'\n{"n": 2}\n{"n": 3}'
    )
    assert [row["n"] for row in lines(str(path))] == [1, 2]
    path.write_bytes(b"")
    assert list(lines(str(path))) == []


def test_what_is_written_on_stays_whole(tmp_path: Path) -> None:
    path = str(tmp_path / "a.jsonl")
    for number in range(3):
        out = Journal(path)
        out.write({"n": number})
        out.close()
    assert [row["n"] for row in lines(path)] == [0, 1, 2]


WRITER = """
import sys
from stages.journal import Journal
out = Journal(sys.argv[1])
for number in range(200):
    out.write({"who": sys.argv[2], "n": number, "raw": "x" * 9000})
"""


def test_two_writers_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = str(tmp_path / "a.jsonl")
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, who]) for who in "ab"]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    found = [(row["who"], row["n"]) for row in lines(path)]
    assert sorted(found) == [(who, number) for who in "ab" for number in range(200)]


def test_a_full_disk_leaves_no_half_line_for_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "a.jsonl")
    out = Journal(path)
    out.write({"n": 1})
    write = os.write
    left = [10]

    def nearly_full(file: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = write(file, data[: left[0]])
        left[0] -= done
        return done

    monkeypatch.setattr(journal.os, "write", nearly_full)
    with pytest.raises(OSError, match="No space left"):
        out.write({"n": 2, "raw": "too long for what is left"})
    left[0] = 10_000
    out.write({"n": 3})
    out.close()
    assert [row["n"] for row in lines(path)] == [1, 3]
    assert all(json.loads(line) for line in Path(path).read_bytes().splitlines())


def test_journals_by_key_and_portion(tmp_path: Path) -> None:
    for name in (
        "k/1.1-a.jsonl",
        "k/1.1-b.jsonl",
        "k/1.10-a.jsonl",
        "k/11.1-a.jsonl",
        "l/1.1-a.jsonl",
        "k/3.todo",
    ):
        path = tmp_path / "journal" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "journal" / "stray.jsonl").write_text("")
    folder = Folder(str(tmp_path))
    assert journals(folder, "k", "1.1-") == ["journal/k/1.1-a.jsonl", "journal/k/1.1-b.jsonl"]
    assert len(journals(folder, "k")) == 4
    assert journals(folder, "none") == []
    assert keys(folder) == ["k", "l"]
    assert keys(Folder(str(tmp_path / "none"))) == []
