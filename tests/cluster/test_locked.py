"""The same chart on a broker that asks who is there: TLS, SCRAM, a user for each service, and one for KEDA."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.topics.acl import PRINCIPAL, Acl, Operation, Resource, Rule
from deploy.topics.acl_cluster import apply_acls
from schemas.catalogue import Catalogue, Model
from tests.chaos.network import write_network
from tests.chart.helm import Helm
from tests.cluster.kubernetes import Object
from tests.cluster.recorder import Recorder
from tests.cluster.release import Release
from tests.cluster.system import PACED, System, entry, prometheus_values, wanted
from tests.cluster.world import World
from tests.integration.locked_world import LockedKafka, locked_kafka, password_of

RELEASE = "framebus-locked"
KEDA = "keda"
SERVICES = {"admin": "topicsKafkaSecretName", "operator": "camerasKafkaSecretName"}
RATE = 6.0
PASSWORD = "of-this-cluster"
"""None of the planted ones: the API server answers with Secrets, which its clients are there to read."""


def secret(name: str, **values: str) -> Object:
    data = {key: b64encode(value.encode()).decode() for key, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}


def user(service: str) -> Object:
    """The Secret of a service's Kafka user."""
    name = f"framebus-{service}"
    return secret(f"kafka-{service}", username=name, password=password_of(name, PASSWORD))


def let_keda_look(kafka: LockedKafka) -> None:
    """All that the chart's values say KEDA's user needs."""
    names = kafka.super_user.names
    looks = (
        Rule(Resource.TOPIC, names.frames(""), Operation.DESCRIBE, prefixed=True),
        Rule(Resource.GROUP, names.inference_group(""), Operation.DESCRIBE, prefixed=True),
    )
    kafka.add_users({KEDA: looks})
    apply_acls(kafka.super_user, [Acl(PRINCIPAL.format(service=KEDA), rule) for rule in looks])


@contextmanager
def installed(world: World, helm: Helm, kafka: LockedKafka, network: Path) -> Iterator[System]:
    values: dict[str, Any] = {
        "kafka": {
            "bootstrapServers": kafka.kafka.bootstrap_servers,
            "prefix": kafka.prefix,
            "sasl": {"enabled": True, "secretName": f"kafka-inference-{PACED}"},
            "tls": {"enabled": True, "caSecretName": "kafka-authority"},
        },
        "scaling": {"kafkaSecretName": f"kafka-{KEDA}", "prometheus": prometheus_values(world, RELEASE)},
        "capture": {"kafkaSecretName": "kafka-capture"},
        "provisioning": {value: f"kafka-{service}" for service, value in SERVICES.items()},
        "models": [entry(PACED, network, least=0)],
    }
    release = Release(helm, world.client, RELEASE, world.folder / RELEASE, values)
    authority = secret("kafka-authority", **{"ca.crt": (kafka.folder / "ca.pem").read_text()})
    users = [user(service) for service in (*SERVICES, "capture", f"inference-{PACED}", KEDA)]
    catalogue = release.install([authority, *users])
    settings = kafka.super_user.model_copy(update={"catalogue": release.folder / "catalogue.yaml"})
    with Recorder(world.client, settings, catalogue, {PACED: release.deployment(PACED)}, RELEASE) as recorder:
        yield System(world, release, settings, catalogue, recorder)


@pytest.mark.timeout(600)
def test_keda_reads_the_lag_as_a_user_of_its_own(world: World, helm: Helm, tmp_path: Path) -> None:
    network = write_network(tmp_path / "network.xml")
    folder = tmp_path / "locked"
    folder.mkdir()
    catalogue = Catalogue((Model.model_validate(entry(PACED, network, least=0)),))
    with locked_kafka(folder, catalogue, password=PASSWORD) as kafka:
        let_keda_look(kafka)
        with installed(world, helm, kafka, network) as system:
            system.await_replicas(PACED, 0, 0, deadline_s=120)
            system.load(PACED, RATE)
            system.await_replicas(PACED, wanted(RATE), wanted(RATE) + 1, deadline_s=90)
            health = system.release.scaled_object(PACED)["status"]["health"]
            assert {one["status"] for one in health.values()} == {"Happy"}
            system.load(PACED, 0)
            system.await_replicas(PACED, 0, 0, deadline_s=180)
            done = system.audit()
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
            system.release.uninstall()
