"""The picture between the bars: a clip's inner box from the rows of its frames, and its signals as if nothing
but that box had been filmed.

A frame alone cannot always tell where its bars are; over a clip it can be told, since bars stay. Signals are
of the whole picture. What bars add to them is known (they are of one level and stand still), so it is taken
out by arithmetic, for any box, without another look at the pixels.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Columns = Mapping[str, npt.NDArray[Any]]
"""Column -> (frames,) values, NaN where a row has none."""
Floats = npt.NDArray[np.float64]

SIDES = ("left", "top", "right", "bottom")
LOW = 0.1
"""Quantile of what the frames say of a side: a bar is in all of them, and the picture's own dark edges come
and go. A tenth may say otherwise: the last frame of the shot before, a flash of another layout."""
AGREE, NEAR = 0.6, 0.008
"""Share of the frames that say something of a side, which must say the same to within NEAR (of the width or
height: 6 pixels of 720)."""
BLACK, WHITE = 16.0, 235.0
"""Levels up to and from which a pixel counts in `black` and `white` (curate.signals.picture)."""


@dataclass(frozen=True)
class Box:
    """Shares of the shown width (left, right) and height (top, bottom) that bars take; `luma` is their level,
    0 to 255 full range."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    luma: float = 0.0

    @property
    def width(self) -> float:
        """Share of the width that is picture."""
        return 1.0 - self.left - self.right

    @property
    def height(self) -> float:
        return 1.0 - self.top - self.bottom

    @property
    def bars(self) -> float:
        """Share of the picture's area that bars take."""
        return 1.0 - self.width * self.height

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """(x, y, width, height) of the box in a picture of `width` x `height`, rounded inwards: a line that
        is partly bar is outside."""
        left, right = (_rounded(share * width) for share in (self.left, self.right))
        top, bottom = (_rounded(share * height) for share in (self.top, self.bottom))
        return left, top, width - left - right, height - top - bottom


def _rounded(lines: float) -> int:
    """Up, but for what is next to a whole number: shares are stored with 24 bits."""
    return math.ceil(lines - 0.02)


def inner_box(picture: Columns) -> Box:
    """The box of a clip, from the columns `border_…` of the group `picture` for its frames.

    A side has a bar where the frames that can tell agree on one. Without any such frame there is none.
    """
    sides = {side: _bar(np.asarray(picture.get(f"border_{side}", ()), np.float64)) for side in SIDES}
    if not any(sides.values()):
        return Box()
    luma = np.asarray(picture["border_luma"], np.float64)
    known = luma[np.isfinite(luma)]
    return Box(**sides, luma=float(np.median(known)) if len(known) else 0.0)


def _bar(said: Floats) -> float:
    known = said[np.isfinite(said)]
    if not len(known):
        return 0.0
    low = float(np.quantile(known, LOW, method="lower"))
    near = known[np.abs(known - low) <= NEAR]
    if low <= 0 or len(near) < AGREE * len(known):
        return 0.0
    return float(np.median(near))


def picture_inside(picture: Columns, box: Box) -> dict[str, npt.NDArray[Any]]:
    """The columns of the group `picture` as they are of the picture inside `box`.

    With b the share of the bars and L their level: luma (m - bL) / (1 - b); contrast from the mean square, in
    the same way; `black`, `white` and `flat` (share - b) / (1 - b), where the bars count as such;
    `saturation`, `changed` and `difference` / (1 - b), for bars without colour that stay. `sharpness` was
    measured inside each frame's own bars and is brought from that area to the box's.
    """
    columns = dict(picture)
    b = box.bars
    if b <= 0:
        return columns
    mean, deviation = (np.asarray(picture[name], np.float64) for name in ("luma", "contrast"))
    square = (mean**2 + deviation**2 - b * box.luma**2) / (1 - b)
    columns["luma"] = np.clip((mean - b * box.luma) / (1 - b), 0, 255)
    columns["contrast"] = np.sqrt(np.maximum(square - columns["luma"] ** 2, 0))
    counted = {"black": box.luma <= BLACK, "white": box.luma >= WHITE, "flat": True}
    for name, as_such in counted.items():
        share = np.asarray(picture[name], np.float64)
        columns[name] = np.clip((share - b * as_such) / (1 - b), 0, 1)
    for name, most in {"saturation": 255.0, "changed": 1.0, "difference": 255.0}.items():
        columns[name] = np.minimum(np.asarray(picture[name], np.float64) / (1 - b), most)
    own = {side: np.nan_to_num(np.asarray(picture[f"border_{side}"], np.float64)) for side in SIDES}
    area = (1 - own["left"] - own["right"]) * (1 - own["top"] - own["bottom"])
    columns["sharpness"] = np.asarray(picture["sharpness"], np.float64) * area / (1 - b)
    return columns


def flow_inside(flow: Columns, box: Box, width: int, height: int) -> dict[str, npt.NDArray[Any]]:
    """The columns of the group `flow` as they are of the picture inside `box`; width, height: of the whole
    picture as shown, in pixels.

    Bars stand still, so the mean speed inside is the whole's over the box's share of the area, and in percent
    of the box's diagonal. The model's pan is told around the box's middle, in percent of its sides.
    """
    columns = dict(flow)
    if box.bars <= 0:
        return columns
    inner_width, inner_height = box.width * width, box.height * height
    diagonals = math.hypot(width, height) / math.hypot(inner_width, inner_height)
    for name in ("speed", "residual"):
        columns[name] = np.asarray(flow[name], np.float64) * diagonals / (1 - box.bars)
    pan_x, pan_y, zoom, roll = (
        np.asarray(flow[name], np.float64) for name in ("pan_x", "pan_y", "zoom", "roll")
    )
    turn = np.radians(roll)
    x, y = (box.left - box.right) / 2 * width, (box.top - box.bottom) / 2 * height
    columns["pan_x"] = (pan_x * width + 100 * (zoom * x - turn * y)) / inner_width
    columns["pan_y"] = (pan_y * height + 100 * (zoom * y + turn * x)) / inner_height
    return columns


def signals_inside(signals: Mapping[str, Columns], video: Mapping[str, Any]) -> dict[str, Columns]:
    """A clip's signals with those of `picture` and `flow` told of the picture between its bars, which the
    rows of `picture` show. video: its row of `videos`."""
    inside = dict(signals)
    box = inner_box(signals.get("picture", {}))
    if box.bars > 0:
        inside["picture"] = picture_inside(signals["picture"], box)
        if "flow" in signals:
            inside["flow"] = flow_inside(signals["flow"], box, int(video["width"]), int(video["height"]))
    return inside
