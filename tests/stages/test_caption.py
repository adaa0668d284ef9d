"""Captions as rows: one line, not empty, and a clip whose captioner fails."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from curate import clips
from curate.plugins import Caption, Captioner, ClipView
from curate.state import Rows, Video
from curate.tables import to_table
from stages import caption
from tests.packing import Here, context

VIDEO = clips.digest(b"v")


class Says(Captioner):
    VERSION: ClassVar[int] = 1
    MODEL: ClassVar[str | None] = "model-1"

    def caption(self, clip: ClipView) -> Caption:
        found = clip.clip["says"]
        if isinstance(found, Exception):
            raise found
        return Caption(*found)


def row(*says: Any) -> dict[str, Any]:
    return caption.caption(Says(), "says", ClipView({"says": says}, {}, {}))


def test_a_caption_is_a_row() -> None:
    assert row(" A pan\n to the  left. ", "\nLong.\n\nText. ", {"b": 1, "a": "é"}) == {
        "short": "A pan to the left.", "dense": "Long.\n\nText.", "fields": '{"a": "é", "b": 1}',
        "captioner": "says", "model": "model-1", "outcome": "ok",
    }  # fmt: skip


@pytest.mark.parametrize("says", [("", "x", {}), ("x", " \n", {})])
def test_an_empty_caption_is_none(says: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="the caption is empty"):
        row(*says)


def test_a_clip_whose_captioner_fails_has_a_row_that_says_so(tmp_path: Path) -> None:
    ctx = context(tmp_path / "run")
    ctx.plan = type(ctx.plan)(**{**vars(ctx.plan), "captioner": Says(), "captioner_name": "says"})
    says: list[Any] = [("a", "b", {}), KeyError("mood"), ("", "", {})]
    rows = [
        {
            "clip_id": clips.clip_id(VIDEO, n, n + 1),
            "video_id": VIDEO,
            "start_pts": n,
            "end_pts": n + 1,
            "says": one,
        }
        for n, one in enumerate(says)
    ]
    video = Video(VIDEO, True, 1.0, Rows(to_table(clips.VIDEOS, [{"video_id": VIDEO}])), 0)
    video.uris, video.carried = ["v.mp4"], [{"caption": "the source's words"}]
    caption.run(ctx, Here(), rows, {VIDEO: video})
    found = {one["clip_id"]: one for one in ctx.tables.rows("captions", ctx.keys.captioner)}
    told = [(found[r["clip_id"]]["outcome"], found[r["clip_id"]]["error"]) for r in rows]
    assert told == [("ok", None), ("failed", "KeyError: 'mood'"), ("failed", "the caption is empty")]
    assert {one["original"] for one in found.values()} == {"the source's words"}
    assert {one["captioner"] for one in found.values()} == {"says"}
    assert json.loads(found[rows[0]["clip_id"]]["fields"]) == {}
    assert (ctx.count("caption").done, ctx.count("caption").failed) == (3, 2)
