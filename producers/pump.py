"""A confluent-kafka producer with the thread that serves its delivery reports."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from threading import Event, Thread
from typing import Any, Final

from confluent_kafka import KafkaError, Producer

from producers.connection import client_config
from schemas.settings import Settings

log = logging.getLogger(__name__)

_POLL_S: Final = 0.2
_RELIABLE: Final = {
    "enable.idempotence": True,
    "acks": "all",
    "socket.keepalive.enable": True,
}


class Pump:
    """An idempotent producer that waits for all replicas; `options` are librdkafka's.

    `fatal` is set when the producer can do nothing more, and the process should end.
    """

    def __init__(self, settings: Settings, role: str, options: Mapping[str, Any]) -> None:
        self.fatal = Event()
        self._servers = settings.bootstrap_servers
        self._role = role
        own = {"message.max.bytes": settings.record_limit_bytes, "error_cb": self._trouble}
        self.producer = Producer(client_config(settings, role) | _RELIABLE | own | dict(options))
        self._stop = Event()
        self._thread = Thread(target=self._serve, name="kafka-delivery", daemon=True)
        self._thread.start()

    def close(self, timeout_s: float) -> int:
        """Wait for what is under way; how many records are still without an answer."""
        left = int(self.producer.flush(timeout_s))
        self._stop.set()
        self._thread.join()
        return left

    def _serve(self) -> None:
        while not self._stop.is_set():
            self.producer.poll(_POLL_S)

    def _trouble(self, error: KafkaError) -> None:
        if error.fatal():
            log.error("kafka broken client=%s servers=%s error=%s", self._role, self._servers, error.str())
            self.fatal.set()
        else:
            log.warning("kafka trouble client=%s servers=%s error=%s", self._role, self._servers, error.str())
