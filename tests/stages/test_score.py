"""Scores: the types of a row, what is no score, and commits in batches."""

import math
from typing import Any, ClassVar

import pytest

from curate import clips
from curate.cluster import Cluster
from curate.config import FilterStep
from curate.context import Context
from curate.plugins import ClipView, Score, SignalFilter
from curate.state import Rows, Video
from curate.tables import to_table
from stages import score
from stages.measure import checked
from tests.packing import context

VIDEO = clips.digest(b"v")


class Given(SignalFilter):
    """Says what the clip's row holds under `says`."""

    VERSION: ClassVar[int] = 1
    COLUMNS: ClassVar[dict[str, type]] = {"share": float, "n": int, "yes": bool, "word": str}

    def measure(self, clip: ClipView) -> Score:
        found = clip.clip["says"]
        if isinstance(found, Exception):
            raise found
        return dict(found)


def measured(**says: Any) -> dict[str, Any]:
    given = Given()
    return checked(given, given.measure(ClipView({"says": says}, {}, {})))


def test_values_take_the_type_of_their_column() -> None:
    assert measured(score=1, share=2, n=3.0, yes=1, word="x") == {
        "score": 1.0, "share": 2.0, "n": 3, "yes": True, "word": "x",
    }  # fmt: skip
    assert measured(score=None) == {"score": None, "share": None, "n": None, "yes": None, "word": None}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_are_no_scores(value: float) -> None:
    with pytest.raises(ValueError, match=f"score is {value}"):
        measured(score=value)
    with pytest.raises(ValueError, match=f"share is {value}"):
        measured(score=1, share=value)


def test_a_column_that_was_not_declared() -> None:
    with pytest.raises(ValueError, match="the column 'more', which is not in its COLUMNS"):
        measured(score=1, more=2)


def test_rows_are_committed_in_batches_and_a_failing_clip_fails_alone(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "BATCH", 2)
    ctx = run_with(tmp_path)
    says: list[Any] = [
        {"score": 1},
        ValueError("too dark"),
        {"score": 2},
        {"score": math.nan},
        {"score": None},
    ]
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
    made = score.run(ctx, Cluster(1), FilterStep("given", Given(), ()), rows[::-1], {VIDEO: video})
    found = {row["clip_id"]: (row["score"], row["error"]) for row in ctx.tables.rows("scores/given", "k")}
    assert [found[row["clip_id"]] for row in rows] == [
        (1.0, None), (None, "too dark"), (2.0, None), (None, "score is nan"), (None, None),
    ]  # fmt: skip
    assert {row["clip_id"] for row in made} == set(found)
    assert len(ctx.tables.files("scores/given", "k")) == 3
    step = ctx.count("score:given")
    assert (step.done, step.failed) == (5, 2)


def run_with(tmp_path: Any) -> Context:
    """A context that knows a key for the filter `given`."""
    ctx = context(tmp_path / "run")
    ctx.keys.filters["given"] = "k"
    return ctx
