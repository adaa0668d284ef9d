"""Real footage in chunks of 1, 3 and 10 s: the bytes of one scan, for every file."""

import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from curate.media.errors import MediaError
from tests.signals.chunking import Both

pytestmark = pytest.mark.real


def compared(path: str) -> list[int | str]:
    """What came of each length of chunks; nothing for a file that is no video."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            both = Both(Path(path), Path(folder))
        except MediaError:
            return []
        return [both.compare(seconds) for seconds in (1, 3, 10)]


def test_every_file(real_videos: Path) -> None:
    paths = [path for path in real_videos.iterdir() if path.suffix not in (".json", ".md")]
    paths.sort(key=lambda path: -path.stat().st_size)
    # Every file is decoded several times: two minutes on one core.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        done = pool.map(compared, map(str, paths))
        found = {path.name: said for path, said in zip(paths, done, strict=True)}
    # None of them begins uncleanly at a keyframe; half of them have but one or two.
    assert {name: said for name, said in found.items() if any(isinstance(one, str) for one in said)} == {}
    assert sum(said[:1] not in ([], [1]) for said in found.values()) >= 25
    for name in ("mpy__clip1024.flv", "mpy__big_buck_bunny_0_30.webm", "v2d__test_video.mp4"):
        assert all(isinstance(one, int) and one > 1 for one in found[name]), found[name]
