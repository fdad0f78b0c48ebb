"""What the chart's values say of the cluster around the services: who talks to whom, and who watches."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from deploy.chart.part import Duration, Part, Port, Share, Texts, Things


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


class Receivers(To):
    """Where sinks POST results."""

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
    receivers: Receivers
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
