"""A page in headless Chromium, driven by the DevTools protocol: keys and clicks as a person gives them, files
that are saved, and whatever the browser complains of."""

import asyncio
import base64
import itertools
import json
import os
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import aiohttp

from tests.report.test_browser import CHROMIUM, FLAGS

SECONDS = 60
BROWSERS = 5
PROBE = "probe"


class Forgetful(Exception):
    """The browser lost all that any page stored: on a busy machine, Chromium in a new profile may do so once,
    and its database is empty then. What the page stored is not to be seen in such a browser."""


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, downloads: Path) -> None:
        self._socket, self.downloads = socket, downloads
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self._left = False
        self.complaints: list[str] = []
        """What the browser blocked, failed to load, or caught."""

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        await self._socket.send_json(message)
        while True:
            told = await asyncio.wait_for(self._socket.receive_json(), SECONDS)
            if told.get("id") == number:
                assert "error" not in told, (method, told["error"])
                result: dict[str, Any] = told["result"]
                return result
            self._hear(told)

    def _hear(self, told: dict[str, Any]) -> None:
        method, parameters = told.get("method"), told.get("params", {})
        if method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.complaints.append(parameters["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(parameters["exceptionDetails"])[:500])
        elif method == "Page.javascriptDialogOpening":
            self.complaints.append(f"a dialogue: {parameters['message']}")

    async def begin(self) -> None:
        target = await self.send("Target.createTarget", url="about:blank")
        attached = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        await self.send(
            "Browser.setDownloadBehavior",
            behavior="allow",
            downloadPath=str(self.downloads),
            eventsEnabled=True,
        )
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            await self.send(f"{domain}.enable")

    async def open(self, path: Path, width: int = 1280, height: int = 900) -> None:
        """Load a file from the disk, until its images are there."""
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        await self.send("Page.navigate", url=path.as_uri())
        await self.until("document.readyState === 'complete' && location.protocol === 'file:'")
        if self._left and not await self.look(f"localStorage.getItem({json.dumps(PROBE)})"):
            raise Forgetful
        # Before anything that the page stores: what it loses, this does not outlive.
        await self.look(f"localStorage.setItem({json.dumps(PROBE)}, '1')")
        self._left = False

    async def leave(self) -> None:
        """Close the page, as far as the page can tell."""
        self._left = True
        await self.send("Page.navigate", url="about:blank")
        await self.until("document.readyState === 'complete' && location.protocol === 'about:'")

    async def look(self, expression: str) -> Any:
        """The value of JavaScript in the page. (The protocol is not bound by the page's policy.)"""
        told = await self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def until(self, expression: str) -> None:
        for _ in range(SECONDS * 10):
            if await self.look(expression):
                return
            await asyncio.sleep(0.1)
        # What the page says instead: it may not come again.
        said = await self.look("document.body.innerText.slice(0, 500)")
        kept = await self.look(
            "Object.entries(localStorage).map(([key, value]) => [key, value.slice(0, 100)])"
        )
        raise AssertionError(f"never: {expression}; it says {said!r} and keeps {kept}; {self.complaints}")

    async def key(self, *keys: str) -> None:
        for key in keys:
            named = key if len(key) > 1 else None
            text = {} if named else {"text": key}
            code = {"Enter": 13, "Tab": 9, "ArrowRight": 39}.get(key, ord(key[0].upper()))
            await self.send(
                "Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text
            )
            await self.send("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    async def click(self, selector: str) -> None:
        """With the mouse, in the middle of the element."""
        found = f"document.querySelector({json.dumps(selector)})"
        await self.look(f"{found}.scrollIntoView({{block: 'center'}})")
        box = await self.look(f"{found}.getBoundingClientRect().toJSON()")
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        for kind in ("mousePressed", "mouseReleased"):
            await self.send("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **at)

    async def write(self, selector: str, text: str) -> None:
        """Type into a field, in place of what it holds."""
        await self.click(selector)
        await self.look(f"document.querySelector({json.dumps(selector)}).select()")
        await self.send("Input.insertText", text=text)

    async def saved(self, name: str) -> Path:
        """The file that the browser saved under this name."""
        for _ in range(SECONDS * 10):
            if (self.downloads / name).exists():
                return self.downloads / name
            await asyncio.sleep(0.1)
        raise AssertionError(f"{name} was not saved; there are {os.listdir(self.downloads)}")

    async def picture(self, path: Path) -> None:
        """A screenshot, for people."""
        told = await self.send("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(told["data"]))


def browse(folder: Path, steps: Callable[[Page], Coroutine[Any, Any, None]]) -> None:
    """Run `steps` with a page in a browser of its own, whose files are below `folder`."""
    for number in range(BROWSERS):
        try:
            _in_a_browser(folder / f"browser-{number}", steps)
            return
        except Forgetful:
            continue
    raise AssertionError(f"{BROWSERS} browsers lost what was stored")


def _in_a_browser(folder: Path, steps: Callable[[Page], Coroutine[Any, Any, None]]) -> None:
    assert CHROMIUM is not None
    downloads = folder / "downloads"
    downloads.mkdir(parents=True)
    profile = folder / "profile"
    process = subprocess.Popen(
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank"],
        env={**os.environ, "HOME": str(folder)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        asyncio.run(_browse(profile / "DevToolsActivePort", downloads, steps))
    finally:
        process.kill()
        process.wait()


async def _browse(told: Path, downloads: Path, steps: Callable[[Page], Coroutine[Any, Any, None]]) -> None:
    for _ in range(SECONDS * 10):
        if told.exists() and len(told.read_text().splitlines()) > 1:
            break
        await asyncio.sleep(0.1)
    port, path = told.read_text().splitlines()[:2]
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{port}{path}", max_msg_size=0) as socket,
    ):
        page = Page(socket, downloads)
        await page.begin()
        await steps(page)
