"""A million frames as the topics know them: real records on a real broker, written as fast as it takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, Producer, TopicPartition

from schemas.catalogue.builtin import OBJECT_DETECTION
from schemas.messages import (
    CaptureCounts,
    DeadLetter,
    FrameAddress,
    PartitionRanges,
    Skip,
    SkippedFrames,
    SkipReason,
)
from schemas.names import Header
from schemas.settings import Settings
from tests.integration.api_world import T0, frame_info, make_result

MODEL: Final = OBJECT_DETECTION.name
PARTITIONS: Final = 4
CAMERAS: Final = ("gate", "yard", "hall", "roof")
SECOND: Final = 100
"""Frames that one record of `captures` counts."""
HUNDRED: Final = 100
"""Of so many frames of a partition the last is dead and the one before it stale; all others are inferred."""


AnyHeaders = Sequence[tuple[str, bytes | None]]


class Writer:
    """Writes and never waits, until the end."""

    def __init__(self, settings: Settings) -> None:
        self._producer = Producer(
            {
                **settings.librdkafka(),
                "enable.idempotence": True,
                "linger.ms": 20,
                "batch.size": 1_000_000,
                "queue.buffering.max.messages": 500_000,
                "queue.buffering.max.kbytes": 256 * 1024,
            }
        )

    def put(self, topic: str, value: bytes, **options: Any) -> None:
        while True:
            try:
                self._producer.produce(topic, value, **options)
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def close(self) -> None:
        assert self._producer.flush(120) == 0


def write(settings: Settings, frames: int) -> None:
    """`frames` frames of four cameras, spread over the partitions, counted, with an outcome each, and committed."""
    writer, names = Writer(settings), settings.names
    each = frames // PARTITIONS
    value, headers = b"\xff\xd8" + bytes(60) + b"\xff\xd9", frame_info("gate", 0).encode()
    topic = names.frames(MODEL)
    for _ in range(each):
        for partition in range(PARTITIONS):
            writer.put(topic, value, partition=partition, headers=headers)
    for counts in _captures(each):
        writer.put(names.captures, counts.to_json(), key=counts.camera.encode())
    _write_outcomes(writer, settings, each)
    writer.close()
    consumer = Consumer({**settings.librdkafka(), "group.id": names.inference_group(MODEL)})
    consumer.commit(offsets=[TopicPartition(topic, number, each) for number in range(PARTITIONS)], asynchronous=False)
    consumer.close()


def _captures(each: int) -> Iterator[CaptureCounts]:
    """Camera by camera in turn has one offset in four of each partition: as cameras share partitions in life."""
    share = SECOND // PARTITIONS
    for index in range(0, each // len(CAMERAS), share):
        for number, camera in enumerate(CAMERAS):
            offsets = [
                number + len(CAMERAS) * place for place in range(index, min(index + share, each // len(CAMERAS)))
            ]
            delivered = tuple(PartitionRanges.of(partition, offsets) for partition in range(PARTITIONS))
            first = PARTITIONS * index
            after = first + PARTITIONS * len(offsets)
            yield CaptureCounts(
                camera=camera, model=MODEL, run=0, time=T0, first_seq=first, next_seq=after, delivered=delivered
            )


def _write_outcomes(writer: Writer, settings: Settings, each: int) -> None:
    names = settings.names
    result = make_result("gate", FrameAddress(MODEL, 0, 0))
    value = result.to_json()
    headers_of = _with_address(result.headers())
    dead_of = _with_address(
        DeadLetter(FrameAddress(MODEL, 0, 0), "NotJpegError", "the value is no JPEG", original=()).encode()
    )
    results, letters = names.results(MODEL), names.dead_letters
    stale: dict[int, list[int]] = {partition: [] for partition in range(PARTITIONS)}
    for offset in range(each):
        key = CAMERAS[offset % len(CAMERAS)].encode()
        for partition in range(PARTITIONS):
            kind = offset % HUNDRED
            if kind == HUNDRED - 1:
                writer.put(letters, b"no JPEG", key=key, headers=dead_of(partition, offset))
            elif kind == HUNDRED - 2:
                stale[partition].append(offset)
            else:
                writer.put(results, value, key=key, headers=headers_of(partition, offset))
    for partition, offsets in stale.items():
        for begin in range(0, len(offsets), 1000):
            frames = (PartitionRanges.of(partition, offsets[begin : begin + 1000]),)
            skip = Skip(
                model=MODEL,
                reason=SkipReason.STALE,
                time=T0,
                skipped=(SkippedFrames(camera=None, frames=frames),),
            )
            writer.put(names.skips, skip.to_json(), key=MODEL.encode())


def _with_address(headers: AnyHeaders) -> Callable[[int, int], AnyHeaders]:
    """The same headers for another address: quicker than a message for each."""
    own = [name in (Header.ID, Header.ADDRESS) for name, _ in headers]

    def make(partition: int, offset: int) -> AnyHeaders:
        address = b"%s/%d/%d" % (MODEL.encode(), partition, offset)
        return [(name, address if mine else text) for (name, text), mine in zip(headers, own, strict=True)]

    return make
