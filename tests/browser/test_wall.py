"""The live page over a real installation: every overlay is on its own frame, and the browser is not overrun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser

from producers.sources import barcode
from tests.browser.conftest import BROKEN, MODEL, PATTERNS
from tests.browser.kit import Services, Watched, tile, watching

PAINTS = 300


@dataclass(frozen=True)
class Observation:
    """What a page did from its start until it had painted so often, and the page, which goes on."""

    wall: Watched
    paints: list[dict[str, Any]]
    requests: list[dict[str, Any]]


@pytest.fixture(scope="module")
def seen(browser: Browser, services: Services) -> Iterator[Observation]:
    """A wall of two live pattern cameras, watched for a few hundred paints."""
    with watching(browser, services.url, scheme="dark") as wall:
        wall.wait("it.paints.length > 0", seconds=40)
        wall.wait(f"it.paints.length >= {PAINTS}", seconds=100)
        yield Observation(wall, wall.probe("it.paints"), wall.probe("it.requests"))


def test_every_overlay_is_on_its_own_frame(seen: Observation) -> None:
    wrong = [paint for paint in seen.paints if paint["number"] != paint["seq"]]

    assert wrong == []
    assert len(seen.paints) >= PAINTS
    assert {paint["tile"] for paint in seen.paints} == {f"{camera}/{MODEL}" for camera in PATTERNS}
    # Not one picture painted again and again.
    assert len({paint["address"] for paint in seen.paints}) > 0.9 * PAINTS


def test_each_address_leads_to_the_picture_that_was_painted(seen: Observation, services: Services) -> None:
    for paint in seen.paints[:: PAINTS // 10]:
        response = httpx.get(f"{services.url}api/v1/frames/{paint['address']}")
        picture = cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert barcode.read(picture) == paint["seq"]


def test_a_tile_never_goes_back_in_time(seen: Observation) -> None:
    for camera in PATTERNS:
        seqs = [paint["seq"] for paint in seen.paints if paint["tile"] == f"{camera}/{MODEL}"]
        assert seqs == sorted(seqs)


def test_the_page_takes_no_more_connections_than_browsers_allow(seen: Observation) -> None:
    pictures = [request for request in seen.requests if "/api/v1/frames/" in request["url"]]

    assert len(pictures) >= PAINTS
    assert _most_at_once(pictures) <= 4
    # The stream is one more; it has no end yet, so it is not among them.
    loaded = max(request["end"] for request in seen.requests if "/assets/" in request["url"])
    assert _most_at_once([request for request in seen.requests if request["start"] > loaded]) + 1 <= 6


def test_the_page_has_nothing_to_complain_about(seen: Observation) -> None:
    assert seen.wall.complaints == []
    assert seen.wall.probe("it.violations") == []


def test_a_camera_that_fails_says_why(seen: Observation) -> None:
    broken = tile(BROKEN, MODEL)
    seen.wall.page.wait_for_selector(f'{broken} [data-state]:has-text("failed")')

    assert "/nowhere/video.mp4" in seen.wall.text(f"{broken} [data-notice]")


def test_a_tile_tells_rate_age_and_address(seen: Observation) -> None:
    left = tile(PATTERNS[0], MODEL)

    assert seen.wall.text(f"{left} [data-state]") == "streaming"
    assert float(seen.wall.text(f"{left} .fps").removesuffix("fps")) > 3
    assert seen.wall.text(f"{left} .age").endswith("s ago")
    # Both at once: the next picture has another address.
    link = seen.wall.page.locator(f"{left} .address a").evaluate(
        "(link) => [link.getAttribute('href'), link.innerText]"
    )
    assert link[0] == f"#/frames/{link[1]}"


def test_the_ledger_explains_every_frame(seen: Observation) -> None:
    seen.wall.page.wait_for_selector('[data-ledger]:has-text("captured, every one explained")')
    seen.wall.screenshot("wall-dark")


def test_a_held_tile_keeps_its_picture(seen: Observation) -> None:
    left, wall = tile(PATTERNS[0], MODEL), seen.wall
    wall.page.click(f"{left} .hold")
    held = wall.page.locator(f"{left} canvas").get_attribute("data-address")
    mark = wall.probe("it.paints.length")
    wall.wait(f"it.paints.length >= {mark} + 15")

    assert {paint["tile"] for paint in wall.probe(f"it.paints.slice({mark})")} == {f"{PATTERNS[1]}/{MODEL}"}
    assert wall.page.locator(f"{left} canvas").get_attribute("data-address") == held
    assert wall.text(f"{left} .address a") == held

    wall.page.click(f"{left} .hold")
    wall.wait(f"it.paints.slice({mark}).some(paint => paint.tile === '{PATTERNS[0]}/{MODEL}')")


def test_a_phone_shows_the_wall_without_scrolling_sideways(browser: Browser, services: Services) -> None:
    with watching(browser, services.url, width=390, height=844, scale=2) as wall:
        wall.wait("it.paints.length >= 20", seconds=30)

        assert wall.fits()
        assert [paint for paint in wall.probe("it.paints") if paint["number"] != paint["seq"]] == []
        wall.screenshot("wall-phone")


def _most_at_once(requests: list[dict[str, Any]]) -> int:
    """How many were under way at the same moment; one that ends as another begins made room for it."""
    edges = sorted([(one["start"], 1) for one in requests] + [(one["end"], -1) for one in requests])
    most = now = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most
