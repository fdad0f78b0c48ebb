"""What the page says when there is nothing to show, when a frame has expired, and when something is away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from schemas.catalogue import Catalogue
from schemas.settings import Settings
from tests.browser.conftest import MODEL, PATTERNS
from tests.browser.kit import Services, tile, watching
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL as OTHER_MODEL
from tests.integration.api_world import World


@pytest.fixture
def url(settings: Settings, catalogue: Catalogue) -> Iterator[str]:
    """The page of an installation that has no cameras."""
    with serving(settings, catalogue) as client:
        yield str(client.base_url)


def test_without_cameras_it_says_how_to_add_one(browser: Browser, url: str) -> None:
    with watching(browser, url) as wall:
        wall.page.wait_for_selector('[data-empty]:has-text("framebus camera add")')
        wall.page.wait_for_selector('[data-ledger]:has-text("No frame captured yet")')
        assert wall.complaints == []
        wall.screenshot("empty")


def test_results_of_an_unknown_camera_get_a_tile_and_an_expired_frame_is_called_so(
    browser: Browser, url: str, settings: Settings
) -> None:
    world = World(settings)
    with watching(browser, url) as wall:
        wall.page.wait_for_selector(".connection:has-text('live')")
        address = world.frame("ghost", 0)
        world.delete_frames_below(address.offset + 1, partition=address.partition)
        world.result("ghost", address)

        ghost = tile("ghost", OTHER_MODEL)
        wall.page.wait_for_selector(f'{ghost} [data-notice]:has-text("{address} has expired")')
        wall.page.wait_for_selector(f"{ghost} [data-state]:has-text('not configured')")


def test_without_kafka_it_says_so(browser: Browser, settings: Settings, catalogue: Catalogue) -> None:
    away = settings.model_copy(update={"bootstrap_servers": "127.0.0.1:9"})
    with (
        serving(away, catalogue, ready=False) as client,
        watching(browser, str(client.base_url), scheme="dark") as wall,
    ):
        wall.page.wait_for_selector("[role=alert]:has-text('Not all of Kafka can be read.')")
        wall.page.wait_for_selector(".connection:has-text('not ready')")
        wall.page.wait_for_selector("[data-ledger]:has-text('cannot be read')")
        wall.page.wait_for_selector('[data-empty]:has-text("Nothing to show yet")')
        wall.screenshot("kafka-down")


def test_it_outlives_the_api(browser: Browser, services: Services) -> None:
    with watching(browser, services.url) as wall:
        wall.wait("it.paints.length >= 10", seconds=30)
        wall.page.wait_for_selector('[data-ledger]:has-text("every one explained")')
        wall.screenshot("wall-light")
        services.kill("api")
        wall.page.wait_for_selector("[role=alert]:has-text('The API does not answer.')")
        wall.page.wait_for_selector(".connection:has-text('API down')")
        wall.page.wait_for_selector(f"{tile(PATTERNS[0], MODEL)} [data-state]:has-text('unknown')")
        wall.screenshot("api-down")
        painted = wall.probe("it.paints.length")

        services.start("api")
        services.await_api()
        wall.page.wait_for_selector(".connection:has-text('live')")
        wall.wait(f"it.paints.length >= {painted} + 10")
        assert [paint for paint in wall.probe("it.paints") if paint["number"] != paint["seq"]] == []
