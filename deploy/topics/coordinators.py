"""Makes a broker that has never seen a consumer group ready for them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings

log = logging.getLogger(__name__)

_ATTEMPT_S: Final = 2.0
_DEADLINE_S: Final = 30.0


def await_coordinators(settings: Settings, groups: Iterable[str]) -> None:
    """Wait until the coordinator of each group answers for its offsets.

    The first question about any group makes a new broker create its offsets topic, and until that is done the answer
    is `not coordinator`. An admin client of librdkafka that asks for a group's offsets then crashes the process
    (confluentinc/librdkafka#5040), so a consumer asks first: it waits instead. It never joins the group.

    Raises:
        EnvironmentMissingError: A coordinator does not answer in time.
    """
    deadline = time.monotonic() + _DEADLINE_S
    for group in groups:
        consumer = Consumer({**settings.librdkafka(), "group.id": group, "enable.auto.commit": False}, logger=log)
        try:
            _await(consumer, group, TopicPartition(settings.names.captures, 0), deadline)
        finally:
            consumer.close()


def _await(consumer: Consumer, group: str, partition: TopicPartition, deadline: float) -> None:
    while True:
        try:
            consumer.committed([partition], timeout=_ATTEMPT_S)
        except KafkaException as error:
            if time.monotonic() > deadline:
                raise EnvironmentMissingError(
                    f"group {group}: no coordinator answers after {_DEADLINE_S:.0f} s: {error.args[0].str()}"
                ) from error
            time.sleep(0.05)
        else:
            return
