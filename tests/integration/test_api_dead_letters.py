"""Dead letters over the API, as an HTTP client sees them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from api.dead_letters.redriver import IN_FLIGHT
from deploy import topics
from deploy.local.kafka import EmbeddedKafka
from schemas.catalogue import Catalogue
from schemas.messages import DeadLetter, FrameAddress, RawHeaders, SkipReason
from schemas.names import Header
from schemas.settings import Settings
from tests.integration.api_client import serving
from tests.integration.api_world import JPEG, MODEL, World, frame_info, make_result
from tests.integration.streaming_kit import log_ends, wait_until

URL = "/api/v1/dead-letters"
HOSTILE = b"<html><script>alert(1)</script>"


@pytest.fixture
def client(settings: Settings, catalogue: Catalogue, world: World) -> Iterator[httpx.Client]:
    with serving(settings, catalogue) as client:
        yield client


def bury(
    world: World, offset: int, *, camera: str = "gate", error: str = "NotJpegError", value: bytes | None = JPEG,
    headers: RawHeaders | None = None, model: str = MODEL, omitted: bool = False,
) -> FrameAddress:  # fmt: skip
    """Write the dead letter of the frame at `offset` of partition 0."""
    address = FrameAddress(model, 0, offset)
    original = tuple(frame_info(camera, offset).encode() if headers is None else headers)
    letter = DeadLetter(address, error, f"because of {offset}", value_omitted=omitted, original=original)
    partition = offset % 2
    world.put(world.names.dead_letters, value, key=camera, partition=partition, headers=letter.encode())
    # Letters are listed by the broker's time: the next one's must be later, also in another partition.
    appended = _milliseconds()
    wait_until(lambda: _milliseconds() > appended, deadline_s=1, what="the next millisecond")
    return address


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


def listed(client: httpx.Client, query: str = "") -> list[str]:
    return [letter["address"] for letter in client.get(f"{URL}{query}").json()["letters"]]


def redrive(client: httpx.Client, *addresses: FrameAddress, **fields: object) -> httpx.Response:
    return client.post(f"{URL}/redrive", json={"addresses": [str(address) for address in addresses], **fields})


def test_letters_are_listed_by_pages_and_filtered(client: httpx.Client, world: World) -> None:
    assert client.get(URL).json() == {"letters": [], "next": None, "known": 0}
    addresses = [bury(world, offset, camera=("gate", "yard")[offset % 2]) for offset in range(5)]
    special = bury(world, 5, error="HeaderError")
    world.put(world.names.dead_letters, b"no letter")
    newest = [str(address) for address in (special, *reversed(addresses))]
    for query, expected in (
        ("", newest),
        ("?limit=2", newest[:2]),
        ("?error=HeaderError", newest[:1]),
        ("?camera=yard", [newest[2], newest[4]]),
        ("?model=face-detection", []),
        (f"?model={MODEL}&since=1h&limit=200", newest),
    ):
        assert listed(client, query) == expected, query
    paged, following = [], ""
    while following is not None:
        page = client.get(f"{URL}?limit=4{following and f'&before={following}'}").json()
        paged += [letter["address"] for letter in page["letters"]]
        following = page["next"]
    assert paged == newest
    for query in ("limit=0", "limit=201", "camera=A", "error=../x", "since=soon", "before=1", "before=9-9-x"):
        response = client.get(f"{URL}?{query}")
        assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json"), query


def test_one_letter_with_its_headers_and_its_bytes(client: httpx.Client, world: World) -> None:
    headers = [("ce_camera", b"gate"), ("null", None), ("binary", b"\xff"), ("ce_address", b"a\r\nset-cookie: x=1")]
    address = bury(world, 3, value=HOSTILE, headers=headers)
    body = client.get(f"{URL}/{address}").json()
    assert (body["letter"]["size"], body["letter"]["error"], body["history"]) == (len(HOSTILE), "NotJpegError", [])
    assert body["headers"] == [
        {"name": "ce_camera", "text": "gate", "base64": None},
        {"name": "null", "text": None, "base64": None},
        {"name": "binary", "text": None, "base64": "/w=="},
        {"name": "ce_address", "text": "a\r\nset-cookie: x=1", "base64": None},
    ]
    value = client.get(f"{URL}/{address}/value")
    assert value.content == HOSTILE
    assert value.headers["content-type"] == "application/octet-stream"
    assert value.headers["x-content-type-options"] == "nosniff"
    assert value.headers["content-disposition"] == f'attachment; filename="{MODEL}-0-3.bin"'
    assert value.headers["content-security-policy"].startswith("sandbox")
    assert "set-cookie" not in value.headers
    gone = bury(world, 4, value=None, omitted=True)
    for path, status, words in (
        (f"{URL}/{MODEL}/0/9", 404, f"dead letter {MODEL}/0/9: there is none"),
        (f"{URL}/{MODEL}/0/9/value", 404, "there is none"),
        (f"{URL}/{gone}/value", 410, "its value was omitted because it did not fit"),
        (f"{URL}/{MODEL}/x/9", 422, "partition"),
    ):
        response = client.get(path)
        assert response.status_code == status, path
        assert words in response.json()["detail"], path


def test_what_is_sent_again_is_told_until_its_end(client: httpx.Client, world: World) -> None:
    living, dying, expiring = (bury(world, offset) for offset in range(3))
    answer = redrive(client, living, dying, expiring)
    assert answer.status_code == 202
    outcomes = {one["address"]: one for one in answer.json()["outcomes"]}
    assert (answer.json()["redriven"], {one["number"] for one in outcomes.values()}) == (3, {1})
    to = {address: FrameAddress.parse(outcomes[str(address)]["to"]) for address in (living, dying, expiring)}
    assert {where.offset for where in to.values()} == {0}
    assert len({where.partition for where in to.values()}) == 3

    def fate(address: FrameAddress) -> list[tuple[int, str, str]]:
        letter = client.get(f"{URL}/{address}").json()["letter"]
        return [(one["number"], one["address"], one["outcome"]) for one in letter["redrives"]]

    assert fate(living) == [(1, str(to[living]), "waiting")]
    world.commit({where.partition: 1 for where in to.values()})
    assert fate(living) == [(1, str(to[living]), "unknown")], "committed, and nobody recorded an outcome"
    world.message(world.names.results(MODEL), make_result("gate", to[living]), key="gate")
    world.skip(SkipReason.EXPIRED, None, [to[expiring]])
    again = [*frame_info("gate", 1).encode(), (Header.REDRIVE_OF, str(dying).encode()), (Header.REDRIVE, b"1")]
    letter = DeadLetter(to[dying], "NotJpegError", "still", original=tuple(again))
    world.put(world.names.dead_letters, JPEG, key="gate", headers=letter.encode())
    assert fate(living) == [(1, str(to[living]), "inferred")]
    assert fate(expiring) == [(1, str(to[expiring]), "expired")]
    assert fate(dying) == [(1, str(to[dying]), "dead again")]
    second = client.get(f"{URL}/{to[dying]}").json()
    assert (second["letter"]["redrive_of"], second["letter"]["redrive"]) == (str(dying), 1)
    assert second["letter"]["redrives"] == []
    assert [one["letter"] for one in second["history"]] == [str(dying)]

    refused = redrive(client, living)
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert f"sent again already, to {to[living]} (number 1)" in refused.json()["detail"]
    mixed = redrive(client, living, to[dying], dying)
    assert mixed.status_code == 207
    assert [one["outcome"] for one in mixed.json()["outcomes"]].count("redriven") == 1, "of one frame one letter"
    assert redrive(client, living, again=True).json()["outcomes"][0]["number"] == 2


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"addresses": [f"{MODEL}/0/77"]}, 404, "no such dead letter"),
        ({"addresses": ["no-such-model/0/1"]}, 409, "is not in the catalogue"),
        ({"addresses": [f"{MODEL}/0/2"]}, 410, "did not fit"),
        ({"addresses": []}, 422, "addresses"),
        ({"addresses": ["../1/2"]}, 422, "addresses.0"),
        ({"addresses": [f"{MODEL}/0/1"] * 101}, 422, "addresses"),
        ({"addresses": [f"{MODEL}/0/1"], "agian": True}, 422, "agian"),
        ({"model": MODEL}, 422, "addresses"),
    ],
)
def test_what_cannot_be_sent_again_is_a_problem(
    shared: httpx.Client, body: dict[str, object], status: int, words: str
) -> None:
    response = shared.post(f"{URL}/redrive", json=body)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert words in response.json()["detail"]


@pytest.fixture(scope="module")
def shared(kafka: EmbeddedKafka, catalogue: Catalogue) -> Iterator[httpx.Client]:
    """One server for the requests that change nothing."""
    settings = Settings(bootstrap_servers=kafka.bootstrap_servers, prefix="test-letters.", api_port=0)
    topics.apply(settings, catalogue)
    world = World(settings)
    bury(world, 1, model="no-such-model")
    bury(world, 2, value=None, omitted=True)
    with serving(settings, catalogue) as client:
        yield client
    topics.delete(settings, catalogue)


def test_a_hundred_letters_at_once(client: httpx.Client, world: World) -> None:
    addresses = [bury(world, offset) for offset in range(100)]
    answer = redrive(client, *addresses)
    assert (answer.status_code, answer.json()["redriven"]) == (202, 100)
    assert IN_FLIGHT < 100
    assert log_ends(world.settings) == dict.fromkeys(range(4), 25), "spread over all partitions"
    described = client.get("/openapi.json").json()["paths"]
    assert set(described[f"{URL}/redrive"]["post"]["responses"]) >= {"202", "207", "404", "409", "410", "422", "503"}
    assert described[URL]["get"]["responses"]["200"]["content"]["application/json"]["example"]["letters"]
