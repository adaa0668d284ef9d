"""Each clause of the measured caption rests on its column: flip it, and this clause changes and no other."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from captioners._clauses import CLAUSES
from captioners.measured import Measured
from curate.media.probe import probe
from curate.plugins import Caption, Captioner, ClipView, load
from curate.signals import GROUPS
from curate.signals.scan_file import scan_file

FRAMES, TICKS = 49, 40
"""Frames of the clip and ticks of 1/1000 s between them: 25 frames per second, 1.96 s."""

PLAIN: dict[str, float] = {
    "content.delta_hue": 3.0,
    "content.delta_sat": 3.0,
    "content.delta_lum": 3.0,
    "picture.luma": 104.0,
    "picture.contrast": 50.0,
    "picture.black": 0.0,
    "picture.white": 0.0,
    "picture.saturation": 80.0,
    "picture.repeated": 0.0,
    "flow.speed": 1.0,
    "flow.pan_x": 0.0,
    "flow.pan_y": 0.0,
    "flow.zoom": 0.0,
    "flow.roll": 0.0,
    "flow.residual": 0.9,
}
"""A landscape clip of middling light and colour with gentle motion inside a view that holds still."""
PAN = {"flow.pan_x": -8.0, "flow.speed": 7.0, "flow.residual": 0.5}
VIDEO: dict[str, Any] = {"width": 1280, "height": 720}
CLIP: dict[str, Any] = {
    "start_pts": 5000,
    "end_pts": 5000 + FRAMES * TICKS,
    "start_seconds": 5.0,
    "end_seconds": 5.0 + FRAMES * TICKS / 1000,
    "time_base": "1/1000",
    "frames": FRAMES,
}


def view(columns: Mapping[str, Any] | None = None, **facts: Any) -> ClipView:
    """PLAIN with some columns (a number, or one per frame) and some facts of the clip or video replaced."""
    pts = CLIP["start_pts"] + TICKS * np.arange(FRAMES)
    reference = np.where(np.arange(FRAMES) % 3 == 0, pts - 3 * TICKS, np.nan)
    signals: dict[str, dict[str, Any]] = {name: {"pts": pts} for name in ("content", "picture", "flow")}
    for name, value in {**PLAIN, **(columns or {})}.items():
        group, _, column = name.partition(".")
        values = np.broadcast_to(np.asarray(value, np.float64), (FRAMES,)).copy()
        # Off the grid there is no flow; the first row looks back over the cut, and must not count.
        signals[group][column] = np.where(np.isnan(reference), np.nan, values) if group == "flow" else values
        if group == "flow":
            signals[group][column][0] = 999.0
    signals["flow"]["ref_pts"] = reference
    clip = {name: facts.get(name, value) for name, value in CLIP.items()}
    video = {name: facts.get(name, value) for name, value in VIDEO.items()}
    return ClipView(clip, video, signals)


def caption(columns: Mapping[str, Any] | None = None, **facts: Any) -> Caption:
    return Measured().caption(view(columns, **facts))


def spike(*frames: int) -> Any:
    values = np.full(FRAMES, 3.0)
    values[list(frames)] = 60.0
    return values


def cut(*frames: int) -> dict[str, Any]:
    return {f"content.delta_{part}": spike(*frames) for part in ("hue", "sat", "lum")}


def part(share: float, value: float) -> Any:
    """`value` in the first `share` of the frames, 0 in the others."""
    return np.where(np.arange(FRAMES) < share * FRAMES, value, 0.0)


def ramp(start: float, end: float) -> Any:
    return np.linspace(start, end, FRAMES)


INSIDE = "most of it within the view"
SHAKE = np.where(np.arange(FRAMES) // 3 % 2 == 0, 9.0, -9.0)

# clause, base, flip, text in the base (None: not said), text after the flip
FLIPS: list[tuple[str, dict[str, Any], dict[str, Any], str | None, str | None]] = [
    ("orientation", {}, {"width": 720, "height": 1280}, "is in landscape format", "is in portrait format"),
    ("orientation", {}, {"width": 720}, "is in landscape format", "is in square format"),
    ("resolution", {}, {"width": 1920, "height": 1080}, "has 1280 x 720 pixels", "has 1920 x 1080 pixels"),
    ("duration", {}, {"end_seconds": 6.0, "frames": 25}, "lasts 2.0 seconds", "lasts 1.0 seconds"),
    ("duration", {}, {"end_seconds": 5.04, "frames": 1}, "lasts 2.0 seconds", "lasts 0.04 seconds"),
    ("rate", {}, {"frames": 98}, "runs at 25 frames per second", "runs at 50 frames per second"),
    ("rate", {}, {"frames": 47}, "runs at 25 frames per second", "runs at 23.98 frames per second"),
    ("brightness", {}, {"picture.luma": 43.0, "picture.saturation": 5.0}, "moderately bright", "dark"),
    ("brightness", {}, {"picture.luma": 153.0}, "moderately bright", "bright"),
    ("contrast", {}, {"picture.contrast": 10.0}, "medium in contrast", "low in contrast"),
    ("contrast", {}, {"picture.contrast": 80.0}, "medium in contrast", "high in contrast"),
    ("colour", {}, {"picture.saturation": 2.0}, "moderate in colour", "black and white"),
    ("colour", {}, {"picture.saturation": 30.0}, "moderate in colour", "muted in colour"),
    ("colour", {}, {"picture.saturation": 150.0}, "moderate in colour", "vivid in colour"),
    ("light", {}, {"picture.luma": ramp(64, 144)}, None, "grows brighter"),
    ("light", {}, {"picture.luma": ramp(144, 64)}, None, "grows darker"),
    ("black", {}, {"picture.black": part(0.3, 1.0)}, None, "is black for a part of it"),
    ("black", {}, {"picture.black": part(0.8, 1.0)}, None, "is black for most of it"),
    ("white", {}, {"picture.white": 0.99}, None, "is blown out throughout"),
    ("repeats", {}, {"picture.repeated": 1.0}, None, "is a still"),
    ("repeats", {}, {"picture.repeated": part(0.3, 1.0)}, None, "repeats many frames"),
    ("repeats", {}, {"picture.repeated": part(0.7, 1.0)}, None, "repeats most frames"),
    ("changes", {}, cut(20), "has no abrupt changes of picture", "has 1 abrupt change of picture"),
    ("changes", {}, cut(20, 21), "has no abrupt changes of picture", "has 2 abrupt changes of picture"),
    ("motion", {}, {"flow.speed": 0.1, "flow.residual": 0.1}, "gentle motion", "hardly any motion"),
    ("motion", {}, {"flow.speed": 5.0, "flow.residual": 4.5}, "gentle motion", "moderate motion"),
    ("motion", {}, {"flow.speed": 20.0, "flow.residual": 18.0}, "gentle motion", "fast motion"),
    ("within", {}, {"flow.residual": 0.1}, INSIDE, "nearly all of it that of the view"),
    ("within", {}, {"flow.residual": 0.5}, INSIDE, "part of it within the view"),
    ("pan", PAN, {"flow.pan_x": 8.0}, "pans to the right", "pans to the left"),
    ("pan", PAN, {"flow.pan_x": -3.0}, "pans to the right", "pans slowly to the right"),
    ("pan", PAN, {"flow.pan_x": -15.0}, "pans to the right", "pans quickly to the right"),
    ("tilt", PAN, {"flow.pan_y": 6.0}, None, "tilts up"),
    ("tilt", PAN, {"flow.pan_y": -6.0}, None, "tilts down"),
    ("zoom", PAN, {"flow.zoom": 0.06}, None, "closes slowly in"),
    ("zoom", PAN, {"flow.zoom": -0.2}, None, "widens"),
    ("roll", PAN, {"flow.roll": 10.0}, None, "rolls anticlockwise"),
    ("roll", PAN, {"flow.roll": -10.0}, None, "rolls clockwise"),
    ("steadiness", {}, {"flow.pan_y": SHAKE, "flow.residual": 0.5}, "holds still", "moves to and fro"),
    ("steadiness", {}, {"flow.pan_x": 1.5}, "holds still", None),
]  # fmt: skip

ALSO: dict[str, set[str]] = {
    # Facts that two clauses tell of, each in its own way.
    "orientation": {"resolution"},
    "duration": {"rate"},
    # Hardly any motion has no parts, and a view that shakes takes a part of the motion.
    "motion": {"within"},
    "steadiness": {"within"},
}
"""Clauses that may change along with one, because they read the column that was flipped."""


@pytest.mark.parametrize(("clause", "base", "flip", "before", "after"), FLIPS)
def test_a_flipped_column_changes_its_clause_and_no_other(
    clause: str, base: dict[str, Any], flip: dict[str, Any], before: str | None, after: str | None
) -> None:
    def told(changes: dict[str, Any]) -> Caption:
        columns = {name: value for name, value in changes.items() if "." in name}
        return caption(columns, **{name: value for name, value in changes.items() if "." not in name})

    # A dark picture is only compared with another of the same colour.
    shared = {name: value for name, value in flip.items() if clause == "brightness" and "saturation" in name}
    first, second = told({**base, **shared}), told({**base, **flip})
    assert first.fields.get(clause, {}).get("text") == before
    assert second.fields.get(clause, {}).get("text") == after
    assert before is None or before in first.dense
    assert after is None or after in second.dense
    assert first.dense != second.dense
    texts = [{name: said["text"] for name, said in each.fields.items()} for each in (first, second)]
    changed = {name for name in CLAUSES if texts[0].get(name) != texts[1].get(name)}
    assert clause in changed
    assert changed <= {clause, *ALSO.get(clause, ())}


def test_every_clause_is_flipped_above() -> None:
    assert {clause for clause, *_ in FLIPS} == set(CLAUSES)


def test_every_clause_is_in_the_dense_caption_and_names_what_was_measured() -> None:
    told = caption({**PAN, "picture.luma": ramp(64, 144), "picture.white": part(0.3, 1.0)})
    assert len(told.fields) >= 10
    for said in told.fields.values():
        assert set(said) == {"text", "column", "value"}
        assert said["text"] in told.dense
    assert told.fields["pan"] == {"text": "pans to the right", "column": "mean(flow.pan_x)", "value": -8.0}
    assert json.loads(json.dumps(told.fields)) == told.fields


def test_the_plain_clip_word_for_word() -> None:
    told = caption()
    assert told.short == "A landscape clip with gentle motion; the view holds still."
    assert told.dense == (
        "The clip is in landscape format and lasts 2.0 seconds. "
        "The source has 1280 x 720 pixels and runs at 25 frames per second. "
        "The picture is moderate in colour, moderately bright and medium in contrast. "
        "The clip has no abrupt changes of picture. "
        "It shows gentle motion, most of it within the view. "
        "The view holds still."
    )


def test_a_dark_black_and_white_whip_pan_in_short() -> None:
    fast = {"flow.pan_x": 60.0, "flow.speed": 52.0, "flow.residual": 2.0}
    told = caption({"picture.luma": 30.0, "picture.saturation": 1.0, **fast}, width=720, height=1280)
    assert (
        told.short
        == "A dark black-and-white portrait clip with fast motion; the view pans quickly to the left."
    )


def test_a_dark_picture_is_not_called_vivid() -> None:
    assert "colour" not in caption({"picture.luma": 30.0, "picture.saturation": 200.0}).fields


def test_a_black_picture_has_no_colour_and_no_camera() -> None:
    told = caption({"picture.luma": 0.0, "picture.saturation": 0.0, "picture.black": 1.0, "flow.speed": 0.0})
    assert told.fields["black"]["text"] == "is black throughout"
    assert not {"colour", "steadiness"} & set(told.fields)


def test_a_whip_pan_is_not_a_row_of_abrupt_changes() -> None:
    assert caption(cut(*range(10, 30))).fields["changes"]["value"] == 0


def test_hue_noise_in_a_grey_fade_is_no_abrupt_change() -> None:
    assert caption({"content.delta_hue": spike(20) * 3}).fields["changes"]["value"] == 0


def test_the_first_frame_is_not_blamed_for_the_cut_before_it() -> None:
    assert caption(cut(0)).fields["changes"]["value"] == 0


def test_a_shaking_subject_is_not_a_shaking_view() -> None:
    assert "steadiness" not in caption({"flow.pan_y": SHAKE, "flow.speed": 9.0, "flow.residual": 8.0}).fields


UNHEARD = {"picture.black", "picture.white", "picture.repeated", "flow.pan_y", "flow.zoom", "flow.roll"}
"""Columns of which a plain pan has nothing to say."""


@pytest.mark.parametrize("column", [*PLAIN, "flow.ref_pts", "flow.pts"])
@pytest.mark.parametrize("absent", [True, False], ids=["absent", "NaN"])
def test_a_column_without_values_leaves_its_clauses_out(column: str, absent: bool) -> None:
    group, _, name = column.partition(".")
    clip = view(PAN)
    signals = {key: dict(columns) for key, columns in clip.signals.items()}
    if absent:
        del signals[group][name]
    else:
        signals[group][name] = np.full(FRAMES, np.nan)
    whole, told = Measured().caption(clip), Measured().caption(ClipView(clip.clip, clip.video, signals))
    lost = set(whole.fields) - set(told.fields)
    assert set(told.fields) <= set(whole.fields)
    assert lost or column in UNHEARD
    assert all(group in whole.fields[clause]["column"] for clause in lost)
    assert "nan" not in f"{told.dense} {told.short} {told.fields}".lower()


@pytest.mark.parametrize("facts", [{"width": None}, {"height": 0}])
def test_unknown_size_leaves_its_clauses_out(facts: dict[str, Any]) -> None:
    told = caption(**facts)
    assert not {"orientation", "resolution"} & set(told.fields)
    assert told.short == "A clip with gentle motion; the view holds still."


def test_a_clip_of_one_frame_without_signals_still_has_a_caption() -> None:
    one = {"pts": np.array([5000])}
    clip = {**CLIP, "end_seconds": 5.04, "frames": 1}
    told = Measured().caption(ClipView(clip, VIDEO, {"content": one, "picture": one, "flow": one}))
    assert told.short == "A landscape clip."
    assert set(told.fields) == {"orientation", "duration", "resolution", "rate"}


def test_is_found_by_its_file_name_and_has_no_model() -> None:
    assert load("captioners", "measured", Captioner) is Measured
    assert Measured.MODEL is None


def test_the_same_rows_give_the_same_words() -> None:
    assert caption(PAN) == caption(PAN)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "short"),
    [
        # As seen: black and white on a tripod; a dark pub; and a phone, held upside down,
        # that turns from a television to a dog.
        ("mpy__chaplin.mp4", "A black-and-white landscape clip with gentle motion; the view holds still."),
        (
            "dj__temp_video.mp4",
            "A dark landscape clip with moderate motion; the view pans slowly to the right.",
        ),
        ("mpy__fire2.mp4", "A landscape clip with fast motion; the view pans quickly to the left."),
    ],
)
def test_real_footage_is_told_as_it_looks(name: str, short: str, real_videos: Path, tmp_path: Path) -> None:
    path = str(real_videos / name)
    facts = probe(path)
    scan = scan_file(path, tmp_path, video_id=bytes(16), groups=list(GROUPS), frames=None, name="part")
    tables = {group: pq.read_table(tmp_path / part.path) for group, part in scan.parts.items()}
    signals = {
        group: {column: table[column].to_numpy() for column in table.column_names if column != "video_id"}
        for group, table in tables.items()
    }
    clip = {
        "start_pts": scan.start_pts,
        "start_seconds": 0.0,
        "end_seconds": scan.seconds,
        "time_base": scan.time_base,
        "frames": scan.frames_decoded,
    }
    told = Measured().caption(ClipView(clip, {"width": facts.width, "height": facts.height}, signals))
    assert told.short == short
    assert told.fields["changes"]["value"] == 0
