"""What the API does, for Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector

from schemas.names import Metric

REGISTRY: Final = CollectorRegistry()
"""The API's own: what `/metrics` shows does not depend on which other rooms a process has imported."""

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

STREAM_CLIENTS: Final = Gauge(Metric.STREAM_CLIENTS, "Clients of the result stream", registry=REGISTRY)
STREAM_RESUMES: Final = Counter(
    Metric.STREAM_RESUMES,
    "Clients that came back and have caught up, by where what they had missed came from",
    ["source"],
    registry=REGISTRY,
)
STREAM_GAPS: Final = Counter(
    Metric.STREAM_GAPS, "Times that a client was told of results which it is not sent", ["reason"], registry=REGISTRY
)
STREAM_MISSED: Final = Counter(
    Metric.STREAM_MISSED, "Results that were not sent to clients which were too slow", registry=REGISTRY
)
for _source in ("memory", "log"):
    STREAM_RESUMES.labels(source=_source)
for _reason in ("slow", "expired", "recreated", "ahead"):
    STREAM_GAPS.labels(reason=_reason)
HTTP_DURATION: Final = Histogram(
    Metric.HTTP_DURATION,
    "From a request's arrival to the start of its response",
    ["route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
    registry=REGISTRY,
)
ERRORS: Final = Counter(Metric.ERRORS, "Troubles that the API survived", ["kind"], registry=REGISTRY)
