"""How the view moves, by made-up flow: the words, and a confidence that falls where flow is less clear."""

import math
from typing import Any

import numpy as np
import pytest

from captioners._camera import camera
from captioners.dialogue.evidence import evidence_of
from captioners.dialogue.schema import CAMERA_MOTIONS
from curate.plugins import ClipView

FRAMES, TICKS = 50, 40
AT = np.arange(FRAMES)
SHAKE = np.where(AT // 3 % 2 == 0, 9.0, -9.0)
"""To and fro."""
DRIFT = 0.5
"""Percent of the width per second: less than a quarter of what is named."""


def view(black: Any = 0.0, **flow: Any) -> ClipView:
    """A clip of two seconds; flow is measured on every third frame, and the first row looks back over the
    cut."""
    pts = 5000 + TICKS * AT
    measured = AT % 3 == 0
    columns = {"pan_x": 0.0, "pan_y": 0.0, "zoom": 0.0, "roll": 0.0, "speed": 1.0, "residual": 0.1, **flow}
    rows: dict[str, Any] = {"pts": pts, "ref_pts": np.where(measured, pts - 3 * TICKS, np.nan)}
    for name, value in columns.items():
        rows[name] = np.where(measured, np.broadcast_to(np.asarray(value, float), (FRAMES,)), np.nan)
        rows[name][0] = 999.0
    clip = {
        "start_pts": 5000, "end_pts": 5000 + FRAMES * TICKS, "start_seconds": 5.0, "end_seconds": 7.0,
        "time_base": "1/1000", "frames": FRAMES,
    }  # fmt: skip
    picture = {"pts": pts, "black": np.broadcast_to(np.asarray(black, float), (FRAMES,))}
    return ClipView(clip, {"width": 1280, "height": 720}, {"picture": picture, "flow": rows})


def moving(**flow: Any) -> ClipView:
    return view(**{"speed": 8.0, "residual": 0.4, **flow})


@pytest.mark.parametrize(
    ("flow", "word"),
    [
        # What the picture shows goes the other way than the view.
        ({"pan_x": 8.0}, "pan left"),
        ({"pan_x": -8.0}, "pan right"),
        ({"pan_y": 8.0}, "tilt up"),
        ({"pan_y": -8.0}, "tilt down"),
        # 0.16 of the size per second is 8 % of the width at the edge.
        ({"zoom": 0.16}, "zoom in"),
        ({"zoom": -0.16}, "zoom out"),
        ({"roll": math.degrees(0.16)}, "roll"),
        ({"roll": -math.degrees(0.16)}, "roll"),
    ],
)
def test_each_move_has_its_word(flow: dict[str, float], word: str) -> None:
    found, sure = camera(moving(**flow))
    assert found == word
    # All of one side, and a twentieth of it within the view.
    assert sure == 0.95
    assert word in CAMERA_MOTIONS


def test_a_view_that_stands() -> None:
    assert camera(view()) == ("static", 1.0)
    assert camera(view(pan_x=DRIFT)) == ("static", 1.0)
    # Whatever moves inside it.
    assert camera(view(speed=9.0, residual=8.9)) == ("static", 1.0)
    assert camera(view(pan_x=0.999)) == ("static", 0.501)


def test_between_standing_and_moving_nothing_is_told() -> None:
    assert [camera(moving(pan_x=speed))[0] for speed in (0.99, 1.0, 1.5, 1.99, 2.0)] == [
        "static", None, None, None, "pan left",
    ]  # fmt: skip
    assert camera(moving(pan_x=1.5)) == (None, 0.0)


def test_a_hand_that_shakes() -> None:
    found, sure = camera(moving(pan_x=SHAKE))
    assert found == "handheld"
    assert sure > 0.85


def test_a_slow_pan_in_a_shaking_hand_is_less_sure_than_either() -> None:
    half = camera(moving(pan_x=SHAKE + 6.0))
    assert half[0] == "pan left"
    assert half[1] < camera(moving(pan_x=8.0))[1]
    less = camera(moving(pan_x=SHAKE + 4.0))
    assert less[0] == "handheld"
    assert less[1] < camera(moving(pan_x=SHAKE))[1]


def test_a_second_move_makes_the_first_less_sure() -> None:
    sure = [camera(moving(pan_x=8.0, pan_y=other)) for other in (0.0, 3.9, 5.0, 7.9)]
    assert [word for word, _ in sure] == ["pan left"] * 4
    assert sure[0][1] == sure[1][1] == 0.95
    assert sure[1][1] > sure[2][1] > sure[3][1] > 0.45


def test_movement_within_the_view_makes_its_own_less_sure() -> None:
    sure = [camera(moving(pan_x=8.0, residual=residual))[1] for residual in (0.0, 2.0, 4.0, 8.0, 9.0)]
    assert sure == [1.0, 0.75, 0.5, 0.0, 0.0]


def test_where_flow_tells_nothing() -> None:
    assert camera(view(black=1.0, pan_x=8.0)) == (None, 0.0)
    assert camera(view(black=0.9, pan_x=8.0))[0] == "pan left"
    assert camera(view(pan_x=np.nan)) == (None, 0.0)
    seen = view()
    for signals in (
        {},
        {"flow": {}},
        {"flow": {name: column[:0] for name, column in seen.signals["flow"].items()}},
        {"flow": {name: column[:1] for name, column in seen.signals["flow"].items()}},
        {"flow": {name: column for name, column in seen.signals["flow"].items() if name != "zoom"}},
    ):
        assert camera(ClipView(seen.clip, seen.video, signals)) == (None, 0.0)


def test_evidence_has_what_was_measured() -> None:
    seen = moving(pan_x=8.0)
    signals = {
        **seen.signals,
        "picture": {**seen.signals["picture"], "luma": np.full(FRAMES, 100.04), "saturation": AT * 1.0},
        "audio": {"silent": np.array([True, True])},
    }
    found = evidence_of(ClipView(seen.clip, {**seen.video, "has_audio": True}, signals), ["A"])
    assert (found.seconds, found.camera, found.camera_confidence) == (2.0, "pan left", 0.95)
    assert (found.words, found.luma, found.saturation, found.sound) == (("A",), 100.0, 24.5, "silence")


@pytest.mark.parametrize(
    ("silent", "has_audio", "sound"),
    [
        ([True, False], True, "sound"),
        ([True], True, "silence"),
        # The track ends before this window.
        ([], True, None),
        ([True], False, None),
        (None, True, None),
    ],
)
def test_sound(silent: list[bool] | None, has_audio: bool, sound: str | None) -> None:
    seen = view()
    signals = dict(seen.signals) | ({} if silent is None else {"audio": {"silent": np.array(silent, bool)}})
    found = evidence_of(ClipView(seen.clip, {**seen.video, "has_audio": has_audio}, signals), None)
    assert (found.sound, found.words) == (sound, None)
