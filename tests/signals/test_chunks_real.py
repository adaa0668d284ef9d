"""Real footage in chunks of 1, 3 and 10 s: the bytes of one scan, for every file."""

import shutil
from pathlib import Path

import pytest

from curate.media.errors import MediaError
from tests.signals.chunking import Both

pytestmark = pytest.mark.real


def test_every_file(real_videos: Path, tmp_path: Path) -> None:
    found: dict[str, list[int | str]] = {}
    for path in sorted(real_videos.iterdir()):
        if path.suffix in (".json", ".md"):
            continue
        try:
            both = Both(path, tmp_path / path.name)
        except MediaError:
            continue
        found[path.name] = [both.compare(seconds) for seconds in (1, 3, 10)]
        shutil.rmtree(tmp_path / path.name, ignore_errors=True)
    # None of them begins uncleanly at a keyframe; half of them have but one or two.
    assert {name: said for name, said in found.items() if any(isinstance(one, str) for one in said)} == {}
    assert sum(said[0] != 1 for said in found.values()) >= 25
    for name in ("mpy__clip1024.flv", "mpy__big_buck_bunny_0_30.webm", "v2d__test_video.mp4"):
        assert all(isinstance(one, int) and one > 1 for one in found[name]), found[name]
