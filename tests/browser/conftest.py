"""A real browser, and a real installation that it looks at: Kafka, two pattern cameras, a worker, the API."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, sync_playwright

from api.web.pages import DIST
from deploy import topics
from deploy.local.kafka import EmbeddedKafka
from deploy.local.ports import free_port
from producers.control import put_camera
from schemas.catalogue import Catalogue
from schemas.catalogue.builtin import FACE_DETECTION
from schemas.messages import Camera
from schemas.settings import Settings
from tests.browser.kit import Services
from tests.debian import lacking
from tests.leaks import LEAKS

MODEL = FACE_DETECTION.name
PATTERNS = ("left", "right")
BROKEN = "broken"
FPS = 15

_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless, that talks to this machine only."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        lacking("Chromium is missing: expected `chromium` on the PATH (apt-get install chromium)")
    if not (DIST / "index.html").is_file():
        lacking(f"the page is not built: expected {DIST}/index.html (make page)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=_ARGUMENTS.split())
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def services(
    browser: Browser,
    kafka: EmbeddedKafka,
    kafka_folder: Path,
    catalogue: Catalogue,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Services]:
    """Two cameras that show their frames' numbers, one that cannot be opened, and results of both."""
    settings = Settings(
        bootstrap_servers=kafka.bootstrap_servers,
        prefix=f"test-{uuid4().hex[:12]}.",
        api_port=free_port(),
        metrics_port=0,
        source_addresses="unicast,loopback",
        source_roots="/",
    )
    topics.apply(settings, catalogue)
    running = Services(settings, tmp_path_factory.mktemp("services"))
    try:
        running.start("api")
        running.start("inference", "--model", MODEL)
        running.start("capture")
        for camera in PATTERNS:
            put_camera(settings, Camera(id=camera, source="pattern:320x180", models=(MODEL,), fps=FPS))
        put_camera(settings, Camera(id=BROKEN, source="/nowhere/video.mp4", models=(MODEL,)))
        running.await_api()
        yield running
    finally:
        running.stop()
        LEAKS.scan_topics(kafka_folder, settings.prefix)  # a topic's files go with it
        topics.delete(settings, catalogue)
