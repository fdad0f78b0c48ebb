"""A wall of a hundred cameras: trouble is in front, and only what somebody sees is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser

from schemas.catalogue import Catalogue
from schemas.messages import Camera, CameraState, CameraStatus, FrameAddress
from schemas.settings import Settings
from tests.browser.kit import Watched, watching
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, World
from tests.integration.camera_servers import jpeg

CAMERAS = 100
NAMES = [f"cam-{number:03}" for number in range(CAMERAS)]
FAILED, STILL, CONNECTING = "cam-077", "cam-050", "cam-060"
REASON = "the camera gives no answer within 5 s"


@pytest.fixture
def url(settings: Settings, catalogue: Catalogue) -> Iterator[str]:
    world = World(settings)
    states = {FAILED: CameraState.FAILED, STILL: CameraState.STILL, CONNECTING: CameraState.CONNECTING}
    now = datetime.now(UTC)
    for number, name in enumerate(NAMES):
        site = "north" if number % 2 else "south"
        camera = Camera(id=name, source="pattern:", models=(MODEL,), site=site)
        world.message(settings.names.cameras, camera, key=name)
        state = states.get(name, CameraState.STREAMING)
        error = REASON if state is CameraState.FAILED else None
        status = CameraStatus(camera=name, site=site, state=state, since=now, owner="edge-1", fps=5, error=error)
        world.message(settings.names.camera_status, status, key=name)
        world.frame(name, 0, value=jpeg(number))
    with serving(settings, catalogue) as client:
        yield str(client.base_url)


def asked(wall: Watched) -> set[str]:
    """The addresses of the pictures that the page has asked for."""
    urls: list[str] = wall.probe("it.requests.map(request => request.url)")
    return {url.partition("/api/v1/frames/")[2] for url in urls if "/api/v1/frames/" in url}


def in_sight(wall: Watched) -> set[str]:
    """The tiles that are in the window, or within a hundred pixels of it."""
    return set(
        wall.page.evaluate(
            """() => [...document.querySelectorAll("[data-tile] .stage")]
                .filter((stage) => {
                    const box = stage.getBoundingClientRect();
                    return box.bottom > -100 && box.top < innerHeight + 100;
                })
                .map((stage) => stage.closest("[data-tile]").dataset.tile.split("/")[0])"""
        )
    )


def order(wall: Watched) -> list[str]:
    return [
        key.split("/")[0]
        for key in wall.page.evaluate("[...document.querySelectorAll('[data-tile]')].map((tile) => tile.dataset.tile)")
    ]


def test_a_hundred_cameras(browser: Browser, settings: Settings, url: str) -> None:
    world = World(settings)
    with watching(browser, url, scheme="dark") as wall:
        page = wall.page
        wall.wait(f"document.querySelectorAll('[data-tile]').length === {CAMERAS}")
        page.wait_for_selector(".connection:has-text('live')")
        for number, name in enumerate(NAMES):  # every camera's result comes
            if name not in (FAILED, CONNECTING):
                world.result(name, FrameAddress(MODEL, 0, number))
        page.wait_for_selector("[data-group=live] .badge:has-text('98')", timeout=30_000)
        page.wait_for_selector("[data-group=trouble] .badge:has-text('1')")

        assert order(wall)[0] == FAILED
        seen = in_sight(wall)
        assert 6 <= len(seen) <= 15
        expected = {f"{MODEL}/0/{NAMES.index(name)}" for name in seen - {FAILED, CONNECTING}}
        wall.wait(f"document.querySelectorAll('canvas[data-paints]').length >= {len(expected)}")
        assert asked(wall) == expected
        wall.screenshot("wall-100")

        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        last = order(wall)[-1]
        page.wait_for_selector(f"[data-tile^='{last}/'] canvas[data-paints]")
        assert f"{MODEL}/0/{NAMES.index(last)}" in asked(wall)
        assert len(asked(wall)) < 2.5 * len(expected)

        page.evaluate("window.scrollTo(0, 0)")
        page.fill("[type=search]", "cam-05 north")
        wall.wait("document.querySelectorAll('[data-tile]').length === 5")
        page.fill("[type=search]", "")
        page.select_option("[aria-label=Site]", "south")
        wall.wait("document.querySelectorAll('[data-tile]').length === 50")
        page.select_option("[aria-label=Site]", "")
        page.click("[data-group=connecting]")
        page.wait_for_selector(f"[data-tile='{CONNECTING}/{MODEL}']")
        assert page.evaluate("location.hash") == "#/?state=connecting"
        page.click("[data-group=connecting]")
        page.fill("[type=search]", STILL)
        page.wait_for_selector(f"[data-tile='{STILL}/{MODEL}'] .tone-good[data-state]:has-text('still')")
        assert page.locator(f"[data-tile='{STILL}/{MODEL}'] .age.old").count() == 0
        page.fill("[type=search]", "nothing like it")
        page.wait_for_selector("[data-none]")
        assert wall.complaints == []


def test_a_hundred_cameras_fit_a_wall_screen_and_a_reload_keeps_how_they_are_shown(browser: Browser, url: str) -> None:
    with watching(browser, url, scheme="dark", width=2560, height=1440) as wall:
        wall.page.click("[data-size=small]")
        wall.wait(f"document.querySelectorAll('[data-tile]').length === {CAMERAS}")
        assert wall.fits()
        bottom = wall.page.evaluate("document.querySelector('[data-tile]:last-child').getBoundingClientRect().bottom")
        assert bottom <= 1440
        wall.screenshot("wall-100-screen")
        wall.page.reload()
        wall.page.wait_for_selector("[data-size=small][aria-pressed=true]")


def test_tiles_keep_their_place_while_somebody_points_at_them(browser: Browser, settings: Settings, url: str) -> None:
    world = World(settings)
    with watching(browser, url) as wall:
        page = wall.page
        wall.wait(f"document.querySelectorAll('[data-tile]').length === {CAMERAS}")
        wall.wait(f"document.querySelector('[data-tile]').dataset.tile.startsWith('{FAILED}/')")
        page.hover(f"[data-tile='{FAILED}/{MODEL}']")
        now = datetime.now(UTC)
        failed = CameraStatus(
            camera="cam-003", site="north", state=CameraState.FAILED, since=now, owner="edge-1", error=REASON
        )
        world.message(settings.names.camera_status, failed, key="cam-003")
        page.wait_for_selector("[data-group=trouble] .badge:has-text('2')")
        page.wait_for_timeout(3_000)  # it would have moved by now
        assert order(wall)[0] == FAILED
        page.mouse.move(2, 2)
        wall.wait("document.querySelector('[data-tile]').dataset.tile.startsWith('cam-003/')")
