"""What the page says of cameras that fail, recover, stand still, and are outside of their hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser

from schemas.catalogue import Catalogue
from schemas.messages import Camera, CameraState, CameraStatus
from schemas.settings import Settings
from tests.browser.kit import tile, watching
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, World

NO_ANSWER = "source 'rtsp://10.0.0.7/s': the camera gives no answer within 5 s; expected a stream"
OFF = "outside of its hours until mon 2026-02-02 08:00 Europe/Berlin"


@pytest.fixture
def url(settings: Settings, catalogue: Catalogue) -> Iterator[str]:
    with serving(settings, catalogue) as client:
        yield str(client.base_url)


def test_a_camera_fails_and_recovers_and_one_that_is_still_or_off_is_not_called_frozen(
    browser: Browser, url: str, settings: Settings
) -> None:
    world = World(settings)

    def told(camera: str, state: CameraState, **fields: Any) -> None:
        since = datetime.now(UTC) - timedelta(minutes=3)
        status = CameraStatus(camera=camera, site="default", state=state, since=since, owner="edge-1-77", **fields)
        world.message(settings.names.camera_status, status, key=camera)

    for name in ("door", "hall", "shop"):
        camera = Camera(id=name, source="pattern:", models=(MODEL,))
        world.message(settings.names.cameras, camera, key=name)
    told("door", CameraState.FAILED, error=NO_ANSWER, last_error=NO_ANSWER, last_error_at=datetime.now(UTC))
    told("hall", CameraState.STILL, fps=9.9)
    told("shop", CameraState.STOPPED, note=OFF)
    door, hall, shop = (tile(name, MODEL) for name in ("door", "hall", "shop"))
    with watching(browser, url) as wall:
        page = wall.page
        page.wait_for_selector(f"{door} .tone-bad[data-state]:has-text('failed')")
        page.wait_for_selector(f'{door} [data-notice]:has-text("gives no answer within 5 s")')
        page.wait_for_selector(f"{hall} .tone-good[data-state]:has-text('still')")
        page.wait_for_selector(f"{hall} [data-notice]:has-text('Nothing moves')")
        page.wait_for_selector(f"{shop} .tone-idle[data-state]:has-text('stopped')")
        page.wait_for_selector(f"{shop} [data-notice]:has-text('Outside of its hours until mon 2026-02-02 08:00')")
        wall.screenshot("camera-failed")

        told("door", CameraState.CONNECTING, last_error=NO_ANSWER, last_error_at=datetime.now(UTC))
        page.wait_for_selector(f"{door} .tone-busy[data-state]:has-text('connecting')")
        page.wait_for_selector(f'{door} [data-notice]:has-text("gives no answer within 5 s")')
        told("door", CameraState.STREAMING, fps=12.5, last_error=NO_ANSWER, last_error_at=datetime.now(UTC))
        world.result("door", world.frame("door", 0))
        page.wait_for_selector(f"{door} .tone-good[data-state]:has-text('streaming')")
        said = page.get_attribute(f"{door} [data-state]", "title") or ""
        assert "12.5 fps from the camera, run by edge-1-77, last error at" in said
        assert NO_ANSWER in said
        wall.screenshot("camera-recovered")
