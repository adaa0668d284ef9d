"""Raw videos with known answers: `curate sample DIR`.

The files are small, made from nothing but code, the same bytes every time, and dedicated to the public domain
(CC0-1.0). `answers.json` beside them says what each one holds.
"""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from curate.sample.answers import UNITS, answer
from curate.sample.files import replace, written
from curate.sample.film import Film
from curate.sample.films import FILMS
from curate.sample.writing import index_first, write

VERSION = 2
"""Counts up whenever the files change, so that an older folder is made anew."""

EXACT_COPY = ("exact_copy.mp4", "hard_cuts.mp4")
BROKEN = "broken.mp4"
CUT_SHORT = "cut_short.mp4"
NOT_A_VIDEO = "not_a_video.mp4"


def _encoded(folder: Path, film: Film) -> bytes:
    return written(folder, film.name, partial(write, film))


def _pixels(film: Film) -> int:
    return film.frames() * film.size[0] * film.size[1]


def _complete(folder: Path) -> list[Path] | None:
    """The files of an earlier call, if all are there and unchanged."""
    try:
        answers = json.loads((folder / "answers.json").read_bytes())
        if answers["version"] != VERSION:
            return None
        for name, known in answers["files"].items():
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != known["sha256"]:
                return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return sorted(folder / name for name in answers["files"])


def _damaged(content: bytes, outcome: str, note: str) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "note": note,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }


def make(folder: str | Path, *, films: tuple[Film, ...] = FILMS) -> list[Path]:
    """Write the sample's videos and `answers.json` into `folder` and return the videos' paths, sorted.

    Files that are already there unchanged are left as they are; other files in the folder are not touched.
    Raises ValueError if `folder` is a file. `films` is for tests that need only some of them; damaged files
    and copies are made from `hard_cuts.mp4` where it is among them.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; name a folder for the sample videos.")
    folder.mkdir(parents=True, exist_ok=True)
    if films is FILMS and (paths := _complete(folder)) is not None:
        return paths
    # Two at a time: codecs work outside the interpreter's lock, one thread each for the sake of equal bytes.
    # The longest first, so that no thread is left alone with one in the end.
    ordered = sorted(films, key=_pixels, reverse=True)
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda film: _encoded(folder, film), ordered)
        contents = dict(zip([film.name for film in ordered], made, strict=True))
    files = {film.name: answer(film, contents[film.name]) for film in films}
    copy, original = EXACT_COPY
    if original in contents:
        whole = contents[original]
        contents[copy] = whole
        files[copy] = {
            **files[original],
            "copy_of": original,
            "copy_kind": "exact",
            "note": "the same bytes again",
        }
        contents[BROKEN] = whole[: len(whole) // 2]
        files[BROKEN] = _damaged(contents[BROKEN], "error", "half of an mp4 whose index is at its end")
        ahead = written(folder, CUT_SHORT, partial(index_first, whole))
        contents[CUT_SHORT] = ahead[: len(ahead) * 6 // 10]
        files[CUT_SHORT] = _damaged(
            contents[CUT_SHORT], "salvaged", "index in front: the first frames still decode"
        )
        contents[NOT_A_VIDEO] = b"This is a text file that somebody named .mp4.\n" * 20
        files[NOT_A_VIDEO] = _damaged(contents[NOT_A_VIDEO], "error", "a text file")
    for name, content in contents.items():
        replace(folder / name, content)
    answers = {
        "version": VERSION,
        "licence": "CC0-1.0",
        "about": "Made by `curate sample`: no footage, no rights, free for any use.",
        "units": UNITS,
        "files": dict(sorted(files.items())),
    }
    replace(folder / "answers.json", json.dumps(answers, indent=1, ensure_ascii=False).encode() + b"\n")
    return sorted(folder / name for name in contents)
