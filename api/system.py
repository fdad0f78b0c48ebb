"""What there is of Kafka: brokers, and the installation's topics with how long they keep what."""

from __future__ import annotations

import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from api.log.kafka import client_config, remaining
from schemas.errors import EnvironmentMissingError
from schemas.names import Names
from schemas.settings import Settings

_ANSWER_S: Final = 3.0
_RETENTION: Final = "retention.ms"
_LIMIT: Final = "retention.bytes"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of ours: `limit_bytes` is what all its partitions may take; None: no limit, or nobody tells us."""

    name: str
    kind: str
    partitions: int
    retention_s: float | None
    limit_bytes: int | None


@dataclass(frozen=True, slots=True)
class System:
    """The brokers that answer, and the topics under our prefix by name."""

    brokers: int
    topics: tuple[Topic, ...]


class SystemReader:
    """Asks the cluster; blocking."""

    def __init__(self, settings: Settings) -> None:
        self._names = settings.names
        self._servers = settings.bootstrap_servers
        self._admin = AdminClient(client_config(settings))

    def read(self) -> System:
        """What there is.

        Raises:
            EnvironmentMissingError: Kafka gives no answer.
        """
        deadline = time.monotonic() + _ANSWER_S
        try:
            known = self._admin.list_topics(timeout=remaining(deadline))
        except KafkaException as error:
            raise EnvironmentMissingError(
                f"Kafka at {self._servers} gave no topics: {error.args[0].str()}; expected a broker that answers"
            ) from None
        kinds = {name: kind for name in sorted(known.topics) if (kind := kind_of(name, self._names))}
        configs = self._configs(list(kinds), deadline)
        topics = (_topic(name, kind, len(known.topics[name].partitions), configs[name]) for name, kind in kinds.items())
        return System(len(known.brokers), tuple(topics))

    def _configs(self, topics: list[str], deadline: float) -> dict[str, dict[str, Any]]:
        """The configuration of each topic; nothing where our user may not ask."""
        wanted = [ConfigResource(ResourceType.TOPIC, name) for name in topics]
        asked: dict[Any, Future[dict[str, Any]]] = (
            self._admin.describe_configs(wanted, request_timeout=remaining(deadline)) if wanted else {}
        )
        found: dict[str, dict[str, Any]] = {name: {} for name in topics}
        for resource, future in asked.items():
            with suppress(KafkaException):
                found[resource.name] = {name: entry.value for name, entry in future.result().items()}
        return found


def kind_of(topic: str, names: Names) -> str | None:
    """What a topic is for: `frames`, `results`, or the last part of its name; None where it is none of ours."""
    if names.model_of_frames(topic):
        return "frames"
    if names.model_of_results(topic):
        return "results"
    single = (names.captures, names.skips, names.dead_letters, names.redrives, names.cameras, names.camera_status)
    return topic.removeprefix(names.prefix) if topic in single else None


def _topic(name: str, kind: str, partitions: int, config: dict[str, Any]) -> Topic:
    compacted = config.get("cleanup.policy") == "compact"
    retention, limit = int(config.get(_RETENTION, -1)), int(config.get(_LIMIT, -1))
    return Topic(
        name=name,
        kind=kind,
        partitions=partitions,
        retention_s=retention / 1000 if retention >= 0 and not compacted else None,
        limit_bytes=limit * partitions if limit >= 0 and not compacted else None,
    )
