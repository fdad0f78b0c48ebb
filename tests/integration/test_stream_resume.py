"""Clients of the live stream that go and come back: what they have got in the end is what is in the log, once."""

from __future__ import annotations

import json
import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice

import httpx
import psutil
import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from api.stream.ids import EventId
from deploy import topics
from schemas.catalogue import Catalogue
from schemas.messages import Detection, FrameAddress
from schemas.settings import Settings
from tests.integration.api_client import Event, address_of, serving, streaming
from tests.integration.api_replica import STREAM, Replica, Roamer, replicas
from tests.integration.api_world import MODEL, World, make_result, wait_for
from tests.integration.streaming_kit import ORDERED

OTHER = "face-detection"
CAMERAS = ("gate", "yard", "hall")
SEED = 20260131
DISCONNECTS = 1000
TEST_PARTITIONS = 4


class Writer:
    """Results of two models and three cameras in all partitions, with now and then a record that is none."""

    def __init__(self, settings: Settings, *, seed: int = SEED) -> None:
        self.written: dict[str, list[str]] = defaultdict(list)
        """By camera the addresses of its results, in the order in which they were written."""
        self._names = settings.names
        self._settings = settings
        self.grow(TEST_PARTITIONS)
        self._random = random.Random(seed)
        self._count = 0
        self._stopping = threading.Event()

    def grow(self, partitions: int) -> None:
        """Write to so many partitions; a producer that knows of fewer would refuse for minutes."""
        self._partitions = partitions
        ordered = {"linger.ms": 1, "log_level": 2, **ORDERED}
        self._producer = Producer({**self._settings.librdkafka(), **ordered})

    def write(self, count: int, *, wide: int = 1) -> None:
        """Write so many results, and wait until they are in the log."""
        for _ in range(count):
            camera = self._random.choice(CAMERAS)
            model = (MODEL, OTHER)[self._random.random() < 0.3]
            # A camera's results are in one partition, as they are in life, for a while.
            partition = (CAMERAS.index(camera) + self._count // 50) % self._partitions
            address = FrameAddress(model, partition, self._count)
            self._count += 1
            detections = [Detection(label="x" * 200, score=0.5, box=(0, 0, 1, 1))] * wide
            result = make_result(camera, address, *detections)
            topic = self._names.results(model)
            self._producer.produce(topic, result.to_json(), camera, partition, headers=result.headers())
            if self._random.random() < 0.01:
                self._producer.produce(topic, b"no result", camera, partition)
            self.written[camera].append(str(address))
        assert self._producer.flush(30) == 0

    def everything(self) -> list[str]:
        return [address for each in self.written.values() for address in each]

    @contextmanager
    def running(self) -> Iterator[None]:
        """A few results every few milliseconds, meanwhile."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join(30)

    def _run(self) -> None:
        while not self._stopping.wait(0.01):
            self.write(self._random.randrange(4))


@pytest.fixture
def writer(settings: Settings) -> Writer:
    return Writer(settings)


def check(taken: list[Event], expected: list[str]) -> None:
    """Each result once, none missing, and of each model and partition in the order of the log."""
    gaps = [event.text for event in taken if event.name == "gap"]
    assert not gaps
    got = [address_of(event) for event in taken]
    assert len(got) == len(set(got)), "something came twice"
    assert set(got) == set(expected)
    by_partition = defaultdict(list)
    for address in map(FrameAddress.parse, got):
        by_partition[address.model, address.partition].append(address.offset)
    assert all(offsets == sorted(offsets) for offsets in by_partition.values())


def first_id(client: httpx.Client, query: str = "") -> str:
    """The id of who has come now."""
    with streaming(client, query, heartbeats=True) as stream:
        return str(next(stream).id)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("query", ["", "?camera=gate"], ids=["unfiltered", "filtered"])
def test_a_thousand_disconnects_lose_nothing_and_repeat_nothing(settings: Settings, writer: Writer, query: str) -> None:
    """Two replicas that share nothing; each is killed in the middle, and started again."""
    with replicas(settings, 2) as both:
        roamer = Roamer(query, [one.url for one in both], SEED)
        while roamer.last is None:
            roamer.visit(until=1)
        restarts = {DISCONNECTS // 6: both[0], DISCONNECTS // 3: both[1]}
        with writer.running():
            while roamer.visits < DISCONNECTS // 2:
                roamer.visit()
                if roamer.visits in restarts:
                    restarts.pop(roamer.visits).restart()
        expected = writer.written["gate"] if query else writer.everything()
        for one in both:
            one.wait()
        roamer.finish(len(expected))
        roamer.close()
    assert roamer.refused > 0, "nobody met a replica that was away"
    assert len(expected) > 500
    check(roamer.taken, expected)


def test_a_long_history_comes_once_while_new_results_do(
    settings: Settings, catalogue: Catalogue, writer: Writer
) -> None:
    with serving(settings, catalogue) as client:
        last, last_filtered = first_id(client), first_id(client, "?camera=yard")
    writer.write(6000)
    with serving(settings, catalogue) as client:  # it has the newest hundred of each partition in memory
        with streaming(client, last=last) as stream:
            with writer.running():
                taken = list(islice(stream, 3000))
            expected = writer.everything()
            check(taken + list(islice(stream, len(expected) - len(taken))), expected)
        yard = writer.written["yard"]
        with streaming(client, "?camera=yard", last=last_filtered) as stream:
            check(list(islice(stream, len(yard))), yard)
        assert 'framebus_stream_resumes_total{source="log"} 2.0' in client.get("/metrics").text


def test_below_the_start_of_the_log_there_is_one_gap_with_the_offsets(
    settings: Settings, catalogue: Catalogue, world: World
) -> None:
    addresses = [FrameAddress(MODEL, 0, number) for number in range(1000)]
    world.results("gate", addresses[:10])
    with serving(settings, catalogue) as client:
        wait_for(lambda: len(client.get("/api/v1/results").json()["results"]) == 10)
        last, last_filtered = first_id(client), first_id(client, "?camera=gate")
    world.results("gate", addresses[10:])
    delete_below(settings, world.names.results(MODEL), 500)
    with serving(settings, catalogue) as client:
        for query, id_before, missed in (("", last, 490), ("?camera=gate", last_filtered, None)):
            with streaming(client, query, last=id_before) as stream:
                gap, *results = list(islice(stream, 501))
            assert gap.name == "gap"
            assert json.loads(gap.text) == {"missed": missed, "offsets": {f"{MODEL}/0": [10, 500]}}
            check(results, [str(address) for address in addresses[500:]])
            with streaming(
                client, query, last=gap.id
            ) as stream:  # who was cut off behind the gap is told no second time
                check(list(islice(stream, 500)), [str(address) for address in addresses[500:]])
        metrics = client.get("/metrics").text
    assert 'framebus_stream_gaps_total{reason="expired"}' in metrics


def test_a_topic_that_is_made_anew_is_one_gap_for_who_stays_and_for_who_comes_back(
    settings: Settings, catalogue: Catalogue, world: World
) -> None:
    topic = world.names.results(MODEL)
    addresses = [FrameAddress(MODEL, 0, number) for number in range(20)]
    with serving(settings, catalogue) as client, streaming(client) as stays:
        world.results("gate", addresses)
        last = list(islice(stays, 20))[-1].id
        recreate(settings, catalogue, topic)
        World(settings).results("gate", addresses[:3])
        gap = json.loads(next(stays).text)
        assert (gap["missed"], gap["offsets"][f"{MODEL}/0"]) == (None, [20, 0])
        check(list(islice(stays, 3)), [str(address) for address in addresses[:3]])
        with streaming(client, last=last) as returns:
            first, *results = list(islice(returns, 4))
        assert json.loads(first.text) == gap
        check(results, [str(address) for address in addresses[:3]])


def test_partitions_that_grow_are_in_the_stream_and_in_the_ids(
    settings: Settings, catalogue: Catalogue, writer: Writer
) -> None:
    with replicas(settings, 2) as both:
        roamer = Roamer("", [one.url for one in both], SEED)
        while roamer.last is None:
            roamer.visit(until=1)
        writer.write(50)
        grown = Catalogue(tuple(model.model_copy(update={"partitions": 7}) for model in catalogue.models))
        topics.apply(settings, grown)
        writer.grow(7)
        with writer.running():
            for _ in range(100):  # the replicas hear of it one after the other
                roamer.visit()
        expected = writer.everything()
        roamer.finish(len(expected))
        roamer.close()
    assert any(FrameAddress.parse(address).partition >= TEST_PARTITIONS for address in expected)
    check(roamer.taken, expected)


def test_an_id_that_is_none_of_this_streams_is_refused_in_words(settings: Settings, catalogue: Catalogue) -> None:
    elsewhere = settings.model_copy(update={"prefix": f"{settings.prefix}else."})
    topics.apply(elsewhere, catalogue)
    try:
        with serving(elsewhere, catalogue) as client:
            foreign = first_id(client)
    finally:
        topics.delete(elsewhere, catalogue)
    with serving(settings, catalogue) as client:
        of_one = first_id(client, f"?model={MODEL}")
        for last, query, words in (
            ("nonsense", "", "'nonsense': expected one that this stream has sent, or none"),
            (f"{MODEL}/0/7", "", "expected one that this stream has sent, or none"),
            (foreign, "", "of another installation (Kafka cluster and prefix)"),
            (of_one, "", "is of one model's stream, and not of all models"),
            (of_one, f"?model={OTHER}", f"is of one model's stream, and not of {OTHER}"),
        ):
            model = {"model": query.rpartition("=")[2]} if query else {}
            for response in (
                client.get(STREAM, params=model, headers={"last-event-id": last}),
                client.get(STREAM, params={**model, "last_event_id": last}),
            ):
                assert response.status_code == 422, response.text
                assert response.headers["content-type"] == "application/problem+json"
                assert words in response.json()["detail"]
        with streaming(client, f"?model={MODEL}&last_event_id={of_one}") as stream:
            World(settings).results("gate", [FrameAddress(MODEL, 0, 0)])
            assert address_of(next(stream)) == f"{MODEL}/0/0"


def test_an_id_from_beyond_the_end_of_the_log_is_a_gap(settings: Settings, catalogue: Catalogue, world: World) -> None:
    """As after an election of a broker that had less: who was promised more must hear of it."""
    with serving(settings, catalogue) as client:
        known = EventId.parse(first_id(client))
        positions = known.positions(known.installation, tuple(model.name for model in catalogue.models), None)
        positions.advance(MODEL, 0, 50)
        with streaming(client, last=positions.encode()) as stream:
            assert json.loads(next(stream).text) == {"missed": None, "offsets": {f"{MODEL}/0": [50, 0]}}
            world.results("gate", [FrameAddress(MODEL, 0, 0)])
            assert address_of(next(stream)) == f"{MODEL}/0/0"


def test_many_clients_that_stand_still_cost_little_and_are_told(settings: Settings, writer: Writer) -> None:
    stalled = 40
    with replicas(settings, 2) as (crowded, empty), ExitStack() as stack:
        clients = [stack.enter_context(httpx.Client(base_url=crowded.url, timeout=60)) for _ in range(stalled)]
        streams = [stack.enter_context(streaming(client)) for client in clients]
        writer.write(6000, wide=30)  # 8 kB each, 48 MB: more than what sockets and memory together hold
        address = writer.everything()[-1]
        for one in (crowded, empty):
            wait_for(lambda one=one: address in newest(one), seconds=60)
        # What the allocator keeps for a moment of what passed through is no client's.
        wait_for(lambda: cost(crowded, empty) < stalled * 1500 * 1000, seconds=10)
        gaps = [json.loads(next(event for event in stream if event.name == "gap").text) for stream in streams]
    assert all(gap["missed"] > 0 for gap in gaps)


def cost(crowded: Replica, empty: Replica) -> int:
    """Return the bytes of memory that one replica of the API has and the other has not."""
    used, plain = (psutil.Process(one.running.pid).memory_info().rss for one in (crowded, empty))
    return used - plain


def newest(replica: Replica) -> list[str]:
    results = httpx.get(f"{replica.url}/api/v1/results?limit=1000", timeout=30).json()["results"]
    return [result["frame"]["address"] for result in results]


def test_there_are_only_so_many_clients_and_the_next_is_told_when_to_come(
    settings: Settings, catalogue: Catalogue
) -> None:
    with serving(settings.model_copy(update={"api_stream_clients": 1}), catalogue) as client:
        with streaming(client):
            refused = client.get(STREAM)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert "FRAMEBUS_API_STREAM_CLIENTS" in refused.json()["detail"]

        def admitted() -> bool:
            with client.stream("GET", STREAM) as response:
                return response.status_code == 200

        wait_for(admitted)


def delete_below(settings: Settings, topic: str, offset: int) -> None:
    """What retention does, now."""
    admin = AdminClient({**settings.librdkafka(), "log_level": 2})
    for future in admin.delete_records([TopicPartition(topic, 0, offset)]).values():
        future.result(timeout=30)


def recreate(settings: Settings, catalogue: Catalogue, topic: str) -> None:
    admin = AdminClient({**settings.librdkafka(), "log_level": 2})
    for future in admin.delete_topics([topic]).values():
        future.result(timeout=30)
    wait_for(lambda: topic not in admin.list_topics(timeout=10).topics)
    topics.apply(settings, catalogue)
