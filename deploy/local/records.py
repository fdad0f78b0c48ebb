"""Every record of a topic as of now, for the command line's lists."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from confluent_kafka import Message

from api.log.kafka import Offsets
from api.log.topic_reader import TopicReader
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings


def read_records(
    settings: Settings, topics: Iterable[str], take: Callable[[Message], None], *, deadline_s: float = 30.0
) -> None:
    """Hand every record of `topics`, from the first that is left to the last there is now, to `take`.

    Raises:
        EnvironmentMissingError: The broker does not answer, a topic does not exist, or the time is too short.
    """
    deadline = time.monotonic() + deadline_s
    wanted = list(topics)
    offsets = Offsets(settings)
    counts = offsets.partitions(wanted, deadline=deadline)
    missing = [topic for topic in wanted if topic not in counts]
    if missing:
        raise EnvironmentMissingError(
            f"Kafka at {settings.bootstrap_servers} has no topic {', '.join(missing)}: framebus topic apply makes them"
        )
    reader = TopicReader(settings, offsets)
    try:
        logs = [(topic, partition) for topic, number in counts.items() for partition in range(number)]
        reader.read(logs, take, deadline=deadline)
    finally:
        reader.close()
