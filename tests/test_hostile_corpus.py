"""The corpus is what its seed says, every base is sound before it is damaged, and all damage is damage."""

import hashlib
from pathlib import Path

import av
import numpy as np
import pytest

from tests.hostile_corpus import bases, boxes, corpus, impostors, oddities
from tests.hostile_corpus.corpus import ALWAYS, make
from tests.hostile_corpus.mutations import MUTATIONS


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("bases")
    return {name: bases.make(name, folder).read_bytes() for name in bases.BASES}


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and "nodes" not in path.parts
    }


def test_a_seed_makes_the_same_corpus_again_and_another_makes_another(tmp_path: Path) -> None:
    one, two, other = (
        make(tmp_path / name, files=40, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert digests(one.folder) == digests(two.folder)
    assert [path.relative_to(one.folder) for path in one.files] == [
        path.relative_to(two.folder) for path in two.files
    ]
    assert digests(one.folder).keys() != digests(other.folder).keys()
    assert 40 <= len(one.files) <= 40 + len(ALWAYS) + 2 * len(bases.BASES) + len(impostors.NODES) + 1
    assert all(path.is_symlink() or path.exists() for path in one.files)
    assert len(set(one.files)) == len(one.files)
    assert len(one.secrets) >= 2 * len(ALWAYS)


def test_footage_comes_on_top_and_only_what_is_small(
    originals: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    for name in ("one.mp4", "two.mkv"):
        (tmp_path / "real" / name).write_bytes(originals["mp4"])
    (tmp_path / "real" / "large.mp4").write_bytes(originals["mp4"] + b"x" * corpus.REAL_QUICK_BYTES)
    (tmp_path / "real" / "README.md").write_text("about it")
    plain = make(tmp_path / "plain", files=20, seed=1)
    more = make(tmp_path / "more", files=20, seed=1, real=tmp_path / "real")
    without, found = digests(plain.folder), digests(more.folder)
    assert without.items() <= found.items()
    added = {path.rpartition("/")[2] for path in found.keys() - without.keys()}
    assert (added, len(found) - len(without)) == ({"one.mp4", "two.mkv"}, corpus.REAL_FILES)
    # In a corpus of everything the larger ones are damaged too, up to a limit.
    edits = corpus.of_footage(tmp_path / "real", everything=True, seed=1)
    assert [path.name for path, _ in edits].count("large.mp4") == corpus.REAL_TURNS
    monkeypatch.setattr(corpus, "REAL_BYTES", corpus.REAL_QUICK_BYTES)
    assert (
        len(corpus.of_footage(tmp_path / "real", everything=True, seed=1)) == len(edits) - corpus.REAL_TURNS
    )


@pytest.mark.parametrize("name", sorted(bases.BASES))
def test_a_base_decodes_in_full_before_it_is_damaged(name: str, tmp_path: Path) -> None:
    with av.open(str(bases.make(name, tmp_path)), mode="r") as container:
        frames = list(container.decode(video=0))
    assert len(frames) == bases.BASES[name].frames
    assert (frames[0].width, frames[0].height) == bases.BASES[name].size


def test_every_mutation_changes_the_file(originals: dict[str, bytes]) -> None:
    for name, mutate in MUTATIONS.items():
        content = originals["mpg"]
        damaged = mutate(np.random.default_rng(0), content)
        assert damaged != content, name
        assert mutate(np.random.default_rng(0), content) == damaged, name
        assert isinstance(mutate(np.random.default_rng(0), b"a"), bytes)  # Nothing is too short.


def test_every_edit_finds_what_it_edits(originals: dict[str, bytes]) -> None:
    same = []
    for name, (base, edit) in boxes.EDITS.items():
        damaged = edit(np.random.default_rng(0), originals[base])
        same += [name] if damaged == originals[base] else []
    # A number may be what it was.
    assert set(same) <= {"riff_start_0", "riff_scale_1", "ivf_time_0", "ivf_scale_1"}


def test_atoms_are_those_of_the_file(originals: dict[str, bytes]) -> None:
    kinds = [kind for _, _, kind in boxes.atoms(originals["mp4"])]
    assert kinds[0] == b"ftyp"
    assert {b"moov", b"trak", b"stbl", b"stts", b"elst", b"mdat"} <= set(kinds)


@pytest.mark.parametrize("name", ["stamps_vast", "stamps_backwards", "each_another_size", "subtitle_bomb"])
def test_odd_ones_are_as_odd_as_they_say(name: str, tmp_path: Path) -> None:
    with av.open(str(oddities.ODD[name](tmp_path)), mode="r") as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        stamps = [packet.pts for packet in packets]
        if name == "stamps_vast":
            assert min(stamps) > 1 << 61
        elif name == "stamps_backwards":
            assert stamps == sorted(stamps, reverse=True)
        elif name == "each_another_size":
            assert len({packet.size for packet in packets}) > 20
        else:
            assert sum(1 for stream in container.streams if stream.type == "subtitle") == 1
