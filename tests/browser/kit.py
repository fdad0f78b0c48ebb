"""What the browser tests share: services that run as processes, and a page that is watched."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import httpx
from playwright.sync_api import Browser, ConsoleMessage, Page

from deploy.local import process
from deploy.local.environment import WORKER_ENVIRONMENT, environment_of
from schemas.settings import Settings
from tests.leaks import LEAKS

SCREENSHOTS: Final = Path(__file__).parents[2] / "build" / "screenshots"
PROBE: Final = Path(__file__).with_name("probe.js")
Scheme = Literal["dark", "light"]


@dataclass
class Services:
    """Services of one installation, each a process with a log of its own."""

    settings: Settings
    logs: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, service: str, *arguments: str) -> None:
        """Start `framebus run SERVICE`."""
        command = [sys.executable, "-m", "deploy.cli", "run", service, *arguments]
        environ = {**_inherited(), **WORKER_ENVIRONMENT, **environment_of(self.settings)}
        with (self.logs / f"{service}.log").open("ab") as log:
            self.running[service] = process.start(command, output=log.fileno(), environ=environ)

    def kill(self, service: str) -> None:
        """End a service at once."""
        process.kill(self.running.pop(service))

    def stop(self) -> None:
        """End all of them, those that produce first."""
        for service in ("capture", "inference", "api"):
            if service in self.running:
                process.stop(self.running.pop(service), deadline_s=10)

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{self.settings.api_host}:{self.settings.api_port}/"

    def await_api(self) -> None:
        """Wait until the API reads every topic."""
        self.wait_for(lambda: _status(f"{self.url}readyz") == 200, "the API is not ready")

    def wait_for(self, condition: Callable[[], object], otherwise: str, *, seconds: float = 40) -> None:
        """Wait until `condition()` holds; a service that has ended, or the deadline, fails with its log."""
        deadline = time.monotonic() + seconds
        while not condition():
            ended = [name for name, child in self.running.items() if child.poll() is not None]
            if ended or time.monotonic() > deadline:
                logs = {path.name: path.read_text()[-2000:] for path in self.logs.glob("*.log")}
                raise AssertionError(f"{otherwise} (ended: {ended}); logs: {logs}")
            time.sleep(0.05)


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FRAMEBUS_")}


def _status(url: str) -> int | None:
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.TransportError:
        return None


@dataclass
class Watched:
    """A page under test and what it complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def probe(self, expression: str) -> Any:
        """What `expression` gives of the probe, `it`."""
        return self.page.evaluate(f"(() => {{ const it = window.framebusProbe; return {expression}; }})()")

    def wait(self, expression: str, *, seconds: float = 20) -> None:
        """Wait until `expression` holds in the page, with the probe as `it`.

        From out here: in the page a condition given as text would be an `eval`, which the page's policy forbids.
        """
        deadline = time.monotonic() + seconds
        while not self.probe(expression):
            if time.monotonic() > deadline:
                self.screenshot("failure")
                raise AssertionError(f"{expression}: not within {seconds} s; complaints: {self.complaints}")
            self.page.wait_for_timeout(50)

    def text(self, selector: str) -> str:
        """The text of the one element that `selector` names."""
        return self.page.locator(selector).inner_text()

    def fits(self) -> bool:
        """Whether the page is no wider than its window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))

    def screenshot(self, name: str) -> None:
        """Save what the page shows to build/screenshots/."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


@contextmanager
def watching(
    browser: Browser,
    url: str,
    *,
    scheme: Scheme = "light",
    width: int = 1440,
    height: int = 900,
    scale: float = 1,
    touch: bool = False,
) -> Iterator[Watched]:
    """The page at `url`, with the probe in it."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=scale, has_touch=touch
    )
    page = context.new_page()
    watched = Watched(page)

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            watched.complaints.append(f"{message.text} {message.location}")

    page.on("console", note)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.add_init_script(path=PROBE)
    page.goto(url)
    yield watched
    LEAKS.check(f"the page {page.url}", page.content().encode())
    context.close()


def tile(camera: str, model: str) -> str:
    """The selector of a tile."""
    return f'[data-tile="{camera}/{model}"]'
