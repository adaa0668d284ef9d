"""What the signal groups see of a frame: each picture of it is made once, whoever asks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from curate.signals import borders

Picture = NDArray[np.uint8]

SMALL_WIDTH = 256
"""Width of the picture whose light, colour and flow are measured (what frames are compared by is
`Viewer.coarse`)."""


@dataclass(frozen=True, slots=True)
class Change:
    """Mean absolute differences of 8-bit HSV planes between neighbouring frames (hue 0..179), as scenedetect
    has them."""

    hue: float = 0.0
    sat: float = 0.0
    lum: float = 0.0

    @property
    def score(self) -> float:
        """scenedetect's `content_val` with its default weights (hue, saturation, brightness alike; no
        edges)."""
        return sum((self.hue, self.sat, self.lum)) / 3.0


def mean_distance(left: Picture, right: Picture) -> float:
    """Mean absolute difference of two uint8 planes of one shape, exact: an integer sum, divided once."""
    return cv2.norm(left, right, cv2.NORM_L1) / float(left.shape[0] * left.shape[1])


class FrameView:
    """One frame: `pts` in stream ticks, `small` uint8 BGR (h, w, 3), native-resolution luma on request.

    `coarse` is the picture that frames are compared by (Viewer.coarse; `small` if None), from which hue, sat
    and value are. `previous` is the view before, for the change between the two; it is not kept. `rotation`:
    clockwise degrees that turn the native picture upright.
    """

    def __init__(
        self,
        pts: int,
        small: Picture,
        native_luma: Callable[[], Picture],
        previous: "FrameView | None" = None,
        coarse: Picture | None = None,
        rotation: int = 0,
    ) -> None:
        self.pts = pts
        self.small = small
        self.native_luma = native_luma
        self.rotation = rotation
        self.hue, self.sat, self.value = cv2.split(
            cv2.cvtColor(small if coarse is None else coarse, cv2.COLOR_BGR2HSV)
        )
        self.change = (
            Change()
            if previous is None
            else Change(
                mean_distance(self.hue, previous.hue),
                mean_distance(self.sat, previous.sat),
                mean_distance(self.value, previous.value),
            )
        )

    @cached_property
    def gray(self) -> Picture:
        """Luma of `small`, uint8 (h, w), 0 black to 255 white (BT.601 weights, as cv2's BGR2GRAY has
        them)."""
        gray: Picture = cv2.cvtColor(self.small, cv2.COLOR_BGR2GRAY)
        return gray

    @cached_property
    def borders(self) -> tuple[borders.Side, borders.Side, borders.Side, borders.Side]:
        """What the sides of `gray` show: left, top, right, bottom, in its lines."""
        return borders.find(self.gray)


def histogram(plane: Picture) -> NDArray[np.float64]:
    """Counts of the 256 values of a uint8 plane (exact up to 2**24 pixels)."""
    counts: NDArray[np.float64] = cv2.calcHist([plane], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    return counts
