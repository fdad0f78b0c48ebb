"""A confluent-kafka producer with the thread that serves its delivery reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event, Thread
from typing import Any, Final

from confluent_kafka import Producer

from producers.connection import Troubles, client_config
from schemas.settings import Settings

_POLL_S: Final = 0.2
_GATHER_S: Final = 0.05
"""How long delivery reports gather: a thread that wakes for each one costs more than what it then does. A trace's span
ends with its report, so where there are traces each is taken at once."""
_RELIABLE: Final = {
    "enable.idempotence": True,
    "acks": "all",
    "socket.keepalive.enable": True,
}


class Pump:
    """An idempotent producer that waits for all replicas; `options` are librdkafka's.

    `look` is called with the producer several times a second, in the thread that serves it.
    """

    def __init__(
        self,
        settings: Settings,
        role: str,
        options: Mapping[str, Any],
        *,
        look: Callable[[Any], None] = lambda _producer: None,
    ) -> None:
        troubles = Troubles(settings, role)
        self.fatal = troubles.fatal
        own = _RELIABLE | {"message.max.bytes": settings.record_limit_bytes}
        self.producer = Producer(client_config(settings, role, troubles) | own | dict(options))
        self._look = look
        self._gather_s, self._poll_s = (0.0, _POLL_S) if settings.trace_ratio else (_GATHER_S, 0.0)
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
        while not self._stop.wait(self._gather_s):
            self.producer.poll(self._poll_s)
            self._look(self.producer)
