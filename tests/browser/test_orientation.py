"""A picture whose Exif data asks to be turned is shown as it is stored: its boxes are in those pixels."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser

from schemas.catalogue import Catalogue
from schemas.settings import Settings
from tests.browser.kit import tile, watching
from tests.hostile.jpegs import behind_start, exif
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, World

_CORNERS = """canvas => {
    const context = canvas.getContext("2d");
    const at = (x, y) => [...context.getImageData(canvas.width * x, canvas.height * y, 1, 1).data.slice(0, 3)];
    return [at(0.25, 0.25), at(0.75, 0.25), at(0.25, 0.75), at(0.75, 0.75)].map((rgb) =>
        rgb.map((part) => (part > 127 ? 1 : 0)).join(""));
}"""
RED, GREEN, BLUE, WHITE = "100", "010", "001", "111"


def quarters() -> bytes:
    """640 × 360 pixels: red and green above, blue and white below."""
    picture = np.zeros((360, 640, 3), np.uint8)
    picture[:180, :320], picture[:180, 320:] = (0, 0, 255), (0, 255, 0)
    picture[180:, :320], picture[180:, 320:] = (255, 0, 0), (255, 255, 255)
    return cv2.imencode(".jpg", picture)[1].tobytes()


@pytest.fixture
def url(settings: Settings, catalogue: Catalogue) -> Iterator[str]:
    with serving(settings, catalogue) as client:
        yield str(client.base_url)


def test_a_picture_is_shown_as_it_is_stored_whatever_its_exif_data_ask(
    browser: Browser, url: str, settings: Settings
) -> None:
    world = World(settings)
    with watching(browser, url) as wall:
        wall.page.wait_for_selector(".connection:has-text('live')")
        for orientation in range(1, 9):
            address = world.frame("gate", orientation, value=behind_start(quarters(), exif(orientation)))
            world.result("gate", address, seq=orientation)
            canvas = wall.page.wait_for_selector(f'{tile("gate", MODEL)} canvas[data-address="{address}"]')
            assert canvas is not None
            assert canvas.evaluate(_CORNERS) == [RED, GREEN, BLUE, WHITE], f"orientation {orientation}"
        assert wall.complaints == []
