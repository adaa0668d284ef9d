"""The filter borders, from border rows made by hand."""

import numpy as np
import pytest

from curate.plugins import ClipView, SignalFilter, load
from filters.borders import Borders

NAN = np.nan


def view(left: float = 0, top: float = 0, right: float = 0, bottom: float = 0) -> ClipView:
    """A clip of 640 x 480 whose frames say the same of their sides."""
    sides = {"left": left, "top": top, "right": right, "bottom": bottom}
    columns = {f"border_{side}": np.full(4, share) for side, share in sides.items()}
    return ClipView({}, {"width": 640, "height": 480}, {"picture": {**columns, "border_luma": np.zeros(4)}})


def test_is_found_by_its_file_name() -> None:
    assert load("filters", "borders", SignalFilter) is Borders


@pytest.mark.parametrize(
    ("sides", "kind", "score", "box"),
    [
        ({}, "none", 0.0, (0, 0, 640, 480)),
        ({"top": 0.125, "bottom": 0.125}, "letterbox", 0.25, (0, 60, 640, 360)),
        ({"bottom": 0.25}, "letterbox", 0.25, (0, 0, 640, 360)),
        ({"left": 0.1, "right": 0.2}, "pillarbox", 0.3, (64, 0, 448, 480)),
        (dict.fromkeys(("left", "top", "right", "bottom"), 0.25), "windowbox", 0.75, (160, 120, 320, 240)),
        ({"left": NAN, "right": NAN, "top": NAN, "bottom": NAN}, "none", 0.0, (0, 0, 640, 480)),
    ],
)
def test_share_kind_and_box(
    sides: dict[str, float], kind: str, score: float, box: tuple[int, int, int, int]
) -> None:
    found = Borders().measure(view(**sides))
    assert found["score"] == pytest.approx(score)
    assert found["kind"] == kind
    assert tuple(found[name] for name in ("x", "y", "width", "height")) == box
    assert set(found) == {"score", *Borders.COLUMNS}
    for side in ("left", "top", "right", "bottom"):
        assert found[side] == pytest.approx(np.nan_to_num(sides.get(side, 0.0)))


def test_bounds_are_those_of_a_share() -> None:
    assert Borders().bounds(20)["score"] == (0, 1)
