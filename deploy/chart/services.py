"""`inference:`, `capture:`, `api:`, `sink:` and `provisioning:` of the chart's values: what runs, and with what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from deploy.chart.part import Count, Key, Name, Part, Port, Seconds, Share, Texts, Things
from schemas.messages._base import Identifier
from schemas.names import IDENTIFIER


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


class Target(Service):
    """A sink: a receiver, and what it gets."""

    replicas: Count
    secret_name: Name
    url_key: Key
    secret_key: Key
    ca_secret_name: Name
    models: list[Identifier]
    camera: Annotated[str, Field(pattern=rf"^({IDENTIFIER.pattern})?$")]
    label: str
    min_score: Annotated[float, Field(ge=0, le=1)]
    structured: bool
    timeout_seconds: Annotated[float, Field(ge=0.1, le=120)]
    attempts: Annotated[int, Field(ge=1)]
    in_flight: Annotated[int, Field(ge=1, le=1000)]


class Sink(Target):
    """The same for all sinks, and what is another's."""

    targets: dict[Identifier, Target]


class Provisioning(Place):
    """The Job that makes topics and cameras what they should be."""

    enabled: bool
    backoff_limit: Count
    topics_kafka_secret_name: Name
    cameras_kafka_secret_name: Name
