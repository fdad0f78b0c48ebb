"""What the compose file gives to Kafka's image is what a broker knows: the image makes settings of whatever it gets."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from deploy.local.kafka import EmbeddedKafka

COMPOSE: Final = Path(__file__).parents[2] / "deploy" / "compose.yaml"


def test_the_brokers_settings_are_settings_of_a_broker(kafka: EmbeddedKafka) -> None:
    environ = yaml.safe_load(COMPOSE.read_text())["services"]["kafka"]["environment"]
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    (broker,) = admin.list_topics(timeout=10).brokers
    (answer,) = admin.describe_configs([ConfigResource(ResourceType.BROKER, str(broker))]).values()
    known = set(answer.result(10))
    given = {name.removeprefix("KAFKA_").lower().replace("_", ".") for name in environ}
    assert given
    assert given <= known
