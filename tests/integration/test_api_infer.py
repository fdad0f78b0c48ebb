"""A frame is inferred once more because somebody asks: with real workers, and a ledger that stays clean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.audit.auditor import Auditor
from schemas.catalogue import Catalogue
from schemas.messages import FrameAddress, FrameInfo, Lane, SkipReason, decode_frame_headers
from schemas.names import Header
from schemas.settings import Settings
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, T0, World, audited, wait_for
from tests.integration.streaming_kit import WorkerProcess, jpeg, wait_committed, workers
from tests.integration.test_dead_letters import frame_at

FRAMES = "/api/v1/frames"
OTHER = "face-detection"
PICTURE = jpeg()


@pytest.fixture
def client(settings: Settings, catalogue: Catalogue) -> Iterator[httpx.Client]:
    with serving(settings, catalogue) as client:
        yield client


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Callable[..., WorkerProcess]]:
    with workers(settings, tmp_path) as start:
        yield start


def put(world: World, seq: int, *, model: str = MODEL, value: bytes = PICTURE, **fields: Any) -> FrameAddress:
    """A frame as capture writes it, of a camera that has a second stage too."""
    known = {"captured_at": T0, "width": 64, "height": 48, "followers": ("pose",)}
    info = FrameInfo(model, "gate", "default", 1, seq, **{**known, **fields})
    offset = world.put(world.names.frames(model), value, key="gate", headers=info.encode())
    return FrameAddress(model, 0, offset)


def outcome(client: httpx.Client, address: FrameAddress | str) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"{FRAMES}/{address}/outcome").json()
    return body


def test_a_frame_is_inferred_again_and_the_ledger_stays_clean(
    client: httpx.Client, world: World, auditor: Auditor, start: Callable[..., WorkerProcess]
) -> None:
    frames = [put(world, seq) for seq in range(3)]
    world.counts("gate", frames, run=1)
    start().wait_assigned()
    wait_committed(world.settings)
    newest = wait_for(lambda: client.get("/api/v1/results?camera=gate&limit=1").json()["results"])[0]

    answer = client.post(f"{FRAMES}/{frames[0]}/infer", json={"model": None})

    assert answer.status_code == 200, answer.text
    body = answer.json()
    result, to = body["result"], FrameAddress.parse(body["result"]["frame"]["address"])
    assert (to.model, to == frames[0], result["model"]["name"]) == (MODEL, False, MODEL)
    told = {name: result["frame"][name] for name in ("camera", "run", "seq", "lane", "redrive_of", "redrive")}
    assert told == {
        "camera": "gate", "run": 1, "seq": 0, "lane": "redrive", "redrive_of": str(frames[0]), "redrive": 1
    }  # fmt: skip
    assert 0 < body["took_s"] < 5
    again = frame_at(world.settings, to)
    assert again.value() == PICTURE
    assert decode_frame_headers(again.headers()).followers == (), "its second stages were not asked"
    second = client.post(f"{FRAMES}/{to}/infer").json()["result"]["frame"]
    assert (second["redrive_of"], second["redrive"]) == (str(frames[0]), 2), "what was sent again keeps its origin"
    assert client.get("/api/v1/results?camera=gate&limit=1").json()["results"] == [newest]
    written = client.get("/api/v1/results?camera=gate&since=1h").json()["results"]
    assert [one["frame"].get("redrive_of") for one in written] == [None] * 3 + [str(frames[0])] * 2
    wait_committed(world.settings)
    balance = audited(auditor)
    assert balance.unexplained == ()
    account = balance.accounts["gate", MODEL]
    assert (account.captured, account.redriven, account.delivered, account.inferred) == (3, 2, 5, 5)
    known = outcome(client, frames[0])
    assert [(one["address"], one["number"], one["outcome"]) for one in known["redrives"]] == [
        (str(to), 1, "inferred"), (second["address"], 2, "inferred")
    ]  # fmt: skip


def test_another_model_infers_the_very_picture(
    client: httpx.Client, world: World, auditor: Auditor, start: Callable[..., WorkerProcess]
) -> None:
    wide = put(world, 7, model=OTHER, width=64, traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    world.counts("gate", [wide], run=1, first_seq=7, next_seq=8, model=OTHER)
    start().wait_assigned()

    answer = client.post(f"{FRAMES}/{wide}/infer?camera=gate&run=1&seq=7", json={"model": MODEL})

    assert answer.status_code == 200, answer.text
    frame = answer.json()["result"]["frame"]
    assert (frame["id"], frame["redrive_of"], frame["width"]) == (f"{MODEL}/1/7", str(wide), 64)
    sent = dict(frame_at(world.settings, FrameAddress.parse(frame["address"])).headers())
    assert (sent[Header.LANE], sent[Header.ID]) == (Lane.REDRIVE.value.encode(), f"{MODEL}/1/7".encode())
    wait_committed(world.settings)
    balance = audited(auditor)
    assert balance.unexplained == ()
    assert (balance.accounts["gate", MODEL].redriven, balance.accounts["gate", OTHER].in_log) == (1, 1)
    assert [one["outcome"] for one in outcome(client, wide)["redrives"]] == ["inferred"]


def test_without_a_worker_it_waits_and_its_address_leads_to_its_end(
    client: httpx.Client, world: World, start: Callable[..., WorkerProcess]
) -> None:
    frame = put(world, 0)
    answer = client.post(f"{FRAMES}/{frame}/infer?wait=0.2")
    assert answer.status_code == 202, answer.text
    to = answer.json()["address"]
    assert answer.headers["location"] == f"{FRAMES}/{to}/outcome"
    waiting = outcome(client, to)
    assert (waiting["outcome"], waiting["frame"]["lane"], waiting["results"]) == ("waiting", "redrive", [])
    start().wait_assigned()
    done = wait_for(lambda: (found := outcome(client, to))["outcome"] == "inferred" and found)
    assert done["results"][0]["frame"]["redrive_of"] == str(frame)


def test_a_frame_that_kills_is_sent_and_its_death_is_told(
    client: httpx.Client, world: World, start: Callable[..., WorkerProcess]
) -> None:
    large = b"\xff\xd8\xff\xe0" + PICTURE[4:] + b"\0" * 40
    frame = put(world, 0, width=63)
    assert large.startswith(b"\xff\xd8\xff")
    start().wait_assigned()
    dead = wait_for(lambda: (found := outcome(client, frame))["outcome"] == "dead-lettered" and found)
    assert (dead["dead_letter"]["error"], dead["picture"]) == ("HeaderError", "available")
    answer = client.post(f"{FRAMES}/{frame}/infer?wait=1")
    assert answer.status_code == 202
    again = wait_for(lambda: (found := outcome(client, answer.json()["address"]))["dead_letter"] and found)
    assert again["dead_letter"]["redrive_of"] == str(frame)
    letters = client.get("/api/v1/dead-letters").json()["letters"]
    assert [one["address"] for one in letters] == [answer.json()["address"], str(frame)]
    assert [one["outcome"] for one in letters[1]["redrives"]] == ["dead again"]


def test_what_cannot_be_sent_is_refused_and_nothing_is_written(client: httpx.Client, world: World) -> None:
    frames = [put(world, seq) for seq in range(4)]
    text = put(world, 4, value=b"\xff\xd8\xff no picture")
    world.put(world.names.frames(MODEL), PICTURE, key="gate", headers=[("ce_camera", b"gate")])
    world.delete_frames_below(1)
    for path, body, status, words in (
        (f"{frames[1]}/infer", {"model": "nothing"}, 404, "model 'nothing'"),
        (f"{MODEL}/0/99/infer", {}, 404, "the log ends before offset 6"),
        (f"{frames[0]}/infer", {}, 410, "begins with offset 1"),
        (f"{frames[1]}/infer?seq=9", {}, 409, "seq = 1, expected 9"),
        (f"{text}/infer", {}, 422, "the JPEG"),
        (f"{MODEL}/0/5/infer", {}, 422, "expected the headers of a frame"),
        (f"{frames[1]}/infer", {"model": "../x"}, 422, "model"),
        (f"{frames[1]}/infer", {"modell": MODEL}, 422, "modell"),
        (f"{frames[1]}/infer?wait=31", {}, 422, "wait"),
    ):
        answer = client.post(f"{FRAMES}/{path}", json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), path
        assert words in answer.json()["detail"], answer.text
    assert outcome(client, frames[1])["redrives"] == []


def test_outcomes_of_frames_without_a_worker(
    client: httpx.Client, world: World, settings: Settings, catalogue: Catalogue
) -> None:
    frames = [put(world, seq) for seq in range(8)]
    world.skip(SkipReason.STALE, "gate", [frames[0]])
    world.skip(SkipReason.EXPIRED, None, [frames[1]])
    world.commit({0: 4})
    stale, gone, lost = (outcome(client, address) for address in frames[:3])
    assert (stale["outcome"], stale["skip"]["reason"], stale["detail"]) == ("skipped", "stale", "skipped as stale")
    assert (gone["outcome"], gone["skip"]["reason"]) == ("expired", "expired")
    assert (lost["outcome"], lost["skip"], "an audit says" in lost["detail"]) == ("unknown", None, True)
    assert outcome(client, frames[5])["outcome"] == "waiting"
    world.delete_frames_below(8)
    held = outcome(client, frames[5])
    assert (held["outcome"], held["picture"]) == ("expired", "available"), "the log has it no more, and memory does"
    with serving(settings, catalogue) as fresh:
        unread, former = outcome(fresh, frames[5]), outcome(fresh, frames[3])
        assert (unread["outcome"], unread["picture"], unread["frame"]) == ("expired", "expired", None)
        assert (former["outcome"], "nothing says when" in former["detail"]) == ("unknown", True)
        assert fresh.get(f"{FRAMES}/{MODEL}/0/8/outcome").status_code == 404
