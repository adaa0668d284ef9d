"""Frames of a clip from the JPEGs that the scan stored: the one accessor, whoever looks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

Picture = npt.NDArray[np.uint8]

QUALITY = 90
"""Of JPEGs that are made anew; that of the scan."""


@dataclass(frozen=True)
class Jpeg:
    """A stored frame."""

    pts: int
    data: bytes


def jpegs_of(part: str, start_pts: int, end_pts: int, count: int) -> list[Jpeg]:
    """At most `count` stored frames of [start_pts, end_pts), spread evenly over it, in the order of time.

    `part`: path of the video's part of the group `frames`. No frame may be stored of a very short clip.
    Raises OSError or ValueError (pyarrow's) where the part cannot be read.
    """
    with pq.ParquetFile(part) as file:
        stored, places = _stored(file, start_pts, end_pts)
        return _read(file, [places[i] for i in spread(stored, start_pts, end_pts, count)])


def jpegs_at(part: str, wanted: Collection[int]) -> list[Jpeg]:
    """The stored frames with these pts, in the order of time; those that are not stored are left out.

    Raises as `jpegs_of` does."""
    if not wanted:
        return []
    chosen = set(wanted)
    with pq.ParquetFile(part) as file:
        stored, places = _stored(file, min(chosen), max(chosen) + 1)
        return _read(file, [place for pts, place in zip(stored, places, strict=True) if pts in chosen])


def _stored(file: pq.ParquetFile, start_pts: int, end_pts: int) -> tuple[list[int], list[tuple[int, int]]]:
    """pts and place (row group, row) of the frames in [start_pts, end_pts)."""
    stored, places = [], []
    for group in range(file.num_row_groups):
        bounds = file.metadata.row_group(group).column(1).statistics
        if bounds is not None and bounds.has_min_max and (bounds.max < start_pts or bounds.min >= end_pts):
            continue
        for row, pts in enumerate(file.read_row_group(group, columns=["pts"])["pts"].to_pylist()):
            if start_pts <= pts < end_pts:
                stored.append(pts)
                places.append((group, row))
    return stored, places


def _read(file: pq.ParquetFile, chosen: Sequence[tuple[int, int]]) -> list[Jpeg]:
    found = []
    for group in sorted({group for group, _ in chosen}):
        table = file.read_row_group(group, columns=["pts", "jpeg"])
        for row in (row for of, row in chosen if of == group):
            found.append(Jpeg(table["pts"][row].as_py(), table["jpeg"][row].as_py()))
    return found


def spread(stored: Sequence[int], start_pts: int, end_pts: int, count: int) -> list[int]:
    """Indexes of at most `count` of the ascending `stored` that lie nearest to the middles of `count` equal
    parts of [start_pts, end_pts); each index once, ascending."""
    if len(stored) <= count:
        return list(range(len(stored)))
    at = np.asarray(stored, dtype=np.float64)
    chosen: set[int] = set()
    for part in range(count):
        middle = start_pts + (end_pts - start_pts) * (part + 0.5) / count
        order = np.argsort(np.abs(at - middle), kind="stable")
        chosen.add(next(int(i) for i in order if int(i) not in chosen))
    return sorted(chosen)


def reduced(jpeg: bytes, short_side: int) -> bytes:
    """The JPEG scaled down to `short_side`; as it is if it is no larger. ValueError if it is none."""
    whole = picture(jpeg)
    small = picture(jpeg, short_side)
    if small.shape == whole.shape:
        return jpeg
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    )
    assert done, "an RGB picture can be a JPEG"
    return bytes(data)


def picture(jpeg: bytes, short_side: int | None = None) -> Picture:
    """RGB uint8 (h, w, 3) of a JPEG, scaled down to `short_side` if it is larger.

    ValueError if it is none."""
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError("a stored frame is not a JPEG: scan its video again")
    height, width = bgr.shape[:2]
    if short_side is not None and min(height, width) > short_side:
        scale = short_side / min(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        bgr = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
    rgb: Picture = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return rgb
