"""What a capture worker writes of its cameras: claims, counts and statuses, each under its camera's key."""

from __future__ import annotations

import logging
from threading import Event
from typing import Any, Final

from confluent_kafka import KafkaError

from producers.pump import Pump
from schemas.errors import EnvironmentMissingError
from schemas.messages import CameraStatus, CaptureClaim, CaptureCounts
from schemas.settings import Settings

log = logging.getLogger(__name__)

ROOM: Final = 5_000
"""From so many records under way no more counts are taken: they add up where they are, and none is lost."""
_WARN_S: Final = 10.0


class RecordSink:
    """The producer of a worker's records: never given up, since a lost count would be a hole in the ledger."""

    def __init__(self, settings: Settings) -> None:
        self._names = settings.names
        self._pump = Pump(
            settings,
            "capture-records",
            {
                "linger.ms": 5,
                "message.timeout.ms": 0,
                "queue.buffering.max.messages": 4 * ROOM,
                "partitioner": "murmur2_random",
            },
        )

    @property
    def broken(self) -> bool:
        """Whether the producer can do nothing more."""
        return self._pump.fatal.is_set()

    @property
    def has_room(self) -> bool:
        """Whether the queue takes more counts and statuses."""
        return len(self._pump.producer) < ROOM

    def claim(self, claim: CaptureClaim, stop: Event) -> tuple[int, int] | None:
        """Write a claim and wait for it; its partition and offset, or None when `stop` came first.

        Raises:
            EnvironmentMissingError: Kafka refused it.
        """
        answered = Event()
        place: list[tuple[int, int]] = []
        refused: list[str] = []

        def settle(error: KafkaError | None, record: Any) -> None:  # noqa: ANN401 (a confluent-kafka Message)
            if error is None:
                place.append((record.partition(), record.offset()))
            else:
                refused.append(error.str())
            answered.set()

        self._pump.producer.produce(self._names.captures, claim.to_json(), claim.camera.encode(), on_delivery=settle)
        waited = 0.0
        while not (answered.wait(0.1) or stop.is_set()):
            waited += 0.1
            if waited >= _WARN_S:
                log.warning("claim waits for kafka camera=%s", claim.camera)
                waited = 0.0
        if refused:
            raise EnvironmentMissingError(
                f"topic {self._names.captures}: claim of camera {claim.camera!r}: {refused[0]}; expected to be accepted"
            )
        return place[0] if place else None

    def counts(self, counts: CaptureCounts) -> None:
        """Write counts."""
        self._write(self._names.captures, counts.camera, counts.to_json())

    def status(self, status: CameraStatus) -> None:
        """Write a camera's status; left out when Kafka is away so long that the queue has no room."""
        if self.has_room:
            self._write(self._names.camera_status, status.camera, status.to_json())

    def forget(self, camera: str) -> None:
        """Delete a camera's status."""
        self._write(self._names.camera_status, camera, None)

    def close(self, timeout_s: float) -> int:
        """Wait for records under way; how many are still without an answer."""
        return self._pump.close(timeout_s)

    def _write(self, topic: str, camera: str, value: bytes | None) -> None:
        def settle(error: KafkaError | None, _record: object) -> None:
            if error is not None:
                log.error("record lost topic=%s camera=%s error=%s", topic, camera, error.str())

        try:
            self._pump.producer.produce(topic, value, camera.encode(), on_delivery=settle)
        except BufferError:
            log.error("record lost topic=%s camera=%s error=the queue is full", topic, camera)  # noqa: TRY400
