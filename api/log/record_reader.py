"""Fetches single records by their place in a topic, those that lie close together in one go."""

from __future__ import annotations

import time
from typing import Final

from confluent_kafka import KafkaError, Message, TopicPartition

from api.log.kafka import Log, assign, group_free_consumer, remaining
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings

_NEAR: Final = 64
"""Offsets ahead that are read over rather than jumped over: they have been fetched already."""
_GONE: Final = frozenset(
    {
        KafkaError._AUTO_OFFSET_RESET,
        KafkaError.OFFSET_OUT_OF_RANGE,
        KafkaError._PARTITION_EOF,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)


class RecordReader:
    """One consumer that jumps to a place each time; blocking, one caller at a time."""

    def __init__(self, settings: Settings) -> None:
        self._servers = settings.bootstrap_servers
        self._met: set[str] = set()
        self._log: Log | None = None
        self._next = 0
        self._consumer = group_free_consumer(
            settings,
            {
                "auto.offset.reset": "error",  # a place is exact: never another record instead
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 2,
                "fetch.queue.backoff.ms": 1,
                "queued.max.messages.kbytes": 4 * 1024,
            },
        )

    def read(self, log: Log, offset: int, *, deadline: float) -> Message | None:
        """The record at `offset`; None where the log does not have it (any more).

        Raises:
            EnvironmentMissingError: Kafka does not send it by `deadline`, or refuses.
        """
        if log == self._log and self._next <= offset <= self._next + _NEAR:
            message = self._await(log, offset, deadline)
            if message is not None:
                return message
            # The client may have heard of the log's end before the record was written: only a fresh answer counts.
        self._jump(log, offset, deadline)
        return self._await(log, offset, deadline)

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def _await(self, log: Log, offset: int, deadline: float) -> Message | None:
        """The record, when it comes; None when the client says that it will not."""
        while time.monotonic() < deadline:
            message = self._consumer.poll(0.1)
            if message is None or (message.topic(), message.partition()) != log:
                continue
            error = message.error()
            if error is not None:
                self._log = None
                if error.code() in _GONE:
                    return None
                raise EnvironmentMissingError(f"topic {log[0]} partition {log[1]} cannot be read: {error.str()}")
            found: int = message.offset()
            self._next = found + 1
            if found >= offset:
                return message if found == offset else None
        self._log = None
        raise EnvironmentMissingError(
            f"topic {log[0]} partition {log[1]} offset {offset}: Kafka at {self._servers} did not send it in time"
        )

    def _jump(self, log: Log, offset: int, deadline: float) -> None:
        if log[0] in self._met:
            self._consumer.assign([TopicPartition(*log, offset)])
        else:
            assign(self._consumer, {log: offset}, timeout=remaining(deadline))
            self._met.add(log[0])
        self._log, self._next = log, offset
