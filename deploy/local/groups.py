"""Whether a model's workers are there: consumer groups that have members with partitions."""

from __future__ import annotations

from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

from schemas.settings import Settings

_TIMEOUT_S = 5.0


def waiting_groups(admin: AdminClient, settings: Settings, models: list[str]) -> list[str]:
    """Of `models`, those whose group has no member yet that owns a partition; all while the broker does not answer."""
    names = {settings.names.inference_group(model): model for model in models}
    waiting = []
    for group, future in admin.describe_consumer_groups(list(names), request_timeout=_TIMEOUT_S).items():
        try:
            description = future.result()
        except KafkaException:
            waiting.append(names[group])
            continue
        owned = sum(len(member.assignment.topic_partitions) for member in description.members)
        if description.state is not ConsumerGroupState.STABLE or not owned:
            waiting.append(names[group])
    return waiting
