"""Captions in the lowest tail of their source: who is compared, who is asked about again, and what comes of
it, in any order and after any interruption."""

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from captioners.dialogue.similarity import SimilarityOptions
from captioners.dialogue.types import Request, Unanswered
from curate import clips
from curate.config import resolve
from curate.context import Context, Keys
from curate.signals.frames import NAME as FRAMES
from curate.state import Rows, Video
from curate.storage import Folder
from curate.tables import Tables, to_table
from stages import caption, compare
from stages.similarity import Standing, to_do
from tests.captioners.scripted import good
from tests.packing import Here, Quiet
from tests.stages import asked
from tests.stages.asked import LIMITS, VIDEO, Fake, Footage

Row = dict[str, Any]

COUNT, LENGTH = 20, 20
"""Clips, of two seconds each."""
TRIES = 1000
"""What the number in a caption goes up by with each try."""


class Thrifty(Fake):
    NOT_OF_ANSWERS: ClassVar[frozenset[str]] = Fake.NOT_OF_ANSWERS | {"tokens"}
    tokens: int | None = None

    @property
    def budget(self) -> int | None:
        return self.tokens


class InOneProcess(Here):
    def start(self) -> None:
        """Without Ray."""


class World:
    """A run of twenty clips whose captions are numbers, and what each number's similarity is."""

    def __init__(self, root: Path, footage: Footage) -> None:
        self.root, self.model = root, asked.fresh()
        self.similar: dict[int, float] = {}
        """Number of a caption -> its similarity; 0.5 and a little more for the others."""
        self.compared: list[int] = []
        self.loaded = 0
        self.model.answer = self.answer
        self.rows = [
            {
                "clip_id": clips.clip_id(VIDEO, n * LENGTH, (n + 1) * LENGTH), "video_id": VIDEO,
                "start_pts": n * LENGTH, "end_pts": (n + 1) * LENGTH, "time_base": "1/10",
                "start_seconds": n * 2.0, "end_seconds": n * 2.0 + 2, "frames": LENGTH, "audited": False,
            }
            for n in range(COUNT)
        ]  # fmt: skip
        self.number = {row["clip_id"]: n for n, row in enumerate(self.rows)}
        facts = {"video_id": VIDEO, "width": 160, "height": 96, "irregular": False, "has_audio": False}
        self.video = Video(VIDEO, True, 40.0, Rows(to_table(clips.VIDEOS, [facts])), 0)
        self.video.uris, self.video.carried = [footage.source], [{}]
        shutil.copytree(footage.folder, root / "signals")
        names = {FRAMES: footage.frames, **footage.signals}
        self.parts = {group: f"signals/{Path(path).name}" for group, path in names.items()}

    def answer(self, request: Request, before: int) -> Any:
        return good(self.number[bytes.fromhex(request.clip_id)] + TRIES * request.attempt)

    def load(self, options: SimilarityOptions) -> Any:
        self.loaded += 1

        def scorer(batch: Sequence[tuple[Sequence[Any], Sequence[str]]]) -> list[float]:
            found = []
            for frames, texts in batch:
                assert len(frames) == options.frames
                number = int(" ".join(texts).partition(" with number ")[2].split()[0])
                self.compared.append(number)
                found.append(self.similar.get(number, 0.5 + number / 10_000))
            return found

        return scorer

    def context(self, **options: Any) -> Context:
        """As a new process has it."""
        body = {"use": "tests.stages.test_similarity:Thrifty", **options}
        plan = resolve("test", {"input": "in", "output": str(self.root), "captioner": body})
        context = Context(
            Folder(str(self.root)), Tables(Folder(str(self.root))), plan, Keys.of(plan), Quiet()
        )
        self.video.parts, self.video._scans = {}, []
        scan = {"video_id": VIDEO, "reordered": False, "filled": 0}
        groups = [(name, context.keys.groups[name], part) for name, part in self.parts.items()]
        self.video.add_scan(context.keys, groups, None, False, Rows(to_table(clips.SCANS, [scan])), 0)
        return context

    def run(self, backwards: bool = False, **options: Any) -> dict[int, tuple[str, int, int | None]]:
        """Outcome, attempts and number of each clip's caption; what was asked and compared is told anew."""
        for seen in (self.model.asked, self.compared):
            seen.clear()
        self.loaded = 0
        context = self.context(**{"similarity": {"tail": 0.1, "least": 1}, **options})
        table = to_table(clips.CLIPS, self.rows[:: -1 if backwards else 1])
        caption.bring_up_to_date(context, InOneProcess(), table, {VIDEO: self.video})
        self.steps = context.steps
        found = context.tables.rows("captions", context.keys.captioner)
        assert len({row["clip_id"] for row in found}) == len(found)
        return {
            self.number[row["clip_id"]]: (row["outcome"], row["attempts"], _number(row["dense"]))
            for row in found
        }

    def asked(self) -> Counter[int]:
        """Questions about each clip."""
        return Counter(self.number[bytes.fromhex(one.clip_id)] for one in self.model.asked)

    def planned(self, **options: Any) -> tuple[int, int, int]:
        context = self.context(**{"similarity": {"tail": 0.1, "least": 1}, **options})
        captioner = context.plan.captioner
        assert isinstance(captioner, Fake)
        table = to_table(clips.CLIPS, self.rows)
        standing = Standing(context.tables, context.keys, captioner, table, {VIDEO: self.video})
        return to_do(standing, context.tables, context.keys)


def _number(dense: str | None) -> int | None:
    return None if dense is None else int(dense.partition(" with number ")[2].split()[0])


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return Footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture
def world(tmp_path: Path, footage: Footage, monkeypatch: pytest.MonkeyPatch) -> World:
    found = World(tmp_path / "run", footage)
    monkeypatch.setattr(SimilarityOptions, "check", lambda self: None)
    monkeypatch.setattr(SimilarityOptions, "load", lambda options: found.load(options))
    # Clips 3 and 7 are the tail. The second caption of 3 fits, and no caption of 7.
    found.similar = {3: 0.2, 7: 0.1, 7 + TRIES: 0.15, 7 + 2 * TRIES: 0.16, 12: 0.4}
    return found


FIRST = {n: ("ok", 1, n) for n in range(COUNT)}
JUDGED = {**FIRST, 3: ("ok", 2, 3 + TRIES), 7: ("similarity", 3, None)}


def test_the_tail_is_asked_about_again_and_replaced_or_dropped(world: World) -> None:
    assert world.run() == JUDGED
    assert world.asked() == {**dict.fromkeys(range(COUNT), 1), 3: 2, 7: 3}
    again = [one for one in world.model.asked if one.attempt == 1]
    assert all("does not fit the pictures" in one.text for one in again)
    assert {one.sampling.temperature for one in again} == {0.7}
    # Each caption was compared once, the later ones too.
    assert Counter(world.compared) == dict.fromkeys([*range(COUNT), 1003, 1007, 2007], 1)
    assert (world.steps["caption"].done, world.steps["caption"].reused) == (COUNT, 0)
    found = world.steps["similarity"]
    assert (found.done, found.reused, found.failed) == (COUNT + 3, 0, 1)


def test_a_second_run_asks_compares_and_writes_nothing(world: World) -> None:
    world.run()
    tables = Tables(Folder(str(world.root)))
    versions = {name: tables.version(name) for name in ("captions", "answers", "similarities")}
    assert world.planned() == (COUNT, 0, 0)
    assert world.run() == JUDGED
    assert (world.model.asked, world.loaded) == ([], 0)
    assert {name: tables.version(name) for name in versions} == versions
    assert (world.steps["caption"].done, world.steps["caption"].reused) == (0, COUNT)


def test_another_tail_is_decided_from_the_table(world: World) -> None:
    world.run()
    assert world.planned(similarity={"tail": 0.15, "least": 1}) == (COUNT, 0, 1)
    assert world.run(similarity={"tail": 0.15, "least": 1}) == {**JUDGED, 12: ("ok", 2, 12 + TRIES)}
    assert world.asked() == {12: 1}
    assert world.compared == [12 + TRIES]
    assert world.run(similarity={"tail": 0.0}) == {**FIRST, 3: ("ok", 1, 3), 7: ("ok", 1, 7)}
    assert (world.model.asked, world.loaded) == ([], 0)
    assert world.run() == JUDGED
    assert (world.model.asked, world.loaded) == ([], 0)


def test_the_gate_on_a_captioned_run_asks_about_its_tail_alone(world: World) -> None:
    assert world.run(similarity=None) == FIRST
    assert world.loaded == 0
    assert world.planned() == (0, COUNT, 0)
    assert world.run() == JUDGED
    assert world.asked() == {3: 1, 7: 2}
    assert world.run(similarity=None) == FIRST
    assert world.model.asked == []


def test_small_sources_are_judged_by_all_and_one_attempt_asks_nothing(world: World) -> None:
    options = {"similarity": {"tail": 0.1, "least": COUNT + 1}, "attempts": 1}
    assert world.run(**options) == {**FIRST, 3: ("similarity", 1, None), 7: ("similarity", 1, None)}
    assert set(world.asked().values()) == {1}


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("batch", [1, 7])
def test_no_order_changes_the_captions(
    world: World, monkeypatch: pytest.MonkeyPatch, backwards: bool, batch: int
) -> None:
    monkeypatch.setattr(compare, "BATCH", batch)
    monkeypatch.setattr("stages.caption_model.PORTION", batch)
    assert world.run(backwards) == JUDGED


class Killed(BaseException):
    """Not an error: the process ends."""


@pytest.mark.parametrize("after", [0, 1, COUNT, COUNT + 1, COUNT + 2])
def test_after_a_kill_between_two_comparisons_the_captions_are_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(compare, "BATCH", 1)
    monkeypatch.setattr("stages.similarity.BATCH", 1)
    load = world.load

    def dying(options: SimilarityOptions) -> Any:
        scorer = load(options)

        def work(batch: Any) -> Any:
            if len(world.compared) == after:
                raise Killed
            return scorer(batch)

        return work

    monkeypatch.setattr(SimilarityOptions, "load", dying)
    with pytest.raises(Killed):
        world.run()
    asked_then, compared_then = sum(world.asked().values()), len(world.compared)
    monkeypatch.setattr(SimilarityOptions, "load", lambda options: load(options))
    assert world.run() == JUDGED
    assert asked_then + len(world.model.asked) == COUNT + 3
    assert compared_then + len(world.compared) == COUNT + 3


def test_an_answer_that_never_came_is_asked_for_in_the_next_run(world: World) -> None:
    def silent(request: Request, before: int) -> Any:
        return Unanswered("away") if request.attempt == 1 else World.answer(world, request, before)

    world.model.answer = silent
    assert world.run() == {**FIRST, 3: ("unanswered", 1, None), 7: ("unanswered", 1, None)}
    assert world.planned() == (COUNT, 0, 2)
    world.model.answer = world.answer
    assert world.run() == JUDGED
    assert world.asked() == {3: 1, 7: 2}


def test_without_tokens_the_tail_waits(world: World) -> None:
    spent = COUNT * 150
    world.run(similarity=None)
    waiting = {n: one for n, one in FIRST.items() if n not in (3, 7)}
    assert world.run(tokens=spent) == waiting
    assert world.model.asked == []
    assert world.steps["similarity"].failed == 2
    assert world.run(tokens=10 * spent) == JUDGED
    assert world.asked() == {3: 1, 7: 2}


def test_other_clips_make_other_floors(world: World) -> None:
    world.run()
    rows = world.rows
    world.rows = [row for n, row in enumerate(rows) if n not in (3, 7)]
    found = world.run(similarity={"tail": 0.06, "least": 1})
    assert world.asked() == {12: 1}
    assert set(found) == set(FIRST) - {3, 7}
    world.rows = rows
    assert world.run() == JUDGED
    assert (world.model.asked, world.loaded) == ([], 0)


def test_sources_are_folders_or_what_the_list_says(world: World) -> None:
    video = world.video
    assert video.source == str(Path(video.uris[0]).parent)
    video.carried = [{"source": "web"}, {"source": "archive"}, {"source": 5}]
    assert video.source == "archive"


# -- comparing ---------------------------------------------------------------------------------------------


def item(footage: Footage, start: int, **facts: Any) -> Row:
    line = footage.line(start, start + LENGTH)
    kept = {name: line[name] for name in ("clip", "frames", "source", "irregular")}
    return {**kept, "digest": "d", "texts": ["One.", "Two."], **facts}


def test_a_clip_that_cannot_be_read_fails_alone(footage: Footage, tmp_path: Path) -> None:
    (tmp_path / "damaged.parquet").write_bytes(b"damaged")
    items = [
        item(footage, 0), item(footage, 20, frames=str(tmp_path / "damaged.parquet")),
        item(footage, 40, frames=str(tmp_path / "gone.parquet")), item(footage, 60),
        item(footage, 80, frames=str(tmp_path / "damaged.parquet"), source="gone.mp4"),
    ]  # fmt: skip
    values = iter([0.25, float("nan")])
    found = compare.measure(
        lambda batch: [next(values) for _ in batch], 4, LIMITS, json.loads(json.dumps(items))
    )
    assert [row["similarity"] for row in found] == [0.25, None, None, None, None]
    assert [row["transient"] for row in found] == [False, False, True, False, True]
    assert found[3]["error"] == "the similarity is nan"
    assert [bool(row["error"]) for row in found] == [False, True, True, True, True]


def test_what_cannot_be_compared_stays_and_what_may_be_read_later_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def some(item: Row, frames: int, limits: Row) -> Any:
        start = item["clip"]["start_pts"]
        if start in (3 * LENGTH, 5 * LENGTH):
            return [], {"error": "it broke", "transient": start == 3 * LENGTH}
        return ["frame"] * frames, {"error": None, "transient": False}

    whole = compare._pictures
    monkeypatch.setattr(compare, "_pictures", some)
    # Of 18 captions one is the tail.
    assert world.run() == {**FIRST, 7: ("similarity", 3, None)}
    rows = world.context(similarity={}).tables.rows("similarities")
    assert [world.number[row["clip_id"]] for row in rows if row["error"]] == [5]
    assert world.planned() == (COUNT - 1, 1, 0)
    monkeypatch.setattr(compare, "_pictures", whole)
    # Of 19 it is still one.
    assert world.run() == {**FIRST, 7: ("similarity", 3, None)}
    assert world.compared == [3]
