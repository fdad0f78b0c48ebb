"""What the streaming tests share: frames into a topic, worker processes, and what came out of them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.protocol.group import LeaveGroupRequest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from api.log.groups import describe_groups
from schemas.ledger import Outcome
from schemas.messages import (
    FrameAddress,
    FrameInfo,
    Headers,
    Lane,
    Skip,
    SkipReason,
    address_from_headers,
    decode_dead_letter,
)
from schemas.messages.dead_letter import DeadLetter
from schemas.settings import Settings
from tests.streaming_worker import with_mood

MODEL = "object-detection"
ORDERED = {"max.in.flight.requests.per.connection": 1}
"""For a producer whose records must stand in the log as they were sent: none overtakes one that is tried again."""
RUNNER = Path(__file__).parents[1] / "streaming_worker.py"


def jpeg(mood: str = "") -> bytes:
    """A small real JPEG of 64 × 48 pixels."""
    done, buffer = cv2.imencode(".jpg", np.full((48, 64, 3), 127, np.uint8))
    assert done
    return with_mood(buffer.tobytes(), mood) if mood else buffer.tobytes()


def info(seq: int, camera: str = "gate", lane: Lane = Lane.BATCH, model: str = MODEL) -> FrameInfo:
    return FrameInfo(model, camera, "default", 1, seq, datetime.now(UTC), 64, 48, lane)


def wait_until(condition: Callable[[], bool], *, deadline_s: float, what: str) -> None:
    """Wait for a condition, looking often."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {deadline_s} s")
        time.sleep(0.05)


@dataclass
class Frames:
    """Writes frames and knows where each of them is."""

    settings: Settings
    partitions: int = 4
    sent: list[FrameAddress] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._producer = Producer(
            {**self.settings.librdkafka(), "linger.ms": 2, "message.max.bytes": 4_000_000, **ORDERED}
        )
        self._seq = 0

    def put(self, value: bytes | None = None, headers: Headers | None = None, *, partition: int | None = None) -> None:
        """Send one frame; without arguments a good one, to the next partition."""
        number = self._seq % self.partitions if partition is None else partition
        self._producer.produce(
            self.settings.names.frames(MODEL),
            jpeg() if value is None else value or None,
            b"gate",
            number,
            headers=headers if headers is not None else info(self._seq).encode(),
            on_delivery=self._delivered,
        )
        self._seq += 1

    def put_many(self, count: int, lane: Lane = Lane.BATCH) -> None:
        """Send good frames round robin."""
        value = jpeg()
        for _ in range(count):
            self.put(value, info(self._seq, lane=lane).encode())
        self.flush()

    def flush(self) -> None:
        """Wait until the broker has all of them."""
        assert self._producer.flush(20) == 0

    def _delivered(self, error: object, message: object) -> None:
        assert error is None, error
        self.sent.append(FrameAddress(MODEL, message.partition(), message.offset()))  # type: ignore[attr-defined]


class Outcomes:
    """Reads every outcome of one model from the beginning; counts by address and outcome."""

    def __init__(self, settings: Settings) -> None:
        self._names = settings.names
        self._consumer = Consumer({**settings.librdkafka(), "group.id": "unused", "enable.auto.commit": False})
        topics = (self._names.results(MODEL), self._names.skips, self._names.dead_letters)
        listed = self._consumer.list_topics(timeout=10).topics
        self._consumer.assign([TopicPartition(topic, p, 0) for topic in topics for p in listed[topic].partitions])
        self.counts: dict[Outcome, Counter[FrameAddress]] = {outcome: Counter() for outcome in Outcome}
        self.order: list[tuple[FrameAddress, Outcome]] = []
        self.letters: dict[FrameAddress, tuple[DeadLetter, bytes | None]] = {}
        self.values: list[bytes] = []

    def read(self) -> None:
        """Take in what is there, until nothing more comes."""
        while self._read_some():
            pass

    def _read_some(self) -> bool:
        messages = self._consumer.consume(100, timeout=0.2)
        for message in messages:
            assert message.error() is None, message.error()
            self._take(message)
        return bool(messages)

    def _take(self, message: object) -> None:
        topic, headers, value = message.topic(), message.headers(), message.value()  # type: ignore[attr-defined]
        if topic == self._names.skips:
            skip = Skip.from_json(value)
            for entry in skip.skipped:
                for ranges in entry.frames:
                    for offset in ranges.offsets():
                        self._add(FrameAddress(MODEL, ranges.partition, offset), Outcome[SkipReason(skip.reason).name])
            return
        address = address_from_headers(headers)
        if topic == self._names.dead_letters:
            self.letters[address] = (decode_dead_letter(headers), value)
            self._add(address, Outcome.DEAD)
        else:
            self.values.append(value)
            self._add(address, Outcome.INFERRED)

    def _add(self, address: FrameAddress, outcome: Outcome) -> None:
        self.counts[outcome][address] += 1
        self.order.append((address, outcome))

    @property
    def known(self) -> set[FrameAddress]:
        """Every address with an outcome."""
        return {address for counter in self.counts.values() for address in counter}

    @property
    def repeats(self) -> int:
        """Outcomes beyond the first of each frame."""
        return sum(sum(counter.values()) for counter in self.counts.values()) - len(self.known)

    def wait_for(self, addresses: list[FrameAddress], *, deadline_s: float) -> None:
        """Wait until each of these frames has an outcome."""

        def complete() -> bool:
            self._read_some()
            return set(addresses) <= self.known

        try:
            wait_until(complete, deadline_s=deadline_s, what="outcomes")
        except AssertionError as error:
            missing = sorted(set(addresses) - self.known)
            raise AssertionError(f"{error}; {len(missing)} missing, as {missing[:5]}") from None

    def close(self) -> None:
        self._consumer.close()


class WorkerProcess:
    """One worker process; its log is kept for the assertion messages."""

    def __init__(self, settings: Settings, log: Path, **options: float | str) -> None:
        self._log = log
        arguments = [item for name, value in options.items() for item in (f"--{name.replace('_', '-')}", str(value))]
        command = [sys.executable, str(RUNNER), "--bootstrap", settings.bootstrap_servers, "--prefix", settings.prefix]
        with log.open("ab") as stderr:
            self.process = subprocess.Popen([*command, *arguments], stderr=stderr, env=_environment())

    @property
    def text(self) -> str:
        return self._log.read_text()

    def wait_assigned(self, deadline_s: float = 30.0) -> None:
        wait_until(lambda: "partitions assigned" in self.text, deadline_s=deadline_s, what="assignment")

    def terminate(self, deadline_s: float = 20.0) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(deadline_s)

    def kill(self) -> None:
        """SIGKILL: the group misses the worker when its session ends."""
        self.process.kill()
        self.process.wait(10)


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    return {**os.environ, "PYTHONPATH": root}


@contextmanager
def workers(settings: Settings, folder: Path) -> Iterator[Callable[..., WorkerProcess]]:
    """Starts worker processes, and ends those that the test has not."""
    started: list[WorkerProcess] = []

    def start(at: Settings = settings, **options: float | str) -> WorkerProcess:
        worker = WorkerProcess(at, folder / f"worker-{len(started)}.log", **options)
        started.append(worker)
        return worker

    try:
        yield start
    finally:
        for worker in started:
            if worker.process.poll() is None:
                worker.kill()


def committed(settings: Settings, model: str = MODEL) -> dict[int, int]:
    """The group's committed offsets by partition.

    Through a consumer that never joins; `api.log.groups` says why.
    """
    topic = settings.names.frames(model)
    reader = Consumer({**settings.librdkafka(), "group.id": settings.names.inference_group(model)})
    try:
        partitions = reader.list_topics(topic, timeout=10).topics[topic].partitions
        places = reader.committed([TopicPartition(topic, number) for number in partitions], timeout=10)
    finally:
        reader.close()
    return {place.partition: place.offset for place in places if place.error is None and place.offset >= 0}


def evict(settings: Settings, model: str = MODEL) -> None:
    """Make the group's dead members leave, so that a test need not wait for the end of their session."""
    group = settings.names.inference_group(model)
    admin = AdminClient(settings.librdkafka())
    members = describe_groups(admin, [group], timeout=10)[group].members

    async def leave() -> None:
        client = AIOKafkaClient(bootstrap_servers=settings.bootstrap_servers)
        try:
            await client.bootstrap()
            node = await client.coordinator_lookup(CoordinationType.GROUP, group)
            assert await client.ready(node, group=ConnectionGroup.COORDINATION)
            for member in members:
                request = LeaveGroupRequest(group, member)
                await client.send(node, request, group=ConnectionGroup.COORDINATION)
        finally:
            await client.close()

    asyncio.run(leave())


def log_ends(settings: Settings, partitions: int = 4) -> dict[int, int]:
    """One above the last offset, by partition of the frames topic."""
    admin = AdminClient(settings.librdkafka())
    topic = settings.names.frames(MODEL)
    wanted = {TopicPartition(topic, number): OffsetSpec.latest() for number in range(partitions)}
    return {place.partition: future.result(10).offset for place, future in admin.list_offsets(wanted).items()}


def wait_committed(settings: Settings, *, deadline_s: float = 20.0) -> None:
    """Wait until the group has committed up to the end of every partition."""
    ends = log_ends(settings)
    found: dict[int, int] = {}

    def reached() -> bool:
        found.update(committed(settings))
        return found == ends

    try:
        wait_until(reached, deadline_s=deadline_s, what="commits up to the log's ends")
    except AssertionError as error:
        raise AssertionError(f"{error}: committed {found}, ends {ends}") from None
