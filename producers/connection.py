"""What all of capture's Kafka clients share."""

from __future__ import annotations

import logging
from typing import Any

from confluent_kafka import KafkaError

from schemas.settings import Settings

log = logging.getLogger(__name__)


def client_config(settings: Settings, role: str) -> dict[str, Any]:
    """A client's configuration; its troubles are logged as ours, by `role`, and not printed by librdkafka."""

    def trouble(error: KafkaError) -> None:
        log.warning("kafka trouble client=%s servers=%s error=%s", role, settings.bootstrap_servers, error.str())

    return settings.librdkafka() | {"client.id": f"framebus-{role}", "log_level": 0, "error_cb": trouble}


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
