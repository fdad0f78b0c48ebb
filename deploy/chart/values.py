"""The chart's values as types, which `values.schema.json` is written from: a name that is not here is refused.

What Kubernetes itself defines (tolerations, resources, peers of policies, …) is passed on as it is, and checked by the
API server only.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from schemas.catalogue import Model
from schemas.messages import Camera
from schemas.messages._base import Identifier
from schemas.settings import SaslMechanism

Things: TypeAlias = dict[str, Any]
"""A mapping that Kubernetes defines."""
Texts: TypeAlias = dict[str, str]
Name = Annotated[str, Field(max_length=253, pattern=r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$")]
"""What an object of Kubernetes is called, or nothing."""
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]*$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[int, Field(ge=0, le=86_400)]
Share = Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=r"^[0-9]{1,3}%$")]
Duration = Annotated[str, Field(pattern=r"^[0-9]+(s|m)$")]


def _optional(schema: dict[str, Any]) -> None:
    schema.pop("required", None)


class Whole(BaseModel):
    """A part of the values that is given whole: frozen, in camel case, and a name that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class Part(Whole):
    """A part of the values of which any may be left out: what `values.yaml` says is used then."""

    model_config = ConfigDict(json_schema_extra=_optional)


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


class Policy(Whole):
    """A step of the autoscaler: at most so many pods, or percent of them, in so many seconds."""

    type: Literal["Pods", "Percent"]
    value: Annotated[int, Field(ge=1)]
    period_seconds: Annotated[int, Field(ge=1, le=1800)]


class Direction(Part):
    """How the autoscaler goes up, or down."""

    stabilization_window_seconds: Annotated[int, Field(ge=0, le=3600)]
    select_policy: Literal["Max", "Min", "Disabled"]
    policies: Annotated[list[Policy], Field(min_length=1)]


class Behavior(Part):
    """How fast the autoscaler may be."""

    scale_up: Direction
    scale_down: Direction


class Fallback(Part):
    """What KEDA does when a trigger has failed so many polls in a row."""

    failure_threshold: Count
    behavior: Literal["static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"]


class Prometheus(Part):
    """Who knows how much arrives."""

    server_address: Annotated[str, Field(pattern=r"^(https?://\S+)?$")]
    window: Duration
    labels: Texts
    auth_modes: Annotated[str, Field(pattern=r"^((basic|bearer|tls|custom)(,(basic|bearer|tls|custom))*)?$")]
    secret_name: Name
    secret_keys: list[str]


class Ratio(Part):
    """The trigger of the original design."""

    enabled: bool


class Rule(Part):
    """When there are more workers of a model, and when fewer."""

    target_lag_seconds: Annotated[float, Field(gt=0, le=3600)]
    rate_utilisation: Annotated[float, Field(gt=0, le=1)]
    activation_lag: Annotated[int, Field(ge=0, le=1_000_000_000)]
    activation_rate: Annotated[float, Field(ge=0, le=1_000_000)]
    polling_interval: Annotated[int, Field(ge=1, le=3600)]
    cooldown_period: Seconds
    behavior: Behavior
    lag_only_scale_down_seconds: Annotated[int, Field(ge=0, le=3600)]
    fallback: Fallback
    ratio: Ratio


class Scaling(Rule):
    """The same for all models, and what is another's."""

    enabled: bool
    prometheus: Prometheus
    kafka_secret_name: Name
    models: dict[Identifier, Rule]


class Strategy(Part):
    """How one release takes the place of another."""

    max_surge: Share
    max_unavailable: Share


class Place(Part):
    """Where pods of a kind run, and with what."""

    image_tag: str
    resources: Things
    node_selector: Texts
    tolerations: list[Things]
    affinity: Things
    pod_annotations: Texts
    priority_class_name: Name
    extra_env: list[Things]
    extra_volumes: list[Things]
    extra_volume_mounts: list[Things]


class Service(Place):
    """One that goes on running."""

    grace_seconds: Annotated[int, Field(ge=1, le=3600)]
    strategy: Strategy
    min_ready_seconds: Seconds
    kafka_secret_name: Name


class Device(Part):
    """What a node offers as a resource, and the groups that may open it."""

    resource: str
    supplemental_groups: list[int]


class Devices(Part):
    """By what OpenVINO calls them."""

    gpu: Annotated[Device, Field(alias="GPU")]
    npu: Annotated[Device, Field(alias="NPU")]


class Cache(Part):
    """Where networks are."""

    kind: Literal["image", "emptyDir", "claim"]
    claim_name: Name
    path: Annotated[str, Field(pattern=r"^/\S+$")]


class Workers(Service):
    """The workers of a model."""

    devices: Devices
    cache: Cache


class Inference(Workers):
    """The same for all models, and what is another's."""

    enabled: bool
    models: dict[Identifier, Workers]


class Site(Service):
    """The capture workers of a site."""

    replicas: Count
    source_addresses: str
    source_roots: str
    source_tls: Literal["verify", "encrypt"]
    source_ca_secret_name: Name
    camera_passwords_secret_name: Name


class Capture(Site):
    """The same for all sites, and what is another's."""

    enabled: bool
    sites: dict[Identifier, Site]


class Tokens(Part):
    """Who may call the API."""

    secret_name: Name
    viewer_key: Key
    operator_key: Key


class ApiService(Part):
    """The Service in front of the API."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"]
    port: Port
    annotations: Texts


class Api(Service):
    """REST, results as a stream, and the page."""

    enabled: bool
    replicas: Count
    port: Port
    tokens: Tokens
    hosts: list[str]
    trusted_proxies: list[str]
    requests_per_second: Annotated[int, Field(ge=1)]
    service: ApiService


class Provisioning(Place):
    """The Job that makes topics and cameras what they should be."""

    enabled: bool
    backoff_limit: Count
    topics_kafka_secret_name: Name
    cameras_kafka_secret_name: Name


class ServiceAccount(Part):
    """Who pods are for the cluster: nobody with any right."""

    annotations: Texts


class Dns(Part):
    """Who knows names."""

    to: list[Things]
    port: Port


class KafkaPeers(Part):
    """Where brokers are."""

    to: list[Things]
    ports: list[Port]


class From(Part):
    """Who may come in."""

    from_: Annotated[list[Things], Field(alias="from")]


class To(Part):
    """Where to one may go."""

    to: list[Things]


class Networks(To):
    """Where workers fetch networks."""

    port: Port


class NetworkPolicy(Part):
    """Who talks to whom."""

    enabled: bool
    dns: Dns
    kafka: KafkaPeers
    prometheus: From
    api: From
    cameras: To
    networks: Networks
    egress: list[Things]


class PodDisruptionBudget(Part):
    """How many workers of a kind may be away when nodes are emptied."""

    enabled: bool
    max_unavailable: Share


class Watched(Part):
    """Objects for Prometheus or Grafana, and the labels by which these find them."""

    enabled: bool
    labels: Texts


class PodMonitors(Watched):
    """What Prometheus scrapes, and how often."""

    interval: Duration


class Dashboards(Watched):
    """What Grafana shows."""

    annotations: Texts


class Monitoring(Part):
    """For a Prometheus operator, and for a Grafana that collects ConfigMaps."""

    pod_monitors: PodMonitors
    rules: Watched
    dashboards: Dashboards
    pushgateway: Annotated[str, Field(pattern=r"^(https?://\S+)?$")]


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
    provisioning: Provisioning
    metrics_port: Port
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    pod_security_context: Things
    service_account: ServiceAccount
    network_policy: NetworkPolicy
    pod_disruption_budget: PodDisruptionBudget
    monitoring: Monitoring
    global_: Annotated[Things, Field(alias="global")]
