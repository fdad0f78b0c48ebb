"""The API over a real broker, as an HTTP client sees it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from api.log.kafka import Offsets
from deploy import topics
from schemas.catalogue import Catalogue
from schemas.messages import Camera, CameraState, CameraStatus, Detection, FrameAddress, SkipReason
from schemas.settings import Settings
from tests.integration.api_client import Event, serving, streaming
from tests.integration.api_world import JPEG, MODEL, T0, World, wait_for
from tests.planted import URL_PASSWORD

PERSON = Detection(label="person", score=0.9, box=(1, 2, 30, 40))
CAR = Detection(label="car", score=0.5, box=(5, 6, 70, 80))


@pytest.fixture
def client(settings: Settings, catalogue: Catalogue, world: World) -> Iterator[httpx.Client]:
    with serving(settings, catalogue) as client:
        yield client


def get(client: httpx.Client, path: str, status: int = 200) -> dict[str, object]:
    response = client.get(path)
    assert response.status_code == status, response.text
    if status >= 400:
        assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = response.json()
    return body


def test_cameras_come_with_their_state_and_without_their_passwords(client: httpx.Client, world: World) -> None:
    gate = Camera(id="gate", source=f"rtsp://user:{URL_PASSWORD}@camera.example/1", models=(MODEL,))
    state = CameraStatus(camera="gate", site="default", state=CameraState.STREAMING, since=T0, owner="edge-1", run=3)
    world.message(world.names.cameras, gate, key="gate")
    world.message(world.names.cameras, gate.model_copy(update={"id": "yard"}), key="yard")
    world.put(world.names.cameras, b"no camera", key="noise")
    world.message(world.names.camera_status, state, key="gate")

    wait_for(lambda: client.get("/api/v1/cameras").json()["cameras"][1:])
    wait_for(lambda: client.get("/api/v1/cameras").json()["cameras"][0]["status"])
    entries = client.get("/api/v1/cameras").json()["cameras"]

    assert [entry["camera"]["id"] for entry in entries] == ["gate", "yard"]
    assert entries[0]["camera"]["source"] == "rtsp://user:***@camera.example/1"
    assert (entries[0]["status"]["state"], entries[0]["status"]["run"]) == ("streaming", 3)
    assert entries[1]["status"] is None

    world.put(world.names.cameras, None, key="gate")
    wait_for(lambda: len(client.get("/api/v1/cameras").json()["cameras"]) == 1)


def test_models_say_what_they_run_as_and_how_far_they_are(client: httpx.Client, world: World) -> None:
    addresses = world.frames("gate", 5)
    world.commit({0: 2})
    world.result("gate", addresses[0])

    def model() -> dict[str, object]:
        entry: dict[str, object] = client.get("/api/v1/models").json()["models"][0]
        return entry

    wait_for(lambda: model()["lag"] == 3 and model()["version"])
    entry = model()
    assert (entry["name"], entry["end"], entry["committed"]) == (MODEL, 5, 2)
    assert (entry["version"], entry["precision"], entry["device"]) == ("0123456789abcdef", "f32", "CPU")
    assert "person" in str(entry["labels"])
    other = client.get("/api/v1/models").json()["models"][1]
    assert (other["lag"], other["version"]) == (0, None)


def test_results_are_the_newest_first_and_filtered(client: httpx.Client, world: World) -> None:
    where = [FrameAddress(MODEL, 0, number) for number in range(4)]
    world.result("gate", where[0], PERSON)
    world.result("gate", where[1], CAR)
    world.result("yard", where[2])
    world.put(world.names.results(MODEL), b'{"frame": 1}')
    world.result("yard", where[3], CAR, PERSON)

    def addresses(query: str = "") -> list[str]:
        body = client.get(f"/api/v1/results{query}").json()
        return [result["frame"]["address"] for result in body["results"]]

    wait_for(lambda: len(addresses()) == 4)
    for query, expected in (
        ("", [3, 2, 1, 0]),
        ("?limit=2", [3, 2]),
        ("?camera=gate", [1, 0]),
        ("?camera=nobody", []),
        (f"?model={MODEL}&camera=yard", [3, 2]),
        ("?model=face-detection", []),
        ("?label=person", [3, 0]),
        ("?label=car&min_score=0.6", []),
        ("?min_score=0.6", [3, 0]),
    ):
        assert addresses(query) == [str(where[number]) for number in expected], query


def test_a_stream_has_the_records_bytes_and_only_what_was_asked(client: httpx.Client, world: World) -> None:
    with streaming(client, "?camera=gate&label=person") as stream:
        world.result("yard", FrameAddress(MODEL, 0, 0), PERSON)
        world.result("gate", FrameAddress(MODEL, 0, 1), CAR)
        written = world.result("gate", FrameAddress(MODEL, 0, 2), PERSON)
        event = next(stream)

    assert event.name == "result"
    assert event.text.encode() == written.to_json()


def test_a_slow_client_loses_its_oldest_and_is_told_how_many(client: httpx.Client, world: World) -> None:
    wide = [PERSON.model_copy(update={"label": "x" * 250}) for _ in range(100)]  # 30 kB a result
    last = f'"address":"{MODEL}/0/1200"'
    total = 1200  # 36 MB: more than what sockets and memory together hold
    with streaming(client) as slow:
        world.results("gate", [FrameAddress(MODEL, 0, number) for number in range(total)], *wide)
        with streaming(client) as attentive:  # whoever comes later sees the end: all results were handed out
            world.result("gate", FrameAddress(MODEL, 0, total))
            next(event for event in attentive if last in event.text)
        received: list[Event] = []
        for event in slow:
            received.append(event)
            if last in event.text:
                break

    gaps = [json.loads(event.text)["missed"] for event in received if event.name == "gap"]
    results = [event for event in received if event.name == "result"]
    assert gaps
    assert sum(gaps) + len(results) == total + 1
    numbers = [int(json.loads(event.text)["frame"]["address"].rpartition("/")[2]) for event in results]
    assert numbers == sorted(set(numbers))


def test_a_frame_is_what_was_written_at_its_address(client: httpx.Client, world: World) -> None:
    picture = JPEG + bytes(range(256)) * 100
    world.frame("gate", 7)
    world.frame("gate", 8, value=picture)
    url = f"/api/v1/frames/{MODEL}/0/1"

    response = client.get(url)

    assert response.content == picture
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    described = [response.headers[f"x-framebus-{name}"] for name in ("camera", "run", "seq")]
    assert described == ["gate", "0", "8"]
    again = client.get(url, headers={"if-none-match": f'"other", {response.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(url, headers={"if-none-match": '"other"'})
    assert (other.status_code, other.content) == (200, picture)


def test_frames_that_are_not_there_are_expired_or_unknown(client: httpx.Client, world: World) -> None:
    world.frames("gate", 6)
    world.delete_frames_below(3)
    for where, status, words in (
        (f"{MODEL}/0/2", 410, "begins with offset 3"),
        (f"{MODEL}/0/6", 404, "the log ends before offset 6"),
        (f"{MODEL}/0/600", 404, "the log ends before offset 6"),
        (f"{MODEL}/9/0", 404, "one of the 4 partitions"),
        (f"{MODEL}/1/0", 404, "the log ends before offset 0"),
        ("nothing/0/0", 404, "model 'nothing' is not in the catalogue"),
    ):
        assert words in str(get(client, f"/api/v1/frames/{where}", status)["detail"]), where
    assert client.get(f"/api/v1/frames/{MODEL}/0/3").content == JPEG
    # What was beyond the end a moment ago is there as soon as it is written.
    world.frame("gate", 6)
    assert client.get(f"/api/v1/frames/{MODEL}/0/6").content == JPEG


def test_what_is_no_picture_is_never_served_as_something_else(client: httpx.Client, world: World) -> None:
    world.frame("gate", 0, value=b"<html><script>alert(1)</script>")
    world.put(world.names.frames(MODEL), None, headers=[("ce_camera", b"a\r\nset-cookie: x=1")])
    world.put(world.names.frames(MODEL), JPEG, headers=[("ce_camera", b"a\r\nset-cookie: x=1"), ("ce_seq", b"\xff")])

    html = client.get(f"/api/v1/frames/{MODEL}/0/0")
    assert (html.status_code, html.headers["content-type"]) == (415, "application/problem+json")
    assert client.get(f"/api/v1/frames/{MODEL}/0/1").status_code == 415
    nameless = client.get(f"/api/v1/frames/{MODEL}/0/2")
    assert (nameless.status_code, nameless.content) == (200, JPEG)
    assert "set-cookie" not in nameless.headers
    assert "x-framebus-camera" not in nameless.headers


HOSTILE = [
    "captures/0/0",
    "../captures/0/0",
    "..%2fcaptures/0/0",
    f"{MODEL}%00/0/0",
    f"{MODEL}\u00e9/0/0",
    "FACE-DETECTION/0/0",
    f"{'a' * 5000}/0/0",
    f"{MODEL}/-1/0",
    f"{MODEL}/0/-1",
    f"{MODEL}/0/1e3",
    f"{MODEL}/0/0x10",
    f"{MODEL}/0/\u0663",
    f"{MODEL}/0/1.0",
    f"{MODEL}/0/true",
    f"{MODEL}/0/%20",
    f"{MODEL}/0/9223372036854775808",
    f"{MODEL}/0/9223372036854775807",
    f"{MODEL}/2147483648/0",
    f"{MODEL}/2147483647/0",
    f"{MODEL}/0/{'9' * 5000}",
    f"{MODEL}/0/0/0",
    f"{MODEL}//0",
]


def test_hostile_paths_and_queries_get_a_problem_document(client: httpx.Client, world: World) -> None:
    world.put(world.names.captures, JPEG)  # a picture that must never be served
    paths = [f"/api/v1/frames/{where}" for where in HOSTILE]
    queries = ("camera=A", "camera=" + "a" * 99, "model=%00", "label=" + "x" * 999, "min_score=2", "min_score=nan")
    paths += [f"/api/v1/results?{query}" for query in (*queries, "limit=0", "limit=100000")]
    paths += [f"/api/v1/results/stream?{query}" for query in queries]
    paths += ["/api/v1/nothing", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/api/v1/frames"]
    for path in paths:
        response = client.get(path)
        assert response.status_code in (404, 422), (path, response.status_code)
        assert response.headers["content-type"] == "application/problem+json", path
        body = response.json()
        assert set(body) == {"type", "title", "status", "detail"}, path
        assert len(body["detail"]) < 2000, path
    assert client.post("/api/v1/results").status_code == 405


def test_the_ledger_names_what_is_lost_and_follows_what_comes(client: httpx.Client, world: World) -> None:
    addresses = world.frames("gate", 4)
    world.counts("gate", addresses)
    world.result("gate", addresses[0])
    world.skip(SkipReason.STALE, "gate", addresses[1:2])
    world.commit({0: 3})

    body = get(client, "/api/v1/ledger")
    assert isinstance(body["accounts"], list)
    account = body["accounts"][0]
    shown = {name: account[name] for name in ("camera", "model", "captured", "delivered", "inferred", "skipped")}
    assert shown == {"camera": "gate", "model": MODEL, "captured": 4, "delivered": 4, "inferred": 1, "skipped": 1}
    assert (account["in_log"], account["unexplained"], body["clean"]) == (1, 1, False)
    lost = {
        "fault": "lost",
        "model": MODEL,
        "camera": "gate",
        "frames": 1,
        "address": str(addresses[2]),
        "run": None,
        "parent": None,
    }
    assert body["unexplained"] == [lost]

    world.result("gate", addresses[2])
    wait_for(lambda: get(client, "/api/v1/ledger")["clean"])


def test_metrics_headers_and_the_api_description(client: httpx.Client, world: World) -> None:
    for path in ("/healthz", "/", "/nothing", "/api/v1/cameras", "/openapi.json"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff", path
        assert "server" not in headers, path
    with streaming(client):
        metrics = client.get("/metrics").text
    assert "framebus_stream_clients 1.0" in metrics
    assert 'framebus_http_request_duration_seconds_count{route="/api/v1/cameras",status="200"}' in metrics
    assert 'route="(none)",status="404"' in metrics
    wait_for(lambda: "framebus_stream_clients 0.0" in client.get("/metrics").text)
    described = client.get("/openapi.json").json()["paths"]
    for path in ("cameras", "models", "results", "results/stream", "frames/{model}/{partition}/{offset}", "ledger"):
        assert described[f"/api/v1/{path}"]["get"]["responses"], path
    example = described["/api/v1/results"]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    assert example["results"][0]["frame"]["address"] == "face-detection/3/1234"


def test_topics_that_come_later_are_waited_for(settings: Settings, catalogue: Catalogue) -> None:
    late = settings.model_copy(update={"prefix": f"{settings.prefix}late."})
    with serving(late, catalogue, ready=False) as client:
        wait_for(lambda: "waiting for them" in client.get("/readyz").text)
        assert client.get("/api/v1/models").json()["models"][0]["lag"] is None
        assert "framebus topic apply" in str(get(client, "/api/v1/ledger", 503)["detail"])
        topics.apply(late, catalogue)
        try:
            World(late).result("gate", FrameAddress(MODEL, 0, 0))
            wait_for(lambda: client.get("/readyz").status_code == 200)
            wait_for(lambda: client.get("/api/v1/results").json()["results"])
        finally:
            topics.delete(late, catalogue)


def test_the_newest_results_are_there_after_a_restart(settings: Settings, catalogue: Catalogue, world: World) -> None:
    world.results("gate", [FrameAddress(MODEL, 0, number) for number in range(250)])
    world.result("yard", FrameAddress(MODEL, 0, 250))
    with serving(settings, catalogue) as client:
        wait_for(lambda: client.get("/api/v1/results?camera=yard").json()["results"])
        found = client.get("/api/v1/results?limit=1000").json()["results"]
    assert 100 <= len(found) < 250  # of each partition about a hundred, not the whole history
    appended = [datetime.fromisoformat(result["inferred_at"]) for result in found]
    assert all(moment.tzinfo == UTC for moment in appended)


def test_no_answer_from_kafka_is_said_in_words_while_the_rest_is_served(
    settings: Settings, catalogue: Catalogue
) -> None:
    away = settings.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    with serving(away, catalogue, ready=False) as client:
        wait_for(lambda: "127.0.0.1:1 gave no topics" in client.get("/readyz").text)
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/api/v1/cameras").json() == {"cameras": []}
        assert client.get("/api/v1/models").json()["models"][0]["lag"] is None
        assert "127.0.0.1:1" in str(get(client, f"/api/v1/frames/{MODEL}/0/0", 503)["detail"])


def test_offsets_are_those_of_the_broker(settings: Settings, world: World) -> None:
    world.frames("gate", 4, partition=1)
    world.delete_frames_below(1, partition=1)
    world.commit({1: 3})
    offsets, log = Offsets(settings), (world.names.frames(MODEL), 1)
    deadline = time.monotonic() + 30
    assert offsets.partitions([log[0], "absent"], deadline=deadline) == {log[0]: 4}
    assert offsets.starts([log], deadline=deadline) == {log: 1}
    assert offsets.ends([log], deadline=deadline) == {log: 4}
    groups = {world.names.inference_group(MODEL): [log, (log[0], 2)], "a-group-that-never-was": [(log[0], 3)]}
    assert offsets.committed(groups, deadline=deadline) == {log: 3}
