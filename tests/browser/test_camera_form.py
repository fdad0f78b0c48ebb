"""Cameras added, edited and removed on the page, on a real installation: what it sends is what the API then has."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page

from deploy.local.media import Media
from deploy.local.ports import free_port
from producers.control import put_camera
from schemas.messages import Camera
from tests.browser.conftest import MODEL
from tests.browser.kit import Services, Watched, tile, watching
from tests.integration.camera_servers import jpeg

FACE = "WolfgangLanger_Pexels.mp4"
SLACK = 0.004
"""Shares of the picture by which a pointer's whole pixels may miss."""


@pytest.fixture
def name() -> str:
    """A camera of this test alone."""
    return f"cam-{uuid4().hex[:6]}"


@pytest.fixture
def pattern(services: Services, name: str) -> Iterator[str]:
    """A pattern camera; the page edits it."""
    put_camera(services.settings, Camera(id=name, source="pattern:320x180", models=(MODEL,), fps=5))
    yield name
    httpx.delete(f"{services.url}api/v1/cameras/{name}")


def described(services: Services, name: str) -> dict[str, Any]:
    """The camera, as the API has it."""
    response = httpx.get(f"{services.url}api/v1/cameras/{name}")
    assert response.status_code == 200, response.text
    camera: dict[str, Any] = response.json()["camera"]
    return camera


def test_add_a_camera_see_boxes_lose_the_worker_and_recover(
    browser: Browser, services: Services, media: Media, name: str
) -> None:
    with watching(browser, services.url) as wall:
        page = wall.page
        page.click("[data-add]")
        page.fill("[data-field=id] input", name)
        page.fill("[data-field=source] input", str(media.path(FACE)))
        page.check(f"[data-field=models] input[value={MODEL}]")
        page.click("[data-field=loop] label:has-text('Begins anew')")
        page.fill("[data-field=fps] input", "6")
        wall.screenshot("camera-new")
        page.click("[data-save]")

        page.wait_for_selector("[data-camera-screen]")
        assert page.evaluate("location.hash") == f"#/cameras/{name}"
        page.wait_for_selector("[data-state]:has-text('streaming')", timeout=40_000)
        page.wait_for_selector("footer:has-text('1 detection')", timeout=40_000)
        page.wait_for_selector("[data-lane=face]:not([data-marks='0'])")
        wall.screenshot("camera-screen")
        added = described(services, name)
        assert (added["fps"], added["loop"], added["models"], added["quality"]) == (6, True, [MODEL], 85)

        services.kill("inference")
        page.wait_for_selector("[data-state]:has-text('no results')", timeout=40_000)
        page.wait_for_selector("[data-notice]:has-text('The camera streams, but no results come.')")
        wall.screenshot("camera-no-results")
        page.click("text=Wall")
        page.wait_for_selector(f"{tile(name, MODEL)} .tone-warn[data-state]")
        page.click("[data-group=trouble]")
        page.wait_for_selector(f"{tile(name, MODEL)}")
        page.click("[data-group=trouble]")

        services.start("inference", "--model", MODEL)
        page.wait_for_selector(f"{tile(name, MODEL)} [data-state]:has-text('streaming')", timeout=60_000)

        page.click(f"{tile(name, MODEL)} .name")
        page.click("[data-remove]")
        page.click("[data-confirm] .danger")
        page.wait_for_selector(f"[data-notice-line]:has-text('{name} is removed.')")
        page.wait_for_selector(tile(name, MODEL), state="detached", timeout=30_000)
        assert httpx.get(f"{services.url}api/v1/cameras/{name}").status_code == 404
        assert wall.complaints == []


@contextmanager
def editing(browser: Browser, services: Services, camera: str, **options: Any) -> Iterator[Watched]:
    """The form of a camera whose picture is there."""
    with watching(browser, f"{services.url}#/cameras/{camera}/edit", **options) as form:
        form.page.locator(".editor").scroll_into_view_if_needed()
        form.page.wait_for_selector(".editor canvas[data-paints]", timeout=40_000)
        yield form


def spot(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where the shares (x, y) of the picture are on the page."""
    box = page.locator("[data-areas]").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def saved(page: Page, name: str) -> None:
    page.click("[data-save]")
    page.wait_for_selector(f"[data-notice-line]:has-text('{name} is saved.')")


def near(found: list[list[float]], wanted: list[tuple[float, float]]) -> bool:
    return len(found) == len(wanted) and all(
        abs(x - u) <= SLACK and abs(y - v) <= SLACK for (x, y), (u, v) in zip(found, wanted, strict=True)
    )


def shown_points(page: Page) -> list[list[float]]:
    """The active area's points as its fields show them, one after the other."""
    points = []
    for index in range(page.locator("[data-point]").count()):
        page.focus(f"[data-point='{index}']")
        points.append([float(page.input_value(f"[data-{axis}]")) for axis in "xy"])
    return points


def test_a_mask_drawn_by_mouse_is_the_one_that_the_api_has(browser: Browser, services: Services, pattern: str) -> None:
    with editing(browser, services, pattern) as form:
        page = form.page
        page.click("[data-add-mask]")
        for x, y in ((0.2, 0.3), (0.6, 0.3), (0.6, 0.7), (0.2, 0.7)):
            page.mouse.click(*spot(page, x, y))
        page.mouse.click(*spot(page, 0.2, 0.3))  # the first point closes it
        page.wait_for_selector("[data-add-mask]")
        page.mouse.move(*spot(page, 0.6, 0.7))
        page.mouse.down()
        page.mouse.move(*spot(page, 0.7, 0.8), steps=4)
        page.mouse.move(*spot(page, 0.8, 0.9), steps=4)
        page.mouse.up()
        page.mouse.move(*spot(page, 0.4, 0.3))  # the middle of its first edge
        page.mouse.down()
        page.mouse.move(*spot(page, 0.4, 0.15), steps=4)
        page.mouse.up()
        wanted = [(0.2, 0.3), (0.4, 0.15), (0.6, 0.3), (0.8, 0.9), (0.2, 0.7)]
        points = shown_points(page)
        assert near(points, wanted), points

        page.click("[data-undo]")  # the whole drag
        assert near(shown_points(page), [wanted[0], *wanted[2:]])
        page.keyboard.press("Control+Shift+Z")
        assert shown_points(page) == points
        form.screenshot("area-editor")
        saved(page, pattern)
        assert described(services, pattern)["masks"] == [points]
        assert form.complaints == []


def test_a_region_drawn_by_keyboard_is_the_one_that_the_api_has(
    browser: Browser, services: Services, pattern: str
) -> None:
    with editing(browser, services, pattern, scheme="dark") as form:
        page, press = form.page, form.page.keyboard.press
        page.focus("[data-add-roi]")
        press("Enter")

        def go(key: str, times: int) -> None:
            for _ in range(times):
                press(key)

        for left, up in ((30, 20), (-50, 0), (0, -45), (50, 5)):  # from the middle on
            go("ArrowLeft" if left > 0 else "ArrowRight", abs(left))
            go("ArrowUp" if up > 0 else "ArrowDown", abs(up))
            press("Enter")
        press("Escape")
        page.focus("[data-point='2']")
        press("Shift+ArrowLeft")
        press("Insert")
        go("ArrowDown", 10)
        page.focus("[data-point='1']")
        press("Delete")
        wanted = [[0.2, 0.3], [0.699, 0.75], [0.4495, 0.825], [0.2, 0.7]]
        assert shown_points(page) == wanted
        saved(page, pattern)
        assert described(services, pattern)["roi"] == wanted

        page.goto(f"{services.url}#/cameras/{pattern}/edit")
        page.click("[data-area='Region of interest']")
        assert shown_points(page) == wanted
        page.click("[data-remove-area]")
        saved(page, pattern)
        assert described(services, pattern)["roi"] is None


def test_a_mask_drawn_by_touch_on_a_phone(browser: Browser, services: Services, pattern: str) -> None:
    with editing(browser, services, pattern, width=390, height=844, scale=2, touch=True) as form:
        page = form.page
        assert form.fits()
        page.locator("[data-add-mask]").tap()
        wanted = [(0.2, 0.2), (0.7, 0.2), (0.5, 0.8)]
        for x, y in wanted:
            page.touchscreen.tap(*spot(page, x, y))
        page.locator("[data-finish]").tap()
        points = shown_points(page)
        assert near(points, wanted), points
        form.screenshot("area-editor-phone")
        saved(page, pattern)
        assert described(services, pattern)["masks"] == [points]


def test_edges_that_cross_are_said_and_nothing_is_sent(browser: Browser, services: Services, pattern: str) -> None:
    with editing(browser, services, pattern) as form:
        page = form.page
        page.click("[data-add-mask]")
        for x, y in ((0.2, 0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8)):
            page.mouse.click(*spot(page, x, y))
        page.click("[data-finish]")
        page.wait_for_selector("[role=status]:has-text('Its edges cross.')")
        page.click("[data-save]")
        page.wait_for_selector("[data-field=masks]:has-text('Mask 1: Its edges cross.')")
        assert described(services, pattern)["masks"] == []


def test_every_field_of_the_form_reaches_the_api(browser: Browser, services: Services, pattern: str) -> None:
    with watching(browser, f"{services.url}#/cameras/{pattern}/edit") as form:
        page = form.page
        page.fill("[data-field=source] input", "rtsp://user@127.0.0.1:9/stream")
        page.click("[data-field=transport] label:has-text('UDP')")
        page.fill("[data-field=site] input", "annex")
        page.click("[data-field=lane] label:has-text('Batch')")
        page.click("[data-field=enabled] label:has-text('Off')")
        page.check("[data-field=models] input[value=object-detection]")
        page.fill("[data-field=fps] input", "")
        page.fill("[data-field=quality] input", "70")
        page.click("[data-field=rotate] label:has-text('90°')")
        page.click("[data-field=flip] label:has-text('Left–right')")
        page.click("[data-field=gated] label:has-text('Send a few')")
        page.fill("[data-field=still_fps] input", "0.5")
        page.fill("[data-field=motion] input", "2")
        page.click("text=Add hours")
        page.select_option("[aria-label='First day, hours 1']", "sat")
        page.select_option("[aria-label='Last day, hours 1']", "sat")
        page.fill("[aria-label='Begin, hours 1']", "22:00")
        page.fill("[aria-label='End, hours 1']", "02:00")
        page.fill("[data-field=timezone] input", "Europe/Berlin")
        form.screenshot("camera-edit")
        saved(page, pattern)
        camera = described(services, pattern)
    assert camera == {
        "id": pattern,
        "source": "rtsp://user@127.0.0.1:9/stream",
        "models": [MODEL, "object-detection"],
        "site": "annex",
        "fps": None,
        "loop": False,
        "pacing": "native",
        "transport": "udp",
        "lane": "batch",
        "quality": 70,
        "enabled": False,
        "rotate": 90,
        "flip": "horizontal",
        "masks": [],
        "roi": None,
        "still_fps": 0.5,
        "motion": 0.02,
        "schedule": ["sat 22:00-02:00"],
        "timezone": "Europe/Berlin",
    }


class _Multipart(BaseHTTPRequestHandler):
    """A camera that sends JPEGs for as long as its server is there."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        number = 0
        with suppress(OSError):
            while not self.server.gone:  # type: ignore[attr-defined]
                content = jpeg(number)
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(content)}\r\n\r\n"
                self.wfile.write(head.encode() + content + b"\r\n")
                number += 1
                time.sleep(0.1)  # the pace of a camera, not a wait for anything

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def http_camera(port: int) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", port), _Multipart)
    server.gone = False  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.gone = True  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_camera_over_http_that_is_not_there_fails_and_recovers(
    browser: Browser, services: Services, name: str
) -> None:
    port = free_port()
    put_camera(services.settings, Camera(id=name, source=f"http://127.0.0.1:{port}/live", models=(MODEL,), fps=5))
    try:
        with watching(browser, f"{services.url}#/cameras/{name}") as screen:
            page = screen.page
            page.wait_for_selector(".tone-bad[data-state]:has-text('failed')", timeout=40_000)
            page.wait_for_selector("[data-reason]:has-text('nobody answers')")
            with http_camera(port):
                page.wait_for_selector("[data-state]:has-text('streaming')", timeout=60_000)
                page.wait_for_selector("canvas[data-paints]")
                page.wait_for_selector("dl:has-text('Last error')")
                screen.screenshot("camera-http")
            page.wait_for_selector(".tone-bad[data-state]:has-text('failed')", timeout=60_000)
            assert screen.complaints == []
    finally:
        httpx.delete(f"{services.url}api/v1/cameras/{name}")
