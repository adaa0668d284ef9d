"""Black bars, and bars of another flat colour, around the picture of a clip."""

from typing import ClassVar

from curate.picture_rows import SIDES, inner_box
from curate.plugins import Bounds, ClipView, Score, SignalFilter


class Borders(SignalFilter):
    """Score: share (0 to 1) of the shown picture that bars take.

    Columns: `left`, `top`, `right` and `bottom`, the bars' shares of the width and height; `kind`:
    `letterbox` (above, below), `pillarbox` (left, right), `windowbox` (both) or `none`; `x`, `y`, `width` and
    `height`, the picture between the bars in pixels of the shown one, exact to a pixel or two, to which
    `shards: {crop_borders: true}` crops.

    A bar has one level, ends on a straight line and is in the same place all through the clip; logos and
    subtitles in it do not matter. A dark scene is none, and neither is a blurred copy of the picture that
    fills the sides."""

    VERSION: ClassVar[int] = 1
    READS: ClassVar[tuple[str, ...]] = ("picture",)
    COLUMNS: ClassVar[dict[str, type]] = {
        **dict.fromkeys(SIDES, float), "kind": str, **dict.fromkeys(("x", "y", "width", "height"), int),
    }  # fmt: skip
    UNITS: ClassVar[dict[str, str]] = {
        "score": "share of the picture's area, 0 to 1",
        **dict.fromkeys(("left", "right"), "share of the width"),
        **dict.fromkeys(("top", "bottom"), "share of the height"),
        **dict.fromkeys(("x", "y", "width", "height"), "pixels"),
    }
    PUBLISHED: ClassVar[tuple[str, ...]] = (
        "Movie Gen: no bars",
        "UltraVideo: frames with bars are bad; a clip with more than 5 % bad frames is dropped",
    )
    COST: ClassVar[str] = (
        "2,400 clips of 5 s at 24 fps a second, on a core of a busy server; the bars are found in the scan"
    )

    def measure(self, clip: ClipView) -> Score:
        box = inner_box(clip.signals["picture"])
        x, y, width, height = box.pixels(int(clip.video["width"]), int(clip.video["height"]))
        sideways, upright = box.width < 1, box.height < 1
        kind = "windowbox" if sideways and upright else "pillarbox" if sideways else "letterbox"
        return {
            "score": box.bars,
            **{side: getattr(box, side) for side in SIDES},
            "kind": kind if sideways or upright else "none",
            **{"x": x, "y": y, "width": width, "height": height},
        }

    def bounds(self, longest_clip: float) -> Bounds:
        return dict.fromkeys(("score", *SIDES), (0.0, 1.0))
