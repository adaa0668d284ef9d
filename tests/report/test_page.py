"""The page as a text: its numbers are those of the views, hostile texts are texts, and it stands when things
are missing."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from curate import report
from curate.config import resolve
from curate.query import QueryError, query
from curate.report import overview
from curate.report.page import render
from curate.report.source import Source
from curate.run import write_report
from curate.storage import Folder
from curate.tables import Tables
from tests.report.making import CAPTION, HOSTILE, PIPELINE, WORDS, Made, make, video
from tests.written import written


class Page(HTMLParser):
    """What a browser would make of a page: texts, attributes, `<data>` elements, ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.data: dict[tuple[str | None, ...], str] = {}
        self.ids: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.text = re.sub(r"\s+", " ", " ".join(self.texts))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if "id" in found:
            self.ids.append(found["id"] or "")
        if tag == "data":
            place = (found["data-view"], found["data-column"], found.get("data-key"))
            self.data[place] = found["value"] or ""

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("page") / "run")


@pytest.fixture(scope="module")
def text(run: Made) -> str:
    return Path(report.write(run.folder)).read_text("utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_the_funnel_is_that_of_the_view(run: Made, page: Page) -> None:
    for row in query(run.folder, "SELECT * FROM funnel").to_pylist():
        for name in ("entered", "dropped", "failed", "pending"):
            assert page.data["funnel", name, row["rule"]] == str(row[name])


def test_totals_and_steps_are_those_of_the_views(run: Made, page: Page) -> None:
    (asked,) = query(
        run.folder,
        "SELECT (SELECT count(*) FROM clips) AS clips, count(*) FILTER (kept) AS kept, "
        "(SELECT count(*) FROM samples) AS samples, (SELECT count(*) FROM videos) AS videos, "
        "(SELECT count(*) FROM videos WHERE error IS NOT NULL) AS failed FROM verdicts",
    ).to_pylist()
    shown = {
        "clips": ("clips", "count"), "kept": ("verdicts", "kept"), "samples": ("samples", "count"),
        "videos": ("videos", "count"), "failed": ("videos", "failed"),
    }  # fmt: skip
    assert {name: page.data[(*place, None)] for name, place in shown.items()} == {
        name: str(value) for name, value in asked.items()
    }
    assert page.data["steps", "reused", "scan"] == "10"
    assert page.data["steps", "seconds", "scan"] == "61.5"


def test_clips_at_a_bound_are_the_nearest_with_their_scores(run: Made, text: str) -> None:
    def shown(side: str, bound: str) -> list[float]:
        edge = text.partition(f'data-rule="motion" data-bound="{bound}"')[2].partition("</details>")[0]
        part = edge.partition('<div class="side dropped">')
        return [float(v) for v in re.findall(r'<data value="([^"]+)"', part[0 if side == "kept" else 2])]

    def asked(where: str, order: str) -> list[float]:
        return query(
            run.folder,
            "SELECT motion FROM (SELECT motion, clip_id, row_number() OVER (PARTITION BY video_id "
            f"ORDER BY motion {order}, clip_id) AS n FROM clips JOIN verdicts USING (clip_id) WHERE {where}) "
            f"WHERE n <= 2 ORDER BY motion {order} LIMIT {overview.EDGE}",
        )["motion"].to_pylist()

    kept = "(kept OR dropped_by = 'words') AND motion BETWEEN 0.3 AND 20"
    assert shown("kept", "min") == asked(kept, "ASC")
    assert shown("kept", "max") == asked(kept, "DESC")
    assert shown("dropped", "min") == asked("dropped_by = 'motion' AND motion < 0.3", "DESC")
    assert shown("dropped", "max") == asked("dropped_by = 'motion' AND motion > 20", "ASC")
    assert (shown("kept", "min")[0], shown("kept", "max")[0]) == (0.3, 20.0)


def test_before_and_after_add_up(run: Made, page: Page) -> None:
    for view, sql in (("before", "clips"), ("after", "samples")):
        total = query(run.folder, f"SELECT count(*) AS n FROM {sql}")["n"][0].as_py()
        for quantity in ("length", "size", "shape", "rate"):
            found = [int(v) for (at, name, _), v in page.data.items() if (at, name) == (view, quantity)]
            assert sum(found) == total, (view, quantity)
    assert page.data["before", "rate", "unknown"] == page.data["before", "rate", "about 24"] == "120"


def test_failures_are_listed_with_their_reasons(page: Page) -> None:
    assert page.data["failures", "count", None] == "3"
    assert page.data["failures", "clip", "no flow in frame #"] == "1"
    for reason in ("no flow in frame 17", "No such file or directory", "damaged packet"):
        assert reason in page.text


def test_hostile_names_words_and_captions_are_texts(page: Page, text: str) -> None:
    assert "script" not in page.tags
    links = [value for _, name, value in page.attributes if name in ("href", "src", "xlink:href")]
    assert [value for value in links if not value.startswith(("#", "data:image/jpeg;base64,"))] == []
    assert [name for _, name, _ in page.attributes if name.startswith("on")] == []
    assert "document.title" in page.text
    assert not set("\u202e\u2066\x00") & set(text)
    assert "/in/\\u{202e}gpj.evil\\u{2066}.mp4" in page.text
    assert WORDS.replace("\u202e", "\\u{202e}") in page.text
    assert "/in/{{ 7 * 7 }}{% raw %}.mp4" in page.text
    assert HOSTILE[3] in page.text
    assert re.sub(r"\s+", " ", CAPTION).strip() in page.text


def test_nothing_is_fetched_and_no_program_runs(page: Page, text: str) -> None:
    policy = next(v for tag, name, v in page.attributes if (tag, name) == ("meta", "content") and "src" in v)
    assert policy.startswith("default-src 'none'; img-src data:;")
    outside = re.sub(r'xmlns(:xlink)?="[^"]*"', "", text)
    assert not re.search(r'(href|src)="(?!#|data:)|url\((?!#)|@import|<link|<iframe|<object', outside)
    assert len(page.ids) == len(set(page.ids))
    assert "<svg" in text
    assert "var(--passed)" in text
    assert not re.search(r"#0[1-7]0[1-7]0[1-7]", text)


def test_pictures_have_alternative_texts_and_tables_headers(page: Page) -> None:
    images = page.tags.count("img")
    assert images > 20
    assert images == sum((tag, name) == ("img", "alt") and bool(v) for tag, name, v in page.attributes)
    assert page.tags.count("svg") == sum(
        (tag, name) == ("svg", "aria-label") and bool(v) for tag, name, v in page.attributes
    )
    assert page.tags.count("thead") == page.tags.count("table")


def test_the_pipeline_is_one_that_runs_again(run: Made, text: str) -> None:
    shown = Page(text.partition("<pre>")[2].partition("</pre>")[0])
    body = yaml.safe_load("".join(shown.texts))["pipelines"]["test"]
    assert resolve("test", body) == run.plan


def test_the_same_tables_give_the_same_bytes(run: Made, text: str) -> None:
    assert Path(report.write(run.folder)).read_text("utf-8") == text


def test_a_page_that_shows_the_same_rows_is_left_alone(tmp_path: Path) -> None:
    run = written(tmp_path / "run")
    path = Path(report.update(run.folder))
    path.write_text(path.read_text() + "<!-- seen -->")
    (last,) = run.tables.rows("runs")
    run.tables.append("runs", [{**last, "run": 2, "ended": "2026-01-02T00:00:00"}])
    report.update(run.folder)
    assert path.read_text().endswith("<!-- seen -->")
    run.tables.append("runs", [{**last, "run": 3, "name": "another"}])
    report.update(run.folder)
    assert "another: run 3" in path.read_text()


@pytest.fixture
def bare(run: Made, tmp_path: Path) -> Iterator[Folder]:
    """The run without its frames: half of the parts gone, the others damaged."""
    parts = sorted(Path(run.folder.root, "frames").glob("*.parquet"))
    contents = {part: part.read_bytes() for part in parts}
    for number, part in enumerate(parts):
        part.unlink() if number % 2 else part.write_bytes(contents[part][:-200])
    yield run.folder
    for part, content in contents.items():
        part.write_bytes(content)


def test_without_frames_there_are_no_pictures_and_all_else(bare: Folder, page: Page) -> None:
    found = Page(render(bare))
    assert "img" not in found.tags
    assert found.data == page.data


@pytest.mark.parametrize("rules", [{"min": 1e6}, {"max": -1.0}])
def test_where_everything_was_dropped(tmp_path: Path, rules: dict[str, float]) -> None:
    words = {**PIPELINE["filters"][-1], "keep": rules}
    run = make(tmp_path / "run", filters=[words])
    found = Page(render(run.folder))
    assert found.data["samples", "count", None] == "0"
    assert found.data["verdicts", "kept", None] == "0"
    assert "No clip is in a shard." in found.text


def test_a_run_that_has_only_begun(run: Made, tmp_path: Path) -> None:
    (last,) = run.tables.rows("runs")
    new = Folder(str(tmp_path / "new"))
    Path(new.root).mkdir()
    new.write("curate.json", Path(run.folder.path("curate.json")).read_bytes())
    Tables(new).append("runs", [{**last, "verdicts": None}])
    found = Page(render(new))
    assert found.data["clips", "count", None] == "0"
    assert "There are no verdicts" in found.text
    assert "Nothing failed." in found.text


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="is not the output of a run"):
        report.write(Folder(str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_pairs_stand_side_by_side(tmp_path: Path) -> None:
    from curate import clips

    run = make(tmp_path / "run")
    key = clips.pairs_key("motion", json.loads(run.tables.rows("runs")[0]["keys"])["filters"]["motion"])
    sides = [[clips.clip_id(video(n), k * 30, k * 30 + 30) for k in (1, 2)] for n in range(12)]
    run.tables.append("pairs", [
        {"clip_a": min(pair), "clip_b": max(pair), "kind": "near", "similarity": 0.5 + n / 100,
         "covered": 18.0 + n / 2}
        for n, pair in enumerate(sides)
    ], key=key)  # fmt: skip
    found = Page(render(run.folder))
    assert found.data["pairs", "count", None] == "12"
    covered = [float(v) for (view, name, _), v in found.data.items() if (view, name) == ("pairs", "covered")]
    # The rule's bound is 20: the nearest first.
    assert covered == [20.0, 19.5, 20.5, 19.0, 21.0, 18.5, 21.5, 18.0]


def test_lists_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "FAILURES", 2)
    run = make(tmp_path / "run")
    with Source(run.folder) as source:
        found = overview.failures(source)
    assert (found["failures"], len(found["rows"])) == (3, 2)


class Listener:
    """A context whose reporter remembers notes."""

    def __init__(self, folder: Folder) -> None:
        self.folder, self.reporter, self.notes = folder, self, list[str]()

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_an_error_is_a_note_and_never_ends_a_run(tmp_path: Path) -> None:
    run = written(tmp_path / "run")
    context: Any = Listener(run.folder)
    Path(run.folder.path("report.html")).mkdir()
    assert write_report(context) is None
    (note,) = context.notes
    assert note.startswith("the report could not be written (")
    assert sorted(path.name for path in tmp_path.glob("run/*draft*")) == []
