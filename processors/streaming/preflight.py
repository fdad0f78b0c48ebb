"""Before a worker starts: is there a broker, and are there the topics? Nobody creates topics by the way."""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings

DEADLINE_S = 10.0


def require_topics(settings: Settings, model: str, followers: Iterable[str] = ()) -> None:
    """Make sure that every topic exists that a worker of `model` reads or writes, with crops for its `followers`.

    Raises:
        EnvironmentMissingError: The broker does not answer, or a topic is missing.
    """
    names = settings.names
    needed = {names.frames(model), names.results(model), names.skips, names.dead_letters}
    crops = {names.frames(follower) for follower in followers}
    if crops:
        needed |= {names.captures, *crops}
    admin = AdminClient({**settings.librdkafka(), "log_level": 0})
    try:
        there = admin.list_topics(timeout=DEADLINE_S).topics
    except KafkaException as error:
        raise EnvironmentMissingError(
            f"Kafka at {settings.bootstrap_servers}: {error.args[0].str()}; expected a broker that answers"
        ) from None
    if missing := sorted(needed - there.keys()):
        raise EnvironmentMissingError(
            f"Kafka at {settings.bootstrap_servers}: no topic {', '.join(missing)}; "
            "expected what `framebus topic apply` creates"
        )
