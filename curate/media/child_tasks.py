"""What a child can be asked to do, with JSON arguments; each task imports what it needs when it is asked."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any


def probe(path: str, progress: Callable[[], None] | None = None) -> dict[str, Any]:
    """`curate.media.probe.probe`."""
    from curate.media.probe import probe

    return asdict(probe(path, progress))


def encode(
    source: str,
    target: str,
    start_pts: int,
    end_pts: int,
    options: dict[str, Any],
    expected: list[tuple[int, int]] | None = None,
    crop: list[int] | None = None,
    irregular: bool = False,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """`curate.media.encode.encode_clip`; `options` are the fields of EncodeOptions, `expected` pairs of
    integers, `crop` x, y, width and height."""
    from curate.media.encode import EncodeOptions, encode_clip

    done = encode_clip(
        source,
        target,
        start_pts=start_pts,
        end_pts=end_pts,
        options=EncodeOptions(**options),
        expected=None if expected is None else [(pts, fingerprint) for pts, fingerprint in expected],
        crop=None if crop is None else (crop[0], crop[1], crop[2], crop[3]),
        irregular=irregular,
        progress=progress,
    )
    return asdict(done)


def frames(
    path: str,
    start_pts: int,
    end_pts: int,
    count: int,
    short_side: int,
    irregular: bool,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """`curate.media.stills.stills`: {"frames": [[pts, JPEG in base64], …]}."""
    from base64 import b64encode

    from curate.media.stills import stills

    found = stills(path, start_pts, end_pts, count, short_side, irregular=irregular, progress=progress)
    return {"frames": [[pts, b64encode(jpeg).decode("ascii")] for pts, jpeg in found]}
