"""Whether a model's workers are there: consumer groups that have members with partitions."""

from __future__ import annotations

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from api.log.groups import describe_groups
from schemas.settings import Settings

_TIMEOUT_S = 5.0


def waiting_groups(admin: AdminClient, settings: Settings, models: list[str]) -> list[str]:
    """Of `models`, those whose group has no member yet that owns a partition; all while the broker does not answer."""
    names = {settings.names.inference_group(model): model for model in models}
    try:
        groups = describe_groups(admin, names, timeout=_TIMEOUT_S)
    except KafkaException:
        return models
    there = {names[name] for name, group in groups.items() if group.stable and group.workers}
    return [model for model in models if model not in there]
