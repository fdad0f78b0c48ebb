"""Results and skips straight from the log, page by page, as an HTTP client reads them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from api.log import walk as log_walk
from api.log.cursor import Cursor
from schemas.catalogue import Catalogue
from schemas.messages import FrameAddress, SkipReason, format_time
from schemas.settings import Settings
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, World, make_result, recreate, wait_for
from tests.integration.test_api import CAR, PERSON

URL = "/api/v1/results"
OTHER = "face-detection"


@pytest.fixture
def client(settings: Settings, catalogue: Catalogue) -> Iterator[httpx.Client]:
    with serving(settings, catalogue) as client:
        yield client


def page(client: httpx.Client, url: str = URL, **query: Any) -> dict[str, Any]:
    response = client.get(f"{url}?{urlencode(query)}")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def walk(client: httpx.Client, url: str = URL, **query: Any) -> list[dict[str, Any]]:
    """Every page of an answer."""
    pages = [page(client, url, **query)]
    while pages[-1]["next"]:
        pages.append(page(client, url, cursor=pages[-1]["next"], limit=query.get("limit", 100)))
    return pages


def addresses(pages: list[dict[str, Any]]) -> list[str]:
    return [result["frame"]["address"] for one in pages for result in one["results"]]


def test_a_walk_gets_every_record_once_while_the_log_grows(client: httpx.Client, world: World) -> None:
    written: list[str] = []
    enough = threading.Event()

    def write() -> None:
        number = 0
        while not enough.is_set():
            batch = [FrameAddress((MODEL, OTHER)[one % 2], one % 4, number + one) for one in range(40)]
            world.write_results("gate", batch)
            written.extend(map(str, batch))
            number += 40

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_for(lambda: len(written) > 2_000)
        pages = [page(client, since="1h", limit=300)]
        while len(pages) < 12:
            pages.append(page(client, cursor=pages[-1]["resume"], limit=300))
    finally:
        enough.set()
        writer.join()
    assert all(len(one["results"]) <= 300 for one in pages)
    pages += walk(client, cursor=pages[-1]["resume"], limit=300)
    assert Counter(addresses(pages)) == Counter(written)
    assert page(client, cursor=pages[-1]["resume"])["results"] == []
    assert {one["missed"] for one in pages} == {0}


def test_the_order_is_the_brokers_whatever_the_pages_length(client: httpx.Client, world: World) -> None:
    for number in range(30):
        world.result(("gate", "yard")[number % 2], FrameAddress(MODEL, 0, number), PERSON)
        world.settle_clock()
    expected = [f"{MODEL}/0/{number}" for number in range(30)]
    for limit in (1, 7, 1000):
        assert addresses(walk(client, since="1h", limit=limit)) == expected, limit


def test_a_window_and_filters_are_in_the_cursor(client: httpx.Client, world: World) -> None:
    for number in range(6):
        world.result("gate", FrameAddress(MODEL, 0, number), PERSON)
        world.result("gate", FrameAddress(MODEL, 1, number), CAR)
        world.result("yard", FrameAddress(MODEL, 2, number), PERSON)
        world.write_results("gate", [FrameAddress(OTHER, 3, number)])
    world.put(world.names.results(MODEL), b"no result", key="gate")
    world.settle_clock()
    middle = format_time(datetime.now(UTC))
    world.settle_clock()
    world.result("gate", FrameAddress(MODEL, 0, 6), PERSON)
    question: dict[str, Any] = {"camera": "gate", "model": MODEL, "label": "person", "min_score": 0.5}
    early = walk(client, **question, until=middle, limit=2)
    assert addresses(early) == [f"{MODEL}/0/{number}" for number in range(6)]
    assert addresses(walk(client, **question, since=middle)) == [f"{MODEL}/0/6"]
    assert len(addresses(walk(client, since="1h"))) == 25
    cursor = early[0]["next"]
    assert page(client, **question, cursor=cursor)["results"] == page(client, cursor=cursor)["results"]
    refused = client.get(f"{URL}?camera=yard&cursor={cursor}")
    assert (refused.status_code, refused.json()["detail"]) == (
        422, "camera = 'yard': the cursor was given for 'gate'; expected the same, or none"
    )  # fmt: skip


def test_a_page_is_bounded_and_may_be_empty(
    client: httpx.Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_walk, "SCANNED", 50)
    world.results("gate", [FrameAddress(MODEL, 0, number) for number in range(180)])
    world.result("yard", FrameAddress(MODEL, 0, 180))
    pages = walk(client, camera="yard", since="1h")
    assert [len(one["results"]) for one in pages] == [0, 0, 0, 1]


def test_cursors_that_are_none_are_refused(client: httpx.Client, world: World) -> None:
    world.result("gate", FrameAddress(MODEL, 0, 0))
    good = page(client, since="1h")["resume"]
    foreign = Cursor({(f"{world.names.prefix}frames.{MODEL}", 0): 0}).encode()
    unasked = Cursor({}, question={"camera": "../x"}).encode()
    unknown = Cursor({}, question={"model": "nothing"}).encode()
    odd = Cursor({}, question={"order": "none"}).encode()
    skips = page(client, "/api/v1/skips")["resume"]
    for cursor, status in (
        ("1.", 422), ("x", 422), ("2." + good[2:], 422), (good[:-4], 422), (good + "AAAA", 422), ("%00", 422),
        (foreign, 422), (odd, 422), (unknown, 404), (skips, 422), (unasked, 200),
    ):  # fmt: skip
        response = client.get(f"{URL}?cursor={cursor}")
        assert response.status_code == status, (cursor, response.text)
    world.results("gate", [FrameAddress(MODEL, 0, number) for number in range(1, 4)])
    behind = page(client, since="1h")["resume"]
    recreate(world.settings, world.names.results(MODEL))
    anew = client.get(f"{URL}?cursor={behind}")
    assert (anew.status_code, "made anew" in anew.json()["detail"]) == (409, True)


def test_what_retention_took_from_under_a_cursor_is_told(client: httpx.Client, world: World) -> None:
    world.results("gate", [FrameAddress(MODEL, 0, number) for number in range(10)])
    cursor = page(client, since="1h", limit=2)["next"]
    world.delete_below(world.names.results(MODEL), 7)
    after = page(client, cursor=cursor)
    assert (after["missed"], len(after["results"]), after["next"]) == (5, 3, None)


def test_skips_are_listed_and_filtered(client: httpx.Client, world: World) -> None:
    frames = world.frames("gate", 6)
    world.skip(SkipReason.STALE, "gate", [*frames[:3], frames[4]])
    world.skip(SkipReason.EXPIRED, None, frames[5:])
    world.put(world.names.skips, b"{}", key=MODEL)
    begun = time.time()
    every = page(client, "/api/v1/skips")
    entry = every["skips"][0]
    moment = datetime.fromisoformat(entry.pop("at"))
    assert abs(moment.timestamp() - begun) < 60
    assert entry == {
        "model": MODEL, "partition": 0, "first": 0, "last": 2, "frames": 3, "camera": "gate", "reason": "stale"
    }  # fmt: skip
    found = [(one["first"], one["last"], one["camera"], one["reason"]) for one in every["skips"]]
    assert found == [(0, 2, "gate", "stale"), (4, 4, "gate", "stale"), (5, 5, None, "expired")]
    assert every["next"] is None
    assert len(page(client, "/api/v1/skips", camera="gate")["skips"]) == 2
    assert page(client, "/api/v1/skips", model="face-detection")["skips"] == []
    first = page(client, "/api/v1/skips", limit=1)
    assert [one["first"] for one in first["skips"]] == [0, 4], "one record is not cut in two"
    assert [one["first"] for one in page(client, "/api/v1/skips", cursor=first["next"])["skips"]] == [5]


def test_the_newest_are_still_the_answer_without_a_place(client: httpx.Client, world: World) -> None:
    result = make_result("gate", FrameAddress(MODEL, 0, 0))
    world.message(world.names.results(MODEL), result, key="gate")
    wait_for(lambda: page(client)["results"])
    assert {name: page(client)[name] for name in ("next", "resume", "missed")} == {
        "next": None, "resume": None, "missed": 0
    }  # fmt: skip
