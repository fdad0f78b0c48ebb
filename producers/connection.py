"""What all of capture's Kafka clients share."""

from __future__ import annotations

import logging
import time
from threading import Event
from typing import Any, Final

from confluent_kafka import KafkaError

from schemas.settings import Settings

log = logging.getLogger(__name__)


_QUIET_S: Final = 10.0


class Troubles:
    """Logs the troubles of one client, at most one line in ten seconds: an absent broker is noticed 20 times a second.

    `fatal` is set when the client can do nothing more, and the process should end.
    """

    def __init__(self, settings: Settings, role: str) -> None:
        self.fatal = Event()
        self._servers = settings.bootstrap_servers
        self._role = role
        self._unsaid = 0
        self._due = 0.0

    def __call__(self, error: KafkaError) -> None:
        """Take librdkafka's `error_cb`."""
        if error.fatal():
            self.fatal.set()
            log.error("kafka broken client=%s servers=%s error=%s", self._role, self._servers, error.str())
        elif time.monotonic() < self._due:
            self._unsaid += 1
        else:
            text = "kafka trouble client=%s servers=%s unsaid=%d error=%s"
            log.warning(text, self._role, self._servers, self._unsaid, error.str())
            self._unsaid = 0
            self._due = time.monotonic() + _QUIET_S


def client_config(settings: Settings, role: str, troubles: Troubles | None = None) -> dict[str, Any]:
    """A client's configuration; its troubles are logged as ours, by `role`, and not printed by librdkafka."""
    return settings.librdkafka() | {
        "client.id": f"framebus-{role}",
        "log_level": 0,
        "error_cb": troubles or Troubles(settings, role),
        "reconnect.backoff.max.ms": 2_000,
    }


def reader_config(settings: Settings, role: str) -> dict[str, Any]:
    """The configuration of a consumer that commits nothing and is told where a partition ends."""
    return client_config(settings, role) | {
        "group.id": settings.names.reader_group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 100,
    }
