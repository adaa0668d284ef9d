"""The page of an audit in Chromium, from the disk: it ticks, keeps, saves and is read back; captions that
mean harm do none; it fits a desktop and a phone. Skipped where there is no Chromium."""

import json
from pathlib import Path

import pytest

from curate.judging import audit, ticks
from curate.judging.rates import rates
from curate.judging.source import Source
from tests.judging.chromium import Page, browse
from tests.judging.making import HARM, Captioned, captioned, with_video
from tests.report.test_browser import CHROMIUM

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is absent: install Debian's `chromium`")

CLIPS = 62
FIRST = "document.querySelector('.clip')"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Captioned:
    """A run whose first clip has a hostile caption and a video, with its page."""
    made = captioned(tmp_path_factory.mktemp("audit") / "run", hostile=True)
    with_video(made, made.kept[0])
    with Source(made.folder) as source:
        clips = source.clips(made.kept)
        assert len(clips) == CLIPS
        audit.write(source, clips, 0)
    return made


def page_of(run: Captioned) -> Path:
    return Path(run.folder.path(audit.PAGE))


def test_ticks_are_kept_saved_and_read_back(run: Captioned, tmp_path: Path) -> None:
    async def steps(page: Page) -> None:
        await page.open(page_of(run))
        claims = await page.look("document.querySelectorAll('.claim').length")
        assert await page.look("document.getElementById('progress').textContent") == f"0 of {claims} ticked"
        # Keys: the first two of the hostile clip right, the third wrong; the fourth stays, the fifth unclear.
        await page.key("r", "r", "w", "j", "c")
        # The mouse: one more, on the second clip.
        await page.click("#claim-2-1 .wrong input")
        await page.write("#clip-1 textarea", "a dog\n\n  two cats  \n")
        # On a busy machine the page may come to it later.
        await page.until(f"document.getElementById('progress').textContent === '5 of {claims} ticked'")
        # Nothing of it is lost when the page is closed.
        await page.leave()
        await page.open(page_of(run))
        await page.until(f"document.getElementById('progress').textContent === '5 of {claims} ticked'")
        await page.write("#auditor", "Anne Example")
        await page.click("#save")
        first = await page.saved("audit-ticks-anne-example.json")
        # Another auditor begins with an empty sheet, and neither loses anything.
        await page.write("#auditor", "b")
        await page.key("Tab")
        await page.until(f"document.getElementById('progress').textContent === '0 of {claims} ticked'")
        await page.click("#claim-1-1 .right input")
        await page.key("ArrowRight")
        await page.click("#save")
        second = await page.saved("audit-ticks-b.json")
        await page.write("#auditor", "Anne Example")
        await page.key("Tab")
        await page.until(f"document.getElementById('progress').textContent === '5 of {claims} ticked'")
        assert page.complaints == []
        with Source(run.folder) as source:
            sheet, other = ticks.read(source, str(first)), ticks.read(source, str(second))
        assert (sheet.auditor, other.auditor) == ("Anne Example", "b")
        assert sheet.clips[0].verdicts[:6] == ("right", "right", "wrong", None, "unclear", None)
        assert sheet.clips[0].missing == ("a dog", "two cats")
        assert (sheet.clips[1].verdicts[0], sum(v is not None for v in sheet.clips[1].verdicts)) == (
            "wrong",
            1,
        )
        assert other.clips[0].verdicts[0] == "wrong"
        assert rates(sheet).omitted.things == 2

    browse(tmp_path, steps)


def test_captions_that_mean_harm_do_none(run: Captioned, tmp_path: Path) -> None:
    async def steps(page: Page) -> None:
        await page.open(page_of(run))
        assert await page.look("document.title") == "test: audit of captions"
        assert await page.look("document.querySelectorAll('script').length") == 1
        assert await page.look("document.querySelectorAll('img[onerror], main style, b script').length") == 0
        texts = await page.look(f"[...{FIRST}.querySelectorAll('.text')].map((e) => e.textContent)")
        assert texts[0] == " ".join(HARM.split())
        assert "\\u{202e}gpj.exe" in texts[2]
        assert any(len(text) > 10_000 for text in texts)
        # What the page's own policy does not know is not run, even if it got in.
        await page.look(
            "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=1\">')"
        )
        await page.look(
            "document.body.append(Object.assign(document.createElement('script'), "
            "{textContent: 'document.title = 2'}))"
        )
        await page.until("document.images[document.images.length - 1].complete")
        assert await page.look("document.title") == "test: audit of captions"
        assert any("Content Security Policy" in text for text in page.complaints)

    browse(tmp_path, steps)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_and_shows_pictures_and_video(run: Captioned, tmp_path: Path, width: int) -> None:
    async def steps(page: Page) -> None:
        await page.open(page_of(run), width)
        assert await page.look("document.documentElement.scrollWidth") <= width
        beside = "[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > "
        assert await page.look(f"{beside}{width} + 0.5).map((e) => e.outerHTML.slice(0, 100))") == []
        await page.look("document.querySelectorAll('img').forEach((i) => { i.loading = 'eager'; })")
        await page.until("[...document.images].every((i) => i.complete)")
        assert await page.look("[...document.images].filter((i) => !i.naturalWidth).length") == 0
        assert await page.look("document.images.length") == 3 * CLIPS
        video = "document.querySelector('video')"
        await page.look(f"{video}.load(), {video}.preload = 'metadata', undefined")
        await page.until(f"{video}.readyState >= 1 || {video}.error")
        assert await page.look(f"[{video}.videoWidth, {video}.videoHeight, {video}.error]") == [160, 96, None]
        # What can be ticked can be hit with a finger.
        assert await page.look(f"{FIRST}.querySelector('.choices label').getBoundingClientRect().height") > 24
        assert page.complaints == []
        await page.picture(tmp_path / f"audit-{width}.png")

    browse(tmp_path, steps)


def test_ticks_of_another_tab_are_shown(run: Captioned, tmp_path: Path) -> None:
    async def steps(page: Page) -> None:
        await page.open(page_of(run))
        await page.key("r", "w")
        # As the browser tells a page of what another one stored; of other auditors it need not hear.
        await page.look(
            """(() => {
              const key = 'curate-audit:' + document.body.dataset.audit + ':';
              const sheet = JSON.parse(localStorage.getItem(key));
              sheet.clips[0].claims[2] = 'unclear';
              localStorage.setItem(key, JSON.stringify(sheet));
              dispatchEvent(new StorageEvent('storage', {key: key + 'another'}));
              window.before = document.getElementById('progress').textContent;
              dispatchEvent(new StorageEvent('storage', {key}));
            })()"""
        )
        assert (await page.look("window.before")).startswith("2 of ")
        assert (await page.look("document.getElementById('progress').textContent")).startswith("3 of ")
        assert page.complaints == []

    browse(tmp_path, steps)


def test_what_others_wrote_into_the_browsers_store_is_not_trusted(run: Captioned, tmp_path: Path) -> None:
    """All pages from the disk share one store."""
    harm = {"clips": [{"clip_id": run.kept[0].hex(), "claims": ["<b>", 7, "right"], "missing": {"a": 1}}, 3]}

    async def steps(page: Page) -> None:
        await page.open(page_of(run))
        stored = json.dumps(json.dumps(harm))
        key = "'curate-audit:' + document.body.dataset.audit + ':'"
        await page.look(f"localStorage.setItem({key}, {stored})")
        await page.look(f"localStorage.setItem({key} + '/last', '{{\"a\": ')")
        await page.leave()
        await page.open(page_of(run))
        await page.until("document.getElementById('progress').textContent.startsWith('1 of ')")
        await page.click("#save")
        with Source(run.folder) as source:
            sheet = ticks.read(source, str(await page.saved("audit-ticks.json")))
        assert sheet.clips[0].verdicts[:3] == (None, None, "right")
        assert page.complaints == []

    browse(tmp_path, steps)
