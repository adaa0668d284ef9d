"""A survivor's crop on its way to the encoder and into KEY.json."""

import json
from pathlib import Path
from typing import Any

import pytest

import stages.encode
from curate.media.crop import even_crop
from stages.survivors import _crop
from tests.packing import Encoder, pack, samples, survivor


def documents(root: Path) -> list[dict[str, Any]]:
    found = []
    for row in samples(root):
        tar = (root / row["shard"]).read_bytes()
        start = row["json_offset"]
        found.append(json.loads(tar[start : start + row["json_bytes"]]))
    return sorted(found, key=lambda document: document["clip"]["start_pts"])


def test_the_encoder_gets_the_crop_and_key_json_says_it(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def watched(function: str, arguments: dict[str, Any], **limits: Any) -> dict[str, Any]:
        asked.append(arguments["crop"])
        return encoder(function, arguments, **limits)

    monkeypatch.setattr(stages.encode, "decode_call", watched)
    pack(tmp_path, [survivor(tmp_path, 0, crop=(0, 30, 320, 180)), survivor(tmp_path, 1)])
    assert asked == [[0, 30, 320, 180], None]
    cropped, whole = documents(tmp_path)
    assert cropped["encoded"]["crop"] == {"x": 0, "y": 30, "width": 320, "height": 180}
    # Where nothing is cropped, KEY.json is what it is without the option.
    assert "crop" not in whole["encoded"]


def test_the_box_of_a_clip_becomes_an_even_crop_of_its_video() -> None:
    box = {"x": 73, "y": 0, "width": 495, "height": 360, "score": 0.23}
    assert _crop(box, {"width": 640, "height": 360}) == (74, 0, 494, 360)
    assert _crop(box, {"width": 640, "height": 360}) == even_crop(73, 0, 495, 360, (640, 360))
