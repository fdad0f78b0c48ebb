"""The webhook sink as a process, on a real broker, before a receiver that fails in every way."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from cloudevents.core.v1.event import CloudEvent

from api.log.kafka import Offsets
from schemas.messages import Detection, FrameAddress, Result
from schemas.names import Header
from schemas.settings import Settings
from tests.integration.api_world import MODEL, World, make_result, wait_for
from tests.integration.capture_world import read_topic
from tests.integration.receiver_server import Receiver, Reply, Request, receiving
from tests.integration.sink_kit import NAME, SECRET, sink
from tests.planted import SINK_PASSWORD, SINK_SECRET, SINK_TOKEN

SEEN = Detection(label="person", score=0.5, box=(1, 2, 30, 40))
CAMERAS = ("gate", "yard", "door", "roof")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def put(world: World, count: int, *, cameras: Sequence[str] = CAMERAS, first: int = 0) -> list[str]:
    """Results of some cameras in turn; their ids."""
    ids = []
    for number in range(first, first + count):
        address, camera = FrameAddress(MODEL, 0, number), cameras[number % len(cameras)]
        topic, result = world.names.results(MODEL), make_result(camera, address, SEEN, seq=number)
        world._producer.produce(
            topic, result.to_json(), key=camera, partition=number % len(cameras), headers=result.headers()
        )
        ids.append(result.id)
    assert world._producer.flush(30) == 0
    return ids


def offsets(ids: Sequence[str]) -> list[int]:
    return [FrameAddress.parse(one).offset for one in ids]


def in_order(ids: Sequence[str]) -> bool:
    """Whether each camera's first deliveries came in the order of its results."""
    firsts = list(dict.fromkeys(offsets(ids)))
    ways = [[one for one in firsts if one % len(CAMERAS) == place] for place in range(len(CAMERAS))]
    return all(way == sorted(way) for way in ways)


def committed(settings: Settings) -> int:
    """Results that the sink's group has done."""
    reader = Offsets(settings)
    places = [(settings.names.results(MODEL), partition) for partition in range(len(CAMERAS))]
    group = settings.names.result_group(NAME)
    try:
        return sum(reader.committed({group: places}, deadline=time.monotonic() + 10).values())
    finally:
        reader.close()


@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_results_come_as_signed_cloudevents(
    world: World, settings: Settings, receiver: Receiver, tmp_path: Path, mode: str
) -> None:
    ids = put(world, 8)
    options = ["--structured"] if mode == "structured" else []
    with sink(settings, receiver.url, tmp_path, *options) as running:
        wait_for(lambda: len(receiver.ids) >= 8, seconds=60)
        assert running.stop() == 0, running.said
    assert sorted(receiver.ids) == sorted(ids)
    assert in_order(receiver.ids)
    written = {record.key().decode(): record for record in read_topic(settings, settings.names.results(MODEL))}
    for request in receiver.taken:
        request.verify(SECRET)
        with pytest.raises(Exception, match="No matching signature"):
            request.verify("whsec_" + "A" * 40)
        event = request.event
        assert (event.get_id(), event.get_type()) == (request.id, "framebus.result.v1")
        camera = event.get_extension("camera")
        assert event.get_source() == f"/sites/default/cameras/{camera}"
        result = Result.from_json(json.dumps(data_of(event)).encode())
        assert (result.id, result.frame.camera) == (request.id, camera)
        assert written[camera].key() == camera.encode()
    if mode == "binary":
        bodies = {request.body for request in receiver.taken}
        assert bodies == {record.value() for record in read_topic(settings, settings.names.results(MODEL))}


def data_of(event: CloudEvent) -> object:
    data = event.get_data()
    return json.loads(data) if isinstance(data, str | bytes) else data


def test_only_what_is_wanted_is_sent_and_all_of_it_is_done(
    world: World, settings: Settings, receiver: Receiver, tmp_path: Path
) -> None:
    cat = SEEN.model_copy(update={"label": "cat", "score": 0.9})
    detections = [(SEEN,), (), (cat,), (SEEN, cat), (cat.model_copy(update={"score": 0.2}),)]
    for number, found in enumerate(detections):
        world.results("gate", [FrameAddress(MODEL, 0, number)], *found)  # in one partition, as a camera's results are
    world.results("yard", [FrameAddress(MODEL, 0, 9)], cat)
    with sink(settings, receiver.url, tmp_path, "--camera", "gate", "--label", "cat", "--min-score", "0.3") as running:
        wait_for(lambda: committed(settings) == 6, seconds=60)
        assert running.stop() == 0, running.said
    assert offsets(receiver.ids) == [2, 3]


def test_a_receiver_that_is_away_loses_nothing_and_the_lag_grows(
    world: World, settings: Settings, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.close()
    ids = put(world, 20)
    with sink(settings, receiver.url, tmp_path) as running:
        running.says("receiver away")
        assert committed(settings) == 0
        receiver.open()
        ids += put(world, 20, first=20)
        wait_for(lambda: len(set(receiver.ids)) == 40, seconds=60)
        running.says("receiver takes results again")
        wait_for(lambda: committed(settings) == 40)
        assert running.stop() == 0, running.said
    assert sorted(receiver.ids) == sorted(ids), "nothing twice"
    assert in_order(receiver.ids)
    assert read_topic(settings, settings.names.undelivered) == []


@pytest.mark.parametrize("status", [301, 401, 404, 429, 503])
def test_an_answer_that_blames_no_result_makes_all_wait(
    world: World, settings: Settings, receiver: Receiver, tmp_path: Path, status: int
) -> None:
    """With Retry-After, for so long; a redirect is not followed."""
    away = {"retry-after": "2", "location": receiver.url + "/elsewhere"}
    receiver.reply = lambda _: Reply(status, away) if len(receiver.requests) <= 3 else Reply()
    ids = put(world, 12)
    with sink(settings, receiver.url, tmp_path, "--in-flight", "4") as running:
        wait_for(lambda: len(receiver.ids) == 12, seconds=60)
        assert running.stop() == 0, running.said
    assert sorted(receiver.ids) == sorted(ids)
    assert in_order(receiver.ids)
    assert {request.path for request in receiver.requests} == {"/hooks/results"}
    assert receiver.most_at_once <= 4
    for refused in receiver.requests[:3]:
        tries = [request.at for request in receiver.requests if request.id == refused.id]
        assert all(later - earlier > 1.5 for earlier, later in pairwise(tries)), "Retry-After was not kept"
    assert read_topic(settings, settings.names.undelivered) == []


def test_what_is_refused_or_fails_again_and_again_is_set_aside_with_the_reason(
    world: World, settings: Settings, receiver: Receiver, tmp_path: Path
) -> None:
    ids = put(world, 12)
    bad = {ids[1]: Reply(422, text="no such door"), ids[6]: Reply(500), ids[4]: Reply(413)}
    once = {ids[9]}

    def reply(request: Request) -> Reply:
        if request.id in once:
            once.discard(request.id)
            return Reply(500)
        return bad.get(request.id, Reply())

    receiver.reply = reply
    with sink(settings, receiver.url, tmp_path, "--attempts", "2") as running:
        wait_for(lambda: committed(settings) == 12, seconds=60)
        assert running.stop() == 0, running.said
    assert sorted(receiver.ids) == sorted(set(ids) - bad.keys())
    assert in_order(receiver.ids)
    records = {dict(one.headers())[Header.ID].decode(): one for one in read_topic(settings, settings.names.undelivered)}
    told = {name: {key: value.decode() for key, value in one.headers()} for name, one in records.items()}
    assert {name: (one[Header.ERROR], one[Header.ATTEMPTS]) for name, one in told.items()} == {
        ids[1]: ("refused", "1"),
        ids[6]: ("failed", "2"),
        ids[4]: ("refused", "1"),
    }
    assert told[ids[1]][Header.ERROR_MESSAGE] == "HTTP 422 no such door"
    assert {one[Header.SINK] for one in told.values()} == {NAME}
    for name, record in records.items():
        result = Result.from_json(record.value())
        assert (result.id, record.key().decode()) == (name, result.frame.camera)


def test_a_receiver_that_wants_no_more_ends_the_sink_and_loses_nothing(
    world: World, settings: Settings, receiver: Receiver, tmp_path: Path
) -> None:
    ids = put(world, 3, cameras=["gate"])
    receiver.reply = lambda request: Reply(410 if request.id == ids[1] else 204)
    with sink(settings, receiver.url, tmp_path) as running:
        assert running.process.wait(60) == 2
        assert "wants no more results: HTTP 410" in running.said
    receiver.reply = lambda _: Reply()
    with sink(settings, receiver.url, tmp_path) as running:
        wait_for(lambda: len(receiver.ids) == 3, seconds=60)
        assert running.stop() == 0
    assert receiver.ids == ids, "the first was committed, and the others were not"


def test_a_slow_receiver_is_not_pressed_and_loses_nothing(
    world: World, settings: Settings, receiver: Receiver, tmp_path: Path
) -> None:
    """Some requests get no answer in time; those may have been taken all the same, and come again."""
    slow = {0: 3.0, 5: 3.0}

    def reply(request: Request) -> Reply:
        return Reply(after_s=slow.pop(len(receiver.requests) - 1, 0.05))

    receiver.reply = reply
    ids = put(world, 40)
    with sink(settings, receiver.url, tmp_path, "--timeout", "1", "--in-flight", "2") as running:
        wait_for(lambda: committed(settings) == 40, seconds=90)
        assert running.stop() == 0, running.said
    assert set(receiver.ids) == set(ids)
    assert in_order(receiver.ids)
    assert len(receiver.requests) == 42
    assert "no answer from" in running.said
    assert read_topic(settings, settings.names.undelivered) == []


def test_a_killed_sink_delivers_everything_and_repeats_little(
    world: World, settings: Settings, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.reply = lambda _: Reply(after_s=0.005)
    ids = put(world, 1200)
    for kill_at in (200, 600):
        with sink(settings, receiver.url, tmp_path) as running:
            wait_for(lambda: len(receiver.ids) >= kill_at, seconds=90)  # noqa: B023  # called within the turn
            running.kill()
    with sink(settings, receiver.url, tmp_path) as running:
        wait_for(lambda: len(set(receiver.ids)) == 1200, seconds=120)
        wait_for(lambda: committed(settings) == 1200)
        assert running.stop() == 0, running.said
    assert set(receiver.ids) == set(ids)
    assert in_order(receiver.ids)
    # Twice at most a batch, and what was delivered in the second before.
    assert len(receiver.ids) - 1200 <= 2 * (200 + 800)


def test_sinks_of_one_name_share_and_one_that_goes_leaves_nothing_behind(
    world: World, settings: Settings, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.reply = lambda _: Reply(after_s=0.02)
    with sink(settings, receiver.url, tmp_path) as first, sink(settings, receiver.url, tmp_path) as second:
        ids = []
        for turn in range(6):
            ids += put(world, 100, first=100 * turn)
            if turn == 3:
                wait_for(lambda: len(receiver.ids) > 50, seconds=60)
                assert first.stop() == 0, first.said
        wait_for(lambda: committed(settings) == 600, seconds=90)
        assert second.stop() == 0, second.said
    assert set(receiver.ids) == set(ids)


def test_no_secret_is_ever_said(world: World, settings: Settings, receiver: Receiver, tmp_path: Path) -> None:
    """The URL's password and parameters are sent, the secret signs; a receiver that tells them back changes nothing."""
    url = f"{receiver.url.replace('http://', f'http://me:{SINK_PASSWORD}@')}?token={SINK_TOKEN}"
    said = f"you called {url}"
    receiver.reply = lambda _: Reply(422 if len(receiver.requests) == 1 else 503, text=said)
    put(world, 2)
    with sink(settings, url, tmp_path) as running:
        running.says("set aside")
        running.says("receiver away")
        assert running.stop() == 0, running.said
    assert receiver.requests[0].path == f"/hooks/results?token={SINK_TOKEN}"
    assert receiver.requests[0].headers["authorization"].startswith("Basic ")
    (record,) = read_topic(settings, settings.names.undelivered)
    told = b"".join(value or b"" for _, value in record.headers()) + record.value() + running.said.encode()
    for secret in (SINK_PASSWORD, SINK_TOKEN, SINK_SECRET):
        assert secret.encode() not in told
