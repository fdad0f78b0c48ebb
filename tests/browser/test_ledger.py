"""Ledger: whether every frame is accounted for, in a sentence, a bar and a table; and dead letters, sent again."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from schemas.catalogue import Catalogue
from schemas.messages import Detection, SkipReason
from schemas.settings import Settings
from tests.browser.kit import watching
from tests.browser.records import PICTURE, Planted, bury, infer, plant
from tests.hostile.jpegs import claiming
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, World

PERSON = Detection(label="person", score=0.9, box=(160.0, 90.0, 320.0, 300.0))
HTML = b"<html><script>alert(1)</script><img src=x onerror=alert(2)>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(3)'><image href='http://127.0.0.1:9/'/></svg>"


@pytest.fixture
def url(settings: Settings, catalogue: Catalogue) -> Iterator[str]:
    with serving(settings, catalogue) as client:
        yield str(client.base_url)


@pytest.fixture
def world(settings: Settings) -> World:
    return World(settings)


def explained(world: World) -> list[Planted]:
    """Six frames of two cameras, all with an outcome, and counted by capture."""
    gate = [plant(world, "gate", seq) for seq in range(5)]
    yard = plant(world, "yard", 0)
    for frame in (*gate[:3], yard):
        infer(world, frame, PERSON)
    world.skip(SkipReason.STALE, "gate", [gate[3].address])
    bury(world, gate[4], b"not a picture")
    world.counts("gate", [frame.address for frame in gate], run=1)
    world.counts("yard", [yard.address], run=1)
    world.commit({0: yard.address.offset + 1})
    return [*gate, yard]


def cameras(page: Page) -> list[str]:
    """The first column of the table."""
    return page.locator("[data-accounts] tbody th").all_inner_texts()


def test_one_sentence_says_whether_every_frame_is_accounted_for(browser: Browser, url: str, world: World) -> None:
    explained(world)
    with watching(browser, f"{url}/#/ledger", scheme="dark") as screen:
        page = screen.page
        page.wait_for_selector("[data-sentence]:has-text('6 frames captured, every one explained')")
        equation = " ".join(screen.text("[data-equation]").split())
        assert equation == "6 captured = 4 inferred + 1 skipped + 1 dead-lettered"
        assert cameras(page) == ["gate", "yard"]
        page.click("[data-accounts] button:has-text('captured')")
        assert cameras(page) == ["gate", "yard"], "the most first"
        page.click("[data-accounts] button:has-text('captured')")
        assert cameras(page) == ["yard", "gate"]
        assert page.locator("[data-accounts] th[aria-sort=ascending]").inner_text().strip() == "captured"
        screen.screenshot("ledger-dark")

        page.click("text=last 15 min")
        page.wait_for_selector("[data-expired]:has-text('Pictures from before')")
        page.wait_for_selector("[data-sentence]:has-text('6 frames captured, every one explained')")
        page.focus("[name=window][value='15m']")
        page.keyboard.press("ArrowRight")
        page.wait_for_selector("li:has-text('frames that Kafka took in within the last hour')")
        assert screen.complaints == []
        assert screen.probe("it.violations") == []


def test_what_is_unexplained_is_named_and_leads_to_its_frame(browser: Browser, url: str, world: World) -> None:
    explained(world)
    lost = plant(world, "gate", 5)
    world.counts("gate", [lost.address], run=1, first_seq=5, next_seq=6)
    world.commit({0: lost.address.offset + 1})
    with watching(browser, f"{url}/#/ledger") as screen:
        page = screen.page
        page.wait_for_selector("[data-sentence]:has-text('1 of 7 frames unexplained')")
        screen.screenshot("ledger-unexplained")
        page.click(f"[data-unexplained] a:has-text('{lost.address}')")
        expect(page.locator("[data-outcome]")).to_contain_text("unknown", timeout=20_000)
        expect(page.locator("[data-facts]")).to_contain_text("gate")


def test_dead_letters_are_shown_without_trusting_them_and_sent_again(browser: Browser, url: str, world: World) -> None:
    frames = [plant(world, "gate", seq) for seq in range(5)]
    values = (PICTURE, HTML, SVG, claiming(65_500, 65_500), struct.pack(">4B", 0x1F, 0x8B, 0, 1))
    for frame, value in zip(frames, values, strict=True):
        bury(world, frame, value, error="FrameTooLargeError" if value == values[3] else "NotJpegError")
    picture, html, svg, huge, _ = (f'[data-letter="{frame.address}"]' for frame in frames)
    with watching(browser, f"{url}/#/ledger/dead-letters") as screen:
        page = screen.page
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        page.wait_for_selector(f"{picture} [data-thumb=picture]")
        for letter, words in (
            (html, "neither a JPEG nor a PNG: it begins with “<html>"),
            (svg, "neither a JPEG nor a PNG: it begins with “<svg"),
            (huge, "claims to have 65500 × 65500 pixels: too many"),
        ):
            expect(page.locator(f"{letter} [data-thumb=words]")).to_contain_text(words)
        screen.screenshot("letters-light")

        page.select_option("label:has-text('Error') select", "FrameTooLargeError")
        expect(page.locator("[data-letter]")).to_have_count(1)
        page.select_option("label:has-text('Error') select", "")
        expect(page.locator("[data-letter]")).to_have_count(5)

        page.check(f"{picture} input")
        page.check(f"{html} input")
        page.click("[data-send-chosen]:has-text('Send 2 again')")
        page.wait_for_selector("[data-confirm]:has-text('Send 2 dead letters again?')")
        page.keyboard.press("Escape")
        expect(page.locator("[data-confirm]")).to_have_count(0)
        assert page.locator("[data-sent]").count() == 0

        page.click("[data-send-chosen]")
        page.click("[data-confirm] button:has-text('Send again')")
        for letter in (picture, html):
            expect(page.locator(f"{letter} [data-sent]")).to_contain_text(f"Sent again, to {MODEL}/")
        page.wait_for_selector("[data-notice-line]:has-text('2 dead letters were sent again')")
        expect(page.locator(f"{picture} [data-fate]")).to_contain_text("sent again: waiting", timeout=20_000)

        page.click(f"{picture} button:has-text('Send again')")
        page.wait_for_selector("[data-confirm] label:has-text('was sent again before and has not died since')")
        page.click("[data-confirm] button:has-text('Send again')")
        expect(page.locator(f"{picture} [data-sent]")).to_contain_text("Not sent: ")
        screen.screenshot("letters-sent")
        assert dialogs == []
        assert screen.probe("it.violations") == []
        assert [one for one in screen.complaints if "409" not in one] == []
        assert not [one for one in screen.probe("it.requests") if not one["url"].startswith(url)]
