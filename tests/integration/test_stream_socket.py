"""The WebSocket beside the stream of events: the same query, ids and resuming, behind the same doors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from schemas.catalogue import Catalogue
from schemas.messages import Detection, FrameAddress
from schemas.settings import Settings
from tests.integration.api_client import address_of, serving, streaming
from tests.integration.api_world import MODEL, World, wait_for
from tests.planted import VIEWER_TOKEN

PERSON = Detection(label="person", score=0.9, box=(0, 0, 1, 1))
ADDRESSES = [FrameAddress(MODEL, 0, number) for number in range(10)]


@pytest.fixture
def client(settings: Settings, catalogue: Catalogue) -> Iterator[httpx.Client]:
    with serving(settings, catalogue) as client:
        yield client


@contextmanager
def socket(client: httpx.Client, query: str = "", **options: Any) -> Iterator[ClientConnection]:
    """A connection whose first message has come."""
    base = str(client.base_url).replace("http:", "ws:").rstrip("/")
    with connect(f"{base}/api/v1/results/ws{query}", max_size=None, **options) as connection:
        yield connection


def messages(connection: ClientConnection) -> Iterator[dict[str, Any]]:
    for message in connection:
        yield json.loads(message)


def refusal(client: httpx.Client, query: str = "", **options: Any) -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as refused, socket(client, query, **options):
        pass
    response = refused.value.response
    return response.status_code, json.loads(response.body)["detail"]


def addresses(results: list[dict[str, Any]]) -> list[str]:
    assert all(one["event"] == "result" for one in results)
    return [one["data"]["frame"]["address"] for one in results]


def test_results_come_as_messages_and_an_id_leads_on_both_ways(client: httpx.Client, world: World) -> None:
    with socket(client, "?camera=gate&label=person&coalesce_ms=20") as connection:
        said = messages(connection)
        first = next(said)
        assert (first["event"], first["data"], first["id"][:2]) == ("heartbeat", None, "1.")
        world.results("yard", ADDRESSES[:1], PERSON)
        world.results("gate", ADDRESSES[1:2])
        world.results("gate", ADDRESSES[2:5], PERSON)
        results = list(islice(said, 3))
    assert addresses(results) == [str(address) for address in ADDRESSES[2:5]]
    # What is sent is the record as it stands in the log.
    assert results[0]["data"] == client.get("/api/v1/results?label=person").json()["results"][-2]
    # Who had the first of them goes on here, or as a stream of events.
    last = results[0]["id"]
    world.results("gate", ADDRESSES[5:6], PERSON)
    query = f"?camera=gate&label=person&last_event_id={last}"
    with socket(client, query) as connection:
        assert addresses(list(islice(messages(connection), 3))) == [str(address) for address in ADDRESSES[3:6]]
    with streaming(client, query) as stream:
        *_, newest = events = list(islice(stream, 3))
    assert [address_of(event) for event in events] == [str(address) for address in ADDRESSES[3:6]]
    world.results("gate", ADDRESSES[6:7], PERSON)
    with socket(client, f"?last_event_id={newest.id}") as connection:
        assert addresses([next(messages(connection))]) == [str(ADDRESSES[6])]


def test_what_is_wrong_is_said_before_the_connection_is_made(client: httpx.Client) -> None:
    for query, status, words in (
        ("?last_event_id=nonsense", 422, "'nonsense': expected one that this stream has sent"),
        ("?min_score=2", 422, "min_score"),
        ("?coalesce_ms=101", 422, "coalesce_ms"),
        ("?model=nothing", 404, "'nothing'"),
    ):
        refused, detail = refusal(client, query)
        assert (refused, words in detail) == (status, True), (query, detail)
    assert refusal(client, origin="https://evil.example")[0] == 403


def test_with_tokens_one_is_needed_and_a_session_that_ends_ends_the_connection(
    settings: Settings, catalogue: Catalogue, world: World
) -> None:
    locked = settings.model_copy(update={"api_viewer_token": SecretStr(VIEWER_TOKEN)})
    bearer = {"authorization": f"Bearer {VIEWER_TOKEN}"}
    with serving(locked, catalogue, ready=False) as client:
        wait_for(lambda: client.get("/readyz").status_code == 200)
        assert refusal(client)[0] == 401
        assert refusal(client, additional_headers=bearer, origin="https://evil.example")[0] == 403
        with socket(client, additional_headers=bearer) as connection:
            assert next(messages(connection))["event"] == "heartbeat"
        assert client.post("/api/v1/session", json={"token": VIEWER_TOKEN}).status_code == 200
        cookie = {"cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
        own = str(client.base_url).rstrip("/")
        with socket(client, additional_headers=cookie, origin=own) as connection:
            said = messages(connection)
            next(said)
            assert client.delete("/api/v1/session").status_code == 204
            world.results("gate", ADDRESSES[:1])
            with pytest.raises(ConnectionClosed) as closed:
                next(iter(connection.recv, None))
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


def test_a_socket_outlives_the_patience_with_requests_and_is_counted(
    client: httpx.Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.web.patience.PatientProtocol.patience_s", 0.2)
    with socket(client) as connection:
        said = messages(connection)
        next(said)
        connection.send("whatever a client says is nobody's")
        with pytest.raises(TimeoutError):
            connection.recv(timeout=1)
        assert "framebus_stream_clients 1.0" in client.get("/metrics").text
        world.results("gate", ADDRESSES[:1])
        assert addresses([next(said)]) == [str(ADDRESSES[0])]
    wait_for(lambda: "framebus_stream_clients 0.0" in client.get("/metrics").text)


def newest(client: httpx.Client) -> list[dict[str, Any]]:
    """The last result that the API has read, if it has read one."""
    results: list[dict[str, Any]] = client.get("/api/v1/results?limit=1").json()["results"]
    return results


def test_a_socket_that_is_too_slow_is_told(client: httpx.Client, world: World) -> None:
    wide = [PERSON.model_copy(update={"label": "x" * 250}) for _ in range(100)]  # 30 kB a result
    total = 1200  # 36 MB: more than what sockets and memory together hold
    last = f"{MODEL}/0/{total}"
    with socket(client) as slow:
        world.results("gate", [FrameAddress(MODEL, 0, number) for number in range(total)], *wide)
        world.results("gate", [FrameAddress(MODEL, 0, total)])
        wait_for(lambda: [one["frame"]["address"] for one in newest(client)] == [last])
        received: list[dict[str, Any]] = []
        for message in messages(slow):
            received.append(message)
            if message["event"] == "result" and message["data"]["frame"]["address"] == last:
                break
    missed = [message["data"]["missed"] for message in received if message["event"] == "gap"]
    assert missed
    assert sum(missed) + sum(message["event"] == "result" for message in received) == total + 1
