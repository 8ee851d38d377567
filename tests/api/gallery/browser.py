"""A headless Chromium, driven over its DevTools protocol: what a person does and sees, and what the page asks for.

Belongs here: starting the browser, opening pages, keys, clicks, pictures. Does not belong here: what a page must show.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
)
KEYS = {
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    "Tab": (9, ""),
    "Backspace": (8, ""),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
    "PageUp": (33, ""),
    "PageDown": (34, ""),
    "End": (35, ""),
    "Home": (36, ""),
}
SHOWN = (1280, 800)
PATIENCE = 60.0
"""Seconds to wait for what must come; machines that run tests are busy."""


def installed() -> str | None:
    """The browser's program, or `None`."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def running(program: str, profile: Path) -> Iterator[Browser]:
    """A browser with an empty profile, ended with all its processes."""
    log = (profile.parent / "chromium.log").open("wb")
    command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        yield Browser(connect(_address(profile, process), max_size=None, open_timeout=60, compression=None))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


def _address(profile: Path, process: subprocess.Popen[bytes]) -> str:
    told = profile / "DevToolsActivePort"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if told.exists() and len(lines := told.read_text().splitlines()) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise RuntimeError(f"the browser did not start; see {profile.parent / 'chromium.log'}")


class Browser:
    """One browser; each of its pages has cookies of its own."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last = 0
        self.pages: dict[str, Page] = {}

    def ask(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """The answer to a command. Raises `RuntimeError` when the browser refuses it."""
        self._last += 1
        asked = {"id": self._last, "method": method, "params": parameters}
        self._socket.send(json.dumps({**asked, "sessionId": session} if session else asked))
        while True:
            told = json.loads(self._socket.recv(timeout=60))
            if told.get("id") == self._last:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']['message']}")
                return told["result"]  # type: ignore[no-any-return]
            if told.get("sessionId") in self.pages:
                self.pages[told["sessionId"]].heard(told["method"], told["params"])

    @contextmanager
    def page(
        self, size: tuple[int, int] = SHOWN, *, scheme: str = "light", motion: str = "no-preference"
    ) -> Iterator[Page]:
        """A page of a new profile: its own cookies, its own storage."""
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            page.ask(f"{domain}.enable")
        page.resize(*size)
        page.prefer(scheme, motion)
        try:
            yield page
        finally:
            del self.pages[session]
            self.ask("Target.disposeBrowserContext", browserContextId=context)


@dataclass
class Page:
    """A page, and what it said and asked for since it was opened."""

    browser: Browser
    session: str
    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.ask(method, self.session, **parameters)

    def heard(self, event: str, told: dict[str, Any]) -> None:
        match event:
            case "Runtime.exceptionThrown":
                details = told["exceptionDetails"]
                self.faults.append(details.get("exception", {}).get("description") or details["text"])
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "warning"):
                self.faults.append(" ".join(str(one.get("value", one.get("description"))) for one in told["args"]))
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                self.faults.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
            case "Page.frameNavigated":
                self.waiting.clear()
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
                self.waiting.add(told["requestId"])
            case "Network.responseReceived":
                self.answers[told["response"]["url"]] = told["response"]["status"]
            case "Network.loadingFinished" | "Network.loadingFailed":
                self.waiting.discard(told["requestId"])

    def resize(self, width: int, height: int, scale: float = 1) -> None:
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 640,
        )

    def prefer(self, scheme: str, motion: str = "no-preference") -> None:
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": motion},
        ]
        self.ask("Emulation.setEmulatedMedia", features=features)

    def go(self, url: str) -> None:
        """Goes to an address and waits until it is loaded."""
        self.ask("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def reload(self) -> None:
        """Loads the page anew; what is asked afterwards is asked of the new one."""
        self.js("window.former = true")
        self.ask("Page.reload")
        self.until("!window.former && document.readyState === 'complete'")

    def js(self, expression: str) -> Any:
        """The value of an expression; promises are waited for. Raises `RuntimeError` with what it throws."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']['exception']['description']}")
        return answer["result"].get("value")

    def until(self, expression: str, seconds: float = PATIENCE) -> Any:
        """The expression's value once it is true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(RuntimeError):  # while the page is replaced by the next there is nothing to ask
                if found := self.js(expression):
                    return found
            time.sleep(0.05)
        raise AssertionError(f"never: {expression}; the page says {self.text()[:600]!r}, faults {self.faults}")

    def see(self, selector: str, seconds: float = PATIENCE) -> None:
        """Waits until there is such an element, with a size."""
        self.until(
            f"[...document.querySelectorAll({json.dumps(selector)})].some(e => e.getClientRects().length)", seconds
        )

    def read(self, words: str, seconds: float = PATIENCE) -> None:
        """Waits until the page says these words, in whatever case its style writes them."""
        self.until(f"document.body.innerText.toLowerCase().includes({json.dumps(words.lower())})", seconds)

    def text(self) -> str:
        return str(self.js("document.body.innerText"))

    def says(self, selector: str, *texts: str) -> None:
        """Waits until such elements have exactly these texts."""
        found = f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.innerText.trim())"
        self.until(f"JSON.stringify({found}) === JSON.stringify({json.dumps(texts)})")

    def texts(self, selector: str) -> list[str]:
        """The texts of elements."""
        return self.js(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.innerText.trim())")  # type: ignore[no-any-return]

    def count(self, selector: str) -> int:
        return int(self.js(f"document.querySelectorAll({json.dumps(selector)}).length"))

    def focused(self, attribute: str = "id") -> str | None:
        """An attribute of what has the focus."""
        return self.js(f"document.activeElement.getAttribute({json.dumps(attribute)})")  # type: ignore[no-any-return]

    def press(self, key: str, times: int = 1, modifiers: int = 0) -> None:
        """Presses a key: a name, or a character."""
        code, text = KEYS.get(key, (ord(key[0].upper()), key))
        told = {"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        for _ in range(times):
            self.ask("Input.dispatchKeyEvent", type="keyDown", **told, **({"text": text} if text else {}))
            self.ask("Input.dispatchKeyEvent", type="keyUp", **told)

    def type(self, text: str) -> None:
        """Types a text, key by key."""
        for character in text:
            self.press(character)

    def click(self, selector: str, seconds: float = PATIENCE) -> None:
        """Clicks the middle of the first such element that can be seen, once it stands still and nothing covers it."""
        place = f"""(() => {{
            const one = [...document.querySelectorAll({json.dumps(selector)})].find(e => e.getClientRects().length);
            if (!one) return null;
            one.scrollIntoView({{block: "nearest"}});
            const box = one.getBoundingClientRect();
            const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
            const hit = document.elementFromPoint(x, y);
            return hit && (one.contains(hit) || hit.contains(one)) ? [x, y] : null;
        }})()"""
        x, y = self.until(place, seconds)
        while True:
            time.sleep(0.05)
            if (now := self.until(place, seconds)) == [x, y]:
                break
            x, y = now
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def choose(self, selector: str, file: Path) -> None:
        """Chooses a file in an input."""
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.ask("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    def quiet(self, seconds: float = 0.4) -> None:
        """Waits until nothing was asked for during so many seconds."""
        last, since = -1, time.monotonic()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.js("1")
            if len(self.requests) != last or self.waiting:
                last, since = len(self.requests), time.monotonic()
            elif time.monotonic() - since > seconds:
                return
            time.sleep(0.05)

    def picture(self, path: Path, **options: Any) -> None:
        """Takes a picture of what is seen."""
        shown = self.ask("Page.captureScreenshot", format=path.suffix[1:].replace("jpg", "jpeg"), **options)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shown["data"]))

    def tree(self) -> list[dict[str, Any]]:
        """What assistive technology is told: nodes with role, name and properties."""
        return self.ask("Accessibility.getFullAXTree")["nodes"]  # type: ignore[no-any-return]
