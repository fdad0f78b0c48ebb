"""Sets results aside that a receiver would not take: into a topic of their own, acknowledged."""

from __future__ import annotations

from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from api.log.kafka import client_config
from api.result_record import ResultRecord
from schemas.errors import EnvironmentMissingError
from schemas.messages import Undelivered
from schemas.settings import Settings

_ANSWER_S: Final = 30.0


class Aside:
    """Writes to the topic `undelivered`; for one thread."""

    def __init__(self, settings: Settings) -> None:
        self._topic = settings.names.undelivered
        self._producer = Producer(
            {
                **client_config(settings),
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "linger.ms": 0,
                "message.max.bytes": settings.record_limit_bytes,
                "message.timeout.ms": int(_ANSWER_S * 1000),
            }
        )

    def put(self, record: ResultRecord, told: Undelivered) -> None:
        """Write one, and wait until the broker has it.

        Raises:
            EnvironmentMissingError: The broker does not take it; another try may write it twice.
        """
        said: list[KafkaError | None] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            said.append(error)

        try:
            self._producer.produce(
                self._topic,
                record.value,
                key=record.result.frame.camera,
                headers=told.headers(),
                on_delivery=delivered,
            )
        except (BufferError, KafkaException) as error:
            raise EnvironmentMissingError(f"topic {self._topic}: {error}") from None
        self._producer.flush(_ANSWER_S + 1)
        if said != [None]:
            reason = said[0].str() if said and said[0] else "no acknowledgement"
            raise EnvironmentMissingError(f"topic {self._topic}: {reason}")
