"""The chart's values as types, which `values.schema.json` is written from: a name that is not here is refused.

What Kubernetes itself defines (tolerations, resources, peers of policies, …) is passed on as it is, and checked by the
API server only.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from deploy.chart.part import Key, Name, Part, Port, Things
from deploy.chart.rule import Scaling
from deploy.chart.services import Api, Capture, Inference, Provisioning, Sink
from deploy.chart.surroundings import Monitoring, NetworkPolicy, PodDisruptionBudget, ServiceAccount
from schemas.catalogue import Model
from schemas.messages import Camera
from schemas.settings import SaslMechanism


class ModelEntry(Model):
    """A catalogue entry as in a file of entries."""

    title: str = ""
    labels: dict[int, str] | list[str]  # type: ignore[assignment]  # a file may say either
    replaces: bool = False


class CameraEntry(Camera):
    """A camera as in a file of cameras, where an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")


class Sasl(Part):
    """Who we are for Kafka."""

    enabled: bool
    mechanism: SaslMechanism
    secret_name: Name
    username_key: Key
    password_key: Key


class Tls(Part):
    """TLS towards Kafka."""

    enabled: bool
    ca_secret_name: Name
    ca_key: Key
    client_secret_name: Name


class Kafka(Part):
    """The cluster of brokers."""

    bootstrap_servers: Annotated[str, Field(pattern=r"^([^\s,]+:\d+(,[^\s,]+:\d+)*)?$")]
    prefix: Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{0,64}$")]
    replication_factor: Annotated[int, Field(ge=1)]
    frame_limit_bytes: Annotated[int, Field(ge=16 * 1024, le=64 * 1024 * 1024)]
    sasl: Sasl
    tls: Tls


class Image(Part):
    """What the containers run."""

    repository: str
    tag: str
    digest: Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64})?$")]
    pull_policy: Literal["Always", "IfNotPresent", "Never"]
    pull_secrets: list[Things]
    command: Annotated[list[str], Field(min_length=1)]


class Values(Part):
    """All values. `global` is what Helm gives every chart of a parent, and nobody reads it here."""

    models: list[ModelEntry]
    cameras: list[CameraEntry]
    kafka: Kafka
    image: Image
    scaling: Scaling
    inference: Inference
    capture: Capture
    api: Api
    sink: Sink
    provisioning: Provisioning
    metrics_port: Port
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    pod_security_context: Things
    service_account: ServiceAccount
    network_policy: NetworkPolicy
    pod_disruption_budget: PodDisruptionBudget
    monitoring: Monitoring
    global_: Annotated[Things, Field(alias="global")]
