"""Chromium without a window, steered through its DevTools protocol over pipes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

__all__ = ["Browser", "Page", "browser_path", "browsing"]

#: What Chromium needs without a window, for root and in containers.
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-prefers-reduced-motion",
)


def browser_path() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found is not None, "chromium is needed: apt-get install chromium"
    return found


@cache
def _axe() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


class Browser:
    """A browser that answers commands, one after the other.

    Args:
        answers, commands: descriptors of the pipes from it and to it.
    """

    def __init__(self, answers: int, commands: int) -> None:
        self._answers = os.fdopen(answers, "rb")
        self._commands = os.fdopen(commands, "wb", buffering=0)
        self._count = 0
        self._rest = b""
        self._events: list[dict[str, Any]] = []

    def command(self, method: str, session: str | None = None, **arguments: Any) -> dict[str, Any]:
        """Run a command of the protocol; return its result."""
        self._count += 1
        asked = {"id": self._count, "method": method, "params": arguments}
        if session is not None:
            asked["sessionId"] = session
        self._commands.write(json.dumps(asked).encode() + b"\0")
        while True:
            found = self._message()
            if found.get("id") == self._count:
                assert "error" not in found, found
                result: dict[str, Any] = found["result"]
                return result
            if "method" in found:
                self._events.append(found)

    def event(self, method: str, **values: Any) -> dict[str, Any]:
        """Wait for an event with these values; return its values."""
        while True:
            for place, found in enumerate(self._events):
                if found["method"] == method and found["params"].items() >= values.items():
                    del self._events[place]
                    result: dict[str, Any] = found["params"]
                    return result
            self._events.append(self._message())

    def events(self, session: str) -> list[dict[str, Any]]:
        """Take the events of a session that nobody waited for."""
        found = [one for one in self._events if one.get("sessionId") == session]
        self._events = [one for one in self._events if one.get("sessionId") != session]
        return found

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            piece = os.read(self._answers.fileno(), 65_536)
            assert piece, "the browser ended"
            self._rest += piece
        text, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(text)
        return found

    def close(self) -> None:
        self._commands.close()
        self._answers.close()


class Page:
    """A page in a window of its own size.

    Args:
        browser: the browser.
        url: of the page.
        size: width and height, in pixels.
        dark: whether dark colours are preferred.
        watched: whether ``problems`` will be asked for.
    """

    def __init__(
        self,
        browser: Browser,
        url: str,
        size: tuple[int, int],
        *,
        dark: bool = False,
        watched: bool = False,
    ) -> None:
        self._browser = browser
        target = browser.command("Target.createTarget", url="about:blank")["targetId"]
        attached = browser.command("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._target = target
        self.resize(*size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])
        for domain in ("Runtime", "Log", "Network") if watched else ():
            self.command(f"{domain}.enable")
        self.command("Page.navigate", url=url)
        self.until("location.href !== 'about:blank'")

    def command(self, method: str, **arguments: Any) -> dict[str, Any]:
        return self._browser.command(method, self._session, **arguments)

    def resize(self, width: int, height: int) -> None:
        """Give the window another size, in pixels."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def close(self) -> None:
        """Close the window."""
        self._browser.command("Target.closeTarget", targetId=self._target)

    def value(self, script: str) -> Any:
        """The value of an expression of JavaScript; promises are awaited."""
        found = self.command("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def violations(self) -> list[str]:
        """The rules of axe-core that the page breaks: it looks for what shuts people out."""
        self.value(f"{_axe()};0")
        found: list[str] = self.value("axe.run(document).then(one => one.violations.map(it => it.id))")
        return found

    def problems(self) -> list[str]:
        """What the console said, exceptions included, and the addresses elsewhere that were asked for."""
        # What the page asked for before this promise has been told when it is kept.
        self.value("new Promise(done => setTimeout(done, 100))")
        found = []
        for event in self._browser.events(self._session):
            match event["method"], event["params"]:
                case ("Runtime.exceptionThrown", values):
                    details = values["exceptionDetails"]
                    found.append(details.get("exception", {}).get("description") or details["text"])
                case ("Runtime.consoleAPICalled", values):
                    found.append(f"{values['type']}: {[one.get('value') for one in values['args']]}")
                case ("Log.entryAdded", values):
                    found.append(values["entry"]["text"])
                case ("Network.requestWillBeSent", values):
                    url = values["request"]["url"]
                    found += [url] if not url.startswith(("file:", "data:", "blob:")) else []
        return found

    def until(self, script: str) -> None:
        """Wait until an expression is true of a page that is there whole, with its style."""
        end = time.monotonic() + 120
        while not self.value(f"document.readyState === 'complete' && ({script})"):
            assert time.monotonic() < end, f"never true: {script}"
            time.sleep(0.02)

    def click(self, selector: str) -> None:
        """Click on an element as a mouse does."""
        box = self.value(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const r = e.getBoundingClientRect();"
            f" return [r.x + r.width / 2, r.y + r.height / 2]; }})(document.querySelector({selector!r}))"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.command(
                "Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1
            )

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key and let it go."""
        for kind in ("keyDown", "keyUp"):
            written = {"text": text} if text and kind == "keyDown" else {}
            self.command(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code="Space" if key == " " else key,
                windowsVirtualKeyCode=code,
                **written,
            )


@contextlib.contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """A browser that ends with the block; its profile is in the folder."""
    command_out, command_in = os.pipe()
    answer_out, answer_in = os.pipe()
    command = [browser_path(), *OPTIONS, "--remote-debugging-pipe", f"--user-data-dir={folder / 'profile'}"]
    # Chromium reads from descriptor 3 and writes to 4.
    shell = ["bash", "-c", f'exec "$@" 3<&{command_out} 4>&{answer_in}', "bash", *command]
    with subprocess.Popen(
        shell,
        pass_fds=(command_out, answer_in),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(command_out)
        os.close(answer_in)
        browser = Browser(answer_out, command_in)
        try:
            yield browser
            browser.command("Browser.close")
        finally:
            browser.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
