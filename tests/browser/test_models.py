"""Models: what each model's panel says while its workers sleep, wake, compile, keep up, are too few, and die."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, TopicPartition
from playwright.sync_api import Browser, Locator, expect

from schemas.catalogue import Catalogue, Replicas
from schemas.messages import Camera
from schemas.settings import Settings
from tests.browser.conftest import MODEL, PATTERNS
from tests.browser.kit import Services, Watched, watching
from tests.browser.records import infer, plant
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL as SEEN_BY
from tests.integration.api_world import World

MINUTE = 60_000
FOLLOWER = "pose"


@pytest.fixture
def sleepers(catalogue: Catalogue) -> Catalogue:
    """The models, which may all have no worker."""
    return Catalogue(
        tuple(one.model_copy(update={"replicas": Replicas(min=0, max=1, fps=0.5)}) for one in catalogue.models)
    )


@pytest.fixture
def url(settings: Settings, sleepers: Catalogue) -> Iterator[str]:
    with serving(settings, sleepers) as client:
        yield str(client.base_url)


def panel(screen: Watched, model: str) -> Locator:
    return screen.page.locator(f'[data-model="{model}"]')


def says(screen: Watched, model: str, state: str, *, seconds: float = 60) -> None:
    """Wait until the panel of `model` says this of its state."""
    expect(panel(screen, model).locator("[data-state]")).to_have_text(state, timeout=1000 * seconds)


def charts(screen: Watched) -> list[str]:
    """What was loaded of the code that draws charts."""
    return [one["url"] for one in screen.probe("it.requests") if "/ModelsScreen-" in one["url"]]


def test_a_model_sleeps_wakes_compiles_is_updated_and_has_too_few_workers(
    browser: Browser, url: str, settings: Settings
) -> None:
    world = World(settings)
    camera = Camera(id="gate", source="pattern:", models=(SEEN_BY, FOLLOWER))
    world.message(settings.names.cameras, camera, key="gate")
    with watching(browser, f"{url}/#/models") as screen:
        says(screen, SEEN_BY, "asleep")
        expect(panel(screen, SEEN_BY).locator("[data-detail]")).to_contain_text("It wakes on the first frame.")
        expect(panel(screen, FOLLOWER).locator("[data-follows]")).to_contain_text(f"Follows {SEEN_BY}")
        screen.screenshot("models-asleep")

        frames = [plant(world, "gate", seq) for seq in range(3)]
        says(screen, SEEN_BY, "waking")
        # Who joins the group and gives no result is as a worker is while it compiles its network.
        group = settings.names.inference_group(SEEN_BY)
        joining = Consumer({**settings.librdkafka(), "group.id": group, "session.timeout.ms": 6000})
        joining.subscribe([settings.names.frames(SEEN_BY)])
        joining.poll(10)
        says(screen, SEEN_BY, "compiling")
        expect(panel(screen, SEEN_BY).locator("[data-figure=replicas]")).to_contain_text("of 0 to 1")

        infer(world, frames[0], version="0123456789abcdef")
        infer(world, frames[1], version="fedcba9876543210")
        rolling = panel(screen, SEEN_BY).locator("[data-rolling]")
        expect(rolling).to_contain_text("An update rolls out: 2 versions", timeout=MINUTE)
        screen.screenshot("models-rolling")

        last = [plant(world, "gate", seq) for seq in range(3, 60)][-1]
        says(screen, SEEN_BY, "at its maximum")
        detail = panel(screen, SEEN_BY).locator("[data-detail]")
        expect(detail).to_contain_text("its one worker infers 0.5. No more workers are allowed.")
        expect(detail).to_contain_text("a larger replicas.max in the catalogue (its topic has 4 partitions")
        screen.screenshot("models-maximum")

        done = TopicPartition(settings.names.frames(SEEN_BY), 0, last.address.offset + 1)
        joining.commit(offsets=[done], asynchronous=False)
        joining.close()
        says(screen, SEEN_BY, "asleep")
        assert screen.complaints == []
        assert screen.probe("it.violations") == []


def test_figures_are_read_without_a_pointer_and_without_eyes(browser: Browser, services: Services) -> None:
    with watching(browser, services.url, scheme="dark") as screen:
        screen.page.wait_for_selector("[data-tile]")
        assert not charts(screen), "the wall loads no charts"
        screen.page.click("nav a:has-text('Models')")
        says(screen, MODEL, "keeping up")
        assert charts(screen)
        mine = panel(screen, MODEL)
        arriving = mine.locator("[data-figure=arrival_fps] dd").first
        expect(arriving).not_to_have_text("–", timeout=MINUTE)
        assert float(arriving.inner_text().removesuffix("/s")) > len(PATTERNS)
        assert mine.locator("[data-figure=replicas] dd").first.inner_text() == "1"
        expect(mine.locator("figure p").first).to_contain_text("Frames a second in the last 15 minutes: capacity")
        assert mine.locator(".u-over").count() == 3, "three charts"

        mine.locator("summary").focus()
        screen.page.keyboard.press("Enter")
        expect(mine.locator("tbody tr").first).to_contain_text("/s")
        screen.page.emulate_media(color_scheme="light")
        assert mine.locator(".u-over").count() == 3, "drawn anew, not once more"
        screen.screenshot("models-light")
        assert screen.complaints == []
        assert screen.probe("it.violations") == []


def test_a_killed_worker_is_seen_and_so_is_the_next_one(browser: Browser, services: Services) -> None:
    with watching(browser, f"{services.url}#/models") as screen:
        says(screen, MODEL, "keeping up")
        services.kill("inference")
        try:
            says(screen, MODEL, "no worker", seconds=90)
            expect(panel(screen, MODEL).locator("[data-detail]")).to_contain_text("none is lost")
            screen.screenshot("models-no-worker")
        finally:
            services.start("inference", "--model", MODEL)
        # On a busy machine it may have more to do than it can: what counts is that it is seen.
        at_work = re.compile("keeping up|catching up|skipping")
        expect(panel(screen, MODEL).locator("[data-state]")).to_have_text(at_work, timeout=90_000)


def test_nothing_there_yet(browser: Browser, settings: Settings, catalogue: Catalogue) -> None:
    with serving(settings, catalogue) as client, watching(browser, f"{client.base_url}/#/models") as screen:
        screen.page.wait_for_selector("[data-none]:has-text('No model is used yet.')")
        screen.page.goto(f"{client.base_url}/#/frames")
        screen.page.wait_for_selector("[data-none]:has-text('There is no result yet.')")
        screen.page.goto(f"{client.base_url}/#/ledger")
        screen.page.wait_for_selector("[data-sentence]:has-text('No frame captured yet')")
        screen.page.goto(f"{client.base_url}/#/ledger/dead-letters")
        screen.page.wait_for_selector("[data-none]:has-text('no frame was at fault itself')")


def test_a_frame_is_inferred_again_beside_what_was_seen_then(browser: Browser, services: Services) -> None:
    with watching(browser, f"{services.url}#/frames") as screen:
        page = screen.page
        page.click(f"[data-frames] li a:has-text('{MODEL}/')")
        page.wait_for_selector("[data-infer]")
        address = page.input_value("#address")
        page.select_option("#again-model", MODEL)
        page.click("text=Infer now")
        page.wait_for_selector("[data-second] [data-frame]", timeout=MINUTE)
        sent_again = page.locator("[data-infer] .news a").inner_text()
        assert sent_again.startswith(f"{MODEL}/")
        assert sent_again != address
        expect(page.locator("[data-explain]")).to_contain_text("Sent again", timeout=20_000)
        screen.screenshot("explain-again")

        # No worker runs this one: the frame waits for it, and whoever asked may go on.
        page.select_option("#again-model", SEEN_BY)
        page.click("text=Infer now")
        page.wait_for_selector(f".news:has-text('No worker of {SEEN_BY} has answered yet')", timeout=MINUTE)
        page.click("text=Do not wait")
        page.wait_for_selector(".news:has-text('The very frame goes through Kafka')")
        assert screen.complaints == []
