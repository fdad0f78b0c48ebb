"""What the sink does, for Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector

from api.metrics import ERRORS
from schemas.names import Metric

REGISTRY: Final = CollectorRegistry()

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
REGISTRY.register(ERRORS)

RESULTS: Final = Counter(
    Metric.SINK_RESULTS, "Results that are done: delivered, unwanted or undelivered.", ["outcome"], registry=REGISTRY
)
REQUESTS: Final = Counter(
    Metric.SINK_REQUESTS, "Requests to the receiver by its answer's status, or none.", ["status"], registry=REGISTRY
)
DURATION: Final = Histogram(
    Metric.SINK_DURATION,
    "From a request to its answer, or to none.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    registry=REGISTRY,
)
AGE: Final = Gauge(
    Metric.SINK_AGE,
    "Seconds since the broker appended the oldest result that the sink works on; 0 where none waits.",
    registry=REGISTRY,
)
