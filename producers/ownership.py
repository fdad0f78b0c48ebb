"""Which cameras are this worker's: a cooperative consumer group over the topic `cameras`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from producers.connection import reader_config
from producers.desired import DesiredCameras, Farewell
from producers.metrics import CaptureMetrics
from schemas.errors import MessageError
from schemas.messages import Camera
from schemas.settings import Settings

log = logging.getLogger(__name__)

_KEEP_S: Final = 60.0
"""How long the cameras of lost partitions run on. It spans a broker's restart; a worker that is cut off for longer must
not hold connections to cameras that another one has taken over."""

Apply = Callable[[Mapping[str, Camera], Callable[[str], Farewell]], None]

_SESSION_MS: Final = 10_000
"""After so long without a sign of life the cameras of a killed worker are another's."""


class Ownership:
    """A member of the site's capture group; calls `apply` with the cameras to run whenever they change.

    The group only shares out partitions: each is read from its beginning, and no offset is ever committed. Partitions
    are lost when the broker was not heard of for a session: mostly because it is away, and then nobody else has them
    either. So their cameras run on until the group has said whose they are; meanwhile a claim stops whatever another
    worker has taken over. `settled` is told whether the group's word holds.
    """

    def __init__(
        self, settings: Settings, metrics: CaptureMetrics, apply: Apply, settled: Callable[[bool], None]
    ) -> None:
        self._settled = settled
        self._lost: set[int] = set()
        self._lost_at = 0.0
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
        if self._lost and time.monotonic() - self._lost_at > _KEEP_S:
            log.warning("cameras given up partitions=%s: no word from the group", _join(self._lost))
            self._give_up(self._lost, _silent)
            self._lost.clear()
            self._settled(True)
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
        assigned = _numbers(partitions)
        log.info("cameras assigned partitions=%s", _join(assigned))
        self._give_up(self._lost - assigned, _silent)
        for partition in assigned:
            self._desired.assign(partition)
        if self._lost:
            self._lost.clear()
            self._settled(True)
        consumer.incremental_assign([TopicPartition(p.topic, p.partition, OFFSET_BEGINNING) for p in partitions])

    def _on_revoke(self, consumer: Any, partitions: list[TopicPartition]) -> None:  # noqa: ANN401
        log.info("cameras revoked partitions=%s", _join(_numbers(partitions)))
        self._give_up(_numbers(partitions), self._desired.farewell)
        consumer.incremental_unassign(partitions)

    def _on_lost(self, consumer: Any, partitions: list[TopicPartition]) -> None:  # noqa: ANN401
        log.warning("cameras lost partitions=%s: they run on until another has them", _join(_numbers(partitions)))
        self._lost |= _numbers(partitions)
        self._lost_at = time.monotonic()
        self._settled(False)
        consumer.incremental_unassign(partitions)

    def _give_up(self, partitions: Set[int], farewell: Callable[[str], Farewell]) -> None:
        for partition in partitions:
            self._desired.revoke(partition)
        if partitions:
            self._apply(self._desired.cameras(), farewell)


def _silent(_camera: str) -> Farewell:
    return Farewell.SILENT


def _numbers(partitions: Iterable[TopicPartition]) -> set[int]:
    return {partition.partition for partition in partitions}


def _join(partitions: Iterable[int]) -> str:
    return ",".join(str(partition) for partition in sorted(partitions))
