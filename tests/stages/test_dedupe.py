"""Filters that see all clips at once, from scanned videos to verdicts."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from curate import clips
from curate.context import Context
from curate.plan import _Planner
from curate.plugins import ClipView, Compared, TableFilter
from curate.storage import Folder
from curate.tables import rows_of
from tests.copies import Copies, Film
from tests.pairing.scenes import noisy, walk

SCENE, OTHER = walk(1, 40), walk(2, 32)
FILMS = [
    Film("whole", SCENE, 640, 360),
    Film("large", noisy(SCENE, 3, 0.05), 1280, 720),
    Film("part", noisy(SCENE[8:32], 4, 0.05), 640, 360),
    Film("other", OTHER),
]
TWIN = {"use": "duplicate", "keep": {"max": 0.8}}
SIZE = {"use": "media", "keep": {"short_side": {"max": 500}}}


def copies(root: Path, films: list[Film] = FILMS) -> Copies:
    made = Copies(root, films)
    made.write()
    return made


def done(context: Context) -> dict[str, tuple[int, int]]:
    """Of each filter: rows done and reused."""
    return {
        name.removeprefix("score:"): (step.done, step.reused)
        for name, step in context.steps.items()
        if name.startswith("score:")
    }


def pairs(context: Context, name: str = "duplicate") -> list[dict[str, Any]]:
    rows = context.tables.rows("pairs", clips.pairs_key(name, context.keys.filters[name]))
    return sorted(rows, key=lambda row: (row["clip_a"], row["clip_b"]))


def scores(context: Context, name: str = "duplicate") -> list[dict[str, Any]]:
    rows = context.tables.rows(f"scores/{name}", context.keys.filters[name])
    return sorted(rows, key=lambda row: row["clip_id"])


def planned(
    run: Copies, filters: list[dict[str, Any]], before: Context | None = None
) -> tuple[int, int, str]:
    """What the plan says of the filter `duplicate`: done, to do, why. `before`: the run before."""
    context = run.context(filters)
    last = None
    if before is not None:
        pipeline = json.dumps(before.plan.pipeline.model_dump(mode="json"))
        last = {"keys": json.dumps(before.keys.shown(before.plan)), "pipeline": pipeline, "rules": ""}
    steps = _Planner(context.plan, Folder(str(run.root)), run.listed(), 0, last).run()
    (found,) = (step for step in steps if step.step == "score:duplicate")
    return found.done, found.todo, found.why


def test_the_best_copy_is_kept(tmp_path: Path) -> None:
    run = copies(tmp_path)
    context = run.measure([TWIN])
    assert run.fates(context) == {"whole": "duplicate", "large": None, "part": "duplicate", "other": None}
    assert done(context) == {"duplicate": (4, 0)}
    found = {row["clip_id"]: row for row in scores(context)}
    assert found[FILMS[0].clip_id]["with"] == FILMS[1].clip_id.hex()
    assert found[FILMS[1].clip_id]["score"] == found[FILMS[3].clip_id]["score"] == 0
    assert len(pairs(context)) == 3
    assert all(row["clip_a"] < row["clip_b"] for row in pairs(context))
    assert not (tmp_path / "scratch").exists()


def test_a_clip_that_was_dropped_before_is_nobodys_copy_audited_or_not(tmp_path: Path) -> None:
    films = [FILMS[0], Film("large", FILMS[1].prints, 1280, 720, audited=True), *FILMS[2:]]
    run = copies(tmp_path, films)
    context = run.measure([SIZE, TWIN, {"use": "media", "name": "again"}])
    fates = {"whole": None, "large": "media.short_side", "part": "duplicate", "other": None}
    assert run.fates(context) == fates
    assert {row["clip_id"] for row in scores(context)} == {f.clip_id for f in films if f.name != "large"}
    assert len(pairs(context)) == 1
    # What stands behind measures what is in, and the audited ones.
    assert {row["clip_id"] for row in scores(context, "again")} == {
        f.clip_id for f in films if f.name != "part"
    }


def test_nothing_is_compared_again_without_a_reason(tmp_path: Path) -> None:
    run = copies(tmp_path)
    first = run.measure([TWIN])
    version = first.tables.version("pairs")
    again = run.measure([TWIN])
    assert (done(again), again.tables.version("pairs")) == ({"duplicate": (0, 4)}, version)
    # Its own threshold decides over what is known.
    loose = run.measure([{**TWIN, "keep": {"max": 0.999}}])
    assert done(loose) == {"duplicate": (0, 4)}
    assert set(run.fates(loose).values()) == {None}


def test_an_earlier_threshold_changes_the_set_and_the_result_is_that_of_a_first_run(tmp_path: Path) -> None:
    run = copies(tmp_path / "a")
    run.measure([SIZE, TWIN])
    wide = run.measure([{"use": "media"}, TWIN])
    assert done(wide) == {"media": (0, 4), "duplicate": (4, 0)}
    fresh = copies(tmp_path / "b")
    straight = fresh.measure([{"use": "media"}, TWIN])
    assert (pairs(wide), scores(wide)) == (pairs(straight), scores(straight))
    back = run.measure([SIZE, TWIN])
    assert done(back) == {"media": (0, 4), "duplicate": (3, 0)}
    assert run.fates(back) == {"whole": None, "large": "media.short_side", "part": "duplicate", "other": None}


def test_order_and_waves_change_nothing(tmp_path: Path) -> None:
    films = [Film(f"o{n}", walk(n, 24)) for n in range(12)]
    films += [
        Film(f"c{n}", noisy(walk(n, 24), n, 0.08), 640 + 160 * (n % 2), 360 + 90 * (n % 2)) for n in range(8)
    ]
    run, other = copies(tmp_path / "a", films), copies(tmp_path / "b", films[::-1])
    straight = run.measure([{"use": "media"}, TWIN])
    small = other.measure([{"use": "media"}, TWIN], wave_hours=1e-6)
    assert (pairs(small), scores(small)) == (pairs(straight), scores(straight))
    assert other.fates(small) == run.fates(straight)
    assert sum(fate is not None for fate in run.fates(straight).values()) == 8


def test_a_video_that_comes_and_goes(tmp_path: Path) -> None:
    run = Copies(tmp_path, FILMS[:3])
    run.write()
    run.measure([TWIN])
    more = Copies(tmp_path, FILMS)
    more.write()
    context = more.measure([TWIN])
    assert done(context) == {"duplicate": (4, 0)}
    fewer = Copies(tmp_path, [FILMS[0], *FILMS[2:]])
    context = fewer.measure([TWIN])
    assert fewer.fates(context) == {"whole": None, "part": "duplicate", "other": None}
    assert len(pairs(context)) == 1


def test_the_plan_says_what_is_compared_and_why(tmp_path: Path) -> None:
    run = copies(tmp_path)
    assert planned(run, [TWIN]) == (0, 4, "never run")
    assert planned(run, [SIZE, TWIN]) == (0, 0, "waits for score:media")
    before = run.measure([SIZE, TWIN])
    assert planned(run, [SIZE, TWIN], before) == (3, 0, "up to date")
    assert planned(run, [SIZE, {**TWIN, "keep": {"max": 0.5}}], before) == (3, 0, "up to date")
    assert planned(run, [{"use": "media"}, TWIN], before) == (
        0, 4, "all clips are compared again: 1 new",
    )  # fmt: skip
    large = {"use": "media", "keep": {"short_side": {"min": 500}}}
    assert planned(run, [large, TWIN], before) == (0, 1, "all clips are compared again: 1 new and 3 gone")
    assert planned(run, [SIZE, {**TWIN, "floor": 0.4}], before) == (
        0, 3, "options of duplicate changed: floor default → 0.4",
    )  # fmt: skip


def test_a_kill_between_pairs_and_scores_leaves_nothing_that_looks_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curate.tables import Tables

    run = copies(tmp_path)
    run.measure([SIZE, TWIN])
    replace = Tables.replace

    def killed(self: Tables, name: str, data: pa.Table, key: str | None = None) -> None:
        if name == "scores/duplicate" and data.num_rows:
            raise KeyboardInterrupt
        replace(self, name, data, key)

    monkeypatch.setattr(Tables, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        run.measure([TWIN])
    monkeypatch.undo()
    # The rules of before: its rows would be there, but their pairs are of another set.
    context = run.measure([SIZE, TWIN])
    assert done(context)["duplicate"] == (3, 0)
    assert len(pairs(context)) == 1


def test_a_part_that_cannot_be_read_fails_its_clip_alone(tmp_path: Path) -> None:
    run = copies(tmp_path)
    (tmp_path / "signals/prints/large.parquet").write_bytes(b"no parquet")
    context = run.measure([TWIN])
    found = {row["clip_id"]: row["error"] for row in scores(context)}
    assert [found[film.clip_id] is None for film in FILMS] == [True, False, True, True]
    assert run.fates(context)["whole"] is None
    assert context.count("score:duplicate").failed == 1


class Shelf(TableFilter):
    """How many clips there are of the same size: a table filter of a user's own."""

    VERSION: ClassVar[int] = 1
    COLUMNS: ClassVar[dict[str, type]] = {"rank": int}

    def measure(self, clips: Iterable[ClipView], scratch: str) -> Compared:
        seen = [(clip.video["width"], clip.clip["clip_id"]) for clip in clips]
        widths = [width for width, _ in seen]
        return Compared(
            [
                ValueError("too wide")
                if width > 1000
                else {"score": widths.count(width), "rank": sorted(seen).index((width, identity))}
                for width, identity in seen
            ]
        )


def test_a_table_filter_of_ones_own_without_pairs(tmp_path: Path) -> None:
    run = copies(tmp_path)
    mine = {"use": f"{__name__}:Shelf", "name": "shelf", "keep": {"max": 3, "rank": {"max": 1}}}
    context = run.measure([mine])
    assert {row["clip_id"]: row["score"] for row in scores(context, "shelf")} == {
        film.clip_id: None if film.name == "large" else 3.0 for film in FILMS
    }
    assert sorted(str(fate) for fate in run.fates(context).values()) == [
        "None",
        "None",
        "pending",
        "shelf.rank",
    ]
    assert rows_of(context.tables.read("pairs")) == []
