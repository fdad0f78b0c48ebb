"""How many partitions topics have, asked without ever creating one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from producers.connection import client_config
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings

TIMEOUT_S: Final = 3.0


class Topics:
    """Partition counts as the broker last stated them, from one admin connection."""

    def __init__(self, settings: Settings) -> None:
        self._servers = settings.bootstrap_servers
        self._admin = AdminClient(client_config(settings, "capture-topics"))
        self._counts: dict[str, int] = {}

    def refresh(self, topics: Iterable[str]) -> tuple[str, ...]:
        """Ask for the partition counts of `topics`; those that do not exist are handed back.

        Raises:
            EnvironmentMissingError: The broker gives no answer.
        """
        missing = []
        names = sorted(set(topics))
        futures = self._admin.describe_topics(TopicCollection(names), request_timeout=TIMEOUT_S) if names else {}
        for name, future in futures.items():
            try:
                self._counts[name] = len(future.result().partitions)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    reason = error.args[0].str()
                    raise EnvironmentMissingError(
                        f"kafka {self._servers}: {reason}; expected a broker that answers within {TIMEOUT_S:g} s"
                    ) from None
                missing.append(name)
        return tuple(missing)

    def known(self) -> tuple[str, ...]:
        """The topics that existed when they were last asked for."""
        return tuple(self._counts)

    def partitions(self, topic: str) -> int:
        """How many partitions `topic` had when it was last asked for."""
        return self._counts[topic]
