"""A small installation as an audit and the API meet it: the records of its topics, written one by one."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from api.audit.auditor import Auditor
from schemas.catalogue.builtin import OBJECT_DETECTION
from schemas.ledger import Balance
from schemas.messages import (
    CaptureCounts,
    DeadLetter,
    Detection,
    FrameAddress,
    FrameInfo,
    FrameReference,
    Message,
    ModelReference,
    PartitionRanges,
    RawHeaders,
    Result,
    Skip,
    SkippedFrames,
    SkipReason,
    StageTimings,
)
from schemas.settings import Settings
from tests.integration.streaming_kit import ORDERED

MODEL = OBJECT_DETECTION.name
PARTITIONS = 2
"""Of the topic's partitions, those that the world writes to."""
JPEG = b"\xff\xd8\xff\xe0 a picture as far as the API cares \xff\xd9"
T0 = datetime(2026, 1, 31, 12, tzinfo=UTC)


class World:
    """Writes to the topics of one installation, as capture and one model's workers do."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.names = settings.names
        quiet = {**settings.librdkafka(), "log_level": 2}
        self._admin = AdminClient(quiet)
        self._producer = Producer({**quiet, "linger.ms": 0, **ORDERED})

    def put(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: str | None = None,
        partition: int = 0,
        headers: RawHeaders | None = None,
    ) -> int:
        """Write one record and wait for it; returns its offset."""
        offsets: list[int] = []

        def delivered(error: Any, message: Any) -> None:
            assert error is None, error
            offsets.append(message.offset())

        self._producer.produce(
            topic, value, key=key, partition=partition, headers=list(headers or ()), on_delivery=delivered
        )
        assert self._producer.flush(30) == 0
        return offsets[0]

    def message(self, topic: str, message: Message, *, key: str | None = None, partition: int = 0) -> int:
        headers = message.headers() if isinstance(message, Result) else None
        return self.put(topic, message.to_json(), key=key, partition=partition, headers=headers)

    def frame(self, camera: str, seq: int, *, partition: int = 0, value: bytes = JPEG) -> FrameAddress:
        info = frame_info(camera, seq)
        offset = self.put(self.names.frames(MODEL), value, key=camera, partition=partition, headers=info.encode())
        return FrameAddress(MODEL, partition, offset)

    def frames(self, camera: str, count: int, *, partition: int = 0, first_seq: int = 0) -> list[FrameAddress]:
        return [self.frame(camera, first_seq + number, partition=partition) for number in range(count)]

    def result(self, camera: str, address: FrameAddress, *detections: Detection, seq: int = 0) -> Result:
        result = make_result(camera, address, *detections, seq=seq)
        self.message(self.names.results(MODEL), result, key=camera, partition=address.offset % PARTITIONS)
        return result

    def results(self, camera: str, addresses: Iterable[FrameAddress], *detections: Detection) -> None:
        """Many results in one partition, quickly."""
        for address in addresses:
            result = make_result(camera, address, *detections)
            topic = self.names.results(MODEL)
            self._producer.produce(topic, result.to_json(), key=camera, partition=0, headers=result.headers())
            self._producer.poll(0)
        assert self._producer.flush(30) == 0

    def write_results(self, camera: str, addresses: Iterable[FrameAddress]) -> None:
        """Results of several models, each in the partition that its frame has."""
        for address in addresses:
            result, topic = make_result(camera, address), self.names.results(address.model)
            self._producer.produce(
                topic, result.to_json(), key=camera, partition=address.partition, headers=result.headers()
            )
            self._producer.poll(0)
        assert self._producer.flush(30) == 0

    def settle_clock(self) -> None:
        """Let the broker's next record have a later time than those that are there."""
        now = time.time_ns() // 1_000_000
        wait_for(lambda: time.time_ns() // 1_000_000 > now + 1, seconds=1)

    def dead_letter(self, camera: str, address: FrameAddress) -> None:
        letter = DeadLetter(address=address, error="NotJpegError", message="text")
        self.put(self.names.dead_letters, b"not a picture", key=camera, headers=letter.encode())

    def skip(self, reason: SkipReason, camera: str | None, addresses: Iterable[FrameAddress]) -> None:
        skip = Skip(
            model=MODEL, reason=reason, time=T0, skipped=(SkippedFrames(camera=camera, frames=ranges(addresses)),)
        )
        self.message(self.names.skips, skip, key=MODEL)

    def counts(self, camera: str, addresses: Iterable[FrameAddress], **fields: Any) -> None:
        delivered = ranges(addresses)
        known = {"model": MODEL, "run": 0, "time": T0, "first_seq": 0, "next_seq": sum(one.count for one in delivered)}
        counts = CaptureCounts(camera=camera, delivered=delivered, **known | fields)
        self.message(self.names.captures, counts, key=camera, partition=sum(camera.encode()) % 2)

    def commit(self, offsets: Mapping[int, int], *, model: str = MODEL) -> None:
        """Commit as the inference group, by partition."""
        consumer = Consumer({**self.settings.librdkafka(), "group.id": self.names.inference_group(model)})
        topic = self.names.frames(model)
        entries = [TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]
        committed = consumer.commit(offsets=entries, asynchronous=False)
        assert all(entry.error is None for entry in committed)
        consumer.close()

    def delete_frames_below(self, offset: int, *, partition: int = 0, model: str = MODEL) -> None:
        """What retention does, now."""
        self.delete_below(self.names.frames(model), offset, partition=partition)

    def delete_below(self, topic: str, offset: int, *, partition: int = 0) -> None:
        """What retention does to any topic."""
        entry = TopicPartition(topic, partition, offset)
        for future in self._admin.delete_records([entry]).values():
            future.result(timeout=30)


def recreate(settings: Settings, topic: str, *, partitions: int = 4) -> None:
    """Delete a topic and make it anew, as an operator may: its offsets begin at 0 again."""
    admin = AdminClient({**settings.librdkafka(), "log_level": 2})
    config = {"message.timestamp.type": "LogAppendTime"}

    def identity() -> str | None:
        try:
            return str(admin.describe_topics(TopicCollection([topic]))[topic].result(10).topic_id)
        except KafkaException:  # it is not there
            return None

    def is_made() -> bool:
        try:
            admin.create_topics([NewTopic(topic, partitions, 1, config=config)])[topic].result(10)
        except KafkaException:  # its deletion is under way
            return False
        return True

    old = identity()
    admin.delete_topics([topic])[topic].result(10)
    wait_for(is_made)
    wait_for(lambda: identity() not in (None, old))


def ranges(addresses: Iterable[FrameAddress]) -> tuple[PartitionRanges, ...]:
    by_partition: dict[int, list[int]] = {}
    for address in addresses:
        by_partition.setdefault(address.partition, []).append(address.offset)
    return tuple(PartitionRanges.of(partition, offsets) for partition, offsets in sorted(by_partition.items()))


def frame_info(camera: str, seq: int) -> FrameInfo:
    return FrameInfo(model=MODEL, camera=camera, site="default", run=0, seq=seq, captured_at=T0, width=640, height=360)


def make_result(camera: str, address: FrameAddress, *detections: Detection, seq: int = 0) -> Result:
    return Result(
        frame=FrameReference.of(frame_info(camera, seq), address),
        model=ModelReference(name=address.model, version="0123456789abcdef", precision="f32", device="CPU"),
        detections=detections,
        stages=StageTimings(wait=0.001, decode=0.002, infer=0.01, outputs=0.001),
        inferred_at=T0,
    )


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def wait_for(condition: Any, *, seconds: float = 15.0) -> Any:
    """What `condition()` gives as soon as that is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"nothing after {seconds} s")


def audited(auditor: Auditor) -> Balance:
    """Where every frame is now."""
    auditor.refresh(deadline_s=30)
    return auditor.balance()
