"""The corpus: bases and real footage, damaged; what is odd; what only looks like a video.

`python -m tests.hostile_corpus.corpus FOLDER [FILES [SEED [REAL_FOOTAGE]]]` writes one to look at.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import av
import numpy as np

from tests.hostile_corpus import bases, boxes, impostors, oddities
from tests.hostile_corpus.mutations import MUTATIONS

T = TypeVar("T")

REFUSED = (av.FFmpegError, OSError)
"""What an encoder says to a format that it lists and does not take."""
ALWAYS = (("impostor", "ffconcat_mp4"), ("impostor", "hls_mp4"))
"""In every draw, since the secrets beside them must not be opened."""
REAL_BYTES = 1_300_000
"""Larger footage is not damaged: mutations of small files meet the same code in less time."""
REAL_TURNS = 5
"""Mutations of each file of real footage, drawn from the seed."""
REAL_FILES = 6
"""Of these, in a corpus that is not everything: beside its files, which are the same without footage …"""
REAL_QUICK_BYTES = 150_000
"""… and of files no larger than this: each is scanned in a second or two."""


@dataclass
class Corpus:
    """What was written below `folder`."""

    folder: Path
    files: list[Path] = field(default_factory=list)
    """All that a run must account for."""
    secrets: list[Path] = field(default_factory=list)
    """What nobody may open."""
    refused: list[str] = field(default_factory=list)
    """Oddities that the encoder would not write."""


def make(folder: Path, *, files: int | None, seed: int, real: Path | None = None) -> Corpus:
    """A corpus of about `files` files in folders of their own (None: everything).

    Of a smaller one, a half is damage by byte, a quarter damage by box, and the rest odd or not a video: a
    draw from the seed, so that another seed is another corpus. The nodes are always there. `real`: a folder
    of footage, of which damaged copies come on top.
    """
    rng = np.random.default_rng(seed)
    made = Corpus(folder)
    sources = folder.parent / f"{folder.name}.sources"
    sources.mkdir(parents=True)
    originals = [bases.make(name, sources) for name in bases.BASES]
    by_name = {path.stem: path for path in originals}
    byte_edits = [(original, name) for original in originals for name in MUTATIONS]
    real_edits = [] if real is None else of_footage(real, everything=files is None, seed=seed)
    others = [("odd", name) for name in oddities.ODD] + [("impostor", name) for name in impostors.IMPOSTORS]
    others += [("name", name) for name in impostors.NAMES]
    box_edits = list(boxes.EDITS)
    if files is not None:
        quick = [(kind, name) for kind, name in others if name not in oddities.LONG]
        byte_edits = _draw(rng, byte_edits, files // 2)
        box_edits = _draw(rng, box_edits, files // 4)
        others = _draw(rng, quick, files - files // 2 - files // 4)
        others += [item for item in ALWAYS if item not in others]
    for number, (original, name) in enumerate(byte_edits + real_edits):
        content = MUTATIONS[name](np.random.default_rng([seed, number]), original.read_bytes())
        _write(made, f"bytes/{number:05}-{name}", original.name, content)
    for number, name in enumerate(box_edits):
        original = by_name[boxes.EDITS[name][0]]
        content = boxes.EDITS[name][1](np.random.default_rng([seed, number]), original.read_bytes())
        _write(made, f"boxes/{name}", original.name, content)
    # A right content under a wrong name: the content decides.
    for one, two in zip(originals, originals[1:] + originals[:1], strict=True):
        if files is None or rng.random() < 0.1:
            _write(made, f"renamed/{one.name}", f"as{two.suffix}", one.read_bytes())
            _write(made, f"joined/{one.name}", f"then{one.suffix}", one.read_bytes() + two.read_bytes())
    for kind, name in others:
        _other(made, kind, name)
    for name, (maker, count) in impostors.NODES.items():
        place = _place(made, f"nodes/{name}")
        maker(place)
        found = [path for path in place.iterdir() if path.is_symlink() or not path.is_dir()]
        made.files += found if count else []
        assert len(found if count else []) == count, name
    return made


def _draw(rng: np.random.Generator, items: Sequence[T], count: int) -> list[T]:
    """`count` of the items, in their order."""
    return [items[k] for k in sorted(rng.permutation(len(items))[:count])]


def of_footage(real: Path, *, everything: bool, seed: int) -> list[tuple[Path, str]]:
    """Files of real footage, each with a mutation; from numbers of their own, so that with the footage and
    without it the rest of the corpus is the same."""
    rng = np.random.default_rng([seed, 1])
    most = REAL_BYTES if everything else REAL_QUICK_BYTES
    films = [path for path in sorted(real.iterdir()) if path.suffix not in (".md", ".json")]
    edits = [
        (film, name)
        for film in films
        if film.stat().st_size <= most
        for name in _draw(rng, list(MUTATIONS), REAL_TURNS)
    ]
    return edits if everything else _draw(rng, edits, REAL_FILES)


def _place(made: Corpus, name: str) -> Path:
    place = made.folder / name
    place.mkdir(parents=True)
    return place


def _write(made: Corpus, place: str, name: str, content: bytes) -> None:
    path = _place(made, place) / name
    path.write_bytes(content)
    made.files.append(path)


def _other(made: Corpus, kind: str, name: str) -> None:
    makers = {"odd": oddities.ODD, "impostor": impostors.IMPOSTORS, "name": impostors.NAMES}[kind]
    place = _place(made, f"{kind}/{name}")
    try:
        made.files.append(makers[name](place))
    except REFUSED:
        made.refused.append(name)
        for half in place.iterdir():
            half.unlink()
    made.secrets += [path for path in place.iterdir() if path.name in impostors.SECRETS]


if __name__ == "__main__":
    given = sys.argv[2:]
    wrote = make(
        Path(sys.argv[1]),
        files=int(given[0]) if given and given[0] != "all" else None,
        seed=int(given[1]) if len(given) > 1 else 0,
        real=Path(given[2]) if len(given) > 2 else None,
    )
    print(f"{len(wrote.files)} files below {wrote.folder}; the encoders refused {len(wrote.refused)}")
