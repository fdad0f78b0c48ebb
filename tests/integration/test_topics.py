"""Topic provisioning against a real broker."""

from __future__ import annotations

import threading

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from deploy import topics
from deploy.services import API
from deploy.topics import Action
from deploy.topics.acl import rules
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings


def with_partitions(catalogue: Catalogue, number: int) -> Catalogue:
    return Catalogue(tuple(model.model_copy(update={"partitions": number}) for model in catalogue.models))


def test_applying_twice_changes_nothing(settings: Settings, catalogue: Catalogue) -> None:
    assert topics.changes(settings, catalogue) == []
    assert topics.apply(settings, catalogue) == []


def test_growing_and_altering_bring_the_cluster_to_the_plan(settings: Settings, catalogue: Catalogue) -> None:
    wider = with_partitions(catalogue, 6)
    done = topics.apply(settings, wider)
    grown = {change.plan.name for change in done if change.action is Action.GROW}
    names = settings.names
    models = [model.name for model in catalogue.models]
    assert grown == {names.frames(model) for model in models} | {names.results(model) for model in models}
    altered = {change.plan.name for change in done if change.action is Action.ALTER}
    assert names.frames(models[0]) in altered
    assert topics.changes(settings, wider) == []


def test_fewer_partitions_than_there_are_is_no_difference_of_growable_topics(
    settings: Settings, catalogue: Catalogue
) -> None:
    actions = {change.action for change in topics.changes(settings, with_partitions(catalogue, 2))}
    assert actions == {Action.ALTER}


def test_a_keyed_topic_with_other_partitions_is_refused(settings: Settings, catalogue: Catalogue) -> None:
    other = settings.model_copy(update={"prefix": f"{settings.prefix}other."})
    admin = AdminClient(settings.librdkafka())
    name = other.names.cameras
    admin.create_topics([NewTopic(name, 1, 1)])[name].result()
    with pytest.raises(EnvironmentMissingError, match=f"conflict {name}: 1 partitions, expected 4"):
        topics.apply(other, catalogue)
    topics.delete(other, catalogue)


def test_a_broker_that_is_away_is_named_with_the_ways_out(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.topics.cluster._CONTACT_S", 0.5)
    away = Settings(bootstrap_servers="127.0.0.1:9")
    with pytest.raises(EnvironmentMissingError, match=r"127\.0\.0\.1:9 .*--kafka HOST:PORT"):
        topics.changes(away, catalogue)


def test_a_service_waits_for_the_topics(settings: Settings, catalogue: Catalogue) -> None:
    later = settings.model_copy(update={"prefix": f"{settings.prefix}later."})
    waiter = threading.Thread(
        target=topics.await_topics, args=(later, catalogue, rules(later, catalogue)[API]), daemon=True
    )
    waiter.start()
    topics.apply(settings, catalogue)  # others' topics do not count
    assert waiter.is_alive()
    topics.apply(later, catalogue)
    waiter.join(20)
    assert not waiter.is_alive()
    topics.delete(later, catalogue)
