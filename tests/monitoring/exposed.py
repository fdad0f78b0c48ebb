"""What the services expose to Prometheus: every metric of ours with its kind, labels and help, from their own code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from api import metrics as api_metrics
from api.audit.metrics import LedgerMetrics
from api.camera_metrics import CameraMetrics
from api.models.metrics import LagMetrics
from api.models.progress import Progress
from api.sink import metrics as sink_metrics
from deploy.cli.push import Pusher
from deploy.cli.service import tell_build
from processors.metrics import WorkerMetrics
from producers.metrics import CaptureMetrics
from schemas.ledger import Account, Balance

OURS = "framebus_"
FOREIGN = {
    "push_time_seconds": "the Pushgateway",
    "kube_horizontalpodautoscaler_spec_max_replicas": "kube-state-metrics",
    "kube_horizontalpodautoscaler_status_current_replicas": "kube-state-metrics",
    "kube_horizontalpodautoscaler_status_desired_replicas": "kube-state-metrics",
    "kube_horizontalpodautoscaler_status_condition": "kube-state-metrics",
    "node_filesystem_avail_bytes": "node-exporter",
    "node_filesystem_size_bytes": "node-exporter",
}
"""Metrics of others that rules and dashboards may use, and who has them."""
_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


@dataclass(frozen=True, slots=True)
class Exposed:
    """One metric; of a counter the name has its `_total`."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str
    service: str

    @property
    def series(self) -> set[str]:
        """The names that queries use."""
        return {self.name.removesuffix("_total") + suffix for suffix in _SUFFIXES[self.kind]}


@cache
def exposed() -> tuple[Exposed, ...]:
    """Every metric of ours by service, in the order in which the code has them."""
    return (*_of("capture", _capture()), *_of("inference", _inference()), *_of("api", _api()), *_of("sink", _sink()))


def series() -> set[str]:
    """Every name of ours that a query may use."""
    return set().union(*(metric.series for metric in exposed()))


def _capture() -> CollectorRegistry:
    registry = CollectorRegistry()
    CaptureMetrics(registry)
    tell_build("capture", registry)
    Pusher("http://127.0.0.1:1", {}, registry)
    return registry


def _inference() -> CollectorRegistry:
    registry = CollectorRegistry()
    WorkerMetrics("m", registry, fps=1.0)
    tell_build("inference-m", registry)
    Pusher("http://127.0.0.1:1", {}, registry)
    return registry


def _api() -> CollectorRegistry:
    registry = CollectorRegistry()
    tell_build("api", registry)
    for one in _collectors(api_metrics.REGISTRY):
        if isinstance(one, MetricWrapperBase):
            registry.register(one)
    ledger, lag, cameras = LedgerMetrics(), LagMetrics(), CameraMetrics()
    account = Account(captured=1, dropped=Counter())
    ledger.show(Balance({("gate", "m"): account}, {}, (), conflicts=0, repeats=0), ("m",), at=1.0)
    lag.show({"m": Progress(committed=0, end=1, lag=1, age=1.0)})
    cameras.show(Counter({("default", "streaming"): 1}))
    for collector in (ledger, lag, cameras):
        registry.register(collector)
    return registry


def _sink() -> CollectorRegistry:
    registry = CollectorRegistry()
    for one in _collectors(sink_metrics.REGISTRY):
        if isinstance(one, MetricWrapperBase):
            registry.register(one)
    tell_build("sink-s", registry)
    Pusher("http://127.0.0.1:1", {}, registry)
    return registry


def _of(service: str, registry: CollectorRegistry) -> Iterator[Exposed]:
    for collector in _collectors(registry):
        for family in collector.collect():
            total = "_total" if family.type == "counter" else ""
            if isinstance(collector, MetricWrapperBase):
                labels = tuple(collector._labelnames)
            else:
                labels = tuple(family.samples[0].labels)
            yield Exposed(family.name + total, family.type, labels, family.documentation, service)


def _collectors(registry: CollectorRegistry) -> list[Collector]:
    return list(registry._collector_to_names)
