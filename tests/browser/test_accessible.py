"""Every screen is for everybody: axe finds nothing serious, and it fits a phone as it fits a wall."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser
from pydantic import SecretStr

from api.web.pages import DIST
from deploy.local.kafka import EmbeddedKafka
from schemas.catalogue import Catalogue
from schemas.messages import Detection
from schemas.settings import Settings
from tests.browser.kit import Scheme, watching
from tests.browser.records import PICTURE, bury, infer, plant
from tests.browser.test_camera_screen import add, see
from tests.conftest import installation
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, World
from tests.planted import VIEWER_TOKEN

AXE: Final = Path(__file__).parents[2] / "api" / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
MOST_BYTES: Final = 300_000
"""Of everything that the page may load, gzipped."""

SCREENS: Final = {
    "#/": "[data-tile]",
    "#/?size=small": "[data-tile]",
    "#/cameras/door": "[data-timeline]",
    "#/cameras/new": "[data-camera-form]",
    "#/cameras/door/edit": "[data-areas]",
    "#/models": "[data-model] .u-over",
    "#/frames": "[data-frames] li",
    f"#/frames/{MODEL}/1/0": "[data-detections]",
    f"#/frames/{MODEL}/1/1": "[data-no-picture]",
    "#/ledger": "[data-unexplained]",
    "#/ledger/dead-letters": "[data-thumb=words]",
}
"""Each screen, and what is there when it can be looked at."""
VALUES: Final = (PICTURE, b"not a picture", PICTURE)


@pytest.fixture(scope="module")
def url(kafka: EmbeddedKafka, kafka_folder: Path, catalogue: Catalogue) -> Iterator[str]:
    with installation(kafka, kafka_folder, catalogue) as settings, _page(settings, catalogue) as url:
        yield url


@contextmanager
def _page(settings: Settings, catalogue: Catalogue) -> Iterator[str]:
    world = World(settings)
    triangle = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5))
    add(world, "door", masks=(triangle,), roi=triangle, still_fps=1, schedule=("00:00-24:00",))
    add(world, "hall", source="rtsp://user@10.0.0.7/s")
    see(world, "door", 1, ("person", 0.9), seconds_ago=5)
    seen, dead, lost = (plant(world, "door", seq, partition=1, value=value) for seq, value in enumerate(VALUES))
    infer(world, seen, Detection(label="person", score=0.9, box=(160.0, 90.0, 320.0, 300.0)))
    bury(world, dead, b"not a picture")
    world.counts("door", [frame.address for frame in (seen, dead, lost)], run=1)
    world.commit({1: lost.address.offset + 1})
    with serving(settings, catalogue) as client:
        yield str(client.base_url)


def faults(page: Any) -> list[str]:
    """What axe finds that is serious or worse: the rule, and the elements."""
    page.evaluate(AXE.read_text())
    report = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{one['id']} ({one['impact']}): {[node['html'][:160] for node in one['nodes']]}"
        for one in report["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", SCREENS)
def test_axe_finds_nothing_serious(browser: Browser, url: str, place: str, scheme: Scheme) -> None:
    with watching(browser, f"{url}{place}", scheme=scheme) as screen:
        screen.page.wait_for_selector(SCREENS[place])
        if place == "#/cameras/door":
            screen.page.locator(
                "[data-timeline] .segments button"
            ).last.click()  # of the hour: what was planted is in it
            screen.page.wait_for_selector("[data-lane=person]")
        if place.endswith("/edit"):
            screen.page.click("[data-area='Mask 1']")
            screen.page.focus("[data-point='1']")
        assert faults(screen.page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_signing_in(
    browser: Browser, settings: Settings, catalogue: Catalogue, scheme: Scheme
) -> None:
    locked = settings.model_copy(update={"api_viewer_token": SecretStr(VIEWER_TOKEN)})
    with serving(locked, catalogue) as client, watching(browser, str(client.base_url), scheme=scheme) as screen:
        screen.page.wait_for_selector("[data-login]")
        screen.page.fill("#token", "wrong-wrong-wrong-wrong")
        screen.page.click("button[type=submit]")
        screen.page.wait_for_selector("[role=alert]:has-text('This token opens nothing here.')")
        assert faults(screen.page) == []


@pytest.mark.parametrize("width", [360, 390, 820, 1440, 2560])
def test_it_fits_from_a_phone_to_a_wall(browser: Browser, url: str, width: int) -> None:
    with watching(browser, url, width=width, height=844) as screen:
        wide = []
        for place, there in SCREENS.items():
            screen.page.goto(f"{url}{place}")
            screen.page.wait_for_selector(there)
            wide += [] if screen.fits() else [place]
        assert wide == []


def test_the_confirmation_takes_the_focus_and_gives_it_back(browser: Browser, url: str) -> None:
    with watching(browser, f"{url}#/cameras/door") as screen:
        page = screen.page
        page.focus("[data-remove]")
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-confirm]")
        assert page.evaluate("document.activeElement.textContent") == "Cancel"
        assert faults(page) == []
        page.keyboard.press("Escape")
        page.wait_for_selector("[data-confirm]", state="detached")
        assert page.evaluate("document.activeElement.dataset.remove") == ""


def test_the_whole_page_is_small() -> None:
    files = [file for file in DIST.rglob("*") if file.suffix in (".html", ".js", ".css", ".svg")]
    assert len(files) >= 3
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= MOST_BYTES
