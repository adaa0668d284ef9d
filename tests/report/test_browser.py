"""The page in headless Chromium, at desktop and phone width: its numbers are those of `curate query`, it fits
the screen, its pictures show, and nothing in it runs. Skipped where there is no Chromium."""

import html
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from curate import report
from curate.query import query
from tests.report.making import Made, make

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
WIDTHS = {"desktop": 1280, "phone": 360}

LOOK = """
window.onload = () => {
  const look = (frame) => {
    const page = frame.contentDocument, all = (css) => [...page.querySelectorAll(css)];
    const box = (e) => e.getBoundingClientRect();
    const inner = (e) => e.closest('.scroll') || e.closest('svg');
    const beside = (e) => !inner(e) && box(e).right > frame.clientWidth + 0.5;
    const cells = (d) => [d.dataset.view, d.dataset.column, d.dataset.key ?? null, d.value, d.innerText];
    return {
      data: all('data').map(cells),
      across: page.documentElement.scrollWidth,
      beside: all('body *').filter(beside).map((e) => e.outerHTML.slice(0, 200)),
      hidden: all('#funnel .scroll').map((e) => e.scrollWidth - e.clientWidth),
      scripts: all('script').length,
      title: page.title,
      broken: all('img').filter((i) => !i.naturalWidth).length,
      images: all('img').length,
      charts: all('.chart').map((c) => box(c).width),
      letters: Math.min(...all('main > section > .rule .chart text').map((t) => box(t).height)),
      unseen: all('details.edge img').filter((i) => !box(i).height).length,
    };
  };
  const found = {};
  for (const frame of document.querySelectorAll('iframe')) found[frame.id] = look(frame);
  document.body.textContent = JSON.stringify(found);
};
"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is absent: install Debian's `chromium`")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("browser") / "run")


@pytest.fixture(scope="module")
def seen(run: Made, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What a browser makes of the page at each of WIDTHS. It is shown in frames of that width, which a window
    need not have; a frame of the same origin can be looked into."""
    folder = tmp_path_factory.mktemp("chromium")
    page = html.escape(Path(report.write(run.folder)).read_text("utf-8"))
    frames = "".join(
        f'<iframe id="{name}" style="border:0;width:{width}px;height:900px" srcdoc="{page}"></iframe>'
        for name, width in WIDTHS.items()
    )
    wrapper = folder / "wrapper.html"
    wrapper.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><script>{LOOK}</script><body>{frames}', encoding="utf-8"
    )
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", wrapper.as_uri()],
        capture_output=True, timeout=180, env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    dom = done.stdout.decode()
    assert "<body>{" in dom, done.stderr.decode()[-2000:]
    found = json.loads(html.unescape(dom.partition("<body>")[2].partition("</body>")[0]))
    assert set(found) == set(WIDTHS)
    return found


def numbers(page: dict[str, Any]) -> dict[tuple[str, str, str | None], str]:
    return {(view, column, key): value for view, column, key, value, _ in page["data"]}


@pytest.mark.parametrize("width", WIDTHS)
def test_numbers_on_the_page_are_those_of_the_query(
    run: Made, seen: dict[str, dict[str, Any]], width: str
) -> None:
    shown = numbers(seen[width])
    for row in query(run.folder, "SELECT * FROM funnel").to_pylist():
        for name in ("entered", "dropped", "failed", "pending"):
            assert shown["funnel", name, row["rule"]] == str(row[name]), (row["rule"], name)
    for row in query(run.folder, "SELECT * FROM steps").to_pylist():
        assert float(shown["steps", "seconds", row["step"]]) == row["seconds"]
    (asked,) = query(
        run.folder,
        "SELECT count(motion) AS count, min(motion) AS min, max(motion) AS max, median(motion) AS median "
        "FROM clips",
    ).to_pylist()
    for name, value in asked.items():
        assert float(shown["clips", "motion", name]) == pytest.approx(value)
    (kept,) = query(
        run.folder, "SELECT count(*) FILTER (dropped_by = 'motion') AS n FROM verdicts"
    ).to_pylist()
    assert int(shown["rule", "below", "motion"]) + int(shown["rule", "above", "motion"]) == kept["n"]
    clips = query(run.folder, "SELECT clip_id, motion FROM clips").to_pylist()
    motion = {row["clip_id"]: row["motion"] for row in clips}
    cards = {key: value for (_, column, key), value in shown.items() if column == "motion" and key in motion}
    assert len(cards) > 20
    assert {key: float(value) for key, value in cards.items()} == {key: motion[key] for key in cards}


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_read_is_what_the_attribute_says(seen: dict[str, dict[str, Any]], width: str) -> None:
    whole = {
        value: text for _, column, _, value, text in seen[width]["data"] if column in ("entered", "done")
    }
    assert len(whole) > 3
    assert all(text.replace("\u202f", "") == value for value, text in whole.items())


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_the_screen(seen: dict[str, dict[str, Any]], width: str) -> None:
    assert seen[width]["beside"] == []
    assert seen[width]["across"] <= WIDTHS[width]
    assert seen[width]["hidden"] == [0]


@pytest.mark.parametrize("width", WIDTHS)
def test_pictures_and_charts_are_shown_and_can_be_read(seen: dict[str, dict[str, Any]], width: str) -> None:
    page = seen[width]
    assert page["images"] > 20
    assert (page["broken"], page["unseen"]) == (0, 0)
    assert min(w for w in page["charts"] if w) >= 300
    assert page["letters"] >= 9


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_in_the_page_runs(seen: dict[str, dict[str, Any]], width: str) -> None:
    assert (seen[width]["scripts"], seen[width]["title"]) == (0, "test: run 1")
