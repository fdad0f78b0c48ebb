"""Reads what is no longer in memory from Kafka, for streams that are resumed: a little at a time, one at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition
from starlette.concurrency import run_in_threadpool

from api.log.kafka import Log, Offsets, assign, group_free_consumer
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings

_BATCH_BYTES: Final = 128 * 1024
"""Each client that resumes has at most so much of the log in memory, or one record."""
_BATCH: Final = 250
_ANSWER_S: Final = 5.0
_FETCH: Final[dict[str, str | float]] = {
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 20,  # all of it is there: nobody waits for more
    "message.max.bytes": _BATCH_BYTES,  # only so that fetch.max.bytes may be small; larger records still come
    "fetch.max.bytes": _BATCH_BYTES,
    "max.partition.fetch.bytes": _BATCH_BYTES,
    "queued.max.messages.kbytes": 1024,
    "fetch.queue.backoff.ms": 1,
}


@dataclass(slots=True)
class Batch:
    """Records in the order of each partition, where each began and goes on, and what its log did not have any more."""

    messages: list[Message] = field(default_factory=list)
    begin: dict[Log, int] = field(default_factory=dict)
    next: dict[Log, int] = field(default_factory=dict)
    lost: dict[Log, tuple[int, int]] = field(default_factory=dict)


class History:
    """One consumer for all who resume: they take turns, batch by batch, and no turn waits for a client."""

    def __init__(self, settings: Settings) -> None:
        self.turn = asyncio.Lock()
        """Held while a batch is read and made into events."""
        self.names = settings.names
        self._settings = settings
        self._offsets: Offsets | None = None
        self._consumer: Consumer | None = None
        self._met: set[str] = set()

    async def read(self, begin: Mapping[Log, int], end: Mapping[Log, int]) -> Batch:
        """The next records from `begin` on, below `end`; below nothing: from the first that the log has.

        Raises:
            EnvironmentMissingError: Kafka gives no answer.
        """
        return await run_in_threadpool(self._read, begin, end)

    async def ends(self, logs: Iterable[Log]) -> dict[Log, int]:
        """One above the last offset of each log; those that do not exist are left out.

        Raises:
            EnvironmentMissingError: Kafka gives no answer.
        """
        return await run_in_threadpool(self._ends, list(logs))

    def close(self) -> None:
        """Leave the broker."""
        if self._consumer:
            self._consumer.close()

    def _ends(self, logs: list[Log]) -> dict[Log, int]:
        deadline = time.monotonic() + _ANSWER_S
        offsets = self._asked()
        counts = offsets.partitions({topic for topic, _ in logs}, deadline=deadline)
        return offsets.ends([log for log in logs if log[1] < counts.get(log[0], 0)], deadline=deadline)

    def _asked(self) -> Offsets:
        if self._offsets is None:
            self._offsets = Offsets(self._settings)
        return self._offsets

    def _read(self, begin: Mapping[Log, int], end: Mapping[Log, int]) -> Batch:
        deadline = time.monotonic() + _ANSWER_S
        batch = Batch()
        starts = self._asked().starts(begin, deadline=deadline)
        for log, offset in begin.items():
            if 0 <= offset < starts[log]:
                batch.lost[log] = (offset, starts[log])
            batch.begin[log] = batch.next[log] = max(offset, starts[log])
        behind = {log for log in begin if batch.next[log] < end[log]}
        if behind:
            self._fetch(batch, behind, end, deadline)
        return batch

    def _fetch(self, batch: Batch, behind: set[Log], end: Mapping[Log, int], deadline: float) -> None:
        consumer = self._at({log: batch.next[log] for log in behind})
        jumps: dict[Log, tuple[int, int]] = {}
        size = 0
        try:
            while behind and size < _BATCH_BYTES and len(batch.messages) < _BATCH:
                message = consumer.poll(0.0 if batch.messages else 0.1)
                if message is not None:
                    size += _take(message, batch, behind, end=end, jumps=jumps)
                elif batch.messages:
                    break  # what has come so far is worth sending
                elif time.monotonic() > deadline:
                    raise EnvironmentMissingError("Kafka did not send the results that came before: try again")
        finally:
            consumer.unassign()
        # Either these offsets are no records, or retention has taken them since we asked.
        for log, start in self._asked().starts(jumps, deadline=deadline).items():
            begin, behind_it = jumps[log]
            if start > begin:
                batch.lost[log] = (batch.lost.get(log, (begin,))[0], behind_it)

    def _at(self, positions: Mapping[Log, int]) -> Consumer:
        if self._consumer is None:
            self._consumer = group_free_consumer(self._settings, _FETCH)
        topics = {topic for topic, _ in positions}
        if topics <= self._met:
            self._consumer.assign([TopicPartition(*log, offset) for log, offset in sorted(positions.items())])
        else:
            assign(self._consumer, positions, timeout=1.0)
            self._met |= topics
        return self._consumer


def _take(
    message: Message, batch: Batch, behind: set[Log], *, end: Mapping[Log, int], jumps: dict[Log, tuple[int, int]]
) -> int:
    """Put a message into the batch, if it belongs there; its size in bytes."""
    log = (message.topic(), message.partition())
    if log not in behind:
        return 0
    error, offset = message.error(), message.offset()
    if error is not None and error.code() != KafkaError._PARTITION_EOF:
        raise EnvironmentMissingError(f"topic {log[0]} partition {log[1]} cannot be read: {error.str()}")
    if error is not None or offset >= end[log]:
        batch.next[log] = end[log]  # the last offsets before it are no records
        behind.discard(log)
        return 0
    if offset > batch.next[log]:
        jumps.setdefault(log, (batch.next[log], offset))
    batch.next[log] = offset + 1
    if batch.next[log] >= end[log]:
        behind.discard(log)
    batch.messages.append(message)
    return len(message.value() or b"")
