"""Makes a cluster's topics what the plan says."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from deploy.topics.contact import Contact, KafkaRefusesError
from deploy.topics.coordinators import await_coordinators
from deploy.topics.plan import Action, Change, TopicPlan, compare, plan
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings

log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 30.0
_CONTACT_S: Final = 5.0
"""Within this time a broker that is there has answered: nobody waits half a minute for a wrong address."""


def changes(settings: Settings, catalogue: Catalogue) -> list[Change]:
    """How the cluster differs from the plan.

    Raises:
        EnvironmentMissingError: The cluster does not answer.
    """
    return _changes(_admin(settings), plan(settings, catalogue))


def apply(settings: Settings, catalogue: Catalogue) -> list[Change]:
    """Make the cluster what the plan says, and wait until it is and serves our groups; returns what was done.

    Raises:
        EnvironmentMissingError: The cluster does not answer, refuses, or has a keyed topic with other partitions.
    """
    admin = _admin(settings)
    plans = plan(settings, catalogue)
    wanted = _changes(admin, plans)
    _refuse_conflicts(wanted)
    _create(admin, [change.plan for change in wanted if change.action is Action.CREATE])
    _grow(admin, [change.plan for change in wanted if change.action is Action.GROW])
    _alter(admin, [change for change in wanted if change.action is Action.ALTER])
    _wait_until_applied(admin, plans)
    await_coordinators(settings, (settings.names.inference_group(model.name) for model in catalogue.models))
    return wanted


def brokers(settings: Settings) -> list[str]:
    """The addresses of the cluster's brokers.

    Raises:
        EnvironmentMissingError: The cluster does not answer.
    """
    return [str(broker) for broker in _admin(settings).list_topics(timeout=_CONTACT_S).brokers.values()]


def delete(settings: Settings, catalogue: Catalogue) -> None:
    """Remove every topic of this prefix's plan; the tests clean up with it."""
    admin = _admin(settings)
    existing = _list_topics(admin)
    names = [wanted.name for wanted in plan(settings, catalogue) if wanted.name in existing]
    if names:
        _settle(admin.delete_topics(names, operation_timeout=_TIMEOUT_S), KafkaError.UNKNOWN_TOPIC_OR_PART)


def meet(settings: Settings) -> None:
    """Make sure that a broker answers and lets us in.

    Raises:
        EnvironmentMissingError: None does.
    """
    _admin(settings)


def _admin(settings: Settings) -> AdminClient:
    """A client of a broker that answers, and lets us in."""
    contact = Contact(settings)
    try:
        contact.topics(_CONTACT_S)
    except KafkaRefusesError:
        raise
    except EnvironmentMissingError as error:
        raise EnvironmentMissingError(
            f"{error}: start one, or name another with --kafka HOST:PORT or FRAMEBUS_BOOTSTRAP_SERVERS"
        ) from None
    return contact.admin


def _list_topics(admin: AdminClient) -> dict[str, Any]:
    try:
        topics: dict[str, Any] = admin.list_topics(timeout=_TIMEOUT_S).topics
    except KafkaException as error:
        raise EnvironmentMissingError(f"the Kafka broker went away: {error.args[0].str()}") from error
    return topics


def _changes(admin: AdminClient, plans: list[TopicPlan]) -> list[Change]:
    names = {wanted.name for wanted in plans}
    topics = {name: topic for name, topic in _list_topics(admin).items() if name in names}
    existing = {name: len(topic.partitions) for name, topic in topics.items()}
    return compare(plans, existing, _configs(admin, list(existing)))


def _refuse_conflicts(wanted: Iterable[Change]) -> None:
    conflicts = [change for change in wanted if change.action is Action.CONFLICT]
    if conflicts:
        raise EnvironmentMissingError(
            f"{'; '.join(map(str, conflicts))}: a keyed topic's partitions never change, since its keys would move; "
            "choose another FRAMEBUS_PREFIX or recreate the topic"
        )


def _configs(admin: AdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    answers = _settle(admin.describe_configs(resources, request_timeout=_TIMEOUT_S))
    return {
        resource.name: {key: str(entry.value) for key, entry in answer.items()} for resource, answer in answers.items()
    }


def _create(admin: AdminClient, plans: list[TopicPlan]) -> None:
    topics = [
        NewTopic(wanted.name, wanted.partitions, wanted.replication_factor, config=dict(wanted.config))
        for wanted in plans
    ]
    if topics:
        # Two installations may provision at once: who comes second finds the topic there.
        _settle(admin.create_topics(topics, operation_timeout=_TIMEOUT_S), KafkaError.TOPIC_ALREADY_EXISTS)


def _grow(admin: AdminClient, plans: list[TopicPlan]) -> None:
    if plans:
        _settle(admin.create_partitions([NewPartitions(wanted.name, wanted.partitions) for wanted in plans]))


def _alter(admin: AdminClient, alterations: list[Change]) -> None:
    resources = [
        ConfigResource(
            ResourceType.TOPIC,
            change.plan.name,
            incremental_configs=[
                ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
                for key, value in (change.config or {}).items()
            ],
        )
        for change in alterations
    ]
    if resources:
        _settle(admin.incremental_alter_configs(resources))


def _wait_until_applied(admin: AdminClient, plans: list[TopicPlan]) -> None:
    """Until the cluster shows what it was told: its answers lag behind its promises."""
    deadline = time.monotonic() + _TIMEOUT_S
    while True:
        topics = _list_topics(admin)
        waiting = [
            f"{wanted.name}: partitions without a leader"
            for wanted in plans
            if not _is_led(topics.get(wanted.name), wanted.partitions)
        ]
        # A topic that somebody else created meanwhile was not there to compare before.
        left = _changes(admin, plans)
        _refuse_conflicts(left)
        if not waiting and not left:
            return
        if time.monotonic() > deadline:
            troubles = "; ".join(waiting or map(str, left))
            raise EnvironmentMissingError(f"not as planned after {_TIMEOUT_S:.0f} s: {troubles}")
        time.sleep(0.02)


def _is_led(topic: Any, partitions: int) -> bool:  # noqa: ANN401  # confluent-kafka is untyped
    return (
        topic is not None
        and len(topic.partitions) >= partitions
        and all(partition.leader >= 0 for partition in topic.partitions.values())
    )


def _settle(futures: Mapping[Any, Future[Any]], *ignored: int) -> dict[Any, Any]:
    """The answers by topic; raises for the first refusal that is not one of the `ignored` codes."""
    answers = {}
    for subject, future in futures.items():
        try:
            answers[subject] = future.result()
        except KafkaException as error:
            if error.args[0].code() not in ignored:
                raise EnvironmentMissingError(f"topic {subject}: the cluster refuses: {error.args[0].str()}") from error
    return answers
