"""Frames by address: the one that is meant, with its boxes, and what is said when its topic was made anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import cv2
import httpx
import numpy as np
import pytest

from schemas.catalogue import Catalogue
from schemas.messages import Detection, FrameAddress, SkipReason, format_time
from schemas.settings import Settings
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, T0, World, recreate, wait_for
from tests.integration.streaming_kit import jpeg

FRAMES = "/api/v1/frames"
GREY = jpeg()
BOX = Detection(label="person", score=0.9, box=(8, 16, 40, 40))
MEANT = f"?camera=gate&run=0&seq=0&captured_at={quote(format_time(T0))}"


@pytest.fixture
def client(settings: Settings, catalogue: Catalogue) -> Iterator[httpx.Client]:
    with serving(settings, catalogue) as client:
        yield client


def refused(client: httpx.Client, path: str, status: int, words: str) -> None:
    answer = client.get(f"{FRAMES}/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert words in answer.json()["detail"], answer.text


def test_the_frame_is_the_one_that_is_meant(client: httpx.Client, world: World) -> None:
    address = world.frame("gate", 0, value=GREY)
    answer = client.get(f"{FRAMES}/{address}{MEANT}")
    assert (answer.status_code, answer.content) == (200, GREY)
    assert answer.headers["x-framebus-captured-at"] == format_time(T0)
    for query, words in (
        ("?camera=yard", "camera = gate, expected yard"),
        ("?run=1", "run = 0, expected 1"),
        ("?seq=3&camera=gate", "seq = 0, expected 3"),
        ("?captured_at=2026-01-31T12:00:00.000001Z", "captured_at = 2026-01-31"),
    ):
        refused(client, f"{address}{query}", 409, words)
    refused(client, f"{address}?captured_at=2026-01-31T12:00:00", 422, "captured_at")
    refused(client, f"{address}?seq=-1", 422, "seq")
    refused(client, f"{MODEL}/0/7?seq=7", 409, "ends before offset 1 now")


def test_a_topic_that_was_made_anew_never_shows_another_picture(client: httpx.Client, world: World) -> None:
    former = [world.frame("gate", seq, value=GREY) for seq in range(3)]
    world.result("gate", former[0], BOX, seq=0)
    world.result("gate", former[2], BOX, seq=2)
    kept = [client.get(f"{FRAMES}/{address}") for address in former]
    assert {answer.status_code for answer in kept} == {200}
    wait_for(lambda: client.get(f"{FRAMES}/{former[2]}/outcome").json()["outcome"] == "inferred")

    recreate(world.settings, world.names.frames(MODEL))

    white = jpeg("white")
    wait_for(lambda: world.frame("yard", 50, value=white))
    address = FrameAddress(MODEL, 0, 0)
    # At once who means another frame is told; who means none in particular is, when the API has noticed.
    refused(client, f"{former[1]}?camera=gate&run=0&seq=99", 409, "made anew")
    wait_for(lambda: client.get(f"{FRAMES}/{address}").headers["x-framebus-camera"] == "yard")
    shown = client.get(f"{FRAMES}/{address}")
    assert (shown.content, shown.headers["etag"] == kept[0].headers["etag"]) == (white, False)
    assert client.get(f"{FRAMES}/{address}", headers={"if-none-match": kept[0].headers["etag"]}).status_code == 200
    refused(client, f"{former[0]}{MEANT}", 409, "camera = yard, expected gate")
    refused(client, f"{former[2]}?camera=gate&run=0&seq=2", 409, "ends before offset")
    refused(client, f"{former[2]}", 404, "ends before offset")
    refused(client, f"{former[0]}/outcome{MEANT}", 409, "made anew")
    assert client.post(f"{FRAMES}/{former[0]}/infer{MEANT}").status_code == 409
    outcome = client.get(f"{FRAMES}/{address}/outcome").json()
    assert (outcome["outcome"], outcome["results"], outcome["frame"]["camera"]) == ("waiting", [], "yard")
    refused(client, f"{address}?overlay=1", 404, "has no result")


def pixels(answer: httpx.Response) -> Any:
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture.astype(int)


def test_an_overlay_is_drawn_where_its_result_says(client: httpx.Client, world: World) -> None:
    address, other = world.frame("gate", 0, value=GREY), world.frame("gate", 1, value=GREY)
    refused(client, f"{address}?overlay=1", 404, "has no result; its outcome says why")
    world.result("gate", address, BOX)
    wait_for(lambda: client.get(f"{FRAMES}/{address}?overlay=1").status_code == 200)
    plain, drawn = client.get(f"{FRAMES}/{address}"), client.get(f"{FRAMES}/{address}?overlay=1")
    difference = np.abs(pixels(drawn) - pixels(plain)).max(axis=2)
    assert pixels(drawn).shape == (48, 64, 3)
    left, right, bottom = difference[24:40, 8], difference[24:40, 40], difference[40, 10:38]
    assert min(left.min(), right.min(), bottom.min()) > 20, "its lines are where the box is"
    assert difference[30:36, 16:34].max() < 20, "and nothing is inside of it"
    assert difference[44:, 50:].max() < 20
    etag = drawn.headers["etag"]
    assert etag not in ("", plain.headers["etag"])
    same = client.get(f"{FRAMES}/{address}?overlay=1", headers={"if-none-match": etag})
    assert (same.status_code, same.headers["etag"]) == (304, etag)
    assert client.get(f"{FRAMES}/{address}", headers={"if-none-match": etag}).status_code == 200
    world.result("gate", other, seq=1)
    wait_for(lambda: client.get(f"{FRAMES}/{other}?overlay=1").status_code == 200)
    refused(client, f"{address}?overlay=perhaps", 422, "overlay")


def test_a_picture_that_would_cost_too_much_is_not_drawn_on(client: httpx.Client, world: World) -> None:
    start = GREY.index(b"\xff\xc0") + 5
    bomb = GREY[:start] + b"\xff\xff\xff\xff" + GREY[start + 4 :]
    address = world.frame("gate", 0, value=bomb)
    world.result("gate", address, BOX)
    wait_for(lambda: client.get(f"{FRAMES}/{address}/outcome").json()["outcome"] == "inferred")
    refused(client, f"{address}?overlay=1", 415, "pixels")


def test_an_outcome_is_found_after_its_frame_has_expired(
    client: httpx.Client, world: World, settings: Settings, catalogue: Catalogue
) -> None:
    frames = world.frames("gate", 3)
    world.results("yard", [FrameAddress(MODEL, 1, number) for number in range(2_100)])
    world.skip(SkipReason.STALE, "gate", frames[2:])
    world.result("gate", frames[1], BOX, seq=1)
    world.results("yard", [FrameAddress(MODEL, 1, number) for number in range(2_100, 4_200)])
    world.commit({0: 3, 1: 4_200})
    world.delete_frames_below(3)
    with serving(settings, catalogue) as fresh:  # which has it in no memory
        known = fresh.get(f"{FRAMES}/{frames[1]}/outcome").json()
        assert (known["outcome"], known["picture"], known["frame"]["appended_at"]) == ("inferred", "expired", None)
        assert known["frame"]["captured_at"] == format_time(T0)
        assert known["results"][0]["frame"]["address"] == str(frames[1])
        assert fresh.get(f"{FRAMES}/{frames[1]}/outcome?seq=1").json()["outcome"] == "inferred"
        assert fresh.get(f"{FRAMES}/{frames[1]}/outcome?seq=2").json()["outcome"] == "unknown"
        stale = fresh.get(f"{FRAMES}/{frames[2]}/outcome").json()
        assert (stale["outcome"], stale["skip"]["reason"]) == ("skipped", "stale")
        early = fresh.get(f"{FRAMES}/{MODEL}/1/2150/outcome")
        assert early.status_code == 404, "the world wrote results of it, and no frame"
        lost = fresh.get(f"{FRAMES}/{frames[0]}/outcome").json()
        assert (lost["outcome"], "nothing says when" in lost["detail"]) == ("unknown", True)
