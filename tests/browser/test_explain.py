"""Explain: a frame's exact picture, what was seen in it, what its time went into, and whatever else became of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from schemas.catalogue import Catalogue
from schemas.messages import Detection, FrameAddress, SkipReason
from schemas.settings import Settings
from tests.browser.kit import Watched, watching
from tests.browser.records import GREY, HEIGHT, VERSION, WIDTH, bury, infer, plant
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, World
from tests.planted import OPERATOR_TOKEN, VIEWER_TOKEN

PERSON = Detection(label="person", score=0.9123, box=(160.0, 90.0, 320.0, 300.0))
DOG = Detection(label="dog", score=0.5, box=(400.0, 200.0, 500.0, 320.0))

_PIXEL = """(canvas, [x, y]) => {
    const context = canvas.getContext("2d");
    const at = [Math.round(canvas.width * x), Math.round(canvas.height * y)];
    return [...context.getImageData(...at, 1, 1).data.slice(0, 3)];
}"""


@pytest.fixture
def url(settings: Settings, catalogue: Catalogue) -> Iterator[str]:
    with serving(settings, catalogue) as client:
        yield str(client.base_url)


@pytest.fixture
def world(settings: Settings) -> World:
    return World(settings)


def place(address: object) -> str:
    return f"/#/frames/{address}"


def outcome(page: Page, label: str, words: str) -> None:
    """Wait until the page says so of the frame."""
    expect(page.locator("[data-outcome]")).to_contain_text(label, timeout=20_000)
    expect(page.locator("[data-outcome]")).to_contain_text(words)


def pixel(watched: Watched, x: float, y: float) -> list[int]:
    """The colour at a place of the frame, in pixels of the frame."""
    colour: list[int] = watched.page.locator("[data-frame]").first.evaluate(_PIXEL, [x / WIDTH, y / HEIGHT])
    return colour


def is_grey(colour: list[int]) -> bool:
    return all(abs(part - GREY) < 8 for part in colour)


def painted(watched: Watched, condition: Callable[[], bool]) -> None:
    """Wait until what is painted fulfils the condition."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, watched.complaints
        watched.page.wait_for_timeout(50)


def test_a_result_leads_to_its_exact_frame_and_on_to_the_next_one(browser: Browser, url: str, world: World) -> None:
    # Offsets do not say in which order frames were captured: partitions are written to in turn.
    before, frame, after = (plant(world, "gate", seq, partition=seq % 2) for seq in (5, 6, 7))
    other = plant(world, "yard", 6)
    for one in (before, after, other):
        infer(world, one)
    infer(world, frame, PERSON, DOG)
    with watching(browser, url + place(frame.address), scheme="dark") as explain:
        page = explain.page
        outcome(page, "inferred", "A worker inferred it")
        page.wait_for_selector("[data-detections] tbody tr:nth-child(2)")
        left, top = PERSON.box[0], PERSON.box[1]
        painted(explain, lambda: is_grey(pixel(explain, left + 40, top + 100)))
        assert not is_grey(pixel(explain, left, top + 100)), "the box's edge"
        row = page.locator("[data-detections] tbody tr").first.locator("th, td")
        assert [cell.strip() for cell in row.all_inner_texts()] == ["person", "0.912", "160, 90", "160 × 210"]
        steps = [element.get_attribute("data-step") for element in page.locator("[data-step]").all()]
        assert steps[:5] == ["sent", "wait", "decode", "infer", "outputs"]
        facts = explain.text("[data-facts]")
        for words in (str(frame.address), "gate", "1, 6", "640 × 360", f"{MODEL} f32 on CPU", VERSION):
            assert words in facts
        explain.screenshot("explain-dark")

        dog = page.locator("[data-detections] button").nth(1)
        dog.focus()
        page.keyboard.press("Enter")
        assert dog.get_attribute("aria-pressed") == "true"
        painted(explain, lambda: is_grey(pixel(explain, left, top + 100)))  # the other one alone is shown

        page.wait_for_selector("[data-neighbours] a.after")
        page.click("[data-neighbours] a.after")
        page.wait_for_url(f"**{place(after.address)}*")
        page.wait_for_selector("[data-neighbours] a.before")
        page.click("[data-neighbours] a.before")
        page.wait_for_url(f"**{place(frame.address)}*")
        assert explain.complaints == []
        assert explain.probe("it.violations") == []


def test_a_line_of_a_log_leads_to_its_frame(browser: Browser, url: str, world: World) -> None:
    frame = plant(world, "gate", 0)
    infer(world, frame, PERSON)
    with watching(browser, f"{url}/#/frames") as explain:
        page = explain.page
        page.wait_for_selector(f"[data-frames] a:has-text('{frame.address}')")
        page.fill("#address", "no address in this")
        page.press("#address", "Enter")
        page.wait_for_selector("[role=alert]:has-text('There is no address in this')")
        page.fill("#address", f"2026-01-31 12:00:01 WARNING lost {frame.address} camera=gate")
        page.press("#address", "Enter")
        outcome(page, "inferred", "")
        assert page.input_value("#address") == str(frame.address)
        assert explain.complaints == []


def test_a_frame_that_has_expired_still_has_its_result(browser: Browser, url: str, world: World) -> None:
    frame = plant(world, "gate", 0)
    infer(world, frame, PERSON)
    world.delete_frames_below(frame.address.offset + 1, partition=frame.address.partition)
    with watching(browser, url + place(frame.address)) as explain:
        outcome(explain.page, "inferred", "")
        explain.page.wait_for_selector("[data-no-picture]:has-text('Its boxes stand where they stood')")
        painted(explain, lambda: sum(pixel(explain, PERSON.box[0], PERSON.box[1] + 100)) > 100)
        assert sum(pixel(explain, PERSON.box[0] + 40, PERSON.box[1] + 100)) == 0
        assert explain.page.locator("[data-infer]").count() == 0, "there is nothing to infer again"
        explain.screenshot("explain-expired")


def test_it_says_what_else_may_become_of_a_frame(browser: Browser, url: str, world: World) -> None:
    skipped, dead, waiting = (plant(world, "gate", seq) for seq in range(3))
    world.skip(SkipReason.STALE, "gate", [skipped.address])
    bury(world, dead, b"not a picture", attempts=3)
    unread = plant(world, "gate", 3, value=b"not a picture")
    bury(world, unread, b"not a picture")
    world.commit({0: waiting.address.offset})
    with watching(browser, url + place(skipped.address)) as explain:
        page = explain.page
        outcome(page, "skipped: stale", "skipped on purpose, so that results are fresh")
        explain.screenshot("explain-skipped")
        page.goto(url + place(dead.address))
        outcome(page, "dead-lettered", f"NotJpegError, after 3 attempts: because of {dead.address.offset}.")
        page.goto(url + place(unread.address))
        page.wait_for_selector("[data-no-picture]:has-text('is not a JPEG picture')")
        explain.screenshot("explain-dead")

        page.goto(url + place(waiting.address))
        outcome(page, "waiting", "No worker has come to it yet")
        infer(world, waiting, PERSON)
        outcome(page, "inferred", "A worker inferred it")

        for address, label, words in (
            (FrameAddress(MODEL, 0, 99), "unknown address", "the log ends before offset 4"),
            (f"{waiting.address}?seq=17", "of another log", "made anew"),
            ("nobody/0/1", "model not in the catalogue", "nobody"),
        ):
            page.goto(url + place(address))
            outcome(page, label, words)


def test_a_link_of_the_address_bar_knows_which_frame_was_meant(browser: Browser, url: str, world: World) -> None:
    frame = plant(world, "gate", 4)
    infer(world, frame)
    with watching(browser, url + place(frame.address)) as explain:
        explain.page.wait_for_url(f"**{place(frame.address)}?camera=gate&run=1&seq=4&captured_at=*")
        assert explain.page.locator("[data-detections]").count() == 0
        assert "saw nothing in it" in explain.text("[data-explain]")


def test_a_viewer_sees_it_all_and_is_offered_nothing_to_change(
    browser: Browser, settings: Settings, catalogue: Catalogue, world: World
) -> None:
    tokens = {"api_viewer_token": SecretStr(VIEWER_TOKEN), "api_operator_token": SecretStr(OPERATOR_TOKEN)}
    frame = plant(world, "gate", 0)
    infer(world, frame, PERSON)
    bury(world, frame, b"not a picture")
    with (
        serving(settings.model_copy(update=tokens), catalogue) as client,
        watching(browser, str(client.base_url) + place(frame.address)) as explain,
    ):
        page = explain.page
        page.fill("#token", VIEWER_TOKEN)
        page.press("#token", "Enter")
        page.wait_for_selector("[data-viewer]:has-text('only an operator may infer a frame again')")
        page.wait_for_selector("[data-detections]")
        assert page.locator("[data-infer]").count() == 0
        page.goto(f"{client.base_url}/#/ledger/dead-letters")
        page.wait_for_selector("[data-viewer]:has-text('only an operator may send them again')")
        page.wait_for_selector(f'[data-letter="{frame.address}"]')
        assert page.locator("[data-letters] input, [data-letters] button").count() == 0


def test_without_kafka_every_screen_says_so(browser: Browser, settings: Settings, catalogue: Catalogue) -> None:
    away = settings.model_copy(update={"bootstrap_servers": "127.0.0.1:9"})
    with serving(away, catalogue, ready=False) as client, watching(browser, str(client.base_url)) as page_:
        page, base = page_.page, str(client.base_url)
        page.goto(base + place(f"{MODEL}/0/1"))
        outcome(page, "not now", "This page tries again.")
        for hash_, words in (
            ("/models", "Kafka does not say who works on it"),
            ("/ledger", "The ledger cannot be read now."),
            ("/ledger/dead-letters", "The dead letters cannot be read now."),
        ):
            page.goto(f"{base}/#{hash_}")
            page.wait_for_selector(f"main :text('{words}')")
            page.wait_for_selector("[role=alert]:has-text('Not all of Kafka can be read.')")
            page_.screenshot(f"kafka-down{hash_.replace('/', '-')}")
