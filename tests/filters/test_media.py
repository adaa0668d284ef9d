"""Facts of a clip, from rows made by hand."""

from math import inf

import pytest

from curate.plugins import ClipView, SignalFilter, load
from filters.media import Media


def view(
    width: int = 1920, height: int = 1080, frames: int = 48, end: float = 3.0, bits: float | None = 0.07
) -> ClipView:
    clip = {"start_seconds": 1.0, "end_seconds": end, "frames": frames}
    return ClipView(clip, {"width": width, "height": height, "fps": 99.0, "bits_per_pixel": bits}, {})


def test_is_found_by_its_file_name() -> None:
    assert load("filters", "media", SignalFilter) is Media


def test_facts_of_a_landscape_clip() -> None:
    assert Media().measure(view()) == {
        "score": 1080.0,
        "seconds": 2.0,
        "fps": 24.0,
        "short_side": 1080,
        "aspect": 1920 / 1080,
        "bits_per_pixel": 0.07,
    }


def test_a_portrait_clip_is_as_wide_as_it_is_shown() -> None:
    score = Media().measure(view(width=720, height=1280))
    assert score["short_side"] == 720
    assert score["aspect"] == 0.5625


def test_fps_is_the_clips_own_and_not_the_videos() -> None:
    assert Media().measure(view(frames=10))["fps"] == 5.0


def test_unknown_bits_are_null_and_not_zero() -> None:
    assert Media().measure(view(bits=None))["bits_per_pixel"] is None


@pytest.mark.parametrize("broken", [{"end": 1.0}, {"width": 0}])
def test_a_clip_without_time_or_picture_is_an_error(broken: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="no rate or shape"):
        Media().measure(view(**broken))  # type: ignore[arg-type]


def test_bounds_hold_every_column_and_end_at_the_longest_clip() -> None:
    bounds = Media().bounds(20.0)
    score = Media().measure(view())
    assert set(bounds) == set(score) == {"score", *Media.COLUMNS}
    assert bounds["seconds"] == (0, 20.0)
    assert bounds["fps"] == (0, inf)
    assert all(low <= score[name] <= high for name, (low, high) in bounds.items())  # type: ignore[operator]


def test_columns_have_the_types_that_are_promised() -> None:
    score = Media().measure(view())
    assert {name: type(score[name]) for name in Media.COLUMNS} == Media.COLUMNS
