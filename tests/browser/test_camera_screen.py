"""What the screens of a camera say: of one that is removed, of refusals, to whom, and of gaps in the stream."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Route
from pydantic import SecretStr

from schemas.catalogue import Catalogue
from schemas.messages import Camera, CameraState, CameraStatus, Detection
from schemas.settings import Settings
from tests.browser.kit import tile, watching
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, World, make_result
from tests.integration.camera_servers import jpeg
from tests.planted import VIEWER_TOKEN

PASSWORD = "letmein-77"
"""Not a planted one: in these tests it stands in a topic, or on the page."""
REFUSED = "the server responded with a status of"
"""Chromium itself says so on the console, of every answer that is an error."""


PAINTED = """(label) => {
    const canvas = document.querySelector(`[data-lane=${label}] canvas`);
    const data = canvas.getContext("2d").getImageData(0, 8, canvas.width, 1).data;
    const seen = Array.from({ length: canvas.width }, (_, x) => data.slice(4 * x, 4 * x + 4)).filter((one) => one[3]);
    const strongest = seen.sort((one, other) => other[3] - one[3])[0] ?? [];
    return [...strongest].slice(0, 3);
}"""
"""The colour of the marks in a label's lane: red, green, blue."""


@pytest.fixture
def api(settings: Settings, catalogue: Catalogue) -> Iterator[httpx.Client]:
    with serving(settings, catalogue) as client:
        yield client


@pytest.fixture
def world(settings: Settings) -> World:
    return World(settings)


def add(world: World, name: str, **fields: Any) -> None:
    camera = Camera.model_validate({"id": name, "source": "pattern:", "models": (MODEL,), **fields})
    world.message(world.names.cameras, camera, key=name)
    status = CameraStatus(
        camera=name,
        site=camera.site,
        state=CameraState.STREAMING,
        since=datetime.now(UTC) - timedelta(minutes=3),
        owner="edge-1-77",
        fps=9.5,
        width=320,
        height=240,
    )
    world.message(world.names.camera_status, status, key=name)


def see(world: World, camera: str, seq: int, *found: tuple[str, float], seconds_ago: float = 0) -> str:
    """Write a frame that was captured just now with its result; the frame's address."""
    address = world.frame(camera, seq, value=jpeg(seq))
    detections = [Detection(label=label, score=score, box=(40, 60, 200, 200)) for label, score in found]
    result = make_result(camera, address, *detections, seq=seq)
    captured = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    frame = result.frame.model_copy(update={"captured_at": captured, "width": 320, "height": 240})
    world.message(world.names.results(MODEL), result.model_copy(update={"frame": frame}), key=camera)
    return str(address)


def test_a_camera_that_is_removed_while_its_screen_is_open_is_said_so(
    browser: Browser, api: httpx.Client, world: World
) -> None:
    add(world, "door")
    see(world, "door", 1, ("person", 0.9))
    with watching(browser, f"{api.base_url}#/cameras/door") as screen:
        page = screen.page
        page.wait_for_selector("canvas[data-paints]")
        page.wait_for_selector("aside:has-text('edge-1-77')")
        assert api.delete("/api/v1/cameras/door").status_code == 204
        page.wait_for_selector("[data-removed]:has-text('door has been removed.')")
        page.wait_for_selector("[data-edit]", state="detached")
        screen.screenshot("camera-removed")
        assert screen.complaints == []


def test_a_form_whose_camera_is_removed_keeps_what_was_filled_in_and_brings_it_back(
    browser: Browser, api: httpx.Client, world: World
) -> None:
    add(world, "door")
    with watching(browser, f"{api.base_url}#/cameras/door/edit") as form:
        page = form.page
        page.fill("[data-field=fps] input", "7")
        assert api.delete("/api/v1/cameras/door").status_code == 204
        page.wait_for_selector("[data-removed]:has-text('has been removed meanwhile')")
        assert page.input_value("[data-field=fps] input") == "7"
        page.click("[data-save]:has-text('Add the camera')")
        page.wait_for_selector("[data-camera-screen]")
    assert api.get("/api/v1/cameras/door").json()["camera"]["fps"] == 7


def test_there_is_no_screen_of_a_camera_that_never_was(browser: Browser, api: httpx.Client) -> None:
    with watching(browser, f"{api.base_url}#/cameras/nowhere") as screen:
        screen.page.wait_for_selector("[data-unknown]:has-text('There is no camera nowhere')")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("source", "ftp://10.0.0.7/s", "unknown scheme ftp"),
        ("source", f"rtsp://user:{PASSWORD}@10.0.0.7/s", "holds a secret"),
        ("id", "Front Door", "String should match pattern"),
        ("id", "taken", "exists"),
        ("fps", "300", "less than or equal to 240"),
        ("quality", "0", "greater than or equal to 1"),
    ],
)
def test_what_the_api_refuses_stands_at_its_field_and_nothing_is_lost(
    browser: Browser, api: httpx.Client, world: World, field: str, value: str, said: str
) -> None:
    add(world, "taken")
    with watching(browser, f"{api.base_url}#/cameras/new") as form:
        page = form.page
        page.check(f"[data-field=models] input[value={MODEL}]")
        page.click("[data-field=rotate] label:has-text('90°')")
        filled = {"id": "door", "source": "rtsp://user@10.0.0.7/s", "fps": "5", "quality": "70"} | {field: value}
        for name, text in filled.items():
            page.fill(f"[data-field={name}] input", text)
        page.click("[data-save]")
        page.wait_for_selector(f"[data-field={field}] [role=alert]:has-text('{said}')")
        assert {name: page.input_value(f"[data-field={name}] input") for name in filled} == filled
        assert page.is_checked("[data-field=rotate] input >> nth=1")
        assert page.evaluate("document.activeElement.name") == field
        form.screenshot(f"camera-refused-{field}")
        assert [one for one in form.complaints if REFUSED not in one] == []


def test_a_time_zone_that_nobody_knows_is_said_at_its_field(browser: Browser, api: httpx.Client, world: World) -> None:
    add(world, "door", schedule=("mon-fri 08:00-20:00",))
    with watching(browser, f"{api.base_url}#/cameras/door/edit") as form:
        page = form.page
        page.fill("[data-field=timezone] input", "Nowhere/Land")
        page.click("[data-save]")
        page.wait_for_selector("[data-field=timezone] [role=alert]:has-text('Europe/Berlin or UTC')")
        assert page.input_value("[data-field=timezone] input") == "Nowhere/Land"


def test_a_hidden_password_is_not_sent_back(browser: Browser, api: httpx.Client, world: World) -> None:
    add(world, "old", source=f"rtsp://user:{PASSWORD}@10.0.0.7/s")  # of a release that took it
    with watching(browser, f"{api.base_url}#/cameras/old/edit") as form:
        page = form.page
        page.wait_for_selector("[data-field=source]:has-text('Its password is hidden')")
        assert page.input_value("[data-field=source] input") == "rtsp://user:***@10.0.0.7/s"
        page.fill("[data-field=fps] input", "5")
        page.click("[data-save]")
        page.wait_for_selector("[data-field=source] [role=alert]:has-text('holds a secret')")
        page.fill("[data-field=source] input", "rtsp://user@10.0.0.7/s")
        page.click("[data-save]")
        page.wait_for_selector("[data-notice-line]:has-text('old is saved.')")
    camera = api.get("/api/v1/cameras/old").json()["camera"]
    assert (camera["source"], camera["fps"]) == ("rtsp://user@10.0.0.7/s", 5)


def test_without_kafka_a_change_is_refused_in_words(browser: Browser, api: httpx.Client, world: World) -> None:
    add(world, "door")
    with watching(browser, f"{api.base_url}#/cameras/door/edit") as form:
        page = form.page
        page.fill("[data-field=fps] input", "5")

        def away(route: Route) -> None:
            if route.request.method != "PATCH":
                return route.continue_()
            detail = "Kafka at 127.0.0.1:9: topic cameras: no answer; expected it to take the record within 10 s"
            route.fulfill(status=503, json={"status": 503, "detail": detail})

        page.route("**/api/v1/cameras/door", away)
        page.click("[data-save]")
        page.wait_for_selector("[data-problem]:has-text('expected it to take the record')")
        assert page.input_value("[data-field=fps] input") == "5"


def test_a_viewer_sees_the_camera_and_no_form(browser: Browser, settings: Settings, catalogue: Catalogue) -> None:
    world = World(settings)
    add(world, "door")
    tokens = {"api_viewer_token": SecretStr(VIEWER_TOKEN)}
    with (
        serving(settings.model_copy(update=tokens), catalogue) as client,
        watching(browser, str(client.base_url)) as screen,
    ):
        page = screen.page
        page.fill("#token", VIEWER_TOKEN)
        page.click("button[type=submit]")
        page.wait_for_selector(tile("door", MODEL))
        assert page.locator("[data-add]").count() == 0
        page.click(f"{tile('door', MODEL)} .name")
        page.wait_for_selector("aside:has-text('edge-1-77')")
        assert page.locator("[data-edit], [data-toggle], [data-remove]").count() == 0
        screen.screenshot("camera-viewer")
        for place in ("#/cameras/door/edit", "#/cameras/new"):
            page.goto(f"{client.base_url}{place}")
            page.wait_for_selector("[data-operators-only]")
            assert page.locator("[data-camera-form]").count() == 0


def test_the_timeline_has_what_came_before_and_what_comes_and_leads_to_the_frame(
    browser: Browser, api: httpx.Client, world: World
) -> None:
    add(world, "door")
    past = see(world, "door", 1, ("person", 0.9), ("dog", 0.4), seconds_ago=60)
    with watching(browser, f"{api.base_url}#/cameras/door") as screen:
        page = screen.page
        page.wait_for_selector("[data-lane=person][data-marks='1']")
        page.wait_for_selector("[data-lane=dog][data-marks='1']")
        see(world, "door", 2, ("person", 0.8), ("face", 0.8))
        page.wait_for_selector("[data-lane=person][data-marks='2']")
        page.wait_for_selector("[data-lane=face][data-marks='1']")
        screen.wait(f"({PAINTED})('face').length > 0")
        assert screen.probe(f"({PAINTED})('face')") == pytest.approx((0x67, 0xE8, 0xF9), abs=3)
        assert screen.probe(f"({PAINTED})('person')") == pytest.approx((0xFB, 0xBF, 0x24), abs=3)
        page.focus("[data-lane=dog]")
        page.keyboard.press("ArrowLeft")
        page.wait_for_selector("[data-lane=dog][aria-valuetext*='dog 40%']")
        page.wait_for_selector("[data-lane=dog] figure img")
        screen.screenshot("timeline")
        page.keyboard.press("Enter")
        screen.wait("location.hash.startsWith('#/frames/')")
        assert page.evaluate("location.hash") == f"#/frames/{past}"

        page.go_back()
        page.wait_for_selector("[data-lane=dog][data-marks='1']")
        page.focus("[data-lane=dog]")
        page.keyboard.press("ArrowLeft")
        box = page.locator("[data-lane=dog] .needle").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 1, box["y"] + box["height"] / 2)
        screen.wait("location.hash.startsWith('#/frames/')")
        assert page.evaluate("location.hash") == f"#/frames/{past}"


def test_a_gap_in_the_stream_is_said_for_a_while(browser: Browser, api: httpx.Client) -> None:
    def stream(route: Route) -> None:
        route.fulfill(content_type="text/event-stream", body='event: gap\ndata: {"missed": 12}\n\n')

    with watching(browser, f"{api.base_url}#/cameras/new") as screen:
        screen.page.route("**/results/stream*", stream)
        screen.page.reload()
        screen.page.wait_for_selector("[data-gap]:has-text('Resumed with a gap: 12 results not shown')")
        screen.screenshot("gap")
        screen.page.unroute("**/results/stream*")
        screen.page.wait_for_selector(".connection:has-text('live')", timeout=20_000)
        screen.page.wait_for_selector("[data-gap]", state="detached", timeout=40_000)
