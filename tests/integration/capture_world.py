"""What the capture tests share: capture workers as processes, and readers of what they wrote."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from prometheus_client import CollectorRegistry

from producers.clock import utc_now
from producers.connection import reader_config
from producers.fence import Fence
from producers.metrics import CaptureMetrics
from producers.records import RecordSink
from producers.sink import FrameSink
from producers.topics import Topics
from producers.worker import Worker
from schemas.catalogue import Catalogue
from schemas.ledger.captures import RunTotals
from schemas.messages import (
    CameraStatus,
    CaptureClaim,
    CaptureCounts,
    FrameAddress,
    FrameInfo,
    decode_capture,
    decode_frame_headers,
)
from schemas.settings import Settings

DEADLINE_S = 40.0


def eventually(condition: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
    """The first true answer of `condition`; fails the test when none came in time."""
    deadline = time.monotonic() + deadline_s
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {deadline_s:g} s: {what}")


@dataclass
class CaptureWorker:
    """A running `framebus run capture`; its log goes to `log`."""

    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> float:
        """SIGTERM; the seconds that the worker took to leave with exit code 0."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, self.log.read_text()
        return time.monotonic() - started

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def says(self, text: str, deadline_s: float = DEADLINE_S) -> None:
        eventually(lambda: text in self.log.read_text(), f"{text!r} in the worker's log", deadline_s)


@contextmanager
def capture_worker(settings: Settings, directory: Path) -> Iterator[CaptureWorker]:
    """A capture worker with `settings`, ended at the latest with the block."""
    given = settings.model_dump(mode="json", exclude_defaults=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FRAMEBUS_")}
    environment |= {f"FRAMEBUS_{name.upper()}": str(value) for name, value in given.items()}
    log = directory / f"capture-{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "deploy.cli", "run", "capture"], env=environment, stderr=output
        )
        try:
            yield CaptureWorker(process, log)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(10)


@contextmanager
def worker_here(
    settings: Settings,
    frames: FrameSink,
    *,
    registry: CollectorRegistry | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Iterator[Worker]:
    """What the cameras of a worker in this process share; `frames` is closed by whoever made it."""
    records, fence = RecordSink(settings), Fence(settings)
    try:
        yield Worker(
            settings=settings,
            catalogue=Catalogue(),
            owner="here-1",
            frames=frames,
            records=records,
            topics=Topics(settings),
            fence=fence,
            metrics=CaptureMetrics(registry or CollectorRegistry()),
            now=now,
        )
    finally:
        fence.close()
        assert records.close(5) == 0


def read_topic(settings: Settings, topic: str) -> list[Any]:
    """Every record of `topic` up to its present end, partition by partition in the order of offsets."""
    consumer = Consumer(reader_config(settings, "test") | {"fetch.wait.max.ms": 10})
    try:
        partitions = len(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(partitions)])
        records: list[Any] = []
        ended: set[int] = set()
        while len(ended) < partitions:
            record = consumer.poll(10)
            assert record is not None, f"{topic} does not end"
            if record.error() is None:
                records.append(record)
            else:
                assert record.error().code() == KafkaError._PARTITION_EOF, record.error()
                ended.add(record.partition())
        return sorted(records, key=lambda record: (record.partition(), record.offset()))
    finally:
        consumer.close()


@dataclass
class Frames:
    """Frames of one model as they stand in the log: address, headers, record."""

    addresses: dict[FrameAddress, FrameInfo] = field(default_factory=dict)
    records: dict[FrameAddress, Any] = field(default_factory=dict)

    def of(self, camera: str, run: int | None = None) -> dict[FrameAddress, FrameInfo]:
        return {
            address: info
            for address, info in self.addresses.items()
            if info.camera == camera and run in (None, info.run)
        }


def read_frames(settings: Settings, model: str) -> Frames:
    frames = Frames()
    for record in read_topic(settings, settings.names.frames(model)):
        address = FrameAddress(model, record.partition(), record.offset())
        frames.addresses[address] = decode_frame_headers(record.headers())
        frames.records[address] = record
    return frames


@dataclass
class Captures:
    """What `captures` says: totals and delivered addresses by (camera, model, run), and claims by camera."""

    totals: dict[tuple[str, str, int], RunTotals] = field(default_factory=lambda: defaultdict(RunTotals))
    delivered: dict[tuple[str, str, int], set[FrameAddress]] = field(default_factory=lambda: defaultdict(set))
    claims: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


def read_captures(settings: Settings) -> Captures:
    captures = Captures()
    for record in read_topic(settings, settings.names.captures):
        message = decode_capture(record.value())
        assert record.key().decode() == message.camera
        if isinstance(message, CaptureClaim):
            captures.claims[message.camera].append(record.offset())
            continue
        assert isinstance(message, CaptureCounts)
        key = (message.camera, message.model, message.run)
        captures.totals[key].add(message)
        for entry in message.delivered:
            addresses = {FrameAddress(message.model, entry.partition, offset) for offset in entry.offsets()}
            assert not addresses & captures.delivered[key], "an offset was delivered twice"
            captures.delivered[key] |= addresses
    return captures


def read_statuses(settings: Settings) -> dict[str, CameraStatus | None]:
    """The newest status of each camera; None where it was deleted."""
    return {
        record.key().decode(): CameraStatus.from_json(record.value()) if record.value() else None
        for record in read_topic(settings, settings.names.camera_status)
    }
