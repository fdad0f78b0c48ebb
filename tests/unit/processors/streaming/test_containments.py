from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import CommitFailedError
from aiokafka.structs import OffsetAndMetadata
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from processors.inference.shedding import Shedder
from processors.streaming import containments
from processors.streaming.app import create_app
from processors.streaming.caution import Caution
from processors.streaming.containments import (
    PINNED,
    FramesApp,
    FramesConsumer,
    NoTables,
    Owner,
    QuietMonitor,
    check_versions,
)
from processors.streaming.outcomes import Record
from processors.streaming.partitions import Partitions
from processors.streaming.timing import Timing
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings
from tests.unit.processors.streaming.fakes import until

ROOT = Path(__file__).parents[4]


def test_the_installed_versions_are_those_that_are_contained() -> None:
    check_versions()


def test_the_lock_pins_them() -> None:
    lines = (ROOT / "deploy/requirements.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9-]+)==([^ \\]+)", lines, re.MULTILINE))
    assert {package: locked.get(package) for package in PINNED} == PINNED


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(containments.PINNED, "aiokafka", "0.13.0")
    with pytest.raises(EnvironmentMissingError, match=r"aiokafka 0\.14\.0: expected 0\.13\.0.*aiokafka==0\.13\.0"):
        check_versions()


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(containments.PINNED, "no-such-library", "1.0")
    with pytest.raises(EnvironmentMissingError, match=r"no-such-library is not installed: expected 1\.0"):
        check_versions()


OURS = {
    "positions", "bounds", "rewind", "holding", "commit_now", "halt", "_commit_positions", "_begin_membership",
    "_dismiss", "_place", "_in_thread",
}  # fmt: skip
"""What our consumer adds; everything else overrides Faust's."""
REACHED = [
    (driver.Consumer, "stop_flow", []),
    (driver.Consumer, "getmany", ["timeout"]),
    (driver.Consumer, "assignment", []),
    (driver.AIOKafkaConsumerThread, "_fetch_records", ["consumer"]),
    (AIOKafkaConsumer, "commit", ["offsets"]),
    (AIOKafkaConsumer, "seek", ["partition", "offset"]),
    (AIOKafkaConsumer, "beginning_offsets", ["partitions"]),
    (AIOKafkaConsumer, "end_offsets", ["partitions"]),
    (GroupCoordinator, "fetch_committed_offsets", ["partitions"]),
    (GroupCoordinator, "_start_heartbeat_task", []),
]
"""What we call of theirs beside the documented: the class, the method and its parameters."""


def parameters(method: object) -> list[str]:
    return [name for name in inspect.signature(method).parameters if name != "self"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("own", "theirs", "name"),
    [
        (own, theirs, name)
        for own, theirs in (
            (FramesConsumer, driver.Consumer),
            (FramesApp, faust.App),
            (NoTables, TableManager),
            (QuietMonitor, faust.Monitor),
        )
        for name, member in vars(own).items()
        if inspect.isfunction(member) and name not in OURS | {"__init__", "produce"}
    ],
    ids=str,
)
def test_what_we_override_is_there_with_our_parameters(own: type, theirs: type, name: str) -> None:
    assert parameters(getattr(own, name)) == parameters(getattr(theirs, name))


@pytest.mark.parametrize(("owner", "name", "expected"), REACHED, ids=str)
def test_what_we_reach_into_is_there(owner: type, name: str, expected: list[str]) -> None:
    assert parameters(getattr(owner, name))[: len(expected)] == expected


def test_what_we_add_shadows_nothing() -> None:
    assert not [name for name in OURS if hasattr(driver.Consumer, name)]


TOPIC = "t.frames.object-detection"
PLACE = TopicPartition(TOPIC, 0)


class FakeKafkaConsumer:
    """aiokafka's consumer as far as commits go: refuses the first ones, and keeps the others."""

    def __init__(self, refusals: int) -> None:
        self.asked: list[int] = []
        self.kept: list[int] = []
        self._refusals = refusals

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    async def commit(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        self.asked.append(offsets[PLACE].offset)
        if len(self.asked) <= self._refusals:
            raise CommitFailedError("the group has already rebalanced")
        self.kept.append(offsets[PLACE].offset)


class FakeThread:
    """The consumer's thread, without one."""

    def __init__(self, consumer: FakeKafkaConsumer) -> None:
        self._consumer = consumer
        self.thread_loop = asyncio.get_running_loop()

    def assignment(self) -> set[TopicPartition]:
        return self._consumer.assignment()

    async def commit(self, offsets: dict[TP, int]) -> bool:
        return bool(await driver.AIOKafkaConsumerThread._commit(self, offsets))

    def _ensure_consumer(self) -> FakeKafkaConsumer:
        return self._consumer

    @property
    def tp_last_committed_at(self) -> dict[TP, float]:
        return {}


async def never(*_: object) -> None:
    """What Faust would call, were anything to happen."""
    raise AssertionError("nothing happens here")


def replace_thread(consumer: driver.Consumer, kafka: FakeKafkaConsumer) -> None:
    """Let `consumer` speak to a fake instead of its thread, which was not started."""
    consumer._thread.thread_loop.close()
    consumer._thread = FakeThread(kafka)


@pytest.fixture
def app(tmp_path: Path) -> FramesApp:
    settings = Settings(prefix="t.")
    return create_app(settings, "object-detection", folder=tmp_path, timing=Timing())


async def test_316_naked_faust_takes_a_refused_commit_for_made(app: FramesApp) -> None:
    """https://github.com/faust-streaming/faust/issues/316: should this fail one day, the containment can go."""
    kafka = FakeKafkaConsumer(refusals=1)
    naked = driver.Consumer(app.transport, never, on_partitions_revoked=never, on_partitions_assigned=never)
    replace_thread(naked, kafka)
    naked._acked[PLACE] = [0, 1, 2]
    naked._committed_offset[PLACE] = None
    for _ in range(3):
        await naked.force_commit()
    assert kafka.asked == [3]
    assert kafka.kept == [], "asked once, refused, and never again: nothing comes that would make it ask"


async def test_316_a_refused_commit_is_due_again(app: FramesApp) -> None:
    kafka = FakeKafkaConsumer(refusals=1)
    owner = Partitions(lambda: Shedder(5.0))
    owner.done(owner.take(owner.assign(0, 0, Caution()), 2))
    app.owner = owner  # type: ignore[assignment]  # whoever says what is due
    replace_thread(app.consumer, kafka)
    for _ in range(3):
        await app.consumer.force_commit()
    assert kafka.asked == [3, 3]
    assert kafka.kept == [3]


class FakeAbsentBroker(FakeKafkaConsumer):
    """Takes commits once it is back; until then aiokafka would ask it again and again."""

    def __init__(self) -> None:
        super().__init__(refusals=0)
        self.back = asyncio.Event()
        self.asking = 0

    async def commit(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        self.asked.append(offsets[PLACE].offset)
        self.asking += 1
        try:
            await self.back.wait()
        finally:
            self.asking -= 1
        self.kept.append(offsets[PLACE].offset)


class FakeOwner(Partitions):
    """Owns partition 0, of which the frames below offset 3 are done; has nothing to finish when it goes."""

    def __init__(self) -> None:
        super().__init__(lambda: Shedder(5.0))
        self.done(self.take(self.assign(0, 0, Caution()), 2))

    async def revoked(self) -> None:
        self.drop()


async def test_a_commit_that_waits_for_the_broker_does_not_outlive_the_hold_on_its_partition(app: FramesApp) -> None:
    kafka, owner = FakeAbsentBroker(), FakeOwner()
    app.owner = owner  # type: ignore[assignment]  # as far as partitions come and go
    replace_thread(app.consumer, kafka)
    due = dict(owner.due())
    waiting = asyncio.create_task(app.consumer.force_commit())
    await until(lambda: kafka.asked == [3])
    behind = asyncio.create_task(app.consumer.commit_now(due))
    await asyncio.sleep(0)
    await app.consumer.on_partitions_revoked(set())
    await until(lambda: not kafka.asking)
    kafka.back.set()
    assert await waiting is False
    assert await behind is False
    assert kafka.asked == [3]
    assert kafka.kept == [], "somebody else may have committed more by now"
    owner.done(owner.take(owner.assign(0, 7, Caution()), 8))
    assert await app.consumer.force_commit() is True
    assert kafka.kept == [9]


async def test_a_fetch_waits_less_while_frames_come(app: FramesApp, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "_fetch_max_wait_ms" in Fetcher._get_actions_per_node.__code__.co_names, "what it reads for each fetch"
    thread = app.consumer._thread
    kafka = SimpleNamespace(_fetch_max_wait_ms=1500, _fetcher=SimpleNamespace())
    found: list[dict[TP, list[bytes]]] = [{PLACE: [b""]}, {}, {}]

    async def fetch(*_: object, **__: object) -> dict[TP, list[bytes]]:
        return found.pop(0)

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetch)
    short, left_out = containments.FETCH_WAIT_MS, {TP(TOPIC, 1)}  # whose frames the stream's buffer has
    for wait_ms, buffered in ((short, set()), (short, left_out), (1500, set())):
        app.consumer._buffered_partitions = buffered
        await thread._fetch_records(kafka, {PLACE}, timeout=1.0, max_records=64)
        assert kafka._fetcher._fetch_max_wait_ms == wait_ms
    thread.thread_loop.close()


async def test_naked_faust_sleeps_while_its_buffer_is_full(app: FramesApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should this fail one day, the containment can go."""
    naked = driver.Consumer(app.transport, never, on_partitions_revoked=never, on_partitions_assigned=never)
    replace_thread(naked, FakeKafkaConsumer(refusals=0))
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(naked, "sleep", sleep)
    naked.on_buffer_full(PLACE)
    await naked._wait_next_records(timeout=1.0)
    assert slept == [1]


async def test_what_was_fetched_is_handed_on_as_soon_as_the_buffer_has_room(
    app: FramesApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer, handed, timeouts = app.consumer, list[int](), set[float]()
    replace_thread(consumer, FakeKafkaConsumer(refusals=0))
    place, other = TP(TOPIC, 0), TP(TOPIC, 1)
    consumer._active_partitions = {place}

    async def getmany(timeout: float) -> AsyncIterator[tuple[TP, SimpleNamespace]]:  # noqa: ASYNC109  # as Faust has it
        timeouts.add(timeout)
        for _ in range(3):
            yield place, SimpleNamespace(partition=0, offset=len(handed))

    async def hand_on(message: SimpleNamespace) -> None:
        handed.append(message.offset)
        if message.offset % 6 == 1:  # in each second fetch
            consumer.on_buffer_full(place)

    monkeypatch.setattr(consumer, "getmany", getmany)
    monkeypatch.setattr(consumer, "callback", hand_on)
    draining = asyncio.create_task(consumer._drain_messages(SimpleNamespace(should_stop=False)))
    for _ in range(20):
        await asyncio.sleep(0)
    assert handed == [0, 1, 2], "the fetch that fills the buffer is handed on, and nothing more"
    consumer.on_buffer_drop(place)
    await until(lambda: len(handed) == 9)
    assert timeouts == {1.0}
    consumer._buffered_partitions.add(other)
    consumer.on_buffer_drop(place)
    await until(lambda: len(handed) > 9)  # one partition is left out
    assert timeouts == {1.0, 0.1}
    draining.cancel()


@pytest.mark.parametrize(("manager", "sleeps"), [(TableManager, [1.0]), (NoTables, [])])
async def test_a_worker_without_tables_sleeps_for_none(
    app: FramesApp, manager: type[TableManager], sleeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(_: TableManager, seconds: float) -> None:
        slept.append(seconds)

    async def start(_: object) -> None:
        pass

    monkeypatch.setattr(manager, "sleep", sleep)
    monkeypatch.setattr(Recovery, "start", start)
    app.consumer = SimpleNamespace(assignment=set, pause_partitions=lambda _: None)
    tables = manager(app)
    await tables.on_start()
    assert slept == sleeps
    assert tables._tables_registered.is_set(), "what the subscription waits for"


@pytest.mark.parametrize("patience", [0.0, 0.05])
async def test_a_record_waits_for_company_as_long_as_the_owner_says(app: FramesApp, patience: float) -> None:
    producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:9", linger_ms=7)
    accumulator = producer._message_accumulator
    place = TopicPartition("results", 0)
    assert accumulator._linger_time == 0.007, "seconds"

    async def send(topic: str, value: bytes, **_: object) -> object:
        return await accumulator.add_message(place, b"gate", value, 1.0)

    producer.send = send
    app.producer = SimpleNamespace(_producer=producer)
    app.owner = cast(Owner, SimpleNamespace(patience=patience))
    acknowledged = asyncio.ensure_future(await app.produce(Record("results", b"gate", b"{}", [])))
    assert accumulator._batches[place][-1]._linger_time == patience
    acknowledged.cancel()
    accumulator._batches.clear()
    producer._closed = True
