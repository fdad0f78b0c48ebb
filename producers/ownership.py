"""Which cameras are this worker's: a cooperative consumer group over the topic `cameras`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from producers.connection import reader_config
from producers.desired import DesiredCameras, Farewell
from producers.metrics import CaptureMetrics
from schemas.errors import MessageError
from schemas.messages import Camera
from schemas.settings import Settings

log = logging.getLogger(__name__)

Apply = Callable[[Mapping[str, Camera], Callable[[str], Farewell]], None]

_SESSION_MS: Final = 10_000
"""After so long without a sign of life the cameras of a killed worker are another's."""


class Ownership:
    """A member of the site's capture group; calls `apply` with the cameras to run whenever they change.

    The group only shares out partitions: each is read from its beginning, and no offset is ever committed.
    """

    def __init__(self, settings: Settings, metrics: CaptureMetrics, apply: Apply) -> None:
        self._desired = DesiredCameras(settings.site)
        self._metrics = metrics
        self._apply = apply
        self._consumer = Consumer(
            reader_config(settings, "capture")
            | {
                "group.id": settings.names.capture_group(settings.site),
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": _SESSION_MS,
                "heartbeat.interval.ms": 2_000,
                "fetch.wait.max.ms": 250,
            }
        )
        self._consumer.subscribe(
            [settings.names.cameras],
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )

    def poll(self, timeout_s: float) -> None:
        """Take in what came within `timeout_s`."""
        record = self._consumer.poll(timeout_s)
        if record is None:
            return
        error = record.error()
        if error is None:
            self._take(record)
        elif error.code() == KafkaError._PARTITION_EOF:
            self._desired.end(record.partition())
            self._apply(self._desired.cameras(), self._desired.farewell)
        else:
            log.warning("cameras not read error=%s", error.str())
            self._metrics.error("KafkaError")

    def close(self) -> None:
        """Leave the group: its other members take over at once."""
        self._consumer.close()

    def _take(self, record: Any) -> None:  # noqa: ANN401 (a confluent-kafka Message)
        try:
            self._desired.record(record.partition(), record.key(), record.value())
        except MessageError as error:
            log.error(  # noqa: TRY400 (the message says it all)
                "camera ignored topic=%s partition=%d offset=%d error=%s",
                record.topic(),
                record.partition(),
                record.offset(),
                error,
            )
            self._metrics.error(type(error).__name__)

    def _on_assign(self, consumer: Any, partitions: list[TopicPartition]) -> None:  # noqa: ANN401
        log.info("cameras assigned partitions=%s", _numbers(partitions))
        for partition in partitions:
            self._desired.assign(partition.partition)
        consumer.incremental_assign([TopicPartition(p.topic, p.partition, OFFSET_BEGINNING) for p in partitions])

    def _on_revoke(self, consumer: Any, partitions: list[TopicPartition]) -> None:  # noqa: ANN401
        log.info("cameras revoked partitions=%s", _numbers(partitions))
        self._give_up(consumer, partitions, self._desired.farewell)

    def _on_lost(self, consumer: Any, partitions: list[TopicPartition]) -> None:  # noqa: ANN401
        log.warning("cameras lost partitions=%s: another worker has them", _numbers(partitions))
        self._give_up(consumer, partitions, lambda _camera: Farewell.SILENT)

    def _give_up(
        self,
        consumer: Any,  # noqa: ANN401
        partitions: list[TopicPartition],
        farewell: Callable[[str], Farewell],
    ) -> None:
        for partition in partitions:
            self._desired.revoke(partition.partition)
        self._apply(self._desired.cameras(), farewell)
        consumer.incremental_unassign(partitions)


def _numbers(partitions: list[TopicPartition]) -> str:
    return ",".join(str(partition.partition) for partition in partitions)
