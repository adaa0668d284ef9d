"""Clips of a run with `crop_borders`: the picture between the bars, and no line of them."""

import io
from pathlib import Path

import av
import numpy as np
import pytest

from tests.filters.footage import textured, with_bars, write_pictures
from tests.packing import Here
from tests.runs.helpers import Project

PIPELINE = {
    "input": "input",
    "output": "out",
    "workers": 2,
    "filters": [{"use": "borders"}],
    "shards": {"crop_borders": True, "audio": False, "preset": "veryfast"},
}


def test_clips_have_no_bars_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Two short films in this process: what is asked here is not how work is spread.
    monkeypatch.setattr("curate.run.Cluster", lambda *arguments, **options: Here())
    monkeypatch.setattr(Here, "start", lambda self: None)
    project = Project(tmp_path, PIPELINE)
    project.input.mkdir()
    moving = [textured(k, (320, 180)) for k in range(50)]
    barred = [with_bars(picture, (0, 30, 0, 34)) for picture in moving]
    write_pictures(project.input / "letter.mp4", barred, crf=20)
    write_pictures(project.input / "plain.mp4", [textured(k + 70, (320, 180)) for k in range(50)], crf=20)
    assert project.run().samples == 2
    by_kind = {document["scores"]["borders"]["kind"]: document for document in project.documents()}
    plain, letter = by_kind["none"]["encoded"], by_kind["letterbox"]["encoded"]
    assert (plain["width"], plain["height"], "crop" in plain) == (320, 180, False)
    assert (letter["width"], letter["height"]) == (320, 180)
    assert letter["crop"] == {"x": 0, "y": 30, "width": 320, "height": 180}
    clip = project.members()[by_kind["letterbox"]["key"] + ".mp4"]
    with av.open(io.BytesIO(clip)) as container:
        pictures = [frame.to_ndarray(format="yuv420p")[:180] for frame in container.decode(video=0)]
    assert len(pictures) == 50
    for found, drawn in zip(pictures, moving, strict=True):
        assert np.abs(found.astype(float) - drawn).mean() < 4
        # No line of the bars at either side: their level is 16.
        assert abs(found[0].astype(float).mean() - drawn[0].mean()) < 6
        assert abs(found[-1].astype(float).mean() - drawn[-1].mean()) < 6
