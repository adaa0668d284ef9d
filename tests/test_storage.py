"""The output folder: paths that stay inside, whole writes, whose folder it is, one writer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from curate.storage import MARKER, Folder, Lock, OutputError, claim, is_run, local_path


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "a/.."])
def test_a_name_does_not_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="leaves the folder"):
        Folder(str(tmp_path)).path(name)


def test_local_paths() -> None:
    assert local_path("/a b%20c") == "/a b%20c"
    assert local_path("file:///a%20b") == "/a b"
    assert os.fsencode(local_path("file:///a%ff")) == b"/a\xff"


def test_remote_outputs_are_refused() -> None:
    with pytest.raises(OutputError, match="s3://bucket/run is not on a local disk"):
        Folder("s3://bucket/run")


def test_a_write_that_fails_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(str(tmp_path))
    folder.write("a/b", b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        folder.write("a/b", b"new")
    assert folder.names() == ["a/b"]
    assert (tmp_path / "a" / "b").read_bytes() == b"old"


def test_names_are_sorted_and_relative(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path))
    for name in ("b/2", "a", "b/1"):
        folder.write(name, b"")
    assert (folder.names(), folder.names("b"), folder.names("none")) == (
        ["a", "b/1", "b/2"],
        ["b/1", "b/2"],
        [],
    )
    folder.remove("a")
    folder.remove("a")
    assert (folder.exists("a"), folder.exists("b/1")) == (False, True)


def test_free_space_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert Folder(str(tmp_path / "x" / "y")).free_bytes() > 0


def test_a_new_or_empty_folder_is_claimed_and_known_again(tmp_path: Path) -> None:
    for name in ("new/deep", "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        folder = Folder(str(tmp_path / name))
        assert not is_run(folder)
        claim(folder)
        claim(folder)
        assert (is_run(folder), folder.names()) == (True, [MARKER])


def test_a_claim_that_was_killed_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / f"{MARKER}.draft123").write_bytes(b"{")
    claim(Folder(str(tmp_path)))
    assert is_run(Folder(str(tmp_path)))


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(OutputError, match=r"holds other things .*photo\.jpg.*choose a new or"):
        claim(Folder(str(tmp_path)))
    assert os.listdir(tmp_path) == ["photo.jpg"]


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        (b"{}", "not a marker of curate"),
        (b"\xff", "not a marker of curate"),
        (b"[1]", "not a marker of curate"),
        (json.dumps({"made_by": "curate", "format": 2}).encode(), "format 2 and this version knows 1"),
    ],
)
def test_a_marker_of_something_else(tmp_path: Path, marker: bytes, said: str) -> None:
    (tmp_path / MARKER).write_bytes(marker)
    with pytest.raises(OutputError, match=said):
        claim(Folder(str(tmp_path)))
    assert (tmp_path / MARKER).read_bytes() == marker


def test_an_output_that_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    with pytest.raises(OutputError, match="is a file: choose a folder"):
        claim(Folder(str(path)))
    assert path.read_bytes() == b"x"


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path / "run"))
    with Lock(folder):
        program = (
            "import sys; from curate.storage import *\n"
            "try:\n    Lock(Folder(sys.argv[1])).__enter__()\nexcept OutputError as error:\n    print(error)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, folder.root], capture_output=True, text=True, check=True
        )
        assert f"another run (process {os.getpid()}) is writing to {folder.root}" in done.stdout
    with Lock(folder), pytest.raises(OutputError, match="another run"), Lock(folder):
        pass
    with Lock(folder):
        assert (tmp_path / "run" / Lock.NAME).read_text() == str(os.getpid())
